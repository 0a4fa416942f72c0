"""What a person can mend."""

from __future__ import annotations

from logonbell.sentence import Sentence, say


class Refused(Exception):
    """The one error a person can act on: what is wrong, and what to do (exit code 1)."""

    def __init__(self, what: Sentence, hint: Sentence | None = None) -> None:
        super().__init__(what, hint)
        self.what = what
        self.hint = hint

    @property
    def sentence(self) -> Sentence:
        """What is wrong and what to do, as one text."""
        return self.what if self.hint is None else say("{what} {hint}", what=self.what, hint=self.hint)

    def __str__(self) -> str:
        return str(self.sentence)
