"""What was done to the host's eyes and doors: stopped logs, changed audit policy, new administrators."""

from __future__ import annotations

from datetime import timedelta

from logonbell.event import Event
from logonbell.logon import TamperKind, User
from logonbell.recognise.arrival import Kind
from logonbell.recognise.identity import is_nobody, split_name, user_of
from logonbell.recognise.promotion import Made
from logonbell.recognise.seats import target_of
from logonbell.recognise.state import HOLD, HostLog
from logonbell.recognise.subcategories import name_of
from logonbell.recognise.suspicion import SILENCE, Shutdown, Suspicion
from logonbell.recognise.tunnels import SESSION_NEAR, SSM_USER
from logonbell.sentence import Sentence, say

ADMINISTRATORS = "S-1-5-32-544"
SHUTDOWN = timedelta(minutes=10)
CALM = timedelta(seconds=5)
"""What takes nothing away is told so long after its first record: ``logonbell install`` audits more, one step after the other."""

_NEW_USERS = 64
_REMOVED = ("%%8448", "%%8450")
"""Windows' message numbers for *Success removed* and *Failure removed* (Microsoft, event 4719)."""


def log_stopped(log: HostLog, event: Event) -> Sentence:
    """Read 1100: the event log service stopped. A start of Windows explains it; silence does not."""
    suspicion = Suspicion(
        TamperKind.LOG_STOPPED, event.time, [event.ref], None, [], event.time + SILENCE, awaits_start=True
    )
    shutdown = log.state.shutdown
    if shutdown is not None and timedelta(0) <= event.time - shutdown.time <= SHUTDOWN:
        suspicion.kind, suspicion.user, suspicion.planned = TamperKind.RESTARTED, shutdown.user, True
        suspicion.events.append(shutdown.event)
    log.state.suspicions.add(suspicion)
    return say("the event log stopped")


def shutdown_asked(log: HostLog, event: Event) -> Sentence:
    """Read System 1074: somebody asked for a shutdown or a restart."""
    log.state.shutdown = Shutdown(event.time, _named(event.fields.get("param7", "")), event.ref)
    return say("somebody asked for a restart or a shutdown")


def windows_started(log: HostLog, event: Event) -> Sentence:
    """Read 4608: Windows started."""
    log.state.suspicions.started(event)
    return say("Windows started")


def audit_changed(log: HostLog, event: Event) -> Sentence:
    """Read 4719: the audit policy was changed. What is added blinds nobody, and is told quietly, all of it at once."""
    fields = event.fields
    removed = any(number in fields.get("AuditPolicyChanges", "") for number in _REMOVED)
    about = f"{'-' if removed else '+'}{name_of(fields.get('SubcategoryGuid', ''))}"
    _hold(log, event, TamperKind.AUDIT_CHANGED, about, planned=not removed)
    return say("the audit policy was changed")


def audit_excepted(log: HostLog, event: Event) -> Sentence:
    """Read 4912: one user is audited otherwise than the others. Hardly anybody does that but to hide somebody."""
    fields = event.fields
    about = f"{name_of(fields.get('SubcategoryGuid', ''))} ({fields.get('TargetUserSid', '')})"
    _hold(log, event, TamperKind.AUDIT_CHANGED, about, planned=False)
    return say("the audit policy of one user was changed")


def user_made(log: HostLog, event: Event) -> Sentence:
    """Read 4720: an account was made; it is told when it becomes an administrator."""
    user = target_of(event)
    if user.sid:
        log.state.new_users[user.sid] = user
        for sid in list(log.state.new_users)[:-_NEW_USERS]:
            del log.state.new_users[sid]
    return say("an account was made; whether it may do harm is told by its groups")


def member_added(log: HostLog, event: Event) -> Sentence:
    """Read 4732: somebody became a member of a local group."""
    fields = event.fields
    if fields.get("TargetSid") != ADMINISTRATORS:
        return say("a new member of a group that is not the administrators'")
    sid = fields.get("MemberSid", "")
    name = fields.get("MemberName", "").strip("- ")
    member = log.state.new_users.get(sid) or log.known_user(sid) or User(name or sid, "", sid or None)
    if member.name.casefold() == SSM_USER and is_nobody(fields.get("SubjectUserSid", "")):
        return say("the SSM agent made its own ssm-user")
    _hold(log, event, TamperKind.NEW_ADMINISTRATOR, str(member), planned=False)
    log.state.promotions.add(Made(event.time, member, subject_of(event), event.ref))
    return say("a new local administrator")


def user_enabled(log: HostLog, event: Event) -> Sentence:
    """Read 4722: an account was enabled. The SSM agent enables ssm-user for a session; nobody else has a reason to."""
    if event.fields.get("TargetUserName", "").casefold() != SSM_USER:
        return say("an account was enabled")
    by_agent = is_nobody(event.fields.get("SubjectUserSid", ""))
    if by_agent and _session_near(log, event):
        return say("ssm-user was enabled for an SSM session")
    suspicion = Suspicion(
        TamperKind.SSM_USER_ENABLED,
        event.time,
        [event.ref],
        subject_of(event),
        [str(target_of(event))],
        event.time + (SESSION_NEAR if by_agent else HOLD),
    )
    log.state.suspicions.add(suspicion)
    if not by_agent:
        return say("ssm-user was enabled, and not by the SSM agent")
    return say("ssm-user was enabled; held for {seconds} s in case its SSM session follows", seconds=20)


def _session_near(log: HostLog, event: Event) -> bool:
    return any(True for _ in log.growing.of_kind(Kind.SSM, event.time - SESSION_NEAR))


def _hold(log: HostLog, event: Event, kind: TamperKind, about: str, *, planned: bool) -> None:
    user, due = subject_of(event), event.time + (CALM if planned else HOLD)
    same = log.state.suspicions.same(kind, user, event.time, about)
    if same is None:
        log.state.suspicions.add(Suspicion(kind, event.time, [event.ref], user, [about], due, planned))
    else:
        same.fold(event, about, planned=planned, due=due)


def subject_of(event: Event) -> User | None:
    """Give who did it, as a Security event names it."""
    fields = event.fields
    name = fields.get("SubjectUserName")
    return user_of(name, fields.get("SubjectDomainName", ""), fields.get("SubjectUserSid")) if name else None


def _named(text: str) -> User | None:
    name, domain = split_name(text)
    return user_of(name, domain, None) if name else None
