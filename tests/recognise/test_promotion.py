"""What a logon says of its user who was made an administrator lately."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from logonbell.event import EventRef
from logonbell.logon import User
from logonbell.recognise.promotion import LATELY, Made, Promotions
from scenes import after

DAY = LATELY.total_seconds()
MALLORY, BOSS = User("mallory", "BASTION-01", "S-1-5-21-1-2-3-1016"), User("mori", "BASTION-01")


def ref(record: int) -> EventRef:
    """The record with this number."""
    return EventRef("Security", record, 4732)


def made(*seconds: float, user: User = MALLORY) -> Promotions:
    """So often, and then, she was made an administrator."""
    promotions = Promotions()
    for number, second in enumerate(seconds):
        promotions.add(Made(after(second), user, BOSS, ref(number)))
    return promotions


@pytest.mark.parametrize(
    ("second", "says"),
    [(-1.1, False), (-1, True), (-0.5, True), (0, True), (DAY, True), (DAY + 0.1, False)],
)
def test_for_a_day_a_logon_says_it(second: float, *, says: bool) -> None:
    """From a second before it on, as two clocks may say, to a day after it."""
    promotion = made(0).behind(MALLORY, ref(9), after(second))
    assert (promotion is not None) is says
    if promotion is not None:
        assert (promotion.time, promotion.by, promotion.event, promotion.first) == (
            after(0),
            BOSS,
            ref(0),
            True,
        )


@pytest.mark.parametrize(
    ("logons", "first"),
    [([(9, 10), (10, 20)], [True, False]), ([(9, 10), (9, 10)], [True, True])],
    ids=["two logons", "two versions of one"],
)
def test_the_first_logon_since_is_the_first(
    logons: Sequence[tuple[int, float]], first: Sequence[bool]
) -> None:
    """It stays so when it is told again; no other is."""
    promotions = made(0)
    found = [promotions.behind(MALLORY, ref(record), after(second)) for record, second in logons]
    assert [promotion is not None and promotion.first for promotion in found] == first


def test_made_once_more_she_is_new_once_more() -> None:
    """The next logon is a first one again; one in between, told again, keeps its own reason."""
    promotions = made(0, 60)
    again = promotions.behind(MALLORY, ref(10), after(90))
    between = promotions.behind(MALLORY, ref(9), after(30))
    assert again is not None
    assert between is not None
    assert (again.time, again.first, between.time, between.first) == (after(60), True, after(0), True)


def test_nobody_else_is_meant() -> None:
    """Another user was not made an administrator; of very many the newest are remembered."""
    promotions = made(*range(0, 650, 10))
    assert promotions.behind(BOSS, ref(9), after(645)) is None
    assert promotions.behind(None, ref(9), after(645)) is None
    assert promotions.behind(MALLORY, ref(9), after(5)) is None
    oldest = promotions.behind(MALLORY, ref(9), after(15))
    assert oldest is not None
    assert oldest.event == ref(1)
