"""The folder in which the SSM agent keeps the state of what it runs, as it is at the moment."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from logonbell.sentence import Sentence, plural, say
from logonbell.source import Loss
from logonbell.ssm.files import (
    WRITTEN_ANEW,
    NotAFileError,
    forbidden,
    is_folder,
    may_exist,
    read_bytes,
    shown,
)
from logonbell.ssm.statefile import SsmSession, Unreadable, parse

SHELVES = ("pending", "current")
"""A file is written into the first, moved into the second before its worker is started, and removed from there."""
INSTANCE = re.compile(r"m?i-[0-9a-f]{8,40}")
_LONGEST = 1024 * 1024
ENTRIES = 20_000
"""Names that are looked at in one look; a fuller folder is walked through in several."""
_READS = 400
REMEMBERED = 100_000
_PATIENCE = timedelta(seconds=2)
"""How long a file may be half written before it is told."""
_LOSSES = 20


@dataclass(slots=True)
class _Entry:
    """One name: what marks its present content, and what that was. ``since`` while it cannot be understood yet."""

    mark: int
    session: SsmSession | None = None
    settled: bool = True
    since: datetime | None = None


@dataclass(slots=True)
class _Shelf:
    """One of the two folders, and the walk through its names that is under way."""

    path: Path
    stamp: int = -1
    begun: int = 0
    walk: Iterator[os.DirEntry[str]] | None = None
    names: set[str] = field(default_factory=set)
    entries: dict[str, _Entry] = field(default_factory=dict)
    sessions: dict[str, SsmSession] = field(default_factory=dict)
    unread: dict[str, int] = field(default_factory=dict)
    unsettled: set[str] = field(default_factory=set)

    def put(self, name: str, entry: _Entry) -> None:
        """Keep what a file is."""
        self.entries[name] = entry
        (self.unsettled.discard if entry.settled else self.unsettled.add)(name)
        if entry.session is None:
            self.sessions.pop(name, None)
        else:
            self.sessions[name] = entry.session

    def drop(self, name: str) -> None:
        """Forget a file that is gone."""
        self.entries.pop(name, None)
        self.sessions.pop(name, None)
        self.unsettled.discard(name)

    def drop_all(self) -> None:
        """Forget everything: the folder is gone, or cannot be read."""
        self.walk, self.stamp = None, -1
        for held in (self.entries, self.sessions, self.unread, self.unsettled):
            held.clear()


@dataclass(frozen=True, slots=True)
class Present:
    """What the folder holds, as far as it is known.

    ``readable`` is False where it could not be looked into, ``whole`` where this look did not come to its end.
    """

    sessions: Mapping[str, SsmSession]
    readable: bool
    whole: bool
    instance_id: str | None
    losses: list[Loss]


class StateFolder:
    """Looks at the state files of one instance below the agent's data folder, on Windows or Linux.

    A look at which nothing has changed costs four looks at folders, however many files there are. ``instance_id`` names
    the instance whose folder is its own; without it, it is the one that changed last, and if there are several this is
    told: a machine image that was cloned carries those of its origin.
    """

    def __init__(
        self,
        folder: Path,
        instance_id: str | None,
        clock: Callable[[], datetime],
        *,
        entries: int = ENTRIES,
        remembered: int = REMEMBERED,
    ) -> None:
        self.folder = folder
        self._entries = entries
        self._remembered = remembered
        self._asked = instance_id
        self._clock = clock
        self._base: tuple[Path, int] | None = None
        self._instance: str | None = None
        self._shelves: list[_Shelf] = []
        self._losses: list[Loss] = []
        self._several = False
        self._told: set[tuple[str, int]] = set()
        self._crowded = False

    def look(self) -> Present:
        """Look at what changed since the last look."""
        self._losses = []
        if not self._find():
            return Present({}, readable=False, whole=False, instance_id=None, losses=self._losses)
        budget, readable = self._entries, False
        for shelf in self._shelves:
            seen = self._walk(shelf, budget)
            budget, readable = budget - (seen or 0), seen is not None
        left = _READS
        for shelf in self._shelves:
            left = self._read_some(shelf, left)
        pending, current = (shelf.sessions for shelf in self._shelves)
        sessions = {**pending, **current}
        whole = all(shelf.walk is None and not shelf.unread for shelf in self._shelves)
        return Present(sessions, readable, whole, self._instance, _few(self._losses, self.folder))

    def holds(self, name: str) -> bool:
        """Tell whether there is a file of this name right now."""
        # In this order: what is moved from the first to the second in between is found all the same.
        return any(_may_be_file(shelf.path / name) for shelf in self._shelves)

    def last_sign(self, name: str) -> datetime | None:
        """Give the time at which a file was last written."""
        for shelf in reversed(self._shelves):
            try:
                return datetime.fromtimestamp((shelf.path / name).lstat().st_mtime, UTC)
            except (OSError, ValueError, OverflowError):
                continue
        return None

    # Which folder

    def _find(self) -> bool:
        """Find this instance's own folder; again only where something was added or removed beside it."""
        base = base_of(self.folder)
        try:
            stamp = base.stat().st_mtime_ns
        except (OSError, ValueError):
            self._base, self._shelves = None, []
            return False
        if (
            self._base == (base, stamp)
            and self._shelves
            and time.time_ns() - stamp > WRITTEN_ANEW
            and is_folder(self._shelves[0].path.parent)
        ):
            return True
        instance = self._choose(base)
        self._base = (base, stamp)
        if instance is None:
            self._shelves = []
            return False
        state = base / instance / "document" / "state"
        if not self._shelves or self._shelves[0].path.parent != state:
            self._instance = instance
            self._shelves = [_Shelf(state / shelf) for shelf in SHELVES]
        return True

    def _choose(self, base: Path) -> str | None:
        if self._asked is not None:
            return self._asked if _changed(base / self._asked) is not None else None
        found = instances_in(base)
        if len(found) > 1 and not self._several:
            self._several = True
            what = say(
                "The folder holds {count} instances; {instance} changed last and is taken for this host's own.",
                count=len(found),
                instance=found[-1],
            )
            self._losses.append(Loss(shown(base), what))
        return found[-1] if found else None

    # What is in it

    def _walk(self, shelf: _Shelf, budget: int) -> int | None:
        """Walk on through the names, if something changed; give how many were seen, None where it cannot be read."""
        try:
            stamp = shelf.path.lstat()
            if not stat.S_ISDIR(stamp.st_mode):
                shelf.drop_all()
                return None
            if shelf.walk is None:
                clean = shelf.stamp == stamp.st_mtime_ns
                if clean and shelf.begun - stamp.st_mtime_ns > WRITTEN_ANEW:
                    return 0
                shelf.stamp, shelf.begun = stamp.st_mtime_ns, time.time_ns()
                shelf.walk, shelf.names = _entries_in(shelf.path), set()
            return self._go_on(shelf, shelf.walk, budget)
        except OSError:
            shelf.drop_all()
            return None

    def _go_on(self, shelf: _Shelf, walk: Iterator[os.DirEntry[str]], budget: int) -> int:
        for seen in range(budget):
            entry = next(walk, None)
            if entry is None:
                self._end_walk(shelf)
                return seen
            name, known = entry.name, shelf.entries.get(entry.name)
            held = len(shelf.entries) + len(shelf.unread)
            if known is None and held >= self._remembered and not _is_new(entry, shelf.begun):
                self._crowded = True
                continue
            shelf.names.add(name)
            mark = _mark_of(entry)
            if known is None or known.mark != mark:
                shelf.unread[name] = mark
        return budget

    def _end_walk(self, shelf: _Shelf) -> None:
        shelf.walk = None
        for name in shelf.entries.keys() - shelf.names:
            shelf.drop(name)
        shelf.names = set()

    def _read_some(self, shelf: _Shelf, most: int) -> int:
        """Read what is new, the newest names first, and again what was not complete."""
        again = list(islice(shelf.unsettled, most // 4))
        most -= len(again)
        # What was found last is read first: among a million old files a session is still seen at once.
        fresh = [shelf.unread.popitem() for _ in range(min(most, len(shelf.unread)))]
        for name, mark in fresh:
            self._read(shelf, name, mark)
        for name in again:
            known = shelf.entries.get(name)
            if known is not None:
                self._read(shelf, name, known.mark)
        if self._crowded and ("", 0) not in self._told:
            self._told.add(("", 0))
            what = say(
                "The folder holds more than {count} files; of the rest only those just written are read.",
                count=self._remembered,
            )
            self._losses.append(Loss(shown(shelf.path), what))
        return most - len(fresh)

    def _read(self, shelf: _Shelf, name: str, mark: int) -> None:
        """Read one file; what cannot be understood is read again at the next look, and told if it stays so."""
        try:
            content = read_bytes(shelf.path / name, most=_LONGEST + 1)
            if len(content) > _LONGEST:
                raise Unreadable(say("It is larger than any state file."))  # noqa: TRY301  one place tells
            session = parse(content, name)
        except FileNotFoundError:
            shelf.drop(name)
        except NotAFileError:
            what = say("It is a link, or no file; it was not followed.")
            shelf.drop(name)
            self._give_up(shelf, name, mark, what)
        except Unreadable as unreadable:
            self._doubt(shelf, name, mark, unreadable.why)
        except (OSError, ValueError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
            self._doubt(shelf, name, mark, say("It cannot be read: {reason}", reason=reason))
        else:
            shelf.put(name, _Entry(mark, session, settled=session is None or session.process is not None))

    def _doubt(self, shelf: _Shelf, name: str, mark: int, why: Sentence) -> None:
        """Wait for what may only be half written. A session that was read before stays what it was."""
        before = shelf.entries.get(name)
        now = self._clock()
        since = before.since if before is not None and before.since is not None else now
        if now - since >= _PATIENCE or _is_old(shelf.path / name):
            self._give_up(shelf, name, mark, why)
            return
        shelf.put(name, _Entry(mark, before.session if before else None, settled=False, since=since))

    def _give_up(self, shelf: _Shelf, name: str, mark: int, why: Sentence) -> None:
        before = shelf.entries.get(name)
        shelf.put(name, _Entry(mark, before.session if before else None))
        if (name, mark) not in self._told and len(self._told) < self._remembered:
            self._told.add((name, mark))
            self._losses.append(Loss(shown(shelf.path / name), why))


def base_of(folder: Path) -> Path:
    """Give the folder that holds one folder for each instance: ``InstanceData`` on Windows, the data folder elsewhere."""
    inner = folder / "InstanceData"
    return inner if is_folder(inner) else folder


def instances_in(base: Path) -> list[str]:
    """Give the instances that have a state folder, the one that changed last at the end. Links are not followed."""
    found = [(changed, name) for name in _named_in(base) if (changed := _changed(base / name)) is not None]
    return [name for _, name in sorted(found)]


def obstacle(folder: Path) -> Path | None:
    """Give the place on the way to the state files that this user may not look into; None where that is not the trouble."""
    base = base_of(folder)
    return forbidden(
        (
            folder,
            base,
            *(place for name in _named_in(base) for place in _way_to_state(base / name)),
        )
    )


def _named_in(base: Path) -> list[str]:
    try:
        with os.scandir(base) as entries:
            return [entry.name for entry in entries if INSTANCE.fullmatch(entry.name)]
    except (OSError, ValueError):
        return []


def _way_to_state(instance: Path) -> tuple[Path, ...]:
    state = instance / "document" / "state"
    return (instance, instance / "document", state, *(state / shelf for shelf in SHELVES))


def _changed(instance: Path) -> int | None:
    """Give when the state of an instance changed last; None where it has none."""
    state = instance / "document" / "state"
    if not (is_folder(instance) and is_folder(instance / "document") and is_folder(state)):
        return None
    times = [0]
    for shelf in SHELVES:
        with suppress(OSError):
            times.append((state / shelf).lstat().st_mtime_ns)
    return max(times)


def _may_be_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return may_exist(path)


def _entries_in(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Give a folder's entries, a few at a time if need be; it is closed when nobody wants more."""
    with os.scandir(folder) as entries:
        yield from entries


def _mark_of(entry: os.DirEntry[str]) -> int:
    """Give what tells a file from one that took its place, as far as it costs nothing."""
    try:
        return entry.stat(follow_symlinks=False).st_mtime_ns if os.name == "nt" else entry.inode()
    except OSError:
        return 0


def _is_new(entry: os.DirEntry[str], begun: int) -> bool:
    try:
        return begun - entry.stat(follow_symlinks=False).st_mtime_ns < 30 * WRITTEN_ANEW
    except OSError:
        return False


def _is_old(path: Path) -> bool:
    """Tell whether a file was written so long ago that nobody is writing it any more."""
    try:
        return time.time_ns() - path.lstat().st_mtime_ns > _PATIENCE / timedelta(microseconds=1) * 1000
    except (OSError, ValueError):
        return False


def _few(losses: list[Loss], folder: Path) -> list[Loss]:
    """Keep a look's losses few: what is wrong with a thousand files is told of twenty."""
    if len(losses) <= _LOSSES:
        return losses
    count = len(losses) - _LOSSES
    what = plural(
        "{count} further file here is wrong in a similar way.",
        "{count} further files here are wrong in a similar way.",
        count,
    )
    return [*losses[:_LOSSES], Loss(shown(folder), what, count)]
