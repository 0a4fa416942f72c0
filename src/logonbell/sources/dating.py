"""The time of lines that say neither year nor zone: the year follows from their order, and from when the file was last written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import BinaryIO

from logonbell.sources.syslog import MONTHS, Stamp

_AHEAD = timedelta(days=1)
"""So far a line may be ahead of the time at which its file was last written: the clock was set, or another one is meant."""
_BACK = timedelta(minutes=1)
"""So far a line may lag behind the one before it without telling that the clocks were put back in autumn."""
_STAMP = re.compile(rf"(?m)^(?:<\d{{1,3}}>)?({'|'.join(MONTHS)}) {{1,2}}(\d{{1,2}}) ".encode())
_LATE = 1
"""A line of the month before comes late; one of an earlier month is of another year."""
_AT_NEW_YEAR = (1, 12)
"""A line of December behind one of January comes late, and is of the year before."""
_BLOCK = 1 << 20
_LEAP = 8
"""Within so many years there is one with a 29 February."""


@dataclass(slots=True)
class Dating:
    """Gives each line of a log its time, in the order of the log.

    ``year`` and ``month`` are those of the newest line so far (``month`` 0: none yet), ``newest`` its time. ``zone`` is
    that of the host that wrote them; None: this machine's.
    """

    year: int
    month: int = 0
    newest: datetime | None = None
    zone: tzinfo | None = None

    def time_of(self, stamp: Stamp) -> datetime | None:
        """Give a line's time in UTC; None for a day or an hour that does not exist."""
        year = self.year
        if self.month - stamp.month > _LATE:
            year += 1
        elif (self.month, stamp.month) == _AT_NEW_YEAR:
            year -= 1
        time = self._at(year, stamp, fold=0)
        if time is None:
            return None
        if self.newest is not None and time < self.newest - _BACK:
            again = self._at(year, stamp, fold=1)
            if again is not None and again >= self.newest - _BACK:
                time = again
        if year >= self.year:
            self.year, self.month = year, stamp.month
        self.newest = time if self.newest is None else max(self.newest, time)
        return time

    def _at(self, year: int, stamp: Stamp, *, fold: int) -> datetime | None:
        try:
            text = f"{year:04}-{stamp.month:02}-{stamp.day:02}T{stamp.clock}"
            return datetime.fromisoformat(text).replace(tzinfo=self.zone, fold=fold).astimezone(UTC)
        except (ValueError, OverflowError, OSError):
            return None


def first_year(stamps: Iterable[tuple[int, int]], written: datetime) -> int:
    """Give the year of a log's first line.

    ``stamps`` are the months and days of its lines, in order, ``written`` is when the file was last written, in the zone of
    its lines. A copy may have been written much later than its last line; then a 29 February tells at least which
    years it cannot be.
    """
    turns, before, last = 0, 0, None
    leaps: list[int] = []
    for month, day in stamps:
        if before - month > _LATE:
            turns += 1
        elif (before, month) == _AT_NEW_YEAR:
            continue
        if (month, day) == (2, 29):
            leaps.append(turns)
        before, last = month, (month, day)
    year = written.year
    latest = written + _AHEAD
    if last is not None and (year, *last) > (latest.year, latest.month, latest.day):
        year -= 1
    first = year - turns
    for back in range(_LEAP):
        if all(_is_leap(first - back + turn) for turn in leaps):
            return first - back
    return first


def stamps_in(log: BinaryIO) -> Iterable[tuple[int, int]]:
    """Give month and day of each line that tells no year."""
    rest = b""
    while block := log.read(_BLOCK):
        whole, end, rest = (rest + block).rpartition(b"\n")
        yield from _stamps(whole + end)
        rest = rest[:_BLOCK]
    yield from _stamps(rest)


def _stamps(lines: bytes) -> Iterable[tuple[int, int]]:
    for found in _STAMP.finditer(lines):
        yield MONTHS.index(found[1].decode()) + 1, int(found[2])


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
