from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing as closed
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from any_facts import findings
from logonbell.event import EventRef
from logonbell.logon import Door, Finding, Logoff, Logon
from logonbell.source import Loss
from logonbell.store.history import Kept
from logonbell.store.outbox import FILE, Outbox
from notifications import NOON, notification

Opened = Callable[..., Outbox]
HOUR = timedelta(hours=1)


@pytest.fixture
def outbox(opened: Opened) -> Outbox:
    """An outbox whose history is empty."""
    return opened()


def keep(outbox: Outbox, *kept: Finding, read: datetime = NOON) -> None:
    """Commit findings that ring nowhere."""
    outbox.commit(bookmarks={}, snapshot="", findings=kept, alerts=[], notifiers=[], read=read)


def logon(number: int = 1) -> Logon:
    """Make the logon of a number of seconds past noon."""
    finding = notification(number).alert.finding
    assert isinstance(finding, Logon)
    return finding


def logoff(of: Logon, after: timedelta) -> Logoff:
    """Make the logoff that ends a logon."""
    events = (EventRef("Security", 2000, 4634),)
    return Logoff(of.time + after, of.host, events, of.main, of.time, of.door, of.user)


def kept(outbox: Outbox) -> list[Kept]:
    """Read the day's history."""
    rows = list(outbox.history.between(NOON - HOUR, NOON + 24 * HOUR))
    return [row for row in rows if isinstance(row, Kept)]


def test_later_version_replaces_the_facts(outbox: Outbox) -> None:
    """A finding that comes again with more facts is one finding, known since it was first seen."""
    keep(outbox, replace(logon(), domain_admin=None))
    keep(outbox, logon(), read=NOON + HOUR)
    assert kept(outbox) == [Kept(logon(), NOON, NOON + HOUR)]


@pytest.mark.parametrize(
    "other",
    [
        replace(logon(), host="OTHER"),
        replace(logon(), time=NOON + HOUR),
        replace(logon(), events=(EventRef("Security", 7, 4624),)),
        replace(logon(), events=(EventRef("System", 1001, 4624),)),
    ],
    ids=["host", "time", "record id", "channel"],
)
def test_other_main_event_is_another_finding(outbox: Outbox, other: Logon) -> None:
    """Host, channel, record id and time tell findings apart: a log that was cleared counts its records from 1 again."""
    keep(outbox, logon(), other)
    assert {row.finding.time for row in kept(outbox)} == {logon().time, other.time}
    assert len(kept(outbox)) == 2


def test_logoff_ends_its_logon(outbox: Outbox) -> None:
    """A report of a logon says when the session ended, even if more facts about its start come later."""
    keep(outbox, logon(), logon(2), logoff(logon(), HOUR))
    keep(outbox, replace(logon(), door=Door.RDP_SSM))
    first, second, _ = [row.finding for row in kept(outbox)]
    assert first == replace(logon(), door=Door.RDP_SSM, ended=logon().time + HOUR)
    assert second == logon(2)


def test_history_is_in_the_order_of_events(outbox: Outbox) -> None:
    """A report reads in the order of what happened, from its first moment to before its last."""
    keep(outbox, logon(3), logon(1), logon(2), logon(4))
    found = list(outbox.history.between(logon(1).time, logon(4).time))
    assert [row.finding for row in found if isinstance(row, Kept)] == [logon(1), logon(2), logon(3)]


def test_old_findings_are_forgotten(outbox: Outbox) -> None:
    """Retention goes by the event's time, and what a wrong clock dated into the future goes by its reading."""
    keep(outbox, logon(1), replace(logon(2), time=NOON + 20 * HOUR), read=NOON + HOUR)
    keep(outbox, logon(3), replace(logon(4), time=NOON + 3 * HOUR), read=NOON + 3 * HOUR)
    assert outbox.forget(NOON + 2 * HOUR) == 3
    assert [row.finding.time for row in kept(outbox)] == [NOON + 3 * HOUR]


def test_unreadable_row_is_told(outbox: Outbox, folder: Path) -> None:
    """A damaged row is a loss in the report, never a report without it or no report at all."""
    keep(outbox, logon(1), logon(2))
    with closed(sqlite3.connect(folder / FILE)) as db, db:
        db.execute("update finding set facts = '{}' where record_id = '1001'")
    lost, found = outbox.history.between(NOON, NOON + HOUR)
    assert isinstance(lost, Loss)
    assert lost.records == 1
    assert isinstance(found, Kept)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(finding=findings)
def test_any_finding_is_kept(outbox: Outbox, finding: Finding) -> None:
    """No log can write anything that the history refuses, or gives back changed."""
    outbox.forget(datetime.max.replace(tzinfo=UTC))  # a logoff of an earlier example may name this logon
    keep(outbox, finding)
    at = finding.time
    rows = list(outbox.history.between(at, at + timedelta(microseconds=1)))
    assert finding in [row.finding for row in rows if isinstance(row, Kept)]
