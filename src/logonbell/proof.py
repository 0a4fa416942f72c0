"""By what a receiver proves that nothing was lost on the way, and that a history is still the one that was told of.

Two chains. Each change of the history is a *link*, whose mark covers its content and the mark before it; the mark of the
newest link, the *head*, stands for all of them. Each message to a notifier has a *proof*: its number among the messages to
this notifier, the head at the time, and a mark that covers both and the mark of the message before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

NONE = "0" * 64
"""What stands in place of the mark before the first message."""
SHORT = 16
"""So many hexadecimal digits of a mark stand in the line that people get."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest link of a history: its number (1, 2, 3, …; 0 before the first) and its mark."""

    number: int
    mark: str


NO_LINK = Head(0, NONE)
"""The head of a history in which nothing was kept yet."""


@dataclass(frozen=True, slots=True)
class Link:
    """One change: of which ``kind``, in which ``row``, with which content (``digest``).

    ``time`` is that of the event, ``at`` when it was kept, both as the store writes times.
    """

    kind: str
    row: int
    time: str
    at: str
    digest: str

    def behind(self, head: Head) -> Head:
        """Give the head of the history once this link stands behind ``head``."""
        number = head.number + 1
        return Head(number, digest((head.mark, number, self.kind, self.row, self.time, self.at, self.digest)))


@dataclass(frozen=True, slots=True)
class Proof:
    """What a message proves: ``number`` is its own among those to ``notifier`` in this ``history`` (1, 2, 3, …).

    ``before`` is the mark of the message before it, ``NONE`` for the first. A history that was replaced by an older copy,
    or begun anew, has another name, and its messages are numbered from 1 again.
    """

    history: str
    notifier: str
    number: int
    before: str
    head: Head
    fingerprint: str

    @property
    def mark(self) -> str:
        """The mark of this message: nobody changes one and keeps those behind it as they are."""
        head = self.head
        return digest(
            (
                self.history,
                self.notifier,
                self.number,
                self.before,
                head.number,
                head.mark,
                self.fingerprint,
            )
        )

    @property
    def short(self) -> str:
        """All of it in one line: ``STREAM-NUMBER-LINK-MARK``."""
        stream = stream_of(self.history, self.notifier)
        return f"{stream}-{self.number}-{self.head.number}-{self.mark[:SHORT]}"


def stream_of(history: str, notifier: str) -> str:
    """Give the short name of what one notifier is told of one history: eight hexadecimal digits."""
    return digest((history, notifier))[:8]


def digest(parts: Sequence[str | int | None]) -> str:
    """Give the SHA-256 of a list, as JSON writes it in ASCII without spaces: 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()
