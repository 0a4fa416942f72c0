"""A stretch of the week, by the clock on the wall."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import datetime, time


def within(there: datetime, days: AbstractSet[int], begins: time, ends: time) -> bool:
    """Tell whether a moment, given in the zone of that clock, lies in a stretch that begins on these days (0 is Monday).

    Where it ends earlier than it begins, it ends on the next day.
    """
    clock, day = there.time(), there.weekday()
    if begins < ends:
        return day in days and begins <= clock < ends
    return (day in days and clock >= begins) or ((day - 1) % 7 in days and clock < ends)
