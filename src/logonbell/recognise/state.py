"""What is known of one host while its log is read: logons that grow, sessions that are open, words not yet understood.

All of it is bounded. Forgotten is: a growing logon ``QUIET`` after its last event (it stays known as an open
session), the oldest growing logon beyond ``GROWING`` (told first), the oldest open session beyond ``OPEN`` (its logoff
is then not told), what was said of a logon id that no logon followed (``STRAY`` later).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from logonbell.event import Event, EventRef
from logonbell.logon import Door, Finding, Logoff, Logon, User
from logonbell.recognise.arrival import Arrival, Kind, Sign, either
from logonbell.recognise.doors import door_of
from logonbell.recognise.failures import Failures
from logonbell.recognise.identity import raw_address
from logonbell.recognise.ssm import Sessions, link_of

HOLD = timedelta(milliseconds=300)
"""How long a logon waits for its twin events before it is told; what comes later amends it."""
QUIET = timedelta(seconds=75)
STRAY = timedelta(seconds=30)
CLOCK_SET_BACK = timedelta(minutes=5)
GROWING = 5_000
OPEN = 2_000
_SEEN = 128
_STRAYS = 512


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


@dataclass(slots=True)
class Stray:
    """What was said of a logon id before its logon: 4672 and 4964 come first, and so may 4627."""

    time: datetime
    events: list[EventRef]
    elevated: bool | None = None
    domain_admin: bool | None = None


@dataclass(slots=True)
class Knock:
    """Somebody authenticated for RDP (1149), or a network logon that may be RDP's own: not yet a session."""

    time: datetime
    user: User
    address: str | None
    event: EventRef | None


@dataclass(slots=True)
class HostState:
    """One host's logons. ``now`` is the time of its log."""

    host: str
    now: datetime | None = None
    serial: int = 0
    growing: list[Arrival] = field(default_factory=list)
    open: list[Open] = field(default_factory=list)
    strays: dict[str, Stray] = field(default_factory=dict)
    knocks: list[Knock] = field(default_factory=list)
    failures: Failures = field(default_factory=Failures)
    ssm: Sessions = field(default_factory=Sessions)
    seen: list[tuple[EventRef, datetime]] = field(default_factory=list)


class HostLog:
    """One host's state with its indexes, and the verbs that the readers of events use."""

    def __init__(self, state: HostState) -> None:
        self.state = state
        self.said: list[Finding] = []
        self._by_id: dict[str, int] = {}
        self._by_name: dict[tuple[Kind, str], list[int]] = {}
        self._due: list[tuple[datetime, int]] = []
        self._pruned: datetime | None = state.now
        self.growing = {arrival.serial: arrival for arrival in state.growing}
        for arrival in state.growing:
            self._index(arrival)

    def save(self) -> HostState:
        """Give the state as a value."""
        self.state.growing = list(self.growing.values())
        return self.state

    # --- what the readers ask and say -------------------------------------------------------------------------

    def begin(self, kind: Kind, event: Event, *, user: User | None, hold: timedelta | None = HOLD) -> Arrival:
        """Start a logon with ``event`` as its main one; ``hold`` None means that it waits for proof."""
        due = event.time + hold if hold is not None else None
        self.state.serial += 1
        arrival = Arrival(self.state.serial, kind, event.time, [event.ref], event.time, user=user, due=due)
        self.growing[arrival.serial] = arrival
        self._index(arrival)
        return arrival

    def joined(self, arrival: Arrival, event: Event, *signs: Sign) -> None:
        """Fold ``event`` into ``arrival``; what is new about it is told within ``HOLD``."""
        arrival.fold(event.ref, event.time)
        arrival.signs.update(signs)
        self.changed(arrival, event.time)

    def changed(self, arrival: Arrival, at: datetime) -> None:
        """Have a logon told (again) within ``HOLD`` of ``at``, unless it waits for proof."""
        if arrival.due is None and (arrival.told or self._is_proven(arrival)):
            arrival.due = at + HOLD
        self._index(arrival)

    def hurry(self, arrival: Arrival, at: datetime) -> None:
        """Have a logon told within ``HOLD``, which so far could wait."""
        arrival.due = at + HOLD if arrival.due is None else min(arrival.due, at + HOLD)
        self.changed(arrival, at)

    def with_id(self, logon_id: str) -> Arrival | None:
        """Give the growing logon that holds a logon id."""
        serial = self._by_id.get(logon_id)
        return self.growing.get(serial) if serial is not None else None

    def named(self, kind: Kind, user: User | None) -> Iterator[Arrival]:
        """Give the growing logons of one kind whose user has this name, newest first."""
        if user is not None:
            for serial in reversed(self._by_name.get((kind, _name(user)), [])):
                arrival = self.growing.get(serial)
                if arrival is not None and arrival.kind is kind:
                    yield arrival

    def of_kind(self, kind: Kind, since: datetime) -> Iterator[Arrival]:
        """Give the growing logons of one kind that began at ``since`` or later, newest first."""
        for arrival in reversed(self.growing.values()):
            if arrival.kind is kind and arrival.time >= since:
                yield arrival

    def nearest(
        self, arrivals: Iterator[Arrival], at: datetime, within: timedelta, fits: Callable[[Arrival], bool]
    ) -> Arrival | None:
        """Give the one that fits and is nearest in time, at most ``within`` away from the logon's first or last event."""
        best: tuple[timedelta, Arrival] | None = None
        for arrival in arrivals:
            away = max(arrival.time - at, at - arrival.last, timedelta(0))
            if away <= within and (best is None or away < best[0]) and fits(arrival):
                best = (away, arrival)
        return best[1] if best else None

    def replace(self, arrival: Arrival, other: Arrival) -> None:
        """Fold ``other`` into ``arrival`` and forget it as a logon of its own; it must not have been told."""
        arrival.absorb(other)
        self.drop(other)
        self.changed(arrival, arrival.last)

    def become(self, arrival: Arrival, kind: Kind) -> None:
        """Take a logon for one of another kind."""
        arrival.kind = kind
        self._index(arrival)

    def drop(self, arrival: Arrival) -> None:
        """Forget a logon that turned out to be none."""
        del self.growing[arrival.serial]

    def end(self, arrival: Arrival, event: Event) -> None:
        """Tell that a session was closed."""
        if not arrival.ended and self._is_proven(arrival):
            arrival.ended = True
            self._tell(arrival)
            self._ended(arrival.events[0], arrival.time, self._door(arrival), arrival.user, event)

    def end_open(self, session: Open, event: Event) -> None:
        """Tell that an open session was closed."""
        self.state.open.remove(session)
        self._ended(session.main, session.began, session.door, session.user, event)

    def stray(self, logon_id: str, event: Event) -> Stray:
        """Keep what an event says of a logon id whose logon has not come."""
        strays = self.state.strays
        if logon_id not in strays and len(strays) >= _STRAYS:
            del strays[next(iter(strays))]
        kept = strays.setdefault(logon_id, Stray(event.time, []))
        kept.events.append(event.ref)
        return kept

    def claim_stray(self, logon_id: str, arrival: Arrival) -> None:
        """Give a logon what was said of its id beforehand."""
        kept = self.state.strays.pop(logon_id, None)
        if kept is not None:
            for ref in kept.events:
                arrival.fold(ref, arrival.last)
            arrival.elevated = either(arrival.elevated, kept.elevated)
            arrival.domain_admin = either(arrival.domain_admin, kept.domain_admin)

    # --- the passing of the log's time --------------------------------------------------------------------------

    def saw(self, event: Event) -> bool:
        """Tell whether this very record was read a moment ago (a log delivers one twice now and then)."""
        key = (event.ref, event.time)
        if key in self.state.seen:
            return True
        self.state.seen.append(key)
        if len(self.state.seen) > _SEEN:
            del self.state.seen[0]
        return False

    def advance(self, now: datetime) -> list[Finding]:
        """Let the log's time reach ``now`` and give what is told by then, in order."""
        state = self.state
        if state.now is None or now > state.now or state.now - now > CLOCK_SET_BACK:
            state.now = now
        while self._due and self._due[0][0] < state.now:
            due, serial = heapq.heappop(self._due)
            arrival = self.growing.get(serial)
            if arrival is not None and arrival.due == due:
                self._tell(arrival)
        self.said.extend(state.failures.advance(state.now, state.host))
        self._prune(state.now)
        return self.take()

    def finish(self) -> list[Finding]:
        """Tell all that is still held: the log is at its end."""
        for arrival in list(self.growing.values()):
            if arrival.due is not None:
                self._tell(arrival)
        self.said.extend(self.state.failures.finish(self.state.host))
        return self.take()

    def take(self) -> list[Finding]:
        """Give what has been said since the last time."""
        said, self.said = self.said, []
        return said

    @property
    def due(self) -> datetime | None:
        """When, in the log's time, there will be something to tell though no event comes."""
        dues = [arrival.due for arrival in self.growing.values() if arrival.due is not None]
        if (burst := self.state.failures.due) is not None:
            dues.append(burst)
        return min(dues, default=None)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _is_proven(self, arrival: Arrival) -> bool:
        return arrival.kind is not Kind.SSH or bool(arrival.signs & {Sign.ACCEPTED, Sign.PASSWORD})

    def _index(self, arrival: Arrival) -> None:
        for logon_id in (*arrival.logon_ids, *arrival.unlock_ids):
            self._by_id[logon_id] = arrival.serial
        if arrival.user is not None:
            serials = self._by_name.setdefault((arrival.kind, _name(arrival.user)), [])
            if arrival.serial not in serials:
                serials.append(arrival.serial)
        if arrival.due is not None:
            heapq.heappush(self._due, (arrival.due, arrival.serial))

    def _tell(self, arrival: Arrival) -> None:
        arrival.due = None
        arrival.told = True
        self.said.append(self._logon(arrival))

    def _logon(self, arrival: Arrival) -> Logon:
        link = link_of(self.state.ssm, arrival)
        door, why = door_of(arrival, link)
        ids = arrival.logon_ids or arrival.unlock_ids
        return Logon(
            time=arrival.time,
            host=self.state.host,
            door=door,
            events=tuple(arrival.events),
            why=why,
            user=arrival.user,
            logon_type=arrival.logon_type,
            logon_id=ids[0] if ids else None,
            address=raw_address(arrival.address or ""),
            workstation=arrival.workstation,
            elevated=arrival.elevated,
            domain_admin=arrival.domain_admin,
            principal=link.session.owner if link.session else None,
            ssm_session=arrival.ssm or (link.session.session_id if link.session else None),
            ssm_match=link.match,
            ssm_observed=link.observed,
            folded=arrival.folded,
        )

    def _ended(self, main: EventRef, began: datetime, door: Door, user: User | None, event: Event) -> None:
        self.said.append(Logoff(event.time, self.state.host, (event.ref,), main, began, door, user))

    def _prune(self, now: datetime) -> None:
        if self._pruned is not None and abs(now - self._pruned) < STRAY / 6 and len(self.growing) < GROWING:
            return
        self._pruned = now
        state = self.state
        too_many = len(self.growing) - GROWING * 9 // 10 if len(self.growing) >= GROWING else 0
        for place, (serial, arrival) in enumerate(list(self.growing.items())):
            if abs(now - arrival.last) > QUIET or place < too_many:
                if arrival.due is not None:
                    self._tell(arrival)
                self._keep_open(arrival)
                del self.growing[serial]
        for logon_id in [key for key, kept in state.strays.items() if abs(now - kept.time) > STRAY]:
            del state.strays[logon_id]
        state.knocks = [knock for knock in state.knocks if abs(now - knock.time) <= STRAY]
        self._by_id = {key: serial for key, serial in self._by_id.items() if serial in self.growing}
        by_name = {key: [s for s in serials if s in self.growing] for key, serials in self._by_name.items()}
        self._by_name = {key: serials for key, serials in by_name.items() if serials}

    def _door(self, arrival: Arrival) -> Door:
        return door_of(arrival, link_of(self.state.ssm, arrival))[0]

    def _keep_open(self, arrival: Arrival) -> None:
        followed = arrival.kind in {Kind.SEAT, Kind.SSM, Kind.SSH, Kind.TUNNEL}
        if not followed or arrival.ended or not arrival.told or Sign.BRIEF in arrival.signs:
            return
        if arrival.logon_ids or arrival.session is not None or arrival.ssm is not None:
            kept = Open(
                arrival.events[0],
                arrival.time,
                self._door(arrival),
                arrival.user,
                list(arrival.logon_ids),
                arrival.session,
                arrival.ssm,
            )
            self.state.open.append(kept)
            del self.state.open[:-OPEN]


def _name(user: User) -> str:
    return user.name.casefold().partition("@")[0]
