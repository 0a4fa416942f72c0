from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logonbell.errors import Refused
from logonbell.event import Event
from logonbell.sources.entry import DROPPED, event_of_entry, values_of_json
from logonbell.sources.export import JournalExport
from logonbell.sources.history import History, find_logs

WANTED = {"SYSLOG_IDENTIFIER": "sshd", "SYSLOG_FACILITY": "4"}


def entry(number: int, message: str, **fields: str) -> dict[str, str]:
    """Make an entry of the journal."""
    return {
        "__CURSOR": f"s=13a0;i={number:x};b=0f;m=1;t=2;x=3",
        "__REALTIME_TIMESTAMP": str(1_772_539_200_000_000 + number),
        "_HOSTNAME": "web1",
        "_PID": "99",
        "_UID": "0",
        "MESSAGE": message,
        **(fields or WANTED),
    }


def exported(entries: Sequence[Mapping[str, str]]) -> bytes:
    """Write entries as ``journalctl -o export`` does."""
    whole = b""
    for each in entries:
        for name, value in each.items():
            data = value.encode("utf-8", "surrogateescape")
            if value.isprintable():
                whole += name.encode() + b"=" + data + b"\n"
            else:
                whole += name.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"
        whole += b"\n"
    return whole


def in_json(entries: Sequence[Mapping[str, object]]) -> bytes:
    """Write entries as ``journalctl -o json`` does."""
    return b"".join(json.dumps(each).encode() + b"\n" for each in entries)


def events_of(path: Path, *, everything: bool = False, limit: int | None = None) -> list[Event]:
    """Read an export to its end."""
    source = JournalExport(path, json=path.read_bytes().startswith(b"{"), everything=everything)
    batch = source.read(None, limit)
    events = list(batch.events)
    while batch.more:
        batch = source.read(batch.bookmark, limit)
        events += batch.events
    return events


def test_both_forms_say_the_same(tmp_path: Path) -> None:
    """Time in microseconds, the number in the cursor, program, message, and the fields that are trusted."""
    entries = [entry(26, "two\nlines"), entry(27, "x", SYSLOG_IDENTIFIER="/bin/su", SYSLOG_FACILITY="10")]
    (tmp_path / "a").write_bytes(exported(entries))
    (tmp_path / "b").write_bytes(in_json(entries))
    first, second = events = events_of(tmp_path / "a")
    assert events == events_of(tmp_path / "b") == events_of(tmp_path / "b", limit=1)
    assert (first.channel, first.record_id, first.host) == ("journal", 26, "web1")
    assert first.time == datetime(2026, 3, 3, 12, 0, 0, 26, UTC)
    assert dict(first.fields) == {"MESSAGE": "two\nlines", "PID": "99", "_UID": "0"}
    assert (first.provider, second.provider) == ("sshd", "su")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ('"a"', "a"),
        ("[98, 97, 100, 32, 255]", r"bad \xff"),
        ('["one", "two"]', "one"),
        ("[[98, 97], [1]]", "ba"),
        ("null", None),
        ("[]", None),
        ("[[[1]]]", None),
        ("[999]", r"\xe7"),
        ("7", None),
        (r'"\ud800"', r"\ud800"),
    ],
)
def test_a_value_is_text_bytes_or_several(value: str, message: str | None) -> None:
    """So journalctl writes them; one that it left out for its length makes no event."""
    values = values_of_json(f'{{"__REALTIME_TIMESTAMP": "1", "MESSAGE": {value}}}'.encode())
    assert values is not None
    event = event_of_entry(values)
    assert (None if event is None else event.fields["MESSAGE"]) == message


def test_only_what_recognising_reads_is_given(tmp_path: Path) -> None:
    """The whole journal may be exported: what neither belongs to logons nor is written by their programs is counted alone."""
    others = [
        entry(1, "kernel", SYSLOG_IDENTIFIER="kernel", SYSLOG_FACILITY="0"),
        entry(2, "cron", SYSLOG_IDENTIFIER="CRON", SYSLOG_FACILITY="10"),
        entry(3, "sshd", SYSLOG_IDENTIFIER="sshd", SYSLOG_FACILITY="16"),
    ]
    path = tmp_path / "journal.json"
    path.write_bytes(in_json(others))
    assert [event.record_id for event in events_of(path)] == [2, 3]
    assert [event.record_id for event in events_of(path, everything=True)] == [1, 2, 3]


def test_what_cannot_be_understood_is_counted(tmp_path: Path) -> None:
    """A line that is no JSON, one that is far too long, and an entry without a time cost themselves alone."""
    path = tmp_path / "journal.json"
    path.write_bytes(
        in_json([entry(1, "a")])
        + b"{]\n"
        + in_json([entry(2, "y" * 3_000_000), {"MESSAGE": "no time"}])
        + in_json([entry(3, "b")])
    )
    batch = JournalExport(path, json=True).read(None)
    assert [event.record_id for event in batch.events] == [1, 3]
    assert [str(loss.what) for loss in batch.losses] == ["3 records could not be understood."]


def test_what_journald_let_fall_is_told(tmp_path: Path) -> None:
    """In an export as in the live journal."""
    path = tmp_path / "journal.json"
    fallen = entry(1, "Suppressed 5 messages from sshd.service", SYSLOG_IDENTIFIER="systemd-journald")
    path.write_bytes(in_json([{**fallen, "MESSAGE_ID": DROPPED, "_TRANSPORT": "driver"}]))
    batch = JournalExport(path, json=True).read(None)
    assert (batch.events, [loss.records for loss in batch.losses]) == ([], [5])


@given(st.binary(max_size=300), st.integers(0, 300))
def test_a_broken_export_is_no_fault(
    tmp_path_factory: pytest.TempPathFactory, spoilt: bytes, cut: int
) -> None:
    """Whatever stands behind a place, or is cut off there: what was whole before is given."""
    path = tmp_path_factory.mktemp("export") / "journal.export"
    whole = exported([entry(1, "a")])
    path.write_bytes(whole + (exported([entry(2, "two\nlines")]) + spoilt)[cut:])
    assert events_of(path, everything=True)[0].record_id == 1


def test_a_folder_of_everything_is_one_history(tmp_path: Path) -> None:
    """Logs of Linux are found by their names, in each form, packed or not, and each record is given once."""
    (tmp_path / "secure-20260303").write_text("2026-03-03T11:00:00Z web1 sshd[1]: one\n")
    (tmp_path / "auth.log.2.gz").write_bytes(gzip.compress(b"2026-03-03T11:30:00Z web1 sshd[1]: two\n"))
    (tmp_path / "auth.log").touch()
    (tmp_path / "journal.json.gz").write_bytes(gzip.compress(in_json([entry(1, "three")])))
    (tmp_path / "web1-journal.export").write_bytes(exported([entry(1, "three")]))
    (tmp_path / "notes.txt").write_text("2026-03-03T11:00:00Z web1 sshd[1]: no\n")
    history = History([tmp_path])
    assert [event.fields["MESSAGE"] for event in history.events()] == ["one", "two", "three"]
    assert (history.records, history.losses) == (4, [])
    assert len(find_logs([tmp_path]).files) == 5


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("auth.log", b"nothing\nof the kind\n", "is not an EVTX file"),
        ("system.journal", b"LPKSHHRH" + bytes(300), "only journalctl reads"),
        ("auth.log.1.zst", b"\x28\xb5\x2f\xfd" + bytes(300), "compressed with zstd"),
        ("auth.log.1.gz", b"\x1f\x8b\x08\0" + b"\xff" * 300, "is not an EVTX file"),
    ],
)
def test_a_file_that_is_no_log_is_refused(tmp_path: Path, name: str, content: bytes, what: str) -> None:
    """It is named, and what to do instead."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Refused, match=what):
        list(History([path]).events())
    (tmp_path / "secure").write_text("2026-03-03T11:00:00Z web1 sshd[1]: one\n")
    history = History([path, tmp_path / "secure"])
    assert len(list(history.events())) == 1
    assert what in str(history.losses[0].what)
