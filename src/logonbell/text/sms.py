"""What a phone shows: one part of a short message, door, who, host and from where, the last given up first.

A part holds 140 bytes: 160 characters of the GSM 7-bit alphabet, or 70 UTF-16 units as soon as one character is not
of it (3GPP TS 23.038). SNS puts the topic's display name before it, the first ten characters and ``> `` (SNS developer
guide, *Publishing to a topic*), so that much is left free.
"""

from __future__ import annotations

from logonbell.notification import Telling
from logonbell.text.escape import LIMIT
from logonbell.text.facts import Reader
from logonbell.text.headline import Room
from logonbell.text.message import line_one

SEPTETS = 160
"""A part's room for text of the GSM alphabet."""
UNITS = 70
"""A part's room for any other text, in UTF-16 units."""
PREFIX = 12
"""What SNS puts before it: ten characters of the topic's display name, ``>`` and a space."""

_ONCE = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_TWICE = frozenset("\f^{}\\[~]|€")  # behind an escape character
_CUT = "..."

_NARROWER = (
    Room(terse=True),
    Room(terse=True, short=True),
    Room(each=40, listed=1, short=True, terse=True),
    Room(each=40, listed=1, short=True, terse=True, place=24),
    Room(each=28, listed=1, short=True, terse=True, place=16),
    Room(each=40, listed=1, short=True, terse=True, place=24, origin=False),
    Room(each=28, listed=1, short=True, terse=True, place=16, origin=False),
    Room(each=16, listed=1, short=True, terse=True, place=16, origin=False),
)


def septets(text: str) -> int | None:
    """Count what ``text`` takes in the GSM 7-bit alphabet; None where a character is not of it."""
    count = 0
    for character in text:
        if character in _ONCE:
            count += 1
        elif character in _TWICE:
            count += 2
        else:
            return None
    return count


def units(text: str) -> int:
    """Count UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def is_one_part(text: str, *, before: int = 0) -> bool:
    """Tell whether ``text``, with ``before`` more characters of the same alphabet, is one part."""
    counted = septets(text)
    return units(text) + before <= UNITS if counted is None else counted + before <= SEPTETS


def sms(telling: Telling, reader: Reader) -> str:
    """Write a telling as one part: never empty, on one line."""
    text = ""
    for room in _NARROWER:
        text = line_one(telling, reader, room).rstrip()
        if is_one_part(text, before=PREFIX):
            return text
    text = text[:LIMIT]
    while not is_one_part(text + _CUT, before=PREFIX):
        text = text[:-1]
    return text.rstrip() + _CUT
