"""Which records are worth parsing, seen in their text."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from logonbell.hallmark import Hallmark, Hallmarks
from logonbell.sigma.wanted import Ids

_EVENT_ID = re.compile(r'"EventID":(?:\{(?:"#attributes":\{[^{}]*\},)?"#text":)?"?0*([0-9]+)')
_TIME = '"TimeCreated"'
_SECURITY = '"Name":"Microsoft-Windows-Security-Auditing"'
"""The one provider of whose records noise is left out: it writes its own channel alone, whatever log holds them."""
_CHANNEL = "Security"
_HEADS = 1_000
"""So many beginnings of records are known at once; a provider has one for each of its event ids."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """A hallmark as it stands in a record's text."""

    field: str
    values: tuple[str, ...]
    field_unless: str = ""
    values_unless: tuple[str, ...] = ()

    @classmethod
    def of(cls, mark: Hallmark) -> _Mark:
        """Write down how the ``evtx`` package writes it; what it writes otherwise is not seen, and parsed."""
        values = [form for value in mark.values for form in _forms(value)]
        begun = [f'"{beginning}' for beginning in mark.beginnings]
        unless, value = mark.unless or ("", "")
        return cls(_key(mark.field), tuple(values + begun), _key(unless), _forms(value))

    def on(self, text: str, start: int) -> bool:
        """Tell whether a record bears it, whose data begin behind ``start``."""
        at = text.find(self.field, start)
        if at < 0 or not text.startswith(self.values, at + len(self.field)):
            return False
        if not self.values_unless:
            return True
        at = text.find(self.field_unless, start)
        return at < 0 or not text.startswith(self.values_unless, at + len(self.field_unless))


def _key(field: str) -> str:
    """Give a field's name as it stands in a text. No value can be taken for it: JSON escapes the quotation marks within."""
    return f'"{field}":'


def _forms(value: str) -> tuple[str, ...]:
    """Give a value as text, and as the number that an unexported log writes."""
    return (f'"{value}"', f"{value},", f"{value}}}") if value else ()


def _texts_of(wanted: Collection[Ids]) -> frozenset[str] | None:
    """Write down event ids; None where all of some channel are wanted, for a record's channel is not looked at."""
    known = [ids for ids in wanted if ids is not None]
    return None if len(known) < len(wanted) else frozenset(str(each) for ids in known for each in ids)


class Choice:
    """Leaves out, without parsing them, the records of other event ids, and noise by its hallmarks.

    An event id is a number, a text (``"4624"``, in exported logs), or either with attributes around it; a record in which
    it cannot be seen stays in.
    """

    def __init__(self, wanted: Mapping[str, Ids], noise: Hallmarks) -> None:
        self._ids = _texts_of(wanted.values())
        self._marks = {
            str(event_id): tuple(map(_Mark.of, marks))
            for (channel, event_id), marks in noise.items()
            if channel == _CHANNEL
        }
        self._known: dict[str, tuple[_Mark, ...] | None] = {}

    def sift(self, texts: Sequence[str]) -> tuple[list[str], str | None]:
        """Give those to parse, and the last one of the noise if it stands behind them: the log has come so far."""
        kept: list[str] = []
        noise: str | None = None
        known = self._known
        for text in texts:
            at = text.find(_TIME)
            head = text[:at]
            marks = known[head] if head in known else self._marks_of(text, head)
            if marks is None:
                continue
            for mark in marks:
                if mark.on(text, at):
                    noise = text
                    break
            else:
                kept.append(text)
                noise = None
        return kept, noise

    def _marks_of(self, text: str, head: str) -> tuple[_Mark, ...] | None:
        """Say by what a record may be noise, from what stands in front of its time; None if its event id is not wanted."""
        seen = _EVENT_ID.search(text)
        if seen is not None and self._ids is not None and seen[1] not in self._ids:
            marks = None
        else:
            marks = self._marks.get(seen[1], ()) if seen is not None and _SECURITY in head else ()
        if seen is not None and seen.end() < len(head) < len(text) - 1:
            if len(self._known) >= _HEADS:
                self._known.clear()
            self._known[head] = marks
        return marks
