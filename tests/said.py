"""What a run of the program said."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

from logonbell.commands.desk import Desk

JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")


@dataclass
class Said:
    """What a run ended with, and what it said."""

    code: int
    out: str
    err: str


def an_english_desk() -> tuple[Desk, io.StringIO]:
    """Make a desk, and what it says, whether asked for or beside it."""
    out = io.StringIO()
    return Desk.at(out, out, {}, language="en"), out
