"""What was looked at, how it is, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from logonbell.notifiers.check import Check, Mark
from logonbell.sentence import Sentence


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was looked at (a word for machines), how it is, that in words, and the remedy where one is needed."""

    about: str
    mark: Mark
    what: Sentence
    remedy: Sentence | None = None


def good(about: str, what: Sentence) -> Verdict:
    """Nothing is to be done."""
    return Verdict(about, Mark.GOOD, what)


def care(about: str, what: Sentence, remedy: Sentence) -> Verdict:
    """It rings, and may not for long, or not for everything."""
    return Verdict(about, Mark.CARE, what, remedy)


def bad(about: str, what: Sentence, remedy: Sentence) -> Verdict:
    """A logon does not ring because of it."""
    return Verdict(about, Mark.BAD, what, remedy)


def unknown(about: str, what: Sentence, remedy: Sentence | None = None) -> Verdict:
    """It could not be found out here."""
    return Verdict(about, Mark.UNKNOWN, what, remedy)


def of_checks(above: str, checks: Iterable[Check]) -> list[Verdict]:
    """Take over what a look at a topic gave; its words say the remedy themselves."""
    return [Verdict(f"{above}.{check.about}", check.mark, check.what) for check in checks]


def fails(verdicts: Iterable[Verdict]) -> bool:
    """Say whether anything is so bad that a logon does not ring."""
    return any(verdict.mark is Mark.BAD for verdict in verdicts)
