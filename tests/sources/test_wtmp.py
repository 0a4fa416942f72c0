from __future__ import annotations

import struct
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from fakes import NOON, FakeClock
from logonbell.event import Event
from logonbell.logon import Notice, NoticeKind
from logonbell.recognise.recogniser import Recogniser
from logonbell.recognise.watching import WATCHING, Told
from logonbell.sources.wtmp import Session, Wtmp, session_of

LAYOUTS = {384: "<hxxi32s4s32s256shhiii16s20s", 400: "<hxxi32s4s32s256shhqqq16s20s4x"}


def record(
    user: str, *, host: str = "192.0.2.7", time: datetime = NOON, kind: int = 7, size: int = 384
) -> bytes:
    """Write a record as glibc does (bits/utmp.h)."""
    seconds, micros = int(time.timestamp()), time.microsecond
    return struct.pack(
        LAYOUTS[size],
        kind,
        9,
        b"pts/0",
        b"",
        user.encode(),
        host.encode(),
        0,
        0,
        0,
        seconds,
        micros,
        b"",
        b"",
    )


class Checked:
    """A wtmp, and who compares it with a log."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "wtmp"
        self.path.write_bytes(record("before"))
        self.clock = FakeClock()
        self.known = {"kato": True, "mallory": False}
        self.source = Wtmp(self.path, lambda user, _: self.known.get(user), clock=self.clock, size=384)
        self.bookmark = self.source.begin(NOON)

    def writes(self, *records: bytes) -> None:
        """Let a login program write."""
        with self.path.open("ab") as file:
            file.write(b"".join(records))

    def reads(self) -> list[Event]:
        """Read what is not explained."""
        batch = self.source.read(self.bookmark)
        self.bookmark = batch.bookmark
        return list(batch.events)


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    """Give one."""
    return Checked(tmp_path)


@pytest.mark.parametrize("size", [384, 400])
def test_a_record_is_read_in_both_layouts(size: int) -> None:
    """Of x86-64 and of AArch64; what is no session of a user is none."""
    time = NOON + timedelta(microseconds=5)
    assert session_of(record("kato", time=time, size=size)) == Session("kato", "pts/0", "192.0.2.7", time)
    assert session_of(record("reboot", kind=2, size=size)) is None
    assert session_of(bytes(size)) is None


def test_who_is_not_in_the_log_is_told_after_a_minute(checked: Checked) -> None:
    """The log has its time to tell; then it is said once, in the order of the records."""
    checked.writes(record("kato"), record("mallory"), record("kato"))
    assert checked.reads() == []
    checked.clock.pass_(59)
    assert checked.reads() == []
    checked.clock.pass_(2)
    (event,) = checked.reads()
    assert (event.channel, event.event_id, event.record_id) == (WATCHING, Told.UNTOLD, 2 * 384)
    assert (event.fields["User"], event.fields["Address"]) == ("mallory", "192.0.2.7")
    assert checked.reads() == []


def test_what_is_no_session_from_afar_is_left_alone(checked: Checked) -> None:
    """Windows of tmux, mosh and a display name no address; of whom nothing is known nothing is said."""
    checked.writes(
        record("mallory", host="tmux(77).%0"),
        record("mallory", host="192.0.2.7 via mosh [77]"),
        record("mallory", host=""),
        record("mallory", kind=8),
        record("unknown"),
    )
    checked.clock.pass_(61)
    assert checked.reads() == []


def test_rotation_and_half_a_record_are_no_fault(checked: Checked) -> None:
    """A new file is read from its beginning, half a record waits; without a file, or with a damaged bookmark, nothing is said."""
    checked.path.rename(checked.path.with_name("wtmp.1"))
    assert checked.reads() == []
    checked.writes(record("mallory")[:100])
    checked.clock.pass_(61)
    assert checked.reads() == []
    checked.writes(record("mallory")[100:])
    assert [event.fields["User"] for event in checked.reads()] == ["mallory"]
    checked.bookmark = "{"
    assert checked.reads() == []


def test_it_rings_as_a_gap_in_the_log() -> None:
    """An open door that the log does not tell of is no logon that is known, but nobody must overlook it."""
    fields = {"Channel": "wtmp", "User": "mallory", "Address": "192.0.2.7", "Since": NOON.isoformat()}
    recogniser = Recogniser(own="web1")
    event = Event(WATCHING, Told.UNTOLD, 1, NOON + timedelta(minutes=1), "", "logonbell", fields)
    found = [*recogniser.feed(event), *recogniser.advance(NOON + timedelta(minutes=2))]
    (notice,) = [each for each in found if isinstance(each, Notice)]
    assert notice.kind is NoticeKind.GAP
    assert str(notice.what) == (
        "mallory came to web1 from 192.0.2.7 at 2026-03-03 12:00:00 UTC, as wtmp tells;"
        " the log that is followed says nothing of it"
    )
