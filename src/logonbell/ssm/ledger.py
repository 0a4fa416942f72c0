"""What was told of SSM sessions, and what is told next: the events, and what each of them changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from logonbell.decoding import decode
from logonbell.event import Event
from logonbell.recognise.session import CHANNEL, Told, record_id_of
from logonbell.ssm.agentlog import Closed, Described, Fact, LogMark, Started, Working
from logonbell.ssm.statefile import SsmSession

PROVIDER = "amazon-ssm-agent"
NAMED = "ssm:"
"""So begins the name of a source of SSM sessions."""


class OpenSession(msgspec.Struct, frozen=True):
    """A session that was told as opened and not yet as closed."""

    process: int | None = None
    started: datetime | None = None


class Mark(msgspec.Struct):
    """What is known behind the last event that was given. Times are UTC."""

    version: int = 1
    watched: bool = False
    looked: datetime | None = None
    blind: datetime | None = None
    open: dict[str, OpenSession] = {}
    closed: dict[str, datetime] = {}
    starting: dict[str, tuple[datetime, str]] = {}
    logs: LogMark = LogMark()

    @property
    def text(self) -> str:
        """The mark as a bookmark."""
        return msgspec.json.encode(self).decode()

    def copied(self) -> Mark:
        """Give a mark that can go on by itself."""
        return msgspec.structs.replace(
            self, open=dict(self.open), closed=dict(self.closed), starting=dict(self.starting)
        )


def blind_since(bookmark: str) -> datetime | None:
    """Give since when the folder of a bookmark's source could not be looked into; None where it can, or that is not known."""
    try:
        return decode(bookmark, Mark).blind
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class Step:
    """One event to be given, and what it changes."""

    event: Event
    session: SsmSession | None = None


class Look:
    """What one look gives: events, each with what it changes. ``mark`` is ahead, ``begun`` what was known before."""

    def __init__(self, mark: Mark, host: str) -> None:
        self.begun = mark
        self.mark = mark.copied()
        self._host = host
        self._steps: list[Step] = []

    def in_order(self) -> list[Step]:
        """Give the steps in the order of time, a session's end behind its beginning."""
        return sorted(self._steps, key=lambda step: step.event.time)

    def knows(self, session_id: str) -> bool:
        """Tell whether a session was told already."""
        return session_id in self.mark.open or session_id in self.mark.closed

    def take(self, time: datetime, fact: Fact, is_own: Callable[[SsmSession], bool]) -> None:
        """Take what a log's line says. A session that is not described is told by what its worker does."""
        match fact:
            case Started(session_id, document_type):
                if not self.knows(session_id):
                    self.mark.starting[session_id] = (time, document_type)
            case Described(session):
                if is_own(session) and not self.knows(session.session_id):
                    self.opened(session, time)
                self.mark.starting.pop(session.session_id, None)
            case Working(session_id, plugin):
                self._undescribed(session_id, plugin)
            case Closed(session_id):
                self._undescribed(session_id, "")
                if session_id in self.mark.open:
                    self.closed(session_id, time)

    def _undescribed(self, session_id: str, plugin: str) -> None:
        started = self.mark.starting.pop(session_id, None)
        if started is not None and not self.knows(session_id):
            time, document_type = started
            self.opened(SsmSession(session_id, document_type, time, plugin=plugin), time)

    def opened(self, session: SsmSession, seen: datetime) -> None:
        """Tell that a session was opened; ``seen`` stands in where the agent does not say when."""
        self._do(Step(_opened(session, self._host, seen), session))

    def closed(self, session_id: str, time: datetime) -> None:
        """Tell that a session was closed, not before it was opened."""
        begun = [step.event.time for step in self._steps if step.event.fields.get("SessionId") == session_id]
        self._do(
            Step(_event(Told.CLOSED, session_id, max([time, *begun]), self._host, {"SessionId": session_id}))
        )

    def watched(self, since: datetime) -> None:
        """Tell that from then on everything is told."""
        self._do(Step(_event(Told.WATCHED, "", since, self._host, {})))

    def unwatched(self, now: datetime, since: datetime) -> None:
        """Tell that for a while nobody looked."""
        self._do(Step(_event(Told.UNWATCHED, "", now, self._host, {"Since": since.isoformat()})))

    def _do(self, step: Step) -> None:
        apply(self.mark, step)
        self._steps.append(step)


def apply(mark: Mark, step: Step) -> None:
    """Note what an event changes."""
    event, session = step.event, step.session
    session_id = event.fields.get("SessionId", "")
    match event.event_id:
        case Told.OPENED:
            mark.open[session_id] = (
                OpenSession(session.process, session.started) if session else OpenSession()
            )
            mark.closed.pop(session_id, None)
            mark.starting.pop(session_id, None)
        case Told.CLOSED:
            mark.open.pop(session_id, None)
            mark.closed[session_id] = event.time
        case Told.WATCHED:
            mark.watched = True
        case Told.UNWATCHED:
            mark.looked, mark.blind = event.time, None


def _opened(session: SsmSession, host: str, seen: datetime) -> Event:
    """Say that a session was opened."""
    fields = {
        "SessionId": session.session_id,
        "Owner": session.owner,
        "Document": session.document,
        "DocumentType": session.document_type,
        "Plugin": session.plugin,
        "Port": session.port,
        "Target": session.target,
        "Elevated": "true" if session.elevated else "false",
        "RunAsUser": session.run_as_user,
        "ProcessId": "" if session.process is None else str(session.process),
        "InstanceId": session.instance_id,
        "Platform": session.platform,
    }
    return _event(Told.OPENED, session.session_id, session.opened or seen, host, fields)


def _event(told: Told, session_id: str, time: datetime, host: str, fields: dict[str, str]) -> Event:
    return Event(CHANNEL, int(told), record_id_of(session_id), time.astimezone(UTC), host, PROVIDER, fields)
