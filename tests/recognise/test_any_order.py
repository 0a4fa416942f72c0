"""However a day's records come to be read, the same people came by the same doors."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import days as days_module
from days import Day, days, delayed, repeated, twins_swapped
from logonbell.event import Event
from logonbell.logon import Door, Logoff
from logonbell.recognise.recogniser import Recogniser
from recognising import final, identity, lines, logons, pass_in_pieces, pass_live, pass_through, who_came

LAGS = st.sampled_from([0.0, 0.2, 0.5, 1.0, 1.5, 2.0]).map(lambda seconds: timedelta(seconds=seconds))
SECONDS = st.floats(0, 700, allow_nan=False).map(lambda seconds: timedelta(seconds=seconds))
REPEATS = st.sampled_from([0.0, 0.001, 1.0, 10.0, 59.0]).map(lambda seconds: timedelta(seconds=seconds))

NEW_SESSIONS = frozenset(Door) - {Door.UNLOCK, Door.RDP_RECONNECT}

few = settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
many = settings(max_examples=5_000, suppress_health_check=[HealthCheck.too_slow])


def came_in(day: Day) -> list[Event]:
    """Give a day's events; a day on which nothing could happen is none."""
    events = day.events
    assume(events)
    return events


def holds_truth(day: Day) -> None:
    """Hold what is told of a day to what happened on it."""
    assert who_came(pass_through(came_in(day))) == day.came


def holds_cuts(day: Day, data: st.DataObject) -> None:
    """Hold a reading in pieces to the reading at once: every version of every finding, and the state behind it."""
    events = came_in(day)
    cuts = data.draw(
        st.sets(st.integers(0, len(events) - 1)) | st.just(set(range(len(events)))), label="cuts"
    )
    whole, state = pass_in_pieces(events, ())
    pieces, state_of_pieces = pass_in_pieces(events, cuts)
    assert lines(pieces) == lines(whole)
    assert pieces == whole
    assert state_of_pieces == state
    assert Recogniser.restore(state).snapshot() == state


def holds_order(day: Day, data: st.DataObject) -> None:
    """Hold a reading out of step, with twins swapped and a record told twice, to the reading in order."""
    events = came_in(day)
    channels = sorted({event.channel for event in events})
    lags = data.draw(st.fixed_dictionaries(dict.fromkeys(channels, LAGS)), label="lags")
    swap = data.draw(st.integers(0, 255), label="swap")
    place, after = (
        data.draw(st.integers(0, len(events) - 1), label="place"),
        data.draw(REPEATS, label="after"),
    )
    read = delayed(
        repeated(twins_swapped(events, lambda pair: bool(swap >> pair % 8 & 1)), place, after), lags
    )
    assert who_came(pass_through(read)) == who_came(pass_through(events)) == day.came


def holds_live(day: Day, data: st.DataObject) -> None:
    """Hold what the live agent tells, which lets the time go on as it likes, to the reading of the file."""
    events = came_in(day)
    live = pass_live(events, lambda gap: [*sorted(data.draw(st.lists(SECONDS, max_size=2))), gap])
    assert who_came(live) == who_came(pass_through(events)) == day.came


@few
@given(days())
def test_each_comes_once_by_the_right_door(day: Day) -> None:
    """Whoever comes is told once, by the door he came by; whoever does not is not told."""
    holds_truth(day)


@few
@given(days(), st.data())
def test_a_cut_changes_nothing(day: Day, data: st.DataObject) -> None:
    """Stopping and going on, before any record or before each, tells what one pass tells, byte for byte."""
    holds_cuts(day, data)


@few
@given(days(), st.data())
def test_order_loses_nobody_and_doubles_nobody(day: Day, data: st.DataObject) -> None:
    """Channels read up to two seconds late, swapped halves and a record told twice change nobody's coming."""
    holds_order(day, data)


@few
@given(days(), st.data())
def test_time_that_passes_changes_nobodys_coming(day: Day, data: st.DataObject) -> None:
    """A live agent, whose clock goes on between two records, tells the same people as one that reads the file."""
    holds_live(day, data)


@pytest.mark.rig
@many
@given(days(most=24), st.data())
def test_many_days(day: Day, data: st.DataObject) -> None:
    """Thousands of days keep all four promises."""
    holds_truth(day)
    holds_cuts(day, data)
    holds_order(day, data)
    holds_live(day, data)


@few
@given(days())
def test_a_later_version_replaces_an_earlier(day: Day) -> None:
    """All versions of a logon carry the identity of the first, so that none of them rings twice."""
    versions = list(pass_through(came_in(day)))
    told = {identity(finding) for finding in versions if not isinstance(finding, Logoff)}
    assert len(told) == len([finding for finding in final(versions) if not isinstance(finding, Logoff)])


@few
@given(days())
def test_a_record_belongs_to_one_logon(day: Day) -> None:
    """No record is counted for two people."""
    events = [ref for logon in logons(pass_through(came_in(day))) for ref in logon.events]
    assert len(events) == len(set(events))


@few
@given(days())
def test_whoever_leaves_is_told_once(day: Day) -> None:
    """A session ends once, after it began, and under the logon that opened it."""
    findings = final(pass_through(came_in(day)))
    began = {identity(logon) for logon in logons(findings)}
    ends = [finding for finding in findings if isinstance(finding, Logoff)]
    assert len({(end.host, end.logon, end.began) for end in ends}) == len(ends)
    assert all((end.host, end.logon, end.began) in began and end.time > end.began for end in ends)
    resumptions = {identity(logon) for logon in logons(findings) if logon.resumes is not None}
    assert not resumptions & {(end.host, end.logon, end.began) for end in ends}


@few
@given(days())
def test_whoever_comes_back_belongs_to_a_session(day: Day) -> None:
    """A session that is taken up again is named by the logon that opened it: one of the same user, told before."""
    findings = final(pass_through(came_in(day)))
    opened = {identity(logon): logon for logon in logons(findings)}
    for back in logons(findings):
        if back.resumes is None or back.began is None:
            assert (back.resumes, back.began) == (None, None)
            assert back.door in NEW_SESSIONS
        else:
            session = opened[back.host, back.resumes, back.began]
            assert str(session.user).casefold() == str(back.user).casefold()
            assert session.time < back.time


_CHILD = """
from days import EIGHT, new_day
from logonbell.recognise.recogniser import Recogniser
day, recogniser = new_day(1), Recogniser()
for event in day.host.rdp_logon(EIGHT, day.people[0], "203.0.113.24"):
    list(recogniser.feed(event))
print(Recogniser.restore(recogniser.snapshot()).snapshot())
"""


@pytest.mark.rig
def test_a_snapshot_is_the_same_in_every_process() -> None:
    """The same state is the same text, whatever Python's hash seed: a snapshot of a snapshot is that snapshot."""
    texts = set()
    for seed in ("0", "1", "2"):
        path = str(Path(days_module.__file__).parent)
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path}
        child = subprocess.run(
            [sys.executable, "-c", _CHILD], env=environment, capture_output=True, check=True
        )
        texts.add(child.stdout)
    assert len(texts) == 1
    assert b'["knocked","new","nla","seated"]' in texts.pop()
