"""The resources of the cloud's own eye: its rules, the queue for what they could not publish, the alarm on that."""

from __future__ import annotations

from typing import Any

from logonbell.cloud import statements as may
from logonbell.cloud.eyes import Eye
from logonbell.cloud.intrinsic import ACCOUNT, TAGS, TOPIC, Resource, att, if_, ref, resource
from logonbell.cloud.statements import policy
from logonbell.cloud.telling import transformer
from logonbell.sentence import Sentence, say
from logonbell.text.language import speak

_QUEUE_SECONDS = 1_209_600  # SQS's longest, 14 days
ALARMS = [att("UndeliveredAlarm", "Arn"), if_("HasHosts", att("WatchmanAlarm", "Arn"))]


def arns(looking: tuple[Eye, ...]) -> list[Any]:
    """List the rules' ARNs. Not by how their names begin: CloudFormation cuts a long stack's name (a StackSet's) short."""
    return [_of_eye(eye, att(eye.logical, "Arn")) for eye in looking]


def rules(looking: tuple[Eye, ...], language: str) -> dict[str, Resource]:
    """The cloud's own eye, the queue for what could not be delivered, and the alarm on that."""
    made = {eye.logical: _rule(eye, looking, language) for eye in looking}
    made["Undelivered"] = resource(
        "AWS::SQS::Queue",
        {"MessageRetentionPeriod": _QUEUE_SECONDS, "SqsManagedSseEnabled": True, "Tags": TAGS},
        keeps=True,
    )
    made["UndeliveredPolicy"] = resource(
        "AWS::SQS::QueuePolicy",
        {
            "Queues": [ref("Undelivered")],
            "PolicyDocument": policy(
                [may.queue_statement(att("Undelivered", "Arn"), ACCOUNT, arns(looking))]
            ),
        },
    )
    made["UndeliveredAlarm"] = alarm(
        language,
        say(
            "logonbell: what AWS's own eye saw could not be published. It lies in the queue Undelivered of the stack."
        ),
        namespace="AWS/SQS",
        metric="ApproximateNumberOfMessagesVisible",
        dimension=("QueueName", att("Undelivered", "QueueName")),
        statistic="Maximum",
    )
    return made


def _rule(eye: Eye, looking: tuple[Eye, ...], language: str) -> Resource:
    target = {
        "Id": "topic",
        "Arn": TOPIC,
        "DeadLetterConfig": {"Arn": att("Undelivered", "Arn")},
        "InputTransformer": transformer(eye, language),
    }
    properties = {
        "Description": f"logonbell rings: {', '.join(eye.calls)}",
        "EventPattern": _pattern(eye, looking),
        "State": ref(eye.switch),
        "Targets": [target],
    }
    condition = "WhereIamIs" if eye.only_where_iam_is else None
    return resource("AWS::Events::Rule", properties, condition=condition)


def _pattern(eye: Eye, looking: tuple[Eye, ...]) -> dict[str, Any]:
    """Give a rule's pattern. What is about rules watches all that ring, and those before it that watch, too.

    Not itself: it sees nothing once it is stopped. And not each other: CloudFormation makes nothing of what refers in a circle.
    """
    if not eye.names_rule:
        return eye.pattern
    before = looking[: looking.index(eye)]
    watched = [one for one in looking if not one.names_rule or one in before]
    names = [_of_eye(one, ref(one.logical)) for one in watched]
    return eye.about_rules([*names, if_("HasHosts", ref("WatchmanRounds"))])


def _of_eye(eye: Eye, value: Any) -> Any:
    return if_("WhereIamIs", value) if eye.only_where_iam_is else value


def alarm(
    language: str,
    about: Sentence,
    *,
    namespace: str,
    metric: str,
    dimension: tuple[str, Any],
    statistic: str,
    always: bool = False,
) -> Resource:
    """Make an alarm that rings the topic when something is counted above none; ``always``: also when nothing is counted."""
    return resource(
        "AWS::CloudWatch::Alarm",
        {
            "AlarmDescription": str(speak(about, language)),
            "AlarmActions": [TOPIC],
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": [{"Name": dimension[0], "Value": dimension[1]}],
            "Statistic": statistic,
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": 0,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "missing" if always else "notBreaching",
            "InsufficientDataActions": [TOPIC] if always else ref("AWS::NoValue"),
            "Tags": TAGS,
        },
    )
