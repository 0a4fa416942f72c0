"""The file that a syslog daemon writes logons into, as a source of events: while it grows and is rotated, or as a copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from zlib import crc32

from msgspec.structs import replace

from logonbell.errors import Refused
from logonbell.event import Event
from logonbell.recognise import watching
from logonbell.recognise.journal import AUTH, SECURE, Told
from logonbell.recognise.watching import WATCHING
from logonbell.sentence import plural, say
from logonbell.source import DAMAGED, Batch, Loss
from logonbell.sources.dating import Dating, first_year, stamps_in
from logonbell.sources.kept import Count, Kept
from logonbell.sources.rotation import pieces_of
from logonbell.sources.survey import no_file, shown
from logonbell.sources.syslog import Stamp, line_of
from logonbell.sources.textfile import SpoiltError, TextFile

NAMED = "file:"
"""So begins the name of a source that follows a file of a syslog daemon."""
_BLOCK = 1 << 18
_LONGEST = 1 << 16
"""Bytes of a line that are looked at; a daemon cuts its lines far below (rsyslog: 8 KiB)."""
_KNOWN = 128
"""So many bytes, at its beginning and where reading stopped, tell a file from others whatever it is called."""


class Mark(Kept, frozen=True):
    """Where reading stopped: ``offset`` bytes into the text of a file, which is known by what stands there.

    ``head`` and ``tail`` are size and CRC-32 of the first bytes and of those before ``offset``. ``year`` and ``month`` are
    those of the newest line that told no year, ``time`` is that of the newest line. ``news`` is when news begin, until the
    first line of them was read. ``cut``: the line at ``offset`` was too long, and the rest of it is passed over.
    """

    news: datetime | None = None
    device: Count = 0
    inode: Count = 0
    offset: Count = 0
    head: tuple[Count, Count] = (0, 0)
    tail: tuple[Count, Count] = (0, 0)
    year: Count = 0
    month: Count = 0
    time: datetime | None = None
    cut: bool = False

    @property
    def key(self) -> tuple[int, int]:
        """The file's identity when it was read."""
        return self.device, self.inode


@dataclass(slots=True)
class _Taken:
    """What was taken of a file in one go. ``rest``: there is more of it to be taken at once."""

    mark: Mark
    events: list[Event] = field(default_factory=list)
    lines: int = 0
    unreadable: int = 0
    rest: bool = False


class AuthLog:
    """Gives the lines of one log, through rotation, truncation and compression.

    What stood there when nobody read is found in the pieces that were moved or copied aside: a file is known by its
    first bytes, and by those before the place where reading stopped. ``clock`` None: ``path`` is one such piece, or a copy,
    to which nobody writes, and is read alone, to its end. ``zone`` is that of the host that wrote it; None: this machine's. With a ``limit`` a line stays whole, so one that tells of repetitions may give a few events more.
    """

    def __init__(
        self, path: Path, *, clock: Callable[[], datetime] | None = None, zone: tzinfo | None = None
    ) -> None:
        self.path = path
        self.channel = SECURE if path.name.startswith(SECURE) else AUTH
        self._zone = zone
        self._clock = clock
        self._where = shown(path)
        self._file: TextFile | None = None
        self._gap: Mark | None = None
        self._untouched: tuple[Mark, tuple[int, int]] | None = None

    @property
    def name(self) -> str:
        """The key under which the bookmark is kept: the file's absolute path."""
        return f"{NAMED}{shown(self.path.absolute())}"

    @property
    def past(self) -> str | None:
        """See ``Following.past``: it begins behind the last line of the past."""
        return None

    @property
    def progress(self) -> float:
        """How much of the file is read: 0 to 1."""
        return 0.0 if self._file is None else self._file.progress

    def begin(self, news: datetime) -> str:
        """See ``Following.begin``."""
        return Mark(news=news).text

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
        """Give what stands behind ``bookmark``. See ``Source.read``; ``newest`` is the offset in the file.

        Raises ``Refused`` where there is no file, or none that may be read.
        """
        losses: list[Loss] = []
        mark = Mark.of(bookmark)
        if mark is None:
            mark = Mark()
            losses.append(Loss(self._where, DAMAGED))
        file, mark = self._resume(mark, losses)
        over = self._is_over(file)  # asked first: whoever writes elsewhere by now wrote here before
        try:
            taken = self._take(file, mark, limit, last=over)
        except SpoiltError as error:
            what = say("It is damaged from here on: {why}.", why=str(error))
            losses.append(Loss(shown(file.path), what))
            taken, over = _Taken(mark), True
        if taken.unreadable:
            what = plural(
                "A line could not be understood.", "{count} lines could not be understood.", taken.unreadable
            )
            losses.append(Loss(self._where, what, taken.unreadable))
        mark, more = taken.mark, taken.rest
        if over and not more and self._clock is not None and (behind := self._behind(file, mark, losses)):
            self.close()
            self._file, more = behind, True
            mark = Mark(
                news=mark.news,
                device=behind.key[0],
                inode=behind.key[1],
                head=_head_of(behind),
                year=mark.year,
                month=mark.month,
                time=mark.time,
            )
        events = [*self._said_of_gap(), *taken.events]
        return Batch(events, mark.text, losses, records=taken.lines, newest=mark.offset or None, more=more)

    def _said_of_gap(self) -> Iterator[Event]:
        """Say, once, that what was read is in no file any more: it was cut off or deleted."""
        gap, self._gap = self._gap, None
        if gap is not None and self._clock is not None:
            now = self._clock()
            since = gap.time or now
            fields = {
                "Channel": self._where,
                "Code": "0",
                "Since": since.isoformat(),
                "Record": str(gap.offset),
            }
            yield Event(WATCHING, watching.Told.GAP, gap.offset, now, "", "logonbell", fields)

    # Which file

    def _resume(self, mark: Mark, losses: list[Loss]) -> tuple[TextFile, Mark]:
        """Give the file in which reading goes on, and where in it."""
        file = self._file
        if file is not None and mark.key == file.key:
            state = file.state
            # What is compressed does not change.
            if file.compressed or self._untouched == (mark, state) or _is_read(file, mark):
                self._untouched = mark, state
                return file, mark
        self.close()
        if self._clock is None:
            self._file = TextFile(self.path)
            return self._file, replace(mark, device=self._file.key[0], inode=self._file.key[1])
        pieces = self._pieces()
        if mark.head[0]:
            for path in reversed(pieces):
                with suppress(Refused):
                    file = TextFile(path)
                    if mark.head[0] and _is_read(file, mark):
                        self._file = file
                        return file, replace(mark, device=file.key[0], inode=file.key[1])
                    file.close()
            self._gap = mark
        self._file = self._oldest(pieces, mark.news or mark.time, losses)
        key = self._file.key
        # Of an empty file nothing is known but when it was empty.
        return self._file, Mark(news=mark.news, device=key[0], inode=key[1], time=self._clock())

    def _pieces(self) -> Sequence[Path]:
        try:
            pieces = pieces_of(self.path)
        except FileNotFoundError as error:
            raise no_file(self._where) from error
        except OSError as error:
            raise Refused(
                say("{path} could not be read ({reason}).", path=self._where, reason=error.strerror or "?"),
                say("Run as a user who may read it, or give this user the right to."),
            ) from error
        if not pieces:
            raise no_file(self._where)
        return pieces

    def _oldest(self, pieces: Sequence[Path], since: datetime | None, losses: list[Loss]) -> TextFile:
        """Open the oldest piece that was written since then."""
        for path in pieces[:-1]:
            try:
                file = TextFile(path)
            except Refused as refused:
                losses.append(Loss(shown(path), refused.what))
                continue
            if since is None or file.written >= since:
                return file
            file.close()
        return TextFile(pieces[-1])

    def _is_over(self, file: TextFile) -> bool:
        """Tell whether nothing more will be written to a file: only then may its last line have no end."""
        if self._clock is None:
            return True
        try:
            grows = self.path.stat()
        except OSError:
            return False  # it is just being rotated
        if (grows.st_dev, grows.st_ino) == file.key:
            return False
        # The daemon goes on writing to the old file until it is told to open the new one.
        return grows.st_size > 0 or file.path not in self._pieces()[-2:]

    def _behind(self, file: TextFile, mark: Mark, losses: list[Loss]) -> TextFile | None:
        """Open the piece that goes on where one ends."""
        mine = False
        later: TextFile | None = None
        for path in self._pieces():
            try:
                piece = TextFile(path)
            except Refused as refused:
                if mine:
                    losses.append(Loss(shown(path), refused.what))
                continue
            if piece.key == file.key or (mark.offset and _is_read(piece, mark)):
                mine = True
                piece.close()
            elif not _head_of(piece)[0]:
                piece.close()  # nothing was written yet by which it could be known again
            elif mine:
                if later is not None:
                    later.close()
                return piece
            elif later is None and piece.written >= file.written:
                later = piece
            else:
                piece.close()
        if mine and later is not None:
            later.close()
        # The piece itself may be gone by now; then the next is the oldest of those written later.
        return None if mine else later

    # What stands in it

    def _take(self, file: TextFile, mark: Mark, limit: int | None, *, last: bool) -> _Taken:
        """Take lines from where reading stands; ``last`` says that the last one need not be ended."""
        size = file.size
        if size is not None and size == mark.offset:
            return _Taken(mark)
        known, _ = mark.tail
        block = file.read(mark.offset - known, known + _BLOCK)
        data = block[known:]
        lines = _Lines(self, file, mark if mark.head[0] else replace(mark, time=None))
        at, cut, full = 0, mark.cut, len(data) == _BLOCK
        while at < len(data):
            if limit is not None and len(lines.events) >= limit:
                break
            end = data.find(b"\n", at)
            if end < 0 and full and at > 0:
                break  # the next block begins with it
            if end < 0 and not full and not last and len(data) - at < _LONGEST:
                break  # it is still being written
            if not cut:
                lines.take(mark.offset + at, data[at : end if end >= 0 else len(data)])
            cut = end < 0 and not last
            at = end + 1 if end >= 0 else len(data)
        seen = block[: known + at][-_KNOWN:]
        offset = mark.offset + at
        head = mark.head if mark.head[0] >= min(_KNOWN, offset) else _head_of(file, offset)
        dating = lines.dating
        new = replace(
            mark,
            news=None if lines.events else mark.news,
            offset=offset,
            head=head,
            tail=(len(seen), crc32(seen)),
            year=dating.year if dating is not None else mark.year,
            month=dating.month if dating is not None else mark.month,
            time=lines.newest or mark.time,
            cut=cut,
        )
        rest = at < len(data) and limit is not None and len(lines.events) >= limit
        return _Taken(new, lines.events, lines.count, lines.unreadable, rest or (full and at > 0))

    def year_of(self, file: TextFile) -> int:
        """Tell of which year the first line of a file is that says none."""
        written = file.written.astimezone(self._zone).replace(tzinfo=None)
        with suppress(Refused):
            again = TextFile(file.path)
            try:
                return first_year(stamps_in(again.bytes), written)
            except (OSError, EOFError, ValueError):
                pass
            finally:
                again.close()
        return written.year

    def dating(self, file: TextFile, mark: Mark) -> Dating:
        """Make what gives lines their time."""
        return Dating(mark.year or self.year_of(file), mark.month, mark.time, self._zone)


class _Lines:
    """Takes lines apart, one after the other."""

    def __init__(self, log: AuthLog, file: TextFile, mark: Mark) -> None:
        self.events: list[Event] = []
        self.count = 0
        self.unreadable = 0
        self.newest = mark.time
        self.dating: Dating | None = None
        self._log, self._file, self._mark = log, file, mark

    def take(self, offset: int, raw: bytes) -> None:
        """Take one line that begins at ``offset``; zeros before it were left by a machine that lost its power."""
        bare = raw.lstrip(b"\0")
        offset += len(raw) - len(bare)
        text = bare[:_LONGEST].rstrip(b"\0\r ").decode("utf-8", "backslashreplace")
        if not text.strip():
            return
        self.count += 1
        line = line_of(text)
        time = None if line is None else self._time_of(line.time)
        if line is None or time is None:
            self.unreadable += 1
            return
        self.newest = time if self.newest is None else max(self.newest, time)
        if not line.program or (self._mark.news is not None and time < self._mark.news and not self.events):
            return
        fields = {"MESSAGE": line.message, "PID": line.pid}
        # Each repetition is a record of its own, and no other line has these offsets.
        for number in range(min(line.times, len(text))):
            self.events.append(
                Event(self._log.channel, Told.SAID, offset + number, time, line.host, line.program, fields)
            )

    def _time_of(self, time: datetime | Stamp) -> datetime | None:
        if isinstance(time, datetime):
            return time
        if self.dating is None:
            self.dating = self._log.dating(self._file, self._mark)
        return self.dating.time_of(time)


def _head_of(file: TextFile, most: int = _KNOWN) -> tuple[int, int]:
    """Give size and checksum of what a file begins with."""
    try:
        start = file.read(0, min(most, _KNOWN))
    except SpoiltError:
        start = b""
    return len(start), crc32(start)


def _is_read(file: TextFile, mark: Mark) -> bool:
    """Tell whether a file begins with what was read, up to where reading stopped."""
    size = file.size
    if size is not None and size < mark.offset:
        return False
    known, checksum = mark.tail
    return file.holds(0, *mark.head) and file.holds(mark.offset - known, known, checksum)
