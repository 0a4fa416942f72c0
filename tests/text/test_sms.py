from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from findings import BACKLOG, DOMAIN_ADMIN, HOST, HOSTILE_NAMES, REPEATS, STORM, TOKYO, hostile, logon, notify
from logonbell.logon import Door, User
from logonbell.notification import Telling
from logonbell.text.facts import Reader
from logonbell.text.language import LANGUAGES
from logonbell.text.sms import PREFIX, SEPTETS, UNITS, is_one_part, septets, sms, units


def told(telling: Telling, language: str = "en", host: str = HOST) -> str:
    """What a phone shows."""
    return sms(telling, Reader(language, TOKYO, host))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("RDP", 3),
        ("alice@contoso", 13),
        ("CONTOSO\\alice", 14),
        ("[x] {y} ~ ^ | €", 23),
        ("Ünïcode", None),
        ("naïve", None),
        ("ログオン", None),
        ("`", None),
        ("→", None),
        ("\t", None),
        ("é£¥Δ", 4),
        ("", 0),
    ],
)
def test_characters_are_counted_as_phones_count_them(text: str, count: int | None) -> None:
    """Characters of the GSM alphabet count once, those of its extension twice, any other makes it another alphabet."""
    assert septets(text) == count


def test_a_part_is_160_or_70() -> None:
    """A part holds 160 septets or 70 UTF-16 units, an emoji counting as two, less what stands before it."""
    assert is_one_part("x" * 160)
    assert not is_one_part("x" * 161)
    assert is_one_part("\\" * 80)
    assert not is_one_part("\\" * 80 + "x")
    assert is_one_part("鐘" * 70)
    assert not is_one_part("鐘" * 71)
    assert not is_one_part("🔔" * 35 + "x")
    assert is_one_part("x" * 148, before=12)
    assert not is_one_part("x" * 149, before=12)
    assert SEPTETS - PREFIX == 148
    assert UNITS - PREFIX == 58


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("door", Door)
def test_every_door_fits_a_part_with_who_and_where(door: Door, language: str) -> None:
    """Whoever comes by whichever door, one part says the door, who, and onto which host, and is sent as one."""
    finding = logon(door)
    text = told(notify(finding), language)
    assert is_one_part(text, before=PREFIX)
    assert "alice" in text
    assert HOST in text
    assert "\n" not in text


def test_where_from_is_given_up_first() -> None:
    """What is too long for a part loses its address, then some of its names, but never says less than door and who."""
    long = replace(
        DOMAIN_ADMIN, user=User("alice.of.the.accounting.department.in.osaka", "CONTOSO-HEADQUARTERS")
    )
    english, japanese = told(notify(long)), told(notify(long), "ja")
    assert english == (
        r"RDP: CONTOSO-HEADQUARTERS\alice.of.the.accounting.department.in.osaka (DOMAIN ADMIN) on BASTION01 from 203.0.113.5"
    )
    assert "203.0.113.5" not in japanese
    assert japanese.startswith("RDP: CONTOSO-HEADQUARTE")
    assert "(ドメイン管理者)" in japanese


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("telling", [STORM, BACKLOG, REPEATS], ids=["storm", "backlog", "repeats"])
def test_a_digest_fits_a_part(telling: Telling, language: str) -> None:
    """Many alerts are one part, too: how many, and the beginning of the worst."""
    text = told(telling, language)
    assert is_one_part(text, before=PREFIX)
    assert "RDP: CO" in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_makes_no_second_part(name: str, language: str) -> None:
    """Whatever a log holds, a phone gets one part of visible text on one line."""
    for finding in hostile(name):
        text = told(notify(finding, host_id=name), language, name)
        assert text.strip() == text
        assert text
        assert is_one_part(text, before=PREFIX)
        assert all(character.isprintable() for character in text)


@given(st.text(st.characters(exclude_categories=()), max_size=400), st.sampled_from(LANGUAGES))
def test_any_name_fits(name: str, language: str) -> None:
    """So does any name at all."""
    text = told(notify(replace(DOMAIN_ADMIN, user=User(name, name), address=name)), language, name)
    assert is_one_part(text, before=PREFIX)
    assert units(text) > 0
