"""What each event of a Windows host is: which reader reads it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from logonbell.event import Event
from logonbell.logon import LogCleared
from logonbell.recognise import network, seats, tampering, tunnels
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
from logonbell.recognise.noise import noise, program_of
from logonbell.recognise.state import HostLog, Reader
from logonbell.sentence import Sentence, say

SECURITY = "Security"
LSM = "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"
RCM = "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational"
OPENSSH = "OpenSSH/Operational"
WINRM = "Microsoft-Windows-WinRM/Operational"
SYSTEM_LOG = "System"

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


def logged_on(log: HostLog, event: Event) -> Sentence:
    """Read a 4624: nobody, the other half of a logon, or one of the doors."""
    fields = event.fields
    kind, program = fields.get("LogonType"), program_of(fields)
    if kind == "0":
        log.booted(event)
        return say("Windows started")
    if (reason := noise(fields)) is not None:
        return reason
    known = log.growing.with_id(seats.logon_id_of(event))
    if known is not None and event.ref in known.events:
        return say("this record was read before")
    if (half := seats.other_half(log, event)) is not None:
        log.joined(half, event)
        half.halves += 1
        seats.note_logon(log, half, event, unlock=kind in {"7", "13"})
        return seats.OTHER_HALF
    taken = tunnels.worker_logon(log, event)
    return _door(log, event, kind, program) if taken is None else taken


def _door(log: HostLog, event: Event, kind: str | None, program: str) -> Sentence:
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


def privileged(log: HostLog, event: Event) -> Sentence:
    """Read 4672: a logon id holds administrators' privileges. It comes before or after its logon."""
    logon_id = seats.logon_id_of(event, "SubjectLogonId")
    arrival = log.growing.with_id(logon_id)
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
    arrival = log.growing.with_id(logon_id)
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
    fields = event.fields
    user = user_of(fields.get("TargetUserName", ""), fields.get("TargetDomainName", ""), None)
    address = raw_address(fields.get("IpAddress"))
    return log.failed(event, str(user), address)


def security_cleared(log: HostLog, event: Event) -> Sentence:
    """Read 1102: the Security log was emptied."""
    return _cleared(log, event, SECURITY)


def other_cleared(log: HostLog, event: Event) -> Sentence:
    """Read 104: another log was emptied."""
    return _cleared(log, event, event.fields.get("Channel", ""))


def _cleared(log: HostLog, event: Event, cleared: str) -> Sentence:
    by = tampering.subject_of(event)
    log.said.append(LogCleared(event.time, log.state.host, (event.ref,), cleared, by))
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
    }
)
WANTED: Mapping[str, frozenset[int]] = MappingProxyType(
    {name: frozenset(ids) for name, ids in READERS.items()}
)
"""Channel and event ids of Windows that are read: what a source may leave out of account is all the rest."""
CHANNELS = tuple(READERS)


def starts(event: Event) -> bool:
    """Tell whether a record says that Windows started."""
    return event.event_id == 4608 or (event.event_id == 4624 and event.fields.get("LogonType") == "0")
