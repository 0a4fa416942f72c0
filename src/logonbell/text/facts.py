"""The facts of a notification, in the order in which a person needs them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import partial

from logonbell.alert import Alert
from logonbell.event import EventRef
from logonbell.host import Instance
from logonbell.logon import (
    Certificate,
    Door,
    FailedLogons,
    LogCleared,
    Logoff,
    Logon,
    Notice,
    Promotion,
    Selected,
    System,
    Tampering,
    User,
)
from logonbell.notification import Notification, Remark
from logonbell.proof import Proof
from logonbell.sentence import Sentence, plural, say
from logonbell.text import moment
from logonbell.text.escape import Shown, escape, name
from logonbell.text.headline import SHELLS, THROUGH_SSM, Room, attempted, came_from
from logonbell.text.language import speak
from logonbell.text.words import DOORS, LEVELS, LOGON_TYPES, TAMPERED_WITH, yes_or_no

EVENTS_SHOWN = 8
REMARKS_SHOWN = 20
_NAMES_SHOWN = Room(listed=20)
_OF_SSM = THROUGH_SSM | SHELLS


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a text is: the language, the zone they live in, and the name they know the host by."""

    language: str
    zone: tzinfo
    host_name: str

    def tell(self, sentence: Sentence) -> Shown:
        """Say ``sentence`` in the reader's language."""
        return speak(sentence, self.language)


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and what stands behind it, in one line or more."""

    label: Shown
    lines: tuple[str, ...]


def facts(notification: Notification, reader: Reader, sent: datetime | None) -> tuple[Fact, ...]:
    """List what is known; a fact that is worth knowing and missing says so."""
    alert = notification.alert
    rows: list[tuple[Sentence, Sequence[str]]] = []
    match alert.finding:
        case Logon() as logon:
            rows += _who(logon, reader)
            rows += _when(notification, reader, sent)
            rows += _how(logon, reader)
        case FailedLogons() as burst:
            rows += _burst(burst, reader)
            rows += _when(notification, reader, sent)
        case LogCleared() as cleared:
            rows.append((say("Log"), [name(cleared.cleared)]))
            rows += _user(cleared.user, reader, say("Done by"))
            rows += _when(notification, reader, sent)
        case Logoff() as logoff:
            rows += _user(logoff.user, reader)
            rows += _when(notification, reader, sent)
            rows += _session(logoff.logon, logoff.began, reader)
            rows.append((say("Door"), [reader.tell(DOORS[logoff.door].name)]))
        case Tampering() as tampering:
            rows.append((TAMPERED_WITH[tampering.kind], [name(tampering.about)] if tampering.about else []))
            rows += _user(tampering.user, reader, say("Done by"))
            rows += _when(notification, reader, sent)
        case Selected() as selected:
            rows += _user(selected.user, reader)
            rows += _grouped(selected)
            rows += _when(notification, reader, sent)
        case Notice():
            rows += _when(notification, reader, sent)
    rows += _where(notification, reader)
    rows.append((say("Level"), [reader.tell(LEVELS[alert.level])]))
    rows.append((say("Rule"), [*_by_rules(alert, reader)]))
    rows.append((say("Alert number"), [str(notification.sequence)]))
    rows += remarks(notification.remarks, reader)
    rows += proof(notification.proof)
    return tuple(Fact(reader.tell(label), tuple(lines)) for label, lines in rows if lines)


_Rows = Iterator[tuple[Sentence, Sequence[str]]]


def _who(logon: Logon, reader: Reader) -> _Rows:
    tell = reader.tell
    of_ssm = logon.ssm_session is not None or logon.door in _OF_SSM
    if logon.principal is not None or of_ssm:
        yield say("Principal"), [tell(say("not known")) if logon.principal is None else name(logon.principal)]
    if of_ssm:
        yield (
            say("SSM session"),
            [tell(say("not known")) if logon.ssm_session is None else name(logon.ssm_session)],
        )
    if logon.ssm_document is not None:
        yield say("SSM document"), [name(logon.ssm_document)]
    if logon.ssm_port is not None:
        yield say("Tunnel to"), [_tunnel(logon.ssm_port, reader)]
    if logon.ssm_match is not None:
        yield say("SSM match"), [tell(logon.ssm_match)]
    yield from _user(logon.user, reader)
    if logon.uid is not None:
        yield say("UID"), [str(logon.uid)]
    if logon.by is not None:
        yield say("Asked for by"), [name(str(logon.by))]
    yield (
        say("Administrator"),
        [tell(_unknown(logon, _SPECIAL_LOGON) if logon.elevated is None else yes_or_no(logon.elevated))],
    )
    if logon.domain_admin is not None or logon.system is System.WINDOWS:
        yield (
            say("Domain admin"),
            [
                tell(
                    _unknown(logon, _GROUP_MEMBERSHIP)
                    if logon.domain_admin is None
                    else yes_or_no(logon.domain_admin)
                )
            ],
        )
    if logon.promotion is not None:
        yield say("New administrator"), _promotion(logon.promotion, reader)


def _tunnel(port: str, reader: Reader) -> Shown:
    return reader.tell(say("port {port}", port=port)) if port.isdigit() else name(port)


def _promotion(promotion: Promotion, reader: Reader) -> list[str]:
    """Say since when somebody is an administrator, by whose hand, and which record says so."""
    tell, event = reader.tell, promotion.event
    by = tell(say("not known")) if promotion.by is None else name(str(promotion.by))
    record = tell(say("{event} (record {record})", event=event.event_id, record=event.record_id))
    made = tell(
        say("made by {user}, {channel} {record}", user=by, channel=name(event.channel), record=record)
    )
    return [*both(promotion.time, reader), made]


_SPECIAL_LOGON = say("not known (to know it, switch on the audit subcategory Special Logon)")
_GROUP_MEMBERSHIP = say("not known (to know it, switch on the audit subcategory Group Membership)")


def _unknown(logon: Logon, audited: Sentence) -> Sentence:
    """Say why a privilege is not known, and what to switch on; nothing helps where Windows makes no logon."""
    if logon.system is System.LINUX and logon.door is Door.SSM_SHELL and str(logon.user) == "ssm-user":
        return say(
            "not known (ssm-user may become root by sudo, unless the agent's sudoers file was changed)"
        )
    if logon.system is System.LINUX:
        return say("not known (the user's groups were not looked up)")
    if logon.logon_type is not None:
        return audited
    if logon.door in SHELLS:
        return say("not known (no Windows logon was made that would tell)")
    return say("not known (the Security log, which would tell, has nothing of this logon)")


def _user(user: User | None, reader: Reader, label: Sentence | None = None) -> _Rows:
    yield label or say("User"), [reader.tell(say("not known")) if user is None else name(str(user))]
    if user is not None and user.sid is not None:
        yield say("SID"), [escape(user.sid)]


def _when(notification: Notification, reader: Reader, sent: datetime | None) -> _Rows:
    finding = notification.alert.finding
    told = finding.time
    if isinstance(finding, FailedLogons):
        yield say("First"), both(finding.time, reader)
        yield say("Last"), both(finding.last, reader)
        told = finding.last
    else:
        yield say("Time"), both(finding.time, reader)
    if isinstance(finding, Logon):
        if finding.resumes is not None and finding.began is not None:
            yield from _session(finding.resumes, finding.began, reader)
        if finding.ended is not None:
            yield say("Ended"), both(finding.ended, reader)
    span = partial(moment.span, language=reader.language)
    read = span(notification.read - told)
    if sent is None:
        delay = say("read {read} after the event", read=read)
    else:
        delay = say(
            "read {read} after the event, sent {sent} after that",
            read=read,
            sent=span(sent - notification.read),
        )
    yield say("Delay"), [reader.tell(delay)]


def _session(logon: EventRef, began: datetime, reader: Reader) -> _Rows:
    """Say to which logon a follow-up belongs."""
    record = say("{event} (record {record})", event=logon.event_id, record=logon.record_id)
    yield say("Session began"), [*both(began, reader), f"{name(logon.channel)} {reader.tell(record)}"]


def remarks(told: Sequence[Remark], reader: Reader) -> _Rows:
    """Say what must be told besides."""
    lines = [reader.tell(remark.what) for remark in told[:REMARKS_SHOWN]]
    rest = len(told) - len(lines)
    if rest > 0:
        lines.append(reader.tell(plural("and {count:,} more", "and {count:,} more", rest)))
    yield say("Besides"), lines


def proof(told: Proof | None) -> _Rows:
    """Say by what it is shown that no message is missing; what to do with it says docs/verify.md."""
    if told is not None:
        yield say("Proof"), [told.short]


def both(time: datetime, reader: Reader) -> list[str]:
    """Write a time in UTC and in the reader's zone, a line each."""
    local = moment.in_zone(time, reader.zone)
    return [moment.in_utc(time)] if local is None else [moment.in_utc(time), escape(local)]


def _how(logon: Logon, reader: Reader) -> _Rows:
    tell = reader.tell
    door = say("{door}: {why}", door=DOORS[logon.door].name, why=logon.why)
    yield say("Door"), [tell(door)]
    if logon.logon_type is not None:
        words = LOGON_TYPES.get(logon.logon_type)
        number = logon.logon_type
        yield say("Logon type"), [f"{number} ({tell(words)})" if words else str(number)]
    if logon.method is not None:
        yield say("Proven by"), [name(logon.method)]
    if logon.key is not None:
        yield say("Key"), [escape(logon.key)]
    if logon.certificate is not None:
        yield say("Certificate"), _certificate(logon.certificate, reader)
    if logon.terminal is not None:
        yield say("Terminal"), [name(logon.terminal)]
    yield say("Address"), [_address(logon, reader)]
    if logon.workstation is not None:
        yield say("Workstation"), [name(logon.workstation)]


def _certificate(certificate: Certificate, reader: Reader) -> list[str]:
    """Say for whom it was made, and by whom: the maker's key is what to revoke it with."""
    tell, identity, serial = reader.tell, name(certificate.identity), name(certificate.serial)
    return [
        tell(say("{identity}, number {serial}", identity=identity, serial=serial)),
        tell(say("made with {key}", key=escape(certificate.ca))),
    ]


def _address(logon: Logon, reader: Reader) -> Shown:
    if logon.address is None:
        return reader.tell(say("none (local, or not in the log)"))
    address = name(logon.address)
    if logon.door in THROUGH_SSM:
        tunnel = say("{address} (end of the SSM tunnel; CloudTrail knows the client's)", address=address)
        return reader.tell(tunnel)
    return address


def _burst(burst: FailedLogons, reader: Reader) -> _Rows:
    yield say("Failures"), [f"{burst.count:,}"]
    yield say("Users"), [attempted(burst, reader.language, _NAMES_SHOWN)]
    addresses = came_from(burst, reader.language, _NAMES_SHOWN)
    yield say("Addresses"), [addresses or reader.tell(say("none in the log"))]


def _grouped(selected: Selected) -> _Rows:
    """Tell what the records of a correlation have in common, and how many they are at least."""
    if selected.grouped:
        shown = ", ".join(f"{name(field)}={name(value)}" for field, value in selected.grouped)
        yield say("In common"), [shown]
        yield say("Matches"), [f"{selected.folded:,}"]


def _by_rules(alert: Alert, reader: Reader) -> Iterator[str]:
    """Tell by which rule it rings and why, then each Sigma rule that matched, with what it is found again by."""
    yield reader.tell(say("{rule}: {reason}", rule=alert.rule, reason=alert.reason))
    for one in alert.matched:
        known = ", ".join(part for part in (one.id, one.author) if part)
        told = say("{title} ({level})", title=one.title, level=LEVELS[one.level])
        if one.rule != alert.rule:
            yield reader.tell(say("{rule} [{known}]", rule=told, known=known) if known else told)
        elif known:
            yield reader.tell(say("[{known}]", known=known))


def _where(notification: Notification, reader: Reader) -> _Rows:
    finding = notification.alert.finding
    known = [finding.host, notification.alert.host_id]
    yield say("Host"), [host(known, notification.instance, reader)]
    match finding:
        case Notice():
            return
        case Logon() | Tampering():
            behind = finding.folded
        case FailedLogons():
            behind = finding.count
        case Selected():
            behind = max(finding.folded, len(finding.events))
        case LogCleared() | Logoff():
            behind = len(finding.events)
    yield say("Events"), _events(finding.events, behind, reader)
    if isinstance(finding, Logon) and finding.logon_id is not None:
        label = say("Logon id") if finding.system is System.WINDOWS else say("Process")
        yield label, [escape(finding.logon_id)]


def host(known: Sequence[str], instance: Instance | None, reader: Reader) -> Shown:
    """Name a host by all that it is known by."""
    if instance is None:
        return _listed([reader.host_name, *known])
    others = [one for one in (reader.host_name, instance.name, *known) if one and one != instance.id]
    place = say(
        "{id}, account {account}, {region}", id=instance.id, account=instance.account, region=instance.region
    )
    return reader.tell(say("{names} ({place})", names=_listed(others), place=place))


def _listed(names: Sequence[str]) -> Shown:
    return Shown(", ".join(dict.fromkeys(name(one) for one in names if one)))


def _events(events: Sequence[EventRef], behind: int, reader: Reader) -> list[str]:
    """One line for each channel in turn, and how many events are not named."""
    lines: list[str] = []
    before = None
    for event in events[:EVENTS_SHOWN]:
        record = say("{event} (record {record})", event=event.event_id, record=event.record_id)
        if event.channel == before:
            lines[-1] += ", " + reader.tell(record)
        else:
            lines.append(f"{name(event.channel)} {reader.tell(record)}")
        before = event.channel
    rest = max(behind, len(events)) - min(len(events), EVENTS_SHOWN)
    if rest > 0:
        lines.append(reader.tell(plural("and {count:,} more", "and {count:,} more", rest)))
    return lines
