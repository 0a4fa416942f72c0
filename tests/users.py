"""Another user than root, whom a file may be forbidden to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def as_nobody(folder: Path, *, writes: Path | None = None) -> Iterator[None]:
    """Be a user without rights for a while, who may walk to ``folder``, and owns what it ``writes`` into; root may all."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        yield
        return
    for place in (folder, *folder.parents):
        if place.stat().st_mode & 0o007 == 0:
            place.chmod(0o755)  # pytest's own folders are nobody else's
    if writes is not None:
        os.chown(writes, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
