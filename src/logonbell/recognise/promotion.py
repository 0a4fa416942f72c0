"""Who was made a local administrator lately: what there is to say when they log on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from logonbell.event import EventRef
from logonbell.logon import Promotion, User
from logonbell.recognise.identity import same_user

LATELY = timedelta(days=1)
"""So long a logon says that its user was made an administrator."""
_SLACK = timedelta(seconds=1)
_KEPT = 64


@dataclass(slots=True)
class Made:
    """Somebody was made an administrator: when, who, by whom, the record that says so. ``first`` is the logon since, by its main event."""

    time: datetime
    member: User
    by: User | None
    event: EventRef
    first: EventRef | None = None


@dataclass(slots=True)
class Promotions:
    """Those of one host; beyond ``_KEPT`` the oldest is forgotten."""

    made: list[Made] = field(default_factory=list)

    def add(self, made: Made) -> None:
        """Note one more. Made once more, somebody is as new as the last time; a logon in between stays behind the first."""
        self.made.append(made)
        del self.made[:-_KEPT]

    def behind(self, user: User | None, main: EventRef, time: datetime) -> Promotion | None:
        """Give the promotion that stands behind a logon of ``user`` at ``time``, and note the first such logon."""
        for made in reversed(self.made):
            if same_user(made.member, user) and -_SLACK <= time - made.time <= LATELY:
                made.first = made.first or main
                return Promotion(made.time, made.by, made.event, first=made.first == main)
        return None
