"""A line that a syslog daemon wrote into a file, taken apart.

The two forms are those of rsyslog and syslog-ng: ``Nov  3 04:05:06 host sshd[123]: message`` (RFC 3164), which says neither
year nor zone, and ``2024-11-03T04:05:06.123456+09:00 host sshd[123]: message`` (RFC 3339). What the daemon escaped
(``#012`` for a line's end) stays as it was written: a user may have typed it, and nobody could tell.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_LINE = re.compile(
    r"(?:<\d{1,3}>)?"
    rf"(?:(?P<month>{'|'.join(MONTHS)}) {{1,2}}(?P<day>\d{{1,2}}) (?P<clock>\d\d:\d\d:\d\d(?:\.\d{{1,6}})?)"
    r"|(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)))"
    r" (?P<host>\S{1,255}) (?P<said>.*)",
    re.DOTALL,
)
_TAG = re.compile(r"(?P<program>[^\s:\[]{1,256})(?:\[(?P<pid>\d{1,10})\])?: ?(?P<message>.*)", re.DOTALL)
_REPEATED = re.compile(r"message repeated (?P<times>\d{1,9}) times: \[ ?(?P<message>.*)\]\s*", re.DOTALL)


class Stamp(NamedTuple):
    """When a line was written, as it says so without year and zone: month and day from 1 on, and the time of day."""

    month: int
    day: int
    clock: str


class Line(NamedTuple):
    """A line: ``time`` is UTC, or what it says of it; ``times`` is how often its message was repeated."""

    time: datetime | Stamp
    host: str
    program: str
    pid: str
    message: str
    times: int = 1


def line_of(text: str) -> Line | None:
    """Take a line apart; None for what is none."""
    found = _LINE.fullmatch(text)
    if found is None:
        return None
    if found["time"] is None:
        time: datetime | Stamp = Stamp(MONTHS.index(found["month"]) + 1, int(found["day"]), found["clock"])
    else:
        try:
            time = datetime.fromisoformat(found["time"]).astimezone(UTC)
        except (ValueError, OverflowError):
            return None
    tag = _TAG.fullmatch(found["said"])
    if tag is None:
        return Line(time, found["host"], "", "", found["said"])
    program = tag["program"].rpartition("/")[2]
    repeated = _REPEATED.fullmatch(tag["message"])
    if repeated is None:
        return Line(time, found["host"], program, tag["pid"] or "", tag["message"])
    return Line(
        time, found["host"], program, tag["pid"] or "", repeated["message"], max(1, int(repeated["times"]))
    )
