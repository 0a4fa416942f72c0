"""What stands in for a Windows bastion: the Windows CPython under Wine, and an event log in a folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from fake_eventlog import xml_of
from logonbell.event import Event
from logonbell.recognise.windows import CHANNELS

ROOT = Path(__file__).resolve().parent.parent
RIG = ROOT / "tests" / "windows" / "rig"
FOLDER = ROOT / ".venv" / "windows"
WINE = "/usr/lib/wine/wine64"


def set_up() -> str:
    """Install what is missing; give why that could not be done, or nothing."""
    with_pip = {**os.environ, "PYTHON": sys.executable}
    done = subprocess.run(
        [RIG / "setup.sh", FOLDER], env=with_pip, capture_output=True, text=True, check=False
    )
    return done.stderr if done.returncode else ""


def windows_path(path: Path) -> str:
    """Say where Wine sees a file."""
    return "Z:" + str(path.absolute()).replace("/", "\\")


@dataclass
class EventLogFolder:
    """The stand-in's event log. See ``windows/rig/wevtapi.c``."""

    folder: Path
    next: dict[str, int] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the channels."""
        self.folder.mkdir()
        for channel in CHANNELS:
            self.file(channel).touch()
        self.set()

    def file(self, channel: str) -> Path:
        """Give the file of a channel."""
        return self.folder / channel.replace("/", "~")

    def write(self, channel: str, events: Iterable[Event]) -> None:
        """Write events; the log numbers them."""
        lines = []
        for event in events:
            number = self.next.get(channel, 1)
            self.next[channel] = number + 1
            xml = xml_of(replace(event, channel=channel, record_id=number))
            lines.append(f"{number} {xml.replace(chr(10), '&#10;')}\n")  # a record is a line
        with self.file(channel).open("a", encoding="utf-8") as file:
            file.write("".join(lines))

    def wrap(self, channel: str, keep: int) -> None:
        """Overwrite all but the newest records; whoever follows finds the query stale."""
        lines = self.file(channel).read_text(encoding="utf-8").splitlines(keepends=True)
        self._replace(channel, "".join(lines[len(lines) - keep :]))
        self.break_feeds(15011)

    def clear(self, channel: str) -> None:
        """Empty a log."""
        self.wrap(channel, 0)

    @contextmanager
    def without(self, channel: str) -> Iterator[None]:
        """Take a channel away for a while."""
        file = self.file(channel)
        file.rename(file.with_suffix(".away"))
        yield
        file.with_suffix(".away").rename(file)

    def _replace(self, channel: str, text: str) -> None:
        draft = self.folder / "draft"
        draft.write_text(text, encoding="utf-8")
        draft.replace(self.file(channel))

    def break_feeds(self, code: int) -> None:
        """Let every feed that is open answer with an error."""
        generation = int(self.faults.get("broken", "0").split()[0]) + 1
        self.set(broken=f"{generation} {code}")

    def set(self, **faults: object) -> None:
        """Say what is wrong from now on."""
        self.faults |= {name: str(value) for name, value in faults.items()}
        self._replace("control", "".join(f"{name} {value}\n" for name, value in self.faults.items()))
        time.sleep(0.05)  # until whoever reads it every 10 ms has read it

    def forget_handles(self) -> None:
        """Count anew: a process that was killed left its number behind."""
        for file in self.folder.glob("handles.*"):
            file.unlink()

    def open_handles(self) -> list[int]:
        """Count the handles that each process holds, or left behind, while no record is looked at."""
        return [numbers[0] for numbers in self._noted()]

    def queries(self) -> int:
        """Count the queries that were made, subscriptions not among them."""
        return sum(numbers[1] for numbers in self._noted())

    def _noted(self) -> Iterator[list[int]]:
        for file in self.folder.glob("handles.*"):
            numbers = [int(text) for text in file.read_text().split()]
            if len(numbers) == 2:  # else it is just being written
                yield numbers


def memory(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    """Give the MB that a process holds, and the most it held."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    now, most = (int(re.findall(rf"{name}:\s+(\d+) kB", status)[0]) // 1024 for name in ("VmRSS", "VmHWM"))
    return now, most


PROGRAM = ("-m", "logonbell")
_HURRY = """\
import logonbell.sources.outage as outage, logonbell.sources.winlog as winlog
winlog.LOOK, winlog.PROOF, winlog.SECOND_LOOK, outage.LONGEST = 0.2, 0.5, 0.3, 1.0
from logonbell.cli import main
raise SystemExit(main())
"""
HURRIED = ("-c", _HURRY)
"""The program with short time-outs: half an hour of idle time, in which 60 readings prove that nothing is missing, is 30 s."""


@dataclass
class Wine:
    """Runs programs of Windows."""

    def start(
        self, log: EventLogFolder, arguments: Sequence[str], out: Path, *, program: Sequence[str] = PROGRAM
    ) -> subprocess.Popen[bytes]:
        """Start the program inside Wine, with its output in a file."""
        environment = {
            **os.environ,
            "WINEPREFIX": str(FOLDER / "prefix"),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "wevtapi=n,b",
            "LOGONBELL_EVENTS": windows_path(log.folder),
            "PYTHONPATH": windows_path(ROOT / "src"),
            "PYTHONUTF8": "1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        process = subprocess.Popen(
            [WINE, r"C:\Python311\python.exe", *program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,  # Python does not start inside Wine with a file there
            stderr=subprocess.STDOUT,
            env=environment,
        )
        threading.Thread(target=_copy, args=(process, out), daemon=True, name=f"copying {out}").start()
        return process

    def run(
        self,
        log: EventLogFolder,
        arguments: Sequence[str],
        out: Path,
        *,
        program: Sequence[str] = PROGRAM,
        seconds: float = 180,
    ) -> int:
        """Run it to its end, until all that it said is kept."""
        code = self.start(log, arguments, out, program=program).wait(seconds)
        for each in threading.enumerate():
            if each.name == f"copying {out}":
                each.join(seconds)
        return code


def _copy(process: subprocess.Popen[bytes], out: Path) -> None:
    """Keep what a program says."""
    if process.stdout is not None:
        with process.stdout, out.open("ab", buffering=0) as file:
            for line in process.stdout:
                file.write(line)
