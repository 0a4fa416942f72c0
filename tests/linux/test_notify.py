"""What systemd is told of the agent."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from logonbell.linux.notify import Supervisor


class Systemd:
    """Listens as systemd does, at an address below a folder or without one."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address.replace("@", "\0", 1))
        self.socket.setblocking(False)

    @property
    def heard(self) -> list[str]:
        """What came since the last time."""
        found = []
        while True:
            try:
                found.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return found


@pytest.fixture(params=["file", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Systemd]:
    """A systemd that listens."""
    one = Systemd(str(tmp_path / "notify") if request.param == "file" else f"@logonbell-test-{os.getpid()}")
    yield one
    one.socket.close()


def started(systemd: Systemd, *, process: int | None = None) -> tuple[Supervisor, list[float]]:
    """An agent that systemd started with 40 seconds of patience, and its clock."""
    environment = {
        "NOTIFY_SOCKET": systemd.address,
        "WATCHDOG_USEC": "40000000",
        "WATCHDOG_PID": str(process or os.getpid()),
        "PATH": "/bin",
    }
    supervisor = Supervisor.of(environment)
    assert environment == {"PATH": "/bin"}, "what is run from here cannot speak in our place"
    clock = [100.0]
    supervisor.elapsed = lambda: clock[0]
    return supervisor, clock


def test_it_is_ready_once_the_work_began(systemd: Systemd) -> None:
    """Not when it was started: when it has come back from its first look."""
    supervisor, _ = started(systemd)
    supervisor.status("Following 2 logs.\nREADY=1")
    assert systemd.heard == ["STATUS=Following 2 logs. READY=1"]
    supervisor.gets_on()
    assert systemd.heard == ["READY=1", "WATCHDOG=1"]
    supervisor.ends()
    assert systemd.heard == ["STOPPING=1"]


def test_only_work_keeps_it_alive(systemd: Systemd) -> None:
    """It is told four times within systemd's patience while looks come back, and not at all while they do not."""
    supervisor, clock = started(systemd)
    supervisor.gets_on()
    assert systemd.heard == ["READY=1", "WATCHDOG=1"]
    for _ in range(99):
        clock[0] += 0.1
        supervisor.gets_on()
    assert systemd.heard == []
    clock[0] += 0.2
    supervisor.gets_on()
    assert systemd.heard == ["WATCHDOG=1"]


def test_the_patience_of_another_process_is_not_ours(systemd: Systemd) -> None:
    """A watchdog that was set for whoever started us is not fed from here; that it is ready is told."""
    supervisor, clock = started(systemd, process=os.getpid() + 1)
    supervisor.gets_on()
    clock[0] += 1000
    supervisor.gets_on()
    assert systemd.heard == ["READY=1", "WATCHDOG=1"]


@pytest.mark.parametrize("address", ["", "tcp:1", "/nowhere/to/be/found"])
def test_without_systemd_nobody_is_told(address: str) -> None:
    """Started by hand, or where nobody listens any more, it works on."""
    supervisor = Supervisor.of({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "nonsense"})
    supervisor.gets_on()
    supervisor.ends()
