from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from any_facts import tellable_findings
from findings import DOMAIN_ADMIN, HOST, SENT, STORM, TOKYO, notify
from logonbell.commands.composition import composer
from logonbell.logon import Finding
from logonbell.notification import Telling
from logonbell.notifiers.attributes import attributes
from logonbell.notifiers.forms import DOCUMENT, MAIL, Form, Message, shape
from logonbell.notifiers.limits import MAX_BYTES, Attribute, faults, size
from logonbell.notifiers.topic import read_topic
from logonbell.text.facts import Reader
from logonbell.text.language import LANGUAGES

TOPIC = read_topic("arn:aws:sns:ap-northeast-1:123456789012:logonbell")


def message_of(telling: Telling, language: str = "en") -> Message:
    """Write as the agent does."""
    return composer(Reader(language, TOKYO, HOST), lambda: SENT)(telling)


def holds(message: Message, form: Form, telling: Telling) -> str:
    """Shape a message, hold it to SNS's limits, and give the body."""
    chosen = attributes(telling, TOPIC, HOST)
    shaped = shape(message, form, chosen, "[cut]")
    assert shaped.structured is (form in {Form.PER_PROTOCOL, Form.CHAT})
    assert faults("S", shaped.body, chosen, structured=shaped.structured) == ()
    return shaped.body


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("telling", [notify(DOMAIN_ADMIN), STORM], ids=["alert", "digest"])
def test_forms(telling: Telling, language: str) -> None:
    """Each form hands each protocol what it promises."""
    message = message_of(telling, language)
    whole = json.dumps(message.document)
    texts = {"default": whole, "email": message.body, "sms": message.sms}
    assert json.loads(holds(message, Form.PER_PROTOCOL, telling)) == texts
    assert json.loads(holds(message, Form.CHAT, telling)) == texts | {"https": json.dumps(message.chat)}
    assert holds(message, Form.TEXT, telling) == message.body
    assert holds(message, Form.JSON, telling) == whole


@pytest.mark.parametrize("form", Form)
def test_the_largest_message_fits(form: Form) -> None:
    """A mail of any length and a digest of any number of alerts make a message that SNS takes, both as large as they may."""
    many = replace(STORM, named=STORM.named * 400)
    message = replace(message_of(many), body='"鐘"\n' * 100_000)
    body = holds(message, form, many)
    if form in {Form.PER_PROTOCOL, Form.CHAT}:
        texts = json.loads(body)
        assert MAIL - 10 < len(texts["email"].encode()) <= MAIL
        assert texts["email"].endswith("\n[cut]")
        assert DOCUMENT * 0.7 < len(texts["default"]) <= DOCUMENT
        assert 20 < json.loads(texts["default"])["listed"] < 1200
    if form is Form.TEXT:
        assert MAX_BYTES - 10 < size(body, attributes(many, TOPIC, HOST)) <= MAX_BYTES


@pytest.mark.parametrize("form", [Form.PER_PROTOCOL, Form.CHAT])
def test_the_largest_message_leaves_room_for_its_attributes(form: Form) -> None:
    """What a policy chooses by counts, too: with long names there less of a digest stands beside a mail, not too much."""
    many = replace(STORM, named=STORM.named * 400)
    message = replace(message_of(many), body='"' * 100_000)
    chosen = attributes(many, TOPIC, HOST) | {f"more{one}": Attribute("鐘" * 2000) for one in range(4)}
    shaped = shape(message, form, chosen, "[cut]")
    assert faults("S", shaped.body, chosen, structured=True) == ()
    assert size(shaped.body, chosen) > MAX_BYTES - 12_000  # twenty alerts


def test_texts_of_a_message_are_written_as_they_are() -> None:
    """Japanese is handed over in its own letters: escaped it would take twice the room."""
    telling = notify(DOMAIN_ADMIN)
    message = replace(message_of(telling), body="鐘")
    assert '"email": "鐘"' in holds(message, Form.PER_PROTOCOL, telling)


@settings(deadline=None)  # a machine that is busy elsewhere breaks no promise
@given(tellable_findings, st.sampled_from(Form), st.sampled_from(LANGUAGES))
def test_any_alert_fits_any_form(finding: Finding, form: Form, language: str) -> None:
    """Whatever a log holds, each form of it is a message that SNS takes."""
    telling = notify(finding)
    holds(message_of(telling, language), form, telling)
