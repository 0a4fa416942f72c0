"""The SSM agent's own logs: which sessions it opened and closed, also while nobody watched.

Their text is no contract: the state files are the first evidence, and what the logs do not say is not guessed.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from errno import EACCES
from itertools import takewhile
from operator import attrgetter
from os import strerror
from pathlib import Path
from zlib import crc32

import msgspec

from logonbell.sentence import say
from logonbell.source import Loss
from logonbell.ssm.files import WRITTEN_ANEW, NotAFileError, forbidden, read_bytes, shown
from logonbell.ssm.statefile import COMMAND, SESSION, SsmSession, Unreadable, is_session_id, parse

SESSION_WORKER = "ssm-session-worker.log"
DOCUMENT_WORKER = "ssm-document-worker.log"
AGENT_WORKER = "ssm-agent-worker.log"
AGENT = "amazon-ssm-agent.log"
NAMES = (SESSION_WORKER, DOCUMENT_WORKER, AGENT, AGENT_WORKER)
"""On Windows each program has its own log; elsewhere all write to ``AGENT``."""

AT_ONCE = 4 * 1024 * 1024
_HEAD = 256
_ROLL = re.compile(r"\.(\d{1,9})")
_LINE = re.compile(rb"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.(\d{1,9}))? ([A-Z]+) (.*)", re.DOTALL)
_WORKER = re.compile(r"\[ssm-(session|document)-worker\] \[([^\]]{1,200})\] (.*)", re.DOTALL)
_STARTED = re.compile(r"document: \S+ worker started")
_PLUGIN = re.compile(r"\[DataBackend\] \[pluginName=[^\]]{1,100}\] Plugin (\S{1,100}) started")
_DESCRIBED = "[DataBackend] {"
_CLOSED = frozenset({"session worker closed", "document worker closed"})
_OVER = re.compile(r"\[EngineProcessor\] execution of (\S{1,200}) is over\b")
_COMMAND_MESSAGE = re.compile(r"aws\.ssm\.([0-9a-f-]{36})\..*")
_RUN_OF_ASSOCIATION = re.compile(r"[0-9a-f-]{36}\.\d{4}-\d\d-\d\d.*")
_MARKS = (b"-worker] [", b"[EngineProcessor] execution of ")
_ZONES = timedelta(minutes=15)
_UNPLACED = datetime.min.replace(tzinfo=UTC)
_OFF = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Started:
    """A worker was started; what for is told by what follows."""

    session_id: str
    document_type: str


@dataclass(frozen=True, slots=True)
class Described:
    """The worker was told what to do."""

    session: SsmSession


@dataclass(frozen=True, slots=True)
class Working:
    """A session's plugin was started."""

    session_id: str
    plugin: str


@dataclass(frozen=True, slots=True)
class Closed:
    """A worker was done."""

    session_id: str


Fact = Started | Described | Working | Closed


class Place(msgspec.Struct, frozen=True):
    """How far one log is read: the file, by a digest of its first ``hashed`` bytes, and the offset in it."""

    head: int
    hashed: int
    offset: int


class LogMark(msgspec.Struct, frozen=True):
    """How far the logs are read. ``zone`` is the host's distance from UTC in minutes, as far as the lines told it.

    ``speaks`` says that lines of level INFO were met: a log that is set to errors only says nothing of sessions.
    """

    places: dict[str, Place] = {}
    zone: int | None = None
    speaks: bool = False


@dataclass(frozen=True, slots=True)
class _Item:
    """What one line says. ``local`` is the time at its beginning, ``end`` the place behind it."""

    local: datetime
    fact: Fact
    end: Place
    time: datetime = _UNPLACED


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: facts in the order of time, and where to go on.

    ``lost`` says that lines may be gone that nobody read: a log was removed, or rolled away. ``more`` that there is more.
    """

    facts: Sequence[tuple[datetime, Fact]]
    mark: LogMark
    losses: Sequence[Loss] = ()
    lost: bool = False
    more: bool = False


@dataclass(slots=True)
class _Part:
    """What was read of one log, and up to what time, if there is more."""

    name: str
    items: list[_Item]
    start: Place | None
    end: Place | None
    horizon: datetime | None = None
    lost: bool = False
    speaks: bool = False

    @property
    def zones(self) -> list[tuple[datetime, int]]:
        """When, in local time, a description told the zone, and which."""
        return [(item.local, zone) for item in self.items if (zone := _zone_told_by(item)) is not None]


def host_zone(local: datetime) -> datetime:
    """Take a time without zone as this host's."""
    return local.astimezone(UTC)


class AgentLogs:
    """Reads the logs in a folder, whichever of them there are.

    ``zone`` turns local times into UTC until a line told how. ``at_once`` is how many bytes of one log are read at a
    time; a longer line is skipped.
    """

    def __init__(
        self, folder: Path, *, zone: Callable[[datetime], datetime] = host_zone, at_once: int = AT_ONCE
    ) -> None:
        self.folder = folder
        self._at_once = at_once
        self._guess = zone
        self._seen: dict[str, tuple[tuple[int, int, int], Place | None]] = {}
        self._told: set[tuple[str, str]] = set()
        self._listed: tuple[int, list[str]] = (-1, [])
        self._absent: set[str] = set()

    def read(self, mark: LogMark) -> Reading:
        """Read what stands behind ``mark``, at most a few MiB; nothing but a look at the sizes where nothing is new."""
        losses: list[Loss] = []
        parts = [part for name in NAMES if (part := self._part(name, mark, losses)) is not None]
        if not parts:
            if not mark.places and forbidden([self.folder]) is not None:
                self._tell(self.folder, PermissionError(EACCES, strerror(EACCES)), losses)
            return Reading((), mark, losses)
        told = sorted((each for part in parts for each in part.zones), key=_in_utc)
        for part in parts:
            self._place_in_time(part, mark.zone, told)
        zone = told[-1][1] if told else mark.zone
        horizons = {part.name: self._time(part.horizon, zone) for part in parts if part.horizon is not None}
        slowest = min(horizons, key=horizons.__getitem__, default=None)
        places, taken = dict(mark.places), list[_Item]()
        for part in parts:
            kept = part.items
            # The slowest is taken whole even where its clock was put back in between: reading must go forward.
            if slowest is not None and part.name != slowest:
                kept = list(takewhile(_until(horizons[slowest]), kept))
            whole = len(kept) == len(part.items)
            place = part.end if whole else (kept[-1].end if kept else part.start)
            if place is not None:
                places[part.name] = place
            else:
                places.pop(part.name, None)
            if whole and part.horizon is None and place is not None:
                self._remember(part.name, place)
            taken += kept
        taken.sort(key=attrgetter("time"))
        return Reading(
            [(item.time, item.fact) for item in taken],
            LogMark(places, zone, mark.speaks or any(part.speaks for part in parts)),
            losses,
            lost=any(part.lost for part in parts),
            more=bool(horizons),
        )

    def covered_since(self, zone: int | None) -> datetime | None:
        """Give the first moment since which all lines are there; None where there are no logs.

        Rolled files are numbered from 1 on, and only the oldest are ever removed: a log that begins with another number
        covers no more than what it holds.
        """
        firsts: list[datetime] = []
        cut: list[datetime] = []
        for name in NAMES:
            chain = self._chain(name)
            first = next((time for path in chain if (time := self._first_of(path)) is not None), None)
            if first is None:
                continue
            firsts.append(self._time(first, zone))
            if _roll_of(chain[0].name, name) not in {1, None}:
                cut.append(self._time(first, zone))
        return max([min(firsts), *cut]) if firsts else None

    def last_sign(self, zone: int | None) -> datetime | None:
        """Give the time of the newest line of all."""
        lasts: list[datetime] = []
        for name in NAMES:
            for path in reversed(self._chain(name)):
                try:
                    size = path.stat().st_size
                    tail = read_bytes(path, offset=max(0, size - 64 * 1024), most=64 * 1024)
                except OSError:
                    continue
                times = [found for line in tail.splitlines() if (found := _LINE.match(line))]
                if times:
                    lasts.append(self._time(_local(times[-1]), zone))
                    break
        return max(lasts, default=None)

    # One log: a file and what was rolled away from it

    def _part(self, name: str, mark: LogMark, losses: list[Loss]) -> _Part | None:
        """Read on in one log; None where nothing is new."""
        place = mark.places.get(name)
        try:
            status = (self.folder / name).stat()
            seen = (status.st_dev, status.st_ino, status.st_size)
        except OSError:
            seen = None
        if seen is None and place is None and name in self._absent:
            return None
        if seen is not None and place is not None and self._seen.get(name) == (seen, place):
            return None
        chain = self._chain(name)
        if not chain and place is None:
            self._absent.add(name)
            return None
        path, offset, lost = self._find(chain, place, name, known=bool(mark.places))
        part = _Part(name, [], place, place, lost=lost)
        if lost:
            part.start = part.end = None
        left = self._at_once
        for number, file in enumerate(chain[chain.index(path) :] if path is not None else ()):
            if left <= 0:
                break
            begin = offset if number == 0 else 0
            left -= self._take(file, begin, left, part, losses)
        return part

    def _find(
        self, chain: Sequence[Path], place: Place | None, name: str, *, known: bool
    ) -> tuple[Path | None, int, bool]:
        """Find where reading goes on: the file, the offset, and whether something is lost in between."""
        if place is None:
            cut = known and bool(chain) and _roll_of(chain[0].name, name) not in {1, None}
            return (chain[0] if chain else None), 0, cut
        for path in reversed(chain):
            try:
                same = (
                    path.stat().st_size >= place.offset
                    and crc32(read_bytes(path, most=place.hashed)) == place.head
                )
            except OSError:
                continue
            if same:
                return path, place.offset, False
        return (chain[0] if chain else None), 0, True

    def _take(self, path: Path, offset: int, most: int, part: _Part, losses: list[Loss]) -> int:
        """Read whole lines of one file; give how many bytes were read."""
        try:
            content = read_bytes(path, offset=offset, most=most)
            head = content[:_HEAD] if offset == 0 else read_bytes(path, most=_HEAD)
        except OSError as error:
            self._tell(path, error, losses)
            return 0
        whole = content.rfind(b"\n") + 1
        if len(content) == most and not whole:
            whole = len(content)
            if (path.name, "long") not in self._told:
                self._told.add((path.name, "long"))
                what = say("A line is longer than {bytes} bytes and was skipped.", bytes=most)
                losses.append(Loss(shown(path), what))
        head = head[: offset + whole]
        base = Place(crc32(head), len(head), offset)
        newest = self._read_lines(content[:whole], base, part)
        if whole:
            part.end = Place(base.head, base.hashed, offset + whole)
        if len(content) == most:
            part.horizon = newest or datetime.min  # noqa: DTZ901  the agent's lines carry no zone
        return len(content)

    @staticmethod
    def _read_lines(content: bytes, base: Place, part: _Part) -> datetime | None:
        """Take the facts of these lines; give the last line's time."""
        end, newest = base.offset, None
        for line in content.splitlines(keepends=True):
            end += len(line)
            wanted = any(mark in line for mark in _MARKS)
            if not wanted and part.speaks and newest is not None:
                continue
            found = _LINE.match(line)
            if found is None:
                continue
            local = _local(found)
            if local is None:
                continue
            newest = local
            part.speaks |= found[3] == b"INFO"
            if wanted and (fact := _fact_of(found[4])) is not None:
                part.items.append(_Item(local, fact, Place(base.head, base.hashed, end)))
        last = _LINE.match(content, content.rfind(b"\n", 0, -1) + 1)
        return (_local(last) if last else None) or newest

    def _chain(self, name: str) -> list[Path]:
        """Give the files of one log, the oldest first."""
        rolled: list[tuple[int, str]] = []
        current: list[str] = []
        for each in self._names():
            if each == name:
                current.append(each)
            elif (number := _roll_of(each, name)) is not None:
                rolled.append((number, each))
        return [self.folder / each for each in [*(each for _, each in sorted(rolled)), *current]]

    def _names(self) -> list[str]:
        """List what could be a log; anew only where something was added or removed, for others may keep much beside them."""
        try:
            stamp = self.folder.stat().st_mtime_ns
            if stamp != self._listed[0] or time.time_ns() - stamp < WRITTEN_ANEW:
                with os.scandir(self.folder) as entries:
                    names = [entry.name for entry in entries if entry.name.startswith(NAMES)]
                self._listed = (stamp, names)
        except OSError:
            return []
        return self._listed[1]

    def _remember(self, name: str, place: Place) -> None:
        """Note that this log is read to its end, so that one look at its size tells when there is more."""
        try:
            status = (self.folder / name).stat()
        except OSError:
            return
        if status.st_size == place.offset:
            self._seen[name] = ((status.st_dev, status.st_ino, status.st_size), place)

    def _first_of(self, path: Path) -> datetime | None:
        try:
            lines = read_bytes(path, most=64 * 1024).splitlines()
        except OSError:
            return None
        return next((_local(found) for line in lines if (found := _LINE.match(line))), None)

    def _tell(self, path: Path, error: OSError, losses: list[Loss]) -> None:
        if (path.name, "") in self._told:
            return
        self._told.add((path.name, ""))
        if isinstance(error, NotAFileError):
            what = say("It is a link, or no file; it was not followed.")
        else:
            what = say(
                "The SSM agent's logs cannot be read here: {reason}. What happens while logonbell does not"
                " run is then not caught up.",
                reason=error.strerror or type(error).__name__,
            )
        losses.append(Loss(shown(path), what))

    # Time

    def _place_in_time(self, part: _Part, zone: int | None, told: Sequence[tuple[datetime, int]]) -> None:
        """Give the items their times in UTC.

        A description carries the worker's start in UTC; the line that holds it was written a moment later. A log without
        descriptions (on Windows each program has its own) goes by what those of the others told up to the same time.
        """
        own = part.zones
        now = zone if zone is not None or not (own or told) else (own or told)[0][1]
        for number, item in enumerate(part.items):
            if own:
                by_itself = _zone_told_by(item)
                now = now if by_itself is None else by_itself
            else:
                now = next((each for local, each in reversed(told) if local <= item.local), now)
            part.items[number] = replace(item, time=self._time(item.local, now))

    def _time(self, local: datetime | None, zone: int | None) -> datetime:
        if local is None or local == datetime.min:  # noqa: DTZ901  see above
            return datetime.min.replace(tzinfo=UTC)
        if zone is None:
            return self._guess(local)
        return (local - timedelta(minutes=zone)).replace(tzinfo=UTC)


def _until(horizon: datetime) -> Callable[[_Item], bool]:
    return lambda item: item.time <= horizon


def _in_utc(told: tuple[datetime, int]) -> datetime:
    local, zone = told
    return local - timedelta(minutes=zone)


def _zone_told_by(item: _Item) -> int | None:
    """Give the distance from UTC, in minutes, at which a description was written; None where it tells none.

    An agent that was started again describes what still runs once more, hours after its start: that tells nothing.
    """
    session = item.fact.session if isinstance(item.fact, Described) else None
    known = None if session is None or session.runs else session.started or session.opened
    if known is None:
        return None
    apart = item.local - known.replace(tzinfo=None)
    zone = round(apart / _ZONES) * _ZONES
    if abs(apart - zone) > _OFF or abs(zone) > timedelta(hours=15):
        return None
    return int(zone.total_seconds()) // 60


def _local(found: re.Match[bytes]) -> datetime | None:
    """Read the time at the beginning of a line: local, with a fraction since agent 3.3.808."""
    micro = int((found[2] or b"0").ljust(6, b"0")[:6])
    try:
        local = datetime.strptime(found[1].decode(), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  see above
    except ValueError:
        return None
    return local.replace(microsecond=micro)


def _fact_of(message: bytes) -> Fact | None:
    """Read what a line says of a session; None for all other lines."""
    text = message.decode("utf-8", "replace").rstrip("\r\n")
    worker = _WORKER.match(text)
    if worker is None:
        over = _OVER.search(text)
        if over is None:
            return None
        command = _COMMAND_MESSAGE.fullmatch(over[1])
        return Closed(command[1] if command else over[1])
    kind, session_id, rest = worker.groups()
    if not is_session_id(session_id) or _RUN_OF_ASSOCIATION.fullmatch(session_id):
        return None
    if rest.startswith(_DESCRIBED):
        return _described(rest[len(_DESCRIBED) - 1 :], session_id)
    if rest.casefold() in _CLOSED:
        return Closed(session_id)
    if _STARTED.fullmatch(rest):
        return Started(session_id, SESSION if kind == "session" else COMMAND)
    plugin = _PLUGIN.fullmatch(rest)
    return Working(session_id, plugin[1]) if plugin else None


def _described(content: str, session_id: str) -> Described | None:
    try:
        session = parse(content.encode("utf-8", "replace"), session_id)
    except Unreadable:
        return None
    return None if session is None else Described(session)


def _roll_of(file: str, name: str) -> int | None:
    """Give the number of a rolled file, None for the log itself and for what is no part of it."""
    found = _ROLL.fullmatch(file[len(name) :]) if file.startswith(name) else None
    return int(found[1]) if found else None


def facts_of(logs: AgentLogs) -> Iterator[Reading]:
    """Read logs that nobody writes to any more, to their ends."""
    mark, more = LogMark(), True
    while more:
        reading = logs.read(mark)
        yield reading
        more = reading.more and reading.mark != mark
        mark = reading.mark
