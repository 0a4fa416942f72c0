"""Change our code a line at a time and see whether a test notices: ``python tools/mutants.py --minutes 30 [MODULE ...]``.

What is left alive is printed, with the change; why some of it may be is in docs/decisions/mutants.md. Works on a copy.
"""

# ruff: noqa: INP001, T201  this folder is no package, and a script speaks to its caller

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = {
    "agent": [
        "tests/test_agent.py",
        "tests/test_watcher.py",
        "tests/test_first_start.py",
        "tests/test_judge.py",
    ],
    "deliverer": ["tests/test_deliverer.py", "tests/test_agent.py"],
    "store/outbox": ["tests/store", "tests/test_remarks.py", "tests/test_silence.py"],
    "store/tellings": [
        "tests/store",
        "tests/test_remarks.py",
        "tests/test_deliverer.py",
        "tests/commands/test_outbox_command.py",
    ],
    "store/fates": ["tests/store", "tests/commands/test_outbox_command.py", "tests/commands/test_stories.py"],
    "recognise/seats": ["tests/recognise", "tests/simulate"],
    "recognise/doors": ["tests/recognise", "tests/simulate"],
    "recognise/linux": ["tests/recognise", "tests/simulate"],
    "recognise/recogniser": ["tests/recognise", "tests/simulate"],
    "recognise/tunnels": ["tests/recognise", "tests/ssm"],
    "recognise/windows": ["tests/recognise", "tests/simulate"],
    "recognise/state": ["tests/recognise", "tests/simulate"],
    "notifiers/sns": ["tests/notifiers"],
    "notifiers/webhook": ["tests/notifiers"],
}
"""By module, the tests that are asked: all of them would take days."""
LEFT = {"survived", "no tests", "timeout", "suspicious"}
MEMORY = Path("/dev/shm")  # noqa: S108 - tests wait for the disk at each step; in memory there is nothing to wait for


def settings(modules: list[str]) -> str:
    """Give mutmut's settings for these modules."""
    tests = sorted({test for module in modules for test in TESTS[module]})
    return f"""
[tool.mutmut]
source_paths = ["src"]
only_mutate = {json.dumps([f"src/logonbell/{module}.py" for module in modules])}
also_copy = ["README.md", "LICENSE", "docs", "Makefile", "ARCHITECTURE.md"]
pytest_add_cli_args = ["-m", "not rig", "-p", "no:xdist", "-x"]
pytest_add_cli_args_test_selection = {json.dumps(tests)}
timeout_multiplier = 10.0
"""


def main() -> int:
    """Do it for as long as is asked, and print what is left alive, and the score."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(TESTS)}")
    asked.add_argument("--minutes", type=float, default=30)
    options = asked.parse_args()
    modules = options.modules or ["agent", "deliverer"]
    if unknown := set(modules) - TESTS.keys():
        asked.error(f"no tests are named for {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        copy, here = Path(folder, "copy"), Path(folder, "tmp")
        here.mkdir()
        copy.mkdir()
        for name in ("src", "tests", "tools", "docs"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        for path in ROOT.glob("*"):
            if path.is_file():
                shutil.copy(path, copy)
        with (copy / "pyproject.toml").open("a", encoding="utf-8") as file:
            file.write(settings(modules))
        environment = os.environ | {"TMPDIR": str(here)}

        def mutmut(*arguments: str, seconds: float | None = None) -> str:
            command = [sys.executable, "-m", "mutmut", *arguments]
            done = subprocess.run(  # noqa: S603 - our own program
                command,
                cwd=copy,
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
                timeout=seconds,
                check=False,
            )
            return done.stdout

        with suppress(subprocess.TimeoutExpired):  # what was not reached is counted
            mutmut("run", "--max-children", "2", seconds=60 * options.minutes)
        names = [
            line.strip().split(": ")
            for line in mutmut("results", "--all", "true").splitlines()
            if ": " in line
        ]
        for name, state in names:
            if state in LEFT:
                print(mutmut("show", name), flush=True)
        states = [state for _, state in names]
        for state in sorted(set(states)):
            print(f"{state:<20}{states.count(state):>6}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
