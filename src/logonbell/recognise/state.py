"""What is known of one host while its log is read: logons that grow, sessions that are open, words not yet understood.

All of it is bounded, whatever a log holds; docs/reference/memory.md says what is forgotten, and when. ``GROWING`` and
``OPEN`` are for all hosts together: where one log holds several, each has its share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from logonbell.event import Event, EventRef
from logonbell.logon import Door, Finding, Logoff, Logon, System, User
from logonbell.recognise.arrival import EVENTS_LISTED, Arrival, Kind, Sign, either
from logonbell.recognise.attempts import Attempts
from logonbell.recognise.doors import door_of, is_resumption, port_of
from logonbell.recognise.failures import Failures
from logonbell.recognise.growing import Growing
from logonbell.recognise.identity import same_user
from logonbell.recognise.journal import LOGS
from logonbell.recognise.keys import Provided
from logonbell.recognise.present import Open, OpenSessions, Present
from logonbell.recognise.promotion import Promotions
from logonbell.recognise.ssm import Sessions, link_of
from logonbell.recognise.suspicion import Asked, Shutdown, Suspicions
from logonbell.sentence import Sentence, say

HOLD = timedelta(milliseconds=300)
"""How long a logon waits for its twin events before it is told; what comes later amends it."""
QUIET = timedelta(seconds=75)
STRAY = timedelta(seconds=30)
CLOCK_SET_BACK = timedelta(minutes=5)
INTO_AN_OLD_SESSION = frozenset({Door.UNLOCK, Door.RDP_RECONNECT})
"""Whoever comes by these comes back with the rights that they had."""
GROWING, GROWING_AT_LEAST = 5_000, 50
OPEN, OPEN_AT_LEAST = 2_000, 20
"""So many logons may grow, and so many sessions be followed to their ends, on all hosts together; on each, at least so many."""
_FOLLOWED = frozenset({Kind.SEAT, Kind.SSM, Kind.SSH, Kind.TUNNEL, Kind.SESSION, Kind.BECAME})
_SEEN = 128
_PRUNING = STRAY / 6
_STRAYS = 512
_KNOCKS = 256


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
    """One host's logons. ``now`` is the time of its log, ``pruned`` when it was last looked for what can be forgotten.

    ``blind`` is when it was told that nobody had watched the SSM sessions, ``newest`` the id of the last record of
    Security, ``boots`` the ids of Linux' starts that the journal told of, ``asked`` the last command that sudo ran, ``gap`` up to when the log was read before records were lost.
    """

    host: str
    now: datetime | None = None
    pruned: datetime | None = None
    serial: int = 0
    growing: list[Arrival] = field(default_factory=list)
    open: list[Open] = field(default_factory=list)
    strays: dict[str, Stray] = field(default_factory=dict)
    knocks: list[Knock] = field(default_factory=list)
    failures: Failures = field(default_factory=Failures)
    attempts: Attempts = field(default_factory=Attempts)
    provided: Provided = field(default_factory=Provided)
    boots: list[str] = field(default_factory=list)
    asked: Asked | None = None
    ssm: Sessions = field(default_factory=Sessions)
    suspicions: Suspicions = field(default_factory=Suspicions)
    shutdown: Shutdown | None = None
    new_users: dict[str, User] = field(default_factory=dict)
    promotions: Promotions = field(default_factory=Promotions)
    blind: list[datetime] = field(default_factory=list)
    newest: int | None = None
    gap: datetime | None = None
    seen: list[tuple[EventRef, datetime]] = field(default_factory=list)


class HostLog:
    """One host's state, and the verbs that the readers of events use."""

    def __init__(
        self, state: HostState, admins: frozenset[str] = frozenset(), *, resumed: bool = False
    ) -> None:
        self.state = state
        self.admins = admins
        self._resumed = resumed
        self._most_growing, self._most_open = GROWING, OPEN
        self.said: list[Finding] = []
        self._seen = set(state.seen)
        self.growing = Growing(state.growing)
        self.open = OpenSessions(state.open)

    def inherit(self, before: HostLog) -> None:
        """Take over what was known of this host when it had another name; nobody is on any more."""
        old, state = before.state, self.state
        state.ssm, state.shutdown, state.blind = old.ssm, old.shutdown, old.blind
        state.new_users, state.promotions = old.new_users, old.promotions

    def share(self, hosts: int) -> None:
        """Take up no more than the share of one of so many hosts."""
        self._most_growing = max(GROWING // hosts, GROWING_AT_LEAST)
        self._most_open = max(OPEN // hosts, OPEN_AT_LEAST)

    def save(self) -> HostState:
        """Give the state as a value."""
        self.state.growing = list(self.growing)
        return self.state

    # --- what the readers ask and say -------------------------------------------------------------------------

    def begin(self, kind: Kind, event: Event, *, user: User | None, hold: timedelta | None = HOLD) -> Arrival:
        """Start a logon with ``event`` as its main one; ``hold`` None means that it waits for proof."""
        self.state.serial += 1
        system = (
            System.LINUX
            if event.channel in LOGS or event.fields.get("Platform") == System.LINUX
            else System.WINDOWS
        )
        arrival = Arrival(
            self.state.serial, kind, event.time, [event.ref], event.time, user=user, system=system
        )
        self.growing.add(arrival)
        if hold is not None:
            # A line of Linux may say no more than the second, and what belongs to it comes after the log's time by then.
            begun = event.time if system is System.WINDOWS else max(event.time, self.state.now or event.time)
            self.growing.tell_at(arrival, begun + hold)
        return arrival

    def joined(self, arrival: Arrival, event: Event, *signs: Sign) -> None:
        """Fold ``event`` into ``arrival``; what is new about it is told within ``HOLD``."""
        arrival.fold(event.ref, event.time)
        arrival.signs.update(signs)
        self.changed(arrival, event.time)

    def changed(self, arrival: Arrival, at: datetime) -> None:
        """Have a logon told (again) within ``HOLD`` of ``at``, unless it waits for proof."""
        if arrival.due is None and (arrival.told or self._is_proven(arrival)):
            self.growing.tell_at(arrival, at + HOLD)
        self.growing.enter(arrival)

    def hurry(self, arrival: Arrival, at: datetime) -> None:
        """Have a logon told within ``HOLD``, which so far could wait."""
        if arrival.due is None or arrival.due > at + HOLD:
            self.growing.tell_at(arrival, at + HOLD)
        self.growing.enter(arrival)

    def opened(self, logon_id: str, number: int | None, user: User) -> EventRef | None:
        """Give the main event of the logon that opened a session: the one with this logon id, or this number and user."""
        arrival, session = self.growing.with_id(logon_id), self.open.with_id(logon_id)
        if session is not None:
            return session.main
        if arrival is not None:
            return arrival.resumes or arrival.events[0]
        if number is None:
            return None
        for kept in reversed(self.open):
            if kept.session == number and same_user(kept.user, user):
                return kept.main
        for arrival in self.growing.named(Kind.SEAT, user):
            if arrival.session == number and same_user(arrival.user, user):
                return arrival.resumes or arrival.events[0]
        return None

    def known_user(self, sid: str) -> User | None:
        """Give the user with this SID who is on, or came a moment ago."""
        users = [
            *(arrival.user for arrival in self.growing),
            *(session.user for session in self.open),
        ]
        return next((user for user in reversed(users) if user is not None and user.sid == sid), None)

    def replace(self, arrival: Arrival, other: Arrival) -> None:
        """Fold ``other`` into ``arrival`` and forget it as a logon of its own; it must not have been told."""
        arrival.absorb(other)
        self.growing.drop(other)
        self.changed(arrival, arrival.last)

    def become(self, arrival: Arrival, kind: Kind) -> None:
        """Take a logon for one of another kind."""
        arrival.kind = kind
        self.growing.enter(arrival)

    def end(self, arrival: Arrival, event: Event) -> None:
        """Tell that a session was closed; one that was taken up again ends under the logon that opened it."""
        if not arrival.ended and self._is_proven(arrival):
            arrival.ended = True
            if arrival.resumes is not None:
                return
            self._tell(arrival)
            self._ended(arrival.events[0], arrival.time, self._door(arrival), arrival.user, event)

    def over(self, arrival: Arrival, event: Event) -> None:
        """Let Windows' start end a logon: its session is gone, and its logon ids and number are dealt anew."""
        if self._is_followed(arrival) and not self._is_attached_to_open(arrival):
            self.end(arrival, event)
        self._leave(arrival)
        if arrival.due is not None:
            self._tell(arrival)
        self.growing.drop(arrival)

    def booted(self, event: Event) -> None:
        """Take it that the system started: whatever was open is over, and ids are dealt anew."""
        self.state.suspicions.started(event)
        for arrival in list(self.growing):
            if arrival.time < event.time:
                self.over(arrival, event)
        for session in list(self.open):
            self.end_open(session, event)

    def end_open(self, session: Open, event: Event) -> None:
        """Tell that an open session was closed."""
        self.open.drop(session)
        self._ended(session.main, session.began, session.door, session.user, event)

    def failed(self, event: Event, user: str, address: str | None, times: int = 1) -> Sentence:
        """Count a failed logon towards a burst."""
        self.said.extend(self.state.failures.add(event, self.state.host, user, address, times))
        return say("a failed logon; three or more within ten minutes of each other are a burst")

    def stray(self, logon_id: str, event: Event) -> Stray:
        """Keep what an event says of a logon id whose logon has not come."""
        kept = self.state.strays.get(logon_id)
        if kept is None:
            kept = Stray(event.time, [])
            if logon_id:
                self.state.strays[logon_id] = kept
            if len(self.state.strays) > _STRAYS:
                del self.state.strays[next(iter(self.state.strays))]
        if len(kept.events) < EVENTS_LISTED:
            kept.events.append(event.ref)
        return kept

    def knock(self, knock: Knock) -> None:
        """Keep that somebody authenticated, for the session that may follow."""
        self.state.knocks.append(knock)
        del self.state.knocks[:-_KNOCKS]

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
        if key in self._seen:
            return True
        self._seen.add(key)
        self.state.seen.append(key)
        if len(self.state.seen) > _SEEN:
            self._seen.discard(self.state.seen.pop(0))
        return False

    def advance(self, now: datetime, *, by_event: bool = False) -> list[Finding]:
        """Let the log's time reach ``now`` and give what is told by then, in order.

        ``by_event`` says that it is the time of a record that is read next.
        """
        state = self.state
        if state.now is not None and state.now - now <= CLOCK_SET_BACK:
            now = max(now, state.now)
        state.now = now
        for arrival in self.growing.due_before(now):
            self._tell(arrival)
        if state.failures.count:
            self.said.extend(state.failures.advance(now, state.host))
        if self._resumed and not by_event:
            self._resumed = False
            state.suspicions.listen_again(now)
        if state.suspicions.held:
            self.said.extend(state.suspicions.advance(now, state.host, by_event=by_event))
        self._prune(now)
        return self.take()

    def finish(self) -> list[Finding]:
        """Tell all that is still held: the log is at its end."""
        for arrival in list(self.growing):
            if arrival.due is not None:
                self._tell(arrival)
            self._leave(arrival)
        self.said.extend(self.state.failures.finish(self.state.host))
        self.said.extend(self.state.suspicions.finish(self.state.now, self.state.host))
        return self.take()

    def take(self) -> list[Finding]:
        """Give what has been said since the last time."""
        said, self.said = self.said, []
        return said

    def present(self) -> list[Present]:
        """Give each session that is open, as far as it was told."""
        growing = [
            self._present(arrival.events[0], arrival.time, self._door(arrival), arrival.user, arrival.ssm)
            for arrival in self.growing
            if arrival.told and self._is_followed(arrival) and not self._is_attached_to_open(arrival)
        ]
        kept = [
            self._present(session.main, session.began, session.door, session.user, session.ssm)
            for session in self.open
        ]
        return kept + growing

    def _present(
        self, main: EventRef, began: datetime, door: Door, user: User | None, ssm: str | None
    ) -> Present:
        # The end of an SSM session is told by the agent's folder, whatever became of Windows' log.
        gap, behind = self.state.gap, None if ssm is None else self.state.ssm.known.get(ssm)
        sure = ssm is not None or gap is None or began > gap
        return Present(self.state.host, main, began, door, user, ssm, behind.owner if behind else None, sure)

    @property
    def due(self) -> datetime | None:
        """When, in the log's time, there will be something to tell though no event comes."""
        dues = [arrival.due for arrival in self.growing if arrival.due is not None]
        dues += [due for due in (self.state.failures.due, self.state.suspicions.due) if due is not None]
        return min(dues, default=None)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _is_proven(self, arrival: Arrival) -> bool:
        return arrival.kind is not Kind.SSH or bool(arrival.signs & {Sign.ACCEPTED, Sign.PASSWORD, Sign.PAM})

    def _tell(self, arrival: Arrival) -> None:
        arrival.due = None
        arrival.told = True
        self.said.append(self._logon(arrival))

    def _logon(self, arrival: Arrival) -> Logon:
        link = link_of(self.state.ssm, arrival, port_of(arrival))
        door, why = door_of(arrival, link)
        if arrival.resumes is None and (opened := self._opened_before(arrival)):
            arrival.resumes, arrival.began = opened
        ids, behind = arrival.logon_ids or arrival.unlock_ids, link.session
        return Logon(
            time=arrival.time,
            host=self.state.host,
            door=door,
            events=tuple(arrival.events),
            why=why,
            user=arrival.user,
            logon_type=arrival.logon_type,
            logon_id=ids[0] if ids else None,
            address=arrival.address,
            workstation=arrival.workstation,
            elevated=arrival.elevated,
            domain_admin=arrival.domain_admin,
            principal=behind.owner if behind else arrival.principal,
            ssm_session=arrival.ssm or (behind.session_id if behind else None),
            ssm_document=(behind.document or None) if behind else None,
            ssm_port=behind.leads_to if behind else None,
            ssm_match=link.match,
            ssm_observed=link.observed,
            promotion=None
            if door in INTO_AN_OLD_SESSION
            else self.state.promotions.behind(arrival.user, arrival.events[0], arrival.time),
            system=arrival.system,
            method=arrival.method,
            key=arrival.key,
            certificate=arrival.certificate,
            uid=arrival.uid,
            by=arrival.by,
            terminal=arrival.terminal,
            resumes=arrival.resumes,
            began=arrival.began,
            folded=arrival.folded,
        )

    def _ended(self, main: EventRef, began: datetime, door: Door, user: User | None, event: Event) -> None:
        self.said.append(Logoff(event.time, self.state.host, (event.ref,), main, began, door, user))

    def _leave(self, arrival: Arrival) -> None:
        """Tell the end of a session whose logon ids were all closed soon after it began, and to which no other came."""
        if arrival.left is None or arrival.left_at is None or arrival.logon_ids:
            return
        if arrival.ended or not arrival.told:
            return
        arrival.ended = True
        main, began, end = arrival.events[0], arrival.time, arrival.left
        door, user = self._door(arrival), arrival.user
        self.said.append(Logoff(arrival.left_at, self.state.host, (end,), main, began, door, user))

    def _prune(self, now: datetime) -> None:
        state = self.state
        full = len(self.growing) >= self._most_growing
        if state.pruned is not None and abs(now - state.pruned) < _PRUNING and not full:
            if self.growing.is_cluttered:  # the log's time stands still
                self.growing.tidy()
            return
        state.pruned = now
        too_many = len(self.growing) - self._most_growing * 9 // 10 if full else 0
        for place, arrival in enumerate(list(self.growing)):
            if abs(now - arrival.last) > QUIET or place < too_many:
                if arrival.due is not None:
                    self._tell(arrival)
                self._leave(arrival)
                self._keep_open(arrival)
                self.growing.drop(arrival)
        for logon_id in [key for key, kept in state.strays.items() if abs(now - kept.time) > STRAY]:
            del state.strays[logon_id]
        state.knocks = [knock for knock in state.knocks if abs(now - knock.time) <= STRAY]
        self.growing.tidy()

    def _door(self, arrival: Arrival) -> Door:
        return door_of(arrival, link_of(self.state.ssm, arrival, port_of(arrival)))[0]

    def _is_attached_to_open(self, arrival: Arrival) -> bool:
        """Tell whether an arrival is a reconnect or an unlock of a session whose logon is known and open."""
        return arrival.resumes is not None or bool(self._may_resume(arrival))

    def _opened_before(self, arrival: Arrival) -> tuple[EventRef, datetime] | None:
        """Give the logon that opened the session which an arrival took up again: main event and time."""
        sessions = self._may_resume(arrival)
        same = [s for s in sessions if arrival.resumed_id in s.logon_ids] or [
            s for s in sessions if arrival.session is not None and s.session == arrival.session
        ]
        if len(sessions) != 1 and len(same) != 1:
            return None
        opened = (same or sessions)[0]
        return opened.main, opened.began

    def _may_resume(self, arrival: Arrival) -> list[Open]:
        """Give the sessions that an arrival may have taken up again: none where it is a new one."""
        if not is_resumption(arrival):
            return []
        growing = [
            self._open(other)
            for other in self.growing.named(Kind.SEAT, arrival.user)
            if other.told and self._is_followed(other) and not is_resumption(other)
        ]
        return [
            kept
            for kept in (*self.open, *growing)
            if not kept.door.startswith(("ssm", "ssh"))
            and same_user(kept.user, arrival.user)
            and (None in {kept.session, arrival.session} or kept.session == arrival.session)
        ]

    def _keep_open(self, arrival: Arrival) -> None:
        if not arrival.told or not self._is_followed(arrival):
            return
        if self._is_attached_to_open(arrival):
            return  # the session that was there before goes on under its own logon
        self.open.add(self._open(arrival), self._most_open)

    def _open(self, arrival: Arrival) -> Open:
        """Give as much of a logon as its end needs."""
        ids, door = list(arrival.logon_ids), self._door(arrival)
        main, began = arrival.events[0], arrival.time
        return Open(main, began, door, arrival.user, ids, arrival.session, arrival.ssm)

    def _is_followed(self, arrival: Arrival) -> bool:
        """Tell whether the end of a logon is worth telling, and can be known."""
        if arrival.kind not in _FOLLOWED:
            return False
        if arrival.ended or Sign.BRIEF in arrival.signs:
            return False
        return bool(arrival.logon_ids or arrival.session is not None or arrival.ssm is not None)


Reader = Callable[[HostLog, Event], Sentence]
"""Reads one event into the state of its host, and says what it was taken for."""
