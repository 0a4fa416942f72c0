from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice

import pytest

from crowd import BEGAN, busy, crowd, frozen
from logonbell.event import Event
from logonbell.logon import Finding, Logon
from logonbell.recognise import growing, recogniser, ssm, state
from logonbell.recognise.recogniser import Recogniser
from logonbell.simulate.system import SECURITY
from recognising import logons, pass_in_pieces

MOST = 50
"""The bounds of these tests: as large as the real ones, they would take minutes."""


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bound everything narrowly."""
    monkeypatch.setattr(state, "GROWING", MOST)
    monkeypatch.setattr(growing, "CLUTTER", MOST)
    monkeypatch.setattr(state, "OPEN", MOST)
    monkeypatch.setattr(state, "GROWING_AT_LEAST", 5)
    monkeypatch.setattr(state, "OPEN_AT_LEAST", 5)
    monkeypatch.setattr(state, "_STRAYS", MOST)
    monkeypatch.setattr(state, "_KNOCKS", MOST)
    monkeypatch.setattr(ssm, "KNOWN", MOST)
    monkeypatch.setattr(recogniser, "HOSTS", 8)


def sizes(events: Iterator[Event], count: int) -> list[tuple[int, int]]:
    """Give the sizes of the snapshot, and of all that is held in memory, at ten moments of so many events."""
    recogniser = Recogniser()
    found: list[tuple[int, int]] = []
    for _ in range(10):
        for event in islice(events, count // 10):
            recogniser.feed(event)
        found.append((len(recogniser.snapshot()), len(pickle.dumps(recogniser))))
    return found


@pytest.mark.parametrize("kind", [crowd, frozen, busy])
def test_what_is_remembered_does_not_grow(kind: Callable[[], Iterator[Event]]) -> None:
    """Sessions that nobody ends, hosts without number, a clock that stands still: the state stays as large as it was."""
    for found in zip(*sizes(kind(), 4_000), strict=True):
        assert max(found[5:]) < 1.1 * max(found[:5])


def test_nobody_is_forgotten_before_he_is_told() -> None:
    """More logons at once than may grow: each is told all the same, and the oldest first."""
    came = [event for event in islice(crowd(hosts=1), 3_000) if event.fields.get("LogonType") == "10"]
    recogniser = Recogniser()
    found = [finding for event in came for finding in recogniser.feed(replace(event, time=BEGAN))]
    found += recogniser.finish()
    told = logons(found)
    assert {logon.main for logon in told} == {event.ref for event in came}


def test_of_too_many_hosts_the_one_furthest_behind_is_told_to_its_end() -> None:
    """A host that is forgotten has told what it held."""
    recogniser = Recogniser()
    found: list[Finding] = []
    for number in range(20):
        fields = {"TargetUserName": "mori", "TargetLogonId": hex(4096 + number), "LogonType": "10"}
        time = BEGAN + timedelta(milliseconds=number)
        found += recogniser.feed(Event("Security", 4624, number + 1, time, f"HOST{number}", SECURITY, fields))
    assert [finding.host for finding in found if isinstance(finding, Logon)] == [
        f"HOST{number}" for number in range(12)
    ]


def test_a_cut_changes_nothing_where_all_is_full() -> None:
    """What is forgotten is forgotten alike, however often the reading was taken up again."""
    events = list(islice(crowd(), 1_200))
    assert pass_in_pieces(events, range(0, 1_200, 7)) == pass_in_pieces(events, ())


def test_half_a_character_does_not_keep_the_state_from_being_stored() -> None:
    """A name that is no text in UTF-8 stands escaped in the snapshot, and comes back."""
    event = next(crowd(hosts=1))
    recogniser = Recogniser()
    recogniser.feed(replace(event, fields={**event.fields, "TargetUserName": "mori\ud800"}))
    kept = recogniser.snapshot()
    kept.encode()
    assert Recogniser.restore(kept).snapshot() == kept
