"""The stack's template: one for a hand's review, for `cloud up`, and for StackSets, CDK or Terraform.

What is asked for stands in it as the defaults of its parameters, so the plain AWS CLI makes the same stack of it. Only
subscriptions are no parameters: CloudFormation makes no resources of a list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from logonbell.alert import Level
from logonbell.beat import NAMESPACE
from logonbell.cloud import statements as may
from logonbell.cloud.eyes import Eye, eyes
from logonbell.cloud.intrinsic import (
    ACCOUNT,
    ROOT,
    TAGS,
    THROUGH_SNS,
    TOPIC,
    Resource,
    if_,
    key_arn,
    ref,
    resource,
    sub,
)
from logonbell.cloud.parameters import CONDITIONS, parameters
from logonbell.cloud.ringing import ALARMS, arns, rules
from logonbell.cloud.statements import Statement, policy
from logonbell.cloud.wanted import Subscriber, Wanted
from logonbell.cloud.watching import watchman
from logonbell.provision.settings import for_host_of_stack


def build(wanted: Wanted) -> dict[str, Any]:
    """Build the template."""
    looking = eyes(TOPIC, sub("${Topic}:", Topic=TOPIC), ref("HostPolicy"))
    resources = {
        **_topic(looking),
        **_subscriptions(wanted.subscribers),
        **_hosts(),
        **rules(looking, wanted.language),
        **watchman(wanted.language),
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "logonbell: rings when someone gets onto a bastion",
        "Metadata": {"Language": wanted.language},
        "Parameters": parameters(wanted, looking),
        "Conditions": CONDITIONS,
        "Resources": resources,
        "Outputs": {
            "TopicArn": {"Description": "The topic that rings", "Value": TOPIC},
            "PolicyArn": {"Description": "What a host may do", "Value": ref("HostPolicy")},
            "Namespace": {"Description": "The heartbeats' metrics", "Value": NAMESPACE},
        },
    }


def _topic(looking: tuple[Eye, ...]) -> dict[str, Resource]:
    """The topic of the stack's own, who may publish to it, and its key."""
    key = may.key_statements(ROOT)
    whole_organization = if_("OfOrganization", may.roles_with_key(ref("Organization"), THROUGH_SNS))
    return {
        "Topic": resource(
            "AWS::SNS::Topic",
            {
                "TopicName": ref("TopicName"),
                "DisplayName": "logonbell",
                "KmsMasterKeyId": if_("Encrypted", ref("Key")),
                "Tags": TAGS,
            },
            condition="OwnTopic",
            keeps=True,  # under a new name nobody has confirmed yet: the old one rings until it is taken away
        ),
        "TopicPolicy": resource(
            "AWS::SNS::TopicPolicy",
            {
                "Topics": [ref("Topic")],
                "PolicyDocument": policy(
                    [
                        *may.topic_statements(ref("Topic"), ACCOUNT, ROOT, arns(looking), ALARMS),
                        if_("OfOrganization", may.roles_of(ref("Organization"), ref("Topic"), ACCOUNT)),
                    ]
                ),
            },
            condition="OwnTopic",
        ),
        "Key": resource(
            "AWS::KMS::Key",
            {
                "Description": sub("Encrypts the topic of ${AWS::StackName}"),
                "EnableKeyRotation": True,
                "PendingWindowInDays": 30,
                "KeyPolicy": policy([*key, whole_organization]),
                "Tags": TAGS,
            },
            condition="Encrypted",
            keeps=True,
            why=may.why_any([*key, may.roles_with_key("", "")]),
        ),
    }


def _subscriptions(subscribers: tuple[Subscriber, ...]) -> dict[str, Resource]:
    """Who hears it; a function must be told that SNS may call it."""
    made: dict[str, Resource] = {}
    for one in subscribers:
        properties: dict[str, Any] = {
            "TopicArn": TOPIC,
            "Protocol": one.protocol,
            "Endpoint": one.endpoint,
        }
        if one.least is not None:
            properties |= {
                "FilterPolicyScope": "MessageAttributes",
                "FilterPolicy": filter_policy(one.least),
            }
        made[logical(one)] = resource("AWS::SNS::Subscription", properties)
        if one.protocol == "lambda":
            made[permission(one)] = resource(
                "AWS::Lambda::Permission",
                {
                    "FunctionName": one.endpoint,
                    "Action": "lambda:InvokeFunction",
                    "Principal": "sns.amazonaws.com",
                    "SourceArn": TOPIC,
                },
            )
    return made


def _hosts() -> dict[str, Resource]:
    """What a host may do, and its settings."""
    parameter = sub(
        "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${Name}",
        Name={"Fn::Join": ["/", {"Fn::Split": ["//", sub("/${ParameterName}")]}]},  # one / however it begins
    )
    granted: list[Statement] = [may.beat(), may.list_sessions()]
    return {
        "HostPolicy": resource(
            "AWS::IAM::ManagedPolicy",
            {
                "Description": "What a logonbell host may do: ring one topic, and say that it is alive",
                "Roles": if_("HasRoles", ref("Roles")),
                "PolicyDocument": policy(
                    [
                        may.ring(TOPIC),
                        may.beat(),
                        if_("Encrypted", may.use_key(key_arn(), THROUGH_SNS)),
                        if_("HasParameter", may.read_settings(parameter)),
                        if_("Looks", may.look(TOPIC)),
                        if_("ListsSessions", may.list_sessions()),
                    ]
                ),
            },
            why=may.why_any(granted),
        ),
        "Settings": resource(
            "AWS::SSM::Parameter",
            {
                "Name": ref("ParameterName"),
                "Type": "String",
                "Description": "Settings of the logonbell hosts: logonbell watch --config ssm:NAME",
                "Value": sub(for_host_of_stack("${Topic}"), Topic=TOPIC),
            },
            condition="HasParameter",
        ),
    }


def filter_policy(least: Level) -> dict[str, Any]:
    """Let through what is at least of a level, and what carries no level: AWS's own messages carry no attributes."""
    return {
        "$or": [{"level": [{"exists": False}]}, {"level": [level.word for level in Level if level >= least]}]
    }


def heard_by(subscribers: Iterable[Subscriber]) -> list[str]:
    """Name all of the template by which they hear the topic."""
    return [name for one in subscribers for name in (logical(one), permission(one))]


def permission(one: Subscriber) -> str:
    """Name what lets SNS call a function that hears the topic."""
    return f"{logical(one)}Permission"


def logical(one: Subscriber) -> str:
    """Name a subscription in the template: the same for the same subscriber, whoever else there is."""
    digest = hashlib.sha256(f"{one.protocol} {one.endpoint}".encode()).hexdigest()[:12]
    return f"Hears{one.protocol.capitalize()}{digest}"
