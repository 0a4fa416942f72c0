"""Sessions that were told and are still open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from logonbell.event import EventRef
from logonbell.logon import Door, User


@dataclass(slots=True)
class Open:
    """A session that was told and is still open: as much of it as its end needs."""

    main: EventRef
    began: datetime
    door: Door
    user: User | None
    logon_ids: list[str]
    session: int | None
    ssm: str | None = None


@dataclass(frozen=True, slots=True)
class Present:
    """A session that is open as far as was read: the main event of the logon that opened it, and what is known without that.

    ``sure`` is False where records were lost since, one of which may have told its end.
    """

    host: str
    main: EventRef
    began: datetime
    door: Door
    user: User | None
    ssm_session: str | None
    principal: str | None
    sure: bool


class OpenSessions:
    """Those of one host, in the order in which they were taken: ``kept`` holds them, and stays the list that it is."""

    def __init__(self, kept: list[Open]) -> None:
        self._kept = kept
        self._by_id: dict[str, list[Open]] = {}
        for session in kept:
            self._enter(session)

    def __iter__(self) -> Iterator[Open]:
        return iter(self._kept)

    def __reversed__(self) -> Iterator[Open]:
        return reversed(self._kept)

    def add(self, session: Open, most: int) -> None:
        """Take one more; beyond so many the oldest are forgotten."""
        self._kept.append(session)
        self._enter(session)
        for forgotten in self._kept[:-most]:
            self._leave(forgotten)
        del self._kept[:-most]

    def drop(self, session: Open) -> None:
        """Let one go."""
        self._leave(session)
        self._kept[:] = [other for other in self._kept if other is not session]

    def with_id(self, logon_id: str) -> Open | None:
        """Give the one, the newest if there are several, that holds a logon id."""
        sessions = self._by_id.get(logon_id)
        return sessions[-1] if sessions else None

    def close_id(self, session: Open, logon_id: str) -> None:
        """Note that one logon id of a session was closed."""
        session.logon_ids.remove(logon_id)
        self._forget_id(session, logon_id)

    def _enter(self, session: Open) -> None:
        for logon_id in session.logon_ids:
            self._by_id.setdefault(logon_id, []).append(session)

    def _leave(self, session: Open) -> None:
        for logon_id in session.logon_ids:
            self._forget_id(session, logon_id)

    def _forget_id(self, session: Open, logon_id: str) -> None:
        others = [other for other in self._by_id.pop(logon_id) if other is not session]
        if others:
            self._by_id[logon_id] = others
