"""The demo in plain lines, for a file, a pipe or a screen reader."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta

from logonbell.demo import script
from logonbell.demo.letter import Letter
from logonbell.demo.tally import Check, Verdict
from logonbell.sentence import Sentence, say
from logonbell.text.language import speak
from logonbell.text.terminal import Terminal
from logonbell.text.width import pad, width
from logonbell.text.words import LEVELS

_NOW_AND_THEN = 50  # mails of the recipe between two lines about them


class Lines:
    """A line for each message, and now and then one about the recipe."""

    def __init__(self, terminal: Terminal, language: str) -> None:
        self._terminal = terminal
        self.language = terminal.language(language)
        self._mails = 0

    def tell(self, *sentences: Sentence) -> None:
        """Write each into a line of its own."""
        for sentence in sentences:
            self._line(self._say(sentence))
        self._line()

    def busy(self, what: Sentence) -> AbstractContextManager[object]:
        """Say once what is waited for."""
        self._line(self._say(what))
        return nullcontext()

    def day(self, begins: datetime, ends: datetime, *, emulated: bool) -> AbstractContextManager[object]:
        """Begin the day."""
        del begins, ends, emulated  # the lines carry their times, and the intro said where they come from
        self._line()
        return nullcontext()

    def passes(self, time: datetime) -> None:
        """Write nothing: a line a record would be too much."""

    def mailed(self, time: datetime, subject: str) -> None:
        """Write how many there are, now and then."""
        self._mails += 1
        if self._mails % _NOW_AND_THEN == 0:
            what = say(
                "{recipe} so far: {mails}, the last {subject}",
                recipe=script.RECIPE,
                mails=script.mails(self._mails),
                subject=subject,
            )
            self._line(f"{script.clock(time)}  {self._say(what)}")

    def rang(self, time: datetime, letter: Letter, delay: timedelta) -> None:
        """Write the message's line, its level and its delay."""
        facts = f"{self._say(LEVELS[letter.level])}, {self._say(script.milliseconds(delay))}"
        self._line(f"{script.clock(time)}  {script.LOGONBELL}: {letter.subject} ({facts})")

    def show(self, letter: Letter) -> None:
        """Write the whole message, set in."""
        self._line()
        self._line(self._say(script.AS_MAILED))
        self._line()
        for line in letter.body.splitlines():
            self._line(f"  {line}".rstrip())

    def explain(self, command: str, lines: Sequence[str]) -> None:
        """Write the command, and what it says, set in."""
        self._ran(script.WHY, command, lines)

    def judge(self, verdict: Verdict) -> None:
        """Write the table in columns, and a line for each check."""
        titles = [self._say(script.VERDICT), self._say(script.RECIPE), script.LOGONBELL]
        table = [titles, *([self._say(cell) for cell in row] for row in script.rows(verdict))]
        widths = [max(map(width, column)) for column in zip(*table, strict=True)]
        self._line()
        for what, *figures in table:
            right = [
                " " * (room - width(figure)) + figure
                for figure, room in zip(figures, widths[1:], strict=True)
            ]
            self._line("  ".join([pad(what, widths[0]), *right]))
        self._check(verdict.checks)

    def strikes(self, what: Sentence) -> None:
        """Write who, and what."""
        self._line(f"{self._say(script.INTRUDER)}: {self._say(what)}")

    def heard(self, letter: Letter, gap: str | None) -> None:
        """Write the message's line and its level, and the line about a gap."""
        self._line(f"  {script.LOGONBELL}: {letter.subject} ({self._say(LEVELS[letter.level])})")
        if gap is not None:
            self._line(f"    {gap}")

    def answer(self, what: Sentence, command: str, lines: Sequence[str]) -> None:
        """Write the command, and what it says, set in."""
        self._ran(what, command, lines)
        self._line()

    def survive(self, checks: Sequence[Check]) -> None:
        """Write a line for each check."""
        self._line(self._say(script.ATTACKED))
        self._check(checks)

    def end(self) -> None:
        """Write the commands in a column."""
        steps = script.next_steps()
        room = max(len(command) for command, _ in steps)
        self._line(self._say(script.WHAT_NEXT))
        for command, what in steps:
            self._line(f"  {command.ljust(room)}  {self._say(what)}")

    def _ran(self, what: Sentence, command: str, lines: Sequence[str]) -> None:
        self._line()
        self._line(self._say(what))
        self._line()
        self._line(f"  $ {command}")
        for line in lines:
            self._line(f"  {line}")

    def _check(self, checks: Sequence[Check]) -> None:
        self._line()
        for check in checks:
            self._line(f"{'ok' if check.holds else '!!'}  {self._say(check.what)}")
        self._line()

    def _say(self, sentence: Sentence) -> str:
        return speak(sentence, self.language)

    def _line(self, text: str = "") -> None:
        self._terminal.line(text)
        self._terminal.flush()
