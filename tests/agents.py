"""A host with an SSM agent on it, its processes, and what a source told of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from fakes import FakeClock
from logonbell.event import Event
from logonbell.recognise.session import Told
from logonbell.simulate.ssm import AgentForm, SsmAgent
from logonbell.simulate.ssm_documents import Document, Request
from logonbell.source import Batch, Loss, Source
from logonbell.ssm.processes import Connection
from logonbell.ssm.source import SsmSource

ALICE = "arn:aws:sts::111122223333:assumed-role/ops/alice"
HOST = "BASTION"
LINUX = AgentForm(windows=False)


@dataclass
class FakeProcesses:
    """Processes, connections and addresses as a test says they are."""

    running: dict[int, tuple[datetime, tuple[str, ...]]] = field(default_factory=dict)
    held: list[Connection] = field(default_factory=list)
    own: list[str] = field(default_factory=lambda: ["10.0.0.5", "127.0.0.1"])

    def started(self, process: int) -> datetime | None:
        """See ``Processes``."""
        return self.running[process][0] if process in self.running else None

    def arguments(self, process: int) -> Sequence[str]:
        """See ``Processes``."""
        return self.running[process][1] if process in self.running else ()

    def connections(self, process: int | None = None) -> Sequence[Connection]:
        """See ``Processes``."""
        return [each for each in self.held if process is None or each.process == process]

    def addresses(self) -> Sequence[str]:
        """See ``Processes``."""
        return self.own


@dataclass
class Bastion:
    """A host whose agent works when told to; with ``slow_logs`` its logs are written as late as the agent does."""

    root: Path
    form: AgentForm = field(default_factory=AgentForm)
    clock: FakeClock = field(default_factory=FakeClock)
    processes: FakeProcesses | None = None
    instance_id: str = "i-0123456789abcdef0"
    seed: int = 1
    slow_logs: bool = False

    def __post_init__(self) -> None:
        """Start the agent."""
        self.agent = SsmAgent(
            self.root,
            Random(self.seed),  # noqa: S311 - repeatable, not secret
            self.clock,
            instance_id=self.instance_id,
            form=self.form,
        )
        self.agent.start()
        self.agent.flush()

    def source(self, *, logs: bool = True, instance_id: str | None = None) -> SsmSource:
        """Watch it."""
        return SsmSource(
            self.agent.data,
            host=HOST,
            clock=self.clock,
            instance_id=instance_id,
            logs=self.agent.logs if logs else None,
            processes=self.processes,
        )

    def open(self, request: Request, *, after: float = 1.0) -> Document:
        """Open a session a while later; its worker runs."""
        self.clock.pass_(after)
        document = self.agent.open(request)
        if self.processes is not None and document.started is not None:
            arguments = ("ssm-session-worker", document.document_id)
            self.processes.running[document.process] = (document.started, arguments)
        self.write_logs()
        return document

    def end(self, document: Document, *, after: float = 1.0) -> None:
        """End a session a while later; its worker is gone."""
        self.clock.pass_(after)
        self.agent.end(document)
        if self.processes is not None:
            self.processes.running.pop(document.process, None)
        self.write_logs()

    def write_logs(self) -> None:
        """Let the agent's log writers have their time."""
        if self.slow_logs:
            self.agent.settle()
        else:
            self.agent.flush()

    def path(self, document: Document, shelf: str = "current") -> Path:
        """Give where a session's state stands."""
        return self.agent.state / shelf / document.document_id


@dataclass
class Reader:
    """Reads a source on and on, and keeps what it was told."""

    source: Source
    bookmark: str | None = None
    events: list[Event] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)

    def read(self, limit: int | None = None) -> list[Event]:
        """Read to the end; give what is new."""
        new: list[Event] = []
        more = True
        while more:
            batch = self.source.read(self.bookmark, limit)
            new += self._take(batch)
            more = batch.more
        return new

    def _take(self, batch: Batch) -> Sequence[Event]:
        self.bookmark = batch.bookmark
        self.events += batch.events
        self.losses += batch.losses
        return batch.events


def told(events: Iterable[Event], *kinds: Told) -> list[tuple[str, str]]:
    """Give kind and session of events, as they were told."""
    return [
        (Told(event.event_id).name, event.fields.get("SessionId", ""))
        for event in events
        if not kinds or event.event_id in kinds
    ]


def times_of(events: Iterable[Event], kind: Told) -> list[datetime]:
    """Give when events of a kind were."""
    return [event.time for event in events if event.event_id == kind]


def words(losses: Iterable[Loss]) -> str:
    """Give all that was lost, in words."""
    return "\n".join(f"{loss.where}: {loss.what}" for loss in losses)


def seconds(count: float) -> timedelta:
    """Give a length of time."""
    return timedelta(seconds=count)
