"""One connection to one SQLite file, for one thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from logonbell.errors import Refused
from logonbell.sentence import say
from logonbell.store.refusal import PATIENCE, Damaged, refusing

Mode = Literal["ro", "rw", "rwc"]
"""SQLite's own words: read only, read and write, and create what is not there."""

Values = Sequence[str | int | None]


class Database:
    """A connection whose errors are told as ``Refused`` (``Damaged`` for a broken file).

    A commit is on the disk when it returns (``synchronous = full``). A writer waits ``PATIENCE`` seconds for another.
    """

    def __init__(self, path: Path, mode: Mode) -> None:
        self.path = path
        with refusing(path):
            uri = f"{path.absolute().as_uri()}?mode={mode}"
            self._connection = sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)
        # Damaged text is found by who decodes it; here it would be an error without a code.
        self._connection.text_factory = _lenient
        try:
            self.change("pragma synchronous = full")
            self.change("pragma foreign_keys = on")
        except BaseException:
            self.close()
            raise

    def rows(self, sql: str, values: Values = ()) -> list[Any]:
        """Everything that a query gives."""
        with refusing(self.path):
            return self._connection.execute(sql, values).fetchall()

    def stream(self, sql: str, values: Values = ()) -> Iterator[Any]:
        """What a query gives, row by row, for what may not fit into memory."""
        with refusing(self.path):
            yield from self._connection.execute(sql, values)

    def change(self, sql: str, values: Values = ()) -> int:
        """Run a statement; return how many rows it changed (-1 where that has no meaning)."""
        with refusing(self.path):
            return self._connection.execute(sql, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and on the disk; inside another transaction, a part of that one."""
        if self._connection.in_transaction:
            yield
            return
        self.change("begin immediate")  # a lock taken later could not be waited for
        try:
            yield
            self.change("commit")
        except BaseException:
            # A full disk has rolled back already.
            if self._connection.in_transaction:
                self._connection.rollback()
            raise

    @contextmanager
    def unmoved(self) -> Iterator[None]:
        """Let everything that is read inside be of one moment, and hold up no writer."""
        self.change("begin")
        try:
            yield
        finally:
            self.change("rollback")

    def version(self) -> int:
        """The version of the schema; 0 before the first migration."""
        (version,) = self.rows("pragma user_version")[0]
        return int(version)

    def migrate(self, migrations: Sequence[Callable[[Database], None]]) -> None:
        """Bring the schema up to date, all steps or none. Raises ``Refused`` for a newer one, and touches nothing."""
        self.refuse_newer(len(migrations))
        with self.transaction():
            for migration in migrations[self.version() :]:
                migration(self)
            # Written even where it stays the same: SQLite opens a write-protected file without a word.
            self.change(f"pragma user_version = {len(migrations)}")

    def refuse_newer(self, known: int) -> None:
        """Raise ``Refused`` where the schema is newer than ``known``."""
        if (version := self.version()) > known:
            raise Refused(
                say(
                    "{path} was written by a newer logonbell (version {version} of the outbox; this one knows {known}).",
                    path=str(self.path),
                    version=version,
                    known=known,
                ),
                say("Install that newer logonbell again, or give this one a state folder of its own."),
            )

    def refuse_older(self, known: int) -> None:
        """Raise ``Refused`` where the schema is older than ``known``: only the agent migrates."""
        if (version := self.version()) < known:
            raise Refused(
                say(
                    "{path} was written by an older logonbell (version {version} of the outbox; this one knows {known}).",
                    path=str(self.path),
                    version=version,
                    known=known,
                ),
                say("Start the agent of this version; it brings the outbox up to date."),
            )

    def check(self) -> None:
        """Raise ``Damaged`` where SQLite finds anything wrong with the file."""
        for (finding,) in self.rows("pragma integrity_check(1)"):
            if finding != "ok":
                raise Damaged(self.path, str(finding))

    def copy_to(self, path: Path) -> None:
        """Copy the whole file as it stands, in one step, into one file without companions; nobody waits for the disk yet."""
        with refusing(self.path):
            target = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None)
            try:
                target.execute("pragma synchronous = off")
                self._connection.backup(target)
                target.execute("pragma journal_mode = delete")
            finally:
                target.close()

    def close(self) -> None:
        """Let the file go."""
        self._connection.close()


def _lenient(text: bytes) -> str:
    return text.decode("utf-8", "replace")
