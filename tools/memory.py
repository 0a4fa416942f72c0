"""Feed the recogniser a log of events without end, and print how much memory it takes: ``python tools/memory.py``.

People come at every step and nobody ever goes, on many hosts; what is asked is whether the state stops growing.
"""

# ruff: noqa: INP001, T201  this folder is no package, and a script speaks to its caller

from __future__ import annotations

import argparse
import sys
import time
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from crowd import crowd
from logonbell.recognise.recogniser import Recogniser

PARTS = 20


def peak_memory() -> float:
    """Give the most memory that this program has taken, in MB. ``getrusage`` would count that of its parent, too."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(peak) / 1024


def main() -> int:
    """Print, for each twentieth part, events, open sessions so far, peak memory, and what a snapshot takes."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--events", type=int, default=10_000_000)
    asked.add_argument("--sessions", type=int, default=100_000, help="that are opened and never end")
    asked.add_argument("--hosts", type=int, default=1)
    options = asked.parse_args()
    between = max(0, options.events // options.sessions - 2)
    recogniser, events, began = Recogniser(), crowd(hosts=options.hosts, between=between), time.perf_counter()
    print(f"{'events':>12}{'came':>12}{'peak MB':>9}{'events/s':>10}{'snapshot':>10}{'kB':>7}")
    came = 0
    for part in range(1, PARTS + 1):
        for event in islice(events, options.events // PARTS):
            came += event.fields.get("LogonType") == "10"
            recogniser.feed(event)
        taken = time.perf_counter() - began
        kept_at = time.perf_counter()
        size = len(recogniser.snapshot()) / 1000
        kept = (time.perf_counter() - kept_at) * 1000
        peak = peak_memory()
        read = part * (options.events // PARTS)
        speed = read / taken
        print(f"{read:>12,}{came:>12,}{peak:>9.0f}{speed:>10,.0f}{kept:>7.0f} ms{size:>7,.0f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
