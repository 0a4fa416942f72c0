"""Writes the generated pages of ``docs/reference``: ``python tools/docs.py``."""

# ruff: noqa: INP001  this folder is no package

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from logonbell import cli
from logonbell.config import Key, Section, keys
from logonbell.logon import Door
from logonbell.rule import LOUDNESS, SILENT_DOORS

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"

SETTINGS = """\
# Settings

<!-- Made by tools/docs.py from src/logonbell/config.py: change it there. -->

logonbell reads one TOML file, named with `--config`, in UTF-8. Every key has a default but `notify.sns.topic_arn`, so an
empty file is a valid one. `logonbell check-config` tells all mistakes of a file at once.

- Relative paths stand beside the file. `~`, `$NAME` and `%NAME%` are not expanded: the agent may run as another user
  than the one who writes the file, and would find another place.
- Write Windows paths in single quotes (`'C:\\Windows'`): in double quotes TOML takes `\\` for an escape.
"""


COMMANDS = """\
# Commands

<!-- Made by tools/docs.py from src/logonbell/cli.py: change it there. -->

Every command ends with one of these exit codes:

| code | means |
|---|---|
| 0 | it was done; what could not be read of a log is told on stderr |
| 1 | something is wrong that you can mend; one sentence on stderr says what, and what to do |
| 3 | a fault of logonbell, with a report ready to be sent |
| 130 | interrupted |

What was asked for goes to stdout, what is said about it to stderr.
"""

LINES = """\
# Lines for machines

<!-- Made by tools/docs.py from docs/reference/jsonl.schema.json: change it there. -->

`logonbell read --format jsonl` writes one JSON object a line, in ASCII, in the order of their times. [The schema](jsonl.schema.json) is
the contract: keys may be added, none is taken away or changes its meaning. All keys of a line are always there; null
means that it is not known, never "no". Names, addresses and workstations are as others wrote them into the log: show
them to nobody unescaped.
"""


def settings() -> str:
    """Write the page of the settings."""
    parts = [SETTINGS]
    for _, group in groupby(keys(), key=lambda one: one[1][:-1]):
        members = list(group)
        section, path, _ = members[0]
        parts.append(_section(section, path[:-1], [(path[-1], key) for _, path, key in members]))
    parts += [_doors(), _example()]
    return "\n".join(parts)


def _section(section: type[Section], path: tuple[str, ...], members: list[tuple[str, Key]]) -> str:
    title = f"`{_header(section, path)}`" if path else "At the top"
    rows = ["| key | is | default | for |", "|---|---|---|---|"]
    rows += [f"| `{name}` | {key.kind.words} | {_code(key.default)} | {key.means} |" for name, key in members]
    return "\n".join([f"## {title}", "", inspect.getdoc(section) or "", "", *rows, ""])


def _header(section: type[Section], path: tuple[str, ...]) -> str:
    name = ".".join(path)
    return f"[[{name}]]" if section.repeated else f"[{name}]"


def _code(default: str) -> str:
    return (
        f"`{default}`"
        if default.startswith('"') or default in {"true", "false"} or default.isdigit()
        else default
    )


def _doors() -> str:
    """List them with how loudly each rings."""
    rows = ["| door | rings unless set otherwise | level |", "|---|---|---|"]
    rows += [
        f"| `{door}` | {'no' if door in SILENT_DOORS else 'yes'} | {LOUDNESS[door].word} |" for door in Door
    ]
    return "\n".join(["## Doors", "", *rows, ""])


def _example() -> str:
    lines = ["## All of it, as an example", "", "```toml"]
    for _, group in groupby(keys(), key=lambda one: one[1][:-1]):
        members = list(group)
        section, path, _ = members[0]
        lines += ["", _header(section, path[:-1])] if len(path) > 1 else []
        lines += [f"{path[-1]} = {key.example}" for _, path, key in members]
    return "\n".join([*lines, "```", ""])


def commands() -> str:
    """Write the page of the commands: their own help."""
    above = _context(cli.logonbell, "logonbell")
    parts = [COMMANDS, _help("logonbell", above)]
    for name, command in sorted(cli.logonbell.commands.items()):
        context = _context(command, name, above)
        parts.append(_help(f"logonbell {name}", context))
        if isinstance(command, click.Group):
            parts += [
                _help(f"logonbell {name} {inner}", _context(one, inner, context))
                for inner, one in sorted(command.commands.items())
            ]
    return "\n".join(parts)


def _context(command: click.Command, name: str, above: click.Context | None = None) -> click.Context:
    return command.make_context(name, [], above, resilient_parsing=True, terminal_width=100)


def _help(title: str, context: click.Context) -> str:
    return f"## `{title}`\n\n```\n{context.get_help()}\n```\n"


def lines() -> str:
    """Write the page of ``--format jsonl``: its schema in tables."""
    schema = json.loads((REFERENCE / "jsonl.schema.json").read_text("utf-8"))
    parts = [LINES]
    for name, kind in schema["$defs"].items():
        if kind.get("type") == "object":
            rows = ["| key | is | means |", "|---|---|---|"]
            rows += [
                f"| `{key}` | {_type(told)} | {told['description']} |"
                for key, told in kind["properties"].items()
            ]
            parts.append("\n".join([f"## `{name}`", "", kind["description"], "", *rows, ""]))
        else:
            values = ", ".join(f"`{value}`" for value in kind.get("enum", []))
            parts.append(f"## `{name}`\n\n{kind['description']}{' One of ' if values else ''}{values}\n")
    return "\n".join(parts)


def _type(told: Mapping[str, Any]) -> str:
    """Say in a table's cell what a value may be."""
    match told:
        case {"$ref": str(name)}:
            name = name.rpartition("/")[2]
            return f"[{name}](#{name})"
        case {"const": value}:
            return f"`{value}`"
        case {"enum": values}:
            return ", ".join(f"`{value}`" for value in values)
        case {"oneOf": choices}:
            return " or ".join(_type(choice) for choice in choices)
        case {"type": "array", "items": items}:
            return f"list of {_type(items)}"
        case {"type": list(types)}:
            return " or ".join(types)
        case {"type": kind}:
            return str(kind)
    raise ValueError(told)


PAGES: Mapping[str, Callable[[], str]] = {"config.md": settings, "commands.md": commands, "jsonl.md": lines}
"""The pages, by their names, and what writes them."""

if __name__ == "__main__":
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, write in PAGES.items():
        (REFERENCE / name).write_text(write(), encoding="utf-8")
