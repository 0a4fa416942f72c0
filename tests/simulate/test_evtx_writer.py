from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree as ET
from zlib import crc32

import pyevtx
import pytest
from evtx import PyEvtxParser
from Evtx.Evtx import Evtx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from logonbell.event import Event
from logonbell.simulate.binxml import Kind
from logonbell.simulate.damage import cut_last_chunk, spoil_chunk, spoil_record, zero_chunk
from logonbell.simulate.evtx import CHUNK_SIZE, FILE_HEADER_SIZE, EvtxFile, write_evtx
from logonbell.simulate.record import Record
from logonbell.simulate.system import (
    EVENTLOG,
    LOCAL_SESSION_MANAGER,
    OPENSSH,
    REMOTE_CONNECTION_MANAGER,
    SECURITY,
    System,
    system_of,
)

NOON = datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)
NAMESPACE = re.compile(r"\{.*?\}")
HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
GUID = re.compile(r"\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?")

LOGON = {
    "SubjectUserSid": "S-1-5-18",
    "SubjectUserName": "BASTION$",
    "SubjectDomainName": "WORKGROUP",
    "SubjectLogonId": "0x3e7",
    "TargetUserSid": "S-1-5-21-1111111111-2222222222-3333333333-1001",
    "TargetUserName": "mori",
    "TargetDomainName": "BASTION",
    "TargetLogonId": "0x1a2b3c",
    "LogonType": "10",
    "LogonProcessName": "User32 ",
    "AuthenticationPackageName": "Negotiate",
    "LogonGuid": "00000000-0000-0000-0000-000000000000",
    "KeyLength": "0",
    "ProcessId": "0x4d4",
    "ProcessName": "C:\\Windows\\System32\\svchost.exe",
    "IpAddress": "203.0.113.5",
    "IpPort": "0",
    "ElevatedToken": "%%1842",
}


def logon(record_id: int, **fields: str) -> Event:
    """A logon by RDP."""
    time = NOON + timedelta(seconds=record_id % 100_000)
    return Event("Security", 4624, record_id, time, "bastion", SECURITY, LOGON | fields)


@dataclass(frozen=True)
class Seen:
    """A record as a reader gave it back, equal for all readers."""

    provider: str
    provider_guid: str
    event_id: str
    version: str
    level: str
    task: str
    opcode: str
    keywords: str
    time: datetime
    record_id: str
    activity_id: str
    process_id: str
    thread_id: str
    channel: str
    computer: str
    user_id: str
    data: tuple[tuple[str, str], ...]


def plain(text: str) -> str:
    """Take from a value what each reader writes in its own way: padding of numbers, braces and case of GUIDs."""
    if text.startswith("\n") and text.isspace():
        return ""  # evtx indents an element whose value is null
    if HEXADECIMAL.fullmatch(text):
        return hex(int(text, 16))
    match = GUID.fullmatch(text)
    return match[1].lower() if match else text


def moment(text: str) -> datetime:
    """Read a time to the microsecond, which is what every reader gives at least."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|\+00:00| UTC)?", text)
    assert match, text
    fraction = (match[3] or "0")[:6].ljust(6, "0")
    return datetime.fromisoformat(f"{match[1]}T{match[2]}.{fraction}+00:00")


def seen(xml: str) -> Seen:
    """Read the XML that a reader made of a record."""
    root = ET.fromstring(re.sub(r"^<\?xml.*?\?>", "", xml))  # noqa: S314 - made by the test itself
    for element in root.iter():
        element.tag = NAMESPACE.sub("", element.tag)
    system = root.find("System")
    assert system is not None

    def text(name: str) -> str:
        return plain(system.findtext(name) or "")

    def attribute(name: str, key: str) -> str:
        element = system.find(name)
        return plain((element.get(key) or "") if element is not None else "")

    event_data = root.find("EventData")
    user_data = root.find("UserData/*")
    if event_data is not None:
        data = [(element.get("Name") or "", plain(element.text or "")) for element in event_data]
    else:
        assert user_data is not None
        data = [(element.tag, plain(element.text or "")) for element in user_data]
    return Seen(
        attribute("Provider", "Name"),
        attribute("Provider", "Guid"),
        text("EventID"),
        text("Version"),
        text("Level"),
        text("Task"),
        text("Opcode"),
        text("Keywords"),
        moment(attribute("TimeCreated", "SystemTime")),
        text("EventRecordID"),
        attribute("Correlation", "ActivityID"),
        attribute("Execution", "ProcessID"),
        attribute("Execution", "ThreadID"),
        text("Channel"),
        text("Computer"),
        attribute("Security", "UserID"),
        tuple(data),
    )


def written(record: Record | Event) -> Seen:
    """Tell how a record should be read back."""
    record = record if isinstance(record, Record) else Record(record)
    event, system = record.event, record.system or system_of(record.event)
    return Seen(
        plain(event.provider),
        system.provider_guid or "",
        str(event.event_id),
        str(system.version),
        str(system.level),
        str(system.task),
        str(system.opcode),
        hex(system.keywords),
        event.time,
        str(event.record_id),
        system.activity_id or "",
        str(system.process_id),
        str(system.thread_id),
        plain(event.channel),
        plain(event.host),
        event.sid or "",
        tuple((name, plain(text)) for name, text in event.fields.items()),
    )


def read(path: Path, *, as_json: bool = False) -> list[dict[str, Any]]:
    """Read what ``evtx`` gives of each record."""
    parser = PyEvtxParser(str(path))
    return list(cast("Iterator[dict[str, Any]]", parser.records_json() if as_json else parser.records()))


def event_data(path: Path) -> dict[str, Any]:
    """Read the EventData of a log's only record, values of their own types."""
    (found,) = read(path, as_json=True)
    data: dict[str, Any] = json.loads(found["data"])["Event"]["EventData"]
    return data


def by_evtx(path: Path) -> list[Seen]:
    """Read with the library that logonbell itself reads with."""
    return [seen(record["data"]) for record in read(path)]


def by_libevtx(path: Path) -> list[Seen]:
    """Read with libevtx, which also checks the checksums."""
    log = pyevtx.file()
    log.open(str(path))
    try:
        assert not log.is_corrupted()
        assert log.get_number_of_recovered_records() == 0
        return [seen(log.get_record(i).get_xml_string()) for i in range(log.get_number_of_records())]
    finally:
        log.close()


def by_python_evtx(path: Path) -> list[Seen]:
    """Read with python-evtx, and check both checksums of each chunk."""
    with Evtx(str(path)) as log:
        assert log.get_file_header().verify()
        found = []
        for chunk in log.chunks():
            assert chunk.verify()
            found += [seen(record.xml()) for record in chunk.records()]
        return found


def nearly(found: Seen, expected: Seen) -> Seen:
    """Forgive python-evtx the microseconds that it loses: it counts time in floating point."""
    near = abs(found.time - expected.time) <= timedelta(microseconds=5)
    return replace(found, time=expected.time) if near else found


def assert_read_alike(path: Path, records: Sequence[Record | Event]) -> None:
    """Hold what three independent readers give against what was written."""
    expected = [written(record) for record in records]
    assert by_evtx(path) == expected
    assert by_libevtx(path) == expected
    assert [nearly(*pair) for pair in zip(by_python_evtx(path), expected, strict=True)] == expected


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is written."""
    return tmp_path / "made.evtx"


texts = st.text(
    st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
    max_size=30,
)
providers = st.text(
    "Microsoft-Windows Événements 日本/", min_size=1
)  # readers do not escape attributes alike
sids = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=15).map(
    lambda parts: "-".join(map(str, ("S-1-5", *parts)))
)
times = st.timedeltas(timedelta(0), timedelta(days=47_000)).map(
    lambda since: datetime(1970, 1, 1, tzinfo=UTC) + since
)
guids = st.uuids().map(str)


def numbers(bits: int) -> st.SearchStrategy[int]:
    """Numbers of so many bits."""
    return st.integers(0, 2**bits - 1)


logons = st.fixed_dictionaries(
    {
        "SubjectUserSid": sids,
        "SubjectUserName": texts,
        "TargetLogonId": numbers(64).map(hex),
        "LogonType": numbers(32).map(str),
        "LogonProcessName": texts,
        "LogonGuid": guids,
        "ProcessId": numbers(64).map(hex),
        "SubStatus": numbers(32).map(hex),
        "IpAddress": texts,
    }
)
eventdata = st.builds(
    Event,
    st.sampled_from(["Security", "ForwardedEvents"]),
    st.sampled_from([4624, 4625, 1]),
    st.just(0),
    times,
    texts,
    st.just(SECURITY) | providers,
    logons,
    st.none() | sids,
)
userdata = st.builds(
    Event,
    st.just("Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"),
    st.sampled_from([21, 24, 25]),
    st.just(0),
    times,
    texts,
    st.just(LOCAL_SESSION_MANAGER),
    st.fixed_dictionaries({"User": texts, "SessionID": numbers(32).map(str), "Address": texts}),
    st.none() | sids,
)
systems = st.builds(
    System,
    numbers(8),
    numbers(8),
    numbers(16),
    numbers(8),
    numbers(64),
    st.none() | guids,
    st.none() | guids,
    numbers(32),
    numbers(32),
)
records = st.lists(st.builds(Record, eventdata | userdata, st.none() | systems), min_size=1, max_size=4).map(
    lambda made: [
        replace(record, event=replace(record.event, record_id=7 + i)) for i, record in enumerate(made)
    ]
)


@pytest.mark.rig
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records)
def test_three_readers_read_what_was_written(path: Path, made: list[Record]) -> None:
    """Whatever an event holds, three independent readers give it back, whole and in order."""
    write_evtx(path, made)
    assert_read_alike(path, made)


def test_every_type_of_value(path: Path) -> None:
    """A value is kept as the type it is given, and all readers understand each type."""
    kinds = {
        "Word": (Kind.STRING, "小文字 and 😀"),
        "Byte": (Kind.UINT8, "255"),
        "Short": (Kind.UINT16, "65535"),
        "Int": (Kind.UINT32, "4294967295"),
        "Long": (Kind.UINT64, "18446744073709551615"),
        "HexInt": (Kind.HEXINT32, "0xc000006d"),
        "HexLong": (Kind.HEXINT64, "0xffffffffffffffff"),
        "Guid": (Kind.GUID, "54849625-5478-4994-a5ba-3e3b0328c30d"),
        "Sid": (Kind.SID, "S-1-5-21-1-4294967295-3-500"),
    }
    event = Event("Security", 1, 1, NOON, "h", "p", {name: text for name, (_, text) in kinds.items()})
    record = Record(event, kinds={name: kind for name, (kind, _) in kinds.items()})
    write_evtx(path, [record])
    assert_read_alike(path, [record])
    data = path.read_bytes()
    for kind in (kind for kind, _ in kinds.values()):
        assert re.search(b"..%c\\0" % kind, data, re.DOTALL)


def test_null(path: Path) -> None:
    """A field may be null: readers show it empty, or leave it out."""
    event = Event("Security", 1, 1, NOON, "h", "p", {"Before": "b", "Null": "", "After": "a"})
    record = Record(event, kinds={"Null": Kind.NULL})
    write_evtx(path, [record])
    for (found,) in (by_evtx(path), by_libevtx(path), by_python_evtx(path)):
        assert {"Null": ""} | dict(found.data) == event.fields


def test_types_that_readers_tell_differently(path: Path) -> None:
    """Booleans, bytes and times reach the reader that logonbell itself uses."""
    fields = {"Yes": "true", "No": "false", "Bytes": "00FF10", "Time": "2026-05-04T12:00:00.123456Z"}
    kinds = {"Yes": Kind.BOOLEAN, "No": Kind.BOOLEAN, "Bytes": Kind.BINARY, "Time": Kind.FILETIME}
    write_evtx(path, [Record(Event("Security", 1, 1, NOON, "h", "p", fields), kinds=kinds)])
    (found,) = by_evtx(path)
    assert dict(found.data) == fields
    log = pyevtx.file()
    log.open(str(path))
    assert not log.is_corrupted()
    log.close()


@pytest.mark.parametrize(
    "fields",
    [
        {"TargetUserSid": "S-1-5-021", "LogonType": "ten", "TargetLogonId": "0x00003E7"},
        {"TargetUserSid": "-", "LogonType": "", "LogonGuid": "-", "ProcessId": "0xfffffffffffffffff"},
        {"TargetUserSid": "", "LogonType": "-1", "KeyLength": "٣", "ProcessId": "-"},
    ],
)
def test_what_does_not_fit_its_type(path: Path, fields: dict[str, str]) -> None:
    """Text that is not how Windows writes a field's type is kept as text, to the letter."""
    event = logon(1, **fields)
    write_evtx(path, [event])
    data = event_data(path)
    assert {name: data[name] for name in fields} == fields


def test_types_of_known_fields(path: Path) -> None:
    """Logon ids, SIDs, GUIDs and numbers are stored as Windows stores them, not as text."""
    write_evtx(path, [logon(1)])
    data = event_data(path)
    assert data["LogonType"] == 10
    assert data["KeyLength"] == 0
    raw = path.read_bytes()
    for text in ("S-1-5-21", "0x1a2b3c", "00000000-0000"):
        assert text.encode("utf-16-le") not in raw


def test_hundred_nanoseconds(path: Path) -> None:
    """A time is exact to the 100 ns, also where a datetime is not."""
    write_evtx(path, [Record(logon(1), ticks=7)])
    (record,) = read(path)
    assert record["timestamp"] == "2026-05-04T12:00:01.1234567Z UTC"


def test_control_characters(path: Path) -> None:
    """What an attacker puts into a name comes through as it was put."""
    name = "\x1b[31madmin\r\n<b>&amp;\t\x01 \u202egnp.exe ]]>"
    write_evtx(path, [logon(1, TargetUserName=name)])
    assert event_data(path)["TargetUserName"] == name


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("bad\ud800name", "TargetUserName: .* lone surrogate U\\+D800"),
        ("bad\0name", "TargetUserName: .* NUL"),
        ("x" * 32768, "TargetUserName: .* at most 65535 bytes"),
    ],
)
def test_strings_that_no_log_can_hold(path: Path, name: str, complaint: str) -> None:
    """A string that no log can hold is refused by name, and the log goes on as if it had not been."""
    with EvtxFile(path) as log:
        with pytest.raises(ValueError, match=complaint):
            log.append(logon(1), logon(2, TargetUserName=name))
        log.append(logon(2))
    assert_read_alike(path, [logon(1), logon(2)])


def test_event_that_does_not_fit_into_a_chunk(path: Path) -> None:
    """An event that is larger than a chunk is refused, and leaves no trace in the log."""
    large = {"WorkstationName": "x" * 30_000, "LmPackageName": "y" * 30_000, "Another": "z"}
    with EvtxFile(path) as log:
        log.append(logon(1))
        for host in ("bastion", "another"):
            with pytest.raises(ValueError, match="64 KiB"):
                log.append(replace(logon(2, **large), host=host))
        log.append(logon(2), logon(3, Another="w"))
    assert_read_alike(path, [logon(1), logon(2), logon(3, Another="w")])
    assert path.stat().st_size == FILE_HEADER_SIZE + CHUNK_SIZE


@pytest.mark.parametrize(
    ("event", "complaint"),
    [
        (replace(logon(5), event_id=65536), "out of its range"),
        (replace(logon(5), record_id=2**64), "out of its range"),
        (replace(logon(5), time=datetime(1600, 1, 1, tzinfo=UTC)), "1601"),
        (replace(logon(5), record_id=4), "ascend: 4 cannot follow 4"),
        (replace(logon(5), sid="me"), "Not a SID"),
        (Event("c", 1, 5, NOON, "h", EVENTLOG, {"a b": ""}), "XML element"),
    ],
)
def test_events_that_no_log_can_hold(path: Path, event: Event, complaint: str) -> None:
    """Numbers, times and names out of their range are refused, and the log goes on as if they had not been."""
    with EvtxFile(path) as log:
        log.append(logon(4))
        with pytest.raises(ValueError, match=complaint):
            log.append(event)
        log.append(logon(5))
    assert_read_alike(path, [logon(4), logon(5)])


def mixed(count: int) -> Iterator[Event]:
    """Events of several kinds and hosts in turn, of different sizes."""
    for i in range(1, count + 1):
        time = NOON + timedelta(milliseconds=i)
        match i % 5:
            case 0:
                fields = {"User": f"BASTION\\user{i}", "SessionID": str(i), "Address": "LOCAL"}
                yield Event("LSM", 21, i, time, "bastion", LOCAL_SESSION_MANAGER, fields, "S-1-5-18")
            case 1:
                fields = {"process": "sshd", "payload": f"Accepted publickey for u{i} " + "x" * (i % 400)}
                yield Event("OpenSSH/Operational", 4, i, time, "bastion", OPENSSH, fields)
            case 2:
                fields = {"Param1": "u", "Param2": "", "Param3": "203.0.113.9"}
                yield Event("RCM", 1149, i, time, f"host{i % 7}", REMOTE_CONNECTION_MANAGER, fields)
            case 3:
                fields = {"SubjectUserSid": "S-1-5-18", "SubjectUserName": "", f"Field{i % 90}": "rare"}
                yield Event("Security", 1102, i, time, "bastion", EVENTLOG, fields)
            case _:
                yield replace(logon(i, TargetUserName=f"user{i}"), time=time)


@pytest.mark.rig
def test_several_chunks(path: Path) -> None:
    """Each chunk stands for itself: names and templates are written anew, and no record is lost at the seam."""
    events = list(mixed(260))
    write_evtx(path, events)
    assert path.stat().st_size >= FILE_HEADER_SIZE + 3 * CHUNK_SIZE
    assert_read_alike(path, events)


def test_a_template_is_written_once_in_each_chunk(path: Path) -> None:
    """Events of one kind share their template, so a log is as dense as Windows' own."""
    write_evtx(path, [logon(i) for i in range(1, 400)])
    chunks = (path.stat().st_size - FILE_HEADER_SIZE) // CHUNK_SIZE
    assert chunks > 2
    assert path.read_bytes().count("TargetUserName".encode("utf-16-le")) == chunks


def test_a_large_log(path: Path) -> None:
    """Thousands of records come back one by one from the two readers that are fast enough."""
    events = [logon(i) for i in range(1, 3001)]
    write_evtx(path, events)
    assert [found["event_record_id"] for found in read(path)] == list(range(1, 3001))
    log = pyevtx.file()
    log.open(str(path))
    assert not log.is_corrupted()
    assert [log.get_record(i).get_identifier() for i in range(3000)] == list(range(1, 3001))
    assert seen(log.get_record(2999).get_xml_string()) == written(events[2999])
    log.close()


def test_gaps_between_record_ids(path: Path) -> None:
    """Record ids may begin anywhere and leave gaps."""
    events = [logon(i) for i in (70_000, 70_001, 70_500, 2**40)]
    with EvtxFile(path, first_record_id=70_000) as log:
        log.append(*events)
    expected = [written(event) for event in events]
    assert by_evtx(path) == expected
    assert [nearly(*pair) for pair in zip(by_python_evtx(path), expected, strict=True)] == expected


class WatchedFile(EvtxFile):
    """A log that is read after each single write to it."""

    def __init__(self, path: Path, *, stale_header: bool = False) -> None:
        self.path = path
        self.counts: list[int] = []
        super().__init__(path, stale_header=stale_header)

    def _put(self, at: int, data: bytes) -> None:
        super()._put(at, data)
        if self.path.read_bytes().startswith(b"ElfFile"):
            ids = self.record_ids()
            assert ids == list(range(1, len(ids) + 1))
            self.counts.append(len(ids))

    def record_ids(self) -> list[int]:
        """Read what is there now."""
        return [found["event_record_id"] for found in read(self.path)]


@pytest.mark.rig
@pytest.mark.parametrize("stale_header", [False, True])
def test_a_log_that_grows(path: Path, stale_header: bool) -> None:
    """Between any two writes a reader sees whole records from the first on, and after each append all of them."""
    events = list(mixed(120))
    sizes = [1, 2, 1, 40, 1, 70, 5]
    done = 0
    with WatchedFile(path, stale_header=stale_header) as log:
        for size in sizes:
            log.append(*events[done : done + size])
            done += size
            assert len(log.record_ids()) == done
    assert log.counts == sorted(log.counts)
    assert log.counts[-1] == 120
    assert_read_alike(path, events)


def test_a_log_that_grows_under_a_reader(path: Path) -> None:
    """A reader of another process meets only whole records in their order, however the two are timed.

    While it goes on to the next chunk, more may come into the one that it leaves: the next reading has them all.
    """
    script = f"""
from datetime import UTC, datetime
from logonbell.event import Event
from logonbell.simulate.evtx import EvtxFile
time = datetime(2026, 5, 4, tzinfo=UTC)
with EvtxFile({str(path)!r}) as log:
    print("open", flush=True)
    for i in range(1, 1501):
        log.append(Event("c", 1, i, time, "h", "p", {{"n": "x" * (i % 300)}}))
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"open\n"
        last = 0
        ended = False
        while not ended:
            ended = writer.poll() is not None
            found = [seen(record["data"]) for record in read(path)]
            ids = [int(record.record_id) for record in found]
            assert ids == sorted(set(ids))
            assert [record.data for record in found] == [(("n", "x" * (i % 300)),) for i in ids]
            assert max(ids, default=0) >= last
            last = max(ids, default=0)
    assert writer.returncode == 0
    assert ids == list(range(1, 1501))


def header(path: Path) -> tuple[int, int, int]:
    """Read the next record number, the chunk count and the flags, and check the checksum."""
    data = path.read_bytes()[:FILE_HEADER_SIZE]
    assert crc32(data[:120]) == struct.unpack_from("<I", data, 124)[0]
    (following,) = struct.unpack_from("<Q", data, 24)
    (count,) = struct.unpack_from("<H", data, 42)
    (flags,) = struct.unpack_from("<I", data, 120)
    return following, count, flags


def test_a_live_log_is_dirty_until_it_is_closed(path: Path) -> None:
    """The header says of a log that is open that it is, and of a closed one that it is whole."""
    with EvtxFile(path, first_record_id=5) as log:
        assert header(path) == (5, 1, 1)
        log.append(*(logon(i) for i in range(5, 205)))
        assert header(path) == (205, 3, 1)
    assert header(path) == (205, 3, 0)


def test_a_header_that_lags(path: Path) -> None:
    """A log that lost its power has records beyond the chunk count of its header, and they can be read."""
    log = EvtxFile(path, stale_header=True)
    log.append(*(logon(i) for i in range(1, 201)))
    log.abandon()
    assert header(path) == (1, 1, 1)
    assert by_evtx(path) == [written(logon(i)) for i in range(1, 201)]


def test_a_log_that_is_never_marked_dirty(path: Path) -> None:
    """A log can be written as if nobody held it open."""
    log = EvtxFile(path, dirty=False)
    log.append(logon(1))
    log.abandon()
    assert header(path) == (2, 1, 0)


def test_an_empty_log(path: Path) -> None:
    """A log without records is one empty chunk, and every reader takes it."""
    write_evtx(path, [])
    assert path.stat().st_size == FILE_HEADER_SIZE + CHUNK_SIZE
    assert by_evtx(path) == by_libevtx(path) == []


def test_an_exported_log(path: Path) -> None:
    """An exported log counts its records from 1 and keeps their ids."""
    with EvtxFile(path, exported=True) as log:
        log.append(logon(4001), logon(4007))
    found = read(path)
    assert [record["event_record_id"] for record in found] == [1, 2]
    assert [seen(record["data"]).record_id for record in found] == ["4001", "4007"]


@pytest.mark.parametrize("event", list(mixed(5)), ids=lambda event: str(event.event_id))
def test_a_record_without_a_template(path: Path, event: Event) -> None:
    """A record that was forwarded or exported without its template says the same as one with it."""
    record = Record(event, System(provider_guid=None, activity_id="a" * 8 + "-bbbb" * 3 + "-" + "c" * 12))
    odd = replace(record, templated=False)
    write_evtx(path, [odd, replace(record, event=replace(event, record_id=event.record_id + 1))])
    first, second = by_evtx(path)
    assert first == written(record)
    assert replace(second, record_id=first.record_id) == first
    assert by_libevtx(path) == [first, second]


def test_an_event_id_as_text(path: Path) -> None:
    """The event id of a forwarded record may be text."""
    write_evtx(path, [Record(logon(1), event_id_as_text=True), logon(2)])
    found = [json.loads(record["data"]) for record in read(path, as_json=True)]
    assert [record["Event"]["System"]["EventID"] for record in found] == ["4624", 4624]
    assert_read_alike(path, [logon(1), logon(2)])


@pytest.fixture
def three_chunks(path: Path) -> Path:
    """A log of three chunks."""
    write_evtx(path, [logon(i) for i in range(1, 230)])
    assert path.stat().st_size == FILE_HEADER_SIZE + 3 * CHUNK_SIZE
    return path


def lost(path: Path) -> set[int]:
    """Tell which of the record ids from 1 to 229 cannot be read."""
    found = set()
    records = iter(PyEvtxParser(str(path)).records())
    while True:
        try:
            found.add(cast("dict[str, Any]", next(records))["event_record_id"])
        except StopIteration:
            return set(range(1, 230)) - found
        except RuntimeError:
            continue


def first_of(path: Path, chunk: int) -> int:
    """Read the first record id of a chunk from its header."""
    return int.from_bytes(path.read_bytes()[FILE_HEADER_SIZE + chunk * CHUNK_SIZE + 24 :][:8], "little")


def test_damage(three_chunks: Path) -> None:
    """Damage takes the chunk or the record that it is told to take, and nothing else."""
    second, third = first_of(three_chunks, 1), first_of(three_chunks, 2)
    whole = three_chunks.read_bytes()

    spoil_record(three_chunks, 1, 3)
    assert lost(three_chunks) == {second + 3}

    three_chunks.write_bytes(whole)
    spoil_chunk(three_chunks, 1)
    assert lost(three_chunks) == set(range(second, third))

    three_chunks.write_bytes(whole)
    zero_chunk(three_chunks, -1)
    assert lost(three_chunks) == set(range(third, 230))

    three_chunks.write_bytes(whole)
    cut_last_chunk(three_chunks, 1000)
    assert three_chunks.stat().st_size == FILE_HEADER_SIZE + 2 * CHUNK_SIZE + 1000
    assert lost(three_chunks) == set(range(third, 230))


def test_damage_that_misses(three_chunks: Path) -> None:
    """Damage to a chunk that is not there is a mistake of the test that asks for it."""
    with pytest.raises(IndexError, match="3 chunks"):
        zero_chunk(three_chunks, 3)
