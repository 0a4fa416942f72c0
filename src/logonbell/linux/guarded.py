"""Whether a place on disk is safe from plain users: what root runs or obeys, nobody else may change."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from logonbell.places import Exposed

ROOT = frozenset({0})


def exposed(places: Iterable[Path], trusted: Collection[int] = ROOT) -> list[Exposed]:
    """Name what is not safe: of each place itself and of the folders above, for a link also of what it points to.

    ``trusted`` are the ids of the users who may write there.
    """
    found: dict[Exposed, None] = {}
    for path in places:
        for place in dict.fromkeys([path.absolute(), path.resolve()]):
            found.update(dict.fromkeys(_of_place(place, trusted)))
    return list(found)


def folders_within(place: Path) -> Iterator[Path]:
    """Name all folders below a place: who may write into one puts a module of theirs beside ours."""
    for folder, _, _ in os.walk(place):
        yield Path(folder)


def _of_place(path: Path, trusted: Collection[int]) -> Iterator[Exposed]:
    """Name who may write to it, or put another into the place of it or of a folder above."""
    for place in (path, *path.parents):
        try:
            found = place.stat()
        except OSError:
            continue
        if found.st_uid not in trusted:
            yield Exposed(place, f"uid {found.st_uid}")
        elif found.st_mode & 0o022 and not (place != path and found.st_mode & stat.S_ISVTX):
            yield Exposed(place, "group" if not found.st_mode & 0o002 else "all")
