"""The stack's template: one for a hand's review, for `cloud up`, and for StackSets, CDK or Terraform.

What is asked for stands in it as the defaults of its parameters, so the plain AWS CLI makes the same stack of it. Only
subscriptions are no parameters: CloudFormation makes no resources of a list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from logonbell.alert import Level
from logonbell.beat import NAMESPACE
from logonbell.cloud import statements as may
from logonbell.cloud.eyes import OFF, Eye, eyes
from logonbell.cloud.statements import Statement, policy
from logonbell.cloud.telling import transformer
from logonbell.cloud.wanted import Subscriber, Wanted
from logonbell.provision.settings import for_host_of_stack
from logonbell.sentence import Sentence, say
from logonbell.text.language import speak

Resource = dict[str, Any]

YES, NO = "yes", "no"
_RUNTIME = "python3.13"
_LOG_DAYS = 30
_QUEUE_SECONDS = 1_209_600  # SQS's longest, 14 days


def build(wanted: Wanted) -> dict[str, Any]:
    """Build the template."""
    making = _Making(wanted.language)
    looking = eyes(_TOPIC, _sub("${Topic}:", Topic=_TOPIC), _ref("HostPolicy"))
    resources = {
        **making.topic(looking),
        **making.subscriptions(wanted.subscribers),
        **making.hosts(),
        **making.rules(looking),
        **making.watchman(),
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "logonbell: rings when someone gets onto a bastion",
        "Metadata": {"Language": wanted.language},
        "Parameters": parameters(wanted, looking),
        "Conditions": _CONDITIONS,
        "Resources": resources,
        "Outputs": {
            "TopicArn": {"Description": "The topic that rings", "Value": _TOPIC},
            "PolicyArn": {"Description": "What a host may do", "Value": _ref("HostPolicy")},
            "Namespace": {"Description": "The heartbeats' metrics", "Value": NAMESPACE},
        },
    }


def parameters(wanted: Wanted, looking: tuple[Eye, ...]) -> dict[str, Any]:
    """List the parameters, with what is wanted as their defaults."""
    tag = wanted.hosts
    text = {
        "TopicName": (wanted.topic_name, "The topic's name"),
        "TopicArn": (
            wanted.topic_arn or "",
            "A topic that is there already, instead of one of the stack's own",
        ),
        "Organization": (
            wanted.organization or "",
            "An organization (o-...) whose accounts may publish, too",
        ),
        "HostTagKey": (
            tag.key if tag else "",
            "Hosts whose heartbeat is watched carry this tag; empty: none is",
        ),
        "HostTagValue": (tag.value if tag else "", "The tag's value"),
        "ParameterName": (
            wanted.parameter or "",
            "A parameter of the SSM Parameter Store for the hosts' settings",
        ),
    }
    switches = {
        "Encrypt": (wanted.kms, "Whether the topic is encrypted with a key of its own"),
        "MayLook": (wanted.may_look, "Whether hosts may look once a day who hears the topic"),
        "MayListSessions": (wanted.may_list_sessions, "Whether hosts may read the reason of a session"),
    }
    return {
        **{
            name: {"Type": "String", "Default": value, "Description": about}
            for name, (value, about) in text.items()
        },
        "Roles": {
            "Type": "CommaDelimitedList",
            "Default": ",".join(wanted.roles),
            "Description": "The roles of the hosts, which get the policy",
        },
        **{
            name: {
                "Type": "String",
                "Default": YES if value else NO,
                "AllowedValues": [YES, NO],
                "Description": about,
            }
            for name, (value, about) in switches.items()
        },
        **{
            eye.switch: {
                "Type": "String",
                "Default": OFF if eye.name in wanted.silent else eye.on,
                "AllowedValues": [eye.on, OFF],
                "Description": ", ".join(eye.calls),
            }
            for eye in looking
        },
    }


def _ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def _att(name: str, attribute: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, attribute]}


def _sub(text: str, **values: Any) -> dict[str, Any]:
    return {"Fn::Sub": [text, values] if values else text}


def _if(condition: str, then: Any, otherwise: Any = None) -> dict[str, Any]:
    return {"Fn::If": [condition, then, _ref("AWS::NoValue") if otherwise is None else otherwise]}


_CONDITIONS: Mapping[str, Any] = {
    "OwnTopic": {"Fn::Equals": [_ref("TopicArn"), ""]},
    "Encrypted": {"Fn::And": [{"Condition": "OwnTopic"}, {"Fn::Equals": [_ref("Encrypt"), YES]}]},
    "OfOrganization": {"Fn::Not": [{"Fn::Equals": [_ref("Organization"), ""]}]},
    "HasRoles": {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", _ref("Roles")]}, ""]}]},
    "HasHosts": {"Fn::Not": [{"Fn::Equals": [_ref("HostTagKey"), ""]}]},
    "HasParameter": {"Fn::Not": [{"Fn::Equals": [_ref("ParameterName"), ""]}]},
    "Looks": {"Fn::Equals": [_ref("MayLook"), YES]},
    "ListsSessions": {"Fn::Equals": [_ref("MayListSessions"), YES]},
    # IAM's calls are recorded in one region of a partition only (CloudTrail user guide, *Global service events*).
    "WhereIamIs": {
        "Fn::Or": [
            {"Fn::Equals": [_ref("AWS::Region"), region]}
            for region in ("us-east-1", "cn-north-1", "us-gov-west-1")
        ]
    },
}
_TOPIC = _if("OwnTopic", _ref("Topic"), _ref("TopicArn"))
_ACCOUNT = _ref("AWS::AccountId")
_ROOT = _sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")
_THROUGH_SNS = _sub("sns.${AWS::Region}.${AWS::URLSuffix}")
_TAGS = [{"Key": "logonbell", "Value": _ref("AWS::StackName")}]


_ALARMS = [_att("UndeliveredAlarm", "Arn"), _if("HasHosts", _att("WatchmanAlarm", "Arn"))]


def _arns(looking: tuple[Eye, ...]) -> list[Any]:
    """List the rules' ARNs. Not by how their names begin: CloudFormation cuts a long stack's name (a StackSet's) short."""
    return [_of_eye(eye, _att(eye.logical, "Arn")) for eye in looking]


def _of_eye(eye: Eye, value: Any) -> Any:
    return _if("WhereIamIs", value) if eye.only_where_iam_is else value


class _Making:
    """Makes the resources; what people read is in one language."""

    def __init__(self, language: str) -> None:
        self._language = language

    def topic(self, looking: tuple[Eye, ...]) -> dict[str, Resource]:
        """The topic of the stack's own, who may publish to it, and its key."""
        key = may.key_statements(_ROOT)
        whole_organization = _if("OfOrganization", may.roles_with_key(_ref("Organization"), _THROUGH_SNS))
        return {
            "Topic": _resource(
                "AWS::SNS::Topic",
                {
                    "TopicName": _ref("TopicName"),
                    "DisplayName": "logonbell",
                    "KmsMasterKeyId": _if("Encrypted", _ref("Key")),
                    "Tags": _TAGS,
                },
                condition="OwnTopic",
                keeps=True,  # under a new name nobody has confirmed yet: the old one rings until it is taken away
            ),
            "TopicPolicy": _resource(
                "AWS::SNS::TopicPolicy",
                {
                    "Topics": [_ref("Topic")],
                    "PolicyDocument": policy(
                        [
                            *may.topic_statements(_ref("Topic"), _ACCOUNT, _ROOT, _arns(looking), _ALARMS),
                            _if(
                                "OfOrganization", may.roles_of(_ref("Organization"), _ref("Topic"), _ACCOUNT)
                            ),
                        ]
                    ),
                },
                condition="OwnTopic",
            ),
            "Key": _resource(
                "AWS::KMS::Key",
                {
                    "Description": _sub("Encrypts the topic of ${AWS::StackName}"),
                    "EnableKeyRotation": True,
                    "PendingWindowInDays": 30,
                    "KeyPolicy": policy([*key, whole_organization]),
                    "Tags": _TAGS,
                },
                condition="Encrypted",
                keeps=True,
                why=may.why_any([*key, may.roles_with_key("", "")]),
            ),
        }

    def subscriptions(self, subscribers: tuple[Subscriber, ...]) -> dict[str, Resource]:
        """Who hears it; a function must be told that SNS may call it."""
        made: dict[str, Resource] = {}
        for one in subscribers:
            properties: dict[str, Any] = {
                "TopicArn": _TOPIC,
                "Protocol": one.protocol,
                "Endpoint": one.endpoint,
            }
            if one.least is not None:
                properties |= {
                    "FilterPolicyScope": "MessageAttributes",
                    "FilterPolicy": filter_policy(one.least),
                }
            name = logical(one)
            made[name] = _resource("AWS::SNS::Subscription", properties)
            if one.protocol == "lambda":
                made[f"{name}Permission"] = _resource(
                    "AWS::Lambda::Permission",
                    {
                        "FunctionName": one.endpoint,
                        "Action": "lambda:InvokeFunction",
                        "Principal": "sns.amazonaws.com",
                        "SourceArn": _TOPIC,
                    },
                )
        return made

    def hosts(self) -> dict[str, Resource]:
        """What a host may do, and its settings."""
        parameter = _sub(
            "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${Name}",
            Name={
                "Fn::Join": ["/", {"Fn::Split": ["//", _sub("/${ParameterName}")]}]
            },  # one / however it begins
        )
        granted: list[Statement] = [may.beat(), may.list_sessions()]
        return {
            "HostPolicy": _resource(
                "AWS::IAM::ManagedPolicy",
                {
                    "Description": "What a logonbell host may do: ring one topic, and say that it is alive",
                    "Roles": _if("HasRoles", _ref("Roles")),
                    "PolicyDocument": policy(
                        [
                            may.ring(_TOPIC),
                            may.beat(),
                            _if("Encrypted", may.use_key(_key_arn(), _THROUGH_SNS)),
                            _if("HasParameter", may.read_settings(parameter)),
                            _if("Looks", may.look(_TOPIC)),
                            _if("ListsSessions", may.list_sessions()),
                        ]
                    ),
                },
                why=may.why_any(granted),
            ),
            "Settings": _resource(
                "AWS::SSM::Parameter",
                {
                    "Name": _ref("ParameterName"),
                    "Type": "String",
                    "Description": "Settings of the logonbell hosts: logonbell watch --config ssm:NAME",
                    "Value": _sub(for_host_of_stack("${Topic}"), Topic=_TOPIC),
                },
                condition="HasParameter",
            ),
        }

    def rules(self, looking: tuple[Eye, ...]) -> dict[str, Resource]:
        """The cloud's own eye, the queue for what could not be delivered, and the alarm on that."""
        made = {eye.logical: self._rule(eye, looking) for eye in looking}
        made["Undelivered"] = _resource(
            "AWS::SQS::Queue",
            {"MessageRetentionPeriod": _QUEUE_SECONDS, "SqsManagedSseEnabled": True, "Tags": _TAGS},
            keeps=True,
        )
        made["UndeliveredPolicy"] = _resource(
            "AWS::SQS::QueuePolicy",
            {
                "Queues": [_ref("Undelivered")],
                "PolicyDocument": policy(
                    [may.queue_statement(_att("Undelivered", "Arn"), _ACCOUNT, _arns(looking))]
                ),
            },
        )
        made["UndeliveredAlarm"] = self._alarm(
            say(
                "logonbell: what AWS's own eye saw could not be published. It lies in the queue Undelivered of the stack."
            ),
            namespace="AWS/SQS",
            metric="ApproximateNumberOfMessagesVisible",
            dimension=("QueueName", _att("Undelivered", "QueueName")),
            statistic="Maximum",
        )
        return made

    def _rule(self, eye: Eye, looking: tuple[Eye, ...]) -> Resource:
        target = {
            "Id": "topic",
            "Arn": _TOPIC,
            "DeadLetterConfig": {"Arn": _att("Undelivered", "Arn")},
            "InputTransformer": transformer(eye, self._language),
        }
        properties = {
            "Description": f"logonbell rings: {', '.join(eye.calls)}",
            "EventPattern": _pattern(eye, looking),
            "State": _ref(eye.switch),
            "Targets": [target],
        }
        condition = "WhereIamIs" if eye.only_where_iam_is else None
        return _resource("AWS::Events::Rule", properties, condition=condition)

    def watchman(self) -> dict[str, Resource]:
        """What rings for hosts that are silent: a function, when it runs, what it may do, and an alarm on its failing."""
        granted = [may.see_hosts(), may.see_heartbeats(), may.remember_ringing()]
        with_key = _if("Encrypted", may.use_key(_key_arn(), _THROUGH_SNS))
        texts = {name: str(speak(what, self._language)) for name, what in _SILENT.items()}
        made = {
            "WatchmanRole": _resource(
                "AWS::IAM::Role",
                {
                    "AssumeRolePolicyDocument": policy(
                        [
                            {
                                "Effect": "Allow",
                                "Principal": {"Service": "lambda.amazonaws.com"},
                                "Action": "sts:AssumeRole",
                            }
                        ]
                    ),
                    "Policies": [
                        {
                            "PolicyName": "watch",
                            "PolicyDocument": policy(
                                [
                                    may.ring(_TOPIC),
                                    *granted,
                                    may.write_log(_att("WatchmanLog", "Arn")),
                                    with_key,
                                ]
                            ),
                        }
                    ],
                    "Tags": _TAGS,
                },
                why=may.why_any(granted),
            ),
            "Watchman": _resource(
                "AWS::Lambda::Function",
                {
                    "Description": "Rings for hosts whose heartbeat is silent",
                    "Runtime": _RUNTIME,
                    "Handler": "index.handler",
                    "Role": _att("WatchmanRole", "Arn"),
                    "Timeout": 120,
                    "MemorySize": 128,
                    "Code": {"ZipFile": watchman_code()},
                    "LoggingConfig": {"LogGroup": _ref("WatchmanLog")},
                    "Environment": {
                        "Variables": {
                            "TOPIC_ARN": _TOPIC,
                            "TAG_KEY": _ref("HostTagKey"),
                            "TAG_VALUE": _ref("HostTagValue"),
                            **texts,
                        }
                    },
                    "Tags": _TAGS,
                },
            ),
            "WatchmanLog": _resource(
                "AWS::Logs::LogGroup", {"RetentionInDays": _LOG_DAYS, "Tags": _TAGS}, keeps=True
            ),
            "WatchmanRounds": _resource(
                "AWS::Events::Rule",
                {
                    "Description": "logonbell looks for silent hosts",
                    "ScheduleExpression": "rate(1 minute)",
                    "State": "ENABLED",
                    "Targets": [{"Id": "watchman", "Arn": _att("Watchman", "Arn")}],
                },
            ),
            "WatchmanPermission": _resource(
                "AWS::Lambda::Permission",
                {
                    "FunctionName": _ref("Watchman"),
                    "Action": "lambda:InvokeFunction",
                    "Principal": "events.amazonaws.com",
                    "SourceArn": _att("WatchmanRounds", "Arn"),
                },
            ),
            "WatchmanAlarm": self._alarm(
                say("logonbell: the function that watches for silent hosts fails. Its log says why."),
                namespace="AWS/Lambda",
                metric="Errors",
                dimension=("FunctionName", _ref("Watchman")),
                statistic="Sum",
            ),
        }
        return {name: {**one, "Condition": "HasHosts"} for name, one in made.items()}

    def _alarm(
        self, about: Sentence, *, namespace: str, metric: str, dimension: tuple[str, Any], statistic: str
    ) -> Resource:
        return _resource(
            "AWS::CloudWatch::Alarm",
            {
                "AlarmDescription": str(speak(about, self._language)),
                "AlarmActions": [_TOPIC],
                "Namespace": namespace,
                "MetricName": metric,
                "Dimensions": [{"Name": dimension[0], "Value": dimension[1]}],
                "Statistic": statistic,
                "Period": 300,
                "EvaluationPeriods": 1,
                "Threshold": 0,
                "ComparisonOperator": "GreaterThanThreshold",
                "TreatMissingData": "notBreaching",
                "Tags": _TAGS,
            },
        )


_SILENT: Mapping[str, Sentence] = {
    "SUBJECT": say("No heartbeat: {host}", host="{host}"),
    "TEXT": say(
        "No heartbeat: {name} ({host}), region {region}, last heard {since}\n"
        "Nobody is told who comes onto this host.\n"
        "What to do: see on the host whether logonbell runs: logonbell doctor. If nobody stopped it, treat the host as "
        "taken over.",
        name="{name}",
        host="{host}",
        region="{region}",
        since="{since}",
    ),
    "NEVER": say("never"),
}


def _pattern(eye: Eye, looking: tuple[Eye, ...]) -> dict[str, Any]:
    """Give a rule's pattern; what stops rules is about all rules but that which looks: it sees nothing once it is stopped."""
    if not eye.of_rules:
        return eye.pattern
    names = [_of_eye(other, _ref(other.logical)) for other in looking if other is not eye]
    return eye.about_names(names)


def watchman_code() -> str:
    """Give the watchman's own file, as the function runs it."""
    return (files("logonbell.cloud") / "watchman.py").read_text("utf-8")


def filter_policy(least: Level) -> dict[str, Any]:
    """Let through what is at least of a level, and what carries no level: AWS's own messages carry no attributes."""
    return {
        "$or": [{"level": [{"exists": False}]}, {"level": [level.word for level in Level if level >= least]}]
    }


def _key_arn() -> dict[str, Any]:
    return _att("Key", "Arn")


def logical(one: Subscriber) -> str:
    """Name a subscription in the template: the same for the same subscriber, whoever else there is."""
    digest = hashlib.sha256(f"{one.protocol} {one.endpoint}".encode()).hexdigest()[:12]
    return f"Hears{one.protocol.capitalize()}{digest}"


def _resource(
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
