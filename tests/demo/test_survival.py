from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from logonbell.alert import Level
from logonbell.demo.bastion import HOST
from logonbell.demo.forgery import FOUND, Answer
from logonbell.demo.letter import Letter
from logonbell.demo.night import Night, ids
from logonbell.demo.survival import Attacked, gap_in, survived
from logonbell.store.outbox import NotifierState, OutboxState, SourceState

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
GAP = "Gaps  records 21 to 24 were cleared"
CLEAN = Answer(0, (), frozenset())


def letter(number: int, record: int, body: str = "") -> Letter:
    """A message about one record."""
    return Letter("", body, NOON, Level.HIGH, number, (record,), burst=False)


LETTERS = [letter(1, 5), letter(2, 12), letter(3, 25, GAP), letter(4, 30)]
SCENES = {
    "comes": frozenset({11, 12, 13}),
    "clears": frozenset({25}),
    "returns": frozenset({29, 30}),
}


def agent(*, sequence: int = 4, pending: int = 0, buried: int = 0) -> OutboxState:
    """How the outbox stands in the end."""
    return OutboxState(
        {"log": SourceState("bookmark", 30, NOON)},
        {"sns": NotifierState(pending, 4, buried, None, None, NOON)},
        {HOST: sequence},
        (),
    )


GOOD = Attacked(SCENES, frozenset(range(21, 25)), LETTERS, agent(), CLEAN, Answer(1, (), FOUND))


def failing(attacked: Attacked) -> list[int]:
    """Which of the checks do not hold, by their place."""
    return [place for place, check in enumerate(survived(attacked)) if not check.holds]


def test_all_held() -> None:
    """Each scene rang, each number came, the gap is stated, the forgery found; a message that came again is no loss."""
    assert failing(GOOD) == []
    assert failing(replace(GOOD, letters=[*LETTERS, LETTERS[1]])) == []


@pytest.mark.parametrize(
    ("attacked", "broken"),
    [
        (replace(GOOD, letters=[LETTERS[0], *LETTERS[2:]]), [0, 1]),
        (replace(GOOD, agent=agent(sequence=5)), [1]),
        (replace(GOOD, agent=agent(pending=1)), [1]),
        (replace(GOOD, agent=agent(buried=1)), [1]),
        (replace(GOOD, letters=[*LETTERS[:2], replace(LETTERS[2], body="121 to 24"), LETTERS[3]]), [2]),
        (replace(GOOD, unread=frozenset()), [2]),
        (replace(GOOD, after=None), [3]),
        (replace(GOOD, before=Answer(1, (), frozenset({"missing"}))), [3]),
        (replace(GOOD, before=Answer(1, (), frozenset())), [3]),
        (replace(GOOD, after=Answer(0, (), FOUND)), [3]),
        (replace(GOOD, after=Answer(1, (), FOUND - {"removed"})), [3]),
        (replace(GOOD, after=Answer(1, (), FOUND | {"broken"})), [3]),
    ],
    ids=[
        "a scene was not told",
        "a number was given and not received",
        "something waits",
        "something was buried",
        "the gap is not stated",
        "there was no gap",
        "nothing was rewritten",
        "a message was missing before",
        "verify failed before",
        "verify was content afterwards",
        "a forgery was not found",
        "verify found what was not there",
    ],
)
def test_a_fault_is_told(attacked: Attacked, broken: Sequence[int]) -> None:
    """Whatever did not hold is said, and so the demo ends with a fault."""
    assert failing(attacked) == broken


def test_the_gap_in_a_message() -> None:
    """Its line is found by both numbers, in any language, and by no others."""
    told = letter(1, 1, "Besides  /tmp/a/Security.evtx: 21 to 24")
    assert gap_in(told, frozenset({21, 24})) == "Security.evtx: 21 to 24"
    assert gap_in(letter(1, 1, "a\n  21から24までの\nb"), frozenset({21, 22, 24})) == "21から24までの"
    assert gap_in(letter(1, 1, "210 to 24"), frozenset({21, 24})) is None
    assert gap_in(letter(1, 1, "21 to 24"), frozenset()) is None


def test_the_night_follows_the_day() -> None:
    """Every record of the night has a number behind those before; the logon stands amid the flood."""
    night = Night(1017)
    came, hidden, cleared, returned = (
        scene(NOON + timedelta(minutes=place))
        for place, scene in enumerate((night.comes, night.hides, night.clears, night.returns))
    )
    numbers = [event.record_id for event in (*came, *hidden, *cleared, *returned)]
    assert numbers == list(range(1018, night.record + 1))
    logons = [place for place, event in enumerate(came) if event.event_id == 4624]
    assert logons
    assert sum(event.event_id == 4625 for event in came[: logons[-1]]) > 1_000
    assert [event.event_id for event in cleared] == [1102]
    assert ids(hidden).isdisjoint(ids(came))
