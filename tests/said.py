"""What a run of the program said."""

from __future__ import annotations

import re
from dataclasses import dataclass

JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")


@dataclass
class Said:
    """What a run ended with, and what it said."""

    code: int
    out: str
    err: str
