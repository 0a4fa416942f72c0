"""Stand-ins that are shaped like the real thing: a log that grows, a receiver, a clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from logonbell.errors import Refused
from logonbell.event import Event
from logonbell.notification import Digest, Notification, Telling
from logonbell.notifier import Undelivered
from logonbell.sentence import Sentence, say
from logonbell.source import Batch, Loss

NOON = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


@dataclass
class FakeClock:
    """A clock that goes on only when it is told to, and beside it one that cannot be set."""

    now: datetime = NOON
    seconds: float = 0.0

    def __call__(self) -> datetime:
        """Read the clock."""
        return self.now

    def elapsed(self) -> float:
        """Read the clock that cannot be set."""
        return self.seconds

    def pass_(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
        self.seconds += seconds

    def set(self, *, hours: float) -> None:
        """Set the clock, forward or back."""
        self.now += timedelta(hours=hours)


@dataclass
class FakeSource:
    """A log in memory. Its bookmark is the number of events behind it; one of another source falls back to the oldest."""

    events: list[Event] = field(default_factory=list)
    name: str = "fake"
    batch: int = 1000
    refused: Refused | None = None
    losses: list[Loss] = field(default_factory=list)

    def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
        """Give what stands behind the bookmark."""
        if self.refused is not None:
            raise self.refused
        start = int(bookmark) if bookmark is not None else 0
        stop = min(len(self.events), start + min(self.batch, self.batch if limit is None else limit))
        losses, self.losses = self.losses, []
        return Batch(
            self.events[start:stop],
            str(stop),
            losses,
            stop - start,
            stop or None,
            more=stop < len(self.events),
        )


@dataclass
class FakeNotifier:
    """A receiver that takes everything, unless ``answer`` says otherwise."""

    name: str = "fake"
    batch: int = 10
    prepared: int = 0
    taken: list[Notification] = field(default_factory=list)
    digests: list[Digest] = field(default_factory=list)
    answer: Callable[[Any], str | Undelivered] = lambda telling: f"receipt-{_number(telling)}"

    def prepare(self) -> None:
        """Count how often it was asked."""
        self.prepared += 1

    def deliver(self, tellings: Sequence[Telling]) -> list[str | Undelivered]:
        """Take them, and answer."""
        answers = [self.answer(telling) for telling in tellings]
        for telling, answer in zip(tellings, answers, strict=True):
            if isinstance(answer, Undelivered):
                continue
            if isinstance(telling, Digest):
                self.digests.append(telling)
            else:
                self.taken.append(telling)
        return answers


def _number(telling: Telling) -> int:
    return telling.sequences[-1][1] if isinstance(telling, Digest) else telling.sequence


@dataclass
class Told:
    """Keeps what the agent told its operator."""

    sentences: list[Sentence] = field(default_factory=list)

    def __call__(self, sentence: Sentence) -> None:
        """Keep what is told."""
        self.sentences.append(sentence)

    @property
    def text(self) -> str:
        """Everything that was told, in English."""
        return "\n".join(map(str, self.sentences))


def away() -> Undelivered:
    """Give the answer of a receiver that is not there now."""
    return Undelivered(say("nobody is there"))
