from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from logonbell.errors import Refused
from logonbell.sentence import say
from logonbell.store.refusal import refusing

STATE = Path("/var/lib/logonbell/outbox.sqlite3")


def test_our_own_mistakes_pass() -> None:
    """A mistake in our SQL is a bug to be reported, not something a person is asked to mend."""
    with sqlite3.connect(":memory:") as db:
        with pytest.raises(sqlite3.OperationalError, match="no such table"), refusing(STATE):
            db.execute("select * from nowhere")
        with pytest.raises(sqlite3.ProgrammingError), refusing(STATE):
            db.execute("select ?", ())
    db.close()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "is full; nothing was marked"),
        (errno.EDQUOT, "is full; nothing was marked"),
        (errno.EACCES, "cannot be opened or written (Permission denied)"),
        (errno.EROFS, "cannot be opened or written (Read-only file system)"),
        (errno.ENOTDIR, "none can be made (Not a directory)"),
        (errno.EEXIST, "none can be made (File exists)"),
        (errno.EIO, "failed (Input/output error)"),
    ],
)
def test_system_errors_say_what_to_do(number: int, words: str) -> None:
    """What the system refuses is told with the file's name, its own reason and a way out."""
    with pytest.raises(Refused) as caught, refusing(STATE):
        raise OSError(number, os.strerror(number))
    assert words in str(caught.value.what)
    assert str(STATE) in str(caught.value.what)
    assert caught.value.hint is not None


def test_refused_passes_as_it_is() -> None:
    """What was already told is not told twice."""
    refused = Refused(say("No."))
    with pytest.raises(Refused) as caught, refusing(STATE):
        raise refused
    assert caught.value is refused
