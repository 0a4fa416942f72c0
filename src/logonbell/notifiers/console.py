"""Rings on the console: a block of text for the person who looks at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import IO, cast

from logonbell.alert import Level
from logonbell.notification import Telling
from logonbell.notifier import Undelivered
from logonbell.sentence import say
from logonbell.text.facts import Reader
from logonbell.text.message import Message, compose
from logonbell.text.terminal import Terminal

_COLOURS: Mapping[Level, str] = MappingProxyType(
    {
        Level.INFORMATIONAL: "bold",
        Level.LOW: "bold cyan",
        Level.MEDIUM: "bold yellow",
        Level.HIGH: "bold red",
        Level.CRITICAL: "bold white on red",
    }
)


@dataclass(frozen=True, slots=True)
class Console:
    """Writes each notification and digest to a terminal or a file. The receipt is the notifier's name: nobody signs for it.

    ``now`` is asked when a block is written, for the delay it shows.
    """

    terminal: Terminal
    reader: Reader
    now: Callable[[], datetime]
    name: str = "console"
    batch: int = 100

    def prepare(self) -> None:
        """Nothing holds up the first block."""

    def deliver(self, tellings: Sequence[Telling]) -> Sequence[str | Undelivered]:
        """Write them one after the other; each counts as taken once the stream has handed it over."""
        return [self._deliver(telling) for telling in tellings]

    def _deliver(self, telling: Telling) -> str | Undelivered:
        reader = replace(self.reader, language=self.terminal.language(self.reader.language))
        message = compose(telling, reader, self.now())
        try:
            if self.terminal.colour:
                self._paint(message, telling.level)
            else:
                self._write(message)
            self.terminal.flush()
        except OSError as error:
            return Undelivered(say("The console cannot be written to: {why}", why=str(error)))
        except ValueError:  # what a closed file object raises
            return Undelivered(say("The console is closed."))
        return self.name

    def _write(self, message: Message) -> None:
        for line in [*message.lines(), ""]:
            self.terminal.line(line)

    def _paint(self, message: Message, level: Level) -> None:
        from rich.console import Console as Screen  # noqa: PLC0415  38 ms that only a person at a terminal waits for
        from rich.text import Text  # noqa: PLC0415

        headline, *lines = message.lines()
        screen = Screen(file=cast("IO[str]", self.terminal), soft_wrap=True)
        screen.print(Text(headline, style=_COLOURS[level]))
        for line in [*lines, ""]:
            screen.print(Text(line))
