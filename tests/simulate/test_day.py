from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest

from logonbell.event import Event
from logonbell.simulate.day import SYSTEM_SERVICE_STARTS, compress, play_day
from logonbell.simulate.recipe import mails

MIDNIGHT = datetime(2026, 5, 4, tzinfo=UTC)
SEEDS = range(20)


def day(seed: int) -> list[Event]:
    """What the host wrote on that day."""
    return play_day(MIDNIGHT, Random(seed))  # noqa: S311 - repeatable, not secret


def security(seed: int) -> list[Event]:
    """What the channel Security got on that day."""
    return [event for event in day(seed) if event.channel == "Security"]


def people(events: list[Event]) -> list[tuple[str, str]]:
    """Who came in, with type, where the log says so plainly: User32 and the session worker."""
    found = []
    for event in events:
        fields = event.fields
        if event.event_id != 4624:
            continue
        if fields["LogonProcessName"] == "User32 " or fields["ProcessName"].endswith(
            "ssm-session-worker.exe"
        ):
            found.append((fields["TargetUserName"], fields["LogonType"]))
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_people_come_every_day(seed: int) -> None:
    """The seed shuffles the noise; who comes and goes stays the same."""
    assert people(security(seed)) == [
        ("mori", "10"),
        ("mori", "10"),
        ("Administrator", "2"),
        ("sato", "10"),
        ("sato", "10"),
        ("ssm-user", "3"),
        ("mori", "7"),
        ("mori", "7"),
    ]


def test_the_same_seed_makes_the_same_day() -> None:
    """A day can be played again, to the last record."""
    assert day(5) == day(5)
    assert day(5) != day(6)


def test_a_day_is_in_order() -> None:
    """Every channel counts its records from 1, in the order of time, within one day."""
    events = day(1)
    assert all(earlier.time <= later.time for earlier, later in pairwise(events))
    assert events[0].time >= MIDNIGHT
    assert events[-1].time < MIDNIGHT + timedelta(days=1)
    for channel in {event.channel for event in events}:
        record_ids = [event.record_id for event in events if event.channel == channel]
        assert record_ids == list(range(1, len(record_ids) + 1))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_recipe_mails_services(seed: int) -> None:
    """On such a day the recipe mails 300 starts of services, six prompts and one logon."""
    mailed = Counter(mails(event) for event in security(seed))
    del mailed[None]
    assert mailed == {"SSM login": SYSTEM_SERVICE_STARTS, "normal login": 7}
    at_console = [event for event in security(seed) if mails(event) == "normal login"]
    assert Counter(event.fields["LogonProcessName"] for event in at_console) == {"CredPro": 6, "User32 ": 1}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_compressed_day_keeps_its_sense(seed: int) -> None:
    """In 24 seconds the same happens in the same order, and nothing that tells one door from another gets lost.

    Sessions stay open for longer than the 3.5 s by which a session that is taken up again is told from a new one, and
    mori's coming back is no part of her first logon.
    """
    whole = security(seed)
    start = datetime(2026, 5, 4, 12, tzinfo=UTC)
    short = compress(whole, start)
    assert short[0].time == start
    assert timedelta(seconds=23.9) < short[-1].time - start < timedelta(seconds=24.1)
    assert [(event.record_id, event.fields) for event in short] == [
        (event.record_id, event.fields) for event in whole
    ]
    opened = {
        event.fields["TargetLogonId"]: event.time
        for event in short
        if event.event_id == 4624
        and event.fields["LogonType"] in {"2", "10"}
        and event.fields["LogonProcessName"] == "User32 "
    }
    open_for = [
        event.time - opened[event.fields["TargetLogonId"]]
        for event in short
        if event.event_id == 4634 and event.fields["TargetLogonId"] in opened
    ]
    assert len(open_for) == 5
    assert min(open_for) > timedelta(seconds=4)
    mori = [
        event.time
        for event in short
        if event.event_id == 4624
        and event.fields["TargetUserName"] == "mori"
        and event.fields["LogonProcessName"] == "User32 "
    ]
    assert mori[2] - mori[1] > timedelta(seconds=13)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_belongs_together_keeps_its_pace(seed: int) -> None:
    """Events of one moment are as far apart in the compressed day as in the long one."""
    whole = security(seed)
    for (a, b), (c, d) in zip(pairwise(whole), pairwise(compress(whole, MIDNIGHT)), strict=True):
        gap, short = b.time - a.time, d.time - c.time
        assert short == gap if gap <= timedelta(seconds=1.2) else short < gap


def test_a_day_that_does_not_fit() -> None:
    """A day is not squeezed into less time than its moments need."""
    with pytest.raises(ValueError, match=r"need 1\d\.\d seconds"):
        compress(security(1), MIDNIGHT, seconds=5)


def test_nothing_and_one_event() -> None:
    """There is nothing to compress in an empty day, nor in a single moment."""
    (event, *_) = security(1)
    assert compress([], MIDNIGHT) == []
    assert [alone.time for alone in compress([event], MIDNIGHT)] == [MIDNIGHT]
