"""Upper and lower case do not matter: the one fold of texts before they are compared."""

from __future__ import annotations


def fold(text: str) -> str:
    """Fold letter by letter, so that a text keeps its length and ``?`` stands for one letter.

    ``str.lower`` alone makes two letters of one (``İ``) and looks at its neighbours (``Σ``).
    """
    if text.isascii():
        return text.lower()
    return "".join(lower if len(lower := letter.lower()) == 1 else letter for letter in text)
