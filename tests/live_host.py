"""A host on which people come and go, now, and what was written of it."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from logonbell.event import Event
from logonbell.simulate.evtx import EvtxFile
from logonbell.simulate.people import NETWORK_SERVICE, Person
from logonbell.simulate.windows import WindowsHost

HOST = "BASTION-01"


@dataclass
class Scene:
    """Something that happened on the host: what it is, what was written of it, and whether it must ring."""

    what: str
    rings: bool
    events: list[Event] = field(default_factory=list)

    def __str__(self) -> str:
        records = ", ".join(f"{event.channel} {event.event_id} #{event.record_id}" for event in self.events)
        return f"{self.what} ({records})"


class LiveHost(threading.Thread):
    """A host on which people come and go, now; what it writes goes into logs that grow. Use it as a context."""

    def __init__(self, folder: Path, seed: int, *, pace: float = 6.0) -> None:
        """``pace``: how many things happen in a second, about."""
        super().__init__(daemon=True)
        self.scenes: list[Scene] = []
        self.records: Counter[str] = Counter()
        self.burst = Scene("failed logons", rings=True)
        self.error: BaseException | None = None
        self._folder = folder
        self._random = Random(seed)  # noqa: S311 - repeatable, not secret
        self._host = WindowsHost(HOST, self._random, domain="CORP")
        self._logs: dict[str, EvtxFile] = {}
        self._waiting: list[tuple[datetime, int, Event, Scene]] = []
        self._count = itertools.count()
        self._sitting: list[tuple[datetime, Person]] = []
        self._away: list[tuple[datetime, Person]] = []
        self._over = threading.Event()
        self._pace = pace
        self.quiet = threading.Lock()
        """Nothing is written while somebody else holds it."""

    def __enter__(self) -> Self:
        for scene in [Scene("boot", rings=False), self.burst]:
            self.scenes.append(scene)
        self._plan(self.scenes[0], self._host.boot(datetime.now(UTC)))
        while not set(self._needed) <= set(
            self._logs
        ):  # who follows a folder follows what is there when it starts
            self._write_due()
            self._start_scene()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    _needed = (
        "Security",
        "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
        "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational",
    )

    def run(self) -> None:
        """Write until told to end, then what is still to come of what has begun."""
        try:
            following = time.monotonic()
            while not self._over.is_set() or self._waiting:
                with self.quiet:
                    if not self._over.is_set() and time.monotonic() >= following:
                        self._start_scene()
                        following += self._random.expovariate(self._pace)
                    self._write_due()
                time.sleep(0.01)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that asks
            self.error = error

    def wind_down(self) -> None:
        """Let nothing new begin; what has begun takes up to five seconds."""
        self._over.set()

    def end(self) -> None:
        """Let what has begun come to its end, and close the logs."""
        self._over.set()
        if self.is_alive():
            self.join()
        for log in self._logs.values():
            log.close()
        if self.error is not None:
            raise self.error

    def _start_scene(self) -> None:
        draw, host, now = self._random, self._host, datetime.now(UTC)
        number = len(self.scenes)
        user = Person(
            f"user{number}",
            "CORP",
            f"S-1-5-21-2025429265-492894223-1708537768-{2000 + number}",
            administrator=draw.random() < 0.5,
            domain_admin=draw.random() < 0.2,
        )
        address = f"203.0.113.{1 + number % 250}"
        what = draw.choice(
            ["console", "rdp", "rdp", "ssm-shell", "network", "runas", "noise", "noise", "failure"]
            + ["logoff"] * _ready(self._sitting, now)
            + ["rdp-reconnect"] * 2 * _ready(self._away, now)
        )
        if what == "failure":
            self._plan(self.burst, host.failed_logon(now, "admin", "198.51.100.77"))
            return
        scene = Scene(what, rings=what in {"console", "rdp", "ssm-shell", "rdp-reconnect"})
        match what:
            case "console":
                events = host.console_logon(now, user)
                self._sitting.append((events[-1].time, user))
            case "rdp":
                events = host.rdp_logon(now, user, address, nla=draw.random() < 0.5)
                leaves = draw.random() < 0.4
                if leaves:
                    events += host.rdp_disconnect(events[-1].time + timedelta(seconds=1), user)
                (self._away if leaves else self._sitting).append((events[-1].time, user))
            case "rdp-reconnect":
                events = host.rdp_reconnect(now, self._away.pop(0)[1], address)
            case "ssm-shell":
                events = host.ssm_shell(now, streaming=draw.random() < 0.3)
            case "network":
                events = host.network_logon(now, user, address)[:-1]  # its logoff comes ten seconds later
            case "runas":
                events = host.runas(now, user, replace(user, name=f"other{number}"))
            case "logoff":
                events = host.logoff(now, self._sitting.pop(0)[1])
            case _:
                events = host.service_start(now) + host.service_start(now, NETWORK_SERVICE)
        self.scenes.append(scene)
        self._plan(scene, events)

    def _plan(self, scene: Scene, events: Iterable[Event]) -> None:
        for event in events:
            heapq.heappush(self._waiting, (event.time, next(self._count), event, scene))

    def renew(self, channel: str, *, cleared: bool) -> None:
        """Let a log begin anew, as one does that wraps; or that somebody clears, who is told of by its first record.

        To be called by who holds ``quiet``.
        """
        self._logs[channel].close()
        self._logs[channel] = EvtxFile(self.path(channel), first_record_id=self.records[channel] + 1)
        if cleared:
            scene = Scene("a cleared log", rings=True)
            self.scenes.append(scene)
            self._plan(scene, self._host.log_cleared(datetime.now(UTC), self._host.local("eve", 1666)))
            self._write_due()

    def path(self, channel: str) -> Path:
        """Where a log stands."""
        return self._folder / f"{channel.replace('/', '%4')}.evtx"

    def _write_due(self) -> None:
        now = datetime.now(UTC)
        while self._waiting and self._waiting[0][0] <= now:
            _, _, planned, scene = heapq.heappop(self._waiting)
            channel = planned.channel
            if channel not in self._logs:
                self._logs[channel] = EvtxFile(self.path(channel))
            self.records[channel] += 1
            event = replace(planned, record_id=self.records[channel])
            self._logs[channel].append(event)
            scene.events.append(event)


def _ready(people: Sequence[tuple[datetime, Person]], now: datetime) -> bool:
    return bool(people) and people[0][0] < now
