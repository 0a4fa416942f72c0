"""The settings that are installed: written for a topic, or taken from a file, with names of groups made SIDs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Array

from logonbell.errors import Refused
from logonbell.sentence import say

SidOf = Callable[[str], str | None]

_SID_OR_RID = re.compile(r"S-1-[0-9-]+|[0-9]+", re.ASCII)


def for_topic(arn: str, by: str) -> str:
    """Write settings that ring through a topic, and leave all else as it is unless set; ``by``: the command that does."""
    return f"""\
# Written by `{by}`. What else may be set: docs/reference/config.md; whether it is right: logonbell check-config

[notify.console]
enabled = false

[notify.sns]
topic_arn = "{arn}"
"""


def for_host_of_stack(arn: str) -> str:
    """Write settings for a host of the AWS stack: it rings through its topic, and its heartbeat is listened to."""
    return f"""\
{for_topic(arn, "logonbell cloud up")}
[cloudwatch]
heartbeat = true
"""


def with_sids(text: str, path: Path, sid_of: SidOf) -> str:
    """Put SIDs where ``rules.domain_admins`` names groups, and the names beside them; the rest stays to the letter.

    A group is known by its SID from then on: another that gets its name later does not count. What is not TOML is left
    to whoever reads the settings. Raises ``Refused`` for a name that nobody has here.
    """
    try:
        document = tomlkit.parse(text)
        admins = document.get("rules", {}).get("domain_admins")
    except (TOMLKitError, AttributeError):
        return text
    if not isinstance(admins, Array):
        return text
    named: list[str] = []
    for at, one in enumerate(list(admins)):
        if not isinstance(one, str) or _SID_OR_RID.fullmatch(one):
            continue
        sid = sid_of(str(one)) if one.strip() and one.isprintable() else None
        if sid is None:
            raise Refused(
                say(
                    "{file}: rules.domain_admins names {name}, and nobody here has that name.",
                    file=str(path),
                    name=str(one),
                ),
                say(r"Write it as DOMAIN\name, or write its SID."),
            )
        admins[at] = sid
        named.append(f"{sid} is {one}")
    if not named:
        return text
    if not admins.trivia.comment:
        admins.comment("; ".join(named))
    return tomlkit.dumps(document)
