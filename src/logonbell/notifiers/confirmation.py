"""What SNS sends to whoever is to confirm a subscription: a token, or a link with one in it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from logonbell.errors import Refused
from logonbell.sentence import say

_LONGEST = 2048


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The token, and the ARN of the topic where the link says so."""

    token: str
    topic_arn: str | None = None


def read_confirmation(text: str) -> Confirmation:
    """Read a token, or the link of a mail or an HTTP request. Raises ``Refused`` for what is neither.

    The link is only read, never opened: opened, it would confirm without guarding the subscription.
    """
    given, topic = text.strip(), None
    if "://" in given:
        try:
            fields = parse_qs(urlsplit(given).query)
        except ValueError:
            fields = {}
        given = fields.get("Token", [""])[0]
        topic = fields.get("TopicArn", [""])[0] or None
    if not given or len(given) > _LONGEST or not given.isascii() or not given.replace("-", "").isalnum():
        raise Refused(
            say("This holds no token of SNS."),
            say(
                'Copy the link behind "Confirm subscription" in the mail, without opening it, and put it in quotation marks.'
            ),
        )
    return Confirmation(given, topic)
