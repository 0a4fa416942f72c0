from __future__ import annotations

from pathlib import Path

import pytest

from logonbell.commands import composition
from logonbell.commands.composition import sources_of
from logonbell.config import Config, read_config
from logonbell.simulate.evtx import write_evtx
from logonbell.ssm.source import SsmSource
from users import as_nobody


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Settings that name a log, and leave it to this machine whether there is an SSM agent."""
    write_evtx(tmp_path / "Security.evtx", [])
    path = tmp_path / "logonbell.toml"
    path.write_text("[sources]\nevtx = ['Security.evtx']\n", encoding="utf-8")
    return read_config(path)


def watches_ssm(config: Config, monkeypatch: pytest.MonkeyPatch, data: Path) -> bool:
    """Whether an agent on a machine that keeps the SSM agent's folder there would follow it."""
    monkeypatch.setattr(composition, "default_ssm", lambda: data)
    return any(isinstance(source, SsmSource) for source in sources_of(config))


def test_the_ssm_agent_is_followed_where_there_is_one(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine without the SSM agent nothing is looked for; with one its sessions are seen, unasked."""
    data = tmp_path / "ssm"
    assert not watches_ssm(config, monkeypatch, data)
    data.mkdir()
    assert watches_ssm(config, monkeypatch, data)


def test_an_ssm_agent_that_may_not_be_looked_at_is_not_left_out(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the right to look its sessions are not taken for none: it is followed, and what it cannot see it says."""
    closed = tmp_path / "amazon"
    data = closed / "ssm"
    data.mkdir(parents=True)
    closed.chmod(0)
    try:
        with as_nobody(tmp_path):
            assert watches_ssm(config, monkeypatch, data)
    finally:
        closed.chmod(0o700)
