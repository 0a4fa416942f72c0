"""What a condition says of an event: conditions become functions, once, and events are handed to them.

A field that the event does not have passes no test but ``null`` and ``exists: false``. Where the specification is silent:
docs/decisions/sigma.md.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Protocol

from logonbell.address import address_of
from logonbell.sigma.fold import fold
from logonbell.sigma.form import (
    Anywhere,
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
    Test,
    Text,
    Truth,
)

Fields = Mapping[str, str]
"""An event or a logon as rules see it: its values by the names that Sigma's taxonomy has for them."""
Matcher = Callable[[Fields], bool]

LONGEST = 1 << 16
"""So many characters of a value a regular expression is tried on; what stands behind them is not looked at."""

_BY: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
_NUMBER = re.compile(r"\s*[-+]?[0-9]{1,40}(?:\.[0-9]{1,40})?\s*")


class Compiled(Protocol):
    """A regular expression that is ready."""

    def search(self, text: str, /) -> object | None:
        """Find it somewhere in a text."""
        ...


Patterns = Callable[[Pattern], Compiled]
"""Makes regular expressions ready: in time that grows with the text and no faster (RE2), whoever wrote them."""


def no_patterns(pattern: Pattern) -> Compiled:
    """Refuse: for rules that hold no regular expression."""
    raise ValueError(pattern.pattern)


class Evaluator:
    """Makes functions of conditions. ``zone`` is where hours and days are read, ``patterns`` makes expressions ready."""

    def __init__(self, zone: tzinfo = UTC, patterns: Patterns = no_patterns) -> None:
        self._zone = zone
        self._patterns = patterns

    def matcher(self, condition: Condition) -> Matcher:
        """Make a function of a condition. Raises ``ValueError`` for a pattern that cannot be made ready."""
        match condition:
            case Both(of):
                return _both([self.matcher(one) for one in of])
            case Either(of):
                return self._either(of)
            case Not(of):
                inner = self.matcher(of)
                return lambda fields: not inner(fields)
            case Anywhere(test):
                passes = self._value(_widened(test))
                return lambda fields: any(map(passes, fields.values()))
            case Field(name, test):
                return self._field(name, test)

    def _either(self, of: tuple[Condition, ...]) -> Matcher:
        texts = _texts_of_one_field(of)
        if texts is not None:
            name, one_of = texts[0], _one_of(texts[1])
            return lambda fields: (value := fields.get(name)) is not None and one_of(fold(value))
        some = [self.matcher(one) for one in of]
        return lambda fields: any(passes(fields) for passes in some)

    def _field(self, name: str, test: Test) -> Matcher:
        match test:
            case Null() | Exists(there=False):
                return lambda fields: name not in fields
            case Exists():
                return lambda fields: name in fields
            case Other():
                return _same(name, test)
            case _:
                passes = self._value(test)
                return lambda fields: (value := fields.get(name)) is not None and passes(value)

    def _value(self, test: Test) -> Callable[[str], bool]:
        match test:
            case Text():
                return _text(test)
            case Number(number):
                return lambda value: _number(value) == number
            case Truth(truth):
                word = "true" if truth else "false"
                return lambda value: value.lower() == word
            case Pattern():
                search = self._patterns(test).search
                return lambda value: search(value[:LONGEST]) is not None
            case Network(text):
                network = _network(text)
                return lambda value: (address := address_of(value)) is not None and address in network
            case Compared(by, number):
                compare = _BY[by]
                return lambda value: (mine := _number(value)) is not None and compare(mine, number)
            case Moment(part, by, number):
                compare, zone = _BY[by], self._zone
                return lambda value: (
                    (mine := part_of(value, part, zone)) is not None and compare(mine, number)
                )
        raise AssertionError(test)  # the rest asks for the field, not for its value


def _both(all_of: list[Matcher]) -> Matcher:
    if len(all_of) == 2:
        first, second = all_of
        return lambda fields: first(fields) and second(fields)
    return lambda fields: all(passes(fields) for passes in all_of)


def _texts_of_one_field(of: tuple[Condition, ...]) -> tuple[str, list[Text]] | None:
    """Give field and texts where it is all about texts of one field in any case: it is then looked up, and folded, once."""
    names = {one.field for one in of if isinstance(one, Field)}
    texts = [one.test for one in of if isinstance(one, Field) and isinstance(one.test, Text)]
    if len(names) != 1 or len(texts) != len(of) or any(text.cased for text in texts):
        return None
    return names.pop(), texts


def _one_of(texts: Sequence[Text]) -> Callable[[str], bool]:
    """Make what tells whether a folded value is one of several texts, sorted by how they are found."""
    whole: set[str] = set()
    begins: list[str] = []
    ends: list[str] = []
    others: list[Callable[[str], bool]] = []
    for text in texts:
        parts = tuple(map(fold, text.parts))
        match text.wild, parts:
            case "", (value,):
                whole.add(value)
            case "*", (begin, ""):
                begins.append(begin)
            case "*", ("", end):
                ends.append(end)
            case _:
                others.append(_folded(parts, text.wild))
    if not begins and not ends and not others:
        return whole.__contains__
    start, stop = tuple(begins), tuple(ends)
    return lambda value: (
        value in whole
        or value.startswith(start)
        or value.endswith(stop)
        or any(passes(value) for passes in others)
    )


def _widened(test: Text | Number | Pattern) -> Text | Pattern:
    """A keyword stands anywhere in a value."""
    match test:
        case Number(number):
            return Text(("", str(number), ""), "**")
        case Text(parts, wild, cased):
            open_before, open_behind = not parts[0] and wild[:1] == "*", not parts[-1] and wild[-1:] == "*"
            before, behind = (
                ((), "") if open_before else (("",), "*"),
                ((), "") if open_behind else (("",), "*"),
            )
            return Text((*before[0], *parts, *behind[0]), before[1] + wild + behind[1], cased)
        case Pattern():
            return test


def _text(test: Text) -> Callable[[str], bool]:
    parts = test.parts if test.cased else tuple(map(fold, test.parts))
    passes = _folded(parts, test.wild)
    return passes if test.cased else lambda value: passes(fold(value))


def _folded(parts: tuple[str, ...], wild: str) -> Callable[[str], bool]:
    match wild, parts:
        case "", (whole,):
            return lambda value: value == whole
        case "*", (begin, ""):
            return lambda value: value.startswith(begin)
        case "*", ("", end):
            return lambda value: value.endswith(end)
        case "**", ("", middle, ""):
            return lambda value: middle in value
        case _:
            return lambda value: _wild(parts, wild, value)


def _wild(parts: tuple[str, ...], wild: str, value: str) -> bool:
    """Match with wildcards, each stretch between two stars at its first place: time grows with value times stretch at most."""
    stretches = _stretches(parts, wild)
    first, last = stretches[0], stretches[-1]
    if len(stretches) == 1:
        return len(value) == len(first) and _stands(first, value, 0)
    here, end = len(first), len(value) - len(last)
    if here > end or not _stands(first, value, 0) or not _stands(last, value, end):
        return False
    for stretch in stretches[1:-1]:
        found = _find(stretch, value, here, end)
        if found < 0:
            return False
        here = found + len(stretch)
    return True


@cache
def _stretches(parts: tuple[str, ...], wild: str) -> tuple[tuple[str, ...], ...]:
    """Give what stands between the stars: literal letters, and an empty text where any one letter may stand."""
    stretches: list[list[str]] = [list(parts[0])]
    for mark, part in zip(wild, parts[1:], strict=True):
        if mark == "*":
            stretches.append(list(part))
        else:
            stretches[-1] += ["", *part]
    return tuple(map(tuple, stretches))


def _find(stretch: tuple[str, ...], value: str, start: int, end: int) -> int:
    if all(stretch):
        return value.find("".join(stretch), start, end)
    return next((at for at in range(start, end - len(stretch) + 1) if _stands(stretch, value, at)), -1)


def _stands(stretch: tuple[str, ...], value: str, at: int) -> bool:
    return all(letter in {"", value[at + n]} for n, letter in enumerate(stretch))


def _network(text: str) -> IPv4Network | IPv6Network:
    """Give a network; one of IPv4 addresses that are mapped into IPv6 is that of IPv4, as for addresses."""
    network = ip_network(text, strict=False)
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    return ip_network((mapped, network.prefixlen - 96)) if mapped and network.prefixlen >= 96 else network


def _same(name: str, test: Other) -> Matcher:
    other, shape = test.field, (test.begins, test.ends)

    def passes(fields: Fields) -> bool:
        mine, theirs = fields.get(name), fields.get(other)
        if mine is None or theirs is None:
            return False
        mine, theirs = fold(mine), fold(theirs)
        match shape:
            case True, True:
                return theirs in mine
            case True, False:
                return mine.startswith(theirs)
            case False, True:
                return mine.endswith(theirs)
            case _:
                return mine == theirs

    return passes


def _number(value: str) -> int | float | None:
    if _NUMBER.fullmatch(value) is None:
        return None
    return float(value) if "." in value else int(value)


def part_of(value: str, part: str, zone: tzinfo) -> int | None:
    """Give a part of a time (ISO 8601; without an offset it is UTC), read in ``zone``. ``week`` is that of ISO 8601."""
    try:
        time = datetime.fromisoformat(value.strip())
        there = (time if time.tzinfo is not None else time.replace(tzinfo=UTC)).astimezone(zone)
    except (ValueError, OverflowError):
        return None
    return there.isocalendar().week if part == "week" else int(getattr(there, part))
