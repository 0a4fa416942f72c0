"""What is asked for is read once, and refused in one sentence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from logonbell.alert import Level
from logonbell.cloud.wanted import (
    Subscriber,
    Tag,
    read_adopted,
    read_organization,
    read_role,
    read_stack,
    read_subscribers,
    read_tag,
    read_topic_name,
)
from logonbell.config.stored import read_parameter
from logonbell.errors import Refused


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_stack, "1st"),
        (read_stack, "with space"),
        (read_topic_name, "a.fifo"),
        (read_role, "a/b\nc"),
        (read_role, ""),
        (read_parameter, "/aws/x"),
        (read_parameter, "ssm-x"),
        (read_parameter, "a/b"),
        (read_parameter, "/"),
        (read_organization, "example"),
        (read_tag, "Role"),
        (read_tag, "tag:aws:x=y"),
        (read_adopted, "arn:aws:sns:ap-northeast-1:123456789012:bell.fifo"),
        (read_adopted, "logonbell"),
        (lambda text: read_subscribers(mails=[text]), "ops"),
        (lambda text: read_subscribers(mails=[text]), "a b@example.com"),
        (lambda text: read_subscribers(mails=[text]), "{{resolve:ssm:/db/password}}@example.com"),
        (lambda text: read_subscribers(webs=[text]), "https://example.com/{{resolve:ssm:/db/password}}"),
        (lambda text: read_subscribers(phones=[text]), "090-1234-5678"),
        (lambda text: read_subscribers(webs=[text]), "http://example.com"),
        (lambda text: read_subscribers(webs=[text]), "https://user@example.com/"),
        (lambda text: read_subscribers(arns=[text]), "arn:aws:s3:::bucket"),
        (lambda text: read_subscribers(mails=["a@example.com"], only=[text]), "a@example.com=loud"),
        (lambda text: read_subscribers(mails=["a@example.com"], only=[text]), "b@example.com=high"),
    ],
)
def test_what_cannot_be_is_refused(read: Callable[[str], object], text: str) -> None:
    """One sentence, before AWS is asked anything."""
    with pytest.raises(Refused) as refused:
        read(text)
    assert "\n" not in str(refused.value)


def test_what_is_asked_is_understood() -> None:
    """As people write it."""
    assert read_tag("tag:Role=bastion") == read_tag("Role=bastion") == Tag("Role", "bastion")
    assert read_role("arn:aws:iam::123456789012:role/ops/Bastion") == "Bastion"
    assert read_parameter("/logonbell/bastion") == "/logonbell/bastion"
    assert read_subscribers(
        mails=["ops+bell@example.co.jp", "ops+bell@example.co.jp"],
        phones=["+819012345678"],
        webs=["https://hooks.example.com:8443/bell?key=a=b"],
        only=["ops+bell@example.co.jp=high", "https://hooks.example.com:8443/bell?key=a=b=critical"],
    ) == (
        Subscriber("email", "ops+bell@example.co.jp", Level.HIGH),
        Subscriber("https", "https://hooks.example.com:8443/bell?key=a=b", Level.CRITICAL),
        Subscriber("sms", "+819012345678"),
    )
