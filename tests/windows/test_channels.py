"""Windows' logs, as wevtutil shows them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from logonbell.programs import Answer
from logonbell.recognise.windows import WANTED
from logonbell.windows.channels import Channel, Mark, Seen, existing, look
from windows_machine import FakeWindows

OLDEST = Mark(1, datetime(2026, 3, 3, 0, tzinfo=UTC))
NEWEST = Mark(41, datetime(2026, 3, 3, 9, tzinfo=UTC))


def test_what_is_seen_of_a_log(tmp_path: Path) -> None:
    """Its size, its ends and the newest event that counts are read by names and numbers that no language changes."""
    channel = look(FakeWindows(tmp_path / "x"), "Security", WANTED["Security"])
    assert channel == Channel(
        "Security", Seen.READABLE, "", True, 20_971_520, 1_052_672, OLDEST, NEWEST, NEWEST
    )


def test_a_log_that_is_not_there_or_may_not_be_read(tmp_path: Path) -> None:
    """The exit codes tell them apart, with Windows' own words."""
    windows = FakeWindows(tmp_path / "x")
    windows.absent_channels = {"OpenSSH/Operational"}
    windows.is_elevated = False
    assert look(windows, "OpenSSH/Operational", {4}).seen is Seen.ABSENT
    denied = look(windows, "Security", {4624})
    assert (denied.seen, denied.words) == (Seen.DENIED, "アクセスが拒否されました。")
    assert "OpenSSH/Operational" not in existing(windows, WANTED)


def test_whatever_it_prints_is_read() -> None:
    """An empty log, output that is cut off, numbers that are none: not known, and no fault."""
    for out in ("", "<Event><System>", "maxSize: viel\nenabled: vielleicht", "fileSize: ٣"):
        channel = look(lambda *_, out=out: Answer(0, out, ""), "Security", {4624})
        assert (channel.largest, channel.size, channel.newest, channel.enabled) == (None, None, None, None)
