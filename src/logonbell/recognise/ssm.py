"""SSM sessions: what is known of them on a host, and which of them stands behind a logon."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from logonbell.address import address_of
from logonbell.event import Event
from logonbell.recognise.arrival import Arrival
from logonbell.recognise.identity import is_loopback
from logonbell.sentence import Sentence, say

SLACK = timedelta(seconds=5)
"""A logon may carry a time just before its session's, or just after its end: two programs write two clocks' ticks."""
REMEMBERED = timedelta(minutes=5)
KNOWN = 2_000


@dataclass(slots=True)
class Session:
    """One SSM session or Run Command, as the agent told it. ``port`` and ``target`` are those of a port session."""

    session_id: str
    owner: str | None
    document: str
    plugin: str
    opened: datetime
    port: int | None = None
    target: str = ""
    elevated: bool = False
    process: int | None = None
    closed: datetime | None = None

    @property
    def leads_to(self) -> str | None:
        """Where its tunnel leads: a port of this host, or of another; None for what is no tunnel."""
        if self.plugin != "Port" or self.port is None:
            return None
        return f"{self.target}:{self.port}" if self.target else str(self.port)

    def open_at(self, time: datetime) -> bool:
        """Tell whether it was open at a time."""
        return self.opened - SLACK <= time and (self.closed is None or time <= self.closed + SLACK)

    def forwards(self, port: int, address: str | None) -> bool:
        """Tell whether it ends at ``port`` of this host itself, seen there as coming from ``address``."""
        if self.plugin != "Port" or self.port != port:
            return False
        if self.target.casefold() in {"", "localhost"} or is_loopback(self.target):
            return True
        there, here = address_of(self.target), address_of(address or "")
        return there is not None and there == here


@dataclass(slots=True)
class Sessions:
    """What is known of a host's SSM sessions: bounded, closed ones forgotten after ``REMEMBERED``.

    ``watched`` is since when every session is told, so that what is not here was not there; None where nobody looked.
    ``addresses`` are the host's own.
    """

    known: dict[str, Session] = field(default_factory=dict)
    watched: datetime | None = None
    addresses: list[str] = field(default_factory=list)

    def add(self, session: Session) -> None:
        """Take a session that was opened; forget what is long over, and beyond ``KNOWN`` the oldest."""
        for old in [
            s.session_id for s in self.known.values() if s.closed and session.opened - s.closed > REMEMBERED
        ]:
            del self.known[old]
        self.known[session.session_id] = session
        if len(self.known) > KNOWN:
            del self.known[next(iter(self.known))]

    def of_process(self, process: int | None, time: datetime) -> Session | None:
        """Give the session whose worker a process was at a time: of two with one number the one that is not over."""
        if process is None:
            return None
        found = [s for s in self.known.values() if s.process == process and s.open_at(time)]
        return max(found, key=lambda s: (s.closed is None, s.opened), default=None)

    def is_here(self, address: str | None) -> bool:
        """Tell whether an address is this host itself."""
        here = address_of(address) if address else None
        return here is not None and (here.is_loopback or here in map(address_of, self.addresses))


@dataclass(frozen=True, slots=True)
class Link:
    """Which SSM session stands behind a logon, and how that is known.

    ``here`` says that the logon came from this host itself, ``tunnelled`` that an SSM session stands behind it, whichever
    of several it may be.
    """

    session: Session | None = None
    match: Sentence | None = None
    here: bool = False
    tunnelled: bool = False
    observed: bool = False


def link_of(sessions: Sessions, arrival: Arrival, port: int | None) -> Link:
    """Find the SSM session behind a logon: its own, or the tunnel to ``port`` that it came through."""
    observed = sessions.watched is not None and sessions.watched <= arrival.time
    if arrival.ssm is not None:
        return Link(sessions.known.get(arrival.ssm), _own(arrival), tunnelled=True, observed=observed)
    if port is None:
        return Link(observed=observed)
    here = sessions.is_here(arrival.address)
    through = [
        s
        for s in sessions.known.values()
        if s.port == port
        and (here or s.target)
        and s.open_at(arrival.time)
        and s.forwards(port, arrival.address)
    ]
    if not here:
        # A tunnel to the very address that the logon came from: that address is this host's own, though nobody said so.
        through = [s for s in through if address_of(s.target) == address_of(arrival.address or "")]
        if not through or arrival.address is None:
            return Link(observed=observed)
    if arrival.owner is not None:
        held = sessions.known.get(arrival.owner)
        if held is not None:
            return Link(
                held, say("its worker holds the connection"), here=True, tunnelled=True, observed=True
            )
        return Link(
            match=say("another program holds the connection, no SSM session"), here=True, observed=True
        )
    if len(through) == 1:
        only = say("the only SSM session that forwards port {port}", port=port)
        return Link(through[0], only, here=True, tunnelled=True, observed=observed)
    if through:
        names = ", ".join(session.session_id for session in through)
        several = say(
            "one of {count} SSM sessions that forward port {port}: {sessions}",
            count=len(through),
            port=port,
            sessions=names,
        )
        return Link(match=several, here=True, tunnelled=True, observed=observed)
    if observed:
        return Link(match=say("no SSM session forwards port {port}", port=port), here=True, observed=True)
    return Link(match=say("not known: this host's SSM sessions were not observed"), here=True)


def _own(arrival: Arrival) -> Sentence:
    if not arrival.logon_ids and not arrival.rivals:
        return say("the SSM agent told of it")
    if arrival.rivals == 0:
        return say("its worker made the Windows logon")
    if arrival.rivals == 1:
        return say("the only SSM shell that had just been opened when the worker made the Windows logon")
    return say(
        "one of {count} SSM shells that had just been opened when a worker made the Windows logon",
        count=arrival.rivals,
    )


def session_from(event: Event) -> Session:
    """Read what the agent told of a session that was opened."""
    fields, target = event.fields, event.fields.get("Target", "").strip("[] ")
    if target.casefold().rstrip(".") in {event.host.casefold(), event.host.partition(".")[0].casefold()}:
        target = ""  # this host by its own name
    return Session(
        session_id=fields.get("SessionId", ""),
        owner=fields.get("Owner") or None,
        document=fields.get("Document", ""),
        plugin=fields.get("Plugin", ""),
        opened=event.time,
        port=number_of(fields.get("Port", "")),
        target=target,
        elevated=fields.get("Elevated") == "true",
        process=number_of(fields.get("ProcessId", "")),
    )


def number_of(text: str) -> int | None:
    """Read a number as the agent writes it; None where it is none."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 11 else None
