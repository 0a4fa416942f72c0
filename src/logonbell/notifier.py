"""Who takes alerts to people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from logonbell.notification import Telling
from logonbell.sentence import Sentence

FIRST_DELAY = timedelta(seconds=1)
LONGEST_DELAY = timedelta(minutes=5)
_DOUBLINGS = 30  # beyond the longest delay, and far below what a timedelta holds


@dataclass(frozen=True, slots=True)
class Undelivered:
    """Why a message was not taken.

    ``permanent`` means that nothing can be mended or waited for that would let the far side take this message.
    """

    why: Sentence
    permanent: bool = False


class Notifier(Protocol):
    """Delivers notifications and digests, in order, and says for each what came of it.

    The answer is as long as the question: for each the receipt (text that the receiver's side knows it
    by, such as SNS's message id) or ``Undelivered``. It never raises for what the far side or the network does; a
    wrong setting is ``Undelivered`` too, with the hint in its words, and not permanent: once mended, what waited
    is delivered.
    """

    @property
    def name(self) -> str:
        """The key of its delivery rows: the same after every restart."""
        ...

    def prepare(self) -> None:
        """Do now what would hold up the first delivery, if there is such a thing.

        An agent that waits for something to deliver asks for it once, in the thread that delivers. It sends nothing and
        never raises for what the far side, the network or a setting does: the delivery meets that too, and tells.
        """
        ...

    def deliver(self, tellings: Sequence[Telling]) -> Sequence[str | Undelivered]:
        """Hand them over now; at most ``batch`` of them come at once."""
        ...

    @property
    def batch(self) -> int:
        """How many it takes at once."""
        ...


def delay(attempt: int, *, jitter: float) -> timedelta:
    """How long to wait behind the failed ``attempt`` (1, 2, 3, …) before the next.

    The bound doubles from one second to five minutes; ``jitter`` in [0, 1), drawn by the caller, chooses below it
    (full jitter: many agents that lost the same endpoint do not come back to it at the same moment).
    """
    return min(LONGEST_DELAY, FIRST_DELAY * (1 << min(attempt - 1, _DOUBLINGS))) * jitter
