"""Every finding, kept for reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from logonbell.event import EventRef
from logonbell.logon import Finding, Logoff, Logon
from logonbell.sentence import say
from logonbell.source import Loss
from logonbell.store.codec import (
    Unreadable,
    finding_from_json,
    finding_to_json,
    text_to_column,
    time_from_column,
    time_to_column,
)
from logonbell.store.database import Database

KEEP = """
insert into finding (host, channel, record_id, time, facts, seen, revised) values (?, ?, ?, ?, ?, ?, ?)
on conflict (host, channel, record_id, time) do update set facts = excluded.facts, revised = excluded.revised
"""
END = (
    "update finding set ended = ?, revised = ? where host = ? and channel = ? and record_id = ? and time = ?"
)
ONE = "select facts, ended from finding where host = ? and channel = ? and record_id = ? and time = ?"
BETWEEN = "select facts, ended, seen, revised from finding where time >= ? and time < ? order by time, id"
FORGET = "delete from finding where time < ? or revised < ?"


@dataclass(frozen=True, slots=True)
class Kept:
    """A finding in its latest version; ``seen`` is when its first version was read, ``revised`` when its last was."""

    finding: Finding
    seen: datetime
    revised: datetime


class History:
    """What was found, in the order of its events."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def between(self, since: datetime, until: datetime) -> Iterator[Kept | Loss]:
        """Give the findings with ``since <= time < until``; a row that cannot be read any more is a ``Loss``."""
        for facts, ended, seen, revised in self._database.stream(
            BETWEEN, (time_to_column(since), time_to_column(until))
        ):
            try:
                finding = finding_from_json(facts)
                if isinstance(finding, Logon) and ended is not None:
                    finding = replace(finding, ended=time_from_column(ended))
                yield Kept(finding, time_from_column(seen), time_from_column(revised))
            except Unreadable as error:
                what = say("A row of the history cannot be read any more ({why}).", why=str(error))
                yield Loss(str(self._database.path), what, 1)

    def logon(self, host: str, main: EventRef, time: datetime) -> Logon | None:
        """Give the logon that a main event stands for; None where it was not kept, or cannot be read any more."""
        for facts, ended in self._database.rows(ONE, _key(host, main, time)):
            try:
                finding = finding_from_json(facts)
            except Unreadable:
                return None
            if isinstance(finding, Logon):
                return replace(finding, ended=time_from_column(ended)) if ended is not None else finding
        return None


Place = tuple[str, str, str, str]
"""By what a row is found: host, channel, record and time, as they stand in its columns."""


def keep(database: Database, findings: Iterable[Finding], read: datetime) -> list[Place]:
    """Keep findings, or newer versions of them; a logoff also ends its logon. For the caller's transaction.

    Returns the rows that were written, each once.
    """
    seen = time_to_column(read)
    written: dict[Place, None] = {}
    for finding in findings:
        key = _key(finding.host, finding.main, finding.time)
        database.change(KEEP, (*key, finding_to_json(finding), seen, seen))
        written[key] = None
        if isinstance(finding, Logoff):
            logon = _key(finding.host, finding.logon, finding.began)
            database.change(END, (time_to_column(finding.time), seen, *logon))
            written[logon] = None
    return list(written)


def forget(database: Database, before: datetime) -> int:
    """Drop findings of events before a time, and what was last heard of before it; return how many.

    The latter for events that a wrong clock dated into the future.
    """
    limit = time_to_column(before)
    return database.change(FORGET, (limit, limit))


def _key(host: str, main: EventRef, time: datetime) -> Place:
    return text_to_column(host), text_to_column(main.channel), str(main.record_id), time_to_column(time)
