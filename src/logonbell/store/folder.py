"""The state folder: its names after a power loss, and its files while somebody else holds them."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

HELD = {errno.EACCES, errno.EBUSY, errno.EPERM}
"""What the system says of a file that somebody holds; Windows' sharing violation is the first."""
TRIES, PAUSE = 20, 0.1
"""How often it is tried to move or delete a file, and the seconds in between: a virus scanner lets go within one."""


def make(folder: Path) -> None:
    """Make a folder, for its owner alone, with those above it, which others may enter; then their names are on the disk."""
    missing = [each for each in folder.parents if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o755, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    for each in (folder, *missing):  # this one though it was there: whoever made it may not have come so far
        with suppress(PermissionError):  # of a folder that may not be read, the file system must see to it
            sync_names(each.parent)


def sync_names(folder: Path) -> None:
    """Wait until the names in a folder are on the disk; a file that is synced may still have none."""
    if sys.platform == "win32":  # Windows has no way to do this
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def patiently(act: Callable[[], object]) -> None:
    """Move or delete a file, also where a virus scanner or an indexer holds it for a moment."""
    for _ in range(TRIES - 1):
        try:
            act()
        except OSError as error:
            if error.errno not in HELD:
                raise
            time.sleep(PAUSE)
        else:
            return
    act()
