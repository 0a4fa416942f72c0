"""What AWS's own eye tells: lines like ours, of values that nobody can bend."""

from __future__ import annotations

import json
import re

import pytest

from cloudtrail import EVENTS, INSTANCE, SESSION, SHELL, TOPIC, WHO, event, transformed
from logonbell.cloud.eyes import NAMES, ON_WITH_READING, Eye, eyes
from logonbell.cloud.telling import transformer

POLICY = "arn:aws:iam::123456789012:policy/logonbell-HostPolicy-ABC"
EYES = {eye.name: eye for eye in eyes(TOPIC, f"{TOPIC}:", POLICY)}
FREE = ("reason", "userAgent", "errorMessage", "parameters", "comment", "instanceOSUser", "PublicKey")
"""What a caller writes freely."""


def told(name: str, language: str = "en") -> list[str]:
    """Give the lines that a rule tells of its event, without their quotation marks."""
    lines = transformed(transformer(EYES[name], language), EVENTS[name]).split("\n")
    assert all(line[0] == line[-1] == '"' for line in lines)
    return [line[1:-1] for line in lines]


def test_a_session_is_told_like_the_hosts_own_alert() -> None:
    """The text that the document shows."""
    assert told("session-started") == [
        f"SSM session started: {WHO} on {INSTANCE} from 203.0.113.5",
        f"Principal   {WHO}",
        "Address     203.0.113.5",
        f"Target      {INSTANCE}",
        "Document    AWS-StartPortForwardingSession",
        f"Session id  {SESSION}",
        "Time        2026-03-03T08:05:00Z",
        "Account     123456789012, ap-northeast-1",
        "Event       StartSession, CloudTrail 9e2b3bf0-8f58-4d50-83af-b3175b68c2f8",
        "Level       high",
        f"What to do: {EYES['session-started'].step}",
    ]


def test_what_is_not_there_is_empty() -> None:
    """A plain shell names no document, and a refused call has an error; the line stays."""
    lines = transformed(transformer(EYES["session-started"], "en"), SHELL).split("\n")
    assert '"Document    "' in lines


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("name", NAMES)
def test_every_rule_tells_who_and_from_where(name: str, language: str) -> None:
    """Each event comes out whole: nothing of the template is left, and the values are in it."""
    text = "\n".join(told(name, language))
    assert WHO in text
    assert "203.0.113.5" in text
    assert not re.search(r"[<>]", text)
    if language == "ja":
        assert re.search("[\u3040-\u30ff]", text.splitlines()[0])


def test_a_value_with_quotation_marks_changes_no_other_line() -> None:
    """EventBridge escapes nothing: a principal with quotation marks stays within its lines."""
    hostile = event("ssm", "StartSession", {"target": '" "SSM session ended'}, {"sessionId": SESSION})
    plain = transformed(transformer(EYES["session-started"], "en"), SHELL).split("\n")
    bent = transformed(transformer(EYES["session-started"], "en"), hostile).split("\n")
    assert [line for line in bent if line not in plain] == [
        f'"SSM session started: {WHO} on " "SSM session ended from 203.0.113.5"',
        '"Target      " "SSM session ended"',
    ]


@pytest.mark.parametrize("eye", EYES.values(), ids=NAMES)
def test_nothing_is_told_that_a_caller_writes_freely(eye: Eye) -> None:
    """A reason, a user agent or a script would let whoever calls write lines of ours."""
    assert not [path for path in eye.paths.values() if any(word in path for word in FREE)]


@pytest.mark.parametrize("eye", EYES.values(), ids=NAMES)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_each_line_is_a_string_as_eventbridge_wants_it(eye: Eye, language: str) -> None:
    """Each line is JSON text of its own, and every hole has a path."""
    made = transformer(eye, language)
    text = str(made["InputTemplate"])
    assert all(isinstance(json.loads(line), str) for line in text.split("\n"))
    assert set(re.findall(r"<([\w-]+)>", text)) == set(eye.paths)
    assert len(text) < 8192


def test_only_what_succeeded_rings_except_attacks_on_the_bell() -> None:
    """Whoever has any key could make thousands of refused calls; an attempt on the bell is told all the same."""
    assert {name for name, eye in EYES.items() if eye.refused_too} == {
        "topic-changed",
        "subscription-changed",
        "targets-changed",
        "rule-stopped",
        "policy-detached",
    }
    assert all(("errorCode" in eye.pattern["detail"]) is not eye.refused_too for eye in EYES.values())


def test_a_password_is_read_by_a_call_that_only_reads() -> None:
    """EventBridge hands such calls to a rule only in a state of its own."""
    assert {name for name, eye in EYES.items() if eye.on == ON_WITH_READING} == {"password-read"}
