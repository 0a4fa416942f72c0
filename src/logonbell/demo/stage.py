"""Where the demo is seen: a terminal with a person before it, or plain lines."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol

from logonbell.demo.letter import Letter
from logonbell.demo.tally import Check, Verdict
from logonbell.sentence import Sentence


class Stage(Protocol):
    """Shows each thing at once, in its language. The acts come in the order of the methods."""

    @property
    def language(self) -> str:
        """The language in which it speaks."""
        ...

    def tell(self, *sentences: Sentence) -> None:
        """Say something between the acts."""
        ...

    def busy(self, what: Sentence) -> AbstractContextManager[object]:
        """Show that something is being waited for."""
        ...

    def day(self, begins: datetime, ends: datetime, *, emulated: bool) -> AbstractContextManager[object]:
        """Show a day that goes by, by its own time: what follows until its end happens in it."""
        ...

    def passes(self, time: datetime) -> None:
        """The day has come to ``time``."""
        ...

    def mailed(self, time: datetime, subject: str) -> None:
        """The recipe would have mailed."""
        ...

    def rang(self, time: datetime, letter: Letter, delay: timedelta) -> None:
        """A message reached its receiver; ``time`` is the day's own, when that happened of which it tells."""
        ...

    def show(self, letter: Letter) -> None:
        """Show a whole message."""
        ...

    def explain(self, command: str, lines: Sequence[str]) -> None:
        """Show what ``command`` says of the same logon."""
        ...

    def judge(self, verdict: Verdict) -> None:
        """Show both side by side, and whether anything is missing."""
        ...

    def strikes(self, what: Sentence) -> None:
        """An intruder does something."""
        ...

    def heard(self, letter: Letter, gap: str | None) -> None:
        """A message of that reached its receiver; ``gap`` is its line about what nobody could read."""
        ...

    def answer(self, what: Sentence, command: str, lines: Sequence[str]) -> None:
        """Show ``what`` a command proves, in its own words."""
        ...

    def survive(self, checks: Sequence[Check]) -> None:
        """Show what of it held."""
        ...

    def end(self) -> None:
        """Say what to do next."""
        ...
