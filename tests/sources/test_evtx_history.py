from __future__ import annotations

import os
from pathlib import Path

import pytest

from logonbell.errors import Refused
from logonbell.simulate.damage import zero_chunk
from logonbell.simulate.evtx import EvtxFile, write_evtx
from logonbell.sources.history import History, find_logs
from made_events import logon_event, logon_events
from users import as_nobody

BIG = 4000


def test_folders_are_searched_through(tmp_path: Path) -> None:
    """Every log below a folder is found, whatever its letters' case; nothing else is."""
    (tmp_path / "b" / "deep").mkdir(parents=True)
    for name in ("z.evtx", "b/Security.EVTX", "b/deep/x.Evtx", "notes.txt", "b/evtx"):
        (tmp_path / name).touch()
    logs = find_logs([tmp_path])
    assert [str(file.relative_to(tmp_path)) for file in logs.files] == [
        str(Path(name)) for name in ("b/Security.EVTX", "b/deep/x.Evtx", "z.evtx")
    ]
    assert logs.losses == []


def test_files_stay_in_the_order_given_and_come_once(tmp_path: Path) -> None:
    """A file that is given twice, or within a folder as well, is read once."""
    first, second = tmp_path / "b.evtx", tmp_path / "a.evtx"
    first.write_bytes(b"1")
    second.write_bytes(b"2")
    assert find_logs([first, tmp_path, second]).files == [first, second]


def test_a_folder_without_logs_is_refused(tmp_path: Path) -> None:
    """Whoever names the wrong folder is told so."""
    with pytest.raises(Refused, match="There are no logs in"):
        find_logs([tmp_path])


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_links_are_followed_and_circles_end(tmp_path: Path) -> None:
    """A linked folder is searched, and one that leads back to itself does not hang."""
    elsewhere = tmp_path / "elsewhere"
    folder = tmp_path / "folder"
    elsewhere.mkdir()
    folder.mkdir()
    write_evtx(elsewhere / "a.evtx", logon_events([1]))
    (folder / "link").symlink_to(elsewhere)
    (folder / "circle").symlink_to(folder)
    (folder / "gone.evtx").symlink_to(tmp_path / "nowhere")
    history = History([folder])
    assert [event.record_id for event in history.events()] == [1]
    assert [str(loss.what) for loss in history.losses] == [f"There is no file {folder / 'gone.evtx'}."]


def test_a_folder_that_may_not_be_looked_into_is_told(tmp_path: Path) -> None:
    """What is hidden is said, and the rest is found."""
    (tmp_path / "a.evtx").touch()
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0)
    with as_nobody(tmp_path):
        logs = find_logs([tmp_path])
    hidden.chmod(0o700)
    assert len(logs.files) == 1
    assert [loss.where for loss in logs.losses] == [str(hidden)]


def test_several_logs_are_one_history(tmp_path: Path) -> None:
    """The events of all files come in the order of time, and every record is counted."""
    for name, first in (("a.evtx", 1), ("b.evtx", 2)):
        with EvtxFile(tmp_path / name, exported=True) as log:
            log.append(*logon_events(range(first, 3000, 2)))
    history = History([tmp_path])
    assert [event.record_id for event in history.events()] == list(range(1, 3000))
    assert history.records == 2999
    assert sorted(history.records_of.values()) == [1499, 1500]
    assert history.losses == []


def test_a_log_keeps_its_own_order(tmp_path: Path) -> None:
    """Where a clock was set back, what a log wrote later stays later."""
    back = [logon_event(1, hours=5), logon_event(2), logon_event(3)]
    write_evtx(tmp_path / "a.evtx", back)
    write_evtx(tmp_path / "b.evtx", [logon_event(9, host="OTHER")])
    events = [event for event in History([tmp_path]).events() if event.host == "BASTION"]
    assert events == back


def test_a_clock_that_is_set_back_is_set_back_in_every_log(tmp_path: Path) -> None:
    """What one log wrote before the clock was set back comes before what another wrote after it."""
    for name, first in (("a.evtx", 1), ("b.evtx", 2)):
        before, after = range(first, 101, 2), range(100 + first, 201, 2)
        write_evtx(tmp_path / name, [*logon_events(before, hours=2), *logon_events(after)])
    assert [event.record_id for event in History([tmp_path]).events()] == list(range(1, 201))


def test_a_record_in_two_logs_is_given_once(tmp_path: Path) -> None:
    """An archive beside the live log tells nothing twice; another host's equal numbers are its own."""
    write_evtx(tmp_path / "live.evtx", logon_events(range(50, 100)))
    write_evtx(tmp_path / "archive.evtx", logon_events(range(1, 80)))
    write_evtx(tmp_path / "other.evtx", [logon_event(60, host="OTHER")])
    history = History([tmp_path])
    events = list(history.events())
    assert [event.record_id for event in events if event.host == "BASTION"] == list(range(1, 100))
    assert len(events) == 100
    assert history.records == 50 + 79 + 1


def test_a_log_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    """What could not be read is told, and the rest is read."""
    write_evtx(tmp_path / "a.evtx", logon_events(range(1, 36), padding=BIG))
    zero_chunk(tmp_path / "a.evtx", 1)
    (tmp_path / "b.evtx").touch()
    history = History([tmp_path, tmp_path / "c.evtx"])
    events = list(history.events())
    told = [str(loss.what) for loss in history.losses]
    assert any("b.evtx is empty" in words for words in told)
    assert any("no file" in words for words in told)
    assert len(events) + sum(loss.records or 0 for loss in history.losses) == 35


def test_a_single_log_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """With nothing read at all, the reason is the answer."""
    with pytest.raises(Refused, match="There is no file"):
        History([tmp_path / "a.evtx"]).events()


def test_several_logs_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    """With nothing read at all, it is said of all, with one reason."""
    (tmp_path / "a.evtx").touch()
    with pytest.raises(Refused, match=r"None of the 2 logs could be read.*a\.evtx is empty"):
        History([tmp_path, tmp_path / "b.evtx"]).events()


@pytest.mark.rig
def test_progress_goes_from_nothing_to_all(tmp_path: Path) -> None:
    """Whoever watches sees it rise, and end at the end."""
    for name in ("a.evtx", "b.evtx"):
        write_evtx(tmp_path / name, logon_events(range(1, 10_000)))
    seen: list[float] = []
    for _ in History([tmp_path], on_progress=seen.append).events():
        pass
    assert seen == sorted(seen)
    assert 0 < seen[0] < 1
    assert seen[-1] == 1
    assert len(seen) > 3
