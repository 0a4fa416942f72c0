"""The chain over the history: every finding and every alert, each version of it, in the order in which it was kept.

What it covers, why it is no signature, and what it cannot show: docs/decisions/chain.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from logonbell.proof import NONE, Head, Link, digest
from logonbell.store.database import Database

FINDING = "finding"
ALERT = "alert"
FORGOTTEN = "forgotten"

NEWEST = "select number, mark from link order by number desc limit 1"
CHECKPOINT = "select number, mark from checkpoint"
ADD = "insert into link (number, kind, row, time, at, digest, mark) values (?, ?, ?, ?, ?, ?, ?)"
FINDINGS = """
select finding.link, finding.id, finding.time, finding.revised,
    finding.host, finding.channel, finding.record_id, finding.facts, finding.ended, finding.seen
from finding
"""
ALERTS = """
select alert.link, alert.id, alert.time, alert.read,
    alert.facts, alert.fingerprint, alert.host_id, alert.sequence, alert.level, alert.kind, alert.door, alert.silenced
from alert
"""
"""The link of a row, its key, its event's time, when it was kept, and what else is in it."""
ONE_FINDING = f"{FINDINGS} where host = ? and channel = ? and record_id = ? and time = ?"
ONE_ALERT = f"{ALERTS} where fingerprint = ?"
SOME_FINDINGS = f"{FINDINGS} where id > ? order by id limit 1000"
SOME_ALERTS = f"{ALERTS} where id > ? order by id limit 1000"
REFER = {
    FINDING: "update finding set link = ? where id = ?",
    ALERT: "update alert set link = ? where id = ?",
}
FIRST_KEPT = "select min(number) from link where at >= ?"
LAST_DROPPED = "select number, mark from link where number < ? order by number desc limit 1"
DROP = "delete from link where number < ?"
MOVE = "update checkpoint set number = ?, mark = ?"
FORGET_BEFORE = "update checkpoint set before = ? where before is null or before < ?"
BEGIN = "insert into history (name, since) values (lower(hex(randomblob(16))), ?)"
PUT_CHECKPOINT = "insert into checkpoint (id, number, mark) values (1, 0, ?) on conflict (id) do nothing"
NAME = "select name from history order by id desc limit 1"
NUMBER_ANEW = "update notifier set number = 0, mark = ''"


class Chain:
    """Adds links, for the transaction in which what they are about was kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def head(self) -> Head:
        """Give the newest link; where none is left, what the checkpoint remembers."""
        rows = self._database.rows(NEWEST) or self._database.rows(CHECKPOINT)
        return Head(*rows[0])

    def name(self) -> str:
        """Give the name of the history: 32 hexadecimal digits, drawn when it began."""
        return str(self._database.rows(NAME)[0][0])

    def begin(self) -> None:
        """Begin a history, or let an older copy of one go on under a name of its own; messages are numbered from 1 again."""
        self._database.change(PUT_CHECKPOINT, (NONE,))
        self._database.change(BEGIN, (self.head().number + 1,))
        self._database.change(NUMBER_ANEW)

    def take_up(self) -> None:
        """Add everything that stands in the history and is in no link yet."""
        for kind, sql in ((FINDING, SOME_FINDINGS), (ALERT, SOME_ALERTS)):
            last = 0
            while rows := self._database.rows(sql, (last,)):
                self._extend(link_of(kind, row) for row in rows)
                last = rows[-1][1]

    def keep(self, findings: Iterable[tuple[str, str, str, str]], alerts: Iterable[str]) -> None:
        """Add what was kept just now: findings by host, channel, record and time, alerts by fingerprint."""
        rows = [(FINDING, row) for key in findings for row in self._database.rows(ONE_FINDING, key)]
        rows += [(ALERT, row) for mark in alerts for row in self._database.rows(ONE_ALERT, (mark,))]
        self._extend(link_of(kind, row) for kind, row in rows)

    def forget(self, count: int, before: str) -> None:
        """Add that so many rows of before a time were forgotten, and drop the links of that time behind a checkpoint."""
        self._database.change(FORGET_BEFORE, (before, before))
        self._extend([Link(FORGOTTEN, count, before, before, "")])
        ((kept,),) = self._database.rows(FIRST_KEPT, (before,))
        for number, mark in self._database.rows(LAST_DROPPED, (kept,)):
            self._database.change(MOVE, (number, mark))
            self._database.change(DROP, (kept,))

    def _extend(self, links: Iterable[Link]) -> None:
        head = self.head()
        for link in links:
            head = link.behind(head)
            values = (head.number, link.kind, link.row, link.time, link.at, link.digest, head.mark)
            self._database.change(ADD, values)
            if link.kind in REFER:
                self._database.change(REFER[link.kind], (head.number, link.row))


def link_of(kind: str, row: Sequence[Any]) -> Link:
    """Make the link of a row of ``FINDINGS`` or ``ALERTS``."""
    _, key, time, at, *content = row
    return Link(kind, key, time, at, digest(content))
