"""A bastion that lives: Windows' logs grow, the SSM agent works, logonbell watches, restarts, or does not run."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from agents import FakeProcesses
from fakes import NOON, FakeClock, FakeNotifier, Told
from logonbell.agent import Watcher, sessions_open
from logonbell.deliverer import Deliverer
from logonbell.event import Event
from logonbell.judge import Judge
from logonbell.logon import Finding, Logoff, Logon
from logonbell.notification import Notification
from logonbell.recognise.noise import HALLMARKS
from logonbell.recognise.windows import WANTED
from logonbell.rule import Rules
from logonbell.simulate.evtx import EvtxFile
from logonbell.simulate.people import Person
from logonbell.simulate.ssm import AgentForm, SsmAgent
from logonbell.simulate.ssm_documents import Document, Request
from logonbell.simulate.windows import WindowsHost
from logonbell.source import Source
from logonbell.sources.evtx import EvtxSource
from logonbell.ssm.owner import Observed
from logonbell.ssm.processes import Connection
from logonbell.ssm.source import SsmSource
from logonbell.store.history import Kept
from logonbell.store.outbox import Outbox
from logonbell.text.message import body, subject

HOST = "BASTION-01"
CHANNELS = (
    "Security",
    "System",
    "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
    "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational",
    "OpenSSH/Operational",
)
STEP = 0.1
"""Seconds between two looks, as the agent has it."""


@dataclass
class LiveBastion:
    """A host with an SSM agent, and logonbell on it; ``pass_`` lets time go by for all of them.

    ``agent_logs`` False: logonbell cannot read the SSM agent's logs.
    """

    folder: Path
    form: AgentForm = field(default_factory=AgentForm)
    agent_logs: bool = True
    clock: FakeClock = field(default_factory=FakeClock)
    told: Told = field(default_factory=Told)
    notifier: FakeNotifier = field(default_factory=FakeNotifier)
    processes: FakeProcesses = field(default_factory=FakeProcesses)

    def __post_init__(self) -> None:
        """Start the host and its SSM agent; logonbell is started by ``watching``."""
        self._random = Random(7)  # noqa: S311 - repeatable, not secret
        self.host = WindowsHost(HOST, self._random, domain="CORP")
        self.ssm = SsmAgent(self.folder / "ssm", self._random, self.clock, form=self.form)
        self.ssm.start()
        self.state = self.folder / "state"
        self.logs = self.folder / "logs"
        self.logs.mkdir()
        self._records: Counter[str] = Counter()
        self._files = {channel: EvtxFile(self.path(channel)) for channel in CHANNELS}
        self._to_come: list[Event] = []
        self._watcher: Watcher | None = None
        self._ports = itertools.count(50_000)
        self.happens(self.host.service_start(self.clock.now))

    def close(self) -> None:
        """Close the logs."""
        for file in self._files.values():
            file.close()

    def path(self, channel: str) -> Path:
        """Give where a channel's log stands."""
        return self.logs / f"{channel.replace('/', '%4')}.evtx"

    # What happens

    @property
    def now(self) -> datetime:
        """Read the clock."""
        return self.clock.now

    def happens(self, events: Iterable[Event]) -> None:
        """Let Windows write events, each when its time has come."""
        self._to_come += events

    def writes(self, event: Event) -> None:
        """Write one event as it is, record id and all."""
        self._records[event.channel] = event.record_id
        self._files[event.channel].append(event)

    def writes_late(self, events: Iterable[Event]) -> None:
        """Write events now that are older than the last record, as Windows does behind the stop of its log."""
        for event in events:
            self.writes(replace(event, record_id=self._records[event.channel] + 1))

    def clear(self, by: Person) -> None:
        """Let somebody empty the Security log: the file begins anew, with the record that says so."""
        self._files["Security"].close()
        self._files["Security"] = EvtxFile(
            self.path("Security"), first_record_id=self._records["Security"] + 1
        )
        self.happens(self.host.log_cleared(self.now, by))

    def wrap(self) -> None:
        """Let the Security log wrap: what was written is gone."""
        self._files["Security"].close()
        self._files["Security"] = EvtxFile(
            self.path("Security"), first_record_id=self._records["Security"] + 1
        )

    def opens(self, request: Request) -> Document:
        """Let somebody open an SSM session; its worker runs."""
        document = self.ssm.open(request)
        arguments = ("ssm-session-worker", document.document_id)
        self.processes.running[document.process] = (document.started or self.now, arguments)
        return document

    def opens_shell(self, request: Request, *, reused: int | None = None) -> Document:
        """Let somebody open a shell: the worker logs ssm-user on half a second later."""
        document = self.opens(request)
        process = reused or document.process
        self.happens(
            replace(event, fields={**event.fields, "ProcessId": hex(process)})
            if event.event_id in {4624, 4648}
            else event
            for event in self.host.ssm_shell(self.now + timedelta(seconds=0.5))
        )
        return document

    def closes(self, document: Document) -> None:
        """Let an SSM session end."""
        self.ssm.end(document)
        self.processes.running.pop(document.process, None)
        self.processes.held = [each for each in self.processes.held if each.process != document.process]

    def dials(
        self, document: Document | None, port: int, address: str = "::1", *, own: int | None = None
    ) -> None:
        """Let a tunnel's worker (None: some other program) hold a connection, by its ``own`` port, to one of this host."""
        process = 4 if document is None else document.process
        self.processes.held.append(Connection(address, own or next(self._ports), address, port, process))

    # What logonbell does

    @contextmanager
    def watching(self) -> Iterator[Outbox]:
        """Run logonbell for a while."""
        outbox = Outbox.open(self.state, now=self.now)
        try:
            self._watcher = Watcher(
                self._sources(),
                Judge(Rules()),
                outbox,
                [self.notifier.name],
                self.clock,
                self.told,
                self.clock.elapsed,
                own=HOST,
            )
            self._deliverer = Deliverer(self.notifier, outbox, self.clock, lambda: 0.5, told=self.told)
            self._look()
            yield outbox
        finally:
            self._watcher = None
            outbox.close()

    def _sources(self) -> list[Source]:
        sessions = SsmSource(
            self.ssm.data,
            host="",
            clock=self.clock,
            logs=self.ssm.logs if self.agent_logs else None,
            processes=self.processes,
        )
        logs = [EvtxSource(self.path(channel), wanted=WANTED, noise=HALLMARKS) for channel in CHANNELS]
        return [
            *(Observed(log, sessions, self.processes, host="", clock=self.clock) for log in logs),
            sessions,
        ]

    def pass_(self, seconds: float, *, step: float = 0.0) -> None:
        """Let time go by, a step at a time: Windows and the SSM agent write, logonbell looks if it runs.

        Without a ``step`` it goes as the agent goes for three seconds, in which most happens, by seconds up to the
        fifteenth, and by five from then on.
        """
        start, end = self.now, self.now + timedelta(seconds=seconds)
        while self.now < end:
            gone = (self.now - start).total_seconds()
            wide = step or (STEP if gone < 3 else 1.0 if gone < 15 else 5.0)
            self.clock.pass_((min(end, self.now + timedelta(seconds=wide)) - self.now).total_seconds())
            self._write()
            if self._watcher is not None:
                self._look()

    def _write(self) -> None:
        due = sorted((each for each in self._to_come if each.time <= self.now), key=lambda each: each.time)
        self._to_come = [each for each in self._to_come if each.time > self.now]
        for event in due:
            self._records[event.channel] += 1
            self._files[event.channel].append(replace(event, record_id=self._records[event.channel]))
        self.ssm.settle()

    def _look(self) -> None:
        assert self._watcher is not None
        while self._watcher.look().more:
            pass
        while self._deliverer.deliver():
            pass

    # What came of it

    @property
    def rung(self) -> list[Notification]:
        """Give what rang, in order."""
        return self.notifier.taken

    @property
    def findings(self) -> list[Finding]:
        """Give what rang, as facts."""
        return [notification.alert.finding for notification in self.rung]

    @property
    def logons(self) -> list[Logon]:
        """Give the logons that rang."""
        return [finding for finding in self.findings if isinstance(finding, Logon)]

    def subjects(self, language: str = "en") -> list[str]:
        """Give the subjects of what rang."""
        return [subject(each, language=language, host_name=HOST) for each in self.rung]

    def bodies(self, language: str = "en") -> list[str]:
        """Give the bodies of what rang."""
        return [body(each, language=language, zone=UTC, host_name=HOST, sent=self.now) for each in self.rung]

    def history(self) -> list[Logon]:
        """Give the logons that were kept, in their last version."""
        return [each for each in self._kept() if isinstance(each, Logon)]

    def logoffs(self) -> list[Logoff]:
        """Give the ends that were kept."""
        return [each for each in self._kept() if isinstance(each, Logoff)]

    def _kept(self) -> Sequence[Finding]:
        outbox = Outbox.join(self.state)
        try:
            rows = list(outbox.history.between(NOON - timedelta(days=400), NOON + timedelta(days=400)))
        finally:
            outbox.close()
        return [row.finding for row in rows if isinstance(row, Kept)]

    def who(self) -> list[tuple[str, str]]:
        """Give who is on now, as ``logonbell who`` does: door, and principal or user."""
        outbox = Outbox.join(self.state)
        try:
            return [
                (str(each.door), each.principal or str(each.user)) for each in sessions_open(outbox).logons
            ]
        finally:
            outbox.close()
