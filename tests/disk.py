"""A disk that can be looked at, fail and lose its power, and a clock that can be set: ``disk.c``, preloaded under a program.

For Linux, with a C compiler.
"""

from __future__ import annotations

import errno
import os
import struct
import subprocess
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path

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
