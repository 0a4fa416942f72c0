"""What is told to each notifier: what waits, what was begun, and what became of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from logonbell.alert import Level
from logonbell.notification import NAMED, Digest, DigestKind, Notification, Telling, digest_fingerprint
from logonbell.pace import Bundle, Sent, Waiting
from logonbell.proof import NONE, Head, Proof
from logonbell.remarks import DROPPED, Remarked, joined, ranges
from logonbell.sentence import Sentence, say
from logonbell.store.chain import Chain
from logonbell.store.codec import (
    Unreadable,
    alert_from_json,
    sentence_to_json,
    text_from_column,
    text_to_column,
    time_from_column,
    time_to_column,
)
from logonbell.store.database import Database
from logonbell.store.hosts import Hosts
from logonbell.store.remarks import Remarks

MEET = """
insert into notifier (name, remarks) select ?, coalesce(max(id), 0) from remark where time < ?
on conflict (name) do nothing
"""
FRESH = timedelta(days=1)
"""Older remarks are not told to a notifier that is new."""

NEWEST = "select coalesce(max(alert), 0) from delivery where notifier = ? and telling is null"
CRITICAL = """
select alert.id, alert.level, alert.kind, alert.host_id, alert.time, alert.read
from alert cross join delivery on delivery.alert = alert.id -- in this order: critical ones are few
where alert.level = 4 and delivery.notifier = ? and delivery.telling is null
order by alert.id limit ?
"""
OTHERS = """
select alert.id, alert.level, alert.kind, alert.host_id, alert.time, alert.read
from delivery join alert on alert.id = delivery.alert
where delivery.notifier = ? and delivery.telling is null and alert.level < 4
order by delivery.alert limit ?
"""
MOST = 20_000
"""So many alerts are decided about at once, and as many critical ones: whatever waits, it fits into memory."""
FINGERPRINTS = """
select alert.fingerprint from delivery join alert on alert.id = delivery.alert
where delivery.notifier = ? and delivery.telling is null and delivery.alert in (select value from json_each(?))
"""
BEGIN = """
insert into telling
    (notifier, digest, fingerprint, level, kind, alerts, why, begun, history, number, before, link, head, remarks)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (select coalesce(max(id), 0) from remark))
"""
TOOK = """
select delivery.notifier, coalesce(telling.state = 'delivered', 0), exists (
    select * from telling as older
    where older.notifier = delivery.notifier and older.state = 'delivered' and older.done < alert.read
)
from alert join delivery on delivery.alert = alert.id left join telling on telling.id = delivery.telling
where alert.fingerprint = ?
"""
KNOWN = "select exists (select * from alert where fingerprint = ?)"
NEAR = "console"
"""What this notifier takes need not have been seen by anybody: it tells where the program was started."""
LAST_NUMBER = "select number, mark from notifier where name = ?"
COUNT_ON = """
insert into notifier (name, remarks, number, mark) values (?, 0, ?, ?)
on conflict (name) do update set number = excluded.number, mark = excluded.mark
"""
REFER = """
update delivery set telling = ?
where notifier = ? and telling is null and alert in (select value from json_each(?))
"""
LAST = "select last_insert_rowid()"
DUE_LEVELS = """
select level from telling where notifier = ? and state = 'pending' and (due is null or due <= ? or failed > ?)
"""
DUE = """
select id, digest, fingerprint, alerts, remarks, attempts, begun, history, number, before, link, head from telling
where notifier = ? and state = 'pending'
    -- one that failed in the future is due: the clock was set back
    and (due is null or due <= ? or failed > ?)
order by level < 4, id limit ?
"""
STUCK = "select count(*) from telling where notifier = ? and state = 'pending' and due is not null"
BEGUN = """
select begun, level, digest, kind from telling
where notifier = ? and state <> 'dropped' order by id desc limit ?
"""
ALERTS = """
select alert.level, alert.door, alert.time, alert.sequence, alert.host_id
from delivery join alert on alert.id = delivery.alert where delivery.telling = ? order by alert.sequence
"""
WORST = """
select alert.facts, alert.sequence, alert.read from delivery join alert on alert.id = delivery.alert
where delivery.telling = ? order by alert.level desc, alert.id limit ? offset ?
"""
DELIVERED = """
update telling set state = 'delivered', attempts = attempts + 1, due = null, done = ?, receipt = ?
where id = ? and state <> 'delivered'
"""
POSTPONE = """
update telling set attempts = attempts + 1, due = ?, failed = ?, error = ? where id = ? and state = 'pending'
"""
HURRY = "update telling set due = ? where notifier = ? and state = 'pending' and due > ?"
FREE = "update telling set due = null where notifier = ? and state = 'pending' and due is not null"
BURY = """
update telling set state = 'buried', attempts = attempts + 1, due = null, failed = ?, error = ?, done = ?
where id = ? and state = 'pending'
"""
RETRY = "update telling set state = 'pending', due = null, done = null where id = ? and state = 'buried'"
NOT_DONE = "select id from telling where notifier = ? and state in ('pending', 'buried') order by id"
DROP = """
update telling set state = 'dropped', due = null, error = ?, done = ? where id = ? and state in ('pending', 'buried')
"""
DROP_WAITING = """
insert into telling (notifier, fingerprint, level, alerts, begun, state, error, done)
select ?1, '', max(alert.level), count(*), ?2, 'dropped', ?3, ?2
from delivery join alert on alert.id = delivery.alert where delivery.notifier = ?1 and delivery.telling is null
having count(*) > 0
"""
REFER_ALL = "update delivery set telling = ? where notifier = ? and telling is null"
NUMBERS = """
select alert.host_id, alert.sequence from delivery join alert on alert.id = delivery.alert
where delivery.telling = ? order by alert.host_id, alert.sequence
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that was begun and waits for its notifier: when, and how often it was tried. ``key`` is its row.

    ``carries`` is the newest remark that it carries, 0 where it carries none.
    """

    key: int
    notifier: str
    telling: Telling
    attempts: int
    begun: datetime
    carries: int = 0


class Tellings:
    """The messages of all notifiers. What was begun is never put together anew: tried again, it is the same message."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.remarks = Remarks(database)
        self._chain = Chain(database)
        self._hosts = Hosts(database)

    def meet(self, notifier: str, now: datetime) -> None:
        """Begin with a notifier: a new one is not told what was to be remarked before its time; nothing waits any more."""
        with self._database.transaction():
            self._database.change(MEET, (text_to_column(notifier), time_to_column(now - FRESH)))
            self.hurry(notifier, now)

    def newest(self, notifier: str) -> int:
        """Give the newest alert that waits, 0 where none does."""
        return int(self._database.rows(NEWEST, (text_to_column(notifier),))[0][0])

    def waiting(self, notifier: str, limit: int = MOST) -> list[Waiting]:
        """Give alerts for which nothing was begun: the critical ones, then the others, of each the oldest ``limit``."""
        values = (text_to_column(notifier), limit)
        rows = self._database.rows(CRITICAL, values) + self._database.rows(OTHERS, values)
        return [
            Waiting(key, Level(level), kind, host, time_from_column(time), time_from_column(read))
            for key, level, kind, host, time, read in rows
        ]

    def begin(self, notifier: str, bundles: Iterable[Bundle], now: datetime) -> None:
        """Begin messages, before they are sent: from now on they stay as they are, whatever happens meanwhile."""
        with self._database.transaction():
            for bundle in bundles:
                self._begin(notifier, bundle, now)

    def _begin(self, notifier: str, bundle: Bundle, now: datetime) -> None:
        name, keys = text_to_column(notifier), json.dumps(bundle.keys)
        marks = [mark for (mark,) in self._database.rows(FINGERPRINTS, (name, keys))]
        if not marks:  # somebody dropped them meanwhile
            return
        mark = marks[0] if len(marks) == 1 else digest_fingerprint(marks)
        proof = self._proof(name, mark)
        values = (
            name,
            bundle.digest,
            mark,
            int(bundle.level),
            bundle.kind,
            len(marks),
            sentence_to_json(bundle.why),
            time_to_column(now),
        )
        head = proof.head
        self._database.change(
            BEGIN, (*values, proof.history, proof.number, proof.before, head.number, head.mark)
        )
        self._database.change(COUNT_ON, (name, proof.number, proof.mark))
        ((key,),) = self._database.rows(LAST)
        self._database.change(REFER, (key, name, keys))

    def _proof(self, name: str, mark: str) -> Proof:
        """Give the next number of a notifier, and the history's newest link, to a message."""
        rows = self._database.rows(LAST_NUMBER, (name,))
        number, before = rows[0] if rows else (0, "")
        chain = self._chain
        return Proof(chain.name(), text_from_column(name), number + 1, before or NONE, chain.head(), mark)

    def due_levels(self, notifier: str, now: datetime) -> list[Level]:
        """Give the levels of what was begun and may be tried now."""
        return [Level(level) for (level,) in self._database.rows(DUE_LEVELS, self._is_due(notifier, now))]

    def due(self, notifier: str, now: datetime, limit: int) -> list[Delivery]:
        """Give at most ``limit`` messages that were begun and may be tried now: the critical first, then the oldest.

        One of them carries what must be told besides. What cannot be read any more is buried with the reason, so that it
        does not hold up the others.
        """
        told = self.remarks.told(notifier)
        carried = False
        deliveries = []
        for key, digest, mark, alerts, remarks, attempts, begun, *proof in self._database.rows(
            DUE, (*self._is_due(notifier, now), limit)
        ):
            telling = self._single(key) if alerts == 1 else self._digest(key, digest, mark, alerts)
            if isinstance(telling, Unreadable):
                why = say("The alert cannot be read any more ({why}).", why=str(telling))
                self._bury(key, why, now)
                continue
            telling = replace(telling, proof=_proof(proof, notifier, mark))
            carries = 0 if carried or remarks <= told else remarks
            if carries:
                telling = replace(telling, remarks=self.remarks.between(told, carries))
                carried = True
            deliveries.append(Delivery(key, notifier, telling, attempts, time_from_column(begun), carries))
        return deliveries

    def _is_due(self, notifier: str, now: datetime) -> tuple[str, str, str]:
        at = time_to_column(now)
        return text_to_column(notifier), at, at

    def _single(self, key: int) -> Notification | Unreadable:
        return next(self._worst(key), Unreadable("it is gone"))

    def _digest(self, key: int, kind: str, mark: str, alerts: int) -> Digest | Unreadable:
        named: list[Notification] = []
        unreadable = Unreadable("it is gone")
        for one in self._worst(key):
            if isinstance(one, Unreadable):
                unreadable = one
                continue
            named.append(one)
            if len(named) == NAMED:
                break
        if not named:
            return unreadable
        rows = self._database.rows(ALERTS, (key,))
        host_id = text_from_column(rows[0][4])
        times = [time for _, _, time, _, _ in rows]
        return Digest(
            DigestKind(kind),
            mark,
            host_id,
            tuple(named),
            alerts,
            {Level(level): number for level, number in Counter(row[0] for row in rows).items()},
            Counter(door for _, door, _, _, _ in rows if door is not None),
            time_from_column(min(times)),
            time_from_column(max(times)),
            tuple(ranges(row[3] for row in rows)),
            instance=self._hosts.instance(host_id),
        )

    def _worst(self, key: int) -> Iterator[Notification | Unreadable]:
        """Give a message's alerts, the worst first."""
        offset = 0
        while rows := self._database.rows(WORST, (key, NAMED, offset)):
            offset += len(rows)
            for facts, sequence, read in rows:
                try:
                    alert = alert_from_json(facts)
                except Unreadable as error:
                    yield error
                    continue
                instance = self._hosts.instance(alert.host_id)
                yield Notification(alert, sequence, time_from_column(read), instance=instance)

    def took(self, fingerprint: str) -> bool:
        """Tell whether a notifier took the message about an alert; of one that nobody was to be told, nobody need.

        Where one was to be told that took messages before, only such a one counts: another may have been added by whoever
        is told of. That of the console counts where there is nothing else.
        """
        rows = self._database.rows(TOOK, (fingerprint,))
        if not rows:
            return bool(self._database.rows(KNOWN, (fingerprint,))[0][0])
        afar = [row for row in rows if text_from_column(row[0]) != NEAR]
        known = [row for row in afar if row[2]]
        return any(took for _, took, _ in known or afar or rows)

    def stuck(self, notifier: str) -> int:
        """Count what was begun and waits behind a failure."""
        return int(self._database.rows(STUCK, (text_to_column(notifier),))[0][0])

    def sent(self, notifier: str, now: datetime, limit: int) -> list[Sent]:
        """Give the newest messages that were begun; one that the clock dates into the future was begun just now."""
        return [
            Sent(
                max(now - time_from_column(begun), timedelta(0)),
                Level(level),
                None if digest is None else DigestKind(digest),
                kind,
            )
            for begun, level, digest, kind in self._database.rows(BEGUN, (text_to_column(notifier), limit))
        ]

    def delivered(self, delivery: Delivery, receipt: str, now: datetime) -> None:
        """Mark a message as taken by its notifier, only after it was; what it carried besides is told with it."""
        with self._database.transaction():
            self._database.change(DELIVERED, (time_to_column(now), text_to_column(receipt), delivery.key))
            if delivery.carries:
                self.remarks.tell(delivery.notifier, delivery.carries)

    def postpone(self, delivery: Delivery, why: Sentence, until: datetime, now: datetime) -> None:
        """Leave a message pending, and not due before ``until``."""
        values = (time_to_column(until), time_to_column(now), sentence_to_json(why), delivery.key)
        self._database.change(POSTPONE, values)

    def hurry(self, notifier: str, now: datetime) -> None:
        """Make everything due that waits behind a failure. It is still behind that failure."""
        at = time_to_column(now)
        self._database.change(HURRY, (at, text_to_column(notifier), at))

    def free(self, notifier: str) -> None:
        """Note that something got through: nothing waits behind a failure any more."""
        self._database.change(FREE, (text_to_column(notifier),))

    def bury(self, delivery: Delivery, why: Sentence, now: datetime) -> None:
        """Give a message up for good, with the reason. Its alerts are never forgotten."""
        self._bury(delivery.key, why, now)

    def _bury(self, key: int, why: Sentence, now: datetime) -> None:
        at = time_to_column(now)
        self._database.change(BURY, (at, sentence_to_json(why), at, key))

    def retry(self, message: int) -> bool:
        """Try a message again that was given up; False where it was not."""
        return self._database.change(RETRY, (message,)) > 0

    def drop(self, message: int, why: Sentence, now: datetime) -> int:
        """Let nobody be told by a message that is pending or was given up; say so with the next. Return how many alerts."""
        with self._database.transaction():
            at = time_to_column(now)
            if self._database.change(DROP, (sentence_to_json(why), at, message)) == 0:
                return 0
            return self._remark_dropped(message, why, now)

    def drop_all(self, notifier: str, why: Sentence, now: datetime) -> int:
        """Let a notifier tell nothing of what is not delivered; say so with the next message. Return how many alerts."""
        with self._database.transaction():
            begun = self._database.rows(NOT_DONE, (text_to_column(notifier),))
            dropped = sum(self.drop(key, why, now) for (key,) in begun)
            name, at = text_to_column(notifier), time_to_column(now)
            if self._database.change(DROP_WAITING, (name, at, sentence_to_json(why))) == 0:
                return dropped
            ((key,),) = self._database.rows(LAST)
            self._database.change(REFER_ALL, (key, name))
            return dropped + self._remark_dropped(key, why, now)

    def _remark_dropped(self, message: int, why: Sentence, now: datetime) -> int:
        rows = self._database.rows(NUMBERS, (message,))
        self.remarks.add(
            joined(
                [
                    Remarked(now, DROPPED, why, 1, text_from_column(host), (number, number))
                    for host, number in rows
                ]
            )
        )
        return len(rows)


def _proof(row: Sequence[Any], notifier: str, mark: str) -> Proof | None:
    """Read what a message proves; None for one that was begun before there were proofs."""
    history, number, before, link, head = row
    return None if number is None else Proof(history, notifier, number, before, Head(link, head), mark)
