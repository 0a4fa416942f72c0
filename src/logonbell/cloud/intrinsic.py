"""CloudFormation's functions, and what many resources name by them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Resource = dict[str, Any]


def ref(name: str) -> dict[str, str]:
    """Refer to a parameter or a resource."""
    return {"Ref": name}


def att(name: str, attribute: str) -> dict[str, list[str]]:
    """Take an attribute of a resource."""
    return {"Fn::GetAtt": [name, attribute]}


def sub(text: str, **values: Any) -> dict[str, Any]:
    """Fill a text."""
    return {"Fn::Sub": [text, values] if values else text}


def if_(condition: str, then: Any, otherwise: Any = None) -> dict[str, Any]:
    """Choose by a condition; nothing, where there is nothing else."""
    return {"Fn::If": [condition, then, ref("AWS::NoValue") if otherwise is None else otherwise]}


TOPIC = if_("OwnTopic", ref("Topic"), ref("TopicArn"))
ACCOUNT = ref("AWS::AccountId")
ROOT = sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")
THROUGH_SNS = sub("sns.${AWS::Region}.${AWS::URLSuffix}")
TAGS = [{"Key": "logonbell", "Value": ref("AWS::StackName")}]


def key_arn() -> dict[str, Any]:
    """Name the topic's own key."""
    return att("Key", "Arn")


def resource(
    kind: str,
    properties: Mapping[str, Any],
    *,
    condition: str | None = None,
    keeps: bool = False,
    why: Mapping[str, str] | None = None,
) -> Resource:
    """Make a resource; what ``keeps`` something goes with the stack, and not because another takes its place."""
    made: Resource = {"Type": kind}
    if condition is not None:
        made["Condition"] = condition
    if keeps:
        made |= {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Retain"}
    if why:
        made["Metadata"] = {"WhyAnyResource": dict(why)}
    made["Properties"] = dict(properties)
    return made
