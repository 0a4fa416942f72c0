"""Event log files, written as Windows writes them, also while others read."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self
from zlib import crc32

from logonbell.event import Event
from logonbell.simulate.binxml import Tables, filetime
from logonbell.simulate.record import Record, Shape, shape_of, too_large

FILE_HEADER_SIZE = 4096
CHUNK_SIZE = 65536
CHUNK_HEADER_SIZE = 512
RECORD_HEADER_SIZE = 24
RECORD_SIGNATURE = b"**\0\0"

Body = Callable[[Tables, int], bytes]
"""Gives a record's binary XML for an offset of the chunk that the tables belong to."""

_NO_RECORD = 0xFFFFFFFFFFFFFFFF
_DIRTY = 1


class EvtxFile:
    """A log being written: each ``append`` leaves a file that another process can read at any moment.

    A reader that goes from chunk to chunk meanwhile can find a chunk younger than what it read of the one before it,
    and so miss the end of the earlier one until it reads again: chunks are not written in one step with each other.

    ``dirty`` marks the file as a live log until it is closed. With ``stale_header`` the file header stays until then
    as it was at the beginning, as Windows leaves it for hours. With ``exported`` the headers count records from 1,
    whatever their record ids, as in some exported logs. A file that is there is replaced.

    ``append`` raises ``ValueError`` for an event that no log can hold; what came before it is in the file.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        first_record_id: int = 1,
        dirty: bool = True,
        stale_header: bool = False,
        exported: bool = False,
    ) -> None:
        self._file = Path(path).open("wb")  # noqa: SIM115 - it stays open while the log grows
        self._open_flags = _DIRTY if dirty else 0
        self._stale_header = stale_header
        self._exported = exported
        self._next_record_id = first_record_id
        self._next_number = 1 if exported else first_record_id
        self._shapes: dict[tuple[object, ...], Shape] = {}
        self._chunk = _Chunk(0)
        self._put_chunk()
        self._put_header(self._open_flags)

    def append(self, *events: Event | Record) -> None:
        """Write events behind the others. Record ids ascend; they may leave gaps."""
        try:
            for event in events:
                self._add(event)
        finally:
            self._put_chunk()
            if not self._stale_header:
                self._put_header(self._open_flags)

    def close(self) -> None:
        """Leave the file as a log that was closed in order."""
        if not self._file.closed:
            self._put_header(flags=0)
            self._file.close()

    def abandon(self) -> None:
        """Stop as a machine that lost its power: the file header stays as it is."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _add(self, item: Event | Record) -> None:
        event, ticks = (item.event, item.ticks) if isinstance(item, Record) else (item, 0)
        if event.record_id < self._next_record_id:
            raise ValueError(
                f"Record ids ascend: {event.record_id} cannot follow {self._next_record_id - 1}."
            )
        number = self._next_number if self._exported else event.record_id
        try:
            time = filetime(event.time, ticks)
            if isinstance(item, Record):
                self._put_record(number, event, time, item.write)
            else:
                self._put_record(number, event, time, partial(self._shape(event).write, event, time))
        except OverflowError as error:
            raise ValueError(f"A number of record {event.record_id} is out of its range.") from error
        self._next_record_id = event.record_id + 1
        self._next_number = number + 1

    def _put_record(self, number: int, event: Event, time: bytes, write: Body) -> None:
        if self._chunk.add(number, event.record_id, time, write):
            return
        chunk = _Chunk(self._chunk.index + 1)
        if not chunk.add(number, event.record_id, time, write):
            raise too_large(event)
        self._put_chunk()
        self._chunk = chunk

    def _shape(self, event: Event) -> Shape:
        key = (event.provider, event.event_id, event.channel, event.host, event.sid, *event.fields)
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._shapes[key] = shape_of(Record(event))
        return shape

    def _put_chunk(self) -> None:
        """Write the records first, then the header that makes them known."""
        chunk = self._chunk
        at = FILE_HEADER_SIZE + chunk.index * CHUNK_SIZE
        if chunk.untouched:
            self._file.truncate(at + CHUNK_SIZE)
        start, records = chunk.take_new()
        self._put(at + start, records)
        self._put(at, chunk.header())

    def _put_header(self, flags: int) -> None:
        header = struct.pack(
            "<8sQQQIHHHH76xI",
            b"ElfFile\0",
            0,
            self._chunk.index,
            self._next_number,
            128,
            1,
            3,
            FILE_HEADER_SIZE,
            self._chunk.index + 1,
            flags,
        )
        self._put(0, header + struct.pack("<I", crc32(header[:120])))

    def _put(self, at: int, data: bytes) -> None:
        self._file.seek(at)
        self._file.write(data)
        self._file.flush()


class _Chunk:
    """64 KiB of a log: records one behind the other, and the header that finds them."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.untouched = True
        self._tables = Tables()
        self._free = CHUNK_HEADER_SIZE
        self._new = bytearray()
        self._checksum = 0
        self._first: tuple[int, int] | None = None
        self._last = (_NO_RECORD, _NO_RECORD)
        self._last_offset = 0

    def add(self, number: int, record_id: int, time: bytes, write: Callable[[Tables, int], bytes]) -> bool:
        """Take one record; False where it does not fit, and nothing is changed then."""
        at = self._free
        try:
            body = write(self._tables, at + RECORD_HEADER_SIZE)
        except BaseException:
            self._tables.forget_behind(at)
            raise
        size = (RECORD_HEADER_SIZE + len(body) + 4 + 7) // 8 * 8
        if at + size > CHUNK_SIZE:
            self._tables.forget_behind(at)
            return False
        self._new += struct.pack("<4sIQ8s", RECORD_SIGNATURE, size, number, time)
        self._new += body
        self._new += bytes(size - RECORD_HEADER_SIZE - len(body) - 4)
        self._new += size.to_bytes(4, "little")
        self._first = self._first or (number, record_id)
        self._last = (number, record_id)
        self._last_offset = at
        self._free = at + size
        return True

    def take_new(self) -> tuple[int, bytes]:
        """Give the records that were not taken yet, and the offset at which they belong."""
        records = bytes(self._new)
        self._new.clear()
        self._checksum = crc32(records, self._checksum)
        self.untouched = False
        return self._free - len(records), records

    def header(self) -> bytes:
        """Give the header with both checksums; an empty chunk's is as Windows writes it."""
        first_number, first_id = self._first or (1, _NO_RECORD)
        last_number, last_id = self._last
        head = struct.pack(
            "<8sQQQQIIII64xI",
            b"ElfChnk\0",
            first_number,
            last_number,
            first_id,
            last_id,
            128,
            self._last_offset,
            self._free,
            self._checksum,
            1,
        )
        tables = struct.pack("<64I32I", *self._tables.name_heads, *self._tables.template_heads)
        return head + struct.pack("<I", crc32(tables, crc32(head[:120]))) + tables


def write_evtx(path: Path | str, events: Iterable[Event | Record]) -> None:
    """Write a closed log with all of ``events``."""
    rest = iter(events)
    with EvtxFile(path) as log:
        while batch := tuple(islice(rest, 10_000)):
            log.append(*batch)


def write_logs(folder: Path | str, events: Iterable[Event]) -> list[Path]:
    """Write a closed log for each channel, named as Windows names it, and give the paths."""
    channels: dict[str, list[Event]] = {}
    for event in events:
        channels.setdefault(event.channel, []).append(event)
    paths = []
    for channel, written in channels.items():
        path = Path(folder) / f"{channel.replace('/', '%4')}.evtx"
        write_evtx(path, written)
        paths.append(path)
    return paths
