"""What happens to log files: chunks and records that readers must survive."""

from __future__ import annotations

import struct
from pathlib import Path

from logonbell.simulate.evtx import CHUNK_HEADER_SIZE, CHUNK_SIZE, FILE_HEADER_SIZE, RECORD_HEADER_SIZE


def spoil_chunk(path: Path, index: int) -> None:
    """Overwrite the signature of a chunk (0 is the first); negative indices count from the end."""
    _overwrite(path, _chunk_at(path, index), b"Spoilt!\0")


def zero_chunk(path: Path, index: int) -> None:
    """Fill a chunk with zeros, as a machine leaves it that lost its power."""
    _overwrite(path, _chunk_at(path, index), bytes(CHUNK_SIZE))


def cut_last_chunk(path: Path, keep: int) -> None:
    """Cut the file so that ``keep`` bytes of its last chunk are left."""
    with path.open("r+b") as file:
        file.truncate(_chunk_at(path, -1) + keep)


def spoil_record(path: Path, index: int, place: int = 0) -> None:
    """Overwrite the beginning of the binary XML of the record at ``place`` in a chunk; its header stays."""
    chunk = _chunk_at(path, index)
    data = path.read_bytes()
    at = chunk + CHUNK_HEADER_SIZE
    for _ in range(place):
        (size,) = struct.unpack_from("<I", data, at + 4)
        at += size
    _overwrite(path, at + RECORD_HEADER_SIZE, b"\xff" * 8)


def _chunk_at(path: Path, index: int) -> int:
    count = (path.stat().st_size - FILE_HEADER_SIZE) // CHUNK_SIZE
    if not -count <= index < count:
        raise IndexError(f"{path} has {count} chunks, none of them is {index}.")
    return FILE_HEADER_SIZE + index % count * CHUNK_SIZE


def _overwrite(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)
