from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from evtx import PyEvtxParser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from days import Day, days
from logonbell.event import Event
from logonbell.recognise.noise import HALLMARKS, hallmark_of
from logonbell.recognise.past import recognise
from logonbell.recognise.recogniser import Recogniser
from logonbell.recognise.windows import WANTED
from logonbell.simulate.day import play_day
from logonbell.simulate.evtx import write_evtx
from logonbell.sources.choice import Choice
from logonbell.sources.evtx import EvtxSource
from logonbell.sources.record import event_of
from made_events import NOON

SECURITY = "Microsoft-Windows-Security-Auditing"
SERVICE = {"TargetUserSid": "S-1-5-18", "TargetUserName": "SYSTEM", "LogonType": 5}
PERSON = {"TargetUserSid": "S-1-5-21-1-2-3-1001", "TargetUserName": "mori", "LogonType": 10}


def text_of(data: dict[str, Any], event_id: Any = 4624, provider: str = SECURITY, **system: Any) -> str:
    """Write a record as the EVTX library does."""
    block = {
        "Provider": {"#attributes": {"Name": provider}},
        "EventID": event_id,
        "TimeCreated": {"#attributes": {"SystemTime": "2026-05-04T12:00:00.123456Z"}},
        "EventRecordID": 7,
        "Channel": "Security",
        "Computer": "BASTION",
        **system,
    }
    return json.dumps({"Event": {"System": block, "EventData": data}}, separators=(",", ":"))


def kept(*texts: str) -> list[str]:
    """Give those that are worth parsing."""
    return Choice(WANTED, HALLMARKS).sift(texts)[0]


@pytest.mark.parametrize(
    "value", [4624, "4624", {"#text": 4624}, {"#attributes": {"Qualifiers": 16384}, "#text": "4624"}]
)
def test_every_form_of_an_event_id_is_seen(value: Any) -> None:
    """A number, a text, either with attributes: it is chosen without being parsed."""
    record = text_of(PERSON, value)
    assert Choice({"Security": frozenset({4624})}, {}).sift([record, record]) == ([record, record], None)
    assert Choice({"Security": frozenset({462, 624, 46240})}, {}).sift([record]) == ([], None)


def test_a_record_whose_id_cannot_be_seen_is_kept() -> None:
    """What only parsing can tell is left to parsing, never left out."""
    odd = ["{}", '{"EventID":null}', "", '"TimeCreated"']
    assert kept(*odd) == odd


@pytest.mark.parametrize(
    ("data", "event_id"),
    [
        (SERVICE, 4624),
        ({**PERSON, "LogonType": 5}, 4624),
        ({**PERSON, "LogonType": "5"}, 4624),
        ({**SERVICE, "LogonType": 3}, 4624),
        ({**PERSON, "TargetUserSid": "S-1-5-90-0-1", "LogonType": 2}, 4624),
        ({"SubjectUserSid": "S-1-5-18"}, 4672),
        ({"TargetUserSid": "S-1-5-7"}, 4634),
        ({"TargetUserSid": "S-1-5-19"}, 4627),
        ({"TargetUserSid": "S-1-5-20"}, 4964),
    ],
)
def test_noise_is_left_out(data: dict[str, Any], event_id: int) -> None:
    """Services and the machine's own accounts are noise, whatever record tells of them."""
    record = text_of(data, event_id)
    assert Choice(WANTED, HALLMARKS).sift([record]) == ([], record)


@pytest.mark.parametrize(
    ("data", "event_id"),
    [
        (PERSON, 4624),
        ({**SERVICE, "LogonType": 0}, 4624),
        ({**SERVICE, "LogonType": "0"}, 4624),
        ({**PERSON, "LogonType": 50}, 4624),
        ({**PERSON, "TargetUserSid": "S-1-5-180"}, 4624),
        ({**PERSON, "TargetUserName": '"LogonType":5,"TargetUserSid":"S-1-5-18"'}, 4624),
        ({**PERSON, "WorkstationName": "S-1-5-18", "SubjectUserSid": "S-1-5-18"}, 4624),
        ({"TargetUserSid": "S-1-5-18", "SubjectUserSid": "S-1-5-21-1-2-3-500"}, 4672),
        (SERVICE, 4625),
        ({}, 4624),
    ],
)
def test_what_may_be_somebodys_is_kept(data: dict[str, Any], event_id: int) -> None:
    """The start of Windows, a name that imitates noise, a SID that only begins alike: all of it is parsed."""
    record = text_of(data, event_id)
    assert kept(record) == [record]


def test_only_the_writer_of_the_security_log_is_left_out() -> None:
    """Another provider may use the same event id and names."""
    record = text_of(SERVICE, provider="Anybody")
    assert kept(record, record) == [record, record]


def test_many_kinds_of_records_are_told_apart() -> None:
    """More beginnings of records than are known at once change nothing."""
    records = [
        text_of(data, Version=number, TimeCreated={"#attributes": {"SystemTime": "2026-05-04T12:00:00Z"}})
        for number in range(1500)
        for data in (SERVICE, PERSON)
    ]
    assert len(kept(*records, *records)) == 3000


def test_the_text_and_the_recogniser_agree(tmp_path: Path) -> None:
    """Of a whole day, exactly those records are left out of which the recogniser makes nothing by their hallmark."""
    log = tmp_path / "Security.evtx"
    day = play_day(NOON, Random(3))  # noqa: S311 - repeatable, not secret
    write_evtx(log, [event for event in day if event.channel == "Security"])
    records: Any = PyEvtxParser(str(log)).records_json()
    texts = [record["data"] for record in records]
    events = {text: event for text in texts if (event := event_of(text)) is not None}
    worth = [
        text
        for text in texts
        if events[text].event_id in WANTED["Security"] and hallmark_of(events[text]) is None
    ]
    assert kept(*texts) == worth
    assert len(worth) < len(texts) / 4


def sifted(events: Sequence[Event], ends: set[int]) -> list[Event]:
    """Leave noise out as a source does whose batches end at ``ends``: the last of it tells how far the log has come."""
    given: list[Event] = []
    behind: Event | None = None
    for place, event in enumerate(events, 1):
        noise = hallmark_of(event) is not None
        behind = event if noise else None
        if not noise:
            given.append(event)
        if behind is not None and (place in ends or place == len(events)):
            given.append(behind)
    return given


@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(days(), st.data())
def test_what_is_left_out_changes_nothing(day: Day, data: st.DataObject) -> None:
    """A day without its noise tells what the whole day tells, wherever the batches end and the reading was cut."""
    events = day.events
    whole = recognise(events)
    ends = data.draw(st.sets(st.integers(1, len(events) + 1)), label="ends")
    given = sifted(events, ends)
    cuts = data.draw(st.sets(st.integers(0, len(given))), label="cuts")
    assert recognise(given) == whole
    assert recognise(given, _Cut(cuts)) == whole


class _Cut(Recogniser):
    """Is stopped and taken up again before the events at these places."""

    def __init__(self, cuts: set[int]) -> None:
        super().__init__()
        self._places, self._fed = cuts, 0

    def feed(self, event: Event) -> Any:
        if self._fed in self._places:
            self.__dict__.update(
                {**vars(Recogniser.restore(self.snapshot())), "_places": self._places, "_fed": self._fed}
            )
        self._fed += 1
        return super().feed(event)


def test_a_batch_that_ends_with_noise_tells_how_far_the_log_has_come(tmp_path: Path) -> None:
    """Noise is counted, and of what stands at the end of a batch the last one is given."""
    log = tmp_path / "Security.evtx"
    day = [event for event in play_day(NOON, Random(3)) if event.channel == "Security"]  # noqa: S311 - as above
    write_evtx(log, day)
    batch = EvtxSource(log, wanted=WANTED, noise=HALLMARKS, finished=True).read(None)
    read = [event for event in day if event.event_id in WANTED["Security"]]
    given = [event.record_id for event in batch.events]
    assert batch.records == len(day)
    assert given == [event.record_id for event in sifted(read, set())]
    assert given[-1] == read[-1].record_id


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
def test_a_limit_counts_the_last_of_the_noise(tmp_path: Path, limit: int) -> None:
    """Reading with a limit gives what reading without it gives, and never more at once."""
    log = tmp_path / "Security.evtx"
    day = [event for event in play_day(NOON, Random(3)) if event.channel == "Security"]  # noqa: S311 - as above
    write_evtx(log, day[:400])
    source = EvtxSource(log, wanted=WANTED, noise=HALLMARKS, finished=True)
    whole = source.read(None).events
    given: list[Event] = []
    bookmark, records, more = None, 0, True
    while more:
        batch = source.read(bookmark, limit)
        assert len(batch.events) <= limit
        given += batch.events
        bookmark, more, records = batch.bookmark, batch.more, records + batch.records
    assert records == 400
    assert [event for event in given if hallmark_of(event) is None] == [
        event for event in whole if hallmark_of(event) is None
    ]
    assert given[-1] == whole[-1]
