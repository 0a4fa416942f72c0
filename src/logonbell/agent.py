"""Watches and delivers: the two halves of the line, which meet only in the outbox."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from logonbell.decoding import decode
from logonbell.deliverer import Deliverer
from logonbell.errors import Refused
from logonbell.event import Event
from logonbell.filter import Filter
from logonbell.host import same_machine
from logonbell.judge import Judge, Judged
from logonbell.logon import Finding, Logon, NoticeKind, Selected
from logonbell.notice import notice
from logonbell.recognise.present import Present
from logonbell.recognise.recogniser import Recogniser
from logonbell.rule import alert_for
from logonbell.sentence import Sentence, say
from logonbell.silence import Expected
from logonbell.source import GRACE, Batch, Following, Loss, Source
from logonbell.store.outbox import Outbox
from logonbell.trouble import Told, Trouble

Clock = Callable[[], datetime]

POLL = 0.1
"""Seconds between two looks at sources that had nothing new."""
AT_ONCE = 1_000
"""Events that are read of a source before what came of them is kept: in a storm an alert waits for no more than these."""
SIGN_OF_LIFE = timedelta(minutes=1)
"""How often it is noted that somebody watches."""
ABSENCE = timedelta(minutes=3)
"""For how long nobody may have watched before the next message says so."""
_LOSSES = 1_000
CRY_AFTER = 10
"""Looks in a row that come to nothing, a second each, before that is told past the outbox: less mends itself."""
CRY_AGAIN, CRY_ANEW = 30.0, 300.0
"""Seconds until that is tried again where it was not taken, and until another trouble is told where it was."""
SETTLES = 10
"""Looks, a poll apart, for which ``--once`` waits for what may still be being written."""
LATE = timedelta(seconds=1)
"""How long ``--once`` waits for the twin events of a logon that rings; such a hold ends within 400 ms."""


@dataclass(slots=True)
class LogClock:
    """The time of the log, which goes on while the log is silent.

    It is the time of the newest event plus what has passed since that event was read. So a log that is read years later
    is understood as it would have been then, and a hold ends though no further event comes. What has passed is told by
    ``elapsed``, in seconds of a clock that nobody can set; over a restart, by the clock on the wall, and where that was set
    back, nothing has.
    """

    elapsed: Callable[[], float]
    event: datetime | None = None
    read: datetime | None = None
    _before: timedelta = field(init=False, default=timedelta(0))
    _since: float | None = field(init=False, default=None)

    def saw(self, events: Sequence[Event], now: datetime) -> None:
        """Take the newest of the events as the log's time."""
        if events:
            self.event = max(event.time for event in events)
            self.read = now
            self._before, self._since = timedelta(0), self.elapsed()

    def at(self, now: datetime) -> datetime | None:
        """Give the log's time; None before the first event."""
        if self.event is None or self.read is None:
            return None
        if self._since is None:
            self._before, self._since = max(now - self.read, timedelta(0)), self.elapsed()
        return self.event + self._before + timedelta(seconds=self.elapsed() - self._since)


_NOTHING = b"null"


class _Kept(msgspec.Struct):
    """What is stored as the snapshot: the recogniser's own, the log's time, and the judge's own."""

    recogniser: str
    event: datetime | None
    read: datetime | None
    judge: msgspec.Raw = msgspec.Raw(_NOTHING)


@dataclass(frozen=True, slots=True)
class Pass:
    """What one look at all sources gave; ``unsettled`` are those in which something may still be being written."""

    events: int
    alerts: int
    more: bool
    losses: Sequence[Loss] = ()
    unsettled: Sequence[str] = ()


@dataclass(slots=True)
class Watcher:
    """Reads the sources, recognises, judges, and keeps what came of it in the outbox, all in one transaction a pass.

    ``host_id`` is the instance id where there is one: by it goes what is of this machine, every other host by its name.
    ``filters`` say, by notifier, what it is told; one that is not named is told everything.
    ``admins`` are further SIDs or RIDs whose members count as domain admins; ``own`` is this machine's name until a log
    tells it. ``expected`` are the alerts of which the settings say so. ``anew`` makes the sources once more, when
    ``restart`` is set. ``elapsed`` gives seconds of a clock that nobody can set.
    """

    sources: Sequence[Source]
    judge: Judge
    outbox: Outbox
    notifiers: Sequence[str]
    clock: Clock
    told: Told
    elapsed: Callable[[], float]
    host_id: str | None = None
    admins: frozenset[str] = frozenset()
    own: str = ""
    filters: Mapping[str, Filter] = field(default_factory=dict)
    expected: Sequence[Expected] = ()
    anew: Callable[[], Sequence[Source]] | None = None
    restart: threading.Event = field(init=False, default_factory=threading.Event)
    looked: float = field(init=False, default_factory=time.monotonic)
    """When it last came back from a look, in seconds of a clock that nobody can set."""
    dismissed: bool = field(init=False, default=False)
    """Whether it ends because somebody asked for it from afar: then that is told."""
    _recogniser: Recogniser = field(init=False)
    _time: LogClock = field(init=False)
    _bookmarks: dict[str, str | None] = field(init=False)
    _refusals: dict[str, Refused] = field(init=False, default_factory=dict)
    _lost: set[tuple[str, str, str]] = field(init=False, default_factory=set)
    _news: dict[str, datetime] = field(init=False, default_factory=dict)
    _new: set[str] = field(init=False, default_factory=set)
    _alive: datetime | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Go on from where the outbox stands; a snapshot that cannot be read costs time, never a logon."""
        self._bookmarks = {source.name: self.outbox.bookmark(source.name) for source in self.sources}
        first = not self.outbox.is_bare
        try:
            self._go_back()
        except ValueError as error:
            first = False
            self._begin()
            self._bookmarks = dict.fromkeys(self._bookmarks)
            self.told(
                say(
                    "What was known of the logons in progress cannot be read any more ({why}). Reading starts again from the "
                    "oldest record; what rang before does not ring again.",
                    why=str(error),
                )
            )
        self._say_where_news_begin(self.clock() - GRACE if first else None)

    def _say_where_news_begin(self, first: datetime | None) -> None:
        """Say to each source without a bookmark where its news begin: where they began once, else at a ``first`` start."""
        for source in self.sources:
            if not isinstance(source, Following):
                continue
            news = self.outbox.news(source.name)
            if self._bookmarks[source.name] is None and (news := news or first) is not None:
                self._bookmarks[source.name] = source.begin(news)
                self._new.add(source.name)
            if news is not None:
                self._news[source.name] = news

    def look(self) -> Pass:
        """Read what is new in all sources, once, and keep what came of it.

        Raises ``Refused`` where no source can be read or nothing can be kept; the next look then tries the same again.
        """
        self.looked = time.monotonic()
        if self.restart.is_set() and self.anew is not None:
            self.sources = self.anew()
            self.restart.clear()
            for (
                source
            ) in self.sources:  # one that came since goes on from where it was left, if it ever was there
                if source.name not in self._bookmarks:
                    self._bookmarks[source.name] = self.outbox.bookmark(source.name)
        now = self.clock()
        batches = self._read()
        events = list(
            heapq.merge(*(batch.events for batch in batches.values()), key=lambda event: event.time)
        )
        more = any(batch.more for batch in batches.values())
        losses = [loss for batch in batches.values() for loss in batch.losses]
        if any(batch.losses and batch.newest is not None for batch in batches.values()):
            self._recogniser.lost()  # of a log; what could not be seen of SSM sessions their own source tells
        try:
            judged = self._recognise(events, now, more=more)
            alerts = self._keep(batches, judged, now)
        except BaseException:
            self._go_back()  # the recogniser is ahead of what was kept
            raise
        for loss in losses:
            self.told(say("{where}: {what}", where=loss.where, what=loss.what))
        self._show_life(now)
        unsettled = tuple(name for name, batch in batches.items() if batch.unsettled)
        return Pass(len(events), alerts, more, losses, unsettled)

    def _go_back(self) -> None:
        """Take up the state that was kept last. Raises ``ValueError`` if it cannot be read."""
        snapshot = self.outbox.snapshot()
        if snapshot is None:
            self._begin()
            return
        kept = decode(snapshot, _Kept)
        self._recogniser = Recogniser.restore(kept.recogniser, admins=self.admins)
        self._time = LogClock(self.elapsed, kept.event, kept.read)
        judge = bytes(kept.judge)
        if judge == _NOTHING:
            self.judge.forget()
        else:
            self.judge.restore(judge)

    def _begin(self) -> None:
        self._recogniser, self._time = Recogniser(admins=self.admins, own=self.own), LogClock(self.elapsed)
        self.judge.forget()

    def _recognise(self, events: Sequence[Event], now: datetime, *, more: bool) -> list[Judged]:
        judged: list[Judged] = []
        for event in events:
            judged.extend(self._judged(self._recogniser.feed(event)))
            judged.extend(self.judge.hear(event))
        self._time.saw(events, now)
        log_time = self._time.at(self.clock())
        if not more and log_time is not None:
            judged.extend(self._judged(self._recogniser.advance(log_time)))
        return judged

    def _judged(self, findings: Iterable[Finding]) -> Iterator[Judged]:
        for finding in findings:
            yield finding, self.judge.judge(finding)

    def wait_for(self, poll: float) -> float:
        """Seconds until the next look is worth while: the poll, or sooner where a held logon becomes due."""
        due, log_time = self._recogniser.due, self._time.at(self.clock())
        if due is None or log_time is None:
            return poll
        return min(poll, max(0.0, (due - log_time).total_seconds()) + 0.005)

    @property
    def holds_ring(self) -> bool:
        """Tell whether a logon is held that is told within the next second: worth waiting for before one leaves."""
        due, log_time = self._recogniser.due, self._time.at(self.clock())
        return due is not None and log_time is not None and due - log_time <= LATE

    def _keep(self, batches: Mapping[str, Batch], judged: Sequence[Judged], now: datetime) -> int:
        """Put findings, alerts, bookmarks and snapshot into the outbox; return how many alerts are new."""
        bookmarks = {
            name: batch.bookmark for name, batch in batches.items() if batch.bookmark != self._bookmarks[name]
        }
        losses = self._new_losses(batches, bookmarks)
        if not bookmarks and not judged and not losses:
            return 0
        alerts = [
            alert_for(finding, verdict, self._host_id(finding))
            for finding, verdict in judged
            if verdict.rings and not self._is_history(finding, now)
        ]
        kept = _Kept(
            self._recogniser.snapshot(), self._time.event, self._time.read, msgspec.Raw(self.judge.snapshot())
        )
        new = self.outbox.commit(
            bookmarks=bookmarks,
            snapshot=msgspec.json.encode(kept).decode(),
            findings=[finding for finding, _ in judged if not isinstance(finding, Selected)],
            alerts=alerts,
            notifiers=self.notifiers,
            filters=self.filters,
            read=now,
            newest={name: batch.newest for name, batch in batches.items() if batch.newest is not None},
            news={name: self._news[name] for name in self._new & bookmarks.keys()},
            losses=losses,
            expected=self.expected,
        )
        self._bookmarks.update(bookmarks)
        self._new -= bookmarks.keys()
        self._note_losses(batches)
        return new

    def _host_id(self, finding: Finding) -> str:
        """Say whose it is: a log that was copied from another machine stays that one's."""
        if self.host_id is not None and same_machine(finding.host, self.own):
            return self.host_id
        return finding.host

    def _is_history(self, finding: Finding, now: datetime) -> bool:
        """Tell whether a finding was there before its source's first start. A clock that was ahead then proves nothing."""
        return any(
            isinstance(source, Following)
            and source.past == finding.main.channel
            and source.name in self._news
            and finding.time < self._news[source.name] <= now
            for source in self.sources
        )

    def _new_losses(self, batches: Mapping[str, Batch], moved: Mapping[str, str]) -> list[Loss]:
        """Give what was lost; where the bookmark stays, the same loss may be told at every look, and counts once."""
        return [
            loss
            for name, batch in batches.items()
            for loss in batch.losses
            if name in moved or (name, loss.where, str(loss.what)) not in self._lost
        ]

    def _note_losses(self, batches: Mapping[str, Batch]) -> None:
        if len(self._lost) > _LOSSES:
            self._lost.clear()
        self._lost |= {
            (name, loss.where, str(loss.what)) for name, batch in batches.items() for loss in batch.losses
        }

    def _show_life(self, now: datetime) -> None:
        if self._alive is None or not timedelta(0) <= now - self._alive < SIGN_OF_LIFE:
            self.outbox.show_life(now)
            self._alive = now

    def _read(self) -> dict[str, Batch]:
        """Read each source, none further in the log's time than the slowest has come."""
        batches = self._read_each()
        behind = [batch for batch in batches.values() if batch.more]
        if not behind or len(batches) == 1:
            return batches
        if any(not batch.events for batch in behind):
            return {name: batch for name, batch in batches.items() if not batch.events}
        # The newest, not the last: a log's times may go back, and whoever is furthest behind must go on.
        horizon = min(max(event.time for event in batch.events) for batch in behind)
        for source in self.sources:
            batch = batches.get(source.name)
            if batch is None:
                continue
            fits = next(
                (n for n, event in enumerate(batch.events) if event.time > horizon), len(batch.events)
            )
            if fits == len(batch.events):
                continue
            if fits == 0:
                del batches[source.name]
            else:
                batches[source.name] = source.read(self._bookmarks[source.name], fits)
        return batches

    def _read_each(self) -> dict[str, Batch]:
        """Read each source; one that cannot be read is told once and holds up no other."""
        batches: dict[str, Batch] = {}
        refusals: dict[str, Refused] = {}
        for source in self.sources:
            try:
                batches[source.name] = source.read(self._bookmarks[source.name], AT_ONCE)
            except Refused as refused:
                refusals[source.name] = refused
        if refusals and not batches:
            raise next(iter(refusals.values()))
        for name, why in refusals.items():
            if str(self._refusals.get(name)) != str(why):
                self.told(say("{source} cannot be read: {why}", source=name, why=why.sentence))
        self._refusals = refusals
        return batches


def watch_once(
    watcher: Watcher, deliverers: Sequence[Deliverer], *, pause: Callable[[float], object]
) -> None:
    """Read everything since the bookmarks, deliver what is due, and return.

    What the pace holds is waited for, a minute at most: whoever runs this may not come back. A logon that rings and
    waits for its twin events is waited for, too; longer holds are in the snapshot, and the next run finishes them. So is, for
    a second, what may still be being written; what is not whole then is told of, and left to the next run.
    """
    patience = SETTLES
    while True:
        seen = watcher.look()
        if seen.more:
            continue
        if seen.unsettled and patience:
            patience -= 1
            pause(POLL)
        elif watcher.holds_ring:
            pause(watcher.wait_for(POLL))
        elif not seen.events:
            break
    for name in seen.unsettled:
        watcher.told(
            say(
                "{source} is still being written: what stands at its end is read by the next run.",
                source=name,
            )
        )
    for deliverer in deliverers:
        while deliverer.deliver() or deliverer.holds:
            if deliverer.holds:
                pause(deliverer.wait)


def watch(
    watcher: Watcher,
    make_deliverers: Sequence[Callable[[], Deliverer]],
    *,
    stop: threading.Event,
    looked: Callable[[], object] = lambda: None,
    poll: float = POLL,
) -> None:
    """Read and deliver until ``stop`` is set: this thread reads, each notifier has a thread of its own.

    ``looked`` is called in this thread each time that it came back from a look. ``make_deliverers`` are called in their threads, since an outbox connection belongs to one. An error that is nobody's
    to mend ends the agent (whoever supervises it starts it again); ``Refused`` while reading is told and tried again.
    """
    watcher.outbox.wake(watcher.clock(), tolerance=ABSENCE)
    threads = [_Postman(make, stop, watcher.told) for make in make_deliverers]
    for thread in threads:
        thread.start()
    trouble = Trouble(watcher.told)
    try:
        while not stop.is_set():
            wait = _look(watcher, threads, poll, trouble)
            looked()
            if wait:
                stop.wait(wait)
    finally:
        stop.set()
        if watcher.dismissed:
            _say_last_words(watcher, trouble)
        for thread in threads:
            thread.leave()
            thread.join()
    for thread in threads:
        if thread.error is not None:
            raise thread.error


def _say_last_words(watcher: Watcher, trouble: Trouble) -> None:
    """Ring that nobody watches from now on."""
    outbox, now = watcher.outbox, watcher.clock()
    what = say("logonbell was stopped: nobody watches from now on.")
    number = int(now.timestamp() * 1000)
    try:
        host_id = outbox.host_id(watcher.own)
        alert = notice(NoticeKind.STOPPED, what, host_id=host_id, number=number, time=now)
        outbox.ring([alert], watcher.notifiers, now)
    except Refused as refused:
        trouble.met(refused.sentence)


def _look(watcher: Watcher, threads: Sequence[_Postman], poll: float, trouble: Trouble) -> float:
    """Look once; give the seconds until the next look is worth while."""
    try:
        seen = watcher.look()
    except Refused as refused:
        trouble.met(_trying_again(refused))
        if trouble.times >= CRY_AFTER:
            for thread in threads:
                thread.stuck(refused)
        return max(poll, 1.0)
    if trouble.times:
        trouble.over()
        for thread in threads:
            thread.stuck(None)
    if seen.alerts:
        for thread in threads:
            thread.wake.set()
    return 0.0 if seen.more else watcher.wait_for(poll)


class _Postman(threading.Thread):
    """The thread of one notifier."""

    def __init__(self, make: Callable[[], Deliverer], stop: threading.Event, told: Told) -> None:
        super().__init__(daemon=True)
        self.wake = threading.Event()
        self.error: BaseException | None = None
        self._make = make
        self._stop_asked = stop
        self._leaving = threading.Event()
        self._trouble = Trouble(told)
        self._stuck: Refused | None = None
        self._cried = ""
        self._cry_at = float("-inf")

    def stuck(self, why: Refused | None) -> None:
        """Let it be told, past the outbox, why reading cannot go on; None: it goes on."""
        self._stuck = why
        self.wake.set()

    def leave(self) -> None:
        """Deliver once more, and end."""
        self._leaving.set()
        self.wake.set()

    def run(self) -> None:
        try:
            self._deliver()
        except BaseException as error:  # noqa: BLE001 - handed to the main thread, which raises it
            self.error = error
            self._stop_asked.set()

    def _deliver(self) -> None:
        deliverer = self._make()
        try:
            deliverer.notifier.prepare()
            while not self._leaving.is_set():
                self._cry(deliverer)
                if not self._try(deliverer):
                    self.wake.wait(deliverer.wait)
                    self.wake.clear()
            self._try(deliverer)
        finally:
            deliverer.outbox.close()

    def _cry(self, deliverer: Deliverer) -> None:
        stuck = self._stuck
        if stuck is None:
            self._cried = ""
            return
        now = deliverer.elapsed()
        if str(stuck) == self._cried or now < self._cry_at:
            return
        taken = deliverer.cry(say("logonbell cannot go on: {why}", why=stuck.sentence))
        if taken:
            self._cried = str(stuck)
        self._cry_at = now + (CRY_ANEW if taken else CRY_AGAIN)

    def _try(self, deliverer: Deliverer) -> int:
        try:
            tried = deliverer.deliver()
        except Refused as refused:
            self._trouble.met(_trying_again(refused))
            return 0
        self._trouble.over()
        return tried


def _trying_again(refused: Refused) -> Sentence:
    return say("Cannot go on, trying again: {why}", why=refused.sentence)


@dataclass(frozen=True, slots=True)
class OpenNow:
    """The logons whose sessions are open, and how many of them may have ended where records were lost."""

    logons: Sequence[Logon]
    unsure: int


def sessions_open(outbox: Outbox) -> OpenNow:
    """Give the sessions that are open, as far as was read. Raises ``Refused`` where that is not known."""
    snapshot = outbox.snapshot()
    if snapshot is None:
        return OpenNow((), 0)
    try:
        recogniser = Recogniser.restore(decode(snapshot, _Kept).recogniser)
    except ValueError as error:
        raise Refused(
            say("What is known of open sessions cannot be read ({why}).", why=str(error)),
            say("The agent makes it anew when it next starts: logonbell watch"),
        ) from error
    present = recogniser.present()
    logons = [
        outbox.history.logon(session.host, session.main, session.began) or _bare(session)
        for session in present
    ]
    return OpenNow(logons, sum(not session.sure for session in present))


def _bare(session: Present) -> Logon:
    """Tell of a session what is left of it where the history no longer holds its logon."""
    why = say("its logon is older than the history")
    return Logon(
        session.began,
        session.host,
        session.door,
        (session.main,),
        why,
        session.user,
        principal=session.principal,
        ssm_session=session.ssm_session,
    )


def utc_now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)
