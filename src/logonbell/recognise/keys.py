"""Keys that EC2 Instance Connect gave to sshd, each for one IAM identity, a moment before it is used."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from logonbell.event import EventRef

NEAR = timedelta(seconds=60)
"""sshd asks for the key while somebody logs on; a key that was pushed is valid for 60 s (EC2 user guide)."""
_KEPT = 64


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its fingerprint, the ARN of whoever pushed it (None where that is not said), and the record that says so."""

    fingerprint: str
    principal: str | None
    event: EventRef
    time: datetime


@dataclass(slots=True)
class Provided:
    """Those of a host, the newest last; beyond ``_KEPT`` the oldest is forgotten."""

    keys: list[Key] = field(default_factory=list)

    def add(self, key: Key) -> None:
        """Note one more."""
        self.keys.append(key)
        del self.keys[:-_KEPT]

    def behind(self, key: str | None, time: datetime) -> Key | None:
        """Give the one that a key (type and fingerprint) which was accepted at a time is."""
        for one in reversed(self.keys):
            if key is not None and key.endswith(f" {one.fingerprint}") and abs(time - one.time) <= NEAR:
                return one
        return None
