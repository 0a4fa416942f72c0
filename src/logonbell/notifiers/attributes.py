"""By what a subscription's filter policy can choose: the attributes of a message.

Ten of them: a message with more is dropped on its way to an SQS queue with raw delivery (``limits.py``). Which, and why
the sequence number is not among them: docs/decisions/sns-messages.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from logonbell.logon import FailedLogons, Finding, LogCleared, Logoff, Logon, Notice, Selected, Tampering
from logonbell.notification import Digest, Telling
from logonbell.notifiers.limits import Attribute, fit_value
from logonbell.notifiers.topic import Topic


def attributes(telling: Telling, topic: Topic, host_name: str) -> dict[str, Attribute]:
    """Give what is known; what is not known is left out (a policy can ask for that, too)."""
    known: dict[str, str | None] = {
        "level": telling.level.word,
        "rule": f"digest-{telling.kind}" if isinstance(telling, Digest) else telling.alert.rule,
        "host": host_name,
        "account": topic.account,
        "region": topic.region,
        "fingerprint": telling.fingerprint,
    }
    if not isinstance(telling, Digest):
        known |= dict(_of(telling.alert.finding))
    fitting = {name: fit_value(value or "") for name, value in known.items()}
    return {name: Attribute(value) for name, value in fitting.items() if value}


def _of(finding: Finding) -> Iterator[tuple[str, str | None]]:
    match finding:
        case Logon():
            yield "door", str(finding.door)
            yield "user", str(finding.user) if finding.user else None
            yield "principal", finding.principal
            if finding.domain_admin is not None:
                yield "domain_admin", "true" if finding.domain_admin else "false"
        case Logoff():
            yield "door", str(finding.door)
            yield "user", str(finding.user) if finding.user else None
        case LogCleared() | Tampering() | Selected():
            yield "user", str(finding.user) if finding.user else None
        case FailedLogons() | Notice():  # of many users, or of none
            pass
