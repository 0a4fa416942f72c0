"""The one door to ``journalctl``, which reads the systemd journal; systemd offers no other stable way but its C library."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Protocol

ABSENT = 20_001
"""``journalctl`` is not on this machine."""
ENDED = 20_002
"""It ended, and said something that is not known here."""
DENIED = 5
"""This user may not read the journal (the number is that of Windows, for the same words)."""
NO_CURSOR = 20_003
"""It does not take the cursor."""
PLACES = (Path("/usr/bin/journalctl"), Path("/bin/journalctl"))
_BLOCK = 1 << 16
_WORDS = 2_000


class JournalError(Exception):
    """``journalctl`` cannot be asked, or ended: ``code`` is one of those above, ``why`` what it said."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


class Running(Protocol):
    """A ``journalctl`` that runs. What it does not get rid of it keeps, so reading slowly loses nothing."""

    def take(self, patience: float = 0.0) -> bytes:
        """Give what it printed since this was asked last, waiting so many seconds for something; b"" for nothing."""
        ...

    @property
    def is_over(self) -> bool:
        """Tell whether it ended and all that it printed was taken. Raises ``JournalError`` where it failed."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class Journal(Protocol):
    """Starts ``journalctl``. Raises ``JournalError``."""

    def __call__(self, *arguments: str) -> Running:
        """Let it print entries as JSON, one a line."""
        ...


def journalctl() -> Path | None:
    """Give where ``journalctl`` is; None where it is not. It is never looked for along ``PATH``."""
    return next((place for place in PLACES if place.exists()), None)


class Journalctl:
    """Starts the machine's own; ``journal`` are further arguments that say which journal, as ``--directory``."""

    def __init__(self, *journal: str) -> None:
        self._journal = journal

    def __call__(self, *arguments: str) -> Running:
        """See ``Journal``."""
        program = journalctl()
        if program is None:
            raise JournalError(ABSENT, "journalctl")
        try:
            process = subprocess.Popen(  # noqa: S603 - no shell; the program is named with its folder
                [program, "--quiet", "--no-pager", "--output=json", *self._journal, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            )
        except OSError as error:
            raise JournalError(ENDED, error.strerror or type(error).__name__) from error
        return _Process(process)


class _Process:
    """See ``Running``."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._out, self._err = (file.fileno() for file in (process.stdout, process.stderr) if file)
        if sys.platform != "win32":  # where there is no journal
            for descriptor in (self._out, self._err):
                os.set_blocking(descriptor, False)
        self._ended = False
        self._words = b""

    def take(self, patience: float = 0.0) -> bytes:
        self._listen()
        if self._ended:
            return b""
        if patience:
            select.select([self._out], [], [], patience)
        try:
            block = os.read(self._out, _BLOCK)
        except BlockingIOError:
            return b""
        self._ended = not block
        return block

    def _listen(self) -> None:
        """Take what it complains of, so that it need not wait for a reader."""
        with suppress(BlockingIOError):
            while words := os.read(self._err, _BLOCK):
                self._words = (self._words + words)[-_WORDS:]

    @property
    def is_over(self) -> bool:
        if not self._ended:
            return False
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        self._listen()
        if self._process.returncode:
            why = " ".join(self._words.decode("utf-8", "backslashreplace").split())
            raise JournalError(_code_of(why), why or f"exit code {self._process.returncode}")
        return True

    def close(self) -> None:
        with suppress(OSError):
            self._process.kill()
        self._process.wait()
        for file in (self._process.stdout, self._process.stderr):
            if file is not None:
                file.close()


def _code_of(why: str) -> int:
    """Tell what it complained of; these words are those of systemd 219 to 257."""
    if "seek to cursor" in why:
        return NO_CURSOR
    return DENIED if "insufficient permissions" in why or "Permission denied" in why else ENDED
