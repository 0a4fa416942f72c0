"""Which settings differ from those of the last start."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

Marks = Mapping[str, str]
"""By the dotted name of a setting that is not at its default, a digest of its value: values may hold tokens."""


def marks_of(config: Any) -> dict[str, str]:
    """Take the marks of all settings; one that is at its default has none, so that a new one is no change."""
    return dict(_marks(config, ""))


def mark_of(value: Any) -> str:
    """Take one mark of all that is set in a table of the settings, wherever it stands among others."""
    text = repr(sorted(_marks(value, "")))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def changed(before: Marks, after: Marks) -> list[str]:
    """Name the settings that differ."""
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))


def _marks(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if is_dataclass(value):
        for one in fields(value):
            inner = getattr(value, one.name)
            made = one.default_factory() if one.default_factory is not MISSING else one.default
            if inner != made:
                yield from _marks(inner, f"{name}.{one.name}".lstrip("."))
    elif isinstance(value, tuple) and any(map(is_dataclass, value)):
        for number, inner in enumerate(value, 1):
            yield from _marks(inner, f"{name}[{number}]")
    else:
        text = repr(sorted(map(repr, value)) if isinstance(value, frozenset | set) else value)
        yield name, hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
