"""What a person does next, and among it the command that explains why it rang."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from types import MappingProxyType

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
    System,
    Tampering,
    TamperKind,
)
from logonbell.notification import Digest, Telling
from logonbell.sentence import Sentence, say
from logonbell.text.headline import SHELLS, THROUGH_SSM

# An id that may stand in a command line as it is. A session's is the name of the role's session (IAM lets it hold these
# signs, and a comma, which PowerShell would take for a list) and a number.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+=.@-]{0,95}", re.ASCII)


def next_steps(telling: Telling) -> list[Sentence]:
    """Say what a person does next; of a digest, what its worst alert asks for."""
    if isinstance(telling, Digest):
        worst = telling.named[0].alert.finding
        return [*_after(worst), *_explain(worst), _list(telling)]
    finding = telling.alert.finding
    return [*_after(finding), *_explain(finding)]


def _after(finding: Finding) -> list[Sentence]:
    match finding:
        case Logon():
            return _after_logon(finding)
        case FailedLogons():
            return [
                say("If the addresses are not yours, close the door to them (security group, firewall)."),
                say("Look whether one of these users got in afterwards."),
            ]
        case LogCleared():
            return [
                say("If nobody planned this, treat the host as taken over and keep it for examination."),
                say("What the log held is known only from alerts and history before this time."),
            ]
        case Tampering():
            return _after_tampering(finding)
        case Notice():
            return list(_AFTER_NOTICE.get(finding.kind, ()))
        case Logoff() | Selected():
            return []


_UNPLANNED = say("If nobody planned this, treat the host as taken over.")
_AFTER_NOTICE: Mapping[NoticeKind, Sequence[Sentence]] = MappingProxyType(
    {
        NoticeKind.TEST: (say("Nothing: this alert was asked for, and it got through."),),
        NoticeKind.CANARY: (
            say("Nothing: it comes once a day. If it stays away, run: logonbell topic check"),
        ),
        NoticeKind.TOPIC: (say("Run: logonbell topic check"),),
        NoticeKind.UNWATCHED: (
            say(
                "Who came and went in that time is not known here; CloudTrail knows it: look for StartSession."
            ),
            say("Let the SSM agent log at level info where logonbell may read it: then it catches up."),
        ),
        NoticeKind.BLIND: (
            say("On the host, see whether the service runs and who stopped it: Get-Service EventLog"),
            _UNPLANNED,
        ),
        NoticeKind.REASON: (say("The alert of the session itself came before, with the same session id."),),
        NoticeKind.STUCK: (
            say("Until that is mended, nobody who comes rings; afterwards all of them do."),
            say("On the host, see what else is wrong: logonbell doctor"),
        ),
        NoticeKind.GAP: (
            say(
                "If nobody cleared the log, make it larger: it is overwritten faster than it can be read after a pause."
            ),
            say("Read what is left of the time before it: logonbell read --channel Security --since 1d"),
        ),
        NoticeKind.STALLED: (
            say("Nothing, if no second message says the same: logonbell has begun to read it anew."),
            say("Else, on the host: logonbell doctor"),
        ),
        NoticeKind.STOPPED: (_UNPLANNED,),
        NoticeKind.SETTINGS: (_UNPLANNED,),
        NoticeKind.MOVED: (
            say(
                "Nothing, if the machine was made from an image of yours. If not, somebody has a copy of its disk."
            ),
        ),
    }
)


def _after_tampering(tampering: Tampering) -> list[Sentence]:
    if tampering.planned:
        return []
    steps = [_UNPLANNED]
    match tampering.kind:
        case TamperKind.LOG_STOPPED:
            steps.append(
                say("Look whether the service EventLog runs: while it does not, nothing is recorded.")
            )
        case TamperKind.AUDIT_CHANGED:
            steps.append(
                say(
                    "What stands behind a minus is no longer recorded, and cannot ring: auditpol /get /category:* shows"
                    " what is, auditpol /set mends it."
                )
            )
        case TamperKind.NEW_ADMINISTRATOR:
            steps.append(
                say("Until that is clear, take the account out of the administrators, or disable it.")
            )
        case TamperKind.SSM_USER_ENABLED:
            steps.append(say("Disable ssm-user; the SSM agent enables it again when a session is opened."))
        case TamperKind.RESTARTED:
            steps.append(
                say("Look what ran before it: the alerts and the history reach further than the log.")
            )
    return steps


def _after_logon(logon: Logon) -> list[Sentence]:
    steps = []
    if logon.door is Door.RDP_LOOPBACK:
        steps.append(
            say(
                "RDP came through a tunnel on this host. If no SSM session explains it, treat it as an attack."
            )
        )
    if logon.door is Door.SSH_LOOPBACK:
        steps.append(
            say(
                "SSH came from this host itself: through a tunnel, or from a program here. If no SSM session and no job of"
                " yours explains it, treat it as an attack."
            )
        )
    if logon.promotion is not None:
        steps.append(say("Ask who made this user an administrator, and why."))
    steps.append(say("If you do not expect this, ask the person, by another way than this host."))
    steps.append(_if_not_them(logon))
    return steps


def _if_not_them(logon: Logon) -> Sentence:
    if logon.door not in SHELLS | THROUGH_SSM:
        return _if_not_the_user(logon)
    if logon.ssm_session is None or not _ID.fullmatch(logon.ssm_session):
        return say("If it was not them: end the SSM session and revoke the sessions of the IAM role.")
    if logon.door is Door.RUN_COMMAND:
        return say(
            "If it was not them, revoke the sessions of the IAM role and end this: aws ssm cancel-command --command-id {id}",
            id=logon.ssm_session,
        )
    return say(
        "If it was not them, revoke the sessions of the IAM role and end this: aws ssm terminate-session --session-id {id}",
        id=logon.ssm_session,
    )


def _if_not_the_user(logon: Logon) -> Sentence:
    if logon.system is System.WINDOWS:
        return say("If it was not them: sign the session out and disable the user.")
    known = logon.logon_id is not None and logon.logon_id.isdigit()
    if known and logon.by is None and logon.user is not None and logon.user.name == "root":
        return say(
            "If it was not them: end the session (kill {process}), and take away the key or password by which they came as"
            " root.",
            process=str(logon.logon_id),
        )
    if not known:
        return say("If it was not them, as root: end the session and lock the user (usermod --expiredate 1).")
    return say(
        "If it was not them, as root: end the session (kill {process}) and lock the user (usermod --expiredate 1).",
        process=str(logon.logon_id),
    )


def _explain(finding: Finding) -> list[Sentence]:
    if isinstance(finding, Notice):
        return []
    return [
        say(
            "To see what it was made of and why it rang, on the host: logonbell explain --record {record}",
            record=finding.main.record_id,
        )
    ]


def _list(digest: Digest) -> Sentence:
    since = digest.first.astimezone(UTC).isoformat(timespec="minutes").replace("+00:00", "Z")
    return say("To list all of them, on the host: logonbell history --since {since}", since=since)
