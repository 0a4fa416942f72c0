"""What makes two alerts the same to a person, and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest

from logonbell.alert import fingerprint, kind_of
from logonbell.event import EventRef
from logonbell.logon import (
    Door,
    FailedLogons,
    Finding,
    LogCleared,
    Logoff,
    NoticeKind,
    Tampering,
    TamperKind,
    User,
)
from logonbell.notice import notice
from logonbell.rule import Rules, alert_for
from logonbell.sentence import say
from notifications import HOST_ID, NOON, notification

WHERE = (EventRef("Security", 1, 4624),)


def kind(**facts: Any) -> str:
    """Give the kind of the alert of an RDP logon, or as ``facts`` say."""
    return kind_of(notification(1, **facts).alert)


def test_a_fingerprint_is_of_the_moment() -> None:
    """Whichever zone a time is told in, it is the same alert."""
    tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    assert fingerprint(HOST_ID, WHERE[0], tokyo, "logon") == fingerprint(HOST_ID, WHERE[0], NOON, "logon")


def test_the_same_person_at_the_same_door_is_the_same() -> None:
    """When it was, which record told it and what it found out besides make no difference; nor does the case of a name."""
    assert kind_of(notification(2).alert) == kind()
    assert kind(user=User("ALICE", "contoso")) == kind()
    assert kind(domain_admin=None, elevated=True, logon_id="0x1") == kind()


def test_a_reconnect_is_of_the_kind_of_its_logon() -> None:
    """Who comes back to a session a moment later, from the same address, is one message and a count."""
    assert kind(door=Door.RDP_RECONNECT) == kind()


@pytest.mark.parametrize(
    "facts",
    [
        {"user": User("bob", "CONTOSO")},
        {"user": User("alice", "OTHER")},
        {"user": None},
        {"door": Door.CONSOLE},
        {"address": "203.0.113.6"},
        {"address": None},
        {"principal": "arn:aws:sts::111122223333:assumed-role/Ops/carol"},
        {"host_id": "i-2"},
    ],
)
def test_whatever_a_person_would_want_to_know_is_another_kind(facts: dict[str, Any]) -> None:
    """Another user, door, address, IAM principal or host is never counted with the first: it is told."""
    assert kind(**facts) != kind()


def test_rules_tell_kinds_apart() -> None:
    """The same logon under another rule is another kind."""
    alert = notification(1).alert
    assert kind_of(replace(alert, rule="first-seen")) != kind_of(alert)


def test_other_findings_have_kinds_of_their_own() -> None:
    """Bursts differ by whom and where from they try, tampering by what was done to whom; a notice is like no other."""
    burst = FailedLogons(NOON, "B", WHERE, NOON, 3, ("203.0.113.5",), ("a", "b"), more=False, ended=False)
    cleared = LogCleared(NOON, "B", WHERE, "Security", User("mallory"))
    audit = Tampering(NOON, "B", WHERE, TamperKind.AUDIT_CHANGED, User("mallory"), "Logon")
    logoff = Logoff(NOON, "B", WHERE, WHERE[0], NOON, Door.RDP, User("alice"))
    findings: list[Finding] = [
        burst,
        replace(burst, addresses=("203.0.113.6",)),
        replace(burst, users=("a",)),
        replace(burst, users=("a",), addresses=("b", "203.0.113.5")),
        cleared,
        replace(cleared, cleared="System"),
        audit,
        replace(audit, about="Logoff"),
        logoff,
        replace(logoff, user=User("bob")),
    ]
    kinds = [kind_of(alert_for(one, Rules().judge(one), HOST_ID)) for one in findings]
    assert len(set(kinds)) == len(kinds)
    later = replace(burst, count=5, users=("b", "a"), last=NOON.replace(minute=9))
    assert kind_of(alert_for(later, Rules().judge(later), HOST_ID)) == kinds[0]
    notices = [notice(NoticeKind.SILENCE, say("x"), host_id=HOST_ID, number=n, time=NOON) for n in (1, 2)]
    assert kind_of(notices[0]) != kind_of(notices[1])
