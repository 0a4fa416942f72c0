"""The demo on a terminal, for the person before it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from logonbell.demo import script
from logonbell.demo.folding import fold
from logonbell.demo.letter import Letter
from logonbell.demo.panels import Panels
from logonbell.demo.tally import Check, Verdict
from logonbell.sentence import Sentence
from logonbell.text.language import speak
from logonbell.text.width import width
from logonbell.text.words import LEVELS

WIDEST = 116
"""A wider terminal is not filled: nobody reads such lines."""
NARROWEST = 60
LOWEST = 16
"""On a smaller terminal two panels side by side are no pleasure."""
_TALLEST = 26
_AROUND = 4  # lines that are left for the clock and for what stands above
_EDGES = 6  # columns that the box of a message takes for itself
_BEAT_SECONDS = 2.5
_READING_SECONDS = 4.0
_READABLE = 32  # columns in which words can be read
_SET_IN = 4
_LEAD = re.compile(r"\S.*?\s{2,}|\s{2,}|- ")


class Screen:
    """Two panels side by side while the day goes by; what comes before and behind is printed.

    ``pause`` lets a person read between two acts.
    """

    def __init__(self, console: Console, language: str, pause: Callable[[float], object]) -> None:
        self.console = console
        self.language = language
        self._pause = pause
        self._width = min(console.width, WIDEST)
        self._day: Panels | None = None

    def tell(self, *sentences: Sentence) -> None:
        """Print each as a paragraph."""
        self._print()
        for sentence in sentences:
            self._hang(" ", self._say(sentence))
        self._print()

    def busy(self, what: Sentence) -> AbstractContextManager[object]:
        """Turn something until it is over."""
        return self.console.status(Text(self._say(what)), spinner="dots")

    @contextmanager
    def day(self, begins: datetime, ends: datetime, *, emulated: bool) -> Iterator[None]:
        """Draw the day as it goes by."""
        self._pause(_BEAT_SECONDS)
        height = min(_TALLEST, self.console.height - _AROUND)
        whence = self._say(script.FROM_QUEUE if emulated else script.FROM_CONSOLE)
        self._day = Panels(
            self.language,
            width=self._width,
            height=height,
            begins=begins,
            ends=ends,
            whence=whence,
        )
        with self.moving(self._day):
            yield
        self._print()

    def moving(self, panels: Panels) -> AbstractContextManager[object]:
        """Draw the panels again and again."""
        return Live(
            get_renderable=panels.draw, console=self.console, refresh_per_second=12, redirect_stderr=False
        )

    def passes(self, time: datetime) -> None:
        """Move the clock."""
        if self._day is not None:
            self._day.now = time

    def mailed(self, time: datetime, subject: str) -> None:
        """Count it, and show it for a moment."""
        if self._day is not None:
            self._day.mails += 1
            self._day.latest.appendleft(f"{script.clock(time)}  {subject}")

    def rang(self, time: datetime, letter: Letter, delay: timedelta) -> None:
        """Show its line, its level and its delay."""
        if self._day is not None:
            self._day.rung.append((time, letter, delay))

    def show(self, letter: Letter) -> None:
        """Print the whole message in a box."""
        self._pause(_BEAT_SECONDS)
        head, *lines = letter.body.splitlines()
        room = self._width - _EDGES
        body = (folded for line in lines for folded in _set_in(line, room))
        self._box(script.AS_MAILED, [*_set_in(head, room, "bold"), *body])
        self._pause(_READING_SECONDS)

    def explain(self, command: str, lines: Sequence[str]) -> None:
        """Print the command and what it says in a box."""
        head, *others = lines
        room = self._width - _EDGES
        asked = Text().append("$ ", style="dim").append(command, style="cyan")
        told = (folded for line in others for folded in _told(line, room))
        self._box(script.WHY, [asked, Text(), *_set_in(head, room, "bold"), *told])
        self._pause(_READING_SECONDS)

    def _box(self, title: Sentence, lines: Sequence[Text]) -> None:
        self._print(
            Panel(
                Group(*lines),
                title=Text(self._say(title)),
                title_align="left",
                box=box.ROUNDED,
                border_style="green",
                padding=(1, 2),
                width=self._width,
            )
        )

    def judge(self, verdict: Verdict) -> None:
        """Print the table, and a line for each check."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(Text(self._say(script.VERDICT), style="not bold"))
        table.add_column(Text(self._say(script.RECIPE), style="dim"), justify="right", style="dim")
        table.add_column(Text(script.LOGONBELL), justify="right", style="bold green")
        for row in script.rows(verdict):
            table.add_row(*(Text(self._say(cell)) for cell in row))
        self._print(Padding(table, (0, 1)))
        self._check(verdict.checks)

    def strikes(self, what: Sentence) -> None:
        """Print who, and what."""
        self._hang(f" {self._say(script.INTRUDER)}  ", self._say(what), "bold red")

    def heard(self, letter: Letter, gap: str | None) -> None:
        """Print the message's line and its level, and the line about a gap."""
        level = self._say(LEVELS[letter.level])
        lead = f"   {script.LOGONBELL}  "
        self._hang(lead, f"{letter.subject} ({level})", "bold green")
        if gap is not None:
            self._hang(" " * width(lead), gap)

    def answer(self, what: Sentence, command: str, lines: Sequence[str]) -> None:
        """Print the command and what it says in a box."""
        room = self._width - _EDGES
        asked = Text().append("$ ", style="dim").append(command, style="cyan")
        told = (folded for line in lines for folded in _hanging("", line, room, ""))
        self._box(what, [asked, Text(), *told])
        self._pause(_BEAT_SECONDS)

    def survive(self, checks: Sequence[Check]) -> None:
        """Print a line for each check."""
        self._print()
        self._print(Text(f" {self._say(script.ATTACKED)}", style="bold"))
        self._check(checks)

    def end(self) -> None:
        """Print the commands."""
        self._print(Text(f" {self._say(script.WHAT_NEXT)}", style="bold"))
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for command, what in script.next_steps():
            grid.add_row(Text(command, style="cyan"), Text(self._say(what)))
        self._print(Padding(grid, (0, 3)))

    def _check(self, checks: Sequence[Check]) -> None:
        for check in checks:
            mark, style = (" ok  ", "bold green") if check.holds else (" !!  ", "bold red")
            self._hang(mark, self._say(check.what), style)
        self._print()

    def _hang(self, lead: str, text: str, lead_style: str = "") -> None:
        for line in _hanging(lead, text, self._width - 1, lead_style):
            self._print(line)

    def _say(self, sentence: Sentence) -> str:
        return speak(sentence, self.language)

    def _print(self, what: RenderableType = "") -> None:
        self.console.print(what, width=self._width)


def _set_in(line: str, room: int, style: str = "") -> list[Text]:
    """Fold a line of a message behind its label, or its dash."""
    behind = _LEAD.match(line)
    at = behind.end() if behind else 0
    return _hanging(line[:at], line[at:], room, "dim", style)


def _told(line: str, room: int) -> list[Text]:
    """Fold a line of an explanation behind its record; where that leaves too little room, under it."""
    lead, colon, what = line.partition(": ")
    lead += colon
    if room - width(lead) >= _READABLE:
        return _hanging(lead, what, room, "dim")
    return [Text(lead, style="dim"), *_hanging(" " * _SET_IN, what, room, "")]


def _hanging(lead: str, text: str, room: int, lead_style: str, style: str = "") -> list[Text]:
    """Fold a text behind its lead, not under it."""
    first, *others = fold(text, room - width(lead))
    lines = [Text().append(lead, style=lead_style).append(first, style=style)]
    return [*lines, *(Text(" " * width(lead)).append(other, style=style) for other in others)]
