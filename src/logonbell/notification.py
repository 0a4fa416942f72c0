"""What is handed to a notifier: one alert, or a digest of many, with what must be told besides."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from logonbell.alert import Alert, Level
from logonbell.host import Instance
from logonbell.proof import Proof
from logonbell.sentence import Sentence

NAMED = 20
"""How many of its alerts a digest names, the worst first; the others are counted."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What must be told besides, with the next message: alerts that were silenced, records that could not be read.

    ``kind`` is a word for machines (``silenced``, ``lost``, ``mended``); ``count`` how many, None where nobody knows.
    """

    time: datetime
    kind: str
    what: Sentence
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """One delivery of one alert: ``sequence`` is the host's own count (1, 2, 3, …), ``read`` when its event was read.

    One that is no message of its own (it is named by a digest), or a test, has no ``proof``. ``instance`` is its host's,
    where that is one.
    """

    alert: Alert
    sequence: int
    read: datetime
    remarks: tuple[Remark, ...] = ()
    proof: Proof | None = None
    instance: Instance | None = None

    @property
    def fingerprint(self) -> str:
        """By which a repeat is known."""
        return self.alert.fingerprint

    @property
    def host_id(self) -> str:
        """Whose it is."""
        return self.alert.host_id

    @property
    def level(self) -> Level:
        """How loudly it is told."""
        return self.alert.level


class DigestKind(StrEnum):
    """Why many alerts are told in one message."""

    STORM = "storm"
    """More came than a person can read, or a mailbox takes."""
    BACKLOG = "backlog"
    """They are of a time when nobody watched, or nothing could be sent."""
    REPEATS = "repeats"
    """The same user came again and again, by the same door, from the same address; the first was told on its own."""


@dataclass(frozen=True, slots=True)
class Digest:
    """One notification for many alerts of one host.

    ``named`` are the worst of them (at most ``NAMED``), ``count`` is how many there are in all, ``levels`` and ``doors``
    how they divide (``doors`` counts the logons among them, by door). ``first`` and ``last`` are times of events.
    ``sequences`` are the numbers it covers, as ranges that include both ends, ascending.
    """

    kind: DigestKind
    fingerprint: str
    host_id: str
    named: tuple[Notification, ...]
    count: int
    levels: Mapping[Level, int]
    doors: Mapping[str, int]
    first: datetime
    last: datetime
    sequences: tuple[tuple[int, int], ...]
    remarks: tuple[Remark, ...] = ()
    proof: Proof | None = None
    instance: Instance | None = None

    @property
    def level(self) -> Level:
        """How loudly it is told: as the worst of them."""
        return max(self.levels)


Telling = Notification | Digest
"""What one message tells."""


def digest_fingerprint(fingerprints: Sequence[str]) -> str:
    """Digest of the fingerprints of the alerts in it, whatever their order."""
    return hashlib.sha256("".join(sorted(fingerprints)).encode()).hexdigest()[:32]
