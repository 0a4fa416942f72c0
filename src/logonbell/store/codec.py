"""The domain's facts as JSON text, and back.

The text is ASCII: whatever a hostile log wrote (NUL, lone surrogates, any control character) stands in it escaped and
comes back as it was, with one exception: two halves of a surrogate pair that stand side by side come back as the
character they make. Times are written in UTC; a naive time is refused. In a sentence's holes a bool becomes its text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NotRequired, TypedDict, TypeVar

import msgspec

from logonbell.alert import Alert, Level, Matched
from logonbell.decoding import convert
from logonbell.logon import FailedLogons, Finding, LogCleared, Logoff, Logon, Notice, Selected, Tampering
from logonbell.sentence import Sentence
from logonbell.silence import Cover

Fact = TypeVar("Fact")

KINDS: Mapping[str, type[Finding]] = MappingProxyType(
    {
        "logon": Logon,
        "failed-logons": FailedLogons,
        "log-cleared": LogCleared,
        "logoff": Logoff,
        "notice": Notice,
        "selected": Selected,
        "tampering": Tampering,
    }
)
NAMES: Mapping[type[Finding], str] = MappingProxyType({kind: name for name, kind in KINDS.items()})


class Unreadable(ValueError):
    """Stored text that is no fact: damaged, or written by a version that knew more."""


class _Frame(TypedDict):
    """An alert without its finding: msgspec tells no union of dataclasses apart."""

    fingerprint: str
    host_id: str
    level: Level
    rule: str
    reason: Sentence
    matched: NotRequired[tuple[Matched, ...]]


def finding_to_json(finding: Finding) -> str:
    """Write a finding; its kind stands under ``type``."""
    return _dump(_tagged(finding))


def finding_from_json(text: str) -> Finding:
    """Read a finding. Raises ``Unreadable``."""
    return _untagged(_load(text))


def alert_to_json(alert: Alert) -> str:
    """Write an alert with its finding."""
    return _dump(_builtins(alert) | {"finding": _tagged(alert.finding)})


def alert_from_json(text: str) -> Alert:
    """Read an alert. Raises ``Unreadable``."""
    facts = _load(text)
    finding = _untagged(facts.get("finding"))
    return Alert(**_convert(facts, _Frame), finding=finding)


def sentence_to_json(sentence: Sentence) -> str:
    """Write a sentence, still translatable."""
    return _dump(_builtins(sentence))


def sentence_from_json(text: str) -> Sentence:
    """Read a sentence. Raises ``Unreadable``."""
    return _convert(_load(text), Sentence)


def cover_to_json(cover: Cover) -> str:
    """Write what a silence covers."""
    return _dump(_builtins(cover))


def cover_from_json(text: str) -> Cover:
    """Read what a silence covers. Raises ``Unreadable``, also for a criterion that is not known: without it, it covers more."""
    facts = _load(text)
    if set(facts) != {field.name for field in fields(Cover)}:
        raise Unreadable("no known criteria")
    return _convert(facts, Cover)


def text_to_column(text: str) -> str:
    """Make any text storable: SQLite refuses lone surrogates, as a file name that is no UTF-8 holds them in Python.

    Storable text stays as it is; what is not, or could be mistaken for it, is written as a JSON string, which starts
    with a quotation mark.
    """
    if text.startswith('"'):
        return json.dumps(text)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(text)
    return text


def text_from_column(column: str) -> str:
    """Give back what ``text_to_column`` was given. Raises ``Unreadable``."""
    if not column.startswith('"'):
        return column
    try:
        text: str = json.loads(column)
    except ValueError as error:
        raise Unreadable(str(error)) from error
    return text


def time_to_column(time: datetime) -> str:
    """Write a time in UTC, always as wide, so that the texts sort like the times."""
    if time.tzinfo is None:
        raise ValueError(f"a time without its zone: {time!r}")
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def time_from_column(column: str) -> datetime:
    """Give back the time. Raises ``Unreadable``."""
    try:
        return datetime.fromisoformat(column)
    except ValueError as error:
        raise Unreadable(str(error)) from error


def _tagged(finding: Finding) -> dict[str, Any]:
    return {"type": NAMES[type(finding)], **_builtins(finding)}


def _untagged(facts: object) -> Finding:
    if not isinstance(facts, dict):
        raise Unreadable("no finding")
    kind = KINDS.get(str(facts.get("type")))
    if kind is None:
        raise Unreadable("no known kind of finding")
    return _convert(facts, kind)


def _builtins(fact: object) -> dict[str, Any]:
    """Take a fact apart; datetimes are left to ``_dump``, which writes them all in UTC."""
    parts: dict[str, Any] = msgspec.to_builtins(fact, builtin_types=(datetime,))
    for part in (parts, *parts.values()):
        if isinstance(part, dict) and isinstance(holes := part.get("holes"), dict):
            part["holes"] = {
                name: str(hole) if isinstance(hole, bool) else hole for name, hole in holes.items()
            }
    return parts


def _convert(facts: object, kind: type[Fact]) -> Fact:
    try:
        return convert(facts, kind)
    except msgspec.ValidationError as error:
        raise Unreadable(str(error)) from error


def _dump(facts: dict[str, Any]) -> str:
    return json.dumps(facts, default=_written, separators=(",", ":"))


def _written(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"no part of a fact: {value!r}")
    return time_to_column(value)


def _load(text: str) -> dict[str, Any]:
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from error
    if not isinstance(facts, dict):
        raise Unreadable("no fact")
    return facts
