"""What logonbell has to say of itself, as an alert like any other."""

from __future__ import annotations

from datetime import datetime

from logonbell.alert import Alert
from logonbell.event import EventRef
from logonbell.logon import Notice, NoticeKind
from logonbell.rule import Rules, alert_for
from logonbell.sentence import Sentence

CHANNEL = "logonbell"


def notice(kind: NoticeKind, what: Sentence, *, host_id: str, number: int, time: datetime) -> Alert:
    """Make the alert. Host, number, time and kind are its identity: the same notice told twice is one."""
    finding = Notice(time, host_id, (EventRef(CHANNEL, number, 0),), kind, what)
    return alert_for(finding, Rules().judge(finding), host_id)
