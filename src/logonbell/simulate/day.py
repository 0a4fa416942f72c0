"""A bastion's day: much noise, and a few people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

from logonbell.event import Event
from logonbell.simulate.people import LOCAL_SERVICE, NETWORK_SERVICE, Person
from logonbell.simulate.windows import WindowsHost, in_order

SYSTEM_SERVICE_STARTS = 300
_AT_BOOT = 6
_SCENE = timedelta(seconds=1.2)
"""Within what happens at once no two events are further apart than this."""


def play_day(midnight: datetime, random: Random, *, name: str = "BASTION-01") -> list[Event]:
    """Let a day pass on a bastion of the domain CORP, and give its events in order, those of all channels.

    Started at 7:30, as bastions are that run in working hours; mori by RDP from 203.0.113.24 at 7:45, gone at 10:00,
    back at 16:45 and off at 18:10; Administrator at the console from 8:30 to 14:00; five failed logons from
    198.51.100.77 at 9:20; the domain admin sato by RDP from 198.51.100.9, from 10:40 to 15:30; a shell by Session
    Manager from 11:30 to 12:10. Around them 300 service starts of SYSTEM, logons of the machine itself, UAC prompts.
    An event's place in the day is its time less ``midnight``.
    """

    def at(hour: int, minute: int, second: float = 0) -> datetime:
        return midnight + timedelta(hours=hour, minutes=minute, seconds=second)

    host = WindowsHost(name, random, domain="CORP")
    administrator = host.local("Administrator", 500)
    mori = host.local("mori", 1004, administrator=True)
    sato = Person("sato", "CORP", "S-1-5-21-2025429265-492894223-1708537768-1134", domain_admin=True)
    guesses = (
        ("admin", None),
        ("Administrator", administrator),
        ("test", None),
        ("oracle", None),
        ("root", None),
    )
    people = [
        host.boot(at(7, 30)),
        host.ssm_agent_start(at(7, 30, 9)),
        host.rdp_logon(at(7, 45), mori, "203.0.113.24", workstation="MORI-LAPTOP"),
        host.console_logon(at(8, 30), administrator),
        *(
            host.failed_logon(at(9, 20, 4 * number), name, "198.51.100.77", user=user, workstation="kali")
            for number, (name, user) in enumerate(guesses)
        ),
        host.rdp_disconnect(at(10, 0), mori, workstation="MORI-LAPTOP"),
        host.rdp_logon(at(10, 40), sato, "198.51.100.9", kerberos=True),
        host.ssm_shell(at(11, 30)),
        host.ssm_shell_end(at(12, 10)),
        host.logoff(at(14, 0), administrator),
        host.logoff(at(15, 30), sato),
        host.rdp_reconnect(at(16, 45), mori, "203.0.113.24", workstation="MORI-LAPTOP"),
        host.logoff(at(18, 10), mori),
    ]

    def sometime(first_hour: float = 7.6, last_hour: float = 18.5) -> datetime:
        return midnight + timedelta(hours=random.uniform(first_hour, last_hour))

    noise = [host.service_start(sometime()) for _ in range(SYSTEM_SERVICE_STARTS - _AT_BOOT)]
    noise += [host.service_start(sometime(), LOCAL_SERVICE) for _ in range(20)]
    noise += [host.service_start(sometime(), NETWORK_SERVICE) for _ in range(20)]
    noise += [host.machine_logon(sometime()) for _ in range(40)]
    noise += [host.anonymous_logon(sometime()) for _ in range(3)]
    noise += [host.uac_prompt(sometime(9, 13), administrator) for _ in range(6)]
    noise += [host.uac_prompt(sometime(17, 18), mori) for _ in range(4)]
    return in_order(*people, *noise)


def compress(events: Sequence[Event], start: datetime, seconds: float = 24.0) -> list[Event]:
    """Let ``events`` happen within about ``seconds``, from ``start`` on.

    What belongs together keeps its pace, for the pace tells a new session from one that is taken up again; only the
    time in which nothing happens becomes shorter, each stretch in proportion. Raises ``ValueError`` where what belongs
    together needs longer than ``seconds``.
    """
    gaps = [later.time - earlier.time for earlier, later in pairwise(events)]
    together = sum((gap for gap in gaps if gap <= _SCENE), timedelta())
    apart = sum((gap for gap in gaps if gap > _SCENE), timedelta())
    rest = timedelta(seconds=seconds) - together
    if rest < timedelta():
        raise ValueError(f"These events need {together.total_seconds():.1f} seconds.")
    pace = rest / apart if apart else 0.0
    compressed, time = [], start
    for event, gap in zip(events, [timedelta(), *gaps], strict=False):
        time += gap if gap <= _SCENE else gap * pace
        compressed.append(replace(event, time=time))
    return compressed
