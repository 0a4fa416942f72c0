"""What the agent promises: nothing read is lost, nothing is alerted twice."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from fakes import NOON, FakeClock, FakeNotifier, FakeSource, Told, away
from logonbell.agent import CRY_AFTER, LogClock, Watcher, watch, watch_once
from logonbell.alert import Level
from logonbell.deliverer import Deliverer
from logonbell.errors import Refused
from logonbell.event import Event
from logonbell.filter import Filter
from logonbell.judge import Judge
from logonbell.logon import Door, Logoff, Logon, Notice
from logonbell.notification import Notification
from logonbell.notifier import Undelivered
from logonbell.pace import Limits
from logonbell.rule import Rules
from logonbell.sentence import say
from logonbell.silence import Cover, Maintenance
from logonbell.source import Batch, Loss
from logonbell.store.history import Kept
from logonbell.store.outbox import Outbox
from reading import pending, single

SECURITY = "Security"
LSM = "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"


def console_logon(record: int, name: str = "alice", after: float = 0.0, logon_id: str = "0x1000") -> Event:
    """Make the one 4624 of a console logon without a split token."""
    fields = {
        "TargetUserSid": f"S-1-5-21-1-2-3-{1000 + len(name)}",
        "TargetUserName": name,
        "TargetDomainName": "BASTION01",
        "TargetLogonId": logon_id,
        "TargetLinkedLogonId": "0x0",
        "LogonType": "2",
        "LogonProcessName": "User32 ",
        "ProcessName": r"C:\Windows\System32\svchost.exe",
        "IpAddress": "127.0.0.1",
    }
    at = NOON + timedelta(seconds=after)
    return Event(SECURITY, 4624, record, at, "BASTION01", "Microsoft-Windows-Security-Auditing", fields)


def session_began(record: int, name: str = "alice", after: float = 0.0) -> Event:
    """Make LocalSessionManager's word of a new session at the console."""
    fields = {"User": rf"BASTION01\{name}", "SessionID": "1", "Address": "LOCAL"}
    return Event(LSM, 21, record, NOON + timedelta(seconds=after), "BASTION01", "", fields)


@pytest.fixture
def clock() -> FakeClock:
    """Give a clock that stands at noon."""
    return FakeClock()


@pytest.fixture
def outbox(tmp_path: Path, clock: FakeClock) -> Iterator[Outbox]:
    """Give a new outbox."""
    outbox = Outbox.open(tmp_path, now=clock())
    yield outbox
    outbox.close()


Start = Callable[..., Watcher]


@pytest.fixture
def start(outbox: Outbox, clock: FakeClock) -> Start:
    """Give what starts a watcher on this outbox, again and again as after a restart."""

    def start(*sources: FakeSource, told: Told | None = None) -> Watcher:
        return Watcher(sources, Judge(Rules()), outbox, ["fake"], clock, told or Told(), clock.elapsed)

    return start


def history(outbox: Outbox) -> list[Logon]:
    """Give the logons that were kept."""
    kept = outbox.history.between(NOON - timedelta(days=1), NOON + timedelta(days=1))
    return [row.finding for row in kept if isinstance(row, Kept) and isinstance(row.finding, Logon)]


def rung(outbox: Outbox, clock: FakeClock) -> list[str]:
    """Give the users of the alerts that wait."""
    findings = [single(delivery).alert.finding for delivery in pending(outbox, "fake", clock())]
    return [finding.user.name for finding in findings if isinstance(finding, Logon) and finding.user]


def test_a_logon_rings_once_its_hold_is_over(start: Start, outbox: Outbox, clock: FakeClock) -> None:
    """A logon is told when its twin events have had their time, though no further event comes."""
    watcher = start(FakeSource([console_logon(1)]))
    assert watcher.look().alerts == 0
    assert watcher.holds_ring
    clock.pass_(0.4)
    assert watcher.look().alerts == 1
    assert rung(outbox, clock) == ["alice"]


def test_a_log_whose_times_go_back_holds_up_nobody(start: Start, outbox: Outbox, clock: FakeClock) -> None:
    """The clock was set back, or two programs wrote in the wrong order, within a backlog of two logs: all of it is read."""
    people = [f"user{number}" for number in range(6)]
    late = [300.0, 301.0, 0.0, 1.0, 2.0, 3.0]
    security = [console_logon(n, name, late[n - 1], hex(0x1000 + n)) for n, name in enumerate(people, 1)]
    sessions = [session_began(n, name, late[n - 1] + 0.5) for n, name in enumerate(people, 1)]
    watcher = start(FakeSource(security, "security", batch=3), FakeSource(sessions, "sessions", batch=4))
    for _ in range(20):
        watcher.look()
        clock.pass_(1)
    assert {state.newest for state in outbox.state().sources.values()} == {6}
    assert {logon.user.name for logon in history(outbox) if logon.user} == set(people)


def test_what_is_held_survives_a_restart(start: Start, outbox: Outbox, clock: FakeClock) -> None:
    """A logon that was held when the agent ended is told by the next run."""
    source = FakeSource([console_logon(1)])
    start(source).look()
    clock.pass_(3600)
    assert start(source).look().alerts == 1
    assert rung(outbox, clock) == ["alice"]


def test_a_lost_bookmark_rings_nothing_twice(tmp_path: Path, clock: FakeClock) -> None:
    """An outbox that lost its bookmark and snapshot reads all again; fingerprints keep it from ringing again."""
    source = FakeSource([console_logon(1), console_logon(2, "bob", 60, "0x2000")])
    outbox = Outbox.open(tmp_path, now=clock())
    watcher = Watcher([source], Judge(Rules()), outbox, ["fake"], clock, Told(), clock.elapsed)
    watcher.look()
    clock.pass_(100)
    watcher.look()
    assert rung(outbox, clock) == ["alice", "bob"]
    outbox.commit(bookmarks={"fake": "0"}, snapshot="{}", findings=[], alerts=[], notifiers=[], read=clock())
    told = Told()
    again = Watcher([source], Judge(Rules()), outbox, ["fake"], clock, told, clock.elapsed)
    again.look()
    clock.pass_(100)
    again.look()
    assert rung(outbox, clock) == ["alice", "bob"]
    assert "starts again from the oldest record" in told.text
    outbox.close()


def test_who_was_held_when_the_snapshot_was_lost_rings(
    start: Start, outbox: Outbox, clock: FakeClock
) -> None:
    """Of a logon that was read and not yet told nothing is left but the log, so that is read again."""
    source = FakeSource([console_logon(1)])
    start(source).look()
    outbox.commit(bookmarks={}, snapshot="{}", findings=[], alerts=[], notifiers=[], read=clock())
    again = start(source)
    again.look()
    clock.pass_(1)
    again.look()
    assert rung(outbox, clock) == ["alice"]


@pytest.mark.parametrize("hours", [-24 * 365, -1, 1, 24 * 365])
@pytest.mark.parametrize("restarts", [False, True])
def test_a_clock_that_is_set_delays_no_ring(
    start: Start, outbox: Outbox, clock: FakeClock, *, hours: int, restarts: bool
) -> None:
    """Whichever way the clock jumps, now or while nobody runs, a logon that is held rings within the second."""
    source = FakeSource([console_logon(1)])
    watcher = start(source)
    watcher.look()
    clock.set(hours=hours)
    if restarts:
        watcher = start(source)
    watcher.look()
    clock.pass_(0.5)
    watcher.look()
    assert rung(outbox, clock) == ["alice"]


def test_a_host_that_sleeps_goes_on_where_it_was(start: Start, outbox: Outbox, clock: FakeClock) -> None:
    """Suspended for a weekend in the middle of a logon, the host rings for it when it wakes, and for who comes then."""
    source = FakeSource([console_logon(1)])
    watcher = start(source)
    watcher.look()
    clock.set(hours=60)
    source.events.append(console_logon(2, "bob", 60 * 3600, "0x2000"))
    watcher.look()
    clock.pass_(0.5)
    watcher.look()
    assert rung(outbox, clock) == ["alice", "bob"]


def test_two_sources_keep_pace(start: Start, outbox: Outbox, clock: FakeClock) -> None:
    """A long backlog in one log does not let the other run ahead: the session they both tell stays one."""
    people = [f"user{number}" for number in range(40)]
    security = [console_logon(n, name, n * 60.0, hex(0x1000 + n)) for n, name in enumerate(people, 1)]
    sessions = [session_began(n, name, n * 60.0 + 0.5) for n, name in enumerate(people, 1)]
    slow = FakeSource(security, name="security", batch=3)
    watcher = start(slow, FakeSource(sessions, name="lsm"))
    while watcher.look().more:
        pass
    clock.pass_(100)
    watcher.look()
    assert [len(logon.events) for logon in history(outbox)] == [2] * 40


def test_a_source_of_noise_does_not_stop_the_others(start: Start, outbox: Outbox, clock: FakeClock) -> None:
    """A batch without a wanted event goes forward alone; nothing is read twice or left out."""

    class Noise(FakeSource):
        def read(self, bookmark: str | None, limit: int | None = None) -> object:  # type: ignore[override]
            batch = super().read(bookmark, limit)
            return replace(batch, events=[])

    noise = Noise([console_logon(n) for n in range(1, 30)], name="noise", batch=4)
    watcher = start(noise, FakeSource([console_logon(99, "bob")], name="quiet"))
    looks = 0
    while watcher.look().more:
        looks += 1
    clock.pass_(1)
    watcher.look()
    assert looks >= 6
    assert rung(outbox, clock) == ["bob"]


def test_a_full_disk_loses_nothing(
    start: Start, outbox: Outbox, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be kept is read again: no logon is lost, and none is taken for another's twin."""
    watcher = start(FakeSource([console_logon(1)]))
    commit = outbox.commit

    def full(**_: object) -> int:
        raise Refused(say("The disk is full."))

    monkeypatch.setattr(outbox, "commit", full)
    for _ in range(3):
        with pytest.raises(Refused, match="full"):
            watcher.look()
    assert outbox.bookmark("fake") is None
    monkeypatch.setattr(outbox, "commit", commit)
    watcher.look()
    clock.pass_(1)
    watcher.look()
    assert rung(outbox, clock) == ["alice"]
    assert [logon.folded for logon in history(outbox)] == [1]


class Hurried(threading.Event):
    """An event for which nobody waits."""

    def wait(self, timeout: float | None = None) -> bool:
        """See whether it is set."""
        del timeout
        return self.is_set()


def test_what_cannot_be_kept_is_told_past_the_outbox(
    start: Start, outbox: Outbox, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that stays full is told once by every notifier that still works, without a number; mended, all goes on."""
    commit, stop, receiver = outbox.commit, Hurried(), FakeNotifier()
    cried = threading.Event()

    def take(telling: Notification) -> str:
        cried.set()
        if telling.sequence:
            stop.set()
        return "ok"

    receiver.answer = take
    looks = itertools.count()

    def full(**named: Any) -> int:
        clock.pass_(1)
        threading.Event().wait(0.001)
        if cried.is_set() or next(looks) > 5_000:
            return commit(**named)
        raise Refused(say("The disk is full."), say("Free some space."))

    monkeypatch.setattr(outbox, "commit", full)
    watch(
        start(FakeSource([console_logon(1)])),
        [lambda: Deliverer(receiver, Outbox.join(tmp_path), clock, lambda: 0.0, host="BASTION01")],
        stop=stop,
        poll=0.001,
    )
    first, second = receiver.taken
    assert isinstance(first.alert.finding, Notice)
    assert (first.sequence, first.alert.host_id, first.alert.level) == (0, "BASTION01", Level.HIGH)
    assert str(first.alert.finding.what) == "logonbell cannot go on: The disk is full. Free some space."
    assert next(looks) >= CRY_AFTER
    assert isinstance(second.alert.finding, Logon)


def test_one_source_that_is_gone_holds_up_no_other(start: Start, outbox: Outbox, clock: FakeClock) -> None:
    """A source that cannot be read is told once, and the others are read."""
    gone = FakeSource(name="gone", refused=Refused(say("There is no file.")))
    told = Told()
    watcher = start(gone, FakeSource([console_logon(1)]), told=told)
    watcher.look()
    clock.pass_(1)
    watcher.look()
    assert rung(outbox, clock) == ["alice"]
    assert told.text.count("There is no file.") == 1


def test_all_sources_gone_is_refused(start: Start) -> None:
    """Where nothing can be read the agent says so, and does not look healthy."""
    watcher = start(FakeSource(refused=Refused(say("There is no file."))))
    with pytest.raises(Refused, match="no file"):
        watcher.look()


def test_losses_are_told(start: Start) -> None:
    """What could not be read of a log reaches the operator."""
    told = Told()
    watcher = start(
        FakeSource([console_logon(1)], losses=[Loss("Security.evtx", say("3 records lost"), 3)]), told=told
    )
    watcher.look()
    assert told.text == "Security.evtx: 3 records lost"


def test_what_a_filter_keeps_away_waits_for_nobody(outbox: Outbox, clock: FakeClock) -> None:
    """A notifier is told what its filter passes; the rest is kept, and told to the others, and never pending for it."""
    source = FakeSource([console_logon(1), console_logon(2, "bob", 60, "0x2000")])
    only = {"picky": Filter(users=frozenset({"bob"})), "deaf": Filter(level=Level.CRITICAL)}
    watcher = Watcher(
        [source],
        Judge(Rules()),
        outbox,
        ["fake", "picky", "deaf"],
        clock,
        Told(),
        clock.elapsed,
        filters=only,
    )
    first = watcher.look().alerts
    clock.pass_(100)
    assert first + watcher.look().alerts == 2
    assert [len(outbox.tellings.waiting(name)) for name in ("fake", "picky", "deaf")] == [2, 1, 0]
    assert len(history(outbox)) == 2


def test_once_waits_for_a_ring_and_ends(start: Start, outbox: Outbox, clock: FakeClock) -> None:
    """``--once`` does not end before a logon that rings has had its twin events, and delivers it."""
    receiver = FakeNotifier()
    watcher = start(FakeSource([console_logon(1)]))
    watch_once(watcher, [Deliverer(receiver, outbox, clock, lambda: 0.5, told=Told())], pause=clock.pass_)
    assert [notification.sequence for notification in receiver.taken] == [1]
    assert clock.now - NOON < timedelta(milliseconds=400)


def test_watching_ends_when_it_is_told_to(tmp_path: Path) -> None:
    """The agent rings while it runs, from a thread of the notifier's own, and stops without losing its place."""
    clock = FakeClock()
    outbox = Outbox.open(tmp_path, now=clock())
    source, receiver, stop = FakeSource([console_logon(1)]), FakeNotifier(), threading.Event()
    rung = threading.Event()

    def take(_: object) -> str:
        rung.set()
        return "ok"

    receiver.answer = take
    watcher = Watcher([source], Judge(Rules()), outbox, ["fake"], clock, Told(), clock.elapsed)

    def person() -> None:
        while not rung.wait(0.01) and clock.now < NOON + timedelta(minutes=5):
            clock.pass_(0.1)
        stop.set()

    helper = threading.Thread(target=person)
    helper.start()
    watch(
        watcher,
        [lambda: Deliverer(receiver, Outbox.join(tmp_path), clock, lambda: 0.0, told=Told())],
        stop=stop,
        poll=0.01,
    )
    helper.join()
    assert outbox.state().notifiers["fake"].delivered == 1
    assert outbox.bookmark("fake") == "1"
    outbox.close()


def test_a_dead_notifier_holds_up_no_other(tmp_path: Path) -> None:
    """While one receiver hangs and another answers with errors, in their own threads, a third is told everything."""
    clock = FakeClock()
    outbox = Outbox.open(tmp_path, now=clock())
    events = [console_logon(number, f"user{number}", number * 60, hex(number)) for number in range(1, 31)]
    source, stop, hanging, over = (
        FakeSource(events[:1]),
        threading.Event(),
        threading.Event(),
        threading.Event(),
    )

    def hang(_: object) -> Undelivered:
        hanging.set()
        over.wait(30)
        return away()

    receivers = [
        FakeNotifier("dead", answer=hang),
        FakeNotifier("ill", answer=lambda _: away()),
        FakeNotifier(),
    ]
    names = [receiver.name for receiver in receivers]
    watcher = Watcher([source], Judge(Rules()), outbox, names, clock, Told(), clock.elapsed)

    def wait_for(happened: Callable[[], bool]) -> None:
        for _ in range(3000):
            if happened():
                return
            clock.pass_(0.1)
            stop.wait(0.01)

    def person() -> None:
        wait_for(hanging.is_set)  # the first is on its way to the dead one, and stays there
        source.events.extend(events[1:])
        wait_for(lambda: len(receivers[2].taken) == 30)
        over.set()
        stop.set()

    def deliverer(receiver: FakeNotifier) -> Callable[[], Deliverer]:
        return lambda: Deliverer(receiver, Outbox.join(tmp_path), clock, lambda: 0.5, told=Told())

    helper = threading.Thread(target=person)
    helper.start()
    watch(watcher, [deliverer(receiver) for receiver in receivers], stop=stop, poll=0.01)
    helper.join()
    state = outbox.state().notifiers
    assert hanging.is_set()
    assert state["fake"].delivered == 30
    assert (state["dead"].pending, state["dead"].delivered) == (30, 0)
    assert (state["ill"].pending, state["ill"].delivered) == (30, 0)
    outbox.close()


def test_a_notifier_is_prepared_once_before_it_is_needed(
    start: Start, outbox: Outbox, clock: FakeClock, tmp_path: Path
) -> None:
    """An agent that waits prepares for its first alert, so that this one is fast; one that ends at once does not."""
    receiver, stop = FakeNotifier(), threading.Event()
    watch_once(
        start(FakeSource()), [Deliverer(receiver, outbox, clock, lambda: 0.0, told=Told())], pause=clock.pass_
    )
    assert receiver.prepared == 0

    def deliverer() -> Deliverer:
        stop.set()
        return Deliverer(receiver, Outbox.join(tmp_path), clock, lambda: 0.0, told=Told())

    watch(start(FakeSource()), [deliverer], stop=stop, poll=0.01)
    assert (receiver.prepared, receiver.taken) == (1, [])


def test_a_trouble_is_told_once_while_it_lasts(start: Start) -> None:
    """A log that cannot be read all night is a line, not one for every try; the next trouble is a line again."""
    stop, told = Hurried(), Told()
    gone, locked = Refused(say("It is gone.")), Refused(say("It is locked."))
    nights: list[Refused | None] = [gone, gone, gone, locked, None, locked]

    class Ailing(FakeSource):
        def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
            self.refused = nights.pop(0)
            if not nights:
                stop.set()
            return super().read(bookmark, limit)

    watch(start(Ailing(), told=told), [], stop=stop)
    assert [line.rpartition(": ")[2] for line in told.text.splitlines()] == [
        "It is gone.",
        "It is locked.",
        "It is locked.",
    ]


def test_each_look_that_came_back_is_shown(start: Start) -> None:
    """Whoever supervises the agent is told after each look and by nothing else, so not while one does not come back."""
    stop = Hurried()
    happened: list[str] = []

    class Heard(FakeSource):
        def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
            happened.append("look")
            if happened.count("look") == 3:
                stop.set()
            return super().read(bookmark, limit)

    watch(start(Heard()), [], stop=stop, looked=lambda: happened.append("told"))
    assert happened == ["look", "told"] * 3


def test_a_fault_of_ours_ends_the_agent(tmp_path: Path) -> None:
    """An error that nobody can mend is raised, not swallowed by the notifier's thread: the supervisor starts anew."""
    clock = FakeClock()
    outbox = Outbox.open(tmp_path, now=clock())
    watcher = Watcher(
        [FakeSource([console_logon(1)])], Judge(Rules()), outbox, ["fake"], clock, Told(), clock.elapsed
    )

    def broken() -> Deliverer:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        watch(watcher, [broken], stop=threading.Event(), poll=0.01)
    outbox.close()


def test_the_time_of_the_log_goes_on_in_silence() -> None:
    """A log from last year is read in last year's time, plus what has passed since."""
    wall = FakeClock()
    clock = LogClock(wall.elapsed)
    assert clock.at(NOON) is None
    event = replace(console_logon(1), time=NOON - timedelta(days=365))
    clock.saw([event], NOON)
    wall.pass_(2)
    assert clock.at(wall()) == event.time + timedelta(seconds=2)
    wall.set(hours=-1)
    assert clock.at(wall()) == event.time + timedelta(seconds=2)


@pytest.mark.parametrize(("away", "passed"), [(3, 3), (-3600, 0)])
def test_the_time_of_the_log_goes_on_over_a_restart(away: int, passed: int) -> None:
    """What passed while nobody ran is told by the wall clock, or nothing where that was set back; from then on it goes on."""
    wall = FakeClock()
    clock = LogClock(wall.elapsed, NOON, wall())
    wall.now += timedelta(seconds=away)
    assert clock.at(wall()) == NOON + timedelta(seconds=passed)
    wall.pass_(2)
    assert clock.at(wall()) == NOON + timedelta(seconds=passed + 2)


@pytest.mark.parametrize("hours", [-24, 1, 24])
def test_a_clock_that_is_set_parts_no_logon(
    start: Start, outbox: Outbox, clock: FakeClock, *, hours: int
) -> None:
    """Between the two logs that tell of one session the clock jumps: it is told once, and the second log adds to it."""
    late = session_began(1, after=1.0)
    source = FakeSource([console_logon(1)])
    watcher = start(source)
    watcher.look()
    clock.pass_(0.5)
    watcher.look()
    assert rung(outbox, clock) == ["alice"]
    clock.set(hours=hours)
    watcher.look()
    source.events.append(late)
    watcher.look()
    clock.pass_(1)
    watcher.look()
    assert [late.ref in logon.events for logon in history(outbox)] == [True]


def remarks(outbox: Outbox) -> list[str]:
    """Give what must be told besides."""
    return [str(remark.what) for remark in outbox.remarks.between(0, 1000)]


def test_losses_go_with_the_next_message(start: Start, outbox: Outbox) -> None:
    """What could not be read of a log is kept for the receivers, too, in the transaction that moves the bookmark."""
    start(FakeSource([console_logon(1)], losses=[Loss("Security.evtx", say("3 records lost"), 3)])).look()
    assert remarks(outbox) == ["Security.evtx: 3 records lost"]


def test_a_loss_that_is_told_at_every_look_counts_once(start: Start, outbox: Outbox) -> None:
    """A source that says the same of the same place again and again makes one remark of it."""

    class Complaining(FakeSource):
        def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
            self.losses = [Loss("the SSM folder", say("It cannot be read."))]
            return super().read(bookmark, limit)

    source = Complaining([console_logon(1)])
    watcher = start(source)
    for _ in range(5):
        watcher.look()
    assert remarks(outbox) == ["the SSM folder: It cannot be read."]
    assert outbox.remarks.between(0, 1000)[0].count is None


def test_maintenance_keeps_the_bell_from_ringing(outbox: Outbox, clock: FakeClock) -> None:
    """What a window of the settings covers is in the history and in the next message's remark, and rings nobody."""
    window = Maintenance(Cover(users=("alice",)), "patching", frozenset(range(7)), time(11), time(13), UTC)
    source = FakeSource([console_logon(1), console_logon(2, "bob", 0.1, "0x2000")])
    watcher = Watcher(
        [source], Judge(Rules()), outbox, ["fake"], clock, Told(), clock.elapsed, expected=[window]
    )
    watcher.look()
    clock.pass_(1)
    watcher.look()
    assert rung(outbox, clock) == ["bob"]
    assert len(history(outbox)) == 2
    assert remarks(outbox) == ["1 alert was not told, maintenance, 11:00 to 13:00 (patching): number 1."]


def test_it_shows_that_it_lives(start: Start, outbox: Outbox, clock: FakeClock) -> None:
    """While it watches it leaves a sign each minute, so that the next start knows how long nobody watched."""
    watcher = start(FakeSource())
    for _ in range(5):
        watcher.look()
        clock.pass_(50)
    outbox.wake(clock(), tolerance=timedelta(minutes=3))
    assert remarks(outbox) == []
    clock.pass_(600)
    outbox.wake(clock(), tolerance=timedelta(minutes=3))
    assert "Nobody watched from 2026-03-03 12:04 UTC to 2026-03-03 12:14 UTC" in remarks(outbox)[0]


def test_a_storm_is_kept_piece_by_piece(start: Start, outbox: Outbox, clock: FakeClock) -> None:
    """In a flood of events the first alerts are kept, and can be told, before all of it was read."""
    people = [f"user{number}" for number in range(3000)]
    events = [console_logon(n, name, n * 0.01, hex(0x10000 + n)) for n, name in enumerate(people, 1)]
    watcher = start(FakeSource(events, batch=10_000))
    assert watcher.look().more
    assert 0 < len(rung(outbox, clock)) < 1500


def test_once_waits_for_the_pace(start: Start, outbox: Outbox, clock: FakeClock) -> None:
    """``--once`` sends all that it has, as fast as a mailbox takes it, and only then ends."""
    people = [f"user{number}" for number in range(40)]
    source = FakeSource(
        [console_logon(n, name, n * 0.01, hex(0x1000 + n)) for n, name in enumerate(people, 1)]
    )
    receiver = FakeNotifier()
    deliverer = Deliverer(receiver, outbox, clock, lambda: 0.5, Limits(), elapsed=clock.elapsed, last=True)
    watch_once(start(source), [deliverer], pause=clock.pass_)
    assert len(receiver.taken) == 10
    assert [digest.count for digest in receiver.digests] == [30]
    assert outbox.state().notifiers["fake"].pending == 0


def test_logoffs_ring_where_they_are_asked_for() -> None:
    """A person who wants to know when a session ended is told, quietly; of doors that do not ring nobody is."""
    began = console_logon(1)
    logoff = Logoff(NOON, "B", (began.ref,), began.ref, began.time, Door.CONSOLE, None)
    assert not Rules().judge(logoff).rings
    verdict = Rules(logoffs=True).judge(logoff)
    assert (verdict.rings, verdict.level, verdict.rule) == (True, Level.INFORMATIONAL, "logoff")
    assert not Rules(logoffs=True).judge(replace(logoff, door=Door.NETWORK)).rings


def test_an_agent_that_is_dismissed_says_so(outbox: Outbox, clock: FakeClock, tmp_path: Path) -> None:
    """Who is ended from afar tells that nobody watches from now on, before the notifiers end; Ctrl+C tells nobody."""
    for dismissed in (False, True):
        receiver, stop = FakeNotifier(), threading.Event()
        watcher = Watcher([FakeSource()], Judge(Rules()), outbox, ["fake"], clock, Told(), clock.elapsed)
        watcher.dismissed = dismissed

        def deliverer(stop: threading.Event = stop, receiver: FakeNotifier = receiver) -> Deliverer:
            stop.set()
            return Deliverer(receiver, Outbox.join(tmp_path), clock, lambda: 0.0, told=Told())

        watch(watcher, [deliverer], stop=stop, poll=0.01)
        assert [one.alert.rule for one in receiver.taken] == ["notice-stopped"] * dismissed


def test_a_reader_begins_anew_where_it_stood(outbox: Outbox, clock: FakeClock) -> None:
    """Asked to, the reader takes its sources anew, goes on behind its bookmark, and rings nothing twice."""
    old, new = (
        FakeSource([console_logon(1)]),
        FakeSource([console_logon(1), console_logon(2, "bob", 1.0, "0x2")]),
    )
    watcher = Watcher(
        [old], Judge(Rules()), outbox, ["fake"], clock, Told(), clock.elapsed, anew=lambda: [new]
    )
    watcher.look()
    clock.pass_(1)
    watcher.look()
    watcher.restart.set()
    watcher.look()
    clock.pass_(1)
    watcher.look()
    assert not watcher.restart.is_set()
    assert outbox.state().sequences == {"BASTION01": 2}
    assert watcher.sources == [new]


def test_a_source_that_comes_later_is_read_from_its_beginning(outbox: Outbox, clock: FakeClock) -> None:
    """A new beginning takes up what was not there before; one that fails is tried again, and nothing is lost by it."""
    old, new = FakeSource([console_logon(1)]), FakeSource([console_logon(7, "bob", 1.0, "0x2")])
    new.name = "another"
    tries = 0

    def anew() -> list[FakeSource]:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise Refused(say("There are no logs."))
        return [old, new]

    watcher = Watcher([old], Judge(Rules()), outbox, ["fake"], clock, Told(), clock.elapsed, anew=anew)
    watcher.look()
    watcher.restart.set()
    with pytest.raises(Refused):
        watcher.look()
    for _ in range(3):
        clock.pass_(1)
        watcher.look()
    assert outbox.state().sequences == {"BASTION01": 2}
    assert outbox.bookmark("another") is not None
