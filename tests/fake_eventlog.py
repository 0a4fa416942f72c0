"""The Windows event log in memory: what Windows promises, and every fault that it may have."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from logonbell.event import Event
from logonbell.sources.eventlog import EventLogError, Rendered

_NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"


def xml_of(event: Event) -> str:
    """Render an event as EvtRender does."""
    data = "".join(f"<Data Name='{name}'>{escape(text)}</Data>" for name, text in event.fields.items())
    sid = f" UserID='{event.sid}'" if event.sid else ""
    return (
        f"<Event xmlns='{_NAMESPACE}'><System><Provider Name='{event.provider}'/>"
        f"<EventID>{event.event_id}</EventID>"
        f"<TimeCreated SystemTime='{event.time.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}0Z'/>"
        f"<EventRecordID>{event.record_id}</EventRecordID><Channel>{event.channel}</Channel>"
        f"<Computer>{escape(event.host)}</Computer><Security{sid}/></System>"
        f"<EventData>{data}</EventData></Event>"
    )


def bookmark_of(channel: str, record: int) -> str:
    """Write a bookmark as EvtRender does."""
    return f"<BookmarkList>\r\n  <Bookmark Channel='{channel}' RecordId='{record}' IsCurrent='true'/>\r\n</BookmarkList>"


@dataclass
class Channel:
    """One log: its records by their numbers, and what is wrong with it."""

    events: list[Event] = field(default_factory=list)
    next: int = 1
    refuses: int = 0
    """Every call answers with this error."""
    deaf: bool = False
    """What is written does not reach those who follow."""
    unsignalled: bool = False
    """What is written is not signalled."""
    too_large: set[int] = field(default_factory=set)
    unreadable: set[int] = field(default_factory=set)
    unmarked: set[int] = field(default_factory=set)
    """Records of which no bookmark can be made."""


@dataclass
class FakeEventLog:
    """See ``EventLog``. ``largest`` is how many records fit into one answer."""

    channels: dict[str, Channel] = field(default_factory=dict)
    largest: int = 10_000
    most_clauses: int = 22
    open: int = 0
    threads: set[int] = field(default_factory=set)
    feeds: list[FakeFeed] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    bad_bookmarks: bool = False

    def write(self, channel: str, *events: Event) -> list[Event]:
        """Write events to a channel; it numbers them."""
        log = self.channels.setdefault(channel, Channel())
        written = []
        for event in events:
            numbered = replace(event, channel=channel, record_id=log.next)
            log.next += 1
            log.events.append(numbered)
            written.append(numbered)
        if not log.deaf:
            for feed in self.feeds:
                if feed.channel == channel and feed.follows:
                    feed.waiting += [each for each in written if feed.takes(each)]
                    feed.signal = feed.signal or not log.unsignalled
        return written

    def clear(self, channel: str, *, from_one: bool = False) -> None:
        """Empty a log; those who follow it find their query stale."""
        log = self.channels[channel]
        log.events.clear()
        if from_one:
            log.next = 1
        self._spoil(channel, 15011)

    def wrap(self, channel: str, keep: int) -> None:
        """Overwrite all but the newest records; those who follow it find their query stale."""
        log = self.channels[channel]
        del log.events[: max(len(log.events) - keep, 0)]
        self._spoil(channel, 15011)

    def break_feeds(self, code: int) -> None:
        """Let every open feed answer with an error."""
        for channel in self.channels:
            self._spoil(channel, code)

    def _spoil(self, channel: str, code: int) -> None:
        for feed in self.feeds:
            if feed.channel == channel:
                feed.broken = code

    def follow(self, channel: str, query: str, after: str | None) -> FakeFeed:
        """See ``EventLog.follow``."""
        return self._open(channel, query, after, follows=True)

    def query(
        self,
        channel: str,
        query: str,
        *,
        after: str | None = None,
        skip: int = 0,
        newest_first: bool = False,
    ) -> FakeFeed:
        """See ``EventLog.query``."""
        feed = self._open(channel, query, after, follows=False)
        if newest_first:
            feed.waiting.reverse()
        if skip and len(feed.waiting) <= skip:
            feed.close()
            raise EventLogError(1168, "EvtSeek")
        del feed.waiting[:skip]
        return feed

    def _open(self, channel: str, query: str, after: str | None, *, follows: bool) -> FakeFeed:
        self.threads.add(threading.get_ident())
        log = self.channels.get(channel)
        if log is None:
            raise EventLogError(15007, "EvtSubscribe")
        if log.refuses:
            raise EventLogError(log.refuses, "EvtSubscribe")
        for select in re.findall(r"<Select.*?</Select>", query):
            if len(re.findall(r"EventID=|TimeCreated|EventRecordID", select)) > self.most_clauses:
                raise EventLogError(15001, "EvtSubscribe")
        feed = FakeFeed(self, channel, query, follows=follows)
        start = 0
        if after is not None:
            found = re.fullmatch(
                r"<BookmarkList>\s*<Bookmark Channel='(.*?)' RecordId='(\d+)' IsCurrent='true'/>\s*</BookmarkList>",
                after,
            )
            if found is None or self.bad_bookmarks:
                raise EventLogError(13, "EvtCreateBookmark")
            numbers = [event.record_id for event in log.events]
            if found[1] != channel or int(found[2]) not in numbers:
                raise EventLogError(1168, "EvtSubscribe")
            start = numbers.index(int(found[2])) + 1
        feed.waiting = [event for event in log.events[start:] if feed.takes(event)]
        self.open += 1
        self.feeds.append(feed)
        return feed


@dataclass
class FakeFeed:
    """See ``Feed``."""

    log: FakeEventLog
    channel: str
    query: str
    follows: bool
    waiting: list[Event] = field(default_factory=list)
    signal: bool = True
    broken: int = 0
    closed: bool = False

    def takes(self, event: Event) -> bool:
        """Tell whether the query selects an event."""
        ids = {int(each) for each in re.findall(r"EventID=(\d+)", self.query)}
        if ids and event.event_id not in ids:
            return False
        record = re.search(r"EventRecordID=(\d+)", self.query)
        if record and event.record_id != int(record[1]):
            return False
        for sign, text in re.findall(r"@SystemTime(&gt;=|&lt;)'(.*?)'", self.query):
            late = event.time >= datetime.fromisoformat(text)
            if late != (sign == "&gt;="):
                return False
        return True

    def next(self, count: int) -> Sequence[Rendered]:
        """See ``Feed.next``."""
        log = self.log.channels[self.channel]
        self.log.threads.add(threading.get_ident())
        self.log.asked.append(count)
        code = log.refuses or self.broken
        given = self.waiting[:count]
        if (
            not code
            and given
            and (
                len(given) > self.log.largest
                or (len(given) and any(event.record_id in log.too_large for event in given))
            )
        ):
            code = 1734
        if code:
            raise EventLogError(code, "EvtNext")
        del self.waiting[:count]
        return [
            Rendered(
                None if event.record_id in log.unreadable else xml_of(event),
                "" if event.record_id in log.unmarked else bookmark_of(self.channel, event.record_id),
            )
            for event in given
        ]

    def signalled(self) -> bool:
        """See ``Feed.signalled``."""
        signal, self.signal = self.signal, False
        return signal

    def close(self) -> None:
        """See ``Feed.close``."""
        assert not self.closed
        self.closed = True
        self.log.threads.add(threading.get_ident())
        self.log.open -= 1
        self.log.feeds.remove(self)
