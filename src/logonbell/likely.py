"""What was probably meant by a word that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def likely(given: str, choices: Iterable[str]) -> str | None:
    """Give which of ``choices`` was probably meant; None where none is close."""
    by_fold = {choice.casefold(): choice for choice in sorted(choices)}
    close = difflib.get_close_matches(given.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[close[0]] if close else None
