"""Where this program stands, and what of it somebody else may change."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

import logonbell


class Exposed(NamedTuple):
    """A place that somebody may change, or put another into the place of; and who, in words or by number."""

    path: Path
    who: str


def program_places() -> list[Path]:
    """Name all from which Python takes the code of this program: whoever may write there is SYSTEM or root by it."""
    paths = sysconfig.get_paths()
    named = ("stdlib", "platstdlib", "purelib", "platlib", "scripts")
    package = Path(logonbell.__file__).parent
    own = [sys.executable, sys.prefix, sys.base_prefix, *(paths[one] for one in named)]
    return [*dict.fromkeys(Path(one) for one in own), package]
