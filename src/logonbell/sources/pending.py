"""What a source has taken and not yet given for good, each with where the reading stands behind it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from logonbell.event import Event
from logonbell.source import Batch, Loss


class Place(Protocol):
    """Where a reading stands: ``given`` counts all that was given up to there, ``text`` is the bookmark."""

    @property
    def given(self) -> int:
        """So much was given."""
        ...

    @property
    def text(self) -> str:
        """How it is kept."""
        ...


P = TypeVar("P", bound=Place)


@dataclass(frozen=True, slots=True)
class Taken(Generic[P]):
    """Something to be given, and where the reading stands behind it."""

    place: P
    event: Event | None = None
    loss: Loss | None = None


class Pending(Generic[P]):
    """In the order in which it was taken. It stays, and is given again, until a bookmark behind it shows that it was kept."""

    def __init__(self) -> None:
        self._taken: deque[Taken[P]] = deque()

    def __len__(self) -> int:
        return len(self._taken)

    @property
    def events(self) -> int:
        """How many events there are to give."""
        return sum(taken.event is not None for taken in self._taken)

    def put(self, place: P, event: Event | None = None, loss: Loss | None = None) -> None:
        """Take something; the reading stands at ``place`` behind it."""
        self._taken.append(Taken(place, event, loss))

    def clear(self) -> None:
        """Forget all of it."""
        self._taken.clear()

    def keep(self, given: int) -> P | None:
        """Forget what was kept, up to so much that was given; give the place behind the last of it, None for nothing."""
        place = None
        while self._taken and self._taken[0].place.given <= given:
            place = self._taken.popleft().place
        return place

    def batch(self, most: int, here: P, number: Callable[[P], int], *, more: bool) -> Batch:
        """Give as much as ``most`` events, and the bookmark behind that; ``here`` is the place behind all of it."""
        given: list[Taken[P]] = []
        events: list[Event] = []
        for taken in self._taken:
            if len(events) == most:
                break
            given.append(taken)
            if taken.event is not None:
                events.append(taken.event)
        all_given = len(given) == len(self._taken)
        place = here if all_given else given[-1].place
        return Batch(
            events,
            place.text,
            [taken.loss for taken in given if taken.loss is not None],
            records=len(given),
            newest=number(place) or None,
            more=not all_given or more,
        )
