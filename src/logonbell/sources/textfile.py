"""A log of lines as a file: as it grows, or compressed by what rotates it."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import stat
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import BinaryIO, cast
from zlib import crc32

from logonbell.errors import Refused
from logonbell.sentence import say
from logonbell.sources.survey import no_file, shown

ENDINGS = (".gz", ".bz2", ".xz")
"""What is read of what logrotate and its like compress with; zstd is told."""
_GZIP, _BZIP2, _XZ, _ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"
_OPENERS: dict[bytes, Callable[[FileIO], object]] = {
    _GZIP: lambda file: gzip.GzipFile(fileobj=file),
    _BZIP2: bz2.BZ2File,
    _XZ: lzma.LZMAFile,
}
_SPOILT = (OSError, EOFError, zlib.error, lzma.LZMAError)


class SpoiltError(Exception):
    """What is compressed cannot be unpacked (to its end)."""


class TextFile:
    """A log of lines, open for reading. ``key`` is the same as long as a path leads to the same file.

    Raises ``Refused`` for what is no file, may not be read, or is compressed in a way that is not known here.
    """

    def __init__(self, path: Path) -> None:
        name = shown(path)
        try:
            # Looked at before it is opened: to open a pipe is to wait for its writer.
            if not stat.S_ISREG(path.stat().st_mode):
                raise Refused(
                    say("{path} is not a regular file.", path=name),
                    say("Name a log file, or a folder of them."),
                )
            self._file = path.open("rb", buffering=0)
        except (FileNotFoundError, NotADirectoryError, ValueError) as error:
            raise no_file(name) from error
        except PermissionError as error:
            raise Refused(
                say("{path} may not be read.", path=name),
                say("Run as a user who may read it, or give this user the right to."),
            ) from error
        except OSError as error:
            raise Refused(
                say("{path} could not be read ({reason}).", path=name, reason=error.strerror or "?"),
                say("Copy the log to a local disk and read the copy."),
            ) from error
        status = os.fstat(self._file.fileno())
        self.path = path
        self.key = (status.st_dev, status.st_ino)
        magic = self._file.read(8) or b""
        if magic.startswith(_ZSTD):
            self._file.close()
            raise Refused(
                say("{path} is compressed with zstd, which is not read.", path=name),
                say("Unpack it first: unzstd {path}", path=name),
            )
        opener = next((opener for mark, opener in _OPENERS.items() if magic.startswith(mark)), None)
        self.compressed = opener is not None
        self.written = _written(magic, status.st_mtime)
        self._file.seek(0)
        self._last = 0, b""
        self.bytes = cast(BinaryIO, self._file if opener is None else opener(self._file))

    @property
    def size(self) -> int | None:
        """How many bytes there are now; None where only unpacking would tell."""
        return None if self.compressed else os.fstat(self._file.fileno()).st_size

    @property
    def state(self) -> tuple[int, int]:
        """What is another one when something was written to it."""
        status = os.fstat(self._file.fileno())
        return status.st_size, status.st_mtime_ns

    @property
    def progress(self) -> float:
        """How much of the file was read, as far as the reading stands: 0 to 1."""
        size = os.fstat(self._file.fileno()).st_size
        return min(1.0, self._file.tell() / size) if size else 1.0

    def read(self, at: int, size: int) -> bytes:
        """Read ``size`` bytes of the text, fewer only where it ends. Raises ``SpoiltError``."""
        data = b""
        if self.compressed:
            # To go back in what is compressed is to unpack it from its beginning.
            begins, last = self._last
            if begins <= at <= begins + len(last):
                data = last[at - begins : at - begins + size]
        try:
            if len(data) < size:
                self.bytes.seek(at + len(data))
                if self.bytes.tell() != at + len(data):
                    return data  # what is compressed ends before
            while len(data) < size and (more := self.bytes.read(size - len(data))):
                data += more
        except _SPOILT as error:
            raise SpoiltError(str(error)) from error
        if self.compressed:
            self._last = at, data
        return data

    def holds(self, at: int, size: int, checksum: int) -> bool:
        """Tell whether these bytes have this checksum (CRC-32)."""
        try:
            data = self.read(at, size)
        except SpoiltError:
            return False
        return len(data) == size and crc32(data) == checksum

    def close(self) -> None:
        """Let it go."""
        self.bytes.close()
        self._file.close()

    def __del__(self) -> None:
        """Let it go with whoever read it: a reading that is broken off tells nobody."""
        if hasattr(self, "bytes"):
            self.close()


def _written(magic: bytes, changed: float) -> datetime:
    """Tell when it was last written: gzip notes when what it packed was (RFC 1952)."""
    noted = int.from_bytes(magic[4:8], "little") if magic.startswith(_GZIP) else 0
    try:
        return datetime.fromtimestamp(noted or changed, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
