"""What machines read of a notification: one JSON object. The contract is docs/reference/message.md and its schema.

An alert has the keys of its line in ``read --format jsonl``, and besides those by which it is known and was sent; a digest
lists the alerts that it names, the worst first. Texts that others wrote are cut at ``LONGEST`` characters, and where a
far side takes only so many bytes, further until the object fits: what is given up last is who came by which door.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from logonbell.alert import fingerprint
from logonbell.event import EventRef
from logonbell.host import Instance
from logonbell.logon import Finding, Logoff, Logon
from logonbell.notification import Digest, Notification, Remark, Telling
from logonbell.proof import Proof
from logonbell.rule import Verdict
from logonbell.wire import iso, line

SCHEMA = 1
"""The version of the contract: it counts up when a key is taken away or changes its meaning, never for a new key."""
LONGEST = 1024
"""Characters of one text."""
_EVENTS = 256
_WHOLE = {"proof", "fingerprint"}
"""What is never shortened: half of it proves nothing."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """What people are told of the same: the subject, the whole text, by which name they know the host, and when it goes."""

    subject: str
    text: str
    host_name: str
    sent: datetime


def document(telling: Telling, said: Said) -> Document:
    """Give the object; which topic it goes to, whoever takes it there fills in."""
    match telling:
        case Digest():
            facts = _digest(telling)
        case Notification():
            facts = _alert(telling)
    return {
        "schema": SCHEMA,
        **facts,
        "host_name": said.host_name,
        "sent": iso(said.sent),
        "topic": None,
        "account": None,
        "region": None,
        "subject": said.subject,
        "text": said.text,
        "remarks": [_remark(remark) for remark in telling.remarks],
        "proof": None if telling.proof is None else _proof(telling.proof),
    }


def written(whole: Document, fits: Callable[[str], bool]) -> str:
    """Write it in ASCII, as much of it as fits: texts and lists are shortened, alerts of a digest left out from the end.

    What cannot be made to fit at all is written at its shortest.
    """
    text = json.dumps(_cut(whole, LONGEST, _EVENTS))
    if fits(text):
        return text
    listed = whole.get("alerts", [])
    for count in _fewer(len(listed)):
        shorter = whole | {"alerts": listed[:count], "listed": count} if listed else whole
        text = json.dumps(_cut(shorter, LONGEST, _EVENTS))
        if fits(text):
            return text
    for longest, events, ranges in ((256, 32, None), (64, 4, 256), (16, 1, 16)):
        shorter = whole | {"alerts": listed[:1], "listed": 1} if listed else whole
        text = json.dumps(_cut(shorter, longest, events, ranges, text=longest * 64))
        if fits(text):
            break
    return text


def thread(telling: Telling) -> str:
    """Give the name of the thread a telling belongs to: the same for all that is told of one session.

    A logoff, a reconnect and an unlock belong to the logon that opened the session, where it is known.
    """
    if isinstance(telling, Digest):
        return telling.fingerprint
    event, time = _beginning(telling.alert.finding)
    return fingerprint(telling.host_id, event, time, "thread")


def _beginning(finding: Finding) -> tuple[EventRef, datetime]:
    match finding:
        case Logoff():
            return finding.logon, finding.began
        case Logon(resumes=EventRef() as event, began=datetime() as time):
            return event, time
        case _:
            return finding.main, finding.time


def _alert(notification: Notification) -> Document:
    alert = notification.alert
    return {
        **line(alert.finding, Verdict(True, alert.level, alert.rule, alert.reason, alert.matched)),
        "fingerprint": alert.fingerprint,
        "thread": thread(notification),
        "sequence": notification.sequence,
        "host_id": alert.host_id,
        "instance": _instance(notification.instance),
        "read": iso(notification.read),
    }


def _digest(digest: Digest) -> Document:
    return {
        "type": "digest",
        "kind": str(digest.kind),
        "level": digest.level.word,
        "rule": f"digest-{digest.kind}",
        "first": iso(digest.first),
        "last": iso(digest.last),
        "count": digest.count,
        "levels": {level.word: number for level, number in sorted(digest.levels.items(), reverse=True)},
        "doors": dict(digest.doors),
        "fingerprint": digest.fingerprint,
        "thread": thread(digest),
        "sequences": [list(numbers) for numbers in digest.sequences],
        "host_id": digest.host_id,
        "instance": _instance(digest.instance),
        "listed": len(digest.named),
        "alerts": [_alert(one) for one in digest.named],
    }


def _instance(instance: Instance | None) -> Document | None:
    if instance is None:
        return None
    return {
        "id": instance.id,
        "region": instance.region,
        "account": instance.account,
        "name": instance.name,
    }


def _remark(remark: Remark) -> Document:
    return {
        "time": iso(remark.time),
        "kind": remark.kind,
        "what": str(remark.what),
        "count": remark.count,
    }


def _proof(proof: Proof) -> Document:
    return {
        "history": proof.history,
        "notifier": proof.notifier,
        "number": proof.number,
        "before": proof.before,
        "mark": proof.mark,
        "head": {"number": proof.head.number, "mark": proof.head.mark},
    }


def _fewer(count: int) -> list[int]:
    """Give how many alerts to try, each fewer than before, the last one."""
    tried = []
    while count > 1:
        count -= max(1, count // 8)
        tried.append(count)
    return tried


def _cut(
    value: Any,
    longest: int,
    events: int,
    ranges: int | None = None,
    *,
    text: int | None = None,
    key: str = "",
) -> Any:
    """Shorten every text to ``longest`` characters and every list of records to ``events``, but for ``_WHOLE``.

    ``ranges``: so many ranges of a digest's numbers are kept; ``text``: so many characters of the text that people read.
    None keeps all.
    """
    match value:
        case dict():
            return {
                name: inner if name in _WHOLE else _cut(inner, longest, events, ranges, text=text, key=name)
                for name, inner in value.items()
            }
        case list():
            most = {"sequences": ranges, "events": events, "record_ids": events, "remarks": events}.get(key)
            return [_cut(inner, longest, events, ranges, text=text, key=key) for inner in value[:most]]
        case str():
            limit = text if key == "text" else longest
            if limit is None or len(value) <= limit:
                return value
            ending = f"...(+{len(value) - limit})"
            return value[: limit - len(ending)] + f"...(+{len(value) - limit + len(ending)})"
        case _:
            return value
