"""Logs replayed through ``watch``: copies that grow piece by piece, cut anywhere, read by an agent that is stopped and started.

What a log is in the end, it becomes as Windows writes it: chunk by chunk, record by record, each chunk with the header that
goes with what it holds so far. Now and then a record stands there only in part.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zlib import crc32

from fakes import FakeClock, FakeNotifier, Told
from logonbell.agent import Watcher
from logonbell.commands.past import host_beside
from logonbell.judge import Judge
from logonbell.logon import Finding
from logonbell.recognise.noise import HALLMARKS
from logonbell.recognise.windows import WANTED
from logonbell.rule import Rules
from logonbell.source import Batch, Source
from logonbell.sources.chunks import CHUNK_SIZE, FILE_HEADER_SIZE, head_of, whole_records
from logonbell.sources.evtx import EvtxSource
from logonbell.sources.history import find_logs, is_folder
from logonbell.sources.survey import opened, survey
from logonbell.ssm.past import SsmPast, find_ssm_folders
from logonbell.store.history import Kept
from logonbell.store.outbox import Outbox

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
LATER = timedelta(minutes=20)
"""So long after the last record everything is told that can be."""
_EVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass
class Growing:
    """A log that becomes, in ``path``, what ``original`` is; by then ``written`` of its ``records`` (chunk, end, time) are."""

    original: Path
    path: Path
    records: list[tuple[int, int, datetime]] = field(default_factory=list)
    written: int = 0

    def __post_init__(self) -> None:
        """Look what there is to write; an empty log is there from the start."""
        with opened(self.original) as log:
            found = survey(log)
            assert found is not None
            self._header = log.header
            self._chunks = [log.chunk(chunk.place) for chunk in found.chunks]
        for number, data in enumerate(self._chunks):
            for record in whole_records(data, head_of(data)):
                self.records.append((number, record.end, _EPOCH + timedelta(microseconds=record.time // 10)))
        self._write(0, b"")

    def grow(self, until: datetime, random: Random) -> None:
        """Write what was written by a time; perhaps the beginning of the next record as well."""
        while self.written < len(self.records) and self.records[self.written][2] <= until:
            self.written += 1
        if not self.written:
            return
        chunk, end, _ = self.records[self.written - 1]
        behind = self.records[self.written][:2] if self.written < len(self.records) else (chunk + 1, 0)
        data = self._chunks[chunk]
        if behind[0] == chunk:
            torn = random.randrange(behind[1] - end) if random.random() < 0.3 else 0
            data = _so_far(data, end, torn)
        self._write(chunk, data)

    def _write(self, number: int, data: bytes) -> None:
        whole = b"".join([self._header, *self._chunks[:number], data])
        self.path.write_bytes(whole.ljust(FILE_HEADER_SIZE + CHUNK_SIZE, b"\0"))


def _so_far(chunk: bytes, end: int, torn: int) -> bytes:
    """Give a chunk as it was when its record that ends at ``end`` was the last; of the next one ``torn`` bytes stand there."""
    head, data = head_of(chunk), bytearray(chunk)
    data[end + torn :] = bytes(len(chunk) - end - torn)
    if head is None or end > head.free:
        return bytes(data)
    last = next(record for record in whole_records(chunk, head) if record.end == end)
    behind = head.last - last.number
    (_, _, number, _, record_id) = struct.unpack_from("<8sQQQQ", data)
    struct.pack_into("<Q", data, 16, number - behind)
    struct.pack_into("<Q", data, 32, record_id - behind)
    struct.pack_into("<III", data, 44, last.offset, end, crc32(data[512:end]))
    for at in range(128, 512, 4):
        if struct.unpack_from("<I", data, at)[0] >= end:
            struct.pack_into("<I", data, at, 0)  # a name or a template that is not written yet
    struct.pack_into("<I", data, 124, crc32(data[128:512], crc32(data[:120])))
    return bytes(data)


class SessionsSoFar:
    """The sessions that a copy of the agent's folders tells, each event when its time has come."""

    def __init__(self, past: SsmPast, clock: Callable[[], datetime]) -> None:
        self._past, self._clock = past, clock

    @property
    def name(self) -> str:
        """The copy's key."""
        return self._past.name

    def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
        """Give what has happened by now behind ``bookmark``."""
        start = int(bookmark or 0)
        events = [event for event in self._past.read(None).events if event.time <= self._clock()]
        given = events[start:][:limit]
        end = start + len(given)
        return Batch(given, str(end), records=len(given), more=end < len(events))


@dataclass
class Replay:
    """One reading of logs through ``watch``, by chance: ``pieces`` is about how often they are looked at while they grow."""

    paths: Sequence[Path]
    folder: Path
    random: Random
    pieces: int = 40
    stops: float = 0.2
    _clock: FakeClock = field(default_factory=FakeClock)

    def findings(self) -> list[Finding]:
        """Let the logs grow to their ends, watched, and give the history."""
        logs = [
            Growing(original, self.folder / f"{number}.evtx")
            for number, original in enumerate(find_logs(self.paths).files if self._has_logs() else [])
        ]
        moments = self._moments(logs)
        watcher: Watcher | None = None
        try:
            for moment in moments:
                self._clock.pass_((moment - self._clock.now).total_seconds())
                for log in logs:
                    log.grow(moment, self.random)
                if watcher is None or self.random.random() < self.stops:
                    watcher = self._started(watcher, logs)
                self._look(watcher)
            assert watcher is not None
            return [row.finding for row in watcher.outbox.history.between(*_EVER) if isinstance(row, Kept)]
        finally:
            if watcher is not None:
                watcher.outbox.close()

    def _has_logs(self) -> bool:
        return any(not is_folder(path) or any(path.rglob("*.[eE][vV][tT][xX]")) for path in self.paths)

    def _moments(self, logs: Sequence[Growing]) -> list[datetime]:
        """Choose when the agent looks: at the times of records, just before and after some, and at the end."""
        times = [time for log in logs for _, _, time in log.records]
        for past in self._pasts():
            times += [event.time for event in past.read(None).events]
        chosen = self.random.sample(times, min(len(times), self.pieces))
        moments = [time + timedelta(milliseconds=self.random.choice((-1, 0, 0, 1, 350))) for time in chosen]
        end = max(times)
        return [*sorted(time for time in moments if time < end), end, end, end + LATER, end + LATER]

    def _started(self, before: Watcher | None, logs: Sequence[Growing]) -> Watcher:
        if before is not None:
            before.outbox.close()
        outbox = Outbox.open(self.folder / "state", now=self._clock.now)
        sources: list[Source] = [EvtxSource(log.path, wanted=WANTED, noise=HALLMARKS) for log in logs]
        sources += [SessionsSoFar(past, self._clock) for past in self._pasts()]
        return Watcher(
            sources, Judge(Rules()), outbox, [FakeNotifier().name], self._clock, Told(), self._clock.elapsed
        )

    def _pasts(self) -> list[SsmPast]:
        folders = [path for path in self.paths if is_folder(path)]
        return [SsmPast(each, host=host_beside(each, self.paths)) for each in find_ssm_folders(folders)]

    def _look(self, watcher: Watcher) -> None:
        while watcher.look().more:
            pass
