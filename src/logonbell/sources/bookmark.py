"""Where reading an EVTX file stopped."""

from __future__ import annotations

from logonbell.sources.kept import Count, Kept


class Bookmark(Kept, frozen=True):
    """The last record given, so that it is known again, and what was told of the file besides.

    It stood at ``offset`` of the chunk at ``place`` whose first number was ``first``; ``record`` is its number,
    ``time`` its time (100 ns since 1601). All are 0 before the first record. ``through`` is the newest number that
    was given or told as lost; ``ends`` are the last numbers of the runs of chunks that are done with. ``held`` is a
    checksum of the newest chunk when records in it were held back that its own checksums do not cover (yet): they
    are given when it is seen twice the same.

    The rest is so that nothing is told twice: ``promised`` is the newest number that the file's header counted when
    records were told as missing at the end, ``spoilt`` a checksum of the places told as spoilt, ``end`` one of how
    the log ended when something was amiss there, and ``told`` says that this was told.
    """

    place: Count = 0
    first: Count = 0
    offset: Count = 0
    record: Count = 0
    time: Count = 0
    through: Count = 0
    ends: tuple[Count, ...] = ()
    held: Count = 0
    promised: Count = 0
    spoilt: Count = 0
    end: Count = 0
    told: bool = False
