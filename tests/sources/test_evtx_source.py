from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logonbell.errors import Refused
from logonbell.event import Event
from logonbell.simulate.damage import cut_last_chunk, spoil_chunk, spoil_record, zero_chunk
from logonbell.simulate.evtx import FILE_HEADER_SIZE, EvtxFile, write_evtx
from logonbell.simulate.record import Record
from logonbell.simulate.system import EVENTLOG, LOCAL_SESSION_MANAGER
from logonbell.source import Loss, Source
from logonbell.sources.evtx import EvtxSource
from made_events import CHUNK, NOON, logon_event, logon_events
from users import as_nobody

LOGONS = {"Security": frozenset({4624, 4625})}
BIG = 4000
"""Padding with which seven events fill a chunk."""


@dataclass
class Follower:
    """Follows a log as the agent does: with the bookmark alone, by a new source at each read."""

    path: Path
    bookmark: str | None = None
    events: list[Event] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    records: int = 0

    def poll(self, *, finished: bool = False) -> list[int]:
        """Read until there is nothing more; give the new record ids."""
        source = EvtxSource(self.path, finished=finished)
        before = len(self.events)
        for _ in range(1000):
            batch = source.read(self.bookmark)
            self.bookmark = batch.bookmark
            self.events += batch.events
            self.losses += batch.losses
            self.records += batch.records
            if not batch.more:
                return [event.record_id for event in self.events[before:]]
        raise AssertionError("A read says for ever that there is more.")

    def told(self) -> list[tuple[str, int | None]]:
        """What was told as lost since it was asked last."""
        losses, self.losses = self.losses, []
        return [(str(loss.what), loss.records) for loss in losses]


def chunk_at(place: int) -> int:
    """Where a chunk begins (0 is the first)."""
    return FILE_HEADER_SIZE + place * CHUNK


def reorder(path: Path, places: Sequence[int]) -> None:
    """Lay the chunks of a file as a ring would have them."""
    data = path.read_bytes()
    chunks = [data[chunk_at(place) : chunk_at(place + 1)] for place in places]
    path.write_bytes(data[:FILE_HEADER_SIZE] + b"".join(chunks))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log of the test will be."""
    return tmp_path / "Security.evtx"


def test_it_is_a_source(path: Path) -> None:
    """The agent can follow an EVTX file like any other source, under a name that stays the same."""
    source: Source = EvtxSource(path)
    assert source.name == EvtxSource(path).name
    assert str(path) in source.name


def test_events_come_as_they_were_written(path: Path) -> None:
    """What a log holds comes out: every part of every event, in order."""
    cleared = Event(
        "Security",
        1102,
        2,
        NOON,
        "BASTION",
        EVENTLOG,
        {"SubjectUserSid": "S-1-5-21-1-2-3-1001", "SubjectUserName": "mori", "SubjectDomainName": "B"},
    )
    session = Event(
        "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
        21,
        3,
        NOON,
        "BASTION",
        LOCAL_SESSION_MANAGER,
        {"User": "B\\mori", "SessionID": "3", "Address": "203.0.113.5"},
        "S-1-5-18",
    )
    written = [logon_event(1), cleared, session]
    write_evtx(path, written)
    batch = EvtxSource(path).read(None)
    assert list(batch.events) == written
    assert (batch.records, batch.newest, batch.more, list(batch.losses)) == (3, 3, False, [])


def test_only_what_is_wanted_is_given_and_all_is_counted(path: Path) -> None:
    """Noise is looked at and counted, but never given."""
    noise = [replace(logon_event(number), event_id=5379) for number in range(1, 100)]
    write_evtx(path, [*noise, logon_event(100)])
    batch = EvtxSource(path, wanted=LOGONS).read(None)
    assert [event.record_id for event in batch.events] == [100]
    assert batch.records == 100


def test_an_event_id_counts_only_in_its_channel(path: Path) -> None:
    """4625 also occurs in the Application log, where it is no failed logon."""
    application = Event("Application", 4625, 1, NOON, "BASTION", "EventSystem", {"param1": "86400"})
    write_evtx(path, [application, replace(logon_event(2), event_id=4625)])
    assert [event.record_id for event in EvtxSource(path, wanted=LOGONS).read(None).events] == [2]


def test_records_without_a_template_are_read(path: Path) -> None:
    """Exported and forwarded logs have records without a template, some with the event id as text."""
    plain = Record(logon_event(1), templated=False)
    as_text = Record(logon_event(2), event_id_as_text=True)
    both = Record(logon_event(3), templated=False, event_id_as_text=True)
    write_evtx(path, [plain, as_text, both])
    batch = EvtxSource(path, wanted=LOGONS).read(None)
    assert list(batch.events) == logon_events(range(1, 4))
    assert not batch.losses


def test_no_name_can_hide_an_event_id(path: Path) -> None:
    """Whatever an attacker calls himself, his logon is seen and nobody else's is made up."""
    name = 'x","EventID":5379,"y":"'
    hostile = replace(logon_event(1), fields={"TargetUserName": name, '"EventID":4624': "z"})
    noise = replace(logon_event(2), event_id=5379, fields={"a": '"EventID":4624', "b": '"EventID":"4624"'})
    write_evtx(path, [hostile, noise])
    batch = EvtxSource(path, wanted=LOGONS).read(None)
    assert [event.fields["TargetUserName"] for event in batch.events] == [name]


def test_batches_are_bounded_and_lose_nothing(path: Path) -> None:
    """A large log comes in pieces, and a process that ends after each piece gets all of it."""
    write_evtx(path, logon_events(range(1, 10_001)))
    bookmark, given, reads = None, [], 0
    more = True
    while more:
        batch = EvtxSource(path).read(bookmark)
        assert len(batch.events) < 7000
        given += [event.record_id for event in batch.events]
        bookmark, more = batch.bookmark, batch.more
        reads += 1
    assert given == list(range(1, 10_001))
    assert reads > 1


def test_one_source_goes_on_from_its_own_bookmarks(path: Path) -> None:
    """A source that stays alive gives the same as one that is made anew for each read."""
    write_evtx(path, logon_events(range(1, 10_001)))
    follower = Follower(path)
    assert follower.poll() == list(range(1, 10_001))
    assert follower.poll() == []
    assert follower.told() == []


@pytest.mark.parametrize("damaged", [False, True])
@given(limits=st.lists(st.integers(1, 12), min_size=1, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12)
def test_a_limit_cuts_anywhere_and_loses_nothing(path: Path, damaged: bool, limits: list[int]) -> None:
    """Read in portions of any size, a log gives what it gives at once, and the same losses."""
    name = path.with_name(f"{damaged}.evtx")
    if not name.exists():
        write_evtx(
            name,
            [
                replace(event, event_id=4624 + event.record_id % 3)
                for event in logon_events(range(1, 36), padding=BIG)
            ],
        )
        if damaged:
            spoil_record(name, 1, 3)
            zero_chunk(name, 3)
    whole = EvtxSource(name, wanted=LOGONS, finished=True).read(None)
    events: list[Event] = []
    bookmark, lost, records, more = None, 0, 0, True
    source = EvtxSource(name, wanted=LOGONS, finished=True)
    while more:
        limit = limits[len(events) % len(limits)]
        batch = source.read(bookmark, limit)
        assert len(batch.events) <= limit
        events += batch.events
        records += batch.records
        lost += sum(loss.records or 0 for loss in batch.losses)
        bookmark, more = batch.bookmark, batch.more
    assert events == list(whole.events)
    assert records == whole.records
    assert lost == sum(loss.records or 0 for loss in whole.losses)


def test_a_growing_log_gives_each_record_once(path: Path) -> None:
    """What is appended between two reads is given by the second, across chunks too."""
    follower = Follower(path)
    with EvtxFile(path) as log:
        assert follower.poll() == []
        number = 1
        for size in (1, 1, 3, 0, 200, 1, 500):
            log.append(*logon_events(range(number, number + size)))
            assert follower.poll() == list(range(number, number + size))
            number += size
    assert follower.poll() == []
    assert follower.told() == []


def test_records_beyond_the_header_are_read(path: Path) -> None:
    """The header of a live log is late by hours: reading goes to the end of the file."""
    log = EvtxFile(path, stale_header=True)
    log.append(*logon_events(range(1, 50), padding=BIG))
    log.abandon()
    follower = Follower(path)
    assert follower.poll() == list(range(1, 50))
    assert follower.told() == []


def test_records_that_the_chunk_does_not_count_yet_are_read(path: Path) -> None:
    """A log copied from a running machine has whole records behind what its last chunk's header counts."""
    log = EvtxFile(path, stale_header=True)
    log.append(logon_event(1))
    early = path.read_bytes()[chunk_at(0) : chunk_at(0) + 512]
    log.append(*logon_events(range(2, 6)))
    log.abandon()
    write_at(path, chunk_at(0), early)
    assert EvtxSource(path, finished=True).read(None).records == 5
    source = EvtxSource(path)
    first = source.read(None)
    second = source.read(first.bookmark)
    assert (first.unsettled, second.unsettled) == (True, False)
    follower = Follower(path)
    assert follower.poll() == [1]
    assert follower.poll() == [2, 3, 4, 5]
    assert follower.told() == []


def test_what_a_used_chunk_keeps_of_old_is_not_taken_for_new(path: Path) -> None:
    """Behind its free space a chunk of a ring holds records of a former round; they do not come back."""
    write_evtx(path, logon_events(range(1, 8)))
    old = path.read_bytes()[chunk_at(0) :]
    write_evtx(path, logon_events(range(500, 503), hours=9))
    data = bytearray(path.read_bytes())
    (free,) = struct.unpack_from("<I", data, chunk_at(0) + 48)
    data[chunk_at(0) + free :] = old[free:]
    path.write_bytes(data)
    follower = Follower(path)
    assert follower.poll(finished=True) == [500, 501, 502]
    assert follower.told() == []


def test_a_ring_is_read_in_the_order_it_was_written(path: Path) -> None:
    """In a log of fixed size the newest chunk may stand in front of the oldest."""
    write_evtx(path, logon_events(range(1, 36), padding=BIG))
    reorder(path, [3, 4, 0, 1, 2])
    follower = Follower(path)
    assert follower.poll() == list(range(1, 36))
    assert follower.told() == []


def test_a_ring_that_wraps_is_followed(path: Path, tmp_path: Path) -> None:
    """When the oldest chunk is overwritten by the newest, reading goes on there and nothing is lost."""
    whole = tmp_path / "whole.evtx"
    write_evtx(whole, logon_events(range(1, 36), padding=BIG))
    first_ids = first_records(whole)
    follower = Follower(path)
    for rounds in range(3, len(first_ids) + 1):
        places = list(range(rounds))
        ring = [max(place for place in places if place % 3 == slot) for slot in range(3)]
        path.write_bytes(whole.read_bytes())
        reorder(path, ring)
        follower.poll()
    assert [event.record_id for event in follower.events] == list(range(1, 36))
    assert follower.told() == []


def test_a_ring_that_overtakes_its_reader_is_told(path: Path) -> None:
    """Records that were overwritten before they were read are counted, and the rest is read."""
    write_evtx(path, logon_events(range(1, 8), padding=BIG))
    follower = Follower(path)
    follower.poll()
    write_evtx(path, logon_events(range(1, 36), padding=BIG))
    first = first_records(path)[2]
    reorder(path, [3, 4, 2])
    assert follower.poll() == list(range(first, 36))
    ((words, records),) = follower.told()
    assert records == first - 8
    assert "overwritten" in words


def test_a_replaced_log_starts_again(path: Path) -> None:
    """Another log at the same path is read from its start, although its numbers were seen before."""
    write_evtx(path, logon_events(range(1, 50)))
    follower = Follower(path)
    follower.poll()
    write_evtx(path, logon_events(range(1, 80), hours=24))
    assert follower.poll() == list(range(1, 80))
    ((words, records),) = follower.told()
    assert "no longer the log" in words
    assert records is None
    assert follower.poll() == []
    assert follower.told() == []


def test_a_copy_of_the_same_log_that_went_on_is_recognised(path: Path) -> None:
    """A log that a copying tool replaces by a longer copy of itself is not read twice."""
    write_evtx(path, logon_events(range(1, 50)))
    follower = Follower(path)
    follower.poll()
    path.unlink()
    write_evtx(path, logon_events(range(1, 80)))
    assert follower.poll() == list(range(50, 80))
    assert follower.told() == []


def test_a_log_of_another_time_is_not_taken_for_the_same(path: Path) -> None:
    """Higher numbers of an older time are another log: nobody is told that records were overwritten."""
    write_evtx(path, logon_events(range(1, 50), hours=48))
    follower = Follower(path)
    follower.poll()
    write_evtx(path, logon_events(range(500, 510)))
    assert follower.poll() == list(range(500, 510))
    assert ["no longer the log" in words for words, _ in follower.told()] == [True]


def test_a_log_that_shrank_starts_again(path: Path) -> None:
    """An older copy put back over the log is noticed and read; nothing that follows it is skipped."""
    write_evtx(path, logon_events(range(1, 50), padding=BIG))
    follower = Follower(path)
    follower.poll()
    write_evtx(path, logon_events(range(1, 20), padding=BIG))
    assert follower.poll() == list(range(1, 20))
    assert len(follower.told()) == 1
    write_evtx(path, logon_events(range(1, 25), padding=BIG))
    assert follower.poll() == list(range(20, 25))
    assert follower.told() == []


@pytest.mark.parametrize("first", [1, 50])
def test_a_cleared_log_is_read_on(path: Path, first: int) -> None:
    """After a log was cleared its new records are read, whether its numbers go on or begin again."""
    write_evtx(path, logon_events(range(1, 50)))
    follower = Follower(path)
    follower.poll()
    with EvtxFile(path, first_record_id=first) as log:
        follower.poll()
        log.append(*logon_events(range(first, first + 5), hours=3))
        assert follower.poll() == list(range(first, first + 5))
        log.append(*logon_events(range(first + 5, first + 300), hours=3))
        assert follower.poll() == list(range(first + 5, first + 300))


def test_a_log_that_counts_again_in_front_of_old_chunks_is_followed(path: Path) -> None:
    """Where a cleared log leaves its old chunks behind, new records in the first chunk are still found."""
    write_evtx(path, logon_events(range(1, 36), padding=BIG))
    old = path.read_bytes()
    follower = Follower(path)
    follower.poll()
    for count in (2, 4, 6):
        write_evtx(path, logon_events(range(1, 1 + count), padding=BIG, hours=48))
        new = path.read_bytes()
        path.write_bytes(new + old[len(new) :])
        seen = len(follower.events)
        follower.poll()
        fresh = [event.record_id for event in follower.events[seen:] if event.time > NOON.replace(day=6)]
        assert fresh[-2:] == [count - 1, count]
        assert follower.poll() == []


@pytest.mark.parametrize(
    "bookmark",
    ["", "{", "[]", "null", '{"version":2}', '{"record":-1}', "\ud800", '{"place":1e99}', "5" * 9999],
)
def test_a_damaged_bookmark_costs_time_never_a_record(path: Path, bookmark: str) -> None:
    """What cannot be understood as a bookmark means the start, and that is said."""
    write_evtx(path, logon_events(range(1, 50)))
    batch = EvtxSource(path).read(bookmark)
    assert batch.records == 49
    assert ["bookmark is damaged" in str(loss.what) for loss in batch.losses] == [True]


@given(
    place=st.integers(0, 9),
    offset=st.integers(0, 1 << 70),
    record=st.integers(1, 1 << 70),
    time=st.integers(0, 9),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_foreign_bookmark_costs_time_never_a_record(
    path: Path, place: int, offset: int, record: int, time: int
) -> None:
    """A bookmark of another log gives all records."""
    if not path.exists():
        write_evtx(path, logon_events(range(1, 20)))
    bookmark = f'{{"place":{place},"first":1,"offset":{offset},"record":{record},"time":{time}}}'
    batch = EvtxSource(path).read(bookmark)
    assert batch.records == 19
    assert batch.losses


def test_a_clock_that_went_back_behind_a_damaged_chunk_changes_nothing(path: Path) -> None:
    """The numbers give the order, not the times."""
    early, late = logon_events(range(1, 15), padding=BIG, hours=48), logon_events(range(15, 36), padding=BIG)
    follower = Follower(path)
    for count in (7, 14, 21):
        write_evtx(path, [*early, *late[:count]])
        zero_chunk(path, 1)
        follower.poll()
        assert [event.record_id for event in follower.events] == [*range(1, 8), *range(15, 15 + count)]
    assert sum(records or 0 for _, records in follower.told()) == 7


def test_a_zeroed_chunk_is_counted(path: Path) -> None:
    """Zeros in place of a chunk are told with the number of records that are gone, and the rest is read."""
    write_evtx(path, logon_events(range(1, 36), padding=BIG))
    first = first_records(path)
    zero_chunk(path, 1)
    follower = Follower(path)
    given_ids = follower.poll(finished=True)
    assert given_ids == [*range(1, first[1]), *range(first[2], 36)]
    told = follower.told()
    assert sum(records or 0 for _, records in told) == first[2] - first[1]
    assert any("chunk 2" in words for words, _ in told)


def test_zeros_that_were_never_used_are_no_loss(path: Path) -> None:
    """Windows makes a log larger before it needs the space."""
    write_evtx(path, logon_events(range(1, 8)))
    with path.open("ab") as file:
        file.write(bytes(15 * CHUNK))
    follower = Follower(path)
    assert follower.poll(finished=True) == list(range(1, 8))
    assert follower.told() == []


def test_a_chunk_without_its_header_is_still_read(path: Path) -> None:
    """A chunk whose header is damaged is told, and its records are read all the same."""
    write_evtx(path, logon_events(range(1, 36), padding=BIG))
    spoil_chunk(path, 1)
    follower = Follower(path)
    assert follower.poll(finished=True) == list(range(1, 36))
    assert follower.told() == [("The header of chunk 2 is damaged.", None)]


def test_a_wrong_checksum_is_told(path: Path) -> None:
    """A changed byte within a record does not pass in silence."""
    write_evtx(path, logon_events(range(1, 36), padding=BIG))
    write_at(path, chunk_at(1) + 3000, b"\x41")
    follower = Follower(path)
    assert follower.poll(finished=True) == list(range(1, 36))
    (told,) = follower.told()
    assert "checksum of chunk 2" in told[0]


@pytest.mark.parametrize("place", [0, 3, 6])
def test_a_damaged_record_costs_itself_alone(path: Path, place: int) -> None:
    """One record that cannot be rendered is one loss; those around it are read."""
    write_evtx(path, logon_events(range(1, 36), padding=BIG))
    spoil_record(path, 1, place)
    first = first_records(path)[1]
    follower = Follower(path)
    given_ids = follower.poll(finished=True)
    # The first record of a chunk may define the template of those behind it: they are lost with it.
    assert set(given_ids) >= {*range(1, first), *range(first + 7, 36)}
    assert first + place not in given_ids
    if place:
        assert len(given_ids) == 34
    assert sum(records or 0 for _, records in follower.told()) == 35 - len(given_ids)


@pytest.mark.parametrize("place", [0, 3, 6])
@pytest.mark.parametrize(
    "spoil", [b"XXXX", b"**\0\0\xff\xff\xff\x7f", b"**\0\0\0\0\0\0", b"**\0\0\x20\0\0\0"]
)
def test_a_damaged_record_header_costs_itself_alone(path: Path, spoil: bytes, place: int) -> None:
    """Reading finds the next record behind one whose header is broken, where other readers give up the chunk."""
    write_evtx(path, logon_events(range(1, 36), padding=BIG))
    at = chunk_at(1) + 512
    for _ in range(place):
        at += struct.unpack_from("<I", path.read_bytes(), at + 4)[0]
    first = first_records(path)[1]
    write_at(path, at, spoil)
    follower = Follower(path)
    assert follower.poll(finished=True) == [number for number in range(1, 36) if number != first + place]
    assert sum(records or 0 for _, records in follower.told()) == 1


def test_damage_is_told_once_to_who_follows(path: Path) -> None:
    """A follower hears of each damage one time, not at every poll and not again for what comes later."""
    log = EvtxFile(path)
    log.append(*logon_events(range(1, 36), padding=BIG))
    zero_chunk(path, 1)
    spoil_chunk(path, 2)
    spoil_record(path, 4, 2)
    follower = Follower(path)
    for _ in range(4):
        follower.poll()
    told = follower.told()
    assert len(told) == len(set(told))
    assert sum(records or 0 for _, records in told) + len(follower.events) == 35
    log.append(*logon_events(range(36, 70), padding=BIG))
    log.close()
    for _ in range(3):
        follower.poll()
    assert {event.record_id for event in follower.events} >= {*range(43, 70)}
    assert not any("chunk 2" in words for words, _ in follower.told())


@pytest.mark.parametrize("keep", [65000, 40000, 10000, 4000, 600, 30, 1])
def test_a_cut_off_chunk_gives_what_is_whole_and_tells_the_rest(path: Path, keep: int) -> None:
    """Every other reader drops a truncated last chunk without a word; here every record is given or counted."""
    write_evtx(path, logon_events(range(1, 36), padding=BIG))
    cut_last_chunk(path, keep)
    follower = Follower(path)
    given_ids = follower.poll(finished=True)
    assert given_ids == list(range(1, len(given_ids) + 1))
    told = follower.told()
    assert sum(records or 0 for _, records in told) == 35 - len(given_ids)
    assert bool(told) == (len(given_ids) < 35)
    assert follower.poll(finished=True) == []
    assert follower.told() == []


def test_a_missing_number_is_a_loss(path: Path) -> None:
    """A gap in the numbers of the records' headers says that records are gone."""
    write_evtx(path, logon_events([1, 2, 5, 6]))
    follower = Follower(path)
    assert follower.poll() == [1, 2, 5, 6]
    assert follower.told() == [("2 records (3 to 4) are missing or damaged.", 2)]


def test_what_is_left_from_another_time_makes_no_gap(path: Path) -> None:
    """Records with foreign numbers in a damaged chunk are given, and only what they replaced is missing."""
    write_evtx(path, logon_events(range(1, 15), padding=BIG))
    data = path.read_bytes()
    for place in (5, 6, 7):
        write_at(path, record_offset(data, place) + 8, struct.pack("<Q", 900 + place))
    follower = Follower(path)
    assert follower.poll() == list(range(1, 15))
    told = follower.told()
    assert sum(records or 0 for _, records in told) == 3
    assert len(told) == 2


def test_many_gaps_are_told_in_one_sentence(path: Path) -> None:
    """A log full of holes does not answer with a thousand lines; the records are counted all the same."""
    write_evtx(path, logon_events(range(1, 2000, 2)))
    follower = Follower(path)
    assert len(follower.poll()) == 1000
    assert follower.told() == [("999 records between 2 and 1998 are missing or damaged, in 999 gaps.", 999)]


def test_the_gaps_of_an_exported_log_are_none(path: Path) -> None:
    """An exported log holds a choice of records; the numbers in their headers go on without a gap."""
    with EvtxFile(path, exported=True) as log:
        log.append(*logon_events([7, 900, 5000]))
    follower = Follower(path)
    assert follower.poll() == [7, 900, 5000]
    assert follower.told() == []


def test_a_record_that_cannot_be_understood_is_a_loss_of_one(path: Path) -> None:
    """A record without the parts that make an event is counted, and its neighbours are read."""
    middle = replace(logon_event(2), channel="")
    write_evtx(path, [logon_event(1), middle, logon_event(3)])
    data = path.read_bytes()
    time = struct.pack("<Q", struct.unpack_from("<Q", data, record_offset(data, 2) + 16)[0])
    body = data.index(time, record_offset(data, 2) + 24)
    write_at(path, body, b"\xff" * 8)
    follower = Follower(path)
    assert follower.poll(finished=True) == [1, 3]
    assert ("A record could not be understood.", 1) in follower.told()


def test_no_warning_of_the_parser_escapes(path: Path) -> None:
    """The package warns of what it skips; here that is a loss, whatever the process does with warnings."""
    write_evtx(path, logon_events(range(1, 20)))
    spoil_record(path, 0, 5)
    for action in ("error", "always"):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter(action)
            batch = EvtxSource(path, finished=True).read(None)
        assert not caught
        assert batch.records == 18


def test_an_empty_log_is_no_error(path: Path) -> None:
    """A log without records is read, and gives none."""
    write_evtx(path, [])
    follower = Follower(path)
    assert follower.poll() == []
    assert follower.told() == []
    path.write_bytes(path.read_bytes()[:FILE_HEADER_SIZE])
    assert follower.poll() == []


REFUSALS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "nothing": (lambda _: None, "There is no file"),
    "folder": (lambda path: path.mkdir(), "is a folder"),
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "text": (lambda path: path.write_text("<Event/>" * 9999), "is not an EVTX file"),
    "short text": (lambda path: path.write_text("<Ev"), "is not an EVTX file"),
    "start of header": (lambda path: path.write_bytes(b"ElfFi"), "is cut off before its first record"),
    "header": (lambda path: shorten(path, FILE_HEADER_SIZE), "is cut off before its first record"),
    "chunk header": (lambda path: shorten(path, chunk_at(0) + 300), "is cut off before its first record"),
    "part of a record": (lambda path: shorten(path, chunk_at(0) + 700), "is cut off before its first record"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_is_no_log_is_refused_in_one_sentence(path: Path, case: str) -> None:
    """A person is told what is wrong with the file and what to do."""
    make, words = REFUSALS[case]
    make(path)
    with pytest.raises(Refused) as refused:
        EvtxSource(path).read(None)
    assert words in str(refused.value.what)
    assert str(path) in str(refused.value.what)
    assert refused.value.hint is not None


def test_a_path_that_cannot_be_is_refused(path: Path) -> None:
    """NUL in a path is no file, and a pipe is not waited for."""
    with pytest.raises(Refused, match="no file"):
        EvtxSource("a\0b").read(None)
    if hasattr(os, "mkfifo"):
        os.mkfifo(path)
        with pytest.raises(Refused, match="not a regular file"):
            EvtxSource(path).read(None)


def test_a_log_without_permission_is_refused(path: Path) -> None:
    """Who may not read the log is told so."""
    write_evtx(path, logon_events([1]))
    path.chmod(0)
    with as_nobody(path.parent), pytest.raises(Refused, match="may not be read"):
        EvtxSource(path).read(None)


class Tape:
    """A file that takes down what is done to it: where, and the bytes, None for a new size."""

    def __init__(self) -> None:
        self.at = 0
        self.done: list[tuple[int, bytes | None]] = []

    def seek(self, at: int) -> None:
        """Go to a place."""
        self.at = at

    def write(self, data: bytes) -> None:
        """Take down bytes."""
        self.done.append((self.at, bytes(data)))

    def truncate(self, size: int) -> None:
        """Take down a size."""
        self.done.append((size, None))

    def flush(self) -> None:
        """Keep nothing back."""


def tape_of(path: Path, sizes: Sequence[int], padding: int) -> list[tuple[int, bytes | None]]:
    """Take down how a log is written, in appends of these sizes; the file stays as it was at the beginning."""
    log = EvtxFile(path)
    file: Any = log._file
    tape: Any = Tape()
    log._file = tape
    number = 1
    for size in sizes:
        log.append(*logon_events(range(number, number + size), padding=padding))
        number += size
    file.close()
    return list(tape.done)


@given(
    sizes=st.lists(st.integers(1, 12), min_size=1, max_size=6),
    padding=st.sampled_from([0, 300, BIG, 6000]),
    piece=st.sampled_from([512, 4096, 100_000]),
    between=st.integers(1, 5),
)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_log_read_in_the_middle_of_a_write_gives_each_record_once(
    path: Path, sizes: list[int], padding: int, piece: int, between: int
) -> None:
    """At whatever byte a writer is seen: no record is lost, given twice, given half, or told as lost."""
    follower = Follower(path)
    steps = 0
    for at, data in tape_of(path, sizes, padding):
        if data is None:
            with path.open("r+b") as file:
                file.truncate(at)
            continue
        for start in range(0, len(data), piece):
            write_at(path, at + start, data[start : start + piece])
            steps += 1
            if steps % between == 0:
                follower.poll()
    follower.poll()
    assert follower.events == logon_events(range(1, sum(sizes) + 1), padding=padding)
    assert follower.told() == []


@given(size=st.integers(1, 6), padding=st.sampled_from([300, BIG]), order=st.randoms(use_true_random=False))
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_that_arrive_in_any_order_do_not_lose_a_record(
    path: Path, size: int, padding: int, order: random.Random
) -> None:
    """A cache may show the end of a write before its beginning: nothing half is given, nothing whole is lost."""
    follower = Follower(path)
    for at, data in tape_of(path, [size, size], padding):
        if data is None:
            with path.open("r+b") as file:
                file.truncate(at)
            continue
        pages = list(range(0, len(data), 512))
        order.shuffle(pages)
        for start in pages:
            write_at(path, at + start, data[start : start + 512])
            if order.random() < 0.3:
                follower.poll()
    follower.poll()
    follower.poll()
    assert follower.events == logon_events(range(1, 2 * size + 1), padding=padding)


def test_a_writer_that_halts_before_a_header_is_no_damage(path: Path) -> None:
    """However long a writer takes between a chunk's records and its header, the records ring and no damage is told."""
    follower = Follower(path)
    tape = tape_of(path, [7, 1], BIG)
    header = max(number for number, (at, _) in enumerate(tape) if at == chunk_at(1))
    for at, data in tape[:header]:
        if data is None:
            with path.open("r+b") as file:
                file.truncate(at)
        else:
            write_at(path, at, data)
    for _ in range(5):
        follower.poll()
    assert [event.record_id for event in follower.events] == list(range(1, 9))
    assert follower.told() == []
    reader = Follower(path)
    reader.poll(finished=True)
    assert reader.told() == [("The header of chunk 2 is damaged.", None)]


WRITER = """
import sys
sys.path.insert(0, sys.argv[2])
from made_events import logon_events
from logonbell.simulate.evtx import EvtxFile
with EvtxFile(sys.argv[1]) as log:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(1, 6001, 20):
        log.append(*logon_events(range(number, number + 20), padding=number % 700))
"""


def test_a_log_that_another_process_writes_gives_each_record_once(path: Path) -> None:
    """Polled as fast as can be while it is written, a log gives every record once and in order."""
    command = [sys.executable, "-c", WRITER, str(path), str(Path(__file__).parents[1])]
    follower = Follower(path)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdin
        assert writer.stdout
        writer.stdout.readline()
        writer.stdin.write("\n")
        writer.stdin.close()
        polls = 0
        while writer.poll() is None:
            polls += 1
            follower.poll()
    assert writer.returncode == 0
    follower.poll()
    assert [event.record_id for event in follower.events] == list(range(1, 6001))
    assert follower.told() == []
    assert polls


@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mutated_files_are_read_or_refused(path: Path, data: st.DataObject) -> None:
    """Whatever is done to the bytes of a log, reading it ends, and raises nothing but ``Refused``."""
    good = path.with_suffix(".good")
    if not good.exists():
        write_evtx(good, logon_events(range(1, 20), padding=BIG))
    mutated = bytearray(good.read_bytes())
    places = st.one_of(
        st.integers(0, 200), st.integers(4096, 4800), st.integers(69632, 70200), st.integers(0, len(mutated))
    )
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(places)
        kind = data.draw(st.sampled_from(["flip", "zero", "cut", "remove", "repeat"]))
        length = data.draw(st.integers(1, 70_000))
        if kind == "flip":
            noise = data.draw(st.binary(min_size=1, max_size=16))
            mutated[at : at + len(noise)] = noise
        elif kind == "zero":
            mutated[at : at + length] = bytes(len(mutated[at : at + length]))
        elif kind == "cut":
            del mutated[at:]
        elif kind == "remove":
            del mutated[at : at + length]
        else:
            mutated[at:at] = mutated[at : at + length]
    path.write_bytes(mutated)
    for finished in (True, False):
        follower = Follower(path)
        try:
            for _ in range(4):
                follower.poll(finished=finished)
            assert follower.poll(finished=finished) == []
        except Refused:
            continue


def write_at(path: Path, at: int, data: bytes) -> None:
    """Overwrite bytes of a file."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def shorten(path: Path, size: int) -> None:
    """Leave so much of a log with one record."""
    write_evtx(path, logon_events([1]))
    os.truncate(path, size)


def first_records(path: Path) -> list[int]:
    """The first record number of each chunk."""
    data = path.read_bytes()
    return [struct.unpack_from("<Q", data, at + 24)[0] for at in range(chunk_at(0), len(data), CHUNK)]


def record_offset(data: bytes, place: int) -> int:
    """Where the record at this place (1 is the first) of the first chunk begins."""
    at = chunk_at(0) + 512
    for _ in range(place - 1):
        at += struct.unpack_from("<I", data, at + 4)[0]
    return at
