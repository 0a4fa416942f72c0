"""Where a command speaks: its two streams, the language, and the zone in which people live."""

from __future__ import annotations

import locale
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Protocol, TextIO

from logonbell.commands.wall_clock import MachineZone
from logonbell.errors import Refused
from logonbell.sentence import Sentence, say
from logonbell.source import Loss
from logonbell.text.language import LANGUAGES, language_of_locale, speak
from logonbell.text.terminal import Terminal

MENDABLE = 1
"""Exit code: something is wrong that the user can mend."""
OURS = 3
"""Exit code: the fault is logonbell's."""
INTERRUPTED = 130


class Log(Protocol):
    """Keeps what is remarked, where nobody sits at the desk."""

    def note(self, text: str, *, warns: bool) -> None:
        """Keep a remark. One that cannot be kept is lost."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """``out`` is for what was asked for, ``err`` for what is said about it."""

    out: Terminal
    err: Terminal
    language: str
    zone: tzinfo
    log: Log | None = None

    @classmethod
    def at(
        cls,
        stdout: TextIO,
        stderr: TextIO,
        environment: Mapping[str, str],
        *,
        language: str | None = None,
        zone: tzinfo | None = None,
    ) -> Desk:
        """Make the desk of a process; what is not said is taken from the machine."""
        return cls(
            Terminal(stdout, environment),
            Terminal(stderr, environment),
            language if language in LANGUAGES else language_of_locale(environment, _locale_name()),
            zone or _zone_of_machine(),
        )

    def say(self, sentence: Sentence) -> None:
        """Say a line of what was asked for."""
        self.out.line(speak(sentence, self.out.language(self.language)))

    def with_log(self, log: Log) -> Desk:
        """Give the same desk, with a log."""
        return replace(self, log=log)

    def remark(self, sentence: Sentence, *, warns: bool = True) -> None:
        """Say a line about it, where no program reads. A remark that cannot be written stops nobody's work."""
        if self.log is not None:
            self.log.note(speak(sentence, self.language), warns=warns)
        with suppress(OSError, ValueError):  # its reader has gone, or the disk under it is full
            self.err.line(speak(sentence, self.err.language(self.language)))
            self.err.flush()

    def tell_losses(self, losses: Iterable[Loss]) -> None:
        """Say what could not be read, and where, unless the words name the place already."""
        for loss in losses:
            named = loss.where in loss.what.holes.values()
            self.remark(loss.what if named else say("{where}: {what}", where=loss.where, what=loss.what))

    def refuse(self, refused: Refused) -> int:
        """Say what is wrong and what to do. Returns the exit code."""
        self.remark(refused.sentence)
        return MENDABLE


def _locale_name() -> str | None:
    try:
        return locale.getlocale(locale.LC_CTYPE)[0]
    except ValueError:  # a name that Python cannot take apart
        return None


def _zone_of_machine() -> tzinfo:
    """Give the zone that this machine's clock shows, UTC itself where it is that."""
    return UTC if datetime.now(UTC).astimezone().tzname() == "UTC" else MachineZone()
