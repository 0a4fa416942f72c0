"""In which form a topic is told: a text of its own for each protocol, or one for all.

A message of several texts (``MessageStructure`` json) and message attributes do not go together: "Message attributes are
sent only when the message structure is String, not JSON" (SNS developer guide, *Message attributes*). The attributes
are given either way; who chooses by them in a filter policy takes one text for all. More: docs/decisions/sns-messages.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from logonbell.notifiers.document import Document, written
from logonbell.notifiers.limits import MAX_BYTES, Attributes, fit_body, fit_text, size

DOCUMENT = 96 * 1024
"""Bytes of the JSON object at most: SNS's envelope escapes it once more, and a queue takes 256 KiB of that."""
MAIL = 64 * 1024
"""Bytes of the mail's text at most, beside the other texts of one message."""


class Form(StrEnum):
    """In which form a topic is told."""

    PER_PROTOCOL = "per-protocol"
    """Mail the whole text, phones one part, all others the JSON object."""
    CHAT = "chat"
    """The same, but HTTPS, by which chat subscribes, the schema of Amazon Q Developer."""
    TEXT = "text"
    """The whole text, whoever subscribes."""
    JSON = "json"
    """The JSON object, whoever subscribes."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is said of one telling: a line, the whole for people, a part for phones, and what machines read."""

    subject: str
    body: str
    sms: str = ""
    document: Document = field(default_factory=dict)
    chat: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shaped:
    """A body as SNS is handed it; ``structured``: an object of texts by protocol."""

    body: str
    structured: bool


def shape(message: Message, form: Form, attributes: Attributes, note: str) -> Shaped:
    """Give the body of a message beside its ``attributes``; ``note`` is the last line of a text that had to be cut."""
    match form:
        case Form.TEXT:
            return Shaped(fit_body(message.body, attributes, note), structured=False)
        case Form.JSON:
            return Shaped(written(message.document, lambda text: len(text) <= DOCUMENT), structured=False)
        case Form.PER_PROTOCOL | Form.CHAT:
            return _structured(message, form, attributes, note)


def _structured(message: Message, form: Form, attributes: Attributes, note: str) -> Shaped:
    """Give the object of texts. The JSON object stands once, as the default: so a digest has four times the room."""
    texts = {"email": fit_text(message.body, MAIL, note), "sms": message.sms}
    if form is Form.CHAT:
        texts["https"] = json.dumps(message.chat)
    room = MAX_BYTES - size("", attributes)

    def whole(document: str) -> str:
        return json.dumps({"default": document, **texts}, ensure_ascii=False)

    document = written(
        message.document, lambda text: len(text) <= DOCUMENT and len(whole(text).encode()) <= room
    )
    return Shaped(whole(document), structured=True)
