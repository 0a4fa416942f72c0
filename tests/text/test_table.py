from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path

import pytest

from findings import (
    BURST,
    BURST_ENDED,
    CLEARED,
    DOMAIN_ADMIN,
    HOSTILE_NAMES,
    LOGOFF,
    NOTICE,
    SELECTED,
    TAMPERING,
    TOKYO,
    hostile,
    logon,
)
from logonbell.logon import Door, Finding
from logonbell.rule import Rules, Verdict
from logonbell.text.language import LANGUAGES
from logonbell.text.table import DRAWN, draw
from logonbell.text.terminal import Terminal
from logonbell.text.width import width

DAY: Sequence[Finding] = (
    DOMAIN_ADMIN,
    logon(Door.SSM_SHELL),
    replace(logon(Door.NETWORK), user=None, elevated=False),
    BURST,
    BURST_ENDED,
    CLEARED,
    LOGOFF,
    NOTICE,
    TAMPERING,
    SELECTED,
)
GOLDEN = Path(__file__).parent / "golden" / "table"


class Screen(io.StringIO):
    """A stream somebody looks at."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def judged(findings: Sequence[Finding]) -> list[tuple[Finding, Verdict]]:
    """Findings with what the rules say of them."""
    return [(finding, Rules().judge(finding)) for finding in findings]


def drawn(findings: Sequence[Finding], *, language: str = "en", zone: tzinfo = TOKYO) -> str:
    """The table as a file gets it."""
    stream = io.StringIO()
    draw(judged(findings), Terminal(stream, {}), language=language, zone=zone)
    return stream.getvalue()


def screened(findings: Sequence[Finding], columns: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The table as a terminal of so many columns shows it, without its colours."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    stream = Screen()
    draw(judged(findings), Terminal(stream, {}), language="en", zone=TOKYO)
    assert "\x1b[1m" in stream.getvalue()
    return re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue()).splitlines()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_plain_table_reads_as_agreed(language: str) -> None:
    """A redirected table is the golden one in both languages: no colours, no lines, what rings is marked."""
    assert drawn(DAY, language=language) == (GOLDEN / f"{language}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_is_one_row_of_visible_text(name: str, language: str) -> None:
    """Whatever a log holds, a finding is one line, in cells of bounded width."""
    findings = hostile(name)
    lines = drawn(findings, language=language).split("\n")
    assert (
        len(lines) == 1 + len(findings) + 1 + 1
    )  # titles, rows, what the mark means, the end of the last line
    assert all(line.isprintable() for line in lines)
    assert all(width(line) < 400 for line in lines)


@pytest.mark.parametrize("language", LANGUAGES)
def test_columns_line_up_under_wide_letters(language: str) -> None:
    """The host stands in the same column in each row, Japanese names beside English ones."""
    people = [
        replace(DOMAIN_ADMIN, host="HOSTX", user=replace(user, name=name))
        for user in [DOMAIN_ADMIN.user]
        if user is not None
        for name in ("田中太郎", "alice", "か\u3099", "Zoë")
    ]
    lines = drawn(people, language=language).splitlines()[1:-1]
    assert len({width(line.partition("HOSTX")[0]) for line in lines}) == 1


@pytest.mark.parametrize(
    ("language", "title", "spans"),
    [("en", "lasted", ("2 h 5 min", "0.0 s")), ("ja", "継続時間", ("2 時間 5 分", "0.0 秒"))],
)
def test_a_session_that_is_over_says_how_long_it_lasted(
    language: str, title: str, spans: tuple[str, str]
) -> None:
    """Where any session is over there is a column for it; a clock that was set back makes none last less than nothing."""
    still, ends = logon(Door.RDP), [timedelta(hours=2, minutes=5), timedelta(hours=-1)]
    over = [replace(still, ended=still.time + end) for end in ends]
    titles, first, second, third, _mark = drawn([still, *over], language=language).splitlines()
    assert titles.endswith(title)
    assert second.removeprefix(first).strip() == spans[0]
    assert third.removeprefix(first).strip() == spans[1]
    assert title not in drawn([still], language=language)


def test_nothing_found_is_only_the_titles() -> None:
    """An empty history has titles, no rows and no mark to explain."""
    assert len(drawn([]).splitlines()) == 1


def test_a_mark_is_explained_only_where_there_is_one() -> None:
    """Where nothing rings there is no mark and no word about it."""
    assert "*" not in drawn([logon(Door.NETWORK)])


@pytest.mark.parametrize(
    ("zone", "title"),
    [(UTC, None), (timezone(timedelta(hours=9), "JST"), "JST"), (timezone(timedelta(hours=-3)), "UTC-03:00")],
)
def test_local_time_has_its_zone_in_the_title(zone: tzinfo, title: str | None) -> None:
    """A reader in UTC gets one column of times, everyone else a second one with their zone above it."""
    titles = drawn(DAY, zone=zone).splitlines()[0].split()
    assert titles[:3] == (["UTC", "user", "door"] if title is None else ["UTC", title, "user"])


def test_a_time_at_the_end_of_the_calendar_is_a_row() -> None:
    """A damaged record's time is told in UTC, and is not known in the reader's zone."""
    text = drawn([replace(DOMAIN_ADMIN, time=datetime.max.replace(tzinfo=UTC))])
    assert "9999-12-31 23:59:59  ?  " in text


def test_letters_that_are_missing_still_line_up() -> None:
    """On a Western console a Japanese name is escaped before the columns are measured."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="cp1252", newline="")
    findings = [
        replace(DOMAIN_ADMIN, host="HOSTX", workstation=None, address=one) for one in ("田中", "10.0.0.1")
    ]
    draw(judged(findings), Terminal(stream, {}), language="ja", zone=TOKYO)
    stream.flush()
    lines = raw.getvalue().decode("cp1252").splitlines()
    assert "\\u{7530}\\u{4e2d}" in lines[1]
    assert lines[0].split()[2] == "user"
    assert lines[1].index("HOSTX") == lines[2].index("HOSTX")


def test_a_wide_terminal_shows_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person at a wide terminal gets the plain table's facts, drawn."""
    plain = [line.split() for line in drawn(DAY).splitlines()]
    lines = screened(DAY, 200, monkeypatch)
    assert [line.split() for line in lines if not line.startswith("─")] == plain


def test_a_narrow_terminal_leaves_out_what_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eighty columns hold local time, user, door and address; UTC and the one host give way, times stay whole."""
    lines = screened(DAY, 80, monkeypatch)
    assert all(width(line) <= 80 for line in lines)
    text = "\n".join(lines)
    assert "UTC" not in text
    assert text.count("2026-03-03 17:05:00") == len(DAY)
    assert "203.0.113." in text


def test_markup_in_a_name_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that looks like the drawing library's markup is shown letter by letter."""
    findings = [replace(logon(Door.RDP), address="[red]:skull:[/red]")]
    assert any("[red]:skull:[/red]" in line for line in screened(findings, 200, monkeypatch))


def test_a_huge_table_is_not_drawn() -> None:
    """Nobody waits for a picture of thousands of rows: they come as plain lines at once."""
    stream = Screen()
    rows = judged([logon(Door.RDP)]) * (DRAWN + 1)
    draw(rows, Terminal(stream, {"TERM": "xterm"}), language="en", zone=TOKYO)
    assert "\x1b" not in stream.getvalue()
    assert len(stream.getvalue().splitlines()) == DRAWN + 3
