"""An agent whose every life is the same: a made log, two notifiers, a clock of its own; and what its receivers heard.

For rigs that end it at a moment of their choice, and let it live again.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random

from fakes import NOON, FakeClock, Told, away
from heard import WrongError
from logonbell.agent import Watcher, watch_once
from logonbell.deliverer import Deliverer
from logonbell.event import Event
from logonbell.judge import Judge
from logonbell.notification import Notification, Telling
from logonbell.notifier import Undelivered
from logonbell.pace import Limits
from logonbell.recognise.noise import HALLMARKS
from logonbell.recognise.windows import WANTED
from logonbell.rule import Rules
from logonbell.simulate.evtx import EvtxFile
from logonbell.simulate.people import Person
from logonbell.simulate.windows import WindowsHost, in_order
from logonbell.source import Batch, Source
from logonbell.sources.evtx import EvtxSource
from logonbell.store.history import Kept
from logonbell.store.outbox import Outbox

HOST = "BASTION-01"
NOTIFIERS = ("sns", "console")
AT_ONCE = 5
"""Events that are read at once: there are many transactions then."""
BATCH = 3
"""Messages that a receiver takes at once: so many may come again behind a crash."""
DEAF = 1
"""The life in which one receiver takes some messages only when they come for the second time."""
MANY = 10
"""Lives without a crash after which nothing may wait any more."""

Step = Callable[[str], None]


def write_logs(folder: Path, *, first: int = 0, last: int | None = None) -> None:
    """Write the scenes of a day from ``first`` up to ``last``, as two logs; record ids are those of the whole day."""
    host = WindowsHost(HOST, Random(5), domain="CORP")  # noqa: S311 - repeatable, not secret
    kim, mori = host.local("kim", 1005), host.local("mori", 1004, administrator=True)
    sato = Person("sato", "CORP", "S-1-5-21-2025429265-492894223-1708537768-1134", domain_admin=True)
    scenes: list[Callable[..., list[Event]]] = [
        lambda at: host.console_logon(at, kim),
        lambda at: host.rdp_logon(at, sato, "203.0.113.24"),
        lambda at: host.service_start(at) + host.logoff(at, kim),
        host.ssm_shell,
        lambda at: [
            event
            for n in range(4)
            for event in host.failed_logon(at + timedelta(seconds=n), "admin", "198.51.100.9")
        ],
        lambda at: host.rdp_logon(at, mori, "203.0.113.25") + host.network_logon(at, kim, "203.0.113.26"),
        lambda at: host.rdp_disconnect(at, sato),
        lambda at: host.rdp_reconnect(at, sato, "203.0.113.24"),
        lambda at: host.audit_changed(at, mori, "9215", "%%8448"),
    ]
    events = in_order(*(scene(NOON + timedelta(seconds=20 * n)) for n, scene in enumerate(scenes)))
    begins = NOON + timedelta(seconds=20 * first)
    ends = NOON + timedelta(seconds=20 * (len(scenes) if last is None else last))
    records: Counter[str] = Counter()
    kept: dict[str, list[Event]] = {}
    for event in events:
        records[event.channel] += 1
        if begins <= event.time < ends:
            kept.setdefault(event.channel, []).append(replace(event, record_id=records[event.channel]))
    folder.mkdir(exist_ok=True)
    for channel, written in kept.items():
        path = folder / f"{channel.replace('/', '%4')}.evtx"
        with EvtxFile(path, first_record_id=written[0].record_id, dirty=False) as log:
            for event in written:
                log.append(event)


@dataclass
class Slow:
    """A source that gives few events at once; each reading is a step."""

    inner: Source
    step: Step

    @property
    def name(self) -> str:
        """See ``Source``."""
        return self.inner.name

    def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
        """See ``Source``."""
        batch = self.inner.read(bookmark, AT_ONCE if limit is None else min(limit, AT_ONCE))
        self.step("read")
        return batch


@dataclass
class Receiver:
    """Writes each message into a file, as one line in one write; each is a step before and behind it.

    With ``hard_of_hearing`` it takes a third of the messages only when they come for the second time.
    """

    name: str
    heard: Path
    step: Step
    hard_of_hearing: bool = False
    batch: int = BATCH
    _asked: set[str] = field(default_factory=set)

    def prepare(self) -> None:
        """See ``Notifier``."""

    def deliver(self, tellings: Sequence[Telling]) -> list[str | Undelivered]:
        """See ``Notifier``."""
        return [self._take(telling) for telling in tellings]

    def _take(self, telling: Telling) -> str | Undelivered:
        mark = telling.fingerprint
        if self.hard_of_hearing and int(mark, 16) % 3 == 0 and mark not in self._asked:
            self._asked.add(mark)
            return away()
        named = [telling] if isinstance(telling, Notification) else list(telling.named)
        line = json.dumps(
            {
                "notifier": self.name,
                "mark": mark,
                "alerts": {one.fingerprint: one.sequence for one in named},
                "facts": sorted(repr(one.alert) for one in named),
                "history": telling.proof and telling.proof.history,
                "number": telling.proof and telling.proof.number,
            }
        )
        self.step("publish")
        descriptor = os.open(self.heard, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(descriptor, f"{line}\n".encode())
        os.close(descriptor)
        self.step("published")
        return f"receipt of {mark}"


def live(folder: Path, life: int, step: Step = lambda _: None) -> None:
    """Open the state, read all there is, deliver, renew the copy, close. The ``life``-th begins so many hours past noon."""
    clock = FakeClock(NOON + timedelta(minutes=4, hours=life))
    logs = sorted((folder / "logs").glob("*.evtx"))
    heard = folder / "heard.jsonl"
    outbox = Outbox.open(folder / "state", now=clock())
    try:
        outbox.forget(clock() - timedelta(days=90))
        sources = [Slow(EvtxSource(log, wanted=WANTED, noise=HALLMARKS), step) for log in logs]
        watcher = Watcher(sources, Judge(Rules()), outbox, NOTIFIERS, clock, Told(), clock.elapsed, own=HOST)
        deliverers = [
            Deliverer(Receiver(name, heard, step, deaf), outbox, clock, lambda: 0.5, limits, clock.elapsed)
            for name, deaf, limits in (("sns", life == DEAF, None), ("console", False, Limits(singles=2)))
        ]
        watch_once(watcher, deliverers, pause=clock.pass_)
        outbox.renew_copy(clock())
    finally:
        outbox.close()


def waits(folder: Path) -> int:
    """Count what was not delivered yet."""
    outbox = Outbox.join(folder / "state")
    try:
        return sum(state.pending for state in outbox.state().notifiers.values())
    finally:
        outbox.close()


def live_out(folder: Path, life: int) -> None:
    """Let it live without a crash until nothing waits; twice at least, since some things ring by their hour alone."""
    for number in range(life, life + MANY):
        live(folder, number)
        if number > life and waits(folder) == 0:
            return
    raise WrongError(f"after {MANY} lives {waits(folder)} messages still wait")


@dataclass(frozen=True)
class Heard:
    """What came of all lives: the alerts that each notifier was told, the history, the messages that came again.

    ``twice`` counts the alerts that were told in two different messages, one of them a digest; ``missing`` the messages
    that by their numbers there should be.
    """

    told: Mapping[str, Sequence[str]]
    history: Sequence[str]
    messages: int
    repeats: int
    twice: int
    missing: int


def heard(folder: Path) -> Heard:
    """Read it, and check what must hold whatever happened. Raises ``WrongError``.

    A message that comes again is the same, no number stands for two alerts, and the chain of the history has no flaw.
    """
    lines = [json.loads(line) for line in (folder / "heard.jsonl").read_text("utf-8").splitlines()]
    facts: dict[tuple[str, str], list[str]] = {}
    told: dict[str, dict[str, set[str]]] = {}
    numbers: dict[int, str] = {}
    counted: dict[tuple[str, str], set[int]] = {}
    for line in lines:
        to, mark = line["notifier"], line["mark"]
        if facts.setdefault((to, mark), line["facts"]) != line["facts"]:
            raise WrongError(f"the message {mark} came with other facts: {line['facts']}")
        if line["number"] is not None:
            counted.setdefault((to, line["history"]), set()).add(line["number"])
        for alert, number in line["alerts"].items():
            told.setdefault(to, {}).setdefault(alert, set()).add(mark)
            if numbers.setdefault(number, alert) != alert:
                raise WrongError(f"{number} stands for two alerts")
    missing = sum(max(messages) - min(messages) + 1 - len(messages) for messages in counted.values())
    outbox = Outbox.open(folder / "state", now=NOON + timedelta(days=1))
    try:
        with outbox.inspect() as inspection:
            flaws = [str(flaw.what) for flaw in inspection.flaws()]
        rows = outbox.history.between(NOON - timedelta(days=1), NOON + timedelta(days=1))
        history = sorted(repr(row.finding) for row in rows if isinstance(row, Kept))
    finally:
        outbox.close()
    if flaws:
        raise WrongError(f"the history has flaws: {flaws}")
    alerts = {to: sorted(marks) for to, marks in told.items()}
    twice = sum(len(in_messages) > 1 for marks in told.values() for in_messages in marks.values())
    return Heard(alerts, history, len(lines), len(lines) - len(facts), twice, missing)
