"""What is told of one alert: a subject, and a body whose first line says all that matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from logonbell.notification import Digest, Telling
from logonbell.sentence import say
from logonbell.text.digest import digest_facts, digest_headline
from logonbell.text.escape import Shown, fit
from logonbell.text.facts import Fact, Reader, facts
from logonbell.text.headline import Room, headline
from logonbell.text.steps import next_steps
from logonbell.text.width import pad, width

SUBJECT_LIMIT = 99
"""SNS takes less than 100 characters; they are counted in UTF-16 units, to be right whichever way AWS counts."""

_NARROWER = (
    Room(),
    Room(short=True),
    Room(each=40, short=True),
    Room(each=30, short=True, listed=1),
    Room(each=22, short=True, listed=1),
    Room(each=16, short=True, listed=1),
    Room(each=30, short=True, listed=1, terse=True),
    Room(each=30, short=True, listed=1, terse=True, origin=False),
    Room(each=16, short=True, listed=1, terse=True, origin=False),
)


@dataclass(frozen=True, slots=True)
class Message:
    """The parts of a text, every one safe to show: line one, the facts, what to do."""

    headline: Shown
    facts: Sequence[Fact]
    steps_title: Shown
    steps: Sequence[Shown]

    def lines(self) -> list[str]:
        """Lay the parts out in lines, the facts in two aligned columns."""
        laid = [self.headline, "", *self.fact_lines()]
        if not self.steps:
            return laid
        return [*laid, "", self.steps_title, *(f"- {step}" for step in self.steps)]

    def text(self) -> str:
        """Give the whole text, in lines that each end in a newline."""
        return "\n".join(self.lines()) + "\n"

    def fact_lines(self) -> list[str]:
        """Lay the facts out in two aligned columns."""
        column = max((width(fact.label) for fact in self.facts), default=0) + 2
        laid: list[str] = []
        for fact in self.facts:
            labels = [fact.label] + [""] * (len(fact.lines) - 1)
            laid += [pad(label, column) + line for label, line in zip(labels, fact.lines, strict=True)]
        return laid


def compose(telling: Telling, reader: Reader, sent: datetime | None) -> Message:
    """Find the words for a notification or a digest; ``sent`` is None while it has not been."""
    return Message(
        headline=line_one(telling, reader, Room()),
        facts=digest_facts(telling, reader, sent)
        if isinstance(telling, Digest)
        else facts(telling, reader, sent),
        steps_title=reader.tell(say("What to do:")),
        steps=[reader.tell(step) for step in next_steps(telling)],
    )


def subject(
    telling: Telling, *, language: str, host_name: str, zone: tzinfo = UTC, ascii_only: bool = False
) -> str:
    """Write the subject: one line of at most 99 characters that starts with a printable one.

    Long names are shortened before anything is cut off at the end. ``ascii_only`` is in English whatever the language,
    and shows other letters of names as escapes.
    """
    reader = Reader("en" if ascii_only else language, zone, host_name)
    text = ""
    for room in _NARROWER:
        text = line_one(telling, reader, room)
        if ascii_only:
            text = fit(text, "ascii")
        if _units(text) <= SUBJECT_LIMIT:
            return text
    while _units(text) > SUBJECT_LIMIT - 3:
        text = text[:-1]
    return text.rstrip() + "..."


def body(telling: Telling, *, language: str, zone: tzinfo, host_name: str, sent: datetime | None) -> str:
    """Write the full text, in lines that each end in a newline."""
    return compose(telling, Reader(language, zone, host_name), sent).text()


def line_one(telling: Telling, reader: Reader, room: Room) -> Shown:
    """Say in one line what happened: who, by which door, onto which host, from where."""
    if isinstance(telling, Digest):
        return digest_headline(telling, reader, room)
    return headline(telling.alert.finding, language=reader.language, host_name=reader.host_name, room=room)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
