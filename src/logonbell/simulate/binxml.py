"""Windows' binary XML: typed values, elements and templates as bytes.

The format is the one that libevtx documents ("Windows XML Event Log (EVTX)", Joachim Metz), held against logs that
Windows wrote. Offsets within binary XML count from the start of the 64 KiB chunk that it stands in.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from functools import cached_property, lru_cache
from hashlib import blake2b
from types import MappingProxyType
from uuid import UUID

EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
FRAGMENT = b"\x0f\x01\x01\x00"
END = b"\x00"
NO_DEPENDENCY = 0xFFFF
_TEMPLATE_TOKEN_SIZE = 10
_TEMPLATE_HEADER_SIZE = 24


class Kind(IntEnum):
    """The types of values that logonbell's events need, by Windows' numbers."""

    NULL = 0x00
    STRING = 0x01
    UINT8 = 0x04
    UINT16 = 0x06
    UINT32 = 0x08
    UINT64 = 0x0A
    BOOLEAN = 0x0D
    BINARY = 0x0E
    GUID = 0x0F
    FILETIME = 0x11
    SID = 0x13
    HEXINT32 = 0x14
    HEXINT64 = 0x15
    BINXML = 0x21


Value = tuple[bytes, bytes]
"""A value in a substitution array: its descriptor (size and type) and its bytes."""


def value(kind: Kind, data: bytes) -> Value:
    """Describe ``data`` for a substitution array."""
    if len(data) > 0xFFFF:
        raise ValueError("A value holds at most 65535 bytes.")
    return struct.pack("<HBx", len(data), kind), data


def utf16(text: str) -> bytes:
    """Encode what a log can hold: valid Unicode without NUL. Raises ``ValueError`` for anything else."""
    if "\0" in text:
        raise ValueError("A string of a log cannot hold NUL.")
    try:
        return text.encode("utf-16-le")
    except UnicodeEncodeError as error:
        lone = text[error.start]
        raise ValueError(f"A string of a log cannot hold the lone surrogate U+{ord(lone):04X}.") from None


def filetime(time: datetime, ticks: int = 0) -> bytes:
    """Count 100 ns since 1601; ``ticks`` (0 to 9) are those that a ``datetime`` cannot hold."""
    since = time - EPOCH
    count = (since.days * 86_400 + since.seconds) * 10_000_000 + since.microseconds * 10 + ticks
    if count < 0:
        raise ValueError(f"Windows has no time before 1601: {time.isoformat()}")
    return count.to_bytes(8, "little")


def guid(text: str) -> bytes:
    """Lay out a GUID, with or without braces, as Windows keeps it."""
    return UUID(text).bytes_le


def sid(text: str) -> bytes:
    """Lay out a SID (``S-1-5-21-…``). Raises ``ValueError`` where ``text`` is not how Windows writes one."""
    match = re.fullmatch(r"S-1-(\d{1,10})((?:-\d{1,10}){1,15})", text, re.ASCII)
    if match is None:
        raise ValueError(f"Not a SID: {text!r}")
    authority, parts = int(match[1]), [int(part) for part in match[2].split("-")[1:]]
    if max(authority, *parts) > 0xFFFFFFFF or "-".join(map(str, ("S-1", authority, *parts))) != text:
        raise ValueError(f"Not a SID: {text!r}")
    return struct.pack(f"<BB6s{len(parts)}I", 1, len(parts), authority.to_bytes(6, "big"), *parts)


def _decimal(size: int) -> Callable[[str], bytes]:
    def parse(text: str) -> bytes:
        number = int(text)
        if str(number) != text:
            raise ValueError(f"Not how Windows writes a number: {text!r}")
        return number.to_bytes(size, "little")

    return parse


def _hexadecimal(size: int) -> Callable[[str], bytes]:
    def parse(text: str) -> bytes:
        number = int(text, 16)
        if hex(number) != text:
            raise ValueError(f"Not how Windows writes a hexadecimal number: {text!r}")
        return number.to_bytes(size, "little")

    return parse


def _boolean(text: str) -> bytes:
    return {"true": b"\1\0\0\0", "false": b"\0\0\0\0"}[text]


def _binary(text: str) -> bytes:
    data = bytes.fromhex(text)
    if not data or data.hex().upper() != text:
        raise ValueError(f"Not how Windows writes binary data: {text!r}")
    return data


def _time(text: str) -> bytes:
    time = datetime.fromisoformat(text)
    if time.strftime("%Y-%m-%dT%H:%M:%S.%fZ") != text:
        raise ValueError(f"Not how Windows writes a time: {text!r}")
    return filetime(time)


def _guid(text: str) -> bytes:
    if re.fullmatch(r"\{?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?", text) is None:
        raise ValueError(f"Not a GUID: {text!r}")
    return guid(text)


@lru_cache(maxsize=16384)
def _string(text: str) -> Value:
    return value(Kind.STRING, utf16(text) + b"\0\0")  # Windows ends the strings of EventData with NUL


def _encoder(kind: Kind, parse: Callable[[str], bytes]) -> Callable[[str], Value]:
    @lru_cache(maxsize=4096)
    def encode(text: str) -> Value:
        try:
            return value(kind, parse(text))
        except (ValueError, OverflowError, KeyError):
            return _string(text)

    return encode


def _null(text: str) -> bytes:
    if text:
        raise ValueError("Null holds no text.")
    return b""


ENCODERS: Mapping[Kind, Callable[[str], Value]] = MappingProxyType(
    {
        Kind.STRING: _string,
        Kind.NULL: _encoder(Kind.NULL, _null),
        Kind.UINT8: _encoder(Kind.UINT8, _decimal(1)),
        Kind.UINT16: _encoder(Kind.UINT16, _decimal(2)),
        Kind.UINT32: _encoder(Kind.UINT32, _decimal(4)),
        Kind.UINT64: _encoder(Kind.UINT64, _decimal(8)),
        Kind.BOOLEAN: _encoder(Kind.BOOLEAN, _boolean),
        Kind.BINARY: _encoder(Kind.BINARY, _binary),
        Kind.GUID: _encoder(Kind.GUID, _guid),
        Kind.FILETIME: _encoder(Kind.FILETIME, _time),
        Kind.SID: _encoder(Kind.SID, sid),
        Kind.HEXINT32: _encoder(Kind.HEXINT32, _hexadecimal(4)),
        Kind.HEXINT64: _encoder(Kind.HEXINT64, _hexadecimal(8)),
    }
)
"""Text, as Windows' XML writes a value of this kind, to the value; what is not so written becomes a string."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Where a template takes a value: its place in the substitution array. An optional one vanishes when null."""

    index: int
    kind: Kind
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Element:
    """An XML element. With ``dependency``, it vanishes when that value of the substitution array is null."""

    name: str
    attributes: tuple[tuple[str, str | Hole], ...] = ()
    children: tuple[str | Hole | Element, ...] = ()
    dependency: int = NO_DEPENDENCY


@dataclass(frozen=True)
class Template:
    """An element with holes, written once in each chunk that uses it and known by its GUID."""

    root: Element

    @cached_property
    def guid(self) -> bytes:
        """16 bytes that are the same for the same template in every file."""
        return blake2b(repr(self.root).encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Tables:
    """The names and templates that a chunk holds, and the newest of each hash bucket (0 where there is none)."""

    def __init__(self) -> None:
        self.name_heads = [0] * 64
        self.template_heads = [0] * 32
        self._offsets: dict[str | bytes, int] = {}
        self._entered: list[tuple[str | bytes, list[int], int, int]] = []

    def instance(self, template: Template, at: int) -> bytes:
        """Refer to ``template`` from offset ``at`` of the chunk, with its definition where it is the first time."""
        token = b"\x0c\x01" + template.guid[:4]
        known = self._offsets.get(template.guid)
        if known is not None:
            return token + known.to_bytes(4, "little")
        offset = at + _TEMPLATE_TOKEN_SIZE
        older = self._enter(
            template.guid, self.template_heads, int.from_bytes(template.guid[:4], "little"), offset
        )
        body = bytearray(FRAGMENT)
        Elements(self, body, offset + _TEMPLATE_HEADER_SIZE, templated=True).write(template.root)
        body += END
        return token + struct.pack("<II16sI", offset, older, template.guid, len(body)) + body

    def name(self, name: str, at: int) -> bytes:
        """Refer to ``name`` from offset ``at`` of the chunk, with the name itself where it is the first time."""
        known = self._offsets.get(name)
        if known is not None:
            return known.to_bytes(4, "little")
        offset = at + 4
        units = utf16(name)
        number = 0
        for (unit,) in struct.iter_unpack("<H", units):
            number = (number * 65599 + unit) & 0xFFFF
        older = self._enter(name, self.name_heads, number, offset)
        return struct.pack("<IIHH", offset, older, number, len(units) // 2) + units + b"\0\0"

    def forget_behind(self, at: int) -> None:
        """Undo what was entered at offset ``at`` of the chunk and behind: its record is not written."""
        while self._entered and self._offsets[self._entered[-1][0]] >= at:
            key, heads, bucket, older = self._entered.pop()
            heads[bucket] = older
            del self._offsets[key]

    def _enter(self, key: str | bytes, heads: list[int], number: int, offset: int) -> int:
        bucket = number % len(heads)
        older, heads[bucket] = heads[bucket], offset
        self._offsets[key] = offset
        self._entered.append((key, heads, bucket, older))
        return older


@dataclass(slots=True)
class Elements:
    """Writes elements to ``out``, whose first byte stands at offset ``base`` of the chunk."""

    tables: Tables
    out: bytearray
    base: int
    templated: bool

    def write(self, element: Element) -> None:
        """Write one element and all within. Outside of templates elements carry no dependency."""
        out = self.out
        out.append(0x41 if element.attributes else 0x01)
        if self.templated:
            out += struct.pack("<H", element.dependency)
        size_at = self._hold_size()
        self._name(element.name)
        if element.attributes:
            self._attributes(element.attributes)
        if element.children:
            out.append(0x02)
            for child in element.children:
                if isinstance(child, Element):
                    self.write(child)
                else:
                    self._content(child)
            out.append(0x04)
        else:
            out.append(0x03)
        self._fill_size(size_at)

    def _attributes(self, attributes: tuple[tuple[str, str | Hole], ...]) -> None:
        size_at = self._hold_size()
        last = len(attributes) - 1
        for index, (name, content) in enumerate(attributes):
            self.out.append(0x06 if index == last else 0x46)
            self._name(name)
            self._content(content)
        self._fill_size(size_at)

    def _content(self, content: str | Hole) -> None:
        if isinstance(content, Hole):
            token = 0x0E if content.optional else 0x0D
            self.out += struct.pack("<BHB", token, content.index, content.kind)
        else:
            units = utf16(content)
            if len(units) > 2 * 0xFFFF:
                raise ValueError("Text within XML holds at most 65535 characters.")
            self.out += struct.pack("<BBH", 0x05, Kind.STRING, len(units) // 2) + units

    def _name(self, name: str) -> None:
        self.out += self.tables.name(name, self.base + len(self.out))

    def _hold_size(self) -> int:
        at = len(self.out)
        self.out += b"\0\0\0\0"
        return at

    def _fill_size(self, at: int) -> None:
        struct.pack_into("<I", self.out, at, len(self.out) - at - 4)
