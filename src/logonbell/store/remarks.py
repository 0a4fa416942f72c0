"""What must be told besides, kept until each notifier has told it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from logonbell.notification import Remark
from logonbell.remarks import Remarked, gather
from logonbell.sentence import say
from logonbell.store.codec import (
    Unreadable,
    sentence_from_json,
    sentence_to_json,
    text_from_column,
    text_to_column,
    time_from_column,
    time_to_column,
)
from logonbell.store.database import Database, Values

ADD = "insert into remark (time, kind, what, count, host_id, first, last) values (?, ?, ?, ?, ?, ?, ?)"
UNTOLD = """
select id, time, kind, what, count, host_id, first, last from remark
where id > coalesce((select remarks from telling order by id desc limit 1), 0)
    and id > coalesce((select max(remarks) from notifier), 0)
order by id desc limit 1
"""
GROW = "update remark set count = ?, last = ? where id = ?"
TOLD = "select remarks from notifier where name = ?"
TELL = """
insert into notifier (name, remarks) values (?, ?)
on conflict (name) do update set remarks = max(remarks, excluded.remarks)
"""
SELECT = "select time, kind, what, count, host_id, first, last from remark"
BETWEEN = f"{SELECT} where id > ? and id <= ? order by id"
LOSSES = "select count(*) from remark where kind = 'lost' and time > ? and coalesce(count, 1) > 0"
FORGET = "delete from remark where time < ? and id <= (select coalesce(min(remarks), 0) from notifier)"


class Remarks:
    """What was found, in the order in which it was. How far each notifier has told it moves as messages are delivered."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, remarks: Iterable[Remarked]) -> None:
        """Keep remarks, for the transaction in which they were found.

        One that goes on where the last one ended, and that no message carries yet, lets that one grow.
        """
        for one in remarks:
            if one.numbers is not None and self._grow(one):
                continue
            first, last = one.numbers or (None, None)
            host_id = None if one.host_id is None else text_to_column(one.host_id)
            values = (time_to_column(one.time), one.kind, sentence_to_json(one.what), one.count)
            self._database.change(ADD, (*values, host_id, first, last))

    def _grow(self, one: Remarked) -> bool:
        for key, *row in self._database.rows(UNTOLD):
            both = one.behind(_remarked(row))
            if both is not None and both.numbers is not None:
                self._database.change(GROW, (both.count, both.numbers[1], key))
                return True
        return False

    def told(self, notifier: str) -> int:
        """Give the newest remark that a notifier has told."""
        return next((told for (told,) in self._database.rows(TOLD, (text_to_column(notifier),))), 0)

    def tell(self, notifier: str, remark: int) -> None:
        """Note that a notifier has told everything up to a remark."""
        self._database.change(TELL, (text_to_column(notifier), remark))

    def between(self, told: int, newest: int) -> tuple[Remark, ...]:
        """Gather what was found behind one remark, up to another, into a few sentences."""
        return gather(self._read(BETWEEN, (told, newest)))

    def losses(self, since: datetime) -> int:
        """Count how often something of a log was lost behind a time, as far as that is still kept."""
        return int(self._database.rows(LOSSES, (time_to_column(since),))[0][0])

    def forget(self, before: datetime) -> None:
        """Drop what every notifier told, and was found before a time."""
        self._database.change(FORGET, (time_to_column(before),))

    def _read(self, sql: str, values: Values) -> Iterable[Remarked]:
        return [_remarked(row) for row in self._database.rows(sql, values)]


def _remarked(row: Sequence[Any]) -> Remarked:
    time, kind, what, count, host_id, first, last = row
    try:
        sentence = sentence_from_json(what)
    except Unreadable as error:
        sentence = say("A remark cannot be read any more ({why}).", why=str(error))
    return Remarked(
        time_from_column(time),
        kind,
        sentence,
        count,
        None if host_id is None else text_from_column(host_id),
        None if first is None or last is None else (first, last),
    )
