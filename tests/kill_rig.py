"""Kills ``logonbell watch`` at random moments while logs grow and the road to SNS is bad; then counts what arrived.

``python tests/kill_rig.py [KILLS] [SEED]`` prints a table; the tests run it with few kills.
"""

from __future__ import annotations

import heapq
import itertools
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self

from emulator import Emulator, HeardTopic, Received
from fault_proxy import Answer, Fault, FaultProxy, Happening, weather
from heard import WrongError, told_by
from logonbell.alert import fingerprint
from logonbell.event import Event
from logonbell.logon import FailedLogons, Logon
from logonbell.simulate.evtx import EvtxFile
from logonbell.simulate.people import NETWORK_SERVICE, Person
from logonbell.simulate.windows import WindowsHost
from logonbell.sources.evtx import EvtxSource
from logonbell.store.history import Kept
from logonbell.store.outbox import Outbox

HOST = "BASTION-01"
SCENES_A_SECOND = 6.0
_LIFE = 2.0
"""Seconds for which a run that is to be killed while it publishes may publish nothing."""
_MOMENTS = {
    "start": "within 0.4 s of their start",
    "work": "0.3 to 1.5 s behind it",
    "publishing": "within 0.05 s of a request to SNS",
}


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

    def __init__(self, folder: Path, seed: int) -> None:
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

    def __enter__(self) -> Self:
        for scene in [Scene("boot", rings=False), self.burst]:
            self.scenes.append(scene)
        self._plan(self.scenes[0], self._host.boot(datetime.now(UTC)))
        while not {"Security", self._sessions_log} <= set(self._logs):
            self._write_due()
            self._start_scene()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    _sessions_log = "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"

    def run(self) -> None:
        """Write until told to end, then what is still to come of what has begun."""
        try:
            following = time.monotonic()
            while not self._over.is_set() or self._waiting:
                if not self._over.is_set() and time.monotonic() >= following:
                    self._start_scene()
                    following += self._random.expovariate(SCENES_A_SECOND)
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

    def _write_due(self) -> None:
        now = datetime.now(UTC)
        while self._waiting and self._waiting[0][0] <= now:
            _, _, planned, scene = heapq.heappop(self._waiting)
            channel = planned.channel
            if channel not in self._logs:
                self._logs[channel] = EvtxFile(self._folder / f"{channel.replace('/', '%4')}.evtx")
            self.records[channel] += 1
            event = replace(planned, record_id=self.records[channel])
            self._logs[channel].append(event)
            scene.events.append(event)


def _ready(people: Sequence[tuple[datetime, Person]], now: datetime) -> bool:
    return bool(people) and people[0][0] < now


@dataclass
class Figures:
    """What happened, and what came of it."""

    seed: int
    kills: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    ended: int = 0
    once: int = 0
    records: int = 0
    scenes: int = 0
    alerts: int = 0
    messages: int = 0
    digests: int = 0
    most: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def table(self) -> str:
        """Give them for a person."""
        rows: list[tuple[str, object]] = [
            ("kills of `watch`, at random moments", self.kills),
            *((f"  {_MOMENTS[when]}", count) for when, count in sorted(self.moments.items())),
            ("runs of `watch --once`, killed or ended", self.once),
            ("runs that ended by themselves", self.ended),
            ("records written meanwhile", self.records),
            ("what happened on the host (scenes)", self.scenes),
            ("requests that reached the road to SNS", self.requests.total()),
            *((f"  {what}", count) for what, count in sorted(self.requests.items())),
            ("alerts that had to be told", self.alerts),
            ("messages in the queue", self.messages),
            ("  different ones that are digests", self.digests),
            ("most copies of one message", self.most),
            ("alerts missing, invented, or told under two fingerprints", 0),
            ("seconds", round(self.seconds)),
        ]
        return "\n".join(f"{what:<60}{count:>8}" for what, count in rows)


def kill_again_and_again(folder: Path, emulator: Emulator, *, kills: int, seed: int) -> Figures:
    """Do it, and check every promise. Raises ``WrongError`` that names the seed."""
    began = time.monotonic()
    figures = Figures(seed)
    draw = Random(seed)  # noqa: S311 - repeatable, not secret
    logs = folder / "logs"
    logs.mkdir()
    topic = emulator.topic()
    with ExitStack() as stack:
        proxy = stack.enter_context(FaultProxy(emulator.port))
        asked, sky = threading.Event(), weather(seed, fair=0.6, hangs=True)

        def happen() -> Happening:
            asked.set()
            return sky()

        proxy.otherwise(happen)
        host = stack.enter_context(LiveHost(logs, seed))
        agent = Agent(folder, logs, topic.arn, proxy, asked)
        while figures.kills < kills:
            if figures.kills >= kills - 3:
                host.wind_down()
            agent.live(draw, figures)
        host.end()
        proxy.otherwise(lambda: Fault.PASS)
        time.sleep(0.5)  # what rings is told 300 ms behind its event
        agent.come_to_rest()
        for request in proxy.seen:
            figures.requests[_named(request.happening)] += 1
    try:
        _check(host, topic, folder / "state", logs, figures)
        agent.check_words()
    except WrongError as wrong:
        raise WrongError(f"seed {seed}: {wrong}") from wrong
    figures.seconds = time.monotonic() - began
    return figures


class Agent:
    """``logonbell watch`` as processes of its own."""

    def __init__(
        self, folder: Path, logs: Path, topic_arn: str, proxy: FaultProxy, asked: threading.Event
    ) -> None:
        """``asked`` is set whenever a request reached the proxy."""
        self._config = folder / "logonbell.toml"
        self._stderr = folder / "stderr.txt"
        self._proxy = proxy
        self._asked = asked
        self._config.write_text(
            f"state = '{folder / 'state'}'\n"
            f"[sources]\nevtx = ['{logs}']\n"
            "[notify.console]\nenabled = false\n"
            f"[notify.sns]\ntopic_arn = '{topic_arn}'\nendpoint_url = '{proxy.url}'\n"
            # Most is told singly, so that there are many requests; and what is too much for that in digests.
            "[notify.pace]\nsingles_a_minute = 100\ndigest_seconds = 2\n",
            encoding="utf-8",
        )

    def said(self) -> str:
        """Give what all runs said on stderr."""
        return self._stderr.read_text("utf-8")

    def check_words(self) -> None:
        """No run ended by a fault of ours, and none lost its place in a log."""
        for word in ("Traceback", "damaged", "starts again", "missing"):
            if word in self.said():
                raise WrongError(self.said())

    def live(self, draw: Random, figures: Figures) -> None:
        """Start it and kill it: while it starts, after a while of work, or just when it publishes."""
        once, closed = draw.random() < 0.25, draw.random() < 0.1
        when = draw.choice(["start", "work", "publishing", "publishing"])
        seconds = draw.uniform(0.02, 0.4) if when == "start" else draw.uniform(0.3, 1.5)
        self._asked.clear()
        with self._proxy.refusing() if closed else nullcontext(), self._running(once=once) as process:
            if when == "publishing" and self._asked.wait(_LIFE):
                seconds = draw.uniform(0, 0.05)
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                code = process.wait()
        self._proxy.hang_up()
        figures.once += once
        if code == -signal.SIGKILL:
            figures.kills += 1
            figures.moments[when] += 1
        elif code in {0, 1} and once:  # 1: the road was bad, and it says so
            figures.ended += 1
        else:
            raise WrongError(f"seed {figures.seed}: `watch` ended with {code}: {self.said()}")

    def come_to_rest(self) -> None:
        """Run once more, without haste."""
        with self._running(once=True) as process:
            if (code := process.wait(60)) != 0:
                raise WrongError(f"`watch --once` ended with {code}: {self.said()}")

    @contextmanager
    def _running(self, *, once: bool) -> Iterator[subprocess.Popen[bytes]]:
        command = [sys.executable, "-m", "logonbell", "watch", "--config", str(self._config)]
        environment = os.environ | {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        with self._stderr.open("ab") as stderr:
            process = subprocess.Popen(
                [*command, "--once"] if once else command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
            )
            try:
                yield process
            finally:
                process.kill()
                process.wait()


def _named(happening: Fault | Answer) -> str:
    if isinstance(happening, Fault):
        return happening.name.lower().replace("_", " ")
    return f"answered {happening.status}"


def _check(host: LiveHost, topic: HeardTopic, state: Path, logs: Path, figures: Figures) -> None:
    received = topic.rest()
    messages = _messages(received)
    told = _told(messages, state)
    figures.digests = sum(len(numbers) > 1 for numbers, _ in messages.values())
    figures.records = sum(host.records.values())
    figures.scenes = len(host.scenes)
    figures.messages = len(received)
    figures.most = max(Counter(told[0] for told in map(told_by, received)).values(), default=0)
    _check_alerts(host.scenes, told, figures)
    numbers = sorted(sequence for sequence, _ in told.values())
    if numbers != list(range(1, len(told) + 1)):
        raise WrongError(f"the sequence numbers have gaps: {numbers}")
    _check_outbox(host, state, logs, told)


def _messages(received: Sequence[Received]) -> dict[str, tuple[tuple[int, ...], str]]:
    """Give numbers and rule by fingerprint; a repeat must be the same."""
    messages: dict[str, tuple[tuple[int, ...], str]] = {}
    for message in received:
        mark, numbers, rule = told_by(message)
        if messages.setdefault(mark, (numbers, rule)) != (numbers, rule):
            raise WrongError(f"the message {mark} came as {messages[mark]} and as {(numbers, rule)}")
    return messages


def _told(messages: dict[str, tuple[tuple[int, ...], str]], state: Path) -> dict[str, tuple[int, str]]:
    """Give number and rule of each alert that was told, alone or in a digest, by its fingerprint."""
    told: dict[str, tuple[int, str]] = {}
    outbox = Outbox.open(state, now=datetime.now(UTC))
    try:
        for mark, (numbers, _) in messages.items():
            for number in numbers:
                (story,) = outbox.fates.numbered(number)
                if story.alert is None or (len(numbers) == 1 and story.alert.fingerprint != mark):
                    raise WrongError(f"the message {mark} names {number}, which is another alert")
                if story.alert.fingerprint in told:
                    raise WrongError(f"the alert {number} was told in two messages, one of them {mark}")
                told[story.alert.fingerprint] = (number, story.alert.rule)
    finally:
        outbox.close()
    return told


def _check_alerts(scenes: Sequence[Scene], told: dict[str, tuple[int, str]], figures: Figures) -> None:
    """Each scene that rings was told under exactly one fingerprint, that of one of its events; nothing else was told."""
    owners: dict[str, Scene] = {}
    for scene in scenes:
        rule = "failed-logons" if scene.what == "failed logons" else "logon"
        for event in scene.events:
            owners[fingerprint(HOST, event.ref, event.time, rule)] = scene
    marks: dict[int, list[str]] = {}
    for mark, (sequence, rule) in told.items():
        if mark not in owners:
            raise WrongError(f"alert {sequence} ({rule}) was invented")
        if not owners[mark].rings:
            raise WrongError(f"alert {sequence} ({rule}) is for {owners[mark].what}, which does not ring")
        marks.setdefault(id(owners[mark]), []).append(mark)
    for scene in scenes:
        expected = scene.rings and (scene.what != "failed logons" or len(scene.events) >= 3)
        figures.alerts += expected
        if len(marks.get(id(scene), [])) != expected:
            raise WrongError(f"{scene} was told {len(marks.get(id(scene), []))} times")


def _check_outbox(host: LiveHost, state: Path, logs: Path, told: dict[str, tuple[int, str]]) -> None:
    """Bookmark, history and deliveries agree with what was written and what arrived."""
    outbox = Outbox.open(state, now=datetime.now(UTC))
    try:
        if outbox.recovered is not None:
            raise WrongError(str(outbox.recovered))
        kept = outbox.state()
        sns = kept.notifiers["sns"]
        if (sns.pending, sns.delivered, sns.buried) != (0, len(told), 0) or kept.sequences[HOST] != len(told):
            raise WrongError(f"the outbox does not agree with {len(told)} alerts: {sns}, {kept.sequences}")
        for channel, count in host.records.items():
            source = EvtxSource(logs / f"{channel.replace('/', '%4')}.evtx")
            left = source.read(outbox.bookmark(source.name))
            if left.events or left.losses or left.more or kept.sources[source.name].newest != count:
                raise WrongError(
                    f"the bookmark of {channel} is not at {count}: {kept.sources[source.name]}, {left.losses}"
                )
        history = list(
            outbox.history.between(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
        )
        _check_history(host.scenes, [row.finding for row in history if isinstance(row, Kept)], told)
    finally:
        outbox.close()


def _check_history(
    scenes: Sequence[Scene], findings: Sequence[object], told: dict[str, tuple[int, str]]
) -> None:
    """The history holds each logon once, whichever way it is asked."""
    logons = [finding for finding in findings if isinstance(finding, Logon)]
    mains = Counter((logon.main.channel, logon.main.record_id) for logon in logons)
    owners = {(event.channel, event.record_id): scene for scene in scenes for event in scene.events}
    held = Counter(id(owners[place]) for place in mains.elements())
    for scene in scenes:
        if scene.what == "failed logons":
            continue
        if held[id(scene)] > 1 or (scene.rings and not held[id(scene)]):
            raise WrongError(f"the history holds {scene} {held[id(scene)]} times")
    bursts = [finding for finding in findings if isinstance(finding, FailedLogons)]
    rung = sum(owners[place].rings for place in mains) + len(bursts)
    if rung != len(told):
        raise WrongError(f"the history holds {rung} logons that ring, {len(told)} were told")


def main() -> int:
    """Run it as often as asked, and print the figures."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    sys.stdout.write(f"{kills} kills, seed {seed}\n")
    with tempfile.TemporaryDirectory() as folder, Emulator(Path(folder)) as emulator:
        inner = Path(folder, "rig")
        inner.mkdir()
        figures = kill_again_and_again(inner, emulator, kills=kills, seed=seed)
        sys.stdout.write(f"{figures.table()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
