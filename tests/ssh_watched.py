"""A real Linux bastion that is watched, who comes there, and who hears of it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from bastion import numbers_of
from emulator import REGION, HeardTopic, free_port
from logonbell.agent import utc_now
from logonbell.simulate.ssm import AgentForm, SsmAgent
from logonbell.simulate.ssm_documents import Document, Request
from ssh_machine import SshMachine

PROGRAM = (sys.executable, "-m", "logonbell")
LONGEST = 30.0
_WORKER = """
import socket, sys, threading
def copy(a, b):
    while block := a.recv(65536): b.sendall(block)
    b.shutdown(socket.SHUT_WR)
server = socket.create_server(("127.0.0.1", int(sys.argv[2])))
print("ready", flush=True)
while True:
    near, _ = server.accept()
    far = socket.create_connection(("127.0.0.1", int(sys.argv[3])))
    for pair in ((near, far), (far, near)): threading.Thread(target=copy, args=pair, daemon=True).start()
"""
"""What the SSM agent's worker of a port session does: to each connection it gets it dials one of its own."""

Message = Mapping[str, Any]


class SshWatched:
    """A bastion on which ``logonbell watch`` runs as a process, and rings an SNS emulator."""

    def __init__(self, machine: SshMachine, topic: HeardTopic, url: str, folder: Path) -> None:
        self.machine, self.topic, self.folder = machine, topic, folder
        self.out = folder / "out"
        self.out.touch()
        self.messages: list[Message] = []
        self.taken: dict[str, datetime] = {}
        self.process: subprocess.Popen[bytes] | None = None
        self.agent = SsmAgent(folder / "ssm", Random(3), utc_now, form=AgentForm(windows=False))  # noqa: S311 - repeatable, not secret
        self.agent.start()
        self._workers: list[subprocess.Popen[str]] = []
        self._config = folder / "logonbell.toml"
        logs = "journal = 'on'" if machine.log == "journal" else "auth_logs = ['/var/log/auth.log']"
        self._config.write_text(
            f"host = 'bastion'\nstate = '{folder / 'state'}'\n[sources]\n{logs}\nssm = '{self.agent.data}'\n"
            f"[notify.console]\nenabled = false\n[[notify.sns]]\ntopic_arn = '{topic.arn}'\nendpoint_url = '{url}'\n"
            f"region = '{REGION}'\ndaily_check = false\nformat = 'json'\n[notify.pace]\nsingles_a_minute = 500\ndigest_seconds = 5\n",
            encoding="utf-8",
        )

    def start(self) -> subprocess.Popen[bytes]:
        """Start the agent, and wait until it follows."""
        before = self.out.read_text(errors="replace").count("Following")
        self.process = self.machine.starts(*PROGRAM, "watch", "--config", str(self._config), out=self.out)
        self.waits_for(lambda: self.out.read_text(errors="replace").count("Following") > before)
        return self.process

    def kill(self) -> None:
        """End it as kill -9 does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def close(self) -> None:
        """End everything that was started here."""
        self.kill()
        for worker in self._workers:
            worker.kill()
            worker.communicate()

    # What is heard

    def hear(self) -> None:
        """Take what rang meanwhile, and note when SNS had taken it."""
        for each in self.topic.rest():
            message = json.loads(each.body)
            self.messages.append(message)
            self.taken[message.get("fingerprint") or str(len(self.messages))] = each.sent

    def waits_for(self, what: Callable[[], bool], seconds: float = LONGEST) -> None:
        """Hear what rings until something is so."""
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, (
                [each["subject"] for each in self.messages],
                self.out.read_text(errors="replace")[-3000:],
                (self.machine.folder / "rig.log").read_text(errors="replace")[-2000:],
            )
            self.hear()
            time.sleep(0.05)

    def logons(self, **facts: object) -> list[Message]:
        """Give the messages that tell of a logon with these facts."""
        return [
            each
            for each in self.messages
            if each["type"] == "logon" and all(each[name] == fact for name, fact in facts.items())
        ]

    def notices(self) -> list[Message]:
        """Give what was told of the watching itself."""
        return [each for each in self.messages if each["type"] == "notice"]

    def told(self) -> int:
        """Count the alerts that were told, alone or in a digest, without those of the watching itself."""
        numbers = {number for each in self.messages for number in numbers_of(dict(each))}
        return len(numbers - {each["sequence"] for each in self.notices()})

    def rings(self, count: int = 1, **facts: object) -> Message:
        """Wait until so many logons with these facts rang; give the last."""
        self.waits_for(lambda: len(self.logons(**facts)) >= count)
        return self.logons(**facts)[-1]

    def each_once(self) -> bool:
        """Tell whether each alert was told once, and none is missing."""
        numbers = [number for each in self.messages for number in numbers_of(dict(each))]
        marks = [each["fingerprint"] for each in self.messages]
        return sorted(numbers) == list(range(1, len(numbers) + 1)) and len(set(marks)) == len(marks)

    def history(self) -> list[Message]:
        """Ask what was kept."""
        done = self.machine.inside(*PROGRAM, "history", "--format", "jsonl", "--config", str(self._config))
        return [json.loads(line) for line in done.stdout.splitlines()]

    # Who comes by Session Manager

    def opens(self, request: Request) -> Document:
        """Let somebody open a session that has a process, but no connection."""
        document = self.agent.submit(request)
        self._works(document, free_port(), 1)
        return document

    def tunnels(self, request: Request) -> tuple[Document, int]:
        """Let somebody open a tunnel to sshd; give the port at its other end."""
        document, near = self.agent.submit(request), free_port()
        self._works(document, near, self.machine.port)
        return document, near

    def _works(self, document: Document, near: int, far: int) -> None:
        worker = subprocess.Popen(
            [sys.executable, "-c", _WORKER, document.document_id, str(near), str(far)],
            stdout=subprocess.PIPE,
            text=True,
        )
        self._workers.append(worker)
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
        self.agent.begin(document, process=worker.pid, started=utc_now())
