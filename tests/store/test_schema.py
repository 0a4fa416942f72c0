"""What an upgrade promises: nothing that waits is lost, and what was tried is tried again as it was."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from logonbell.alert import Level, kind_of
from logonbell.notification import Notification
from logonbell.pace import Waiting
from logonbell.sentence import say
from logonbell.store.codec import alert_to_json, finding_to_json, sentence_to_json, time_to_column
from logonbell.store.database import Database
from logonbell.store.outbox import FILE, Outbox
from logonbell.store.schema import MIGRATIONS
from notifications import HOST_ID, NOON, notification
from reading import numbers, pending

LATER = NOON + timedelta(hours=1)
STATES = {
    1: ("delivered", 1, None, None, "receipt-1"),
    2: ("buried", 3, None, say("It is too large."), None),
    3: ("pending", 7, LATER, say("Nobody is there."), None),
    4: ("pending", 0, None, None, None),
    5: ("pending", 0, None, None, None),
}
"""By number, as version 1 kept a delivery: state, attempts, due, error, receipt. The facts of 5 are damaged."""


def write_first_version(folder: Path) -> None:
    """Write an outbox as version 1 of it was."""
    folder.mkdir()
    with closing(Database(folder / FILE, "rwc")) as db:
        db.migrate(MIGRATIONS[:1])
        db.change("pragma journal_mode = wal")
        db.change("insert into host values (?, ?)", (HOST_ID, 5))
        for number, (state, attempts, due, error, receipt) in STATES.items():
            alert = notification(number).alert
            facts = "{" if number == 5 else alert_to_json(alert)
            read = time_to_column(NOON)
            db.change(
                "insert into alert (fingerprint, host_id, sequence, read, facts) values (?, ?, ?, ?, ?)",
                (alert.fingerprint, HOST_ID, number, read, facts),
            )
            db.change(
                "insert into finding (host, channel, record_id, time, facts, seen, revised)"
                " values (?, 'Security', ?, ?, ?, ?, ?)",
                ("h", str(number), read, finding_to_json(alert.finding), read, read),
            )
            for notifier in ("sns", "console"):
                done = read if state in {"delivered", "buried"} else None
                db.change(
                    "insert into delivery (alert, notifier, state, attempts, due, failed, error, done, receipt)"
                    " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        number,
                        notifier,
                        state,
                        attempts,
                        time_to_column(due) if due else None,
                        read if error else None,
                        sentence_to_json(error) if error else None,
                        done,
                        receipt,
                    ),
                )


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
