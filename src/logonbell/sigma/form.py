"""The intermediate form: what a Sigma rule says, when all its modifiers, lists and selectors are worked out.

It is made once (``rulebook/``), kept as JSON, and read by whoever evaluates. Its words are those of the specification
(https://sigmahq.io/sigma-specification/, version 2.1).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from logonbell.alert import Level

VERSION = 1
"""Of the form: what was kept by another is made anew."""
EVERY = "*"
"""Among the channels of a rule: every channel that is followed."""


class Text(msgspec.Struct, frozen=True, tag=True):
    """Text with wildcards: ``parts`` are literal stretches, and between each two of them stands one of ``wild``.

    ``*`` stands for any number of characters, ``?`` for one. Without wildcards the one part is the whole value.
    """

    parts: tuple[str, ...]
    wild: str = ""
    cased: bool = False


class Number(msgspec.Struct, frozen=True, tag=True):
    """A number that the value, read as one, must be."""

    number: int | float


class Truth(msgspec.Struct, frozen=True, tag=True):
    """``true`` or ``false``."""

    truth: bool


class Null(msgspec.Struct, frozen=True, tag=True):
    """The field is not there."""


class Exists(msgspec.Struct, frozen=True, tag=True):
    """The field is there, whatever it holds; or is not."""

    there: bool


class Pattern(msgspec.Struct, frozen=True, tag=True):
    """A regular expression that is found somewhere in the value. ``flags`` are of ``i``, ``m`` and ``s``."""

    pattern: str
    flags: str = ""


class Network(msgspec.Struct, frozen=True, tag=True):
    """The value is an address of this network."""

    network: str


class Compared(msgspec.Struct, frozen=True, tag=True):
    """The value, read as a number, is less than it, and so on."""

    by: Literal["lt", "lte", "gt", "gte"]
    number: int | float


class Moment(msgspec.Struct, frozen=True, tag=True):
    """A part of the value, read as a time, is that number, or is compared with it."""

    part: Literal["minute", "hour", "day", "week", "month", "year"]
    by: Literal["eq", "lt", "lte", "gt", "gte"]
    number: int | float


class Other(msgspec.Struct, frozen=True, tag=True):
    """The value is that of another field, or begins with it, ends with it, or holds it (both)."""

    field: str
    begins: bool = False
    ends: bool = False


Test = Text | Number | Truth | Null | Exists | Pattern | Network | Compared | Moment | Other


class Field(msgspec.Struct, frozen=True, tag=True):
    """The value of a field passes a test."""

    field: str
    test: Test


class Anywhere(msgspec.Struct, frozen=True, tag=True):
    """A keyword: some value of the event passes a test."""

    test: Text | Number | Pattern


class Both(msgspec.Struct, frozen=True, tag=True):
    """All of these."""

    of: tuple[Condition, ...]


class Either(msgspec.Struct, frozen=True, tag=True):
    """At least one of these."""

    of: tuple[Condition, ...]


class Not(msgspec.Struct, frozen=True, tag=True):
    """Not this."""

    of: Condition


Condition = Field | Anywhere | Both | Either | Not


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule says of itself. ``key`` is the name by which it is known here: its name, else its id, else its title."""

    key: str
    title: str
    id: str | None = None
    name: str | None = None
    level: int = int(Level.MEDIUM)
    status: str | None = None
    author: str | None = None
    description: str | None = None
    license: str | None = None
    falsepositives: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    shipped: bool = False
    off: bool = False
    """Shipped, and switched off."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule over single events of ``channels``, or over recognised logons where there are none.

    ``rings`` is false for one that only serves a correlation.
    """

    about: About
    channels: tuple[str, ...]
    condition: Condition
    rings: bool = True


class Counted(msgspec.Struct, frozen=True):
    """How many there must be: ``least`` of them, or exactly so many."""

    least: int
    exactly: bool = False


class Correlation(msgspec.Struct, frozen=True, kw_only=True):
    """A rule over what other rules matched: ``rules`` are their keys, ``seconds`` the time in which it happens.

    ``grouped`` are the fields (or aliases) that must be the same, ``aliases`` what an alias is called in the events of each
    rule, ``fields`` what is counted by ``value_count``.
    """

    about: About
    type: Literal["event_count", "value_count", "temporal", "temporal_ordered"]
    rules: tuple[str, ...]
    grouped: tuple[str, ...]
    seconds: int
    counted: Counted
    fields: tuple[str, ...] = ()
    aliases: dict[str, dict[str, str]] = {}
    rings: bool = True


class Book(msgspec.Struct, frozen=True):
    """Rules, with those that they refer to in front of them."""

    rules: tuple[Rule, ...] = ()
    correlations: tuple[Correlation, ...] = ()
