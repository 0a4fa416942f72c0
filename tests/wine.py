"""What stands in for a Windows bastion: the Windows CPython under Wine, and an event log in a folder."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from fake_eventlog import xml_of
from logonbell.event import Event
from logonbell.recognise.windows import CHANNELS

ROOT = Path(__file__).resolve().parent.parent
RIG = ROOT / "tests" / "windows" / "rig"
FOLDER = ROOT / ".venv" / "windows"
WINE = "/usr/lib/wine/wine64"


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

    def clear(self, channel: str) -> None:
        """Empty a log; whoever follows finds the query stale."""
        self.file(channel).write_text("", encoding="utf-8")
        self.break_feeds(15011)

    def break_feeds(self, code: int) -> None:
        """Let every feed that is open answer with an error."""
        generation = int(self.faults.get("broken", "0").split()[0]) + 1
        self.set(broken=f"{generation} {code}")

    def set(self, **faults: object) -> None:
        """Say what is wrong from now on."""
        self.faults |= {name: str(value) for name, value in faults.items()}
        text = "".join(f"{name} {value}\n" for name, value in self.faults.items())
        draft = self.folder / "draft"
        draft.write_text(text, encoding="utf-8")
        draft.replace(self.folder / "control")

    def forget_handles(self) -> None:
        """Count anew: a process that was killed left its number behind."""
        for file in self.folder.glob("handles.*"):
            file.unlink()

    def open_handles(self) -> list[int]:
        """Count the handles that each process left open."""
        return [int(file.read_text()) for file in self.folder.glob("handles.*")]


@dataclass
class Wine:
    """Runs programs of Windows."""

    def start(self, log: EventLogFolder, arguments: Sequence[str], out: Path) -> subprocess.Popen[bytes]:
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
            [WINE, r"C:\Python311\python.exe", "-m", "logonbell", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,  # Python does not start inside Wine with a file there
            stderr=subprocess.STDOUT,
            env=environment,
        )
        threading.Thread(target=_copy, args=(process, out), daemon=True).start()
        return process

    def run(self, log: EventLogFolder, arguments: Sequence[str], out: Path, *, seconds: float = 120) -> int:
        """Run it to its end."""
        return self.start(log, arguments, out).wait(seconds)


def _copy(process: subprocess.Popen[bytes], out: Path) -> None:
    """Keep what a program says."""
    if process.stdout is not None:
        with process.stdout, out.open("ab", buffering=0) as file:
            for line in process.stdout:
                file.write(line)
