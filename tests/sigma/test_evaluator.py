from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from any_conditions import LETTERS, conditions, fields, texts, wild_texts
from logonbell.rulebook.patterns import linear
from logonbell.sigma.evaluate import Evaluator, no_patterns
from logonbell.sigma.fold import fold
from logonbell.sigma.form import (
    About,
    Anywhere,
    Book,
    Both,
    Compared,
    Condition,
    Either,
    Exists,
    Field,
    Moment,
    Network,
    Not,
    Null,
    Number,
    Other,
    Pattern,
    Rule,
    Test,
    Text,
    Truth,
)

TOKYO = ZoneInfo("Asia/Tokyo")


def plainly(condition: Condition, event: Mapping[str, str], zone: tzinfo = UTC) -> bool:
    """Say what a condition says of an event, slowly and in the obvious way."""
    match condition:
        case Both(of):
            return all(plainly(one, event, zone) for one in of)
        case Either(of):
            return any(plainly(one, event, zone) for one in of)
        case Not(of):
            return not plainly(of, event, zone)
        case Anywhere(test):
            return any(_stands_in(test, value) for value in event.values())
        case Field(name, Null()):
            return name not in event
        case Field(name, Exists(there)):
            return (name in event) == there
        case Field(name, Other(other, begins, ends)):
            return name in event and other in event and _related(event[name], event[other], begins, ends)
        case Field(name, test):
            return name in event and _passes(test, event[name], zone)
    raise AssertionError(condition)


def _stands_in(test: Text | Number | Pattern, value: str) -> bool:
    """Try a keyword on every stretch of a value."""
    if isinstance(test, Pattern):
        return _passes(test, value, UTC)
    if isinstance(test, Number):
        return str(test.number) in value
    ends = range(len(value) + 1)
    return any(_passes(test, value[begin:end], UTC) for begin in ends for end in ends if begin <= end)


def _passes(test: Test, value: str, zone: tzinfo) -> bool:
    match test:
        case Text(parts, wild, cased):
            marks = [
                part for pair in zip(parts, [*wild, ""], strict=True) for part in (list(pair[0]), pair[1])
            ]
            pattern: list[tuple[str, str]] = []
            for mark in marks:
                pattern += (
                    [("letter", letter) for letter in mark]
                    if isinstance(mark, list)
                    else [("wild", mark)] * bool(mark)
                )
            return _wild(tuple(pattern), value, cased)
        case Number(number):
            return _read(value) == number
        case Truth(truth):
            return value.lower() == str(truth).lower()
        case Pattern(pattern_text, flags):
            # Python's $ also stands in front of a last line feed, RE2's does not
            text = pattern_text if "m" in flags else pattern_text.replace("$", r"\Z")
            return re.search(f"(?{flags}){text}" if flags else text, value) is not None
        case Network(network):
            address, bits = network.split("/")
            mine, theirs = _four(value), _four(address)
            return mine is not None and theirs is not None and mine[: int(bits)] == theirs[: int(bits)]
        case Compared(by, number):
            mine_number = _read(value)
            return mine_number is not None and _by(by, mine_number, number)
        case Moment(part, by, number):
            try:
                time = datetime.fromisoformat(value.strip())
            except ValueError:
                return False
            letter = {"minute": "M", "hour": "H", "day": "d", "week": "V", "month": "m", "year": "Y"}[part]
            time = time if time.tzinfo else time.replace(tzinfo=UTC)
            return _by(by, int(time.astimezone(zone).strftime(f"%{letter}")), number)
    raise AssertionError(test)


def _wild(pattern: tuple[tuple[str, str], ...], value: str, cased: bool) -> bool:
    if not pattern:
        return value == ""
    kind, mark = pattern[0]
    if kind == "wild" and mark == "*":
        return any(_wild(pattern[1:], value[at:], cased) for at in range(len(value) + 1))
    if value == "":
        return False
    return (kind == "wild" or _same(mark, value[0], cased)) and _wild(pattern[1:], value[1:], cased)


def _same(one: str, other: str, cased: bool) -> bool:
    small, also_small = one.lower(), other.lower()
    return one == other or (not cased and len(small) == len(also_small) == 1 and small == also_small)


def _related(mine: str, theirs: str, begins: bool, ends: bool) -> bool:
    letters = tuple(("letter", letter) for letter in theirs)
    any_number = (("wild", "*"),)
    before, behind = any_number * ends, any_number * begins
    return _wild((*before, *letters, *behind), mine, cased=False)


def _read(value: str) -> float | int | None:
    try:
        return (
            int(value)
            if set(value.strip()) <= set("+-0123456789")
            else float(value)
            if "e" not in value
            else None
        )
    except ValueError:
        return None


def _by(by: str, mine: float, theirs: float) -> bool:
    return {
        "eq": mine == theirs,
        "lt": mine < theirs,
        "lte": mine <= theirs,
        "gt": mine > theirs,
        "gte": mine >= theirs,
    }[by]


def _four(value: str) -> str | None:
    if re.fullmatch(r" *[0-9]+(\.[0-9]+){3} *", value) is None:
        return None
    return "".join(f"{int(part):08b}" for part in value.strip().split("."))


def agree(condition: Condition, event: Mapping[str, str], zone: tzinfo) -> None:
    """Hold the evaluator to the obvious one, before and after the form was kept."""
    kept = msgspec.json.decode(msgspec.json.encode(condition), type=Condition)
    assert kept == condition
    expected = plainly(condition, event, zone)
    assert Evaluator(zone, linear).matcher(kept)(event) == expected


@settings(max_examples=50)
@given(condition=conditions, event=fields, zone=st.sampled_from([UTC, TOKYO]))
def test_evaluator_says_what_is_obvious(condition: Condition, event: dict[str, str], zone: tzinfo) -> None:
    """A slow evaluator, written from the meaning of the form alone, finds the same."""
    agree(condition, event, zone)


@pytest.mark.rig
@settings(max_examples=10_000)
@given(condition=conditions, event=fields, zone=st.sampled_from([UTC, TOKYO]))
def test_evaluator_says_what_is_obvious_for_long(
    condition: Condition, event: dict[str, str], zone: tzinfo
) -> None:
    """The same, many times."""
    agree(condition, event, zone)


@settings(max_examples=80)
@given(text=wild_texts(), value=texts)
def test_wildcards_say_what_is_obvious(text: Text, value: str) -> None:
    """Texts with wildcards by themselves, as values and as keywords."""
    agree(Field("x", text), {"x": value}, UTC)
    agree(Anywhere(text), {"x": value}, UTC)


@pytest.mark.rig
@settings(max_examples=10_000)
@given(text=wild_texts(), value=texts)
def test_wildcards_say_what_is_obvious_for_long(text: Text, value: str) -> None:
    """The same, many times."""
    agree(Field("x", text), {"x": value}, UTC)
    agree(Anywhere(text), {"x": value}, UTC)


class Counted(str):
    """A value that counts how many of its letters are looked at, one by one or by a search."""

    __slots__ = ("looks",)
    looks: int

    def __getitem__(self, key: object) -> str:
        self.looks += 1
        return super().__getitem__(key)  # type: ignore[index]

    def find(self, part: str, start: int | None = 0, end: int | None = None) -> int:  # type: ignore[override]
        """Count what the search goes over, in the worst case: each letter of it for each of the value's."""
        found = super().find(part, start, end)
        begun = start or 0
        self.looks += (found + len(part) if found >= 0 else len(self)) - begun
        return found


LONG = 2_000


@settings(max_examples=60)
@given(
    stretches=st.lists(st.text("ab?", max_size=4), min_size=1, max_size=12), ending=st.sampled_from(["", "b"])
)
def test_wildcards_take_time_in_proportion_to_text_and_pattern(stretches: list[str], ending: str) -> None:
    """However often stars stand in a pattern, no letter is looked at more often than the pattern has letters."""
    written = "*".join(stretches)
    parts, wild = re.split(r"[*?]", written), "".join(re.findall(r"[*?]", written))
    value = Counted("a" * LONG + ending)
    value.looks = 0
    Evaluator().matcher(Field("x", Text(tuple(parts), wild, cased=True)))({"x": value})
    assert value.looks <= (len(value) + 1) * (len(written) + 1)


def test_wildcards_that_would_go_back_forever() -> None:
    """The pattern on which matchers that go back never end, and a value of a megabyte."""
    says = Evaluator().matcher(Field("x", Text(("", *["a"] * 50, "b"), "*" * 51)))
    assert not says({"x": "a" * (1 << 20)})
    assert says({"x": "a" * (1 << 20) + "b"})


@given(text=st.text(LETTERS))
def test_folding_keeps_the_length(text: str) -> None:
    """Letter by letter, and a text that is folded stays as it is."""
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text) == "".join(map(fold, text))


def test_expressions_need_an_engine() -> None:
    """A rule with an expression is refused where there is none to run it, never run without it."""
    condition = Field("x", Pattern("a"))
    with pytest.raises(ValueError):
        Evaluator(patterns=no_patterns).matcher(condition)
    with pytest.raises(ValueError):
        Evaluator(patterns=linear).matcher(Field("x", Pattern("(?=a)")))


@settings(max_examples=10)
@given(some=st.lists(conditions, max_size=3))
def test_form_is_kept_as_json(some: list[Condition]) -> None:
    """What was compiled once is read back as it was."""
    rules = tuple(
        Rule(about=About(key=str(number), title="T"), channels=("Security",), condition=condition)
        for number, condition in enumerate(some)
    )
    kept = msgspec.json.encode(Book(rules))
    assert msgspec.json.decode(kept, type=Book) == Book(rules)
    assert msgspec.json.encode(msgspec.json.decode(kept, type=Book)) == kept
