"""Whether a place on disk is safe from plain users: what SYSTEM runs or reads, nobody else may change."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from logonbell.places import Exposed
from logonbell.windows.sddl import replacers, writers
from logonbell.windows.security import Security

_NAMES = {"BU": "Users", "AU": "Authenticated Users", "WD": "Everyone", "IU": "INTERACTIVE"}


def exposed(security: Security, places: Iterable[Path]) -> list[Exposed]:
    """Name what is not safe: of each place itself who may write there, of the folders above who may replace it.

    Of a place that is not there, who could make it.
    """
    sddl = cache(security.sddl)
    found = dict[Exposed, None]()
    for place in places:
        ask = writers
        for path in (place, *place.parents):
            try:
                who = ask(sddl(path))
            except FileNotFoundError:
                continue
            found.update({Exposed(path, _NAMES.get(one, one)): None for one in who})
            ask = replacers
    return list(found)
