"""Correlations as a stream: what other rules matched, within a time, in groups. Memory is bounded.

Windows slide: they end with the newest match of a group, whatever the clock says. A group that has fired is silent until
its condition was false again, or the time is over: a spray of an hour rings once. Where the specification leaves it open:
docs/decisions/sigma.md.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from operator import attrgetter

import msgspec

from logonbell.event import EventRef
from logonbell.sigma.evaluate import Fields
from logonbell.sigma.fold import fold
from logonbell.sigma.form import About, Correlation

GROUPS = 10_000
"""So many groups of one correlation are remembered; of more, the one that was quiet the longest is forgotten."""
MATCHES = 200_000
"""So many matches all groups of a correlation together remember."""
LONGEST = 256
"""So many characters values have together that are remembered as they are; of longer ones a hash is, for who fails to log
on chooses the name."""
SHOWN = 64
"""So many of the events behind it a match names at most."""


@dataclass(frozen=True, slots=True)
class Match:
    """A rule matched: by which event or logon (``refs``, that which made it match first), when, on which host.

    ``fields`` are those of that event, and for a correlation what it was grouped by. ``count`` is how many events there are.
    """

    about: About
    refs: tuple[EventRef, ...]
    time: datetime
    host: str
    fields: Fields
    rings: bool
    grouped: tuple[tuple[str, str], ...] = ()
    count: int = 1


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """One match of a rule in a group: ``value`` is what is counted, ``rule`` which of the correlation's rules it was."""

    time: datetime
    rule: int
    ref: EventRef
    value: str = ""
    began: datetime | None = None
    """Of an ordered correlation: when the chain that ends here began."""


class Group(msgspec.Struct, array_like=True):
    """What is remembered of a group, in the order of time: no more than it takes to decide."""

    seen: list[Seen] = []
    fired: datetime | None = None


Groups = dict[str, Group]


class Correlator:
    """One correlation, with its groups in the order in which they were last touched."""

    def __init__(self, correlation: Correlation, groups: Groups | None = None) -> None:
        self.correlation = correlation
        self.groups: Groups = groups if groups is not None else {}
        self._span = timedelta(seconds=correlation.seconds)
        self._order = {key: number for number, key in enumerate(correlation.rules)}
        self._kept = max(correlation.counted.least + 1, len(correlation.rules))
        self._held = sum(len(group.seen) for group in self.groups.values())

    def take(self, match: Match) -> Match | None:
        """Take a match of one of its rules; give its own where it fires by that."""
        rule = self._order.get(match.about.key)
        grouped = self._grouped(match)
        if rule is None or grouped is None:
            return None
        value = self._value(match.fields)
        if value is None:
            return None
        key = self._of_its_time(_key(text for _, text in grouped), match.time)
        group = self.groups.pop(key, None) or Group()
        self.groups[key] = group
        before = len(group.seen)
        known = self._add(group, Seen(match.time, rule, match.refs[0], value))
        self._held += len(group.seen) - before
        self._forget(match.time)
        return self._fire(group, match, grouped) if known else None

    def _of_its_time(self, key: str, time: datetime) -> str:
        """Give the key of a group to which a match does not come too late.

        One that does is counted apart, among its like: a clock that ran ahead and was set back must not silence a group.
        """
        if not self._is_ahead(key, time):
            return key
        apart = key + "\0"
        if self._is_ahead(apart, time):
            self._held -= len(self.groups.pop(apart).seen)
        return apart

    def _is_ahead(self, key: str, time: datetime) -> bool:
        group = self.groups.get(key)
        return group is not None and bool(group.seen) and group.seen[-1].time - self._span > time

    def _grouped(self, match: Match) -> tuple[tuple[str, str], ...] | None:
        """Give the values that it is grouped by; None where one is missing, for such an event belongs to no group."""
        aliases = self.correlation.aliases
        found = []
        for name in self.correlation.grouped:
            field = aliases[name].get(match.about.key) if name in aliases else name
            value = match.fields.get(field) if field is not None else None
            if value is None:
                value = match.fields.get(name)
            if value is None:
                return None
            found.append((name, value))
        return tuple(found)

    def _value(self, fields: Fields) -> str | None:
        """Give what is counted: distinct values of ``value_count``, nothing otherwise; None where it is missing."""
        if self.correlation.type != "value_count":
            return ""
        values = [fields.get(name) for name in self.correlation.fields]
        known = [value for value in values if value is not None]
        return _key(known) if len(known) == len(values) else None

    def _add(self, group: Group, one: Seen) -> bool:
        """Remember a match, and forget what is no longer within the time; tell whether it says anything new."""
        newest = max(group.seen[-1].time, one.time) if group.seen else one.time
        seen = [each for each in group.seen if each.time >= newest - self._span]
        group.seen = seen
        if any(each.ref == one.ref and each.rule == one.rule and each.time == one.time for each in seen):
            return False
        match self.correlation.type:
            case "value_count":
                known = next((each for each in seen if each.value == one.value), None)
            case "temporal":
                known = next((each for each in seen if each.rule == one.rule), None)
            case "temporal_ordered":
                group.seen = self._chained(seen, one)
                return True
            case _:
                known = None
        if known is not None:
            if known.time > one.time:  # it came late, and the newer one says more
                return False
            seen.remove(known)
        insort(seen, one, key=attrgetter("time"))
        group.seen = seen[-self._kept :]
        return True

    def _chained(self, seen: Sequence[Seen], one: Seen) -> list[Seen]:
        """Give what to remember of an ordered correlation: for each rule the chain that began last.

        A match that no chain leads to waits for one that comes late: the newest of each rule.
        """
        chains = {each.rule: each for each in seen if each.began is not None}
        alone = {each.rule: each for each in seen if each.began is None}
        link: Seen | None = one
        while link is not None:
            began = self._began(link, chains.get(link.rule - 1))
            if began is not None:
                known = chains.get(link.rule)
                if known is None or known.began is None or (known.began, known.time) <= (began, link.time):
                    chains[link.rule] = msgspec.structs.replace(link, began=began)
                link = alone.pop(link.rule + 1, None) or chains.get(link.rule + 1)
            else:
                if link.began is None:
                    alone[link.rule] = max(link, alone.get(link.rule, link), key=attrgetter("time"))
                link = None
        return sorted([*chains.values(), *alone.values()], key=attrgetter("time"))

    def _began(self, link: Seen, before: Seen | None) -> datetime | None:
        """Give when the chain began that a match ends; None where no chain leads to it."""
        if link.rule == 0:
            return link.time
        if before is None or before.began is None:
            return None
        return before.began if before.time <= link.time <= before.began + self._span else None

    def _fire(self, group: Group, match: Match, grouped: tuple[tuple[str, str], ...]) -> Match | None:
        if not self._holds(group):
            group.fired = None
            return None
        if group.fired is not None and match.time - group.fired <= self._span:
            return None
        group.fired = match.time
        ordered = self.correlation.type == "temporal_ordered"
        behind = [seen.ref for seen in reversed(group.seen) if not ordered or seen.began is not None]
        refs = dict.fromkeys([match.refs[0], *behind])
        return Match(
            self.correlation.about,
            tuple(refs)[:SHOWN],
            match.time,
            match.host,
            {**match.fields, **dict(grouped)},
            self.correlation.rings,
            grouped,
            len(behind),
        )

    def _holds(self, group: Group) -> bool:
        counted = self.correlation.counted
        match self.correlation.type:
            case "temporal_ordered":
                last, oldest = len(self._order) - 1, group.seen[-1].time - self._span
                return any(
                    seen.rule == last and seen.began is not None and seen.began >= oldest
                    for seen in group.seen
                )
            case "temporal":
                count = len({seen.rule for seen in group.seen})
            case _:
                count = len(group.seen)
        return count == counted.least if counted.exactly else count >= counted.least

    def _forget(self, now: datetime) -> None:
        """Forget groups that are too many, and the first that are over; others are found when their turn comes."""
        while len(self.groups) > 1:
            key = next(iter(self.groups))
            seen = self.groups[key].seen
            over = not seen or seen[-1].time < now - self._span
            if not over and len(self.groups) <= GROUPS and self._held <= MATCHES:
                return
            self._held -= len(seen)
            del self.groups[key]


def _key(values: Iterable[str]) -> str:
    """Make one text of several, with their lengths, so that no two lists of values look alike."""
    key = "".join(f"{len(folded)}:{folded}" for folded in map(fold, values))
    return key if len(key) <= LONGEST else sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
