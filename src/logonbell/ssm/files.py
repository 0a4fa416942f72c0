"""Reads files of another program without standing in its way."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

if sys.platform == "win32":
    import _winapi
    import msvcrt

    def _descriptor(path: Path) -> int:
        # Python's own open does not share deletion: while it reads, the agent could neither move nor remove the file.
        share_all, open_existing, the_link_itself = 0x7, 3, 0x00200000
        handle = _winapi.CreateFile(
            os.fspath(path), _winapi.GENERIC_READ, share_all, 0, open_existing, the_link_itself, 0
        )
        return msvcrt.open_osfhandle(handle, os.O_RDONLY | os.O_BINARY)

else:

    def _descriptor(path: Path) -> int:
        # O_NONBLOCK: to open a pipe is to wait for its writer.
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)


WRITTEN_ANEW = 2_000_000_000
"""Nanoseconds for which a folder's time of change is not trusted to tell a further change apart (FAT has two seconds)."""


class NotAFileError(OSError):
    """A link, a folder, a pipe: nothing that the agent writes."""


def read_bytes(path: Path, *, offset: int = 0, most: int) -> bytes:
    """Read at most ``most`` bytes from ``offset`` on. Raises ``OSError``, for a link too; the file may be renamed meanwhile."""
    if not stat.S_ISREG(path.lstat().st_mode):
        raise NotAFileError
    descriptor = _descriptor(path)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise NotAFileError
        file.seek(offset)
        parts: list[bytes] = []
        while most > 0 and (part := file.read(most)):
            parts.append(part)
            most -= len(part)
        return b"".join(parts)


def is_folder(path: Path) -> bool:
    """Tell whether a path is a folder itself, not a link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def may_exist(path: Path) -> bool:
    """Tell whether a path is there, or may be: only what is surely gone is gone."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return True
    return True


def forbidden(folders: Iterable[Path]) -> Path | None:
    """Give the first of these folders that this user may not look into."""
    for folder in folders:
        try:
            with os.scandir(folder):
                pass
        except PermissionError:
            return folder
        except (OSError, ValueError):
            continue
    return None


def shown(path: Path) -> str:
    """Give a path as text that every store and terminal can hold."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
