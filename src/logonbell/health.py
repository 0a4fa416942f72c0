"""Whether logonbell does its work: judged by progress, not by whether something runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from logonbell.proof import Head
from logonbell.sentence import Sentence, plural, say

ABSENT = timedelta(minutes=3)
"""The agent notes each minute that it watches; after so long without a note it does not."""
STALLED = timedelta(minutes=1)
"""A record that the query matches is read within a second; behind so long without progress the reading has stalled."""
STUCK = timedelta(minutes=5)
"""A message that has not got through for so long is worth a person's look."""


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How far a source was read: ``newest`` is the newest record, ``moved`` when its bookmark last moved.

    ``unread`` is the time of the oldest record that the query matches and nobody read yet, asked of the log itself and
    not of the reader; None where there is none. ``blind``: since when it cannot be followed, and why.
    """

    name: str
    newest: int | None
    moved: datetime
    unread: datetime | None = None
    blind: tuple[datetime, Sentence] | None = None


@dataclass(frozen=True, slots=True)
class NotifierHealth:
    """What waits for a notifier: ``oldest`` is when the oldest message began that it has not taken yet."""

    name: str
    pending: int
    failing: int
    delivered: int
    buried: int
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """All of it at one time. ``alive`` is when the agent last noted that it watches; None before the first start."""

    time: datetime
    alive: datetime | None
    sources: Sequence[SourceHealth]
    notifiers: Sequence[NotifierHealth]
    head: Head

    @property
    def stalled(self) -> list[SourceHealth]:
        """The sources that hold what nobody reads. What lies ahead of a clock that was set back is as old as it is far."""
        return [
            one
            for one in self.sources
            if one.unread is not None
            and min(abs(self.time - one.unread), abs(self.time - one.moved)) > STALLED
        ]


@dataclass(frozen=True, slots=True)
class Ailment:
    """A reason why a logon might not ring. ``kind`` is one of ``KINDS``."""

    kind: str
    what: Sentence


KINDS = ("absent", "stalled", "blind", "undelivered", "buried")
"""absent: nobody watches; stalled: a source holds what nobody reads; blind: a source cannot be followed; undelivered: a message does
not get through; buried: a message was given up."""


def ailments(health: Health) -> Iterator[Ailment]:
    """Give every reason why a logon might not ring, as far as the state tells."""
    if health.alive is None:
        yield Ailment("absent", say("Nobody has watched yet. Run: logonbell watch"))
    elif abs(health.time - health.alive) > ABSENT:  # who watches notes it anew when the clock is set back
        since = health.alive.isoformat(timespec="seconds")
        yield Ailment("absent", say("Nobody has watched since {time}.", time=since))
    for source in health.stalled:
        yield Ailment("stalled", stalled(source))
    for source in health.sources:
        if source.blind is not None:
            begun, why = source.blind
            what = say(
                "{source} cannot be followed since {time}: {why}",
                source=source.name,
                time=begun.isoformat(timespec="seconds"),
                why=why,
            )
            yield Ailment("blind", what)
    for notifier in health.notifiers:
        yield from _of_notifier(notifier, health.time)


def stalled(source: SourceHealth) -> Sentence:
    """Say that a source holds what nobody reads."""
    unread = source.unread or source.moved
    return say(
        "{source} holds records since {unread} that are not read; the last that was read is {record}.",
        source=source.name,
        unread=unread.isoformat(timespec="seconds"),
        record="?" if source.newest is None else source.newest,
    )


def _of_notifier(notifier: NotifierHealth, now: datetime) -> Iterator[Ailment]:
    if notifier.oldest is not None and now - notifier.oldest > STUCK:
        what = plural(
            "{notifier} has not taken {count:,} message since {time}.",
            "{notifier} has not taken {count:,} messages since {time}.",
            max(notifier.failing, 1),
            notifier=notifier.name,
            time=notifier.oldest.isoformat(timespec="seconds"),
        )
        yield Ailment("undelivered", what)
    if notifier.buried:
        what = plural(
            "{count:,} message to {notifier} was given up. See: logonbell outbox list",
            "{count:,} messages to {notifier} were given up. See: logonbell outbox list",
            notifier.buried,
            notifier=notifier.name,
        )
        yield Ailment("buried", what)
