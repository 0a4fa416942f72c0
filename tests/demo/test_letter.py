from __future__ import annotations

from datetime import UTC

import pytest

from findings import BURST, DOMAIN_ADMIN, HOST, NOTICE, SENT, notify
from logonbell.alert import Level
from logonbell.demo.letter import Letter, read_letter
from logonbell.logon import Finding
from logonbell.text.message import body


def received(finding: Finding, language: str) -> Letter:
    """What somebody reads who receives the message of a finding."""
    text = body(notify(finding), language=language, zone=UTC, host_name=HOST, sent=SENT)
    return read_letter("subject", text, SENT, language)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_logon_is_read_as_it_was_meant(language: str) -> None:
    """In either language a message gives back level, number and records, those on further lines too."""
    letter = received(DOMAIN_ADMIN, language)
    assert letter.records == (81234, 81235, 81233, 552, 81240, 81241, 81242, 81243)
    assert (letter.level, letter.number, letter.burst) == (Level.HIGH, 17, False)
    assert letter.accepted == SENT


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_burst_is_known_as_one(language: str) -> None:
    """A message about failed logons is told from one about a logon by its events."""
    letter = received(BURST, language)
    assert letter.records == (90001, 90002, 90003)
    assert letter.burst


@pytest.mark.parametrize("text", ["", "hello", "a\n\nb  c\n\nd\n"])
def test_what_is_no_message_of_ours(text: str) -> None:
    """A text without the facts is refused, not half read."""
    with pytest.raises(ValueError, match="says nothing of"):
        read_letter("subject", text, SENT, "en")


def test_a_message_without_events() -> None:
    """A test ring names no record of a log; it is no letter of the day."""
    with pytest.raises(ValueError, match="says nothing of 'Events'"):
        received(NOTICE, "en")
