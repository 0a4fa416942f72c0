"""Where SNS is told: a topic's ARN, read once, and the address of its endpoint."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from logonbell.errors import Refused
from logonbell.sentence import Sentence, say

# A topic's name has at most 256 characters, ".fifo" included (SNS API, CreateTopic).
_TOPIC = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):sns:(?P<region>[a-z]{2}[a-z0-9-]*-[0-9]+):(?P<account>[0-9]{12})"
    r":(?P<name>(?=.{1,256}\Z)[A-Za-z0-9_-]+(?:\.fifo)?)",
    re.ASCII,
)
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Topic:
    """An SNS topic, by the parts of its ARN."""

    arn: str
    partition: str
    region: str
    account: str
    name: str

    @property
    def fifo(self) -> bool:
        """Whether it keeps order and forgives repeats (SNS demands that its name then ends so)."""
        return self.name.endswith(".fifo")


def read_topic(arn: str) -> Topic:
    """Read the ARN of a topic. Raises ``Refused`` for anything else, with what it probably is."""
    if found := _TOPIC.fullmatch(arn):
        return Topic(arn, found["partition"], found["region"], found["account"], found["name"])
    raise Refused(say("{arn} is not the ARN of an SNS topic.", arn=repr(arn[:_SHOWN])), _hint(arn))


def read_endpoint(url: str) -> str:
    """Read the address of an SNS endpoint (an emulator's, or a VPC endpoint's). Raises ``Refused``."""
    example = say("It looks like http://127.0.0.1:4566. For AWS itself leave endpoint_url out.")
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or re.search(r"[\s\x00-\x1f\x7f]", url):
        raise Refused(say("{url} is not an http or https address.", url=repr(url[:_SHOWN])), example)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise Refused(
            say("{host}: an endpoint has no user, query or fragment.", host=parts.hostname or ""), example
        )
    return url


def _hint(arn: str) -> Sentence:
    parts = arn.strip().split(":")
    if arn != arn.strip():
        return say("There is blank space around it: take it away.")
    if parts[:1] != ["arn"]:
        return say(
            "It looks like arn:aws:sns:ap-northeast-1:123456789012:logonbell; the SNS console shows it."
        )
    if len(parts) > 2 and parts[2] != "sns":
        return say("It belongs to {service}, not to SNS.", service=parts[2][:_SHOWN])
    if len(parts) == 7 and _TOPIC.fullmatch(":".join(parts[:6])):
        return say(
            "It is the ARN of a subscription: take away its last part, {part}.", part=f":{parts[6][:_SHOWN]}"
        )
    if len(parts) > 4 and not re.fullmatch(r"[0-9]{12}", parts[4]):
        return say("The account, its fifth part, has twelve digits.")
    return say("It looks like arn:aws:sns:ap-northeast-1:123456789012:logonbell; the SNS console shows it.")
