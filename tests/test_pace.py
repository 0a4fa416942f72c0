"""What the pace promises: nothing is lost or told twice, the critical comes first, and no mailbox is flooded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import NOON
from logonbell.alert import Level
from logonbell.notification import DigestKind
from logonbell.pace import (
    BLOCKED,
    CRITICAL_PROBES,
    GATHER,
    MINUTE,
    PROBES,
    PROBING,
    Bundle,
    Limits,
    Plan,
    Sent,
    Waiting,
    decide,
    remembered,
)

LIMITS = Limits()
STORM, BACKLOG, REPEATS = DigestKind.STORM, DigestKind.BACKLOG, DigestKind.REPEATS


def row(
    key: int,
    kind: str = "",
    level: Level = Level.MEDIUM,
    *,
    host: str = "h",
    age: float = 1.0,
    waited: float = 0.5,
) -> Waiting:
    """Make an alert that waits; without a kind, one that is like no other. ``age`` and ``waited`` in seconds."""
    return Waiting(
        key,
        level,
        f"{host} {kind or key}",
        host,
        NOON - timedelta(seconds=age),
        NOON - timedelta(seconds=waited),
    )


def sent(
    seconds: float, kind: str | None = None, level: Level = Level.MEDIUM, digest: DigestKind | None = None
) -> Sent:
    """Make a message that was begun so long ago."""
    return Sent(timedelta(seconds=seconds), level, digest, f"h {kind}" if kind else None)


def plan(waiting: Sequence[Waiting], before: Sequence[Sent] = (), **more: Any) -> Plan:
    """Decide at noon."""
    return decide(waiting, before, LIMITS, now=NOON, **more)


def gone(made: Plan) -> list[tuple[tuple[int, ...], DigestKind | None]]:
    """Give what goes."""
    return [(bundle.keys, bundle.digest) for bundle in made.go]


def test_the_first_of_a_kind_goes_at_once() -> None:
    """Who comes first is told within the second, on their own."""
    assert gone(plan([row(1), row(2)])) == [((1,), None), ((2,), None)]


def test_the_same_again_is_counted_and_told_once() -> None:
    """The same person at the same door again and again is one message, and a count when ten minutes are over."""
    made = plan([row(1, "a"), row(2, "a"), row(3, "a")])
    assert gone(made) == [((1,), None)]
    assert [hold.wait for hold in made.hold] == [LIMITS.repeats]
    again = [row(2, "a", waited=500), row(3, "a", waited=400)]
    made = plan(again, [sent(590, "a")])
    assert (made.go, made.wait) == ((), timedelta(seconds=10))
    assert gone(plan(again, [sent(600, "a")])) == [((2, 3), REPEATS)]


def test_one_repeat_is_no_digest() -> None:
    """A single repeat is told as what it is."""
    assert gone(plan([row(2, "a", waited=400)], [sent(600, "a")])) == [((2,), None)]


def test_repeats_go_on_being_counted() -> None:
    """What goes on repeating is told once in ten minutes, not singly again after each count."""
    assert plan([row(9, "a")], [sent(60, "a", digest=REPEATS)]).go == ()


def test_worse_is_no_repeat() -> None:
    """The same person at the same door, and now it is worse: that is told at once."""
    assert gone(plan([row(2, "a", Level.HIGH)], [sent(5, "a")])) == [((2,), None)]
    made = plan([row(1, "a"), row(2, "a", Level.HIGH), row(3, "a")])
    assert gone(made) == [((2,), None), ((1,), None)]


def test_what_came_after_the_time_is_a_first_again() -> None:
    """Who comes back after a quiet quarter of an hour is told at once."""
    assert gone(plan([row(2, "a", waited=0)], [sent(900, "a")])) == [((2,), None)]


def test_a_storm_is_one_digest_behind_the_first() -> None:
    """What is too much to be read one by one is gathered for ten seconds and told together; then once a minute."""
    rows = [row(n) for n in range(1, 41)]
    made = decide(rows, [], Limits(burst=99), now=NOON)
    assert gone(made) == [((n,), None) for n in range(1, 11)]
    assert made.wait == GATHER - timedelta(seconds=0.5)
    singles = [sent(10) for _ in range(10)]
    waited = [row(n, waited=10) for n in range(11, 41)]
    assert gone(plan(waited, singles)) == [(tuple(range(11, 41)), STORM)]
    made = plan(waited, [*singles, sent(40, digest=STORM)])
    assert made.go == ()
    assert made.wait == timedelta(seconds=20)


def test_the_worst_are_told_singly() -> None:
    """When not all can be told one by one, the worst are."""
    rows = [row(n, level=Level.HIGH if n > 15 else Level.LOW) for n in range(1, 26)]
    made = decide(rows, [], Limits(burst=99), now=NOON)
    assert [bundle.keys for bundle in made.go] == [(n,) for n in range(16, 26)]


def test_a_storm_takes_repeats_along() -> None:
    """What is being counted is told with the storm: sooner, and in a message less."""
    rows = [row(1, "a", waited=20), *(row(n, waited=20) for n in range(2, 5))]
    before = [sent(30, "a"), *(sent(30) for _ in range(9))]
    assert gone(plan(rows, before)) == [((1, 2, 3, 4), STORM)]


def test_a_backlog_is_one_digest_and_critical_ones_are_single() -> None:
    """After downtime nobody gets two hundred mails: one, dated, and what is critical on its own."""
    rows = [row(n, age=3600, waited=20) for n in range(1, 201)]
    rows[100] = row(101, level=Level.CRITICAL, age=3600, waited=20)
    made = plan(rows)
    assert gone(made) == [((101,), None), (tuple(n for n in range(1, 201) if n != 101), BACKLOG)]
    assert made.hold == ()


def test_a_backlog_is_gathered() -> None:
    """While what happened meanwhile is still being read, its digest waits; what happens now does not."""
    made = plan([row(1, age=3600), row(2)])
    assert gone(made) == [((2,), None)]
    assert made.wait == GATHER - timedelta(seconds=0.5)
    assert gone(plan([row(1, age=3600)], last=True)) == [((1,), BACKLOG)]


def test_critical_ones_have_an_allowance_of_their_own() -> None:
    """Whoever floods the bell with small things does not turn the one that matters into a line of a digest."""
    before = [sent(5) for _ in range(10)]
    assert gone(plan([row(1), row(2, level=Level.CRITICAL)], before)) == [((2,), None)]


def test_a_flood_of_critical_ones_shares_digests() -> None:
    """Critical alerts that an attacker makes by the thousand cost the mailbox ten messages and six digests a minute."""
    before = [sent(5, "x", Level.CRITICAL) for _ in range(10)]
    rows = [row(n, "same", Level.CRITICAL) for n in range(1, 1001)]
    made = plan(rows, before)
    assert gone(made) == [(tuple(range(1, 1001)), STORM)]
    made = plan(rows, [*before, sent(4, level=Level.CRITICAL, digest=STORM)])
    assert made.go == ()
    assert made.wait == timedelta(seconds=6)


def test_others_wait_for_a_critical_one_but_not_for_ever() -> None:
    """While a critical alert waits for its digest nothing goes before it; a flood of them starves the others no longer."""
    before = [sent(5, "x", Level.CRITICAL)] * 10 + [sent(4, level=Level.CRITICAL, digest=STORM)]
    made = plan([row(1, level=Level.CRITICAL), row(2, waited=59), row(3, waited=60)], before)
    assert gone(made) == [((3,), None)]
    assert made.wait == timedelta(seconds=6)


def test_a_new_kind_of_critical_one_comes_before_more_of_the_same() -> None:
    """A flood of one critical kind does not take the place of another kind's first."""
    rows = [row(n, "flood", Level.CRITICAL) for n in range(1, 30)] + [row(30, "new", Level.CRITICAL)]
    made = plan(rows, [sent(5, "flood", Level.CRITICAL)] * 9)
    assert gone(made)[0] == ((30,), None)


def test_a_second_takes_only_so_many() -> None:
    """Even what may go now goes at no more than five messages a second, the critical first."""
    rows = [row(n) for n in range(1, 5)] + [row(n, level=Level.CRITICAL) for n in range(5, 9)]
    made = plan(rows, handed=2)
    assert [bundle.keys for bundle in made.go] == [(5,), (6,), (7,)]
    assert made.wait == timedelta(seconds=1)


def test_digests_are_of_one_host_the_oldest_first() -> None:
    """Each host's alerts are told in a digest of its own, and no host waits for ever behind a louder one."""
    rows = [row(1, host="a", age=3600, waited=20), *(row(n, host="b", age=900, waited=20) for n in (2, 3))]
    assert gone(plan(rows)) == [((1,), BACKLOG)]
    assert gone(plan(rows[1:], [sent(61, digest=BACKLOG)])) == [((2, 3), BACKLOG)]


def test_while_nothing_gets_through_little_is_begun() -> None:
    """After an outage of hours there are a handful of messages and one digest, not hundreds; and it is tried again."""
    rows = [row(n, age=n * 60.0, waited=n * 60.0) for n in range(9, 0, -1)]
    before = [sent(400 + n) for n in range(PROBES)]
    assert gone(plan(rows, before, stuck=PROBES)) == [(tuple(range(9, 0, -1))[::-1], STORM)]
    made = plan(rows, [*before, sent(100, digest=STORM)], stuck=PROBES + 1)
    assert made.go == ()
    assert all(hold.why == BLOCKED for hold in made.hold)
    assert made.wait == 2 * PROBING - timedelta(seconds=100)


def test_critical_ones_are_tried_though_others_do_not_get_through() -> None:
    """An outage holds back the critical last of all."""
    rows = [row(1, level=Level.CRITICAL), row(2)]
    before = [sent(1)] * PROBES
    assert gone(plan(rows, before, stuck=PROBES)) == [((1,), None)]
    before = [sent(1, level=Level.CRITICAL)] * CRITICAL_PROBES
    assert plan(rows[:1], before, stuck=CRITICAL_PROBES).go == ()


def test_who_may_not_come_back_holds_nothing() -> None:
    """``--once`` leaves nothing behind to be counted or gathered: all is told, in few messages."""
    rows = [*(row(n, "a") for n in range(1, 5)), *(row(n, age=3600) for n in range(5, 9)), row(9, "b")]
    made = plan(rows, [sent(5, "b")], last=True)
    assert made.hold == ()
    assert gone(made) == [((1,), None), ((2, 3, 4), REPEATS), ((9,), None), ((5, 6, 7, 8), BACKLOG)]


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_clock_that_was_set_holds_nothing_for_long(hours: int) -> None:
    """What was read under another clock waits no longer than anything else."""
    rows = [row(n, waited=hours * 3600) for n in range(1, 4)]
    made = plan(rows, [sent(5)] * 10)
    assert gone(made) == [((1, 2, 3), STORM)]


levels = st.sampled_from([Level.LOW, Level.MEDIUM, Level.HIGH, Level.CRITICAL])


@dataclass(frozen=True)
class Step:
    """What happens in one step of a run: time passes, the clock is set, alerts come, messages are taken or not."""

    seconds: float
    jump: float
    alerts: Sequence[tuple[Level, str, str, float]]
    taken: bool


steps = st.builds(
    Step,
    seconds=st.sampled_from([0.0, 0.1, 0.4, 1.0, 7.0, 30.0, 61.0, 400.0]),
    jump=st.sampled_from([0.0, 0.0, 0.0, 0.0, -3600.0, 3600.0, -86400.0 * 300, 86400.0 * 300]),
    alerts=st.lists(
        st.tuples(
            levels,
            st.sampled_from("abcdefghijklmnopqrstuvwxyz"),
            st.sampled_from(["h1", "h2"]),
            st.sampled_from([0.0, 2.0, 400.0, 9000.0]),
        ),
        max_size=12,
    ),
    taken=st.booleans(),
)
limits = st.builds(
    Limits,
    singles=st.integers(1, 6),
    burst=st.integers(1, 4),
    repeats=st.sampled_from([timedelta(0), timedelta(seconds=30), timedelta(minutes=10)]),
)


@dataclass
class Run:
    """A notifier for a while: what waits, what was sent when, by a clock that can be set and one that cannot."""

    limits: Limits
    tick: timedelta = timedelta(0)
    wall: datetime = NOON
    waiting: list[Waiting] = field(default_factory=list)
    begun: list[tuple[timedelta, Bundle]] = field(default_factory=list)
    stuck: list[Bundle] = field(default_factory=list)
    came: int = 0

    def take(self, step: Step, *, only: Level | None = None) -> None:
        """Live through a step; with ``only``, alerts of other levels never came."""
        self.tick += timedelta(seconds=step.seconds)
        self.wall += timedelta(seconds=step.seconds + step.jump)
        for level, kind, host, age in step.alerts:
            self.came += 1
            if only is None or level is only:
                event = self.wall - timedelta(seconds=age)
                self.waiting.append(Waiting(self.came, level, f"{host} {kind}", host, event, self.wall))
        self.decide(taken=step.taken)

    def decide(self, *, taken: bool) -> Plan:
        """Decide, and send what goes."""
        made = decide(
            self.waiting,
            self.sent(),
            self.limits,
            now=self.wall,
            handed=sum(self.tick - at < timedelta(seconds=1) for at, _ in self.begun),
            stuck=len(self.stuck),
        )
        settled = sorted(
            [key for bundle in made.go for key in bundle.keys]
            + [key for hold in made.hold for key in hold.keys]
        )
        assert settled == sorted(row.key for row in self.waiting)
        going = {key for bundle in made.go for key in bundle.keys}
        hosts = {row.key: row.host for row in self.waiting}
        assert all(len({hosts[key] for key in bundle.keys}) == 1 for bundle in made.go)
        assert all(bundle.digest is not None or len(bundle.keys) == 1 for bundle in made.go)
        assert all(hold.wait > timedelta(0) for hold in made.hold)
        self.check_order(made)
        self.waiting = [row for row in self.waiting if row.key not in going]
        self.begun += [(self.tick, bundle) for bundle in made.go]
        self.stuck = [] if taken else [*self.stuck, *made.go]
        return made

    def check_order(self, made: Plan) -> None:
        """Check that the critical go first, and that others pass one that waits only after a minute."""
        assert sorted(made.go, key=lambda bundle: bundle.level is not Level.CRITICAL) == list(made.go)
        rows = {row.key: row for row in self.waiting}
        if any(rows[key].level is Level.CRITICAL for hold in made.hold for key in hold.keys):
            passing = [rows[key] for bundle in made.go for key in bundle.keys]
            assert all(
                row.level is Level.CRITICAL or not timedelta(0) <= self.wall - row.read < MINUTE
                for row in passing
            )

    def sent(self) -> list[Sent]:
        """Give what was sent, as far as it is remembered."""
        sent = [Sent(self.tick - at, bundle.level, bundle.digest, bundle.kind) for at, bundle in self.begun]
        return remembered(sent, self.limits)

    def told(self) -> list[int]:
        """Give the alerts that were told, as often as they were."""
        return sorted(key for _, bundle in self.begun for key in bundle.keys)

    def most(self, seconds: float, *, critical: bool | None = None, shared: bool | None = None) -> int:
        """Give how many messages were begun at most within so many seconds."""
        times = [
            at
            for at, bundle in self.begun
            if critical in (None, bundle.level is Level.CRITICAL)
            and shared in (None, bundle.digest in (STORM, BACKLOG))
        ]
        return max(
            (sum(start <= at < start + timedelta(seconds=seconds) for at in times) for start in times),
            default=0,
        )


@settings(max_examples=60)
@given(limits, st.lists(steps, max_size=12))
def test_nothing_is_lost_or_told_twice_or_above_the_pace(limits: Limits, steps: list[Step]) -> None:
    """Whatever comes, however the clock is set and the way fails: all is told once, and never faster than it may be."""
    run = Run(limits)
    for step in steps:
        run.take(step)
    for _ in range(2_000):
        if not run.waiting:
            break
        made = run.decide(taken=True)
        assert made.wait is not None or not made.hold
        run.tick += made.wait or timedelta(0)
        run.wall += made.wait or timedelta(0)
    assert run.told() == list(range(1, run.came + 1))
    assert run.most(1) <= limits.burst
    for critical in (True, False):
        assert run.most(60, critical=critical, shared=False) <= limits.singles
    assert run.most(60, critical=False, shared=True) <= 1
    assert run.most(10, critical=True, shared=True) <= 1


@settings(max_examples=40)
@given(st.lists(steps, max_size=12), st.integers(1, 6))
def test_critical_ones_go_as_if_they_were_alone(steps: list[Step], singles: int) -> None:
    """No flood of other alerts delays a critical one: with room in the second, each goes exactly when it would alone."""
    roomy = Limits(singles=singles, burst=10_000)
    everything, alone = Run(roomy), Run(roomy)
    for step in steps:
        through = Step(step.seconds, step.jump, step.alerts, taken=True)
        everything.take(through)
        alone.take(through, only=Level.CRITICAL)
    critical = [(at, bundle) for at, bundle in everything.begun if bundle.level is Level.CRITICAL]
    assert critical == alone.begun


def test_forgotten_is_only_what_nobody_asks_for() -> None:
    """However long an agent runs, it remembers little: minutes of messages, and the last of each class."""
    old = [sent(9000, "a"), sent(8000, "b"), sent(9000, "c", Level.CRITICAL), sent(100, "d")]
    kept = remembered(old, LIMITS)
    assert [one.kind for one in kept] == ["h d", "h c"]
