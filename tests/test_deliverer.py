"""What delivering promises: at least once, at a person's pace, and each message the same whenever it is tried again."""

from __future__ import annotations

import itertools
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fakes import FakeClock, FakeNotifier, Told, away
from logonbell.alert import Alert, Level
from logonbell.deliverer import Deliverer, _is_complaint
from logonbell.errors import Refused
from logonbell.host import Instance
from logonbell.logon import Notice, NoticeKind, User
from logonbell.notice import notice
from logonbell.notification import Digest, DigestKind, Telling, digest_fingerprint
from logonbell.notifier import Undelivered, delay
from logonbell.pace import Bundle, Limits
from logonbell.remarks import LOST, Remarked
from logonbell.rule import Verdict, alert_for
from logonbell.sentence import say
from logonbell.store.outbox import FILE, Outbox
from notifications import HOST_ID, NOON, notification

HOPELESS = Undelivered(say("It is too large."), permanent=True)


def alert(
    number: int, level: Level = Level.MEDIUM, *, user: str = "", age: float = 0, at: datetime = NOON
) -> Alert:
    """Make the alert of a logon ``age`` seconds ago; without a user, of somebody who comes only once."""
    logon = notification(
        number, user=User(user or f"user{number}"), time=at - timedelta(seconds=age)
    ).alert.finding
    return alert_for(logon, Verdict(rings=True, level=level, rule="logon", reason=say("it rings")), HOST_ID)


@dataclass
class Post:
    """An outbox, one notifier that takes from it, and the time."""

    folder: Path
    limits: Limits | None = field(default_factory=Limits)
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOON))
    receiver: FakeNotifier = field(default_factory=lambda: FakeNotifier(batch=10))
    told: Told = field(default_factory=Told)
    others: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Open the outbox, and begin."""
        self.outbox = Outbox.open(self.folder, now=self.clock())
        self.start()

    def start(self, *, last: bool = False) -> None:
        """Begin to deliver, as after a restart of the agent."""
        self.deliverer = Deliverer(
            self.receiver,
            self.outbox,
            self.clock,
            lambda: 0.5,
            self.limits,
            elapsed=self.clock.elapsed,
            last=last,
            notifiers=[self.receiver.name, *self.others] if self.others else [],
            told=self.told,
            host="bastion",
        )

    def restart(self) -> None:
        """End, and begin again."""
        self.outbox.close()
        self.outbox = Outbox.open(self.folder, now=self.clock())
        self.start()

    def ring(self, alerts: Iterable[Alert]) -> None:
        """Let alerts come."""
        self.outbox.commit(
            bookmarks={},
            snapshot="",
            findings=[],
            alerts=list(alerts),
            notifiers=[self.receiver.name, *self.others],
            read=self.clock(),
        )

    def live(self, seconds: float, *, step: float = 0.001) -> None:
        """Let the postman work for so long; he sleeps ``step`` seconds at least."""
        end = self.clock.elapsed() + seconds
        while self.clock.elapsed() < end:
            if not self.deliverer.deliver():
                self.clock.pass_(max(step, min(self.deliverer.wait, end - self.clock.elapsed())))

    @property
    def state(self) -> tuple[int, int, int]:
        """How many alerts are pending, delivered and buried."""
        state = self.outbox.state().notifiers[self.receiver.name]
        return state.pending, state.delivered, state.buried

    @property
    def singles(self) -> list[int]:
        """Give the numbers of the alerts that were told one by one."""
        return [one.sequence for one in self.receiver.taken]


@pytest.fixture
def posts(tmp_path: Path) -> Iterator[Callable[..., Post]]:
    """Give what makes a post, and close its outbox in the end."""
    made: list[Post] = []

    def make(**more: Any) -> Post:
        made.append(Post(tmp_path / "state", **more))
        return made[-1]

    yield make
    for post in made:
        post.outbox.close()


Posts = Callable[..., Post]


def test_delivered_is_marked_after_sending(posts: Posts) -> None:
    """Nothing is marked that was not taken; a refusal waits for its time and is tried again."""
    post = posts(limits=None)
    post.ring([alert(1)])
    post.receiver.answer = lambda _: away()
    assert post.deliverer.deliver() == 1
    assert post.state == (1, 0, 0)
    assert post.deliverer.deliver() == 0
    post.receiver.answer = lambda _: "ok"
    post.clock.pass_(10)
    assert post.deliverer.deliver() == 1
    assert (post.singles, post.state) == ([1], (0, 1, 0))


@pytest.mark.parametrize("limits", [None, Limits()])
def test_what_waited_follows_the_first_that_is_taken(posts: Posts, limits: Limits | None) -> None:
    """After a long outage everything comes at once: nothing waits out a delay that was guessed while nobody answered."""
    post = posts(limits=limits)
    post.ring([alert(1)])
    post.receiver.answer = lambda _: away()
    post.live(6000)
    post.receiver.answer = lambda _: "ok"
    post.ring([alert(2, at=post.clock())])
    post.live(1)
    assert sorted(post.singles) == [1, 2]


def test_a_restart_tries_again_at_once(posts: Posts) -> None:
    """Who mends what was wrong and starts the agent again waits for nothing."""
    post = posts()
    post.ring([alert(1)])
    post.receiver.answer = lambda _: away()
    post.deliverer.deliver()
    assert post.deliverer.deliver() == 0
    post.receiver.answer = lambda _: "ok"
    post.restart()
    post.clock.pass_(1)
    assert post.deliverer.deliver() == 1
    assert post.singles == [1]


def test_a_disk_in_trouble_does_not_send_twice(posts: Posts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that was taken and could not be marked is marked later, not sent again."""
    post = posts()
    post.ring([alert(1)])
    tellings = post.outbox.tellings
    marked = tellings.delivered

    def full(*_: object) -> None:
        raise Refused(say("The disk is full."))

    monkeypatch.setattr(tellings, "delivered", full)
    for _ in range(3):
        with pytest.raises(Refused, match="full"):
            post.deliverer.deliver()
    monkeypatch.setattr(tellings, "delivered", marked)
    post.deliverer.deliver()
    assert (post.singles, post.state) == ([1], (0, 1, 0))


def test_a_storm_is_a_handful_of_messages(posts: Posts) -> None:
    """A thousand alerts are ten messages and a digest that names the worst and counts all the others."""
    post = posts()
    post.ring(alert(n, Level.HIGH if n == 700 else Level.MEDIUM) for n in range(1, 1001))
    post.live(60)
    assert post.singles == [700, *range(1, 10)]
    (digest,) = post.receiver.digests
    assert (digest.kind, digest.count) == (DigestKind.STORM, 990)
    assert digest.levels == {Level.MEDIUM: 990}
    assert digest.doors == {"rdp": 990}
    assert digest.sequences == ((10, 699), (701, 1000))
    assert [one.sequence for one in digest.named] == list(range(10, 30))
    assert post.state == (0, 1000, 0)


def test_a_critical_one_passes_all_that_waits(posts: Posts) -> None:
    """In the middle of a storm, the one alert that matters is the next message."""
    post = posts()
    post.ring(alert(n) for n in range(1, 101))
    post.live(0.5)
    post.ring([alert(200, Level.CRITICAL)])
    before = len(post.receiver.taken)
    post.live(1.0)
    assert post.receiver.taken[before].sequence == 101


def test_the_same_person_is_one_message_and_a_count(posts: Posts) -> None:
    """Who comes again and again within ten minutes is told once, and then with a count."""
    post = posts()
    for number in range(1, 8):
        post.ring([alert(number, user="alice", at=post.clock())])
        post.live(60)
    assert post.singles == [1]
    post.live(181)
    (digest,) = post.receiver.digests
    assert (digest.kind, digest.count, digest.sequences) == (DigestKind.REPEATS, 6, ((2, 7),))


def test_a_backlog_is_one_message(posts: Posts) -> None:
    """After a weekend without the agent there is one message, dated, not a hundred; the critical one stays single."""
    post = posts()
    post.ring(alert(n, Level.CRITICAL if n == 50 else Level.MEDIUM, age=3600 * 48 - n) for n in range(1, 101))
    post.live(30)
    assert post.singles == [50]
    (digest,) = post.receiver.digests
    assert (digest.kind, digest.count) == (DigestKind.BACKLOG, 99)
    assert digest.first == NOON - timedelta(seconds=3600 * 48 - 1)
    assert digest.last == NOON - timedelta(seconds=3600 * 48 - 100)


@pytest.mark.rig
def test_a_long_outage_ends_in_few_messages(posts: Posts) -> None:
    """After hours without SNS a person gets a handful of messages, not one for every alert; and all is told."""
    post = posts()
    post.receiver.answer = lambda _: away()
    for number in range(1, 181):
        post.ring([alert(number, at=post.clock())])
        post.live(60, step=10)
    post.receiver.answer = lambda _: "ok"
    post.live(400)
    assert len(post.singles) + len(post.receiver.digests) <= 12
    assert len(post.singles) + sum(digest.count for digest in post.receiver.digests) == 180
    assert post.state == (0, 180, 0)


def test_a_new_alert_finds_out_that_the_way_is_free(posts: Posts) -> None:
    """When SNS is back after hours, the next logon is told within seconds, not after the longest delay."""
    post = posts()
    post.receiver.answer = lambda _: away()
    for number in range(1, 20):
        post.ring([alert(number, at=post.clock())])
        post.live(600, step=30)
    post.receiver.answer = lambda _: "ok"
    post.ring([alert(20, at=post.clock())])
    post.live(5)
    assert 20 in post.singles


def test_a_message_that_never_gets_through_holds_up_none(posts: Posts) -> None:
    """One message that always fails, and that nobody gives up, delays no other."""
    post = posts()
    post.ring([alert(1)])
    post.receiver.answer = lambda telling: away() if 1 in _numbers(telling) else "ok"
    for number in range(2, 12):
        post.live(30)
        post.ring([alert(number, at=post.clock())])
    post.live(1)
    assert post.singles == list(range(2, 12))


def test_a_restart_takes_up_the_pace(posts: Posts) -> None:
    """An agent that is started again and again does not send faster for it, and still knows who was told."""
    post = posts()
    post.ring(alert(n) for n in range(1, 31))
    for _ in range(10):
        post.live(3)
        post.restart()
    assert len(post.singles) == 10
    assert sum(digest.count for digest in post.receiver.digests) == 20
    post.ring([alert(100, user="user1", at=post.clock())])
    post.live(30)
    assert len(post.singles) == 10


@pytest.mark.parametrize("hours", [-24 * 400, -1, 1, 24 * 400])
def test_a_clock_that_is_set_loses_and_delays_nothing(posts: Posts, hours: int) -> None:
    """Whether the clock is set back or forward, by an hour or a year: all is told within minutes, at the same pace."""
    post = posts()
    post.ring(alert(n, user="alice" if n % 2 else "") for n in range(1, 31))
    post.live(2)
    post.clock.set(hours=hours)
    post.ring(alert(n, user="alice" if n % 2 else "", at=post.clock()) for n in range(31, 41))
    sent = len(post.receiver.taken)
    post.live(3)
    assert sent == 10
    assert len(post.receiver.taken) == 10
    post.live(700)
    assert post.state == (0, 40, 0)
    told = Counter(itertools.chain(post.singles, *(_numbers(one) for one in post.receiver.digests)))
    assert told == Counter(range(1, 41))


def test_a_clock_set_back_while_nothing_gets_through(posts: Posts) -> None:
    """What failed under a clock that was ahead is tried soon after it was set right."""
    post = posts()
    post.clock.set(hours=1000)
    post.ring([alert(1, at=post.clock())])
    post.receiver.answer = lambda _: away()
    post.live(1)
    post.receiver.answer = lambda _: "ok"
    post.clock.set(hours=-1000)
    post.live(5)
    assert post.singles == [1]


def _numbers(telling: Telling) -> list[int]:
    if isinstance(telling, Digest):
        return [number for first, last in telling.sequences for number in range(first, last + 1)]
    return [telling.sequence]


class KilledError(BaseException):
    """The process is no more."""


@dataclass
class Fate:
    """Kills at a chosen one of the statements, and of the moments at which the receiver has and has not taken."""

    at: int
    count: int = 0

    def pass_(self) -> None:
        """Come by a moment at which it may happen."""
        self.count += 1
        if self.count == self.at:
            raise KilledError


def _mortal(post: Post, fate: Fate, received: list[Telling]) -> None:
    database = post.outbox._database
    change = database.change

    def dying(*given: Any) -> int:
        fate.pass_()
        return change(*given)

    def take(telling: Telling) -> str:
        fate.pass_()
        received.append(telling)
        fate.pass_()
        return "ok"

    database.change = dying  # type: ignore[assignment, method-assign]
    post.receiver.answer = take


@pytest.mark.rig
def test_killed_between_any_two_statements_it_repeats_the_same_messages(tmp_path: Path) -> None:
    """Whenever it is killed, nothing is lost, and every alert comes under one fingerprint, alone or in its digest."""
    moments = 0
    for moment in itertools.count(1):
        post = Post(tmp_path / str(moment), Limits(singles=3, repeats=timedelta(seconds=30)))
        fate, received = Fate(moment), list[Telling]()
        post.ring(
            alert(n, Level.CRITICAL if n % 7 == 0 else Level.LOW, user="bob" if n % 5 == 0 else "")
            for n in range(1, 31)
        )
        post.outbox.remarks.add([Remarked(NOON, LOST, say("3 records are damaged"), 3)])
        _mortal(post, fate, received)
        with suppress(KilledError):
            post.live(20)
            post.ring([alert(40, user="bob", at=post.clock())])
            post.live(100, step=10)
        post.outbox._database._connection.close()
        post.outbox.close()
        post.outbox = Outbox.open(post.folder, now=post.clock())
        _mortal(post, Fate(0), received)
        post.start()
        post.live(200, step=10)
        _check(post, received)
        post.outbox.close()
        if fate.count < moment:
            break
        moments += 1
    assert moments > 50


def _check(post: Post, received: list[Telling]) -> None:
    by_number: dict[int, set[str]] = {}
    for telling in received:
        for number in _numbers(telling):
            by_number.setdefault(number, set()).add(telling.fingerprint)
        if isinstance(telling, Digest) and telling.count == len(telling.named):
            marks = [one.alert.fingerprint for one in telling.named]
            assert telling.fingerprint == digest_fingerprint(marks)
    last = post.outbox.state().sequences[HOST_ID]
    assert sorted(by_number) == list(range(1, last + 1))
    assert all(len(marks) == 1 for marks in by_number.values())
    assert post.state == (0, last, 0)
    again = Counter(telling.fingerprint for telling in received)
    assert max(again.values()) <= 2
    assert [one.what for telling in received for one in telling.remarks][:1] == [say("3 records are damaged")]


def test_what_must_be_told_besides_rides_until_it_was_delivered(posts: Posts) -> None:
    """A remark goes with the next message, again with the same one if that did not get through, and then no more."""
    post = posts()
    post.outbox.remarks.add([Remarked(NOON, LOST, say("a record is damaged"), 1)])
    post.receiver.answer = lambda _: away()
    post.ring([alert(1)])
    post.live(2)
    post.receiver.answer = lambda _: "ok"
    post.ring([alert(2), alert(3)])
    post.live(10)
    assert [[str(one.what) for one in told.remarks] for told in post.receiver.taken] == [
        ["a record is damaged"],
        [],
        [],
    ]


def test_a_remark_is_told_by_each_notifier(posts: Posts) -> None:
    """What one notifier told, the other still has to tell."""
    post = posts(others=("console",))
    post.outbox.remarks.add([Remarked(NOON, LOST, say("a record is damaged"), 1)])
    post.ring([alert(1)])
    post.live(2)
    other = FakeNotifier(name="console")
    Deliverer(other, post.outbox, post.clock, lambda: 0.5).deliver()
    assert [len(one.remarks) for one in (*post.receiver.taken, *other.taken)] == [1, 1]


def test_what_is_refused_for_good_is_told_by_whatever_works(posts: Posts) -> None:
    """A message that SNS will never take holds up nothing; all notifiers and the operator hear of it, once."""
    post = posts(others=("console",))
    post.receiver.answer = lambda telling: HOPELESS if _numbers(telling) == [1] else "ok"
    post.ring([alert(1)])
    post.live(5)
    post.restart()
    post.live(5)
    assert post.state == (0, 1, 1)
    other = FakeNotifier(name="console")
    Deliverer(other, post.outbox, post.clock, lambda: 0.5).deliver()
    (complaint,) = [one.alert for one in other.taken if isinstance(one.alert.finding, Notice)]
    assert [one.alert for one in post.receiver.taken] == [complaint]
    assert isinstance(complaint.finding, Notice)
    assert (
        str(complaint.finding.what)
        == "fake refuses 1 alert for good: It is too large. To look at it: logonbell outbox list"
    )
    assert complaint.level is Level.HIGH
    assert post.told.text == str(complaint.finding.what)


def test_what_fails_for_minutes_is_told_by_the_others(posts: Posts) -> None:
    """When nothing gets through for five minutes the other notifiers say so: once, not at every try."""
    post = posts(others=("console",))
    post.receiver.answer = lambda _: away()
    post.ring([alert(n) for n in range(1, 6)])
    post.live(240)
    assert post.told.text == "fake takes no alerts now: nobody is there"
    post.live(3000)
    assert "has not got through fake for" in post.told.text
    assert len(post.told.sentences) == 2


def test_a_clock_that_is_set_back_does_not_hide_what_fails(posts: Posts) -> None:
    """Nothing gets through for five minutes, whatever the clock says: the others say so, and for how long, as this agent saw it."""
    post = posts(others=("console",))
    post.receiver.answer = lambda _: away()
    post.live(300)
    post.ring([alert(1)])
    post.live(10)
    post.clock.set(hours=-24)
    post.live(200)
    assert len(post.told.sentences) == 1
    post.live(400)
    lasting = post.told.text.splitlines()[1].removeprefix("An alert has not got through fake for ")
    assert 5 <= int(lasting.partition(" ")[0]) <= 10


def test_what_is_not_taken_is_told(posts: Posts) -> None:
    """The operator reads why nobody was rung, once while it lasts, and that it is over; and it shows in how a run ends."""
    post = posts()
    assert not post.deliverer.failed
    post.receiver.answer = lambda _: away()
    post.ring([alert(1), alert(2)])
    post.live(200)
    post.receiver.answer = lambda _: "ok"
    post.live(200)
    assert post.told.text.splitlines() == [
        "fake takes no alerts now: nobody is there",
        "fake takes alerts again.",
    ]
    assert post.deliverer.failed


def test_one_that_never_gets_through_is_told_once(posts: Posts) -> None:
    """A message that fails for ever, while others get through, is complained of once, not after each that does."""
    post = posts()
    post.receiver.answer = lambda telling: away() if 1 in _numbers(telling) else "ok"
    for number in range(1, 6):
        post.ring([alert(number, at=post.clock())])
        post.live(600, step=10)
    assert len(post.told.sentences) == 2
    assert post.told.text.startswith("fake takes no alerts now: nobody is there")


def test_complaints_do_not_answer_each_other(posts: Posts) -> None:
    """Two notifiers that take nothing do not complain of each other's complaints for ever."""
    post = posts(others=("console",))
    post.receiver.answer = lambda _: HOPELESS
    other = FakeNotifier(name="console", answer=lambda _: HOPELESS)
    second = Deliverer(other, post.outbox, post.clock, lambda: 0.5, notifiers=["fake", "console"])
    post.ring([alert(1)])
    for _ in range(20):
        post.live(60)
        second.deliver()
    states = post.outbox.state().notifiers
    assert [states[name].buried for name in ("console", "fake")] == [3, 3]
    assert post.outbox.state().sequences == {HOST_ID: 3}


def test_an_alert_that_cannot_be_read_costs_no_digest(posts: Posts) -> None:
    """A digest counts an alert whose row was damaged, and names those that can be read; alone it is buried."""
    post = posts()
    post.ring(alert(n, age=3600) for n in range(1, 6))
    with closing(sqlite3.connect(post.folder / FILE)) as db, db:
        db.execute("update alert set facts = '{' where sequence in (1, 3)")
    post.live(30)
    (digest,) = post.receiver.digests
    assert (digest.count, [one.sequence for one in digest.named]) == (5, [2, 4, 5])
    post.ring(alert(n, age=3600) for n in range(6, 8))
    with closing(sqlite3.connect(post.folder / FILE)) as db, db:
        db.execute("update alert set facts = '{' where sequence > 5")
    post.live(100)
    assert post.state == (0, 5, 2)


def test_once_leaves_nothing_behind(posts: Posts) -> None:
    """Who runs ``--once`` may not come back: repeats and digests are not held for later."""
    post = posts()
    post.start(last=True)
    post.ring([*(alert(n, user="alice") for n in range(1, 4)), *(alert(n) for n in range(4, 31))])
    while post.deliverer.deliver() or post.deliverer.holds:
        post.clock.pass_(post.deliverer.wait)
    assert post.state == (0, 30, 0)
    assert post.clock.elapsed() < 15


def test_the_allowance_of_a_second_is_kept_over_batches(posts: Posts) -> None:
    """However few a notifier takes at once, so many go in a second and no more; the next second takes as many again."""
    post = posts(limits=Limits(singles=100, burst=5))
    post.receiver.batch = 2
    post.ring(alert(number) for number in range(1, 12))
    for taken in (5, 10, 11):
        while post.deliverer.deliver():
            pass
        assert len(post.receiver.taken) == taken
        post.clock.pass_(1)


def test_an_allowance_of_one_lets_one_go(posts: Posts) -> None:
    """One message a second is one, not none."""
    post = posts(limits=Limits(singles=100, burst=1))
    post.ring([alert(1), alert(2)])
    post.live(0.5)
    assert post.singles == [1]
    post.live(1)
    assert post.singles == [1, 2]


def test_a_repeat_is_held_for_its_ten_minutes_however_long_the_agent_runs(posts: Posts) -> None:
    """What was told counts from when it was, not from when the agent began."""
    post = posts()
    post.clock.pass_(5000)
    post.ring([alert(1, user="alice", at=post.clock())])
    post.live(1)
    post.clock.pass_(300)
    post.ring([alert(2, user="alice", at=post.clock())])
    post.live(10)
    assert post.singles == [1]
    post.live(300)
    assert post.singles == [1, 2]


def test_who_may_not_come_back_holds_no_repeat(posts: Posts) -> None:
    """``--once`` tells at its end what a running agent would have held to be counted."""
    post = posts()
    post.ring([alert(1, user="alice")])
    post.live(1)
    post.start(last=True)
    post.ring([alert(2, user="alice")])
    post.live(1)
    assert post.singles == [1, 2]


def test_behind_three_that_fail_nothing_new_is_begun(posts: Posts) -> None:
    """While three messages do not get through, the others wait as alerts, so that they may come together later."""
    post = posts()
    post.receiver.answer = lambda _: away()
    post.ring(alert(number) for number in range(1, 4))
    post.live(1)
    post.ring([alert(4)])
    post.live(4)
    assert len(post.outbox.tellings.waiting("fake")) == 1
    post.receiver.answer = lambda _: "taken"
    post.live(60)
    assert post.singles == [1, 2, 3, 4]


def test_between_two_digests_there_is_a_minute(posts: Posts) -> None:
    """A storm's second digest waits for its time, whichever way the first was begun."""
    post = posts(limits=Limits(singles=1))
    for start in (1, 20):
        post.ring(alert(number, at=post.clock()) for number in range(start, start + 10))
        post.live(15)
    assert len(post.receiver.digests) == 1
    post.live(60)
    assert len(post.receiver.digests) == 2


def test_who_is_told_of_what_fails_is_told_how_many_and_for_how_long(posts: Posts) -> None:
    """A digest that is refused counts its alerts; one that does not get through, its minutes: in words, with the reason."""
    post = posts(limits=Limits(singles=1))
    post.receiver.answer = lambda telling: HOPELESS if isinstance(telling, Digest) else "taken"
    post.ring(alert(number) for number in range(1, 6))
    post.live(30)
    assert post.told.text == (
        "fake refuses 4 alerts for good: It is too large. To look at them: logonbell outbox list"
    )
    post.told.sentences.clear()
    post.receiver.answer = lambda _: away()
    post.ring([alert(9, at=post.clock())])
    post.live(900)
    unwell, lasting = post.told.text.splitlines()
    assert unwell == "fake takes no alerts now: nobody is there"
    minutes = lasting.removeprefix("An alert has not got through fake for ").partition(" ")[0]
    assert 5 <= int(minutes) <= 8
    assert lasting.endswith(f" {minutes} minutes: nobody is there It is tried again and again.")


@pytest.mark.parametrize("readable", [True, False])
def test_a_cry_passes_the_outbox_by(posts: Posts, monkeypatch: pytest.MonkeyPatch, *, readable: bool) -> None:
    """It has no number and no row, is of now, and names the host that is known, or this one where nothing can be read."""
    post = posts()
    here = Instance(HOST_ID, "ap-northeast-1", "123456789012", "bastion-tokyo")
    post.outbox.hosts.become(HOST_ID, here)
    post.ring([alert(1)])

    def unreadable(_: str) -> str:
        raise Refused(say("It cannot be read."))

    if not readable:
        monkeypatch.setattr(post.outbox, "host_id", unreadable)
    assert post.deliverer.cry(say("Nothing can be kept."))
    (cried,) = post.receiver.taken
    assert (cried.sequence, cried.read, cried.alert.finding.main.record_id) == (0, NOON, 0)
    assert cried.alert.host_id == (HOST_ID if readable else "bastion")
    assert cried.instance == (here if readable else None)
    assert post.state == (1, 0, 0)
    post.receiver.answer = lambda _: away()
    assert not post.deliverer.cry(say("Nothing can be kept."))


@pytest.mark.parametrize("level", [Level.CRITICAL, Level.HIGH])
def test_what_is_due_again_has_its_place_in_the_second(posts: Posts, level: Level) -> None:
    """While what failed takes all of a second's room, nothing new is begun: it could not go, and would stay as it is."""
    post = posts(limits=Limits(burst=2))
    post.receiver.answer = lambda _: away()
    post.ring([alert(1, level), alert(2, level)])
    post.deliverer.deliver()
    post.clock.pass_(30)
    post.ring(alert(number, at=post.clock()) for number in range(3, 6))
    more = [alert(6, level, at=post.clock())] if level is Level.CRITICAL else []
    post.ring(more)
    post.deliverer.deliver()
    assert len(post.outbox.tellings.waiting("fake")) == 3 + len(more)


def test_no_more_is_begun_than_fits_behind_the_critical(posts: Posts) -> None:
    """Of what comes at once, so many others are begun as the notifier takes beside the critical ones."""
    post = posts(limits=Limits(burst=5))
    post.receiver.batch = 2
    post.ring([alert(1, Level.CRITICAL), *(alert(number) for number in range(2, 6))])
    post.deliverer.deliver()
    assert post.singles == [1, 2]
    assert len(post.outbox.tellings.waiting("fake")) == 3


def test_a_notifier_that_answers_for_too_few_is_a_fault(
    posts: Posts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has no answer is neither delivered nor not: that is never guessed."""
    post = posts()
    post.ring([alert(1), alert(2)])
    monkeypatch.setattr(post.receiver, "deliver", lambda _: ["taken"])
    with pytest.raises(ValueError, match="shorter"):
        post.deliverer.deliver()
    assert post.state == (2, 0, 0)


def test_what_was_told_before_a_restart_was_told_when_it_was(posts: Posts) -> None:
    """A repeat is told ten minutes behind the first, not ten minutes behind the restart."""
    post = posts()
    post.ring([alert(1, user="alice", at=post.clock())])
    post.live(1)
    post.clock.pass_(540)
    post.restart()
    post.ring([alert(2, user="alice", at=post.clock())])
    post.live(30)
    assert post.singles == [1]
    post.live(40)
    assert post.singles == [1, 2]


def test_the_next_look_is_when_it_is_worth_while(posts: Posts) -> None:
    """When the second is over whose room is used up; at the latest after one second."""
    post = posts(limits=Limits(singles=100, burst=2))
    post.ring([alert(1), alert(2), alert(3)])
    while post.deliverer.deliver():
        pass
    assert post.deliverer.wait == pytest.approx(1.0)
    post.clock.pass_(0.3)
    assert post.deliverer.deliver() == 0
    assert post.deliverer.wait == pytest.approx(0.7)


def test_the_next_look_is_when_a_digest_is_due(posts: Posts) -> None:
    """What is gathered goes when its time is over, not up to a second later."""
    post = posts(limits=Limits(singles=1))
    post.ring(alert(number) for number in range(1, 6))
    post.live(9.7)
    assert post.receiver.digests == []
    assert post.deliverer.deliver() == 0
    assert post.deliverer.wait == pytest.approx(0.3, abs=0.1)


def test_without_limits_the_kind_is_known_too(posts: Posts) -> None:
    """Where a pace is set later, what was told before is taken for what it was."""
    post = posts(limits=None)
    post.ring([alert(1, user="alice")])
    (row,) = post.outbox.tellings.waiting("fake")
    post.deliverer.deliver()
    (sent,) = post.outbox.tellings.sent("fake", NOON, 10)
    assert sent.kind == row.kind


@pytest.mark.parametrize(("failing", "tried"), [(2, 0), (3, 3)])
def test_only_a_blocked_way_is_probed(posts: Posts, failing: int, tried: int) -> None:
    """What waits behind a failure is tried before its time when something new comes, but only where three wait."""
    post = posts()
    asked: list[Telling] = []

    def answer(telling: Telling) -> Undelivered:
        asked.append(telling)
        return away()

    post.receiver.answer = answer
    for _ in range(8):  # so that the next try is a long time off
        post.ring(alert(number) for number in range(1, failing + 1))
        post.deliverer.deliver()
        post.clock.pass_(1)
        post.outbox.tellings.hurry("fake", post.clock())
    post.deliverer.deliver()
    asked.clear()
    post.clock.pass_(5)
    post.ring([alert(9, at=post.clock())])
    post.deliverer.deliver()
    assert sum(_numbers(telling)[0] <= failing for telling in asked) == tried


def test_the_first_wait_is_the_shortest(posts: Posts) -> None:
    """Behind the first failure it is tried again within a second."""
    post = posts()
    post.receiver.answer = lambda _: away()
    post.ring([alert(1)])
    post.deliverer.deliver()
    (fate,) = post.outbox.fates.troubled()
    assert fate.due == NOON + delay(1, jitter=0.5)


def test_a_complaint_names_this_host_where_there_are_several(posts: Posts) -> None:
    """Whose alert it was that could not be told does not make it that host's complaint."""
    post = posts(others=("other",))
    logon = notification(2).alert.finding
    another = alert_for(logon, Verdict(rings=True, level=Level.LOW, rule="logon", reason=say("x")), "i-2")
    post.receiver.answer = lambda _: HOPELESS
    post.ring([alert(1), another])
    post.live(1)
    complaints = [
        story.alert.host_id
        for story in post.outbox.fates.recent(10)
        if story.alert is not None and isinstance(story.alert.finding, Notice)
    ]
    assert set(complaints) == {"bastion"}


def test_a_digest_of_complaints_is_one(posts: Posts) -> None:
    """Of it only the operator hears where it cannot be told either; one that tells of anything else besides is none."""
    post = posts()

    def digest_of(*alerts: Alert) -> Telling:
        post.ring(alerts)
        rows = post.outbox.tellings.waiting("fake")
        bundle = Bundle(tuple(row.key for row in rows), Level.HIGH, DigestKind.STORM, None, say("x"))
        post.outbox.tellings.begin("fake", [bundle], NOON)
        return post.outbox.tellings.due("fake", NOON, 10)[-1].telling

    made = [
        notice(NoticeKind.UNDELIVERED, say("x"), host_id=HOST_ID, number=number, time=NOON)
        for number in range(1, 4)
    ]
    assert _is_complaint(digest_of(*made[:2]))
    assert not _is_complaint(digest_of(made[2], alert(1)))
