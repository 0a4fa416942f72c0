"""Looks each minute whether the agent gets on with its work, and says so: rings, beats, writes metrics."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from logonbell.errors import Refused
from logonbell.filter import Filter
from logonbell.health import STALLED, Health, stalled
from logonbell.logon import NoticeKind
from logonbell.notice import notice
from logonbell.sentence import Sentence, say
from logonbell.store.outbox import Outbox
from logonbell.trouble import Told, Trouble

HUNG = 300.0
"""Seconds after which a look that does not end has hung: one takes milliseconds, in a flood some seconds."""
LAST_WORDS = 30.0
"""Seconds that it has to come back, and that are left to tell of it."""
HOUSEKEEPING = 24 * 3600.0
"""Seconds between two renewals of the copy that a damaged state falls back to, and until what is old is forgotten."""
BEAT = "heartbeat"

Clock = Callable[[], datetime]


@dataclass(slots=True)
class Pulse:
    """One look each minute, in a thread and with an outbox connection of its own.

    ``look`` gives the health at a time; what it says of sources it asks of the logs themselves. ``anew`` asks the reader
    to begin anew with its sources. ``looked`` tells when the reader last came back, in seconds of a clock that
    nobody can set; when that does not come any more, ``end`` ends the process, so that whoever supervises it starts it
    again. ``heartbeat`` is after how long a message says that all is well; ``write`` takes the health to whoever collects it.
    What is older than ``keep`` is forgotten once a day, as at each start.
    """

    outbox: Outbox
    look: Callable[[datetime], Health]
    notifiers: Sequence[str]
    filters: Mapping[str, Filter]
    clock: Clock
    told: Told
    host: str
    keep: timedelta
    anew: Callable[[], object]
    looked: Callable[[], float]
    end: Callable[[], object]
    heartbeat: timedelta | None = None
    write: Callable[[Health], None] | None = None
    pause: Callable[[float], object] = time.sleep
    elapsed: Callable[[], float] = time.monotonic
    _stalled: set[str] = field(init=False, default_factory=set)
    _unwritten: Trouble = field(init=False)
    _began: float = field(init=False)
    _kept_house: float = field(init=False)

    def __post_init__(self) -> None:
        """Begin without a trouble, in a house that was kept at the start."""
        self._unwritten = Trouble(self.told)
        self._began = self.elapsed()
        self._kept_house = self.elapsed()

    def round(self) -> bool:
        """Look once. Raises ``Refused`` where nothing can be kept."""
        now = self.clock()
        if self._hangs:
            self.pause(LAST_WORDS)  # a machine that slept wakes one thread after the other
            if self._hangs:
                self._give_up(now)
        health = self.look(now)
        self._ring_of_stalls(health)
        if self.write is not None:
            try:
                self.write(health)
            except Refused as refused:
                self._unwritten.met(refused.sentence)
            else:
                self._unwritten.over()
        if self.heartbeat is not None:
            self._beat(health, self.heartbeat)
        if self.elapsed() - self._kept_house >= HOUSEKEEPING:
            self._keep_house(now)
        return True

    @property
    def _hangs(self) -> bool:
        return self.elapsed() - self.looked() > HUNG

    def _give_up(self, now: datetime) -> None:
        what = say("logonbell hangs while it reads a log; it ends, to be started anew.")
        self._ring(NoticeKind.STALLED, what, now)
        self.told(what)
        self.pause(LAST_WORDS)
        self.end()

    def _keep_house(self, now: datetime) -> None:
        self._kept_house = self.elapsed()
        self.outbox.forget(now - self.keep)
        uncopied = self.outbox.renew_copy(now)
        if uncopied is not None:
            self.told(uncopied)

    def _ring_of_stalls(self, health: Health) -> None:
        if self.elapsed() - self._began < STALLED.total_seconds():
            return  # what came while nobody watched is being read
        now_stalled = {one.name: one for one in health.stalled}
        for name, source in now_stalled.items():
            if name not in self._stalled:
                what = stalled(source)
                self._ring(NoticeKind.STALLED, what, health.time)
                self.told(what)
        if now_stalled:
            self.anew()
        self._stalled = set(now_stalled)

    def _beat(self, health: Health, every: timedelta) -> None:
        """Say that all is well, if that is due; how long ago the last was is kept, also over a restart."""
        last = self._last_beat(health.time)
        if last is not None and timedelta(0) <= health.time - last < every:
            return
        with self.outbox.together():
            if last is not None:
                what = say(
                    "Still here: read to {records}; {gaps:,} gaps since {last}, {pending:,} alerts pending; history"
                    " link {link:,}.",
                    records=", ".join(f"{one.name} {one.newest or 0}" for one in health.sources) or "-",
                    gaps=self.outbox.remarks.losses(last),
                    last=last.isoformat(timespec="seconds"),
                    pending=sum(one.pending for one in health.notifiers),
                    link=health.head.number,
                )
                self._ring(NoticeKind.HEARTBEAT, what, health.time)
            self.outbox.memory.remember(BEAT, health.time.isoformat(), health.time)

    def _last_beat(self, now: datetime) -> datetime | None:
        try:
            text = self.outbox.memory.recall(BEAT)
            return None if text is None else datetime.fromisoformat(text)
        except ValueError:
            return now - timedelta(days=365)

    def _ring(self, kind: NoticeKind, what: Sentence, now: datetime) -> None:
        number = int(now.timestamp() * 1000)
        alert = notice(kind, what, host_id=self.outbox.host_id(self.host), number=number, time=now)
        self.outbox.ring([alert], self.notifiers, now, self.filters)
