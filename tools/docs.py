"""Writes the generated pages of ``docs/reference``: ``python tools/docs.py``."""

# ruff: noqa: INP001  this folder is no package, and its modules are found beside each other

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).resolve().parent))

import cost
from message_schema import DIGEST, INSTANCE, KNOWN, PROOF, REMARK, SENT, VERSION
from message_schema import message_schema as schema_of_message

from logonbell import cli
from logonbell.config.key import Key, Section
from logonbell.config.notify import Filtering
from logonbell.config.settings import keys
from logonbell.logon import Door
from logonbell.rule import LOUDNESS, SILENT_DOORS

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"

SETTINGS = """\
# Settings

<!-- Made by tools/docs.py from src/logonbell/config: change it there. -->

logonbell reads one TOML file, named with `--config`, in UTF-8. Every key has a default but those that must be given, so an
empty file is a valid one. `logonbell check-config` tells all mistakes of a file at once.

- `--config ssm:NAME` reads them from a parameter of the SSM Parameter Store (`ssm:GetParameter`; [cloud.md](../cloud.md)). A copy of what
  was read last is kept in the default state folder, and stands in where AWS is not reached.
- Relative paths stand beside the file. `~`, `$NAME` and `%NAME%` are not expanded: the agent may run as another user
  than the one who writes the file, and would find another place.
- `[notify.sns]`, `[notify.webhook]` and `[notify.apprise]` make a notifier each. Several of a kind are written
  `[[notify.sns]]`, each with a `name` of its own. Each notifier has its own delivery rows: one that is not reached holds up
  no other.
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

MESSAGES = """\
# The JSON message

<!-- Made by tools/docs.py from jsonl.schema.json and tools/message_schema.py: change it there. -->

Queues, functions, web hooks and email-json that subscribe to the topic get one JSON object, in ASCII, for each message: an alert, or a
digest of many. [The schema](message.schema.json) is the contract. `schema` is its version: keys may be added within one, none
is taken away or changes its meaning. All keys are always there; null means that it is not known, never "no".

- An alert has all keys of its line in [`read --format jsonl`](jsonl.md), and those below. Tell alerts from digests by `type`.
- A message may come twice (at least once, never at most once): the same `fingerprint` is the same alert, in a message of its
  own or in a digest.
- Names, addresses and workstations are as others wrote them into the log: show them to nobody unescaped. `subject` and `text`
  are safe to show.
- A text of more than 1,024 characters ends in `...(+236)`: so many are left out. The whole object has at most 96 KiB; where
  that is too little, lists and texts are shortened, and `listed` of a digest's `count` alerts are in it.

`format` in [the settings](config.md#notifysns) says who gets it: with `per-protocol` (the default) and `chat` everybody but mail,
phones and chat, with `json` everybody.

## Message attributes

For filter policies: `level`, `rule`, `host`, `account`, `region` and `fingerprint` are there always, `door`, `user`, `principal`
and `domain_admin` (`true`, `false`) where they are known. A policy for what must not be missed goes by `level`, not by them: what
is not known is left out, and a policy that asks for it passes nothing.

**AWS documents that attributes are sent only when the message is one text for all**, not with a text for each protocol. Emulators
send them all the same, so no test of ours can tell. Where a subscription has a filter policy, set `format` to `text` or `json`
([why](../decisions/sns-messages.md)).

`MessageGroupId` is the host's id, on standard topics too: it keeps one host's storm from holding up the others in a queue
that several hosts share (SQS fair queues). On a FIFO topic `MessageDeduplicationId` is the fingerprint, so a repeat within five
minutes is not delivered. Mail, phones and web hooks cannot subscribe to a FIFO topic, only queues can.

## What it costs

{cost}

`python tools/cost.py` makes this table: one message for each logon, and where more come than the pace lets through (ten a
minute), one digest a minute of the rest. Prices are those of us-east-1 in June 2026 without the free tier (the first million
messages and the first thousand mails a month cost nothing); they change, and a phone's is set by country: about 7 ¢ a part
here. So let phones hear only what is worth a call, by a filter. Queues and functions cost nothing more.

## A phone

One part of a short message: at most 160 characters of the GSM alphabet or 70 others, of which twelve are left for the
topic's display name, which SNS puts before it. Door, who, host, from where; the last is given up first.

## Chat

With `format = "chat"`, HTTPS subscribers get the schema of Amazon Q Developer in chat applications; mail, phones and queues
get what they get otherwise. Allow threads in the channel (`@Amazon Q preferences`), and a reconnect and a logoff stand beneath
their logon.
"""


def settings() -> str:
    """Write the page of the settings."""
    parts = [SETTINGS]
    filters: list[list[tuple[type[Section], tuple[str, ...], Key]]] = []
    for _, group in groupby(keys(), key=lambda one: one[1][:-1]):
        members = list(group)
        section, path, _ = members[0]
        if section is Filtering:
            filters = [*filters, members]
            continue
        parts.append(_section(section, path[:-1], [(path[-1], key) for _, path, key in members]))
    # Each notifier has the same one.
    parts.append(
        _section(Filtering, ("notify", "*", "filter"), [(path[-1], key) for _, path, key in filters[0]])
    )
    parts += [_doors(), _example()]
    return "\n".join(parts)


def _section(section: type[Section], path: tuple[str, ...], members: list[tuple[str, Key]]) -> str:
    title = f"`[{'.'.join(path)}]`" if path else "At the top"
    if section.repeated:
        title += f", or several: `[[{'.'.join(path)}]]`"
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
        lines += [
            f"# {path[-1]} = {key.example}  # in place of {key.instead}"
            if key.instead
            else f"{path[-1]} = {key.example}"
            for _, path, key in members
        ]
    return "\n".join([*lines, "```", ""])


def commands() -> str:
    """Write the page of the commands: their own help."""
    return "\n".join([COMMANDS, *_helps(cli.logonbell, "logonbell", None)])


def _helps(command: click.Command, title: str, above: click.Context | None) -> Iterator[str]:
    """Write the help of a command, and of those that stand below it."""
    context = _context(command, title.rpartition(" ")[2], above)
    yield _help(title, context)
    if isinstance(command, click.Group):
        for name, below in sorted(command.commands.items()):
            yield from _helps(below, f"{title} {name}", context)


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


def message_schema() -> str:
    """Write the schema of the JSON message: that of the lines, with what is known of the sending."""
    schema = json.loads((REFERENCE / "jsonl.schema.json").read_text("utf-8"))
    return json.dumps(schema_of_message(schema), indent=2, ensure_ascii=False) + "\n"


def messages() -> str:
    """Write the page of the JSON message: what it has besides the keys of a line."""
    schema = json.loads((REFERENCE / "jsonl.schema.json").read_text("utf-8"))
    named = [choice["$ref"].rpartition("/")[2] for choice in schema["oneOf"]]
    kinds = ", ".join(f"[`{name}`](jsonl.md#{name})" for name in named if name != "summary")
    told = f"Which kind of alert this is, with the keys of a line of that kind: {kinds}."
    parts = [MESSAGES.replace("{cost}", cost.table())]
    for title, described in {
        "Every message": {**VERSION, **SENT},
        "An alert": {"type": {"description": told, "type": "string"}, **KNOWN},
        "A digest": DIGEST,
        "An instance": INSTANCE,
        "A remark": REMARK,
        "A proof": PROOF,
    }.items():
        rows = ["| key | is | means |", "|---|---|---|"]
        rows += [f"| `{key}` | {_type(means)} | {means['description']} |" for key, means in described.items()]
        parts.append("\n".join([f"## {title}", "", *rows, ""]))
    return "\n".join(parts).replace("(#time)", "(jsonl.md#time)")


_SECTIONS = {"alert": "an-alert", "remark": "a-remark", "proof": "a-proof"}


def _type(told: Mapping[str, Any]) -> str:
    """Say in a table's cell what a value may be."""
    match told:
        case {"$ref": str(name)}:
            name = name.rpartition("/")[2]
            return f"[{name}](#{_SECTIONS.get(name, name)})"
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


PAGES: Mapping[str, Callable[[], str]] = {
    "config.md": settings,
    "commands.md": commands,
    "jsonl.md": lines,
    "message.schema.json": message_schema,
    "message.md": messages,
}
"""The pages, by their names, and what writes them."""

if __name__ == "__main__":
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, write in PAGES.items():
        (REFERENCE / name).write_text(write(), encoding="utf-8")
