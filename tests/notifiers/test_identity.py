from __future__ import annotations

import json

import pytest

from logonbell.notifiers.identity import Identity, statements

TOPIC = "arn:aws:sns:ap-northeast-1:123456789012:logonbell"


@pytest.mark.parametrize(
    ("arn", "role", "principal", "root"),
    [
        ("arn:aws:sts::1:assumed-role/Ops/i-0", "Ops", "arn:aws:iam::1:role/Ops", False),
        ("arn:aws-cn:sts::1:assumed-role/Ops/a@b", "Ops", "arn:aws-cn:iam::1:role/Ops", False),
        ("arn:aws:iam::1:user/alice", None, "arn:aws:iam::1:user/alice", False),
        ("arn:aws:iam::1:root", None, "arn:aws:iam::1:root", True),
        ("", None, "", False),
    ],
)
def test_who_asks(arn: str, role: str | None, principal: str, root: bool) -> None:
    """A session of a role is known as that role; a user and the account itself as they are."""
    who = Identity(arn, "1")
    assert (who.role, who.principal, who.is_root) == (role, principal, root)


@pytest.mark.parametrize(
    ("statement", "about"),
    [
        ({"Action": "SNS:Publish"}, True),
        ({"Action": ["sns:Subscribe", "sns:Pub*"]}, True),
        ({"Action": "*"}, True),
        ({"Action": "sns:Subscribe"}, False),
        ({"NotAction": "sns:Subscribe"}, True),
        ({"NotAction": ["sns:*"]}, False),
        ({}, False),
    ],
)
def test_which_statements_are_about_an_action(statement: dict[str, object], about: bool) -> None:
    """Wildcards, lists, NotAction and any case are read as AWS reads them."""
    policy = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", **statement}]})
    assert bool(list(statements(policy, "sns:Publish"))) is about


def test_what_is_read_of_a_statement() -> None:
    """One statement without a list is a statement, too; conditions are known by what they ask about."""
    policy = {
        "Statement": {
            "Sid": "s",
            "Effect": "Deny",
            "Principal": {"AWS": ["1", "arn:aws:iam::2:root"], "Service": "x"},
            "Action": "sns:Publish",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}, "odd": 1},
        }
    }
    (one,) = statements(json.dumps(policy), "sns:Publish")
    assert (one.sid, one.effect) == ("s", "Deny")
    assert one.principals == {"1", "arn:aws:iam::2:root"}
    assert one.conditions == {"aws:securetransport"}


@pytest.mark.parametrize("policy", ["", "{", "[]", "1"])
def test_what_is_no_policy(policy: str) -> None:
    """What is no policy is said to be none."""
    with pytest.raises(ValueError, match=r".*"):
        list(statements(policy, "sns:Publish"))
    assert list(statements('{"Statement": ["x", 1]}', "sns:Publish")) == []
