"""What holds when the disk under a real agent fills up, fails, is read-only, or somebody holds its files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from disk import FAILING, FULL, HELD, READ_ONLY, Disk, Operation, built
from logonbell.simulate.evtx import EvtxFile
from logonbell.simulate.windows import WindowsHost
from logonbell.store.history import Kept
from logonbell.store.outbox import FILE, Outbox
from logonbell.store.recovery import previous_of

pytestmark = [
    pytest.mark.rig,
    pytest.mark.skipif(sys.platform != "linux", reason="its library is preloaded, as on Linux"),
]
LONGEST = 60.0


@dataclass
class Host:
    """A host with a log that grows, and an agent whose state is on the disk that fails."""

    folder: Path
    disk: Disk
    records: int = 0
    log: EvtxFile = field(init=False)

    def __post_init__(self) -> None:
        """Begin the log."""
        self.made = WindowsHost("BASTION-01", Random(3))  # noqa: S311 - repeatable, not secret
        (self.folder / "logs").mkdir()
        self.log = EvtxFile(self.folder / "logs" / "Security.evtx")
        self.config = self.folder / "logonbell.toml"
        self.config.write_text(
            f"language = 'en'\nstate = '{self.disk.root}'\n[sources]\nevtx = ['{self.folder / 'logs'}']\nssm = 'off'\n"
        )

    @property
    def out(self) -> str:
        """What its console rang."""
        return (self.folder / "out.txt").read_text("utf-8")

    @property
    def err(self) -> str:
        """What it told its operator."""
        return (self.folder / "err.txt").read_text("utf-8")

    def comes(self, name: str) -> None:
        """Let somebody log on at the console."""
        user = self.made.local(name, 1000 + len(name) + self.records)
        for event in self.made.console_logon(datetime.now(UTC), user):
            if event.channel == "Security":
                self.records += 1
                self.log.append(replace(event, record_id=self.records))

    @contextmanager
    def watched(self, fault: tuple[int, Operation] = (0, Operation(0))) -> Iterator[subprocess.Popen[bytes]]:
        """Run the agent, on a disk with a fault perhaps; at the end it is asked to end."""
        self.disk.fails(*fault)
        with (self.folder / "out.txt").open("wb") as out, (self.folder / "err.txt").open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "logonbell", "watch", "--config", self.config],
                env=self.disk.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
            try:
                yield process
                process.send_signal(signal.SIGTERM)
                process.wait(LONGEST)
            finally:
                process.kill()
                process.wait()

    def until(self, happened: Callable[[], bool]) -> None:
        """Wait; the deadline is there for a process that hangs."""
        deadline = time.monotonic() + LONGEST
        while not happened():
            if time.monotonic() > deadline:
                pytest.fail(f"not within {LONGEST} s: {self.out} {self.err}")
            time.sleep(0.05)

    def kept(self) -> int:
        """Count the logons in the history."""
        with closing(Outbox.open(self.disk.root, now=datetime.now(UTC))) as outbox:
            assert outbox.recovered is None
            rows = outbox.history.between(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
            return sum(isinstance(row, Kept) for row in rows)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """Give a host whose disk is well."""
    disk = Disk(built(tmp_path), tmp_path / "state", control=tmp_path / "control")
    host = Host(tmp_path, disk)
    host.comes("early")
    yield host
    host.log.close()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (FULL, "is full; nothing was marked"),
        (READ_ONLY, "failed (disk I/O error)"),
        (FAILING, "failed (disk I/O error)"),
    ],
    ids=["full", "read-only", "failing"],
)
def test_the_agent_waits_and_says_so_and_goes_on(
    host: Host, fault: tuple[int, Operation], words: str
) -> None:
    """The reader pauses, marks nothing, tells it by what still works, and rings for all who came once the disk is well."""
    with host.watched() as process:
        host.until(lambda: "early" in host.out)
        host.disk.fails(*fault)
        host.comes("meanwhile")
        host.until(lambda: "logonbell cannot go on" in host.out)
        assert words in host.err
        assert "meanwhile" not in host.out
        assert process.poll() is None
        host.disk.well()
        host.until(lambda: "meanwhile" in host.out)
        host.comes("later")
        host.until(lambda: "later" in host.out)
    assert process.returncode == 0
    assert host.out.count("Console logon: BASTION-01\\") == 3
    assert "Traceback" not in host.err
    assert host.kept() == 3


@pytest.mark.parametrize("fault", [FULL, READ_ONLY], ids=["full", "read-only"])
def test_an_agent_that_cannot_begin_says_why(host: Host, fault: tuple[int, Operation]) -> None:
    """At its start it says in one sentence what is wrong and what to do, and ends; on a disk that is well it rings."""
    host.disk.fails(*fault)
    done = subprocess.run(
        [sys.executable, "-m", "logonbell", "watch", "--once", "--config", host.config],
        env=host.disk.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) <= 3
    assert "Traceback" not in done.stderr
    with host.watched():
        host.until(lambda: "early" in host.out)


def test_files_that_somebody_holds_stop_nobody(host: Host) -> None:
    """Where nothing can be replaced or deleted, the copy stays as it is, which is said; and the agent rings."""
    with host.watched():
        host.until(lambda: "early" in host.out)
    copy = previous_of(host.disk.root / FILE)
    os.utime(copy, (0, 0))  # it is due
    with host.watched(HELD):
        host.comes("later")
        host.until(lambda: "later" in host.out)
        assert "could not be renewed" in host.err
    assert copy.stat().st_mtime == 0
    assert host.kept() == 2
