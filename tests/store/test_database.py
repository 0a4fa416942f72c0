from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from logonbell.errors import Refused
from logonbell.store.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A new file, with a name that needs care in a URI."""
    database = Database(tmp_path / "a ? #%.sqlite3", "rwc")
    yield database
    database.close()


def first(database: Database) -> None:
    """Migrate to version 1."""
    database.change("create table song (title)")


def second(database: Database) -> None:
    """Migrate to version 2."""
    database.change("alter table song add column composer")
    database.change("insert into song values ('Erlkönig', 'Schubert')")


def broken(database: Database) -> None:
    """Fail in the middle."""
    database.change("drop table song")
    raise RuntimeError("halfway")


def test_new_file_takes_every_step(database: Database) -> None:
    """A new file gets the newest schema, and stays there."""
    for _ in range(2):
        database.migrate([first, second])
        assert database.version() == 2
        assert database.rows("select * from song") == [("Erlkönig", "Schubert")]


def test_older_file_takes_the_missing_steps(database: Database) -> None:
    """An older file keeps what it holds and takes only the steps that it has not taken."""
    database.migrate([first])
    database.change("insert into song values ('Gretchen')")
    database.migrate([first, second])
    assert database.rows("select title, composer from song order by title") == [
        ("Erlkönig", "Schubert"),
        ("Gretchen", None),
    ]


def test_broken_step_undoes_all(database: Database) -> None:
    """A migration that fails leaves the file of the old version as it was."""
    database.migrate([first])
    with pytest.raises(RuntimeError, match="halfway"):
        database.migrate([first, second, broken])
    assert database.version() == 1
    assert database.rows("select title from song") == []


def test_newer_file_is_refused(database: Database) -> None:
    """A file from the future is not migrated back."""
    database.migrate([first, second])
    with pytest.raises(Refused, match=r"version 2 .* this one knows 1"):
        database.migrate([first])
    assert database.version() == 2


def test_inner_transaction_belongs_to_the_outer(database: Database) -> None:
    """What is done inside a transaction is undone with it, even if it was a transaction by itself."""
    database.migrate([first])

    def fail() -> None:
        with database.transaction():
            with database.transaction():
                database.change("insert into song values ('a')")
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        fail()
    assert database.rows("select * from song") == []
    with database.transaction():
        database.change("insert into song values ('b')")
    assert database.rows("select * from song") == [("b",)]


def test_transaction_keeps_others_out_from_its_start(database: Database) -> None:
    """What a transaction has read is still true when it writes."""
    database.change("pragma journal_mode = wal")  # else a mere reader keeps writers out
    database.migrate([first])
    other = Database(database.path, "rw")
    other.change("pragma busy_timeout = 0")
    try:
        with database.transaction():
            database.rows("select * from song")
            with pytest.raises(Refused, match="Another program keeps"):
                other.change("insert into song values ('a')")
            database.change("insert into song values ('b')")
    finally:
        other.close()
    assert database.rows("select * from song") == [("b",)]


def test_read_only_writes_nothing(database: Database) -> None:
    """Who opens a file to look at it cannot change it."""
    database.migrate([first])
    onlooker = Database(database.path, "ro")
    try:
        with pytest.raises(Refused, match="cannot be opened or written"):
            onlooker.change("insert into song values ('a')")
    finally:
        onlooker.close()


def test_commits_wait_for_the_disk(database: Database) -> None:
    """A committed transaction survives a power loss: every connection waits for the disk."""
    assert database.rows("pragma synchronous") == [(2,)]
    assert database.rows("pragma foreign_keys") == [(1,)]
    assert database.rows("pragma busy_timeout") == [(10_000,)]


def test_rows_come_one_by_one(database: Database) -> None:
    """A long answer is given as it is read."""
    database.migrate([first, second])
    stream = database.stream("select title from song")
    assert next(stream) == ("Erlkönig",)
    assert next(stream, None) is None
