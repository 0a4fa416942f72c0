"""The state folder, and that what stands in a folder still stands there after a power loss."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path


def make(folder: Path) -> None:
    """Make a folder, for its owner alone, with those above it; afterwards their names are on the disk."""
    missing = [each for each in folder.parents if not each.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
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
