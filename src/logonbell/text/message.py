"""What is told of one alert: a subject, and a body whose first line says all that matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

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
from logonbell.notifier import Notification
from logonbell.sentence import Sentence, say
from logonbell.text.escape import Shown, fit
from logonbell.text.facts import Fact, Reader, facts
from logonbell.text.headline import SHELLS, THROUGH_SSM, Room, headline
from logonbell.text.width import pad, width

SUBJECT_LIMIT = 99
"""SNS takes less than 100 characters; they are counted in UTF-16 units, to be right whichever way AWS counts."""

_NARROWER = (
    Room(),
    Room(short=True),
    Room(each=40, short=True),
    Room(each=30, short=True, listed=1),
    Room(each=22, short=True, listed=1),
    Room(each=16, short=True, listed=1),
)


@dataclass(frozen=True, slots=True)
class Message:
    """The parts of a text, every one safe to show: line one, the facts, what to do."""

    headline: Shown
    facts: Sequence[Fact]
    steps_title: Shown
    steps: Sequence[Shown]

    def lines(self) -> list[str]:
        """Lay the parts out in lines, the facts in two aligned columns."""
        laid = [self.headline, ""]
        column = max((width(fact.label) for fact in self.facts), default=0) + 2
        for fact in self.facts:
            labels = [fact.label] + [""] * (len(fact.lines) - 1)
            laid += [pad(label, column) + line for label, line in zip(labels, fact.lines, strict=True)]
        if not self.steps:
            return laid
        return [*laid, "", self.steps_title, *(f"- {step}" for step in self.steps)]


def compose(notification: Notification, reader: Reader, sent: datetime | None) -> Message:
    """Find the words for one notification; ``sent`` is None while it has not been."""
    finding = notification.alert.finding
    return Message(
        headline=headline(finding, language=reader.language, host_name=reader.host_name),
        facts=facts(notification, reader, sent),
        steps_title=reader.tell(say("What to do:")),
        steps=[reader.tell(step) for step in next_steps(finding)],
    )


def subject(notification: Notification, *, language: str, host_name: str, ascii_only: bool = False) -> str:
    """Write the subject: one line of at most 99 characters that starts with a printable one.

    Long names are shortened before anything is cut off at the end. ``ascii_only`` is in English whatever the language,
    and shows other letters of names as escapes.
    """
    finding = notification.alert.finding
    text = ""
    for room in _NARROWER:
        text = headline(finding, language="en" if ascii_only else language, host_name=host_name, room=room)
        if ascii_only:
            text = fit(text, "ascii")
        if _units(text) <= SUBJECT_LIMIT:
            return text
    while _units(text) > SUBJECT_LIMIT - 3:
        text = text[:-1]
    return text.rstrip() + "..."


def body(
    notification: Notification, *, language: str, zone: tzinfo, host_name: str, sent: datetime | None
) -> str:
    """Write the full text, in lines that each end in a newline."""
    message = compose(notification, Reader(language, zone, host_name), sent)
    return "\n".join(message.lines()) + "\n"


def next_steps(finding: Finding) -> list[Sentence]:
    """Say what a person does next."""
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
        case Notice(kind=NoticeKind.TEST):
            return [say("Nothing: this alert was asked for, and it got through.")]
        case Notice(kind=NoticeKind.UNWATCHED):
            return [
                say(
                    "Who came and went in that time is not known here; CloudTrail knows it: look for StartSession."
                ),
                say("Let the SSM agent log at level info where logonbell may read it: then it catches up."),
            ]
        case Tampering():
            return _after_tampering(finding)
        case Logoff() | Notice() | Selected():
            return []


def _after_tampering(tampering: Tampering) -> list[Sentence]:
    if tampering.planned:
        return []
    steps = [say("If nobody planned this, treat the host as taken over.")]
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
    if logon.promotion is not None:
        steps.append(say("Ask who made this user an administrator, and why."))
    steps.append(say("If you do not expect this, ask the person, by another way than this host."))
    if logon.door in SHELLS | THROUGH_SSM:
        steps.append(say("If it was not them: end the SSM session and revoke the sessions of the IAM role."))
    else:
        steps.append(say("If it was not them: sign the session out and disable the user."))
    return steps


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
