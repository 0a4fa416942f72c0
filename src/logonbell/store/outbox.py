"""What was read, and what is not yet told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from logonbell.alert import Alert
from logonbell.errors import Refused
from logonbell.filter import Filter
from logonbell.logon import Finding
from logonbell.notification import Notification
from logonbell.sentence import Sentence, say
from logonbell.store.codec import (
    Unreadable,
    alert_from_json,
    alert_to_json,
    sentence_from_json,
    sentence_to_json,
    text_from_column,
    text_to_column,
    time_from_column,
    time_to_column,
)
from logonbell.store.database import Database
from logonbell.store.history import History, forget, keep
from logonbell.store.lock import Lock
from logonbell.store.memory import Memory
from logonbell.store.recovery import checksum, copy_is_old, keep_copy, recover
from logonbell.store.refusal import refusing
from logonbell.store.schema import MIGRATIONS

FILE = "outbox.sqlite3"
LOCK = "agent.lock"

BOOKMARK = "select bookmark from bookmark where source = ?"
PUT_BOOKMARK = """
insert into bookmark (source, bookmark, newest, read, crc) values (?, ?, ?, ?, ?)
on conflict (source) do update set
    bookmark = excluded.bookmark, newest = coalesce(excluded.newest, newest), read = excluded.read, crc = excluded.crc
"""
SNAPSHOT = "select snapshot from snapshot"
PUT_SNAPSHOT = """
insert into snapshot (id, snapshot, read, crc) values (1, ?, ?, ?)
on conflict (id) do update set snapshot = excluded.snapshot, read = excluded.read, crc = excluded.crc
"""
LAST_NUMBER = """
select max(
    coalesce((select sequence from host where host_id = ?), 0), coalesce((select max(floor) from mending), 0)
)
"""
PUT_NUMBER = """
insert into host (host_id, sequence) values (?, ?) on conflict (host_id) do update set sequence = excluded.sequence
"""
PUT_ALERT = """
insert into alert (fingerprint, host_id, sequence, read, facts) values (?, ?, ?, ?, ?)
on conflict (fingerprint) do nothing
"""
PUT_DELIVERY = "insert into delivery (alert, notifier) select id, ? from alert where fingerprint = ?"
PENDING = """
select alert.id, alert.sequence, alert.read, alert.facts, delivery.attempts
from delivery join alert on alert.id = delivery.alert
where delivery.notifier = ? and delivery.state = 'pending'
    -- one that failed in the future is due: the clock was set back
    and (delivery.due is null or delivery.due <= ? or delivery.failed > ?)
order by delivery.alert limit ?
"""
DELIVERED = """
update delivery set state = 'delivered', attempts = attempts + 1, due = null, done = ?, receipt = ?
where alert = ? and notifier = ? and state <> 'delivered'
"""
POSTPONE = """
update delivery set attempts = attempts + 1, due = ?, failed = ?, error = ?
where alert = ? and notifier = ? and state = 'pending'
"""
HURRY = "update delivery set due = null where notifier = ? and state = 'pending' and due is not null"
BURY = """
update delivery set state = 'buried', attempts = attempts + 1, due = null, failed = ?, error = ?, done = ?
where alert = ? and notifier = ? and state = 'pending'
"""
FORGET = """
update alert set facts = null
where facts is not null and read < ?
    and not exists (select * from delivery where delivery.alert = alert.id and delivery.state <> 'delivered')
"""
SOURCES = "select source, bookmark, newest, read from bookmark order by source"
NOTIFIERS = """
select notifier, sum(state = 'pending'), sum(state = 'delivered'), sum(state = 'buried'),
    max(failed), max(case state when 'delivered' then done end)
from delivery group by notifier order by notifier
"""
LAST_ERROR = "select error from delivery where notifier = ? and failed = ? order by alert desc limit 1"
SEQUENCES = "select host_id, sequence from host order by host_id"
MENDINGS = "select time, what from mending order by id"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notification that waits for its notifier, and how often it was tried already. ``key`` is its row."""

    key: int
    notifier: str
    notification: Notification
    attempts: int


@dataclass(frozen=True, slots=True)
class SourceState:
    """How far a source was read: its bookmark, the newest record id, and when that was."""

    bookmark: str
    newest: int | None
    read: datetime


@dataclass(frozen=True, slots=True)
class NotifierState:
    """How many notifications a notifier has in each state, since the outbox began; its last failure and last success."""

    pending: int
    delivered: int
    buried: int
    last_error: Sentence | None
    failed: datetime | None
    last_delivery: datetime | None


@dataclass(frozen=True, slots=True)
class Mending:
    """A damaged outbox was replaced: when, and in words what that means."""

    time: datetime
    what: Sentence


@dataclass(frozen=True, slots=True)
class OutboxState:
    """What stands in the outbox: sources and notifiers by name, the last sequence number given by host id."""

    sources: Mapping[str, SourceState]
    notifiers: Mapping[str, NotifierState]
    sequences: Mapping[str, int]
    mendings: Sequence[Mending]


class Outbox:
    """Bookmarks, the recogniser's snapshot, the history, and the alerts with their deliveries.

    One object serves one thread, which also closes it: the agent's own is made by ``open``, every other by ``join``.
    Everything may raise ``Refused``; then nothing was changed, and the same call works again once the cause is mended.

    Facts are forgotten after a time, but fingerprints, sequence numbers and receipts never (about 300 bytes for an
    alert and its delivery): a log, or an archive of logs, may be read again however old it is, and only a
    fingerprint keeps its alerts from ringing again.
    """

    def __init__(
        self, database: Database, lock: Lock | None = None, recovered: Sentence | None = None
    ) -> None:
        self._database = database
        self._lock = lock
        self.recovered = recovered
        """What this opening had to mend, to be told; None where all was well."""
        self.history = History(database)
        self.memory = Memory(database)

    @classmethod
    def open(cls, folder: Path, *, now: datetime) -> Outbox:
        """Open the outbox as its one owner, and create it if need be.

        A damaged file is set aside and replaced by its copy (``recovered`` says so). Raises ``Refused`` where another
        agent owns the folder, a newer version wrote the file, or the disk does not let us.
        """
        path = folder / FILE
        with refusing(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with ExitStack() as undo:
            lock = Lock(folder / LOCK)
            undo.callback(lock.release)
            recovered = recover(path, now)
            database = Database(path, "rwc")
            undo.callback(database.close)
            database.change("pragma journal_mode = wal")
            database.migrate(MIGRATIONS)
            if recovered is not None or copy_is_old(path, now):
                keep_copy(database, now)
            undo.pop_all()
        return cls(database, lock, recovered)

    @classmethod
    def join(cls, folder: Path) -> Outbox:
        """Open one more connection to an outbox, for another thread or another program that only looks on."""
        path = folder / FILE
        with refusing(path):
            if not path.exists():
                raise Refused(
                    say("There is no outbox in {folder} yet.", folder=str(folder)),
                    say("Run: logonbell watch"),
                )
        database = Database(path, "rw")
        with ExitStack() as undo:
            undo.callback(database.close)
            database.refuse_newer(len(MIGRATIONS))
            database.refuse_older(len(MIGRATIONS))
            undo.pop_all()
        return cls(database)

    def close(self) -> None:
        """Let the file go, and the folder if it was owned."""
        self._database.close()
        if self._lock is not None:
            self._lock.release()

    def bookmark(self, source: str) -> str | None:
        """Where reading a source stopped."""
        return next(
            (text_from_column(text) for (text,) in self._database.rows(BOOKMARK, (text_to_column(source),))),
            None,
        )

    def snapshot(self) -> str | None:
        """What the recogniser held when reading stopped."""
        return next((text_from_column(text) for (text,) in self._database.rows(SNAPSHOT)), None)

    def commit(
        self,
        *,
        bookmarks: Mapping[str, str],
        snapshot: str,
        findings: Iterable[Finding],
        alerts: Iterable[Alert],
        notifiers: Sequence[str],
        read: datetime,
        newest: Mapping[str, int] = MappingProxyType({}),
        filters: Mapping[str, Filter] = MappingProxyType({}),
    ) -> int:
        """Keep everything that came of a reading, or nothing of it; return how many of the alerts are new.

        ``newest`` holds the newest record id by source. A new alert gets its host's next sequence number, and is
        pending for each of ``notifiers`` whose filter, if it has one, it passes. An alert whose fingerprint is known is
        left as it was.
        """
        at = time_to_column(read)
        with self._database.transaction():
            for source, bookmark in bookmarks.items():
                number = str(newest[source]) if source in newest else None
                values = (text_to_column(source), text_to_column(bookmark), number, at, checksum(bookmark))
                self._database.change(PUT_BOOKMARK, values)
            self._database.change(PUT_SNAPSHOT, (text_to_column(snapshot), at, checksum(snapshot)))
            keep(self._database, findings, read)
            return sum(self._put(alert, _told(alert, notifiers, filters), at) for alert in alerts)

    def ring(
        self,
        alerts: Iterable[Alert],
        notifiers: Sequence[str],
        read: datetime,
        filters: Mapping[str, Filter] = MappingProxyType({}),
    ) -> int:
        """Keep alerts of logonbell's own, as ``commit`` does; return how many of them are new."""
        with self._database.transaction():
            at = time_to_column(read)
            return sum(self._put(alert, _told(alert, notifiers, filters), at) for alert in alerts)

    def _put(self, alert: Alert, notifiers: Sequence[str], at: str) -> bool:
        host_id = text_to_column(alert.host_id)
        ((last,),) = self._database.rows(LAST_NUMBER, (host_id,))
        values = (alert.fingerprint, host_id, last + 1, at, alert_to_json(alert))
        if self._database.change(PUT_ALERT, values) == 0:
            return False
        self._database.change(PUT_NUMBER, (host_id, last + 1))
        for notifier in notifiers:
            self._database.change(PUT_DELIVERY, (text_to_column(notifier), alert.fingerprint))
        return True

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make one transaction of what is marked inside: one wait for the disk instead of many."""
        with self._database.transaction():
            yield

    def pending(self, notifier: str, now: datetime, limit: int) -> list[Delivery]:
        """Give at most ``limit`` deliveries that are due, in the order of their sequence numbers.

        An alert that cannot be read any more is buried with the reason, so that it does not hold up the others.
        """
        at = time_to_column(now)
        values = (text_to_column(notifier), at, at, limit)
        deliveries = []
        for key, sequence, read, facts, attempts in self._database.rows(PENDING, values):
            try:
                notification = Notification(alert_from_json(facts), sequence, time_from_column(read))
            except Unreadable as error:
                why = say("The alert cannot be read any more ({why}).", why=str(error))
                self._bury(key, notifier, why, now)
            else:
                deliveries.append(Delivery(key, notifier, notification, attempts))
        return deliveries

    def delivered(self, delivery: Delivery, receipt: str, now: datetime) -> None:
        """Mark a delivery as taken by its notifier, only after it was."""
        values = (time_to_column(now), text_to_column(receipt), delivery.key)
        self._database.change(DELIVERED, (*values, text_to_column(delivery.notifier)))

    def postpone(self, delivery: Delivery, why: Sentence, until: datetime, now: datetime) -> None:
        """Leave a delivery pending, and not due before ``until``."""
        values = (time_to_column(until), time_to_column(now), sentence_to_json(why), delivery.key)
        self._database.change(POSTPONE, (*values, text_to_column(delivery.notifier)))

    def hurry(self, notifier: str) -> None:
        """Make everything due that waits behind a failure."""
        self._database.change(HURRY, (text_to_column(notifier),))

    def bury(self, delivery: Delivery, why: Sentence, now: datetime) -> None:
        """Give a delivery up for good, with the reason. Its alert is never forgotten."""
        self._bury(delivery.key, delivery.notifier, why, now)

    def _bury(self, key: int, notifier: str, why: Sentence, now: datetime) -> None:
        at = time_to_column(now)
        self._database.change(BURY, (at, sentence_to_json(why), at, key, text_to_column(notifier)))

    def forget(self, before: datetime) -> int:
        """Drop the history before a time, and the facts of alerts read before it that were delivered everywhere.

        Returns how many findings were dropped.
        """
        with self._database.transaction():
            self._database.change(FORGET, (time_to_column(before),))
            return forget(self._database, before)

    def keep_copy(self, now: datetime) -> None:
        """Renew the copy that a damaged outbox falls back to. Raises ``Damaged``, and keeps the old copy."""
        keep_copy(self._database, now)

    def state(self) -> OutboxState:
        """What stands in the outbox now."""
        sources = {
            text_from_column(source): SourceState(
                text_from_column(bookmark),
                None if newest is None else int(newest),
                time_from_column(read),
            )
            for source, bookmark, newest, read in self._database.rows(SOURCES)
        }
        notifiers = {
            text_from_column(notifier): NotifierState(
                pending,
                delivered,
                buried,
                last_error=self._last_error(notifier, failed),
                failed=None if failed is None else time_from_column(failed),
                last_delivery=None if done is None else time_from_column(done),
            )
            for notifier, pending, delivered, buried, failed, done in self._database.rows(NOTIFIERS)
        }
        sequences = {text_from_column(host): number for host, number in self._database.rows(SEQUENCES)}
        mendings = [
            Mending(time_from_column(time), _readable(what)) for time, what in self._database.rows(MENDINGS)
        ]
        return OutboxState(sources, notifiers, sequences, mendings)

    def _last_error(self, notifier: str, failed: str | None) -> Sentence | None:
        for (error,) in self._database.rows(LAST_ERROR, (notifier, failed)):
            return _readable(error)
        return None


def _told(alert: Alert, notifiers: Sequence[str], filters: Mapping[str, Filter]) -> list[str]:
    return [name for name in notifiers if name not in filters or filters[name].passes(alert)]


def _readable(text: str) -> Sentence:
    """Read a sentence that is shown beside others: one that is damaged must not hide them."""
    try:
        return sentence_from_json(text)
    except Unreadable as error:
        return say("The reason cannot be read any more ({why}).", why=str(error))
