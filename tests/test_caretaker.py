"""What the daily look at a topic rings, remembers and leaves alone."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from fakes import NOON, FakeClock, Told, away
from logonbell.alert import Level
from logonbell.caretaker import AGAIN, DAY, FIRST, KEPT, LATE, Caretaker, Rounds, lately, recall
from logonbell.errors import Refused
from logonbell.filter import Filter
from logonbell.logon import Notice, NoticeKind
from logonbell.notification import Notification
from logonbell.notifier import Undelivered
from logonbell.notifiers.subscription import Key, Subscription
from logonbell.notifiers.topic import Topic, read_topic
from logonbell.notifiers.topic_guard import Report
from logonbell.pace import FIRST as FIRST_OF_A_KIND
from logonbell.pace import Bundle
from logonbell.rule import Rules
from logonbell.sentence import say
from logonbell.store.outbox import Outbox
from reading import commit

ARN = "arn:aws:sns:ap-northeast-1:123456789012:logonbell"
OPS, NIGHT = ("email", "ops@example.com"), ("email", "night@example.com")
HOST_ID = "i-0123456789abcdef0"


@dataclass
class FakeGuard:
    """A topic in memory: ``hears`` are the confirmed, None where AWS does not tell."""

    hears: list[Key] | None = field(default_factory=lambda: [OPS, NIGHT])
    exists: bool | None = True
    topic: Topic = field(default_factory=lambda: read_topic(ARN))
    looks: int = 0

    def look(self, *, rights: bool) -> Report:
        """Look."""
        assert not rights
        self.looks += 1
        if self.hears is None:
            return Report(self.exists, None, ())
        return Report(self.exists, tuple(Subscription(*key, confirmed=True) for key in self.hears), ())


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands at noon."""
    return FakeClock()


@pytest.fixture
def outbox(tmp_path: Path, clock: FakeClock) -> Iterator[Outbox]:
    """A new outbox, of an instance."""
    outbox = Outbox.open(tmp_path, now=clock())
    outbox.hosts.become(HOST_ID, None)
    yield outbox
    outbox.close()


@pytest.fixture
def topic() -> FakeGuard:
    """A topic that two people hear."""
    return FakeGuard()


Make = Callable[..., Caretaker]


@pytest.fixture
def make(outbox: Outbox, clock: FakeClock, topic: FakeGuard) -> Make:
    """Make a caretaker, again and again as after a restart."""

    def make(
        canary: Callable[[Notification], str | Undelivered] | None = None, **filters: Filter
    ) -> Caretaker:
        names = ["sns", "console"]
        return Caretaker(topic, outbox, names, filters, Rules(), clock, "bastion", canary=canary)

    return make


@pytest.fixture
def caretaker(make: Make, clock: FakeClock) -> Caretaker:
    """A caretaker that has made its first round."""
    caretaker = make()
    caretaker.round()
    clock.now += FIRST
    assert caretaker.round()
    return caretaker


def waiting(outbox: Outbox, notifier: str = "sns") -> list[Notification]:
    """What waits for a notifier, each by itself."""
    rows = outbox.tellings.waiting(notifier, 10_000)
    outbox.tellings.begin(
        notifier, [Bundle((row.key,), row.level, None, row.kind, FIRST_OF_A_KIND) for row in rows], NOON
    )
    due = outbox.tellings.due(notifier, NOON + timedelta(days=9999), 10_000)
    return [one.telling for one in due if isinstance(one.telling, Notification)]


def rung(outbox: Outbox, notifier: str = "sns") -> list[str]:
    """What waits for a notifier, in words."""
    found = [one.alert.finding for one in waiting(outbox, notifier)]
    return [str(one.what) for one in found if isinstance(one, Notice)]


def test_a_start_is_not_held_up(make: Make, topic: FakeGuard, clock: FakeClock) -> None:
    """The first look is a few minutes after the first start, then once a day, also across restarts."""
    assert not make().round()
    clock.now += FIRST - timedelta(seconds=1)
    assert not make().round()
    clock.now += timedelta(seconds=1)
    assert make().round()
    for _ in range(48):
        clock.now += DAY / 48
        make().round()
    assert topic.looks == 2


def test_a_topic_that_is_heard_rings_nothing(
    caretaker: Caretaker, outbox: Outbox, clock: FakeClock, topic: FakeGuard
) -> None:
    """Day after day nothing is told; who subscribes newly is no alarm."""
    topic.hears = [OPS, NIGHT, ("sms", "+81900000000")]
    for _ in range(3):
        clock.now += DAY
        assert caretaker.round()
    assert rung(outbox) == []


def test_who_vanished_rings_once(
    caretaker: Caretaker, outbox: Outbox, clock: FakeClock, topic: FakeGuard
) -> None:
    """A subscription that is gone rings through every notifier, loudly, numbered with the host's alerts, and once."""
    topic.hears = [OPS]
    for _ in range(3):
        clock.now += DAY
        caretaker.round()
    said = ["A subscription of logonbell has vanished: email night@example.com"]
    assert rung(outbox) == rung(outbox, "console") == said
    (told,) = waiting(outbox)
    alert = told.alert
    assert (alert.level, alert.rule, alert.host_id) == (Level.HIGH, "notice-topic", HOST_ID)
    assert told.sequence == 1


def test_several_that_vanished_are_one_alert(
    caretaker: Caretaker, outbox: Outbox, clock: FakeClock, topic: FakeGuard
) -> None:
    """Whoever emptied a topic rings once, with the first few by name."""
    many: list[Key] = [("email", f"{number}@example.com") for number in range(7)]
    topic.hears = [*many, OPS]
    clock.now += DAY
    caretaker.round()
    topic.hears = [OPS, NIGHT]
    clock.now += DAY
    caretaker.round()
    assert rung(outbox)[-1] == (
        "7 subscriptions of logonbell have vanished: email 0@example.com, email 1@example.com, email 2@example.com, "
        "email 3@example.com, email 4@example.com, ..."
    )


def test_what_aws_does_not_tell_is_no_alarm(
    caretaker: Caretaker, outbox: Outbox, clock: FakeClock, topic: FakeGuard
) -> None:
    """Without rights or without a network nobody has vanished; what was known is kept, and soon asked again."""
    topic.hears, topic.exists = None, None
    clock.now += DAY
    assert caretaker.round()
    assert not caretaker.round()
    clock.now += AGAIN
    assert caretaker.round()
    assert rung(outbox) == []
    topic.hears, topic.exists = [OPS], True
    clock.now += AGAIN
    caretaker.round()
    assert len(rung(outbox)) == 1


def test_a_topic_that_is_gone_rings_once(
    caretaker: Caretaker, outbox: Outbox, clock: FakeClock, topic: FakeGuard
) -> None:
    """A deleted topic rings when it is found out, and once; when it comes back without its people, that rings."""
    topic.hears, topic.exists = None, False
    for _ in range(2):
        clock.now += DAY
        caretaker.round()
    assert rung(outbox) == ["The topic logonbell is gone: nobody hears its alerts."]
    topic.hears, topic.exists = [], True
    clock.now += DAY
    caretaker.round()
    assert len(rung(outbox)) == 2


def test_a_filter_chooses_who_is_told(make: Make, outbox: Outbox, clock: FakeClock, topic: FakeGuard) -> None:
    """A notifier of some users hears that the bell is not heard; one of critical alerts only does not."""
    narrow = {"console": Filter(level=Level.CRITICAL), "sns": Filter(users=frozenset({"alice"}))}
    caretaker = make(**narrow)
    for wait in (timedelta(0), FIRST):
        clock.now += wait
        caretaker.round()
    topic.hears = []
    clock.now += DAY
    caretaker.round()
    assert (len(rung(outbox)), rung(outbox, "console")) == (1, [])


@pytest.mark.parametrize("room", [0, 1])
def test_a_full_disk_rings_later(
    caretaker: Caretaker,
    outbox: Outbox,
    clock: FakeClock,
    topic: FakeGuard,
    monkeypatch: pytest.MonkeyPatch,
    *,
    room: int,
) -> None:
    """Where the memory cannot be kept the alert is not kept either, and both are, once there is room."""
    topic.hears = [OPS]
    clock.now += DAY
    remember, writes = outbox.memory.remember, itertools.count()

    def full(name: str, what: str, now: datetime) -> None:
        if next(writes) >= room:
            raise Refused(say("The disk is full."))
        remember(name, what, now)

    monkeypatch.setattr(outbox.memory, "remember", full)
    with pytest.raises(Refused, match="full"):
        caretaker.round()
    assert rung(outbox) == []
    monkeypatch.setattr(outbox.memory, "remember", remember)
    clock.now += AGAIN
    caretaker.round()
    assert len(rung(outbox)) == 1


def test_a_clock_that_was_set_back_costs_a_look(
    caretaker: Caretaker, topic: FakeGuard, clock: FakeClock
) -> None:
    """A round that lies further ahead than a day is due now: a year in the future does not stop the care."""
    clock.now -= timedelta(days=365)
    assert caretaker.round()
    assert not caretaker.round()
    assert topic.looks == 2


def test_a_damaged_memory_begins_anew(caretaker: Caretaker, outbox: Outbox, clock: FakeClock) -> None:
    """What cannot be read any more costs a baseline, not the agent."""
    for damaged in ("{", "[]", '{"next": 1}', '"', '"\\ud800"'):
        outbox.memory.remember(f"topic {ARN}", damaged, clock())
        assert recall(outbox, ARN) is None
        assert not caretaker.round()
        assert recall(outbox, ARN) is not None


def test_who_vanished_lately_is_remembered(
    caretaker: Caretaker, outbox: Outbox, clock: FakeClock, topic: FakeGuard
) -> None:
    """For a month it is known who vanished and when, unless they come back."""
    topic.hears = []
    clock.now += DAY
    caretaker.round()
    found = clock.now
    seen = recall(outbox, ARN)
    report = topic.look(rights=False)
    assert [(one.endpoint, one.found) for one in lately(seen, report, clock())] == [
        ("night@example.com", found),
        ("ops@example.com", found),
    ]
    topic.hears = [OPS]
    clock.now += DAY
    caretaker.round()
    (one,) = lately(recall(outbox, ARN), topic.look(rights=False), clock())
    assert one.endpoint == "night@example.com"
    assert lately(recall(outbox, ARN), topic.look(rights=False), found + KEPT) == []
    assert lately(None, report, clock()) == []


@dataclass
class Canary:
    """What SNS makes of canaries."""

    answer: str | Undelivered = "m-1"
    sent: list[Notification] = field(default_factory=list)

    def __call__(self, notification: Notification) -> str | Undelivered:
        """Take it, or not."""
        self.sent.append(notification)
        return self.answer


def test_a_canary_a_day(make: Make, outbox: Outbox, clock: FakeClock) -> None:
    """It is marked as one, so that a filter policy can spare people's mail; that it was taken is noted."""
    canary = Canary()
    caretaker = make(canary)
    for wait in (timedelta(0), FIRST, DAY / 2, DAY / 2):
        clock.now += wait
        caretaker.round()
    assert len(canary.sent) == 2
    alert = canary.sent[0].alert
    assert (alert.rule, alert.level, canary.sent[0].sequence) == ("notice-canary", Level.INFORMATIONAL, 0)
    assert isinstance(alert.finding, Notice)
    assert alert.finding.kind is NoticeKind.CANARY
    assert canary.sent[1].fingerprint != alert.fingerprint
    seen = recall(outbox, ARN)
    assert seen is not None
    assert (seen.canary_taken, seen.canary_receipt) == (clock.now, "m-1")
    assert rung(outbox) == []


def test_a_full_disk_sends_no_canary_after_canary(
    make: Make, outbox: Outbox, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it cannot be kept that a canary was sent, none is sent, however often it is tried."""
    canary = Canary()
    caretaker = make(canary)
    caretaker.round()
    clock.now += FIRST

    def full(*_: object) -> None:
        raise Refused(say("The disk is full."))

    with monkeypatch.context() as disk:
        disk.setattr(outbox.memory, "remember", full)
        for _ in range(3):
            with pytest.raises(Refused, match="full"):
                caretaker.round()
    assert canary.sent == []
    with monkeypatch.context() as disk:
        disk.setattr(outbox, "ring", full)
        with pytest.raises(Refused, match="full"):
            caretaker.round()
        assert not caretaker.round()
    assert len(canary.sent) == 1
    clock.now += AGAIN
    assert caretaker.round()


def test_a_canary_that_stays_away_rings(make: Make, outbox: Outbox, clock: FakeClock) -> None:
    """One that SNS does not take is tried again each hour; after a day and two hours it rings, with the reason, once."""
    canary = Canary()
    caretaker = make(canary)
    for wait in (timedelta(0), FIRST):
        clock.now += wait
        caretaker.round()
    taken = clock.now
    canary.answer = away()
    while clock.now - taken < timedelta(days=3):
        clock.now += AGAIN
        caretaker.round()
        assert bool(rung(outbox)) is (clock.now - taken >= LATE)
    assert rung(outbox) == ["SNS has taken no canary for logonbell any more: nobody is there"]
    canary.answer = "m-2"
    clock.now += AGAIN
    caretaker.round()
    seen = recall(outbox, ARN)
    assert seen is not None
    assert (seen.canary_told, seen.canary_receipt) == (False, "m-2")


def test_a_canary_is_not_sent_to_no_topic(
    make: Make, outbox: Outbox, clock: FakeClock, topic: FakeGuard
) -> None:
    """Where the topic is gone, that is what rings; where nobody may look, the canary tells."""
    canary = Canary()
    caretaker = make(canary)
    caretaker.round()
    topic.hears, topic.exists = None, False
    clock.now += FIRST
    caretaker.round()
    assert canary.sent == []
    topic.exists = None
    clock.now += AGAIN
    caretaker.round()
    assert len(canary.sent) == 1
    assert len(rung(outbox)) == 1


def test_its_alerts_are_numbered_with_the_others(
    caretaker: Caretaker, outbox: Outbox, clock: FakeClock, topic: FakeGuard
) -> None:
    """Between the alerts of a reading its own takes the next number, so that no receiver sees a gap."""
    commit(outbox, 1)
    topic.hears = []
    clock.now += DAY
    caretaker.round()
    commit(outbox, 2)
    assert [one.sequence for one in waiting(outbox)] == [1, 2, 3]


def test_it_works_beside_the_agent(tmp_path: Path, topic: FakeGuard) -> None:
    """In a thread of its own it makes its rounds while the agent writes, and ends when it is told to."""
    clock, stop, told = FakeClock(), threading.Event(), Told()

    def make() -> Caretaker:
        own = Outbox.join(tmp_path)
        return Caretaker(topic, own, ["sns"], {}, Rules(), clock, "bastion")

    with closing(Outbox.open(tmp_path, now=clock())) as outbox:

        def work_until(happened: Callable[[], bool]) -> None:
            for _ in range(1000):
                if happened() or not rounds.is_alive():
                    return
                commit(outbox, next(numbers))
                clock.pass_(3600)
                stop.wait(0.005)

        def is_known() -> bool:
            seen = recall(outbox, ARN)
            return seen is not None and seen.confirmed is not None

        numbers = itertools.count(1)
        rounds = Rounds(make, stop, told, pause=0.01)
        rounds.start()
        work_until(is_known)
        topic.hears = [OPS]
        work_until(lambda: bool(rung(outbox)))
        stop.set()
        rounds.join()
        assert rounds.error is None
        assert rung(outbox) == ["A subscription of logonbell has vanished: email night@example.com"]
    assert told.text == ""


def test_a_fault_of_ours_ends_the_agent(tmp_path: Path, topic: FakeGuard) -> None:
    """What nobody can mend is not swallowed: the agent is told to stop, and the error is there to be raised."""
    stop = threading.Event()

    def broken() -> Caretaker:
        raise ZeroDivisionError

    rounds = Rounds(broken, stop, Told(), pause=0.01)
    rounds.start()
    rounds.join()
    assert stop.is_set()
    assert isinstance(rounds.error, ZeroDivisionError)
    assert topic.looks == 0
    assert not list(tmp_path.iterdir())


def test_a_disk_in_trouble_is_told_and_tried_again(tmp_path: Path, topic: FakeGuard) -> None:
    """A round that could not be kept is told to the operator, and the next one is made."""
    clock, stop, told = FakeClock(), threading.Event(), Told()
    Outbox.open(tmp_path, now=clock()).close()
    tries: list[int] = []

    def make() -> Caretaker:
        outbox = Outbox.join(tmp_path)
        caretaker = Caretaker(topic, outbox, ["sns"], {}, Rules(), clock, "bastion")
        remember = outbox.memory.remember

        def failing(*given: object) -> None:
            tries.append(1)
            if len(tries) == 1:
                raise Refused(say("The disk is full."))
            remember(*given)  # type: ignore[arg-type]  # as they came
            stop.set()

        outbox.memory.remember = failing  # type: ignore[method-assign,assignment]  # the disk of this test
        return caretaker

    rounds = Rounds(make, stop, told, pause=0.01)
    rounds.start()
    rounds.join()
    assert rounds.error is None
    assert len(tries) == 2
    assert told.text == "Cannot go on, trying again: The disk is full."


def test_the_notice_is_dated_now(
    caretaker: Caretaker, outbox: Outbox, clock: FakeClock, topic: FakeGuard
) -> None:
    """What is told carries the time at which it was found out, and the host's name for people."""
    topic.hears = []
    clock.now += DAY
    caretaker.round()
    (told,) = waiting(outbox)
    finding = told.alert.finding
    assert (finding.time, finding.host) == (clock.now, "bastion")
    assert finding.time > NOON
