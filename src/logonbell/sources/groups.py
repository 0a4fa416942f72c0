"""The groups of a user who has just come in, as this machine has them at that moment, beside the log that tells of it."""

from __future__ import annotations

import os
import queue
import re
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from logonbell.event import Event
from logonbell.recognise.journal import LOGS, Told
from logonbell.recognise.linux import is_believed
from logonbell.source import Batch, Following

_CAME = re.compile(
    r"(?:Accepted \S{1,64} for |pam_\w{1,32}\([\w.@-]{1,64}:session\): session opened for user )"
    r"(?P<user>[^\s(]{1,256})(?:\(| by | from |$)"
)
_SSHD = ("sshd", "sshd-session", "sshd-auth")
"""They say themselves who was accepted; what PAM says behind it is the same."""
_OF_THE_MACHINE = frozenset({"CRON", "cron", "crond", "systemd", "atd", "anacron"})
"""Whose sessions are of no person."""
_FRESH = timedelta(seconds=30)
"""An older event is not looked up: who is in which group now need not have been then."""
_NEAR = timedelta(minutes=1)
_KEPT = 4_000
_LONGEST = 32
"""Bytes of a name in wtmp."""
PATIENCE = 1.0
"""Seconds that the system has for its answer: a directory service that is away must not hold up an alert."""


class Membership(NamedTuple):
    """A user's number, and the names of the groups."""

    uid: int
    groups: Sequence[str]


def membership_of(user: str) -> Membership | None:
    """Ask the system (nsswitch.conf says whom it asks: files, sssd, LDAP); None for a user that it does not know."""
    if sys.platform == "win32":
        return None
    import grp  # noqa: PLC0415 - it is only there
    import pwd  # noqa: PLC0415 - it is only there

    try:
        found = pwd.getpwnam(user)
        numbers = os.getgrouplist(found.pw_name, found.pw_gid)
    except (KeyError, OSError, ValueError):
        return None
    names: list[str] = []
    for number in numbers:
        try:
            names.append(grp.getgrgid(number).gr_name)
        except (KeyError, OSError):
            names.append(str(number))
    return Membership(found.pw_uid, names)


class Asking:
    """Asks in a thread of its own, and waits no longer than ``patience``; while one answer is out, nothing else is asked."""

    def __init__(
        self, ask: Callable[[str], Membership | None] = membership_of, patience: float = PATIENCE
    ) -> None:
        self._ask = ask
        self._patience = patience
        self._busy: threading.Thread | None = None

    def __call__(self, user: str) -> Membership | None:
        """Give a user's groups; None where they are not known, or not in time."""
        if self._busy is not None and self._busy.is_alive():
            return None
        answers: queue.SimpleQueue[Membership | None] = queue.SimpleQueue()
        self._busy = threading.Thread(target=lambda: answers.put(self._ask(user)), daemon=True)
        self._busy.start()
        try:
            return answers.get(timeout=self._patience)
        except queue.Empty:
            return None


class Grouped:
    """Hands through what another source gives, and right behind each line by which somebody came in, the groups.

    With a ``limit`` a line and its groups stay together, so there may be one more. The bookmark is the inner source's.
    """

    def __init__(
        self,
        source: Following,
        ask: Callable[[str], Membership | None],
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self.source = source
        self._ask = ask
        self._clock = clock
        self._answers: dict[tuple[str, int, datetime], Event | None] = {}
        self._since = clock()
        self._came: dict[tuple[str, datetime], None] = {}

    @property
    def name(self) -> str:
        """The inner source's key."""
        return self.source.name

    @property
    def past(self) -> str | None:
        """See ``Following.past``: the inner source's."""
        return self.source.past

    def begin(self, news: datetime) -> str | None:
        """See ``Following.begin``: as the inner source does."""
        return self.source.begin(news)

    def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
        """Give what the inner source gives, and the groups beside it. See ``Source.read``."""
        batch = self.source.read(bookmark, limit)
        whole = self._with_groups(batch.events)
        if limit is not None and len(whole) > limit and len(batch.events) > 1:
            batch = self.source.read(bookmark, self._fitting(batch.events, limit))
            whole = self._with_groups(batch.events)
        return replace(batch, events=whole)

    def tells_of(self, user: str, time: datetime) -> bool | None:
        """Tell whether a user came in within a minute of that time, by the log; None for before it was read here."""
        if time < self._since:
            return None
        bare = _bare(user)
        return any(name == bare and abs(came - time) <= _NEAR for name, came in self._came)

    def _fitting(self, events: Sequence[Event], limit: int) -> int:
        total = 0
        for number, event in enumerate(events):
            total += 1 + (self._groups_of(event) is not None)
            if total > limit:
                return max(number, 1)
        return len(events)

    def _with_groups(self, events: Sequence[Event]) -> list[Event]:
        whole: list[Event] = []
        for event in events:
            whole.append(event)
            groups = self._groups_of(event)
            if groups is not None:
                whole.append(groups)
        return whole

    def _groups_of(self, event: Event) -> Event | None:
        """Give what is seen beside an event; the same for the same event, however often it is read."""
        if event.channel not in LOGS or event.provider in _OF_THE_MACHINE or not is_believed(event):
            return None  # whoever makes lines up must not have a directory asked for each
        message = event.fields.get("MESSAGE", "")[:1_024]
        found = _CAME.match(message)
        if found is None:
            return None
        self._came[_bare(found["user"]), event.time] = None
        while len(self._came) > _KEPT:
            del self._came[next(iter(self._came))]
        if event.provider in _SSHD and message.startswith("pam_"):
            return None
        if abs(self._clock() - event.time) > _FRESH:
            return None
        key = event.channel, event.record_id, event.time
        if key not in self._answers:
            while len(self._answers) >= _KEPT:
                del self._answers[next(iter(self._answers))]
            self._answers[key] = self._look_up(event, found["user"])
        return self._answers[key]

    def _look_up(self, event: Event, user: str) -> Event | None:
        known = self._ask(user)
        if known is None:
            return None
        fields = {
            "User": user,
            "Uid": str(known.uid),
            "Groups": ",".join(known.groups),
            "LogonChannel": event.channel,
            "LogonRecordId": str(event.record_id),
        }
        return Event(
            event.channel, Told.GROUPS, event.record_id, event.time, event.host, event.provider, fields
        )


def _bare(user: str) -> str:
    """Give a user's name as far as all write it alike: a directory's may be typed with its domain and in capitals, and wtmp cuts it."""
    return user.rpartition("\\")[2].partition("@")[0].casefold()[:_LONGEST]
