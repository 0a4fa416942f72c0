"""What is needed of the Windows event log: a promise that Windows keeps on a bastion, and a stand-in in the tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

ACCESS_DENIED = 5
INVALID_BOUND = 1734
"""RPC_S_INVALID_BOUND: what was asked for at once does not fit into one answer."""
INVALID_QUERY = 15001
CHANNEL_NOT_FOUND = 15007
GONE = frozenset({6, 1717, 1722, 1753})
"""The handle is not valid any more, or the service does not run or answer: no fault of one record."""


class EventLogError(Exception):
    """Windows refused: ``code`` is its number (winerror.h), ``call`` the function that was called."""

    def __init__(self, code: int, call: str) -> None:
        super().__init__(f"{call}: {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Rendered:
    """One record: its XML (None where Windows could not render it), and the bookmark that stands on it ("" likewise)."""

    xml: str | None
    bookmark: str


class Feed(Protocol):
    """Records one after the other. Opened, asked and closed by one thread. Every call may raise ``EventLogError``."""

    def next(self, count: int) -> Sequence[Rendered]:
        """Give the next ones, at most ``count``; none where there is nothing (yet). Never waits."""
        ...

    def signalled(self) -> bool:
        """Tell whether Windows signalled something new since this was asked last; what comes later signals again."""
        ...

    def close(self) -> None:
        """Give back every handle."""
        ...


class EventLog(Protocol):
    """Opens feeds. Raises ``EventLogError``; nothing stays open then."""

    def follow(self, channel: str, query: str, after: str | None) -> Feed:
        """Follow a channel from behind a bookmark, which must be found (EvtSubscribeStrict); None: from the oldest."""
        ...

    def query(
        self,
        channel: str,
        query: str,
        *,
        after: str | None = None,
        skip: int = 0,
        newest_first: bool = False,
    ) -> Feed:
        """Read what is there now: from the oldest, or from behind a bookmark, which must be found.

        ``skip`` passes over so many more without looking at them; there must be one behind them.
        """
        ...
