"""Which events rules could match at all: by this Windows is asked, and files are read. It may be too many, never too few."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from logonbell.hallmark import Hallmarks
from logonbell.sigma.form import EVERY, Both, Condition, Either, Field, Number, Rule, Text

LARGEST = 0xFFFF
"""Of event ids, which have 16 bits; Windows need not be asked for others."""
Ids = frozenset[int] | None
"""Event ids; None: any."""


def ids_of(condition: Condition) -> Ids:
    """Give the event ids for which a condition can hold."""
    match condition:
        case Field(field="EventID", test=Number(number)):
            sound = 0 <= number <= LARGEST and number == int(number)
            return frozenset({int(number)}) if sound else frozenset()
        case Field(field="EventID", test=Text(parts=(text,), wild="")) if text.isascii() and text.isdigit():
            return frozenset({int(text)}) if len(text) <= 5 and int(text) <= LARGEST else frozenset()
        case Both(of):
            known = [ids for ids in map(ids_of, of) if ids is not None]
            return frozenset.intersection(*known) if known else None
        case Either(of):
            each = [ids_of(one) for one in of]
            return None if None in each else frozenset().union(*(ids for ids in each if ids is not None))
        case _:
            return None


def wanted(rules: Iterable[Rule], channels: Iterable[str]) -> Mapping[str, Ids]:
    """Give, by channel, the event ids that rules ask for; of ``channels`` those of the rules over every channel, too."""
    asked: dict[str, Ids] = {}
    followed = tuple(channels)
    for rule in rules:
        ids = ids_of(rule.condition)
        for channel in rule.channels:
            for name in followed if channel == EVERY else (channel,):
                known = asked.get(name, frozenset())
                asked[name] = None if ids is None or known is None else known | ids
    return {name: ids for name, ids in asked.items() if ids is None or ids}


def together(one: Mapping[str, Ids], other: Mapping[str, Ids]) -> Mapping[str, Ids]:
    """Put together what two ask for."""
    both = dict(one)
    for channel, ids in other.items():
        known = both.get(channel, frozenset())
        both[channel] = None if ids is None or known is None else known | ids
    return both


def asks(wanted: Mapping[str, Ids], channel: str, event_id: int) -> bool:
    """Whether an event of this id is asked for."""
    ids = wanted.get(channel, frozenset())
    return ids is None or event_id in ids


def loud(noise: Hallmarks, asked: Mapping[str, Ids]) -> Hallmarks:
    """Give the hallmarks of noise without those of events that rules ask for: to a rule nothing is noise."""
    return {place: marks for place, marks in noise.items() if not asks(asked, *place)}
