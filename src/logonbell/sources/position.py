"""Where following a channel stopped."""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from logonbell.sources.kept import Count, Kept

NAMED = "winlog:"
"""So begins the name of a source that follows a channel of this machine."""
_RECORD = re.compile(r"""\bRecordId=['"](\d{1,19})['"]""")


class Blind(msgspec.Struct, frozen=True):
    """The channel cannot be followed since ``since``, for Windows' reason ``code``; ``told`` says that this was told."""

    since: datetime
    code: int
    told: bool = False


class Position(Kept, frozen=True):
    """The record at which the reading stands, and how far it was shown that none was left out.

    ``xml`` is Windows' bookmark (empty: in front of the oldest record), ``record`` and ``time`` say which record it stands
    on. ``news`` is when news begin, until it is decided behind which record that is. ``given`` counts all that was given. ``proved`` is the
    bookmark up to which reading again found nothing missing, ``seen`` the number of records taken behind it.
    """

    news: datetime | None = None
    xml: str = ""
    record: Count = 0
    time: datetime | None = None
    given: Count = 0
    proved: str = ""
    seen: Count = 0
    blind: Blind | None = None


def record_of(bookmark: str) -> int:
    """Give the number of the record that Windows' bookmark stands on: its place in this log, forwarded or not; 0 if none."""
    found = _RECORD.search(bookmark)
    return int(found[1]) if found else 0
