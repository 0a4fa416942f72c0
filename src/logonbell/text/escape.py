r"""The one place where text that others wrote is made safe to show.

A user name, an address or a workstation name is written by whoever knocks at the door. Shown as it is, it could fake
a second line, colour or clear a terminal, or turn the text around it from right to left.

What cannot be seen is shown as ``\u{202e}``, ``\u{a}``, ``\u{1b}``: one notation with braces, because the short
``\n`` would be the same text as the end of ``CONTOSO\nancy``. A backslash that others wrote stays single and
readable; only a run of them that stands right before ``u{`` or before an escaped character is doubled. So an odd run
before ``u{`` ends in an escape, an even one is text, and two different names never look alike.
"""

from __future__ import annotations

import re
import unicodedata

LIMIT = 300
"""So many characters of one value are shown where its place sets no other limit."""

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SPACES = frozenset(" \u3000")
# Unicode's Default_Ignorable_Code_Point beyond category Cf, and the blank braille pattern: letters and marks in name
# only. The Hangul fillers among them are allowed in names nearly everywhere.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_MARKS = frozenset({"Mn", "Me"})
_MARKS_IN_A_ROW = 2
_PLAIN = re.compile("[!-~]+")
"""Nothing to escape but what could be taken for an escape; most names and addresses are of this kind."""
# What the headlines set between names, in either language.
_PUNCTUATION = re.compile('[ "(),;\u3000\u2192\u3001\uff08\uff09\uff0c\uff1b]')


class Shown(str):
    """Text that is safe to show; escaping it again leaves it as it is."""

    __slots__ = ()


def escape(text: str, limit: int = LIMIT, *, also: str = "") -> Shown:
    """Make ``text`` visible on one line, in at most ``limit`` characters (at least 16), ``also`` escaping those.

    Longer text ends in ``...(+236)``: so many of its characters are left out. Spaces at an end or in a row are
    escaped too, and so are combining marks that would pile up or stick to the text before.
    """
    if isinstance(text, Shown):
        return text
    if not also and len(text) <= limit and _PLAIN.fullmatch(text) and "\\u{" not in text:
        return Shown(text)
    shown = _pieces(text[: limit + 1], whole=len(text) <= limit + 1, also=also)
    if sum(map(len, shown)) <= limit and len(shown) == len(text):
        return Shown("".join(shown))
    room = limit - len(_left_out(len(text)))
    kept = 0
    while kept < len(shown) and room >= len(shown[kept]):
        room -= len(shown[kept])
        kept += 1
    return Shown("".join(shown[:kept]) + _left_out(len(text) - kept))


def name(text: str, limit: int = LIMIT) -> Shown:
    """Escape a name that stands in the middle of our own words.

    In quotation marks where it has spaces or punctuation, so that no account called ``alice on B from 10.0.0.1``
    can tell a story of its own.
    """
    if isinstance(text, Shown) or not _PUNCTUATION.search(text):
        return escape(text, limit)
    return Shown(f'"{escape(text, limit - 2, also=_QUOTE)}"')


def fit(text: str, encoding: str) -> str:
    """Escape the characters of a safe text that ``encoding`` cannot hold."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(_fitted(run, encoding) for run in _RUN.findall(text))
    return text


_QUOTE = '"'
_RUN = re.compile(r"\\*[^\\]|\\+\Z", re.DOTALL)


def _fitted(run: str, encoding: str) -> str:
    try:
        run.encode(encoding)
    except UnicodeEncodeError:
        return run[:-1] * 2 + _notation(run[-1])
    return run


def _left_out(count: int) -> str:
    return f"...(+{count})"


def _notation(character: str) -> str:
    return f"\\u{{{ord(character):x}}}"


def _pieces(text: str, *, whole: bool, also: str) -> list[str]:
    """Give what is shown for each character; ``whole`` says that ``text`` ends where it seems to."""
    hidden = _hidden(text, whole=whole, also=also)
    pieces = []
    for at, character in enumerate(text):
        if hidden[at]:
            pieces.append(_notation(character))
        elif character == "\\" and _ambiguous(text, hidden, at):
            pieces.append("\\\\")
        else:
            pieces.append(character)
    return pieces


def _hidden(text: str, *, whole: bool, also: str) -> list[bool]:
    hidden = []
    marks = _MARKS_IN_A_ROW  # as if the text before ended in marks: the first character may be none
    blank = True
    for at, character in enumerate(text):
        category = unicodedata.category(character)
        marks = marks + 1 if category in _MARKS else 0
        space = character in _SPACES
        last = whole and at == len(text) - 1
        hidden.append(
            category in _HIDDEN
            or (category == "Zs" and not space)
            or _BLANK.match(character) is not None
            or marks > _MARKS_IN_A_ROW
            or (space and (blank or last))
            or character in also
        )
        blank = space
    return hidden


def _ambiguous(text: str, hidden: list[bool], at: int) -> bool:
    end = at
    while end < len(text) and text[end] == "\\":
        end += 1
    return text.startswith("u{", end) or (end < len(text) and hidden[end])
