"""What a topic's queue heard: which alerts each message tells."""

from __future__ import annotations

import re

from emulator import Received


class WrongError(AssertionError):
    """A promise was broken."""


def told_by(message: Received) -> tuple[str, tuple[int, ...], str]:
    """Give the fingerprint of a message, the numbers of the alerts that it tells, and its rule."""
    attributes = message.attributes
    rule = attributes["rule"][1]
    numbers: tuple[int, ...] = (int(attributes["sequence"][1]),)
    if rule.startswith("digest-"):
        listed = re.search(r"^Alert numbers +(.+(?:\n .+)*)$", message.body, re.MULTILINE)
        if listed is None:
            raise WrongError(f"a digest without numbers: {message.body}")
        numbers = tuple(
            number
            for first, last in re.findall(r"(\d+)(?:-(\d+))?", listed[1])
            for number in range(int(first), int(last or first) + 1)
        )
    return attributes["fingerprint"][1], numbers, rule
