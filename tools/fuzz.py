"""Fuzz the recogniser: spoil made days for so many minutes, and print the seed of each that breaks a promise.

    make fuzz MINUTES=60

A seed that is printed fails again with ``python tools/fuzz.py --seed N``.
"""

# ruff: noqa: INP001, T201  this folder is no package, and what is found is printed

from __future__ import annotations

import argparse
import sys
import time
import traceback
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from mutation import mutated, withstands


def main() -> int:
    """Return 1 if a promise was broken."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--minutes", type=float, default=1.0, help="of CPU time")
    asked.add_argument("--first", type=int, default=None, help="first seed; without it, by the clock")
    asked.add_argument("--seed", type=int, default=None, help="try this one alone")
    options = asked.parse_args()
    if options.seed is not None:
        print(withstands(mutated(options.seed), Random(options.seed)), "findings")  # noqa: S311 - repeatable, not secret
        return 0
    first = options.first if options.first is not None else int(time.time()) * 10_000
    seed, failures, events, findings = first, 0, 0, 0
    start = told = time.process_time()
    while time.process_time() - start < options.minutes * 60:
        try:
            day = mutated(seed)
            events += len(day)
            findings += withstands(day, Random(seed))  # noqa: S311 - repeatable, not secret
        except Exception:  # noqa: BLE001 - each is a finding
            failures += 1
            print(f"seed {seed}\n{traceback.format_exc(limit=-6)}", flush=True)
        seed += 1
        if time.process_time() - told > 60:
            told = time.process_time()
            print(
                f"{seed - first} days, {events} events, {findings} findings, {failures} failures", flush=True
            )
    print(f"{seed - first} days, {events} events, {findings} findings, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
