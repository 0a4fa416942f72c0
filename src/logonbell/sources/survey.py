"""What stands where in an EVTX file, told from its headers alone, in the order in which it was written.

A log of fixed size is a ring of chunks, so the order of the file is not the order of its records. Neither is the
file's own header to be trusted: in a live log it is late by hours.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from itertools import groupby
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from logonbell.errors import Refused
from logonbell.sentence import say
from logonbell.sources.chunks import (
    CHUNK_HEADER_SIZE,
    CHUNK_MAGIC,
    CHUNK_SIZE,
    FILE_HEADER_SIZE,
    RECORD_MAGIC,
    head_of,
    whole_records,
)

_FILE_MAGIC = b"ElfFile\0"
_PEEK = CHUNK_HEADER_SIZE + 24
_TRIES = 4
_NOTHING = bytes(CHUNK_SIZE)


class Chunk(NamedTuple):
    """One chunk: its place in the file (0 is the first), its records' numbers, the time of its first record.

    ``time`` counts 100 ns since 1601; 0 where no record of it is whole.
    """

    place: int
    first: int
    last: int
    time: int


@dataclass(frozen=True, slots=True)
class Survey:
    """The chunks in the order in which they were written, and what is odd about the file.

    ``runs`` hold the same chunks: within a run the numbers go on without a gap. ``spoilt`` are places where
    something stands that is no chunk, or zeros where records are missing. ``promised`` is the newest number that the
    file's own header counts (0: none). ``identity`` is the same while the path leads to the same file.
    """

    runs: Sequence[Sequence[Chunk]]
    spoilt: Sequence[int]
    promised: int
    size: int
    identity: tuple[int, int]

    @property
    def chunks(self) -> list[Chunk]:
        """All chunks, in the order in which they were written."""
        return [chunk for run in self.runs for chunk in run]

    @property
    def _shape(self) -> object:
        """What stays the same while records are added to the newest chunk."""
        ends = [(run[0].first, run[-1].last) for run in self.runs[:-1]]
        return ends, [run[0].first for run in self.runs[-1:]], self.spoilt


class LogFile:
    """An EVTX file, open for reading."""

    def __init__(self, file: FileIO, header: bytes) -> None:
        self._file = file
        self.header = header
        status = os.fstat(file.fileno())
        self.identity = (status.st_dev, status.st_ino)

    @property
    def size(self) -> int:
        """How many bytes there are now."""
        return os.fstat(self._file.fileno()).st_size

    def chunk(self, place: int) -> bytes:
        """Read one chunk; shorter where the file ends within it."""
        return self.read(FILE_HEADER_SIZE + place * CHUNK_SIZE, CHUNK_SIZE)

    def read(self, at: int, size: int) -> bytes:
        """Read ``size`` bytes, fewer only where the file ends."""
        self._file.seek(at)
        data = self._file.read(size)
        while 0 < len(data) < size and (more := self._file.read(size - len(data))):
            data += more
        return data


@contextmanager
def opened(path: Path) -> Iterator[LogFile]:
    """Open a log. Raises ``Refused`` for what is none, cannot be read, or stops being readable on the way."""
    name = shown(path)
    if "\0" in name:
        raise no_file(name)
    try:
        # Looked at before it is opened: to open a pipe is to wait for its writer.
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise Refused(
                say("{path} is a folder, not a log.", path=name), say("Name a file that ends in .evtx.")
            )
        if not stat.S_ISREG(mode):
            raise Refused(
                say("{path} is not a regular file.", path=name), say("Name a file that ends in .evtx.")
            )
        with path.open("rb", buffering=0) as file:
            yield LogFile(file, _file_header(file, name))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise no_file(name) from error
    except PermissionError as error:
        raise Refused(
            say("{path} may not be read.", path=name),
            say("Run as a user who may read it, or give this user the right to."),
        ) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Refused(
            say("{path} could not be read ({reason}).", path=name, reason=reason),
            say("Copy the log to a local disk and read the copy."),
        ) from error


def survey(log: LogFile) -> Survey | None:
    """Look at all headers; None while a writer changes them faster than they can be looked at.

    A writer may finish a chunk behind our back and begin another that we do see; then a chunk looks as if it were
    missing. So what looks like a hole counts only when a second look finds the same.
    """
    found = _look(log)
    for _ in range(_TRIES):
        if len(found.runs) < 2 and not found.spoilt:
            return found
        again = _look(log)
        if again._shape == found._shape:  # noqa: SLF001 - its own kind
            return again
        found = again
    return None


def shown(path: Path) -> str:
    """Give a path as text that every store and terminal can hold."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _file_header(file: FileIO, name: str) -> bytes:
    header = file.read(FILE_HEADER_SIZE) or b""
    if not header:
        raise Refused(say("{path} is empty.", path=name), say("Export or copy the log again."))
    if not header.startswith(_FILE_MAGIC[: len(header)]):
        raise Refused(
            say("{path} is not an EVTX file.", path=name),
            say(
                "Name an event log of Windows, which begins with the letters ElfFile, or of Linux a file as auth.log or secure,"
                " or what journalctl -o json wrote."
            ),
        )
    if len(header) < FILE_HEADER_SIZE:
        raise cut_off(name)
    return header


def no_file(name: str) -> Refused:
    """Say that nothing stands at a path."""
    return Refused(say("There is no file {path}.", path=name), say("Check the path for a slip of the pen."))


def cut_off(name: str) -> Refused:
    """Say that a file ends before its first record."""
    return Refused(
        say("{path} is cut off before its first record.", path=name), say("Export or copy the log again.")
    )


def _look(log: LogFile) -> Survey:
    size = log.size
    chunks: list[Chunk] = []
    zeroed: list[int] = []
    spoilt: list[int] = []
    for place in range(-(-(size - FILE_HEADER_SIZE) // CHUNK_SIZE)):
        found = _look_at(log, place)
        if isinstance(found, Chunk):
            chunks.append(found)
        elif found is not None:
            (spoilt if found else zeroed).append(place)
    holes = _holes(chunks, zeroed)
    return Survey(_runs(chunks), sorted(spoilt + holes), _promised(log.header), size, log.identity)


def _look_at(log: LogFile, place: int) -> Chunk | bool | None:
    """Give the chunk; else True for something that is none, False for zeros, None for a chunk without records."""
    data = log.read(FILE_HEADER_SIZE + place * CHUNK_SIZE, _PEEK)
    head = head_of(data)
    if head:
        magic, number, time = struct.unpack_from("<4s4xQQ", data.ljust(_PEEK, b"\0"), CHUNK_HEADER_SIZE)
        if magic == RECORD_MAGIC and number == head.first:
            return Chunk(place, head.first, head.last, time)
    data = log.chunk(place)
    if _zeros(data):
        return False
    if head is None and data.startswith(CHUNK_MAGIC) and _zeros(data[CHUNK_HEADER_SIZE:]):
        return None
    records = whole_records(data, head)
    if head:
        return Chunk(place, head.first, head.last, records[0].time if records else 0)
    if records:
        return Chunk(place, records[0].number, max(record.number for record in records), records[0].time)
    return True


def _zeros(data: bytes) -> bool:
    return data == _NOTHING[: len(data)]


def _holes(chunks: Sequence[Chunk], zeroed: Sequence[int]) -> list[int]:
    """Give the zeroed places in front of which or behind which records are missing.

    Zeros behind the last chunk are space that was never used.
    """
    used = {chunk.place: chunk for chunk in chunks}
    holes = []
    for _, group in groupby(enumerate(zeroed), key=lambda item: item[1] - item[0]):
        places = [place for _, place in group]
        before, after = used.get(places[0] - 1), used.get(places[-1] + 1)
        if after and not (before and before.last + 1 == after.first):
            holes += places
    return holes


def _runs(chunks: list[Chunk]) -> list[list[Chunk]]:
    """Order chunks by their numbers, and part them where numbers are missing or come twice."""
    runs: list[list[Chunk]] = []
    for chunk in sorted(chunks, key=lambda chunk: (chunk.first, chunk.place)):
        if runs and runs[-1][-1].last + 1 == chunk.first:
            runs[-1].append(chunk)
        else:
            runs.append([chunk])
    return runs


def _promised(header: bytes) -> int:
    (following,) = struct.unpack_from("<Q", header, 24)
    sound = crc32(header[:120]) == struct.unpack_from("<I", header, 124)[0]
    return following - 1 if sound and 0 < following < 1 << 63 else 0
