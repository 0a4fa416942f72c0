"""Events that never happened."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from logonbell.event import Event
from logonbell.simulate.system import SECURITY

NOON = datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)
CHUNK = 64 * 1024


def logon_event(record_id: int, *, padding: int = 0, host: str = "BASTION", hours: int = 0) -> Event:
    """Give a 4624 of its own second; ``padding`` characters make it larger."""
    fields = {
        "TargetUserName": f"user{record_id}" + "x" * padding,
        "TargetLogonId": hex(record_id),
        "LogonType": "10",
        "IpAddress": "203.0.113.5",
    }
    time = NOON + timedelta(hours=hours, seconds=record_id)
    return Event("Security", 4624, record_id, time, host, SECURITY, fields)


def logon_events(numbers: Iterable[int], *, padding: int = 0, hours: int = 0) -> list[Event]:
    """Give one 4624 for each record id."""
    return [logon_event(number, padding=padding, hours=hours) for number in numbers]
