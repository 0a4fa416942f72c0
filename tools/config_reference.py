"""Writes the reference page of the settings from the settings: ``python tools/config_reference.py``."""

# ruff: noqa: INP001  this folder is no package

from __future__ import annotations

import inspect
from itertools import groupby
from pathlib import Path

from logonbell.config import Key, Section, keys
from logonbell.logon import Door
from logonbell.rule import LOUDNESS, SILENT_DOORS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "config.md"

HEAD = """\
# Settings

<!-- Made by tools/config_reference.py from src/logonbell/config.py: change it there. -->

logonbell reads one TOML file, named with `--config`, in UTF-8. Every key has a default but `notify.sns.topic_arn`, so an
empty file is a valid one. `logonbell check-config` tells all mistakes of a file at once.

- Relative paths stand beside the file. `~`, `$NAME` and `%NAME%` are not expanded: the agent may run as another user
  than the one who writes the file, and would find another place.
- Write Windows paths in single quotes (`'C:\\Windows'`): in double quotes TOML takes `\\` for an escape.
"""


def page() -> str:
    """Write the page."""
    parts = [HEAD]
    for _, group in groupby(keys(), key=lambda one: one[1][:-1]):
        members = list(group)
        section, path, _ = members[0]
        parts.append(_section(section, path[:-1], [(path[-1], key) for _, path, key in members]))
    parts += [_doors(), _example()]
    return "\n".join(parts)


def _section(section: type[Section], path: tuple[str, ...], members: list[tuple[str, Key]]) -> str:
    title = f"`[{'.'.join(path)}]`" if path else "At the top"
    rows = ["| key | is | default | for |", "|---|---|---|---|"]
    rows += [f"| `{name}` | {key.kind.words} | {_code(key.default)} | {key.means} |" for name, key in members]
    return "\n".join([f"## {title}", "", inspect.getdoc(section) or "", "", *rows, ""])


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
        table = ".".join(members[0][1][:-1])
        lines += ["", f"[{table}]"] if table else []
        lines += [f"{path[-1]} = {key.example}" for _, path, key in members]
    return "\n".join([*lines, "```", ""])


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
