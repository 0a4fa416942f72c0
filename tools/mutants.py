"""Change our code a line at a time and see whether a test notices: ``python tools/mutants.py [--minutes M] [--again] [ROOM ...]``.

mutmut makes the changes, all of a file's in one file, of which one is chosen at run time. Here the tests are collected once,
and each change gets a fork of that process which runs what came by the changed function, first what noticed its neighbours:
a thousand changes in the time in which pytest would start a hundred times. What is left alive is printed, with the change, and
kept in ``build/mutants.json`` (``--again`` asks of those alone); why some of it may be is in docs/decisions/mutants.md.
Works on a copy.
"""

# ruff: noqa: INP001, T201  this folder is no package, and a script speaks to its caller

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pickle
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from difflib import unified_diff
from inspect import getclosurevars
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import Phase, settings
from mutmut.mutation import trampoline
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.state import state
from mutmut.utils.format_utils import get_mutant_name, mangled_name_from_mutant_name
from workcopy import ROOT, copied, scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

KEPT = ROOT / "build" / "mutants.json"
TESTS = {
    "agent": [
        "tests/test_agent.py",
        "tests/test_watcher.py",
        "tests/test_first_start.py",
        "tests/test_judge.py",
    ],
    "deliverer": ["tests/test_deliverer.py", "tests/test_agent.py"],
    "store": [
        "tests/store",
        "tests/test_nameplate.py",
        "tests/test_remarks.py",
        "tests/test_silence.py",
        "tests/test_deliverer.py",
        "tests/commands/test_outbox_command.py",
        "tests/commands/test_stories.py",
    ],
    "recognise": ["tests/recognise", "tests/simulate", "tests/ssm", "tests/linux", "tests/sources"],
    "notifiers": ["tests/notifiers"],
    "notifiers/attributes": ["tests/notifiers/test_attributes.py"],
    "notifiers/chat": ["tests/notifiers/test_chat.py"],
    "notifiers/confirmation": ["tests/notifiers/test_confirmation.py"],
    "notifiers/console": ["tests/notifiers/test_console.py"],
    "notifiers/document": ["tests/notifiers/test_document.py", "tests/notifiers/test_forms.py"],
    "notifiers/forms": ["tests/notifiers/test_forms.py"],
    "notifiers/https": ["tests/notifiers/test_webhook.py"],
    "notifiers/limits": ["tests/notifiers/test_limits.py", "tests/notifiers/test_forms.py"],
    "notifiers/refusals": ["tests/notifiers/test_refusals.py", "tests/notifiers/test_sns.py"],
    "notifiers/secret": ["tests/notifiers/test_secret.py"],
    "notifiers/sns": ["tests/notifiers/test_sns.py"],
    "notifiers/target": ["tests/notifiers/test_target.py"],
    "notifiers/topic": ["tests/notifiers/test_topic.py"],
    "notifiers/webhook": ["tests/notifiers/test_webhook.py"],
}
"""By room, or by a file of one, the tests that are asked: all of them would take days."""
CHILDREN = os.cpu_count() or 1
BYTES = 4 << 30
"""Address space that a change may take before it counts as noticed."""
PATIENCE = 20
"""Seconds that are allowed beside ten times what the tests take unchanged."""
NUMBERED = re.compile(r"__mutmut_\w+")
NOTICED = {"killed", "timeout", "crash", "types"}


@dataclass
class Mutant:
    """One change: its name as mutmut writes it, the change as a diff, and whether somebody noticed."""

    name: str
    diff: str
    state: str = "not reached"

    @property
    def function(self) -> str:
        """The changed function, as mutmut mangles its name."""
        return mangled_name_from_mutant_name(self.name)

    def ended(self, state: str) -> None:
        """Note how it ended, and print it if nobody noticed."""
        self.state = state
        if state not in NOTICED:
            print(f"\n{self.state}: {self.name}\n{self.diff}", flush=True)


def sources(rooms: Sequence[str]) -> list[Path]:
    """Give the files of these rooms (``recognise``, or ``recognise/seats``), from the folder above src on."""
    found: list[Path] = []
    for room in rooms:
        path = ROOT / "src" / "logonbell" / room
        files = sorted(path.glob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
        found += [file.relative_to(ROOT) for file in files if file.name != "__init__.py"]
    return found


def change(copy: Path, paths: Sequence[Path]) -> list[Mutant]:
    """Write all changes into the copy's files; what the type checker refuses is noticed already (``make check`` runs it)."""
    mutants: list[Mutant] = []
    spans: dict[Path, list[tuple[int, int, Mutant]]] = {}
    for path in paths:
        whole = mutate_file_contents(str(path), (copy / path).read_text(encoding="utf-8"))
        (copy / path).write_text(whole.code, encoding="utf-8")
        lines = whole.code.splitlines()
        spans[path] = []
        for name in whole.mutant_names:
            span = whole.line_span_by_function_name[name]
            before = whole.line_span_by_function_name[f"{mangled_name_from_mutant_name(name)}__mutmut_orig"]
            was, now = (
                [NUMBERED.sub("", line) for line in lines[each.start - 1 : each.end]]
                for each in (before, span)
            )
            diff = "\n".join(list(unified_diff(was, now, lineterm="", n=2))[2:])
            mutant = Mutant(get_mutant_name(path, name), diff)
            mutants.append(mutant)
            spans[path].append((span.start, span.end, mutant))
    command = [sys.executable, "-m", "mypy", "--output=json", *map(str, paths)]
    done = subprocess.run(  # noqa: S603 - our own program
        command,
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )
    for error in map(json.loads, done.stdout.splitlines()):
        for start, end, mutant in spans.get(Path(error["file"]), []):
            if error["severity"] == "error" and start <= error["line"] <= end:
                mutant.state = "types"
    return mutants


@dataclass
class Trial:
    """The tests, collected once, and a fork for each change: a plugin of pytest."""

    mutants: list[Mutant]
    until: float
    """Where `time.monotonic` says that it is over."""
    touching: dict[str, list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))
    """By function, the tests that come by: seconds, and number."""
    noticed_by: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run each test once unchanged, then those that matter for each change."""
        if session.testsfailed:
            pytest.exit("The tests cannot be collected.", 1)
        self.items = session.items
        with tempfile.TemporaryFile() as results:
            pid = fork(lambda: self._unchanged(results))
            if os.waitpid(pid, 0)[1]:
                pytest.exit("The tests fail unchanged.", 1)
            results.seek(0)
            for number, (seconds, functions) in enumerate(pickle.load(results)):  # noqa: S301 - our own child wrote it
                for function in functions:
                    self.touching[function].append((seconds, number))
        self._all()
        return True

    def _unchanged(self, results: BinaryIO) -> int:
        trampoline.get_mutant_under_test = lambda: "stats"  # here; what the tests start counts nothing
        seen = []
        for item in self.items:
            begun = time.perf_counter()
            if failed(item, None):  # no next one, so that what it shares is made, and counted, for each anew
                print(f"{item.nodeid} fails unchanged", file=sys.stderr)
                return 1
            seen.append((time.perf_counter() - begun, set(state()._stats)))  # noqa: SLF001 - the only way to it
            state()._stats.clear()  # noqa: SLF001
        pickle.dump(seen, results)
        results.flush()
        return 0

    def _all(self) -> None:
        waiting = [mutant for mutant in reversed(self.mutants) if mutant.state == "not reached"]
        running: dict[int, tuple[Mutant, int]] = {}
        while running or (waiting and time.monotonic() < self.until):
            if waiting and len(running) < CHILDREN and time.monotonic() < self.until:
                mutant = waiting.pop()
                if self.touching[mutant.function]:
                    reading, writing = os.pipe()
                    running[self._start(mutant, writing)] = mutant, reading
                    os.close(writing)
                else:
                    mutant.ended("no tests")
                continue
            pid, status = os.waitpid(-1, 0)
            if pid in running:
                mutant, reading = running.pop(pid)
                self._end(mutant, pid, os.waitstatus_to_exitcode(status), reading)

    def _start(self, mutant: Mutant, writing: int) -> int:
        touching = self.touching[mutant.function]
        before = self.noticed_by[mutant.function]
        order = [number for _, number in sorted(touching, key=lambda each: (-before[each[1]], each))]
        allowed = 10 * sum(seconds for seconds, _ in touching) + PATIENCE

        def run() -> int:
            resource.setrlimit(resource.RLIMIT_CPU, (int(allowed), int(allowed) + 5))
            resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
            signal.setitimer(signal.ITIMER_REAL, allowed)
            choose(mutant.name)
            for number, following in zip_longest(order, order[1:]):
                if failed(self.items[number], None if following is None else self.items[following]):
                    os.write(writing, str(number).encode())
                    return 1
            return 0

        return fork(run)

    def _end(self, mutant: Mutant, pid: int, code: int, reading: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)  # what its tests left running
        if number := os.read(reading, 20):
            self.noticed_by[mutant.function][int(number)] += 1
        os.close(reading)
        if code in {-signal.SIGALRM, -signal.SIGXCPU}:
            mutant.ended("timeout")
        else:
            mutant.ended("crash" if code < 0 else "killed" if code else "survived")


def choose(name: str) -> None:
    """Let this process, and those that it starts, run this change.

    Mutmut looks for its name at each call of each function that has changes; here what is called is said once.
    """
    trampoline.set_mutant_under_test(name)
    room, _, changed = name.rpartition(".")
    for module in [module for known, module in sys.modules.items() if known.startswith("logonbell.")]:
        owners = [module, *(each for each in vars(module).values() if isinstance(each, type))]
        for function in [each for owner in owners for each in vars(owner).values()]:
            if getattr(getattr(function, "__code__", None), "co_name", "") == "_trampoline_wrapper":
                (called,) = function.__closure__
                knows = getclosurevars(called.cell_contents).nonlocals
                if "mutants_dict" in knows and not knows["is_classmethod"]:
                    changes = knows["mutants_dict"] if knows["decorated_func"].__module__ == room else {}
                    called.cell_contents = changes.get(changed) or knows["mutants_dict"]["_mutmut_orig"]


def failed(item: pytest.Item, following: pytest.Item | None) -> bool:
    """Run one test and say whether it failed."""
    return any(report.failed for report in runtestprotocol(item, log=False, nextitem=following))


def fork(run: Callable[[], int]) -> int:
    """Run it in a process of its own, whose exit code it gives, with a temporary folder of its own."""
    folder = tempfile.mkdtemp()
    Path(folder).chmod(0o755)
    if pid := os.fork():
        return pid
    os.setsid()
    os.environ["TMPDIR"] = folder
    tempfile.tempdir = None
    code = 1
    try:
        code = run()
    except BaseException as error:  # noqa: BLE001 - whatever a change makes of it is for the parent to count
        print(repr(error), file=sys.stderr)
    os._exit(code)


def main() -> int:
    """Do it for as long as is asked, and print what is left alive, and the score."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument(
        "rooms",
        nargs="*",
        metavar="ROOM",
        help=f"of {', '.join(room for room in TESTS if '/' not in room)}, or a file of one, as recognise/seats",
    )
    asked.add_argument("--minutes", type=float, default=30)
    asked.add_argument("--again", action="store_true", help="only those that were left alive the last time")
    options = asked.parse_args()
    rooms = options.rooms or ["agent", "deliverer"]
    if unknown := {room.partition("/")[0] for room in rooms} - TESTS.keys():
        asked.error(f"no tests are named for {', '.join(sorted(unknown))}")
    tests = sorted({test for room in rooms for test in TESTS.get(room) or TESTS[room.partition("/")[0]]})
    until = time.monotonic() + 60 * options.minutes
    with scratch() as folder:
        copy = copied(folder / "copy")
        tempfile.tempdir = str(folder)
        os.chdir(copy)
        sys.path.insert(0, str(copy / "src"))
        os.environ["PYTHONPATH"] = str(copy / "src")
        mutants = change(copy, sources(rooms))
        if options.again:
            alive = {each["name"] for each in json.loads(KEPT.read_text(encoding="utf-8"))}
            mutants = [mutant for mutant in mutants if mutant.name in alive]
        # A change is noticed or not, the same each time; how small the example is that notices it is nobody's question.
        settings.register_profile(
            "mutants", database=None, derandomize=True, phases=[Phase.explicit, Phase.generate]
        )
        settings.load_profile("mutants")
        ours = [
            "-s",
            "-p",
            "no:xdist",
            "-p",
            "no:cacheprovider",
            "-W",
            "ignore::pytest.PytestAssertRewriteWarning",
        ]
        pytest.main(["-m", "not rig", *ours, *tests], plugins=[Trial(mutants, until)])
    left = [mutant for mutant in mutants if mutant.state not in NOTICED]
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps([vars(mutant) for mutant in left], indent=1), encoding="utf-8")
    for name, number in sorted(Counter(mutant.state for mutant in mutants).items()):
        print(f"{name:<20}{number:>6}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
