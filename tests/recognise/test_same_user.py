"""Who is who, and what is where: two spellings of one account, of one domain, of one address."""

from __future__ import annotations

import pytest

from logonbell.logon import User
from logonbell.recognise.identity import (
    is_microsoft_account,
    same_address,
    same_user,
    split_name,
    user_of,
)

SID, OTHER_SID = "S-1-5-21-1-2-3-1104", "S-1-5-21-1-2-3-1105"


@pytest.mark.parametrize(
    ("domain", "sid", "user"),
    [
        ("CORP", SID, User("mori", "CORP", SID)),
        ("-", SID, User("mori", "", SID)),
        (".", None, User("mori", "", None)),
        ("", "", User("mori", "", None)),
    ],
)
def test_what_stands_for_no_domain(domain: str, sid: str | None, user: User) -> None:
    """A dash and a dot are no domain, and nothing is no SID."""
    assert user_of("mori", domain, sid) == user


@pytest.mark.parametrize(
    ("text", "parts"),
    [("CORP\\mori", ("mori", "CORP")), ("mori", ("mori", "")), ("CORP\\it\\mori", ("mori", "CORP\\it"))],
)
def test_a_name_is_what_stands_behind_the_last_backslash(text: str, parts: tuple[str, str]) -> None:
    """No name of Windows holds one."""
    assert split_name(text) == parts


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (User("mori", "CORP", SID), User("renamed", "", SID), True),
        (User("mori", "CORP", SID), User("mori", "CORP", OTHER_SID), False),
        (User("mori", "CORP", SID), User("Mori", "corp"), True),
        (User("mori", "CORP"), User("kim", "CORP"), False),
        (User("mori", "CORP"), User("mori", "EMEA"), False),
        (User("mori", "CORP"), User("mori"), True),
        (User("mori"), User("mori", "CORP"), True),
        (User("mori", "CORP"), User("mori", "corp.example.com"), True),
        (User("mori", "corp.example.com"), User("mori", "CORP"), True),
        (User("mori", "EMEA"), User("mori", "corp.example.com"), False),
        (User("mori", "example.com"), User("mori", "corp"), False),
        (User("mori", "corp.example.com"), User("mori", "corp.example.com"), True),
        (User("mori", "corp.example.com"), User("mori", "corp.example.org"), False),
        (User("mori@example.com", "CORP"), User("mori", "CORP"), True),
        (User("mori", "CORP"), None, False),
        (None, None, False),
    ],
)
def test_two_spellings_of_one_account(one: User | None, other: User | None, *, same: bool) -> None:
    """By SID where both have one; else by name, whether the domain is missing, short or its DNS name. Nobody is no one."""
    assert same_user(one, other) is same
    assert same_user(other, one) is same


@pytest.mark.parametrize(
    ("user", "spelt_twice"),
    [
        (User("pia.berg@outlook.com", "MicrosoftAccount"), True),
        (User("pia.berg@outlook.com"), True),
        (User("pia", "MICROSOFTACCOUNT"), True),
        (User("pia", "BASTION-01"), False),
        (User("pia"), False),
        (None, False),
    ],
)
def test_which_account_is_spelt_in_two_ways(user: User | None, *, spelt_twice: bool) -> None:
    """A Microsoft account: known by the e-mail address, or by what stands for its domain."""
    assert is_microsoft_account(user) is spelt_twice


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.24", "203.0.113.24", True),
        ("203.0.113.24", "::ffff:203.0.113.24", True),
        ("203.0.113.24", "198.51.100.9", False),
        ("203.0.113.24", None, True),
        ("203.0.113.24", "LOCAL", True),
        ("203.0.113.24", "0.0.0.0", True),  # noqa: S104 - as Windows writes it
        ("203.0.113.24", "::", True),
        ("203.0.113.24", "127.0.0.1", False),
        ("127.0.0.1", "::%16777216", True),
    ],
)
def test_two_spellings_of_one_address(one: str, other: str | None, *, same: bool) -> None:
    """What names no address contradicts none; 0.0.0.0 names none, and this host itself has two."""
    assert same_address(one, other) is same
    assert same_address(other, one) is same
