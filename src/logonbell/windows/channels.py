"""Windows' logs as wevtutil shows them: whether one is there and may be read, how large it is, how far back it goes.

Its exit codes are Win32's, and the names of what it prints are the same in every language.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from logonbell.programs import Commands
from logonbell.query import expressions
from logonbell.sigma.wanted import Ids

ACCESS_DENIED = 5
NOT_FOUND = 15007
"""ERROR_EVT_CHANNEL_NOT_FOUND."""
_RECORD = re.compile(r"<EventRecordID>([0-9]{1,19})</EventRecordID>")
_TIME = re.compile(r"SystemTime=['\"]([0-9T:-]{19})[0-9.]*Z['\"]")


class Seen(Enum):
    """Whether a channel can be read."""

    READABLE = "readable"
    ABSENT = "absent"
    DENIED = "denied"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Mark:
    """A record: its id and when it was written."""

    record: int
    time: datetime


@dataclass(frozen=True, slots=True)
class Channel:
    """A log. Sizes are in bytes; ``newest`` is the newest record that is wanted, ``oldest`` and ``last`` are any."""

    name: str
    seen: Seen
    words: str = ""
    enabled: bool | None = None
    largest: int | None = None
    size: int | None = None
    oldest: Mark | None = None
    last: Mark | None = None
    newest: Mark | None = None


def existing(run: Commands, wanted: Mapping[str, Ids]) -> dict[str, Ids]:
    """Give those of the channels that this machine has."""
    return {name: ids for name, ids in wanted.items() if run("wevtutil", "gl", name).code != NOT_FOUND}


def look(run: Commands, name: str, ids: Collection[int] | None) -> Channel:
    """Look at a channel, and for the newest event of these ids (None: of any)."""
    settings = run("wevtutil", "gl", name)
    if settings.code == NOT_FOUND:
        return Channel(name, Seen.ABSENT)
    last = run("wevtutil", "qe", name, "/c:1", "/rd:true", "/f:xml")
    if last.code != 0:
        denied = last.code == ACCESS_DENIED
        return Channel(name, Seen.DENIED if denied else Seen.FAILED, last.words)
    told, state = _values(settings.out), _values(run("wevtutil", "gli", name).out)
    return Channel(
        name,
        Seen.READABLE,
        enabled={"true": True, "false": False}.get(told.get("enabled", "").casefold()),
        largest=_number(told.get("maxSize")),
        size=_number(state.get("fileSize")),
        oldest=_mark(run("wevtutil", "qe", name, "/c:1", "/rd:false", "/f:xml").out),
        last=_mark(last.out),
        newest=_newest(run, name, ids),
    )


def _newest(run: Commands, name: str, ids: Collection[int] | None) -> Mark | None:
    found = [
        mark
        for expression in expressions(ids)
        if (mark := _mark(run("wevtutil", "qe", name, f"/q:{expression}", "/c:1", "/rd:true", "/f:xml").out))
    ]
    return max(found, key=lambda mark: mark.record, default=None)


def _mark(xml: str) -> Mark | None:
    record, time = _RECORD.search(xml), _TIME.search(xml)
    if record is None or time is None:
        return None
    return Mark(int(record[1]), datetime.fromisoformat(time[1]).replace(tzinfo=UTC))


def _values(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() and text.isascii() else None
