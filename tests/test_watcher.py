"""What one look at the sources promises, to the letter: what is read, what is kept of it, and what is told once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fakes import NOON, FakeClock, FakeNotifier, FakeSource, Told
from logonbell.agent import (
    CRY_AGAIN,
    CRY_ANEW,
    SETTLES,
    SIGN_OF_LIFE,
    OpenNow,
    Pass,
    Watcher,
    _Postman,
    sessions_open,
    utc_now,
    watch,
    watch_once,
)
from logonbell.deliverer import Deliverer
from logonbell.errors import Refused
from logonbell.event import Event
from logonbell.judge import Judge
from logonbell.logon import Logon, Notice
from logonbell.recognise.session import CHANNEL as SSM
from logonbell.recognise.session import Told as SsmTold
from logonbell.rule import Rules
from logonbell.sentence import Sentence, say
from logonbell.source import GRACE, Batch, Loss
from logonbell.store.history import Kept
from logonbell.store.outbox import Outbox
from test_agent import console_logon, session_began

MISSING = Loss("Security.evtx", say("3 records are missing."), 3)
OTHER = Loss("Security.evtx", say("A record could not be understood."), 1)


@dataclass
class Scripted:
    """A source whose readings are written down; when they are over, nothing is new. It notes how much it was asked for."""

    name: str
    batches: list[Batch]
    asked: list[int | None] = field(default_factory=list)

    def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
        """Give the next."""
        self.asked.append(limit)
        return self.batches.pop(0) if self.batches else Batch((), bookmark or "0")


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
    """Give what starts a watcher on this outbox."""

    def start(*sources: FakeSource | Scripted, told: Told | None = None, **given: Any) -> Watcher:
        settings = {"own": "BASTION01", **given}
        return Watcher(
            sources, Judge(Rules()), outbox, ["fake"], clock, told or Told(), clock.elapsed, **settings
        )

    return start


def remarks(outbox: Outbox) -> int:
    """Count what must be told besides."""
    return len(outbox.remarks.between(0, 1_000_000)) and sum(
        remark.count or 0 for remark in outbox.remarks.between(0, 1_000_000)
    )


def logons(outbox: Outbox) -> list[Logon]:
    """Give the logons that were kept."""
    rows = outbox.history.between(NOON - timedelta(days=1), NOON + timedelta(days=1))
    return [row.finding for row in rows if isinstance(row, Kept) and isinstance(row.finding, Logon)]


def test_a_look_says_what_it_saw(start: Start, outbox: Outbox, clock: FakeClock) -> None:
    """Events, new alerts, whether more waits, losses; and of nothing, nothing. The newest record is known by its source."""
    watcher = start(
        FakeSource([console_logon(1), console_logon(2, "bob", 60, "0x2000")], batch=1, losses=[MISSING])
    )
    assert watcher.look() == Pass(1, 0, True, [MISSING])
    assert outbox.state().sources["fake"].newest == 1
    clock.pass_(100)
    assert watcher.look() == Pass(1, 1, False, [])
    assert outbox.state().sources["fake"].newest == 2
    clock.pass_(1)
    assert watcher.look() == Pass(0, 1, False, [])
    assert watcher.look() == Pass(0, 0, False, [])


def test_an_empty_reading_leaves_the_newest_record(start: Start, outbox: Outbox) -> None:
    """A reading that found no record does not unsay which is the newest."""
    watcher = start(Scripted("fake", [Batch([console_logon(1)], "1", newest=1), Batch((), "2", newest=None)]))
    watcher.look()
    watcher.look()
    assert outbox.state().sources["fake"].newest == 1


def test_a_loss_counts_once_while_the_bookmark_stays(start: Start, outbox: Outbox) -> None:
    """Told at every look, a loss is remarked once; another one is, too; behind a bookmark that moved, so is the same."""
    source = FakeSource()
    watcher = start(source)
    counts = []
    for loss in (MISSING, MISSING, OTHER, MISSING, OTHER):
        source.losses = [loss]
        watcher.look()
        counts.append(remarks(outbox))
    assert counts == [3, 3, 4, 4, 4]
    source.events.append(console_logon(1))
    source.losses = [MISSING]
    watcher.look()
    assert remarks(outbox) == 7


@pytest.mark.parametrize(("newest", "unsure"), [(2, 1), (None, 0)])
def test_lost_records_of_a_log_make_its_sessions_unsure(
    start: Start, outbox: Outbox, clock: FakeClock, newest: int | None, unsure: int
) -> None:
    """Where records of a log are missing, sessions may have ended unseen; what a source without records lost ends none."""
    source = Scripted("fake", [Batch([console_logon(1)], "1", newest=1)])
    watcher = start(source)
    watcher.look()
    clock.pass_(1)
    watcher.look()
    assert sessions_open(outbox).unsure == 0
    source.batches = [Batch((), "2", [MISSING], newest=newest)]
    watcher.look()
    assert sessions_open(outbox).unsure == unsure


def test_nothing_is_decided_by_time_while_more_is_to_be_read(start: Start, clock: FakeClock) -> None:
    """A hold does not end because the next part of a log is not read yet: its twin may stand there."""
    source = Scripted("fake", [Batch([console_logon(1)], "1", more=True), Batch((), "2", more=True)])
    watcher = start(source)
    watcher.look()
    clock.pass_(100)
    assert watcher.look().alerts == 0
    assert watcher.look().alerts == 1


def test_what_could_not_be_kept_is_found_again(
    start: Start, outbox: Outbox, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ring that came by time alone when the disk was full comes again: what was recognised then is taken back."""
    watcher = start(FakeSource([console_logon(1)]))
    watcher.look()
    clock.pass_(1)

    def full(**_: object) -> int:
        raise Refused(say("The disk is full."))

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "commit", full)
        with pytest.raises(Refused):
            watcher.look()
    assert watcher.look().alerts == 1


def test_that_somebody_watches_is_noted_once_a_minute(
    start: Start, outbox: Outbox, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noted at once, then behind each minute, and at once when the clock was set back; not at every look."""
    noted: list[datetime] = []
    monkeypatch.setattr(outbox, "show_life", noted.append)
    watcher = start(FakeSource())
    for seconds in (0, 0, 59, 1, 59.9, 0.1, -30, 1):
        clock.now += timedelta(seconds=seconds)
        watcher.look()
    minute = SIGN_OF_LIFE.total_seconds()
    assert [(at - NOON).total_seconds() for at in noted] == [0, minute, 2 * minute, 2 * minute - 30]


def at(number: int, seconds: float) -> Event:
    """Make an event of that time."""
    return console_logon(number, f"user{number}", seconds, hex(0x1000 + number))


def test_no_source_is_read_further_than_the_slowest_has_come(start: Start) -> None:
    """With more to come of one, others are read up to its newest time and no further; what is behind that waits."""
    gone = FakeSource(name="gone", refused=Refused(say("There is no file.")))
    slow = Scripted("slow", [Batch([at(1, 0), at(10, 30), at(2, 60)], "3", more=True)])
    done = Scripted("done", [Batch([at(3, 1)], "1")])
    same = Scripted("same", [Batch([at(4, 60), at(5, 61)], "2"), Batch([at(4, 60)], "1")])
    early = Scripted("early", [Batch([at(6, 1), at(7, 2), at(8, 99)], "3"), Batch([at(6, 1), at(7, 2)], "2")])
    late = Scripted("late", [Batch([at(9, 61)], "1")])
    watcher = start(gone, slow, done, late, same, early)
    batches = watcher._read()
    assert {name: len(batch.events) for name, batch in batches.items()} == {
        "slow": 3,
        "done": 1,
        "same": 1,
        "early": 2,
    }
    assert [len(one.asked) for one in (slow, done, late, same, early)] == [1, 1, 1, 2, 2]
    assert [one.asked[-1] for one in (same, early)] == [1, 2]


def test_a_source_that_is_gone_is_told_with_its_name_and_reason(start: Start) -> None:
    """Told at the first look, not at the second, and again when the reason is another one."""
    gone, told = FakeSource(name="gone", refused=Refused(say("There is no file."))), Told()
    watcher = start(gone, FakeSource(), told=told)
    for refused, count in (("There is no file.", 1), ("There is no file.", 1), ("It is locked.", 2)):
        gone.refused = Refused(say(refused))
        watcher.look()
        assert len(told.sentences) == count
    assert told.text == "gone cannot be read: There is no file.\ngone cannot be read: It is locked."


def with_groups(record: int, group: str) -> Event:
    """Make the 4627 of the console logon: its groups."""
    event = console_logon(record)
    fields = {
        **event.fields,
        "GroupMembership": f"%{{S-1-5-32-545}} %{{{group}}}",
        "EventIdx": "1",
        "EventCountTotal": "1",
    }
    return replace(event, event_id=4627, fields=fields)


@pytest.mark.parametrize("damaged", [False, True])
@pytest.mark.parametrize("restarts", [False, True])
def test_further_admins_are_known_from_the_first_look_on(
    start: Start, outbox: Outbox, clock: FakeClock, *, damaged: bool, restarts: bool
) -> None:
    """Who is a domain admin by the settings is one in a new outbox, behind a restart, and where the snapshot is damaged."""
    group = "S-1-5-21-9-9-9-4711"
    if damaged:
        outbox.commit(bookmarks={}, snapshot="{}", findings=[], alerts=[], notifiers=[], read=clock())
    told = Told()
    source = FakeSource([])
    watcher = start(source, admins=frozenset({group}), told=told)
    watcher.look()
    if restarts:
        source.events.append(console_logon(1, "early", -60, "0x500"))
        watcher.look()
        watcher = start(source, admins=frozenset({group}))
    source.events += [console_logon(2), with_groups(3, group)]
    watcher.look()
    clock.pass_(1)
    watcher.look()
    assert [logon.domain_admin for logon in logons(outbox) if logon.user and logon.user.name == "alice"] == [
        True
    ]
    assert ("(" in told.text and "(None)" not in told.text) is damaged
    assert ("What was known" in told.text) is damaged


@pytest.mark.parametrize("damaged", [False, True])
def test_an_event_that_names_no_host_is_of_this_machine(
    start: Start, outbox: Outbox, clock: FakeClock, *, damaged: bool
) -> None:
    """Before a log named the host, it is this machine's own name; also where the snapshot is damaged."""
    if damaged:
        outbox.commit(bookmarks={}, snapshot="{}", findings=[], alerts=[], notifiers=[], read=clock())
    watcher = start(FakeSource([replace(console_logon(1), host="")]))
    watcher.look()
    clock.pass_(1)
    watcher.look()
    assert [logon.host for logon in logons(outbox)] == ["BASTION01"]


def test_once_reads_to_the_end_and_delivers_all(start: Start, outbox: Outbox, clock: FakeClock) -> None:
    """``--once`` ends when all parts of a log are read, and when all that came of them is taken, batch by batch."""
    receiver = FakeNotifier(batch=3)
    source = FakeSource([at(number, number * 60) for number in range(1, 12)], batch=1)
    clock.pass_(3600)
    watch_once(start(source), [Deliverer(receiver, outbox, clock, lambda: 0.5)], pause=clock.pass_)
    assert len(receiver.taken) == 11


@pytest.mark.parametrize(("writes", "is_whole"), [(2, True), (SETTLES, True), (SETTLES + 1, False)])
def test_once_waits_for_what_is_being_written(
    start: Start, outbox: Outbox, clock: FakeClock, writes: int, *, is_whole: bool
) -> None:
    """What is whole a moment later is told by the same run; what is not is left to the next one, and that is said."""
    receiver, told = FakeNotifier(), Told()
    written = [Batch((), str(number), unsettled=True) for number in range(1, writes + 1)]
    source = Scripted("log", [*written, Batch([at(1, 0)], "whole")])
    begun = clock()
    watch_once(start(source, told=told), [Deliverer(receiver, outbox, clock, lambda: 0.5)], pause=clock.pass_)
    assert len(receiver.taken) == is_whole
    left = "log is still being written: what stands at its end is read by the next run."
    assert told.text == ("" if is_whole else left)
    assert clock() - begun < timedelta(seconds=2)


class Hurried(threading.Event):
    """A stop for which nobody waits, which notes how long they would have."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        """Note it."""
        self.waits.append(timeout)
        return self.is_set()


@dataclass
class Ending:
    """A source that ends the watching behind its last reading."""

    inner: FakeSource
    stop: threading.Event
    looks: int
    name: str = "fake"

    def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
        """Read, or refuse as the inner one does."""
        self.looks -= 1
        if self.looks == 0:
            self.stop.set()
        return self.inner.read(bookmark, limit)


def test_what_waits_to_be_read_is_read_at_once(start: Start) -> None:
    """While a log gives more, nobody waits between two looks; then it is looked ten times a second."""
    stop = Hurried()
    source = Ending(FakeSource([at(number, number) for number in range(4)], batch=1), stop, 6)
    watch(start(source), [], stop=stop)
    assert len(stop.waits) == 3
    assert all(wait is not None and 0 < wait <= 0.1 for wait in stop.waits)


def test_behind_a_trouble_a_second_is_waited(start: Start) -> None:
    """What cannot be read is tried again every second, however often it is looked else."""
    stop = Hurried()
    source = Ending(FakeSource(refused=Refused(say("It is gone."))), stop, 3)
    watch(start(source), [], stop=stop, poll=0.01)
    assert stop.waits == [1.0] * 3


@dataclass
class Stuck:
    """A deliverer that can mark nothing for three tries, and ends the watching at the next."""

    stop: threading.Event
    outbox: Outbox
    notifier: FakeNotifier = field(default_factory=FakeNotifier)
    tries: int = 0
    waits: int = 0

    @property
    def wait(self) -> float:
        """Note that it is waited."""
        self.waits += 1
        return 0.001

    def deliver(self) -> int:
        """Try."""
        self.tries += 1
        if self.tries > 3:
            self.stop.set()
            return 0
        raise Refused(say("The disk is full."))


def test_a_postman_who_can_mark_nothing_says_so_once_and_waits(start: Start, tmp_path: Path) -> None:
    """Each try is followed by a wait, and all of them by one line."""
    told, stop = Told(), threading.Event()
    made: list[Stuck] = []

    def make() -> Deliverer:
        made.append(Stuck(stop, Outbox.join(tmp_path)))
        return made[0]  # type: ignore[return-value]

    watch(start(FakeSource(), told=told), [make], stop=stop, poll=0.001)
    assert told.text == "Cannot go on, trying again: The disk is full."
    assert made[0].waits >= 3


def test_a_session_that_two_logs_tell_stays_one(start: Start, outbox: Outbox, clock: FakeClock) -> None:
    """However the two are cut, they are merged by their time."""
    people: Sequence[int] = range(1, 7)
    security = [at(number, number * 60) for number in people]
    sessions = [session_began(number, f"user{number}", number * 60 + 0.5) for number in people]
    watcher = start(FakeSource(security, "security", batch=2), FakeSource(sessions, "lsm", batch=3))
    while watcher.look().more:
        pass
    clock.pass_(1000)
    watcher.look()
    assert [len(logon.events) for logon in logons(outbox)] == [2] * 6


@dataclass
class Crier:
    """A deliverer of which only the cries are heard."""

    clock: FakeClock
    takes: bool = True
    cried: list[str] = field(default_factory=list)

    def elapsed(self) -> float:
        """Read the clock that cannot be set."""
        return self.clock.seconds

    def cry(self, what: Sentence) -> bool:
        """Hear it."""
        self.cried.append(str(what))
        return self.takes


def test_a_cry_is_heard_once_and_others_not_at_once(clock: FakeClock) -> None:
    """One trouble is told once, though it lasts for days; another one five minutes later; one not taken, each half minute."""
    postman = _Postman(pytest.fail, threading.Event(), Told())
    crier = Crier(clock)
    full, held = Refused(say("It is full.")), Refused(say("It is held."))

    def cries(seconds: float, why: Refused | None) -> int:
        clock.pass_(seconds)
        postman.stuck(why)
        postman._cry(crier)  # type: ignore[arg-type]
        return len(crier.cried)

    assert cries(1000, None) == 0
    assert [cries(*each) for each in ((0, full), (0, full), (100_000, full))] == [1, 1, 1]
    assert [cries(*each) for each in ((0, held), (0, held), (CRY_ANEW - 1, full), (1, full))] == [2, 2, 2, 3]
    assert [cries(*each) for each in ((1, None), (1, full), (CRY_ANEW - 2, full))] == [3, 3, 4]
    crier.takes = False
    assert cries(CRY_ANEW, held) == 5
    assert [cries(*each) for each in ((CRY_AGAIN - 1, held), (1, held), (CRY_AGAIN, held))] == [5, 6, 7]
    assert crier.cried[0] == "logonbell cannot go on: It is full."


def test_who_is_on_is_known_as_far_as_was_read(start: Start, outbox: Outbox, clock: FakeClock) -> None:
    """Nobody in a new outbox; a logon that the history forgot is told with what is left; what is damaged is refused."""
    assert sessions_open(outbox) == OpenNow((), 0)
    watcher = start(FakeSource([console_logon(1)]))
    watcher.look()
    clock.pass_(1)
    watcher.look()
    (logon,) = sessions_open(outbox).logons
    assert str(logon.why) != "its logon is older than the history"
    outbox.forget(NOON + timedelta(days=1))
    now = sessions_open(outbox)
    (bare,) = now.logons
    assert (bare.user, bare.door, bare.main, bare.time) == (logon.user, logon.door, logon.main, logon.time)
    assert str(bare.why) == "its logon is older than the history"
    assert (bare.host, bare.principal, bare.ssm_session) == (logon.host, None, None)
    assert now.unsure == 0
    outbox.commit(bookmarks={}, snapshot="{}", findings=[], alerts=[], notifiers=[], read=clock())
    with pytest.raises(Refused) as caught:
        sessions_open(outbox)
    assert str(caught.value.what).startswith("What is known of open sessions cannot be read (Object missing")
    assert str(caught.value.hint) == "The agent makes it anew when it next starts: logonbell watch"


@dataclass
class Live(FakeSource):
    """A source that follows this machine, and tells of what is history in the channel ``past``."""

    past: str | None = None
    began: list[datetime] = field(default_factory=list)
    read_from: list[str | None] = field(default_factory=list)

    def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
        """Note from where."""
        self.read_from.append(bookmark)
        return super().read(bookmark, limit)

    def begin(self, news: datetime) -> str | None:
        """Note where news begin; all is read."""
        self.began.append(news)
        return "0"


def test_each_source_that_follows_is_told_where_news_begin(start: Start) -> None:
    """Also behind one that is only a file."""
    live = Live(name="live")
    start(FakeSource(name="file"), live)
    assert live.began == [NOON - GRACE]


@pytest.mark.parametrize(
    ("past", "seconds", "back", "rings"),
    [
        ("Security", -1.0, 0, False),
        ("Security", 0.0, 0, True),
        ("System", -1.0, 0, True),
        (None, -1.0, 0, True),
        ("Security", -1.0, 601, False),
        ("Security", -1.0, 603, True),
    ],
    ids=[
        "before news began",
        "as they began",
        "in another channel",
        "of a source that leaves its past out",
        "the clock stands where they began",
        "the clock is set back behind that",
    ],
)
def test_what_is_history(  # noqa: PLR0917 - one table
    start: Start,
    outbox: Outbox,
    clock: FakeClock,
    past: str | None,
    seconds: float,
    back: int,
    *,
    rings: bool,
) -> None:
    """What a source that follows tells of the time before its first start is kept and not told; nothing else is history."""
    watcher = start(live := Live(name="live", past=past))
    (began,) = live.began
    live.events.append(console_logon(1, "alice", (began - NOON).total_seconds() + seconds))
    clock.set(hours=-back / 3600)
    watcher.look()
    clock.pass_(1)  # what is held is told now, at so many seconds less one
    watcher.look()
    assert len(logons(outbox)) == 1
    assert bool(outbox.tellings.waiting("fake")) is rings


def test_it_is_known_when_it_last_came_back(start: Start) -> None:
    """By a clock that nobody can set: whoever looks after it sees that it hangs."""
    watcher = start(FakeSource())
    before = time.monotonic()
    watcher.look()
    assert before <= watcher.looked <= time.monotonic()


def test_nothing_begins_anew_unless_asked(start: Start) -> None:
    """The sources stay while nobody asks for others, and where there are no others."""
    source = FakeSource()
    watcher = start(source, anew=lambda: [FakeSource(name="another")])
    watcher.look()
    assert list(watcher.sources) == [source]
    alone = start(source)
    alone.restart.set()
    alone.look()
    assert list(alone.sources) == [source]


@pytest.mark.parametrize("kept", [True, False])
def test_last_words(start: Start, outbox: Outbox, monkeypatch: pytest.MonkeyPatch, *, kept: bool) -> None:
    """They say what it means, and when; where they cannot be kept, why not is told."""
    told, stop = Told(), threading.Event()
    stop.set()
    watcher = start(FakeSource(), told=told)
    watcher.dismissed = True
    if not kept:

        def full(*_: object) -> int:
            raise Refused(say("It is full."))

        monkeypatch.setattr(outbox, "ring", full)
    watch(watcher, [], stop=stop)
    if not kept:
        assert told.text == "It is full."
        return
    (story,) = outbox.fates.recent(10)
    assert story.alert is not None
    finding = story.alert.finding
    assert isinstance(finding, Notice)
    assert str(finding.what) == "logonbell was stopped: nobody watches from now on."
    assert finding.main.record_id == NOON.timestamp() * 1000


def test_the_clock_tells_of_which_zone_it_is() -> None:
    """UTC, whatever the machine's own."""
    assert utc_now().tzinfo is UTC


def test_a_source_that_was_read_once_goes_on_where_it_was_left(start: Start) -> None:
    """One that was gone at the start and comes back later is not read from its beginning again."""
    gone = Scripted("gone", [Batch([at(1, 0)], "17")])
    start(gone).look()
    back = Live(name="gone")
    watcher = start(FakeSource(name="other"), anew=lambda: [back])
    watcher.restart.set()
    watcher.look()
    assert back.read_from == ["17"]


def test_whose_session_is_open_is_known_behind_the_history(
    start: Start, outbox: Outbox, clock: FakeClock
) -> None:
    """Of a session whose logon is forgotten it is still told which IAM identity stands behind it, and which session it is."""
    fields = {
        "SessionId": "mori-0a1b2c3d4e5f60718",
        "Owner": "arn:aws:sts::123456789012:assumed-role/Operators/mori",
        "Document": "SSM-SessionManagerRunShell",
        "DocumentType": "StartSession",
        "Plugin": "Standard_Stream",
        "Elevated": "true",
    }
    watcher = start(FakeSource([Event(SSM, int(SsmTold.OPENED), 1, NOON, "BASTION01", "", fields)]))
    watcher.look()
    clock.pass_(30)
    watcher.look()
    (known,) = sessions_open(outbox).logons
    outbox.forget(NOON + timedelta(days=1))
    (bare,) = sessions_open(outbox).logons
    assert bare.principal is not None
    assert bare.ssm_session is not None
    assert (bare.principal, bare.ssm_session) == (known.principal, known.ssm_session)
    assert str(bare.why) == "its logon is older than the history"
