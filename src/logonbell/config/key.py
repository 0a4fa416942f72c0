"""A key of the file, and the table in which it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from logonbell.config.kinds import Kind, T
from logonbell.sentence import Sentence


@dataclass(frozen=True, slots=True)
class Key:
    """What is told of a key: what it must be, what it is for, a value as TOML writes it, and the default in words.

    ``instead`` names the key in whose place it stands; both together contradict each other.
    """

    kind: Kind[Any]
    means: str
    example: str
    default: str
    instead: str | None = None


def key(
    kind: Kind[T],
    default: T | None,
    *,
    example: str,
    shown: str,
    means: str,
    instead: str | None = None,
    secret: bool = False,
) -> Any:
    """Make the field of a key that may be left out; ``shown`` is its default in words, a ``secret`` is not printed."""
    told = Key(kind, means, example, shown, instead)
    return field(default=default, repr=not secret, metadata={"key": told})


def required(kind: Kind[Any], *, example: str, means: str) -> Any:
    """Make the field of a key that must be given."""
    return field(metadata={"key": Key(kind, means, example, "must be given")})


class Section:
    """A table of the file. A ``repeated`` one may stand in it several times, in double brackets."""

    __slots__ = ()
    repeated: ClassVar[bool] = False

    def contradictions(self) -> Iterator[tuple[str, Sentence]]:
        """Which key does not go with the others, and why: what no key alone can show."""
        yield from ()
