"""What the agent promises: nothing read is lost, nothing is alerted twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from fakes import NOON, FakeClock, FakeNotifier, FakeSource, Told, away
from logonbell.agent import Deliverer, LogClock, Watcher, watch, watch_once
from logonbell.alert import Level
from logonbell.errors import Refused
from logonbell.event import Event
from logonbell.filter import Filter
from logonbell.logon import Logon
from logonbell.notifier import Undelivered
from logonbell.rule import Rules
from logonbell.sentence import say
from logonbell.source import Batch, Loss
from logonbell.store.history import Kept
from logonbell.store.outbox import Outbox

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
        return Watcher(sources, Rules(), outbox, ["fake"], clock, told or Told())

    return start


def history(outbox: Outbox) -> list[Logon]:
    """Give the logons that were kept."""
    kept = outbox.history.between(NOON - timedelta(days=1), NOON + timedelta(days=1))
    return [row.finding for row in kept if isinstance(row, Kept) and isinstance(row.finding, Logon)]


def rung(outbox: Outbox, clock: FakeClock) -> list[str]:
    """Give the users of the alerts that wait."""
    pending = outbox.pending("fake", clock(), 100)
    findings = [delivery.notification.alert.finding for delivery in pending]
    return [finding.user.name for finding in findings if isinstance(finding, Logon) and finding.user]


def test_a_logon_rings_once_its_hold_is_over(start: Start, outbox: Outbox, clock: FakeClock) -> None:
    """A logon is told when its twin events have had their time, though no further event comes."""
    watcher = start(FakeSource([console_logon(1)]))
    assert watcher.look().alerts == 0
    assert watcher.holds_ring
    clock.pass_(0.4)
    assert watcher.look().alerts == 1
    assert rung(outbox, clock) == ["alice"]


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
    watcher = Watcher([source], Rules(), outbox, ["fake"], clock, Told())
    watcher.look()
    clock.pass_(100)
    watcher.look()
    assert rung(outbox, clock) == ["alice", "bob"]
    outbox.commit(bookmarks={"fake": "0"}, snapshot="{}", findings=[], alerts=[], notifiers=[], read=clock())
    told = Told()
    again = Watcher([source], Rules(), outbox, ["fake"], clock, told)
    again.look()
    clock.pass_(100)
    again.look()
    assert rung(outbox, clock) == ["alice", "bob"]
    assert "starts again from the oldest record" in told.text
    outbox.close()


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
    watcher = Watcher([source], Rules(), outbox, ["fake", "picky", "deaf"], clock, Told(), filters=only)
    first = watcher.look().alerts
    clock.pass_(100)
    assert first + watcher.look().alerts == 2
    state = outbox.state().notifiers
    assert {name: told.pending for name, told in state.items()} == {"fake": 2, "picky": 1}
    assert [one.notification.sequence for one in outbox.pending("picky", clock(), 9)] == [2]
    assert len(history(outbox)) == 2


def test_delivered_is_marked_after_sending(start: Start, outbox: Outbox, clock: FakeClock) -> None:
    """Nothing is marked that was not taken; a refusal waits for its time and is tried again."""
    watcher = start(FakeSource([console_logon(1)]))
    watcher.look()
    clock.pass_(1)
    watcher.look()
    receiver = FakeNotifier(answer=lambda _: away())
    deliverer = Deliverer(receiver, outbox, clock, lambda: 0.5, Told())
    assert deliverer.deliver() == 1
    assert outbox.state().notifiers["fake"].pending == 1
    assert deliverer.deliver() == 0
    receiver.answer = lambda _: "ok"
    clock.pass_(10)
    assert deliverer.deliver() == 1
    assert [taken.sequence for taken in receiver.taken] == [1]
    assert outbox.state().notifiers["fake"].delivered == 1


def test_what_waited_follows_the_first_that_is_taken(start: Start, outbox: Outbox, clock: FakeClock) -> None:
    """After a long outage everything comes at once: nothing waits out a delay that was guessed while nobody answered."""
    source = FakeSource([console_logon(1)])
    watcher, receiver = start(source), FakeNotifier(answer=lambda _: away())
    deliverer = Deliverer(receiver, outbox, clock, lambda: 0.99, Told())
    watcher.look()
    clock.pass_(1)
    watcher.look()
    for _ in range(12):
        deliverer.deliver()
        clock.pass_(400)
    deliverer.deliver()
    assert deliverer.deliver() == 0
    receiver.answer = lambda _: "ok"
    source.events.append(console_logon(2, "bob", 5000, "0x2000"))
    watcher.look()
    clock.pass_(1)
    watcher.look()
    while deliverer.deliver():
        pass
    assert [taken.sequence for taken in receiver.taken] == [2, 1]


def test_a_restart_tries_again_at_once(start: Start, outbox: Outbox, clock: FakeClock) -> None:
    """Who mends what was wrong and starts the agent again waits for nothing."""
    watcher, receiver = start(FakeSource([console_logon(1)])), FakeNotifier(answer=lambda _: away())
    watcher.look()
    clock.pass_(1)
    watcher.look()
    before = Deliverer(receiver, outbox, clock, lambda: 0.99, Told())
    before.deliver()
    assert before.deliver() == 0
    receiver.answer = lambda _: "ok"
    assert Deliverer(receiver, outbox, clock, lambda: 0.99, Told()).deliver() == 1
    assert [taken.sequence for taken in receiver.taken] == [1]


def test_a_permanent_refusal_is_buried_with_its_reason(
    start: Start, outbox: Outbox, clock: FakeClock
) -> None:
    """What can never be delivered holds up nothing, and its reason can be looked up."""
    watcher = start(FakeSource([console_logon(1)]))
    watcher.look()
    clock.pass_(1)
    watcher.look()
    hopeless = Undelivered(say("never"), permanent=True)
    Deliverer(FakeNotifier(answer=lambda _: hopeless), outbox, clock, lambda: 0.5, Told()).deliver()
    state = outbox.state().notifiers["fake"]
    assert (state.pending, state.buried, str(state.last_error)) == (0, 1, "never")


def test_what_is_not_taken_is_told(start: Start, outbox: Outbox, clock: FakeClock) -> None:
    """The operator reads why nobody was rung, once while it lasts, and that it is over; what is given up is told each time."""
    source = FakeSource([console_logon(1), console_logon(2, "bob", 60, "0x2000")])
    watcher, told, receiver = start(source), Told(), FakeNotifier(answer=lambda _: away())
    deliverer = Deliverer(receiver, outbox, clock, lambda: 0.5, told)
    watcher.look()
    clock.pass_(100)
    watcher.look()
    assert not deliverer.failed
    for _ in range(3):
        deliverer.deliver()
        clock.pass_(400)
    assert told.text == "fake takes no alerts now: nobody is there"
    receiver.answer = lambda told: (
        "ok" if told.sequence == 1 else Undelivered(say("too long"), permanent=True)
    )
    deliverer.deliver()
    assert told.text.splitlines()[1:] == [
        "fake takes alerts again.",
        "fake refused alert 2 for good: too long",
    ]
    assert deliverer.failed


def test_a_disk_in_trouble_does_not_send_twice(
    start: Start, outbox: Outbox, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that was taken and could not be marked is marked later, not sent again."""
    watcher = start(FakeSource([console_logon(1)]))
    watcher.look()
    clock.pass_(1)
    watcher.look()
    receiver = FakeNotifier()
    deliverer = Deliverer(receiver, outbox, clock, lambda: 0.5, Told())
    marked = outbox.delivered

    def full(*_: object) -> None:
        raise Refused(say("The disk is full."))

    monkeypatch.setattr(outbox, "delivered", full)
    for _ in range(3):
        with pytest.raises(Refused, match="full"):
            deliverer.deliver()
    monkeypatch.setattr(outbox, "delivered", marked)
    deliverer.deliver()
    assert len(receiver.taken) == 1
    assert outbox.state().notifiers["fake"].delivered == 1


def test_once_waits_for_a_ring_and_ends(start: Start, outbox: Outbox, clock: FakeClock) -> None:
    """``--once`` does not end before a logon that rings has had its twin events, and delivers it."""
    receiver = FakeNotifier()
    watcher = start(FakeSource([console_logon(1)]))
    watch_once(watcher, [Deliverer(receiver, outbox, clock, lambda: 0.5, Told())], pause=clock.pass_)
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
    watcher = Watcher([source], Rules(), outbox, ["fake"], clock, Told())

    def person() -> None:
        while not rung.wait(0.01) and clock.now < NOON + timedelta(minutes=5):
            clock.pass_(0.1)
        stop.set()

    helper = threading.Thread(target=person)
    helper.start()
    watch(
        watcher,
        [lambda: Deliverer(receiver, Outbox.join(tmp_path), clock, lambda: 0.0, Told())],
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
    watcher = Watcher([source], Rules(), outbox, names, clock, Told())

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
        return lambda: Deliverer(receiver, Outbox.join(tmp_path), clock, lambda: 0.5, Told())

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
        start(FakeSource()), [Deliverer(receiver, outbox, clock, lambda: 0.0, Told())], pause=clock.pass_
    )
    assert receiver.prepared == 0

    def deliverer() -> Deliverer:
        stop.set()
        return Deliverer(receiver, Outbox.join(tmp_path), clock, lambda: 0.0, Told())

    watch(start(FakeSource()), [deliverer], stop=stop, poll=0.01)
    assert (receiver.prepared, receiver.taken) == (1, [])


def test_a_trouble_is_told_once_while_it_lasts(start: Start) -> None:
    """A log that cannot be read all night is a line, not one for every try; the next trouble is a line again."""

    class Hurried(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            del timeout
            return self.is_set()

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


def test_a_fault_of_ours_ends_the_agent(tmp_path: Path) -> None:
    """An error that nobody can mend is raised, not swallowed by the notifier's thread: the supervisor starts anew."""
    clock = FakeClock()
    outbox = Outbox.open(tmp_path, now=clock())
    watcher = Watcher([FakeSource([console_logon(1)])], Rules(), outbox, ["fake"], clock, Told())

    def broken() -> Deliverer:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        watch(watcher, [broken], stop=threading.Event(), poll=0.01)
    outbox.close()


def test_the_time_of_the_log_goes_on_in_silence() -> None:
    """A log from last year is read in last year's time, plus what has passed since."""
    clock = LogClock()
    assert clock.at(NOON) is None
    event = replace(console_logon(1), time=NOON - timedelta(days=365))
    clock.saw([event], NOON)
    assert clock.at(NOON + timedelta(seconds=2)) == event.time + timedelta(seconds=2)
    assert clock.at(NOON - timedelta(hours=1)) == event.time
