"""Replay logs through ``watch`` and print what it kept, as ``logonbell read --format jsonl`` does: ``tools/replay.py PATH``.

The logs grow piece by piece and are cut anywhere; the agent is stopped and started meanwhile. ``--seed`` chooses how.
"""

# ruff: noqa: INP001, T201  this folder is no package, and a script speaks to its caller

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from logonbell.rule import Rules
from logonbell.wire import line
from replaying import Replay


def main() -> int:
    """Print a line for each finding in the history."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--pieces", type=int, default=40)
    asked.add_argument("paths", type=Path, nargs="+")
    options = asked.parse_args()
    rules = Rules()
    with tempfile.TemporaryDirectory() as folder:
        random = Random(options.seed)  # noqa: S311 - repeatable, not secret
        replay = Replay(options.paths, Path(folder), random, options.pieces)
        for finding in replay.findings():
            print(json.dumps(line(finding, rules.judge(finding))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
