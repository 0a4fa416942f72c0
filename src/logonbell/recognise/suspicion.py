"""Tampering that is held for a moment: it may grow, or turn out to be harmless."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from logonbell.event import Event, EventRef
from logonbell.logon import Tampering, TamperKind, User
from logonbell.recognise.identity import is_nobody

ONE_HAND = timedelta(seconds=60)
"""The same tampering by the same hand within this time is one."""
SILENCE = timedelta(seconds=60)
"""So long after an event log stopped, with no start of Windows, it is told."""
_LISTED = 64
_HELD = 256


@dataclass(slots=True)
class Suspicion:
    """Something that looks like tampering. ``due`` None: told, and nothing new since.

    ``awaits_start`` says that the log fell silent: the next record decides whether Windows was started again;
    ``patient`` that the silence was given time once more, since for a part of it nobody listened.
    """

    kind: TamperKind
    time: datetime
    events: list[EventRef]
    user: User | None
    about: list[str]
    due: datetime | None
    planned: bool = False
    folded: int = 1
    awaits_start: bool = False
    patient: bool = False

    def fold(self, event: Event, about: str, *, planned: bool, due: datetime) -> None:
        """Take one more record of the same tampering."""
        self.folded += 1
        if len(self.events) < _LISTED:
            self.events.append(event.ref)
        if about not in self.about and len(self.about) < _LISTED:
            self.about.append(about)
        self.planned = self.planned and planned
        self.due = due if self.due is None else min(self.due, due)

    def tell(self, host: str) -> Tampering:
        """Give it as a finding."""
        self.due = None
        about = ", ".join(part for part in self.about if part)
        return Tampering(
            self.time, host, tuple(self.events), self.kind, self.user, about, self.planned, self.folded
        )


@dataclass(slots=True)
class Shutdown:
    """Somebody asked for a shutdown: when, who, and the record that says so."""

    time: datetime
    user: User | None
    event: EventRef


@dataclass(slots=True)
class Asked:
    """Somebody had sudo run a command of root's: when, and who."""

    time: datetime
    by: User


@dataclass(slots=True)
class Suspicions:
    """Those of one host; forgotten ``ONE_HAND`` after they were told."""

    held: list[Suspicion] = field(default_factory=list)

    def add(self, suspicion: Suspicion) -> None:
        """Hold one more; beyond a bound the oldest is forgotten."""
        self.held.append(suspicion)
        del self.held[:-_HELD]

    def same(self, kind: TamperKind, user: User | None, time: datetime, about: str) -> Suspicion | None:
        """Give one of this kind by this hand that this may belong to: it is not told yet, or about the same."""
        for suspicion in reversed(self.held):
            if suspicion.kind is not kind or suspicion.user != user or abs(time - suspicion.time) > ONE_HAND:
                continue
            if suspicion.due is not None or about in suspicion.about:
                return suspicion
        return None

    def explain(self, kind: TamperKind, at: datetime, within: timedelta) -> None:
        """Drop what the machine itself did and is held of a kind, since what happened at that time explains it."""
        self.held = [
            s
            for s in self.held
            if s.kind is not kind or s.due is None or not _by_machine(s.user) or abs(at - s.time) > within
        ]

    def listen_again(self, now: datetime) -> None:
        """Give a silence time once more that went by while nobody listened: the log may not be read to its end yet."""
        for suspicion in self.held:
            due = suspicion.due
            if suspicion.awaits_start and not suspicion.patient and due is not None and due < now:
                suspicion.due, suspicion.patient = now + SILENCE, True

    def started(self, event: Event) -> None:
        """Take a stop of the event log that is held for what it was: a restart."""
        for suspicion in self.held:
            if suspicion.awaits_start:
                suspicion.kind, suspicion.awaits_start = TamperKind.RESTARTED, False
                suspicion.events.append(event.ref)

    def stopped_before(self, record_id: int, within: int) -> bool:
        """Tell whether the log stopped at most so many records before this one, and no start is known."""
        return any(s.awaits_start and 0 < record_id - s.events[0].record_id <= within for s in self.held)

    def advance(self, now: datetime, host: str, *, by_event: bool) -> Iterator[Tampering]:
        """Tell what is due; forget what was told long enough ago.

        ``by_event`` says that the time is that of a record still to be read, which may explain a silence.
        """
        for suspicion in self.held:
            if (
                suspicion.due is not None
                and suspicion.due < now
                and not (by_event and suspicion.awaits_start)
            ):
                yield suspicion.tell(host)
        self.held = [s for s in self.held if s.due is not None or abs(now - s.time) <= ONE_HAND]

    def finish(self, now: datetime | None, host: str) -> Iterator[Tampering]:
        """Tell all that is held: the log is at its end, and one that ends where it was stopped proves nothing."""
        for suspicion in self.held:
            if suspicion.due is not None:
                if suspicion.awaits_start and (now is None or now - suspicion.time <= SILENCE):
                    suspicion.planned = True
                yield suspicion.tell(host)

    @property
    def due(self) -> datetime | None:
        """When the next one is due."""
        return min((s.due for s in self.held if s.due is not None), default=None)


def _by_machine(user: User | None) -> bool:
    return user is None or user.sid is None or is_nobody(user.sid)
