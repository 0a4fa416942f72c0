"""Kills ``logonbell watch`` at random moments while logs grow and the road to SNS is bad; then counts what arrived.

``python tests/kill_rig.py [KILLS] [SEED]`` prints a table; the tests run it with few kills.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from emulator import Emulator, HeardTopic, Received
from fault_proxy import Answer, Fault, FaultProxy, Happening, weather
from heard import WrongError, told_by
from live_host import HOST, LiveHost, Scene
from logonbell.alert import fingerprint
from logonbell.logon import FailedLogons, Logon
from logonbell.sources.evtx import EvtxSource
from logonbell.store.history import Kept
from logonbell.store.outbox import Outbox

BURST, SUMMARY = "failed-logons", "failed-logons-summary"
OTHER_RULES = {"failed logons": BURST, "a cleared log": "log-cleared"}
"""By which rule that rings which is no logon."""
_LIFE = 2.0
"""Seconds for which a run that is to be killed while it publishes may publish nothing."""
_MOMENTS = {
    "start": "within 0.4 s of their start",
    "work": "0.3 to 1.5 s behind it",
    "publishing": "within 0.05 s of a request to SNS",
}


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
            # By it the network logon before an RDP session rings, too, where a clock that is set ends its hold.
            "[rules]\noff = ['domain-admin']\n"
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
            if (
                code := process.wait(300)
            ) != 0:  # what the pace holds is told within a minute of a quiet machine
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
    with (state.parent / "heard.jsonl").open("w") as heard:
        heard.writelines(json.dumps({"sent": str(one.sent), "body": one.body}) + "\n" for one in received)
    messages = messages_of(received)
    told = told_in(messages, state)
    figures.digests = sum(len(numbers) > 1 for numbers, _ in messages.values())
    figures.records = sum(host.records.values())
    figures.scenes = len(host.scenes)
    figures.messages = len(received)
    figures.most = max(Counter(told[0] for told in map(told_by, received)).values(), default=0)
    check_alerts(host.scenes, told, figures)
    numbers = sorted(sequence for sequence, _ in told.values())
    if numbers != list(range(1, len(told) + 1)):
        raise WrongError(f"the sequence numbers have gaps: {numbers}")
    _check_outbox(host, state, logs, told)


def messages_of(received: Sequence[Received]) -> dict[str, tuple[tuple[int, ...], str]]:
    """Give numbers and rule by fingerprint; a repeat must be the same."""
    messages: dict[str, tuple[tuple[int, ...], str]] = {}
    for message in received:
        mark, numbers, rule = told_by(message)
        if messages.setdefault(mark, (numbers, rule)) != (numbers, rule):
            raise WrongError(f"the message {mark} came as {messages[mark]} and as {(numbers, rule)}")
    return messages


def told_in(messages: dict[str, tuple[tuple[int, ...], str]], state: Path) -> dict[str, tuple[int, str]]:
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


def rule_of(scene: Scene) -> str:
    """Give the rule by which it rings, if it does."""
    return OTHER_RULES.get(scene.what, "logon")


def check_alerts(scenes: Sequence[Scene], told: dict[str, tuple[int, str]], figures: Figures) -> None:
    """Each scene that rings was told under exactly one fingerprint, that of one of its events; nothing else was told.

    Besides, a burst is summed up behind its end, and where a clock that was set seemed to end it, there are several.
    """
    owners: dict[str, Scene] = {}
    summaries: set[str] = set()
    for scene in scenes:
        rule = rule_of(scene)
        for event in scene.events:
            owners[fingerprint(HOST, event.ref, event.time, rule)] = scene
            if rule == BURST:
                summaries.add(fingerprint(HOST, event.ref, event.time, SUMMARY))
    marks: dict[int, list[str]] = {}
    for mark, (sequence, rule) in told.items():
        if rule == SUMMARY and mark in summaries:
            continue
        if mark not in owners:
            raise WrongError(f"alert {sequence} ({rule}) was invented")
        if not owners[mark].rings:
            raise WrongError(f"alert {sequence} ({rule}) is for {owners[mark].what}, which does not ring")
        marks.setdefault(id(owners[mark]), []).append(mark)
    for scene in scenes:
        expected = scene.rings and (scene.what != "failed logons" or len(scene.events) >= 3)
        figures.alerts += expected
        times = len(marks.get(id(scene), []))
        if times != expected and not (rule_of(scene) == BURST and expected and times):
            raise WrongError(f"{scene} was told {times} times")


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
        firsts = {mark: one for mark, one in told.items() if one[1] != SUMMARY}
        check_history(host.scenes, [row.finding for row in history if isinstance(row, Kept)], firsts)
    finally:
        outbox.close()


def check_history(
    scenes: Sequence[Scene],
    findings: Sequence[object],
    told: dict[str, tuple[int, str]],
    *,
    steady: bool = True,
) -> None:
    """The history holds each logon once, whichever way it is asked.

    Where the clock was not ``steady``, the network logon before an RDP session may stand there by itself: its hold ended early.
    """
    logons = [finding for finding in findings if isinstance(finding, Logon)]
    mains = Counter((logon.main.channel, logon.main.record_id) for logon in logons)
    owners = {(event.channel, event.record_id): scene for scene in scenes for event in scene.events}
    held = Counter(id(owners[place]) for place in mains.elements())
    for scene in scenes:
        if scene.what in OTHER_RULES:
            continue
        if (steady and held[id(scene)] > 1) or (scene.rings and not held[id(scene)]):
            raise WrongError(f"the history holds {scene} {held[id(scene)]} times")
    bursts = [finding for finding in findings if isinstance(finding, FailedLogons)]
    rung = sum(owners[place].rings for place in mains) + len(bursts)
    if steady and rung != len(told):
        raise WrongError(f"the history holds {rung} logons that ring, {len(told)} were told")


def main() -> int:
    """Run it as often as asked, and print the figures."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    sys.stdout.write(f"{kills} kills, seed {seed}\n")
    with tempfile.TemporaryDirectory() as folder, Emulator(Path(folder)) as emulator:
        inner = Path(folder, "rig")
        inner.mkdir()
        try:
            figures = kill_again_and_again(inner, emulator, kills=kills, seed=seed)
        except WrongError:
            evidence = Path("build", f"kill-{seed}")
            shutil.copytree(inner, evidence, dirs_exist_ok=True)
            sys.stdout.write(f"State, logs and messages are kept in {evidence}\n")
            raise
        sys.stdout.write(f"{figures.table()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
