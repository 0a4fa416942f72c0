from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_eventlog import xml_of
from logonbell.event import Event
from logonbell.query import CLAUSES, query_for
from logonbell.recognise.windows import WANTED
from logonbell.sources.rendered import event_of_xml

TIME = datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)
EVENT = Event(
    "Security",
    4624,
    77,
    TIME,
    "BASTION",
    "Microsoft-Windows-Security-Auditing",
    {"LogonType": "10"},
    "S-1-5-18",
)


def test_a_record_becomes_an_event() -> None:
    """Each part of System stands where it belongs."""
    assert event_of_xml(xml_of(EVENT)) == EVENT


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_whatever_a_user_is_called_the_record_is_read(name: str) -> None:
    """Windows writes characters that XML forbids as they are: they cost a sign, not the logon."""
    event = event_of_xml(xml_of(Event("Security", 4624, 1, TIME, "B", "P", {"TargetUserName": name})))
    assert event is not None
    assert len(event.fields["TargetUserName"]) >= len(name.replace("\r\n", "\n"))


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ("<EventData><Data>a</Data><Data>b</Data></EventData>", {"Data1": "a", "Data2": "b"}),
        ("<EventData><Data Name='x'/></EventData>", {"x": ""}),
        ("<UserData><L xmlns='u'><User>a</User><Id>2</Id></L></UserData>", {"User": "a", "Id": "2"}),
        ("<UserData><L><E><User>a</User><Id>2</Id></E></L></UserData>", {"User": "a", "Id": "2"}),
        ("<UserData><L><User>a</User></L></UserData>", {"User": "a"}),
        ("<UserData/>", {}),
        ("", {}),
    ],
)
def test_fields_stand_under_their_names(body: str, fields: dict[str, str]) -> None:
    """EventData and UserData are read as of a file."""
    head = xml_of(EVENT).partition("<EventData>")[0]
    event = event_of_xml(f"{head}{body}</Event>")
    assert event
    assert event.fields == fields


@pytest.mark.parametrize("text", ["", "<Event/>", "<Event", "<!DOCTYPE x>", xml_of(EVENT).replace("77", "x")])
def test_what_is_no_record_is_none(text: str) -> None:
    """It is counted by who asked."""
    assert event_of_xml(text) is None


def test_no_select_asks_for_more_than_windows_takes() -> None:
    """Beyond some 22 comparisons the query is invalid, the time's included."""
    for channel, ids in WANTED.items():
        query = query_for(channel, ids, since=TIME, before=TIME + timedelta(days=1))
        for select in query.split("<Select")[1:]:
            assert select.count("EventID=") + select.count("TimeCreated") <= CLAUSES
        assert all(f"EventID={each}" in query for each in ids)


def test_a_channel_s_name_cannot_break_out_of_the_query() -> None:
    """It comes from the settings, and is quoted."""
    assert '<Select Path="a&lt;&quot;\'">' in query_for("a<\"'", None)
