"""The day as it is drawn: the recipe's mails on the left, logonbell's on the right, the clock below."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from rich import box
from rich.align import Align
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from logonbell.alert import Level
from logonbell.demo import script
from logonbell.demo.folding import fold
from logonbell.demo.letter import Letter
from logonbell.sentence import Sentence
from logonbell.text.language import speak
from logonbell.text.words import LEVELS

_WIDE = 100
_FRAME = 2  # lines that a panel takes for itself
_COUNT = 3  # lines around the recipe's count
_EDGE = 4  # columns that a panel takes for itself
_AIRY = 4  # lines of a message with one between it and the next, on a narrow screen
_MESSAGES = 6  # so many come on a usual day

# Both colours are named, so that a badge is readable on a dark terminal and on a light one.
_BADGES: Mapping[Level, str] = MappingProxyType(
    {
        Level.INFORMATIONAL: "black on white",
        Level.LOW: "black on cyan",
        Level.MEDIUM: "black on yellow",
        Level.HIGH: "bold white on red",
        Level.CRITICAL: "bold white on red",
    }
)


class Panels:
    """What has happened on the day so far, and the picture of it. Drawing it may happen in another thread."""

    def __init__(
        self,
        language: str,
        *,
        width: int,
        height: int,
        begins: datetime,
        ends: datetime,
        whence: str,
    ) -> None:
        self._language = language
        self._width = width
        self._height = height
        self._begins = begins
        self._ends = ends
        self._whence = whence
        self.now = begins
        self.mails = 0
        self.latest: deque[str] = deque(maxlen=height)
        self.rung: list[tuple[datetime, Letter, timedelta]] = []

    def draw(self) -> RenderableType:
        """Draw it as it stands."""
        left = 34 if self._width >= _WIDE else 25
        right = self._width - left - 1
        grid = Table.grid(padding=(0, 1, 0, 0), pad_edge=False)
        grid.add_column(width=left)
        grid.add_column(width=right)
        grid.add_row(self._recipe(), self._logonbell(right - _EDGE))
        return Group(grid, self._clock())

    def _recipe(self) -> Panel:
        count = Text(self._say(script.mails(self.mails)), style="bold")
        rows = self._height - _FRAME - _COUNT
        mails = [Text(mail, style="dim", no_wrap=True, overflow="ellipsis") for mail in [*self.latest][:rows]]
        return Panel(
            Group("", Align.center(count), "", *mails),
            title=Text(self._say(script.RECIPE)),
            subtitle=Text(self._say(script.ON_4624), style="dim"),
            box=box.ROUNDED,
            border_style="dim",
            padding=(0, 1),
            height=self._height,
        )

    def _logonbell(self, width: int) -> Panel:
        rung = list(self.rung)
        rows = self._height - _FRAME
        airy = rows >= _MESSAGES * (_AIRY - 1 if self._width >= _WIDE else _AIRY)
        letters = [self._letter(*one, width) for one in rung]
        if airy and sum(map(len, letters)) + len(letters) <= rows:
            letters = [[*letter, Text()] for letter in letters]
        while sum(map(len, letters)) > rows and len(letters) > 1:
            del letters[0]  # too low a terminal: the newest stay in sight
        rings = f"{script.LOGONBELL}: {self._say(script.mails(len(rung)))}"
        return Panel(
            Group(*(line for letter in letters for line in letter)),
            title=Text(rings),
            subtitle=Text(self._whence, style="dim"),
            box=box.ROUNDED,
            border_style="green",
            padding=(0, 1),
            height=self._height,
        )

    def _letter(self, time: datetime, letter: Letter, delay: timedelta, width: int) -> list[Text]:
        facts = Text().append(f"{script.clock(time)}  ", style="dim")
        facts.append(f" {self._say(LEVELS[letter.level])} ", style=_BADGES[letter.level])
        took = Text(self._say(script.milliseconds(delay)))
        facts.append(" " * max(1, width - facts.cell_len - took.cell_len))
        return [facts.append_text(took), *(Text(line, style="bold") for line in fold(letter.subject, width))]

    def _clock(self) -> Table:
        grid = Table.grid(padding=(0, 1))
        for width in (6, self._width - 16, 6):
            grid.add_column(width=width, justify="center")
        done = (self.now - self._begins) / (self._ends - self._begins)
        bar = ProgressBar(total=1.0, completed=done, width=self._width - 16)
        grid.add_row(
            Text(script.clock(self.now), style="bold"), bar, Text(script.clock(self._ends), style="dim")
        )
        return grid

    def _say(self, sentence: Sentence) -> str:
        return speak(sentence, self._language)
