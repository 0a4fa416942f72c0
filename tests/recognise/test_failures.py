from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from logonbell.event import Event
from logonbell.logon import FailedLogons
from recognising import pass_through, taken
from scenes import NINE, a_host, after, altered

MINUTES = 60.0


def failures(*seconds: float, names: int = 1, addresses: int = 1) -> list[Event]:
    """Fail at these seconds, under one of so many names after the other, from one of so many addresses."""
    host = a_host()
    return [
        event
        for number, second in enumerate(seconds)
        for event in host.failed_logon(
            after(second), f"admin{number % names}", f"198.51.100.{1 + number % addresses}"
        )
    ]


def bursts(events: Sequence[Event]) -> list[FailedLogons]:
    """Give every version of every burst that is told."""
    return [finding for finding in pass_through(events) if isinstance(finding, FailedLogons)]


@pytest.mark.parametrize(
    ("count", "told"),
    [(2, []), (3, [(3, False), (3, True)]), (4, [(3, False), (4, True)]), (7, [(3, False), (7, True)])],
)
def test_a_burst_is_told_at_its_third_and_at_its_end(count: int, told: list[tuple[int, bool]]) -> None:
    """At once when it is one, then once more when it is over; nobody is told of each further attempt."""
    found = bursts(failures(*range(count)))
    assert [(burst.count, burst.ended) for burst in found] == told


@pytest.mark.parametrize(("gap", "together"), [(10 * MINUTES, True), (10 * MINUTES + 0.1, False)])
def test_ten_quiet_minutes_end_a_burst(gap: float, *, together: bool) -> None:
    """What comes ten minutes later belongs to it; what comes after them begins anew."""
    assert bool(bursts(failures(0, 1, 1 + gap))) is together


def test_a_burst_begins_from_nothing() -> None:
    """Of what was counted for the burst before nothing is left: neither a failure, nor a name, nor that there were more."""
    found = bursts([*failures(*range(21), names=21), *failures(2000, 2001, 2002)])
    assert [burst.count for burst in found if burst.ended] == [21, 3]
    last = found[-1]
    assert (last.time, last.users, last.addresses, last.more) == (
        after(2000),
        ("admin0",),
        ("198.51.100.1",),
        False,
    )
    assert [burst.ended for burst in bursts([*failures(*range(21)), *failures(2000, 2001)])] == [False, True]


@pytest.mark.parametrize(
    ("names", "addresses", "listed", "more"),
    [(20, 20, (20, 20), False), (21, 20, (20, 20), True), (20, 21, (20, 20), True)],
)
def test_of_a_burst_only_so_much_is_listed(
    names: int, addresses: int, listed: tuple[int, int], *, more: bool
) -> None:
    """Twenty names, twenty addresses and 64 records; all failures are counted, and that there were others is said."""
    burst = bursts(failures(*range(70), names=names, addresses=addresses))[-1]
    assert (burst.count, len(burst.events)) == (70, 64)
    assert (len(burst.users), len(burst.addresses)) == listed
    assert burst.more is more
    assert burst.last - burst.time == timedelta(seconds=69)


@pytest.mark.parametrize(
    "by",
    [
        {"LogonProcessName": "CredPro "},
        {"LogonProcessName": "Chrome"},
        {"ProcessName": "C:\\Windows\\System32\\consent.exe"},
    ],
)
def test_a_mistyped_password_in_a_prompt_is_no_attempt(by: dict[str, str]) -> None:
    """Whoever is on already and mistypes, in UAC's prompt or a browser's, makes no burst of failed logons."""
    events = altered(failures(0, 1, 2), by)
    assert bursts(events) == []
    assert set(taken(events)) == {
        "a mistyped password in a UAC prompt or a browser: no attempt to get in",
    }
    assert bursts(altered(failures(0, 1, 2), {"LogonProcessName": None, "ProcessName": None}))


def test_a_clock_set_far_ahead_ends_a_burst() -> None:
    """Failures that a wrong clock dated an hour ahead are told as over once it is set right, not in an hour."""
    ahead = failures(3600, 3601, 3602)
    found = bursts([*ahead, *failures(0)])
    assert [(burst.count, burst.ended) for burst in found] == [(3, False), (3, True)]
    assert found[-1].time == NINE + timedelta(hours=1)
