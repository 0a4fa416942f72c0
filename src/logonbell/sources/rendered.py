"""One record's XML, as Windows renders it, to an ``Event``."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from logonbell.event import Event

_NAMESPACE = "{http://schemas.microsoft.com/win/2004/08/events/event}"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUMBER = re.compile(r"[0-9]{1,18}")


def as_xml(text: str) -> ET.Element:
    """Take one record's XML apart. Raises ``ParseError`` for what is none.

    Windows writes characters that no XML may hold (a user's name may be made of them) as they are: they are shown as
    U+FFFD.
    """
    return ET.fromstring(_NOT_XML.sub("\ufffd", text))  # noqa: S314 - of Windows, which escapes; no document type


def event_of_xml(text: str) -> Event | None:
    """Read one record; None where its System block cannot be understood.

    ``Data`` elements without names are called ``Data1``, ``Data2``, … in their order; of two fields of the same
    name the last one counts. The values are as ``sources.record`` reads them of a file.
    """
    try:
        event = as_xml(text)
        system = {_name(each): each for each in event.find(f"{_NAMESPACE}System") or ()}
        security = system.get("Security")
        return Event(
            channel=_text(system["Channel"]),
            event_id=_number(system["EventID"]),
            record_id=_number(system["EventRecordID"]),
            time=_time(system["TimeCreated"].attrib["SystemTime"]),
            host=_text(system["Computer"]),
            provider=system["Provider"].attrib.get("Name", "") if "Provider" in system else "",
            fields=_fields(event),
            sid=security.attrib.get("UserID") or None if security is not None else None,
        )
    except (ET.ParseError, KeyError, ValueError, OverflowError):
        return None


def _fields(event: ET.Element) -> dict[str, str]:
    user_data = event.find(f"{_NAMESPACE}UserData")
    if user_data is not None:
        return _innermost(user_data)
    fields: dict[str, str] = {}
    unnamed = 0
    for each in event.find(f"{_NAMESPACE}EventData") or ():
        name = _name(each)
        if name == "Data":
            name = each.attrib.get("Name", "")
            if not name:
                unnamed += 1
                name = f"Data{unnamed}"
        fields[name] = _text(each)
    return fields


def _innermost(node: ET.Element) -> dict[str, str]:
    """Give the children of the one element that UserData holds, or of the one within that."""
    top = node
    while len(node) == 1 and (node is top or len(node[0])):
        node = node[0]
    return {_name(each): _text(each) for each in node}


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(element: ET.Element) -> str:
    return "".join(element.itertext())


def _number(element: ET.Element) -> int:
    text = _text(element).strip()
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _time(text: str) -> datetime:
    """Read a SystemTime: UTC, with up to nine digits of a second, of which six count."""
    time = datetime.fromisoformat(text.strip())
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
