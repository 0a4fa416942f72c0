"""Prints how fast it rings inside Wine, with the Windows CPython and pywin32: ``python tools/windows_bench.py``.

With ``--write`` it also writes that into ``docs/reference/figures-windows.md``. Needs what ``make windows`` needs.
"""

# ruff: noqa: INP001, T201  this folder is no package, and a script speaks to its caller

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from bastion import Watched
from emulator import Emulator
from wine import ROOT, Wine, memory, set_up

RINGS = 100
BURST = 10_000
PAGE = ROOT / "docs" / "reference" / "figures-windows.md"
HEAD = """\
# Figures inside Wine

<!-- Made by tools/windows_bench.py: make windows-bench. -->

What `make windows-bench` printed on one machine ({machine}), which was doing other things as well. No Windows was at hand: the
real Windows CPython and the real pywin32 run under Wine 8, with a stand-in for `wevtapi.dll` whose log lies in files, and
ring an SNS emulator on the Linux side. Wine is slower than Windows, and the stand-in is no measure of the Event Log service.

| what | figure |
|---|--:|
"""
ROWS = (
    "from the program's start to its first message",
    f"from the record in the log to SNS's acceptance, median of {RINGS}",
    "... 99 in 100 of them",
    "... the slowest of them",
    "memory of the agent by then",
    f"a burst of {BURST:,} records, until the last logon is told",
    "... logons in it",
    "... most memory of the agent by then",
)


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and write if asked."""
    why = set_up()
    if why:
        print(why, file=sys.stderr)
        return 1
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    rows = []
    with tempfile.TemporaryDirectory() as name, Emulator(Path(name)) as emulator:
        for what, figure in zip(
            ROWS, [*rings(emulator, Path(name)), *burst(emulator, Path(name))], strict=True
        ):
            print(f"  {what:<76}{figure:>10}", flush=True)
            rows.append(f"| {what} | {figure} |\n")
    if "--write" in arguments:
        PAGE.write_text(HEAD.format(machine=machine) + "".join(rows), encoding="utf-8")
    return 0


@contextmanager
def watching(
    emulator: Emulator, folder: Path, *, singles: int
) -> Iterator[tuple[Watched, subprocess.Popen[bytes], float]]:
    """Give a bastion whose agent has rung once, the agent, and how long that took."""
    folder.mkdir()
    watched = Watched(Wine(), emulator.topic(), emulator.url, folder)
    began = time.perf_counter()
    process = watched.start(singles=singles)
    try:
        watched.logs_on()
        yield watched, process, time.perf_counter() - began
    finally:
        watched.kill()


def rings(emulator: Emulator, folder: Path) -> Iterator[str]:
    """Let people log on one after the other."""
    with watching(emulator, folder / "rings", singles=500) as (watched, process, start):
        yield f"{start:.1f} s"
        first = watched.bastion.names[0]
        for _ in range(RINGS):
            watched.logs_on()
        written = watched.bastion.written
        delays = [(watched.taken[name] - at).total_seconds() for name, at in written.items() if name != first]
        cuts = statistics.quantiles(delays, n=100, method="inclusive")
        yield from (f"{seconds * 1000:.0f} ms" for seconds in (cuts[49], cuts[98], max(delays)))
        yield f"{memory(process)[0]} MB"


def burst(emulator: Emulator, folder: Path) -> Iterator[str]:
    """Let people log on all at once."""
    with watching(emulator, folder / "burst", singles=10) as (watched, process, _):
        came, records = time.perf_counter(), 0
        while records < BURST:
            records += watched.bastion.logs_on(100)
        watched.waits_for(lambda: len(watched.logons()) >= len(watched.bastion.names), 900)
        yield f"{time.perf_counter() - came:.0f} s"
        yield f"{len(watched.bastion.names) - 1:,}"
        yield f"{memory(process)[1]} MB"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
