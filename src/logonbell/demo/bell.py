"""The real agent: ``logonbell watch``, as a process of its own, with settings such as a user writes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from logonbell.demo.bastion import HOST
from logonbell.demo.letter import Letter, read_letter
from logonbell.demo.process import environment
from logonbell.store.outbox import FILE, Outbox, OutboxState

LOG = "Security.evtx"
_SETTINGS = "logonbell.toml"
STATE = "state"
_REMARKS = "agent.log"
_START_SECONDS = 20.0
_STOP_SECONDS = 10.0
_BLOCK = 3  # paragraphs of a block on the console: what happened, the facts, what to do


class Bell:
    """Watches the log ``LOG`` in ``folder``. As a context it is started at once, and gone in the end.

    ``notify`` is the part of the settings that says where it rings; ``more`` is added to its environment.
    """

    def __init__(self, folder: Path, language: str, notify: str, more: Mapping[str, str]) -> None:
        self._folder = folder
        self._language = language
        self._environment = environment(more)
        settings = (
            f'language = "{language}"\nhost = "{HOST}"\nstate = "{STATE}"\n\n[sources]\nevtx = ["{LOG}"]\n\n'
        )
        (folder / _SETTINGS).write_text(settings + notify, encoding="utf-8")
        self._process: subprocess.Popen[str] | None = None
        self._greeting = 0
        self._is_heard = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def start(self) -> None:
        """Start it, as Windows starts the task of ``logonbell install``: also when it was killed."""
        with (self._folder / _REMARKS).open("ab") as remarks:
            self._greeting = remarks.tell()
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, "-m", "logonbell", "watch", "--config", _SETTINGS, "--lang", self._language],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=remarks,
                encoding="utf-8",
            )

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            with self._process:  # waits, and closes the pipe
                self._process.kill()

    def kill(self) -> None:
        """Kill it without a word (kill -9), and wait until it is gone; who takes its letters takes the last of them."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None and not self._is_heard:
                self._process.stdout.close()

    @property
    def alive(self) -> bool:
        """Whether it still watches."""
        return self._process is not None and self._process.poll() is None

    def started(self) -> bool:
        """Wait until it has an outbox and says what it follows; False where it ends before."""
        deadline = time.monotonic() + _START_SECONDS
        while self.alive and time.monotonic() < deadline:
            said = self._said()
            if (self._folder / STATE / FILE).exists() and said.endswith(b"\n"):
                self._greeting += len(said)
                return True
            time.sleep(0.02)
        return False

    def stop(self) -> None:
        """Ask it to end, as Ctrl+C would: nobody is told of that."""
        if self._process is None:
            return
        if sys.platform == "win32":
            self._process.terminate()
        else:
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def state(self) -> OutboxState:
        """How its outbox stands. Raises ``Refused`` where there is none yet."""
        outbox = Outbox.join(self._folder / STATE)
        try:
            return outbox.state()
        finally:
            outbox.close()

    def remarks(self) -> list[str]:
        """What it said of losses and troubles since it started: nothing, as a rule."""
        return self._said().decode("utf-8", "replace").splitlines()

    def _said(self) -> bytes:
        with (self._folder / _REMARKS).open("rb") as remarks:
            remarks.seek(self._greeting)
            return remarks.read()

    def letters(self) -> Iterator[Letter]:
        """Take what it rings on its console until it has ended."""
        if self._process is None or self._process.stdout is None or self._process.stdout.closed:
            return
        self._is_heard = True
        lines: list[str] = []
        with self._process.stdout as said:
            for line in said:
                lines.append(line)
                if line == "\n" and lines.count(line) == _BLOCK:
                    yield read_letter(
                        lines[0].rstrip(), "".join(lines[:-1]), datetime.now(UTC), self._language
                    )
                    lines = []


def rings_on_console() -> str:
    """Give the settings of an agent that rings on its console."""
    return "[notify.console]\nenabled = true\n"


def rings_through_sns(topic_arn: str, endpoint_url: str) -> str:
    """Give the settings of an agent that rings through SNS alone."""
    # A string of JSON is one of TOML. Who comes back hours later in the day comes back within seconds in the demo.
    return (
        "[notify.console]\nenabled = false\n\n[notify.sns]\n"
        f"topic_arn = {json.dumps(topic_arn)}\nendpoint_url = {json.dumps(endpoint_url)}\n"
        "\n[notify.pace]\nrepeat_minutes = 0\n"
    )
