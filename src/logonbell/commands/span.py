"""A stretch of time as a person types it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

from logonbell.errors import Refused
from logonbell.sentence import say

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime, zone: tzinfo) -> datetime:
    """Read ``7d``, ``12h``, ``90m`` (so long ago) or a date or time (ISO 8601; without a zone, in ``zone``).

    Raises ``Refused`` for anything else.
    """
    try:
        if found := re.fullmatch(r"(\d{1,6})([smhdw])", text.strip(), re.ASCII):
            return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
        time = datetime.fromisoformat(text.strip())
        return (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Refused(
            say("{text} is no time.", text=text),
            say("Write how long ago, as 7d, 12h or 90m, or a time, as 2026-03-03 or 2026-03-03T17:05."),
        ) from error
