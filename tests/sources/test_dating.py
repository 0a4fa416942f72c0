from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logonbell.sources.dating import Dating, first_year, stamps_in
from logonbell.sources.syslog import MONTHS, Stamp

BERLIN = ZoneInfo("Europe/Berlin")


def test_the_year_turns_with_december() -> None:
    """January behind December is the next year; a line of December that comes late is still of the old one."""
    dating = Dating(2025, zone=UTC)
    stamps = [(12, 31, "23:59:59"), (1, 1, "00:00:01"), (12, 31, "23:59:58"), (2, 28, "12:00:00")]
    years = [time.year for each in stamps if (time := dating.time_of(Stamp(*each)))]
    assert years == [2025, 2026, 2025, 2026]


def test_a_day_that_does_not_exist_has_no_time() -> None:
    """Neither has the 30 February, nor the 25th hour; the lines behind it have theirs."""
    dating = Dating(2025, zone=UTC)
    assert dating.time_of(Stamp(2, 29, "01:00:00")) is None
    assert dating.time_of(Stamp(3, 1, "25:00:00")) is None
    assert dating.time_of(Stamp(3, 1, "01:00:00")) == datetime(2025, 3, 1, 1, tzinfo=UTC)


def test_the_hour_that_comes_twice_is_told_apart_by_the_order() -> None:
    """When the clocks are put back, 02:30 is first that of summer, then that of winter."""
    dating = Dating(2025, zone=BERLIN)
    clocks = ["02:30:00", "02:59:59", "02:00:01", "02:30:00", "03:00:00"]
    times = [time for each in clocks if (time := dating.time_of(Stamp(10, 26, each)))]
    assert [time.strftime("%H:%M:%S") for time in times] == [
        "00:30:00",
        "00:59:59",
        "01:00:01",
        "01:30:00",
        "02:00:00",
    ]


@pytest.mark.parametrize(
    ("stamps", "written", "year"),
    [
        ([(11, 3)], "2025-11-03", 2025),
        ([(12, 31)], "2026-01-02", 2025),
        ([(12, 30), (1, 2)], "2026-01-02", 2025),
        ([(11, 1), (2, 1), (12, 1), (1, 1)], "2026-01-02", 2024),
        ([(12, 31), (1, 1), (12, 31), (1, 1)], "2026-01-02", 2025),
        ([(2, 29), (3, 1)], "2026-03-01", 2024),
        ([(11, 30), (2, 29)], "2027-05-05", 2023),
        ([(1, 1)], "2025-12-31", 2025),
        ([], "2025-12-31", 2025),
    ],
)
def test_the_first_year_follows_from_the_last_line(
    stamps: list[tuple[int, int]], written: str, year: int
) -> None:
    """The last line is no later than the file's time; each turn of the year before it counts; a 29 February needs its year."""
    assert first_year(stamps, datetime.fromisoformat(written)) == year


@given(
    st.integers(0, 98 * 365 * 24 * 3600),
    st.lists(st.integers(0, 290 * 24), max_size=30),
)
def test_times_come_back_whatever_the_years(began: int, hours: list[int]) -> None:
    """A log without years, whose lines are less than ten months apart, gives the times at which they were written."""
    times = [datetime(2001, 1, 1, tzinfo=UTC) + timedelta(seconds=began)]
    for pause in hours:
        times.append(times[-1] + timedelta(hours=pause))
    text = "".join(f"{MONTHS[time.month - 1]} {time.day:>2} {time:%H:%M:%S} h a: b\n" for time in times)
    dating = Dating(
        first_year(stamps_in(io.BytesIO(text.encode())), times[-1].replace(tzinfo=None)), zone=UTC
    )
    told = [dating.time_of(Stamp(time.month, time.day, f"{time:%H:%M:%S}")) for time in times]
    assert told == times
