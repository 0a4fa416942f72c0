"""Who stands behind a logon that came from this host itself: looked up at the moment, beside the log that tells it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Protocol

from logonbell.address import address_of
from logonbell.event import Event
from logonbell.recognise.journal import LOGS
from logonbell.recognise.session import CHANNEL, Told, record_id_of
from logonbell.source import Batch, Following, Source
from logonbell.ssm.ledger import PROVIDER
from logonbell.ssm.processes import Connection, Processes
from logonbell.ssm.statefile import SsmSession

RDP_PORT = 3389
SSH_PORT = 22
_BY_RDP = frozenset({"7", "10", "12"})
_LOCAL_SESSION_MANAGER = "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"
_ATTACHED = frozenset({21, 25})
_WORKER = re.compile(r"(?:.*[\\/])?ssm-session-worker(?:\.exe)?", re.IGNORECASE)
_ACCEPTED = re.compile(
    r"\bAccepted \S{1,64} for .{1,512} from (?P<address>\S{1,64}) port (?P<port>\d{1,5})\b"
)
_FRESH = timedelta(seconds=30)
"""An older event is not looked up: who holds the port now need not be who held it then."""
_CARDS = timedelta(seconds=30)
"""How often the host's own addresses are asked for."""
_KEPT = 4_000


class LiveSessions(Protocol):
    """Gives the SSM sessions that are there right now."""

    def live(self, *, process: int | None = None, port: int | None = None) -> Sequence[SsmSession]:
        """Look who is there: only whose worker ``process`` is, or whose tunnel leads to ``port``, where that is asked."""
        ...


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked for an event: who holds the other end of a connection to ``port``, or whose worker ``process`` is.

    ``port`` 0: to whichever.
    """

    port: int = 0
    address: str = ""
    peer_port: int | None = None
    process: int | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    process: int
    port: str
    session_id: str


class Observed:
    """Hands through what another source gives, and right behind each logon of which it is worth asking, who holds it.

    An ``OWNER`` is given only if there is one answer: of two tunnels to the same port it is the one whose connection no
    earlier logon came by. The host's own addresses are given first, and again when they change. The bookmark is the
    inner source's; with a ``limit`` an event and its observation stay together, so there may be one more.
    """

    def __init__(
        self,
        source: Source,
        sessions: LiveSessions,
        processes: Processes,
        *,
        host: str,
        clock: Callable[[], datetime],
        ssh_port: int = SSH_PORT,
        rdp_port: int = RDP_PORT,
    ) -> None:
        self.source = source
        self._sessions = sessions
        self._processes = processes
        self._host = host
        self._clock = clock
        self._ports = (ssh_port, rdp_port)
        self._answers: dict[tuple[str, int, datetime], _Answer | None] = {}
        self._asked_now: dict[_Question, _Answer | None] = {}
        self._used: set[Connection] = set()
        self._addresses: Sequence[str] = ()
        self._own: frozenset[str | None] = frozenset()
        self._given: Sequence[str] | None = None
        self._asked: datetime | None = None

    @property
    def name(self) -> str:
        """The inner source's key."""
        return self.source.name

    @property
    def past(self) -> str | None:
        """See ``Following.past``: the inner source's."""
        return self.source.past if isinstance(self.source, Following) else None

    def begin(self, news: datetime) -> str | None:
        """See ``Following.begin``: as the inner source does; the oldest where that follows nothing."""
        return self.source.begin(news) if isinstance(self.source, Following) else None

    def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
        """Give what the inner source gives, and what was seen beside it. See ``Source.read``."""
        batch = self.source.read(bookmark, limit)
        self._asked_now = {}  # the halves of one logon ask the same
        self._ask_addresses()
        whole = self._with_observations(batch)
        if limit is not None and len(whole) > limit and len(batch.events) > 1:
            fitting = self._fitting(batch.events, limit)
            batch = self.source.read(bookmark, fitting)
            whole = self._with_observations(batch)
        self._given = self._addresses
        return replace(batch, events=whole)

    def _fitting(self, events: Sequence[Event], limit: int) -> int:
        """Give how many of these events fit into a limit together with what was seen beside them."""
        total = 0 if self._given == self._addresses else 1
        for number, event in enumerate(events):
            total += 1 + (self._answer(event) is not None)
            if total > limit:
                return max(number, 1)
        return len(events)

    def _with_observations(self, batch: Batch) -> list[Event]:
        events: list[Event] = []
        for event in batch.events:
            events.append(event)
            answer = self._answer(event)
            if answer is not None:
                events.append(self._owner(event, answer))
        if self._given != self._addresses:
            time = min((event.time for event in events), default=self._clock())
            fields = {"Addresses": " ".join(self._addresses)}
            addresses = Event(
                CHANNEL,
                int(Told.ADDRESSES),
                record_id_of(fields["Addresses"]),
                time,
                self._host,
                PROVIDER,
                fields,
            )
            events.insert(0, addresses)
        return events

    def _owner(self, event: Event, answer: _Answer) -> Event:
        fields = {
            "LocalPort": answer.port,
            "ProcessId": str(answer.process),
            "SessionId": answer.session_id,
            "LogonChannel": event.channel,
            "LogonRecordId": str(event.record_id),
        }
        number = record_id_of(f"owner {event.channel} {event.record_id}")
        return Event(CHANNEL, int(Told.OWNER), number, event.time, event.host, PROVIDER, fields)

    def _ask_addresses(self) -> None:
        now = self._clock()
        if self._asked is None or not timedelta(0) <= now - self._asked < _CARDS:
            self._asked, self._addresses = now, self._processes.addresses()
            self._own = frozenset(_canonical(own) for own in self._addresses)

    # What is asked

    def _answer(self, event: Event) -> _Answer | None:
        """Look up who holds a logon; the same event is answered the same when it is read again."""
        question = self._question(event)
        if question is None:
            return None
        key = (event.channel, event.record_id, event.time)
        if key not in self._answers:
            while len(self._answers) >= _KEPT:
                del self._answers[next(iter(self._answers))]
            if question not in self._asked_now:
                self._asked_now[question] = self._look_up(question)
            self._answers[key] = self._asked_now[question]
        return self._answers[key]

    def _question(self, event: Event) -> _Question | None:
        """Say what is worth asking for an event; None for nothing."""
        if abs(self._clock() - event.time) > _FRESH:
            return None
        fields = event.fields
        match event.channel, event.event_id:
            case "Security", 4624:
                if _WORKER.fullmatch(fields.get("ProcessName", "")):
                    process = _number(fields.get("ProcessId", ""))
                    return _Question(process=process) if process else None
                if fields.get("LogonType") in _BY_RDP:
                    return self._by_port(
                        self._ports[1], fields.get("IpAddress", ""), fields.get("IpPort", "")
                    )
            case channel, event_id if channel == _LOCAL_SESSION_MANAGER and event_id in _ATTACHED:
                return self._by_port(self._ports[1], fields.get("Address", ""), "")
            case channel, _ if channel in LOGS:
                # sshd does not say which port it listens on; that of the client is known, and enough.
                accepted = _ACCEPTED.match(fields.get("MESSAGE", "")[:2048])
                if accepted is not None:
                    return self._by_port(0, accepted["address"], accepted["port"])
            case _:
                words = next((text for text in fields.values() if "Accepted " in text), "")
                accepted = _ACCEPTED.search(words[:2048])
                if accepted is not None:
                    return self._by_port(self._ports[0], accepted["address"], accepted["port"])
        return None

    def _by_port(self, port: int, address: str, peer_port: str) -> _Question | None:
        canonical = _canonical(address)
        if canonical is None or not self._is_here(canonical):
            return None
        peer = _number(peer_port)
        return _Question(port, canonical, peer or None)

    def _is_here(self, address: str) -> bool:
        return _is_loopback(address) or address in self._own

    # Who it is

    def _look_up(self, question: _Question) -> _Answer | None:
        if question.process is not None:
            session = self._worker_of(question.process)
            return None if session is None else _Answer(question.process, "", session.session_id)
        held = self._held_by_workers(question)
        if not held:
            held = [each for each in self._processes.connections() if _fits(each, question)]
        fresh = [each for each in held if each not in self._used] or held
        if question.peer_port is None:
            self._used &= set(held)
        owners = {each.process for each in fresh}
        if len(owners) != 1 or None in owners:
            return None
        self._used.update(fresh)
        connection = fresh[-1]
        process = connection.process or 0
        owner = self._worker_of(process)
        return _Answer(process, str(connection.local_port), owner.session_id if owner else "")

    def _held_by_workers(self, question: _Question) -> list[Connection]:
        """Ask only the workers of tunnels to that port, which on Linux are a few processes instead of all of them.

        Without the peer's port they are not asked first: another program may hold the connection as well as one of them.
        """
        if question.peer_port is None:
            return []
        workers = {session.process for session in self._sessions.live(port=question.port or None)}
        return [
            each
            for process in workers
            if process is not None
            for each in self._processes.connections(process)
            if _fits(each, question)
        ]

    def _worker_of(self, process: int) -> SsmSession | None:
        return next(iter(self._sessions.live(process=process)), None)


def _fits(connection: Connection, question: _Question) -> bool:
    """Tell whether this is the client's end of the connection that is asked for."""
    if question.port and connection.remote_port != question.port:
        return False
    if question.peer_port is not None and connection.local_port != question.peer_port:
        return False
    local = _canonical(connection.local_address)
    if local is None:
        return False
    return local == question.address or (_is_loopback(local) and _is_loopback(question.address))


def _canonical(text: str) -> str | None:
    """Give an address in one spelling; None for what is none."""
    address = address_of(text)
    return None if address is None else str(address)


def _is_loopback(address: str) -> bool:
    return ip_address(address).is_loopback


def _number(text: str) -> int | None:
    """Read a number as Windows writes it, decimal or ``0x``."""
    try:
        return int(text, 16 if text.lower().startswith("0x") else 10) if len(text) < 20 else None
    except ValueError:
        return None
