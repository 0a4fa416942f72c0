"""Scenes as Windows seldom plays them: odd forms of a door, logs that hold half of it, clocks that are set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from logonbell.event import Event
from logonbell.simulate.ledger import LOCAL_SESSION_MANAGER_LOG
from logonbell.simulate.people import Person
from logonbell.simulate.windows import WindowsHost
from scenes import (
    DOMAIN_SID,
    HOME,
    KATO,
    LSM,
    NINE,
    OFFICE,
    RCM,
    SATO,
    Scene,
    after,
    altered,
    at_version,
    kim,
    mori,
    only,
    story,
    without,
)

DELEGATED = f"{DOMAIN_SID}-1112"
"""A group that a managed directory has in the place of Domain Admins, at no fixed RID."""


def heard(at: datetime, event_id: int, person: Person, number: int, address: str) -> Event:
    """What LocalSessionManager tells of a session."""
    channel, provider, sid = LOCAL_SESSION_MANAGER_LOG
    fields = {"User": person.full_name, "SessionID": str(number), "Address": address}
    return Event(channel, event_id, 1, at, "BASTION-01", provider, fields, sid)


def is_logon(event: Event, kind: str) -> bool:
    """Tell whether it is a 4624 of this type by a person's screen."""
    return event.event_id == 4624 and event.fields["LogonType"] == kind


# --- what takes more than one line to tell ------------------------------------------------------------------------


def _halves_swapped(host: WindowsHost) -> list[Event]:
    events = host.console_logon(NINE, mori(host))
    one, other = (place for place, event in enumerate(events) if is_logon(event, "2"))
    events[one], events[other] = events[other], events[one]
    return events


def _strong_half_lost(host: WindowsHost) -> list[Event]:
    events = only(host.rdp_logon(NINE, SATO, HOME), "Security")
    strong = next(place for place, event in enumerate(events) if is_logon(event, "10"))
    return events[strong + 2 :]


def _back_alone(host: WindowsHost) -> list[Event]:
    person = mori(host)
    host.rdp_logon(NINE, person, HOME)  # before the log begins
    return host.rdp_reconnect(after(600), person, HOME)


def _back_behind_nat(host: WindowsHost) -> list[Event]:
    person = mori(host)
    events = host.rdp_logon(NINE, person, HOME) + host.rdp_disconnect(after(300), person)
    events += altered(host.rdp_reconnect(after(600), person, HOME), {"ClientAddress": "192.168.1.23"}, 4778)
    events += host.rdp_disconnect(after(900), person)
    again = altered(host.rdp_reconnect(after(1200), person, HOME), {"ClientAddress": "192.168.1.23"}, 4778)
    return events + only(again, "Security", RCM)


def _back_from_nowhere(host: WindowsHost) -> list[Event]:
    """A client that comes through a gateway may have no address to tell (Microsoft, WTS_CLIENT_ADDRESS)."""
    person = mori(host)
    events = host.rdp_logon(NINE, person, HOME) + host.rdp_disconnect(after(300), person)
    back = altered(host.rdp_reconnect(after(600), person, HOME), {"ClientAddress": "-"}, 4778)
    return events + [event for event in back if event.event_id == 4778]


def _switched_back(host: WindowsHost) -> list[Event]:
    person = kim(host)
    return [
        *without(host.console_logon(NINE, person), 4634),
        *without(host.unlock(after(900), person, as_type_2=True), 4634),
        heard(after(900.9), 25, person, 1, "LOCAL"),
    ]


def _console_takes_over(host: WindowsHost) -> list[Event]:
    person = mori(host)
    events = host.rdp_logon(NINE, person, HOME)
    attached = next(event for event in host.rdp_disconnect(after(300), person) if event.event_id == 4779)
    here = {**attached.fields, "SessionName": "Console", "ClientName": "Unknown", "ClientAddress": "LOCAL"}
    taken = replace(attached, event_id=4778, time=after(600.2), fields=here)
    return [*events, *altered(host.unlock(after(600), person), {"IpAddress": "127.0.0.1"}, 4624), taken]


def _serial_console(host: WindowsHost) -> list[Event]:
    """The command prompt of Windows' serial console asks for a user itself, and makes no session of its own."""
    events = without(host.password_check(NINE, mori(host)), 4648)
    return altered(events, {"ProcessName": "C:\\Windows\\System32\\sacsess.exe"}, 4624)


def _unlocked_after_a_share(host: WindowsHost) -> list[Event]:
    person = mori(host)
    share = host.network_logon(after(300), person, "127.0.0.1")
    return [*host.console_logon(NINE, person), *share, *host.unlock(after(308), person)]


def _back_at_once(host: WindowsHost) -> list[Event]:
    person = mori(host)
    events = host.rdp_logon(NINE, person, HOME) + host.rdp_disconnect(after(6), person)
    return only(events + host.rdp_reconnect(after(7), person, HOME), "Security")


def _slow_profile(host: WindowsHost) -> list[Event]:
    events = host.rdp_logon(NINE, mori(host), HOME) + host.console_logon(after(100), kim(host))
    slow = timedelta(seconds=40)
    return [
        replace(event, time=event.time + slow) if event.event_id in {21, 22} else event for event in events
    ]


def _ssh_at_once(host: WindowsHost) -> list[Event]:
    person = mori(host)
    return host.ssh_logon(NINE, person, HOME) + host.ssh_logon(after(0.5), person, OFFICE)


def _tools(host: WindowsHost) -> list[Event]:
    return [
        event for at in (0, 0.4, 3) for event in host.network_logon(after(at), SATO, OFFICE, kerberos=True)
    ]


def _short_logons(host: WindowsHost) -> list[Event]:
    person = mori(host)
    events = host.rdp_logon(NINE, person, HOME) + host.unlock(after(600), person)
    events += host.rdp_disconnect(after(900), person) + host.rdp_reconnect(after(1200), person, OFFICE)
    return events + host.logoff(after(3000), person)


def _old_windows(host: WindowsHost, version: int) -> list[Event]:
    person = mori(host)
    events = host.rdp_logon(NINE, person, HOME) + host.rdp_disconnect(after(300), person)
    return at_version(events + host.rdp_reconnect(after(600), person, HOME), version)


def _delegated(host: WindowsHost) -> list[Event]:
    events = host.rdp_logon(NINE, KATO, OFFICE, kerberos=True)
    groups = {"GroupMembership": f"\r\n\t\t%{{S-1-1-0}}\r\n\t\t%{{{DELEGATED}}}"}
    return altered(events, groups, 4627)


def _selected_by_the_recipe(host: WindowsHost) -> list[Event]:
    administrator, named = host.local("Administrator", 500), {"TargetUserName": "ADMINISTRATOR"}
    german = {"TargetUserName": "SYST\u00c8ME"}
    return [
        *host.service_start(NINE),
        *altered(host.service_start(after(1)), german, 4624),
        *host.uac_prompt(after(5), administrator),
        *host.console_logon(after(60), administrator),
        *altered(host.runas(after(90), kim(host), administrator), named, 4624),
        *host.rdp_logon(after(120), administrator, HOME),
        *host.ssm_shell(after(180)),
    ]


def _other_writers(host: WindowsHost) -> list[Event]:
    cleared = host.log_cleared(NINE, SATO, "Application")[0]
    asked = replace(cleared, event_id=1074, fields={"param7": "CORP\\sato"})
    return [
        replace(event, provider="Microsoft-Windows-Kernel-Boot", time=after(at))
        for event in (cleared, asked)
        for at in (1, 2)
    ]


def _no_log_but(
    scene: Callable[[WindowsHost], list[Event]], *channels: str
) -> Callable[[WindowsHost], list[Event]]:
    return lambda host: only(scene(host), *channels)


def _entra(host: WindowsHost) -> list[Event]:
    """LocalSessionManager makes its name for an Entra ID user of the display name, Security writes the UPN."""
    person = Person("PiaBerg", "AzureAD", "S-1-12-1-1111-2222-3333-4444", administrator=True)
    events = host.rdp_logon(NINE, person, HOME) + host.logoff(after(900), person)
    named: Mapping[str, str | None] = {
        "TargetUserName": "pia.berg@example.com",
        "Param1": "AzureAD\\pia.berg@example.com",
        "Param2": "",
    }
    return altered(events, named, 4624, 4627, 4634, 4647, 1149)


ODD: dict[str, Scene] = {
    # Noise (detection.md, section 4)
    "noise-04-split-token": Scene(
        "Whichever half of a split token Windows writes first, it is one logon with all its rights.",
        (r"console BASTION-01\mori",),
        story(_halves_swapped),
    ),
    "noise-09-reconnect": Scene(
        "A reconnect is one, though Windows writes five 4624 and a 4778 for it and the log begins only there.",
        (r"rdp-reconnect BASTION-01\mori",),
        story(_back_alone),
    ),
    "noise-15-tools": Scene(
        "An administrator's tools come over the network, once a minute, and ring nobody.",
        (r"network CORP\sato",),
        story(_tools),
    ),
    "noise-17-short-logons": Scene(
        "The short logons of an unlock and of a reconnect end, and nobody has left; who leaves then, leaves once.",
        (r"rdp BASTION-01\mori", r"unlock BASTION-01\mori", r"rdp-reconnect BASTION-01\mori"),
        story(_short_logons, audited=False),
    ),
    # Doors in odd forms
    "door-console-serial": Scene(
        "Who logs on at Windows' serial console sits at the console.",
        (r"console BASTION-01\mori",),
        story(_serial_console),
    ),
    "door-unlock-logoff-not-audited": Scene(
        "Where no 4634 is audited, LocalSessionManager tells that a console logon was the key to an older session.",
        (r"console BASTION-01\kim", r"unlock BASTION-01\kim"),
        story(_switched_back),
    ),
    "door-unlock-taken-to-the-console": Scene(
        "Who takes an RDP session up again at the console unlocks it.",
        (r"rdp BASTION-01\mori", r"unlock BASTION-01\mori"),
        story(_console_takes_over),
    ),
    "door-unlock-after-a-share": Scene(
        "A share of the host itself, opened just before the console is unlocked, makes no tunnel of it.",
        (r"console BASTION-01\mori", r"network BASTION-01\mori", r"unlock BASTION-01\mori"),
        story(_unlocked_after_a_share),
    ),
    "door-rdp-reconnect-behind-nat": Scene(
        "4778 has the address that the client gives itself: the connection's own counts, and it is one reconnect.",
        (r"rdp BASTION-01\mori", r"rdp-reconnect BASTION-01\mori", r"rdp-reconnect BASTION-01\mori"),
        story(_back_behind_nat),
    ),
    "door-rdp-reconnect-without-address": Scene(
        "A session that is attached to an RDP client is a reconnect, though nothing says from where.",
        (r"rdp BASTION-01\mori", r"rdp-reconnect BASTION-01\mori"),
        story(_back_from_nowhere),
    ),
    "door-rdp-reconnect-at-once": Scene(
        "Who is cut off and comes back within seconds has come twice: 4778 names the session's first logon id.",
        (r"rdp BASTION-01\mori", r"rdp-reconnect BASTION-01\mori"),
        story(_back_at_once),
    ),
    "door-rdp-slow-profile": Scene(
        "A session whose first profile takes most of a minute to be made is the logon's, by RDP and at the console.",
        (r"rdp BASTION-01\mori", r"console BASTION-01\kim"),
        story(_slow_profile),
    ),
    "door-rdp-loopback-spelt-twice": Scene(
        "One connection from this host itself, which one log writes as 127.0.0.1 and another as ::%16777216, is one.",
        (r"rdp-loopback BASTION-01\mori",),
        story(lambda host: host.rdp_logon(NINE, mori(host), "127.0.0.1", heard_from="::%16777216")),
    ),
    "door-rdp-delegated-admins": Scene(
        "Whose group the settings name is a domain admin, as in a managed directory without Domain Admins.",
        (r"rdp CORP\kato",),
        story(_delegated),
        admins=frozenset({DELEGATED}),
    ),
    "door-rdp-entra": Scene(
        "An Entra ID user, whom two logs spell differently, comes once and goes once.",
        (r"rdp AzureAD\pia.berg@example.com",),
        story(_entra),
    ),
    "door-ssh-at-once": Scene(
        "Two keys of one user in the same second are two logons: each connection has its process.",
        (r"ssh BASTION-01\mori", r"ssh BASTION-01\mori"),
        story(_ssh_at_once),
    ),
    # Learnt while labelling
    "learnt-5-hyper-v": Scene(
        "A Hyper-V enhanced session comes from 0.0.0.0, also where Security alone tells of it.",
        (r"rdp BASTION-01\mori",),
        story(lambda host: only(host.rdp_logon(NINE, mori(host), "0.0.0.0", nla=False), "Security")),  # noqa: S104 - as Windows writes it
    ),
    # Channels and versions
    "channel-lsm-and-knock": Scene(
        "Without Security, 1149 belongs to the session that follows, and is none by itself.",
        (r"rdp BASTION-01\mori",),
        story(_no_log_but(lambda host: host.rdp_logon(NINE, mori(host), HOME), LSM, RCM)),
    ),
    **{
        f"version-{version}-split": Scene(
            f"4624 of version {version} does not name the other half: it comes in the same moment, after NLA as well.",
            (r"rdp BASTION-01\mori", r"rdp-reconnect BASTION-01\mori"),
            story(lambda host, version=version: _old_windows(host, version)),  # type: ignore[misc]
        )
        for version in range(2)
    },
    # Traps
    "trap-strong-half-lost": Scene(
        "Where the log begins after the stronger half of a logon, the weaker one tells that there was one.",
        (r"rdp CORP\sato",),
        story(_strong_half_lost),
    ),
    "trap-other-writers": Scene(
        "Another program's event 104 or 1074 clears no log and asks for no restart.",
        (),
        story(_other_writers),
    ),
    # The recipe's rules
    "rule-recipe": Scene(
        "Switched on, the recipe's rules ring for each record that its filter selects: services, prompts, runas, one logon.",
        (
            r"console BASTION-01\Administrator",
            r"runas BASTION-01\ADMINISTRATOR",
            r"rdp BASTION-01\Administrator",
            r"ssm-shell BASTION-01\ssm-user",
        ),
        story(_selected_by_the_recipe),
        rules=("recipe-ssm-login", "recipe-normal-login"),
    ),
}
