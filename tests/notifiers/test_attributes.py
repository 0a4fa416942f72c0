from __future__ import annotations

from dataclasses import replace

import pytest

from findings import (
    BURST,
    CLEARED,
    DOMAIN_ADMIN,
    HOST,
    LOGOFF,
    NOTICE,
    REPEATS,
    ROLE,
    SELECTED,
    STORM,
    TAMPERING,
    TUNNEL,
    logon,
    notify,
)
from logonbell.logon import Door, Finding, User
from logonbell.notification import Telling
from logonbell.notifiers.attributes import attributes
from logonbell.notifiers.topic import read_topic

TOPIC = read_topic("arn:aws:sns:ap-northeast-1:123456789012:logonbell")


def chosen(telling: Telling, host: str = HOST) -> dict[str, str]:
    """What a filter policy can choose by; all of it is text."""
    told = attributes(telling, TOPIC, host)
    assert {attribute.kind for attribute in told.values()} == {"String"}
    return {name: attribute.value for name, attribute in told.items()}


@pytest.mark.parametrize(
    ("finding", "own"),
    [
        (DOMAIN_ADMIN, {"door": "rdp", "user": r"CONTOSO\alice", "domain_admin": "true"}),
        (logon(Door.RDP), {"door": "rdp", "user": r"CONTOSO\alice", "domain_admin": "false"}),
        (TUNNEL, {"door": "ssm-tunnel", "principal": ROLE}),
        (LOGOFF, {"door": "rdp", "user": r"CONTOSO\alice"}),
        (replace(LOGOFF, user=None), {"door": "rdp"}),
        (CLEARED, {"user": r"CONTOSO\bob"}),
        (replace(CLEARED, user=None), {}),
        (TAMPERING, {"user": r"CONTOSO\bob"}),
        (SELECTED, {"user": r"NT AUTHORITY\SYSTEM"}),
        (BURST, {}),
        (NOTICE, {}),
    ],
    ids=lambda one: type(one).__name__ if not isinstance(one, dict) else "",
)
def test_what_an_alert_can_be_chosen_by(finding: Finding, own: dict[str, str]) -> None:
    """Each alert has its level, rule, place and fingerprint, and of door and user what its log tells, never a guess."""
    telling = notify(finding)
    assert chosen(telling) == {
        "level": telling.level.word,
        "rule": telling.alert.rule,
        "host": HOST,
        "account": "123456789012",
        "region": "ap-northeast-1",
        "fingerprint": telling.fingerprint,
        **own,
    }


@pytest.mark.parametrize(("digest", "rule"), [(STORM, "digest-storm"), (REPEATS, "digest-repeats")])
def test_what_a_digest_can_be_chosen_by(digest: Telling, rule: str) -> None:
    """A digest has the level of its gravest alert and its kind for a rule; it is of no single user and no single door."""
    told = chosen(digest)
    assert (told["level"], told["rule"], told["fingerprint"]) == (digest.level.word, rule, digest.fingerprint)
    assert set(told) == {"level", "rule", "host", "account", "region", "fingerprint"}


def test_a_long_name_is_cut_and_an_empty_one_left_out() -> None:
    """A name is chosen by with its first 256 characters; SNS refuses an empty value, so there is none."""
    long = replace(logon(Door.RDP), user=User("x" * 300))
    assert chosen(notify(long))["user"] == "x" * 256
    assert "host" not in chosen(notify(long), "")
