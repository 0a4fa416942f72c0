from __future__ import annotations

import pytest

from logonbell.errors import Refused
from logonbell.notifiers.topic import read_endpoint, read_topic

DIGIT = "\N{FULLWIDTH DIGIT ONE}"
"""A digit to Unicode, not to AWS."""


@pytest.mark.parametrize(
    ("arn", "partition", "region", "name", "fifo"),
    [
        ("arn:aws:sns:ap-northeast-1:123456789012:logonbell", "aws", "ap-northeast-1", "logonbell", False),
        ("arn:aws-cn:sns:cn-north-1:123456789012:a_B-9", "aws-cn", "cn-north-1", "a_B-9", False),
        ("arn:aws-us-gov:sns:us-gov-west-1:123456789012:t", "aws-us-gov", "us-gov-west-1", "t", False),
        ("arn:aws:sns:eu-north-1:000000000000:t.fifo", "aws", "eu-north-1", "t.fifo", True),
        (f"arn:aws:sns:eu-north-1:000000000000:{'t' * 256}", "aws", "eu-north-1", "t" * 256, False),
    ],
)
def test_topics_of_every_partition(arn: str, partition: str, region: str, name: str, fifo: bool) -> None:
    """A topic's ARN is read whole, in every partition of AWS."""
    topic = read_topic(arn)
    assert (topic.arn, topic.partition, topic.region, topic.name, topic.fifo) == (
        arn,
        partition,
        region,
        name,
        fifo,
    )


LIKE_THIS = "It looks like arn:aws:sns:ap-northeast-1:123456789012:logonbell; the SNS console shows it."
TWELVE = "The account, its fifth part, has twelve digits."


@pytest.mark.parametrize(
    ("arn", "hint"),
    [
        ("", LIKE_THIS),
        ("logonbell", LIKE_THIS),
        ("arn", LIKE_THIS),
        ("arn:aws", LIKE_THIS),
        ("arn:aws:sqs", "It belongs to sqs, not to SNS."),
        ("arn:aws:sqs:eu-north-1:123456789012:queue", "It belongs to sqs, not to SNS."),
        ("arn:aws:sns:eu-north-1:123456789012:t\n", "There is blank space around it: take it away."),
        (
            "arn:aws:sns:eu-north-1:123456789012:t:1234-ab",
            "It is the ARN of a subscription: take away its last part, :1234-ab.",
        ),
        ("arn:aws:sns:eu-north-1:123456789012:a b:1234-ab", LIKE_THIS),
        ("arn:aws:sns:eu-north-1", LIKE_THIS),
        ("arn:aws:sns:eu-north-1:1234", TWELVE),
        ("arn:aws:sns:eu-north-1:1234:t", TWELVE),
        (f"arn:aws:sns:eu-north-1:{DIGIT * 12}:t", TWELVE),
        ("arn:aws:sns:eu-north-1:123456789012:", LIKE_THIS),
        ("arn:aws:sns:eu-north-1:123456789012:a b", LIKE_THIS),
        (f"arn:aws:sns:eu-north-1:123456789012:{'t' * 257}", LIKE_THIS),
        ("arn:aws:sns::123456789012:t", LIKE_THIS),
    ],
)
def test_what_is_no_topic_says_what_it_is(arn: str, hint: str) -> None:
    """Anything else is refused with what it probably is, on one line."""
    with pytest.raises(Refused) as caught:
        read_topic(arn)
    assert str(caught.value) == f"{arn[:200]!r} is not the ARN of an SNS topic. {hint}"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:4566",
        "https://vpce-1.sns.eu-north-1.vpce.amazonaws.com/",
        "http://[::1]:4566",
        "http://a:1",
    ],
)
def test_endpoints(url: str) -> None:
    """An http or https address is an endpoint, as it is written."""
    assert read_endpoint(url) == url


NO_ADDRESS = "{url!r} is not an http or https address."
TOO_MUCH = "a: an endpoint has no user, query or fragment."


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", NO_ADDRESS),
        ("localhost:4566", NO_ADDRESS),
        ("ftp://a", NO_ADDRESS),
        ("http://", NO_ADDRESS),
        ("http://a:99999", NO_ADDRESS),
        ("http://a:0", NO_ADDRESS),
        ("http://a:x", NO_ADDRESS),
        ("http://[", NO_ADDRESS),
        ("http://a b", NO_ADDRESS),
        ("http://a\n", NO_ADDRESS),
        ("http://user:secret@a", TOO_MUCH),
        ("http://a?x=1", TOO_MUCH),
        ("http://a#b", TOO_MUCH),
    ],
)
def test_what_is_no_endpoint(url: str, words: str) -> None:
    """Anything else is refused, and a password in it is not shown."""
    with pytest.raises(Refused) as caught:
        read_endpoint(url)
    assert str(caught.value) == (
        f"{words.format(url=url)} It looks like http://127.0.0.1:4566. For AWS itself leave endpoint_url out."
    )
