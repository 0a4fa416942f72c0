"""An SSM agent at work: the state files and the logs that it writes, step by step, as its source code does it.

What was read is amazon-ssm-agent at commit 1c217c89 (October 2024, just after 3.3.987.0); docs/decisions says more.
"""

from __future__ import annotations

import os
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from random import Random

from logonbell.simulate.ssm_documents import Document, Request, compact, indented

_SESSION, _DOCUMENT, _WORKER, _CORE = (
    "ssm-session-worker",
    "ssm-document-worker",
    "ssm-agent-worker",
    "amazon-ssm-agent",
)
_MESSAGES = "[MessageService] [MGSInteractor]"
_ENGINE = "[MessageService] [EngineProcessor]"
LONGEST_DELAY = timedelta(milliseconds=100)
"""The agent's log writer holds lines for 2 to 100 ms."""


@dataclass(frozen=True, slots=True)
class AgentForm:
    """In what agents differ. The logs' times have a fraction since 3.3.808; suffixes of session ids grew by 2026.

    ``zone`` is the host's. ``describes`` False: an agent that no longer logs what it tells its workers. ``extra`` are
    fields of a newer agent. ``log_size`` and ``rolls`` are when and how often a log is rolled.
    """

    windows: bool = True
    version: str = "3.3.987.0"
    fraction: bool = True
    long_suffix: bool = False
    zone: tzinfo = UTC
    describes: bool = True
    extra: Mapping[str, object] = field(default_factory=dict)
    log_size: int = 30_000_000
    rolls: int = 5


class SsmAgent:
    r"""The files of one agent below ``root``. Each step is a method; what the agent does at once is a method that does both.

    On Windows ``root`` is ``%ProgramData%\Amazon\SSM``; on Linux the data lies in ``root/lib`` and the logs in
    ``root/log``. Log lines are written by ``flush``, or once they are older than the delay of the agent's log writer.
    """

    def __init__(
        self,
        root: Path,
        random: Random,
        clock: Callable[[], datetime],
        *,
        instance_id: str = "i-0123456789abcdef0",
        form: AgentForm | None = None,
    ) -> None:
        self.form = form or AgentForm()
        self.instance_id = instance_id
        self.data = root if self.form.windows else root / "lib"
        self.logs = root / "Logs" if self.form.windows else root / "log"
        base = self.data / "InstanceData" if self.form.windows else self.data
        self.state = base / instance_id / "document" / "state"
        self._random = random
        self._clock = clock
        self._lines: list[tuple[datetime, str, str]] = []
        self._newest_process = random.randrange(250, 2_000) * 4

    # The agent

    def start(self) -> None:
        """Start the agent: its folders are made, and it says hello."""
        for shelf in ("pending", "current", "corrupt"):
            (self.state / shelf).mkdir(mode=0o700, parents=True, exist_ok=True)
        self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._say(_CORE, f"amazon-ssm-agent - v{self.form.version}")
        self._say(_WORKER, "Initializing bookkeeping folders")
        self._say(
            _CORE, "[LongRunningWorkerContainer] [WorkerProvider] Worker ssm-agent-worker (pid:2116) started"
        )

    def restart(self, *running: Document) -> None:
        """Start the agent again: it finds what still runs, and writes down that it did. Workers live on meanwhile."""
        self.start()
        for document in running:
            self._say(_WORKER, f"{_ENGINE} Found in-progress document - {document.document_id}")
            document.runs += 1
            self._write("current", document, document.state())
            self._say(_WORKER, f"{_ENGINE} Processing in-progress document {document.document_id}")

    # A session, a command, an association

    def open(self, request: Request, *, process: int = 0, started: datetime | None = None) -> Document:
        """Take on a request and start its worker."""
        document = self.submit(request)
        self.begin(document, process=process, started=started)
        return document

    def submit(self, request: Request) -> Document:
        """Take on a request: its state is written into ``pending``."""
        received = self._clock()
        document_id, message_id = self._ids(request, received)
        document = Document(
            request,
            document_id,
            message_id,
            self.instance_id,
            received,
            received - timedelta(milliseconds=self._random.randrange(40, 400)),
            self._orchestration(request, document_id),
            extra=self.form.extra,
        )
        message = self._uuid()
        kind = "interactive_shell" if request.is_session else "agent_job"
        if request.kind != "Association":
            self._say(_WORKER, f"{_MESSAGES} Processing AgentMessage: MessageType - {kind}, Id - {message}")
            content = compact(
                {"schemaVersion": 1, "taskId": document_id, "content": compact(_payload(document))}
            )
            self._say(_WORKER, f"{_MESSAGES} Parsing AgentMessage {message}, Payload: {content}")
        self._say(_WORKER, f"{_ENGINE} document {message_id} submission started")
        self._write("pending", document, document.state())
        self._say(_WORKER, f"{_ENGINE} document {message_id} submission ended")
        return document

    def move(self, document: Document) -> None:
        """Move the state into ``current``; the worker is not started yet."""
        name = document.document_id
        (self.state / "pending" / name).rename(self.state / "current" / name)

    def begin(self, document: Document, *, process: int = 0, started: datetime | None = None) -> None:
        """Start the worker, and write down its process id; the worker says what it was told."""
        self.move(document)
        document.process = process or self._new_process()
        document.started = started or self._clock()
        self._write("current", document, document.state())
        worker, name = self._worker(document), document.document_id
        self._plain(worker, f"{worker} - v{self.form.version}")
        self._say(worker, f"[{name}] document: {name} worker started")
        self._say(worker, f"[{name}] inter process communication started at {self._channel(name)}")
        if self.form.describes:
            self._say(worker, f"[{name}] [DataBackend] received plugin config message")
            self._say(worker, f"[{name}] [DataBackend] {compact(document.state())}")
        if not document.request.is_session:
            return
        plugin = document.request.plugin
        at = f"[{name}] [DataBackend] [pluginName={plugin}]"
        ids = f"requestId: {self._uuid()}, clientId: {self._uuid()}"
        self._say(worker, f"{at} Setting up datachannel for session: {name}, {ids}")
        if plugin == "Port":
            self._say(worker, f"{at} Client side session manager plugin version is: 1.2.650.0")
            self._say(worker, f"{at} Handshake successfully completed.")
        else:
            self._say(worker, f"{at} Starting command executor")
            if self.form.windows and not _is_elevated(document.request):
                self._say(worker, f"{at} Successfully enabled ssm-user")
        self._say(worker, f"{at} Plugin {plugin} started")

    def end(self, document: Document) -> None:
        """End it: the worker is done, the state is saved once more and then removed."""
        self._worker_done(document)
        self.save_again(document)
        self.remove(document)

    def terminate(self, document: Document) -> None:
        """End a session by its owner's wish: the wish takes the place of the session's state and is removed first."""
        self.wish(document)
        self.grant(document)
        self.end(document)

    def wish(self, document: Document) -> None:
        """Take on the wish to end a session; it has the session's id."""
        self._write("pending", document, document.termination())

    def grant(self, document: Document) -> None:
        """Handle the wish: moved over the session's state, then removed."""
        self.move(document)
        (self.state / "current" / document.document_id).unlink()

    def save_again(self, document: Document) -> None:
        """Save the outcome, also where the file is gone already."""
        document.status = "Success"
        self._write("current", document, document.state())

    def remove(self, document: Document) -> None:
        """Remove the state of what is over."""
        self._say(
            _WORKER,
            f"{_ENGINE} execution of {document.message_id} is over. Removing interimState from current folder",
        )
        (self.state / "current" / document.document_id).unlink()

    def _worker_done(self, document: Document) -> None:
        worker, name = self._worker(document), document.document_id
        if document.request.is_session:
            if document.request.plugin != "Port" and self.form.windows and not _is_elevated(document.request):
                at = f"[{name}] [DataBackend] [pluginName={document.request.plugin}]"
                self._say(worker, f"{at} Successfully disabled ssm-user")
            self._say(worker, f"[{name}] [DataBackend] document execution complete")
            self._say(worker, f"[{name}] [DataBackend] sending document complete response...")
            self._say(worker, f"[{name}] requested shutdown, prepare to stop messaging")
            self._say(worker, f"[{name}] Session worker closed")
        else:
            self._say(worker, f"[{name}] document worker closed")

    # Files

    def _write(self, shelf: str, document: Document, state: Mapping[str, object]) -> None:
        """Write a state as the agent does: the file is emptied and filled, so that a reader may see it empty or half."""
        path = self.state / shelf / document.document_id
        content = indented(state).encode()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)

    def flush(self) -> None:
        """Write all log lines that wait."""
        self._write_lines(timedelta(0))

    def settle(self) -> None:
        """Write the log lines that the agent's log writer would not hold any longer."""
        self._write_lines(LONGEST_DELAY)

    def _write_lines(self, delay: timedelta) -> None:
        now = self._clock()
        due = [line for line in self._lines if now - line[0] >= delay]
        self._lines = [line for line in self._lines if now - line[0] < delay]
        texts: dict[str, list[str]] = {}
        for time, program, text in due:
            name = f"{program}.log" if self.form.windows else f"{_CORE}.log"
            texts.setdefault(name, []).append(f"{self._stamp(time)} INFO {text}\n")
        for name, lines in texts.items():
            self._roll(self.logs / name)
            with (self.logs / name).open("ab") as file:
                file.write("".join(lines).encode())

    def _roll(self, log: Path) -> None:
        """Roll a log that is full: it gets the next number, and the oldest is removed."""
        if not log.exists() or log.stat().st_size < self.form.log_size:
            return
        rolled = sorted(int(path.suffix[1:]) for path in log.parent.glob(f"{log.name}.*"))
        log.rename(log.with_name(f"{log.name}.{rolled[-1] + 1 if rolled else 1}"))
        for number in rolled[: max(0, len(rolled) + 1 - self.form.rolls)]:
            log.with_name(f"{log.name}.{number}").unlink()

    def _say(self, program: str, text: str) -> None:
        self._plain(program, f"[{program}] {text}")

    def _plain(self, program: str, text: str) -> None:
        self._lines.append((self._clock(), program, text))

    def _stamp(self, time: datetime) -> str:
        local = time.astimezone(self.form.zone)
        fraction = f".{local.microsecond // 100:04d}" if self.form.fraction else ""
        return f"{local:%Y-%m-%d %H:%M:%S}{fraction}"

    # Names

    def _ids(self, request: Request, received: datetime) -> tuple[str, str]:
        if request.kind == "SendCommand":
            command = self._uuid()
            return command, f"aws.ssm.{command}.{self.instance_id}"
        if request.kind == "Association":
            name = self._uuid()
            return f"{name}.{received:%Y-%m-%dT%H-%M-%S}.000Z", name
        if self.form.long_suffix:
            suffix = "".join(self._random.choices(string.ascii_lowercase + string.digits, k=26))
        else:
            suffix = f"0{self._random.getrandbits(64):016x}"
        return f"{request.user}-{suffix}", f"{request.user}-{suffix}"

    def _orchestration(self, request: Request, document_id: str) -> str:
        kind = "session" if request.is_session else "document"
        parts = (self.instance_id, kind, "orchestration", document_id, request.plugin.replace(":", ""))
        if self.form.windows:
            return "\\".join(("C:\\ProgramData\\Amazon\\SSM\\InstanceData", *parts))
        return "/".join(("/var/lib/amazon/ssm", *parts))

    def _channel(self, name: str) -> str:
        if self.form.windows:
            return f"C:\\ProgramData\\Amazon\\SSM\\InstanceData\\{self.instance_id}\\channels\\{name}"
        return f"/var/lib/amazon/ssm/{self.instance_id}/channels/{name}"

    @staticmethod
    def _worker(document: Document) -> str:
        return _SESSION if document.request.is_session else _DOCUMENT

    def _new_process(self) -> int:
        """Deal a process id that no other program has; Windows' are multiples of four."""
        self._newest_process += self._random.randrange(1, 16) * 4
        return self._newest_process

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))


def _payload(document: Document) -> dict[str, object]:
    request = document.request
    return {
        "RunAsUser": "",
        "Parameters": {},
        "DocumentContent": {
            "schemaVersion": "1.0",
            "sessionType": request.plugin,
            "properties": request.properties,
        },
        "SessionOwner": request.owner,
        "SessionId": document.document_id,
        "DocumentName": request.document,
    }


def _is_elevated(request: Request) -> bool:
    properties = request.properties
    each = properties.get("windows") if isinstance(properties, dict) else None
    return isinstance(each, dict) and each.get("runAsElevated") is True
