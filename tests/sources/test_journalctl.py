from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from logonbell.sources import journalctl as door
from logonbell.sources.journalctl import ABSENT, DENIED, ENDED, NO_CURSOR, Journalctl, JournalError, Running

pytestmark = pytest.mark.skipif(os.name == "nt", reason="journalctl is a program of Linux")


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a script into journalctl's place."""
    path = folder / "journalctl"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setattr(door, "PLACES", (path,))


def taken(running: Running) -> bytes:
    """Take all that is printed, to the end."""
    end, whole = time.monotonic() + 30, b""
    while not running.is_over:
        assert time.monotonic() < end
        whole += running.take(0.05)
    return whole


def test_what_it_prints_is_taken_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for JSON, quietly and in English, and gets no more of the environment than that."""
    program(tmp_path, monkeypatch, 'echo "$@ $LC_ALL $HOME"; head -c 200000 /dev/zero')
    running = Journalctl("--directory=/x")("--lines=1")
    whole = taken(running)
    running.close()
    first, _, rest = whole.partition(b"\n")
    assert first == b"--quiet --no-pager --output=json --directory=/x --lines=1 C "
    assert len(rest) == 200_000


def test_nothing_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has nothing to say is no reason to wait, and ends when it is told to."""
    program(tmp_path, monkeypatch, "exec sleep 60")
    running = Journalctl()()
    assert (running.take(), running.take(0.01), running.is_over) == (b"", b"", False)
    running.close()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("Failed to seek to cursor: Invalid argument", NO_CURSOR),
        ("No journal files were opened due to insufficient permissions.", DENIED),
        ("journalctl: unrecognized option '--x'", ENDED),
        ("", ENDED),
    ],
)
def test_why_it_ended_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, code: int) -> None:
    """By its own words, in so far as they are known."""
    program(tmp_path, monkeypatch, f'echo "{words}" >&2; exit 1')
    running = Journalctl()()
    with pytest.raises(JournalError) as told:
        taken(running)
    running.close()
    assert (told.value.code, told.value.why) == (code, words or "exit code 1")


def test_one_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is never looked for elsewhere; a file that is no program is as good as none."""
    monkeypatch.setattr(door, "PLACES", (tmp_path / "journalctl",))
    with pytest.raises(JournalError) as told:
        Journalctl()()
    assert told.value.code == ABSENT
    (tmp_path / "journalctl").write_text("")
    with pytest.raises(JournalError) as told:
        Journalctl()()
    assert told.value.code == ENDED
