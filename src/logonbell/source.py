"""What gives events: in order, each batch with the bookmark behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from logonbell.event import Event
from logonbell.sentence import Sentence, say

GRACE = timedelta(minutes=10)
"""At its first start a source that follows this machine has news of no more than this; everything older is history."""

DAMAGED = say(
    "The bookmark is damaged: reading starts again at the oldest record."
    " An alert that comes twice has the same fingerprint."
)
"""What is told as a ``Loss`` where a bookmark cannot be read."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Something of a log that could not be read, or may be missing. ``records`` is None where nobody can know."""

    where: str
    what: Sentence
    records: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Events in the order of their log, and the bookmark from which reading goes on behind them.

    ``records`` counts everything that was looked at, events that no recogniser wants included. ``newest`` is the
    newest record id read so far. ``more`` says that reading again at once gives more; ``unsettled``, that something stands
    there which may still be being written, and that reading a moment later tells.
    """

    events: Sequence[Event]
    bookmark: str
    losses: Sequence[Loss] = ()
    records: int = 0
    newest: int | None = None
    more: bool = False
    unsettled: bool = False


class Source(Protocol):
    """Gives the events behind a bookmark.

    ``read(None)`` starts at the oldest record. ``read(bookmark)`` never skips: a bookmark that is damaged, foreign
    or behind a cleared log falls back to *older* and says so as a ``Loss``. It returns at once; an empty batch means
    that there is nothing new. The bookmark is text that only its source understands. Raises ``Refused`` for what a
    person can mend; everything else that happens to a log while it is read is a ``Loss``.
    """

    @property
    def name(self) -> str:
        """The key under which the bookmark is kept: the same after every restart."""
        ...

    def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
        """Give what stands behind ``bookmark``, at most a few thousand records at a time.

        With ``limit``, give no more than that many events, and the bookmark behind the last of them: so a reader of
        several sources goes forward in all of them at the same pace of the log's time.
        """
        ...


@runtime_checkable
class Following(Source, Protocol):
    """A source that follows this machine. What was there before its first start is history: it does not ring.

    A file that somebody names is no such source: all of it is asked for. Nor is a restart a first start, however long
    nobody ran, nor a start after what was known is lost: both go on from older.
    """

    @property
    def past(self) -> str | None:
        """The channel in which it tells of what is history, too, so that it is known; None where it leaves that out."""
        ...

    def begin(self, news: datetime) -> str | None:
        """Give the bookmark of a first start at which news begin at ``news``."""
        ...
