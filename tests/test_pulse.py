"""What is looked at each minute: stalls ring and restart the reader, a hang ends the process, a heart beats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fakes import FakeClock
from logonbell.errors import Refused
from logonbell.health import STALLED, Health, NotifierHealth, SourceHealth
from logonbell.logon import Notice
from logonbell.proof import Head
from logonbell.pulse import HOUSEKEEPING, HUNG, Pulse
from logonbell.sentence import say
from logonbell.source import Loss
from logonbell.store.outbox import Outbox

DAY = timedelta(hours=24)


class Bench:
    """A pulse whose health is as a test says."""

    def __init__(self, folder: Path, heartbeat: timedelta | None = None) -> None:
        self.clock = FakeClock()
        self.folder = folder
        self.outbox = Outbox.open(folder, now=self.clock())
        self.unread: datetime | None = None
        self.told: list[str] = []
        self.restarts = 0
        self.ends = 0
        self.looked = 0.0
        self.elapsed = 0.0
        self.written: list[Health] = []
        self.refused = False
        self.wakes = False
        self.heartbeat = heartbeat
        self.pulse = self.made()
        self.elapsed = STALLED.total_seconds()

    def made(self) -> Pulse:
        """Make it, as each start does."""
        return Pulse(
            self.outbox,
            self.look,
            ["sns"],
            {},
            self.clock,
            lambda what: self.told.append(str(what)),
            "BASTION01",
            400 * DAY,
            anew=lambda: setattr(self, "restarts", self.restarts + 1),
            looked=lambda: self.looked,
            end=lambda: setattr(self, "ends", self.ends + 1),
            heartbeat=self.heartbeat,
            write=self.write,
            pause=self.pause,
            elapsed=lambda: self.elapsed,
        )

    def pause(self, _: float) -> None:
        """Let the reader come back meanwhile, if it wakes."""
        if self.wakes:
            self.looked = self.elapsed

    def look(self, now: datetime) -> Health:
        """See it as it is."""
        source = SourceHealth("winlog:Security", 1000, now - DAY, self.unread)
        return Health(now, now, (source,), (NotifierHealth("sns", 3, 0, 1, 0),), Head(12, "a" * 64))

    def write(self, health: Health) -> None:
        """Take it to who collects it."""
        if self.refused:
            raise Refused(say("The disk is full."))
        self.written.append(health)

    def rung(self) -> list[tuple[str, str]]:
        """What rang."""
        found = [story.alert.finding for story in self.outbox.fates.recent(100) if story.alert]
        return [(str(one.kind), str(one.what)) for one in found if isinstance(one, Notice)]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Makes a bench, and closes it."""
    made: list[Bench] = []

    def make(heartbeat: timedelta | None = None) -> Bench:
        made.append(Bench(tmp_path / "state", heartbeat))
        return made[-1]

    yield make
    for one in made:
        one.outbox.close()


def test_a_stall_rings_once_and_restarts_the_reader(bench: Callable[..., Bench]) -> None:
    """A log that holds what nobody reads rings, and the reader begins anew until it reads; the next stall rings again."""
    its = bench()
    its.pulse.round()
    its.unread = its.clock() - STALLED - timedelta(seconds=1)
    its.pulse.round()
    its.clock.pass_(60)
    its.pulse.round()
    assert [kind for kind, _ in its.rung()] == ["stalled"]
    assert "winlog:Security holds records since" in its.told[0]
    assert its.restarts == 2
    its.unread = None
    its.pulse.round()
    its.unread = its.clock() - timedelta(minutes=2)
    its.clock.pass_(60)
    its.pulse.round()
    assert [kind for kind, _ in its.rung()] == ["stalled", "stalled"]


def test_what_came_while_nobody_watched_is_no_stall(bench: Callable[..., Bench]) -> None:
    """After a restart of the machine the reader has a minute for what stands there; then it has stalled."""
    its = bench()
    its.pulse = its.made()
    its.unread = its.clock() - timedelta(hours=1)
    its.pulse.round()
    assert (its.rung(), its.restarts) == ([], 0)
    its.elapsed += STALLED.total_seconds()
    its.pulse.round()
    assert ([kind for kind, _ in its.rung()], its.restarts) == (["stalled"], 1)


def test_a_reader_that_hangs_ends_the_process(bench: Callable[..., Bench]) -> None:
    """A read that never comes back rings, and the process ends, to be started anew; one that takes its time does not."""
    its = bench()
    its.elapsed = HUNG
    its.pulse.round()
    assert its.ends == 0
    its.elapsed = HUNG + 1
    its.pulse.round()
    assert its.ends == 1
    assert [kind for kind, _ in its.rung()] == ["stalled"]


def test_a_machine_that_slept_does_not_hang(bench: Callable[..., Bench]) -> None:
    """A reader that comes back within half a minute, as after a suspend, goes on."""
    its = bench()
    its.elapsed = 10 * HUNG
    its.wakes = True
    its.pulse.round()
    assert its.ends == 0
    assert its.rung() == []


def test_the_heart_beats_when_it_is_due(bench: Callable[..., Bench]) -> None:
    """Once in the time that is set, also over restarts; never at the start, and with what was lost since the last."""
    its = bench(DAY)
    its.pulse.round()
    assert its.rung() == []
    its.clock.pass_(DAY.total_seconds() - 60)
    its.pulse = its.made()
    its.pulse.round()
    assert its.rung() == []
    losses = [Loss("Security", say("A record could not be understood."), count) for count in (1, 0)]
    its.outbox.commit(
        bookmarks={}, snapshot="", findings=[], alerts=[], notifiers=[], read=its.clock(), losses=losses
    )
    its.clock.pass_(61)
    its.pulse.round()
    ((kind, what),) = its.rung()
    assert kind == "heartbeat"
    assert "read to winlog:Security 1000; 1 gaps since" in what
    assert "3 alerts pending; history link 12" in what
    its.clock.pass_(60)
    its.pulse.round()
    assert len(its.rung()) == 1


def test_a_clock_that_was_set_back_stops_no_heart(bench: Callable[..., Bench]) -> None:
    """Once it was set right, the heart does not wait for the day on which it beat last."""
    its = bench(DAY)
    its.pulse.round()
    its.clock.set(hours=-24 * 365)
    its.pulse.round()
    assert [kind for kind, _ in its.rung()] == ["heartbeat"]
    its.clock.pass_(60)
    its.pulse.round()
    assert len(its.rung()) == 1


def test_without_a_heartbeat_there_is_no_noise(bench: Callable[..., Bench]) -> None:
    """Nothing is told for a year of a host on which all is well."""
    its = bench()
    for _ in range(3):
        its.clock.pass_(100 * DAY.total_seconds())
        its.pulse.round()
    assert its.rung() == []
    assert its.told == []


def test_metrics_that_cannot_be_written_are_told_once(bench: Callable[..., Bench]) -> None:
    """A full disk under the metrics is one line, and keeps nothing else from being looked at."""
    its = bench()
    its.refused = True
    its.pulse.round()
    its.pulse.round()
    assert its.told == ["The disk is full."]
    its.refused = False
    its.pulse.round()
    assert its.written == [replace(its.look(its.clock()))]


def test_the_house_is_kept_once_a_day(bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent that runs for months renews the copy it falls back to, and forgets what is old, without a restart."""
    its = bench()
    copied = its.clock()
    copy = its.folder / "outbox.previous.sqlite3"

    def made() -> datetime:
        return datetime.fromtimestamp(copy.stat().st_mtime, UTC)

    assert made() == copied
    forgotten: list[datetime] = []
    monkeypatch.setattr(Outbox, "forget", lambda _, before: forgotten.append(before))
    its.clock.pass_(HOUSEKEEPING)
    its.elapsed = its.looked = HOUSEKEEPING - 1
    its.pulse.round()
    assert (made(), forgotten) == (copied, [])
    its.elapsed = its.looked = HOUSEKEEPING
    its.pulse.round()
    its.pulse.round()
    assert (made(), forgotten) == (its.clock(), [its.clock() - 400 * DAY])
