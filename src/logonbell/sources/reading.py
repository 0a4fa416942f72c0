"""One read through the chunks of an EVTX file, from where the bookmark stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from zlib import crc32

from msgspec.structs import replace

from logonbell.sentence import plural, say
from logonbell.source import Loss
from logonbell.sources.bookmark import Bookmark, Held
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


@dataclass(slots=True)
class Reading:
    """Collects the ``texts`` (JSON) of the records behind ``mark``, and moves it.

    ``fresh`` says that the survey is of this read: only then is the newest chunk known to be the newest. ``moved``
    says that the file is no longer as it was surveyed. ``unreadable`` counts whole records that gave no
    text, or none that could be understood.
    """

    where: str
    log: LogFile
    found: Survey
    mark: Bookmark
    losses: list[Loss]
    fresh: bool
    finished: bool
    index: int = 0
    texts: list[str] = field(default_factory=list)
    records: int = 0
    unreadable: int = 0
    done: bool = False
    moved: bool = False
    _chunks: Sequence[Chunk] = ()

    @property
    def more(self) -> bool:
        """Whether there is more to read at once."""
        return not self.done

    @property
    def progress(self) -> float:
        """How much of the file is behind: 0 to 1."""
        return 1.0 if self.done else self.index / len(self._chunks)

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
        if not self._chunks:
            if self.found.size < FILE_HEADER_SIZE + CHUNK_SIZE and (
                self.found.promised or self.found.size > FILE_HEADER_SIZE
            ):
                raise cut_off(self.where)
            self._end(self._spoilt_at_end(), b"")

    def take_chunk(self) -> bool:
        """Take what is new in the next chunk; False where reading ends for now."""
        if self.done:
            return False
        chunk = self._chunks[self.index]
        newest = self.index == len(self._chunks) - 1
        data = self.log.chunk(chunk.place)
        marked = self._marked_in(chunk, data)
        if (newest and not self.fresh) or not _is(chunk, data) or (self._stands_in(chunk) and marked is None):
            self.moved = True
            return False
        if marked is None and chunk.first <= self.mark.through and self._begins_run(chunk):
            self.mark = replace(self.mark, through=chunk.first - 1)
        unseen = marked is None and chunk.last > self.mark.through
        head = head_of(data)
        sound = self._take(chunk, data, head, marked, settled=self.finished or not newest)
        faults = [] if sound or not unseen else self._faults(chunk, data, head)
        last = max(self.mark.through, head.last) if head else self.mark.through
        faults += self._missing(last)
        if newest:
            self._end([*faults, *self._spoilt_at_end(), *self._promised(last)], data, last)
            return False
        self.losses += faults
        self.mark = replace(self.mark, through=last)
        self.index += 1
        return True

    def tell_unreadable(self) -> None:
        """Tell of the records that gave no text, or none that could be understood."""
        if self.unreadable:
            what = plural(
                "A record could not be understood.",
                "{count} records could not be understood.",
                self.unreadable,
            )
            self.losses.append(Loss(self.where, what, self.unreadable))

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
                return None
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
        self, chunk: Chunk, data: bytes, head: ChunkHead | None, marked: RecordHead | None, *, settled: bool
    ) -> bool:
        """Take the chunk's new records; False where the chunk is not as its header says."""
        texts = render(data, head) if head else None
        if texts is None or head is None:
            records = whole_records(data, head)
            new = [record for record in records if marked is None or record.offset > marked.offset]
            checked = head.free if head and checksums_match(data) else 0
            self._take_whole(chunk, data, head, records, self._steady(chunk, data, new, checked, settled))
            return checked > 0
        last = record_at(data, head.last_offset)
        new_texts = texts[marked.number - head.first + 1 :] if marked else texts
        if new_texts and last:
            self._pass(head.last - len(new_texts) + 1, head)
            self.texts += new_texts
            self.records += len(new_texts)
            self._move(chunk, last, through=head.last)
        behind = max((record for record in (last, marked) if record), key=lambda record: record.offset)
        late = self._steady(chunk, data, following(data, behind), 0, settled)
        if late:
            self._take_whole(chunk, data, head, whole_records(data, head), late)
        return True

    def _steady(
        self, chunk: Chunk, data: bytes, new: Sequence[RecordHead], checked: int, settled: bool
    ) -> Sequence[RecordHead]:
        """Choose the records that nobody is writing any more, and hold the others for the next read.

        Those up to offset ``checked`` are what the checksum was made of. Elsewhere two reads must see the same: a
        record of several pages may show its two ends before its middle is written.
        """
        if settled:
            return new
        held = self.mark.held
        self.mark = replace(self.mark, held=None)
        if not new:
            return new
        view = memoryview(data)
        if held and (held.place, held.first) == (chunk.place, chunk.first):
            seen = crc32(view[CHUNK_HEADER_SIZE : held.end])
            checked = max(checked, held.end) if seen == held.sum else checked
        end = new[-1].end
        if end > checked:
            held = Held(chunk.place, chunk.first, end, crc32(view[CHUNK_HEADER_SIZE:end]))
            self.mark = replace(self.mark, held=held)
        return [record for record in new if record.end <= checked]

    def _take_whole(
        self,
        chunk: Chunk,
        data: bytes,
        head: ChunkHead | None,
        records: Sequence[RecordHead],
        chosen: Sequence[RecordHead],
    ) -> None:
        """Take the ``chosen`` ones of a chunk's whole ``records``, one by one."""
        if not chosen:
            return
        texts = dict(zip(records, salvage(data, records), strict=True))
        for record in chosen:
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
        self.losses += self._missing(number - 1)
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

    def _missing(self, last: int) -> list[Loss]:
        """Tell that the records behind the newest that was passed, up to ``last``, did not come."""
        count = last - self.mark.through
        if count <= 0:
            return []
        what = plural(
            "Record {first} is missing or damaged.",
            "{count} records ({first} to {last}) are missing or damaged.",
            count,
            first=self.mark.through + 1,
            last=last,
        )
        return [Loss(self.where, what, count)]

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

    def _faults(self, chunk: Chunk, data: bytes, head: ChunkHead | None) -> list[Loss]:
        """Tell what is wrong with a chunk, whatever could be read of it."""
        number = chunk.place + 1
        if len(data) < CHUNK_SIZE:
            what = say("The file is cut off within its chunk {chunk}.", chunk=number)
        elif head:
            what = say(
                "The checksum of chunk {chunk} is wrong: what was read from it may have been changed.",
                chunk=number,
            )
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
        end = max((chunk.place for chunk in self._chunks), default=-1)
        return self._nothing_in([place for place in self.found.spoilt if place > end])

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
        same = seen == self.mark.end
        told = same and self.mark.told
        self.mark = replace(self.mark, end=seen, told=told or same or self.finished)
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
