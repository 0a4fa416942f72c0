"""Any condition of a Sigma rule and any fields, of few letters and names, so that they meet often."""

# ruff: noqa: RUF001  letters that look like others are what it is about

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from logonbell.sigma.form import (
    Anywhere,
    Both,
    Compared,
    Condition,
    Either,
    Exists,
    Field,
    Moment,
    Network,
    Not,
    Null,
    Number,
    Other,
    Pattern,
    Text,
    Truth,
)

LETTERS = "aAbB*?\\. \nıİIKk\u212aΣσςß😀"
NAMES = ("x", "y", "a b")

texts = st.text(LETTERS, max_size=7)
small_numbers = st.one_of(st.integers(-20, 20), st.sampled_from([0.5, -1.25, 10.0, 1e15]))
moments = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)).flatmap(  # noqa: DTZ001  the zone is added
    lambda time: st.sampled_from(
        [UTC, timezone(timedelta(hours=9)), timezone(timedelta(hours=-3, minutes=-30))]
    ).map(lambda zone: time.replace(tzinfo=zone).isoformat())
)
addresses = st.tuples(*[st.sampled_from([0, 10, 127, 255])] * 4).map(lambda four: ".".join(map(str, four)))
values = st.one_of(
    texts,
    texts,
    small_numbers.map(str),
    st.sampled_from(["true", "FALSE", "False", "", "0", "-", "10.0", " 5 ", "1e1", "0x5", "::1"]),
    moments,
    addresses,
)
fields = st.dictionaries(st.sampled_from(NAMES), values, max_size=3)


@st.composite
def wild_texts(draw: st.DrawFn) -> Text:
    """Give a text with wildcards."""
    wild = draw(st.text("*?", max_size=4))
    parts = [draw(st.text(LETTERS, max_size=2)) for _ in range(len(wild) + 1)]
    return Text(tuple(parts), wild, draw(st.booleans()))


patterns = st.builds(
    Pattern,
    st.sampled_from(["a", "^a", "b$", "a+b?", "[ab]{2}", "(a|b)b", ".", "a.b", "^$", ""]),
    st.sampled_from(["", "i", "m", "s", "im", "is"]),
)
tests = st.one_of(
    wild_texts(),
    texts.map(lambda text: Text((text,))),
    st.builds(Number, small_numbers),
    st.builds(Truth, st.booleans()),
    st.just(Null()),
    st.builds(Exists, st.booleans()),
    patterns,
    st.builds(
        lambda address, bits: Network(f"{address}/{bits}"),
        addresses,
        st.sampled_from([0, 7, 8, 16, 31, 32]),
    ),
    st.builds(Compared, st.sampled_from(["lt", "lte", "gt", "gte"]), small_numbers),
    st.builds(
        Moment,
        st.sampled_from(["minute", "hour", "day", "week", "month", "year"]),
        st.sampled_from(["eq", "lt", "lte", "gt", "gte"]),
        st.integers(0, 60),
    ),
    st.builds(Other, st.sampled_from(NAMES), st.booleans(), st.booleans()),
)
leaves = st.one_of(
    st.builds(Field, st.sampled_from(NAMES), tests),
    st.builds(Field, st.just("x"), texts.map(lambda text: Text((text,)))),
    st.builds(Anywhere, st.one_of(wild_texts(), st.builds(Number, st.integers(0, 30)), patterns)),
)


def above(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    """Give conditions over conditions."""
    some = st.lists(inner, min_size=1, max_size=4).map(tuple)
    return st.one_of(st.builds(Both, some), st.builds(Either, some), st.builds(Not, inner))


conditions: st.SearchStrategy[Condition] = st.recursive(leaves, above, max_leaves=8)
