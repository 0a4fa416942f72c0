"""Times and spans as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from logonbell.sentence import say
from logonbell.text.escape import Shown, escape
from logonbell.text.language import speak

ZONE = 16
"""So many characters of a zone's short name are shown."""
_DAY = 24 * 60 * 60


def stamp(time: datetime) -> str:
    """Write the calendar date and the second, without a zone: ``2026-03-03 17:05:00``."""
    return time.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def in_utc(time: datetime) -> str:
    """Write a time in UTC, with its zone."""
    return f"{stamp(time.astimezone(UTC))} UTC"


def in_zone(time: datetime, zone: tzinfo) -> str | None:
    """Write a time in ``zone``, with the zone's names: ``2026-03-03 17:05:00 JST (Asia/Tokyo)``.

    None where the zone is UTC, or where the calendar ends before it gets there (years 1 and 9999, which a damaged
    record may carry).
    """
    if is_utc(zone):
        return None
    try:
        there = time.astimezone(zone)
    except OverflowError:
        return None
    short = there.tzname() or there.strftime("%z")
    key = zone_name(zone)
    return f"{stamp(there)} {short}" if key is None else f"{stamp(there)} {short} ({key})"


def short(time: datetime, zone: tzinfo) -> str:
    """Write a time with the zone's short name alone: ``2026-03-03 17:05:00 JST``; in UTC where it cannot be there."""
    there = _there(time, zone)
    return f"{stamp(there)} {_short(there)}"


def between(first: datetime, last: datetime, zone: tzinfo, language: str, *, days: bool = False) -> Shown:
    """Write from when to when, to the minute: ``2026-03-03 17:05 to 18:10 JST``. ``days``: the dates alone."""
    one, other = _there(first, zone), _there(last, zone)
    date, later = one.date().isoformat(), other.date().isoformat()
    if days:
        return (
            Shown(date)
            if date == later
            else speak(say("{first} to {last}", first=date, last=later), language)
        )
    before, name = _short(one), _short(other)
    start, end = (f"{time:%H:%M}" for time in (one, other))
    if before != name:  # the clocks were changed in between
        end = f"{end} {name}" if date == later else f"{later} {end} {name}"
        return speak(say("{first} to {last}", first=f"{date} {start} {before}", last=end), language)
    if (date, start) == (later, end):
        return Shown(f"{date} {start} {name}")
    if date == later:
        return speak(say("{first} to {last}", first=f"{date} {start}", last=f"{end} {name}"), language)
    return speak(say("{first} to {last}", first=f"{date} {start}", last=f"{later} {end} {name}"), language)


def _there(time: datetime, zone: tzinfo) -> datetime:
    try:
        return time.astimezone(zone)
    except OverflowError:
        return time.astimezone(UTC)


def _short(there: datetime) -> Shown:
    return escape(there.tzname() or there.strftime("%z"), ZONE)


def stamp_in(time: datetime, zone: tzinfo) -> str | None:
    """Write the date and the second in ``zone``, None where the calendar ends before it gets there."""
    try:
        return stamp(time.astimezone(zone))
    except OverflowError:
        return None


def is_utc(zone: tzinfo) -> bool:
    """Tell whether times in ``zone`` would only repeat those in UTC."""
    return zone is UTC or zone_name(zone) in {"UTC", "Etc/UTC"}


def zone_name(zone: tzinfo) -> str | None:
    """Give the zone's name in the tz database, None where it has none."""
    key = getattr(zone, "key", None)
    return key if isinstance(key, str) else None


def span(time: timedelta, language: str) -> Shown:
    """Write how long something took, in the two units that matter; below zero where a clock was set back."""
    if time < timedelta(minutes=1):
        return speak(say("{seconds:.1f} s", seconds=time.total_seconds()), language)
    seconds = round(time.total_seconds())
    if seconds < 60 * 60:
        words = say("{minutes} min {seconds} s", minutes=seconds // 60, seconds=seconds % 60)
    elif seconds < _DAY:
        words = say("{hours} h {minutes} min", hours=seconds // 3600, minutes=seconds % 3600 // 60)
    else:
        words = say("{days:,} d {hours} h", days=seconds // _DAY, hours=seconds % _DAY // 3600)
    return speak(words, language)
