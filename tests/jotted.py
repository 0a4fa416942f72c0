"""Single records of who sits where, jotted down by hand: each says what a test needs, and no more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from logonbell.event import Event
from logonbell.logon import Finding, Logoff, Logon
from logonbell.recognise.identity import NOBODY, SYSTEM
from logonbell.recognise.recogniser import Recogniser
from logonbell.simulate.people import Person
from logonbell.simulate.system import SECURITY
from recognising import logons
from scenes import DOMAIN_SID, LSM, RCM, after

MORI = Person("mori", "CORP", f"{DOMAIN_SID}-1140")
OTHER = Person("kim", "CORP", f"{DOMAIN_SID}-1141")
FAR, NEAR, LOOP = "203.0.113.5", "198.51.100.9", "127.0.0.1"


def wrote(second: float, channel: str, event_id: int, **fields: str) -> Event:
    """A record, so many seconds past nine; ``read`` gives it its number."""
    provider = SECURITY if channel == "Security" else channel.partition("/")[0]
    return Event(channel, event_id, 1, after(second), "BASTION-01", provider, fields, None)


def sat(second: float, kind: int, logon_id: str = "0x101", person: Person = MORI, **fields: str) -> Event:
    """A 4624 at a screen, or in the network (3) for RDP."""
    by_network = kind == 3
    whole = {
        "SubjectUserSid": NOBODY if by_network else SYSTEM,
        "TargetUserSid": person.sid,
        "TargetUserName": person.name,
        "TargetDomainName": person.domain,
        "TargetLogonId": logon_id,
        "TargetLinkedLogonId": "0x0",
        "LogonType": str(kind),
        "LogonProcessName": "NtLmSsp " if by_network else "User32 ",
        "ProcessName": "-" if by_network else "C:\\Windows\\System32\\svchost.exe",
        "WorkstationName": "-",
        "IpAddress": "-",
    }
    return wrote(second, "Security", 4624, **(whole | fields))


def heard(
    second: float, event_id: int, number: int | str = 2, address: str = "LOCAL", person: Person = MORI
) -> Event:
    """A word of LocalSessionManager's."""
    return wrote(second, LSM, event_id, User=person.full_name, SessionID=str(number), Address=address)


def attached(
    second: float,
    address: str = FAR,
    logon_id: str = "0x100",
    person: Person = MORI,
    *,
    by: str = "RDP-Tcp#1",
) -> Event:
    """A 4778: the session with this logon id has a client again."""
    fields = {
        "AccountName": person.name,
        "AccountDomain": person.domain,
        "LogonID": logon_id,
        "SessionName": by,
        "ClientAddress": address,
    }
    return wrote(second, "Security", 4778, **fields)


def knocked(second: float, address: str = FAR, person: Person = MORI) -> Event:
    """A 1149."""
    return wrote(second, RCM, 1149, Param1=person.name, Param2=person.domain, Param3=address)


def closed(second: float, logon_id: str = "0x101", *, chosen: bool = False) -> Event:
    """A 4634, or the 4647 of who chose to leave."""
    return wrote(second, "Security", 4647 if chosen else 4634, TargetLogonId=logon_id)


def lacking(event: Event, *names: str) -> Event:
    """The same record without these fields."""
    return replace(event, fields={name: value for name, value in event.fields.items() if name not in names})


def tell(events: Iterable[Event]) -> tuple[list[Logon], list[Logoff], Recogniser]:
    """Who came, in the last version of each, and who left, of records read in this order; and what is still held."""
    recogniser, found = Recogniser(), list[Finding]()
    for number, event in enumerate(events, 1):
        found += recogniser.feed(replace(event, record_id=number))
    found += recogniser.finish()
    return logons(found), [finding for finding in found if isinstance(finding, Logoff)], recogniser


def came(*events: Event) -> list[str]:
    """Each door that was told, with how many records it was told of."""
    return [f"{logon.door} {len(logon.events)}" for logon in tell(events)[0]]


def words(*events: Event) -> list[str]:
    """What was said of each record, read in this order."""
    said: list[str] = []
    recogniser = Recogniser(lambda _, what: said.append(str(what)))
    for number, event in enumerate(events, 1):
        recogniser.feed(replace(event, record_id=number))
    return said


def left(*events: Event) -> tuple[list[str], int]:
    """Who left: the record that opened the session and the one that ended it; and how many are still on."""
    _, ends, recogniser = tell(events)
    return [f"{end.logon.record_id} by {end.events[0].record_id}" for end in ends], len(recogniser.present())
