"""Lets an agent live through everything at once, for minutes or days; then holds what arrived against what was written.

Logs grow, wrap and are cleared; the agent is killed and started again, the emulator is, too; the road to it is bad, and at
times there is none; the disk is full, the clock is set. ``python tests/soak_rig.py [MINUTES] [SEED]`` prints a table.
Linux, with a C compiler: disk and clock are preloaded.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from disk import FULL, Disk, built
from emulator import Emulator, HeardTopic, Received
from fault_proxy import Fault, FaultProxy, weather
from heard import WrongError, told_by
from kill_rig import Figures as KillFigures
from kill_rig import check_alerts, check_history, messages_of, told_in
from live_host import LiveHost
from logonbell.errors import Refused
from logonbell.store.history import Kept
from logonbell.store.outbox import Outbox, OutboxState

TOPIC = "logonbell-soak"
PACE = 2.0
"""Things that happen on the host in a second."""
PATIENCE = 240.0
"""Seconds in which what is left must have come, once all is well."""
NO_ALERT = "notice-"
"""How the rules begin by which logonbell tells of itself."""


@dataclass
class Figures:
    """What happened, and what came of it."""

    seed: int
    seconds: float = 0.0
    did: Counter[str] = field(default_factory=Counter)
    records: int = 0
    scenes: int = 0
    logons: int = 0
    messages: int = 0
    digests: int = 0
    repeats: int = 0
    of_itself: int = 0
    requests: int = 0
    memory: int = 0
    files: int = 0

    def table(self) -> str:
        """Give them for a person."""
        rows: list[tuple[str, object]] = [
            ("seconds", round(self.seconds)),
            *((f"  {what}", count) for what, count in sorted(self.did.items())),
            ("records written", self.records),
            ("what happened on the host (scenes)", self.scenes),
            ("logons and others that had to ring", self.logons),
            ("requests that reached the road to SNS", self.requests),
            ("messages taken", self.messages),
            ("  different ones that are digests", self.digests),
            ("  of logonbell itself", self.of_itself),
            ("repeats (the same message again)", self.repeats),
            ("lost, invented, or told under two fingerprints", 0),
            ("peak of resident memory, MB", self.memory // 1000),
            ("most files and sockets open", self.files),
        ]
        return "\n".join(f"{what:<60}{count:>8}" for what, count in rows)


class Soak:
    """Everything that is there, and what may happen to it."""

    def __init__(self, folder: Path, figures: Figures, stack: ExitStack) -> None:
        self._folder = folder
        self._figures = figures
        self._draw = Random(figures.seed)  # noqa: S311 - repeatable, not secret
        self.logs = folder / "logs"
        self.logs.mkdir()
        self.state = folder / "state"
        self._disk = Disk(built(folder), self.state, control=folder / "control")
        self._disk.well()
        self._emulator = stack.enter_context(Emulator(folder))
        stack.callback(self._emulator.__exit__)
        self._topic: HeardTopic = self._emulator.topic(name=TOPIC)
        self.received: list[Received] = []
        self._proxy = stack.enter_context(FaultProxy(self._emulator.port))
        self.host = stack.enter_context(LiveHost(self.logs, figures.seed, pace=PACE))
        self._config = folder / "logonbell.toml"
        self._config.write_text(
            f"state = '{self.state}'\n[sources]\nevtx = ['{self.logs}']\nssm = 'off'\n"
            # By it the network logon before an RDP session rings, too, where a clock that is set ends its hold.
            "[rules]\noff = ['domain-admin']\n"
            "[notify.console]\nenabled = false\n"
            f"[notify.sns]\ntopic_arn = '{self._topic.arn}'\nendpoint_url = '{self._proxy.url}'\ndaily_check = false\n"
            "[notify.pace]\nsingles_a_minute = 100\ndigest_seconds = 2\n",
            encoding="utf-8",
        )
        self._over = threading.Event()
        self._agent: subprocess.Popen[bytes] | None = None
        self._error: BaseException | None = None
        self._supervisor = threading.Thread(target=self._supervise)
        self._supervisor.start()
        stack.callback(self.end)

    # The agent, and who starts it again

    def _supervise(self) -> None:
        """Start the agent whenever it has ended, and look how much it takes."""
        try:
            while not self._over.is_set():
                with self._running() as self._agent:
                    while self._agent.poll() is None and not self._over.wait(0.2):
                        self._measure(self._agent.pid)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that asks
            self._error = error

    @contextmanager
    def _running(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run it; at the end it is asked to end."""
        with (self._folder / "stderr.txt").open("ab") as stderr:
            agent = subprocess.Popen(
                [sys.executable, "-m", "logonbell", "watch", "--config", self._config, *arguments],
                env=self._disk.environment
                | {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"},
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
            )
            try:
                yield agent
            finally:
                agent.terminate()
                agent.wait()

    def _measure(self, process: int) -> None:
        with suppress(OSError):  # it has just ended
            status = Path(f"/proc/{process}/status").read_text("ascii", "replace")
            peak = next((line for line in status.splitlines() if line.startswith("VmHWM")), "VmHWM: 0 kB")
            self._figures.memory = max(self._figures.memory, int(peak.split()[1]))
            self._figures.files = max(self._figures.files, len(list(Path(f"/proc/{process}/fd").iterdir())))

    def end(self) -> None:
        """End the agent."""
        self._over.set()
        self._supervisor.join()
        if self._error is not None:
            raise self._error

    def _signal(self, number: int) -> None:
        if self._agent is not None and self._agent.poll() is None:
            self._agent.send_signal(number)

    # What happens

    def happenings(self) -> dict[str, Callable[[], None]]:
        """Give all that may happen, by name."""
        return {
            "kills": lambda: self._signal(signal.SIGKILL),
            "kills just after a message": self._kill_behind_a_message,
            "stops": lambda: self._signal(signal.SIGTERM),
            "times without a network": self._cut_the_network,
            "times with a full disk": self._fill_the_disk,
            "times with a wrong clock": self._set_the_clock,
            "logs that wrapped": lambda: self._renew(cleared=False),
            "logs that were cleared": lambda: self._renew(cleared=True),
            "emulators killed": self._kill_the_emulator,
            "quiet times": lambda: self._pass(3, 6),
        }

    def storm(self, seconds: float) -> None:
        """Let it all happen, again and again, in any order."""
        deadline = time.monotonic() + seconds
        self._proxy.otherwise(weather(self._figures.seed, fair=0.7, hangs=True))
        happenings = self.happenings()
        while time.monotonic() < deadline:
            for name in self._draw.sample(sorted(happenings), len(happenings)):
                if time.monotonic() > deadline and self._figures.did.keys() == happenings.keys():
                    break  # each has happened once
                happenings[name]()
                self._figures.did[name] += 1
                self._drain()
                self._pass(0.2, 2)

    def _pass(self, least: float, most: float) -> None:
        time.sleep(self._draw.uniform(least, most))

    def _drain(self) -> None:
        self.received += self._topic.rest()

    def _kill_behind_a_message(self) -> None:
        known, deadline = len(self._proxy.seen), time.monotonic() + 5
        while len(self._proxy.seen) == known and time.monotonic() < deadline:
            time.sleep(0.002)
        self._pass(0, 0.05)
        self._signal(signal.SIGKILL)

    def _cut_the_network(self) -> None:
        with self._proxy.refusing():
            self._pass(1, 8)

    def _fill_the_disk(self) -> None:
        self._disk.fails(*FULL)
        self._pass(1, 15)
        self._disk.well()

    def _set_the_clock(self) -> None:
        self._disk.set_clock(self._draw.choice((-86_400, -3600, -5, 5, 3600, 86_400)))
        self._pass(1, 8)
        self._disk.set_clock(0)

    def _kill_the_emulator(self) -> None:
        """Kill it, and start another, which knows nothing; what the queue held is taken before."""
        with self._proxy.refusing():
            self._drain()
            self._emulator.__exit__()
            self._emulator.__enter__()
            self._topic = self._emulator.topic(name=TOPIC)
            self._proxy.lead_to(self._emulator.port)

    def _renew(self, *, cleared: bool) -> None:
        """Let the Security log begin anew, when all of it was read: what was not is nobody's to tell."""
        with self.host.quiet:
            self._until(self._has_read_all, 60)
            self.host.renew("Security", cleared=cleared)

    # How far it is

    def _kept(self) -> OutboxState | None:
        with suppress(Refused), closing(Outbox.join(self.state)) as outbox:
            return outbox.state()
        return None

    def _has_read_all(self) -> bool:
        kept = self._kept()
        return kept is not None and all(
            any(
                source.newest == count
                for name, source in kept.sources.items()
                if Path(name).name == self.host.path(channel).name
            )
            for channel, count in self.host.records.items()
        )

    def _until(self, happened: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not happened():
            if self._error is not None:
                raise self._error
            if time.monotonic() > deadline:
                raise WrongError(
                    f"it does not come to an end: {self._kept()} {self.host.records} {self.said()[-2000:]}"
                )
            time.sleep(0.1)

    def come_to_rest(self) -> None:
        """Let all be well, nothing new begin, and the agent come to its end."""
        self.host.wind_down()
        self._proxy.otherwise(lambda: Fault.PASS)
        self.host.end()
        self._until(self._has_read_all, PATIENCE)
        time.sleep(12)  # what is held for further events is told ten seconds behind the last, at the latest
        self.end()
        with self._running("--once") as agent:  # it does not hold repeats back for ten minutes
            if (code := agent.wait(PATIENCE)) != 0:
                raise WrongError(f"`watch --once` ended with {code}: {self.said()[-2000:]}")
        self._drain()
        self._figures.requests = len(self._proxy.seen)

    def said(self) -> str:
        """Give what all runs said."""
        return (self._folder / "stderr.txt").read_text("utf-8")


def soak(folder: Path, *, seconds: float, seed: int) -> Figures:
    """Do it, and hold what came against what was written. Raises ``WrongError`` that names the seed."""
    figures = Figures(seed)
    began = time.monotonic()
    with ExitStack() as stack:
        it = Soak(folder, figures, stack)
        it.storm(seconds)
        it.come_to_rest()
    figures.seconds = time.monotonic() - began
    try:
        _compare(it, figures)
    except WrongError as wrong:
        raise WrongError(f"seed {seed}: {wrong}") from wrong
    return figures


def _compare(it: Soak, figures: Figures) -> None:
    for word in ("Traceback", "damaged", "starts again"):
        if word in it.said():
            raise WrongError(it.said()[-4000:])
    numbered = [message for message in it.received if told_by(message)[1] != (0,)]
    messages = messages_of(numbered)
    told = told_in(messages, it.state)
    numbers = sorted(number for number, _ in told.values())
    if numbers != list(range(1, len(told) + 1)):
        raise WrongError(f"the sequence numbers have gaps: {numbers}")
    alerts = {mark: (number, rule) for mark, (number, rule) in told.items() if not rule.startswith(NO_ALERT)}
    rung = KillFigures(figures.seed)
    check_alerts(it.host.scenes, alerts, rung)
    with closing(Outbox.open(it.state, now=datetime.now(UTC))) as outbox:
        if outbox.recovered is not None:
            raise WrongError(str(outbox.recovered))
        with outbox.inspect() as inspection:
            if flaws := [str(flaw.what) for flaw in inspection.flaws()]:
                raise WrongError(f"the history has flaws: {flaws}")
        rows = outbox.history.between(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
        logons = {mark: one for mark, one in alerts.items() if one[1] in {"logon", "failed-logons"}}
        kept = [row.finding for row in rows if isinstance(row, Kept)]
        check_history(it.host.scenes, kept, logons, steady=False)
    figures.records = sum(it.host.records.values())
    figures.scenes = len(it.host.scenes)
    figures.logons = rung.alerts
    figures.messages = len(it.received)
    figures.digests = sum(len(numbers) > 1 for numbers, _ in messages.values())
    figures.of_itself = len(it.received) - len(numbered) + len(told) - len(alerts)
    figures.repeats = len(numbered) - len(messages)


def main() -> int:
    """Do it, and print the figures."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    sys.stdout.write(f"{minutes:g} minutes, seed {seed}\n")
    sys.stdout.flush()
    folder = Path(tempfile.mkdtemp(prefix="logonbell-soak-"))
    figures = soak(folder, seconds=60 * minutes, seed=seed)  # what went wrong is left behind, to be looked at
    sys.stdout.write(f"{figures.table()}\n")
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
