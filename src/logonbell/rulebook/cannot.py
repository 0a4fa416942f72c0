"""A part of a rule that cannot be done."""

from __future__ import annotations

from logonbell.rulebook.document import Place
from logonbell.sentence import Sentence


class CannotError(Exception):
    """``what`` says what is wrong, for the person who wrote the rule; ``place`` where in the document."""

    def __init__(self, what: Sentence, *place: str | int) -> None:
        super().__init__(str(what))
        self.what = what
        self.place: Place = place
