"""Whether the history is what was written: the chain from its checkpoint to its head, and every row against its links."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from logonbell.completeness import Claim
from logonbell.proof import Head, Link, Proof, stream_of
from logonbell.sentence import Sentence, say
from logonbell.store.chain import ALERT, ALERTS, FINDING, FINDINGS, FORGOTTEN, link_of
from logonbell.store.codec import text_from_column, time_to_column
from logonbell.store.database import Database

CHECKPOINT = "select number, mark, before from checkpoint"
FORGOTTEN_BEFORE = "select max(time) from link where kind = 'forgotten'"
LINKS = """
select link.number, link.kind, link.row, link.time, link.at, link.digest, link.mark,
    coalesce(finding.link, alert.link), coalesce(finding.id, alert.id)
from link
left join finding on link.kind = 'finding' and finding.id = link.row
left join alert on link.kind = 'alert' and alert.id = link.row
order by link.number
"""
STREAMS = "select distinct history, notifier from telling where history is not null"
TOLD = """
select before, link, head, fingerprint from telling where notifier = ? and history = ? and number = ? order by id
"""
HISTORIES = "select name, since from history order by id"
LAST_LINK = "select max((select number from checkpoint), coalesce((select max(number) from link), 0))"
MARK = "select mark from link where number = ?"
LINK = "select kind, row, time, at, digest from link where number = ?"


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that is not as it was written. ``kind`` is a word for machines, ``number`` the link that shows it.

    broken: a link is gone or was changed; removed, changed, restored, inserted: a finding or an alert was, restored meaning
    that an older version of it was put back; untold: the history does not have, or not so, what a message told of it; forgotten:
    more was than its time had come for.
    """

    kind: str
    what: Sentence
    number: int | None = None


@dataclass(slots=True)
class Sound:
    """What was found in order, counted while the flaws are iterated. ``before``: all of that time may be forgotten."""

    checkpoint: int
    head: Head
    before: str | None
    findings: int = 0
    alerts: int = 0
    bare: int = 0
    """Alerts whose facts were forgotten."""


class Inspection:
    """Looks at a history. Nothing is changed, and whoever writes is not held up; memory does not grow with its length."""

    def __init__(self, database: Database) -> None:
        self._database = database
        number, mark, before = database.rows(CHECKPOINT)[0]
        ((forgotten,),) = database.rows(FORGOTTEN_BEFORE)
        self._begins = Head(number, mark)
        self.sound = Sound(number, self._begins, max(before or "", forgotten or "") or None)

    def flaws(self) -> Iterator[Flaw]:
        """Give everything that is not as it was written."""
        yield from self._links()
        yield from self._findings()
        yield from self._alerts()

    def forgotten(self, allowed: datetime) -> Flaw | None:
        """Tell whether more was forgotten than ``allowed`` lets be: who removes rows may say that they were old."""
        before = self.sound.before
        if before is None or before <= time_to_column(allowed):
            return None
        what = say(
            "What was before {time} is gone, and what was since {allowed} should be kept: somebody removed it, unless keep_days was "
            "smaller once, or the clock ahead.",
            time=before,
            allowed=time_to_column(allowed),
        )
        return Flaw("forgotten", what, self.sound.checkpoint)

    def untold(self, claim: Claim) -> Flaw | None:
        """Hold the history against what a message says of it; None where it fits, as far as it reaches back."""
        number = claim.number
        told = self._told(claim)
        if told is None:
            what = say("This state sent no message {number} of this history to anybody.", number=number)
            return Flaw("untold", what, claim.link)
        if told.mark[: len(claim.mark)] != claim.mark or told.head.number != claim.link:
            what = say("Message {number} is not the one that this state sent.", number=number)
            return Flaw("untold", what, claim.link)
        if claim.link > self._ends(told.history) or self._mark(claim.link) not in (None, told.head.mark):
            what = say("Up to link {number}, the history is not the one that was told of.", number=claim.link)
            return Flaw("untold", what, claim.link)
        return None

    def _told(self, claim: Claim) -> Proof | None:
        """Find what the state says that it sent."""
        for history, notifier in self._database.rows(STREAMS):
            if stream_of(history, text_from_column(notifier)) == claim.stream:
                for before, link, head, mark in self._database.rows(TOLD, (notifier, history, claim.number)):
                    name = text_from_column(notifier)
                    return Proof(history, name, claim.number, before, Head(link, head), mark)
        return None

    def _ends(self, name: str) -> int:
        """Give the last link that a history had before another one replaced it, or has."""
        histories = self._database.rows(HISTORIES)
        ends = [since - 1 for _, since in histories[1:]] + [self._database.rows(LAST_LINK)[0][0]]
        return next((end for (known, _), end in zip(histories, ends, strict=True) if known == name), -1)

    def _mark(self, number: int) -> str | None:
        """Give the mark of a link; None for one that was dropped behind the checkpoint, or before the first."""
        if number == self._begins.number:
            return self._begins.mark
        if number < self._begins.number:
            return None
        return next((mark for (mark,) in self._database.rows(MARK, (number,))), "")

    def _links(self) -> Iterator[Flaw]:
        head = self._begins
        for number, kind, row, time, at, digest, mark, newest, there in self._database.stream(LINKS):
            if number != head.number + 1:
                yield Flaw(
                    "broken",
                    say("The links {first} to {last} are gone.", first=head.number + 1, last=number - 1),
                    head.number + 1,
                )
                head = Head(number - 1, "")
            link = Link(kind, row, time, at, digest)
            if head.mark and link.behind(head) != Head(number, mark):
                what = say("Link {number} of {at} was changed.", number=number, at=at)
                yield Flaw("broken", what, number)
            if kind != FORGOTTEN and there is None and not self._may_be_forgotten(link):
                what = say("{row} (kept at {at}) was removed.", row=_row(kind, row, time), at=at)
                yield Flaw("removed", what, number)
            if there is not None and newest is not None and newest < number:
                what = say(
                    "{row} is an older version: the one of {at} was removed.",
                    row=_row(kind, row, time),
                    at=at,
                )
                yield Flaw("restored", what, number)
            head = Head(number, mark)
        self.sound.head = head

    def _may_be_forgotten(self, link: Link) -> bool:
        before = self.sound.before
        return link.kind == FINDING and before is not None and min(link.time, link.at) < before

    def _findings(self) -> Iterator[Flaw]:
        for row in self._database.stream(FINDINGS):
            flaw = self._compare(FINDING, row)
            if flaw is None:
                self.sound.findings += 1
            else:
                yield flaw

    def _alerts(self) -> Iterator[Flaw]:
        before = self.sound.before
        for row in self._database.stream(ALERTS):
            number, _, _, at, facts, *_ = row
            if before is not None and at < before and (number or 0) <= self.sound.checkpoint:
                self.sound.bare += 1
                continue
            flaw = self._compare(ALERT, row)
            if flaw is None:
                self.sound.alerts += 1
            elif before is not None and at < before and facts is None and flaw.kind == "changed":
                self.sound.bare += 1
            else:
                yield flaw

    def _compare(self, kind: str, row: Any) -> Flaw | None:
        """Hold a row against the link that it names."""
        number = row[0]
        link = link_of(kind, row)
        links = self._database.rows(LINK, (number,))
        if not links or links[0][:2] != (kind, link.row):
            return Flaw("inserted", say("{row} is in no link.", row=_row(kind, link.row, link.time)), number)
        if links[0][2:] != (link.time, link.at, link.digest):
            return Flaw("changed", say("{row} was changed.", row=_row(kind, link.row, link.time)), number)
        return None


def _row(kind: str, key: int, time: str) -> Sentence:
    if kind == ALERT:
        return say("The alert in row {key}, of {time}", key=key, time=time)
    return say("The finding in row {key}, of {time}", key=key, time=time)
