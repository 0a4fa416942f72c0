from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

from agents import FakeProcesses
from fakes import NOON
from logonbell.ssm.processes import HostProcesses, runs
from logonbell.ssm.statefile import SsmSession

SLEEP = [
    sys.executable,
    "-c",
    "import sys; print(flush=True); sys.stdin.readline()",
    "alice-0123456789abcdef0",
]


def test_a_process_is_known_by_its_start_and_its_arguments() -> None:
    """Of a running process start and arguments are told; of one that ended, nothing."""
    processes, before = HostProcesses(), datetime.now(UTC)
    with subprocess.Popen(SLEEP, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()  # before, it may have been born but have no arguments yet
        started = processes.started(child.pid)
        assert started is not None
        assert abs(started - before) < timedelta(seconds=5)
        assert processes.arguments(child.pid)[-1] == "alice-0123456789abcdef0"
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        zombie = processes.started(child.pid)
    assert (zombie, processes.started(child.pid), processes.arguments(child.pid)) == (None, None, ())
    assert processes.connections(child.pid) == ()


def test_impossible_processes_are_none() -> None:
    """No number that a file may hold makes the look-up fail."""
    processes = HostProcesses()
    for number in (0xFFFFFFFF, 2**31, 2**63, -1):
        assert processes.started(number) is None
        assert processes.arguments(number) == ()
        assert processes.connections(number) == ()


def test_this_hosts_addresses_are_told() -> None:
    """Loopback at least is this host, in a fixed order and without an interface's name."""
    addresses = HostProcesses().addresses()
    assert "127.0.0.1" in addresses
    assert list(addresses) == sorted(addresses)
    assert not any("%" in address for address in addresses)


def session(process: int | None, started: datetime | None = NOON) -> SsmSession:
    """Give a session with this worker."""
    return SsmSession("alice-0123456789abcdef0", "StartSession", NOON, process=process, started=started)


def test_a_session_runs_if_its_very_worker_does() -> None:
    """Process id and start must both fit, or the arguments name the session; what nobody can know is taken for running."""
    own, other = ("worker", "alice-0123456789abcdef0"), ("worker", "bob-0123456789abcdef0")
    processes = FakeProcesses(
        {
            1: (NOON - timedelta(seconds=1), other),
            2: (NOON - timedelta(days=1), own),
            3: (NOON - timedelta(days=1), other),
        }
    )
    assert runs(session(1), processes)
    assert runs(session(2), processes)
    assert not runs(session(3), processes)
    assert not runs(session(4), processes)
    assert runs(session(3, started=None), processes)
    assert runs(session(None), processes)
    assert runs(session(4), None)
