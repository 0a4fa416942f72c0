"""A sentence for a person: words with holes and what fills them, so that it can be said in any language.

The words are the English text and the key of every other language's catalogue (``text/``). What fills a hole may
have been written by an attacker; it is escaped where the sentence is shown, not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words with named holes (``str.format`` syntax); ``many`` and ``count`` where the number decides the form."""

    words: str
    holes: Mapping[str, str | int | float | Sentence] = field(default_factory=dict)
    many: str | None = None
    count: int | None = None

    def __str__(self) -> str:
        words = self.many if self.many is not None and self.count != 1 else self.words
        return words.format_map(self.holes)


Hole = str | int | float | Sentence
"""What may fill a hole; a sentence in a hole is said in the language of the whole."""


def say(words: str, /, **holes: Hole) -> Sentence:
    """Mark ``words`` for the catalogues, and fill their holes."""
    return Sentence(words, holes)


def plural(one: str, many: str, count: int, /, **holes: Hole) -> Sentence:
    """Mark a sentence with a singular and a plural for the catalogues; ``{count}`` is filled by itself."""
    return Sentence(one, {"count": count, **holes}, many, count)
