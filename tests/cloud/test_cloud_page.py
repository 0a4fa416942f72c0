"""The page about the AWS side says what the program does, in both languages."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from cloudtrail import EVENTS, TOPIC, transformed
from command_line import as_typed
from logonbell.cli import logonbell
from logonbell.cloud.eyes import NAMES, eyes
from logonbell.cloud.telling import transformer
from logonbell.text.language import speak
from logonbell.text.words import LEVELS

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
PAGES = {"en": "cloud.md", "ja": "cloud.ja.md"}
pages = pytest.mark.parametrize("language", PAGES)
EYES = eyes(TOPIC, f"{TOPIC}:", "arn:policy")


def page(language: str) -> str:
    """The page in a language."""
    return (DOCS / PAGES[language]).read_text("utf-8")


def typed(language: str) -> list[str]:
    """The command lines of logonbell on the page."""
    text = page(language)
    lines = re.findall(r"(?m)^logonbell (\S.*)$", text) + re.findall(r"`logonbell (\S[^`]*)`", text)
    return [line.partition(" > ")[0] for line in lines]


@pages
def test_every_command_is_one(language: str) -> None:
    """Whoever types what stands on the page types what logonbell takes."""
    for line in typed(language):
        word, *arguments = shlex.split(line)
        context = as_typed(word, arguments)
        if word in {"cloud", "topic"}:
            group = logonbell.commands[word]
            group.commands[arguments[0]].make_context(arguments[0], arguments[1:], parent=context)  # type: ignore[attr-defined]  # a group


def test_both_pages_say_the_same() -> None:
    """Nothing is only told in one language."""
    assert sorted(typed("en")) == sorted(typed("ja"))
    for mark in ("\n## ", "\n|", "\n- ", "\n```"):
        assert page("en").count(mark) == page("ja").count(mark)


@pages
def test_the_message_is_what_arrives(language: str) -> None:
    """The text on the page is that which the rule makes of a session's event, to the letter."""
    made = transformed(transformer(EYES[0], language), EVENTS["session-started"])
    assert f"```\n{made}\n```" in page(language)


@pages
def test_every_rule_stands_there_with_its_calls_and_level(language: str) -> None:
    """And no other."""
    rows = re.findall(r"(?m)^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \| (.*) \| (\S+) \|$", page(language))
    told = {name: (calls, level) for names, calls, level in rows for name in re.findall("`([a-z-]+)`", names)}
    assert told.keys() == set(NAMES)
    for eye in EYES:
        calls, level = told[eye.name]
        assert all(call in calls for call in eye.calls)
        assert level == speak(LEVELS[eye.level], language)


@pages
def test_its_links_lead_somewhere(language: str) -> None:
    """Whoever follows a link finds a page."""
    links = re.findall(r"\]\((?!https)([^)#]+)", page(language))
    assert [link for link in links if not (DOCS / link).exists()] == []
