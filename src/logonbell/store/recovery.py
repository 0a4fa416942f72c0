"""The previous copy of the outbox, and what is done when the outbox itself is damaged or gone.

Nothing damaged is deleted, and the fallback is always to something older: what was read since then is read again, and
its alerts come again with the same fingerprints. Their sequence numbers cannot be known any more, so numbering jumps
ahead of every number that may have been given.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
import zlib
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from logonbell.remarks import MENDED, Remarked
from logonbell.sentence import Sentence, say
from logonbell.store.chain import Chain
from logonbell.store.codec import Unreadable, sentence_to_json, text_from_column, time_to_column
from logonbell.store.database import Database
from logonbell.store.folder import patiently, sync_names
from logonbell.store.refusal import Damaged, refusing
from logonbell.store.remarks import Remarks
from logonbell.store.schema import APPLICATION, MIGRATIONS

COPY_AGE = timedelta(hours=1)
"""How old the copy may grow before an opening renews it."""
GAP = 1_000_000
"""More alerts than any host makes between two copies."""

GONE = "there is no file"
EMPTY = "the file is empty"

APPLICATION_ID = "pragma application_id"
TABLES = "select count(*) from sqlite_master"
CHECKED = "select bookmark, crc from bookmark union all select snapshot, crc from snapshot"
HIGHEST = """
select max(coalesce((select max(sequence) from host), 0), coalesce((select max(floor) from mending), 0))
"""
MEND = "insert into mending (time, what, floor) values (?, ?, ?)"


def recover(path: Path, now: datetime) -> Sentence | None:
    """Put a usable file where the outbox is damaged or gone, and say what was done; None where all was well.

    Only for who holds the lock. Raises ``Refused`` where nothing may be touched: a newer version, a forbidden file.
    """
    previous = previous_of(path)
    why, copy_fault = fault(path), fault(previous)
    if why is None or (why in (GONE, EMPTY) and copy_fault == GONE and not _asides(path)):
        return None  # without a copy it was never open, and what was never open has given no number
    rebuilding = path.with_name("outbox.rebuilding.sqlite3")
    aside = _free_name(path, now)
    try:
        what = _rebuild(rebuilding, previous, why=why, copy_fault=copy_fault, aside=aside.name, now=now)
        with refusing(path):
            # Stopped halfway, the next start finds the outbox gone, and does the same again.
            _move(path, aside)
            if copy_fault is not None:
                _move(previous, _free_name(path, now))
            _put(rebuilding, path)
    finally:
        with refusing(path):
            _remove(rebuilding)
    return what


def _rebuild(
    rebuilding: Path, previous: Path, *, why: str, copy_fault: str | None, aside: str, now: datetime
) -> Sentence:
    """Make a new outbox, from the previous copy unless that has a fault, too; say what it is."""
    with refusing(rebuilding):
        _remove(rebuilding)
        if copy_fault is None:
            shutil.copyfile(previous, rebuilding)
    database = Database(rebuilding, "rwc")
    try:
        database.migrate(MIGRATIONS)
        if copy_fault is None:
            floor = int(database.rows(HIGHEST)[0][0]) + GAP
            what = say(
                "The outbox cannot be used ({why}); whatever is left of it is kept as {aside}. logonbell goes on from the copy of {copied}: everything since then is read again, and an alert that was sent since then comes again with the same fingerprint. Alerts are now numbered from {number}.",
                why=why,
                aside=aside,
                copied=_made(previous).isoformat(timespec="seconds"),
                number=floor + 1,
            )
        else:
            floor = int(now.timestamp())  # no count of alerts comes as high
            what = say(
                "The outbox cannot be used ({why}), nor can its copy ({copy_fault}); whatever is left of it is kept as {aside}. logonbell starts again at the oldest record: an alert that was sent before comes again with the same fingerprint. Alerts are now numbered from {number}.",
                why=why,
                copy_fault=copy_fault,
                aside=aside,
                number=floor + 1,
            )
        with database.transaction():
            if copy_fault is None:
                Chain(database).begin()
            database.change(MEND, (time_to_column(now), sentence_to_json(what), floor))
            Remarks(database).add([Remarked(now, MENDED, what)])
    finally:
        database.close()
    return what


def fault(path: Path) -> str | None:
    """Say why a file is no usable outbox, None if it is one. Raises ``Refused`` for a newer or a forbidden one.

    The file is not written to, unless its first transaction was cut short: SQLite then undoes that by its journal.
    """
    with refusing(path):
        if not path.exists():
            return GONE
        cut_short = path.with_name(f"{path.name}-journal").exists()
    try:
        database = Database(path, "rw" if cut_short else "ro")
    except Damaged as damaged:
        return damaged.why
    try:
        if database.rows(TABLES)[0][0] == 0:
            return EMPTY
        if database.rows(APPLICATION_ID)[0][0] != APPLICATION:
            return "the file is not an outbox"
        database.refuse_newer(len(MIGRATIONS))
        database.check()
        if not all(_is_what_was_written(text, crc) for text, crc in database.rows(CHECKED)):
            return "a bookmark or the snapshot is not what was written"
    except Damaged as damaged:
        return damaged.why
    except sqlite3.Error as error:
        return str(error)  # a schema that does not answer our own questions
    finally:
        database.close()
    return None


def keep_copy(database: Database, now: datetime) -> None:
    """Replace the previous copy by one of today, if the database is whole. Raises ``Damaged``, and keeps the old copy."""
    previous = previous_of(database.path)
    copying = previous.with_name("outbox.copying.sqlite3")
    try:
        with refusing(copying):
            _remove(copying)
        database.copy_to(copying)
        if (why := fault(copying)) is not None:
            raise Damaged(database.path, why)
        with refusing(copying):
            os.utime(copying, (now.timestamp(), now.timestamp()))
            _put(copying, previous)
    finally:
        with refusing(copying):
            _remove(copying)


def copy_is_old(path: Path, now: datetime) -> bool:
    """Whether an opening should renew the copy: there is none, it is old, or it is from a time yet to come."""
    previous = previous_of(path)
    if not previous.exists():
        return True
    return not timedelta(0) <= now - _made(previous) < COPY_AGE


def previous_of(path: Path) -> Path:
    """Where the copy of a file stands."""
    return path.with_name("outbox.previous.sqlite3")


def checksum(text: str) -> int:
    """Tell a text from a damaged one: SQLite's own check looks at the structure of a file, not at its content."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def _is_what_was_written(text: object, crc: object) -> bool:
    try:
        return isinstance(text, str) and checksum(text_from_column(text)) == crc
    except Unreadable:
        return False


def _files(path: Path) -> list[Path]:
    """A database and what SQLite puts beside it: a new file beside an old companion would be written over by it."""
    return [path.with_name(path.name + ending) for ending in ("", "-wal", "-shm", "-journal")]


def _remove(path: Path) -> None:
    for file in _files(path):
        patiently(partial(file.unlink, missing_ok=True))


def _made(copy: Path) -> datetime:
    """When a copy was made: ``keep_copy`` dates the file."""
    return datetime.fromtimestamp(copy.stat().st_mtime, UTC)


def _asides(path: Path) -> list[Path]:
    return list(path.parent.glob("outbox.damaged-*"))


def _free_name(path: Path, now: datetime) -> Path:
    name = f"outbox.damaged-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    taken = {aside.name.partition(".sqlite3")[0] for aside in _asides(path)}
    names = itertools.chain([name], (f"{name}-{count}" for count in itertools.count(2)))
    return path.with_name(next(name for name in names if name not in taken) + ".sqlite3")


def _move(path: Path, aside: Path) -> None:
    for file, moved in zip(_files(path), _files(aside), strict=True):
        if file.exists():
            patiently(partial(file.rename, moved))


def _put(source: Path, target: Path) -> None:
    """Put a finished file in the place of another, so that after a power loss one of the two stands there, whole."""
    with source.open("r+b") as file:
        os.fsync(file.fileno())
    patiently(partial(source.replace, target))
    sync_names(target.parent)
