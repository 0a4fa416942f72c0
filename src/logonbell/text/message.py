"""What is told of one alert: a subject, and a body whose first line says all that matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

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
)
from logonbell.notification import Digest, Telling
from logonbell.sentence import Sentence, say
from logonbell.text.digest import digest_facts, digest_headline
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


def compose(telling: Telling, reader: Reader, sent: datetime | None) -> Message:
    """Find the words for a notification or a digest; ``sent`` is None while it has not been."""
    steps = reader.tell(say("What to do:"))
    if isinstance(telling, Digest):
        worst = telling.named[0].alert.finding
        return Message(
            digest_headline(telling, reader),
            digest_facts(telling, reader, sent),
            steps,
            [reader.tell(step) for step in next_steps(worst)],
        )
    finding = telling.alert.finding
    return Message(
        headline=headline(finding, language=reader.language, host_name=reader.host_name),
        facts=facts(telling, reader, sent),
        steps_title=steps,
        steps=[reader.tell(step) for step in next_steps(finding)],
    )


def subject(telling: Telling, *, language: str, host_name: str, ascii_only: bool = False) -> str:
    """Write the subject: one line of at most 99 characters that starts with a printable one.

    Long names are shortened before anything is cut off at the end. ``ascii_only`` is in English whatever the language,
    and shows other letters of names as escapes.
    """
    reader = Reader("en" if ascii_only else language, UTC, host_name)
    text = ""
    for room in _NARROWER:
        text = _line_one(telling, reader, room)
        if ascii_only:
            text = fit(text, "ascii")
        if _units(text) <= SUBJECT_LIMIT:
            return text
    while _units(text) > SUBJECT_LIMIT - 3:
        text = text[:-1]
    return text.rstrip() + "..."


def body(telling: Telling, *, language: str, zone: tzinfo, host_name: str, sent: datetime | None) -> str:
    """Write the full text, in lines that each end in a newline."""
    return "\n".join(compose(telling, Reader(language, zone, host_name), sent).lines()) + "\n"


def _line_one(telling: Telling, reader: Reader, room: Room) -> Shown:
    if isinstance(telling, Digest):
        return digest_headline(telling, reader, room)
    return headline(telling.alert.finding, language=reader.language, host_name=reader.host_name, room=room)


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
        case Notice(kind=NoticeKind.CANARY):
            return [say("Nothing: it comes once a day. If it stays away, run: logonbell topic check")]
        case Notice(kind=NoticeKind.TOPIC):
            return [say("Run: logonbell topic check")]
        case Tampering():
            return [say("If nobody planned this, treat the host as taken over.")]
        case Logoff() | Notice() | Selected():
            return []


def _after_logon(logon: Logon) -> list[Sentence]:
    steps = []
    if logon.door is Door.RDP_LOOPBACK:
        steps.append(
            say(
                "RDP came through a tunnel on this host. If no SSM session explains it, treat it as an attack."
            )
        )
    steps.append(say("If you do not expect this, ask the person, by another way than this host."))
    if logon.door in SHELLS | THROUGH_SSM:
        steps.append(say("If it was not them: end the SSM session and revoke the sessions of the IAM role."))
    else:
        steps.append(say("If it was not them: sign the session out and disable the user."))
    return steps


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
