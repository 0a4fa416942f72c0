"""The records of one chunk as JSON: all at once where the chunk is sound, and what can be saved where it is not."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator, Sequence
from io import BytesIO
from threading import Lock
from typing import Any
from zlib import crc32

from logonbell.sources.chunks import (
    CHUNK_HEADER_SIZE,
    CHUNK_MAGIC,
    CHUNK_SIZE,
    FILE_HEADER_SIZE,
    RECORD_MAGIC,
    ChunkHead,
    RecordHead,
    record_at,
)

_HEADER = struct.pack("<8sQQQIHHHH76x", b"ElfFile\0", 0, 0, 2, 128, 1, 3, FILE_HEADER_SIZE, 1)
_FILE_HEADER = (_HEADER + struct.pack("<II", 0, crc32(_HEADER))).ljust(FILE_HEADER_SIZE, b"\0")
_EMPTY_FRAGMENT = b"\x0f\x01\x01\x00\x00"
_filters = Lock()


def render(chunk: bytes, head: ChunkHead) -> list[str] | None:
    """Give every record of a sound chunk.

    None where the chunk's checksums are wrong, a record cannot be rendered, or the records are not those that the
    header counts.
    """
    log_of = parser()
    texts: list[str] = []
    number = 0
    log = BytesIO(_FILE_HEADER + chunk)
    try:
        records: Iterator[Any] = log_of(log, validate_checksums=True).records_json()
        for record in records:
            texts.append(record["data"])
            number = record["event_record_id"]
    except RuntimeError:
        return None
    if len(texts) != head.last - head.first + 1 or number != head.last:
        return None
    last = record_at(chunk, head.last_offset)
    if last is None or last.number != head.last or last.end != head.free:
        return None
    return texts


def salvage(chunk: bytes, records: Sequence[RecordHead]) -> list[str | None]:
    """Render the whole ``records`` of a damaged chunk (in its order); None for each that cannot be.

    The damaged parts between them are bridged by records without content, as the package gives up at the first byte
    that is no record. Their own bytes stay where they are but for the first 29, as templates may be defined there.
    """
    if not records:
        return []
    bridged = bytearray(chunk.ljust(CHUNK_SIZE, b"\0"))
    at = CHUNK_HEADER_SIZE
    for record in records:
        if record.offset > at:
            gap = record.offset - at
            struct.pack_into("<4sIQQ5s", bridged, at, RECORD_MAGIC, gap, 0, 0, _EMPTY_FRAGMENT)
        at = record.end
    struct.pack_into(
        "<8sQQQQIIII", bridged, 0, CHUNK_MAGIC, 1, 1, 1, (1 << 64) - 1, 128, records[-1].offset, at, 0
    )
    rendered = iter(_render_what_can_be(bytes(bridged)))
    texts: list[str | None] = []
    number, text = next(rendered, (None, None))
    for record in records:
        while number == 0:
            number, text = next(rendered, (None, None))
        if number == record.number:
            texts.append(text)
            number, text = next(rendered, (None, None))
        else:
            texts.append(None)
    return texts


def _render_what_can_be(chunk: bytes) -> list[tuple[int, str]]:
    log_of = parser()
    log = BytesIO(_FILE_HEADER + chunk)
    # The package tells of each damaged record by a warning; the filters are the process's, so one thread at a time.
    with _filters, warnings.catch_warnings(record=True):
        warnings.simplefilter("always", RuntimeWarning)
        try:
            reading = log_of(log, skip_errors=True)
            records: list[Any] = list(reading.records_json())
        except RuntimeError:
            return []
    return [(record["event_record_id"], record["data"]) for record in records]


def parser() -> Any:
    """Give the package's parser, which is loaded when the first file is read: who follows the live log reads none."""
    from evtx import PyEvtxParser  # noqa: PLC0415

    return PyEvtxParser
