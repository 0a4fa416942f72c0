"""One record of a log as binary XML."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from logonbell.event import Event
from logonbell.simulate.binxml import (
    ENCODERS,
    END,
    FRAGMENT,
    Element,
    Elements,
    Hole,
    Kind,
    Tables,
    Template,
    Value,
    filetime,
    guid,
    sid,
    utf16,
    value,
)
from logonbell.simulate.system import KINDS, System, system_of, user_data_of

_NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"
_DATA = 17
"""The place of EventData or UserData in the substitution array: the last."""


@dataclass(frozen=True, slots=True)
class Record:
    """An event with what ``Event`` leaves out, and the oddities that readers must survive.

    ``system`` None stands for what Windows writes around such an event. ``kinds`` are types of fields, by name, that
    win over Windows' own. ``ticks`` (0 to 9) are the 100 ns of its time that a ``datetime`` cannot hold. Exported and
    forwarded logs have records that are not ``templated``, some with ``event_id_as_text``.
    """

    event: Event
    system: System | None = None
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    ticks: int = 0
    templated: bool = True
    event_id_as_text: bool = False

    def write(self, tables: Tables, at: int) -> bytes:
        """Give its binary XML for offset ``at`` of the chunk that ``tables`` belong to."""
        if self.templated:
            time = filetime(self.event.time, self.ticks)
            return shape_of(self).write(self.event, time, tables, at)
        out = bytearray(FRAGMENT)
        Elements(tables, out, at, templated=False).write(_plain(self))
        return bytes(out + END)


@dataclass(frozen=True, slots=True)
class Shape:
    """What all events of one kind have in common: templates, encoders, and the values that do not change."""

    outer: Template
    inner: Template
    encoders: tuple[Callable[[str], Value], ...]
    descriptors: bytes
    before_time: bytes
    before_record_id: bytes
    before_data: bytes

    def write(self, event: Event, time: bytes, tables: Tables, at: int) -> bytes:
        """Give the binary XML of ``event`` for offset ``at`` of the chunk that ``tables`` belong to."""
        values = b"".join(
            (
                self.before_time,
                time,
                self.before_record_id,
                event.record_id.to_bytes(8, "little"),
                self.before_data,
            )
        )
        outer = FRAGMENT + tables.instance(self.outer, at + len(FRAGMENT))
        data_at = at + len(outer) + 4 + len(self.descriptors) + 4 + len(values)
        inner = tables.instance(self.inner, data_at)
        data = inner + self._fields(event.fields) + END
        if len(data) > 0xFFFF:
            raise too_large(event)
        return b"".join(
            (
                outer,
                (_DATA + 1).to_bytes(4, "little"),
                self.descriptors,
                value(Kind.BINXML, data)[0],
                values,
                data,
                END,
            )
        )

    def _fields(self, fields: Mapping[str, str]) -> bytes:
        try:
            values = [encode(text) for encode, text in zip(self.encoders, fields.values(), strict=True)]
        except ValueError:
            for encode, (name, text) in zip(self.encoders, fields.items(), strict=True):
                try:
                    encode(text)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
            raise
        return b"".join(
            (
                len(values).to_bytes(4, "little"),
                *[descriptor for descriptor, _ in values],
                *[data for _, data in values],
            )
        )


def shape_of(record: Record) -> Shape:
    """Work out what does not change from one event of this kind to the next."""
    event = record.event
    system = record.system or system_of(event)
    event_id = event.event_id.to_bytes(2, "little")
    before_time = (
        value(Kind.UINT8, system.level.to_bytes(1, "little")),
        value(Kind.UINT8, system.opcode.to_bytes(1, "little")),
        value(Kind.UINT16, system.task.to_bytes(2, "little")),
        value(Kind.STRING, utf16(str(event.event_id)))
        if record.event_id_as_text
        else value(Kind.UINT16, event_id),
        value(Kind.NULL, b""),
        value(Kind.HEXINT64, system.keywords.to_bytes(8, "little")),
    )
    before_record_id = (
        _optional(Kind.GUID, guid, system.activity_id),
        value(Kind.UINT32, system.process_id.to_bytes(4, "little")),
        value(Kind.UINT32, system.thread_id.to_bytes(4, "little")),
    )
    before_data = (
        value(Kind.UINT8, system.version.to_bytes(1, "little")),
        _optional(Kind.SID, sid, event.sid),
        value(Kind.NULL, b""),
        value(Kind.STRING, utf16(event.provider)),
        _optional(Kind.GUID, guid, system.provider_guid),
        value(Kind.STRING, utf16(event.channel)),
    )
    descriptors = b"".join(
        descriptor
        for descriptor, _ in (
            *before_time,
            value(Kind.FILETIME, bytes(8)),
            *before_record_id,
            value(Kind.UINT64, bytes(8)),
            *before_data,
        )
    )
    kinds = {name: record.kinds.get(name, KINDS.get(name, Kind.STRING)) for name in event.fields}
    holes = {
        name: Hole(i, kind or Kind.STRING, optional=kind is Kind.NULL)  # libevtx wants it so for null
        for i, (name, kind) in enumerate(kinds.items())
    }
    return Shape(
        outer=Template(_event_element(event)),
        inner=Template(_data_element(event, holes)),
        encoders=tuple(ENCODERS[kind] for kind in kinds.values()),
        descriptors=descriptors,
        before_time=b"".join(data for _, data in before_time),
        before_record_id=b"".join(data for _, data in before_record_id),
        before_data=b"".join(data for _, data in before_data),
    )


def too_large(event: Event) -> ValueError:
    """Say that no chunk can hold ``event``."""
    return ValueError(f"Record {event.record_id} does not fit into a chunk of 64 KiB.")


def _optional(kind: Kind, parse: Callable[[str], bytes], text: str | None) -> Value:
    return value(Kind.NULL, b"") if text is None else value(kind, parse(text))


def _event_element(event: Event) -> Element:
    """Lay out the element Event with its System block, the numbers of its holes as Windows deals them."""

    def hole(index: int, kind: Kind) -> Hole:
        return Hole(index, kind, optional=True)

    def element(name: str, index: int, kind: Kind) -> Element:
        return Element(name, children=(hole(index, kind),), dependency=index)

    system = Element(
        "System",
        children=(
            Element("Provider", (("Name", hole(14, Kind.STRING)), ("Guid", hole(15, Kind.GUID)))),
            Element("EventID", (("Qualifiers", hole(4, Kind.UINT16)),), (hole(3, Kind.UINT16),), 3),
            element("Version", 11, Kind.UINT8),
            element("Level", 0, Kind.UINT8),
            element("Task", 2, Kind.UINT16),
            element("Opcode", 1, Kind.UINT8),
            element("Keywords", 5, Kind.HEXINT64),
            Element("TimeCreated", (("SystemTime", hole(6, Kind.FILETIME)),)),
            element("EventRecordID", 10, Kind.UINT64),
            Element(
                "Correlation",
                (("ActivityID", hole(7, Kind.GUID)), ("RelatedActivityID", hole(13, Kind.GUID))),
            ),
            Element("Execution", (("ProcessID", hole(8, Kind.UINT32)), ("ThreadID", hole(9, Kind.UINT32)))),
            element("Channel", 16, Kind.STRING),
            Element("Computer", children=(event.host,)),
            Element("Security", (("UserID", hole(12, Kind.SID)),)),
        ),
    )
    data: Hole | Element = hole(_DATA, Kind.BINXML)
    if user_data_of(event) is not None:
        data = Element("UserData", children=(data,))
    return Element("Event", (("xmlns", _NAMESPACE),), (system, data))


def _data_element(event: Event, contents: Mapping[str, str | Hole]) -> Element:
    """Lay out EventData, or the element within UserData, around the fields' ``contents``."""
    user_data = user_data_of(event)
    if user_data is None:
        return Element(
            "EventData",
            children=tuple(
                Element("Data", (("Name", name),), (content,)) for name, content in contents.items()
            ),
        )
    for name in contents:
        if re.fullmatch(r"[A-Za-z_][\w.-]*", name, re.ASCII) is None:
            raise ValueError(f"Not a name of an XML element: {name!r}")
    element, namespace = user_data
    fields = tuple(Element(name, children=(content,)) for name, content in contents.items())
    return Element(element, (("xmlns", namespace),), fields)


def _plain(record: Record) -> Element:
    """Lay out the whole event with text in place of holes."""
    event = record.event
    system = record.system or system_of(event)
    time = event.time.strftime("%Y-%m-%dT%H:%M:%S.%f") + f"{record.ticks}Z"
    provider: tuple[tuple[str, str], ...] = (("Name", event.provider),)
    if system.provider_guid is not None:
        provider += (("Guid", f"{{{system.provider_guid}}}"),)
    block = Element(
        "System",
        children=(
            Element("Provider", provider),
            Element("EventID", children=(str(event.event_id),)),
            Element("Version", children=(str(system.version),)),
            Element("Level", children=(str(system.level),)),
            Element("Task", children=(str(system.task),)),
            Element("Opcode", children=(str(system.opcode),)),
            Element("Keywords", children=(hex(system.keywords),)),
            Element("TimeCreated", (("SystemTime", time),)),
            Element("EventRecordID", children=(str(event.record_id),)),
            Element(
                "Correlation", (("ActivityID", f"{{{system.activity_id}}}"),) if system.activity_id else ()
            ),
            Element(
                "Execution",
                (("ProcessID", str(system.process_id)), ("ThreadID", str(system.thread_id))),
            ),
            Element("Channel", children=(event.channel,)),
            Element("Computer", children=(event.host,)),
            Element("Security", (("UserID", event.sid),) if event.sid else ()),
        ),
    )
    data = _data_element(event, event.fields)
    if user_data_of(event) is not None:
        data = Element("UserData", children=(data,))
    return Element("Event", (("xmlns", _NAMESPACE),), (block, data))
