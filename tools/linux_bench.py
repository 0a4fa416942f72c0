"""Prints how fast it rings for a real sshd, under journald and under rsyslogd: ``python tools/linux_bench.py``.

With ``--write`` it also writes that into ``docs/reference/figures-linux.md``. Needs what ``make linux`` needs.
"""

# ruff: noqa: INP001, T201  this folder is no package, and a script speaks to its caller

from __future__ import annotations

import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from emulator import Emulator
from ssh_machine import ROOT, SshMachine, set_up
from ssh_watched import SshWatched

RINGS = 100
IDLE = 60.0
PAGE = ROOT / "docs" / "reference" / "figures-linux.md"
HEAD = """\
# Figures on Linux

<!-- Made by tools/linux_bench.py: make linux-bench. -->

What `make linux-bench` printed on one machine ({machine}), which was doing other things as well: a real sshd, whose users log
on one after the other by key, over a network of their own; a real journald, or a real rsyslogd that writes `auth.log`; an SNS
emulator. journald tells who follows it within a quarter of a second; a file is looked at every tenth of a second.

| what | journal | auth.log |
|---|--:|--:|
"""
ROWS = (
    f"from sshd's log line to SNS's acceptance, median of {RINGS} logons",
    "... 99 in 100 of them",
    "... the slowest of them",
    "processor time of the agent in a minute in which nobody comes, journalctl included",
    "memory of the agent by then",
    "... of its journalctl",
)


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and write if asked."""
    why = set_up()
    if why:
        print(why, file=sys.stderr)
        return 1
    columns: list[list[str]] = []
    with tempfile.TemporaryDirectory() as name, Emulator(Path(name)) as emulator:
        for log in ("journal", "files"):
            columns += [list(figures(emulator, Path(name) / log, log))]
    rows = []
    for what, journal, files in zip(ROWS, *columns, strict=True):
        print(f"  {what:<84}{journal:>10}{files:>10}", flush=True)
        rows.append(f"| {what} | {journal} | {files} |\n")
    if "--write" in arguments:
        machine = f"{platform.machine()}, {os.cpu_count()} cores"
        PAGE.write_text(HEAD.format(machine=machine) + "".join(rows), encoding="utf-8")
    return 0


def figures(emulator: Emulator, folder: Path, log: str) -> Iterator[str]:
    """Let people log on one after the other, then nobody for a while."""
    folder.mkdir()
    users = [f"user{number}" for number in range(RINGS + 1)]
    with tempfile.TemporaryDirectory() as home, SshMachine(Path(home), log, users) as machine:
        watched = SshWatched(machine, emulator.topic(), emulator.url, folder)
        process = watched.start()
        try:
            for user in users:
                machine.lets_in(user)
                watched.rings(user=user)
            first, *rest = watched.logons()
            delays = [
                (watched.taken[each["fingerprint"]] - datetime.fromisoformat(each["time"])).total_seconds()
                for each in rest
                if each is not first
            ]
            cuts = statistics.quantiles(delays, n=100, method="inclusive")
            yield from (f"{seconds * 1000:.0f} ms" for seconds in (cuts[49], cuts[98], max(delays)))
            before = processor_time(process.pid)
            time.sleep(IDLE)
            yield f"{(processor_time(process.pid) - before) * 60 / IDLE * 1000:.0f} ms"
            yield f"{memory(process.pid)} MB"
            children = list(children_of(process.pid))
            yield f"{memory(children[0])} MB" if children else "-"
        finally:
            watched.close()


def children_of(process: int) -> Iterator[int]:
    """Give the ids of the processes that one has started and that run."""
    for task in Path(f"/proc/{process}/task").iterdir():
        yield from map(int, (task / "children").read_text().split())


def processor_time(process: int) -> float:
    """Give the seconds that a process and what it started have used, those that are gone included (proc(5))."""
    ticks = 0
    for one in (process, *children_of(process)):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def memory(process: int) -> int:
    """Give the MB that a process holds."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
