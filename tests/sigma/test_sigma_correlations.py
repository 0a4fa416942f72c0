from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logonbell.event import Event
from logonbell.sigma import correlate
from logonbell.sigma.correlate import Groups, Match
from logonbell.sigma.detect import Detector
from logonbell.sigma.form import Book
from sigma_texts import START, book, event, rule

A = rule("s: {EventID: 1}\ncondition: s", title="A", more="name: a\n")
B = rule("s: {EventID: 2}\ncondition: s", title="B", more="name: b\n")
C = rule("s: {EventID: 3}\ncondition: s", title="C", more="name: c\n")


def correlation(
    kind: str,
    rules: str,
    *,
    condition: str | None = None,
    by: str = "[User]",
    timespan: str = "60s",
    title: str = "Found",
    more: str = "",
) -> str:
    """Write a correlation; ``more`` stands at its end."""
    asked = "" if condition is None else f"  condition: {condition}\n"
    return (
        f"title: {title}\ncorrelation:\n  type: {kind}\n  rules: {rules}\n  group-by: {by}\n"
        f"  timespan: {timespan}\n{asked}{more}"
    )


def happens(record: int, seconds: float, event_id: int = 1, user: str = "bob", **more: str) -> Event:
    """Give an event of one of the rules."""
    return event(record, seconds, {"User": user, **more}, event_id=event_id)


def fired(texts: Sequence[str], events: Iterable[Event]) -> list[Match]:
    """Give what a book of rules found."""
    detector = Detector(book(*texts))
    return [match for one in events for match in detector.event(one)]


def times(matches: Iterable[Match]) -> list[float]:
    """Give when, in seconds after the start."""
    return [(match.time - START).total_seconds() for match in matches]


def at(seconds: Iterable[float], event_id: int = 1, user: str = "bob") -> list[Event]:
    """Give events at these times."""
    return [happens(number, when, event_id, user) for number, when in enumerate(seconds)]


@pytest.mark.parametrize(
    ("condition", "fires"),
    [
        ("{gte: 3}", [2]),
        ("{gt: 2}", [2]),
        ("{gt: 3}", [3]),
        ("{eq: 3}", [2]),
        ("{gte: 1}", [0]),
        ("{gte: 6}", []),
    ],
)
def test_events_are_counted(condition: str, fires: list[float]) -> None:
    """EVENT COUNT: how many events must occur; it rings when they do, and once."""
    found = fired([A, correlation("event_count", "[a]", condition=condition)], at([0, 1, 2, 3, 4]))
    assert times(found) == fires


def test_exactly_so_many() -> None:
    """CONDITION: ``eq`` is over when there are more, and comes again when there are so many again."""
    texts = [A, correlation("event_count", "[a]", condition="{eq: 2}")]
    assert times(fired(texts, at([0, 1, 2, 3, 63]))) == [1, 63]
    values = [A, correlation("value_count", "[a]", condition="{eq: 2, field: Host}")]
    seen = [(0, "h1"), (1, "h2"), (2, "h3"), (60.5, "h2")]
    assert times(fired(values, [happens(n, when, Host=host) for n, (when, host) in enumerate(seen)])) == [
        1,
        60.5,
    ]


def test_timespan_at_its_edge() -> None:
    """TIME SELECTION: sixty seconds are within sixty seconds, a microsecond more is not."""
    texts = [A, correlation("event_count", "[a]", condition="{gte: 2}")]
    assert times(fired(texts, at([0, 60]))) == [60]
    assert fired(texts, at([0, 60.000001])) == []
    assert times(
        fired([A, correlation("event_count", "[a]", condition="{gte: 2}", timespan="1m")], at([0, 60]))
    ) == [60]
    for text, seconds in (("2h", 7200), ("1d", 86400), ("1w", 604800)):
        ages = [A, correlation("event_count", "[a]", condition="{gte: 2}", timespan=text)]
        assert (len(fired(ages, at([0, seconds]))), len(fired(ages, at([0, seconds + 1])))) == (1, 0)


def test_windows_slide() -> None:
    """The time frame has no boundaries of its own: any sixty seconds count."""
    texts = [A, correlation("event_count", "[a]", condition="{gte: 3}")]
    assert times(fired(texts, at([0, 40, 80, 99, 120]))) == [99]


def test_values_are_counted() -> None:
    """VALUE COUNT: distinct values of a field, in each group separately, without case; an event without it does not count."""
    texts = [A, correlation("value_count", "[a]", condition="{gte: 3, field: Host}", by="[User]")]
    hosts = ["h1", "H1", "h2", "h1", "h2", "h3"]
    assert times(fired(texts, [happens(n, n, Host=host) for n, host in enumerate(hosts)])) == [5]
    others = [happens(n, n, user=f"u{n}", Host=f"h{n}") for n in range(6)]
    assert fired(texts, others) == []
    assert fired(texts, [happens(n, n) for n in range(6)]) == []
    assert times(fired(texts, [happens(n, n, Host="" if n == 2 else f"h{n}") for n in range(3)])) == [2]


def test_values_of_several_fields_are_counted_together() -> None:
    """VALUE COUNT: multiple fields are linked by and: it is their combinations that are counted."""
    texts = [A, correlation("value_count", "[a]", condition="{gte: 3, field: [Host, Port]}")]
    pairs = [("h1", "1"), ("h1", "1"), ("h1", "2"), ("h2", "1")]
    assert times(fired(texts, [happens(n, n, Host=h, Port=p) for n, (h, p) in enumerate(pairs)])) == [3]
    assert fired(texts, [happens(n, n, Host=f"h{n}") for n in range(5)]) == []
    glued = [("a", "bc"), ("ab", "c"), ("abc", "")]
    assert times(fired(texts, [happens(n, n, Host=h, Port=p) for n, (h, p) in enumerate(glued)])) == [2]


def test_values_that_come_again_are_new_again() -> None:
    """VALUE COUNT: a value counts from the last time that it came."""
    texts = [A, correlation("value_count", "[a]", condition="{gte: 2, field: Host}")]
    seen = [(0, "h1"), (50, "h1"), (100, "h2")]
    assert times(fired(texts, [happens(n, when, Host=host) for n, (when, host) in enumerate(seen)])) == [100]
    late = [(50, "h1"), (0, "h1"), (100, "h2")]  # what came late takes nothing away
    assert times(fired(texts, [happens(n, when, Host=host) for n, (when, host) in enumerate(late)])) == [100]


def test_rules_in_any_order() -> None:
    """TEMPORAL: all rules must occur in the time frame, in whatever order."""
    texts = [A, B, C, correlation("temporal", "[a, b, c]")]
    for order in ((1, 2, 3), (3, 2, 1), (2, 3, 1)):
        assert times(fired(texts, [happens(n, n, each) for n, each in enumerate(order)])) == [2]
    assert fired(texts, [happens(n, n, each) for n, each in enumerate((1, 2, 2, 1))]) == []
    assert fired(texts, [happens(n, n * 31, each) for n, each in enumerate((1, 2, 3))]) == []
    assert times(fired(texts, [happens(n, n * 30, each) for n, each in enumerate((1, 2, 3))])) == [60]


def test_some_of_the_rules() -> None:
    """TEMPORAL: a condition says of how many different rules there must be events."""
    texts = [A, B, C, correlation("temporal", "[a, b, c]", condition="{gte: 2}")]
    assert times(fired(texts, [happens(0, 0, 3), happens(1, 1, 3), happens(2, 2, 1)])) == [2]


def test_rules_in_their_order() -> None:
    """ORDERED TEMPORAL: in the order provided; others may come between them."""
    texts = [A, B, C, correlation("temporal_ordered", "[a, b, c]")]

    def found(*order: int, every: float = 1) -> list[float]:
        return times(fired(texts, [happens(n, n * every, each) for n, each in enumerate(order)]))

    assert found(1, 2, 3) == [2]
    assert found(1, 1, 2, 2, 1, 3) == [5]
    assert found(2, 1, 3, 2, 3) == [4]
    assert found(3, 2, 1) == []
    assert found(1, 3, 2) == []
    assert found(1, 2, 3, every=30) == [60]
    assert found(1, 2, 3, every=31) == []
    assert found(1, 1, 2, 3, every=25) == [75]  # the chain that began last counts


def test_rules_in_their_order_at_the_same_moment() -> None:
    """ORDERED TEMPORAL: of what has one time nobody knows what came first; it counts as in order."""
    texts = [A, B, correlation("temporal_ordered", "[a, b]")]
    assert times(fired(texts, [happens(1, 5, 2), happens(2, 5, 1)])) == [5]


def test_rules_in_their_order_of_time_not_of_arrival() -> None:
    """A logon is recognised after later events were read: the order is that of time."""
    texts = [A, B, C, correlation("temporal_ordered", "[a, b, c]")]
    late_first = [happens(1, 10, 2), happens(2, 20, 3), happens(3, 5, 1)]
    assert times(fired(texts, late_first)) == [5]
    late_second = [happens(1, 5, 1), happens(2, 20, 3), happens(3, 10, 2)]
    assert times(fired(texts, late_second)) == [10]
    better_first = [happens(1, 0, 1), happens(2, 50, 2), happens(3, 40, 1), happens(4, 70, 3)]
    assert times(fired(texts, better_first)) == [70]
    wrong_way = [happens(1, 20, 2), happens(2, 10, 3), happens(3, 5, 1)]
    assert fired(texts, wrong_way) == []


def test_groups() -> None:
    """GROUPING: by one or several fields, which are linked by and; case does not matter."""
    texts = [A, correlation("event_count", "[a]", condition="{gte: 2}", by="[User, Host]")]

    def found(*pairs: tuple[str, str]) -> list[Match]:
        return fired(texts, [happens(n, n, user=user, Host=host) for n, (user, host) in enumerate(pairs)])

    assert found(("bob", "h1"), ("bob", "h2"), ("eve", "h1")) == []
    [match] = found(("bob", "h1"), ("eve", "h1"), ("BOB", "H1"))
    assert match.grouped == (("User", "BOB"), ("Host", "H1"))
    assert found(("a", "bc"), ("ab", "c")) == []


def test_events_without_a_group_field_count_nowhere() -> None:
    """GROUPING: what has no user is not the same user."""
    texts = [A, correlation("event_count", "[a]", condition="{gte: 2}")]
    assert fired(texts, [event(n, n, {}, event_id=1) for n in range(5)]) == []
    assert times(fired(texts, at([0, 1], user=""))) == [1]  # an empty one is a value


def test_without_groups_all_count_together() -> None:
    """GROUPING: optionally."""
    texts = [A, correlation("event_count", "[a]", condition="{gte: 2}", by="[]")]
    assert times(fired(texts, [happens(1, 0, user="bob"), happens(2, 1, user="eve")])) == [1]


ALIASES = """\
  aliases:
    who: {a: TargetUserName, b: SubjectUserName}
"""


def test_aliases() -> None:
    """FIELD NAME ALIASES: one name for what the events of each rule call differently."""
    texts = [A, B, correlation("temporal", "[a, b]", by="[who]", more=ALIASES)]
    bob = [
        event(1, 0, {"TargetUserName": "bob", "SubjectUserName": "-"}, event_id=1),
        event(2, 1, {"TargetUserName": "-", "SubjectUserName": "BOB"}, event_id=2),
    ]
    [match] = fired(texts, bob)
    assert match.grouped == (("who", "BOB"),)
    assert match.fields["who"] == "BOB"
    eve = replace(bob[1], fields={"SubjectUserName": "eve", "TargetUserName": "bob"})
    assert fired(texts, [bob[0], eve]) == []


CHAIN = [
    A,
    B,
    correlation(
        "event_count", "[a]", condition="{gte: 3}", by="[User, Host]", title="Many", more="name: many\n"
    ),
    correlation("temporal_ordered", "[many, b]", title="Then", timespan="10m"),
]


def test_correlations_over_correlations() -> None:
    """RELATED RULES: chained; the outer one groups by its own ``group-by`` alone."""
    events = [happens(n, n, Host="h1") for n in range(3)]
    assert [one.about.key for one in fired(CHAIN, [*events, happens(9, 60, 2, Host="h2")])] == ["Then"]
    assert fired(CHAIN, [*events, happens(9, 60, 2, user="eve")]) == []
    assert fired(CHAIN, [*events[:2], happens(9, 60, 2)]) == []
    [match] = fired(CHAIN, [*events, happens(9, 60, 2)])
    assert match.refs[0].record_id == 9
    assert match.rings


def test_correlations_over_correlations_by_alias() -> None:
    """An alias of the inner one is a field to the outer one."""
    inner = correlation(
        "event_count", "[a, b]", condition="{gte: 2}", by="[who]", title="In", more=ALIASES + "name: in\n"
    )
    outer = correlation("event_count", "[in]", condition="{gte: 1}", by="[who]", title="Out")
    both = correlation("temporal", "[in, c]", by="[who]", title="Both", more="  aliases: {who: {c: User}}\n")
    events = [
        event(1, 0, {"TargetUserName": "bob"}, event_id=1),
        event(2, 1, {"SubjectUserName": "bob"}, event_id=2),
    ]
    assert [one.about.key for one in fired([A, B, inner, outer], events)] == ["Out"]
    assert fired([A, B, C, inner, both], [*events, happens(3, 2, 3, user="eve")]) == []
    assert [one.about.key for one in fired([A, B, C, inner, both], [*events, happens(3, 2, 3)])] == ["Both"]


def test_generate() -> None:
    """GENERATE: by default only the correlation is told; with it the rules that it refers to are, too."""
    quiet = [A, correlation("event_count", "[a]", condition="{gte: 2}")]
    loud = [A, correlation("event_count", "[a]", condition="{gte: 2}", more="  generate: true\n")]
    assert [one.about.key for one in fired(quiet, at([0, 1]))] == ["Found"]
    assert [one.about.key for one in fired(loud, at([0, 1]))] == ["a", "a", "Found"]


def test_sustained_state_rings_once() -> None:
    """A burst that goes on rings once within the time, and again when it begins anew."""
    texts = [A, correlation("event_count", "[a]", condition="{gte: 3}")]
    assert times(fired(texts, at(range(60)))) == [2]
    assert times(fired(texts, at([0, 1, 2, 3, 100, 101, 102]))) == [2, 102]  # it was over in between
    assert times(fired(texts, at(range(0, 200, 10)))) == [
        20,
        90,
        160,
    ]  # and so that one that lasts is not forgotten


def test_ordered_state_ends_with_its_first_event() -> None:
    """ORDERED TEMPORAL: when the chain is no longer within the time, a new one rings, and nothing else does."""
    texts = [A, B, correlation("temporal_ordered", "[a, b]")]
    again = [happens(1, 0, 1), happens(2, 50, 2), happens(3, 70, 1), happens(4, 80, 2)]
    assert times(fired(texts, again)) == [50, 80]
    first_alone = [happens(1, 0, 1), happens(2, 1, 2), happens(3, 31, 2), happens(4, 71, 1)]
    assert times(fired(texts, first_alone)) == [1]


def test_same_record_counts_once() -> None:
    """A record that is read again after a restart is no second event."""
    for kind, condition in (("event_count", "{gte: 2}"), ("value_count", "{gte: 2, field: Host}")):
        texts = [A, correlation(kind, "[a]", condition=condition)]
        assert fired(texts, [happens(7, 0, Host="h"), happens(7, 0, Host="h"), happens(7, 0, Host="h")]) == []
    texts = [A, correlation("event_count", "[a]", condition="{gte: 2}")]
    assert times(fired(texts, [happens(7, 0), happens(7, 1)])) == [1]  # another log's record of that number


def test_one_event_may_match_several_rules() -> None:
    """TEMPORAL: an event that matches two of the rules is an event of both."""
    other = rule("s: {User: bob}\ncondition: s", title="Other", more="name: other\n")
    texts = [A, other, correlation("temporal", "[a, other]")]
    assert times(fired(texts, at([0]))) == [0]


def test_late_events_count() -> None:
    """What comes late, and is still within the time, counts; what is older counts among its like alone."""
    texts = [A, correlation("event_count", "[a]", condition="{gte: 3}")]
    assert times(fired(texts, at([100, 50, 60]))) == [60]
    assert fired(texts, at([100, 50, 39])) == []
    assert fired(texts, at([100, 90, 39, 38])) == []
    assert times(fired(texts, at([100, 39, 101, 102]))) == [102]  # and takes nothing away
    temporal = [A, B, correlation("temporal", "[a, b]")]
    assert times(fired(temporal, [happens(1, 100, 1), happens(2, 40, 2)])) == [40]
    assert times(fired(temporal, [happens(1, 50, 1), happens(2, 0, 1), happens(3, 100, 2)])) == [100]


@pytest.mark.parametrize("kind", ["event_count", "temporal_ordered"])
def test_clock_that_was_set_back_silences_nothing(kind: str) -> None:
    """Events from the future, also a burst that rang then, do not make those of today too old to count."""
    condition = "{gte: 2}" if kind == "event_count" else None
    texts = [A, B, correlation(kind, "[a, b]", condition=condition)]
    ahead = 10 * 365 * 86_400
    future = [happens(1, ahead, 1), happens(2, ahead + 1, 2)]
    assert times(fired(texts, [*future, happens(3, 5, 1), happens(4, 6, 2)])) == [ahead + 1, 6]
    assert times(fired(texts, [*future, happens(3, 500, 1), happens(4, 5, 1), happens(5, 6, 2)])) == [
        ahead + 1,
        6,
    ]
    detector = Detector(book(*texts))
    for number in range(200):
        detector.event(happens(number, -100 * number, 1))
    assert len(detector.snapshot()["Found"]) <= 2


def test_match_names_what_is_behind_it() -> None:
    """What made it match first, then the newest of the others; and no more than 64 in all."""
    texts = [A, correlation("event_count", "[a]", condition="{gte: 3}")]
    [match] = fired(texts, at([0, 1, 2]))
    assert [ref.record_id for ref in match.refs] == [2, 1, 0]
    assert (match.count, match.host, match.about.title) == (3, "BASTION", "Found")
    [many] = fired(
        [A, correlation("event_count", "[a]", condition="{gte: 100}")], at([n / 10 for n in range(100)])
    )
    assert (len(many.refs), many.count) == (correlate.SHOWN, 100)


def test_ordered_match_names_its_chain_alone() -> None:
    """Events that wait for one that comes late are no part of it."""
    texts = [A, B, C, correlation("temporal_ordered", "[a, b, c]")]
    [match] = fired(texts, [happens(1, 0, 3), happens(2, 1, 1), happens(3, 2, 2), happens(4, 3, 3)])
    assert ([ref.record_id for ref in match.refs], match.count) == ([4, 3, 2], 3)


def test_groups_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more groups than are remembered the one that was quiet the longest is forgotten, never the newest."""
    monkeypatch.setattr(correlate, "GROUPS", 10)
    detector = Detector(book(A, correlation("event_count", "[a]", condition="{gte: 2}")))
    for number in range(50):
        detector.event(happens(number, number / 100, user=f"u{number}"))
    assert len(detector.snapshot()["Found"]) == 10
    assert not detector.event(happens(100, 1, user="u0"))
    assert detector.event(happens(101, 1, user="u49"))
    detector.event(happens(102, 1, user="u45"))  # it is the one that was touched last, now
    for number in range(9):
        detector.event(happens(200 + number, 1, user=f"v{number}"))
    assert "u45" in str(list(detector.snapshot()["Found"]))


def test_matches_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """All groups together remember so many matches, each no more than it takes to decide."""
    monkeypatch.setattr(correlate, "MATCHES", 100)
    detector = Detector(book(A, correlation("event_count", "[a]", condition="{gte: 20}")))
    for number in range(2_000):
        detector.event(happens(number, number / 1000, user=f"u{number % 13}"))
        held = [len(group.seen) for group in detector.snapshot()["Found"].values()]
        assert (sum(held) <= 100, max(held) <= 21) == (True, True)
        if number == 1_000:  # and so it is for one that goes on from what was kept
            kept = msgspec.json.encode(detector.snapshot())
            detector = Detector(book(A, correlation("event_count", "[a]", condition="{gte: 20}")))
            detector.restore(msgspec.json.decode(kept, type=dict[str, Groups]))
    for number in range(3):
        detector.event(happens(9_000 + number, 3_000 + number, user=f"new{number}"))
    assert len(detector.snapshot()["Found"]) == 3  # what was forgotten no longer counts


@pytest.mark.parametrize("name", ["u" * 30_000, "山" * 30_000, "\U0001f600\ud800" * 10_000])
def test_long_values_take_no_memory(name: str) -> None:
    """Whoever fails to log on chooses the name: a long one is told from others, and not kept."""
    texts = [
        A,
        correlation("event_count", "[a]", condition="{gte: 2}", title="Count"),
        correlation("value_count", "[a]", condition="{gte: 2, field: User}", by="[Host]", title="Values"),
    ]
    detector = Detector(book(*texts))

    def found(record: int, user: str) -> list[str]:
        return [match.about.key for match in detector.event(happens(record, record, user=user, Host="h"))]

    assert found(1, name) == []
    assert found(2, name + "x") == ["Values"]
    assert found(3, name.upper()) == ["Count"]
    assert len(msgspec.json.encode(detector.snapshot())) < 2_000


def test_groups_that_are_over_are_forgotten() -> None:
    """What is older than the time is given back when others come."""
    detector = Detector(book(A, correlation("event_count", "[a]", condition="{gte: 2}")))
    for number in range(50):
        detector.event(happens(number, number, user=f"u{number}"))
    detector.event(happens(100, 1_000, user="new"))
    assert len(detector.snapshot()["Found"]) == 1


@pytest.mark.parametrize("kind", ["event_count", "value_count", "temporal", "temporal_ordered"])
def test_a_flood_of_one_group_takes_no_memory(kind: str) -> None:
    """However many events come within the time, a group remembers what it takes to decide."""
    condition = {"event_count": "{gte: 5}", "value_count": "{gte: 5, field: Host}"}.get(kind)
    rules = "[a]" if condition else "[a, b, c]"
    detector = Detector(book(A, B, C, correlation(kind, rules, condition=condition)))
    for number in range(300):
        detector.event(happens(number, number / 100, number % 2 + 1, Host=f"h{number}"))
    [group] = detector.snapshot()["Found"].values()
    assert len(group.seen) <= 6


# Held to one that looks at all matches, each time from the beginning.

KINDS = {
    "count": [A, correlation("event_count", "[a]", condition="{gte: 3}")],
    "exactly": [A, correlation("event_count", "[a]", condition="{eq: 3}")],
    "values": [A, correlation("value_count", "[a]", condition="{gt: 1, field: Host}")],
    "exact values": [A, correlation("value_count", "[a]", condition="{eq: 2, field: Host}")],
    "temporal": [A, B, C, correlation("temporal", "[a, b, c]")],
    "two of three": [A, B, C, correlation("temporal", "[a, b, c]", condition="{eq: 2}")],
    "ordered": [A, B, C, correlation("temporal_ordered", "[a, b, c]")],
}
SPAN = timedelta(seconds=60)


def obviously(kind: str, events: Sequence[Event]) -> list[Event]:
    """Give the events at which it rings: its state is true, and was false, or it rang longer ago than the time."""
    rang: dict[str, Event | None] = {}
    found = []
    for number, now in enumerate(events):
        if "User" not in now.fields or ("values" in kind and "Host" not in now.fields):
            continue
        if now.event_id != 1 and ("count" in kind or "exactly" in kind or "values" in kind):
            continue
        user = now.fields["User"].lower()
        mine = [
            one
            for one in events[: number + 1]
            if one.fields.get("User", "?").lower() == user and now.time - SPAN <= one.time
        ]
        if not _state(kind, mine):
            rang[user] = None
        elif (before := rang.get(user)) is None or now.time - before.time > SPAN:
            rang[user] = now
            found.append(now)
    return found


def _state(kind: str, mine: Sequence[Event]) -> bool:
    ids = [one.event_id for one in mine]
    hosts = {one.fields["Host"].lower() for one in mine if one.event_id == 1 and "Host" in one.fields}
    match kind:
        case "count":
            return ids.count(1) >= 3
        case "exactly":
            return ids.count(1) == 3
        case "values":
            return len(hosts) > 1
        case "exact values":
            return len(hosts) == 2
        case "temporal":
            return set(ids) == {1, 2, 3}
        case "two of three":
            return len(set(ids)) == 2
    return any(
        first.event_id == 1
        and second.event_id == 2
        and third.event_id == 3
        and first.time <= second.time <= third.time
        for first in mine
        for second in mine
        for third in mine
    )


@st.composite
def streams(draw: st.DrawFn) -> list[Event]:
    """Give events in the order of time, some at the same moment."""
    seconds, events = 0, []
    for number in range(draw(st.integers(1, 14))):
        seconds += draw(st.sampled_from([0, 1, 10, 20, 29, 30, 31, 59, 60, 61]))
        values = {
            "User": draw(st.sampled_from(["bob", "BOB", "eve"])),
            "Host": draw(st.sampled_from(["h1", "h2", "H2", "h3"])),
        }
        left_out = draw(st.sampled_from(["", "", "", "User", "Host"]))
        values.pop(left_out, None)
        events.append(event(number, seconds, values, event_id=draw(st.sampled_from([1, 1, 2, 3]))))
    return events


@pytest.fixture(scope="module")
def books() -> dict[str, Book]:
    """Give the books of all kinds, compiled once."""
    return {kind: book(*texts) for kind, texts in KINDS.items()}


def hold(books: dict[str, Book], kind: str, events: Sequence[Event], cut: int) -> None:
    """Hold a stream to what is obvious, and to itself when it is cut and goes on from what was kept."""
    detector = Detector(books[kind])
    found = [one for one in events if detector.event(one)]
    assert found == obviously(kind, events)
    before, behind = Detector(books[kind]), Detector(books[kind])
    begun = [one for one in events[:cut] if before.event(one)]
    behind.restore(msgspec.json.decode(msgspec.json.encode(before.snapshot()), type=dict[str, Groups]))
    assert begun + [one for one in events[cut:] if behind.event(one)] == found
    assert behind.snapshot() == detector.snapshot()


@settings(max_examples=40)
@given(kind=st.sampled_from(sorted(KINDS)), events=streams(), cut=st.integers(0, 14))
def test_streams_ring_when_it_is_obvious(
    books: dict[str, Book], kind: str, events: list[Event], cut: int
) -> None:
    """All kinds, in the order of time, and cut anywhere: one that looks at everything rings at the same events."""
    hold(books, kind, events, cut)


@pytest.mark.rig
@settings(max_examples=4_000)
@given(kind=st.sampled_from(sorted(KINDS)), events=streams(), cut=st.integers(0, 14))
def test_streams_ring_when_it_is_obvious_for_long(
    books: dict[str, Book], kind: str, events: list[Event], cut: int
) -> None:
    """The same, many times."""
    hold(books, kind, events, cut)


def test_snapshot_of_other_rules_is_left_out() -> None:
    """What is kept of a correlation that there is no longer is forgotten, and a new one begins."""
    detector = Detector(book(A, correlation("event_count", "[a]", condition="{gte: 2}", title="Old")))
    detector.event(happens(1, 0))
    other = Detector(book(A, correlation("event_count", "[a]", condition="{gte: 2}", title="New")))
    other.restore(detector.snapshot())
    assert other.snapshot() == {}
