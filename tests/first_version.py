"""An outbox as the first version of it was."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from logonbell.sentence import say
from logonbell.store.codec import alert_to_json, finding_to_json, sentence_to_json, time_to_column
from logonbell.store.database import Database
from logonbell.store.outbox import FILE
from logonbell.store.schema import MIGRATIONS
from notifications import HOST_ID, NOON, notification

LATER = NOON + timedelta(hours=1)
STATES = {
    1: ("delivered", 1, None, None, "receipt-1"),
    2: ("buried", 3, None, say("It is too large."), None),
    3: ("pending", 7, LATER, say("Nobody is there."), None),
    4: ("pending", 0, None, None, None),
    5: ("pending", 0, None, None, None),
}
"""By number, as version 1 kept a delivery: state, attempts, due, error, receipt. The facts of 5 are damaged."""


def write_first_version(folder: Path, *, host_id: str = HOST_ID) -> None:
    """Write an outbox as version 1 of it was, with an alert in each state for each of two notifiers."""
    folder.mkdir()
    with closing(Database(folder / FILE, "rwc")) as db:
        db.migrate(MIGRATIONS[:1])
        db.change("pragma journal_mode = wal")
        db.change("insert into host values (?, ?)", (host_id, 5))
        for number, (state, attempts, due, error, receipt) in STATES.items():
            alert = notification(number, host_id=host_id).alert
            facts = "{" if number == 5 else alert_to_json(alert)
            read = time_to_column(NOON)
            db.change(
                "insert into alert (fingerprint, host_id, sequence, read, facts) values (?, ?, ?, ?, ?)",
                (alert.fingerprint, host_id, number, read, facts),
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
