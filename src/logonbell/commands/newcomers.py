"""Logs that come later into a folder that is followed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from logonbell.sources.evtx import EvtxSource
from logonbell.sources.history import find_logs
from logonbell.store.outbox import Outbox

LOOK = 5.0
"""Seconds between two looks."""


@dataclass(slots=True)
class Newcomers:
    """Looks whether there is a log below ``paths`` that nobody reads yet, and asks once for each that the reader begins anew.

    ``followed`` names the sources that are read.
    """

    outbox: Outbox
    paths: Sequence[Path]
    followed: Callable[[], Collection[str]]
    anew: Callable[[], object]
    _asked: set[str] = field(init=False, default_factory=set)

    def round(self) -> bool:
        """Look, and tell whether there was one. Raises ``Refused`` where a folder has no log any more."""
        found = {EvtxSource(path).name for path in find_logs(self.paths).files}
        new = found.difference(self.followed(), self._asked)
        self._asked = (self._asked & found) | new
        if new:
            self.anew()
        return bool(new)
