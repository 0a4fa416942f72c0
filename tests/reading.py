"""A made-up reading: the n-th event of a log, its logon, its alert; and how it is committed."""

from __future__ import annotations

from collections.abc import Sequence

from logonbell.store.outbox import Outbox
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
        sequences = [each.notification.sequence for each in outbox.pending(notifier, NOON, 10**6)]
        assert sequences == list(range(number - len(sequences) + 1, number + 1))
    return number
