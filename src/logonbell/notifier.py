"""What takes an alert to people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from logonbell.alert import Alert
from logonbell.sentence import Sentence


@dataclass(frozen=True, slots=True)
class Notification:
    """One delivery of one alert: ``sequence`` is the host's own count (1, 2, 3, …), ``read`` when its event was read."""

    alert: Alert
    sequence: int
    read: datetime


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Why a notification was not taken. ``permanent`` means that trying the same again cannot help."""

    why: Sentence
    permanent: bool = False


class Notifier(Protocol):
    """Delivers notifications, in order, and says for each what came of it.

    The answer is as long as the question: for each notification the receipt (text that the receiver's side knows it
    by, such as SNS's message id) or ``Undelivered``. It never raises for what the far side or the network does; a
    wrong setting is ``Undelivered(permanent=True)`` too, with the hint in its words.
    """

    @property
    def name(self) -> str:
        """The key of its delivery rows: the same after every restart."""
        ...

    def deliver(self, notifications: Sequence[Notification]) -> Sequence[str | Undelivered]:
        """Hand them over now; at most ``batch`` of them come at once."""
        ...

    @property
    def batch(self) -> int:
        """How many notifications it takes at once."""
        ...
