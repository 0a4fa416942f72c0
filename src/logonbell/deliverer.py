"""Takes what waits for one notifier to it, at its pace, and marks it afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from logonbell.alert import Level
from logonbell.errors import Refused
from logonbell.logon import Notice, NoticeKind
from logonbell.notice import notice
from logonbell.notification import Digest, Notification, Telling
from logonbell.notifier import Notifier, Undelivered, delay
from logonbell.pace import FIRST, PROBES, Bundle, Limits, Plan, Sent, decide, remembered
from logonbell.sentence import Sentence, plural, say
from logonbell.store.outbox import Outbox
from logonbell.store.tellings import Delivery
from logonbell.trouble import Told, Trouble

AT_LEAST = 1.0
"""Seconds after which it is looked again at the latest: what was postponed is due some time."""
FAILING = timedelta(minutes=5)
"""How long a message may fail before somebody else is told of it."""
_SECOND = 1.0
_BETWEEN_PROBES = 5.0
_SEEDS = 2_000


def _nobody(_: Sentence) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Deliverer:
    """Delivers through one notifier. ``jitter`` gives numbers in [0, 1), ``elapsed`` seconds of a clock nobody can set.

    Without ``limits`` everything goes at once, one by one. ``last`` is for who may not come back: nothing is held to be
    counted or gathered. ``told`` hears what is not taken, once while the reason stays the same, and ``failed`` says
    whether that happened at all; ``notifiers`` are all that there are: they are told of what this one could not deliver.
    ``host`` names this machine where no alert has named it yet.

    What was delivered and could not be marked (a full disk) is remembered here and marked first the next time, so that
    a disk in trouble does not send the same message again and again.

    How long a message waits behind a failure is a guess about the receiver. When the receiver takes something, or the
    agent was started anew (by somebody who mended something, perhaps), the guess is void and everything is due.
    """

    notifier: Notifier
    outbox: Outbox
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    limits: Limits | None = None
    elapsed: Callable[[], float] = time.monotonic
    last: bool = False
    notifiers: Sequence[str] = ()
    told: Told = _nobody
    host: str = ""
    failed: bool = field(init=False, default=False)
    wait: float = field(init=False, default=AT_LEAST)
    """Seconds until the next look is worth while."""
    _unmarked: list[tuple[Delivery, str | Undelivered]] = field(init=False, default_factory=list)
    _met: bool = field(init=False, default=False)
    _sent: list[tuple[float, Sent]] = field(init=False, default_factory=list)
    _handed: list[float] = field(init=False, default_factory=list)
    _plan: Plan = field(init=False, default_factory=Plan)
    _newest: int = field(init=False, default=0)
    _decide_at: float = field(init=False, default=float("-inf"))
    _probed: float = field(init=False, default=float("-inf"))
    _failing: bool = field(init=False, default=False)
    _trouble: Trouble = field(init=False)
    _complained: set[int] = field(init=False, default_factory=set)
    _since: dict[int, float] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Begin without a trouble."""
        self._trouble = Trouble(self.told)

    @property
    def name(self) -> str:
        """The notifier's name."""
        return self.notifier.name

    @property
    def holds(self) -> bool:
        """Whether something waits for the pace alone, and so not long."""
        return bool(self._plan.hold) and self.outbox.tellings.stuck(self.name) < PROBES

    def deliver(self) -> int:
        """Deliver one batch of what may go; return how many were tried. Raises ``Refused`` where nothing can be marked."""
        self._settle()
        if not self._met:
            self._meet()
        now, tick = self.clock(), self.elapsed()
        room = min(self.notifier.batch, self._room(tick))
        self.wait = AT_LEAST
        if room > 0:
            self._begin(now, tick, room)
        deliveries = self.outbox.tellings.due(self.name, now, room) if room > 0 else []
        if not deliveries:
            self._wait_for(tick)
            return 0
        answers = self.notifier.deliver([delivery.telling for delivery in deliveries])
        self._handed += [self.elapsed()] * len(deliveries)
        self._unmarked = list(zip(deliveries, answers, strict=True))
        self._settle()
        return len(deliveries)

    def cry(self, what: Sentence) -> bool:
        """Tell at once, past the outbox, that nothing can be kept; it has no number. Return whether it was taken."""
        now, host, instance = self.clock(), self.host, None
        with suppress(Refused):  # the disk may not even be read
            host = self.outbox.host_id(self.host)
            instance = self.outbox.hosts.instance(host)
        alert = notice(NoticeKind.STUCK, what, host_id=host, number=0, time=now)
        (answer,) = self.notifier.deliver([Notification(alert, 0, now, instance=instance)])
        return isinstance(answer, str)

    def _meet(self) -> None:
        """Take up the pace where the last run left it."""
        now, tick = self.clock(), self.elapsed()
        self.outbox.tellings.meet(self.name, now)
        seeds = self.outbox.tellings.sent(self.name, now, _SEEDS)
        self._sent = [(tick - one.ago.total_seconds(), one) for one in seeds]
        self._met = True

    def _room(self, tick: float) -> int:
        """How many messages this second still takes."""
        if self.limits is None:
            return self.notifier.batch
        self._handed = [at for at in self._handed if tick - at < _SECOND]
        return self.limits.burst - len(self._handed)

    def _wait_for(self, tick: float) -> None:
        """Find out when the next look is worth while."""
        if self.limits is not None and len(self._handed) >= self.limits.burst:
            wait = min(self._handed) + _SECOND - tick
        elif self._plan.hold:
            wait = self._decide_at - tick
        else:
            wait = AT_LEAST
        self.wait = max(0.01, min(AT_LEAST, wait))

    def _begin(self, now: datetime, tick: float, room: int) -> None:
        """Begin what may go now."""
        tellings = self.outbox.tellings
        newest = tellings.newest(self.name)
        if newest == 0:
            self._plan = Plan()
        elif self.limits is None:
            waiting = tellings.waiting(self.name, room)[:room]
            bundles = [Bundle((row.key,), row.level, None, row.kind, FIRST) for row in waiting]
            tellings.begin(self.name, bundles, now)
        elif newest > self._newest or tick >= self._decide_at:
            self._decide(self.limits, now, tick, room)
        self._newest = newest

    def _decide(self, limits: Limits, now: datetime, tick: float, room: int) -> None:
        tellings = self.outbox.tellings
        stuck = tellings.stuck(self.name)
        if stuck >= PROBES and tick - self._probed >= _BETWEEN_PROBES:
            # Something new came: a good moment to try whether the way is free.
            tellings.hurry(self.name, now)
            self._probed = tick
        due = tellings.due_levels(self.name, now)
        ages = [(at, replace(one, ago=timedelta(seconds=max(tick - at, 0.0)))) for at, one in self._sent]
        sent = remembered((one for _, one in ages), limits)
        self._plan = decide(
            tellings.waiting(self.name),
            sent,
            limits,
            now=now,
            handed=len(self._handed) + due.count(Level.CRITICAL),
            stuck=stuck,
            last=self.last,
        )
        critical = [bundle for bundle in self._plan.go if bundle.level is Level.CRITICAL]
        others = self._plan.go[len(critical) :]
        fitting = others[: max(0, room - len(due) - len(critical))]
        tellings.begin(self.name, [*critical, *fitting], now)
        kept = {id(one) for one in sent}
        self._sent = [(at, one) for at, one in ages if id(one) in kept]
        self._sent += [
            (tick, Sent(timedelta(0), bundle.level, bundle.digest, bundle.kind))
            for bundle in (*critical, *fitting)
        ]
        wait = self._plan.wait
        self._decide_at = tick if len(fitting) < len(others) or wait is None else tick + wait.total_seconds()

    def _settle(self) -> None:
        if not self._unmarked:
            return
        now = self.clock()
        complaints: list[Sentence] = []
        with self.outbox.together():
            if any(isinstance(answer, str) for _, answer in self._unmarked):
                self.outbox.tellings.free(self.name)
            for delivery, answer in self._unmarked:
                complaints += self._mark(delivery, answer, now)
        if any(isinstance(answer, str) for _, answer in self._unmarked):
            self._failing = False
            self._decide_at = float("-inf")
        marked, self._unmarked = self._unmarked, []
        for _, answer in marked:
            self._tell(answer)
        tellings = self.outbox.tellings
        if tellings.stuck(self.name) == 0 and not tellings.due_levels(self.name, now):
            self._trouble.over(say("{notifier} takes alerts again.", notifier=self.name))
        for complaint in complaints:
            self.told(complaint)

    def _tell(self, answer: str | Undelivered) -> None:
        if isinstance(answer, str):
            return
        self.failed = True
        if not answer.permanent:
            what = say("{notifier} takes no alerts now: {why}", notifier=self.name, why=answer.why)
            self._trouble.met(what)

    def _mark(self, delivery: Delivery, answer: str | Undelivered, now: datetime) -> list[Sentence]:
        """Mark what came of a message; give what must be told of it."""
        if isinstance(answer, str) or answer.permanent:
            self._since.pop(delivery.key, None)
        if isinstance(answer, str):
            self.outbox.tellings.delivered(delivery, answer, now)
            return []
        if answer.permanent:
            self.outbox.tellings.bury(delivery, answer.why, now)
            what = plural(
                "{notifier} refuses {count:,} alert for good: {why} To look at it: logonbell outbox list",
                "{notifier} refuses {count:,} alerts for good: {why} To look at them: logonbell outbox list",
                _count(delivery.telling),
                notifier=self.name,
                why=answer.why,
            )
            return self._complain(delivery, what)
        wait = delay(delivery.attempts + 1, jitter=self.jitter())
        self.outbox.tellings.postpone(delivery, answer.why, now + wait, now)
        since = self._since.setdefault(delivery.key, self.elapsed())
        # By the clock; where that was set back, as long as this agent saw it.
        lasts = max(now - delivery.begun, timedelta(seconds=self.elapsed() - since))
        if self._failing or delivery.key in self._complained or lasts < FAILING:
            return []
        self._failing = True
        what = say(
            "An alert has not got through {notifier} for {minutes} minutes: {why} It is tried again and again.",
            notifier=self.name,
            minutes=round(lasts / timedelta(minutes=1)),
            why=answer.why,
        )
        return self._complain(delivery, what)

    def _complain(self, delivery: Delivery, what: Sentence) -> list[Sentence]:
        """Tell it through whatever still works, this notifier included: it may take another message.

        Of complaints themselves only the operator hears, or two notifiers that fail would never end.
        """
        self._complained.add(delivery.key)
        if self.notifiers and not _is_complaint(delivery.telling):
            alert = notice(
                NoticeKind.UNDELIVERED,
                what,
                host_id=self.outbox.host_id(self.host),
                number=delivery.key,
                time=delivery.begun,
            )
            if self.outbox.ring([alert], self.notifiers, self.clock()) == 0:
                return []
        return [what]


def _count(telling: Telling) -> int:
    return telling.count if isinstance(telling, Digest) else 1


def _is_complaint(telling: Telling) -> bool:
    """Whether it tells of nothing but what could not be delivered."""
    alerts = telling.named if isinstance(telling, Digest) else (telling,)
    return _count(telling) == len(alerts) and all(
        isinstance(one.alert.finding, Notice) and one.alert.finding.kind is NoticeKind.UNDELIVERED
        for one in alerts
    )
