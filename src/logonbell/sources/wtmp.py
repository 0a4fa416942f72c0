"""wtmp, the list of sessions that login programs keep beside the log: who is in it and not in the log came in unseen.

A cross-check and no more: it makes no logon. The records are those of utmp(5), in the two layouts of glibc (bits/utmp.h):
384 bytes where its times have 32 bits, as on x86-64, and 400 where they have 64, as on AArch64.
"""

from __future__ import annotations

import platform
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from logonbell.address import address_of
from logonbell.errors import Refused
from logonbell.event import Event
from logonbell.recognise.watching import WATCHING, Told
from logonbell.source import Batch
from logonbell.sources.kept import Count, Kept
from logonbell.sources.survey import shown
from logonbell.sources.textfile import TextFile

PLACE = Path("/var/log/wtmp")
WAIT = timedelta(minutes=1)
"""So long after its record a session may still be explained by the log."""
_LAYOUTS = {384: "<h2xi32s4s32s256shhiii16s20x", 400: "<h2xi32s4s32s256shhqqq16s20x4x"}
_WIDE = frozenset({"aarch64", "riscv64", "loongarch64"})
_USER_PROCESS = 7
_MOST = 1_000

Explains = Callable[[str, datetime], bool | None]
"""Tells whether the log says that a user came in at about that time; None where that is not known."""


class Session(NamedTuple):
    """A session as wtmp tells it: who came in, where they sit, and from where ("" for a terminal of this machine)."""

    user: str
    terminal: str
    host: str
    time: datetime


class Mark(Kept, frozen=True):
    """Where reading stopped: in front of the record at ``offset``; ``inode`` 0: nowhere yet."""

    inode: Count = 0
    offset: Count = 0


def size_here() -> int:
    """Give the size of a record on this machine."""
    return 400 if platform.machine() in _WIDE else 384


def session_of(record: bytes) -> Session | None:
    """Read a record; None for one that tells of no session (a start of the system, an end of a session, damage)."""
    kind, _, line, _, user, host, _, _, _, seconds, micros, _ = struct.unpack(_LAYOUTS[len(record)], record)
    if kind != _USER_PROCESS or not user.strip(b"\0"):
        return None
    try:
        time = datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=micros)
    except (ValueError, OverflowError, OSError):
        return None
    return Session(_text(user), _text(line), _text(host), time)


def _text(part: bytes) -> str:
    return part.partition(b"\0")[0].decode("utf-8", "backslashreplace")


class Wtmp:
    """Tells of sessions from afar that the log did not tell of within a minute.

    Only those are told that came while somebody watched: ``explains`` knows no more. Windows of tmux and the like, which
    stand in wtmp, too, name no address. Where there is no wtmp, nothing is told.
    """

    past = None
    """See ``Following.past``: it begins at the end."""

    def __init__(
        self, path: Path, explains: Explains, *, clock: Callable[[], datetime], size: int | None = None
    ) -> None:
        self.path = path
        self._explains = explains
        self._clock = clock
        self._size = size or size_here()

    @property
    def name(self) -> str:
        """The key under which the bookmark is kept."""
        return f"wtmp:{shown(self.path)}"

    def begin(self, news: datetime) -> str:
        """See ``Following.begin``."""
        del news
        return self._end().text

    def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
        """Give what is not explained behind ``bookmark``. See ``Source.read``."""
        del limit
        mark = Mark.of(bookmark) or Mark()
        try:
            status = self.path.stat()
        except OSError:
            return Batch((), mark.text)
        if mark.inode != status.st_ino or status.st_size < mark.offset:
            mark = self._end() if not mark.inode else Mark(inode=status.st_ino)
        if status.st_size - mark.offset < self._size:
            return Batch((), mark.text)
        try:
            file = TextFile(self.path)
        except Refused:
            return Batch((), mark.text)
        data = file.read(mark.offset, self._size * _MOST)
        file.close()
        events: list[Event] = []
        now, offset = self._clock(), mark.offset
        for at in range(0, len(data) - self._size + 1, self._size):
            session = session_of(data[at : at + self._size])
            if session is not None and address_of(session.host) is not None:
                if timedelta(0) <= now - session.time < WAIT:
                    break
                if self._explains(session.user, session.time) is False:
                    events.append(self._untold(session, mark.offset + at, now))
            offset = mark.offset + at + self._size
        return Batch(events, Mark(inode=mark.inode, offset=offset).text)

    def _end(self) -> Mark:
        try:
            status = self.path.stat()
        except OSError:
            return Mark()
        return Mark(inode=status.st_ino, offset=status.st_size - status.st_size % self._size)

    def _untold(self, session: Session, offset: int, now: datetime) -> Event:
        fields = {
            "Channel": shown(self.path),
            "User": session.user,
            "Terminal": session.terminal,
            "Address": session.host,
            "Since": session.time.isoformat(),
        }
        return Event(WATCHING, Told.UNTOLD, offset, now, "", "logonbell", fields)
