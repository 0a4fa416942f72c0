from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logonbell.event import Event
from logonbell.sources.record import event_of

PLAIN: dict[str, Any] = {
    "Provider": {"#attributes": {"Name": "Microsoft-Windows-Security-Auditing"}},
    "EventID": 4624,
    "TimeCreated": {"#attributes": {"SystemTime": "2026-05-04T12:00:00.123456Z"}},
    "EventRecordID": 77,
    "Channel": "Security",
    "Computer": "BASTION",
    "Security": None,
}


def text(system: dict[str, Any] | None = None, **parts: Any) -> str:
    """Give a record's JSON, with some of its System block changed."""
    return json.dumps({"Event": {"System": {**PLAIN, **(system or {})}, **parts}})


def read(system: dict[str, Any] | None = None, **parts: Any) -> Event:
    """Read a record that can be understood."""
    event = event_of(text(system, **parts))
    assert event
    return event


def test_a_record_becomes_an_event() -> None:
    """Each part of System stands where it belongs."""
    assert read(EventData={"LogonType": 10}) == Event(
        "Security",
        4624,
        77,
        datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC),
        "BASTION",
        "Microsoft-Windows-Security-Auditing",
        {"LogonType": "10"},
    )


def test_the_account_that_wrote_the_event_is_kept() -> None:
    """System/Security/UserID is the event's sid."""
    assert read({"Security": {"#attributes": {"UserID": "S-1-5-18"}}}).sid == "S-1-5-18"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("0x3e7", "0x3e7"),
        (10, "10"),
        (-5, "-5"),
        (3221226021, "3221226021"),
        (True, "true"),
        (False, "false"),
        (None, ""),
        ("", ""),
        (["a", "b"], "a\nb"),
        ({"#attributes": {"x": "y"}, "#text": "t"}, "t"),
        ({"#attributes": {"x": "y"}}, ""),
        ({"a": "1", "b": 2}, "1\n2"),
        ("\x01\x1b[31m\u202e\n", "\x01\x1b[31m\u202e\n"),
    ],
)
def test_values_become_the_text_of_windows_xml(value: Any, written: str) -> None:
    """Numbers are decimal, hexadecimal stays, null is empty, lists are lines, and no character is lost."""
    assert read(EventData={"field": value}).fields == {"field": written}


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        ({"Data": {"#text": ["a", "b"]}}, {"Data1": "a", "Data2": "b"}),
        ({"Data": {"#text": "a"}}, {"Data1": "a"}),
        ({"Data": ["a", "b"]}, {"Data1": "a", "Data2": "b"}),
        ({"Data": "named"}, {"Data": "named"}),
        ({"#attributes": {"Name": "x"}, "param1": "1"}, {"param1": "1"}),
        ("text", {}),
        (None, {}),
    ],
)
def test_data_without_names_is_numbered(data: Any, fields: dict[str, str]) -> None:
    """Elements without names are Data1, Data2, …; one that is called Data keeps its name."""
    assert read(EventData=data).fields == fields


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (
            {"EventXML": {"#attributes": {"xmlns": "Event_NS"}, "User": "B\\m", "SessionID": 3}},
            {"User": "B\\m", "SessionID": "3"},
        ),
        (
            {"EventXML": {"#attributes": {"xmlns": "Event_NS"}, "listenerName": "RDP-Tcp"}},
            {"listenerName": "RDP-Tcp"},
        ),
        (
            {"n:LogFileCleared": {"n:SubjectUserName": "m", "n:Channel": None}},
            {"SubjectUserName": "m", "Channel": ""},
        ),
        ({"Outer": {"Inner": {"a": "1", "b": "2"}}}, {"a": "1", "b": "2"}),
        ({"EventXML": {"User": {"#attributes": {"x": "y"}, "#text": "m"}}}, {"User": "m"}),
        ({"ServiceShutdown": {"#attributes": {"xmlns": "x"}}}, {}),
        ({}, {}),
    ],
)
def test_user_data_gives_its_innermost_element(data: Any, fields: dict[str, str]) -> None:
    """The element within UserData has the fields; namespaces do not matter."""
    assert read(UserData=data).fields == fields


@pytest.mark.parametrize(
    "value", [4624, "4624", {"#text": 4624}, {"#attributes": {"Qualifiers": 16384}, "#text": "4624"}]
)
def test_every_form_of_an_event_id_is_read(value: Any) -> None:
    """A number, a text, either with attributes: it is read the same."""
    assert read({"EventID": value}).event_id == 4624


@pytest.mark.parametrize(
    ("written", "microsecond"),
    [
        ("2026-05-04T12:00:00Z", 0),
        ("2026-05-04T12:00:00.5Z", 500_000),
        ("2026-05-04T12:00:00.123Z", 123_000),
        ("2026-05-04T12:00:00.123456Z", 123_456),
        ("2026-05-04T12:00:00.1234567Z", 123_456),
        ("2026-05-04T12:00:00.123456789Z", 123_456),
        ("2026-05-04T12:00:00.999999999", 999_999),
        ("2026-05-04T21:00:00.000001+09:00", 1),
    ],
)
def test_times_have_any_number_of_digits(written: str, microsecond: int) -> None:
    """SystemTime comes with none to nine digits of a second, and is UTC."""
    time = read({"TimeCreated": {"#attributes": {"SystemTime": written}}}).time
    assert time == datetime(2026, 5, 4, 12, 0, 0, microsecond, tzinfo=UTC)
    assert time.tzinfo is UTC


@pytest.mark.parametrize(
    "system",
    [
        {"EventID": None},
        {"EventID": "four"},
        {"EventID": -1},
        {"EventID": True},
        {"EventID": 1.5},
        {"EventID": "9" * 5000},
        {"EventID": 1 << 64},
        {"EventID": "٤٦٢٤"},
        {"EventRecordID": None},
        {"EventRecordID": 1 << 63},
        {"EventRecordID": {"a": 1}},
        {"TimeCreated": None},
        {"TimeCreated": {"#attributes": {}}},
        {"TimeCreated": {"#attributes": {"SystemTime": "noon"}}},
        {"TimeCreated": {"#attributes": {"SystemTime": "0001-01-01T00:00:00+14:00"}}},
        {"TimeCreated": {"#attributes": {"SystemTime": "99999-01-01T00:00:00Z"}}},
        {"TimeCreated": {"#attributes": {"SystemTime": 5}}},
        {"Channel": None},
        {"Channel": ["Security"]},
        {"Computer": {}},
        {"Provider": "x"},
    ],
)
def test_a_system_block_that_cannot_be_understood_gives_no_event(system: dict[str, Any]) -> None:
    """Missing parts and wrong types never raise and are never guessed."""
    assert event_of(text(system)) is None


@pytest.mark.parametrize(
    "broken",
    ["", "{", "[]", "null", '{"Event":null}', '{"Event":{}}', '{"Event":{"System":null}}', "[" * 99_999],
)
def test_what_is_no_record_gives_no_event(broken: str) -> None:
    """Text that is no record never raises."""
    assert event_of(broken) is None


nested = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["#text", "#attributes", "Data", "EventXML", "a", "n:b"]), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@given(data=nested, user_data=nested, value=nested, part=st.sampled_from(sorted(PLAIN)))
def test_no_shape_of_a_record_raises(data: Any, user_data: Any, value: Any, part: str) -> None:
    """Whatever stands in a record, it gives an event whose fields are text, or none."""
    for record in (text(EventData=data), text(UserData=user_data), text({part: value}, EventData=data)):
        event = event_of(record)
        if event:
            assert all(isinstance(each, str) for pair in event.fields.items() for each in pair)
