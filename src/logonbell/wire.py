"""What machines read: one JSON object for each finding. The contract is docs/reference/jsonl.md and its schema."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from logonbell.alert import Matched
from logonbell.event import EventRef
from logonbell.logon import (
    Certificate,
    FailedLogons,
    Finding,
    LogCleared,
    Logoff,
    Logon,
    Notice,
    Promotion,
    Selected,
    Tampering,
    User,
)
from logonbell.rule import Verdict

Line = dict[str, Any]


def line(finding: Finding, verdict: Verdict) -> Line:
    """Give the JSON object of a finding, with what the rules say of it."""
    match finding:
        case Logon():
            facts = _logon(finding)
        case FailedLogons():
            facts = {
                "type": "failed-logons",
                "first": iso(finding.time),
                "last": iso(finding.last),
                "count": finding.count,
                "addresses": list(finding.addresses),
                "users": list(finding.users),
                "more": finding.more,
            }
        case LogCleared():
            facts = {
                "type": "log-cleared",
                "time": iso(finding.time),
                "cleared": finding.cleared,
                **_user(finding.user),
            }
        case Logoff():
            facts = {
                "type": "logoff",
                "time": iso(finding.time),
                "door": str(finding.door),
                **_user(finding.user),
                "logon": _event(finding.logon),
                "began": iso(finding.began),
                "seconds": finding.seconds,
            }
        case Tampering():
            facts = {
                "type": "tampering",
                "time": iso(finding.time),
                "kind": str(finding.kind),
                "about": finding.about,
                "planned": finding.planned,
                **_user(finding.user),
            }
        case Selected():
            facts = {
                "type": "selected",
                "time": iso(finding.time),
                "what": str(finding.what),
                **_user(finding.user),
                "grouped": dict(finding.grouped),
                "count": finding.folded,
            }
        case Notice():
            facts = {
                "type": "notice",
                "time": iso(finding.time),
                "kind": str(finding.kind),
                "what": str(finding.what),
            }
    return {
        **facts,
        "host": finding.host,
        **_events(finding.main, finding.events),
        "alert": verdict.rings,
        "level": verdict.level.word,
        "rule": verdict.rule,
        "reason": str(verdict.reason),
        "rules": [_rule(one) for one in verdict.matched],
    }


def _rule(rule: Matched) -> Line:
    """Give a Sigma rule that matched."""
    return {
        "rule": rule.rule,
        "title": str(rule.title),
        "level": rule.level.word,
        "id": rule.id,
        "author": rule.author,
    }


def iso(time: datetime) -> str:
    """Write a time as ISO 8601 in UTC, to the microsecond, so that texts sort as times do."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _logon(logon: Logon) -> Line:
    return {
        "type": "logon",
        "time": iso(logon.time),
        "door": str(logon.door),
        "why": str(logon.why),
        "logon_type": logon.logon_type,
        **_user(logon.user),
        "address": logon.address,
        "workstation": logon.workstation,
        "elevated": logon.elevated,
        "domain_admin": logon.domain_admin,
        "logon_id": logon.logon_id,
        "principal": logon.principal,
        "ssm_session": logon.ssm_session,
        "ssm_document": logon.ssm_document,
        "ssm_port": logon.ssm_port,
        "ssm_match": str(logon.ssm_match) if logon.ssm_match else None,
        "promotion": _promotion(logon.promotion),
        "system": str(logon.system),
        "method": logon.method,
        "key": logon.key,
        "certificate": _certificate(logon.certificate),
        "uid": logon.uid,
        "by": str(logon.by) if logon.by else None,
        "terminal": logon.terminal,
        "ended": iso(logon.ended) if logon.ended else None,
        "resumes": _event(logon.resumes) if logon.resumes else None,
        "began": iso(logon.began) if logon.began else None,
        "folded": logon.folded,
    }


def _certificate(certificate: Certificate | None) -> Line | None:
    if certificate is None:
        return None
    return {"identity": certificate.identity, "serial": certificate.serial, "ca": certificate.ca}


def _promotion(promotion: Promotion | None) -> Line | None:
    if promotion is None:
        return None
    return {
        "time": iso(promotion.time),
        **_user(promotion.by),
        "event": _event(promotion.event),
        "first": promotion.first,
    }


def _user(user: User | None) -> Line:
    return {"user": str(user) if user else None, "sid": user.sid if user else None}


def _events(main: EventRef, events: Sequence[EventRef]) -> Line:
    return {
        "channel": main.channel,
        "record_ids": [event.record_id for event in events if event.channel == main.channel],
        "events": [_event(event) for event in events],
    }


def _event(event: EventRef) -> Line:
    return {"channel": event.channel, "record_id": event.record_id, "event_id": event.event_id}
