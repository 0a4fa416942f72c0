"""What sshd says of one attempt to get in, in up to three lines of one process, told apart from the next attempt."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

GRACE = timedelta(minutes=10)
"""sshd lets nobody try for longer (LoginGraceTime is two minutes); later the process id is another connection's."""
_KEPT = 512


class Stage(IntEnum):
    """How far an attempt came, in the order in which sshd speaks of it."""

    NAMED = 1
    """Somebody named a user who does not exist, or may not come in."""
    ASKED = 2
    """PAM refused them."""
    REFUSED = 3
    """sshd refused them (``Failed … for …``)."""


@dataclass(slots=True)
class Attempt:
    """The newest attempt of one connection: how far it came, and when that was said."""

    stage: Stage
    time: datetime


@dataclass(slots=True)
class Attempts:
    """Those of a host by sshd's process; beyond ``_KEPT`` the oldest is forgotten."""

    newest: dict[str, Attempt] = field(default_factory=dict)

    def begins(self, process: str, stage: Stage, time: datetime) -> bool:
        """Take a line; tell whether it speaks of a new attempt: it does unless it comes after those of the same one."""
        before = self.newest.pop(process, None)
        if process:
            self.newest[process] = Attempt(stage, time)
            if len(self.newest) > _KEPT:
                del self.newest[next(iter(self.newest))]
        return before is None or abs(time - before.time) > GRACE or stage <= before.stage

    def over(self, process: str, time: datetime) -> bool:
        """Take it that a connection is over; tell whether no attempt was counted of it."""
        before = self.newest.pop(process, None)
        return before is None or abs(time - before.time) > GRACE
