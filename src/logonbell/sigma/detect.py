"""What a book of rules says of events and logons, in the order in which they come. Its state is a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo

from logonbell.event import Event
from logonbell.logon import Logon
from logonbell.sigma.correlate import Correlator, Groups, Match
from logonbell.sigma.evaluate import Evaluator, Fields, Matcher, Patterns, no_patterns
from logonbell.sigma.fields import of_event
from logonbell.sigma.form import EVERY, Book, Rule
from logonbell.sigma.wanted import ids_of

_Ready = tuple[Rule, Matcher]


class Detector:
    """Handed events and logons, it gives the rules that match them, and the correlations that fire by that.

    Rules are found by channel and event id; only those for which an event could matter are tried. ``zone`` is where
    hours are read; ``patterns`` makes regular expressions ready, and raises ``ValueError`` for one that it cannot.
    """

    def __init__(self, book: Book, zone: tzinfo = UTC, patterns: Patterns = no_patterns) -> None:
        evaluator = Evaluator(zone, patterns)
        self._by_id: dict[tuple[str, int], list[_Ready]] = {}
        self._by_channel: dict[str, list[_Ready]] = {}
        self._over_logons: list[_Ready] = []
        for rule in book.rules:
            self._put(rule, evaluator.matcher(rule.condition))
        self._tried: dict[tuple[str, int], list[_Ready]] = {}
        self.correlations = book.correlations
        self._correlators = {one.about.key: Correlator(one) for one in book.correlations}
        self._fed: dict[str, list[str]] = {}
        for one in book.correlations:
            for key in one.rules:
                self._fed.setdefault(key, []).append(one.about.key)

    def _put(self, rule: Rule, matcher: Matcher) -> None:
        ready = (rule, matcher)
        if not rule.channels:
            self._over_logons.append(ready)
        ids = ids_of(rule.condition)
        for channel in rule.channels:
            if ids is None:
                self._by_channel.setdefault(channel, []).append(ready)
            for each in ids or ():
                self._by_id.setdefault((channel, each), []).append(ready)

    @property
    def looks_at_logons(self) -> bool:
        """Whether some rule is over logons."""
        return bool(self._over_logons)

    def event(self, event: Event) -> Sequence[Match]:
        """Give what matches an event, and what fires by that."""
        place = (event.channel, event.event_id)
        tried = self._tried.get(place)
        if tried is None:
            tried = self._tried[place] = [
                *self._by_id.get(place, ()),
                *self._by_id.get((EVERY, event.event_id), ()),
                *self._by_channel.get(event.channel, ()),
                *self._by_channel.get(EVERY, ()),
            ]
        if not tried:
            return ()
        fields = of_event(event)
        return self._matched(
            tried,
            fields,
            lambda rule: Match(rule.about, (event.ref,), event.time, event.host, fields, rule.rings),
        )

    def logon(self, logon: Logon, fields: Fields) -> list[Match]:
        """Give what matches a logon with these fields, and what fires by that."""
        return self._matched(
            self._over_logons,
            fields,
            lambda rule: Match(rule.about, (logon.main,), logon.time, logon.host, fields, rule.rings),
        )

    def _matched(
        self, tried: Sequence[_Ready], fields: Fields, match: Callable[[Rule], Match]
    ) -> list[Match]:
        found = [match(rule) for rule, passes in tried if passes(fields)]
        at = 0
        while at < len(found):  # correlations over correlations: none refers to itself, so this ends
            for key in self._fed.get(found[at].about.key, ()):
                fired = self._correlators[key].take(found[at])
                if fired is not None:
                    found.append(fired)
            at += 1
        return [one for one in found if one.rings]

    def snapshot(self) -> Mapping[str, Groups]:
        """Give what the correlations remember."""
        return {key: one.groups for key, one in self._correlators.items() if one.groups}

    def restore(self, kept: Mapping[str, Groups]) -> None:
        """Go on from a snapshot, in which correlations of other times are left out."""
        for key, one in self._correlators.items():
            self._correlators[key] = Correlator(one.correlation, kept.get(key))
