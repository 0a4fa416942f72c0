"""An SSM agent at work: the state files and the logs that it writes, step by step, as its source code does it.

What was read is github.com/aws/amazon-ssm-agent at commit 1c217c89 (October 2024, just after 3.3.987.0), and held
against the log of a real agent 3.2.1705.0: docs/decisions/ssm-simulator.md says what was compared.
"""

from __future__ import annotations

import os
import shutil
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from random import Random

from logonbell.simulate.ssm_documents import Document, Request, compact, indented, iso, payload
from logonbell.simulate.ssm_log import AgentLog

_SESSION, _DOCUMENT, _WORKER, _CORE = (
    "ssm-session-worker",
    "ssm-document-worker",
    "ssm-agent-worker",
    "amazon-ssm-agent",
)
_MESSAGES = "[MessageService] [MGSInteractor]"
_ENGINE = "[MessageService] [EngineProcessor]"
SHELVES = ("pending", "current", "completed", "corrupt")
"""Below ``document/state``; into the third, a legacy, nothing is written."""


@dataclass(frozen=True, slots=True)
class AgentForm:
    """In what agents differ. The logs' times have a fraction since 3.3.808; suffixes of session ids grew by 2026.

    ``zone`` is the host's. ``talkative`` are agents before 3.3.987, which log more; ``describes`` False is one that no
    longer logs what it tells its workers. ``extra`` are fields of a newer agent. ``log_size`` and ``rolls`` are when and
    how often a log is rolled.
    """

    windows: bool = True
    version: str = "3.3.987.0"
    fraction: bool = True
    talkative: bool = False
    long_suffix: bool = False
    zone: tzinfo = UTC
    describes: bool = True
    extra: Mapping[str, object] = field(default_factory=dict)
    log_size: int = 30_000_000
    rolls: int = 5


class SsmAgent:
    r"""The files of one agent below ``root``. Each step is a method; what the agent does at once is a method that does both.

    On Windows ``root`` is ``%ProgramData%\Amazon\SSM``; on Linux the data lies in ``root/lib`` and the logs in
    ``root/log``. Log lines are written when the agent's log writers would (``settle``), or all at once (``flush``).
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
        self.home = base / instance_id
        self.state = self.home / "document" / "state"
        self._random = random
        self._clock = clock
        self._log = AgentLog(
            self.logs,
            zone=self.form.zone,
            fraction=self.form.fraction,
            roll_at=self.form.log_size,
            rolls=self.form.rolls,
        )
        self._newest_process = random.randrange(250, 2_000) * 4

    # The agent

    def start(self) -> None:
        """Start the agent: its folders are made, and it says hello."""
        self.data.mkdir(parents=True, exist_ok=True)
        for shelf in SHELVES:
            _make(self.state / shelf, 0o700)
        self.logs.mkdir(parents=True, exist_ok=True)
        version = f"v{self.form.version}"
        self._say(_CORE, f"[{_CORE}] {_CORE} - {version}")
        self._say(_CORE, f"[{_CORE}] Starting Core Agent")
        self._say(_WORKER, f"[{_WORKER}] Initializing bookkeeping folders")
        self._say(_WORKER, f"[{_WORKER}] removing the completed state files")
        self._say(_WORKER, f"[{_WORKER}] {_WORKER} - {version}")
        self._say(
            _CORE,
            f"[{_CORE}] [LongRunningWorkerContainer] [WorkerProvider] Worker {_WORKER} (pid:{self._new_process()}) started",
        )

    def stop(self) -> None:
        """Stop the agent; what it runs lives on."""
        for program in (_CORE, _WORKER):
            self._log.end(program, self._clock())

    def restart(self, *running: Document) -> None:
        """Start the agent again: it finds what still runs, and says and writes down that it did."""
        self.stop()
        self.start()
        for document in running:
            self._resume(document)

    def _resume(self, document: Document) -> None:
        name, executer = document.document_id, f"{_ENGINE} [OutOfProcExecuter] [{document.document_id}]"
        self._engine(f"Found in-progress document - {name}")
        document.runs += 1
        self._write("current", document, document.state())
        self._engine(f"Processing in-progress document {name}")
        self._engine(f"Processing document {name} from state dir current")
        self._engine(f"document {document.message_id} submission started")
        self._engine(f"document {document.message_id} submission ended")
        started = f"{document.started or self._clock():%Y-%m-%d %H:%M:%S.%f}317 +0000 UTC"
        self._say(
            _WORKER,
            f"[{_WORKER}] {executer} discovered old channel object, trying to find detached process...",
        )
        self._say(
            _WORKER,
            f"[{_WORKER}] {executer} found orphan process: {document.process}, start time: {started}",
        )
        self._write("current", document, document.state())
        self._tell(document)

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
            zone=self.form.zone,
            extra=self.form.extra,
        )
        message = self._uuid()
        kind = "interactive_shell" if request.is_session else "agent_job"
        if request.kind != "Association":
            at = f"[{_WORKER}] {_MESSAGES}"
            self._say(_WORKER, f"{at} Processing AgentMessage: MessageType - {kind}, Id - {message}")
            self._say(_WORKER, f"{at} Parsing AgentMessage {message}, Payload: {compact(payload(document))}")
        self._engine(f"document {message_id} submission started")
        self._write("pending", document, document.state())
        self._engine(f"document {message_id} submission ended")
        return document

    def move(self, document: Document) -> None:
        """Move the state into ``current``; the worker is not started yet."""
        name = document.document_id
        (self.state / "pending" / name).rename(self.state / "current" / name)

    def begin(self, document: Document, *, process: int = 0, started: datetime | None = None) -> None:
        """Start the worker, and write down its process id; the worker says what it was told."""
        self.move(document)
        if self.form.talkative:
            self._engine(f"Got job {document.message_id}, starting worker")
        _make(self._channel(document) / "tmp", 0o750)
        document.process = process or self._new_process()
        document.started = started or self._clock()
        self._write("current", document, document.state())
        worker, name = self._worker(document), document.document_id
        self._says(document, f"{worker} - v{self.form.version}")
        self._says(document, "picking up runtime config identity selector")
        self._says(document, f"[{worker}] [{name}] Init the cloudwatchlogs publisher")
        self._says(document, f"[{worker}] [{name}] document: {name} worker started")
        self._tell(document)
        self._run_plugin(document)

    def _tell(self, document: Document) -> None:
        """Let the worker be told what to do; a restarted agent tells it once more, and it does nothing then."""
        at = f"[{self._worker(document)}] [{document.document_id}]"
        self._says(document, f"{at} inter process communication started at {self._channel_name(document)}")
        if self.form.describes:
            self._says(document, f"{at} [DataBackend] received plugin config message")
            self._says(document, f"{at} [DataBackend] {compact(document.state())}")

    def _run_plugin(self, document: Document) -> None:
        request, name = document.request, document.document_id
        at = f"[{self._worker(document)}] [{name}] [DataBackend]"
        self._says(document, f"{at} Running plugin {request.plugin} {request.step}")
        if not request.is_session:
            return
        at += f" [pluginName={request.plugin}]"
        ids = f"requestId: {self._uuid()}, clientId: "
        self._says(document, f"{at} Setting up datachannel for session: {name}, {ids}")
        self._says(document, f"{at} Starting websocket pinger")
        self._says(document, f"{at} Starting websocket listener")
        if request.plugin == "Port":
            self._says(document, f"{at} Initiating Handshake")
            self._says(document, f"{at} Client side session manager plugin version is: 1.2.650.0")
            self._says(document, f"{at} Handshake successfully completed.")
        else:
            self._says(document, f"{at} Skipping handshake.")
            self._says(document, f"{at} Starting command executor")
            if self._uses_ssm_user(request):
                self._says(document, f"{at} Successfully enabled ssm-user")
        self._says(document, f"{at} Plugin {request.plugin} started")

    def end(self, document: Document) -> None:
        """End it: the worker is done, the state is saved once more and then removed.

        The worker's process lives for another three seconds, to say what it has to say to CloudWatch.
        """
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

    def save_again(self, document: Document, status: str = "Success") -> None:
        """Save the outcome, also where the file is gone already."""
        document.status = status
        self._write("current", document, document.state())

    def remove(self, document: Document) -> None:
        """Remove the state of what is over."""
        self._engine(f"sending document: {document.document_id} complete response")
        self._engine(f"execution of {document.message_id} is over. Removing interimState from current folder")
        (self.state / "current" / document.document_id).unlink()

    def crash(self, document: Document) -> None:
        """Let the worker die: its last lines are never written, and its state stays for a minute."""
        self._log.lose(document.document_id)

    def give_up(self, document: Document) -> None:
        """Do what the agent does a minute behind a crash: save that it failed, and remove the state."""
        shutil.rmtree(self._channel(document))
        self.save_again(document, "Failed")
        self.remove(document)

    def _worker_done(self, document: Document) -> None:
        request = document.request
        at = f"[{self._worker(document)}] [{document.document_id}]"
        if self._uses_ssm_user(request):
            plugin = f"[DataBackend] [pluginName={request.plugin}]"
            self._says(document, f"{at} {plugin} Successfully disabled ssm-user")
        self._says(document, f"{at} [DataBackend] Sending plugin {request.step} completion message")
        self._says(document, f"{at} [DataBackend] document execution complete")
        self._says(document, f"{at} [DataBackend] sending document complete response...")
        self._says(document, f"{at} [DataBackend] stopping ipc worker...")
        self._says(document, f"{at} requested shutdown, prepare to stop messaging")
        if self.form.talkative:
            self._says(document, f"{at} ipc channel closed, stop messaging worker")
        self._says(document, f"{at} {'Session worker' if request.is_session else 'document worker'} closed")
        self._log.end(document.document_id, self._clock())
        shutil.rmtree(self._channel(document))

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
        self._log.flush()

    def settle(self) -> None:
        """Write the log lines that the agent's log writers would have written by now."""
        self._log.settle(self._clock())

    def _engine(self, text: str) -> None:
        self._say(_WORKER, f"[{_WORKER}] {_ENGINE} {text}")

    def _says(self, document: Document, text: str) -> None:
        """Let a worker say something; each is a program of its own, known by what it works on."""
        self._say(document.document_id, text, self._worker(document))

    def _say(self, program: str, text: str, log: str | None = None) -> None:
        name = f"{log or program}.log" if self.form.windows else f"{_CORE}.log"
        self._log.say(program, name, self._clock(), text)

    # Names

    def _ids(self, request: Request, received: datetime) -> tuple[str, str]:
        if request.kind == "SendCommand":
            command = self._uuid()
            return command, f"aws.ssm.{command}.{self.instance_id}"
        if request.kind == "Association":
            name = self._uuid()
            return f"{name}.{iso(received, '-')}", f"aws.ssm.{name}.{self.instance_id}"
        if self.form.long_suffix:
            suffix = "".join(self._random.choices(string.ascii_lowercase + string.digits, k=26))
        else:
            suffix = f"0{self._random.getrandbits(64):016x}"
        return f"{request.user}-{suffix}", f"{request.user}-{suffix}"

    def _orchestration(self, request: Request, document_id: str) -> str:
        kind = "session" if request.is_session else "document"
        return self._named(kind, "orchestration", document_id)

    def _channel(self, document: Document) -> Path:
        """Give the folder through which agent and worker speak; it is there for as long as they do."""
        return self.home / "channels" / document.document_id

    def _channel_name(self, document: Document) -> str:
        return self._named("channels", document.document_id)

    def _named(self, *parts: str) -> str:
        """Name a place in this instance's data folder as it is called on a real host."""
        if self.form.windows:
            return "\\".join(("C:\\ProgramData\\Amazon\\SSM\\InstanceData", self.instance_id, *parts))
        return "/".join(("/var/lib/amazon/ssm", self.instance_id, *parts))

    @staticmethod
    def _worker(document: Document) -> str:
        return _SESSION if document.request.is_session else _DOCUMENT

    def _uses_ssm_user(self, request: Request) -> bool:
        shell = request.is_session and request.plugin != "Port"
        return shell and self.form.windows and not _is_elevated(request)

    def _new_process(self) -> int:
        """Deal a process id that no other program has; Windows' are multiples of four."""
        self._newest_process += self._random.randrange(1, 16) * 4
        return self._newest_process

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))


def _make(folder: Path, mode: int) -> None:
    """Make a folder and those above it, all with this mode, as Go does."""
    if not folder.exists():
        _make(folder.parent, mode)
        folder.mkdir(mode=mode)


def _is_elevated(request: Request) -> bool:
    properties = request.properties
    each = properties.get("windows") if isinstance(properties, dict) else None
    return isinstance(each, dict) and each.get("runAsElevated") is True
