"""Exports of the systemd journal: what ``journalctl -o json`` and ``journalctl -o export`` wrote into a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from logonbell.event import Event
from logonbell.sentence import plural, say
from logonbell.source import Batch, Loss
from logonbell.sources.entry import (
    Values,
    event_of_entry,
    is_asked,
    let_fall,
    loss_of,
    text_of,
    values_of_json,
)
from logonbell.sources.survey import shown
from logonbell.sources.textfile import SpoiltError, TextFile

_BLOCK = 1 << 18
_BATCH = 4096
_LONGEST = 1 << 20
"""Bytes of a line that are looked at; an entry that is longer is told as one that could not be understood."""


class JournalExport:
    """Gives what recognising reads of an export, to which nobody writes any more, in the order of the file.

    ``json``: which of the two forms it is. ``everything``: the entries that recognising does not read, too.
    """

    def __init__(self, path: Path, *, json: bool, everything: bool = False) -> None:
        self.path = path
        self._json = json
        self._everything = everything
        self._at = 0
        self._file: TextFile | None = None
        self._entries: Iterator[Values | None] = iter(())

    @property
    def progress(self) -> float:
        """How much of the file is read: 0 to 1."""
        return 0.0 if self._file is None else self._file.progress

    def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
        """Give what stands behind ``bookmark``, the number of entries before it. See ``Source.read``."""
        begin = int(bookmark or 0)
        if self._file is None or begin != self._at:
            self._begin(begin)
        events: list[Event] = []
        losses: list[Loss] = []
        count = unreadable = 0
        more = True
        while count < _BATCH and (limit is None or len(events) < limit):
            try:
                values = next(self._entries, _END)
            except SpoiltError as error:
                what = say("It is damaged from here on: {why}.", why=str(error))
                losses.append(Loss(shown(self.path), what))
                values = _END
            if values is _END:
                more = False
                break
            count += 1
            event = None if values is None else event_of_entry(values)
            if values is not None and (fallen := let_fall(values)) is not None:
                losses.append(Loss(shown(self.path), loss_of(*fallen), fallen[0]))
            elif event is None:
                unreadable += 1
            elif self._everything or (values is not None and is_asked(values)):
                events.append(event)
        self._at += count
        if unreadable:
            what = plural(
                "A record could not be understood.", "{count} records could not be understood.", unreadable
            )
            losses.append(Loss(shown(self.path), what, unreadable))
        newest = events[-1].record_id if events else None
        return Batch(events, str(self._at), losses, records=count, newest=newest, more=more)

    def _begin(self, entries: int) -> None:
        """Go to where so many entries stand before."""
        if self._file is not None:
            self._file.close()
        self._file = TextFile(self.path)
        self._entries = _json_entries(self._file) if self._json else _export_entries(self._file)
        self._at = entries
        for _ in range(entries):
            next(self._entries, None)


_END: Values = {}


def _blocks(file: TextFile) -> Iterator[bytes]:
    at = 0
    while block := file.read(at, _BLOCK):
        at += len(block)
        yield block


def _json_entries(file: TextFile) -> Iterator[Values | None]:
    """Give each line as an entry; None for one that is none, or too long."""
    rest, long = b"", False
    for block in _blocks(file):
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            if long:
                long = False
                yield None
            elif line.strip():
                yield values_of_json(line)
        if len(rest) > _LONGEST:
            rest, long = b"", True
    if rest.strip():
        yield values_of_json(rest)


def _export_entries(file: TextFile) -> Iterator[Values | None]:
    """Give each entry, which ends at an empty line; None for one that cannot be read."""
    reader = _Reader(_blocks(file))
    values: dict[str, str | None] = {}
    while (line := reader.line()) is not None:
        if not line:
            if values:
                yield values
            values = {}
            continue
        name, equals, value = line.partition(b"=")
        if equals:
            values.setdefault(text_of(name), text_of(value))
            continue
        size = reader.exactly(8)
        data = None if size is None else reader.exactly(int.from_bytes(size, "little"))
        if data is None:
            yield None
            return
        reader.line()
        values.setdefault(text_of(name), text_of(data))
    if values:
        yield values


class _Reader:
    """Reads lines and counted bytes out of blocks, and keeps of what is long only the beginning."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._held = b""

    def line(self) -> bytes | None:
        """Give the next line without its end; None at the end of the file."""
        begun = b""
        while (end := self._held.find(b"\n")) < 0:
            if len(begun) < _LONGEST:
                begun += self._held
            self._held = next(self._blocks, b"")
            if not self._held:
                return begun or None
        line, self._held = begun + self._held[:end], self._held[end + 1 :]
        return line

    def exactly(self, size: int) -> bytes | None:
        """Give so many bytes, or the beginning of them where they are many; None where the file ends before."""
        kept = b""
        while len(self._held) < size:
            if len(kept) < _LONGEST:
                kept += self._held
            size -= len(self._held)
            self._held = next(self._blocks, b"")
            if not self._held:
                return None
        kept += self._held[:size]
        self._held = self._held[size:]
        return kept
