"""Ends an agent, as kill -9 does, before every single step of its life; lets it live again, and compares.

A step is: an SQL statement, a change of a file, a reading, and both sides of a publishing. The product knows nothing of
it: Python's audit events tell of files, SQLite's trace tells of statements.

``python tests/crash_rig.py [EVERY]`` prints a table; with EVERY, only every so-manieth step is tried.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from first_version import write_first_version
from heard import WrongError
from lives import BATCH, HOST, NOTIFIERS, Heard, heard, live, live_out, write_logs
from logonbell.store.outbox import FILE
from logonbell.store.recovery import previous_of

_FILES = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "os.utime", "shutil.copyfile"})


def _new(folder: Path) -> None:
    write_logs(folder / "logs")


def _restarted(folder: Path) -> None:
    write_logs(folder / "logs", last=4)
    live(folder, 0)
    write_logs(folder / "logs")


def _damaged(folder: Path) -> None:
    _restarted(folder)
    copy = previous_of(folder / "state" / FILE)
    older = copy.read_bytes()
    live(folder, 0)
    copy.write_bytes(older)
    os.truncate(folder / "state" / FILE, 5000)


def _upgraded(folder: Path) -> None:
    write_logs(folder / "logs")
    write_first_version(folder / "state", host_id=HOST)


BEGINNINGS: dict[str, Callable[[Path], None]] = {
    "a first start": _new,
    "a start with a bookmark": _restarted,
    "a damaged outbox": _damaged,
    "an outbox of the first version": _upgraded,
}


@dataclass
class Steps:
    """Counts the steps of this process, and ends it before step ``last``."""

    folder: Path
    last: int
    seen: Counter[str] = field(default_factory=Counter)

    def watch(self) -> None:
        """Begin; this process cannot be told to stop counting."""
        sys.addaudithook(self._happens)
        connect = sqlite3.connect

        def connect_traced(*arguments: Any, **named: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*arguments, **named)
            connection.set_trace_callback(lambda sql: self.step(sql.split(maxsplit=1)[0].lower()))
            return connection

        sqlite3.connect = connect_traced  # type: ignore[assignment]

    def step(self, what: str) -> None:
        """Count one."""
        self.seen[what] += 1
        if self.seen.total() == self.last:
            os.kill(os.getpid(), signal.SIGKILL)

    def _happens(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _FILES and str(arguments[0]).startswith(str(self.folder / "state")):
            self.step(event.rpartition(".")[2])


def die_at(folder: Path, step: int) -> Counter[str] | None:
    """Live in a process that ends before ``step``; give the steps where there are fewer."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            steps = Steps(folder, step)
            steps.watch()
            live(folder, 1, steps.step)
            os.write(writing, "\n".join(steps.seen.elements()).encode())
            code = 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as told:
        seen = told.read().split()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return None
    if status:
        raise WrongError("it ended by a fault of its own")
    return Counter(seen)


@dataclass
class Figures:
    """What was done from one beginning, and what came of it."""

    beginning: str
    steps: Counter[str]
    alerts: int
    crashes: int = 0
    messages: int = 0
    repeats: int = 0
    most: int = 0

    def row(self) -> str:
        """Give them as a line of the table."""
        return (
            f"{self.beginning:<32}{self.steps.total():>7}{self.crashes:>9}{self.alerts:>8}"
            f"{self.messages:>10}{self.repeats:>9}{self.most:>6}{0:>6}"
        )


HEADER = (
    f"{'from':<32}{'steps':>7}{'crashes':>9}{'alerts':>8}{'messages':>10}{'repeats':>9}{'most':>6}{'lost':>6}"
)


def crash_everywhere(root: Path, beginning: str, *, every: int = 1) -> Figures:
    """Crash before each step (or every so-manieth), and check every promise. Raises ``WrongError`` that names the step."""
    start, whole = root / "start", root / "whole"
    start.mkdir(parents=True)
    BEGINNINGS[beginning](start)
    shutil.copytree(start, whole)
    steps = die_at(whole, 0)
    if steps is None:
        raise WrongError("it was killed by somebody else")
    live_out(whole, 2)
    expected = heard(whole)
    figures = Figures(beginning, steps, len(expected.told[NOTIFIERS[0]]))
    for step in range(1, steps.total() + 1, every):
        folder = root / str(step)
        shutil.copytree(start, folder)
        if die_at(folder, step) is not None:
            raise WrongError(f"{beginning}: there is no step {step}")
        try:
            live_out(folder, 2)
            got = heard(folder)
            _compare(got, expected)
        except WrongError as wrong:
            raise WrongError(f"{beginning}, crashed before step {step}: {wrong}") from wrong
        figures.crashes += 1
        figures.messages += got.messages
        figures.repeats += got.repeats - expected.repeats
        figures.most = max(figures.most, got.repeats - expected.repeats)
        shutil.rmtree(folder)
    return figures


def _compare(got: Heard, expected: Heard) -> None:
    if got.told != expected.told:
        raise WrongError(f"told were {got.told} instead of {expected.told}")
    if got.history != expected.history:
        raise WrongError(f"the history holds {got.history} instead of {expected.history}")
    if got.missing != expected.missing:
        raise WrongError(f"{got.missing} messages are missing")
    if got.twice and not expected.twice:  # from a damaged outbox, what was told since its copy is told again
        raise WrongError(f"{got.twice} alerts were told in two messages")
    if got.repeats - expected.repeats > BATCH:
        raise WrongError(f"{got.repeats} messages came again")


def main() -> int:
    """Do it from each beginning, and print the table."""
    every = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    began, steps = time.monotonic(), Counter[str]()
    sys.stdout.write(f"{HEADER}\n")
    with tempfile.TemporaryDirectory() as folder:
        for number, beginning in enumerate(BEGINNINGS):
            figures = crash_everywhere(Path(folder, str(number)), beginning, every=every)
            steps += figures.steps
            sys.stdout.write(f"{figures.row()}\n")
            sys.stdout.flush()
    kinds = ", ".join(f"{count} {what}" for what, count in steps.most_common())
    sys.stdout.write(f"steps: {kinds}\nseconds: {time.monotonic() - began:.0f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
