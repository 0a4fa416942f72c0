"""Small things that are known from one time to the next, each under its name."""

from __future__ import annotations

from datetime import datetime

from logonbell.store.codec import text_from_column, text_to_column, time_to_column
from logonbell.store.database import Database

RECALL = "select what from memory where name = ?"
REMEMBER = """
insert into memory (name, what, time) values (?, ?, ?)
on conflict (name) do update set what = excluded.what, time = excluded.time
"""


class Memory:
    """A part of the outbox: what is remembered inside its ``together`` is kept with what is rung there, or not at all."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def recall(self, name: str) -> str | None:
        """Give what was remembered last under a name. Raises ``Unreadable`` (a ``ValueError``) for what is damaged."""
        rows = self._database.rows(RECALL, (text_to_column(name),))
        return text_from_column(rows[0][0]) if rows else None

    def remember(self, name: str, what: str, now: datetime) -> None:
        """Remember it in place of what was."""
        values = (text_to_column(name), text_to_column(what), time_to_column(now))
        self._database.change(REMEMBER, values)
