from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from agents import ALICE, LINUX, Bastion
from fakes import FakeClock
from logonbell.agent import utc_now
from logonbell.simulate.ssm import AgentForm
from logonbell.simulate.ssm_documents import shell
from said import JAPANESE, Said
from users import as_nobody

Run = Callable[..., Said]
languages = pytest.mark.parametrize("language", ["en", "ja"])
forms = pytest.mark.parametrize("form", [AgentForm(), LINUX], ids=["windows", "linux"])


@pytest.fixture
def settings(tmp_path: Path, config: Callable[[str], Path]) -> Callable[[Path], Path]:
    """Write settings that watch an agent's folder, with a state folder that is there."""
    (tmp_path / "state").mkdir(0o700)
    return lambda folder: config(f"[sources]\nssm = '{folder}'\n")


@languages
@forms
def test_whoever_may_not_look_is_told_what_to_do(
    run: Run, settings: Callable[[Path], Path], tmp_path: Path, form: AgentForm, language: str
) -> None:
    """Without the right to look into the agent's folder every start says so, and the status does, with what to do."""
    bastion = Bastion(tmp_path / "ssm", form, FakeClock(utc_now()))
    bastion.open(shell(ALICE, "alice"))
    path = settings(bastion.agent.data)
    commands = (
        ("watch", "--once", "--lang", language),
        ("watch", "--once", "--lang", language),
        ("status", "--lang", language),
        ("status", "--format", "jsonl"),
    )
    able = [run(*command, "--config", path) for command in commands]  # loads what nobody may not read, Python
    for file in (tmp_path / "state").iterdir():
        file.unlink()
    with as_nobody(tmp_path, writes=tmp_path / "state"):
        with pytest.raises(PermissionError):
            next((bastion.agent.home / "document").iterdir())
        first, again, status, machine = (run(*command, "--config", path) for command in commands)
    words = "as root" if language == "en" else "root (Windows"
    for text in (first.err, again.err, status.out):
        assert words in text
        assert bool(JAPANESE.search(text)) == (language == "ja")
    assert str(bastion.agent.home.parent) in first.err
    assert (first.code, again.code, status.code) == (0, 0, 0)
    (source,) = json.loads(machine.out)["sources"].values()
    assert source["blind"] is not None
    assert "alice" in able[0].out
    assert words not in able[0].err + able[2].out
    assert next(iter(json.loads(able[3].out)["sources"].values()))["blind"] is None


@languages
def test_a_host_without_an_agent_is_told_how_to_say_so(
    run: Run, settings: Callable[[Path], Path], tmp_path: Path, language: str
) -> None:
    """A folder in which no agent keeps its state is told, and how to have that said no more."""
    (tmp_path / "ssm").mkdir()
    path = settings(tmp_path / "ssm")
    said = run("watch", "--once", "--lang", language, "--config", path)
    status = run("status", "--lang", language, "--config", path)
    assert said.err.count("ssm = 'off'") == 1
    assert status.out.count("ssm = 'off'") == 1
    assert bool(JAPANESE.search(said.err)) == (language == "ja")


@languages
@forms
def test_a_copy_that_may_not_be_read_is_told(
    run: Run, tmp_path: Path, form: AgentForm, language: str
) -> None:
    """Who reads the past without rights hears which folder is closed, and that its sessions are not known."""
    bastion = Bastion(tmp_path / "host" / "SSM", form)
    bastion.open(shell(ALICE, "alice"))
    assert "alice" in run("read", tmp_path / "host").out
    with as_nobody(bastion.agent.state):
        said = run("read", "--lang", language, tmp_path / "host")
    assert (said.code, said.err.count("\n")) == (0, 1)
    assert str(bastion.agent.state / "pending") in said.err
    assert bool(JAPANESE.search(said.err)) == (language == "ja")


@languages
def test_logs_that_may_not_be_read_are_told(
    run: Run, settings: Callable[[Path], Path], tmp_path: Path, language: str
) -> None:
    """Where the agent's logs are closed, it is said once that nothing will be caught up."""
    bastion = Bastion(tmp_path / "ssm")
    path = settings(bastion.agent.data)
    run("check-config", "--config", path)
    bastion.agent.logs.chmod(0)
    with as_nobody(bastion.agent.state / "current", writes=tmp_path / "state"):
        said = run("watch", "--once", "--lang", language, "--config", path)
    assert said.err.count(str(bastion.agent.logs)) == 1
    assert bool(JAPANESE.search(said.err)) == (language == "ja")
