"""The parts of an EVTX file as bytes: chunks of 64 KiB, what their headers claim, and the records that are whole.

The layout is the one that libevtx documents ("Windows XML Event Log (EVTX)", Joachim Metz).
"""

from __future__ import annotations

import struct
from typing import NamedTuple
from zlib import crc32

FILE_HEADER_SIZE = 4096
CHUNK_SIZE = 65536
CHUNK_HEADER_SIZE = 512
CHUNK_MAGIC = b"ElfChnk\0"
RECORD_MAGIC = b"**\0\0"
_LEAST_RECORD = 28
_ALIGNMENT = 8
_RECORD = struct.Struct("<4sIQQ")
_HEAD = struct.Struct("<8sQQQQIIII")


class RecordHead(NamedTuple):
    """A record's place in its chunk, and its header. ``time`` counts 100 ns since 1601."""

    offset: int
    size: int
    number: int
    time: int

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.offset + self.size


class ChunkHead(NamedTuple):
    """What a chunk's header claims: its records' numbers, and where the last one and the free space begin."""

    first: int
    last: int
    last_offset: int
    free: int


def head_of(chunk: bytes) -> ChunkHead | None:
    """Read a chunk's header; None where it claims no records, or what cannot be.

    It counts twice, by number and by id. What counts here is what its first record has in its own header: the id,
    but for some exported logs.
    """
    if len(chunk) < CHUNK_HEADER_SIZE:
        return None
    magic, first_number, last_number, first, last, _, last_offset, free, _ = _HEAD.unpack_from(chunk)
    if chunk[CHUNK_HEADER_SIZE + 8 : CHUNK_HEADER_SIZE + 16] == first_number.to_bytes(8, "little"):
        first, last = first_number, last_number
    sound = (
        magic == CHUNK_MAGIC
        and 0 < first <= last < 1 << 63
        and last - first < CHUNK_SIZE // _LEAST_RECORD
        and CHUNK_HEADER_SIZE <= last_offset < free <= CHUNK_SIZE
    )
    return ChunkHead(first, last, last_offset, free) if sound else None


def checksums_match(chunk: bytes) -> bool:
    """Tell whether header and records are what the header's two checksums were made of."""
    *_, free, records = _HEAD.unpack_from(chunk)
    (header,) = struct.unpack_from("<I", chunk, 124)
    view = memoryview(chunk)
    return bool(
        crc32(view[128:512], crc32(view[:120])) == header and crc32(view[CHUNK_HEADER_SIZE:free]) == records
    )


def record_at(chunk: bytes, offset: int) -> RecordHead | None:
    """Give the record that begins at ``offset``; None unless it is whole: its size stands at both of its ends."""
    if offset < CHUNK_HEADER_SIZE or offset + _LEAST_RECORD > len(chunk):
        return None
    magic, size, number, time = _RECORD.unpack_from(chunk, offset)
    end = offset + size
    if magic != RECORD_MAGIC or size < _LEAST_RECORD or end > len(chunk) or not 0 < number < 1 << 63:
        return None
    if int.from_bytes(chunk[end - 4 : end], "little") != size:
        return None
    return RecordHead(offset, size, number, time)


def whole_records(chunk: bytes, head: ChunkHead | None) -> list[RecordHead]:
    """Give every whole record of a chunk, also those behind a damaged part.

    Behind the free space that ``head`` claims, only records count that go on with the next number: a live log's
    header is late, but a used chunk also keeps what stood there before. Without a head all count.
    """
    end = head.free if head else len(chunk)
    records: list[RecordHead] = []
    at = CHUNK_HEADER_SIZE
    while 0 <= at < end:
        record = record_at(chunk, at)
        if record is None:
            at = _next_magic(chunk, at)
        else:
            records.append(record)
            at = record.end
    return records + following(chunk, records[-1]) if head and records else records


def following(chunk: bytes, record: RecordHead) -> list[RecordHead]:
    """Give the whole records that stand right behind ``record`` with the next numbers."""
    records: list[RecordHead] = []
    while (after := record_at(chunk, record.end)) is not None and after.number == record.number + 1:
        records.append(after)
        record = after
    return records


def _next_magic(chunk: bytes, at: int) -> int:
    at = chunk.find(RECORD_MAGIC, at + 1)
    while at >= 0 and at % _ALIGNMENT:
        at = chunk.find(RECORD_MAGIC, at + 1)
    return at
