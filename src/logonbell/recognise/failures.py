"""Bursts of failed logons: three or more on one host, with gaps of at most ten minutes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from logonbell.event import Event, EventRef
from logonbell.logon import FailedLogons
from logonbell.recognise.noise import program_of

GAP = timedelta(minutes=10)
BURST = 3
_KEPT = 20
_EVENTS = 64


@dataclass(slots=True)
class Failures:
    """The failures of one host since the last quiet ten minutes; bounded, however many there are."""

    events: list[EventRef] = field(default_factory=list)
    first: datetime | None = None
    last: datetime | None = None
    count: int = 0
    addresses: list[str] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    more: bool = False

    def add(
        self, event: Event, host: str, user: str, address: str | None, times: int
    ) -> Iterator[FailedLogons]:
        """Count a failed logon, or several that one record tells; tell the burst that was over before, and this one at its third."""
        yield from self.advance(event.time, host)
        self.first = event.time if self.first is None else self.first
        self.last = event.time if self.last is None else max(self.last, event.time)
        before, self.count = self.count, self.count + times
        if len(self.events) < _EVENTS:
            self.events.append(event.ref)
        self._keep(self.users, user)
        self._keep(self.addresses, address)
        if before < BURST <= self.count:
            yield self._told(host, ended=False)

    def advance(self, now: datetime, host: str) -> Iterator[FailedLogons]:
        """Tell the summary of a burst that has been quiet for longer than the gap, or that a wrong clock dated ahead."""
        if self.last is not None and abs(now - self.last) > GAP:
            yield from self.finish(host)

    def finish(self, host: str) -> Iterator[FailedLogons]:
        """Tell the summary of what there is, and start anew."""
        if self.count >= BURST:
            yield self._told(host, ended=True)
        self.events, self.first, self.last, self.count = [], None, None, 0
        self.addresses, self.users, self.more = [], [], False

    @property
    def due(self) -> datetime | None:
        """When the burst, if nothing more comes, is over."""
        return self.last + GAP if self.last is not None and self.count >= BURST else None

    def _keep(self, values: list[str], value: str | None) -> None:
        if not value or value in values:
            return
        if len(values) < _KEPT:
            values.append(value)
        else:
            self.more = True

    def _told(self, host: str, *, ended: bool) -> FailedLogons:
        if self.first is None or self.last is None:
            msg = "a burst without a failure"
            raise AssertionError(msg)
        addresses, users = tuple(self.addresses), tuple(self.users)
        return FailedLogons(
            self.first, host, tuple(self.events), self.last, self.count, addresses, users, self.more, ended
        )


def is_prompt(event: Event) -> bool:
    """Tell whether a 4625 is a mistyped password in a UAC prompt or a browser: no attempt to get in."""
    by = event.fields.get("LogonProcessName", "").strip().casefold()
    return by in {"credpro", "chrome"} or program_of(event.fields) == "consent.exe"
