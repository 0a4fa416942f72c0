"""A disk that can be looked at, fail and lose its power, and a clock that can be set: ``disk.c``, preloaded under a program.

For Linux, with a C compiler.
"""

from __future__ import annotations

import errno
import os
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path

import pytest

from logonbell.store import folder as state_folder

SOURCE = Path(__file__).with_suffix(".c")


class Operation(IntFlag):
    """What may fail; ``disk.c`` knows the same."""

    WRITE = 1
    SYNC = 2
    OPEN = 4
    NAME = 8
    READ = 16


FULL = (errno.ENOSPC, Operation.WRITE)
"""What is there can still be renamed and deleted."""
READ_ONLY = (errno.EROFS, Operation.WRITE | Operation.OPEN | Operation.NAME)
FAILING = (errno.EIO, Operation.WRITE | Operation.SYNC)
HELD = (errno.EBUSY, Operation.NAME)
"""Somebody has the file open, as a virus scanner does: it can be written, and neither replaced nor deleted."""


def built(folder: Path) -> Path:
    """Compile the library into a folder."""
    library = folder / "disk.so"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o", library, SOURCE], check=True
    )
    return library


@contextmanager
def small_files(most: int) -> Iterator[None]:
    """Let no file of this process grow beyond ``most`` bytes."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@dataclass(frozen=True)
class Disk:
    """What is below ``root``, for the programs that are started with its ``environment``."""

    library: Path
    root: Path
    journal: Path | None = None
    control: Path | None = None
    """The file that says what fails: see ``fails``."""

    @property
    def environment(self) -> dict[str, str]:
        """Give the environment of a program that uses it."""
        named = {"LD_PRELOAD": self.library, "DISK_ROOT": self.root}
        if self.journal:
            named["DISK_JOURNAL"] = self.journal
        if self.control:
            named["DISK_FAULT"] = self.control
        return os.environ | {name: str(path) for name, path in named.items()}

    def fails(self, number: int, operations: Operation) -> None:
        """Let operations fail from now on, with this errno. A program sees it if there was a control file at its start."""
        self._control(0, struct.pack("ii", number, operations))

    def well(self) -> None:
        """Let it work from now on."""
        self.fails(0, Operation(0))

    def set_clock(self, seconds: int) -> None:
        """Let the clock be wrong by so much from now on."""
        self._control(8, struct.pack("q", seconds))

    def _control(self, place: int, what: bytes) -> None:
        assert self.control is not None
        if not self.control.exists():
            self.control.write_bytes(bytes(16))
        with self.control.open("r+b") as file:
            file.seek(place)
            file.write(what)


class Held:
    """A file system on which somebody holds files: so many moves or deletions fail, with this errno."""

    def __init__(self, number: int, tries: int, monkeypatch: pytest.MonkeyPatch, *acts: str) -> None:
        self.left = tries
        for name in acts or ("replace", "rename", "unlink"):
            monkeypatch.setattr(Path, name, self._holding(number, getattr(Path, name)))
        monkeypatch.setattr(state_folder, "PAUSE", 0.0)

    def _holding(self, number: int, act: Callable[..., object]) -> Callable[..., object]:
        def held(path: Path, *arguments: object, **named: object) -> object:
            if self.left > 0 and path.exists():
                self.left -= 1
                raise OSError(number, os.strerror(number))
            return act(path, *arguments, **named)

        return held
