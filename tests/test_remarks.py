"""What remarks promise: whatever was lost is told, in few sentences, with every number."""

from __future__ import annotations

import itertools
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from fakes import NOON
from logonbell.remarks import DROPPED, LOST, SILENCED, Remarked, gather, joined, lost, ranges, unwatched
from logonbell.sentence import Sentence, plural, say
from logonbell.source import Loss

WHY = say("silenced by alice until {until} ({because})", until="18:00", because="patching")


def damaged(count: int, where: str = "Security.evtx") -> Remarked:
    """Remark that so many records could not be understood."""
    what = plural("A record could not be understood.", "{count} records could not be understood.", count)
    return lost(Loss(where, what, count), NOON)


def silenced(first: int, last: int, host: str = "h", why: Sentence = WHY) -> Remarked:
    """Remark that alerts were silenced."""
    return Remarked(NOON, SILENCED, why, last - first + 1, host, (first, last))


def told(*found: Remarked) -> list[str]:
    """Give the sentences."""
    return [str(one.what) for one in gather(found)]


def test_what_says_the_same_is_counted() -> None:
    """A thousand damaged records are one sentence that counts them."""
    assert told(damaged(1), damaged(2)) == ["Security.evtx: 3 records could not be understood."]
    assert gather([damaged(1), damaged(2)])[0].count == 3
    assert told(damaged(1)) == ["Security.evtx: A record could not be understood."]


def test_what_differs_is_one_example_and_a_count() -> None:
    """Ten damaged chunks are one sentence with the first of them, not ten."""
    chunks = [
        lost(Loss("Security.evtx", say("The header of chunk {chunk} is damaged.", chunk=n)), NOON)
        for n in range(10)
    ]
    assert told(*chunks) == ["Security.evtx: The header of chunk 0 is damaged. And 9 more like it."]
    assert gather(chunks)[0].count is None


def test_different_things_are_told_apart() -> None:
    """Each sort of loss has its sentence, in the order in which they were found."""
    away = unwatched(NOON - timedelta(hours=2), NOON)
    assert told(silenced(5, 7), damaged(1), away) == [
        "3 alerts were not told, silenced by alice until 18:00 (patching): numbers 5-7.",
        "Security.evtx: A record could not be understood.",
        (
            "Nobody watched from 2026-03-03 10:00 UTC to 2026-03-03 12:00 UTC; what the logs still hold of that time is"
            " told late."
        ),
    ]


def test_silenced_alerts_are_named_by_their_numbers() -> None:
    """A receiver who misses numbers finds every one of them, by host and by who silenced it."""
    other = say("maintenance, {begins} to {ends} ({because})", begins="22:00", ends="02:00", because="backup")
    assert told(
        silenced(5, 5), silenced(8, 9), silenced(6, 6), silenced(7, 7, why=other), silenced(1, 2, "i")
    ) == [
        "4 alerts were not told, silenced by alice until 18:00 (patching): numbers 5-6, 8-9.",
        "1 alert was not told, maintenance, 22:00 to 02:00 (backup): number 7.",
        "2 alerts were not told, silenced by alice until 18:00 (patching): numbers 1-2.",
    ]


def test_very_many_ranges_are_cut_short() -> None:
    """A message is no list of a thousand numbers: the first are named, and the last."""
    found = [silenced(n, n) for n in range(1, 2001, 2)]
    (told_of,) = told(*found)
    assert told_of.startswith("1,000 alerts were not told")
    assert told_of.endswith(
        "numbers 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 37, ..., 1999."
    )


def test_neighbours_are_kept_as_one() -> None:
    """A thousand alerts silenced in a row are one row of the outbox."""
    found = joined([silenced(1, 1), silenced(2, 2), silenced(4, 4), silenced(5, 5, "i")])
    assert [one.numbers for one in found] == [(1, 2), (4, 4), (5, 5)]
    assert [one.count for one in found] == [2, 1, 1]


@given(st.sets(st.integers(1, 200)))
def test_ranges_hold_every_number_once(numbers: set[int]) -> None:
    """Numbers written as ranges are the same numbers, in as few ranges as can be."""
    found = ranges(sorted(numbers))
    assert [n for first, last in found for n in range(first, last + 1)] == sorted(numbers)
    assert all(before[1] + 1 < after[0] for before, after in itertools.pairwise(found))


@given(st.lists(st.tuples(st.sampled_from([SILENCED, DROPPED]), st.integers(1, 30)), unique=True))
def test_no_number_is_left_out(given_numbers: list[tuple[str, int]]) -> None:
    """However remarks come, the numbers of all of them are told, and no others."""
    found = [Remarked(NOON, kind, say(kind), 1, "h", (number, number)) for kind, number in given_numbers]
    for one in gather(joined(found)):
        listed = str(one.what).rpartition("number")[2].lstrip("s ").rstrip(".")
        numbers = [
            number
            for part in listed.split(", ")
            for number in range(int(part.split("-")[0]), int(part.split("-")[-1]) + 1)
        ]
        assert numbers == sorted(number for kind, number in given_numbers if kind == one.kind)
        assert one.count == len(numbers)
        assert one.kind != LOST
