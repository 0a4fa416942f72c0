r"""What a chat channel shows: the schema of custom notifications of Amazon Q Developer in chat applications.

Source: its administrator guide, *Custom notifications* (``version`` and ``source`` are fixed, ``textType`` knows one
value, ``description`` is demanded, ``threadId`` joins what belongs together). It renders Slack's or Teams' own
markdown, and Slack has no way to take a character's meaning away. So what others wrote stands in a code block, where
nothing has a meaning, or has those characters shown as ``\u{2a}``, in the notation of ``text/escape.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from logonbell.logon import FailedLogons, LogCleared, Logoff, Logon, Notice, Selected, Tampering
from logonbell.notification import Digest, Telling
from logonbell.notifiers.document import thread
from logonbell.text.escape import escape
from logonbell.text.message import Message

TITLE = 250
DESCRIPTION = 2_900
"""Characters: Slack shows 3,000 in one block (Block Kit, *section*); the guide names no limit of its own."""
STEP = 350
WORD = 75

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# What Slack or Teams read as more than a character. An underscore counts at a word's end only: names are full of them.
_MARKUP = re.compile(
    r"[*~`|]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|[\[\]](?=[(:\[])|(?<=\])\(|!(?=\[)|:(?=//)|@(?=channel|here|everyone)"
)
_FENCE = "```"


def chat(telling: Telling, message: Message, subject: str, host_name: str) -> dict[str, Any]:
    """Give the object: line one as the title, the facts in a code block, what to do as next steps."""
    facts = _code(message.fact_lines())
    return {
        "version": "1.0",
        "source": "custom",
        "id": telling.fingerprint,
        "content": {
            "textType": "client-markdown",
            "title": _bounded(markdown(subject), TITLE),
            "description": facts,
            "nextSteps": [_bounded(markdown(step), STEP) for step in message.steps],
            "keywords": [_word(word, WORD) for word in _keywords(telling, host_name)],
        },
        "metadata": {
            "threadId": thread(telling),
            "summary": _bounded(markdown(subject), TITLE),
            "eventType": f"logonbell-{_type(telling)}",
            "relatedResources": [_word(one, TITLE) for one in _resources(telling)],
            "additionalContext": {
                name: _word(value, TITLE) for name, value in _context(telling, host_name).items()
            },
        },
    }


def markdown(text: str) -> str:
    """Take every meaning from a text that Slack or Teams would find in it; what it says stays readable."""
    return _MARKUP.sub(lambda found: f"\\u{{{ord(found[0]):x}}}", text).translate(_ENTITIES)


def _code(lines: list[str]) -> str:
    """Put lines into a code block, as many as fit."""
    kept: list[str] = []
    room = DESCRIPTION - 2 * len(_FENCE) - 2
    for line in lines:
        shown = line.replace("`", "\\u{60}").translate(_ENTITIES)
        room -= len(shown) + 1
        if room < 0 and kept:
            break
        kept.append(shown[:DESCRIPTION] if kept else shown[: DESCRIPTION - 2 * len(_FENCE) - 2])
    return "\n".join([_FENCE, *kept, _FENCE])


def _word(text: str, longest: int) -> str:
    """Show a raw value of the log."""
    return _bounded(markdown(escape(text, longest)), longest)


def _bounded(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 3] + "..."


def _keywords(telling: Telling, host_name: str) -> Iterator[str]:
    yield telling.level.word
    if isinstance(telling, Digest):
        yield f"digest-{telling.kind}"
    elif isinstance(finding := telling.alert.finding, Logon | Logoff):
        yield str(finding.door)
    yield host_name


def _type(telling: Telling) -> str:
    if isinstance(telling, Digest):
        return f"digest-{telling.kind}"
    match telling.alert.finding:
        case Logon():
            return "logon"
        case FailedLogons():
            return "failed-logons"
        case LogCleared():
            return "log-cleared"
        case Logoff():
            return "logoff"
        case Tampering():
            return "tampering"
        case Selected():
            return "selected"
        case Notice():
            return "notice"


def _resources(telling: Telling) -> Iterator[str]:
    yield telling.host_id
    if not isinstance(telling, Digest) and isinstance(finding := telling.alert.finding, Logon):
        if finding.principal is not None:
            yield finding.principal
        if finding.ssm_session is not None:
            yield finding.ssm_session


def _context(telling: Telling, host_name: str) -> Mapping[str, str]:
    context = {"level": telling.level.word, "host": host_name, "fingerprint": telling.fingerprint}
    if isinstance(telling, Digest):
        return context | {"rule": f"digest-{telling.kind}", "alerts": str(telling.count)}
    return context | {"rule": telling.alert.rule, "sequence": str(telling.sequence)}
