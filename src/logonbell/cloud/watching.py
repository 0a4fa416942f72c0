"""The resources that ring for silent hosts: a function, when it runs, what it may do, and an alarm on its failing."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from logonbell.cloud import statements as may
from logonbell.cloud.intrinsic import TAGS, THROUGH_SNS, TOPIC, Resource, att, if_, key_arn, ref, resource
from logonbell.cloud.ringing import alarm
from logonbell.cloud.statements import policy
from logonbell.sentence import Sentence, say
from logonbell.text.language import speak

_RUNTIME = "python3.13"
_LOG_DAYS = 30


def watchman(language: str) -> dict[str, Resource]:
    """What rings for hosts that are silent: a function, when it runs, what it may do, and an alarm on its failing."""
    granted = [may.see_hosts(), may.see_heartbeats(), may.remember_ringing()]
    with_key = if_("Encrypted", may.use_key(key_arn(), THROUGH_SNS))
    texts = {name: str(speak(what, language)) for name, what in _SILENT.items()}
    made = {
        "WatchmanRole": resource(
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
                                may.ring(TOPIC),
                                *granted,
                                may.write_log(att("WatchmanLog", "Arn")),
                                with_key,
                            ]
                        ),
                    }
                ],
                "Tags": TAGS,
            },
            why=may.why_any(granted),
        ),
        "Watchman": resource(
            "AWS::Lambda::Function",
            {
                "Description": "Rings for hosts whose heartbeat is silent",
                "Runtime": _RUNTIME,
                "Handler": "index.handler",
                "Role": att("WatchmanRole", "Arn"),
                "Timeout": 120,
                "MemorySize": 128,
                "Code": {"ZipFile": watchman_code()},
                "LoggingConfig": {"LogGroup": ref("WatchmanLog")},
                "Environment": {
                    "Variables": {
                        "TOPIC_ARN": TOPIC,
                        "TAG_KEY": ref("HostTagKey"),
                        "TAG_VALUE": ref("HostTagValue"),
                        **texts,
                    }
                },
                "Tags": TAGS,
            },
        ),
        "WatchmanLog": resource(
            "AWS::Logs::LogGroup", {"RetentionInDays": _LOG_DAYS, "Tags": TAGS}, keeps=True
        ),
        "WatchmanRounds": resource(
            "AWS::Events::Rule",
            {
                "Description": "logonbell looks for silent hosts",
                "ScheduleExpression": "rate(1 minute)",
                "State": "ENABLED",
                "Targets": [{"Id": "watchman", "Arn": att("Watchman", "Arn")}],
            },
        ),
        "WatchmanPermission": resource(
            "AWS::Lambda::Permission",
            {
                "FunctionName": ref("Watchman"),
                "Action": "lambda:InvokeFunction",
                "Principal": "events.amazonaws.com",
                "SourceArn": att("WatchmanRounds", "Arn"),
            },
        ),
        "WatchmanAlarm": alarm(
            language,
            say(
                "logonbell: the function that watches for silent hosts fails, or does not run. Its log says why."
            ),
            namespace="AWS/Lambda",
            metric="Errors",
            dimension=("FunctionName", ref("Watchman")),
            statistic="Sum",
            always=True,
        ),
    }
    return {name: {**one, "Condition": "HasHosts"} for name, one in made.items()}


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


def watchman_code() -> str:
    """Give the watchman's own file, as the function runs it."""
    return (files("logonbell.cloud") / "watchman.py").read_text("utf-8")
