"""Takes the power from an agent at random moments: what it had not synced is gone, or half there; then it lives again.

``disk.c`` notes in order what the agent writes and what it syncs. From the beginning of that journal up to any place, this
makes what a disk may hold: of each file what was synced, and of what was written since then nothing, all, or some sectors,
in any order; of the names in a folder those that were synced, and of later changes the first so many, as file systems with
a journal of their own promise. Names are not synced with their file.

``python tests/power_rig.py [LOSSES] [SEED]`` prints a table.
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from random import Random

from crash_rig import BEGINNINGS
from disk import Disk, built
from heard import WrongError
from lives import BATCH, Heard, heard, live, live_out
from logonbell.store import outbox
from logonbell.store.database import Database, Values
from logonbell.store.outbox import FILE, Outbox
from logonbell.store.recovery import GONE, fault, previous_of

SECTOR = 512
_HEAD = struct.Struct("=cQQQ")
_KNOWN = "known.jsonl"
_WITNESSES = ("heard.jsonl", _KNOWN)
"""What others know: they keep their power."""

WEAKENED = {
    "SQLite never waits for the disk": "pragma synchronous = off",
    "SQLite waits for the disk at checkpoints only": "pragma synchronous = normal",
    "the name of the state folder is not synced": None,
}
"""What would be found out; the pragma that does it."""


@dataclass(frozen=True)
class Change:
    """A record of the journal."""

    what: str
    file: int
    offset: int
    data: bytes


def changes(journal: Path) -> list[Change]:
    """Read the journal."""
    data, at, found = journal.read_bytes(), 0, []
    while at < len(data):
        what, file, offset, length = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        found.append(Change(what.decode(), file, offset, data[at : at + length]))
        at += length
    return found


@dataclass
class File:
    """What is on the disk of a file, and what is on its way there."""

    synced: bytes = b""
    written: list[Change] = field(default_factory=list)

    def sync(self) -> None:
        """Let everything arrive."""
        content = bytearray(self.synced)
        for change in self.written:
            _apply(content, change)
        self.synced, self.written = bytes(content), []

    def left(self, draw: Random) -> bytes:
        """Give what may be there without power: each sector that was on its way arrived, or did not."""
        content = bytearray(self.synced)
        chance = draw.choice((0.0, 0.5, 0.9, 1.0))
        for change in self.written:
            for part in _sectors(change):
                if draw.random() < chance:
                    _apply(content, part)
        return bytes(content)


def _sectors(change: Change) -> Iterator[Change]:
    if change.what == "T":
        yield change
    at = 0
    while at < len(change.data):
        length = SECTOR - (change.offset + at) % SECTOR
        yield Change("W", change.file, change.offset + at, change.data[at : at + length])
        at += length


def _apply(content: bytearray, change: Change) -> None:
    end = change.offset + len(change.data)
    content.extend(bytes(max(0, (change.offset if change.what == "T" else end) - len(content))))
    if change.what == "T":
        del content[change.offset :]
    else:
        content[change.offset : end] = change.data


Names = dict[str, int | None]
"""By path: the file there; None for a folder."""


class Platter:
    """A disk while a journal is played to it."""

    def __init__(self, root: Path, start: Path) -> None:
        """``start`` is what stood below ``root``, and was synced long ago."""
        self._root = root
        self._files: dict[int, File] = {}
        self._by_inode: dict[int, int] = {}
        self._next = count()
        self._names: Names = {str(root): None}
        self._pending: list[tuple[str, Names]] = []
        self.witnesses = dict.fromkeys(_WITNESSES, b"")
        for path in sorted(start.rglob("*")):
            name = str(root / path.relative_to(start))
            if path.name in self.witnesses:
                self.witnesses[path.name] = path.read_bytes()
            self._names[name] = None if path.is_dir() else self._new(path.read_bytes())
        self._now = dict(self._names)

    def _new(self, content: bytes = b"") -> int:
        key = next(self._next)
        self._files[key] = File(content)
        return key

    def play(self, change: Change) -> None:
        """Let one change happen."""
        path = change.data.decode() if change.what in "COKURDS" else ""
        match change.what:
            case "C":
                self._by_inode[change.file] = self._new()
                self._rename(path, {path: self._by_inode[change.file]})
            case "O":
                known = self._now[path]
                assert known is not None
                self._by_inode[change.file] = known
            case "K":
                self._rename(path, {path: None})
            case "U":
                self._rename(path, {path: -1})
            case "R":
                source, target = path.split("\0")
                self._rename(target, {source: -1, target: self._now[source]})
            case "D":
                self._arrive(sum(1 for folder, _ in self._pending if folder == path), path)
            case "S":
                self._file(change).sync()
            case _:
                self._file(change).written.append(change)
                self._witness(change)

    def _file(self, change: Change) -> File:
        return self._files[self._by_inode[change.file]]

    def _witness(self, change: Change) -> None:
        for name in self.witnesses:
            if self._now.get(str(self._root / name)) == self._by_inode[change.file]:
                self.witnesses[name] += change.data

    def _rename(self, path: str, names: Names) -> None:
        self._pending.append((str(Path(path).parent), names))
        _take(self._now, names)

    def _arrive(self, many: int, folder: str) -> None:
        """Let the first changes of the names in a folder arrive."""
        left = []
        for parent, names in self._pending:
            if parent == folder and many > 0:
                _take(self._names, names)
                many -= 1
            else:
                left.append((parent, names))
        self._pending = left

    def lose_power(self, target: Path, draw: Random) -> None:
        """Write what may be left into a folder. The platter is spoilt then."""
        for folder in {parent for parent, _ in self._pending}:
            waiting = sum(1 for parent, _ in self._pending if parent == folder)
            self._arrive(draw.choice((0, waiting, draw.randint(0, waiting))), folder)
        for name, key in sorted(self._names.items()):
            path = target / Path(name).relative_to(self._root)
            if not path.parent.is_dir() or name.endswith("-shm"):  # what is mapped, SQLite makes anew
                continue
            if key is None:
                path.mkdir(exist_ok=True)
            else:
                path.write_bytes(self._files[key].left(draw))
        for name, content in self.witnesses.items():
            (target / name).write_bytes(content)


def _take(names: Names, changed: Names) -> None:
    for name, key in changed.items():
        if key == -1:
            names.pop(name, None)
        else:
            names[name] = key


@dataclass
class Known:
    """What somebody was told is kept: how far each log was read, and what was marked as delivered."""

    newest: dict[str, int] = field(default_factory=dict)
    delivered: list[int] = field(default_factory=list)


def known(folder: Path) -> Known:
    """Read it from the outbox, as another program does."""
    with closing(Outbox.join(folder / "state")) as joined:
        newest = {name: source.newest or 0 for name, source in joined.state().sources.items()}
        rows = joined._database.rows("select id from telling where state = 'delivered' order by id")
        return Known(newest, [key for (key,) in rows])


def child(folder: Path, weakened: str) -> None:
    """Live under the preloaded library, and let what is known be noted at each step."""
    if weakened:
        weaken(WEAKENED[weakened])

    def note(_: str) -> None:
        with (folder / _KNOWN).open("a", encoding="utf-8") as file:
            file.write(json.dumps(vars(known(folder))) + "\n")

    live(folder, 1, note)


def weaken(pragma: str | None) -> None:
    """Let this process wait for the disk less than it should."""
    if pragma is None:
        outbox.make = partial(Path.mkdir, parents=True, exist_ok=True)  # type: ignore[attr-defined]
        return
    change = Database.change

    def weak(self: Database, sql: str, values: Values = ()) -> int:
        return change(self, pragma if "synchronous" in sql else sql, values)

    Database.change = weak  # type: ignore[method-assign]


@dataclass
class Figures:
    """What was done from one beginning, and what came of it."""

    beginning: str
    changes: int
    syncs: int
    losses: int = 0
    alerts: int = 0
    messages: int = 0
    repeats: int = 0
    most: int = 0

    def row(self) -> str:
        """Give them as a line of the table."""
        return (
            f"{self.beginning:<32}{self.changes:>8}{self.syncs:>6}{self.losses:>8}{self.alerts:>8}"
            f"{self.messages:>10}{self.repeats:>9}{self.most:>6}{0:>6}"
        )


HEADER = f"{'from':<32}{'changes':>8}{'syncs':>6}{'losses':>8}{'alerts':>8}{'messages':>10}{'repeats':>9}{'most':>6}{'lost':>6}"


def lose_power_again_and_again(
    folder: Path, library: Path, beginning: str, *, losses: int, seed: int, weakened: str = ""
) -> Figures:
    """Do it so many times, and check every promise. Raises ``WrongError`` that names the moment."""
    start, root, journal = folder / "start", folder / "root", folder / "journal"
    start.mkdir(parents=True)
    BEGINNINGS[beginning](start)
    shutil.copytree(start, root)
    command = [sys.executable, __file__, "child", str(root), weakened]
    subprocess.run(command, env=Disk(library, root, journal).environment, check=True)
    played = changes(journal)
    live_out(root, 2)
    expected = heard(root)
    figures = Figures(beginning, len(played), sum(change.what in "SD" for change in played))
    figures.alerts = len(expected.told["sns"])
    draw = Random(seed)  # noqa: S311 - repeatable, not secret
    for number in range(losses):
        moment = draw.randint(0, len(played))
        platter = Platter(root, start)
        for change in played[:moment]:
            platter.play(change)
        left = folder / str(number)
        left.mkdir()
        platter.lose_power(left, draw)
        try:
            got = _look(left, expected, mends=beginning == "a damaged outbox")
        except WrongError as wrong:
            raise WrongError(
                f"{beginning}, seed {seed}, loss {number}, after {moment} changes: {wrong}"
            ) from wrong
        figures.losses += 1
        figures.messages += got.messages
        figures.repeats += got.repeats - expected.repeats
        figures.most = max(figures.most, got.repeats - expected.repeats)
        shutil.rmtree(left)
    return figures


def _look(folder: Path, expected: Heard, *, mends: bool) -> Heard:
    """Look at what is left, and let it live again."""
    lines = (folder / _KNOWN).read_text("utf-8").splitlines()
    path = folder / "state" / FILE
    if lines:
        _check_known(folder, Known(**json.loads(lines[-1])))
    if (why := fault(previous_of(path))) not in {None, GONE}:
        raise WrongError(f"the copy cannot be used: {why}")
    live_out(folder, 2)
    if not mends and (spoilt := list(path.parent.glob("outbox.damaged-*"))):
        raise WrongError(f"what was left could not be used: {spoilt}")
    got = heard(folder)
    if (got.told, got.history) != (expected.told, expected.history):
        raise WrongError(f"told were {got.told} instead of {expected.told}")
    if got.repeats - expected.repeats > BATCH:
        raise WrongError(f"{got.repeats} messages came again")
    return got


def _check_known(folder: Path, known_once: Known) -> None:
    """What somebody was told is kept is there."""
    path = folder / "state" / FILE
    if (why := fault(path)) is not None:
        raise WrongError(f"the outbox cannot be used: {why}")
    found = known(folder)
    if missing := set(known_once.delivered) - set(found.delivered):
        raise WrongError(f"{missing} were marked as delivered, and are not any more")
    behind = {name: at for name, at in known_once.newest.items() if found.newest.get(name, 0) < at}
    if behind:
        raise WrongError(f"it was read up to {behind}, and is at {found.newest}")


def main() -> int:
    """Do it from each beginning, and print the table."""
    if sys.argv[1:2] == ["child"]:
        child(Path(sys.argv[2]), sys.argv[3])
        return 0
    losses = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    sys.stdout.write(f"seed {seed}\n{HEADER}\n")
    with tempfile.TemporaryDirectory() as folder:
        library = built(Path(folder))
        for number, beginning in enumerate(BEGINNINGS):
            figures = lose_power_again_and_again(
                Path(folder, str(number)), library, beginning, losses=losses, seed=seed
            )
            sys.stdout.write(f"{figures.row()}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
