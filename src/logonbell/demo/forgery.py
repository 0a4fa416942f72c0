"""What the intruder rewrites in the end, and what ``logonbell verify`` says of it where the messages were received."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from logonbell.demo.bell import STATE
from logonbell.demo.letter import Letter
from logonbell.demo.process import environment
from logonbell.store.database import Database
from logonbell.store.outbox import FILE

FOUND = frozenset({"removed", "changed", "missing"})
"""What ``verify`` must call what was done, and nothing besides."""
COMMAND = ("verify", "inbox", "--history", STATE)
_INBOX = COMMAND[1]
_REMOVE = "delete from finding where channel = 'Security' and record_id = ?"
_CHANGE = "update alert set facts = replace(facts, ?, ?) where sequence = ?"


@dataclass(frozen=True, slots=True)
class Answer:
    """What ``verify`` says: its exit code, its lines, and the kinds of flaws that it names."""

    code: int
    lines: Sequence[str]
    kinds: frozenset[str]


def save(folder: Path, letters: Sequence[Letter]) -> None:
    """Keep every message as it was received, where the host cannot reach it."""
    inbox = folder / _INBOX
    inbox.mkdir()
    for place, letter in enumerate(letters, 1):
        suffix = "json" if letter.saved.startswith("{") else "txt"
        (inbox / f"{place:02}.{suffix}").write_text(letter.saved, encoding="utf-8")


def forge(folder: Path, logon: Letter, other: Letter, addresses: tuple[str, str], kept_back: Letter) -> None:
    """Remove a logon from the history, change the address in another alert, and keep a message from its receiver."""
    database = Database(folder / STATE / FILE, "rw")
    try:
        database.change(_REMOVE, (str(logon.records[0]),))
        database.change(_CHANGE, (*addresses, other.number))
    finally:
        database.close()
    for path in [*(folder / _INBOX).iterdir()]:
        if path.read_text("utf-8") == kept_back.saved:
            path.unlink()


def ask(folder: Path, language: str) -> Answer:
    """Run ``logonbell verify`` as the receiver does, for a person and for a machine."""
    told = _run(folder, "--lang", language)
    lines = [json.loads(line) for line in _run(folder, "--format", "jsonl").stdout.splitlines()]
    kinds = frozenset(line["kind"] for line in lines if line["type"] == "flaw")
    return Answer(told.returncode, told.stdout.splitlines() or told.stderr.splitlines(), kinds)


def _run(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "logonbell", *COMMAND, *more],
        cwd=folder,
        env=environment({}),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
