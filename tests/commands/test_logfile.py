"""The log of an agent that nobody sits beside."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from datetime import UTC
from pathlib import Path

import pytest

from logonbell.commands import logfile
from logonbell.commands.desk import Desk
from logonbell.commands.logfile import LogFile
from logonbell.errors import Refused
from logonbell.sentence import Sentence, say
from said import Said

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (INFO|WARNING|ERROR) \S.*")


def remark(path: Path, *sentences: Sentence) -> None:
    """Say it at a desk with a log."""
    with LogFile(path) as log:
        desk = Desk.at(io.StringIO(), io.StringIO(), {}, language="en", zone=UTC).with_log(log)
        for sentence in sentences:
            desk.remark(sentence)


def test_a_remark_is_one_line_whatever_it_quotes(tmp_path: Path) -> None:
    """What an attacker chose as a name makes no line of its own, in a folder that was not there before."""
    path = tmp_path / "log" / "logonbell.log"
    remark(path, say("{who}: no", who="eve\n2026-01-01T00:00:00Z INFO all is well\u202e"))
    (line,) = path.read_text("utf-8").splitlines()
    assert LINE.fullmatch(line)
    assert r"\u{a}" in line
    assert "\u202e" not in line


def test_it_rotates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it runs, the log takes a bounded place."""
    monkeypatch.setattr(logfile, "LARGEST", 2_000)
    sentences = [say("remark {number}", number=number) for number in range(300)]
    remark(tmp_path / "logonbell.log", *sentences)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["logonbell.log", *(f"logonbell.log.{number}" for number in range(1, 6))]
    assert all(path.stat().st_size <= 2_000 for path in tmp_path.iterdir())


def test_a_fault_is_noted(tmp_path: Path) -> None:
    """What would be reported is in the log, a line for a line."""
    with LogFile(tmp_path / "x.log") as log:
        try:
            int("first\nsecond")
        except ValueError:
            log.note_fault()
    lines = (tmp_path / "x.log").read_text("utf-8").splitlines()
    assert all(LINE.fullmatch(line) for line in lines)
    assert any("ValueError: " in line for line in lines)


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """A log that cannot be is told at the start."""
    with pytest.raises(Refused, match="--log"):
        LogFile(tmp_path)


def test_watch_keeps_what_it_remarks(
    run: Callable[..., Said], config: Callable[[str], Path], tmp_path: Path
) -> None:
    """What a run refuses stands in the log as well, for whoever comes later."""
    log = tmp_path / "log" / "logonbell.log"
    said = run("watch", "--once", "--log", log, "--config", config("[sources]\nssm = 'off'\n"))
    assert said.code == 1
    (line,) = log.read_text("utf-8").splitlines()
    assert line.endswith(said.err.strip())


def test_a_fault_of_ours_is_kept(
    run: Callable[..., Said], config: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault that ends the agent is in the log with its traceback, and the exit code says whose it is."""
    monkeypatch.setattr("logonbell.commands.watch.sources_of", None)
    log = tmp_path / "x.log"
    assert run("watch", "--once", "--log", log, "--config", config("")).code == 3
    assert "TypeError" in log.read_text("utf-8")


@pytest.mark.skipif(os.name == "nt", reason="rights of another kind")
def test_it_is_its_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may name who logged on: others may read neither it nor an older one, however careless the process is set up."""
    monkeypatch.setattr("logonbell.commands.logfile.LARGEST", 200)
    before = os.umask(0)
    try:
        with LogFile(tmp_path / "log" / "agent.log") as log:
            for _ in range(10):
                log.note("x" * 50, warns=False)
    finally:
        os.umask(before)
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o700
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "log").iterdir()}
    assert modes == {0o600}
    assert len(list((tmp_path / "log").iterdir())) > 1
