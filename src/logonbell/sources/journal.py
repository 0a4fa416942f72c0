"""The systemd journal of this machine as a source of events, read through ``journalctl``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Annotated

import msgspec
from msgspec.structs import replace

from logonbell.event import Event
from logonbell.recognise.journal import JOURNAL
from logonbell.recognise.watching import WATCHING, Told
from logonbell.sentence import Sentence, plural, say
from logonbell.source import DAMAGED, GRACE, Batch, Loss
from logonbell.sources.entry import (
    AUTH_FACILITIES,
    DROPPED,
    PROGRAMS,
    Values,
    event_of_entry,
    is_asked,
    let_fall,
    loss_of,
    number_of,
    values_of_json,
)
from logonbell.sources.journalctl import ABSENT, DENIED, ENDED, NO_CURSOR, Journal, JournalError, Running
from logonbell.sources.kept import Count, Kept
from logonbell.sources.outage import Outage
from logonbell.sources.pending import Pending
from logonbell.sources.position import Blind

PROOF = 300.0
"""Seconds between two readings of what was read already."""
SECOND_LOOK = 2.0
"""Seconds that an entry may be on its way to us before it is missing: journald tells of what it wrote within 250 ms."""
PATIENCE = 0.05
"""Seconds that a look may wait for an answer that is about to come."""
ASKED = 20.0
"""Seconds that journalctl may take to tell what it holds, when somebody asks how the reading fares."""
_BATCH = 1_000
_TAKES = 16
"""Blocks of what journalctl printed that are looked at in one go; what it does not get rid of it keeps."""
_KNOWN = 20_000
_PROVE_SOON = 10_000
"""So many entries taken are proved at once: what is known of them is not kept for ever."""
_LONGEST = 1 << 20
"""Bytes of an entry that are looked at: journalctl leaves out a value of 4 KiB and more by itself."""
_LIVES = 1.0
"""Seconds after which a journalctl that has nothing to say is taken for one that works."""

WANTED = (
    *(f"SYSLOG_FACILITY={each}" for each in AUTH_FACILITIES),
    "+",
    *(f"SYSLOG_IDENTIFIER={each}" for each in PROGRAMS),
    "+",
    f"MESSAGE_ID={DROPPED}",
)
"""What is asked for (journalctl(1)): of one field any of these values, ``+`` is or."""


class Place(Kept, frozen=True):
    """Where reading stands: on the entry of ``cursor``, of which there may be nothing to tell ("": in front of the oldest).

    ``number`` and ``time`` are those of the newest entry that was given. ``news`` is when news begin, until the first of
    them came. ``given`` counts all that was given. ``blind``: it cannot be followed.
    """

    news: datetime | None = None
    cursor: Annotated[str, msgspec.Meta(max_length=1_000)] = ""
    number: Count = 0
    time: datetime | None = None
    given: Count = 0
    blind: Blind | None = None


@dataclass(slots=True)
class _Proof:
    """A reading of what was read already. ``end`` is the newest entry of all when it began; ``late`` are those that were not given."""

    end: _Answer
    again: _Answer | None = None
    late: list[Values] = field(default_factory=list)
    due: float | None = None


class JournalSource:
    """Gives what programs tell of logons in the journal, from behind a cursor, as long as it is asked.

    One ``journalctl`` runs and follows. Before that, one looks whether the cursor is still there, and one reads up to the
    end; now and then two more show, by reading again, that nothing was left out, and move the cursor on to the newest entry
    of all, so that it is not lost when the journal lets old ones go. ``ticks`` is a clock in seconds that cannot be set.

    Nothing that ``journalctl`` does ends it: it is started again for ever, with longer pauses.
    """

    name = JOURNAL
    """The key under which the bookmark is kept."""

    def __init__(
        self, journal: Journal, *, clock: Callable[[], datetime], ticks: Callable[[], float]
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._ticks = ticks
        self._outage = Outage(ticks)
        self._pending: Pending[Place] = Pending()
        self._behind: Place | None = None
        self._here = Place()
        self._asked: _Answer | None = None
        self._feed: _Answer | None = None
        self._proof: _Proof | None = None
        self._forget()

    def _forget(self) -> None:
        """Know nothing of the journal but the place."""
        self._known: dict[str, None] = {}
        self._stage = self._seek if self._here.cursor else self._catch_up
        self._skip: tuple[str, int] = "", 0
        self._proved = self._here.cursor
        self._prove_at = self._ticks() + PROOF
        self._began = self._ticks()

    @property
    def past(self) -> str | None:
        """See ``Following.past``: it begins behind the past."""
        return None

    def begin(self, news: datetime) -> str:
        """See ``Following.begin``."""
        return Place(news=min(news, self._clock() - GRACE)).text

    def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
        """Give what stands behind ``bookmark``. See ``Source.read``; ``newest`` is the entry's number in the journal."""
        self._take_up(bookmark)
        most = limit or _BATCH
        try:
            if self._outage.may_try and self._pending.events < most:
                self._stage()
                self._prove()
        except JournalError as error:
            self._stumbled(error)
        catching_up = self._outage.began is None and self._stage != self._follow
        return self._pending.batch(most, self._here, attrgetter("number"), more=catching_up)

    def oldest_unread(self, bookmark: str | None) -> datetime | None:
        """Ask for the time of the oldest entry behind ``bookmark``, waiting for the answer; None where there is none."""
        place = Place.of(bookmark)
        if place is None or not place.cursor:
            return None
        end = self._ticks() + ASKED
        try:
            answer = _Answer(self._journal(f"--cursor={place.cursor}", "--lines=2", *WANTED))
        except JournalError:
            return None
        try:
            found: list[Values | None] = []
            while self._ticks() < end:
                found += answer.take(PATIENCE)
                if answer.is_over:
                    break
        except JournalError:
            return None
        finally:
            answer.close()
        events = (event_of_entry(one) for one in found if one and one.get("__CURSOR") != place.cursor)
        return next((event.time for event in events if event), None)

    def close(self) -> None:
        """End every ``journalctl``."""
        proof, self._proof = self._proof, None
        answers = [self._asked, self._feed, *([proof.end, proof.again] if proof else [])]
        self._asked = self._feed = None
        for answer in answers:
            if answer is not None:
                answer.close()

    # Where the reading stands

    def _take_up(self, bookmark: str | None) -> None:
        """Forget what is given for good; what stands behind the bookmark is given (again)."""
        asked = Place.of(bookmark)
        behind = self._behind
        if asked is not None and behind is not None and behind.given <= asked.given <= self._here.given:
            behind = self._pending.keep(asked.given) or behind
            if behind.given == asked.given and (not self._pending or behind.cursor == asked.cursor):
                self._behind = asked
                return
        self.close()
        self._pending.clear()
        self._here = self._behind = asked or Place()
        self._forget()
        if asked is None:
            self._put(loss=Loss(JOURNAL, DAMAGED))

    def _put(self, event: Event | None = None, loss: Loss | None = None) -> None:
        self._here = replace(self._here, given=self._here.given + 1)
        self._pending.put(self._here, event, loss)

    def _say(self, told: Told, *, code: int, since: datetime) -> None:
        """Give an event of the watching itself."""
        now = self._clock()
        fields = {
            "Channel": JOURNAL,
            "Code": str(code),
            "Since": since.isoformat(),
            "Record": str(self._here.number),
        }
        self._put(Event(WATCHING, int(told), self._here.given + 1, now, "", "logonbell", fields))

    # The stages: is the cursor there, what is there by now, what comes

    def _ask(self, *arguments: str) -> _Answer:
        return _Answer(self._journal(*arguments))

    def _seek(self) -> None:
        """Look whether the entry is still there on which the reading stands."""
        cursor = self._here.cursor
        if self._asked is None:
            self._asked = self._ask(f"--cursor={cursor}", "--lines=1")
        found: list[Values | None] = []
        try:
            found = self._asked.take(PATIENCE)
            over = self._asked.is_over
        except JournalError as error:
            if error.code != NO_CURSOR:
                raise
            over = True
        if found and found[0] is not None and found[0].get("__CURSOR") == cursor:
            self._stop_asking()
            self._stage = self._catch_up
        elif over or found:
            self._stop_asking()
            self._start_over()
            self._stage = self._catch_up

    def _start_over(self) -> None:
        """Go on at the oldest entry, and pass over what was read, as far as its numbers tell."""
        here = self._here
        self._skip = here.cursor.partition(";")[0], number_of(here.cursor)
        self._here = replace(here, cursor="")
        self._say(Told.GAP, code=NO_CURSOR, since=here.time or self._clock())

    def _catch_up(self) -> None:
        """Read what is there."""
        if self._asked is None:
            self._asked = self._ask(*self._since_here(), *WANTED)
        self._take_all(self._asked, PATIENCE)
        if self._asked.is_over:
            self._stop_asking()
            self._stage = self._follow
            self._known, self._proved = (
                {},
                self._here.cursor,
            )  # a reading that came to its end left out nothing

    def _since_here(self) -> Sequence[str]:
        if self._here.cursor:
            return (f"--cursor={self._here.cursor}",)
        if self._here.news is not None:
            return (f"--since=@{self._here.news.timestamp():.6f}",)
        return ()

    def _follow(self) -> None:
        """Read what comes."""
        if self._feed is None:
            self._feed = self._ask("--follow", "--no-tail", *self._since_here(), *WANTED)
            self._began = self._ticks()
        if self._take_all(self._feed) or self._ticks() - self._began >= _LIVES:
            self._can_see()
        if self._feed.is_over:
            raise JournalError(ENDED, "journalctl")

    def _stop_asking(self) -> None:
        if self._asked is not None:
            self._asked.close()
            self._asked = None

    def _take_all(self, answer: _Answer, patience: float = 0.0) -> bool:
        """Take what there is of an answer, as far as is good at once; tell whether there was any."""
        for number in range(_TAKES):
            found = answer.take(0.0 if number else patience)
            for values in found:
                self._take(values)
            if not found:
                return number > 0
        return True

    def _take(self, values: Values | None) -> None:
        """Take one entry, unless it was taken before."""
        cursor = "" if values is None else values.get("__CURSOR") or ""
        if values is None or not cursor:
            self._lose_one()
            return
        number = number_of(cursor)
        known = cursor in self._known or cursor in {self._here.cursor, self._proved}
        if known or (cursor.partition(";")[0] == self._skip[0] and number <= self._skip[1]):
            return
        self._known[cursor] = None
        while len(self._known) > _KNOWN:
            del self._known[next(iter(self._known))]
        fallen = let_fall(values)
        event = event_of_entry(values) if is_asked(values) else None
        if event is None:
            self._here = replace(self._here, cursor=cursor, news=None)
            if fallen is not None:
                self._put(loss=Loss(JOURNAL, loss_of(*fallen), fallen[0]))
            elif is_asked(values) and values.get("_UID") in {None, "0"}:
                self._lose_one()  # what others write, and make too long to be read, would not have been believed
            return
        self._here = replace(self._here, cursor=cursor, number=number, time=event.time, news=None)
        self._put(event)

    def _lose_one(self) -> None:
        what = plural("A record could not be understood.", "{count} records could not be understood.", 1)
        self._put(loss=Loss(JOURNAL, what, 1))

    # Reading again

    def _prove(self) -> None:
        """Read again what was read, a step at a time, and give what was not handed over."""
        now, proof = self._ticks(), self._proof
        if self._stage != self._follow:
            return
        if proof is None and now < self._prove_at and len(self._known) < _PROVE_SOON:
            return
        if proof is None:
            self._proof = _Proof(self._ask("--lines=1"))
            return
        if proof.again is None:
            proof.end.gather()
            if proof.end.is_over:
                since = f"--cursor={self._proved}" if self._proved else f"--since=@{self._since():.6f}"
                proof.again = self._ask(since, *WANTED)
        elif proof.due is None:
            proof.again.gather()
            if proof.again.is_over:
                proof.late = [
                    one
                    for one in proof.again.gathered
                    if one and (cursor := one.get("__CURSOR")) not in self._known and cursor != self._proved
                ]
                proof.due = now + SECOND_LOOK if proof.late else now
        elif now >= proof.due and not self._pending:
            self._end_proof(proof)

    def _since(self) -> float:
        """Give from when on it is read again where no entry was read yet."""
        return (self._here.news or self._clock() - timedelta(seconds=PROOF)).timestamp()

    def _end_proof(self, proof: _Proof) -> None:
        missing = [one for one in proof.late if one.get("__CURSOR") not in self._known]
        place = self._here
        for each in missing:
            self._take(each)
        if missing:
            self._here = replace(self._here, cursor=place.cursor, number=place.number, time=place.time)
            what = plural(
                "journalctl did not hand over a record of its own accord; reading again found it.",
                "journalctl did not hand over {count} records of its own accord; reading again found them.",
                len(missing),
            )
            self._put(loss=Loss(JOURNAL, what, 0))
            self._feed, feed = None, self._feed
            if feed is not None:
                feed.close()
        end = next((one.get("__CURSOR") for one in proof.end.gathered if one), None)
        if end and (not place.cursor or number_of(end) > number_of(place.cursor)):
            # Nothing of ours stands between what was given last and this, so it is as good a place, and lasts longer.
            self._here = replace(self._here, cursor=end, news=None)
        self._proved = end or self._proved
        newest = number_of(end)
        self._known = {cursor: None for cursor in self._known if number_of(cursor) > newest}
        proof.end.close()
        if proof.again is not None:
            proof.again.close()
        self._proof = None
        self._prove_at = self._ticks() + PROOF

    # What goes wrong

    def _can_see(self) -> None:
        """Note that the journal answers: an outage is over."""
        self._outage.over()
        blind = self._here.blind
        if blind is not None:
            self._here = replace(self._here, blind=None)
            if blind.told:
                self._say(Told.SEEING, code=blind.code, since=blind.since)

    def _stumbled(self, error: JournalError) -> None:
        """End everything; the next look that may begins anew from where the reading stands."""
        self.close()
        self._stage = self._seek if self._here.cursor else self._catch_up
        self._prove_at = self._ticks() + PROOF
        self._outage.failed()
        known = self._here.blind or Blind(self._clock(), error.code)
        self._here = replace(self._here, blind=replace(known, code=error.code))
        if not known.told and self._outage.lasts:
            self._here = replace(self._here, blind=replace(known, code=error.code, told=True))
            self._say(Told.BLIND, code=error.code, since=known.since)
            self._put(loss=Loss(JOURNAL, why_not(error.code)))


def why_not(code: int) -> Sentence:
    """Say why the journal cannot be followed, and what to do."""
    if code == ABSENT:
        return say(
            "There is no journalctl on this machine. Set journal = 'off' under [sources], and name files: auth_logs."
        )
    if code == DENIED:
        return say("Access is denied. Run logonbell as root, or add its user to the group systemd-journal.")
    return say(
        "journalctl ends as soon as it is started. See what it says: journalctl --output=json --lines=1"
    )


class _Answer:
    """What a ``journalctl`` prints, entry by entry."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._rest = b""
        self._long = False
        self.gathered: list[Values | None] = []

    def take(self, patience: float = 0.0) -> list[Values | None]:
        """Give the entries that came; None for one that is none, or too long."""
        return list(self._lines(self._running.take(patience)))

    def gather(self) -> None:
        """Keep those that came."""
        while found := self.take():
            self.gathered += found

    def _lines(self, block: bytes) -> Iterator[Values | None]:
        *whole, self._rest = (self._rest + block).split(b"\n")
        for line in whole:
            if self._long:
                self._long = False
                yield None
            elif line:
                yield values_of_json(line)
        if len(self._rest) > _LONGEST:
            self._rest, self._long = b"", True

    @property
    def is_over(self) -> bool:
        return self._running.is_over

    def close(self) -> None:
        self._running.close()
