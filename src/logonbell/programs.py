"""The one door to the machine's own programs: never a shell, never a program that is looked for."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import NamedTuple, Protocol

from logonbell.errors import Refused
from logonbell.sentence import say

PATIENCE = 60
"""Seconds that a command may take."""
NO_WINDOW = 0x0800_0000
"""CREATE_NO_WINDOW: a console of its own, unseen; it has the machine's OEM code page."""


class Answer(NamedTuple):
    """How a command ended (0 is well; many give the Win32 error), and what it said."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """The program's own words for what went wrong, on one line, in the language of the machine."""
        return " ".join((self.err.strip() or self.out.strip() or f"exit code {self.code}").split())


class Commands(Protocol):
    """Runs one of the machine's own programs, named without folder and ending. Raises ``Refused`` where it cannot run."""

    def __call__(self, program: str, *arguments: str) -> Answer:
        """Run it to its end."""
        ...


class Programs:
    """Runs the programs of one folder. What they print is in ``encoding``: on Windows the code page of the console."""

    def __init__(self, folder: Path, *, ending: str = ".exe", encoding: str = "oem") -> None:
        self._folder = folder
        self._ending = ending
        self._encoding = encoding

    def __call__(self, program: str, *arguments: str) -> Answer:
        """Run it with nothing to read, and see what it prints."""
        path = self._folder / f"{program}{self._ending}"
        try:
            done = subprocess.run(  # noqa: S603 - no shell; the program is named with its folder
                [path, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=PATIENCE,
                check=False,
                creationflags=NO_WINDOW if os.name == "nt" else 0,
            )
        except subprocess.TimeoutExpired as late:
            raise Refused(
                say("{program} did not end within {seconds} seconds.", program=program, seconds=PATIENCE),
                say("Try again; if it stays so, restart the machine."),
            ) from late
        except OSError as error:
            raise Refused(
                say("{program} cannot be run: {why}.", program=str(path), why=error.strerror or str(error)),
                say("Look what keeps it from running (AppLocker or SELinux, for one)."),
            ) from error
        return Answer(done.returncode, self._text(done.stdout), self._text(done.stderr))

    def _text(self, raw: bytes) -> str:
        return raw.decode(self._encoding, "replace")


def demand(answer: Answer, program: str) -> Answer:
    """Give the answer of a command that did what it was asked; raise ``Refused`` with its words for another."""
    if answer.code != 0:
        raise Refused(
            say("{program} failed ({code}): {words}", program=program, code=answer.code, words=answer.words),
            say("Mend that, and run the command again: it goes on where it stopped."),
        )
    return answer
