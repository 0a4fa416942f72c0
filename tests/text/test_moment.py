from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from logonbell.text import moment

AT_FIVE = datetime(2026, 3, 3, 8, 5, 0, 999_000, tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)
FIRST = datetime.min.replace(tzinfo=UTC)


def test_utc_is_written_to_the_second() -> None:
    """A time that came in another zone is told in UTC."""
    assert moment.in_utc(AT_FIVE) == "2026-03-03 08:05:00 UTC"
    assert moment.in_utc(AT_FIVE.astimezone(ZoneInfo("Asia/Tokyo"))) == "2026-03-03 08:05:00 UTC"


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        (ZoneInfo("Asia/Tokyo"), "2026-03-03 17:05:00 JST (Asia/Tokyo)"),
        (ZoneInfo("America/New_York"), "2026-03-03 03:05:00 EST (America/New_York)"),
        (ZoneInfo("America/Sao_Paulo"), "2026-03-03 05:05:00 -03 (America/Sao_Paulo)"),
        (timezone(timedelta(hours=9)), "2026-03-03 17:05:00 UTC+09:00"),
        (timezone(timedelta(hours=9), "JST"), "2026-03-03 17:05:00 JST"),
        (UTC, None),
        (ZoneInfo("UTC"), None),
    ],
)
def test_local_time_has_its_zone(zone: tzinfo, text: str | None) -> None:
    """Local time names its zone; in UTC it would only repeat itself, and is left out."""
    assert moment.in_zone(AT_FIVE, zone) == text


def test_the_hour_that_comes_twice_is_told_apart() -> None:
    """In the night when clocks go back, summer and winter time are named."""
    zone = ZoneInfo("America/New_York")
    twice = [moment.in_zone(datetime(2026, 11, 1, hour, 30, tzinfo=UTC), zone) for hour in (5, 6)]
    assert twice == [
        "2026-11-01 01:30:00 EDT (America/New_York)",
        "2026-11-01 01:30:00 EST (America/New_York)",
    ]


@pytest.mark.parametrize(
    ("first", "minutes", "text"),
    [
        (datetime(2026, 3, 29, 0, 50, tzinfo=UTC), 20, "2026-03-29 01:50 CET to 03:10 CEST"),
        (datetime(2026, 10, 25, 0, 50, tzinfo=UTC), 20, "2026-10-25 02:50 CEST to 02:10 CET"),
        (datetime(2026, 10, 25, 0, 10, tzinfo=UTC), 60, "2026-10-25 02:10 CEST to 02:10 CET"),
        (datetime(2026, 10, 24, 21, 0, tzinfo=UTC), 300, "2026-10-24 23:00 CEST to 2026-10-25 03:00 CET"),
        (datetime(2026, 10, 25, 1, 10, tzinfo=UTC), 60, "2026-10-25 02:10 to 03:10 CET"),
        (datetime(2026, 10, 25, 1, 10, tzinfo=UTC), 0, "2026-10-25 02:10 CET"),
    ],
)
def test_a_span_over_a_change_of_the_clocks(first: datetime, minutes: int, text: str) -> None:
    """Where clocks were changed in between, either end names its time: no span ends before it begins, or lasts nothing."""
    last = first + timedelta(minutes=minutes)
    assert str(moment.between(first, last, ZoneInfo("Europe/Berlin"), "en")) == text


@pytest.mark.parametrize(("time", "hours"), [(LAST, 9), (FIRST, -5)])
def test_the_end_of_the_calendar_fails_nothing(time: datetime, hours: int) -> None:
    """A damaged record with a time at the end of the calendar is told in UTC alone."""
    zone = timezone(timedelta(hours=hours))
    assert moment.in_zone(time, zone) is None
    assert moment.stamp_in(time, zone) is None
    assert moment.in_utc(time).endswith("UTC")


@pytest.mark.parametrize(
    ("seconds", "english", "japanese"),
    [
        (0.04, "0.0 s", "0.0 秒"),
        (0.42, "0.4 s", "0.4 秒"),
        (59.9, "59.9 s", "59.9 秒"),
        (60, "1 min 0 s", "1 分 0 秒"),
        (3599.7, "1 h 0 min", "1 時間 0 分"),
        (11_220, "3 h 7 min", "3 時間 7 分"),
        (90_000, "1 d 1 h", "1 日 1 時間"),
        (86_400 * 1234, "1,234 d 0 h", "1,234 日 0 時間"),
        (-1.25, "-1.2 s", "-1.2 秒"),
    ],
)
def test_spans_are_told_in_the_units_that_matter(seconds: float, english: str, japanese: str) -> None:
    """A person reads seconds, minutes, hours or days, never 11220 seconds; a clock set back shows as such."""
    time = timedelta(seconds=seconds)
    assert (moment.span(time, "en"), moment.span(time, "ja")) == (english, japanese)
