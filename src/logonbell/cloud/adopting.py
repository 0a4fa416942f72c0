"""A topic that is there already: whether it can be adopted, and what its own policy and key lack for that."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from logonbell.cloud import statements as may
from logonbell.cloud.refusal import ask
from logonbell.cloud.services import Services
from logonbell.cloud.statements import Statement
from logonbell.errors import Refused
from logonbell.notifiers.topic import read_topic
from logonbell.sentence import Sentence, say

_PUBLISHERS = ("events.amazonaws.com", "cloudwatch.amazonaws.com")
_AWS_OWN_KEY = "alias/aws/sns"


def lacking_statements(services: Services, topic_arn: str, stack: str) -> list[Statement]:
    """List what the topic's policy lacks for this stack's rules and alarms. Raises ``Refused`` where it cannot be rung."""
    topic = read_topic(topic_arn)
    account = ask(services["sts"], "sts:GetCallerIdentity", lambda one: one.get_caller_identity())["Account"]
    if (topic.region, topic.account) != (services.region, account):
        raise Refused(
            say(
                "The topic {topic} is not in the account {account} and the region {region}, and EventBridge rings no other.",
                topic=topic_arn,
                account=account,
                region=services.region,
            ),
            say("Run this where the topic is (--region), or leave --topic-arn out."),
        )
    policy = json.loads(_attributes(services, topic_arn).get("Policy") or "{}")
    begins = f"{topic.region}:{account}"
    needed = may.topic_statements(
        topic_arn,
        account,
        f"arn:{topic.partition}:iam::{account}:root",
        f"arn:{topic.partition}:events:{begins}:rule/{stack}-*",
        f"arn:{topic.partition}:cloudwatch:{begins}:alarm:{stack}-*",
    )
    return [
        one
        for one in needed
        if one["Principal"] != "*" and "Service" in one["Principal"] and not _lets(policy, one)
    ]


def about_its_key(services: Services, topic_arn: str) -> Sentence | None:
    """Say what the topic's key must allow; None for a topic that is not encrypted. Raises ``Refused``."""
    key = _attributes(services, topic_arn).get("KmsMasterKeyId")
    if not key:
        return None
    if key.endswith(_AWS_OWN_KEY):
        return say(
            "The topic is encrypted with AWS's own key ({key}), with which neither EventBridge nor an alarm can publish. "
            "Give it a key of yours.",
            key=key,
        )
    return say(
        "The topic is encrypted. Let its key's policy allow kms:GenerateDataKey* and kms:Decrypt to {services}, and the "
        "hosts' roles: logonbell cloud policy --key-arn {key}",
        services=", ".join(_PUBLISHERS),
        key=key,
    )


def _attributes(services: Services, topic_arn: str) -> Mapping[str, str]:
    attributes: Mapping[str, str] = ask(
        services["sns"], "sns:GetTopicAttributes", lambda one: one.get_topic_attributes(TopicArn=topic_arn)
    )["Attributes"]
    return attributes


def _lets(policy: Mapping[str, Any], needed: Statement) -> bool:
    """Tell whether a policy lets a service publish for this stack. Of conditions only the source is looked at."""
    source = needed["Condition"]["ArnLike"]["aws:SourceArn"].replace("*", "any")
    return any(
        one.get("Effect") == "Allow"
        and {"sns:publish", "sns:*", "*"} & {word.lower() for word in _listed(one.get("Action"))}
        and isinstance(principal := one.get("Principal"), dict)
        and needed["Principal"]["Service"] in _listed(principal.get("Service"))
        and all(any(fnmatchcase(source, known) for known in sources) for sources in _sources(one))
        for one in policy.get("Statement", [])
    )


def _sources(statement: Mapping[str, Any]) -> Iterator[list[str]]:
    """List, for each condition on the source, which it lets publish."""
    for operator, keys in (statement.get("Condition") or {}).items():
        if operator.lower() in {"arnlike", "arnequals", "stringlike", "stringequals"}:
            yield from (_listed(value) for key, value in keys.items() if key.lower() == "aws:sourcearn")


def _listed(value: Any) -> list[str]:
    """Give what a policy may write as one text or as a list."""
    return [value] if isinstance(value, str) else list(value or ())
