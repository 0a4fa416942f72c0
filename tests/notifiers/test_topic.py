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


@pytest.mark.parametrize(
    ("arn", "hint"),
    [
        ("", "It looks like arn:aws:sns:"),
        ("logonbell", "It looks like arn:aws:sns:"),
        ("arn:aws:sqs:eu-north-1:123456789012:queue", "It belongs to sqs, not to SNS."),
        ("arn:aws:sns:eu-north-1:123456789012:t\n", "There is blank space around it"),
        ("arn:aws:sns:eu-north-1:123456789012:t:1234-ab", "take away its last part, :1234-ab."),
        ("arn:aws:sns:eu-north-1:1234:t", "has twelve digits"),
        (f"arn:aws:sns:eu-north-1:{DIGIT * 12}:t", "has twelve digits"),
        ("arn:aws:sns:eu-north-1:123456789012:", "It looks like arn:aws:sns:"),
        ("arn:aws:sns:eu-north-1:123456789012:a b", "It looks like arn:aws:sns:"),
        (f"arn:aws:sns:eu-north-1:123456789012:{'t' * 257}", "It looks like arn:aws:sns:"),
        ("arn:aws:sns::123456789012:t", "It looks like arn:aws:sns:"),
    ],
)
def test_what_is_no_topic_says_what_it_is(arn: str, hint: str) -> None:
    """Anything else is refused with what it probably is, on one line."""
    with pytest.raises(Refused, match="is not the ARN of an SNS topic") as caught:
        read_topic(arn)
    assert hint in str(caught.value.hint)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4566", "https://vpce-1.sns.eu-north-1.vpce.amazonaws.com/", "http://[::1]:4566"]
)
def test_endpoints(url: str) -> None:
    """An http or https address is an endpoint, as it is written."""
    assert read_endpoint(url) == url


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "localhost:4566",
            "ftp://a",
            "http://",
            "http://a:99999",
            "http://a:x",
            "http://[",
            "http://a b",
        ),
        *("http://a\n", "http://user:secret@a", "http://a?x=1", "http://a#b"),
    ],
)
def test_what_is_no_endpoint(url: str) -> None:
    """Anything else is refused, and a password in it is not shown."""
    with pytest.raises(Refused) as caught:
        read_endpoint(url)
    assert caught.value.hint
    assert "secret" not in str(caught.value)
