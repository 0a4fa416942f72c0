"""JSON into values of a kind: the one door to msgspec's reading.

msgspec looks at a class when it first meets it, and lets other threads see what it has found by then (0.22,
``StructInfo_Convert``): two threads that meet one class at once end the process with a segmentation fault. So each kind
is met here first, by one thread at a time.
"""

from __future__ import annotations

import threading
from typing import TypeVar

import msgspec

Kind = TypeVar("Kind")

_meeting = threading.Lock()
_met: set[object] = set()


def decode(text: bytes | str | msgspec.Raw, kind: type[Kind]) -> Kind:
    """Read JSON. Raises ``msgspec.DecodeError`` (``ValidationError`` for another shape) and what UTF-8 and depth raise."""
    return msgspec.json.decode(text, type=_known(kind))


def convert(value: object, kind: type[Kind]) -> Kind:
    """Read what JSON gave already. Raises ``msgspec.ValidationError``."""
    return msgspec.convert(value, _known(kind))


def decoder(kind: type[Kind]) -> msgspec.json.Decoder[Kind]:
    """Make what reads one kind again and again."""
    return msgspec.json.Decoder(_known(kind))


def _known(kind: type[Kind]) -> type[Kind]:
    if kind not in _met:
        with _meeting:
            msgspec.json.Decoder(kind)
            _met.add(kind)
    return kind
