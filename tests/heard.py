"""What a topic's queue heard: which alerts each message tells."""

from __future__ import annotations

import json

from emulator import Received


class WrongError(AssertionError):
    """A promise was broken."""


def told_by(message: Received) -> tuple[str, tuple[int, ...], str]:
    """Give the fingerprint of a message, the numbers of the alerts that it tells, and its rule."""
    told = json.loads(message.body)
    numbers: tuple[int, ...]
    if told["type"] == "digest":
        numbers = tuple(number for first, last in told["sequences"] for number in range(first, last + 1))
    else:
        numbers = (told["sequence"],)
    return message.attributes["fingerprint"][1], numbers, message.attributes["rule"][1]
