"""Take away what handles each fault that the state may meet, and see that its test fails: ``python tools/faults.py [--why] [WORD ...]``.

``tools/faults.toml`` is the table: of each handling its passage in the code, what stands there once it is gone, and the test
that must then fail. Each is taken away alone, in a copy. A WORD chooses the faults that have it in their names; ``--why`` tells
how each test failed. Ends with 1 where a test does not notice, or fails unchanged, or a passage does not stand there exactly
once.
"""

# ruff: noqa: INP001, T201  this folder is no package, and a script speaks to its caller

from __future__ import annotations

import argparse
import compileall
import os
import py_compile
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from workcopy import ROOT, copied, scratch

TABLE = Path(__file__).with_suffix(".toml")
CODE = Path("src", "logonbell")
COPIES = os.cpu_count() or 1
PATIENCE = 300
"""Seconds after which a test that does not end has noticed nothing: whoever waits for it learns no more."""
PASSED, FAILED = 0, 1
"""As pytest ends; all else is neither."""
NOTICED, UNNOTICED = "fails without", "NOT NOTICED"
TEST = [sys.executable, "-m", "pytest", "-x", "-p", "no:xdist", "-p", "no:cacheprovider", "--tb=line"]


@dataclass(frozen=True, slots=True)
class Handling:
    """What handles a fault: the ``passage`` of a file, what stands there ``without`` it, and the ``test`` that tells the two apart."""

    fault: str
    handling: str
    file: str
    passage: str
    without: str
    test: str

    @property
    def stands(self) -> int:
        """How often the passage stands in its file."""
        return (ROOT / CODE / self.file).read_text("utf-8").count(self.passage)


def read_table(words: Sequence[str]) -> list[Handling]:
    """Read the table, or of it what a word chooses."""
    table = tomllib.loads(TABLE.read_text("utf-8"))
    return [
        Handling(fault, **each)
        for fault, handlings in table.items()
        if not words or any(word in fault for word in words)
        for each in handlings
    ]


def compiled(folder: Path) -> Path:
    """Make a copy, compiled in such a way that a changed file is compiled anew, whenever it changed."""
    copy = copied(folder)
    compileall.compile_dir(
        copy / "src", quiet=2, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH
    )
    return copy


def ends(copy: Path, tests: Sequence[str]) -> tuple[int | None, str]:
    """Run tests in a copy; give how pytest ended (None: not in time), and what it said last."""
    environment = os.environ | {"PYTHONPATH": str(copy / "src"), "TMPDIR": str(copy.parent)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    named = [f"tests/{test}" for test in tests]
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            [*TEST, *named],
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return None, "not in time"
    return done.returncode, done.stdout


def taken_away(handling: Handling, copy: Path) -> tuple[str, str]:
    """Take one away, see how its test ends, and put it back; give the outcome, and why."""
    if handling.stands != 1:
        return f"ITS PASSAGE STANDS THERE {handling.stands} TIMES", ""
    file = copy / CODE / handling.file
    whole = file.read_text("utf-8")
    file.write_text(whole.replace(handling.passage, handling.without), "utf-8")
    try:
        code, said = ends(copy, [handling.test])
    finally:
        file.write_text(whole, "utf-8")
    return NOTICED if code == FAILED else UNNOTICED, said


def why(said: str) -> str:
    """Take from what pytest said the lines that tell how a test failed."""
    lines = [line for line in said.splitlines() if line.startswith(("/", "E ", "tests/")) or "Error" in line]
    return "\n".join(f"      {line}" for line in lines[:4]) or said


def main() -> int:
    """Take them away one by one, and print the table."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("words", nargs="*", metavar="WORD", help="a part of the name of a fault")
    asked.add_argument("--why", action="store_true", help="tell how each test failed")
    options = asked.parse_args()
    handlings = read_table(options.words)
    with scratch() as folder, ThreadPoolExecutor(COPIES) as pool:
        first = compiled(folder / "0")
        copies: SimpleQueue[Path] = SimpleQueue()
        copies.put(first)
        for number in range(1, COPIES):
            copies.put(shutil.copytree(first, folder / str(number)))

        @contextmanager
        def a_copy() -> Iterator[Path]:
            copy = copies.get()
            try:
                yield copy
            finally:
                copies.put(copy)

        def unchanged(tests: Sequence[str]) -> tuple[int | None, str]:
            with a_copy() as copy:
                return ends(copy, tests)

        def attempt(handling: Handling) -> tuple[str, str]:
            with a_copy() as copy:
                return taken_away(handling, copy)

        tests = sorted({each.test for each in handlings})
        for code, said in pool.map(
            unchanged, filter(None, (tests[number::COPIES] for number in range(COPIES)))
        ):
            if code != PASSED:
                print(f"The tests do not pass unchanged.\n{said}")
                return 1
        unnoticed, before = 0, ""
        for handling, (outcome, said) in zip(handlings, pool.map(attempt, handlings), strict=True):
            if handling.fault != before:
                print(f"\n{handling.fault}")
                before = handling.fault
            print(f"  {handling.handling:<82} {handling.file:<22} {outcome:<14} {handling.test}", flush=True)
            if options.why or outcome == UNNOTICED:
                print(why(said), flush=True)
            unnoticed += outcome != NOTICED
    print(f"\n{len(handlings)} handlings, {unnoticed} not noticed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
