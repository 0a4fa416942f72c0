"""What SNS takes: its limits, and how a text is made to fit.

Sources: Amazon SNS API Reference, *Publish* and *PublishBatch*, and the developer guide, *Message attributes*. SNS
emulators let nearly all of this pass, so the limits are held here and tested on their own.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from logonbell.sentence import Sentence, say
from logonbell.text.sms import PREFIX, is_one_part

MAX_SUBJECT = 99
"""UTF-16 units: SNS says "less than 100 characters", and does not say of what; these are the strictest."""
MAX_BYTES = 262_144
"""UTF-8 bytes of body and attributes of one message, and of one batch. A topic may be set to take more."""
MAX_ENTRIES = 10
"""Messages in a batch."""
MAX_ATTRIBUTES = 10
"""SNS takes more, but drops a message with more on its way to an SQS queue with raw delivery."""
MAX_TOKEN = 128
"""Characters of a group or deduplication id."""
PROTOCOLS = frozenset(
    {"default", "email", "email-json", "http", "https", "lambda", "sms", "sqs", "application", "firehose"}
)
"""By which a message of several texts names them."""

# What is no character of XML 1.0: SQS refuses it (API Reference, SendMessage), and SNS hands its messages to SQS.
_FOREIGN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NAME = re.compile(r"(?!\.)(?!(?i:aws\.|amazon\.))(?!.*\.\.)[A-Za-z0-9_.-]{1,256}(?<!\.)", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,10}", re.ASCII)
_TOKEN = re.compile(r"""[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}""", re.ASCII)
_REPLACED = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Attribute:
    """A message attribute, by which a subscription's filter policy chooses."""

    value: str
    kind: str = "String"

    @property
    def bytes(self) -> int:
        """What it counts, without its name."""
        return len(self.value.encode(errors="surrogatepass")) + len(self.kind)


Attributes = Mapping[str, Attribute]


def size(body: str, attributes: Attributes) -> int:
    """UTF-8 bytes that a message counts: its body, and of each attribute the name, the type and the value."""
    counted = sum(len(name.encode()) + attribute.bytes for name, attribute in attributes.items())
    return len(body.encode(errors="surrogatepass")) + counted


def faults(
    subject: str | None, body: str, attributes: Attributes, *, structured: bool = False
) -> tuple[Sentence, ...]:
    """Say which limits of SNS a message breaks; none for one that SNS takes.

    ``subject`` None: without one. ``structured``: the body is an object of texts by protocol (``MessageStructure`` json).
    """
    return (
        *_subject_faults(subject),
        *_body_faults(body, attributes),
        *(_structure_faults(body) if structured else ()),
        *(fault for name, attribute in attributes.items() for fault in _attribute_faults(name, attribute)),
        *(
            [
                say(
                    "it has {count} attributes, at most {most} arrive",
                    count=len(attributes),
                    most=MAX_ATTRIBUTES,
                )
            ]
            if len(attributes) > MAX_ATTRIBUTES
            else []
        ),
    )


def batch_faults(sizes: Sequence[int]) -> tuple[Sentence, ...]:
    """Say which limits a batch breaks whose messages count so many bytes each."""
    found = []
    if len(sizes) > MAX_ENTRIES:
        found.append(
            say("the batch has {count} messages, at most {most} pass", count=len(sizes), most=MAX_ENTRIES)
        )
    if sum(sizes) > MAX_BYTES:
        found.append(
            say("the batch has {count} bytes, at most {most} pass", count=sum(sizes), most=MAX_BYTES)
        )
    return tuple(found)


def is_token(text: str) -> bool:
    """Whether it may be a MessageGroupId or a MessageDeduplicationId."""
    return _TOKEN.fullmatch(text) is not None


def fit_subject(subject: str) -> str | None:
    """Make a subject one line of at most ``MAX_SUBJECT``; None where nothing is left of it."""
    spaced = "".join(" " if _breaks_line(sign) else sign for sign in _FOREIGN.sub(_REPLACED, subject))
    line = spaced.strip()
    if _units(line) > MAX_SUBJECT:
        kept = line[:MAX_SUBJECT]
        while _units(kept) > MAX_SUBJECT - 1:
            kept = kept[:-1]
        line = f"{kept.rstrip()}…"
    return line or None


def fit_body(body: str, attributes: Attributes, note: str) -> str:
    """Cut a body that is too long, at a character's boundary, and put ``note`` as the last line."""
    return fit_text(body, MAX_BYTES - size("", attributes), note)


def fit_text(text: str, room: int, note: str) -> str:
    """Cut a text that has more than ``room`` UTF-8 bytes, at a character's boundary, and put ``note`` as the last line."""
    text = _FOREIGN.sub(_REPLACED, text)
    whole = text.encode()
    if len(whole) <= room:
        return text
    ending = f"\n{note}".encode()
    return (whole[: max(room - len(ending), 0)].decode(errors="ignore").encode() + ending).decode()


def fit_value(value: str, longest: int = 256) -> str:
    """Make text a valid attribute value of at most ``longest`` characters; empty where nothing is left of it."""
    return _FOREIGN.sub(_REPLACED, value)[:longest]


def _subject_faults(subject: str | None) -> list[Sentence]:
    if subject is None:
        return []
    found = []
    if not subject.strip():
        found.append(say("its subject is empty"))
    if _units(subject) > MAX_SUBJECT:
        found.append(
            say(
                "its subject has {count} characters, at most {most} pass",
                count=_units(subject),
                most=MAX_SUBJECT,
            )
        )
    if any(_breaks_line(sign) for sign in subject):
        found.append(say("its subject holds a control character or a line break"))
    if _FOREIGN.search(subject):
        found.append(say("its subject holds a character that is not text"))
    if subject[:1].isspace():
        found.append(say("its subject begins with blank space"))
    return found


def _body_faults(body: str, attributes: Attributes) -> list[Sentence]:
    found = []
    if not body:
        found.append(say("it is empty"))
    if _FOREIGN.search(body):
        found.append(say("it holds a character that is not text"))
    if (counted := size(body, attributes)) > MAX_BYTES:
        found.append(say("it has {count} bytes, at most {most} pass", count=counted, most=MAX_BYTES))
    return found


def _structure_faults(body: str) -> Iterator[Sentence]:
    """Look at each protocol's text as its subscribers get it (API Reference, *Publish*, JSON-specific constraints)."""
    try:
        pairs = json.loads(body, object_pairs_hook=list)
    except ValueError:
        pairs = None
    if not isinstance(pairs, list) or not body.lstrip().startswith("{"):
        yield say("it is no JSON object")
        return
    names = [name for name, _ in pairs]
    if "default" not in names:
        yield say("it has no text for protocols that it does not name (default)")
    if len(set(names)) != len(names):
        yield say("it names a protocol twice")
    for name, text in pairs:
        if name not in PROTOCOLS:
            yield say("{name} is no protocol of SNS", name=repr(name))
        elif not isinstance(text, str):
            yield say("its {name} is no text", name=name)
        else:
            yield from _protocol_faults(name, text)


def _protocol_faults(name: str, text: str) -> Iterator[Sentence]:
    if not text:
        yield say("its {name} is empty", name=name)
    if _FOREIGN.search(text):
        yield say("its {name} holds a character that is not text", name=name)
    if name == "sms" and not is_one_part(text, before=PREFIX):
        yield say("its sms is more than one part")


def _attribute_faults(name: str, attribute: Attribute) -> list[Sentence]:
    found = []
    if not _NAME.fullmatch(name):
        found.append(say("{name} cannot be the name of an attribute", name=repr(name)))
    if attribute.kind not in {"String", "Number"}:
        found.append(say("the attribute {name} is of an unknown type", name=name))
    if not attribute.value:
        found.append(say("the attribute {name} is empty", name=name))
    if _FOREIGN.search(attribute.value):
        found.append(say("the attribute {name} holds a character that is not text", name=name))
    if attribute.kind == "Number" and not _NUMBER.fullmatch(attribute.value):
        found.append(say("the attribute {name} is not a number", name=name))
    return found


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _breaks_line(sign: str) -> bool:
    return unicodedata.category(sign) in {"Cc", "Zl", "Zp"}
