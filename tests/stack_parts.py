"""A stack's resources, each as its own service has it, with what AWS draws by lot named by its place in the template."""

from __future__ import annotations

import io
import json
import urllib.request
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

Client = Callable[[str], Any]
"""Gives the client of a service."""

_DRAWN = frozenset(
    [
        "AlarmConfigurationUpdatedTimestamp",
        "CodeSha256",
        "CreateDate",
        "CreatedTimestamp",
        "CreationDate",
        "LastModified",
        "LastModifiedDate",
        "LastModifiedTimestamp",
        "PolicyId",
        "ResponseMetadata",
        "RevisionId",
        "RoleId",
        "StateTransitionedTimestamp",
        "StateUpdatedTimestamp",
        "UpdateDate",
        "creationTime",
    ]
)
"""What is another each time: times, ids, revisions, and the digest of an archive, which holds its time."""


def parts(client: Client, resources: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Look each resource up; ``resources``: as CloudFormation lists them, by their names in the template."""
    physical = {one["PhysicalResourceId"]: name for name, one in resources.items()}
    looked_up = {
        name: _LOOKS[one["ResourceType"]](client, one["PhysicalResourceId"])
        for name, one in resources.items()
    }
    text = json.dumps(_lasting(looked_up), default=str, sort_keys=True)
    for drawn in sorted(physical, key=len, reverse=True):
        text = text.replace(json.dumps(drawn)[1:-1], f"<{physical[drawn]}>")
    found: dict[str, Any] = json.loads(text)
    return found


def _lasting(value: Any) -> Any:
    """Leave out what is another each time."""
    if isinstance(value, dict):
        return {key: _lasting(one) for key, one in value.items() if key not in _DRAWN}
    if isinstance(value, list):
        return [_lasting(one) for one in value]
    return value


def _topic(client: Client, arn: str) -> Any:
    sns = client("sns")
    heard = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    return {
        "attributes": sns.get_topic_attributes(TopicArn=arn)["Attributes"],
        "tags": sns.list_tags_for_resource(ResourceArn=arn)["Tags"],
        "heard by": sorted((one["Protocol"], one["Endpoint"]) for one in heard),
    }


def _subscription(client: Client, arn: str) -> Any:
    attributes = client("sns").get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    return {key: value for key, value in attributes.items() if key != "SubscriptionArn"}


def _policy(client: Client, arn: str) -> Any:
    return client("iam").get_policy(PolicyArn=arn)["Policy"]


def _role(client: Client, name: str) -> Any:
    iam = client("iam")
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    return {
        "role": iam.get_role(RoleName=name)["Role"],
        "inline": [iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"] for one in inline],
    }


def _rule(client: Client, name: str) -> Any:
    events, name = client("events"), name.rpartition("/")[2]
    return {
        "rule": events.describe_rule(Name=name),
        "targets": events.list_targets_by_rule(Rule=name)["Targets"],
    }


def _queue(client: Client, url: str) -> Any:
    asked = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    return {**asked["Attributes"], "tags": client("sqs").list_queue_tags(QueueUrl=url).get("Tags", {})}


def _alarm(client: Client, name: str) -> Any:
    return client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]


def _function(client: Client, name: str) -> Any:
    aws = client("lambda")
    function = aws.get_function(FunctionName=name)
    with urllib.request.urlopen(function["Code"]["Location"], timeout=10) as answer:  # noqa: S310 - loopback
        code = zipfile.ZipFile(io.BytesIO(answer.read()))
    return {
        "function": function["Configuration"],
        "code": {one: code.read(one).decode() for one in code.namelist()},
        "policy": json.loads(aws.get_policy(FunctionName=name)["Policy"]),
    }


def _log(client: Client, name: str) -> Any:
    return client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]


def _parameter(client: Client, name: str) -> Any:
    return client("ssm").get_parameter(Name=name)["Parameter"]


def _key(client: Client, key: str) -> Any:
    kms = client("kms")
    return {
        "key": kms.describe_key(KeyId=key)["KeyMetadata"],
        "policy": json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]),
        "turns": kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"],
    }


_LOOKS: Mapping[str, Callable[[Client, str], Any]] = {
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::Events::Rule": _rule,
    "AWS::IAM::ManagedPolicy": _policy,
    "AWS::IAM::Role": _role,
    "AWS::KMS::Key": _key,
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::Permission": lambda *_: "with the function",
    "AWS::Logs::LogGroup": _log,
    "AWS::SNS::Subscription": _subscription,
    "AWS::SNS::Topic": _topic,
    "AWS::SNS::TopicPolicy": lambda *_: "with the topic",
    "AWS::SQS::Queue": _queue,
    "AWS::SQS::QueuePolicy": lambda *_: "with the queue",
    "AWS::SSM::Parameter": _parameter,
}
