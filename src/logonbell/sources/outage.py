"""How long to wait between two tries to follow a channel, and when it is an outage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from logonbell.sources.eventlog import ACCESS_DENIED, CHANNEL_NOT_FOUND

FIRST, LONGEST = 0.25, 30.0
"""Seconds between two tries: doubled from the one to the other, for ever."""
HOLD = 2.0
"""Seconds that a channel may be away before it is told: Windows stops the log a moment before us when it shuts down."""
OF_THE_CHANNEL = frozenset({ACCESS_DENIED, CHANNEL_NOT_FOUND})
"""Errors that concern one channel; all others are taken for the service's, which one source tells for all."""


@dataclass(slots=True)
class Outage:
    """A channel that cannot be followed at the moment. ``ticks`` is a clock in seconds that cannot be set."""

    ticks: Callable[[], float]
    began: float | None = field(init=False, default=None)
    _next: float = field(init=False, default=0.0)
    _pause: float = field(init=False, default=FIRST)

    @property
    def may_try(self) -> bool:
        """Tell whether it is time for the next try."""
        return self.ticks() >= self._next

    @property
    def lasts(self) -> bool:
        """Tell whether it has lasted so long that it is told."""
        return self.began is not None and self.ticks() - self.began >= HOLD

    def failed(self) -> None:
        """Note a try that failed."""
        now = self.ticks()
        if self.began is None:
            self.began = now
        self._next = now + self._pause
        self._pause = min(2 * self._pause, LONGEST)

    def over(self) -> None:
        """Note that the channel is followed."""
        self.began, self._next, self._pause = None, 0.0, FIRST
