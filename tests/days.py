"""Random days of a made host: people come and go, noise goes on, as far as what happened before allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import strategies as st

from logonbell.event import Event
from logonbell.simulate.people import Person
from logonbell.simulate.windows import WindowsHost, in_order

EIGHT = datetime(2026, 5, 4, 8, tzinfo=UTC)
DOMAIN_SID = "S-1-5-21-2025429265-492894223-1708537768"
ADDRESSES = ("203.0.113.24", "203.0.113.25", "198.51.100.9", "::1", "127.0.0.1", "2001:db8::7")
PEOPLE = 5
APART = timedelta(seconds=15)
"""Two things that the same person does are further apart than all that Windows writes about one of them."""
REST = {
    "winrm": timedelta(seconds=65),
    "winrm basic": timedelta(seconds=65),
    "network": timedelta(seconds=65),
}
"""After these, another of the same within a minute is one with it."""

Came = Counter[tuple[str, str]]


@dataclass(slots=True)
class Day:
    """A day as it is being made: the host, what was written, and who really came by which door."""

    host: WindowsHost
    people: list[Person]
    scenes: list[list[Event]] = field(default_factory=list)
    came: Came = field(default_factory=Counter)
    free: dict[str, datetime] = field(default_factory=dict)
    sitting: dict[str, str] = field(default_factory=dict)

    @property
    def events(self) -> list[Event]:
        """All that was written, in the order of time."""
        return in_order(*self.scenes)

    def happens(self, act: str, who: int, where: int, at: datetime) -> None:
        """Let one thing happen, if it can: nobody unlocks a session that is not there.

        Namesakes do not come by SSH at once: where the logs are out of step, nothing tells whom sshd means.
        """
        person = self.people[who % len(self.people)]
        near = [person] if not act.startswith("ssh") else [p for p in self.people if p.name == person.name]
        at = max([at, *(self.free[p.full_name] for p in near if p.full_name in self.free)])
        written = ACTS[act](self, person, ADDRESSES[where % len(ADDRESSES)], at)
        if written:
            self.scenes.append(written)
            last = max(event.time for event in written)
            self.free[person.full_name] = last + REST.get(act, APART)

    def told(self, door: str, person: Person) -> None:
        """Note that somebody came."""
        self.came[door, person.full_name.casefold()] += 1


Act = Callable[[Day, Person, str, datetime], list[Event]]


def _console(day: Day, person: Person, _address: str, at: datetime) -> list[Event]:
    if person.full_name in day.sitting:
        return []
    cached = person.domain == "CORP"
    day.sitting[person.full_name] = "console"
    day.told("cached-console" if cached else "console", person)
    return day.host.console_logon(at, person, cached=cached)


def _rdp(day: Day, person: Person, address: str, at: datetime) -> list[Event]:
    if person.full_name in day.sitting:
        return []
    day.sitting[person.full_name] = "rdp"
    day.told("rdp-loopback" if address in {"::1", "127.0.0.1"} else "rdp", person)
    return day.host.rdp_logon(at, person, address, kerberos=person.domain == "CORP")


def _reconnect(as_type_10: bool) -> Act:
    def reconnect(day: Day, person: Person, address: str, at: datetime) -> list[Event]:
        if day.sitting.get(person.full_name) != "rdp":
            return []
        day.told("rdp-loopback" if address in {"::1", "127.0.0.1"} else "rdp-reconnect", person)
        return [
            *day.host.rdp_disconnect(at - timedelta(seconds=5), person),
            *day.host.rdp_reconnect(at, person, address, as_type_10=as_type_10),
        ]

    return reconnect


def _unlock(as_type_2: bool) -> Act:
    def unlock(day: Day, person: Person, _address: str, at: datetime) -> list[Event]:
        if person.full_name not in day.sitting or (as_type_2 and day.sitting[person.full_name] != "console"):
            return []
        day.told("unlock", person)
        return day.host.unlock(at, person, as_type_2=as_type_2)

    return unlock


def _logoff(day: Day, person: Person, _address: str, at: datetime) -> list[Event]:
    return day.host.logoff(at, person) if day.sitting.pop(person.full_name, None) else []


def _ssh(key: bool) -> Act:
    def ssh(day: Day, person: Person, address: str, at: datetime) -> list[Event]:
        if person.full_name in day.sitting:
            return []  # the made host closes the session that was opened last
        day.told("ssh-loopback" if address in {"::1", "127.0.0.1"} else "ssh", person)
        return day.host.ssh_logon(at, person, address, key=key)

    return ssh


def _no_ssh(day: Day, person: Person, address: str, at: datetime) -> list[Event]:
    return day.host.ssh_failure(at, person.name, address, user=person)


def _winrm(day: Day, person: Person, address: str, at: datetime) -> list[Event]:
    day.told("winrm", person)
    return day.host.winrm_logon(at, person, address)


def _winrm_basic(day: Day, person: Person, _address: str, at: datetime) -> list[Event]:
    day.told("winrm", person)
    return day.host.winrm_basic(at, person, requests=5)


def _network(day: Day, person: Person, address: str, at: datetime) -> list[Event]:
    day.told("network", person)
    return day.host.network_logon(at, person, address, kerberos=person.domain == "CORP")


def _runas(day: Day, person: Person, _address: str, at: datetime) -> list[Event]:
    day.told("runas", person)
    return day.host.runas(at, day.people[0], person)


def _batch(day: Day, person: Person, _address: str, at: datetime) -> list[Event]:
    day.told("batch", person)
    return day.host.batch(at, person)


def _shell(day: Day, _person: Person, _address: str, at: datetime) -> list[Event]:
    day.told("ssm-shell", day.host.ssm_user)
    return day.host.ssm_shell(at, streaming=True) + day.host.ssm_shell_end(at + timedelta(minutes=10))


ACTS: dict[str, Act] = {
    "console": _console,
    "rdp": _rdp,
    "reconnect": _reconnect(as_type_10=False),
    "reconnect 10": _reconnect(as_type_10=True),
    "unlock": _unlock(as_type_2=False),
    "unlock 2": _unlock(as_type_2=True),
    "logoff": _logoff,
    "ssh": _ssh(key=True),
    "ssh password": _ssh(key=False),
    "ssh failure": _no_ssh,
    "winrm": _winrm,
    "winrm basic": _winrm_basic,
    "network": _network,
    "runas": _runas,
    "batch": _batch,
    "shell": _shell,
    "service": lambda day, _person, _address, at: day.host.service_start(at),
    "machine": lambda day, _person, _address, at: day.host.machine_logon(at),
    "anonymous": lambda day, _person, address, at: day.host.anonymous_logon(at, address),
    "uac": lambda day, person, _address, at: day.host.uac_prompt(at, person),
    "browser": lambda day, person, _address, at: day.host.browser_check(at, person),
    "failure": lambda day, person, address, at: day.host.failed_logon(at, person.name, address),
    "agent": lambda day, _person, _address, at: day.host.ssm_agent_start(at),
    "promoted": lambda day, person, _address, at: day.host.administrator_made(
        at, person, day.people[0], account=False
    ),
    "audit": lambda day, person, _address, at: day.host.audit_changed(at, person, "9215", "%%8448"),
    "ssm-user": lambda day, person, _address, at: day.host.ssm_user_enabled(at, person),
    "cleared": lambda day, person, _address, at: day.host.log_cleared(at, person),
}


def new_day(seed: int, *, audited: bool = True, name: str = "BASTION-01") -> Day:
    """Begin a day on a host with five people; ``audited`` as in ``WindowsHost``."""
    random = Random(seed)  # noqa: S311 - repeatable, not secret
    host = WindowsHost(
        name,
        random,
        domain="CORP",
        group_membership=audited,
        session_events=audited,
        first_record_ids={"Security": 5000},
    )
    people = [
        host.local("mori", 1004, administrator=True),
        host.local("Administrator", 500),
        host.local("kim", 1005),
        Person("sato", "CORP", f"{DOMAIN_SID}-1134", domain_admin=True),
        Person("mori", "CORP", f"{DOMAIN_SID}-1135"),
    ]
    return Day(host, people)


GAPS = (0.0, 0.01, 0.3, 0.7, 1.0, 2.2, 4.0, 11.0, 30.0, 61.0, 90.0, 700.0)
_HAPPENINGS = st.tuples(
    st.sampled_from(sorted(ACTS)),
    st.integers(0, PEOPLE - 1),
    st.integers(0, len(ADDRESSES) - 1),
    st.sampled_from(GAPS),
)


@st.composite
def days(draw: st.DrawFn, *, most: int = 12) -> Day:
    """Draw a day: different people's doings overlap, each person's own are apart."""
    day = new_day(draw(st.integers(0, 3)), audited=draw(st.booleans()))
    at = EIGHT
    for act, who, where, gap in draw(st.lists(_HAPPENINGS, min_size=1, max_size=most)):
        at += timedelta(seconds=gap)
        day.happens(act, who, where, at)
    return day


def random_day(random: Random, *, most: int = 16) -> Day:
    """Make a day by chance alone, for those who count in hours."""
    day = new_day(random.randrange(1 << 30), audited=random.random() < 0.6)
    at = EIGHT
    for _ in range(random.randrange(1, most)):
        at += timedelta(seconds=random.choice(GAPS))
        day.happens(
            random.choice(sorted(ACTS)), random.randrange(PEOPLE), random.randrange(len(ADDRESSES)), at
        )
    return day


def delayed(events: list[Event], lags: Mapping[str, timedelta]) -> list[Event]:
    """Let each channel be read so much later than it was written."""
    late = sorted(
        (event.time + lags.get(event.channel, timedelta()), place) for place, event in enumerate(events)
    )
    return [events[place] for _, place in late]


def twins_swapped(events: list[Event], which: Callable[[int], bool]) -> list[Event]:
    """Swap neighbours that are two halves of one logon, written within 50 ms; ``which`` chooses the pairs by their number."""
    events = list(events)
    halves = [
        (place, place + step)
        for place, event in enumerate(events)
        for step in (1, 2)
        if place + step < len(events) and _are_halves(event, events[place + step])
    ]
    for number, (one, other) in enumerate(halves):
        if which(number):
            events[one], events[other] = events[other], events[one]
    return events


def _are_halves(one: Event, other: Event) -> bool:
    linked = one.fields.get("TargetLinkedLogonId")
    near = abs(other.time - one.time) <= timedelta(milliseconds=50)
    return (
        near
        and linked not in {None, "0x0"}
        and linked == other.fields.get("TargetLogonId")
        and other.event_id == 4624
    )


def repeated(events: list[Event], place: int, after: timedelta) -> list[Event]:
    """Deliver the event at ``place`` a second time, so much later."""
    again = events[place]
    late = next(
        (n for n in range(place + 1, len(events)) if events[n].time > again.time + after), len(events)
    )
    return [*events[:late], again, *events[late:]]
