from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime

import pytest

from logonbell.commands.span import ahead
from logonbell.errors import Refused

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 28, 12, 0, tzinfo=BERLIN)
"""The day before the clocks go forward."""


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2h", datetime(2026, 3, 28, 13, 0, tzinfo=UTC)),
        (" 30m ", datetime(2026, 3, 28, 11, 30, tzinfo=UTC)),
        ("1d", datetime(2026, 3, 29, 11, 0, tzinfo=UTC)),
        ("18:00", datetime(2026, 3, 28, 17, 0, tzinfo=UTC)),
        ("9:30", datetime(2026, 3, 29, 7, 30, tzinfo=UTC)),
        ("12:00", datetime(2026, 3, 29, 10, 0, tzinfo=UTC)),
        ("2026-04-01", datetime(2026, 3, 31, 22, 0, tzinfo=UTC)),
        ("2026-04-01T08:00", datetime(2026, 4, 1, 6, 0, tzinfo=UTC)),
        ("2026-04-01T08:00Z", datetime(2026, 4, 1, 8, 0, tzinfo=UTC)),
    ],
)
def test_a_time_to_come_is_read_as_it_is_typed(text: str, time: datetime) -> None:
    """So long from now, the next time that a clock on the wall shows it, or a date: also across a change of the clocks."""
    assert ahead(text, NOON.astimezone(UTC), BERLIN) == time


@pytest.mark.parametrize(
    "text", ["", "soon", "25:00", "12:60", "999999w", "-2h", "2 h", "18", "noon", "1e3h"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """Whatever else is typed is refused with the forms that pass."""
    with pytest.raises(
        Refused, match=r"is no time\. Write how long from now, as 2h or 30m, a time of day, as 18:00"
    ):
        ahead(text, NOON, BERLIN)
