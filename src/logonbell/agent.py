"""Watches and delivers: the two halves of the line, which meet only in the outbox."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from logonbell.alert import Alert
from logonbell.errors import Refused
from logonbell.event import Event
from logonbell.logon import Finding, Logon, Selected
from logonbell.notifier import Notifier, Undelivered, delay
from logonbell.recognise.state import Present
from logonbell.recognise.windows import Recogniser
from logonbell.rule import Rules, alert_for
from logonbell.sentence import Sentence, say
from logonbell.source import Batch, Loss, Source
from logonbell.store.outbox import Delivery, Outbox

Clock = Callable[[], datetime]
Told = Callable[[Sentence], None]
"""Told, in words, of what the operator should know: losses, a source that cannot be read, a snapshot that is gone."""

POLL = 0.1
"""Seconds between two looks at sources that had nothing new."""
LATE = timedelta(seconds=1)
"""How long ``--once`` waits for the twin events of a logon that rings; such a hold ends within 400 ms."""


@dataclass(slots=True)
class LogClock:
    """The time of the log, which goes on while the log is silent.

    It is the time of the newest event plus what has passed since that event was read. So a log that is read years later
    is understood as it would have been then, and a hold ends though no further event comes.
    """

    event: datetime | None = None
    read: datetime | None = None

    def saw(self, events: Sequence[Event], now: datetime) -> None:
        """Take the newest of the events as the log's time."""
        if events:
            self.event = max(event.time for event in events)
            self.read = now

    def at(self, now: datetime) -> datetime | None:
        """Give the log's time; None before the first event."""
        if self.event is None or self.read is None:
            return None
        return self.event + max(now - self.read, timedelta(0))


class _Kept(msgspec.Struct):
    """What is stored as the snapshot: the recogniser's own, and the log's time."""

    recogniser: str
    event: datetime | None
    read: datetime | None


@dataclass(frozen=True, slots=True)
class Pass:
    """What one look at all sources gave."""

    events: int
    alerts: int
    more: bool
    losses: Sequence[Loss] = ()


@dataclass(slots=True)
class Watcher:
    """Reads the sources, recognises, judges, and keeps what came of it in the outbox, all in one transaction a pass.

    ``host_id`` is the instance id where there is one; without it, each finding's own host stands in the fingerprint.
    ``admins`` are further SIDs or RIDs whose members count as domain admins; ``own`` is this machine's name until a log
    tells it.
    """

    sources: Sequence[Source]
    rules: Rules
    outbox: Outbox
    notifiers: Sequence[str]
    clock: Clock
    told: Told
    host_id: str | None = None
    admins: frozenset[str] = frozenset()
    own: str = ""
    _recogniser: Recogniser = field(init=False)
    _time: LogClock = field(init=False)
    _bookmarks: dict[str, str | None] = field(init=False)
    _refusals: dict[str, Refused] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Go on from where the outbox stands; a snapshot that cannot be read costs time, never a logon."""
        self._bookmarks = {source.name: self.outbox.bookmark(source.name) for source in self.sources}
        try:
            self._go_back()
        except ValueError as error:
            self._recogniser, self._time = Recogniser(admins=self.admins, own=self.own), LogClock()
            self._bookmarks = dict.fromkeys(self._bookmarks)
            self.told(
                say(
                    "What was known of the logons in progress cannot be read any more ({why}). Reading starts again from the "
                    "oldest record; what rang before does not ring again.",
                    why=str(error),
                )
            )

    def look(self) -> Pass:
        """Read what is new in all sources, once, and keep what came of it.

        Raises ``Refused`` where no source can be read or nothing can be kept; the next look then tries the same again.
        """
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
            findings = self._recognise(events, now, more=more)
            alerts = self._keep(batches, findings, now)
        except BaseException:
            self._go_back()  # the recogniser is ahead of what was kept
            raise
        for loss in losses:
            self.told(say("{where}: {what}", where=loss.where, what=loss.what))
        return Pass(len(events), alerts, more, losses)

    def _go_back(self) -> None:
        """Take up the state that was kept last. Raises ``ValueError`` if it cannot be read."""
        snapshot = self.outbox.snapshot()
        if snapshot is None:
            self._recogniser, self._time = Recogniser(admins=self.admins, own=self.own), LogClock()
            return
        kept = msgspec.json.decode(snapshot, type=_Kept)
        self._recogniser = Recogniser.restore(kept.recogniser, admins=self.admins)
        self._time = LogClock(kept.event, kept.read)

    def _recognise(self, events: Sequence[Event], now: datetime, *, more: bool) -> list[Finding]:
        findings: list[Finding] = []
        for event in events:
            findings.extend(self._recogniser.feed(event))
            findings.extend(self.rules.select(event))
        self._time.saw(events, now)
        log_time = self._time.at(self.clock())
        if not more and log_time is not None:
            findings.extend(self._recogniser.advance(log_time))
        return findings

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

    def _keep(self, batches: Mapping[str, Batch], findings: Sequence[Finding], now: datetime) -> int:
        """Put findings, alerts, bookmarks and snapshot into the outbox; return how many alerts are new."""
        bookmarks = {
            name: batch.bookmark for name, batch in batches.items() if batch.bookmark != self._bookmarks[name]
        }
        if not bookmarks and not findings:
            return 0
        alerts: list[Alert] = []
        for finding in findings:
            verdict = self.rules.judge(finding)
            if verdict.rings:
                alerts.append(alert_for(finding, verdict, self.host_id or finding.host))
        kept = _Kept(self._recogniser.snapshot(), self._time.event, self._time.read)
        new = self.outbox.commit(
            bookmarks=bookmarks,
            snapshot=msgspec.json.encode(kept).decode(),
            findings=[finding for finding in findings if not isinstance(finding, Selected)],
            alerts=alerts,
            notifiers=self.notifiers,
            read=now,
            newest={name: batch.newest for name, batch in batches.items() if batch.newest is not None},
        )
        self._bookmarks.update(bookmarks)
        return new

    def _read(self) -> dict[str, Batch]:
        """Read each source, none further in the log's time than the slowest has come."""
        batches = self._read_each()
        behind = [batch for batch in batches.values() if batch.more]
        if not behind or len(batches) == 1:
            return batches
        if any(not batch.events for batch in behind):
            return {name: batch for name, batch in batches.items() if not batch.events}
        horizon = min(batch.events[-1].time for batch in behind)
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
                batches[source.name] = source.read(self._bookmarks[source.name])
            except Refused as refused:
                refusals[source.name] = refused
        if refusals and not batches:
            raise next(iter(refusals.values()))
        for name, why in refusals.items():
            if str(self._refusals.get(name)) != str(why):
                self.told(say("{source} cannot be read: {why}", source=name, why=why.sentence))
        self._refusals = refusals
        return batches


@dataclass(slots=True)
class _Trouble:
    """Tells of a trouble when it begins or changes, not at every try: a night of it is one line."""

    told: Told
    _known: str = field(init=False, default="")

    def met(self, what: Sentence) -> None:
        """Tell it, unless it was the last."""
        if str(what) != self._known:
            self._known = str(what)
            self.told(what)

    def over(self, what: Sentence | None = None) -> None:
        """Take the next for a new one; tell ``what`` if there was any."""
        if self._known and what is not None:
            self.told(what)
        self._known = ""


@dataclass(slots=True)
class Deliverer:
    """Takes what is pending for one notifier to it, and marks it afterwards. ``jitter`` gives numbers in [0, 1).

    What is not taken is told, once while the reason stays the same; ``failed`` says whether that happened at all.

    What was delivered and could not be marked (a full disk) is remembered here and marked first the next time, so that
    a disk in trouble does not send the same message again and again.

    How long a delivery waits behind a failure is a guess about the receiver. When the receiver takes something, or the
    agent was started anew (by somebody who mended something, perhaps), the guess is void and everything is due.
    """

    notifier: Notifier
    outbox: Outbox
    clock: Clock
    jitter: Callable[[], float]
    told: Told
    failed: bool = field(init=False, default=False)
    _trouble: _Trouble = field(init=False)
    _unmarked: list[tuple[Delivery, str | Undelivered]] = field(init=False, default_factory=list)
    _new: bool = field(init=False, default=True)

    def __post_init__(self) -> None:
        """Begin without a trouble."""
        self._trouble = _Trouble(self.told)

    def deliver(self) -> int:
        """Deliver one batch of what is due; return how many were tried. Raises ``Refused`` where nothing can be marked."""
        self._settle()
        if self._new:
            self.outbox.hurry(self.notifier.name)
            self._new = False
        deliveries = self.outbox.pending(self.notifier.name, self.clock(), self.notifier.batch)
        if not deliveries:
            return 0
        answers = self.notifier.deliver([delivery.notification for delivery in deliveries])
        self._unmarked = list(zip(deliveries, answers, strict=True))
        self._settle()
        return len(deliveries)

    def _settle(self) -> None:
        if not self._unmarked:
            return
        now = self.clock()
        with self.outbox.together():
            if any(isinstance(answer, str) for _, answer in self._unmarked):
                self.outbox.hurry(self.notifier.name)
            for delivery, answer in self._unmarked:
                self._mark(delivery, answer, now)
        marked, self._unmarked = self._unmarked, []
        for delivery, answer in marked:
            self._tell(delivery, answer)

    def _mark(self, delivery: Delivery, answer: str | Undelivered, now: datetime) -> None:
        if isinstance(answer, str):
            self.outbox.delivered(delivery, answer, now)
        elif answer.permanent:
            self.outbox.bury(delivery, answer.why, now)
        else:
            wait = delay(delivery.attempts + 1, jitter=self.jitter())
            self.outbox.postpone(delivery, answer.why, now + wait, now)

    def _tell(self, delivery: Delivery, answer: str | Undelivered) -> None:
        name = self.notifier.name
        if isinstance(answer, str):
            self._trouble.over(say("{notifier} takes alerts again.", notifier=name))
            return
        self.failed = True
        if answer.permanent:
            number = delivery.notification.sequence
            self.told(
                say(
                    "{notifier} refused alert {number} for good: {why}",
                    notifier=name,
                    number=number,
                    why=answer.why,
                )
            )
        else:
            self._trouble.met(say("{notifier} takes no alerts now: {why}", notifier=name, why=answer.why))


def watch_once(
    watcher: Watcher, deliverers: Sequence[Deliverer], *, pause: Callable[[float], object]
) -> None:
    """Read everything since the bookmarks, deliver what is due, and return.

    A logon that rings and waits for its twin events is waited for; longer holds are in the snapshot, and the next run
    finishes them.
    """
    while True:
        seen = watcher.look()
        if seen.more:
            continue
        if not seen.events and not watcher.holds_ring:
            break
        if watcher.holds_ring:
            pause(watcher.wait_for(POLL))
    for deliverer in deliverers:
        while deliverer.deliver():
            pass


def watch(
    watcher: Watcher,
    make_deliverers: Sequence[Callable[[], Deliverer]],
    *,
    stop: threading.Event,
    poll: float = POLL,
) -> None:
    """Read and deliver until ``stop`` is set: this thread reads, each notifier has a thread of its own.

    ``make_deliverers`` are called in their threads, since an outbox connection belongs to one. An error that is nobody's
    to mend ends the agent (whoever supervises it starts it again); ``Refused`` while reading is told and tried again.
    """
    threads = [_Postman(make, stop, watcher.told) for make in make_deliverers]
    for thread in threads:
        thread.start()
    trouble = _Trouble(watcher.told)
    try:
        while not stop.is_set():
            wait = _look(watcher, threads, poll, trouble)
            if wait:
                stop.wait(wait)
    finally:
        stop.set()
        for thread in threads:
            thread.wake.set()
            thread.join()
    for thread in threads:
        if thread.error is not None:
            raise thread.error


def _look(watcher: Watcher, threads: Sequence[_Postman], poll: float, trouble: _Trouble) -> float:
    """Look once; give the seconds until the next look is worth while."""
    try:
        seen = watcher.look()
    except Refused as refused:
        trouble.met(_trying_again(refused))
        return max(poll, 1.0)
    trouble.over()
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
        self._trouble = _Trouble(told)

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
            while not self._stop_asked.is_set():
                if not self._try(deliverer):
                    self.wake.wait(1.0)
                    self.wake.clear()
            self._try(deliverer)
        finally:
            deliverer.outbox.close()

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
        recogniser = Recogniser.restore(msgspec.json.decode(snapshot, type=_Kept).recogniser)
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
