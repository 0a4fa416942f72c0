"""A Windows host's events in, its logons out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from operator import attrgetter
from types import MappingProxyType

import msgspec

from logonbell.event import Event
from logonbell.logon import Finding, LogCleared
from logonbell.recognise import network, seats, tampering, tunnels, watching
from logonbell.recognise.arrival import either
from logonbell.recognise.failures import is_prompt
from logonbell.recognise.identity import (
    NETWORK_SERVICE,
    NOBODY,
    SYSTEM,
    is_domain_admin,
    raw_address,
    user_of,
)
from logonbell.recognise.noise import MACHINE_ACCOUNT, hallmark_of, noise, program_of
from logonbell.recognise.session import CHANNEL, Told
from logonbell.recognise.state import HostLog, HostState, Present
from logonbell.recognise.watching import WATCHING
from logonbell.sentence import Sentence, say

SECURITY = "Security"
LSM = "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"
RCM = "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational"
OPENSSH = "OpenSSH/Operational"
WINRM = "Microsoft-Windows-WinRM/Operational"
SYSTEM_LOG = "System"

HOSTS = 1_000
"""So many hosts in one log are kept apart; of more, the one whose log is furthest behind is told to its end and forgotten."""
OWN_ADDRESSES = 64
AT_START = 1_000
"""So many records Windows may write from the stop of its log on to the one that says that it started."""
SSM_WORKER = "ssm-session-worker.exe"
_AT_THE_CONSOLE = frozenset({"winlogon.exe", "sacsess.exe"})
"""Who asks for a person at the machine: Windows' own screen, and the command prompt of its serial console.

The latter (SAC, as on EC2) is inferred: no public log shows it.
"""
PROVIDERS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        SECURITY: frozenset({"", "Microsoft-Windows-Security-Auditing", "Microsoft-Windows-Eventlog"}),
        SYSTEM_LOG: frozenset({"", "Microsoft-Windows-Eventlog", "User32", "USER32"}),
    }
)
"""Whose records are read in channels that many write into; the others' have one writer."""

EARLIEST, LATEST = datetime(1602, 1, 1, tzinfo=UTC), datetime(9990, 1, 1, tzinfo=UTC)
"""A record that a broken clock dated outside this is taken for one at the border, so that time can be reckoned with."""

Reader = Callable[[HostLog, Event], Sentence]
Witness = Callable[[Event, Sentence], None]
"""Told of each event, in words, what it was taken for."""


def logged_on(log: HostLog, event: Event) -> Sentence:
    """Read a 4624: nobody, the other half of a logon, or one of the doors."""
    fields = event.fields
    kind, program = fields.get("LogonType", ""), program_of(fields)
    if kind == "0":
        return _booted(log, event)
    if (reason := noise(fields)) is not None:
        if reason is MACHINE_ACCOUNT:
            _note_own_address(log, event)
        return reason
    known = log.with_id(seats.logon_id_of(event))
    if known is not None and event.ref in known.events:
        return say("this record was read before")
    if (half := seats.other_half(log, event)) is not None:
        log.joined(half, event)
        half.halves += 1
        seats.note_logon(log, half, event, unlock=kind in {"7", "13"})
        return seats.OTHER_HALF
    taken = tunnels.worker_logon(log, event)
    return _door(log, event, kind, program) if taken is None else taken


def _note_own_address(log: HostLog, event: Event) -> None:
    """Learn this host's own address where its own account logs on to itself over the network."""
    name, address = event.fields.get("TargetUserName", ""), raw_address(event.fields.get("IpAddress", ""))
    mine = f"{event.host.partition('.')[0]}$".casefold()
    if address is not None and name.casefold() == mine and address not in log.state.ssm.addresses:
        log.state.ssm.addresses = [*log.state.ssm.addresses, address][-OWN_ADDRESSES:]


def _door(log: HostLog, event: Event, kind: str, program: str) -> Sentence:
    fields = event.fields
    by, subject = fields.get("LogonProcessName", "").strip().casefold(), fields.get("SubjectUserSid", "")
    match kind:
        case "10" | "12":
            return seats.sat_down(log, event)
        case "2" | "11" if by == "user32" or program in _AT_THE_CONSOLE:
            return seats.sat_down(log, event)
        case "7" | "13":
            return seats.unlocked(log, event)
        case "4":
            return network.ran_batch(log, event)
        case "3" | "8" if program == SSM_WORKER and subject == SYSTEM:
            return tunnels.shell_logon(log, event)
        case "3" | "8" if by == "sshd" or program in {"sshd.exe", "sshd-session.exe"}:
            return network.sshd_logon(log, event)
        case "3" | "8" if by == "wsman" or (program == "svchost.exe" and subject == NETWORK_SERVICE):
            return network.winrm_request(log, event)
        case "3" | "8" if program in {"", "lsass.exe"} or subject in {"", NOBODY}:
            return network.came_by_network(log, event)
        case _:
            return network.used_credentials(log, event)


def _booted(log: HostLog, event: Event) -> Sentence:
    """Windows started: whatever was open is over, and logon ids begin anew."""
    log.state.suspicions.started(event)
    for arrival in list(log.growing.values()):
        if arrival.time < event.time:
            log.over(arrival, event)
    for session in list(log.state.open):
        log.end_open(session, event)
    return say("Windows started")


def privileged(log: HostLog, event: Event) -> Sentence:
    """Read 4672: a logon id holds administrators' privileges. It comes before or after its logon."""
    logon_id = seats.logon_id_of(event, "SubjectLogonId")
    arrival = log.with_id(logon_id)
    if arrival is None:
        log.stray(logon_id, event).elevated = True
    else:
        arrival.elevated = True
        log.joined(arrival, event)
    return say("administrator's privileges (4672): belongs to its logon")


def grouped(log: HostLog, event: Event) -> Sentence:
    """Read 4627: the groups of a logon, by which domain admins are known."""
    return _groups(log, event, is_domain_admin(event.fields.get("GroupMembership", ""), log.admins))


def special(log: HostLog, event: Event) -> Sentence:
    """Read 4964: a logon holds a group that the operator called special. It proves a domain admin, never the lack of one."""
    admin = is_domain_admin(event.fields.get("SidList", ""), log.admins)
    return _groups(log, event, True if admin else None)


def _groups(log: HostLog, event: Event, admin: bool | None) -> Sentence:
    logon_id = seats.logon_id_of(event)
    arrival = log.with_id(logon_id)
    if arrival is None:
        stray = log.stray(logon_id, event)
        stray.domain_admin = either(stray.domain_admin, admin)
    else:
        arrival.domain_admin = either(arrival.domain_admin, admin)
        log.joined(arrival, event)
    return say("the groups of a logon: belongs to it")


def failed(log: HostLog, event: Event) -> Sentence:
    """Read 4625: a failed logon counts towards a burst, a mistyped password in a prompt does not."""
    if is_prompt(event):
        return say("a mistyped password in a UAC prompt or a browser: no attempt to get in")
    log.said.extend(log.state.failures.add(event, log.state.host))
    return say("a failed logon; three or more within ten minutes of each other are a burst")


def security_cleared(log: HostLog, event: Event) -> Sentence:
    """Read 1102: the Security log was emptied."""
    return _cleared(log, event, SECURITY)


def other_cleared(log: HostLog, event: Event) -> Sentence:
    """Read 104: another log was emptied."""
    return _cleared(log, event, event.fields.get("Channel", ""))


def _cleared(log: HostLog, event: Event, cleared: str) -> Sentence:
    fields = event.fields
    name = fields.get("SubjectUserName", "")
    user = user_of(name, fields.get("SubjectDomainName", ""), fields.get("SubjectUserSid")) if name else None
    log.said.append(LogCleared(event.time, log.state.host, (event.ref,), cleared, user))
    return say("a log was cleared")


READERS: Mapping[str, Mapping[int, Reader]] = MappingProxyType(
    {
        SECURITY: {
            1100: tampering.log_stopped,
            1102: security_cleared,
            4608: tampering.windows_started,
            4624: logged_on,
            4625: failed,
            4627: grouped,
            4634: seats.closed,
            4647: seats.closed,
            4672: privileged,
            4719: tampering.audit_changed,
            4720: tampering.user_made,
            4722: tampering.user_enabled,
            4732: tampering.member_added,
            4778: seats.attached,
            4779: seats.detached,
            4912: tampering.audit_excepted,
            4964: special,
        },
        LSM: {
            21: seats.session_began,
            22: seats.shell_started,
            23: seats.session_ended,
            24: seats.detached,
            25: seats.session_again,
        },
        RCM: {1149: seats.knocked},
        OPENSSH: {4: network.sshd_said},
        WINRM: {91: network.shell_made},
        SYSTEM_LOG: {104: other_cleared, 1074: tampering.shutdown_asked},
        CHANNEL: {
            Told.OPENED: tunnels.opened,
            Told.CLOSED: tunnels.closed,
            Told.WATCHED: tunnels.watched,
            Told.UNWATCHED: tunnels.unwatched,
            Told.OWNER: tunnels.owner_seen,
            Told.ADDRESSES: tunnels.addresses_seen,
        },
        WATCHING: {
            watching.Told.BLIND: watching.blind,
            watching.Told.SEEING: watching.seeing,
            watching.Told.GAP: watching.gap,
        },
    }
)
WANTED: Mapping[str, frozenset[int]] = MappingProxyType(
    {name: frozenset(ids) for name, ids in READERS.items()}
)
"""Channel and event ids that this recogniser reads: what a source may leave out of account is all the rest."""
CHANNELS = tuple(name for name in READERS if name not in {CHANNEL, WATCHING})
"""The channels of Windows among them."""

_READERS = {
    (channel, event_id): reader for channel, ids in READERS.items() for event_id, reader in ids.items()
}

SNAPSHOT = 8
"""Version of a snapshot's form. A snapshot of another version cannot be read; reading then starts again from older."""


class Recogniser:
    """Fed events in the order of their logs, it gives logons as they become known, and again as they grow.

    It does no input or output and reads no clock: time is that of the events, and what ``advance`` hands in. Several
    hosts in one log are kept apart; an event that names none is of this machine: of the host that was named last, ``own``
    before any was. ``admins`` are further SIDs, or bare RIDs, whose members count as domain admins.
    ``witness`` is told of each event what it was taken for.
    """

    def __init__(
        self, witness: Witness | None = None, *, admins: frozenset[str] = frozenset(), own: str = ""
    ) -> None:
        self._logs: dict[str, HostLog] = {}
        self._own = own
        self._witness = witness
        self._admins = admins

    def feed(self, event: Event) -> Sequence[Finding]:
        """Read one event; give what is known by then.

        One that bears a hallmark of noise tells its time and its host, so that leaving such out changes no finding.
        """
        reader = _READERS.get((event.channel, event.event_id))
        if reader is None or event.provider not in PROVIDERS.get(event.channel, (event.provider,)):
            return ()
        if not EARLIEST <= event.time <= LATEST:
            event = replace(event, time=min(max(event.time, EARLIEST), LATEST))
        if event.host and event.channel != CHANNEL:
            self._own = event.host
        host = event.host or self._own
        log = self._logs.get(host)
        said: list[Finding] = []
        if log is None:
            log = self._begin(host, said)
        said += log.advance(event.time, by_event=True)
        mark = hallmark_of(event)
        if mark is not None:
            taken = mark.because
        else:
            if event.channel == SECURITY:
                said += self._renamed(log, event)
                log.state.newest = event.record_id
            taken = say("this record was read before") if log.saw(event) else reader(log, event)
            said += log.take()
        if self._witness is not None:
            self._witness(event, taken)
        return said

    def _begin(self, host: str, said: list[Finding]) -> HostLog:
        """Hear of a host for the first time."""
        if len(self._logs) >= HOSTS:
            furthest = min(self._logs, key=lambda name: self._logs[name].state.now or EARLIEST)
            said += self._logs.pop(furthest).finish()
        log = self._logs[host] = HostLog(HostState(host), self._admins)
        self._share()
        return log

    def _share(self) -> None:
        for log in self._logs.values():
            log.share(len(self._logs))

    def _renamed(self, log: HostLog, event: Event) -> list[Finding]:
        """Find that this host, whose first record this is, is the one whose log was stopped before it, under a new name.

        A new name counts from the next start on (sysprep, ``Rename-Computer``), and the record ids go on.
        """
        if log.state.newest is not None or not _starts(event):
            return []
        said: list[Finding] = []
        for name, before in list(self._logs.items()):
            newest = before.state.newest
            if newest is None or event.record_id <= newest:
                continue
            if before.state.suspicions.stopped_before(event.record_id, AT_START):
                _booted(before, event)
                said += before.advance(event.time, by_event=True)
                said += before.finish()
                log.inherit(before)
                del self._logs[name]
                self._share()
        return said

    def advance(self, now: datetime) -> list[Finding]:
        """Let the time of the log reach ``now``; give what need not be waited for any longer."""
        return [finding for log in self._logs.values() for finding in log.advance(now)]

    def finish(self) -> list[Finding]:
        """Give all that is still held: nothing more will come."""
        return [finding for log in self._logs.values() for finding in log.finish()]

    @property
    def due(self) -> datetime | None:
        """When, in the time of the log, ``advance`` next has something to say."""
        return min((due for log in self._logs.values() if (due := log.due) is not None), default=None)

    def present(self) -> list[Present]:
        """Give the sessions that are open, those of each host in the order in which they began."""
        return [
            session
            for log in self._logs.values()
            for session in sorted(log.present(), key=attrgetter("began"))
        ]

    def lost(self) -> None:
        """Note that records are lost behind what was read so far: an end may be among them."""
        for log in self._logs.values():
            log.state.gap = log.state.now

    def snapshot(self) -> str:
        """Give the whole state as text that can be stored whatever a log wrote: the same state, the same text.

        The order of what is kept by key is part of the state: by it the oldest is forgotten first.
        """
        hosts = [log.save() for log in self._logs.values()]
        kept = msgspec.to_builtins({"version": SNAPSHOT, "own": self._own, "hosts": hosts})
        for host in kept["hosts"]:
            for arrival in host["growing"]:
                arrival["signs"].sort()
        try:
            return msgspec.json.encode(kept).decode()
        except UnicodeEncodeError:  # half a character, as only a hostile name has it: ten times as slow
            return json.dumps(kept, separators=(",", ":"))

    @classmethod
    def restore(cls, snapshot: str, *, admins: frozenset[str] = frozenset()) -> Recogniser:
        """Go on from a snapshot. Raises ``ValueError`` if it is damaged or of another version."""
        try:
            kept = msgspec.convert(json.loads(snapshot), _Snapshot)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ValueError(f"not a snapshot: {error}") from error
        if kept.version != SNAPSHOT:
            raise ValueError(f"a snapshot of version {kept.version}, not {SNAPSHOT}")
        recogniser = cls(admins=admins, own=kept.own)
        recogniser._logs = {state.host: HostLog(state, admins, resumed=True) for state in kept.hosts}
        recogniser._share()
        return recogniser


def _starts(event: Event) -> bool:
    return event.event_id == 4608 or (event.event_id == 4624 and event.fields.get("LogonType") == "0")


class _Snapshot(msgspec.Struct):
    version: int
    own: str
    hosts: list[HostState]
