from __future__ import annotations

import itertools
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from contextlib import closing as closed
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from any_facts import texts
from logonbell.alert import Alert, Level
from logonbell.errors import Refused
from logonbell.sentence import say
from logonbell.store.history import Kept
from logonbell.store.outbox import FILE, Outbox
from logonbell.store.tellings import Delivery
from notifications import HOST_ID, NOON, notification
from reading import NOTIFIERS, SOURCE, commit, count, numbers, pending, single

CHILD = Path(__file__).parents[1] / "outbox_child.py"
LATER = NOON + timedelta(days=400)
WHY = say("the topic {topic} is gone", topic="t")

Opened = Callable[..., Outbox]


def test_new_outbox_is_empty(opened: Opened) -> None:
    """Without a past, reading starts at the oldest record, and there is nothing to mend or to tell."""
    outbox = opened()
    assert outbox.bookmark(SOURCE) is None
    assert outbox.snapshot() is None
    assert outbox.recovered is None
    assert pending(outbox, "sns", NOON, 10) == []
    assert outbox.state().sources == {}


def test_commit_survives_closing(opened: Opened) -> None:
    """What was committed is there after a restart: bookmark, snapshot, finding, and the alert for each notifier."""
    commit(opened(), 1)
    outbox = opened()
    assert count(outbox) == 1
    for notifier in NOTIFIERS:
        (delivery,) = pending(outbox, notifier, NOON, 10)
        assert single(delivery).alert == notification(1).alert
        assert single(delivery).read == NOON
        assert delivery.attempts == 0


def test_known_fingerprint_stays_as_it_was(opened: Opened) -> None:
    """A lost bookmark costs time, never a second alert."""
    outbox = opened()
    assert [commit(outbox, number) for number in (1, 2, 3)] == [1, 1, 1]
    (delivery, *_) = pending(outbox, "sns", NOON, 10)
    outbox.tellings.delivered(delivery, "taken", NOON)
    assert [commit(outbox, number) for number in (1, 2, 3)] == [0, 0, 0]
    assert numbers(pending(outbox, "sns", NOON, 10)) == [2, 3]
    assert outbox.state().sequences == {HOST_ID: 3}


def test_each_host_has_its_own_count(opened: Opened) -> None:
    """The receiver of one host's alerts sees 1, 2, 3, whatever other hosts stand in the same outbox."""
    outbox = opened()
    alerts = [notification(number, host_id=host).alert for number in (1, 2) for host in ("i-1", "i-2")]
    outbox.commit(bookmarks={}, snapshot="", findings=[], alerts=alerts, notifiers=["sns"], read=NOON)
    given = [(single(each).alert.host_id, single(each).sequence) for each in pending(outbox, "sns", NOON, 9)]
    assert given == [("i-1", 1), ("i-2", 1), ("i-1", 2), ("i-2", 2)]


def test_broken_commit_leaves_nothing(opened: Opened) -> None:
    """Where recognising fails halfway, not even the bookmark has moved, and no number is spent."""
    outbox = opened()
    commit(outbox, 1)

    def alerts() -> Iterator[Alert]:
        yield notification(2).alert
        raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        outbox.commit(
            bookmarks={SOURCE: "2"},
            snapshot="held at 2",
            findings=[notification(2).alert.finding],
            alerts=alerts(),
            notifiers=NOTIFIERS,
            read=NOON,
        )
    assert count(outbox) == 1
    assert commit(outbox, 2) == 1
    assert count(outbox) == 2


def test_hostile_text_comes_back(opened: Opened) -> None:
    """Names and bookmarks that are no Unicode, as a file name can be, are kept like any other."""
    outbox = opened()
    name = "/logs/\udcff\x00.evtx"
    alert = notification(host_id=name, host=name).alert
    outbox.commit(
        bookmarks={name: '"\ud800'},
        snapshot=name,
        findings=[alert.finding],
        alerts=[alert],
        notifiers=[name],
        read=NOON,
    )
    assert (outbox.bookmark(name), outbox.snapshot()) == ('"\ud800', name)
    (delivery,) = pending(outbox, name, NOON, 1)
    assert single(delivery).alert == alert
    outbox.tellings.delivered(delivery, name, NOON)
    assert outbox.state().notifiers[name].delivered == 1
    assert outbox.state().sources[name].bookmark == '"\ud800'


def test_postponed_waits(opened: Opened) -> None:
    """A delivery that failed is not tried before its time, does not hold up the others, and tells why."""
    outbox = opened()
    commit(outbox, 1)
    commit(outbox, 2)
    first, _ = pending(outbox, "sns", NOON, 10)
    outbox.tellings.postpone(first, WHY, NOON + timedelta(seconds=5), NOON)
    assert numbers(pending(outbox, "sns", NOON + timedelta(seconds=4), 10)) == [2]
    assert numbers(pending(outbox, "sns", NOON + timedelta(seconds=5), 10)) == [1, 2]
    assert [each.attempts for each in pending(outbox, "sns", LATER, 10)] == [1, 0]
    state = outbox.state().notifiers["sns"]
    assert (state.last_error, state.failed, state.last_delivery) == (WHY, NOON, None)


def test_clock_set_back_delays_nothing(opened: Opened) -> None:
    """A delivery that failed under a clock a year ahead is tried at once when the clock is set right."""
    outbox = opened()
    commit(outbox, 1)
    (delivery,) = pending(outbox, "sns", LATER, 10)
    outbox.tellings.postpone(delivery, WHY, LATER + timedelta(seconds=5), LATER)
    assert outbox.tellings.due_levels("sns", NOON) == [Level.HIGH]
    assert numbers(pending(outbox, "sns", NOON, 10)) == [1]


def test_buried_is_not_tried_again(opened: Opened) -> None:
    """What cannot be delivered is told with its reason and kept; the other notifiers still get it."""
    outbox = opened()
    commit(outbox, 1)
    (delivery,) = pending(outbox, "sns", NOON, 10)
    outbox.tellings.bury(delivery, WHY, NOON)
    outbox.tellings.postpone(delivery, say("too late"), NOON, NOON)
    assert pending(outbox, "sns", LATER, 10) == []
    assert numbers(pending(outbox, "console", NOON, 10)) == [1]
    state = outbox.state().notifiers["sns"]
    assert (state.pending, state.buried, state.last_error) == (0, 1, WHY)


def test_delivered_stays_delivered(opened: Opened) -> None:
    """Nothing brings a delivery back that its notifier has taken."""
    outbox = opened()
    commit(outbox, 1)
    (delivery,) = pending(outbox, "sns", NOON, 10)
    outbox.tellings.delivered(delivery, "taken", NOON)
    outbox.tellings.bury(delivery, WHY, LATER)
    outbox.tellings.postpone(delivery, WHY, LATER, LATER)
    outbox.tellings.delivered(delivery, "again", LATER)
    state = outbox.state().notifiers["sns"]
    assert (state.pending, state.delivered, state.buried) == (0, 1, 0)
    assert state.last_delivery == NOON


def test_limit_takes_the_oldest(opened: Opened) -> None:
    """A notifier that takes few at once gets the oldest first."""
    outbox = opened()
    for number in range(1, 6):
        commit(outbox, number)
    assert numbers(pending(outbox, "sns", NOON, 2)) == [1, 2]


def test_marking_together_is_one_transaction(opened: Opened) -> None:
    """A batch is marked as a whole or not at all."""
    outbox = opened()
    for number in (1, 2):
        commit(outbox, number)
    first, second = pending(outbox, "sns", NOON, 2)

    def fail() -> None:
        with outbox.together():
            outbox.tellings.delivered(first, "1", NOON)
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        fail()
    assert numbers(pending(outbox, "sns", NOON, 2)) == [1, 2]
    with outbox.together():
        outbox.tellings.delivered(first, "1", NOON)
        outbox.tellings.bury(second, WHY, NOON)
    assert pending(outbox, "sns", NOON, 2) == []


def test_unreadable_alert_does_not_hold_up_the_others(opened: Opened, folder: Path) -> None:
    """An alert whose row was damaged is buried with the reason; those behind it are delivered."""
    outbox = opened()
    for number in (1, 2):
        commit(outbox, number)
    with closed(sqlite3.connect(folder / FILE)) as db, db:
        db.execute("update alert set facts = '{' where sequence = 1")
    assert numbers(pending(outbox, "sns", NOON, 10)) == [2]
    state = outbox.state().notifiers
    assert state["sns"].buried == 1
    assert "cannot be read" in str(state["sns"].last_error)


def test_unreadable_reason_does_not_hide_the_state(opened: Opened, folder: Path) -> None:
    """One damaged sentence costs that sentence, not the answer to "what is going on?"."""
    outbox = opened()
    commit(outbox, 1)
    (delivery,) = pending(outbox, "sns", NOON, 1)
    outbox.tellings.bury(delivery, WHY, NOON)
    with closed(sqlite3.connect(folder / FILE)) as db, db:
        db.execute("update telling set error = '{' where notifier = 'sns'")
    assert "cannot be read" in str(outbox.state().notifiers["sns"].last_error)


def test_forgetting_keeps_what_prevents_a_repeat(opened: Opened) -> None:
    """Old facts go; the fingerprint stays, so an old log read again does not ring, and no number is given twice."""
    outbox = opened()
    for number in (1, 2, 3, 4):
        commit(outbox, number)
    first, second, third, _ = pending(outbox, "sns", NOON, 10)
    for delivery in pending(outbox, "console", NOON, 10):
        outbox.tellings.delivered(delivery, "taken", NOON)
    outbox.tellings.delivered(first, "taken", NOON)
    outbox.tellings.bury(second, WHY, NOON)
    outbox.tellings.postpone(third, WHY, NOON, NOON)
    assert outbox.forget(NOON) == 0
    assert outbox.forget(LATER) == 4
    assert list(outbox.history.between(NOON, LATER)) == []
    assert numbers(pending(outbox, "sns", LATER, 10)) == [3, 4]
    with closed(sqlite3.connect(outbox._database.path)) as db:
        assert db.execute("select sequence from alert where facts is null").fetchall() == [(1,)]
    assert [commit(outbox, number) for number in (1, 2, 3, 4, 5)] == [0, 0, 0, 0, 1]
    assert outbox.state().sequences == {HOST_ID: 5}


def test_newest_is_kept_where_a_reading_found_none(opened: Opened) -> None:
    """An empty reading does not unsay the newest record; and a record id may have all its 64 bits."""
    outbox = opened()
    for newest in ({SOURCE: 2**64 - 1}, {}):
        outbox.commit(
            bookmarks={SOURCE: "b"},
            snapshot="",
            findings=[],
            alerts=[],
            notifiers=[],
            read=NOON,
            newest=newest,
        )
    assert outbox.state().sources[SOURCE].newest == 2**64 - 1


def test_threads_share_the_outbox(opened: Opened, folder: Path) -> None:
    """While one thread reads and commits, each notifier's thread takes and marks its own: in order, each once."""
    outbox = opened()
    total = 150
    taken: dict[str, list[int]] = {notifier: [] for notifier in NOTIFIERS}

    def deliver(notifier: str) -> None:
        with closed(Outbox.join(folder)) as mine:
            while len(taken[notifier]) < total:
                for delivery in pending(mine, notifier, NOON, 7):
                    taken[notifier].append(single(delivery).sequence)
                    mine.tellings.delivered(delivery, "taken", NOON)

    threads = [threading.Thread(target=deliver, args=(notifier,), daemon=True) for notifier in NOTIFIERS]
    for thread in threads:
        thread.start()
    for number in range(1, total + 1):
        commit(outbox, number)
    for thread in threads:
        thread.join(60)
    assert taken == {notifier: list(range(1, total + 1)) for notifier in NOTIFIERS}
    assert count(outbox) == total


@pytest.mark.rig
def test_kill_at_any_moment_splits_nothing(folder: Path) -> None:
    """After kill -9 at any moment, bookmark, snapshot, history, alerts and numbers tell of the same events: none is missing."""
    chance = random.Random(20260304)  # noqa: S311 (it chooses when to kill)
    before = 0
    for _ in range(12):
        with subprocess.Popen(
            [sys.executable, CHILD, "kill", folder], stdout=subprocess.PIPE, text=True
        ) as child:
            assert child.stdout is not None
            told = [int(child.stdout.readline()) for _ in range(chance.choice((0, 1, 2, 20)))]
            time.sleep(chance.uniform(0, 0.2 if not told else 0.005))
            child.kill()
            told += [int(line) for line in child.stdout.read().splitlines()]
        with closed(Outbox.open(folder, now=NOON)) as outbox:
            assert outbox.recovered is None
            after = count(outbox)
        # Killed between the commit and its telling, it is one more than was told.
        assert after - max(told, default=before) in (0, 1)
        before = after
    assert before > 40


def test_file_that_may_not_grow_refuses(folder: Path) -> None:
    """Where no more fits on the disk, a commit is refused with what to do, nothing has moved, and it goes on afterwards."""
    if sys.platform == "win32":
        pytest.skip("Windows limits no process's files")
    told = subprocess.run(
        [sys.executable, CHILD, "full", folder], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert "failed" in told[0]
    assert "disk is full" in told[0]
    assert int(told[1]) > 10
    assert told[2] == told[1]
    assert int(told[3]) == int(told[1]) + 1
    with closed(Outbox.open(folder, now=NOON)) as outbox:
        assert count(outbox) == int(told[3])


def test_full_disk_refuses(opened: Opened) -> None:
    """A full disk is one clear sentence for commit, marking and copying; nothing was marked, and all go on afterwards."""
    outbox = opened()
    commit(outbox, 1)
    (delivery,) = pending(outbox, "sns", NOON, 1)
    outbox._database.change(
        "pragma max_page_count = 1"
    )  # the smallest that SQLite makes of it is the present size

    def fill() -> None:
        for number in itertools.count(2):
            commit(outbox, number)

    with pytest.raises(Refused, match=r"is full; nothing was marked.* Free some space"):
        fill()
    known = count(outbox)
    outbox._database.change("pragma max_page_count = 1000000")
    outbox.tellings.delivered(delivery, "taken", NOON)
    assert commit(outbox, known + 1) == 1
    assert count(outbox) == known + 1


def test_forbidden_folder_refuses() -> None:
    """A folder or a file that the account may not write is told with the folder's name; afterwards it works."""
    if sys.platform == "win32":
        pytest.skip("Windows forbids by other means")
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o755)
        state = folder / "state"
        state.mkdir()
        for path, mode in ((state, 0o555), (state / FILE, 0o444)):
            if path != state:
                with closed(Outbox.open(state, now=NOON)) as outbox:
                    commit(outbox, 1)
                (state / "agent.lock").chmod(0o666)
                state.chmod(0o777)
            path.chmod(mode)
            told = subprocess.run(
                [sys.executable, CHILD, "forbidden", state], capture_output=True, text=True, check=True
            ).stdout
            assert "cannot be opened or written" in told
            assert f"write to {state}" in told
            path.chmod(0o755)
        with closed(Outbox.open(state, now=NOON)) as outbox:
            assert outbox.recovered is None
            assert count(outbox) == 1
    finally:
        shutil.rmtree(folder)


def test_folder_within_one_that_is_closed_serves() -> None:
    """A state folder of our own serves though the folder that it stands in may be passed and not be read."""
    if sys.platform == "win32":
        pytest.skip("Windows forbids by other means")
    folder = Path(tempfile.mkdtemp())
    try:
        state = folder / "state"
        state.mkdir()
        if os.geteuid() == 0:
            os.chown(state, 65534, 65534)
        folder.chmod(0o311)
        told = subprocess.run(
            [sys.executable, CHILD, "stranger", state], capture_output=True, text=True, check=True
        ).stdout
        assert told == "1\n"
    finally:
        folder.chmod(0o700)
        shutil.rmtree(folder)


def test_locked_file_refuses(opened: Opened, folder: Path) -> None:
    """A program that keeps the file locked is told of, nothing is lost, and the commit works once it lets go."""
    outbox = opened()
    outbox._database.change("pragma busy_timeout = 20")
    with closed(sqlite3.connect(folder / FILE, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(Refused, match="Another program keeps"):
            commit(outbox, 1)
    assert count(outbox) == 0
    assert commit(outbox, 1) == 1


def test_second_agent_refuses(opened: Opened, folder: Path) -> None:
    """Two agents on one state folder would both read and both ring: the second one stays out, and names the first."""
    opened()
    with pytest.raises(Refused, match=r"process \d+.* is at work"):
        Outbox.open(folder, now=NOON)


def test_dead_owner_blocks_nobody(folder: Path) -> None:
    """An agent that was killed leaves its lock file; the next one starts all the same."""
    with subprocess.Popen(
        [sys.executable, CHILD, "hold", folder], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        pid = child.stdout.readline().strip()
        with pytest.raises(Refused, match=f"process {pid}"):
            Outbox.open(folder, now=NOON)
        child.kill()
        child.wait()
    with closed(Outbox.open(folder, now=NOON)) as outbox:
        assert commit(outbox, 1) == 1


def test_refused_opening_frees_the_folder(opened: Opened, folder: Path) -> None:
    """An opening that fails does not keep the folder locked."""
    opened().close()
    file = folder / FILE
    with closed(sqlite3.connect(file)) as db:
        db.execute("pragma user_version = 99")
    for _ in range(2):
        with pytest.raises(Refused, match="newer logonbell"):
            Outbox.open(folder, now=NOON)


def test_joining_needs_an_outbox(folder: Path) -> None:
    """Asking for the state where nothing was ever watched says so, and creates nothing."""
    with pytest.raises(Refused, match="There is no outbox"):
        Outbox.join(folder)
    assert not folder.exists()


@pytest.mark.parametrize(("version", "word"), [(0, "older"), (99, "newer")])
def test_joining_another_version_refuses(opened: Opened, folder: Path, version: int, word: str) -> None:
    """Who only looks on neither migrates nor misreads an outbox of another version."""
    opened().close()
    with closed(sqlite3.connect(folder / FILE)) as db:
        db.execute(f"pragma user_version = {version}")
    with pytest.raises(Refused, match=f"{word} logonbell"):
        Outbox.join(folder)


def test_folder_that_is_a_file_refuses(tmp_path: Path) -> None:
    """A state folder that is a file is told as what it is."""
    folder = tmp_path / "state"
    folder.write_text("a note")
    with pytest.raises(Refused, match="File exists"):
        Outbox.open(folder, now=NOON)
    assert folder.read_text() == "a note"


@dataclass
class Expected:
    """What the model knows of one delivery."""

    sequence: int
    state: str = "pending"
    attempts: int = 0
    due: datetime | None = None
    failed: datetime | None = None


class OutboxAgainstModel(RuleBasedStateMachine):
    """Random commits, deliveries and restarts, against dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.now = NOON
        self.bookmarks: dict[str, str] = {}
        self.snapshot: str | None = None
        self.history: dict[int, object] = {}
        self.sequences: dict[str, int] = {}
        self.rung: set[int] = set()
        self.deliveries: dict[str, dict[int, Expected]] = {notifier: {} for notifier in NOTIFIERS}

    @initialize()
    def open(self) -> None:
        """Start with an empty folder."""
        self.outbox = Outbox.open(self.folder, now=self.now)

    def teardown(self) -> None:
        """Leave nothing open or behind."""
        self.outbox.close()
        self.stack.close()

    @rule(
        source=st.sampled_from(["a", "b"]),
        bookmark=texts,
        snapshot=texts,
        rung=st.lists(st.integers(1, 8), max_size=4),
        silent=st.lists(st.integers(1, 8), max_size=3),
        address=st.none() | texts,
        notifiers=st.sampled_from([NOTIFIERS, NOTIFIERS[:1], ()]),
    )
    def commit(
        self,
        *,
        source: str,
        bookmark: str,
        snapshot: str,
        rung: list[int],
        silent: list[int],
        address: str | None,
        notifiers: tuple[str, ...],
    ) -> None:
        """Commit a reading; of each alert only the first is new."""
        alerts = [notification(number, host_id=f"i-{number % 2}", address=address).alert for number in rung]
        findings = [notification(number, address=address).alert.finding for number in rung + silent]
        new = self.outbox.commit(
            bookmarks={source: bookmark},
            snapshot=snapshot,
            findings=findings,
            alerts=alerts,
            notifiers=notifiers,
            read=self.now,
        )
        self.bookmarks[source], self.snapshot = bookmark, snapshot
        self.history |= {finding.main.record_id: finding for finding in findings}
        fresh = [number for number in dict.fromkeys(rung) if number not in self.rung]
        assert new == len(fresh)
        for number in fresh:
            host = f"i-{number % 2}"
            self.sequences[host] = self.sequences.get(host, 0) + 1
            self.rung.add(number)
            for notifier in notifiers:
                self.deliveries[notifier][number] = Expected(self.sequences[host])

    @rule(seconds=st.sampled_from([0, 1, 60, 86_400, -1, -3600]))
    def tick(self, seconds: int) -> None:
        """Let time pass, or somebody set the clock."""
        self.now += timedelta(seconds=seconds)

    def take(self, notifier: str, limit: int) -> list[tuple[Delivery, Expected]]:
        """Take what is due, each with what the model knows of it."""
        due = {
            number: row
            for number, row in self.deliveries[notifier].items()
            if row.state == "pending"
            and (row.due is None or row.due <= self.now or (row.failed is not None and row.failed > self.now))
        }
        deliveries = pending(self.outbox, notifier, self.now, limit)
        assert [single(each).alert.finding.main.record_id - 1000 for each in deliveries] == list(due)[:limit]
        pairs = list(zip(deliveries, due.values(), strict=False))
        for delivery, row in pairs:
            assert (single(delivery).sequence, delivery.attempts) == (row.sequence, row.attempts)
        return pairs

    @rule(notifier=st.sampled_from(NOTIFIERS), limit=st.integers(0, 3))
    def deliver(self, notifier: str, limit: int) -> None:
        """The notifier takes what is due."""
        for delivery, row in self.take(notifier, limit):
            self.outbox.tellings.delivered(delivery, "receipt", self.now)
            row.state = "delivered"

    @rule(notifier=st.sampled_from(NOTIFIERS), limit=st.integers(0, 3), seconds=st.integers(0, 90))
    def postpone(self, notifier: str, limit: int, seconds: int) -> None:
        """The notifier takes nothing for now."""
        for delivery, row in self.take(notifier, limit):
            until = self.now + timedelta(seconds=seconds)
            self.outbox.tellings.postpone(delivery, WHY, until, self.now)
            row.due, row.failed, row.attempts = until, self.now, row.attempts + 1

    @rule(notifier=st.sampled_from(NOTIFIERS))
    def bury(self, notifier: str) -> None:
        """The notifier refuses one for good."""
        for delivery, row in self.take(notifier, 1):
            self.outbox.tellings.bury(delivery, WHY, self.now)
            row.state = "buried"

    @rule()
    def reopen(self) -> None:
        """Restart."""
        self.outbox.close()
        self.outbox = Outbox.open(self.folder, now=self.now)
        assert self.outbox.recovered is None

    @rule()
    def forget(self) -> None:
        """Forget everything that may be forgotten."""
        self.outbox.forget(max(NOON, self.now) + timedelta(days=1))
        self.history = {}

    @invariant()
    def agrees(self) -> None:
        """What the outbox says of itself is what the model says."""
        state = self.outbox.state()
        assert {name: source.bookmark for name, source in state.sources.items()} == self.bookmarks
        assert self.outbox.snapshot() == self.snapshot
        assert state.sequences == self.sequences
        for notifier, rows in self.deliveries.items():
            states = [row.state for row in rows.values()]
            told = state.notifiers.get(notifier)
            counts = (told.pending, told.delivered, told.buried) if told else (0, 0, 0)
            assert counts == tuple(states.count(word) for word in ("pending", "delivered", "buried"))
        kept = self.outbox.history.between(NOON, LATER)
        found = [each.finding for each in kept if isinstance(each, Kept)]
        assert {finding.main.record_id: finding for finding in found} == self.history


OutboxAgainstModel.TestCase.settings = settings(max_examples=25, stateful_step_count=25)


class TestOutboxAgainstModel(OutboxAgainstModel.TestCase):  # type: ignore[misc, valid-type]
    """Whatever is committed, delivered and restarted in whatever order, the outbox says what a simple model says."""
