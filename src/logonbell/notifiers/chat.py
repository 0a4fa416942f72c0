r"""What a chat channel shows: the schema of custom notifications of Amazon Q Developer in chat applications.

Source: its administrator guide, *Custom notifications* (``version`` and ``source`` are fixed, ``textType`` knows one
value, ``description`` is demanded, ``threadId`` joins what belongs together). It renders Slack's or Teams' own
markdown, and Slack has no way to take a character's meaning away. So what others wrote stands in a code block, where
nothing has a meaning, or has those characters shown as ``\u{2a}``, in the notation of ``text/escape.py``.
"""

from __future__ import annotations

import re
from typing import Any

from logonbell.notifiers.document import Document
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
# Keys of the JSON object.
_KEYWORDS = ("level", "rule", "door", "host_name")
_RESOURCES = ("host_id", "principal", "ssm_session")
_CONTEXT = ("level", "rule", "host_name", "sequence", "count", "fingerprint")


def chat(whole: Document, message: Message, subject: str) -> dict[str, Any]:
    """Give the object: line one as the title, the facts in a code block, what to do as next steps.

    ``whole`` is the JSON object of the same telling.
    """
    title = _bounded(markdown(subject), TITLE)
    context = {name: str(whole[name]) for name in _CONTEXT if whole.get(name) is not None}
    kind = f"digest-{whole['kind']}" if whole["type"] == "digest" else whole["type"]
    return {
        "version": "1.0",
        "source": "custom",
        "id": whole["fingerprint"],
        "content": {
            "textType": "client-markdown",
            "title": title,
            "description": _code(message.fact_lines()),
            "nextSteps": [_bounded(markdown(step), STEP) for step in message.steps],
            "keywords": [_word(whole[name], WORD) for name in _KEYWORDS if whole.get(name)],
        },
        "metadata": {
            "threadId": whole["thread"],
            "summary": title,
            "eventType": f"logonbell-{kind}",
            "relatedResources": [_word(whole[name], TITLE) for name in _RESOURCES if whole.get(name)],
            "additionalContext": {name: _word(value, TITLE) for name, value in context.items()},
        },
    }


def markdown(text: str) -> str:
    """Take every meaning from a text that Slack or Teams would find in it; what it says stays readable."""
    return _MARKUP.sub(lambda found: f"\\u{{{ord(found[0]):x}}}", text).translate(_ENTITIES)


def _code(lines: list[str]) -> str:
    """Put lines into a code block, as many as fit."""
    kept: list[str] = []
    most = room = DESCRIPTION - len(f"{_FENCE}\n{_FENCE}")
    for line in lines:
        shown = line.replace("`", "\\u{60}").translate(_ENTITIES)[: most - 1]
        room -= len(shown) + 1
        if room < 0:
            break
        kept.append(shown)
    return "\n".join([_FENCE, *kept, _FENCE])


def _word(text: str, longest: int) -> str:
    """Show a raw value of the log."""
    return _bounded(markdown(escape(text, longest)), longest)


def _bounded(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 3] + "..."
