"""A channel of the live Windows event log as a source of events."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

from msgspec.structs import replace

from logonbell.event import Event
from logonbell.query import query_for
from logonbell.recognise.watching import WATCHING, Told, reason_of
from logonbell.sentence import Sentence, plural, say
from logonbell.sigma.wanted import Ids, asks
from logonbell.source import DAMAGED, GRACE, Batch, Loss
from logonbell.sources.eventlog import (
    ACCESS_DENIED,
    CHANNEL_NOT_FOUND,
    INVALID_BOUND,
    INVALID_QUERY,
    EventLog,
    EventLogError,
    Feed,
    Rendered,
)
from logonbell.sources.outage import OF_THE_CHANNEL, Outage
from logonbell.sources.pending import Pending
from logonbell.sources.position import NAMED, Blind, Position, record_of
from logonbell.sources.rendered import event_of_xml

LOOK = 1.0
"""Seconds after which the log is asked though nothing was signalled: a signal that is lost costs no more than this."""
PROOF = 30.0
"""Seconds between two readings of what was read already."""
SECOND_LOOK = 1.0
"""Seconds that a record may be on its way to us before it is missing."""
_BATCH = 1_000
_AT_ONCE = 128
"""Records that are asked for in one call; halved where they do not fit into one answer, and doubled again later."""
_UNTROUBLED = 64
_KNOWN = 20_000
_PROVE_SOON = 10_000
"""So many records taken are proved at once: what is known of them is not kept for ever."""


@dataclass(slots=True)
class _Proof:
    """A reading of what was read already. ``ends`` is when its suspects are looked at a second time."""

    feed: Feed | None
    resumed: int
    carried: int
    last: str = ""
    suspects: dict[int, Rendered] = field(default_factory=dict)
    older: int = 0
    ends: float | None = None


class WinlogSource:
    """Gives what is written to one channel of this machine, from behind a bookmark, as long as it is asked.

    ``wanted`` are the event ids that are given, None for all those that ``by_channel`` names for an event's own channel: so
    a log of forwarded events is asked for everything, since filters on it have brought down the service itself. ``speaks``
    says that this source tells of outages of the service, which all sources of a machine have at once. ``ticks`` is a clock
    in seconds that cannot be set. Every handle is opened, used and closed by the thread that calls ``read`` and ``close``.

    Nothing that Windows answers ends it: it tries again for ever, with longer pauses, and what that means for the watching
    is given as an event (``recognise.watching``). That nothing is missing is shown by reading again what was read.
    """

    def __init__(
        self,
        channel: str,
        log: EventLog,
        *,
        wanted: Collection[int] | None,
        by_channel: Mapping[str, Ids],
        clock: Callable[[], datetime],
        ticks: Callable[[], float],
        speaks: bool = True,
    ) -> None:
        self.channel = channel
        self._log = log
        self._ids = wanted
        self._wanted = by_channel
        self._clock = clock
        self._ticks = ticks
        self._speaks = speaks
        self._outage = Outage(ticks)
        self._pending: Pending[Position] = Pending()
        self._behind: Position | None = None
        self._here = Position()
        self._feed: Feed | None = None
        self._proof: _Proof | None = None
        self._forget()

    def _forget(self) -> None:
        """Know nothing of the log but the position."""
        self._known: dict[int, None] = {}
        self._resumed = self._here.record
        self._carried = self._here.seen
        self._skip = 0
        self._at_once = _AT_ONCE
        self._untroubled = 0
        self._hungry = True
        self._stumbled_before = False
        self._look_again = 0.0
        self._prove_at = 0.0

    @property
    def name(self) -> str:
        """The key under which the bookmark is kept."""
        return f"{NAMED}{self.channel}"

    @property
    def past(self) -> str | None:
        """See ``Following.past``: it begins behind the newest record of the past."""
        return None

    def begin(self, news: datetime) -> str:
        """See ``Following.begin``; behind which record that is is decided when the channel is there."""
        return Position(news=news).text

    def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
        """Give what stands behind ``bookmark``. See ``Source.read``; ``newest`` is the record's number in this log."""
        self._take_up(bookmark)
        most = limit or _BATCH
        try:
            if self._is_open():
                self._drain(most)
                self._prove()
        except EventLogError as error:
            self._stumbled(error)
        hungry = self._hungry and self._outage.began is None
        return self._pending.batch(most, self._here, attrgetter("record"), more=hungry)

    def close(self) -> None:
        """Give back every handle."""
        self._close_proof()
        feed, self._feed = self._feed, None
        if feed is not None:
            _close(feed)

    # Where the reading stands

    def _take_up(self, bookmark: str | None) -> None:
        """Forget what is given for good; what stands behind the bookmark is given (again)."""
        asked = Position.of(bookmark)
        behind = self._behind
        if asked is not None and behind is not None and behind.given <= asked.given <= self._here.given:
            behind = self._pending.keep(asked.given) or behind
            if behind.given == asked.given and behind.xml == asked.xml:
                self._behind = behind
                return
        self.close()
        self._pending.clear()
        self._here = self._behind = asked or Position()
        self._forget()
        if asked is None:
            self._put(loss=Loss(self.channel, DAMAGED))

    def _put(self, event: Event | None = None, loss: Loss | None = None) -> None:
        self._here = replace(self._here, given=self._here.given + 1)
        self._pending.put(self._here, event, loss)

    def _say(self, told: Told, *, code: int, since: datetime) -> None:
        """Give an event of the watching itself."""
        now = self._clock()
        fields = {
            "Channel": self.channel,
            "Code": str(code),
            "Since": since.isoformat(),
            "Record": str(self._here.record),
        }
        self._put(Event(WATCHING, int(told), self._here.given + 1, now, "", "logonbell", fields))

    # Following

    def _query(self, *, before: datetime | None = None, record: int | None = None) -> str:
        return query_for(self.channel, self._ids, before=before, record=record)

    def _is_open(self) -> bool:
        """Follow the channel, unless that is done or not tried now."""
        if self._feed is not None:
            return True
        if not self._outage.may_try:
            return False
        self._feed = self._follow()
        self._hungry = True
        return True

    def _can_see(self) -> None:
        """Note that the channel answered: an outage is over."""
        self._stumbled_before = False
        self._outage.over()
        blind = self._here.blind
        if blind is not None:
            self._here = replace(self._here, blind=None)
            if blind.told:
                self._say(Told.SEEING, code=blind.code, since=blind.since)

    def _follow(self) -> Feed:
        if self._here.news is not None:
            self._begin(self._here.news)
        after = self._here.xml or None
        try:
            return self._log.follow(self.channel, self._query(), after)
        except EventLogError as error:
            if after is None:
                raise
            # Is it the bookmark or the channel? Only the former lets the channel be followed from its oldest record.
            feed = self._log.follow(self.channel, self._query(), None)
            self._start_over(error.code)
            return feed

    def _begin(self, news: datetime) -> None:
        """Decide where news begin: by a record, not by a time, as the clock may be set right later."""
        news = min(news, self._clock() - GRACE)
        feed = self._log.query(self.channel, self._query(before=news), newest_first=True)
        try:
            older = feed.next(_AT_ONCE)
        finally:
            _close(feed)
        xml = next((each.bookmark for each in older if each.bookmark), "")
        self._here = replace(self._here, news=None, xml=xml, record=record_of(xml), proved=xml)
        self._resumed = self._here.record

    def _start_over(self, code: int) -> None:
        """Go on at the oldest record; what was read is passed over if this is the log that was read."""
        here = self._here
        self._here = replace(here, xml="", proved="", seen=0)
        self._known, self._carried = {}, 0
        self._close_proof()
        if self._stands_where_it_was(here):
            self._skip = self._resumed = here.record
            what = say(
                "Windows did not take the bookmark ({why}): the log is read from its oldest record,"
                " what was read before is passed over, and nothing is missing.",
                why=reason_of(code),
            )
            self._put(loss=Loss(self.channel, what, 0))
        else:
            self._skip = self._resumed = 0
            self._say(Told.GAP, code=code, since=here.time or self._clock())
            self._here = replace(self._here, record=0, time=None)

    def _stands_where_it_was(self, here: Position) -> bool:
        """Tell whether the record that was read last is still in the log: then this is the same log."""
        try:
            feed = self._log.query(self.channel, self._query(record=here.record))
            try:
                found = feed.next(1)
            finally:
                _close(feed)
        except EventLogError:
            return False
        event = event_of_xml(found[0].xml) if found and found[0].xml else None
        return event is not None and here.time is not None and event.time == here.time

    def _drain(self, most: int) -> None:
        """Take what is new, until there are ``most`` events to give."""
        feed = self._feed
        if feed is None:
            return
        if not (feed.signalled() or self._hungry or self._ticks() >= self._look_again):
            return
        self._hungry = True
        while self._pending.events < most:
            got = feed.next(self._at_once)
            self._can_see()
            if not got:
                self._hungry = False
                self._look_again = self._ticks() + LOOK
                return
            for each in got:
                self._take(each)
            self._untroubled += 1
            if self._untroubled >= _UNTROUBLED and self._at_once < _AT_ONCE:
                self._at_once, self._untroubled = 2 * self._at_once, 0

    def _take(self, rendered: Rendered) -> None:
        """Take one record, unless it was taken before."""
        number = record_of(rendered.bookmark)
        if number and (number in self._known or number <= self._skip):
            return
        event = event_of_xml(rendered.xml) if rendered.xml is not None else None
        if number:
            self._step(number, rendered.bookmark, event)
        else:
            what = say(
                "Windows gave no bookmark of a record: the one before it stays. It may be read again after a restart."
            )
            self._put(loss=Loss(self.channel, what, 0))
        if event is None:
            what = plural("A record could not be understood.", "{count} records could not be understood.", 1)
            self._put(loss=Loss(self.channel, what, 1))
        else:
            self._put(event if asks(self._wanted, event.channel, event.event_id) else None)

    def _step(self, number: int, bookmark: str, event: Event | None) -> None:
        """Go on behind a record."""
        here = self._here
        if number <= record_of(here.proved) and event and here.time and event.time > here.time:
            self._known.clear()  # the numbers began again: another log
            self._resumed = self._carried = 0
            here = replace(here, record=0, proved=bookmark, seen=0)
        self._known[number] = None
        while len(self._known) > _KNOWN:
            del self._known[next(iter(self._known))]
        if number > here.record:
            time = event.time if event is not None else here.time
            here = replace(here, xml=bookmark, record=number, time=time)
        self._here = replace(here, seen=here.seen + 1)

    # Reading again

    def _prove(self) -> None:
        """Read again what was read, a step at a time, and give what was not handed over."""
        now = self._ticks()
        proof = self._proof
        if proof is None:
            due = now >= self._prove_at or (
                len(self._known) >= _PROVE_SOON and self._here.seen >= _PROVE_SOON
            )
            if self._hungry or not due:
                return
            feed = self._log.query(self.channel, self._query(), after=self._here.proved or None)
            proof = self._proof = _Proof(feed, self._resumed, self._carried, self._here.proved)
        if proof.feed is not None:
            self._read_again(proof, proof.feed)
        elif proof.ends is not None and now >= proof.ends and not self._hungry:
            self._end_proof(proof)

    def _read_again(self, proof: _Proof, feed: Feed) -> None:
        got = feed.next(self._at_once)
        proved = record_of(self._here.proved)
        for each in got:
            number = record_of(each.bookmark)
            proof.last = each.bookmark or proof.last
            if number <= proved or number in self._known or number <= self._skip:
                continue
            proof.older += number <= proof.resumed
            proof.suspects[number] = each
        if got:
            return
        _close(feed)
        proof.feed = None
        if proof.older <= proof.carried:
            # What an earlier run took is known by its count.
            proof.suspects = {n: each for n, each in proof.suspects.items() if n > proof.resumed}
        proof.ends = self._ticks() + SECOND_LOOK if proof.suspects else self._ticks()

    def _end_proof(self, proof: _Proof) -> None:
        missing = [each for number, each in proof.suspects.items() if number not in self._known]
        newest = max((record_of(each.bookmark) for each in missing), default=0)
        deaf = newest > self._here.record
        for each in missing:
            self._take(each)
        if missing:
            what = plural(
                "Windows did not hand over a record of its own accord; reading again found it.",
                "Windows did not hand over {count} records of its own accord; reading again found them.",
                len(missing),
            )
            self._put(loss=Loss(self.channel, what, 0))
        proved = record_of(proof.last)
        seen = sum(number > proved for number in self._known)
        self._here = replace(self._here, proved=proof.last, seen=seen)
        self._proof = None
        self._resumed = self._carried = 0
        self._prove_at = self._ticks() + PROOF
        if deaf and self._feed is not None:
            feed, self._feed = self._feed, None
            _close(feed)

    def _close_proof(self) -> None:
        proof, self._proof = self._proof, None
        if proof is not None and proof.feed is not None:
            _close(proof.feed)

    # What Windows refuses

    def _stumbled(self, error: EventLogError) -> None:
        """Close everything; the next read follows anew from where the reading stands."""
        was_open = self._feed is not None
        self.close()
        self._prove_at = 0.0
        self._untroubled = 0
        self._hungry = True
        again, self._stumbled_before = self._stumbled_before, True
        if error.code == INVALID_BOUND and self._at_once > 1:
            self._at_once //= 2
        elif error.code == INVALID_BOUND and was_open:
            self._pass_over()
        elif error.code == INVALID_QUERY and self._ids is not None:
            self._ids = None
            what = say("Windows did not take the query: all records of the channel are read and chosen here.")
            self._put(loss=Loss(self.channel, what, 0))
        elif not was_open or again:
            self._outage.failed()
            self._blind(error.code)

    def _blind(self, code: int) -> None:
        """Note that the channel cannot be followed, and tell it once."""
        here = self._here
        known = here.blind or Blind(self._clock(), code)
        self._here = replace(here, blind=replace(known, code=code))
        if known.told:
            return
        if here.news is not None and code in OF_THE_CHANNEL:
            self._here = replace(self._here, blind=replace(known, code=code, told=True))
            self._put(loss=Loss(self.channel, why_not(self.channel, code)))
        elif self._outage.lasts:
            self._here = replace(self._here, blind=replace(known, code=code, told=True))
            if self._speaks or code in OF_THE_CHANNEL:
                self._say(Told.BLIND, code=code, since=known.since)
            self._put(loss=Loss(self.channel, why_not(self.channel, code)))

    def _pass_over(self) -> None:
        """Pass over a record that alone does not fit into an answer: one bad record costs one record, and is counted."""
        for skip in range(1, _BATCH):
            try:
                feed = self._log.query(self.channel, self._query(), after=self._here.xml or None, skip=skip)
                try:
                    got = feed.next(1)
                finally:
                    _close(feed)
            except EventLogError as error:
                if error.code == INVALID_BOUND:
                    continue
                break
            if got:
                what = plural(
                    "A record is too large for Windows to hand over.",
                    "{count} records are too large for Windows to hand over.",
                    skip,
                )
                self._put(loss=Loss(self.channel, what, skip))
                self._take(got[0])
                return
            break
        self._outage.failed()  # nothing is behind it yet


def why_not(channel: str, code: int) -> Sentence:
    """Say why a channel cannot be followed, and what to do."""
    if code == CHANNEL_NOT_FOUND:
        return say(
            "There is no such channel on this host, so what it tells is not seen; it is followed as soon as it is there."
        )
    if code == ACCESS_DENIED:
        return _denied(channel)
    return say("It cannot be followed: {why}. It is tried again for ever.", why=reason_of(code))


def unread(channel: str, code: int) -> Sentence:
    """Say why a channel cannot be read (to its end), and what to do."""
    if code == CHANNEL_NOT_FOUND:
        return say("There is no such channel on this host. Those that there are: wevtutil el")
    if code == ACCESS_DENIED:
        return _denied(channel)
    return say("It cannot be read (to its end): {why}. Try again.", why=reason_of(code))


def _denied(channel: str) -> Sentence:
    if channel == "Security":
        return say(
            "Access is denied. Run logonbell as SYSTEM or from an elevated prompt, or give its user the right"
            " Manage auditing and security log (SeSecurityPrivilege) or the group Event Log Readers."
        )
    return say(
        "Access is denied. Run logonbell as SYSTEM or from an elevated prompt, or add its user to the group"
        " Event Log Readers."
    )


def _close(feed: Feed) -> None:
    """Close a feed, whose handles a service that was stopped may have taken along."""
    with suppress(EventLogError):
        feed.close()


def read_channel(
    log: EventLog,
    channel: str,
    since: datetime | None,
    losses: list[Loss],
    ids: Collection[int] | None = None,
) -> Sequence[Rendered]:
    """Read what a channel holds now of these event ids (None: of all), from ``since`` on.

    Raises ``EventLogError`` where it cannot be opened.
    """
    at_once, found, query = _AT_ONCE, list[Rendered](), query_for(channel, ids, since=since)
    feed = log.query(channel, query)
    try:
        while True:
            try:
                got = feed.next(at_once)
            except EventLogError as error:
                if error.code != INVALID_BOUND or at_once == 1:
                    losses.append(Loss(channel, unread(channel, error.code)))
                    return found
                at_once //= 2
                _close(feed)
                while found and not found[-1].bookmark:
                    found.pop()  # what has no bookmark is read again
                feed = log.query(channel, query, after=found[-1].bookmark if found else None)
                continue
            if not got:
                return found
            found += got
    finally:
        _close(feed)
