"""A trouble that lasts: told when it begins or changes, not at every try."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from logonbell.sentence import Sentence

Told = Callable[[Sentence], None]
"""Told, in words, of what the operator should know: losses, a source that cannot be read, what does not get through."""


@dataclass(slots=True)
class Trouble:
    """One thing that may be in trouble; a night of it is one line."""

    told: Told
    times: int = field(init=False, default=0)
    """How often it was met since it began."""
    _known: str = field(init=False, default="")

    def met(self, what: Sentence) -> None:
        """Tell it, unless it was the last."""
        self.times += 1
        if str(what) != self._known:
            self._known = str(what)
            self.told(what)

    def over(self, what: Sentence | None = None) -> None:
        """Take the next for a new one; tell ``what`` if there was any."""
        if self._known and what is not None:
            self.told(what)
        self._known = ""
        self.times = 0
