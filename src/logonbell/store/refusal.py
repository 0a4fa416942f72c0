"""What SQLite and the disk refuse, in words a person can act on."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from logonbell.errors import Refused
from logonbell.sentence import say

PATIENCE = 10
"""Seconds a connection waits for another one's transaction."""

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NO_FOLDER = {errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG}
FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


class Damaged(Refused):
    """The file is no longer what SQLite wrote. ``why`` is SQLite's own word."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            say("{path} is damaged ({why}).", path=str(path), why=why),
            say("Start the agent again: it sets the damaged file aside and goes on from the last good copy."),
        )
        self.why = why


@contextmanager
def refusing(path: Path) -> Iterator[None]:
    """Raise ``Refused`` for what happens to ``path`` and is not our own fault; our own faults pass."""
    try:
        yield
    except sqlite3.Error as error:
        refused = _from_sqlite(path, error)
        if refused is None:
            raise
        raise refused from error
    except OSError as error:
        raise _from_system(path, error) from error


def _from_sqlite(path: Path, error: sqlite3.Error) -> Refused | None:
    """Tell by the primary result code (sqlite.org/rescode.html); None for one that only a mistake of ours brings."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return Damaged(path, str(error))
        case sqlite3.SQLITE_FULL:
            return _full(path)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return _forbidden(path, str(error))
        case sqlite3.SQLITE_IOERR:
            return _failed(path, str(error))
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Refused(
                say(
                    "Another program keeps {path} locked for more than {seconds} seconds.",
                    path=str(path),
                    seconds=PATIENCE,
                ),
                say(
                    "Look which one it is, a backup or a virus scanner perhaps, and leave the state folder out of its work."
                ),
            )
    return None


def _from_system(path: Path, error: OSError) -> Refused:
    why = error.strerror or str(error)
    if error.errno in FULL:
        return _full(path)
    if error.errno in FORBIDDEN:
        return _forbidden(path, why)
    if error.errno in NO_FOLDER:
        return Refused(
            say("There is no folder {path}, and none can be made ({why}).", path=str(path), why=why),
            say("Name another state folder."),
        )
    return _failed(path, why)


def _full(path: Path) -> Refused:
    return Refused(
        say("The disk that holds {path} is full; nothing was marked as read or delivered.", path=str(path)),
        say("Free some space on it; logonbell goes on where it stopped."),
    )


def _forbidden(path: Path, why: str) -> Refused:
    return Refused(
        say("{path} cannot be opened or written ({why}).", path=str(path), why=why),
        say(
            "Let the account of logonbell write to {folder}, or name another state folder.",
            folder=str(path.parent),
        ),
    )


def _failed(path: Path, why: str) -> Refused:
    return Refused(
        say("Reading or writing {path} failed ({why}).", path=str(path), why=why),
        say(
            "Look whether the disk is full or failing, or another program holds the file; nothing was marked, and logonbell goes on where it stopped."
        ),
    )
