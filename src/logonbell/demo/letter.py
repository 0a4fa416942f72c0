"""A message as its receiver has it in hand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from logonbell.alert import Level
from logonbell.sentence import say
from logonbell.text.language import speak
from logonbell.text.words import LEVELS

_RECORD = re.compile(r"(\d+)\D+(\d+)")  # 4624 (record 55), whatever the language


@dataclass(frozen=True, slots=True)
class Letter:
    """A message, and what its receiver reads in it.

    ``accepted`` is when SNS put it into the receiver's queue (to the millisecond), or the console showed it.
    ``records`` are the record ids that it names, those of the main event first; ``number`` is the host's own count.
    ``saved`` is what they keep of it: what came out of the queue, or stood on the console.
    """

    subject: str
    body: str
    accepted: datetime
    level: Level
    number: int
    records: tuple[int, ...]
    burst: bool
    saved: str = ""

    def delay(self, times: Mapping[int, datetime]) -> timedelta:
        """How long it took from the event; ``times`` are those of the records.

        A burst of failed logons is known by its third: the last that its message names.
        """
        return self.accepted - times[self.records[-1 if self.burst else 0]]


def read_letter(
    subject: str, body: str, accepted: datetime, language: str, *, saved: str | None = None
) -> Letter:
    """Read a message as it was written in ``language``; ``saved`` is its body where nothing else was kept.

    Raises ``ValueError`` for what is none of logonbell's.
    """
    _, facts, *_ = [*body.split("\n\n"), ""]
    told = _facts(facts)

    def fact(label: str) -> str:
        if label not in told:
            raise ValueError(f"This message says nothing of {label!r}: {subject!r}")
        return told[label]

    levels = {str(speak(words, language)): level for level, words in LEVELS.items()}
    events = _RECORD.findall(fact(speak(say("Events"), language)))
    return Letter(
        subject,
        body,
        accepted,
        levels[fact(speak(say("Level"), language))],
        int(fact(speak(say("Alert number"), language))),
        tuple(int(record_id) for _, record_id in events),
        burst=events[0][0] == "4625",
        saved=body if saved is None else saved,
    )


def _facts(paragraph: str) -> dict[str, str]:
    """Take apart what stands in two columns; a line without a label goes on with the one before."""
    facts: dict[str, str] = {}
    label = ""
    for line in paragraph.splitlines():
        named, _, value = line.partition("  ")
        label = named or label
        facts[label] = f"{facts.get(label, '')} {value.strip()}".strip()
    return facts
