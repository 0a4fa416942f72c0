"""What AWS's refusals mean to whoever sets the stack up: one sentence, what to do, and the right that is missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from logonbell.errors import Refused
from logonbell.notifiers.aws import Aws, NotAnswered
from logonbell.notifiers.check import words_of
from logonbell.notifiers.identity import forbids
from logonbell.notifiers.refusals import (
    EXPIRED,
    NO_CREDENTIALS,
    NO_REGION,
    NOT_ACCEPTED,
    TOO_MUCH,
    UNREADABLE,
)
from logonbell.sentence import Sentence, say

_MISSING_RIGHT = re.compile(
    r"not authorized to perform: (?P<action>[\w-]+:\w+)(?: on resource: (?P<resource>\S+))?"
)
_ALLOW = say("Allow it. All that setting up needs is printed by: logonbell cloud policy --for-setup")
_NO_WAY = (
    "EndpointConnectionError ConnectTimeoutError ConnectionClosedError ReadTimeoutError SSLError "
    "ProxyConnectionError HTTPClientError"
)


def ask(aws: Aws, action: str, request: Callable[[Any], Any]) -> Any:
    """Ask AWS; ``action``: the right it takes. Raises ``Refused``."""
    try:
        return aws.ask(request)
    except NotAnswered as lost:
        raise refused(lost, action) from lost


def refused(lost: NotAnswered, action: str) -> Refused:
    """Say what a refusal means."""
    if forbids(lost):
        return forbidden(lost.words) or Refused(
            say("AWS forbids {action} ({words}).", action=action, words=words_of(lost)), _ALLOW
        )
    for names, what, hint in _KINDS:
        if not set(names.split()).isdisjoint(lost.names):
            return Refused(say("{what} ({words})", what=what, words=words_of(lost)), hint)
    return Refused(
        say("AWS did not answer {action} as it should ({words}).", action=action, words=words_of(lost)),
        say("Look at the network and at the region, and run it again: it goes on where it was."),
    )


def forbidden(words: str) -> Refused | None:
    """Name the right that AWS's words say is missing; None where they name none."""
    found = _MISSING_RIGHT.search(words)
    if found is None:
        return None
    what = say(
        "AWS forbids {action} on {resource}.",
        action=found["action"],
        resource=(found["resource"] or "*").rstrip(".,;"),
    )
    return Refused(what, _ALLOW)


_KINDS: tuple[tuple[str, Sentence, Sentence], ...] = (
    (
        NO_CREDENTIALS,
        say("No AWS credentials were found."),
        say("Log in (aws sso login), name a profile (AWS_PROFILE), or run this in CloudShell."),
    ),
    (EXPIRED, say("The AWS credentials have expired."), say("Renew them (aws sso login), and run it again.")),
    (
        NOT_ACCEPTED,
        say("AWS does not accept these credentials here."),
        say("Renew them; or the region is not switched on for this account: name another with --region."),
    ),
    (UNREADABLE, say("The AWS credentials cannot be read."), say("Mend the AWS configuration.")),
    (
        NO_REGION,
        say("There is no such region, or AWS does not offer this there."),
        say("Name one with --region."),
    ),
    (
        TOO_MUCH,
        say("AWS is asked too much at once."),
        say("Wait a minute, and run it again: it goes on where it was."),
    ),
    (
        _NO_WAY,
        say("AWS cannot be reached."),
        say(
            "Look at the network, the proxy and the region (--region), and run it again: it goes on where it was."
        ),
    ),
)
