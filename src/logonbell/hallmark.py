"""By what a record is known to be nobody's, before anything else of it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from logonbell.sentence import Sentence


@dataclass(frozen=True, slots=True)
class Hallmark:
    """One field that says it all: it holds one of ``values``, or begins with one of ``beginnings``.

    ``unless`` names another field and the value with which the record is somebody's matter all the same. ``because`` says
    what the record is. Values are as ``Event.fields`` holds them.
    """

    field: str
    because: Sentence
    values: frozenset[str]
    beginnings: tuple[str, ...] = ()
    unless: tuple[str, str] | None = None

    def marks(self, fields: Mapping[str, str]) -> bool:
        """Tell whether a record with these fields bears it."""
        value = fields.get(self.field, "")
        if value not in self.values and not value.startswith(self.beginnings):
            return False
        return self.unless is None or fields.get(self.unless[0]) != self.unless[1]


Hallmarks = Mapping[tuple[str, int], tuple[Hallmark, ...]]
"""The hallmarks of noise by channel and event id; one of them is enough."""
