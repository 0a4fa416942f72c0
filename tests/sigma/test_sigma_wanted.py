from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from any_conditions import above, conditions, fields
from logonbell.event import Event
from logonbell.query import CLAUSES, query_for, query_list
from logonbell.rulebook.patterns import linear
from logonbell.sigma.detect import Detector
from logonbell.sigma.evaluate import Evaluator
from logonbell.sigma.fields import of_event
from logonbell.sigma.form import EVERY, About, Book, Condition, Field, Number, Rule, Text
from logonbell.sigma.wanted import asks, wanted
from sigma_texts import book, event, rule

FOLLOWED = ("Security", "System", "Microsoft-Windows-Sysmon/Operational")
CLAUSE = re.compile(r"EventID=(0|[1-9][0-9]{0,4})")
"""The one comparison of Windows' XPath subset that is asked for here: a number of 16 bits."""


def selects(query: str, happened: Event) -> bool:
    """Answer as Windows does, which knows a small part of XPath 1.0; refuse whatever else is asked.

    https://learn.microsoft.com/windows/win32/wes/consuming-events#xpath-10-limitations
    """
    found = False
    queries = ET.fromstring(query)  # noqa: S314  it is our own
    assert queries.tag == "QueryList"
    for one in queries:
        assert one.tag == "Query"
        chosen = list(one)
        assert chosen, "a query that selects nothing is invalid"
        for select in chosen:
            assert select.tag == "Select"
            found |= select.get("Path", one.get("Path")) == happened.channel and _xpath(
                select.text or "", happened
            )
    return found


def _xpath(text: str, happened: Event) -> bool:
    if text == "*":
        return True
    body = re.fullmatch(r"\*\[System\[\((.+)\)\]\]", text)
    assert body is not None, text
    clauses = body[1].split(" or ")
    assert len(clauses) <= 20, "Windows answers that the query is invalid"
    asked = [CLAUSE.fullmatch(clause) for clause in clauses]
    assert None not in asked, text
    ids = [int(clause[1]) for clause in asked if clause is not None]
    assert all(each <= 0xFFFF for each in ids)
    return happened.event_id in ids


@pytest.mark.parametrize(
    "asked",
    [
        "*[System[(contains(Channel, 'Sec'))]]",
        "*[System[(starts-with(Channel, 'Sec'))]]",
        "*[System[(not(EventID=1))]]",
        "*[System[(EventID=1) and (EventID=2)]]",
        "*[System[(EventID=70000)]]",
        "*[System[(EventID=-1)]]",
        "*[System[(" + " or ".join(["EventID=1"] * 21) + ")]]",
        "",
    ],
)
def test_judge_of_queries_refuses_what_windows_does_not_know(asked: str) -> None:
    """The judge of these tests would tell: no contains, no starts-with, no not(), no more than 20 clauses."""
    with pytest.raises(AssertionError):
        selects(
            f'<QueryList><Query Id="0" Path="Security"><Select>{asked}</Select></Query></QueryList>', event(1)
        )


ids = st.sampled_from([1, 2, 3, 4624, 4625, 65535])
about_ids = st.builds(
    Field,
    st.just("EventID"),
    st.one_of(
        st.builds(Number, st.one_of(ids, st.sampled_from([4624.0, 1.5, -1, 70000, 1e300]))),
        st.builds(lambda each: Text((str(each),)), ids),
        st.sampled_from(
            [
                Text(("46", ""), "*"),
                Text(("462", ""), "?"),
                Text(("04624",)),
                Text(("\uff19",)),
                Text(("9" * 5000,)),
                Text(("",)),
            ]
        ),
    ),
)
about_events: st.SearchStrategy[Condition] = st.recursive(
    st.one_of(about_ids, about_ids, conditions), above, max_leaves=10
)
rules = st.lists(
    st.tuples(
        about_events,
        st.one_of(
            st.just([EVERY]),
            st.lists(st.sampled_from([*FOLLOWED, "Elsewhere"]), max_size=2, unique=True),
        ),
    ),
    min_size=1,
    max_size=4,
).map(
    lambda some: [
        Rule(about=About(key=str(number), title="T"), channels=tuple(channels), condition=condition)
        for number, (condition, channels) in enumerate(some)
    ]
)
events = st.builds(
    lambda event_id, channel, values: event(1, fields=values, event_id=event_id, channel=channel),
    ids,
    st.sampled_from([*FOLLOWED, "Elsewhere"]),
    fields,
)


def is_never_narrower(some: list[Rule], happened: Event) -> None:
    """Whatever a rule matches, Windows was asked for, and the index of the detector finds."""
    asked = wanted(some, (*FOLLOWED, "Elsewhere"))
    matching = {
        one.about.key
        for one in some
        if {EVERY, happened.channel} & set(one.channels)
        and Evaluator(patterns=linear).matcher(one.condition)(of_event(happened))
    }
    found = [match.about.key for match in Detector(Book(tuple(some)), patterns=linear).event(happened)]
    assert sorted(found) == sorted(matching)
    if matching:
        assert asks(asked, happened.channel, happened.event_id)
        assert selects(query_for(happened.channel, asked[happened.channel]), happened)
    for channel, these in asked.items():
        assert selects(query_for(channel, these), happened) == (
            channel == happened.channel and asks(asked, channel, happened.event_id)
        )


@settings(max_examples=25)
@given(some=rules, happened=events)
def test_query_is_never_narrower_than_the_rules(some: list[Rule], happened: Event) -> None:
    """What Windows leaves out, no rule could have matched."""
    is_never_narrower(some, happened)


@pytest.mark.rig
@settings(max_examples=5_000)
@given(some=rules, happened=events)
def test_query_is_never_narrower_than_the_rules_for_long(some: list[Rule], happened: Event) -> None:
    """The same, many times."""
    is_never_narrower(some, happened)


@settings(max_examples=20)
@given(many=st.sets(st.integers(0, 0xFFFF), min_size=1, max_size=300))
def test_clauses_are_bounded(many: set[int]) -> None:
    """However many event ids rules ask for, no Select has more than 20 clauses, and together they ask for all."""
    some = [
        Rule(
            about=About(key=str(each), title="T"),
            channels=("Security",),
            condition=Field("EventID", Number(each)),
        )
        for each in many
    ]
    asked = wanted(some, FOLLOWED)
    assert asked == {"Security": frozenset(many)}
    query = query_list({channel: these for channel, these in asked.items() if these is not None})
    for each in many:
        assert selects(query, event(1, event_id=each))
    assert not selects(query, event(1, event_id=next(each for each in range(0x10000) if each not in many)))
    assert query.count("<Select") == -(-len(many) // CLAUSES)


@pytest.mark.parametrize(
    ("detection", "asked"),
    [
        ("s: {EventID: 4624}\ncondition: s", {4624}),
        ("s: {EventID: [4624, '4625']}\ncondition: s", {4624, 4625}),
        ("s: {EventID: 4624, User: bob}\ncondition: s", {4624}),
        ("s: {EventID: 4624}\nf: {User: bob}\ncondition: s and not f", {4624}),
        ("s: {EventID: 4624}\nf: {EventID: 4625}\ncondition: s or f", {4624, 4625}),
        ("s: {EventID: 4624}\nf: {User: bob}\ncondition: s or f", None),
        ("s: {EventID: 4624}\ncondition: not s", None),
        ("s: {EventID|gt: 4000}\ncondition: s", None),
        ("s: {EventID: 46*}\ncondition: s", None),
        ("s: [evil]\ncondition: s", None),
        ("s: {EventID: [4624, 4625]}\nf: {EventID: [4625, 4626]}\ncondition: s and f", {4625}),
    ],
)
def test_ids_are_found_in_rules(detection: str, asked: set[int] | None) -> None:
    """The ids of all rules are asked for; where a rule could match any, the whole channel is."""
    found = wanted(book(rule(detection)).rules, FOLLOWED)
    assert found == {"Security": None if asked is None else frozenset(asked)}


def test_rules_that_can_never_match_ask_for_nothing() -> None:
    """An id that no event has is left out, and so is a channel of which nothing is wanted: such a query is invalid."""
    never = [
        "{EventID: 70000}",
        "{EventID: -1}",
        "{EventID: 1.5}",
        "{EventID: 1, 'EventID|contains|all': [a, b], x: 1}",
    ]
    assert wanted(book(rule(f"s: {never[0]}\ncondition: s")).rules, FOLLOWED) == {}
    assert wanted(book(rule(f"s: {never[1]}\ncondition: s")).rules, FOLLOWED) == {}
    assert wanted(book(rule(f"s: {never[2]}\ncondition: s")).rules, FOLLOWED) == {}


def test_rules_over_every_channel_ask_in_those_that_are_followed() -> None:
    """A rule without a service asks everywhere, one with a service in its channel, one over logons nowhere."""
    some = book(
        rule("s: {EventID: 1}\ncondition: s", title="a", source="{product: windows}"),
        rule("s: {EventID: 2}\ncondition: s", title="b"),
        rule("s: {x: 2}\ncondition: s", title="c", source="{category: process_creation, product: windows}"),
        rule("s: {User: bob}\ncondition: s", title="d", source="{product: logonbell, category: logon}"),
    ).rules
    assert wanted(some, ("Security", "System")) == {
        "Security": frozenset({1, 2}),
        "System": frozenset({1}),
        "Microsoft-Windows-Sysmon/Operational": frozenset({1}),
    }
