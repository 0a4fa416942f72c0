"""Looks after a topic once a day, and rings when somebody does not hear it any more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from logonbell.alert import Alert
from logonbell.decoding import decode
from logonbell.errors import Refused
from logonbell.event import EventRef
from logonbell.filter import Filter
from logonbell.logon import Notice, NoticeKind
from logonbell.notification import Notification
from logonbell.notifier import Undelivered
from logonbell.notifiers.subscription import Key, told
from logonbell.notifiers.topic import Topic
from logonbell.notifiers.topic_guard import Report
from logonbell.rule import Rules, alert_for
from logonbell.sentence import Sentence, plural, say
from logonbell.store.outbox import Outbox
from logonbell.trouble import Trouble

CHANNEL = "logonbell"
DAY = timedelta(hours=24)
FIRST = timedelta(minutes=5)
"""After the first start: a command that runs once and ends is not held up by AWS."""
AGAIN = timedelta(hours=1)
"""After a round in which AWS was not reached, or did not take the canary."""
LATE = timedelta(hours=26)
"""A canary that was not taken for so long rings: two tries after the one that was due."""
NAMED = 5
KEPT = timedelta(days=30)
"""So long is it remembered that somebody vanished."""
MOST_KEPT = 50
PAUSE = 60.0
"""Seconds between two looks at whether a round is due."""

Clock = Callable[[], datetime]


class Guard(Protocol):
    """Looks at a topic; raises nothing for what AWS or the network does."""

    @property
    def topic(self) -> Topic:
        """Which one."""
        ...

    def look(self, *, rights: bool) -> Report:
        """Look at it; without ``rights``, only whether it is there and who hears it."""
        ...


class Gone(msgspec.Struct):
    """Somebody who heard the topic, and when it was found out that they do not any more."""

    protocol: str
    endpoint: str
    found: datetime


class Seen(msgspec.Struct):
    """What is remembered of a topic: who heard it, whether it was there, and what became of the canary."""

    next: datetime
    looked: datetime | None = None
    exists: bool | None = None
    confirmed: list[Key] | None = None
    gone: list[Gone] = []
    canary_since: datetime | None = None
    """The last time that it was taken, or when it was first sent."""
    canary_taken: datetime | None = None
    canary_receipt: str | None = None
    canary_told: bool = False


@dataclass(slots=True)
class Caretaker:
    """Makes the rounds of one topic. What it rings and what it remembers is kept together.

    ``host`` is this machine's name for people. ``canary`` sends a message that is marked as one
    (rule ``notice-canary``), past the outbox: what is tried is the way to SNS, now. It is None where none is wished.
    """

    guard: Guard
    outbox: Outbox
    notifiers: Sequence[str]
    filters: Mapping[str, Filter]
    rules: Rules
    clock: Clock
    host: str
    canary: Callable[[Notification], str | Undelivered] | None = None
    _rung: int = field(init=False, default=0)

    def round(self) -> bool:
        """Look after the topic if that is due; tell whether it was. Raises ``Refused`` where nothing can be kept."""
        now = self.clock()
        seen = recall(self.outbox, self.guard.topic.arn)
        if seen is None:
            self._remember(Seen(now + FIRST), now)
            return False
        if now < seen.next <= now + DAY:  # else it is due, or the clock was set back
            return False
        # Before anything is sent: where nothing can be kept, a canary must not go out at every try.
        self._remember(msgspec.structs.replace(seen, next=now + AGAIN), now)
        report = self.guard.look(rights=False)
        seen.gone = lately(seen, report, now)
        said = [*self._about_topic(seen, report), *self._about_subscriptions(seen, report)]
        if self.canary is not None and report.exists is not False:
            said += self._send_canary(self.canary, seen, now)
        reached = report.exists is not None and (self.canary is None or seen.canary_taken == now)
        seen.next, seen.looked = now + (DAY if reached else AGAIN), now
        with self.outbox.together():
            self.outbox.ring([self._alert(what, now) for what in said], self.notifiers, now, self.filters)
            self._remember(seen, now)
        return True

    def _about_topic(self, seen: Seen, report: Report) -> list[Sentence]:
        gone = report.exists is False and seen.exists is not False
        if report.exists is not None:
            seen.exists = report.exists
        if not gone:
            return []
        return [say("The topic {topic} is gone: nobody hears its alerts.", topic=self.guard.topic.name)]

    def _about_subscriptions(self, seen: Seen, report: Report) -> list[Sentence]:
        if report.confirmed is None:
            return []
        gone = vanished(seen, report)
        seen.confirmed = sorted(report.confirmed)
        if not gone:
            return []
        names = ", ".join(told(key) for key in gone[:NAMED])
        return [
            plural(
                "A subscription of {topic} has vanished: {names}",
                "{count} subscriptions of {topic} have vanished: {names}",
                len(gone),
                topic=self.guard.topic.name,
                names=names if len(gone) <= NAMED else f"{names}, ...",
            )
        ]

    def _send_canary(
        self, send: Callable[[Notification], str | Undelivered], seen: Seen, now: datetime
    ) -> list[Sentence]:
        what = say(
            "Canary: logonbell on {host} reaches {topic}.", host=self.host, topic=self.guard.topic.name
        )
        alert = self._alert(what, now, NoticeKind.CANARY)
        instance = self.outbox.hosts.instance(alert.host_id)
        answer = send(Notification(alert, 0, now, instance=instance))
        if isinstance(answer, str):
            seen.canary_since = seen.canary_taken = now
            seen.canary_receipt, seen.canary_told = answer, False
            return []
        seen.canary_since = seen.canary_since or now
        if seen.canary_told or now - seen.canary_since < LATE:
            return []
        seen.canary_told = True
        why = say(
            "SNS has taken no canary for {topic} any more: {why}", topic=self.guard.topic.name, why=answer.why
        )
        return [why]

    def _alert(self, what: Sentence, now: datetime, kind: NoticeKind = NoticeKind.TOPIC) -> Alert:
        self._rung += 1  # two that are rung at one moment are two
        mark = EventRef(CHANNEL, int(now.timestamp() * 1000) + self._rung, 0)
        notice = Notice(now, self.host, (mark,), kind, what)
        # Of the host that the other alerts are of, so that they are numbered together.
        return alert_for(notice, self.rules.judge(notice), self.outbox.host_id(self.host))

    def _remember(self, seen: Seen, now: datetime) -> None:
        text = msgspec.json.encode(seen).decode()
        self.outbox.memory.remember(_name(self.guard.topic.arn), text, now)


def recall(outbox: Outbox, topic_arn: str) -> Seen | None:
    """Give what is remembered of a topic; None before the first time, and where it cannot be read any more."""
    try:
        text = outbox.memory.recall(_name(topic_arn))
        return None if text is None else decode(text, Seen)
    except ValueError:
        return None


def vanished(seen: Seen | None, report: Report) -> list[Key]:
    """Name who heard the topic when it was last looked at, and does not now."""
    if seen is None or seen.confirmed is None or report.confirmed is None:
        return []
    return sorted(set(seen.confirmed) - report.confirmed)


def lately(seen: Seen | None, report: Report, now: datetime) -> list[Gone]:
    """Name who vanished within the last month, as far as is remembered, and has not come back; the last first."""
    known = [] if seen is None else [Gone(*key, now) for key in vanished(seen, report)] + seen.gone
    back = report.confirmed or frozenset()
    return [one for one in known if now - one.found < KEPT and (one.protocol, one.endpoint) not in back][
        :MOST_KEPT
    ]


class Rounder(Protocol):
    """What makes rounds, with an outbox connection of its own."""

    @property
    def outbox(self) -> Outbox:
        """It is closed when the rounds end."""
        ...

    def round(self) -> bool:
        """Do what is due, and tell whether anything was. Raises ``Refused`` for what is tried again."""
        ...


class Rounds(threading.Thread):
    """The thread of what makes rounds, which is made in it: an outbox connection belongs to one thread.

    An error that is nobody's to mend sets ``stop`` and is left in ``error``.
    """

    def __init__(
        self,
        make: Callable[[], Rounder],
        stop: threading.Event,
        told: Callable[[Sentence], None],
        pause: float = PAUSE,
    ) -> None:
        super().__init__(daemon=True)
        self.error: BaseException | None = None
        self._make = make
        self._stop_asked = stop
        self._trouble = Trouble(told)
        self._pause = pause

    def run(self) -> None:
        """Make the rounds until it is stopped."""
        try:
            self._make_rounds()
        except BaseException as error:  # noqa: BLE001 - handed to the main thread, which raises it
            self.error = error
            self._stop_asked.set()

    def _make_rounds(self) -> None:
        rounder = self._make()
        try:
            while not self._stop_asked.is_set():
                try:
                    rounder.round()
                    self._trouble.over()
                except Refused as refused:
                    self._trouble.met(say("Cannot go on, trying again: {why}", why=refused.sentence))
                self._stop_asked.wait(self._pause)
        finally:
            rounder.outbox.close()


def _name(topic_arn: str) -> str:
    return f"topic {topic_arn}"
