"""What kind of log a file is, told from its name and from what stands in it, and what reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from logonbell.errors import Refused
from logonbell.hallmark import Hallmarks
from logonbell.sentence import say
from logonbell.sigma.wanted import Ids
from logonbell.source import Batch
from logonbell.sources.authlog import AuthLog
from logonbell.sources.evtx import EvtxSource
from logonbell.sources.export import JournalExport
from logonbell.sources.rotation import plain_name
from logonbell.sources.survey import shown
from logonbell.sources.syslog import line_of
from logonbell.sources.textfile import SpoiltError, TextFile

_AUTH = re.compile(r"(?:auth\.log|secure)(?:[.-].*)?")
_JOURNAL = re.compile(r".*journal.*\.(?:jsonl?|export|txt|log)", re.IGNORECASE)
_EVTX, _BINARY_JOURNAL = b"ElfFile\0", b"LPKSHHRH"
_HEAD = 1 << 16
_LINES = 20
"""So many lines at the beginning may be none of a log, as where the oldest line was cut off."""


class Reader(Protocol):
    """What reads one finished log. See ``Source``; it has no name, since nothing of it is kept."""

    path: Path

    @property
    def progress(self) -> float:
        """How much of the file is read: 0 to 1."""
        ...

    def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
        """See ``Source.read``."""
        ...


def is_log_by_name(name: str) -> bool:
    """Tell whether a file in a folder is taken for a log: by its ending, or by the name that Linux gives it."""
    if name.lower().endswith(".evtx") or _AUTH.fullmatch(name):
        return True
    return _JOURNAL.fullmatch(plain_name(Path(name))) is not None


def reader_of(path: Path, *, wanted: Mapping[str, Ids] | None, noise: Hallmarks) -> Reader:
    """Give what reads a log. A file that is none is given to the reader of EVTX files, which says what is wrong.

    Raises ``Refused`` for a log that is known, and not read.
    """
    head = _head_of(path)
    if head is None or head.startswith(_EVTX):
        return EvtxSource(path, wanted=wanted, noise=noise, finished=True)
    if head.startswith(_BINARY_JOURNAL):
        raise Refused(
            say("{path} is a journal as systemd keeps it, which only journalctl reads.", path=shown(path)),
            say(
                "Export it, and read that: journalctl -o json --file {path} > journal.json", path=shown(path)
            ),
        )
    if head.lstrip().startswith(b"{") and b'"__REALTIME_TIMESTAMP"' in head:
        return JournalExport(path, json=True, everything=not noise)
    if re.match(rb"__[A-Z_]+=", head) and b"__REALTIME_TIMESTAMP=" in head:
        return JournalExport(path, json=False, everything=not noise)
    lines = head.decode("utf-8", "replace").split("\n")[:_LINES]
    if any(line_of(line.lstrip("\0")) for line in lines) or (
        not head.strip(b"\0\n") and _AUTH.fullmatch(path.name)
    ):
        return AuthLog(path)
    return EvtxSource(path, wanted=wanted, noise=noise, finished=True)


def _head_of(path: Path) -> bytes | None:
    """Give what a file begins with, unpacked; None where that cannot be done. Raises ``Refused`` as ``TextFile`` does."""
    file = TextFile(path)
    try:
        return file.read(0, _HEAD)
    except SpoiltError:
        return None
    finally:
        file.close()
