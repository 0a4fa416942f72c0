"""EVTX files as a source of events, also while they grow."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from logonbell.event import Event
from logonbell.hallmark import Hallmarks
from logonbell.sigma.wanted import Ids, asks
from logonbell.source import DAMAGED, Batch, Loss
from logonbell.sources.bookmark import Bookmark
from logonbell.sources.choice import Choice
from logonbell.sources.reading import Reading
from logonbell.sources.record import event_of
from logonbell.sources.survey import Survey, opened, shown, survey

NO_NOISE: Hallmarks = MappingProxyType({})
_BATCH = 4096
"""A batch ends with the chunk in which it reaches this many records; a chunk holds at most 2,322."""


class EvtxSource:
    """Gives the events of one EVTX file, which may grow, be replaced, shrink, be cleared or wrap meanwhile.

    ``wanted`` names, by channel, the event ids that are given; the others are looked at and counted. None wants
    all. What of these bears a hallmark of ``noise`` is looked at and counted likewise; but the last of it is given where a
    batch ends with it, so that whoever reads knows how far the log has come. Records are counted by the numbers in their
    headers, which go on without gaps also in exported and forwarded logs, where the record ids do not.

    What may still be being written is not given yet: a record must be whole, and where the chunk's checksums do not
    cover it (yet) the chunk must have looked the same at two reads in a row. ``finished`` says that nobody writes to
    the file any more: then everything whole is given at once, and what is not is told as lost.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        wanted: Mapping[str, Ids] | None = None,
        noise: Hallmarks = NO_NOISE,
        finished: bool = False,
    ) -> None:
        self.path = Path(path)
        self.progress = 0.0
        """How much of the file the last read has behind it: 0 to 1."""
        self._where = shown(self.path)
        self._wanted = wanted
        self._choice = None if wanted is None else Choice(wanted, noise)
        self._finished = finished
        self._plan: tuple[str, Survey] | None = None

    @property
    def name(self) -> str:
        """The key under which the bookmark is kept: the file's absolute path."""
        return f"evtx:{shown(self.path.absolute())}"

    def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
        """Give what stands behind ``bookmark``. See ``Source.read``; ``newest`` is the number in a record's header.

        Raises ``Refused`` where there is no file, none that may be read, or none that is a log with at least
        a place for a record.
        """
        mark = Bookmark.of(bookmark)
        losses: list[Loss] = []
        if mark is None:
            mark = Bookmark()
            losses.append(Loss(self._where, DAMAGED))
        plan = self._plan
        with opened(self.path) as log:
            known = plan is not None and plan[0] == bookmark and plan[1].identity == log.identity
            found = plan[1] if plan and known else survey(log)
            if found is None:
                return Batch((), mark.text, losses, more=True)
            reading = Reading(self._where, log, found, mark, losses, finished=self._finished)
            reading.find_start()
            events: list[Event] = []
            behind: str | None = None
            going = True
            while going and reading.records < _BATCH and (limit is None or len(events) < limit):
                before = None if limit is None else reading.copied()
                going = reading.take_chunk()
                texts, noise = self._chosen(reading.take_texts())
                taken = self._events(reading, texts)
                if before and limit is not None and len(events) + len(taken) + (noise is not None) > limit:
                    reading, going, noise = before, False, None
                    taken = self._take_part(reading, limit - len(events))
                events += taken
                behind = noise if taken else noise or behind
            if behind is not None:
                events += self._events(reading, [behind])
            reading.tell_what_is_missing()
        text = reading.bookmark().text
        self._plan = (text, found) if reading.more and not reading.moved else None
        self.progress = reading.progress
        return Batch(
            events,
            text,
            reading.losses,
            records=reading.records,
            newest=reading.mark.record or None,
            more=reading.more,
            unsettled=reading.unsettled,
        )

    def _take_part(self, reading: Reading, limit: int) -> list[Event]:
        """Take of the next chunk only as much as the first ``limit`` events need."""
        whole = reading.copied()
        whole.take_chunk()
        places = (place for place, text in enumerate(whole.texts, 1) if self._read(whole, [text]))
        most = next(islice(places, limit - 1, None), None)
        if most is None:
            return []  # the chunk has changed since: the next read looks again
        reading.take_chunk(most=most)
        return self._read(reading, reading.take_texts())

    def _read(self, reading: Reading, texts: Sequence[str]) -> list[Event]:
        return self._events(reading, self._chosen(texts)[0])

    def _chosen(self, texts: Sequence[str]) -> tuple[Sequence[str], str | None]:
        """Give the records worth parsing, and noise that stands behind them."""
        return (texts, None) if self._choice is None else self._choice.sift(texts)

    def _events(self, reading: Reading, texts: Sequence[str]) -> list[Event]:
        """Read these records as far as they are wanted; what cannot be understood is counted."""
        events: list[Event] = []
        wanted = self._wanted
        for text in texts:
            event = event_of(text)
            if event is None:
                reading.unreadable += 1
            elif wanted is None or asks(wanted, event.channel, event.event_id):
                events.append(event)
        return events
