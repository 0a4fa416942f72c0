"""One agent for one state folder."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from logonbell.errors import Refused
from logonbell.sentence import say
from logonbell.store.refusal import refusing

if sys.platform == "win32":
    import msvcrt

    FAR = 1 << 30
    """The locked byte: far behind the process id, since Windows lets nobody read what is locked."""

    def _take(descriptor: int) -> bool:
        os.lseek(descriptor, FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EDEADLK):
                raise
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _take(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class Lock:
    """Held from its making until it is released or its process ends, however that ends: the system lets it go.

    The file stays behind, with the process id of its last owner; a file that is left is no lock. Raises ``Refused``
    where another process, or another lock of this one, holds it.
    """

    def __init__(self, path: Path) -> None:
        with refusing(path):
            self._file = path.open("a+b", buffering=0)
            try:
                self._claim(path)
            except BaseException:
                self.release()
                raise

    def _claim(self, path: Path) -> None:
        if not _take(self._file.fileno()):
            self._file.seek(0)
            raise _held(path, self._file.read(20))
        self._file.truncate(0)
        self._file.write(str(os.getpid()).encode())

    def release(self) -> None:
        """Let the next one in."""
        self._file.close()


def _held(path: Path, owner: bytes) -> Refused:
    hint = say("Stop the other one first, or give this one a state folder of its own.")
    folder = str(path.parent)
    if owner.isdigit():
        return Refused(
            say(
                "Another logonbell (process {pid}) is at work in {folder}.",
                pid=int(owner),
                folder=folder,
            ),
            hint,
        )
    return Refused(say("Another logonbell is at work in {folder}.", folder=folder), hint)


def owner(path: Path) -> int | None:
    """Give the process id that was written by whoever held the lock last, and may hold it still; None where nobody did."""
    try:
        text = path.read_bytes()[:20]
    except OSError:
        return None
    return int(text) if text.isdigit() else None
