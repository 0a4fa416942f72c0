"""Lines of a given width, also for a language that does not put spaces between its words."""

from __future__ import annotations

import re

from logonbell.text.width import width

# A word, or one character of Japanese, with what may not stand at the beginning of a line behind it.
_PIECE = re.compile(
    r"[!-\u2dff]+ *|[^!-\u2dff ][\u3001\u3002\u300d\u300f\u30fc\uff09)\u3063\u30e3\u30e5\u30e7]* *| +"
)


def fold(text: str, columns: int) -> list[str]:
    """Break ``text`` into lines of at most so many columns; a word that is longer than a line is broken."""
    lines, line = [], ""
    for piece in _PIECE.findall(text):
        if line and width(line + piece.rstrip()) > columns:
            lines.append(line.rstrip())
            line = ""
        line += piece
        while width(line.rstrip()) > columns:
            kept = _fitting(line, columns)
            lines.append(line[:kept])
            line = line[kept:]
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _fitting(text: str, columns: int) -> int:
    """Count the characters that fit, at least one."""
    kept = 1
    while width(text[: kept + 1]) <= columns:
        kept += 1
    return kept
