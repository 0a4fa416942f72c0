"""What a notifier is told: what its filter asks for, and what nobody can rule out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from any_facts import alerts
from logonbell.alert import Alert, Level
from logonbell.event import EventRef
from logonbell.filter import Filter
from logonbell.logon import (
    Door,
    FailedLogons,
    Finding,
    LogCleared,
    Logoff,
    Notice,
    NoticeKind,
    Tampering,
    TamperKind,
    User,
)
from logonbell.sentence import say
from notifications import NOON, notification

MARK = (EventRef("Security", 7, 1102),)
CLEARED = LogCleared(NOON, "B", MARK, "Security", User("mallory", "CONTOSO"))
TAMPERED = Tampering(NOON, "B", MARK, TamperKind.AUDIT_CHANGED, None, "Logon")
NOTICE = Notice(NOON, "B", MARK, NoticeKind.TEST, say("hear, hear"))


def alert(finding: Finding | None = None, **logon: Any) -> Alert:
    """An alert of alice's RDP logon (domain admin, high), with other facts; or of another finding."""
    made = notification(1, **logon).alert
    return made if finding is None else replace(made, finding=finding)


def burst(*users: str, more: bool = False) -> FailedLogons:
    """A burst of failures that named these users."""
    return FailedLogons(NOON, "B", MARK, NOON, 9, (), users, more=more, ended=False)


def doors(*names: Door) -> Filter:
    """A filter of doors."""
    return Filter(doors=frozenset(names))


def users(*names: str) -> Filter:
    """A filter of users."""
    return Filter(users=frozenset(names))


@given(alerts)
def test_an_empty_filter_passes_everything(alert: Alert) -> None:
    """Who sets no filter is told all that rings."""
    assert Filter().passes(alert)


@pytest.mark.parametrize(
    ("filter_", "passes"),
    [
        (Filter(level=Level.HIGH), True),
        (Filter(level=Level.CRITICAL), False),
        (Filter(rules=frozenset({"logon", "log-cleared"})), True),
        (Filter(rules=frozenset({"log-cleared"})), False),
        (doors(Door.RDP, Door.CONSOLE), True),
        (doors(Door.CONSOLE), False),
        (users("ALICE"), True),
        (users(r"contoso\Alice"), True),
        (users(r"other\alice"), False),
        (users("s-1-5-21-1-2-3-1104"), True),
        (users("arn:aws:sts::1:assumed-role/Ops/alice"), True),
        (users("lice"), False),
        (Filter(domain_admin=True), True),
        (Filter(level=Level.LOW, doors=frozenset({Door.RDP}), users=frozenset({"bob"})), False),
    ],
)
def test_each_part_must_be_passed(filter_: Filter, passes: bool) -> None:
    """Level, rule, door, user, SID, principal and domain admin choose, and all that is asked for must hold."""
    assert filter_.passes(alert(principal="arn:aws:sts::1:assumed-role/Ops/alice")) is passes


def test_a_domain_admin_is_not_ruled_out_without_knowing() -> None:
    """Where nobody knows whether it was a domain admin it is told; where it was none it is not."""
    assert Filter(domain_admin=True).passes(alert(domain_admin=None))
    assert not Filter(domain_admin=True).passes(alert(domain_admin=False))


def test_a_logoff_goes_with_its_logon() -> None:
    """Who asks for a door or a user hears its sessions end, too."""
    logoff = Logoff(NOON, "B", MARK, MARK[0], NOON, Door.SSH, User("alice"))
    assert doors(Door.SSH).passes(alert(logoff))
    assert users("alice").passes(alert(logoff))
    assert not doors(Door.RDP).passes(alert(logoff))
    assert not Filter(domain_admin=True).passes(alert(logoff))


def test_a_burst_is_of_whom_it_named() -> None:
    """A burst of failures passes for a user whom it named, with or without a domain, or may have named beyond its list."""
    assert users("bob").passes(alert(burst(r"CONTOSO\bob", "eve")))
    assert users(r"contoso\bob").passes(alert(burst(r"CONTOSO\bob")))
    assert not users("alice").passes(alert(burst(r"CONTOSO\bob")))
    assert users("alice").passes(alert(burst(r"CONTOSO\bob", more=True)))


@pytest.mark.parametrize("finding", [burst("alice"), CLEARED, TAMPERED], ids=lambda one: type(one).__name__)
def test_what_has_no_door_passes_no_door(finding: Finding) -> None:
    """A notifier for some doors, or for domain admins, is told of nothing else."""
    assert not doors(Door.RDP).passes(alert(finding))
    assert not Filter(domain_admin=True).passes(alert(finding))
    assert Filter(level=Level.HIGH).passes(alert(finding))


def test_a_cleared_log_is_of_who_cleared_it() -> None:
    """Who asks for a user hears what that user did to the log, and what was done by nobody knows whom."""
    assert users("mallory").passes(alert(CLEARED))
    assert not users("alice").passes(alert(CLEARED))
    assert users("alice").passes(alert(TAMPERED))


@given(st.sampled_from([doors(Door.RDP), users("alice"), Filter(domain_admin=True)]))
def test_a_notice_of_logonbell_itself_passes(filter_: Filter) -> None:
    """However narrow its doors and users, a notifier is told when the bell itself fails; its level and rules hold."""
    assert filter_.passes(alert(NOTICE))
    assert not replace(filter_, level=Level.CRITICAL).passes(alert(NOTICE))


def test_a_logon_of_nobody_knows_whom() -> None:
    """A logon whose user the log does not tell may be anyone's; a tunnel has no user, but a principal that is known."""
    assert users("alice").passes(alert(user=None))
    assert not users("alice").passes(alert(user=None, principal="arn:aws:sts::1:assumed-role/Ops/bob"))
