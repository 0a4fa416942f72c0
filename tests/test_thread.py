"""One session, one thread: who came, went away, came back and left, in the words of each command."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from logonbell.cli import main
from logonbell.simulate.evtx import write_logs
from scenes import SCENES, after

Lines = Callable[..., list[dict[str, Any]]]
Text = Callable[..., str]


@pytest.fixture
def text(capsys: pytest.CaptureFixture[str]) -> Text:
    """Run a command in English and give what it prints."""

    def text(*arguments: object) -> str:
        capsys.readouterr()
        assert main([*map(str, arguments), "--lang", "en"]) == 0
        return capsys.readouterr().out

    return text


@pytest.fixture
def lines(text: Text) -> Lines:
    """Run a command for machines."""

    def lines(*arguments: object) -> list[dict[str, Any]]:
        return [json.loads(line) for line in text(*arguments, "--format", "jsonl").splitlines()]

    return lines


def logs(folder: Path, until: datetime | None = None) -> Path:
    """Write the logs of somebody who came, went away, came back from elsewhere and left; of as much of it as is asked for."""
    folder.mkdir(exist_ok=True)
    events = SCENES["door-rdp-reconnect"].events
    write_logs(folder, [event for event in events if until is None or event.time < until])
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Settings that follow those logs and ring nowhere but on the console."""
    path = tmp_path / "logonbell.toml"
    path.write_text(
        f"timezone = 'UTC'\nstate = '{tmp_path / 'state'}'\n[sources]\nevtx = ['{tmp_path / 'logs'}']\nssm = 'off'\n"
    )
    return path


def test_lines_name_the_logon_that_opened_the_session(tmp_path: Path, lines: Lines) -> None:
    """A reconnect and a logoff name the same logon, and that one says when its session was over."""
    found = lines("read", logs(tmp_path / "logs"))
    came, back, left, _summary = found
    assert (came["door"], back["door"], left["type"]) == ("rdp", "rdp-reconnect", "logoff")
    assert came["resumes"] is came["began"] is None
    assert back["resumes"] == left["logon"] == came["events"][0]
    assert back["began"] == left["began"] == came["time"]
    assert (came["ended"], back["ended"]) == (left["time"], None)
    assert left["seconds"] == 8997.88


def test_an_explanation_says_what_belongs_to_which_session(tmp_path: Path, text: Text) -> None:
    """Detached, attached again and closed: each is told with the session it belongs to."""
    said = text("explain", logs(tmp_path / "logs"))
    assert "session: opened at 2026-05-04 09:00:02 UTC (record 5012, Security)" in said
    assert "Logoff (RDP): BASTION-01\\mori on BASTION-01 after 2 h 29 min" in said
    gone = text("explain", tmp_path / "logs", "--record", "5017")
    assert (
        "4779 record 5017: the client was detached from the session that record 5012 opened (Security)"
        in gone
    )


def test_who_is_on_is_one_session_until_it_is_over(tmp_path: Path, settings: Path, lines: Lines) -> None:
    """Who went away and came back is on once, since he first came; who left is not on, and the history says how long."""
    for until in (after(60), after(3700), after(7300)):
        logs(tmp_path / "logs", until)
        assert main(["watch", "--once", "--config", str(settings)]) == 0
        (on,) = lines("who", "--config", settings)
        assert (on["door"], on["time"], on["ended"]) == ("rdp", "2026-05-04T09:00:02.120000Z", None)
    logs(tmp_path / "logs")
    assert main(["watch", "--once", "--config", str(settings)]) == 0
    assert lines("who", "--config", settings) == []
    came, back, left = lines("history", "--config", settings)
    assert came["ended"] == left["time"]
    assert back["resumes"] == left["logon"] == came["events"][0]


def test_the_history_shows_how_long_it_lasted(tmp_path: Path, settings: Path, text: Text) -> None:
    """A person sees the length of a session that is over beside its logon."""
    logs(tmp_path / "logs")
    assert main(["watch", "--once", "--config", str(settings)]) == 0
    titles, came, back, *_ = text("history", "--config", settings).splitlines()
    assert titles.endswith("lasted")
    assert came.endswith("2 h 29 min")
    assert "RDP reconnect" in back
