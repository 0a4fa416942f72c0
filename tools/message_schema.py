"""The schema of the JSON message, made of that of the lines: an alert is a line with what is known of its sending."""

# ruff: noqa: INP001  this folder is no package

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]


def _may_be_null(kind: Schema, means: str) -> Schema:
    return {"description": means, "oneOf": [kind, {"type": "null"}]}


def _text(means: str, **more: Any) -> Schema:
    return {"description": means, "type": "string", **more}


def _count(means: str, least: int = 0) -> Schema:
    return {"description": means, "type": "integer", "minimum": least}


_TIME: Schema = {"$ref": "#/$defs/time"}
_MARK = {"pattern": "^[0-9a-f]{32}$"}

KNOWN: Schema = {
    "fingerprint": _text(
        "The identity: a message that comes again has the same, whatever else differs.", **_MARK
    ),
    "thread": _text(
        "The same for all that is told of one session: its logon, reconnects, its logoff.", **_MARK
    ),
    "sequence": _count("The host's own count of its alerts: 1, 2, 3, …; 0 for a test."),
    "host_id": _text("The instance id where there is one, else the host's name."),
    "instance": _may_be_null(
        {"$ref": "#/$defs/instance"},
        "The EC2 instance that the host is; null where it is none, or not known to be one.",
    ),
    "read": {"description": "When logonbell read the event.", **_TIME},
}
"""By which an alert is known."""

SENT: Schema = {
    "host_name": _text("The name by which people know the host."),
    "sent": {"description": "When this message was written to be sent.", **_TIME},
    "topic": _may_be_null({"type": "string"}, "The topic's ARN; null where it went another way."),
    "account": _may_be_null({"type": "string"}, "The topic's account; null where it went another way."),
    "region": _may_be_null({"type": "string"}, "The topic's region; null where it went another way."),
    "subject": _text("The subject that people get, in their language. Safe to show."),
    "text": _text("The whole text that people get, in their language. Safe to show."),
    "remarks": {
        "description": "What must be told besides, such as alerts that were silenced or records that were lost.",
        "type": "array",
        "items": {"$ref": "#/$defs/remark"},
    },
    "proof": _may_be_null(
        {"$ref": "#/$defs/proof"},
        "By what it is shown that no message is missing and the history is still the same; null for a test.",
    ),
}
"""How it was sent, and what people read of it."""

VERSION: Schema = {"schema": {"description": "The version of this contract.", "const": 1}}

INSTANCE: Schema = {
    "id": _text("Its id."),
    "region": _text("Its region."),
    "account": _text("Its account."),
    "name": _may_be_null({"type": "string"}, "Its tag Name; null where its metadata hold no tags."),
}
"""Which EC2 instance."""

REMARK: Schema = {
    "time": {"description": "When it came up.", **_TIME},
    "kind": _text("A word for what it is about."),
    "what": _text("What it says, in English."),
    "count": _may_be_null({"type": "integer"}, "How many it is about; null where nobody knows."),
}
"""What must be told besides."""

_SHA256 = {"pattern": "^[0-9a-f]{64}$"}
PROOF: Schema = {
    "history": _text(
        "The name of the history: another one where it began anew, or an older copy replaced it.", **_MARK
    ),
    "notifier": _text("The notifier whose messages are numbered."),
    "number": _count(
        "The number of this message among those to this notifier of this history: 1, 2, 3, …", 1
    ),
    "before": _text("The mark of the message with the number before; of the first 64 zeros.", **_SHA256),
    "mark": _text(
        "SHA-256 of the JSON list, in ASCII and without spaces, of `history`, `notifier`, `number`, `before`, the number and the mark of `head`, and the message's `fingerprint`.",
        **_SHA256,
    ),
    "head": {
        "description": "The newest link of the history when this message was begun: its number and its mark.",
        "type": "object",
        "properties": {"number": _count("Its number."), "mark": _text("Its mark.", **_SHA256)},
        "required": ["number", "mark"],
        "additionalProperties": False,
    },
}
"""That nothing is missing."""

DIGEST: Schema = {
    "type": {"description": "Which kind of message this is.", "const": "digest"},
    "kind": {
        "description": "Why many alerts are told in one message: more came than a person can read; they are of a time when "
        "nobody watched or nothing could be sent; the same user came again and again.",
        "enum": ["storm", "backlog", "repeats"],
    },
    "level": {
        "description": "The level of the worst of them.",
        "enum": ["informational", "low", "medium", "high", "critical"],
    },
    "rule": _text("`digest-` and the kind."),
    "first": {"description": "When the first of their events was.", **_TIME},
    "last": {"description": "When the last of their events was.", **_TIME},
    "count": _count("How many alerts there are in all.", 1),
    "levels": {
        "description": "How many there are of each level.",
        "type": "object",
        "additionalProperties": {"type": "integer"},
    },
    "doors": {
        "description": "How many of them are logons by each door.",
        "type": "object",
        "additionalProperties": {"type": "integer"},
    },
    "fingerprint": KNOWN["fingerprint"],
    "thread": _text("A thread of its own.", **_MARK),
    "sequences": {
        "description": "The numbers of all of them, as ranges that include both ends; fewer than `count` only where even a "
        "message without most of what is listed could not hold them.",
        "type": "array",
        "items": {"type": "array", "items": {"type": "integer"}},
    },
    "host_id": KNOWN["host_id"],
    "instance": KNOWN["instance"],
    "listed": _count(
        "How many of them are listed, the worst first; the others are on the host, by their numbers."
    ),
    "alerts": {
        "description": "Those that are listed.",
        "type": "array",
        "items": {"$ref": "#/$defs/alert"},
    },
}


def message_schema(lines: Mapping[str, Any]) -> Schema:
    """Make the schema of the message out of that of the lines."""
    named = [choice["$ref"].rpartition("/")[2] for choice in lines["oneOf"]]
    findings = [name for name in named if name != "summary"]
    kinds = {
        name: _part(lines["$defs"][name]["description"], lines["$defs"][name]["properties"])
        for name in findings
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The JSON message of logonbell, version 1",
        "description": "What queues, functions and web hooks get of an alert or a digest.",
        "oneOf": [
            *(_whole(name, "version", name, "known", "sent") for name in findings),
            _whole("digest", "version", "digest", "sent"),
        ],
        "$defs": {
            **{name: lines["$defs"][name] for name in ("time", "door", "event", "certificate", "promotion")},
            "version": _part("The version.", VERSION),
            "known": _part("By which an alert is known.", KNOWN),
            "sent": _part("How it was sent, and what people read of it.", SENT),
            **kinds,
            "digest": _part("Many alerts of one host in one message.", DIGEST),
            "alert": {
                "description": "An alert of a digest: the keys of a message of its own, without those of its sending.",
                "oneOf": [_whole(name, name, "known") for name in findings],
            },
            "remark": {
                **_part("Something that must be told besides.", REMARK),
                "additionalProperties": False,
            },
            "instance": {**_part("Which EC2 instance.", INSTANCE), "additionalProperties": False},
            "proof": {**_part("That nothing is missing.", PROOF), "additionalProperties": False},
        },
    }


def _part(means: str, properties: Schema) -> Schema:
    return {
        "description": means,
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }


def _whole(title: str, *parts: str) -> Schema:
    return {
        "title": title,
        "allOf": [{"$ref": f"#/$defs/{part}"} for part in parts],
        "unevaluatedProperties": False,
    }
