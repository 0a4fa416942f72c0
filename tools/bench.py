"""Prints every figure that the documents name, each beside what it is measured against: ``python tools/bench.py``.

With ``--write`` it also writes them into ``docs/reference/figures.md``.

Read the ratios: both sides of each are measured in the same run on the same machine, the best of several, so that
what else the machine does counts least. Everything is made up and stands in a temporary folder.
"""

# ruff: noqa: INP001, T201, S603  this folder is no package, a script speaks to its caller and starts our own program

from __future__ import annotations

import os
import platform
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import starmap
from pathlib import Path
from random import Random
from typing import Any

import bench_chain
import bench_rules
from evtx import PyEvtxParser

from logonbell.agent import utc_now
from logonbell.commands.past import Past
from logonbell.demo.bell import LOG, Bell, rings_through_sns
from logonbell.demo.emulator import Emulator
from logonbell.demo.mailbox import Mailbox
from logonbell.event import Event
from logonbell.logon import Finding, Logon
from logonbell.recognise.noise import hallmark_of
from logonbell.recognise.past import recognise
from logonbell.recognise.recogniser import Recogniser
from logonbell.recognise.windows import WANTED
from logonbell.simulate.day import play_day
from logonbell.simulate.evtx import EvtxFile, write_evtx, write_logs
from logonbell.simulate.people import Person
from logonbell.simulate.ssm import SsmAgent
from logonbell.simulate.ssm_documents import Document, Request, port, shell
from logonbell.simulate.windows import WindowsHost
from logonbell.source import Source
from logonbell.sources.evtx import EvtxSource
from logonbell.ssm.owner import Observed
from logonbell.ssm.processes import HostProcesses
from logonbell.ssm.source import SsmSource

MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)
RECORDS = 400_000
AGENTS = 5
RINGS = 10
FIGURES = Path(__file__).resolve().parent.parent / "docs" / "reference" / "figures.md"
PAGE = """\
# Figures

<!-- Made by tools/bench.py: make figures. -->

What `make bench` printed on one machine ({machine}), which was doing other things as well. A ratio says
how many times as long it takes as the row with 1: both were measured in the same run, so compare the ratios.
"""
PROGRAM = [sys.executable, "-m", "logonbell"]
_IDS = {str(number) for numbers in WANTED.values() for number in numbers}
_EVENT_ID = re.compile(r'"EventID":"?([0-9]+)').search
OTHERS = (4688, 4689, 5156, 5158, 4663, 4656, 4658, 4703, 5379, 4799)
"""What a busy Security log holds besides: processes, connections, files, privileges, credentials, groups."""


@dataclass(frozen=True)
class Row:
    """One figure: what it is, the figure, and beside which other figure it stands."""

    what: str
    figure: str
    ratio: str = ""


def main(arguments: Sequence[str] = ()) -> int:
    """Measure everything and print it."""
    began = time.perf_counter()
    machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    print(machine)
    found: dict[str, list[Row]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Our own programs are found compiled, as they are once installed, whatever this environment says.
        os.environ |= {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "compiled")}
        for title, measure in SECTIONS.items():
            print(f"\n{title}", flush=True)
            found[title] = []
            for row in measure(folder):
                print(f"  {row.what:<66}{row.figure:>20}{row.ratio:>8}", flush=True)
                found[title].append(row)
    print(f"\n{time.perf_counter() - began:.0f} s in all")
    if "--write" in arguments:
        FIGURES.write_text(page(machine, found), encoding="utf-8")
    return 0


def page(machine: str, found: Mapping[str, Sequence[Row]]) -> str:
    """Write the page of the figures."""
    parts = [PAGE.format(machine=machine)]
    for title, rows in found.items():
        lines = [f"| {_cell(row.what)} | {row.figure} | {row.ratio} |" for row in rows]
        parts.append("\n".join([f"## {title}", "", "| what | figure | ratio |", "|---|--:|--:|", *lines, ""]))
    return "\n".join(parts)


def _cell(what: str) -> str:
    return what.strip().replace("|", "\\|")


def reading_audited(folder: Path) -> Iterator[Row]:
    """Read a log of which nine records in ten are about something else, as where processes are audited."""
    log = folder / "Audited.evtx"
    write_evtx(log, _many(list(_with_others(_security_day()[:1000])), RECORDS))
    yield from _reading(log)


def reading_noise(folder: Path) -> Iterator[Row]:
    """Read a log in which services start and the machine itself logs on, and nobody comes."""
    log = folder / "Noise.evtx"
    noise = [event for event in _security_day() if hallmark_of(event) is not None]
    write_evtx(log, _many(noise, RECORDS))
    yield from _reading(log)


def reading_logons(folder: Path) -> Iterator[Row]:
    """Read a log of which nearly every record is about logons, and one in ten belongs to a person's."""
    log = folder / "Security.evtx"
    write_evtx(log, _many(_security_day(), RECORDS))
    yield from _reading(log)


def _reading(log: Path) -> Iterator[Row]:
    def look() -> int:
        return _look(log)

    def read() -> int:
        return len(recognise(Past([log]).events()))

    def program() -> None:
        _run([*PROGRAM, "read", str(log)])

    plain, wanted, found, whole = _best(lambda: _iterate(log), look, read, program)
    yield Row(f"the log: {log.stat().st_size / 1e6:.0f} MB", f"{RECORDS:,} records")
    yield Row(f"records that may be about logons: {look():,}; findings: {read():,}", "")
    yield Row("for record in PyEvtxParser(log).records_json(): pass", _speed(plain), _ratio(plain, wanted))
    yield Row("  ... and the event id looked at in its text", _speed(wanted), "1.00")
    yield Row("recognise(Past([log]).events()), in this process", _speed(found), _ratio(found, wanted))
    yield Row("logonbell read LOG, the whole process", _speed(whole), _ratio(whole, wanted))
    log.unlink()  # a third of a gigabyte


def reading_folder(folder: Path) -> Iterator[Row]:
    """Read a folder of logs of several channels and days as one history."""
    logs = folder / "logs"
    for day in range(30):
        place = logs / f"day{day:02}"
        place.mkdir(parents=True)
        write_logs(place, _renumbered(play_day(MIDNIGHT + timedelta(days=day), _random(day)), day))
    files = sorted(logs.rglob("*.evtx"))
    records = sum(_iterate(file) for file in files)
    plain, wanted, whole = _best(
        lambda: sum(_iterate(file) for file in files),
        lambda: sum(_look(file) for file in files),
        lambda: _run([*PROGRAM, "read", str(logs)]),
    )
    yield Row(f"the folder: {len(files)} logs", f"{records:,} records")
    yield Row(
        "for record in PyEvtxParser(log).records_json(): pass, each log",
        _speed(plain, records),
        _ratio(plain, wanted),
    )
    yield Row("  ... and the event id looked at in its text", _speed(wanted, records), "1.00")
    yield Row("logonbell read FOLDER, the whole process", _speed(whole, records), _ratio(whole, wanted))


def starting(folder: Path) -> Iterator[Row]:
    """Start as the scheduled task does, with nothing new."""
    log, config = folder / "quiet.evtx", folder / "logonbell.toml"
    write_evtx(log, _security_day())
    config.write_text(
        f"state = '{folder / 'state'}'\n[sources]\nevtx = ['{log}']\n[notify.console]\nenabled = false\n"
        "[notify.sns]\ntopic_arn = 'arn:aws:sns:eu-north-1:123456789012:bench'\n"
        "endpoint_url = 'http://127.0.0.1:9'\n",
        encoding="utf-8",
    )
    once = [*PROGRAM, "watch", "--once", "--config", str(config)]
    _run(once, code=1)  # nobody listens
    _settle(folder / "state")
    pass_ = _median([sys.executable, "-c", "pass"])
    yield Row("python -c pass", _milliseconds(pass_), "1.0")
    for what, command in {
        "logonbell --version": [*PROGRAM, "--version"],
        "logonbell watch --once, with nothing new": once,
        "python -c 'import logonbell.commands.watch': all that an agent loads": [
            sys.executable,
            "-c",
            "import logonbell.cli, logonbell.commands.watch",
        ],
        "python -c 'import boto3', which it loads only to send": [sys.executable, "-c", "import boto3"],
    }.items():
        taken = _median(command)
        yield Row(what, _milliseconds(taken), f"{taken / pass_:.1f}")


def ringing(folder: Path) -> Iterator[Row]:
    """Ring through SNS on loopback: fresh agents, each with a first alert and a few later ones."""
    first: list[float] = []
    later: list[float] = []
    with Emulator(folder) as emulator, Mailbox() as mailbox:
        emulator.ready()
        topic_arn, queue = emulator.subscribe()
        mailbox.receive(queue.letters("en"))
        for number in range(AGENTS):
            place = folder / f"agent{number}"
            place.mkdir()
            settings = rings_through_sns(topic_arn, emulator.url)
            with EvtxFile(place / LOG) as log, Bell(place, "en", settings, emulator.credentials) as bell:
                bell.started()
                time.sleep(2)  # nobody comes in the moment in which the agent starts
                one, *others = _delays(log, mailbox)
            first.append(one)
            later += others
    yield Row(f"the first alert of an agent, median of {len(first)}", _milliseconds(statistics.median(first)))
    yield Row(f"a later one, median of {len(later)}", _milliseconds(statistics.median(later)))
    yield Row("  ... the slowest of them", _milliseconds(max(later)))


def _delays(log: EvtxFile, mailbox: Mailbox) -> Iterator[float]:
    """Let somebody log on at the console now and again; give the seconds from each record's time to SNS's acceptance."""
    host, somebody = WindowsHost("BASTION-01", _random(1)), Person("alice", "CORP", "S-1-5-21-1-2-3-1104")
    written = 0
    for _ in range(RINGS):
        logon = [e for e in host.console_logon(datetime.now(UTC), somebody) if e.channel == "Security"]
        records = [replace(event, record_id=number) for number, event in enumerate(logon, written + 1)]
        written += len(records)
        times = {record.record_id: record.time for record in records}
        time.sleep(max(0.0, (max(times.values()) - datetime.now(UTC)).total_seconds()))
        log.append(*records)
        (letter,) = mailbox.take(30)
        yield letter.delay(times).total_seconds()
        time.sleep(0.5)


def storm(folder: Path) -> Iterator[Row]:
    """Let ten thousand logons come within ten seconds, through the agent to an SNS emulator; takes two minutes."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    from emulator import Emulator as TestEmulator  # noqa: PLC0415 - only here
    from storm_rig import storm as let_it_come  # noqa: PLC0415 - likewise

    place = folder / "storm"
    place.mkdir()
    with TestEmulator(folder) as emulator:
        for what, figure in let_it_come(place, emulator, count=10_000, seconds=10).rows():
            yield Row(what, figure)


def naming(folder: Path) -> Iterator[Row]:
    """Find the principal: from what the SSM agent or Windows wrote to a logon that names it."""
    for crowd in (0, 200):
        bastion = Bastion(folder / f"naming{crowd}", crowd)
        beside = f", beside {crowd} sessions" if crowd else ""
        yield Row(f"from a session's state file{beside}", bastion.until_opened())
        yield Row(f"from the 4624 of a shell to its logon{beside}", bastion.until_shell())
        yield Row(f"from the 4624 of RDP through a tunnel to its logon{beside}", bastion.until_rdp())
        bastion.close()


@dataclass(frozen=True)
class Taken:
    """Seconds: those that went by, and those in which this program had a processor."""

    elapsed: float
    busy: float

    @classmethod
    def so_far(cls) -> Taken:
        """Read both clocks."""
        return cls(time.perf_counter(), time.process_time())

    def __sub__(self, began: Taken) -> Taken:
        """Give what went by since."""
        return Taken(self.elapsed - began.elapsed, self.busy - began.busy)


class Bastion:
    """A host on which sessions are open. Workers are real processes, the tunnel's is this one: it holds the connection."""

    def __init__(self, folder: Path, crowd: int) -> None:
        folder.mkdir()
        self._processes = HostProcesses()
        self._host = WindowsHost("BASTION-01", _random(1), domain="CORP")
        self._agent = SsmAgent(folder / "ssm", _random(2), utc_now)
        self._agent.start()
        self._workers: list[subprocess.Popen[bytes]] = []
        everybodys = self._worker()
        for number in range(crowd):
            self._opens(port("arn:aws:iam::111122223333:user/u", f"u{number}", 8000 + number), everybodys)
        self._log = EvtxFile(folder / "Security.evtx")
        self._records = 0
        self._writes(self._host.service_start(utc_now()))
        self._server = socket.create_server(("127.0.0.1", 0))
        self._rdp = self._server.getsockname()[1]
        self._client = socket.create_connection(("127.0.0.1", self._rdp))
        self._accepted, _ = self._server.accept()
        self._sessions = SsmSource(
            self._agent.data, host="", clock=utc_now, logs=self._agent.logs, processes=self._processes
        )
        self._watched = Observed(
            EvtxSource(folder / "Security.evtx", wanted=WANTED),
            self._sessions,
            self._processes,
            host="",
            clock=utc_now,
            rdp_port=self._rdp,
        )
        self._recogniser = Recogniser(own="BASTION-01")
        self._places: dict[str, str | None] = dict.fromkeys((self._sessions.name, self._watched.name))
        self._tunnel = self._opens(port("arn:aws:iam::111122223333:user/t", "t", self._rdp), os.getpid())
        self._look()

    def until_opened(self) -> str:
        """Give how long it takes to know a session from its file."""

        def measured(number: int) -> Taken:
            session = self._opens(shell(_owner(number), f"s{number}"), self._worker())
            began = Taken.so_far()
            events = self._read(self._sessions)
            taken = Taken.so_far() - began
            _hold(session.document_id in {event.fields.get("SessionId") for event in events})
            return taken

        return _of_many(measured)

    def until_shell(self) -> str:
        """Give how long it takes from a shell's 4624 to a logon that names its principal."""

        def measured(number: int) -> Taken:
            session = self._opens(shell(_owner(number), f"s{number}"), self._worker())
            self._writes(
                replace(event, fields={**event.fields, "ProcessId": hex(session.process)})
                if event.event_id == 4624
                else event
                for event in self._host.ssm_shell(utc_now())
            )
            return self._until(lambda logon: logon.principal == _owner(number) and logon.user is not None)

        return _of_many(measured)

    def until_rdp(self) -> str:
        """Give how long it takes from a loopback RDP session's records to a logon that names who tunnelled it."""

        def measured(number: int) -> Taken:
            person = self._host.local(f"rdp{number}", 3000 + number)
            events = self._host.rdp_logon(utc_now(), person, "127.0.0.1")
            self._writes(event for event in events if event.channel == "Security")
            return self._until(lambda logon: logon.user is not None and logon.user.name == person.name)

        return _of_many(measured)

    def close(self) -> None:
        """Close what is open."""
        for each in (self._accepted, self._client, self._server, self._log):
            each.close()
        for worker in self._workers:
            worker.kill()
            worker.wait()

    def _worker(self) -> int:
        program = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
        self._workers.append(subprocess.Popen(program))
        return self._workers[-1].pid

    def _opens(self, request: Request, process: int) -> Document:
        document = self._agent.open(request, process=process, started=self._processes.started(process))
        self._agent.flush()
        return document

    def _writes(self, events: Iterable[Event]) -> None:
        for event in events:
            self._records += 1
            self._log.append(replace(event, record_id=self._records))

    def _until(self, fits: Callable[[Logon], bool]) -> Taken:
        """Read and recognise until a logon fits; what is held for its twin events is told without the wait."""
        began = Taken.so_far()
        found = self._look()
        taken = Taken.so_far() - began
        _hold(any(isinstance(each, Logon) and fits(each) for each in found))
        return taken

    def _look(self) -> list[Finding]:
        events = sorted([*self._read(self._watched), *self._read(self._sessions)], key=lambda each: each.time)
        found = [finding for event in events for finding in self._recogniser.feed(event)]
        return found + list(self._recogniser.advance(utc_now() + timedelta(seconds=15)))

    def _read(self, source: Source) -> list[Event]:
        batch = source.read(self._places[source.name])
        self._places[source.name] = batch.bookmark
        return list(batch.events)


def _owner(number: int) -> str:
    return f"arn:aws:sts::111122223333:assumed-role/ops/s{number}"


def _hold(found: bool) -> None:
    if not found:
        raise SystemExit("the bench did not find what it measures")


def _of_many(measured: Callable[[int], Taken], times: int = 40) -> str:
    taken = [measured(number) for number in range(times)]
    best, busy = min(one.elapsed for one in taken), statistics.median(one.busy for one in taken)
    return f"{best * 1000:.1f} ms ({busy * 1000:.1f} ms)"


def judging(folder: Path) -> Iterator[Row]:
    """Hand events to Sigma rules."""
    return starmap(Row, bench_rules.judging(folder))


def chaining(folder: Path) -> Iterator[Row]:
    """Keep, chain and verify."""
    return starmap(Row, bench_chain.chaining(folder))


SECTIONS: dict[str, Callable[[Path], Iterator[Row]]] = {
    "An ordinary Security log: nine records in ten are about something else": reading_audited,
    "A Security log of noise: services start, the machine itself logs on, nobody comes": reading_noise,
    "A Security log of nothing but logons, one record in ten of a person's": reading_logons,
    "A month of logs of four channels, in folders": reading_folder,
    "A start": starting,
    "A ring, from the time in the record to SNS's acceptance (an emulator on loopback)": ringing,
    "A storm, through the agent to SNS": storm,
    "From record to principal, the best of 40 (the median of their CPU time); it is to take less than 20 ms": naming,
    "Sigma rules, in CPU time": judging,
    "The chain over the history": chaining,
}


def _random(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - repeatable, not secret


def _security_day() -> list[Event]:
    return [event for event in play_day(MIDNIGHT, _random(1)) if event.channel == "Security"]


def _with_others(events: list[Event]) -> Iterator[Event]:
    """Put nine records of other kinds behind each."""
    fields = {
        "SubjectUserSid": "S-1-5-18",
        "SubjectUserName": "BASTION-01$",
        "SubjectDomainName": "CORP",
        "SubjectLogonId": "0x3e7",
        "ProcessName": r"C:\Windows\System32\svchost.exe",
        "ObjectName": r"C:\ProgramData\Amazon\SSM\InstanceData",
    }
    for number, event in enumerate(events):
        yield event
        for place in range(9):
            other = OTHERS[(number + place) % len(OTHERS)]
            yield replace(event, event_id=other, fields=fields)


def _many(events: list[Event], count: int) -> Iterator[Event]:
    """Let the same happen day after day, until there are so many."""
    days, rest = divmod(count, len(events))
    for day in range(days + 1):
        for number, event in enumerate(events[: rest if day == days else None], day * len(events) + 1):
            yield replace(event, record_id=number, time=event.time + timedelta(days=day))


def _renumbered(events: list[Event], day: int) -> list[Event]:
    return [replace(event, record_id=event.record_id + day * 10_000) for event in events]


def _settle(state: Path) -> None:
    """Mark what the first run found as delivered, so that the next has nothing to send."""
    from logonbell.pace import FIRST, Bundle  # noqa: PLC0415 - only here
    from logonbell.store.outbox import Outbox  # noqa: PLC0415 - likewise

    now = datetime.now(UTC)
    outbox = Outbox.open(state, now=now)
    tellings = outbox.tellings
    bundles = [Bundle((row.key,), row.level, None, row.kind, FIRST) for row in tellings.waiting("sns")]
    tellings.begin("sns", bundles, now)
    for delivery in tellings.due("sns", now + timedelta(days=1), 10_000):
        tellings.delivered(delivery, "bench", now)
    outbox.close()


def _records(log: Path) -> Iterator[Any]:
    return iter(PyEvtxParser(str(log)).records_json())


def _iterate(log: Path) -> int:
    return sum(1 for _ in _records(log))


def _look(log: Path) -> int:
    """Count the records whose event id may be about logons, by their text: what a reader does before it parses any."""
    return sum((seen := _EVENT_ID(record["data"])) is None or seen[1] in _IDS for record in _records(log))


def _best(*acts: Callable[[], object], times: int = 4) -> list[float]:
    """Give the seconds of the fastest of several for each; they take turns, so that a busy moment is nobody's alone."""
    turns = [[_seconds(act) for act in acts] for _ in range(times)]
    return [min(seconds) for seconds in zip(*turns, strict=True)]


def _median(command: list[str], times: int = 15) -> float:
    return statistics.median(_seconds(lambda: _run(command)) for _ in range(times))


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _run(command: list[str], code: int = 0) -> None:
    """Run a program of ours; raises ``CalledProcessError`` where it ends with another code, having said why."""
    environment = os.environ | {
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "LANGUAGE": "en",
    }
    done = subprocess.run(
        command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
    )
    if done.returncode != code:
        raise subprocess.CalledProcessError(done.returncode, command, stderr=done.stderr)


def _speed(seconds: float, records: int = RECORDS) -> str:
    return f"{records / seconds:,.0f} records/s"


def _ratio(seconds: float, beside: float) -> str:
    return f"{seconds / beside:.2f}"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
