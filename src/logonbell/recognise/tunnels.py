"""Reads what the SSM agent tells: shells, tunnels, commands, and what was seen at the moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from logonbell.event import Event
from logonbell.logon import Notice, NoticeKind, System, TamperKind, User
from logonbell.recognise.arrival import Arrival, Kind, Sign
from logonbell.recognise.seats import note_logon, process_of, target_of
from logonbell.recognise.ssm import Session, number_of, session_from
from logonbell.recognise.state import HostLog
from logonbell.sentence import Sentence, say

SHELLS = frozenset({"Standard_Stream", "InteractiveCommands", "NonInteractiveCommands"})
SSM_USER = "ssm-user"
"""The SSM agent's name for it, the same in every language (its source, appconfig)."""
SESSION_NEAR = timedelta(seconds=20)
"""The SSM agent enables ssm-user within seconds of a session's start."""
AT_START = timedelta(seconds=15)
"""The worker logs its user on within seconds of the session's start."""
BLIND_WITHIN, BLIND_TOLD = timedelta(days=1), 5
"""So often within this time it is told that nobody watched."""
TWICE = timedelta(seconds=5)
"""A worker that streams its session's log logs its user on twice within milliseconds. Windows deals a process id anew as
soon as it is free, so the same number later than this is another shell."""


def opened(log: HostLog, event: Event) -> Sentence:
    """Read that a session or a Run Command was opened."""
    session = session_from(event)
    if not session.session_id:
        return say("an SSM session without an id")
    if session.session_id in log.state.ssm.known:
        return say("an SSM session that is known already")
    log.state.ssm.add(session)
    if event.fields.get("DocumentType") == "SendCommand":
        return _begun(log, event, session, Kind.COMMAND, say("Run Command: no logon"))
    if session.plugin == "Port":
        return _begun(log, event, session, Kind.TUNNEL, say("an SSM tunnel was opened"))
    return _shell(log, event, session)


def _begun(log: HostLog, event: Event, session: Session, kind: Kind, taken: Sentence) -> Sentence:
    arrival = log.begin(kind, event, user=None)
    _note_session(log, arrival, session)
    return taken


def _shell(log: HostLog, event: Event, session: Session) -> Sentence:
    _explains_enabling(log, event)
    waiting = [
        arrival
        for arrival in log.growing.of_kind(Kind.SSM, event.time - AT_START)
        if arrival.ssm is None and arrival.time - event.time <= AT_START
    ]
    arrival = _of_process(waiting, session.process)
    if arrival is None and waiting and not session.elevated:
        arrival = waiting[-1]  # the first come
        arrival.rivals = len(waiting)
    if arrival is None:
        arrival = log.begin(Kind.SSM, event, user=_run_as(event, session))
    else:
        log.joined(arrival, event)
    if session.elevated:
        arrival.signs.add(Sign.ELEVATED)
        arrival.elevated = True
        if arrival.system is System.LINUX:
            arrival.uid = 0
    _note_session(log, arrival, session)
    return say("an SSM shell was opened")


def _of_process(arrivals: Sequence[Arrival], process: int | None) -> Arrival | None:
    if process is None:
        return None
    return next((arrival for arrival in arrivals if arrival.process == process), None)


def _note_session(log: HostLog, arrival: Arrival, session: Session) -> None:
    arrival.ssm, arrival.process = session.session_id, session.process or arrival.process
    log.changed(arrival, session.opened)


def _run_as(event: Event, session: Session) -> User | None:
    """Give whom a shell runs as: on Linux no other record says so (the agent's shell_unix.go, appconfig's constants)."""
    name = event.fields.get("RunAsUser")
    if event.fields.get("Platform") == System.LINUX:
        return User("root" if session.elevated else name or SSM_USER)
    return User(name) if name else None


def closed(log: HostLog, event: Event) -> Sentence:
    """Read that a session is over."""
    session_id = event.fields.get("SessionId", "")
    session = log.state.ssm.known.get(session_id)
    if session is not None and session.closed is None:
        session.closed = event.time
    for arrival in log.growing:
        if arrival.ssm == session_id:
            log.end(arrival, event)
            return say("the SSM session was closed")
    for kept in log.open:
        if kept.ssm == session_id:
            log.end_open(kept, event)
            return say("the SSM session was closed")
    return say("the end of something that was not followed")


def watched(log: HostLog, event: Event) -> Sentence:
    """Read that from now on every session is told."""
    if log.state.ssm.watched is None:
        log.state.ssm.watched = event.time
    return say("from here on the SSM sessions of this host are known")


def unwatched(log: HostLog, event: Event) -> Sentence:
    """Read that nobody watched for a while: what is known begins anew here, and it is told.

    Not without end: an agent that looks now and then, with no log of the SSM agent's to catch up from, is blind in
    between each time.
    """
    state = log.state
    state.ssm.watched = event.time
    state.blind = [told for told in state.blind if timedelta(0) <= event.time - told < BLIND_WITHIN]
    if len(state.blind) < BLIND_TOLD:
        state.blind.append(event.time)
        what = say(
            "SSM sessions on {host} not watched from {since} to {until} UTC",
            host=state.host,
            since=in_utc(event.fields.get("Since", "")),
            until=f"{event.time:%Y-%m-%d %H:%M:%S}",
        )
        log.said.append(Notice(event.time, state.host, (event.ref,), NoticeKind.UNWATCHED, what))
    return say("nobody watched the SSM sessions before this")


def in_utc(text: str) -> str:
    """Write a time in the few words of a sentence; as it was, where it is none."""
    try:
        return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError):
        return text


def owner_seen(log: HostLog, event: Event) -> Sentence:
    """Read who was seen to hold the connection by which a logon came."""
    fields = event.fields
    arrival = log.growing.made_of(fields.get("LogonChannel", ""), number_of(fields.get("LogonRecordId", "")))
    if arrival is None:
        return say("who holds a connection by which nobody came")
    arrival.owner = fields.get("SessionId", "")
    log.changed(arrival, event.time)
    return say("who holds the connection of a logon: belongs to it")


def addresses_seen(log: HostLog, event: Event) -> Sentence:
    """Read the host's own addresses."""
    log.state.ssm.addresses = event.fields.get("Addresses", "").split()[:256]
    return say("this host's own addresses")


def worker_logon(log: HostLog, event: Event) -> Sentence | None:
    """Read a 4624 whose caller is the worker of a known SSM session, whatever its form; None where it is not.

    No public sample of this event exists, so nothing but the worker's process id is relied upon.
    """
    session = log.state.ssm.of_process(process_of(event), event.time)
    if session is None or session.plugin not in SHELLS:
        return None
    for arrival in reversed(log.growing):
        if arrival.ssm == session.session_id:
            return _joined(log, arrival, event)
    return say("a further logon of an SSM session that is open")


def shell_logon(log: HostLog, event: Event) -> Sentence:
    """Read a 4624 that looks like the session worker's, with no session known whose worker has its process id.

    It belongs to a shell that has just been opened: the first come that has no Windows logon yet.
    """
    process, near = (
        process_of(event),
        [a for a in log.growing.of_kind(Kind.SSM, event.time - AT_START) if not a.ended],
    )
    arrival = _of_process([a for a in near if a.logon_ids and event.time - a.last <= TWICE], process)
    if arrival is not None:
        return _joined(log, arrival, event)
    waiting = [
        a
        for a in near
        if a.ssm and a.logon_type is None and a.time <= event.time and Sign.ELEVATED not in a.signs
    ]
    if waiting:
        waiting[-1].rivals, waiting[-1].process = len(waiting), process
        return _joined(log, waiting[-1], event)
    arrival = log.begin(Kind.SSM, event, user=target_of(event))
    _explains_enabling(log, event)
    arrival.process = process
    note_logon(log, arrival, event)
    return say("the SSM agent's session worker logged a user on")


def _explains_enabling(log: HostLog, event: Event) -> None:
    """A session explains why the agent enabled ssm-user just before."""
    log.state.suspicions.explain(TamperKind.SSM_USER_ENABLED, event.time, SESSION_NEAR)


def _joined(log: HostLog, arrival: Arrival, event: Event) -> Sentence:
    _explains_enabling(log, event)
    again = bool(arrival.logon_ids)
    log.joined(arrival, event)
    note_logon(log, arrival, event)
    if again:
        return say("the same worker's second logon (it streams the session's log): the same logon")
    return say("the logon of an SSM shell: belongs to its session")
