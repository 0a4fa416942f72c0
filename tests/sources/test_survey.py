from __future__ import annotations

from pathlib import Path

import pytest

from logonbell.simulate.evtx import FILE_HEADER_SIZE, write_evtx
from logonbell.source import Loss
from logonbell.sources.bookmark import Bookmark
from logonbell.sources.reading import Reading
from logonbell.sources.record import event_of
from logonbell.sources.survey import LogFile, opened, survey
from made_events import CHUNK, logon_events

BIG = 4000


class ChangingLog(LogFile):
    """A log that a writer changes in one moment: after so many reads."""

    def __init__(self, before: bytes, after: bytes, reads: int) -> None:
        self.header = before[:FILE_HEADER_SIZE]
        self.identity = (1, 1)
        self._states = (before, after)
        self._reads = reads

    @property
    def _now(self) -> bytes:
        return self._states[self._reads <= 0]

    @property
    def size(self) -> int:
        """How many bytes there are now."""
        return len(self._now)

    def read(self, at: int, size: int) -> bytes:
        """Read from the file as it is now."""
        data = self._now[at : at + size]
        self._reads -= 1
        return data


def follow(log: LogFile, mark: Bookmark) -> tuple[list[int], Bookmark, list[Loss]]:
    """Read what is new: record ids, the bookmark behind them, and what was told."""
    found = survey(log)
    assert found
    reading = Reading("log", log, found, mark, [], finished=False)
    reading.find_start()
    while reading.take_chunk():
        pass
    events = [event for text in reading.texts if (event := event_of(text))]
    return [event.record_id for event in events], reading.bookmark(), reading.losses


def states(path: Path, *counts: int) -> list[bytes]:
    """Give a log with so many records, at each of its states as large as at the last."""
    contents = []
    for count in counts:
        write_evtx(path, logon_events(range(1, count + 1), padding=BIG))
        contents.append(path.read_bytes())
    return [content.ljust(len(contents[-1]), b"\0") for content in contents]


@pytest.mark.parametrize("reads", range(24))
@pytest.mark.parametrize(("early", "late"), [(0, 3), (3, 5), (3, 7), (3, 8), (7, 8), (10, 28), (8, 60)])
def test_a_log_that_grows_while_it_is_surveyed_loses_nothing(
    tmp_path: Path, early: int, late: int, reads: int
) -> None:
    """A chunk that is finished behind the reader's back, with the next one begun before its eyes, is read whole."""
    before, after = states(tmp_path / "log.evtx", early, late)
    given: list[int] = []
    told: list[Loss] = []
    mark = Bookmark()
    for log in (
        ChangingLog(before, before, 0),
        ChangingLog(before, after, reads),
        ChangingLog(after, after, 0),
    ):
        for _ in range(2):
            new, mark, losses = follow(log, mark)
            given += new
            told += losses
    assert given == list(range(1, late + 1))
    assert told == []


@pytest.mark.parametrize("reads", range(12))
def test_a_ring_that_wraps_while_it_is_read_tells_what_it_took(tmp_path: Path, reads: int) -> None:
    """A chunk that is overwritten between the look at its header and the reading is not taken for what it was."""
    (whole,) = states(tmp_path / "log.evtx", 28)
    header = whole[:FILE_HEADER_SIZE]
    chunks = [whole[at : at + CHUNK] for at in range(FILE_HEADER_SIZE, len(whole), CHUNK)]
    before = header + b"".join(chunks[:3])
    after = header + b"".join([chunks[3], *chunks[1:3]])
    given: list[int] = []
    told: list[Loss] = []
    mark = Bookmark(promised=28)
    for log in (
        ChangingLog(before, after, reads),
        ChangingLog(after, after, 0),
        ChangingLog(after, after, 0),
    ):
        new, mark, losses = follow(log, mark)
        given += new
        told += losses
    assert given[-21:] == list(range(8, 29))
    assert given == sorted(set(given))
    assert len(given) + sum(loss.records or 0 for loss in told) in {21, 28}
    assert not any("no longer" in str(loss.what) for loss in told)


def test_a_survey_gives_up_on_a_log_that_never_holds_still(tmp_path: Path) -> None:
    """Where holes come and go at every look, nothing is believed."""

    class Flickering(ChangingLog):
        looks = 0

        def read(self, at: int, size: int) -> bytes:
            place = (at - FILE_HEADER_SIZE) // CHUNK
            self.looks += place == 0
            return bytes(size) if place == self.looks % 3 + 1 else super().read(at, size)

    path = tmp_path / "log.evtx"
    write_evtx(path, logon_events(range(1, 36), padding=BIG))
    data = path.read_bytes()
    assert survey(Flickering(data, data, 0)) is None


def test_chunks_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    """Whatever order the file has, the survey gives the order of writing, in one run where no number is missing."""
    path = tmp_path / "log.evtx"
    write_evtx(path, logon_events(range(1, 36), padding=BIG))
    data = path.read_bytes()
    chunks = [data[at : at + CHUNK] for at in range(FILE_HEADER_SIZE, len(data), CHUNK)]
    path.write_bytes(data[:FILE_HEADER_SIZE] + b"".join(chunks[2:] + chunks[:2]))
    with opened(path) as log:
        found = survey(log)
    assert found
    assert [chunk.place for chunk in found.chunks] == [3, 4, 0, 1, 2]
    assert len(found.runs) == 1
    assert not found.spoilt
