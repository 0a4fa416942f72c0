"""A stretch of time as a person types it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, tzinfo

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


def ahead(text: str, now: datetime, zone: tzinfo) -> datetime:
    """Read ``2h``, ``30m`` (so long from now), ``18:00`` (when it is that next in ``zone``) or a date or time (ISO 8601).

    Raises ``Refused`` for anything else.
    """
    text = text.strip()
    try:
        if found := re.fullmatch(r"(\d{1,6})([smhdw])", text, re.ASCII):
            return now + timedelta(**{_UNITS[found[2]]: int(found[1])})
        if re.fullmatch(r"\d{1,2}:\d{2}", text, re.ASCII):
            today = datetime.combine(now.astimezone(zone).date(), time.fromisoformat(text.zfill(5)), zone)
            days = 0 if today > now else 1
            # The next day's own clock, which may have been changed for summer.
            return datetime.combine(today.date() + timedelta(days), today.time(), zone).astimezone(UTC)
        there = datetime.fromisoformat(text)
        return (there if there.tzinfo else there.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Refused(
            say("{text} is no time.", text=text),
            say(
                "Write how long from now, as 2h or 30m, a time of day, as 18:00, or a date, as 2026-03-03T17:05."
            ),
        ) from error
