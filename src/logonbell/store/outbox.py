"""What was read, and what is not yet told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from logonbell.alert import Alert, fingerprint
from logonbell.errors import Refused
from logonbell.filter import Filter
from logonbell.logon import Finding
from logonbell.proof import NO_LINK, Head
from logonbell.remarks import SILENCED, Remarked, begun, joined, lost, unwatched
from logonbell.sentence import Sentence, say
from logonbell.silence import Expected, Silence, silencing
from logonbell.source import Loss
from logonbell.store.chain import Chain
from logonbell.store.codec import (
    Unreadable,
    alert_to_json,
    sentence_from_json,
    sentence_to_json,
    text_from_column,
    text_to_column,
    time_from_column,
    time_to_column,
)
from logonbell.store.database import Database
from logonbell.store.fates import Fates
from logonbell.store.folder import make
from logonbell.store.history import History, forget, keep
from logonbell.store.hosts import Hosts
from logonbell.store.inspection import Inspection
from logonbell.store.lock import Lock
from logonbell.store.memory import Memory
from logonbell.store.recovery import checksum, copy_is_old, keep_copy, recover
from logonbell.store.refusal import Damaged, refusing
from logonbell.store.schema import MIGRATIONS, decided_by
from logonbell.store.silences import Silences
from logonbell.store.tellings import Tellings

FILE = "outbox.sqlite3"
LOCK = "agent.lock"
FOREVER_AGO = datetime.min.replace(tzinfo=UTC)

BOOKMARK = "select bookmark from bookmark where source = ?"
PUT_BOOKMARK = """
insert into bookmark (source, bookmark, newest, read, crc, news) values (?, ?, ?, ?, ?, ?)
on conflict (source) do update set
    bookmark = excluded.bookmark, newest = coalesce(excluded.newest, newest), read = excluded.read, crc = excluded.crc
"""
NEWS = "select news from bookmark where source = ? and news is not null"
MENDED = "select exists (select * from mending) and not exists (select * from snapshot)"
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
insert into alert (fingerprint, host_id, sequence, read, facts, level, kind, time, door, silenced)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict (fingerprint) do nothing
"""
KNOWN = "select exists (select * from alert where fingerprint = ?)"
PUT_DELIVERY = "insert into delivery (alert, notifier) select id, ? from alert where fingerprint = ?"
FORGET = """
update alert set facts = null
where facts is not null and read < ?
    and not exists (
        select * from delivery left join telling on telling.id = delivery.telling
        where delivery.alert = alert.id and coalesce(telling.state, 'pending') in ('pending', 'buried')
    )
"""
SOURCES = "select source, bookmark, newest, read from bookmark order by source"
NOTIFIERS = """
select delivery.notifier,
    count(*) filter (where telling.id is null),
    count(*) filter (where telling.state = 'pending'),
    count(*) filter (where telling.state = 'pending' and telling.due is not null),
    count(*) filter (where telling.state = 'delivered'),
    count(*) filter (where telling.state = 'buried'),
    count(*) filter (where telling.state = 'dropped'),
    max(telling.failed),
    max(telling.done) filter (where telling.state = 'delivered'),
    min(telling.begun) filter (where telling.state = 'pending')
from delivery left join telling on telling.id = delivery.telling
group by delivery.notifier order by delivery.notifier
"""
LAST_ERROR = "select error from telling where notifier = ? and failed = ? order by id desc limit 1"
SEQUENCES = "select host_id, sequence from host where sequence > 0 order by host_id"
MENDINGS = "select time, what from mending order by id"
SIGN = "select time from sign_of_life"
PUT_SIGN = """
insert into sign_of_life (id, time) values (1, ?) on conflict (id) do update set time = excluded.time
"""


@dataclass(frozen=True, slots=True)
class SourceState:
    """How far a source was read: its bookmark, the newest record id, and when that was."""

    bookmark: str
    newest: int | None
    read: datetime


@dataclass(frozen=True, slots=True)
class NotifierState:
    """How many alerts a notifier has in each state, since the outbox began; its last failure and last success.

    Of those pending, ``waiting`` were not begun yet (the pace lets others go first), and ``failing`` did not get through.
    """

    pending: int
    delivered: int
    buried: int
    last_error: Sentence | None
    failed: datetime | None
    last_delivery: datetime | None
    waiting: int = 0
    failing: int = 0
    dropped: int = 0
    oldest: datetime | None = None
    """When the oldest message began that is pending."""


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
    head: Head = NO_LINK
    alive: datetime | None = None
    """When it was last noted that somebody watches."""


class Outbox:
    """Bookmarks, the recogniser's snapshot, the history and its chain, and the alerts with their deliveries.

    One object serves one thread, which also closes it: the agent's own is made by ``open``, every other by ``join``.
    Everything may raise ``Refused``; then nothing was changed, and the same call works again once the cause is mended.

    Facts are forgotten after a time, but fingerprints, sequence numbers and receipts never (about 300 bytes for an
    alert and its delivery): a log, or an archive of logs, may be read again however old it is, and only a
    fingerprint keeps its alerts from ringing again.
    """

    def __init__(
        self,
        database: Database,
        lock: Lock | None = None,
        recovered: Sentence | None = None,
        uncopied: Sentence | None = None,
    ) -> None:
        self._database = database
        self._lock = lock
        self.recovered = recovered
        """What this opening had to mend, to be told; None where all was well."""
        self.uncopied = uncopied
        """Why this opening could not renew the copy, to be told; None where it did, or need not."""
        self.history = History(database)
        self.chain = Chain(database)
        self.memory = Memory(database)
        self.tellings = Tellings(database)
        self.silences = Silences(database)
        self.remarks = self.tellings.remarks
        self.fates = Fates(database)
        self._heard = {""}
        self.hosts = Hosts(database)

    @classmethod
    def open(cls, folder: Path, *, now: datetime) -> Outbox:
        """Open the outbox as its one owner, and create it if need be.

        A damaged file is set aside and replaced by its copy (``recovered`` says so). Raises ``Refused`` where another
        agent owns the folder, a newer version wrote the file, or the disk does not let us.
        """
        path = folder / FILE
        with refusing(folder):
            make(folder)
        with ExitStack() as undo:
            lock = Lock(folder / LOCK)
            undo.callback(lock.release)
            recovered = recover(path, now)
            database = Database(path, "rwc")
            undo.callback(database.close)
            database.change("pragma journal_mode = wal")
            database.migrate(MIGRATIONS)
            renews = recovered is not None or copy_is_old(path, now)
            uncopied = _try_to_copy(database, now) if renews else None
            undo.pop_all()
        return cls(database, lock, recovered, uncopied)

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

    def news(self, source: str) -> datetime | None:
        """Where the news of a source began at its first start; None where that is not known, or it had none."""
        return next(
            (time_from_column(text) for (text,) in self._database.rows(NEWS, (text_to_column(source),))), None
        )

    @property
    def is_bare(self) -> bool:
        """Whether it was put in the place of a damaged one, with nothing in it: what was known is lost."""
        return bool(self._database.rows(MENDED)[0][0])

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
        news: Mapping[str, datetime] = MappingProxyType({}),
        filters: Mapping[str, Filter] = MappingProxyType({}),
        losses: Sequence[Loss] = (),
        expected: Sequence[Expected] = (),
    ) -> int:
        """Keep everything that came of a reading, or nothing of it; return how many of the alerts are new.

        ``newest`` holds the newest record id by source, ``news`` where the news began of a source that is new. A new alert gets its host's next sequence number, and is
        pending for each of ``notifiers`` whose filter, if it has one, it passes, unless it is silenced; then there is a
        remark that names its number. An alert whose fingerprint is known is left as it was.
        """
        at = time_to_column(read)
        with self._database.transaction():
            for source, bookmark in bookmarks.items():
                number = str(newest[source]) if source in newest else None
                began = time_to_column(news[source]) if source in news else None
                values = (
                    text_to_column(source),
                    text_to_column(bookmark),
                    number,
                    at,
                    checksum(bookmark),
                    began,
                )
                self._database.change(PUT_BOOKMARK, values)
            self._database.change(PUT_SNAPSHOT, (text_to_column(snapshot), at, checksum(snapshot)))
            written = keep(self._database, findings, read)
            self.remarks.add(lost(loss, read) for loss in losses)
            rung = self._ring(alerts, notifiers, read, filters, expected)
            self.chain.keep(written, rung)
            return len(rung)

    def ring(
        self,
        alerts: Iterable[Alert],
        notifiers: Sequence[str],
        read: datetime,
        filters: Mapping[str, Filter] = MappingProxyType({}),
    ) -> int:
        """Keep alerts of logonbell's own, as ``commit`` does; return how many of them are new."""
        with self._database.transaction():
            rung = self._ring(alerts, notifiers, read, filters, ())
            self.chain.keep((), rung)
            return len(rung)

    def _ring(
        self,
        alerts: Iterable[Alert],
        notifiers: Sequence[str],
        read: datetime,
        filters: Mapping[str, Filter],
        expected: Sequence[Expected],
    ) -> list[str]:
        """Keep those alerts that are new; give their fingerprints."""
        new: list[str] = []
        untold: list[Remarked] = []
        alerts = list(alerts)
        silences = [one for one in self.silences.since(FOREVER_AGO) if self._is_told(one)] if alerts else []
        expected = [one for one in expected if self._is_told(one)] if alerts else []
        for alert in alerts:
            by = silencing(alert, silences, expected)
            told = () if by else _told(alert, notifiers, filters)
            number = self._put(alert, told, read, by.why if by else None)
            if number is None:
                continue
            new.append(alert.fingerprint)
            if isinstance(by, Silence):
                self.silences.held(by)
            if by is not None:
                untold.append(Remarked(read, SILENCED, by.why, 1, alert.host_id, (number, number)))
        self.remarks.add(joined(untold))
        return new

    def _is_told(self, one: Silence | Expected) -> bool:
        """Whether somebody knows of what would hold alerts back: who cuts the network silences nothing."""
        if one.notice not in self._heard and self.tellings.took(one.notice):
            self._heard.add(one.notice)
        return one.notice in self._heard

    def _put(
        self, alert: Alert, notifiers: Sequence[str], read: datetime, silenced: Sentence | None
    ) -> int | None:
        """Keep an alert and give it its number; None where it is known already."""
        if self._rang_before(alert):
            return None
        host_id = text_to_column(alert.host_id)
        ((last,),) = self._database.rows(LAST_NUMBER, (host_id,))
        values = (alert.fingerprint, host_id, last + 1, time_to_column(read), alert_to_json(alert))
        why = None if silenced is None else sentence_to_json(silenced)
        if self._database.change(PUT_ALERT, (*values, *decided_by(alert), why)) == 0:
            return None
        self._database.change(PUT_NUMBER, (host_id, last + 1))
        for notifier in notifiers:
            self._database.change(PUT_DELIVERY, (text_to_column(notifier), alert.fingerprint))
        return int(last) + 1

    def _rang_before(self, alert: Alert) -> bool:
        """Tell whether it rang while this machine was known by its name, or as the instance whose disk it was made from."""
        if alert.host_id != self.hosts.own():
            return False
        finding = alert.finding
        marks = {
            fingerprint(host, finding.main, finding.time, alert.rule)
            for host in (finding.host, *self.hosts.former())
        }
        return any(self._database.rows(KNOWN, (mark,))[0][0] for mark in marks - {alert.fingerprint})

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make one transaction of what is done inside: one wait for the disk instead of many."""
        with self._database.transaction():
            yield

    def show_life(self, now: datetime) -> None:
        """Note that somebody watches."""
        self._database.change(PUT_SIGN, (time_to_column(now),))

    def alive(self) -> datetime | None:
        """Tell when somebody was last seen watching; None before the first time."""
        return next((time_from_column(time) for (time,) in self._database.rows(SIGN)), None)

    def wake(self, now: datetime, *, tolerance: timedelta) -> None:
        """Begin to watch; that nobody did for longer than ``tolerance``, or ever, is told with the next message."""
        with self._database.transaction():
            signs = self._database.rows(SIGN)
            for (time,) in signs:
                last = time_from_column(time)
                if abs(now - last) > tolerance:
                    self.remarks.add([unwatched(last, now)])
            if not signs:
                self.remarks.add([begun(now)])
            self.show_life(now)

    def host_id(self, default: str) -> str:
        """Name the host of logonbell's own alerts: this instance, or the one host that is known, or this machine."""
        return self.hosts.own() or self.hosts.only() or default

    def forget(self, before: datetime) -> int:
        """Drop the history before a time, and the facts of alerts read before it that were delivered everywhere.

        Returns how many findings were dropped.
        """
        with self._database.transaction():
            facts = self._database.change(FORGET, (time_to_column(before),))
            self.remarks.forget(before)
            self.silences.forget(before)
            findings = forget(self._database, before)
            if facts or findings:
                self.chain.forget(facts + findings, time_to_column(before))
            return findings

    @contextmanager
    def inspect(self) -> Iterator[Inspection]:
        """Look whether the history is what was written, at one moment; who writes is not held up."""
        with self._database.unmoved():
            yield Inspection(self._database)

    def renew_copy(self, now: datetime) -> Sentence | None:
        """Renew the copy that a damaged outbox falls back to; say why, where that cannot be. Only one thread may.

        Raises ``Damaged``, and keeps the old copy, where the outbox is damaged itself.
        """
        return _try_to_copy(self._database, now)

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
                waiting + begun,
                delivered,
                buried,
                last_error=self._last_error(notifier, failed),
                failed=None if failed is None else time_from_column(failed),
                last_delivery=None if done is None else time_from_column(done),
                waiting=waiting,
                failing=failing,
                dropped=dropped,
                oldest=None if begun_at is None else time_from_column(begun_at),
            )
            for (
                notifier,
                waiting,
                begun,
                failing,
                delivered,
                buried,
                dropped,
                failed,
                done,
                begun_at,
            ) in self._database.rows(NOTIFIERS)
        }
        sequences = {text_from_column(host): number for host, number in self._database.rows(SEQUENCES)}
        mendings = [
            Mending(time_from_column(time), _readable(what)) for time, what in self._database.rows(MENDINGS)
        ]
        alive = next((time_from_column(time) for (time,) in self._database.rows(SIGN)), None)
        return OutboxState(sources, notifiers, sequences, mendings, self.chain.head(), alive)

    def _last_error(self, notifier: str, failed: str | None) -> Sentence | None:
        for (error,) in self._database.rows(LAST_ERROR, (notifier, failed)):
            return _readable(error)
        return None


def _try_to_copy(database: Database, now: datetime) -> Sentence | None:
    """Renew the copy; where there is no room for it, or somebody holds it, say so: the agent rings all the same."""
    try:
        keep_copy(database, now)
    except Damaged:
        raise
    except Refused as refused:
        return say(
            "The copy that a damaged outbox falls back to could not be renewed: {why}", why=refused.sentence
        )
    return None


def _told(alert: Alert, notifiers: Sequence[str], filters: Mapping[str, Filter]) -> list[str]:
    return [name for name in notifiers if name not in filters or filters[name].passes(alert)]


def _readable(text: str) -> Sentence:
    """Read a sentence that is shown beside others: one that is damaged must not hide them."""
    try:
        return sentence_from_json(text)
    except Unreadable as error:
        return say("The reason cannot be read any more ({why}).", why=str(error))
