"""A made-up reading: the n-th event of a log, its logon, its alert; and how it is committed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from logonbell.notification import Notification
from logonbell.pace import FIRST, Bundle
from logonbell.store.outbox import Outbox
from logonbell.store.tellings import Delivery
from notifications import NOON, notification

SOURCE = "Security"
NOTIFIERS = ("sns", "console")


def commit(outbox: Outbox, number: int, notifiers: Sequence[str] = NOTIFIERS) -> int:
    """Commit event ``number``: the bookmark and the snapshot name it, and it rings."""
    alert = notification(number).alert
    return outbox.commit(
        bookmarks={SOURCE: str(number)},
        snapshot=f"held at {number}",
        findings=[alert.finding],
        alerts=[alert],
        notifiers=notifiers,
        read=NOON,
        newest={SOURCE: number},
    )


def count(outbox: Outbox) -> int:
    """How many events the outbox knows; fails where its parts disagree about it."""
    state = outbox.state()
    number = int(outbox.bookmark(SOURCE) or 0)
    assert (outbox.snapshot() or "held at 0") == f"held at {number}"
    assert len(list(outbox.history.between(NOON, NOON.replace(year=9999)))) == number
    assert sum(state.sequences.values()) == number
    if number:
        assert state.sources[SOURCE].newest == number
        assert list(state.notifiers) == sorted(NOTIFIERS)
    for notifier, waiting in state.notifiers.items():
        assert waiting.pending + waiting.delivered + waiting.buried == number
        sequences = numbers(pending(outbox, notifier))
        assert sequences == list(range(number - len(sequences) + 1, number + 1))
    return number


def pending(outbox: Outbox, notifier: str, now: datetime = NOON, limit: int = 10**6) -> list[Delivery]:
    """Begin a message for each alert that waits, and give what is due."""
    rows = outbox.tellings.waiting(notifier, 10**6)
    bundles = [Bundle((row.key,), row.level, None, row.kind, FIRST) for row in rows]
    outbox.tellings.begin(notifier, bundles, now)
    return outbox.tellings.due(notifier, now, limit)


def single(delivery: Delivery) -> Notification:
    """Give the one alert that a message tells."""
    assert isinstance(delivery.telling, Notification)
    return delivery.telling


def numbers(deliveries: Sequence[Delivery]) -> list[int]:
    """Take the sequence numbers of messages of one alert each."""
    return [single(delivery).sequence for delivery in deliveries]
