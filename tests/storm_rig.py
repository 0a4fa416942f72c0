"""Lets a storm of logons go through ``logonbell watch`` to the emulator, and looks at what a person gets of it.

``python tests/storm_rig.py [LOGONS] [SECONDS]`` prints a table; the tests and ``make bench`` do the same.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Self

import psutil

from emulator import Emulator, Received
from heard import WrongError, told_by
from logonbell.alert import Level
from logonbell.errors import Refused
from logonbell.event import Event
from logonbell.logon import Logon
from logonbell.simulate.evtx import EvtxFile
from logonbell.simulate.people import Person
from logonbell.simulate.ssm import SsmAgent
from logonbell.simulate.windows import WindowsHost
from logonbell.store.fates import Story
from logonbell.store.history import Kept
from logonbell.store.outbox import Outbox, OutboxState

CRITICAL = 50
SESSIONS = "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"
_PATIENCE = 240.0


@dataclass
class Figures:
    """What came of a storm. Times in seconds, memory in MB."""

    logons: int
    seconds: float = 0.0
    caught_up: float = 0.0
    settled: float = 0.0
    singles: int = 0
    digests: int = 0
    most_a_second: int = 0
    most_a_minute: int = 0
    critical_singles: int = 0
    critical_delay: float = 0.0
    memory: float = 0.0
    work: float = 0.0

    def rows(self) -> list[tuple[str, str]]:
        """Give them for a person."""
        return [
            ("logons, each of another user", f"{self.logons:,} in {self.seconds:.1f} s"),
            ("of them critical", f"{CRITICAL}"),
            ("from the last event until all are in the history", f"{self.caught_up:.1f} s"),
            ("from the last event until all are told", f"{self.settled:.1f} s"),
            ("messages of one alert", f"{self.singles}"),
            ("  of them critical", f"{self.critical_singles}"),
            ("digests", f"{self.digests}"),
            ("most messages in a second", f"{self.most_a_second}"),
            ("most messages in a minute", f"{self.most_a_minute}"),
            ("worst delay of a critical one, event to queue", f"{self.critical_delay:.1f} s"),
            ("processor time of the agent", f"{self.work:.1f} s"),
            ("peak memory of the agent", f"{self.memory:.0f} MB"),
        ]


def write(logs: Path, count: int, seconds: float) -> None:
    """Write a storm into growing logs, as a process of its own; ``CRITICAL`` of the logons come by a tunnel.

    Of each logon only two records are written: what a host writes besides is noise, and writing it is not what is
    measured.
    """
    # The SSM sessions are those of this machine, so its logs must bear its name.
    host = WindowsHost(socket.gethostname(), Random(1), domain="CORP")  # noqa: S311 - repeatable, not secret
    events = list(_events(host, count))
    with EvtxFile(logs / "Security.evtx") as security, EvtxFile(logs / f"{_file(SESSIONS)}.evtx") as sessions:
        security.append(replace(host.service_start(datetime.now(UTC))[0], record_id=1))
        sessions.append(replace(events[0][1], event_id=41, record_id=1))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        began = time.monotonic()
        for number, (logon, session) in enumerate(events):
            if (early := began + number * seconds / count - time.monotonic()) > 0:
                time.sleep(early)
            now = datetime.now(UTC)
            security.append(replace(logon, record_id=number + 2, time=now))
            sessions.append(replace(session, record_id=number + 2, time=now))
        sys.stdout.write(f"{time.monotonic() - began}\n")
        sys.stdout.flush()
        sys.stdin.readline()  # the logs stay open, as a live host's do


def _events(host: WindowsHost, count: int) -> Iterator[tuple[Event, Event]]:
    """Give of each logon the 4624 and the word of LocalSessionManager."""
    for number in range(count):
        sid = f"S-1-5-21-2025429265-492894223-1708537768-{2000 + number}"
        tunnelled = number % (count // CRITICAL) == count // CRITICAL - 1
        address = "127.0.0.1" if tunnelled else f"203.0.{number // 250}.{1 + number % 250}"
        events = host.rdp_logon(datetime.now(UTC), Person(f"user{number}", "CORP", sid), address, nla=False)
        yield (
            next(e for e in events if e.event_id == 4624 and e.fields["LogonType"] == "10"),
            next(e for e in events if e.channel == SESSIONS and e.event_id == 21),
        )


def _file(channel: str) -> str:
    return channel.replace("/", "%4")


def storm(folder: Path, emulator: Emulator, *, count: int, seconds: float) -> Figures:
    """Do it, and check every promise. Raises ``WrongError``."""
    logs = folder / "logs"
    logs.mkdir()
    agent = SsmAgent(folder / "ssm", Random(1), lambda: datetime.now(UTC), instance_id="i-0123456789abcdef0")  # noqa: S311 - likewise
    agent.start()
    agent.flush()
    topic = emulator.topic()
    config = folder / "logonbell.toml"
    config.write_text(
        f"state = 'state'\n[sources]\nevtx = ['logs']\nssm = '{agent.data}'\n[notify.console]\nenabled = false\n"
        f"[notify.sns]\ntopic_arn = '{topic.arn}'\nendpoint_url = '{emulator.url}'\n",
        encoding="utf-8",
    )
    figures = Figures(count)
    writing = [sys.executable, __file__, "write", str(logs), str(count), str(seconds)]
    with subprocess.Popen(writing, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        writer.stdout.readline()
        with _Watching(config, folder) as watching:
            watching.until_read(folder / "state", 0)
            writer.stdin.write("go\n")
            writer.stdin.flush()
            figures.seconds = float(writer.stdout.readline())
            ended = time.monotonic()
            figures.caught_up = watching.until_read(folder / "state", count) - ended
            figures.settled = watching.until_told(folder / "state") - ended
            figures.memory, figures.work = watching.peak / 1e6, watching.work
        writer.stdin.write("end\n")
        writer.stdin.flush()
    _check(topic.rest(), folder / "state", figures)
    return figures


class _Watching:
    """``logonbell watch`` as a process, and how much memory it takes."""

    def __init__(self, config: Path, folder: Path) -> None:
        self._stderr = (folder / "stderr.txt").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "logonbell", "watch", "--config", str(config)],
            env=os.environ | {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"},
            stdin=subprocess.DEVNULL,
            stdout=self._stderr,
            stderr=self._stderr,
        )
        self.peak = 0
        self.work = 0.0
        self._over = threading.Event()
        self._measuring = threading.Thread(target=self._measure)

    def __enter__(self) -> Self:
        self._measuring.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._measuring.join()
        self._process.terminate()
        self._process.wait()
        self._stderr.close()

    def _measure(self) -> None:
        process = psutil.Process(self._process.pid)
        while not self._over.wait(0.1):
            self.peak = max(self.peak, process.memory_info().rss)
            self.work = sum(process.cpu_times()[:2])

    def until_read(self, state: Path, alerts: int) -> float:
        """Wait until so many alerts were made, and something was read; give when that was."""
        return self._until(state, lambda kept: bool(kept.sources) and sum(kept.sequences.values()) >= alerts)

    def until_told(self, state: Path) -> float:
        """Wait until nothing waits; give when that was."""
        return self._until(state, lambda kept: kept.notifiers["sns"].pending == 0)

    def _until(self, state: Path, done: Callable[[OutboxState], bool]) -> float:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(Refused):
                outbox = Outbox.join(state)
                try:
                    if done(outbox.state()):
                        return time.monotonic()
                finally:
                    outbox.close()
            time.sleep(0.2)
        raise WrongError(f"it does not come to an end: {Path(self._stderr.name).read_text('utf-8')}")


def _check(received: Sequence[Received], state: Path, figures: Figures) -> None:
    messages = [(message.sent, *told_by(message)) for message in received]
    told = [number for _, _, numbers, _ in messages for number in numbers]
    if sorted(told) != list(range(1, figures.logons + 1)):
        raise WrongError(
            f"{len(told)} alerts were told, {len(set(told))} different ones, of {figures.logons}"
        )
    outbox = Outbox.open(state, now=datetime.now(UTC))
    try:
        kept = outbox.history.between(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
        logons = sum(isinstance(row, Kept) and isinstance(row.finding, Logon) for row in kept)
        if logons != figures.logons:
            raise WrongError(f"the history holds {logons} logons of {figures.logons}")
        stories = {story.sequence: story for story in outbox.fates.recent(figures.logons)}
    finally:
        outbox.close()
    critical = {number for number, story in stories.items() if _level(story) is Level.CRITICAL}
    if len(critical) != CRITICAL:
        raise WrongError(f"{len(critical)} alerts are critical, of {CRITICAL}")
    _check_order(stories, critical)
    loud = [(sent, numbers) for sent, _, numbers, _ in messages if critical & set(numbers)]
    events = {number: alert.finding.time for number, story in stories.items() if (alert := story.alert)}
    figures.critical_delay = max(
        (sent - events[number]).total_seconds() for sent, numbers in loud for number in numbers
    )
    figures.critical_singles = sum(len(numbers) == 1 for _, numbers in loud)
    figures.singles = sum(len(numbers) == 1 for _, _, numbers, _ in messages)
    figures.digests = len(messages) - figures.singles
    times = sorted(sent for sent, *_ in messages)
    figures.most_a_second = _most(times, timedelta(seconds=1))
    figures.most_a_minute = _most(times, timedelta(minutes=1))


def _check_order(stories: Mapping[int, Story], critical: Iterable[int]) -> None:
    """No other alert was begun while a critical one of a lower row was not, unless it had waited for a minute."""
    begun = {number: story.fates[0].begun or story.read for number, story in stories.items()}
    for number, story in stories.items():
        if _level(story) is Level.CRITICAL or begun[number] - story.read >= timedelta(minutes=1):
            continue
        for loud in critical:
            if stories[loud].read <= story.read and begun[loud] > begun[number]:
                raise WrongError(f"alert {number} went before {loud}, which is critical")


def _level(story: Story) -> Level | None:
    return story.alert.level if story.alert else None


def _most(times: Sequence[datetime], span: timedelta) -> int:
    return max(sum(start <= time < start + span for time in times) for start in times)


def main() -> int:
    """Do it, and print the figures."""
    if sys.argv[1:2] == ["write"]:
        write(Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
        return 0
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 10.0
    with tempfile.TemporaryDirectory() as folder, Emulator(Path(folder)) as emulator:
        inner = Path(folder, "rig")
        inner.mkdir()
        for what, figure in storm(inner, emulator, count=count, seconds=seconds).rows():
            sys.stdout.write(f"{what:<60}{figure:>20}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
