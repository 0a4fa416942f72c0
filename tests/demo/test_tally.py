from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from logonbell.alert import Level
from logonbell.demo.bastion import HOST, Day, usual_day
from logonbell.demo.letter import Letter
from logonbell.demo.tally import Tally, Verdict, count, judge
from logonbell.store.outbox import NotifierState, OutboxState, SourceState

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
DAY = Day((), [frozenset({3, 4}), frozenset({8})], frozenset({5, 6, 7}))
WRITTEN = {record: NOON + timedelta(seconds=record) for record in range(1, 11)}


def letter(number: int, *records: int, burst: bool = False) -> Letter:
    """A message that SNS accepted 300 ms after the event it tells of."""
    known = WRITTEN[records[-1 if burst else 0]]
    return Letter("", "", known + timedelta(milliseconds=300), Level.MEDIUM, number, records, burst)


LETTERS = [letter(1, 3, 2, 4), letter(2, 5, 6, 7, burst=True), letter(3, 8, 9)]


def agent(*, newest: int = 10, sequence: int = 3, pending: int = 0, buried: int = 0) -> OutboxState:
    """How the outbox of an agent stands that has read ten records and told three things."""
    return OutboxState(
        {"log": SourceState("bookmark", newest, NOON)},
        {"sns": NotifierState(pending, 3, buried, None, None, NOON)},
        {HOST: sequence},
        (),
    )


def verdict(letters: list[Letter], state: OutboxState, remarks: tuple[str, ...] = ()) -> Verdict:
    """The verdict on a recipe that mailed about records 1, 2 and 8."""
    return judge(DAY, [1, 2, 8], letters, written=WRITTEN, agent=state, remarks=remarks)


def test_all_is_well() -> None:
    """Each session told once, every number received, every record read: the verdict holds."""
    good = verdict(LETTERS, agent())
    assert good.holds
    assert good.logonbell == Tally(mails=3, logons=2, bursts=1, missed=0)
    assert good.recipe == Tally(mails=3, logons=1, bursts=0, missed=1)
    assert good.recipe.nobody == 2
    assert set(good.delays) == {timedelta(milliseconds=300)}


@pytest.mark.parametrize(
    ("letters", "state", "remarks"),
    [
        (LETTERS, agent(newest=9), ()),
        (LETTERS, agent(), ("Security.evtx: 3 records are missing",)),
        (LETTERS, agent(sequence=4), ()),
        (LETTERS, agent(pending=1), ()),
        (LETTERS, agent(buried=1), ()),
        (LETTERS[:2], agent(), ()),
        ([*LETTERS, LETTERS[2]], agent(), ()),
        ([*LETTERS, letter(4, 8)], agent(sequence=4), ()),
        ([*LETTERS[:2], letter(3, 9)], agent(), ()),
        ([], agent(), ()),
    ],
    ids=[
        "a record was not read",
        "the agent tells of a loss",
        "a number was given and not received",
        "something waits",
        "something was buried",
        "a session was not told",
        "a message came twice",
        "a session was told twice",
        "a message is about nobody, and a session was not told",
        "nothing came",
    ],
)
def test_a_fault_is_not_hidden(letters: list[Letter], state: OutboxState, remarks: tuple[str, ...]) -> None:
    """The demo says that something is missing whenever something is."""
    assert not verdict(letters, state, remarks).holds


def test_nothing_came() -> None:
    """Without a message there is no delay to boast of."""
    nothing = verdict([], agent())
    assert nothing.usual_delay is None
    assert nothing.worst_delay is None


def test_the_delay_of_a_burst() -> None:
    """A burst is known by its third failure: the delay counts from there; that of a logon from its main event."""
    assert letter(1, 5, 6, 7, burst=True).delay(WRITTEN) == timedelta(milliseconds=300)
    later = replace(letter(1, 8, 9), accepted=WRITTEN[8] + timedelta(seconds=2))
    assert later.delay(WRITTEN) == timedelta(seconds=2)


def test_what_is_true_of_the_usual_day() -> None:
    """Five sessions of people, of which those with a split token have two 4624, and five guesses."""
    day = usual_day()
    assert [len(session) for session in day.sessions] == [2, 1, 2, 1, 2]
    assert len(day.burst) == 5
    assert count([], day) == Tally(mails=0, logons=0, bursts=0, missed=5)
