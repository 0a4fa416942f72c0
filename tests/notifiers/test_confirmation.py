from __future__ import annotations

import pytest

from logonbell.errors import Refused
from logonbell.notifiers.confirmation import Confirmation, read_confirmation

ARN = "arn:aws:sns:ap-northeast-1:123456789012:logonbell"
TOKEN = "2336412f37fb687f5d51e6e2425f004aed8a07ff4b1f2b2b7f7f"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (TOKEN, Confirmation(TOKEN)),
        (f"  {TOKEN}\n", Confirmation(TOKEN)),
        ("a-" * 1024, Confirmation("a-" * 1024)),
        (f"https://sns.example/?Token={TOKEN}", Confirmation(TOKEN)),
        (
            f"https://sns.example/confirmation.html?TopicArn={ARN}&Token={TOKEN}&Endpoint=ops@example.com",
            Confirmation(TOKEN, ARN),
        ),
        (
            f"https://sns.ap-northeast-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={ARN}&Token={TOKEN}",
            Confirmation(TOKEN, ARN),
        ),
        (f"https://x/?Token={TOKEN}&TopicArn={ARN.replace(':', '%3A')}", Confirmation(TOKEN, ARN)),
    ],
)
def test_a_token_is_found(text: str, read: Confirmation) -> None:
    """A token is read as it is, or out of the link of a mail or of an HTTP request."""
    assert read_confirmation(text) == read


@pytest.mark.parametrize(
    "text",
    ["", " ", "https://sns.example/?TopicArn=x", "https://[", "to ken", "tökén", "a" * 2049, "../x", "--"],
)
def test_what_holds_no_token_is_refused(text: str) -> None:
    """Anything else is refused with where to find it."""
    with pytest.raises(Refused, match=r"This holds no token of SNS\. Copy the link behind"):
        read_confirmation(text)
