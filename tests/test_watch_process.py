"""``logonbell watch`` as a process of its own, beside real workers that hold real connections."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, Self

import pytest

from logonbell.agent import utc_now
from logonbell.event import Event
from logonbell.simulate.evtx import EvtxFile
from logonbell.simulate.people import Person
from logonbell.simulate.ssm import SsmAgent
from logonbell.simulate.ssm_documents import Document, Request, commands, port, shell
from logonbell.simulate.windows import WindowsHost

ALICE = "arn:aws:sts::111122223333:assumed-role/ops/alice"
BOB = "arn:aws:sts::111122223333:assumed-role/ops/bob"
KATO = Person("kato", "CORP", "S-1-5-21-2025429265-492894223-1708537768-1135")
LSM = "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"
PROGRAM = (sys.executable, "-m", "logonbell")
WORKER = """
import socket, sys
held = socket.create_connection((sys.argv[2], 3389)) if len(sys.argv) > 2 else None
print("ready", flush=True)
sys.stdin.readline()
if held: held.close()
print("gone", flush=True)
sys.stdin.readline()
"""
TUNNELLED = "127.13.33.89"
"""A loopback address on which no Remote Desktop of this machine listens."""
LONGEST = 60.0

linux = pytest.mark.skipif(sys.platform != "linux", reason="the whole of 127.0.0.0/8 is this machine")


@dataclass
class Ran:
    """What a run said, and how it ended, once it has."""

    code: int | None = None
    out: str = ""
    err: str = ""


class RealBastion:
    """A host whose clock, processes and connections are this machine's. Use it as a context."""

    def __init__(self, folder: Path) -> None:
        self._random = Random(3)  # noqa: S311 - repeatable, not secret
        self.host = WindowsHost("BASTION-01", self._random, domain="CORP")
        self.agent = SsmAgent(folder / "ssm", self._random, utc_now)
        self.agent.start()
        self.config = folder / "logonbell.toml"
        logs = folder / "logs"
        logs.mkdir()
        self.config.write_text(
            f"host = 'BASTION-01'\nstate = '{folder / 'state'}'\n[sources]\nevtx = ['{logs}']\nssm = '{self.agent.data}'\n"
        )
        self._stack = ExitStack()
        self._records: Counter[str] = Counter()
        self._files = {
            channel: self._stack.enter_context(EvtxFile(logs / f"{channel.replace('/', '%4')}.evtx"))
            for channel in ("Security", LSM)
        }
        self._workers: dict[str, subprocess.Popen[str]] = {}
        self.happens(self.host.service_start(utc_now()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers.values():
            worker.kill()
            worker.communicate()
        self._stack.close()

    def happens(self, events: Iterable[Event]) -> None:
        """Let Windows write events now."""
        for event in events:
            if event.channel in self._files:
                self._records[event.channel] += 1
                self._files[event.channel].append(replace(event, record_id=self._records[event.channel]))

    def opens(self, request: Request, *connected: str) -> Document:
        """Let somebody open a session: its worker is a process that is called with its id, and may hold a connection."""
        document = self.agent.submit(request)
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, document.document_id, *connected],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._workers[document.document_id] = worker
        self.agent.begin(document, process=worker.pid, started=utc_now())
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
        return document

    def hangs_up(self, document: Document) -> None:
        """Let a tunnel's worker let its connection go."""
        worker = self._workers[document.document_id]
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write("\n")
        worker.stdin.flush()
        assert worker.stdout.readline() == "gone\n"

    def closes(self, document: Document) -> None:
        """Let a session end, its worker with it."""
        worker = self._workers.pop(document.document_id)
        worker.kill()
        worker.communicate()
        self.agent.end(document)
        self.agent.flush()

    def asks(self, command: str) -> list[dict[str, Any]]:
        """Ask ``who`` or ``history``."""
        done = subprocess.run(
            [*PROGRAM, command, "--format", "jsonl", "--config", str(self.config)],
            capture_output=True,
            check=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    def waits_for(self, count: int, fits: Callable[[dict[str, Any]], bool] = lambda _: True) -> None:
        """Wait until so many logons are kept that fit; the deadline is there for a process that hangs."""
        deadline = time.monotonic() + LONGEST
        while time.monotonic() < deadline:
            self.agent.settle()
            kept = [line for line in self.asks("history") if line["type"] == "logon" and fits(line)]
            if len(kept) >= count:
                return
        pytest.fail(f"not told within {LONGEST} s: {self.asks('history')}")

    @contextmanager
    def watching(self) -> Iterator[Ran]:
        """Run ``logonbell watch``; at the end it is asked to end, as a service is."""
        ran = Ran()
        with subprocess.Popen(
            [*PROGRAM, "watch", "--lang", "en", "--config", str(self.config)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as watch:
            assert watch.stderr is not None
            try:
                assert "Following" in watch.stderr.readline()
                yield ran
            finally:
                watch.send_signal(signal.SIGTERM)
                ran.out, ran.err = watch.communicate()
                ran.code = watch.returncode


@pytest.mark.rig
@linux
def test_the_real_process_tells_who_is_behind_real_workers(tmp_path: Path) -> None:
    """Shells, elevated shells, tunnels and RDP through them, by real processes with real sockets: each rings once, and says who."""
    with RealBastion(tmp_path) as bastion, socket.create_server((TUNNELLED, 3389)) as server:
        with bastion.watching() as watch:
            opened = bastion.opens(shell(ALICE, "alice"))
            bastion.happens(
                replace(event, fields={**event.fields, "ProcessId": hex(opened.process)})
                if event.event_id == 4624
                else event
                for event in bastion.host.ssm_shell(utc_now())
            )
            raised = bastion.opens(commands(BOB, "bob", "cmd", elevated=True))
            tunnel = bastion.opens(port(ALICE, "alice", 3389), TUNNELLED)
            other = bastion.opens(port(BOB, "bob", 3389))
            accepted, _ = server.accept()
            bastion.waits_for(4)
            bastion.happens(bastion.host.rdp_logon(utc_now(), KATO, TUNNELLED, kerberos=True))
            bastion.waits_for(1, lambda line: line["door"] == "rdp-ssm")
            bastion.closes(other)
            bastion.hangs_up(tunnel)
            accepted.close()
            bastion.waits_for(1, lambda line: line["ssm_session"] == other.document_id and line["ended"])
            # A tunnel counts for five seconds behind its end: two programs write two clocks' ticks.
            kim = bastion.host.local("kim", 1005)
            bastion.happens(bastion.host.rdp_logon(utc_now() + timedelta(seconds=8), kim, TUNNELLED))
            bastion.waits_for(2, lambda line: line["door"] == "rdp-ssm")
            bastion.closes(raised)
            bastion.waits_for(1, lambda line: line["ssm_session"] == raised.document_id and line["ended"])
            here = {(line["door"], line["principal"]) for line in bastion.asks("who")}
        told = {line["user"]: line for line in bastion.asks("history") if line["type"] == "logon"}
    assert (watch.code, watch.err) == (0, "")
    assert here == {("ssm-shell", ALICE), ("ssm-tunnel", ALICE), ("rdp-ssm", ALICE)}
    assert told[r"BASTION-01\ssm-user"]["ssm_match"] == "its worker made the Windows logon"
    for user, match in (
        (r"CORP\kato", "its worker holds the connection"),
        (r"BASTION-01\kim", "the only SSM session that forwards port 3389"),
    ):
        assert (told[user]["principal"], told[user]["ssm_session"], told[user]["ssm_match"]) == (
            ALICE,
            tunnel.document_id,
            match,
        )
    subjects = [line for line in watch.out.splitlines() if " on BASTION-01" in line]
    assert Counter(line.partition(":")[0] for line in subjects) == {
        "SSM shell": 1,
        "Elevated SSM shell": 1,
        "SSM tunnel to 3389": 2,
        "RDP logon through SSM": 2,
    }
    assert sum(BOB in line for line in subjects) == 2


@pytest.mark.rig
@linux
def test_the_real_process_catches_up(tmp_path: Path) -> None:
    """What came and went while no process ran is told by the next one, from the SSM agent's logs."""
    with RealBastion(tmp_path) as bastion:
        with bastion.watching():
            bastion.waits_for(0)
        bastion.closes(bastion.opens(commands(BOB, "bob", "cmd", elevated=True)))
        with bastion.watching() as watch:
            bastion.waits_for(1, lambda line: line["ended"])
    assert watch.code == 0
    assert watch.out.count(f"Elevated SSM shell: {BOB} on ") == 1
