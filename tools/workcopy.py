"""A copy of the checkout, for tools that change code and look what the tests say."""

# ruff: noqa: INP001  this folder is no package

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_COPIED = ("src", "tests", "tools", "docs")
_MEMORY = Path("/dev/shm")  # noqa: S108 - tests wait for the disk at each step; in memory there is nothing to wait for


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a folder, in memory where that can be, that is gone afterwards."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as name:
        folder = Path(name)
        folder.chmod(0o755)  # some tests become somebody who may do little
        yield folder


def copied(folder: Path) -> Path:
    """Make a copy of all that the tests need."""
    for name in _COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in ROOT.glob("*"):
        if path.is_file():
            shutil.copy(path, folder)
    return folder
