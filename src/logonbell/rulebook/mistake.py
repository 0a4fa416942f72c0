"""What is wrong with a file of rules."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from logonbell.sentence import Sentence


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a file of rules, and where (lines from 1; 0 for the file as a whole)."""

    path: Path
    line: int
    what: Sentence
    rule: str | None = None
