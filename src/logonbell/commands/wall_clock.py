"""The clock on this machine's wall, summer and winter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo


class MachineZone(tzinfo):
    """The zone of this machine, asked of the system for each moment: an agent runs through the nights on which clocks change.

    (``datetime.astimezone`` alone gives an offset that stays as it is.) Like any zone it raises ``OverflowError`` where the
    calendar ends, or where the system knows of no such time.
    """

    def utcoffset(self, dt: datetime | None) -> timedelta | None:
        """How far its clocks are ahead of UTC."""
        return None if dt is None else _asked(dt).utcoffset()

    def dst(self, dt: datetime | None) -> None:
        """Not told: the system says how far ahead clocks are, not why."""
        del dt

    def tzname(self, dt: datetime | None) -> str | None:
        """What the system calls the zone at that moment."""
        return None if dt is None else _asked(dt).tzname()

    def fromutc(self, dt: datetime) -> datetime:
        """Give the time on the wall; of the two that an hour has when clocks go back, the right one."""
        there = _local(dt.replace(tzinfo=UTC))
        wall = there.replace(tzinfo=self, fold=0)
        return wall if self.utcoffset(wall) == there.utcoffset() else wall.replace(fold=1)


def _asked(wall: datetime) -> datetime:
    return _local(wall.replace(tzinfo=None))


def _local(time: datetime) -> datetime:
    try:
        return time.astimezone()
    except (OSError, ValueError) as error:  # Windows knows of no time before 1970
        raise OverflowError(str(error)) from error
