"""The clock on the machine's wall follows the changes of the clocks, as long as an agent runs."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from logonbell.commands.desk import Desk
from logonbell.commands.wall_clock import MachineZone
from logonbell.text.moment import in_zone, short

pytestmark = pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of this machine cannot be set")
Set = Callable[[str], None]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Set]:
    """Give what sets the zone of this machine."""

    def to(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield to
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo"])
def test_it_is_right_all_year(machine: Set, name: str) -> None:
    """Each half hour of the nights around all changes, there and back, is what the tz database says."""
    machine(name)
    zone, known = MachineZone(), ZoneInfo(name)
    for begins in (
        datetime(2026, month, 1, tzinfo=UTC) + timedelta(days=day)
        for month in (3, 4, 10, 11)
        for day in range(31)
    ):
        for number in range(0, 48, 3):
            moment = begins + timedelta(minutes=30 * number)
            there, right = moment.astimezone(zone), moment.astimezone(known)
            assert (there.replace(tzinfo=None), there.fold, there.tzname()) == (
                right.replace(tzinfo=None),
                right.fold,
                right.tzname(),
            )
            assert there.astimezone(UTC) == moment


def test_an_agent_that_runs_through_the_night(machine: Set) -> None:
    """The desk of a process that began in summer tells winter's times in winter."""
    machine("Europe/Berlin")
    zone = Desk.at(io.StringIO(), io.StringIO(), {}).zone
    assert short(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), zone) == "2026-10-25 02:30:00 CEST"
    assert short(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), zone) == "2026-10-25 02:30:00 CET"
    assert short(datetime(2026, 3, 29, 1, 0, tzinfo=UTC), zone) == "2026-03-29 03:00:00 CEST"


def test_a_machine_in_utc_says_everything_once(machine: Set) -> None:
    """Its times would only repeat themselves."""
    machine("UTC")
    assert Desk.at(io.StringIO(), io.StringIO(), {}).zone is UTC


def test_the_end_of_the_calendar(machine: Set) -> None:
    """A damaged record's time, and one of which the system knows nothing (Windows, before 1970), fail nothing."""
    machine("Asia/Tokyo")
    assert in_zone(datetime.max.replace(tzinfo=UTC), MachineZone()) is None

    class Windows(datetime):
        def astimezone(self, *_: object) -> datetime:  # type: ignore[override]
            raise OSError(22, "Invalid argument")

    with pytest.raises(OverflowError):
        MachineZone().utcoffset(Windows(1969, 1, 1))
