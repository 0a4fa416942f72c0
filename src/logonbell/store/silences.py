"""The silences that were made, and what each held back."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from logonbell.silence import Silence
from logonbell.store.codec import (
    Unreadable,
    cover_from_json,
    cover_to_json,
    text_from_column,
    text_to_column,
    time_from_column,
    time_to_column,
)
from logonbell.store.database import Database, Values

ADD = "insert into silence (cover, because, author, begins, ends) values (?, ?, ?, ?, ?)"
LAST = "select last_insert_rowid()"
COLUMNS = "select id, cover, because, author, begins, ends, held, notice from silence"
RECENT = f"{COLUMNS} where ends > ? order by id"
ONE = f"{COLUMNS} where id = ?"
ANNOUNCE = "update silence set notice = ? where id = ?"
END = "update silence set ends = max(begins, ?) where id = ? and ends > ?"
HELD = "update silence set held = held + 1 where id = ?"
FORGET = "delete from silence where ends < ?"


class Silences:
    """Silences by their numbers. One that cannot be read any more silences nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, silence: Silence) -> Silence:
        """Keep a silence, and give it its number. For the transaction that rings of it."""
        values = (
            cover_to_json(silence.cover),
            text_to_column(silence.because),
            text_to_column(silence.author),
            time_to_column(silence.begins),
            time_to_column(silence.ends),
        )
        self._database.change(ADD, values)
        ((number,),) = self._database.rows(LAST)
        return replace(silence, number=number)

    def announce(self, silence: Silence, notice: str) -> None:
        """Let it hold back nothing before somebody took the notice of this fingerprint."""
        self._database.change(ANNOUNCE, (notice, silence.number))

    def since(self, time: datetime) -> list[Silence]:
        """Give those that end behind a time."""
        return list(self._read(RECENT, (time_to_column(time),)))

    def one(self, number: int) -> Silence | None:
        """Give one by its number."""
        return next(iter(self._read(ONE, (number,))), None)

    def end(self, number: int, now: datetime) -> bool:
        """End one; False where it has ended already. For the transaction that rings of it."""
        at = time_to_column(now)
        return self._database.change(END, (at, number, at)) > 0

    def held(self, silence: Silence) -> None:
        """Count an alert that it held back."""
        self._database.change(HELD, (silence.number,))

    def forget(self, before: datetime) -> None:
        """Drop those that ended before a time."""
        self._database.change(FORGET, (time_to_column(before),))

    def _read(self, sql: str, values: Values) -> Iterable[Silence]:
        for number, cover, because, author, begins, ends, held, notice in self._database.rows(sql, values):
            with suppress(Unreadable):
                yield Silence(
                    number,
                    cover_from_json(cover),
                    text_from_column(because),
                    text_from_column(author),
                    time_from_column(begins),
                    time_from_column(ends),
                    held,
                    notice,
                )
