"""What was looked at, and how it came out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from logonbell.notifiers.aws import NotAnswered
from logonbell.notifiers.identity import forbids
from logonbell.sentence import Sentence, say

_WORDS = 300
"""Characters of AWS's own words that are kept."""


class Mark(StrEnum):
    """How a check came out."""

    GOOD = "good"
    CARE = "care"
    """It works, and may not for long, or not for everyone."""
    BAD = "bad"
    UNKNOWN = "unknown"
    """AWS does not let us know; what that would take is said."""


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at (a word for machines), how it came out, and that in words."""

    about: str
    mark: Mark
    what: Sentence


def unknown(about: str, what: Sentence, action: str, lost: NotAnswered) -> Check:
    """Say what is not known, and which right would tell, where it is a right that is missing."""
    words = words_of(lost)
    if not forbids(lost):
        return Check(
            about,
            Mark.UNKNOWN,
            say("Not known: {what}. AWS was asked in vain. ({words})", what=what, words=words),
        )
    why = say(
        "Not known: {what}. To know it, allow {action}. ({words})", what=what, action=action, words=words
    )
    return Check(about, Mark.UNKNOWN, why)


def not_simulated(about: str, what: Sentence, lost: NotAnswered) -> Check:
    """Say that IAM did not tell, and how else it is found out."""
    why = say(
        "Not known: {what}. To know it without sending, allow {action}; or run: logonbell test. ({words})",
        what=what,
        action="iam:SimulatePrincipalPolicy",
        words=words_of(lost),
    )
    return Check(about, Mark.UNKNOWN, why)


def words_of(lost: NotAnswered) -> str:
    """Give AWS's own words, on one line and bounded."""
    return " ".join(f"{lost.names[0]}: {lost.words}".split())[:_WORDS]
