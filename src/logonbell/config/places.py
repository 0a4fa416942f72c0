"""On which line of the file a key stands; tomllib does not tell."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any


def lines_of(text: str) -> dict[tuple[str, ...], int]:
    """Find the line on which each key is first written, in each of several tables; tomllib does not tell.

    The lines are parsed again, statement by statement, each under its own table's header: a statement is over where
    TOML can read it.
    """
    found: dict[tuple[str, ...], int] = {}
    counts: dict[tuple[str, ...], int] = {}
    header, statement, start = "", "", 1
    for number, line in enumerate(text.split("\n"), 1):
        if not statement:
            start = number
        statement += line.removesuffix("\r") + "\n"
        is_header = statement.lstrip().startswith("[")
        try:
            parsed = tomllib.loads(statement if is_header else header + statement)
        except ValueError:
            continue
        if is_header:
            header = statement
            if statement.lstrip().startswith("[["):
                *_, table = _paths(parsed)
                counts[table] = counts.get(table, 0) + 1
        for path in _paths(parsed):
            found.setdefault(path, start)
            found.setdefault(_placed(path, counts), start)
        statement = ""
    return found


def _paths(table: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """List the keys of a table, and of those within."""
    for name, value in table.items():
        yield (*above, name)
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from _paths(inner, (*above, name))


def nearest(path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Name what stands in the file for a key that may not: itself, in a list of tables on one line, and what holds it."""
    for length in range(len(path), 0, -1):
        yield path[:length]
        yield tuple(key for key in path[:length] if not key.startswith("["))


def _placed(path: tuple[str, ...], counts: Mapping[tuple[str, ...], int]) -> tuple[str, ...]:
    """Say of which one of several tables a key is: of the last that began."""
    placed: list[str] = []
    for number, key in enumerate(path, 1):
        placed.append(key)
        if path[:number] in counts:
            placed.append(f"[{counts[path[:number]]}]")
    return tuple(placed)
