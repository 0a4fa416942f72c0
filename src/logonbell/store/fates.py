"""What became of each alert, for each notifier."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from logonbell.alert import Alert
from logonbell.notification import DigestKind
from logonbell.sentence import Sentence, say
from logonbell.store.codec import (
    Unreadable,
    alert_from_json,
    sentence_from_json,
    text_from_column,
    text_to_column,
    time_from_column,
)
from logonbell.store.database import Database

RECENT = "select id, facts, sequence, read, silenced from alert order by id desc limit ?"
BY_NUMBER = "select id, facts, sequence, read, silenced from alert where sequence = ? order by id"
BY_FINGERPRINT = "select id, facts, sequence, read, silenced from alert where fingerprint = ?"
HOLDING = "select id, facts, sequence, read, silenced from alert where instr(facts, ?) order by id"
FATES = """
select delivery.notifier, telling.id, telling.state, telling.digest, telling.alerts, telling.why, telling.begun,
    telling.attempts, telling.due, telling.error, telling.done, telling.receipt
from delivery left join telling on telling.id = delivery.telling where delivery.alert = ? order by delivery.notifier
"""
TELLINGS = """
select notifier, id, state, digest, alerts, why, begun, attempts, due, error, done, receipt from telling
where state = 'buried' or (state = 'pending' and (? or due is not null)) order by id
"""
NUMBERS = """
select alert.sequence from delivery join alert on alert.id = delivery.alert
where delivery.telling = ? order by alert.sequence
"""


@dataclass(frozen=True, slots=True)
class Fate:
    """A message as far as it came, or, without a ``message``, that nothing was begun yet.

    ``state`` is waiting, pending, delivered, buried or dropped; ``digest`` says as what the alerts are told together;
    ``due`` is when it is tried again, None where it is at once.
    """

    notifier: str
    message: int | None = None
    state: str = "waiting"
    digest: DigestKind | None = None
    alerts: int = 1
    why: Sentence | None = None
    begun: datetime | None = None
    tries: int = 0
    due: datetime | None = None
    error: Sentence | None = None
    done: datetime | None = None
    receipt: str | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """An alert, its number, when it was read, and what became of it: ``silenced`` says why nobody was told.

    ``alert`` is None where its facts were forgotten or cannot be read any more.
    """

    key: int
    alert: Alert | None
    sequence: int
    read: datetime
    silenced: Sentence | None
    fates: tuple[Fate, ...]


class Fates:
    """Tells what became of alerts and messages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def recent(self, limit: int) -> list[Story]:
        """Give the newest alerts, the oldest of them first."""
        return list(self._stories(RECENT, limit))[::-1]

    def numbered(self, number: int) -> list[Story]:
        """Give the alerts of this number, one of each host."""
        return list(self._stories(BY_NUMBER, number))

    def marked(self, fingerprint: str) -> list[Story]:
        """Give the alert of this fingerprint, if there is one."""
        return list(self._stories(BY_FINGERPRINT, text_to_column(fingerprint)))

    def of_record(self, record: int) -> list[Story]:
        """Give the alerts behind which this record of a log stands."""
        return [
            story
            for story in self._stories(HOLDING, str(record))
            if story.alert is not None
            and any(event.record_id == record for event in story.alert.finding.events)
        ]

    def troubled(self, *, everything: bool = False) -> list[Fate]:
        """Give the messages that were given up or do not get through; with ``everything``, all that are pending."""
        return [_fate(row) for row in self._database.rows(TELLINGS, (everything,))]

    def numbers(self, message: int) -> list[int]:
        """Give the numbers of the alerts that a message tells."""
        return [number for (number,) in self._database.rows(NUMBERS, (message,))]

    def _stories(self, sql: str, value: str | int) -> Iterator[Story]:
        for key, facts, sequence, read, silenced in self._database.rows(sql, (value,)):
            fates = tuple(_fate(row) for row in self._database.rows(FATES, (key,)))
            yield Story(key, _alert(facts), sequence, time_from_column(read), _sentence(silenced), fates)


def _fate(row: Any) -> Fate:
    notifier, message, state, digest, alerts, why, begun, tries, due, error, done, receipt = row
    if message is None:
        return Fate(text_from_column(notifier))
    return Fate(
        text_from_column(notifier),
        message,
        state,
        None if digest is None else DigestKind(digest),
        alerts,
        _sentence(why),
        _time(begun),
        tries,
        _time(due),
        _sentence(error),
        _time(done),
        None if receipt is None else text_from_column(receipt),
    )


def _alert(facts: str | None) -> Alert | None:
    try:
        return None if facts is None else alert_from_json(facts)
    except Unreadable:
        return None


def _sentence(text: str | None) -> Sentence | None:
    try:
        return None if text is None else sentence_from_json(text)
    except Unreadable as error:
        return say("The reason cannot be read any more ({why}).", why=str(error))


def _time(text: str | None) -> datetime | None:
    return None if text is None else time_from_column(text)
