"""Small Sigma rules as a person writes them, compiled as theirs are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from textwrap import dedent, indent

from logonbell.event import Event
from logonbell.rulebook.compiling import Compiled, compile_documents
from logonbell.rulebook.document import parse_documents
from logonbell.rulebook.patterns import linear
from logonbell.sigma.evaluate import Evaluator
from logonbell.sigma.form import Book, Condition

PATH = Path("rules.yml")
SECURITY = "{product: windows, service: security}"
START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def rule(detection: str, *, title: str = "A rule", source: str = SECURITY, more: str = "") -> str:
    """Write a rule around a detection; ``more`` are further keys of it."""
    body = indent(dedent(detection).strip("\n"), "  ")
    return f"title: {title}\nlogsource: {source}\n{dedent(more)}detection:\n{body}\n"


def compiled(*texts: str, placeholders: Mapping[str, Sequence[str]] | None = None) -> Compiled:
    """Compile documents of one file; its mistakes are those of reading and of compiling."""
    documents, mistakes = parse_documents("---\n".join(texts), PATH)
    made = compile_documents(documents, placeholders)
    return Compiled(made.book, [*mistakes, *made.mistakes])


def book(*texts: str, placeholders: Mapping[str, Sequence[str]] | None = None) -> Book:
    """Compile documents in which nothing is wrong."""
    made = compiled(*texts, placeholders=placeholders)
    assert [(one.line, str(one.what)) for one in made.mistakes] == []
    return made.book


def condition(detection: str, placeholders: Mapping[str, Sequence[str]] | None = None) -> Condition:
    """Give what a detection was compiled to."""
    return book(rule(detection), placeholders=placeholders).rules[0].condition


def says(
    detection: str,
    *,
    yes: Sequence[Mapping[str, str]] = (),
    no: Sequence[Mapping[str, str]] = (),
    zone: tzinfo = UTC,
    placeholders: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Hold a detection to what it finds and what it does not."""
    matcher = Evaluator(zone, linear).matcher(condition(detection, placeholders))
    assert [fields for fields in yes if not matcher(fields)] == []
    assert [fields for fields in no if matcher(fields)] == []


def wrong(*texts: str) -> list[tuple[int, str]]:
    """Give lines and words of what is wrong with documents."""
    return [(one.line, str(one.what)) for one in compiled(*texts).mistakes]


def event(
    record: int,
    seconds: float = 0,
    fields: Mapping[str, str] | None = None,
    *,
    event_id: int = 4625,
    channel: str = "Security",
) -> Event:
    """Give an event so many seconds after ``START``."""
    time = START + timedelta(seconds=seconds)
    return Event(channel, event_id, record, time, "BASTION", "Microsoft-Windows-Test", fields or {})
