"""Who may do what: each statement of each policy, and why where it cannot name a resource.

What stands for a resource is an ARN, or what CloudFormation makes one of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from logonbell.beat import NAMESPACE

Statement = Mapping[str, Any]
Value = str | Mapping[str, Any]
Values = Value | list[Any]


ANY_RESOURCE: Mapping[str, str] = {
    "BeatTheHeart": "cloudwatch:PutMetricData knows no resource; the condition holds it to our namespace.",
    "ReadReasons": "ssm:DescribeSessions knows no resource; it tells of all sessions of the account and region.",
    "RememberRinging": "cloudwatch:PutMetricData knows no resource; the condition holds it to our namespace.",
    "SeeHeartbeats": "cloudwatch:GetMetricData knows no resource and no condition; it reads figures only.",
    "SeeHosts": "ec2:DescribeInstances knows no resource; it reads which instances run, and their tags.",
    "TheAccountOwnsItsKey": "In a key's policy * is that key; without this nobody could mend or delete it.",
    "SeeDrift": "cloudformation:DescribeStackDriftDetectionStatus knows no resource; it reads how a look at drift ended.",
    "SeeLogs": "What logs:Describe... asks for knows no resource; it reads which logs and policies of logs there are.",
    "SeeTrails": "cloudtrail:DescribeTrails knows no resource; it reads which trails there are.",
    "MakeItsKey": "kms:CreateKey knows no resource, since the key is not there yet; the tag holds it to ours.",
    "RolesOfTheOrganizationUseIt": "In a key's policy * is that key; the conditions hold it to the organization and SNS.",
    "WhatAwsPublishes": "In a key's policy * is that key; who may publish is said by the topic's policy.",
}
"""Why a statement says ``*`` where others name a resource, by its Sid. A test holds every policy to it."""


def why_any(statements: Iterable[Statement]) -> dict[str, str]:
    """Give the reasons of those statements that name no resource."""
    return {
        one["Sid"]: ANY_RESOURCE[one["Sid"]]
        for one in statements
        if one.get("Resource") == "*" and one["Effect"] == "Allow"
    }


def allow(
    sid: str,
    actions: str | list[str],
    resource: Value | list[str],
    condition: Mapping[str, Any] | None = None,
) -> Statement:
    """Make a statement that allows something."""
    made: dict[str, Any] = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
    return made if condition is None else {**made, "Condition": condition}


def policy(statements: Iterable[Any]) -> dict[str, Any]:
    """Make a policy of statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


# What a host may do.


def ring(topic: Value) -> Statement:
    """Publish to this topic, and to no other."""
    return allow("RingThisTopic", "sns:Publish", topic)


def use_key(key: Value, sns: Value) -> Statement:
    """Use the topic's key, through SNS only."""
    through = {"StringEquals": {"kms:ViaService": sns}}
    return allow("UseItsKey", ["kms:GenerateDataKey", "kms:Decrypt"], key, through)


def read_settings(parameter: Value) -> Statement:
    """Read the parameter that holds the settings."""
    return allow("ReadItsSettings", "ssm:GetParameter", parameter)


def beat() -> Statement:
    """Say that the host is alive."""
    return allow("BeatTheHeart", "cloudwatch:PutMetricData", "*", _OUR_METRICS)


def look(topic: Value) -> Statement:
    """Look once a day whether somebody hears the topic."""
    actions = ["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:GetSubscriptionAttributes"]
    return allow("LookAtThisTopic", actions, topic)


def list_sessions() -> Statement:
    """Read the reason that was given for a session."""
    return allow("ReadReasons", "ssm:DescribeSessions", "*")


# What the watchman may do: the function that finds hosts without a heartbeat.


def see_hosts() -> Statement:
    """See which instances run."""
    return allow("SeeHosts", "ec2:DescribeInstances", "*")


def see_heartbeats() -> Statement:
    """See which of them were heard."""
    return allow("SeeHeartbeats", "cloudwatch:GetMetricData", "*")


def remember_ringing() -> Statement:
    """Remember, as a metric, for which host it rang."""
    return allow("RememberRinging", "cloudwatch:PutMetricData", "*", _OUR_METRICS)


def write_log(group: Value) -> Statement:
    """Write its own log."""
    return allow("WriteItsLog", ["logs:CreateLogStream", "logs:PutLogEvents"], group)


# Who may publish to the topic.


def topic_statements(
    topic: Value, account: Value, root: Value, rules: Values, alarms: Values
) -> list[Statement]:
    """Say who may publish: this account's roles whose own policies let them, this stack's rules, its alarm; all by TLS."""
    return [
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": topic,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Sid": "RolesOfThisAccount",
            "Effect": "Allow",
            "Principal": {"AWS": root},
            "Action": "sns:Publish",
            "Resource": topic,
        },
        _service(
            "RulesOfThisStack", "events.amazonaws.com", "sns:Publish", topic, source=rules, account=account
        ),
        _service(
            "AlarmsOfThisStack",
            "cloudwatch.amazonaws.com",
            "sns:Publish",
            topic,
            source=alarms,
            account=account,
        ),
    ]


def roles_of(organization: Value, topic: Value, account: Value) -> Statement:
    """Let roles of the organization's other accounts publish, as far as their own policies let them."""
    return {
        "Sid": "RolesOfTheOrganization",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {
            "StringEquals": {"aws:PrincipalOrgID": organization},
            # Within the account this would let everybody publish whose own policies do not.
            "StringNotEquals": {"aws:PrincipalAccount": account},
        },
    }


def key_statements(root: Value) -> list[Statement]:
    """Say who may use the topic's key: who may of the account, and the services that publish for this stack.

    No condition on the services: whether EventBridge and CloudWatch hand aws:SourceArn on to KMS is not documented, and
    where they do not, the condition would silence them. It would add nothing: they reach the key through the topic.
    """
    return [
        {
            "Sid": "TheAccountOwnsItsKey",
            "Effect": "Allow",
            "Principal": {"AWS": root},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "WhatAwsPublishes",
            "Effect": "Allow",
            "Principal": {"Service": ["events.amazonaws.com", "cloudwatch.amazonaws.com"]},
            "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
            "Resource": "*",
        },
    ]


def roles_with_key(organization: Value, through: Value) -> Statement:
    """Let roles of the organization's other accounts use the key, through SNS only."""
    return {
        "Sid": "RolesOfTheOrganizationUseIt",
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": organization, "kms:ViaService": through}},
    }


def queue_statement(queue: Value, account: Value, rules: Values) -> Statement:
    """Let this stack's rules put aside what they could not deliver."""
    return _service(
        "RulesOfThisStack", "events.amazonaws.com", "sqs:SendMessage", queue, source=rules, account=account
    )


_OUR_METRICS = {"StringEquals": {"cloudwatch:namespace": NAMESPACE}}


def _service(
    sid: str, service: str, action: str, resource: Value, *, source: Values, account: Value
) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": resource,
        "Condition": {"ArnLike": {"aws:SourceArn": source}, "StringEquals": {"aws:SourceAccount": account}},
    }
