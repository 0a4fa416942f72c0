"""One read through the chunks of an EVTX file, from where the bookmark stands."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from zlib import crc32

from msgspec.structs import replace

from logonbell.sentence import plural, say
from logonbell.source import Loss
from logonbell.sources.bookmark import Bookmark
from logonbell.sources.chunks import (
    CHUNK_HEADER_SIZE,
    CHUNK_MAGIC,
    CHUNK_SIZE,
    FILE_HEADER_SIZE,
    ChunkHead,
    RecordHead,
    checksums_match,
    following,
    head_of,
    record_at,
    whole_records,
)
from logonbell.sources.rendering import render, salvage
from logonbell.sources.survey import Chunk, LogFile, Survey, cut_off

_FEW_GAPS = 8
"""So many gaps are told one by one, more in one sentence."""


@dataclass(slots=True)
class Reading:
    """Collects the ``texts`` (JSON) of the records behind ``mark``, and moves it.

    ``moved``
    says that the file is no longer as it was surveyed, ``part`` that the last chunk was taken in part, ``unsettled`` that something
    waits until it has looked the same at two reads in a row. ``unreadable`` counts whole records that gave no
    text, or none that could be understood.
    """

    where: str
    log: LogFile
    found: Survey
    mark: Bookmark
    losses: list[Loss]
    finished: bool
    index: int = 0
    texts: list[str] = field(default_factory=list)
    records: int = 0
    unreadable: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list)
    done: bool = False
    moved: bool = False
    part: bool = False
    unsettled: bool = False
    _chunks: Sequence[Chunk] = ()

    @property
    def more(self) -> bool:
        """Whether there is more to read at once."""
        return not self.done

    @property
    def progress(self) -> float:
        """How much of the file is behind: 0 to 1."""
        return 1.0 if self.done else self.index / len(self._chunks)

    def copied(self) -> Reading:
        """Give a copy that can go another way."""
        return dataclasses.replace(self, losses=[*self.losses], texts=[*self.texts], gaps=[*self.gaps])

    def take_texts(self) -> list[str]:
        """Hand over the texts that were collected."""
        texts, self.texts = self.texts, []
        return texts

    def bookmark(self) -> Bookmark:
        """Give the bookmark from which the next read goes on."""
        ends: list[int] = []
        behind = self.index
        for run in self.found.runs:
            behind -= len(run)
            if behind < 0:
                break
            ends.append(run[-1].last)
        return replace(self.mark, ends=tuple(ends))

    def find_start(self) -> None:
        """Find the bookmark's record, or where else to begin. Raises ``Refused`` where no record can be."""
        self._chunks = self.found.chunks
        index = self._marked_index()
        if index is None:
            self._start_again()
        else:
            self.index = index
        self._tell_spoilt()
        if self._is_cut_off():
            raise cut_off(self.where)
        if not self._chunks:
            self._end(self._spoilt_at_end(), b"")

    def take_chunk(self, most: int | None = None) -> bool:
        """Take what is new in the next chunk, ``most`` records at most; False where reading ends for now."""
        if self.done:
            return False
        chunk = self._chunks[self.index]
        newest = self.index == len(self._chunks) - 1
        data = self.log.chunk(chunk.place)
        marked = self._marked_in(chunk, data)
        if not _is(chunk, data) or (self._stands_in(chunk) and marked is None):
            self.moved = True
            return False
        if marked is None and chunk.first <= self.mark.through and self._begins_run(chunk):
            self.mark = replace(self.mark, through=chunk.first - 1)
        unseen = marked is None and chunk.last > self.mark.through
        head = head_of(data)
        settled = self.finished or not newest
        sound = self._take(chunk, data, head, marked, settled=settled, most=most)
        faults = [] if sound or not unseen else self._faults(chunk, data, head, settled=settled)
        if self.part:
            self.losses += faults
            return False
        through = self.mark.through
        last = max(through, head.last) if head else through
        gap = [(through + 1, last)] if last > through else []
        if newest:
            faults += [self._missing(*each) for each in gap]
            self._end([*faults, *self._spoilt_at_end(), *self._promised(last)], data, last)
            return False
        self.losses += faults
        self.gaps += gap
        self.mark = replace(self.mark, through=last)
        self.index += 1
        return True

    def tell_what_is_missing(self) -> None:
        """Tell of the gaps, and of the records that gave no text or none that could be understood."""
        if len(self.gaps) <= _FEW_GAPS:
            for first, last in self.gaps:
                self.losses.append(self._missing(first, last))
        else:
            count = sum(last - first + 1 for first, last in self.gaps)
            what = say(
                "{count} records between {first} and {last} are missing or damaged, in {gaps} gaps.",
                count=count,
                first=min(first for first, _ in self.gaps),
                last=max(last for _, last in self.gaps),
                gaps=len(self.gaps),
            )
            self.losses.append(Loss(self.where, what, count))
        if self.unreadable:
            what = plural(
                "A record could not be understood.",
                "{count} records could not be understood.",
                self.unreadable,
            )
            self.losses.append(Loss(self.where, what, self.unreadable))

    def _is_cut_off(self) -> bool:
        if self.found.size >= FILE_HEADER_SIZE + CHUNK_SIZE:
            return False
        data = self.log.chunk(0)
        return bool((data or self.found.promised) and not whole_records(data, head_of(data)))

    def _marked_index(self) -> int | None:
        if not self.mark.record:
            if self._chunks and not self.mark.through:
                self.mark = replace(self.mark, through=self._chunks[0].first - 1)
            return 0
        behind = 0
        for run in self.found.runs:
            for index, chunk in enumerate(run, behind):
                if self._stands_in(chunk):
                    return index if self._marked_in(chunk, self.log.chunk(chunk.place)) else None
            if run[-1].last not in self.mark.ends:
                return None  # it grew although it is done with: the numbers must have begun again
            behind += len(run)
        return None

    def _stands_in(self, chunk: Chunk) -> bool:
        return bool(self.mark.record) and (chunk.place, chunk.first) == (self.mark.place, self.mark.first)

    def _marked_in(self, chunk: Chunk, data: bytes) -> RecordHead | None:
        """Give the bookmark's record if it stands in the chunk."""
        record = record_at(data, self.mark.offset) if self._stands_in(chunk) else None
        known = record and (record.number, record.time) == (self.mark.record, self.mark.time)
        return record if known else None

    def _start_again(self) -> None:
        """Begin at the oldest record, as the bookmark's is not here any more."""
        mark, through = self.mark, self._chunks[0].first - 1 if self._chunks else 0
        if self._chunks and through >= mark.record and self._chunks[0].time >= mark.time:
            count = through - mark.through
            if count > 0:
                what = plural(
                    "Record {first} was overwritten or cleared before it was read.",
                    "{count} records ({first} to {last}) were overwritten or cleared before they were read.",
                    count,
                    first=mark.through + 1,
                    last=through,
                )
                self.losses.append(Loss(self.where, what, count))
        else:
            what = say(
                "This is no longer the log that was read before (cleared, replaced or restored):"
                " reading starts at its oldest record. An alert that comes twice has the same fingerprint."
            )
            self.losses.append(Loss(self.where, what))
        self.mark = Bookmark(through=through)
        self.index = 0

    def _begins_run(self, chunk: Chunk) -> bool:
        return any(run[0] == chunk for run in self.found.runs)

    def _take(
        self,
        chunk: Chunk,
        data: bytes,
        head: ChunkHead | None,
        marked: RecordHead | None,
        *,
        settled: bool,
        most: int | None,
    ) -> bool:
        """Take the chunk's new records; False where the chunk is not as its header says."""
        all_known = head and marked and marked.number >= head.last
        texts = [] if all_known else render(data, head) if head else None
        if texts is None or head is None:
            records = whole_records(data, head)
            new = [record for record in records if marked is None or record.offset > marked.offset]
            checked = head.free if head and checksums_match(data) else 0
            steady = self._steady(data, new, checked=checked, settled=settled)
            self._take_whole(chunk, data, head, records, steady, most=most)
            return checked > 0
        last = record_at(data, head.last_offset)
        new_texts = texts[marked.number - head.first + 1 :] if marked else texts
        if new_texts and last:
            first = head.last - len(new_texts) + 1
            if most is not None and most < len(new_texts):
                new_texts = new_texts[:most]
                number = first + most - 1
                last = next(record for record in whole_records(data, head) if record.number == number)
                self.part = True
            self._pass(first, head)
            self.texts += new_texts
            self.records += len(new_texts)
            self._move(chunk, last, through=last.number)
        behind = max((record for record in (last, marked) if record), key=lambda record: record.offset)
        late = self._steady(data, following(data, behind), checked=0, settled=settled)
        if late and not self.part:
            rest = None if most is None else most - len(new_texts)
            self._take_whole(chunk, data, head, whole_records(data, head), late, most=rest)
        return True

    def _steady(
        self, data: bytes, new: Sequence[RecordHead], *, checked: int, settled: bool
    ) -> Sequence[RecordHead]:
        """Choose the records that nobody is writing any more, and hold the others for the next read.

        Those up to offset ``checked`` are what the checksum was made of. For the others two reads must see the same
        chunk: a record of several pages may show its two ends before its middle is written, and what stands behind
        a gap would be given before what is still to come in the gap.
        """
        if settled:
            return new
        seen, before = crc32(data), self.mark.held
        self.mark = replace(self.mark, held=seen if new and new[-1].end > checked else 0)
        chosen = new if seen == before else [record for record in new if record.end <= checked]
        self.unsettled |= len(chosen) < len(new)
        return chosen

    def _take_whole(
        self,
        chunk: Chunk,
        data: bytes,
        head: ChunkHead | None,
        records: Sequence[RecordHead],
        chosen: Sequence[RecordHead],
        *,
        most: int | None,
    ) -> None:
        """Take the ``chosen`` ones of a chunk's whole ``records``, one by one, until ``most`` gave a text."""
        texts = dict(zip(records, salvage(data, records), strict=True)) if chosen else {}
        full = self.records + (most or 0)
        for record in chosen:
            if most is not None and self.records == full:
                self.part = True
                return
            text = texts[record]
            if text is None:
                self.unreadable += 1
            else:
                self.texts.append(text)
                self.records += 1
            self._pass(record.number, head)
            self._move(chunk, record, through=self.mark.through)

    def _pass(self, number: int, head: ChunkHead | None) -> None:
        """Go on to a record, and tell what is missing in front of it.

        What stands in a damaged chunk with a number that its header does not count is left from another time.
        """
        through = self.mark.through
        if number <= through or (head and number > head.last and number != through + 1):
            return
        if number > through + 1:
            self.gaps.append((through + 1, number - 1))
        self.mark = replace(self.mark, through=number)

    def _move(self, chunk: Chunk, record: RecordHead, through: int) -> None:
        self.mark = replace(
            self.mark,
            place=chunk.place,
            first=chunk.first,
            offset=record.offset,
            record=record.number,
            time=record.time,
            through=max(self.mark.through, through),
        )

    def _missing(self, first: int, last: int) -> Loss:
        count = last - first + 1
        what = plural(
            "Record {first} is missing or damaged.",
            "{count} records ({first} to {last}) are missing or damaged.",
            count,
            first=first,
            last=last,
        )
        return Loss(self.where, what, count)

    def _promised(self, last: int) -> list[Loss]:
        """Tell that the file's header counts records behind ``last`` that are not there."""
        behind = max(last, self.mark.promised)
        count = self.found.promised - behind
        if count <= 0:
            return []
        what = plural(
            "Record {first}, which the log's header counts, is missing at the end.",
            "{count} records ({first} to {last}), which the log's header counts, are missing at the end.",
            count,
            first=behind + 1,
            last=self.found.promised,
        )
        return [Loss(self.where, what, count)]

    def _faults(self, chunk: Chunk, data: bytes, head: ChunkHead | None, *, settled: bool) -> list[Loss]:
        """Tell what is wrong with a chunk, whatever could be read of it.

        Records of the newest chunk in front of which no header stands yet are no fault: a writer may take its time
        between the two.
        """
        number = chunk.place + 1
        if len(data) < CHUNK_SIZE:
            what = say("The file is cut off within its chunk {chunk}.", chunk=number)
        elif head:
            what = say(
                "The checksum of chunk {chunk} is wrong: what was read from it may have been changed.",
                chunk=number,
            )
        elif not settled and not any(data[:CHUNK_HEADER_SIZE]):
            return []
        elif not data.startswith(CHUNK_MAGIC):
            what = say("The header of chunk {chunk} is damaged.", chunk=number)
        else:
            return []
        return [Loss(self.where, what)]

    def _tell_spoilt(self) -> None:
        """Tell of places without a chunk between chunks, unless that was told."""
        end = max((chunk.place for chunk in self._chunks), default=-1)
        places = [place for place in self.found.spoilt if place < end]
        known = crc32(repr(places).encode()) if places else 0
        if known not in {0, self.mark.spoilt}:
            self.losses += self._nothing_in(places)
        self.mark = replace(self.mark, spoilt=known)

    def _spoilt_at_end(self) -> list[Loss]:
        return self._nothing_in(self._places_at_end())

    def _places_at_end(self) -> list[int]:
        end = max((chunk.place for chunk in self._chunks), default=-1)
        return [place for place in self.found.spoilt if place > end]

    def _nothing_in(self, places: Sequence[int]) -> list[Loss]:
        losses = []
        for _, group in groupby(enumerate(places), key=lambda item: item[1] - item[0]):
            together = [place + 1 for _, place in group]
            what = plural(
                "Nothing in chunk {first} could be read.",
                "Nothing in {count} chunks ({first} to {last}) could be read.",
                len(together),
                first=together[0],
                last=together[-1],
            )
            losses.append(Loss(self.where, what))
        return losses

    def _end(self, faults: Sequence[Loss], data: bytes, last: int = 0) -> None:
        """Reach the end of the log; what is amiss there is told once it has looked the same at two reads in a row."""
        self.done = True
        if not faults:
            self.mark = replace(self.mark, end=0, told=False)
            return
        seen = crc32(repr((self.found.promised, self.found.spoilt)).encode(), crc32(data))
        for place in self._places_at_end():
            seen = crc32(self.log.chunk(place), seen)
        same = seen == self.mark.end
        told = same and self.mark.told
        self.mark = replace(self.mark, end=seen, told=told or same or self.finished)
        self.unsettled |= not self.mark.told
        if self.mark.told and not told:
            self.losses += faults
            self.mark = replace(
                self.mark,
                through=max(self.mark.through, last),
                promised=max(self.mark.promised, self.found.promised),
            )


def _is(chunk: Chunk, data: bytes) -> bool:
    """Tell whether the bytes still are the chunk that was surveyed."""
    head = head_of(data)
    if head:
        return head.first == chunk.first
    records = whole_records(data, None)
    return bool(records) and records[0].number == chunk.first
