"""One record's JSON, as the ``evtx`` package writes it, to an ``Event``."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from logonbell.decoding import decoder
from logonbell.event import Event

_PLAIN = re.compile(r"[0-9]{1,19}")


class _Content(msgspec.Struct):
    """An element with attributes and text."""

    text: int | str = msgspec.field(name="#text")


class _Attributes(msgspec.Struct):
    """The attributes of elements of System, as far as they are used."""

    Name: str = ""
    SystemTime: str = ""
    UserID: str = ""


class _Element(msgspec.Struct):
    """An element with attributes alone."""

    attributes: _Attributes = msgspec.field(name="#attributes", default_factory=_Attributes)


_Text = int | str | _Content


class _System(msgspec.Struct):
    """The System block, with what may be missing given a default."""

    Channel: _Text
    EventID: _Text
    EventRecordID: _Text
    TimeCreated: _Element
    Computer: _Text | None
    Provider: _Element | None = None
    Security: _Element | None = None


class _Event(msgspec.Struct):
    System: _System
    EventData: Any = None
    UserData: Any = None


class _Record(msgspec.Struct):
    Event: _Event


_decoder = decoder(_Record)


def event_of(text: str) -> Event | None:
    """Read one record; None where its System block cannot be understood.

    Values become text as Windows' XML would have it, as far as the package tells: it writes GUIDs without braces and
    in upper case, and times with six digits of a second. The values of an array are joined by line feeds. ``Data``
    elements without names are called ``Data1``, ``Data2``, … in their order. Of two fields of the same name the last
    one counts.
    """
    try:
        event = _decoder.decode(text).Event
        system = event.System
        return Event(
            channel=_text(system.Channel),
            event_id=_number(system.EventID),
            record_id=_number(system.EventRecordID),
            time=_time(system.TimeCreated.attributes.SystemTime),
            host="" if system.Computer is None else _text(system.Computer),
            provider=system.Provider.attributes.Name if system.Provider else "",
            fields=_fields(event),
            sid=system.Security.attributes.UserID or None if system.Security else None,
        )
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return None


def _fields(event: _Event) -> dict[str, str]:
    if isinstance(event.UserData, dict):
        return _innermost(event.UserData)
    if not isinstance(event.EventData, dict):
        return {}
    data = event.EventData
    if "Data" in data or "#attributes" in data:
        data = _named(data)
    return {name: value if value.__class__ is str else _text_of(value) for name, value in data.items()}


def _named(data: dict[str, Any]) -> dict[str, Any]:
    """Number the elements without a name; leave out the attributes of EventData itself."""
    named: dict[str, Any] = {}
    for name, value in data.items():
        if name == "Data" and isinstance(value, dict | list):
            values = value.get("#text") if isinstance(value, dict) else value
            numbered = values if isinstance(values, list) else [values]
            named |= {f"Data{number}": each for number, each in enumerate(numbered, 1)}
        elif name != "#attributes" or isinstance(value, str):
            named[name] = value
    return named


def _innermost(user_data: dict[str, Any]) -> dict[str, str]:
    """Give the children of the one element that UserData holds, or of the one within that; prefixes are dropped."""
    node = user_data
    while len(inner := _children(node)) == 1:
        (child,) = inner.values()
        if not isinstance(child, dict) or (node is not user_data and not _children(child)):
            break
        node = child
    return {name.rpartition(":")[2]: _text_of(value) for name, value in inner.items()}


def _children(node: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in node.items() if not name.startswith("#")}


def _text_of(value: Any) -> str:
    """Give a value of whatever type as text."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if value.__class__ is int:
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "\n".join(map(_text_of, value))
    if isinstance(value, dict):
        return "\n".join(_text_of(each) for name, each in value.items() if name != "#attributes")
    return str(value)


def _text(value: _Text) -> str:
    """Give the text of an element of System, with attributes or without."""
    return value if value.__class__ is str else str(value.text if isinstance(value, _Content) else value)


def _number(value: _Text) -> int:
    """Give a number of System, which exported logs also write as text. Raises ``ValueError`` beyond 63 bits."""
    if isinstance(value, int) and 0 <= value < 1 << 63:
        return value
    text = _text(value)
    if not _PLAIN.fullmatch(text) or int(text) >= 1 << 63:
        raise ValueError(text)
    return int(text)


def _time(text: str) -> datetime:
    """Read a SystemTime: UTC, with up to nine digits of a second, of which six count."""
    time = datetime.fromisoformat(text.strip())
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
