"""Events without end: people who come and never go, on many hosts, and all else that a log can be filled with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

from logonbell.event import Event
from logonbell.recognise.session import CHANNEL, Told
from logonbell.recognise.windows import LSM, RCM
from logonbell.simulate.system import SECURITY

BEGAN = datetime(2026, 5, 4, 8, tzinfo=UTC)
STEP = timedelta(milliseconds=20)
PEOPLE = 1_000


def crowd(*, hosts: int = 40, between: int = 0) -> Iterator[Event]:
    """Let somebody come at every step, by RDP, WinRM, SSM or not at all; nobody ever goes.

    ``between`` two who come, so many network logons of before end.
    """
    for number in count(1):
        time, host = BEGAN + number * (between + 1) * STEP, f"HOST{number % hosts}"
        yield from _comes(number, time, host)
        for other in range(between):
            fields = {"TargetUserSid": "S-1-5-21-1-2-3-500", "TargetLogonId": hex(0xA0000000 + other)}
            yield _security(4634, number, time + (other + 1) * STEP, host, fields)


def frozen() -> Iterator[Event]:
    """Do the same while the clock stands still, and by WinRM, whose session goes on without end."""
    for number in count(1):
        yield from _comes(number, BEGAN, "BASTION")
        yield _security(4624, number, BEGAN, "BASTION", _winrm(number))


def busy() -> Iterator[Event]:
    """Let one WinRM session make logon ids without end while the clock stands still."""
    for number in count(1):
        yield _security(4624, number, BEGAN, "BASTION", _winrm(number))


def _comes(number: int, time: datetime, host: str) -> Iterator[Event]:
    user, sid = f"user{number % PEOPLE}", f"S-1-5-21-1-2-3-{1000 + number % PEOPLE}"
    seat = {
        "TargetUserName": user,
        "TargetUserSid": sid,
        "TargetDomainName": "CORP",
        "TargetLogonId": hex(0x10000 + 2 * number),
        "LogonType": "10",
        "IpAddress": f"203.0.113.{number % 250}",
        "ElevatedToken": "%%1842",
        "TargetLinkedLogonId": "0x0",
    }
    yield _security(4624, number, time, host, seat)
    match number % 6:
        case 0:
            stray = {"SubjectUserSid": sid, "SubjectLogonId": hex(0x90000000 + number)}
            yield _security(4672, number, time, host, stray)
        case 1:
            yield _security(4624, number, time, host, _winrm(number))
        case 2:
            fields = {
                "SessionId": f"{user}-{number:017x}",
                "Owner": f"arn:aws:iam::111122223333:user/{user}",
                "Plugin": "Port",
                "Port": "3389",
                "DocumentType": "StartSession",
            }
            yield Event(CHANNEL, int(Told.OPENED), number, time, host, "", fields)
        case 3:
            knock = {"Param1": f"nobody{number}", "Param2": "", "Param3": f"198.51.100.{number % 250}"}
            yield Event(RCM, 1149, number, time, host, "", knock)
        case 4:
            failed = {"TargetUserName": f"guess{number}", "IpAddress": f"198.51.100.{number % 250}"}
            yield _security(4625, number, time, host, failed)
        case _:
            began = {"User": f"CORP\\{user}", "SessionID": str(number), "Address": seat["IpAddress"]}
            yield Event(LSM, 21, number, time, host, "", began)
            made = {"TargetSid": f"{sid}-{number}", "TargetUserName": f"new{number}"}
            yield _security(4720, number, time, host, made)


def _winrm(number: int) -> dict[str, str]:
    return {
        "TargetUserName": "ansible",
        "TargetUserSid": "S-1-5-21-1-2-3-500",
        "TargetLogonId": hex(0x50000000 + number),
        "LogonType": "8",
        "LogonProcessName": "WSMAN",
        "ProcessName": "C:\\Windows\\System32\\svchost.exe",
        "SubjectUserSid": "S-1-5-20",
    }


def _security(event_id: int, number: int, time: datetime, host: str, fields: dict[str, str]) -> Event:
    return Event("Security", event_id, number, time, host, SECURITY, fields)
