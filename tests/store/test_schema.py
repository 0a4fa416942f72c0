"""What an upgrade promises: nothing that waits is lost, and what was tried is tried again as it was."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from first_version import LATER, write_first_version
from logonbell.alert import Level, kind_of
from logonbell.notification import Notification
from logonbell.pace import Waiting
from logonbell.store.outbox import Outbox
from notifications import HOST_ID, NOON, notification
from reading import numbers, pending


def test_an_older_outbox_is_brought_up_to_date(folder: Path) -> None:
    """After an upgrade each alert is where it was: delivered, given up, failing, waiting; and the history is there."""
    write_first_version(folder)
    with closing(Outbox.open(folder, now=NOON)) as outbox:
        assert outbox.recovered is None
        for notifier in ("sns", "console"):
            state = outbox.state().notifiers[notifier]
            assert (state.delivered, state.buried, state.failing, state.waiting) == (1, 1, 1, 2)
            assert str(state.last_error) == "Nobody is there."
        assert len(list(outbox.history.between(NOON - timedelta(days=1), LATER))) == 5
        (story,) = outbox.fates.numbered(1)
        assert [fate.receipt for fate in story.fates] == ["receipt-1"] * 2


def test_after_an_upgrade_the_pace_knows_what_waits(folder: Path) -> None:
    """What waits is decided by the same columns as what comes new; what was tried goes on as the same message."""
    write_first_version(folder)
    with closing(Outbox.open(folder, now=NOON)) as outbox:
        four, five = outbox.tellings.waiting("sns")
        alert = notification(4).alert
        assert four == Waiting(4, Level.HIGH, kind_of(alert), HOST_ID, alert.finding.time, NOON)
        assert five.key == 5
        (failing,) = outbox.tellings.due("sns", LATER, 10)
        assert isinstance(failing.telling, Notification)
        assert (failing.telling.alert, failing.attempts) == (notification(3).alert, 7)
        assert failing.telling.fingerprint == notification(3).fingerprint
        assert numbers(pending(outbox, "sns", LATER)) == [3, 4]
        assert outbox.state().notifiers["sns"].buried == 2  # the damaged one, too


def test_a_new_outbox_takes_the_same_steps(folder: Path) -> None:
    """A new outbox has the tables of an upgraded one: there is one way for both."""
    write_first_version(folder)
    with closing(Outbox.open(folder, now=NOON)) as upgraded:
        tables = upgraded._database.rows("select name, sql from sqlite_master order by name")
    with closing(Outbox.open(folder.with_name("new"), now=NOON)) as new:
        assert new._database.rows("select name, sql from sqlite_master order by name") == tables
