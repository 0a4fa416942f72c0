from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logonbell.notifiers.limits import (
    MAX_BYTES,
    MAX_SUBJECT,
    Attribute,
    batch_faults,
    faults,
    fit_body,
    fit_subject,
    fit_text,
    fit_value,
    is_token,
    size,
)

ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=400)


def told(subject: str | None = "Logon", body: str = "body", **attributes: Attribute) -> list[str]:
    """The faults of a message, in English."""
    return [str(fault) for fault in faults(subject, body, attributes)]


def test_an_ordinary_message_passes() -> None:
    """What SNS takes has no faults, in any script, with or without a subject."""
    assert (
        told(
            "ログオン: CONTOSO\\alice",
            "一行目\n二行目\t鐘",
            level=Attribute("high"),
            sequence=Attribute("7", "Number"),
        )
        == []
    )
    assert told(None) == []


@pytest.mark.parametrize(
    ("subject", "fault"),
    [
        ("", "its subject is empty"),
        ("  ", "its subject is empty"),
        ("x" * 100, "its subject has 100 characters, at most 99 pass"),
        ("🔔" * 50, "its subject has 100 characters, at most 99 pass"),
        ("a\nb", "its subject holds a control character or a line break"),
        ("a\rb", "its subject holds a control character or a line break"),
        ("a\x1bb", "its subject holds a control character or a line break"),
        ("a\x7fb", "its subject holds a control character or a line break"),
        ("a\x85b", "its subject holds a control character or a line break"),
        ("a\u2028b", "its subject holds a control character or a line break"),
        ("a\u2029b", "its subject holds a control character or a line break"),
        ("a\ud800b", "its subject holds a character that is not text"),
        (" a", "its subject begins with blank space"),
    ],
)
def test_subjects_that_sns_refuses(subject: str, fault: str) -> None:
    """A subject that SNS would refuse is known before it is sent, though an emulator takes it."""
    assert fault in told(subject)


@pytest.mark.parametrize("subject", ["x" * 99, "鐘" * 99, "🔔" * 49 + "x"])
def test_the_longest_subject_passes(subject: str) -> None:
    """Ninety-nine characters are "less than 100"."""
    assert told(subject) == []


def test_bodies_that_sns_refuses() -> None:
    """An empty body, one too long by a byte and one of no valid characters are known before they are sent."""
    assert told(body="") == ["it is empty"]
    assert told(body="x" * (MAX_BYTES + 1)) == ["it has 262145 bytes, at most 262144 pass"]
    assert told(body="x" * MAX_BYTES) == []
    assert told(body="鐘" * (MAX_BYTES // 3 + 1)) == ["it has 262146 bytes, at most 262144 pass"]
    assert told(body="a\x00b") == ["it holds a character that is not text"]


def test_attributes_count() -> None:
    """Name, type and value of each attribute are part of the message's size."""
    attributes = {"level": Attribute("high")}
    assert size("", attributes) == len("levelStringhigh")
    assert faults("S", "x" * (MAX_BYTES - 15), attributes) == ()
    assert len(faults("S", "x" * (MAX_BYTES - 14), attributes)) == 1


@pytest.mark.parametrize(
    ("name", "attribute", "fault"),
    [
        ("user", Attribute(""), "the attribute user is empty"),
        ("user", Attribute("a\x00"), "the attribute user holds a character that is not text"),
        ("user", Attribute("a", "Binary"), "the attribute user is of an unknown type"),
        ("sequence", Attribute("seven", "Number"), "the attribute sequence is not a number"),
        ("AWS.user", Attribute("a"), "'AWS.user' cannot be the name of an attribute"),
        ("amazon.user", Attribute("a"), "'amazon.user' cannot be the name of an attribute"),
        (".user", Attribute("a"), "'.user' cannot be the name of an attribute"),
        ("user.", Attribute("a"), "'user.' cannot be the name of an attribute"),
        ("us..er", Attribute("a"), "'us..er' cannot be the name of an attribute"),
        ("us er", Attribute("a"), "'us er' cannot be the name of an attribute"),
        ("", Attribute("a"), "'' cannot be the name of an attribute"),
    ],
)
def test_attributes_that_sns_refuses(name: str, attribute: Attribute, fault: str) -> None:
    """An attribute that SNS or SQS would refuse is known before it is sent."""
    assert [str(found) for found in faults("Logon", "body", {name: attribute})] == [fault]


def structured(body: str) -> list[str]:
    """The faults of a body that is an object of texts by protocol."""
    return [str(fault) for fault in faults("Logon", body, {}, structured=True)]


def test_texts_by_protocol_pass() -> None:
    """An object with a default and a text for some protocols is what SNS takes, in any script."""
    assert (
        structured('{"default": "d", "email": "長い\\n", "sms": "RDP: alice", "https": "{}", "lambda": "{}"}')
        == []
    )
    assert structured('\n {"default": "d"}\n') == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("no object", "it is no JSON object"),
        ("[]", "it is no JSON object"),
        ('[["default", "text"]]', "it is no JSON object"),
        ('"text"', "it is no JSON object"),
        ("{}", "it has no text for protocols that it does not name (default)"),
        ('{"email": "x"}', "it has no text for protocols that it does not name (default)"),
        ('{"default": {"a": 1}}', "its default is no text"),
        ('{"default": "x", "email": 1}', "its email is no text"),
        ('{"default": "x", "email": null}', "its email is no text"),
        ('{"default": ""}', "its default is empty"),
        ('{"default": "x", "default": "y"}', "it names a protocol twice"),
        ('{"default": "x", "mail": "y"}', "'mail' is no protocol of SNS"),
        ('{"default": "x", "email": "\\u0000"}', "its email holds a character that is not text"),
        ('{"default": "\\ud800"}', "its default holds a character that is not text"),
        ('{"default": "x", "sms": "' + "y" * 149 + '"}', "its sms is more than one part"),
        ('{"default": "x", "sms": "' + "鐘" * 59 + '"}', "its sms is more than one part"),
    ],
)
def test_texts_by_protocol_that_sns_refuses(body: str, fault: str) -> None:
    """What SNS would refuse, or a subscriber could not use, is known before it is sent, though an emulator takes it."""
    assert structured(body) == [fault]


def test_texts_by_protocol_count_together() -> None:
    """All texts of a message share its room, and so do its attributes."""
    half = "x" * (MAX_BYTES // 2)
    assert structured(f'{{"default": "{half}", "email": "{half}"}}') == [
        f"it has {MAX_BYTES + 28} bytes, at most {MAX_BYTES} pass"
    ]


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ([1] * 10, []),
        ([1] * 11, ["the batch has 11 messages, at most 10 pass"]),
        ([MAX_BYTES], []),
        ([MAX_BYTES, 1], ["the batch has 262145 bytes, at most 262144 pass"]),
    ],
)
def test_a_batch_has_limits_of_its_own(sizes: list[int], words: list[str]) -> None:
    """Ten messages, together no larger than one may be: more is known before it is sent."""
    assert [str(fault) for fault in batch_faults(sizes)] == words


def test_an_eleventh_attribute() -> None:
    """More attributes than a queue with raw delivery takes would lose the message on its way: they are a fault."""
    attributes = {f"a{number}": Attribute("x") for number in range(11)}
    assert faults("Logon", "body", dict(list(attributes.items())[:10])) == ()
    assert [str(fault) for fault in faults("Logon", "body", attributes)] == [
        "it has 11 attributes, at most 10 arrive"
    ]


@given(ANY_TEXT)
def test_any_subject_can_be_made_to_fit(subject: str) -> None:
    """Whatever text comes, what is made of it is a subject that SNS takes, or none."""
    assert faults(fit_subject(subject), "body", {}) == ()


def test_a_subject_keeps_its_beginning() -> None:
    """A subject is cut at its end, with a sign that it was; one that fits is left as it is."""
    assert fit_subject("Logon: alice") == "Logon: alice"
    assert fit_subject("a\r\nb") == "a  b"
    assert fit_subject("x" * 100) == "x" * (MAX_SUBJECT - 1) + "…"
    assert fit_subject("x" * MAX_SUBJECT) == "x" * MAX_SUBJECT
    assert fit_subject("x" * 90 + " " * 20 + "y") == "x" * 90 + "…"
    assert fit_subject("x" + "🔔" * 60) == "x" + "🔔" * 48 + "…"
    assert fit_subject("\n") is None


@given(st.text(alphabet="aé鐘🔔\n", min_size=1, max_size=8), st.integers(min_value=0, max_value=50))
def test_any_body_can_be_made_to_fit(pattern: str, more: int) -> None:
    """A body that is too long is cut between two characters, ends with the note, and uses the room there is."""
    body = pattern * (MAX_BYTES // len(pattern.encode()) + more)
    attributes = {"user": Attribute("alice")}
    cut = fit_body(body, attributes, "[cut]")
    assert faults("Logon", cut, attributes) == ()
    if cut != body:
        assert cut.endswith("\n[cut]")
        assert body.startswith(cut.removesuffix("\n[cut]"))
        assert size(cut, attributes) > MAX_BYTES - 4


@pytest.mark.parametrize(
    ("text", "room", "fitted"),
    [
        ("鐘鐘鐘", 9, "鐘鐘鐘"),
        ("鐘鐘鐘鐘", 11, "鐘\n[cut]"),
        ("鐘鐘鐘鐘", 9, "鐘\n[cut]"),
        ("鐘鐘鐘鐘", 8, "\n[cut]"),
        ("xxxxxxxxxxxx", 5, "\n[cut]"),
    ],
)
def test_a_text_is_cut_to_its_room(text: str, room: int, fitted: str) -> None:
    """A text that has just the room stays; a longer one keeps whole characters beside the note, or the note alone."""
    assert fit_text(text, room, "[cut]") == fitted


@given(ANY_TEXT.filter(bool))
def test_any_text_can_be_a_body(body: str) -> None:
    """Lone surrogates and control characters do not keep a body from being sent; its text stays."""
    fitted = fit_body(body, {}, "[cut]")
    assert faults("Logon", fitted, {}) == ()
    assert len(fitted) == len(body)
    assert all(got in {sign, "\ufffd"} for got, sign in zip(fitted, body, strict=True))


@given(ANY_TEXT.filter(bool))
def test_any_text_can_be_a_value(value: str) -> None:
    """Any name can be chosen by in a filter policy, at most 256 characters of it."""
    fitted = fit_value(value)
    assert told(user=Attribute(fitted)) == []
    assert len(fitted) == min(len(value), 256)


def test_a_long_value_is_cut() -> None:
    """A value keeps its first 256 characters."""
    assert fit_value("鐘" + "x" * 256) == "鐘" + "x" * 255


@pytest.mark.parametrize(
    ("text", "taken"),
    [("i-0123456789abcdef0", True), ("BASTION01!~", True), ("x" * 128, True), ("x" * 129, False), ("", False)]
    + [(text, False) for text in ("a b", "a\n", "鐘", "\x7f")],
)
def test_tokens(text: str, taken: bool) -> None:
    """A group or deduplication id is ASCII that can be seen, 1 to 128 characters."""
    assert is_token(text) is taken


def test_control_means_control() -> None:
    """What the subject's rule calls a control character is what Unicode calls one."""
    controls = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Cc"]
    assert len(controls) == 65
    assert all("control character" in " ".join(told(f"a{sign}b")) for sign in controls)


def test_characters_that_pass() -> None:
    """What counts as text is what XML 1.0 calls a character, neither more nor less."""
    taken = [range(0x20, 0xD800), range(0xE000, 0xFFFE), range(0x10000, 0x110000), (0x9, 0xA, 0xD)]
    fine = {code for codes in taken for code in codes}
    assert {code for code in range(0x110000) if fit_value(chr(code)) == chr(code)} == fine | {0xFFFD}
