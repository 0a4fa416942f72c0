"""Clocks that are set while somebody comes in. The records keep their order; their times do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from logonbell.event import Event
from logonbell.logon import Logoff
from logonbell.recognise.recogniser import Recogniser
from recognising import final, logons, pass_in_pieces, pass_through
from scenes import HOME, NINE, SCENES, a_host, mori, only


def set_by(events: list[Event], by: timedelta, since: Callable[[Event], bool]) -> list[Event]:
    """Set the clock by so much at the first of these events for which ``since`` holds."""
    place = next(place for place, event in enumerate(events) if since(event))
    return events[:place] + [replace(event, time=event.time + by) for event in events[place:]]


def is_seat(event: Event) -> bool:
    """Tell whether somebody sits down by RDP."""
    return event.event_id == 4624 and event.fields["LogonType"] == "10"


def test_a_step_between_network_logon_and_session_makes_no_second_logon() -> None:
    """Windows' time service sets the clock back by seconds: what the log wrote before came before."""
    events = set_by(a_host().rdp_logon(NINE, mori(a_host()), HOME), timedelta(seconds=-2.8), is_seat)
    assert [str(logon.door) for logon in logons(pass_through(events))] == ["rdp"]


def test_a_network_logon_that_came_later_is_one_of_its_own() -> None:
    """Who opens a share right after sitting down has come by the network too."""
    host = a_host()
    person = mori(host)
    events = host.rdp_logon(NINE, person, HOME) + host.network_logon(
        NINE + timedelta(seconds=4), person, HOME
    )
    assert [str(logon.door) for logon in logons(pass_through(events))] == ["rdp", "network"]


@pytest.mark.parametrize("hours", [-1, 1, -30, 24 * 400])
@pytest.mark.parametrize(
    "channels",
    [("Security",), tuple(sorted({event.channel for event in SCENES["door-rdp-reconnect"].events}))],
)
def test_an_hour_back_or_forth_changes_nobodys_coming(hours: int, channels: tuple[str, ...]) -> None:
    """Summer time that was set by hand, a machine that was asleep: who came, came back and left is told all the same."""
    events = only(SCENES["door-rdp-reconnect"].events, *channels)
    jumped = set_by(events, timedelta(hours=hours), lambda event: event.event_id == 4779)
    found = final(pass_through(jumped))
    assert sorted(str(logon.door) for logon in logons(found)) == ["rdp", "rdp-reconnect"]
    (left,) = (finding for finding in found if isinstance(finding, Logoff))
    assert left.seconds >= 0
    assert pass_in_pieces(jumped, range(len(jumped))) == pass_in_pieces(jumped, ())


def test_time_that_stands_still_holds_nobody_up() -> None:
    """Records that all carry the same time are told at the end of the log at the latest."""
    events = [replace(event, time=NINE) for event in SCENES["door-rdp"].events]
    assert [str(logon.door) for logon in logons(pass_through(events, Recogniser()))] == ["rdp"]
