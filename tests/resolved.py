"""A template as CloudFormation would make it: parameters, conditions and functions resolved, as far as ours use them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

NOTHING = object()
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "ap-northeast-1",
    "AWS::StackName": "logonbell",
    "AWS::URLSuffix": "amazonaws.com",
}
PHYSICAL = {
    "Topic": "arn:aws:sns:ap-northeast-1:123456789012:logonbell",
    "Key": "11111111-2222-3333-4444-555555555555",
    "HostPolicy": "arn:aws:iam::123456789012:policy/logonbell-HostPolicy-ABC",
    "Undelivered": "https://sqs.ap-northeast-1.amazonaws.com/123456789012/logonbell-Undelivered-ABC",
    "Undelivered.Arn": "arn:aws:sqs:ap-northeast-1:123456789012:logonbell-Undelivered-ABC",
    "Undelivered.QueueName": "logonbell-Undelivered-ABC",
    "Key.Arn": "arn:aws:kms:ap-northeast-1:123456789012:key/11111111-2222-3333-4444-555555555555",
    "Watchman": "logonbell-Watchman-ABC",
    "Watchman.Arn": "arn:aws:lambda:ap-northeast-1:123456789012:function:logonbell-Watchman-ABC",
    "WatchmanRole.Arn": "arn:aws:iam::123456789012:role/logonbell-WatchmanRole-ABC",
    "WatchmanLog": "logonbell-WatchmanLog-ABC",
    "WatchmanLog.Arn": "arn:aws:logs:ap-northeast-1:123456789012:log-group:logonbell-WatchmanLog-ABC:*",
    "WatchmanRounds.Arn": "arn:aws:events:ap-northeast-1:123456789012:rule/logonbell-WatchmanRounds-ABC",
}


def _made(template: Mapping[str, Any]) -> dict[str, str]:
    """Name rules and alarms as CloudFormation does, and give their ARNs."""
    made: dict[str, str] = {}
    for name, one in template["Resources"].items():
        begins = {"AWS::Events::Rule": "events:{}:rule/", "AWS::CloudWatch::Alarm": "cloudwatch:{}:alarm:"}
        if (kind := begins.get(one["Type"])) is not None:
            made[name] = f"logonbell-{name}-ABC"
            made[f"{name}.Arn"] = f"arn:aws:{kind.format('ap-northeast-1:123456789012')}{made[name]}"
    return made


def given(template: Mapping[str, Any]) -> dict[str, str]:
    """Give the values of its parameters, as nobody changed them."""
    return {name: one["Default"] for name, one in template["Parameters"].items()}


class Resolved:
    """The stack that a template makes; ``overrides``: parameters that differ from their defaults."""

    def __init__(
        self, template: Mapping[str, Any], *, region: str = "ap-northeast-1", **overrides: str
    ) -> None:
        values = given(template) | overrides
        lists = {name for name, one in template["Parameters"].items() if one["Type"] == "CommaDelimitedList"}
        self._values: dict[str, Any] = {
            **PSEUDO,
            **PHYSICAL,
            **_made(template),
            **{name: value.split(",") if name in lists else value for name, value in values.items()},
            "AWS::Region": region,
        }
        self._conditions = template["Conditions"]
        self.resources: dict[str, dict[str, Any]] = {
            name: {**one, "Properties": self._resolve(one["Properties"])}
            for name, one in template["Resources"].items()
            if "Condition" not in one or self._holds({"Condition": one["Condition"]})
        }

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Give the properties of the resources of a kind, by their names."""
        return {name: one["Properties"] for name, one in self.resources.items() if one["Type"] == kind}

    def _holds(self, condition: Any) -> bool:
        ((function, inner),) = condition.items()
        match function:
            case "Condition":
                return self._holds(self._conditions[inner])
            case "Fn::Equals":
                left, right = map(self._resolve, inner)
                return bool(left == right)
            case "Fn::Not":
                return not self._holds(inner[0])
            case "Fn::And":
                return all(map(self._holds, inner))
            case "Fn::Or":
                return any(map(self._holds, inner))
        raise AssertionError(function)

    def _resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [one for one in map(self._resolve, value) if one is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((function, inner),) = value.items()
            match function:
                case "Ref":
                    return NOTHING if inner == "AWS::NoValue" else self._values[inner]
                case "Fn::If":
                    return self._resolve(inner[1] if self._holds({"Condition": inner[0]}) else inner[2])
                case "Fn::GetAtt":
                    return self._values[".".join(inner)]
                case "Fn::Join":
                    return inner[0].join(self._resolve(inner[1]))
                case "Fn::Split":
                    return self._resolve(inner[1]).split(inner[0])
                case "Fn::Sub":
                    return self._filled(inner)
        resolved = {key: self._resolve(one) for key, one in value.items()}
        return {key: one for key, one in resolved.items() if one is not NOTHING}

    def _filled(self, inner: Any) -> str:
        text, own = inner if isinstance(inner, list) else (inner, {})
        values = {**self._values, **{name: self._resolve(one) for name, one in own.items()}}
        return re.sub(r"\$\{([^}]+)\}", lambda found: values[found[1]], text)


def policies(stack: Resolved) -> Iterator[tuple[str, dict[str, Any]]]:
    """List every policy of a stack, by the resource that holds it."""
    for name, one in stack.resources.items():
        properties = one["Properties"]
        for key in ("PolicyDocument", "KeyPolicy", "AssumeRolePolicyDocument"):
            if key in properties:
                yield name, properties[key]
        for inner in properties.get("Policies", []):
            yield name, inner["PolicyDocument"]
