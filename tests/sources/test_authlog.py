from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import NOON, FakeClock
from logonbell.errors import Refused
from logonbell.event import Event
from logonbell.recognise.watching import WATCHING
from logonbell.sources.authlog import AuthLog


def line(number: int, *, time: datetime = NOON) -> str:
    """Write a line; the number is its message."""
    return f"{time + timedelta(seconds=number):%Y-%m-%dT%H:%M:%S.%f}+00:00 web1 sshd[{number}]: {number}\n"


class Log:
    """A log that grows and is rotated, and who follows it, through restarts."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "auth.log"
        self.bookmark: str | None = None
        self.said: list[str] = []
        self.gaps = 0
        self.losses: list[str] = []
        self.number = 0
        self.clock = FakeClock()
        self.source = self.restarted()

    def restarted(self) -> AuthLog:
        """Begin anew, as another process would."""
        self.source = AuthLog(self.path, clock=self.clock, zone=UTC)
        return self.source

    def grows(self, count: int = 1) -> None:
        """Write lines."""
        with self.path.open("a") as file:
            for _ in range(count):
                self.number += 1
                file.write(line(self.number))

    def rotates(self, *, copies: bool = False, packs: bool = False) -> None:
        """Rotate as logrotate does: by renaming or by copying, compressing what is older or not."""
        aside = sorted(self.path.parent.glob("auth.log.*"), key=lambda path: -int(path.name.split(".")[2]))
        for path in aside:
            number = int(path.name.split(".")[2]) + 1
            moved = path.with_name(f"auth.log.{number}{path.suffix if path.suffix == '.gz' else ''}")
            path.rename(moved)
            if packs and moved.suffix != ".gz":
                packed(moved)
        if copies:
            shutil.copy(self.path, self.path.with_name("auth.log.1"))
            os.truncate(self.path, 0)
        else:
            self.path.rename(self.path.with_name("auth.log.1"))
            self.path.touch()

    def reads(self, limit: int | None = None) -> None:
        """Read until there is nothing more."""
        for _ in range(1000):
            batch = self.source.read(self.bookmark, limit)
            self.bookmark = batch.bookmark
            self.gaps += sum(event.channel == WATCHING for event in batch.events)
            self.said += [event.fields["MESSAGE"] for event in batch.events if event.channel != WATCHING]
            self.losses += [str(loss.what) for loss in batch.losses]
            if not batch.more:
                return
        pytest.fail("there is no end")

    def all_said_once(self) -> bool:
        """Tell whether each line was given, once and in order."""
        return self.said == [str(number + 1) for number in range(self.number)]


def packed(path: Path) -> Path:
    """Compress a file as gzip does: it keeps the time, and the original goes."""
    status = path.stat()
    target = path.with_name(f"{path.name}.gz")
    with gzip.GzipFile(target, "wb", mtime=status.st_mtime) as file:
        file.write(path.read_bytes())
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    path.unlink()
    return target


def events_of(path: Path) -> list[Event]:
    """Read a finished log to its end."""
    source = AuthLog(path, zone=UTC)
    batch = source.read(None)
    events = list(batch.events)
    while batch.more:
        batch = source.read(batch.bookmark)
        events += batch.events
    return events


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """Give a log with three lines that were read."""
    log = Log(tmp_path)
    log.grows(3)
    log.reads()
    return log


def test_a_line_is_an_event(tmp_path: Path) -> None:
    """Channel, host, program, number, message; its id is where it begins, a repetition's one further."""
    path = tmp_path / "secure-20251101"
    text = (
        "Nov  1 09:00:00 web1 sshd[7]: one\nNov  1 09:00:01 web1 sshd[7]: message repeated 2 times: [ one]\n"
    )
    path.write_text(text)
    os.utime(path, (NOON.timestamp(), NOON.timestamp()))
    events = events_of(path)
    begin = text.index("\n") + 1
    assert [event.record_id for event in events] == [0, begin, begin + 1]
    assert {(each.channel, each.event_id, each.host, each.provider) for each in events} == {
        ("secure", 1, "web1", "sshd")
    }
    assert [dict(each.fields) for each in events] == [{"MESSAGE": "one", "PID": "7"}] * 3
    assert events[0].time == datetime(2025, 11, 1, 9, tzinfo=UTC)


def test_a_line_is_given_when_it_has_its_end(log: Log) -> None:
    """Half a line waits for the other half."""
    text = line(4)
    log.number = 4
    for part in (text[:10], text[10:45], text[45:]):
        assert len(log.said) == 3
        with log.path.open("a") as file:
            file.write(part)
        log.reads()
    assert log.all_said_once()


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("copies", [False, True])
@pytest.mark.parametrize("packs", [False, True])
def test_nothing_is_lost_when_it_is_rotated(log: Log, *, restarts: bool, copies: bool, packs: bool) -> None:
    """What was written before a rotation, or before several, is read of the pieces, then what came behind."""
    for turns in (1, 2, 3):
        for _ in range(turns):
            log.grows(2)
            log.rotates(copies=copies, packs=packs)
        log.grows(2)
        if restarts:
            log.restarted()
        log.reads()
        assert log.all_said_once()
    assert (log.gaps, log.losses) == (0, [])


def test_who_writes_to_the_old_file_is_still_heard(log: Log) -> None:
    """Between the renaming and its signal the daemon goes on with the old file: the new one is there, and empty."""
    with log.path.open("a") as daemon:
        log.rotates()
        log.reads()
        daemon.write(line(4))
        daemon.flush()
        log.reads()
        assert log.said == ["1", "2", "3", "4"]
        daemon.write(line(5).rstrip("\n"))
    log.number = 5
    log.grows()
    log.reads()
    assert log.all_said_once()


def test_the_moment_without_a_file_is_waited_for(log: Log) -> None:
    """While the file is renamed and no new one is there, nothing is amiss."""
    log.path.rename(log.path.with_name("auth.log.1"))
    log.reads()
    log.grows()
    log.reads()
    assert (log.all_said_once(), log.losses) == (True, [])


@pytest.mark.parametrize("restarts", [False, True])
def test_a_log_that_was_emptied_is_told(log: Log, *, restarts: bool) -> None:
    """Whoever cuts the log off leaves a gap that is told, and is read from its new beginning."""
    os.truncate(log.path, 0)
    log.grows(5)
    if restarts:
        log.restarted()
    log.reads()
    assert (log.gaps, log.all_said_once()) == (1, True)


def test_a_log_of_the_same_size_with_other_lines_is_told(log: Log) -> None:
    """It is known by what stands in it, not by its size."""
    log.path.write_text("".join(line(number) for number in (7, 8, 9)))
    log.number = 3
    log.grows()
    log.restarted()
    log.reads()
    assert (log.gaps, log.said) == (1, ["1", "2", "3", "7", "8", "9", "4"])


def test_a_log_that_was_deleted_is_told_when_it_is_back(log: Log) -> None:
    """What stood there is not to be found any more."""
    log.source.close()
    log.path.unlink()
    log.path.write_text(line(4))
    log.number = 4
    log.restarted()
    log.reads()
    assert (log.gaps, log.all_said_once()) == (1, True)


def test_a_first_start_begins_where_news_begin(tmp_path: Path) -> None:
    """Older lines are left out, those of a piece that was rotated meanwhile are not."""
    log = Log(tmp_path)
    log.grows(3)
    log.rotates()
    log.grows(3)
    for path in (log.path, log.path.with_name("auth.log.1")):
        os.utime(path, (NOON.timestamp() + 60, NOON.timestamp() + 60))
    log.bookmark = log.source.begin(NOON + timedelta(seconds=3))
    log.reads()
    assert log.said == ["3", "4", "5", "6"]


def test_a_damaged_bookmark_falls_back_to_the_oldest(log: Log) -> None:
    """It costs time, never a line."""
    log.rotates()
    log.grows()
    log.bookmark, log.said = "{", []
    log.restarted()
    log.reads()
    assert log.all_said_once()
    assert [text[:24] for text in log.losses] == ["The bookmark is damaged:"]


def test_a_line_that_is_too_long_ends_where_it_ends(log: Log) -> None:
    """What stands behind the limit is passed over, whatever it looks like, and the next line is read."""
    with log.path.open("a") as file:
        file.write(line(4).rstrip("\n") + "x" * 300_000 + line(99) + line(5))
    log.reads()
    assert (len(log.said), log.said[4]) == (5, "5")
    assert log.said[3].startswith("4xxx")


def test_zeros_and_broken_text_are_no_fault(log: Log) -> None:
    """Zeros stand where the power went; text that is no UTF-8 is shown as such; what is no line is counted."""
    with log.path.open("ab") as file:
        file.write(bytes(4096) + line(4).encode() + b"2026-03-03T12:00:09Z web1 sshd[1]: \xff\n??\n\n")
    log.reads()
    assert log.said[3:] == ["4", r"\xff"]
    assert log.losses == ["A line could not be understood."]


@pytest.mark.parametrize(
    ("pack", "ending"), [(gzip.compress, "gz"), (bz2.compress, "bz2"), (lzma.compress, "xz")]
)
def test_a_copy_is_the_same_compressed(tmp_path: Path, pack: object, ending: str) -> None:
    """Each line has the same time and the same id, so that a second reading is known."""
    plain, copy = tmp_path / "auth.log.1", tmp_path / f"auth.log.1.{ending}"
    text = "".join(line(number) for number in range(6_000)).encode()
    plain.write_bytes(text)
    assert callable(pack)
    copy.write_bytes(pack(text))
    assert len(events_of(plain)) == 6_000
    assert events_of(plain) == events_of(copy)


def test_a_damaged_copy_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """What cannot be unpacked is told, not raised."""
    path = tmp_path / "auth.log.2.gz"
    path.write_bytes(gzip.compress(line(1).encode() * 50_000)[:-500])
    batch = AuthLog(path).read(None)
    while batch.more:
        batch = AuthLog(path).read(batch.bookmark)
    assert "It is damaged from here on" in str(batch.losses[0].what)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A folder, and nothing at all, in one sentence each."""
    for path, what in ((tmp_path, "not a regular file"), (tmp_path / "auth.log", "There is no file")):
        with pytest.raises(Refused, match=what):
            AuthLog(path).read(None)
    with pytest.raises(Refused, match="There is no file"):
        AuthLog(tmp_path / "secure", clock=FakeClock()).read(None)


STEPS = st.lists(st.sampled_from(["grow", "read", "limit", "rotate", "copy", "pack", "restart"]), max_size=30)


@settings(max_examples=25)
@given(STEPS)
def test_whatever_happens_each_line_is_given_once(
    tmp_path_factory: pytest.TempPathFactory, steps: Sequence[str]
) -> None:
    """Growing, rotating in each way, restarting, reading a little or all: in whichever order, nothing is lost or doubled."""
    log = Log(tmp_path_factory.mktemp("log"))
    log.grows()
    for step in steps:
        match step:
            case "grow":
                log.grows(3)
            case "read":
                log.reads()
            case "limit":
                log.bookmark = _step(log)
            case "rotate" | "copy":
                log.grows()
                log.rotates(copies=step == "copy")
            case "pack":
                log.grows()
                log.rotates(packs=True)
            case _:
                log.restarted()
    log.grows()
    log.reads()
    assert log.all_said_once()
    assert (log.gaps, log.losses) == (0, [])


def _step(log: Log) -> str:
    batch = log.source.read(log.bookmark, 1)
    log.said += [event.fields["MESSAGE"] for event in batch.events]
    return batch.bookmark
