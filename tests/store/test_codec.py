from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from any_facts import alerts, findings, healed, sentences, times
from logonbell.alert import Alert
from logonbell.logon import Door, Finding
from logonbell.sentence import Sentence, say
from logonbell.store.codec import (
    KINDS,
    Unreadable,
    alert_from_json,
    alert_to_json,
    finding_from_json,
    finding_to_json,
    sentence_from_json,
    sentence_to_json,
    text_from_column,
    text_to_column,
    time_from_column,
    time_to_column,
)
from notifications import notification

any_text = st.text(st.characters(exclude_categories=()))


@given(findings)
def test_finding_comes_back(finding: Finding) -> None:
    """Whatever a log wrote into a finding comes back as it was, and its text is plain ASCII without control characters."""
    text = finding_to_json(finding)
    assert finding_from_json(text) == finding
    assert text.isascii()
    assert text.isprintable()


@given(alerts)
def test_alert_comes_back(alert: Alert) -> None:
    """An alert comes back with its level, its reason and the kind of its finding."""
    back = alert_from_json(alert_to_json(alert))
    assert back == alert
    assert type(back.level) is type(alert.level)
    assert type(back.finding) is type(alert.finding)


@given(sentences)
def test_sentence_comes_back(sentence: Sentence) -> None:
    """A reason is stored in its words and holes, so that it can still be said in another language."""
    assert sentence_from_json(sentence_to_json(sentence)) == sentence


def test_every_kind_of_finding_has_a_name() -> None:
    """A new kind of finding cannot be forgotten here."""
    assert set(KINDS.values()) == set(get_args(Finding))


@pytest.mark.parametrize("hole", [True, float("nan"), float("inf")])
def test_odd_hole_still_reads(hole: float) -> None:
    """What mypy lets into a hole, though JSON has no word for it, never makes a row that cannot be read back."""
    sentence = say("so it is: {hole}", hole=hole)
    assert str(sentence_from_json(sentence_to_json(sentence))) == str(sentence)


@given(any_text)
def test_any_text_fits_a_column(text: str) -> None:
    """A bookmark or a name comes back from SQLite as it was, NUL and lone surrogates included."""
    with closing(sqlite3.connect(":memory:")) as db:
        ((column,),) = db.execute("select ?", (text_to_column(text),)).fetchall()
    assert healed(text_from_column(column)) == healed(text)


@given(st.lists(times, min_size=2, max_size=2))
def test_columns_sort_like_times(pair: list[datetime]) -> None:
    """SQLite, which compares times as text, orders them as they happened."""
    first, second = map(time_to_column, pair)
    assert (first < second) is (pair[0] < pair[1])
    assert time_from_column(first) == pair[0]


def test_times_are_kept_in_utc() -> None:
    """The zone of whoever hands a time over leaves no trace in the file."""
    tokyo = timezone(timedelta(hours=9))
    alert = notification(time=datetime(2026, 3, 4, 21, 0, tzinfo=tokyo)).alert
    assert '"time":"2026-03-04T12:00:00.000000+00:00"' in alert_to_json(alert)


def test_naive_time_is_a_mistake() -> None:
    """A time that could mean any zone is not stored."""
    with pytest.raises(ValueError, match="without its zone"):
        time_to_column(datetime(2026, 3, 4))  # noqa: DTZ001 (the point of it)


def test_halves_of_a_character_become_it() -> None:
    """The one thing that changes: two halves side by side come back as the character they make."""
    assert sentence_from_json(sentence_to_json(Sentence("\ud83d\udd14"))).words == "🔔"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"type":"logon"}',
        '{"type":"logout"}',
        '{"type":["logon"]}',
        finding_to_json(notification().alert.finding).replace('"rdp"', '"cat-flap"'),
        "[" * 100_000,
    ],
)
def test_damaged_text_is_unreadable(text: str) -> None:
    """Damaged text is told by one error, whatever is wrong with it."""
    with pytest.raises(Unreadable):
        finding_from_json(text)
    with pytest.raises(Unreadable):
        alert_from_json(text)


@pytest.mark.parametrize("column", ['"', '"x', '"x" y'])
def test_damaged_column_is_unreadable(column: str) -> None:
    """A name or bookmark that is damaged is told, too."""
    with pytest.raises(Unreadable):
        text_from_column(column)
    with pytest.raises(Unreadable):
        time_from_column(column)


def test_facts_of_a_later_version_are_passed_over() -> None:
    """After a downgrade, a fact that this version does not know costs that fact, not the finding."""
    finding = notification(door=Door.SSH, time=datetime(2026, 1, 1, tzinfo=UTC)).alert.finding
    assert finding_from_json(finding_to_json(finding)[:-1] + ',"mood":"grim"}') == finding
