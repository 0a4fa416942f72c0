"""Logons that may still grow: by what each is found, and when it is told."""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from logonbell.logon import User
from logonbell.recognise.arrival import Arrival, Kind
from logonbell.recognise.identity import is_microsoft_account

CLUTTER = 5_000
"""So many changes are entered in the indexes before what holds no longer is taken out of them."""


class Growing:
    """Those of one host, in the order in which they began.

    A logon stays entered under what it held before: whoever looks there looks twice.
    """

    def __init__(self, arrivals: Iterable[Arrival] = ()) -> None:
        self._arrivals = {arrival.serial: arrival for arrival in arrivals}
        self.tidy()

    def __len__(self) -> int:
        return len(self._arrivals)

    def __iter__(self) -> Iterator[Arrival]:
        return iter(self._arrivals.values())

    def __reversed__(self) -> Iterator[Arrival]:
        return reversed(self._arrivals.values())

    def add(self, arrival: Arrival) -> None:
        """Take one more; its serial is above all others' before it."""
        self._arrivals[arrival.serial] = arrival
        self.enter(arrival)

    def drop(self, arrival: Arrival) -> None:
        """Let one go."""
        del self._arrivals[arrival.serial]

    def enter(self, arrival: Arrival) -> None:
        """Let one be found by what it holds now."""
        self._entered += 1
        for logon_id in (*arrival.logon_ids, *arrival.unlock_ids):
            _insert(self._by_id.setdefault(logon_id, []), arrival.serial)
        _insert(self._by_name.setdefault((arrival.kind, _name(arrival.user)), []), arrival.serial)
        _insert(self._by_kind.setdefault(arrival.kind, []), arrival.serial)
        if is_microsoft_account(arrival.user):
            _insert(self._spelt_twice, arrival.serial)

    def tell_at(self, arrival: Arrival, due: datetime) -> None:
        """Have one told at a time, and at no other."""
        arrival.due = due
        heapq.heappush(self._due, (due, arrival.serial))

    def tidy(self) -> None:
        """Take out of the indexes what no longer holds."""
        self._by_id: dict[str, list[int]] = {}
        self._by_name: dict[tuple[Kind, str | None], list[int]] = {}
        self._by_kind: dict[Kind, list[int]] = {}
        self._spelt_twice: list[int] = []
        self._entered = 0
        for arrival in self:
            self.enter(arrival)
        self._due = [(arrival.due, arrival.serial) for arrival in self if arrival.due is not None]
        heapq.heapify(self._due)

    @property
    def is_cluttered(self) -> bool:
        """Whether so much was entered since that memory would run full, also where the log's time stands still."""
        return self._entered > len(self) + CLUTTER

    # --- what the readers ask ----------------------------------------------------------------------------------

    def with_id(self, logon_id: str) -> Arrival | None:
        """Give the newest that holds a logon id."""
        for arrival in self._found(self._by_id.get(logon_id, ())):
            if logon_id in arrival.logon_ids or logon_id in arrival.unlock_ids:
                return arrival
        return None

    def named(self, kind: Kind, user: User | None) -> Iterator[Arrival]:
        """Give those of one kind whose user has this name, newest first."""
        name = _name(user)
        for arrival in self._found(self._by_name.get((kind, name), ())):
            if arrival.kind is kind and _name(arrival.user) == name:
                yield arrival

    def of_kind(self, kind: Kind, since: datetime) -> Iterator[Arrival]:
        """Give those of one kind that began at ``since`` or later, newest first."""
        for arrival in self._found(self._by_kind.get(kind, ())):
            if arrival.kind is kind and arrival.time >= since:
                yield arrival

    def spelt_twice(self, kind: Kind, since: datetime) -> Iterator[Arrival]:
        """Give those of them whose user is a Microsoft account: few, where ``of_kind`` may give thousands in a storm."""
        for arrival in self._found(self._spelt_twice):
            if arrival.kind is kind and arrival.time >= since and is_microsoft_account(arrival.user):
                yield arrival

    def made_of(self, channel: str, record: int | None) -> Arrival | None:
        """Give the newest that a record was folded into."""
        for arrival in reversed(self):
            if any(ref.channel == channel and ref.record_id == record for ref in arrival.events):
                return arrival
        return None

    def due_before(self, now: datetime) -> Iterator[Arrival]:
        """Give those that are to be told before ``now``, in the order of time; each is to be told as it is given."""
        while self._due and self._due[0][0] < now:
            due, serial = heapq.heappop(self._due)
            arrival = self._arrivals.get(serial)
            if arrival is not None and arrival.due == due:
                yield arrival

    def _found(self, serials: Sequence[int]) -> Iterator[Arrival]:
        """Give those of these that still grow, newest first."""
        for serial in reversed(serials):
            arrival = self._arrivals.get(serial)
            if arrival is not None:
                yield arrival


def nearest(
    arrivals: Iterable[Arrival], at: datetime, within: timedelta, fits: Callable[[Arrival], bool]
) -> Arrival | None:
    """Give the one that fits and is nearest in time, at most ``within`` away from the logon's first or last event."""
    best: tuple[timedelta, Arrival] | None = None
    for arrival in arrivals:
        away = max(arrival.time - at, at - arrival.last, timedelta(0))
        if away <= within and (best is None or away < best[0]) and fits(arrival):
            best = (away, arrival)
    return best[1] if best else None


def _name(user: User | None) -> str | None:
    return None if user is None else user.name.casefold().partition("@")[0]


def _insert(serials: list[int], serial: int) -> None:
    """Put a serial into an ascending list, once."""
    place = bisect_left(serials, serial)
    if place == len(serials) or serials[place] != serial:
        serials.insert(place, serial)
