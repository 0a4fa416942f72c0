"""What a rule of EventBridge tells: lines that read like our own messages, in the language of the stack.

A text is handed over as one quoted string a line, and arrives with its quotation marks (EventBridge user guide: "For
strings, quotes are required"). What a path does not find is empty.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from logonbell.cloud.eyes import Eye
from logonbell.sentence import Sentence, say
from logonbell.text.language import speak
from logonbell.text.width import pad, width
from logonbell.text.words import LEVELS


def transformer(eye: Eye, language: str) -> dict[str, object]:
    """Make the input transformer of a rule."""
    lines = [json.dumps(line, ensure_ascii=False) for line in _lines(eye, language)]
    return {"InputPathsMap": eye.paths, "InputTemplate": "\n".join(lines)}


def _lines(eye: Eye, language: str) -> Iterator[str]:
    yield speak(eye.headline, language)
    rows = [(str(speak(label, language)), value) for label, value in _rows(eye, language)]
    room = max(width(label) for label, _ in rows) + 2
    for label, value in rows:
        yield pad(label, room) + value
    yield speak(say("What to do: {step}", step=eye.step), language)


def _rows(eye: Eye, language: str) -> Iterator[tuple[Sentence, str]]:
    yield say("Principal"), "<who>"
    yield say("Address"), "<address>"
    for name, (label, _) in eye.facts.items():
        yield label, f"<{name}>"
    yield say("Time"), "<time>"
    yield say("Account"), "<account>, <region>"
    yield say("Event"), "<action>, CloudTrail <event>"
    if eye.refused_too:
        yield say("Refused as"), "<error>"
    yield say("Level"), speak(LEVELS[eye.level], language)
