"""Which findings are worth telling, and how loudly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from logonbell.alert import Alert, Level, Matched, fingerprint
from logonbell.logon import (
    Door,
    FailedLogons,
    Finding,
    LogCleared,
    Logoff,
    Logon,
    Notice,
    NoticeKind,
    Selected,
    Tampering,
    TamperKind,
)
from logonbell.sentence import Sentence, say

LOUDNESS: Mapping[Door, Level] = MappingProxyType(
    {
        Door.CONSOLE: Level.MEDIUM,
        Door.CACHED_CONSOLE: Level.MEDIUM,
        Door.UNLOCK: Level.INFORMATIONAL,
        Door.RDP: Level.MEDIUM,
        Door.RDP_RECONNECT: Level.LOW,
        Door.RDP_LOOPBACK: Level.HIGH,
        Door.RDP_SSM: Level.MEDIUM,
        Door.SSM_SHELL: Level.MEDIUM,
        Door.SSM_SHELL_ELEVATED: Level.HIGH,
        Door.SSM_TUNNEL: Level.LOW,
        Door.SSH: Level.MEDIUM,
        Door.SSH_SSM: Level.MEDIUM,
        Door.SSH_LOOPBACK: Level.HIGH,
        Door.INSTANCE_CONNECT: Level.MEDIUM,
        Door.WINRM: Level.MEDIUM,
        Door.NETWORK: Level.INFORMATIONAL,
        Door.RUNAS: Level.INFORMATIONAL,
        Door.SU: Level.INFORMATIONAL,
        Door.SUDO: Level.INFORMATIONAL,
        Door.BATCH: Level.INFORMATIONAL,
        Door.RUN_COMMAND: Level.INFORMATIONAL,
    }
)
TAMPERING: Mapping[TamperKind, tuple[Level, str, Sentence]] = MappingProxyType(
    {
        TamperKind.LOG_STOPPED: (
            Level.HIGH,
            "log-stopped",
            say("an event log that stops, and no restart, rings"),
        ),
        TamperKind.RESTARTED: (Level.LOW, "restarted", say("a restart that nobody planned rings")),
        TamperKind.AUDIT_CHANGED: (Level.HIGH, "audit-changed", say("a changed audit policy rings")),
        TamperKind.NEW_ADMINISTRATOR: (
            Level.HIGH,
            "new-administrator",
            say("a new local administrator rings"),
        ),
        TamperKind.SSM_USER_ENABLED: (
            Level.HIGH,
            "ssm-user-enabled",
            say("ssm-user, enabled for no SSM session, rings"),
        ),
    }
)
NOTICES: Mapping[NoticeKind, tuple[Level, Sentence]] = MappingProxyType(
    {
        NoticeKind.TEST: (Level.INFORMATIONAL, say("logonbell was asked to ring")),
        NoticeKind.CANARY: (Level.INFORMATIONAL, say("logonbell was asked to ring")),
        NoticeKind.TOPIC: (Level.HIGH, say("a bell that may not be heard rings")),
        NoticeKind.SILENCE: (Level.MEDIUM, say("whoever keeps the bell from ringing is told of")),
        NoticeKind.UNDELIVERED: (Level.HIGH, say("what one way does not take is told by the others")),
        NoticeKind.UNWATCHED: (Level.MEDIUM, say("a time in which nobody watched rings")),
        NoticeKind.BLIND: (Level.HIGH, say("a log that cannot be followed rings")),
        NoticeKind.SEEING: (Level.LOW, say("a log that is followed again is told of")),
        NoticeKind.REASON: (Level.LOW, say("the reason of a session that rang is told after it")),
        NoticeKind.STUCK: (Level.HIGH, say("that logonbell cannot go on is told at once")),
        NoticeKind.GAP: (Level.HIGH, say("a log in which records may be missing rings")),
        NoticeKind.STALLED: (Level.HIGH, say("a log that holds what nobody reads rings")),
        NoticeKind.HEARTBEAT: (Level.INFORMATIONAL, say("a sign of life was asked for")),
        NoticeKind.STOPPED: (Level.MEDIUM, say("that nobody watches any more is told of")),
        NoticeKind.SETTINGS: (Level.MEDIUM, say("whoever changes the settings is told of")),
        NoticeKind.MOVED: (Level.MEDIUM, say("a state that came from another machine is told of")),
    }
)
SILENT_DOORS = frozenset(
    {Door.NETWORK, Door.UNLOCK, Door.RUNAS, Door.SU, Door.SUDO, Door.BATCH, Door.RUN_COMMAND}
)
LOOPBACK: Mapping[Door, tuple[Level, Sentence]] = MappingProxyType(
    {
        Door.RDP_LOOPBACK: (
            Level.CRITICAL,
            say("an RDP tunnel that is no SSM session ends on this host"),
        ),
        Door.SSH_LOOPBACK: (
            Level.HIGH,
            say("somebody came by SSH from this host itself, and through no SSM session"),
        ),
    }
)
"""The doors that ask for an explanation, where the SSM sessions of the host were known and none explains it.

SSH is not critical: jobs of the host use it, and what is critical cannot be allowed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says of a finding, and why."""

    rings: bool
    level: Level
    rule: str
    reason: Sentence
    matched: tuple[Matched, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """The plain rules: which doors ring. Failed-logon bursts and a cleared log always ring.

    With ``logoffs``, the end of a session rings whose logon does. Sigma rules add to what these say (``judge``).
    """

    silent: frozenset[Door] = SILENT_DOORS
    logoffs: bool = False

    def judge(self, finding: Finding) -> Verdict:
        """Say whether ``finding`` rings, how loudly, and why."""
        match finding:
            case Logon():
                return self._judge_logon(finding)
            case FailedLogons(ended=False):
                return Verdict(
                    True, Level.MEDIUM, "failed-logons", say("three failed logons within minutes ring")
                )
            case FailedLogons():
                return Verdict(
                    finding.count > 3,
                    Level.LOW,
                    "failed-logons-summary",
                    say("the burst of failed logons is over"),
                )
            case LogCleared():
                return Verdict(True, Level.HIGH, "log-cleared", say("a cleared log rings"))
            case Tampering():
                return _judge_tampering(finding)
            case Selected():
                return Verdict(True, Level(finding.level), finding.rule, finding.what)
            case Notice():
                level, reason = NOTICES[finding.kind]
                return Verdict(True, level, f"notice-{finding.kind}", reason)
            case Logoff():
                if self.logoffs and finding.door not in self.silent:
                    return Verdict(
                        True, Level.INFORMATIONAL, "logoff", say("logoffs ring, as the settings ask for")
                    )
                return Verdict(False, Level.INFORMATIONAL, "logoff", say("a logoff is recorded and silent"))

    def _judge_logon(self, logon: Logon) -> Verdict:
        door = str(logon.door)
        if logon.promotion is not None and logon.promotion.first:
            reason = say("the first logon of a new administrator rings, whatever the door")
            loud = LOOPBACK[logon.door][0] if logon.door in LOOPBACK and logon.ssm_observed else Level.HIGH
            return Verdict(True, loud, "logon", reason)
        if logon.door in self.silent:
            reason = say("the door {door} is recorded and silent", door=door)
            return Verdict(False, LOUDNESS[logon.door], "logon", reason)
        if logon.door in LOOPBACK and logon.ssm_observed:
            level, reason = LOOPBACK[logon.door]
            return Verdict(True, level, "logon", reason)
        if logon.domain_admin:
            return Verdict(
                True, Level.HIGH, "logon", say("a domain admin came by the door {door}", door=door)
            )
        if logon.promotion is not None:
            return Verdict(
                True, Level.HIGH, "logon", say("a new administrator came by the door {door}", door=door)
            )
        return Verdict(True, LOUDNESS[logon.door], "logon", say("the door {door} rings", door=door))


def rule_names() -> frozenset[str]:
    """Name every rule of the plain rules; the rules over raw events have names of their own."""
    of_tampering = {name for _, name, _ in TAMPERING.values()} | {str(kind) for kind in TamperKind}
    of_notices = {f"notice-{kind}" for kind in NoticeKind}
    return frozenset(
        {"logon", "logoff", "failed-logons", "failed-logons-summary", "log-cleared"}
        | of_tampering
        | of_notices
    )


def alert_for(finding: Finding, verdict: Verdict, host_id: str) -> Alert:
    """Make the alert of a finding that rings."""
    mark = fingerprint(host_id, finding.main, finding.time, verdict.rule)
    return Alert(mark, host_id, verdict.level, verdict.rule, verdict.reason, finding, verdict.matched)


def _judge_tampering(finding: Tampering) -> Verdict:
    name = str(finding.kind)
    if finding.planned and finding.kind is TamperKind.LOG_STOPPED:
        reason = say("the log ends where it was stopped, as it does at a shutdown")
        return Verdict(False, Level.INFORMATIONAL, name, reason)
    if finding.planned:
        return Verdict(
            True, Level.INFORMATIONAL, name, say("planned, or it takes nothing away: told quietly")
        )
    return Verdict(True, *TAMPERING[finding.kind])
