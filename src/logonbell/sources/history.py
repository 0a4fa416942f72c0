"""Several logs, read to their ends as one history."""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from logonbell.errors import Refused
from logonbell.event import Event
from logonbell.hallmark import Hallmarks
from logonbell.sentence import say
from logonbell.sigma.wanted import Ids
from logonbell.source import Batch, Loss
from logonbell.sources.evtx import NO_NOISE
from logonbell.sources.kinds import Reader, is_log_by_name, reader_of
from logonbell.sources.survey import shown

_TRIES = 8
"""How often in a row a file may change under the reading before the rest of it is given up."""

_REMEMBERED = 50_000
"""So many events at least are remembered to know a repeat: copies of a record stand side by side in the order of time."""

CLOCK_SET_BACK = timedelta(minutes=5)
"""Records of one channel that go back by more than this tell that the host's clock was set back."""

OnProgress = Callable[[float], None]
"""Is told how much of all files, by their sizes, is read: 0 to 1."""


@dataclass(frozen=True, slots=True)
class Logs:
    """The files that were found, and what could not be looked into."""

    files: list[Path]
    losses: list[Loss]


def find_logs(paths: Iterable[str | os.PathLike[str]]) -> Logs:
    """Find the logs: files as given, folders through all their subfolders for what is called as logs are.

    In the order given, those of a folder by name; each file once. Raises ``Refused`` for a folder without logs. A
    path without a file is given back like any other: who reads it says what is wrong.
    """
    files: dict[tuple[int, int] | Path, Path] = {}
    losses: list[Loss] = []
    for path in map(Path, paths):
        if not is_folder(path):
            files.setdefault(_identity(path), path)
            continue
        found = sorted(_within(path, losses))
        if not found:
            raise Refused(
                say("There are no logs in {path}.", path=shown(path)),
                say(
                    "Name a folder that this user may look into, with files that end in .evtx, or are called auth.log, secure,"
                    " or journal.json."
                ),
            )
        for file in found:
            files.setdefault(_identity(file), file)
    return Logs(list(files.values()), losses)


class History:
    """The events of several logs in the order of time; each log's own order is kept.

    A record that stands in two of them (an archive beside the live log), or twice in one, is given once: what counts
    is its host, channel, record id and time. ``records`` and ``records_of`` count, while ``events`` is iterated, the
    records that were looked at; ``losses`` collects what could not be read, a file that cannot be read among them.
    """

    def __init__(
        self,
        paths: Iterable[str | os.PathLike[str]],
        *,
        wanted: Mapping[str, Ids] | None = None,
        noise: Hallmarks = NO_NOISE,
        on_progress: OnProgress | None = None,
    ) -> None:
        """Find the files. Raises ``Refused`` as ``find_logs`` does."""
        logs = find_logs(paths)
        self.losses: list[Loss] = logs.losses
        self.records_of: dict[Path, int] = {}
        self._files = logs.files
        self._wanted, self._noise = wanted, noise
        self._sources: list[Reader] = []
        self._on_progress = on_progress
        self._size = sum(map(_size, logs.files))

    @property
    def records(self) -> int:
        """How many records were looked at so far."""
        return sum(self.records_of.values())

    def events(self) -> Iterator[Event]:
        """Give the events, once. Raises ``Refused``, before the first, where no file could be read at all."""
        streams: list[Iterator[Event]] = []
        refusals: list[Refused] = []
        for file in self._files:
            try:
                source = reader_of(file, wanted=self._wanted, noise=self._noise)
                self._sources.append(source)
                streams.append(self._following(source, source.read(None)))
            except Refused as refused:
                refusals.append(refused)
                self.losses.append(Loss(shown(file), refused.what))
        if len(refusals) == 1 and not streams:
            raise refusals[0]
        if refusals and not streams:
            count = len(refusals)
            raise Refused(say("None of the {count} logs could be read.", count=count), refusals[0].what)
        return _each_once(in_step(streams))

    def _following(self, source: Reader, batch: Batch) -> Iterator[Event]:
        """Give the events of a batch and of those behind it."""
        tries = _TRIES
        while True:
            self._count(source, batch)
            yield from batch.events
            tries = _TRIES if batch.records else tries - 1
            if not batch.more:
                return
            if not tries:
                what = say("The log changes faster than it can be read.")
                self.losses.append(Loss(shown(source.path), what))
                return
            try:
                batch = source.read(batch.bookmark)
            except Refused as refused:
                self.losses.append(Loss(shown(source.path), refused.what))
                return

    def _count(self, source: Reader, batch: Batch) -> None:
        self.losses += batch.losses
        self.records_of[source.path] = self.records_of.get(source.path, 0) + batch.records
        if self._on_progress:
            done = sum(each.progress * _size(each.path) for each in self._sources)
            self._on_progress(done / max(1, self._size))


def in_step(streams: Iterable[Iterable[Event]]) -> Iterator[Event]:
    """Put streams together in the order of time, each stream's own order kept.

    Where a host's clock was set back, what came before that in one stream stays before what came after it in another.
    """
    streams = list(streams)
    if len(streams) == 1:
        return iter(streams[0])
    marked = heapq.merge(*map(_marked, streams), key=_mark_of)
    return (event for _, event in marked)


def _marked(events: Iterable[Event]) -> Iterator[tuple[tuple[int, datetime], Event]]:
    """Give each event with how often its channel's clock was set back before, and its time."""
    clocks: dict[tuple[str, str], tuple[int, datetime]] = {}
    for event in events:
        log, time = (event.host, event.channel), event.time
        steps, newest = clocks.get(log, (0, time))
        if time >= newest:
            clocks[log] = steps, time
        elif newest - time > CLOCK_SET_BACK:
            steps += 1
            clocks[log] = steps, time
        yield (steps, time), event


def _mark_of(marked: tuple[tuple[int, datetime], Event]) -> tuple[int, datetime]:
    return marked[0]


def _each_once(events: Iterable[Event]) -> Iterator[Event]:
    seen: set[tuple[str, str, int, datetime]] = set()
    before = seen
    for event in events:
        key = (event.host, event.channel, event.record_id, event.time)
        if key not in seen and key not in before:
            if len(seen) == _REMEMBERED:
                seen, before = set(), seen
            seen.add(key)
            yield event


def _within(folder: Path, losses: list[Loss]) -> Iterator[Path]:
    """Give the logs in a folder and its subfolders, links followed, each folder once."""

    def tell(error: OSError) -> None:
        where = shown(Path(error.filename or folder))
        losses.append(
            Loss(where, say("This folder could not be looked into: {reason}", reason=_reason(error)))
        )

    visited: set[tuple[int, int] | Path] = set()
    for place, subfolders, files in os.walk(folder, onerror=tell, followlinks=True):
        visited.add(_identity(Path(place)))
        subfolders[:] = [each for each in subfolders if _identity(Path(place, each)) not in visited]
        for file in files:
            if is_log_by_name(file):
                yield Path(place, file)


def is_folder(path: Path) -> bool:
    """Tell whether a path leads to a folder; no for one that cannot be looked at."""
    try:
        return path.is_dir()
    except OSError:  # no right to look, or a name too long for any file
        return False


def _identity(path: Path) -> tuple[int, int] | Path:
    """Tell files apart, whatever path leads to them."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return path.absolute()
    return status.st_dev, status.st_ino


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
