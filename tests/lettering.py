"""Messages as a receiver saves them, made by an outbox that rang."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

from logonbell.notification import Telling
from logonbell.notifiers.document import Said, document
from logonbell.store.outbox import Outbox
from logonbell.text.message import body
from notifications import NOON
from reading import commit, pending

Document = dict[str, Any]


def tell(outbox: Outbox, numbers: Sequence[int], notifier: str = "sns") -> list[Telling]:
    """Let events of these numbers ring, one after the other, and give what a notifier is handed meanwhile."""
    told = []
    for number in numbers:
        commit(outbox, number)
        for delivery in pending(outbox, notifier):
            told.append(delivery.telling)
            outbox.tellings.delivered(delivery, "taken", NOON)
    return told


def json_of(telling: Telling, *, after: float = 0.0, language: str = "en") -> Document:
    """Give the JSON message, sent so many seconds past noon."""
    sent = NOON + timedelta(seconds=after)
    text = body(telling, language=language, zone=UTC, host_name="BASTION01", sent=sent)
    made: Document = json.loads(json.dumps(document(telling, Said("subject", text, "BASTION01", sent))))
    return made


def mail_of(telling: Telling, *, language: str = "en", sent: datetime = NOON) -> bytes:
    """Give the mail that SNS makes of it."""
    mail = EmailMessage()
    mail["Subject"] = "RDP logon"
    mail["Date"] = sent
    mail["From"] = "AWS Notifications <no-reply@sns.amazonaws.com>"
    text = body(telling, language=language, zone=UTC, host_name="BASTION01", sent=sent)
    mail.set_content(text + "\n--\nIf you wish to stop receiving notifications ...\n")
    return mail.as_bytes()


def envelope(document: Document) -> Document:
    """Put it into the envelope in which SNS hands it to a queue."""
    return {"Type": "Notification", "MessageId": "m", "TopicArn": "arn", "Message": json.dumps(document)}
