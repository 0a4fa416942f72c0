"""Notifications to send: invented logons, with as much in them as a test asks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from logonbell.alert import Level
from logonbell.event import EventRef
from logonbell.logon import Door, Logon, User
from logonbell.notification import Notification
from logonbell.rule import Verdict, alert_for
from logonbell.sentence import say

HOST_ID = "i-0123456789abcdef0"
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def notification(sequence: int = 1, *, host_id: str = HOST_ID, **facts: Any) -> Notification:
    """Notify of an RDP logon of alice of CONTOSO, ``sequence`` seconds past noon; ``facts`` replace its own."""
    given: dict[str, Any] = {
        "time": NOON + timedelta(seconds=sequence),
        "host": "BASTION01.contoso.example",
        "door": Door.RDP,
        "events": (EventRef("Security", 1000 + sequence, 4624),),
        "why": say("logon type 10"),
        "user": User("alice", "CONTOSO", "S-1-5-21-1-2-3-1104"),
        "address": "203.0.113.5",
        "domain_admin": True,
    }
    logon = Logon(**{**given, **facts})
    verdict = Verdict(rings=True, level=Level.HIGH, rule="logon", reason=say("a domain admin came"))
    return Notification(
        alert_for(logon, verdict, host_id), sequence, NOON + timedelta(seconds=sequence, milliseconds=80)
    )
