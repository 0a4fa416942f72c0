"""How logonbell fares on this host: what the state says, held against the logs themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime

from logonbell.config.kinds import AUTO
from logonbell.config.settings import Config
from logonbell.errors import Refused
from logonbell.health import Health, NotifierHealth, SourceHealth
from logonbell.recognise.journal import JOURNAL
from logonbell.recognise.watching import WATCHING
from logonbell.sentence import Sentence, say
from logonbell.source import Source
from logonbell.sources import journal, winlog
from logonbell.sources.eventlog import CHANNEL_NOT_FOUND
from logonbell.sources.groups import Grouped
from logonbell.sources.journal import JournalSource, Place
from logonbell.sources.position import NAMED as CHANNEL
from logonbell.sources.position import Blind, Position
from logonbell.ssm.ledger import NAMED as SESSIONS
from logonbell.ssm.ledger import blind_since
from logonbell.ssm.owner import Observed
from logonbell.store.outbox import NotifierState, Outbox, SourceState

Sources = Callable[[ExitStack], Sequence[Source]]
"""Makes the sources anew, to be closed with what it is given."""


def health_of(config: Config, outbox: Outbox, now: datetime, make: Sources) -> Health:
    """Look how logonbell fares; each log is asked anew for what the query matches behind the bookmark."""
    state = outbox.state()
    unread = _unread(outbox, make)
    excused = config.sources.channels == AUTO
    sources = [
        SourceHealth(
            name, source.newest, source.read, unread.get(name), blindness(name, source, excused=excused)
        )
        for name, source in state.sources.items()
    ]
    notifiers = [_of(name, notifier) for name, notifier in state.notifiers.items()]
    return Health(now, state.alive, sources, notifiers, state.head)


def _of(name: str, notifier: NotifierState) -> NotifierHealth:
    return NotifierHealth(
        name,
        notifier.pending,
        notifier.failing,
        notifier.delivered,
        notifier.buried,
        notifier.oldest,
    )


def _unread(outbox: Outbox, make: Sources) -> dict[str, datetime]:
    """Give, by source, the time of the oldest event that stands behind the bookmark."""
    unread: dict[str, datetime] = {}
    with ExitStack() as closing, suppress(Refused):
        for source in make(closing):
            bookmark = outbox.bookmark(source.name)
            if bookmark is None or source.name.startswith(SESSIONS):
                continue  # never read; or no log, which holds nothing that a query could match
            inner = _innermost(source)
            if isinstance(inner, JournalSource):
                time = inner.oldest_unread(bookmark)
                if time is not None:
                    unread[source.name] = time
                continue
            with suppress(Refused):
                events = source.read(bookmark, 1).events
                if events and events[0].channel != WATCHING:
                    unread[source.name] = events[0].time
    return unread


def _innermost(source: Source) -> Source:
    while isinstance(source, (Observed, Grouped)):
        source = source.source
    return source


def blind(name: str, source: SourceState) -> Blind | None:
    """Tell since when a channel or the journal cannot be followed, and why; None where it can."""
    kind = Place if name == JOURNAL else Position if name.startswith(CHANNEL) else None
    position = None if kind is None else kind.of(source.bookmark)
    return None if position is None else position.blind


def why_blind(name: str, code: int) -> Sentence:
    """Say why a channel or the journal cannot be followed, and what to do."""
    return journal.why_not(code) if name == JOURNAL else winlog.why_not(name.removeprefix(CHANNEL), code)


def blindness(name: str, source: SourceState, *, excused: bool) -> tuple[datetime, Sentence] | None:
    """Tell since when a source cannot be followed, and why; a channel that is not there may be ``excused``."""
    if name.startswith(SESSIONS):
        since = blind_since(source.bookmark)
        return None if since is None else (since, say("there is nothing to look into"))
    found = blind(name, source)
    if found is None or (excused and found.code == CHANNEL_NOT_FOUND):
        return None
    return found.since, why_blind(name, found.code)
