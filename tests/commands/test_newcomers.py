"""Logs that come later into a folder that is followed."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from logonbell.commands.newcomers import Newcomers
from logonbell.errors import Refused
from logonbell.simulate.evtx import write_evtx
from logonbell.simulate.windows import WindowsHost
from logonbell.sources.evtx import EvtxSource
from logonbell.store.outbox import Outbox


def test_a_log_that_comes_is_asked_for_once(tmp_path: Path) -> None:
    """What nobody reads yet is asked for, once, also where it cannot be read; gone and come again, anew."""
    logs = tmp_path / "logs"
    logs.mkdir()
    write_evtx(logs / "Security.evtx", [])
    followed = {EvtxSource(logs / "Security.evtx").name}
    asked: list[None] = []
    outbox = Outbox.open(tmp_path / "state", now=datetime.now(UTC))
    rounds = Newcomers(outbox, [logs], lambda: followed, lambda: asked.append(None))
    assert [rounds.round(), len(asked)] == [False, 0]
    later = logs / "below" / "System.evtx"
    later.parent.mkdir()
    write_evtx(later, [])
    assert [rounds.round(), rounds.round(), len(asked)] == [True, False, 1]
    later.unlink()
    assert not rounds.round()
    write_evtx(later, [])
    assert [rounds.round(), len(asked)] == [True, 2]
    followed.add(EvtxSource(later).name)
    assert not rounds.round()
    for path in (later, logs / "Security.evtx"):
        path.unlink()
    with pytest.raises(Refused, match="no logs"):
        rounds.round()
    outbox.close()


@pytest.mark.rig
def test_a_running_agent_follows_it(tmp_path: Path) -> None:
    """Whoever logs on in a log that was made after the start rings without a restart."""
    logs = tmp_path / "logs"
    logs.mkdir()
    write_evtx(logs / "Security.evtx", [])
    settings = tmp_path / "logonbell.toml"
    settings.write_text(
        f"state = '{tmp_path / 'state'}'\n[sources]\nevtx = ['{logs}']\nssm = 'off'\n", "utf-8"
    )
    host = WindowsHost("BASTION-01", Random(1))  # noqa: S311 - repeatable, not secret
    came = host.console_logon(datetime.now(UTC), host.local("mori", 1004))
    with subprocess.Popen(
        [sys.executable, "-m", "logonbell", "watch", "--config", settings, "--lang", "en"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as agent:
        assert agent.stdout is not None
        assert agent.stderr is not None
        assert "Following 1 log" in agent.stderr.readline()
        write_evtx(logs / "later.evtx", [event for event in came if event.channel == "Security"])
        rung = agent.stdout.readline()
        agent.terminate()
    assert rung.startswith("Console logon: BASTION-01\\mori")
