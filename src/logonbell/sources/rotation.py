"""The pieces of a log that is rotated: what was moved or copied aside, compressed or not, and the file that grows."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from logonbell.sources.textfile import ENDINGS

_ASIDE = re.compile(
    r"[.-](?:(?P<number>\d{1,4})|(?P<day>\d{8}(?:-\d{1,12})?))(?P<packed>\.(?:gz|bz2|xz|zst))?"
)
"""How logrotate names them: ``auth.log.1``, ``auth.log.2.gz``, with ``dateext`` ``secure-20241103``."""


def pieces_of(log: Path) -> Sequence[Path]:
    """Give the pieces that are there, oldest first, the file that grows last if it is there.

    Of a piece that is just being compressed only the one is given that was there before. Raises ``OSError`` where the
    folder cannot be looked into.
    """
    found: dict[str, tuple[int, int, str, Path]] = {}
    with os.scandir(log.parent) as entries:
        for entry in entries:
            aside = _ASIDE.fullmatch(entry.name[len(log.name) :]) if entry.name.startswith(log.name) else None
            if aside is None:
                continue
            with suppress(OSError):
                if entry.is_file():
                    plain = entry.name.removesuffix(aside["packed"] or "")
                    rank = -int(aside["number"] or 0), aside["day"] or ""
                    if plain not in found or not aside["packed"]:
                        found[plain] = (entry.stat().st_mtime_ns, *rank, log.parent / entry.name)
    pieces = [each[-1] for each in sorted(found.values())]
    return [*pieces, log] if log.exists() else pieces


def plain_name(path: Path) -> str:
    """Give the name of a log without what rotation adds: ``auth.log`` for ``auth.log.2.gz``."""
    name = path.name
    for ending in ENDINGS:
        name = name.removesuffix(ending)
    found = re.fullmatch(r"(?P<name>.+?)[.-](?:\d{1,4}|\d{8}(?:-\d{1,12})?)", name)
    return found["name"] if found else name
