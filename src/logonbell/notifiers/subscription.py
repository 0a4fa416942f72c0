"""Who hears a topic."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from logonbell.notifiers.aws import Aws, NotAnswered
from logonbell.notifiers.check import Check, Mark, unknown
from logonbell.notifiers.identity import misses
from logonbell.sentence import say

BY_MAIL = frozenset({"email", "email-json"})
_PENDING = frozenset({"pendingconfirmation", "pending confirmation"})
_DELETED = "deleted"

Key = tuple[str, str]
"""Protocol and endpoint: who subscribes anew is the same to us, whatever the ARN."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Somebody who hears the topic, once confirmed.

    ``guarded``: only with rights of AWS is it ended; None: not known. ``picks``: its filter policy chooses by
    message attributes, and drops what has none.
    """

    protocol: str
    endpoint: str
    confirmed: bool
    guarded: bool | None = None
    picks: bool = False

    @property
    def key(self) -> Key:
        """By which it is known again."""
        return self.protocol, self.endpoint


def list_subscriptions(
    sns: Aws, topic_arn: str, *, structured: bool
) -> tuple[tuple[Subscription, ...] | None, list[Check]]:
    """Ask SNS who is subscribed; None where it does not tell. Gives also what there is to say of it.

    ``structured``: the topic is told a text for each protocol, beside which SNS sends no attributes (``forms.py``).
    """
    try:
        listed = sns.ask(
            lambda client: list(
                client.get_paginator("list_subscriptions_by_topic")
                .paginate(TopicArn=topic_arn)
                .search("Subscriptions[]")
            )
        )
    except NotAnswered as lost:
        what = say("who is subscribed")
        return None, [unknown("subscription", what, "sns:ListSubscriptionsByTopic", lost)]
    kept: dict[Key, Subscription] = {}
    untold: Check | None = None
    for one in listed:
        if not one or one.get("SubscriptionArn", "").casefold() == _DELETED:
            continue
        subscription = _listed(one)
        if subscription.confirmed and untold is None:  # what was refused once, or hung, is not asked again
            subscription, untold = _looked_up(sns, one["SubscriptionArn"], subscription)
        if subscription.key not in kept or subscription.confirmed:
            kept[subscription.key] = subscription
    subscriptions = tuple(kept[key] for key in sorted(kept))
    return subscriptions, [*_checks(subscriptions, structured=structured), *([untold] if untold else [])]


def told(key: Key) -> str:
    """Name a subscription to people; of a web address only the host, since the rest often is a secret."""
    protocol, endpoint = key
    if protocol not in {"http", "https"}:
        return f"{protocol} {endpoint}"
    try:
        return f"{protocol}://{urlsplit(endpoint).hostname or ''}/..."
    except ValueError:
        return f"{protocol}://..."


def drops_what_has_no_attributes(policy: str) -> bool:
    """Tell whether a filter policy on attributes passes nothing that has none (SNS developer guide, *AND/OR logic*)."""
    try:
        return not _passes(json.loads(policy))
    except (ValueError, AttributeError, TypeError):
        return True  # SNS wrote it, so it means something; rather warn once too often


def _passes(policy: Mapping[str, Any]) -> bool:
    return all(
        any(map(_passes, wanted)) if name == "$or" else {"exists": False} in wanted
        for name, wanted in policy.items()
    )


def _listed(entry: Mapping[str, str]) -> Subscription:
    confirmed = entry.get("SubscriptionArn", "").casefold() not in _PENDING
    return Subscription(entry.get("Protocol", ""), entry.get("Endpoint", ""), confirmed)


def _looked_up(sns: Aws, arn: str, listed: Subscription) -> tuple[Subscription, Check | None]:
    """Read of an entry what only its attributes say."""
    try:
        attributes = sns.ask(lambda client: client.get_subscription_attributes(SubscriptionArn=arn))[
            "Attributes"
        ]
    except NotAnswered as lost:
        if misses(lost):  # it went while we looked
            return replace(listed, confirmed=False), None
        what = say("whether whoever opens the link in a mail can unsubscribe")
        return listed, unknown("unsubscribing", what, "sns:GetSubscriptionAttributes", lost)
    subscription = replace(
        listed,
        confirmed=attributes.get("PendingConfirmation") != "true",
        guarded=attributes.get("ConfirmationWasAuthenticated") == "true",
        picks=attributes.get("FilterPolicyScope") != "MessageBody"
        and drops_what_has_no_attributes(attributes.get("FilterPolicy") or "{}"),
    )
    return subscription, None


def _checks(subscriptions: Sequence[Subscription], *, structured: bool) -> Iterator[Check]:
    if not any(one.confirmed for one in subscriptions):
        nobody = say("Nobody hears the topic: it has no confirmed subscription. Subscribe, and confirm it.")
        yield Check("subscription", Mark.BAD, nobody)
    for one in subscriptions:
        name = told(one.key)
        if not one.confirmed:
            mark = Mark.CARE
            what = say(
                "{name}: not confirmed, so it hears nothing. Run: logonbell topic confirm LINK", name=name
            )
        elif one.protocol in BY_MAIL and one.guarded is False:
            mark = Mark.CARE
            what = say(
                "{name}: confirmed, but whoever or whatever opens the link in a mail ends it. Subscribe anew, and run: "
                "logonbell topic confirm LINK",
                name=name,
            )
        elif one.picks and structured:
            mark = Mark.CARE
            what = say(
                "{name}: its filter policy looks at message attributes, which SNS does not send beside a text for each "
                'protocol, so it may hear nothing. Set format = "text" or "json" for this topic, or filter by its '
                "levels and doors in the settings.",
                name=name,
            )
        else:
            mark, what = Mark.GOOD, say("{name}: confirmed.", name=name)
        yield Check("subscription", mark, what)
