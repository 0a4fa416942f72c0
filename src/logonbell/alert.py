"""One thing worth telling."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

from logonbell.event import EventRef
from logonbell.logon import (
    Door,
    FailedLogons,
    Finding,
    LogCleared,
    Logoff,
    Logon,
    Notice,
    Selected,
    Tampering,
    User,
)
from logonbell.sentence import Sentence


class Level(IntEnum):
    """How loudly: Sigma's levels, in order."""

    INFORMATIONAL = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        """As Sigma writes it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Matched:
    """A Sigma rule that matched: the name by which it is known here, its title and level, its own id, and who wrote it."""

    rule: str
    title: Sentence
    level: Level
    id: str | None = None
    author: str | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A finding that rings: its facts, how loudly, by which rule and why; ``matched`` are the Sigma rules it met besides.

    ``host_id`` is the instance id where there is one, else the host's name. ``fingerprint`` is the alert's identity.
    """

    fingerprint: str
    host_id: str
    level: Level
    rule: str
    reason: Sentence
    finding: Finding
    matched: tuple[Matched, ...] = ()

    @property
    def rules(self) -> frozenset[str]:
        """The names of all rules by which it rings."""
        return frozenset({self.rule, *(one.rule for one in self.matched)})


def fingerprint(host_id: str, event: EventRef, time: datetime, rule: str) -> str:
    """Digest of what can never differ at a second try: host, channel, record id and time of the main event, rule.

    32 hexadecimal digits, so it also serves as an SNS deduplication id (at most 128 characters).
    """
    return _digest((host_id, event.channel, str(event.record_id), time.astimezone(UTC).isoformat(), rule))


def kind_of(alert: Alert) -> str:
    """Digest of what makes two alerts the same to a person: host, rule, who, by which door, from where.

    A reconnect is of the kind of its logon: the same person at the same door.
    """
    finding = alert.finding
    parts: tuple[str | None, ...]
    match finding:
        case Logon():
            door = Door.RDP if finding.door is Door.RDP_RECONNECT else finding.door
            parts = (str(door), _user(finding.user), finding.principal, finding.address)
        case Logoff():
            parts = (str(finding.door), _user(finding.user))
        case FailedLogons():
            parts = (*sorted(finding.users), "/", *sorted(finding.addresses))
        case LogCleared():
            parts = (finding.cleared, _user(finding.user))
        case Tampering():
            parts = (str(finding.kind), finding.about, _user(finding.user))
        case Selected():
            parts = (_user(finding.user), *(value for _, value in finding.grouped))
        case Notice():
            parts = (alert.fingerprint,)
    return _digest((alert.host_id, alert.rule, *(part or "" for part in parts)))


def _user(user: User | None) -> str:
    return str(user).casefold() if user else ""


def _digest(parts: Iterable[str]) -> str:
    text = "".join(
        f"{len(part)}:{part}," for part in parts
    )  # lengths, so that no two lists of parts look alike
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
