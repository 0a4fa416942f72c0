"""Rings for running hosts that carry the tag, and whose heartbeat is silent or was never heard.

It runs in AWS Lambda, as a file of its own: it imports nothing of ours, and CloudFormation takes 4,096 characters.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

NAMESPACE = "logonbell"
SILENT = timedelta(minutes=5)
NEW = timedelta(minutes=15)
"""So long after its launch a host need not be heard yet."""
WINDOW = timedelta(hours=3)
"""So far back is looked; what is silent still is told again after that."""


def handler(_event: object, _context: object) -> list[str]:
    """Look at every host; give those for which it rang."""
    ec2: Any = boto3.client("ec2")
    metrics: Any = boto3.client("cloudwatch")
    sns: Any = boto3.client("sns")
    now = datetime.now(UTC)
    rung: list[str] = []
    for host in running(ec2, os.environ["TAG_KEY"], os.environ["TAG_VALUE"]):
        name = host["InstanceId"]
        heard, told = newest(metrics, "Heartbeat", name, now), newest(metrics, "Rung", name, now)
        if missed(now, host["LaunchTime"], heard, told):
            sns.publish(**message(host, heard))
            remember(metrics, name)  # after ringing: at least once
            rung.append(name)
    return rung


def running(ec2: Any, key: str, value: str) -> Iterator[dict[str, Any]]:
    """List the instances that run and carry the tag."""
    wanted = [
        {"Name": f"tag:{key}", "Values": [value]},
        {"Name": "instance-state-name", "Values": ["running"]},
    ]
    for page in ec2.get_paginator("describe_instances").paginate(Filters=wanted):
        for reservation in page["Reservations"]:
            yield from reservation["Instances"]


def newest(metrics: Any, name: str, host: str, now: datetime, window: timedelta = WINDOW) -> datetime | None:
    """Give the time of the newest point of a host's metric within the window."""
    metric = {"Namespace": NAMESPACE, "MetricName": name, "Dimensions": of(host)}
    answer = metrics.get_metric_data(
        MetricDataQueries=[{"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}],
        StartTime=now - window,
        EndTime=now + timedelta(minutes=1),
    )
    return max(answer["MetricDataResults"][0]["Timestamps"], default=None)


def missed(now: datetime, launched: datetime, heard: datetime | None, told: datetime | None) -> bool:
    """Tell whether to ring: silent for too long, and not rung for since it fell silent."""
    if heard is None:
        return told is None and now - launched > NEW
    return now - heard > SILENT and (told is None or told <= heard)


def message(host: dict[str, Any], heard: datetime | None) -> dict[str, Any]:
    """Write what is published."""
    name, region = host["InstanceId"], os.environ["AWS_REGION"]
    tags = {tag["Key"]: tag["Value"] for tag in host.get("Tags", [])}
    known = "".join(sign if sign.isprintable() else "?" for sign in tags.get("Name", "-"))
    since = f"{heard:%Y-%m-%d %H:%M} UTC" if heard else os.environ["NEVER"]
    said = {"level": "high", "rule": "no-heartbeat", "host": name, "region": region}
    return {
        "TopicArn": os.environ["TOPIC_ARN"],
        "Subject": os.environ["SUBJECT"].format(host=name),
        "Message": os.environ["TEXT"].format(host=name, name=known, since=since, region=region),
        "MessageAttributes": {
            key: {"DataType": "String", "StringValue": value} for key, value in said.items()
        },
    }


def remember(metrics: Any, host: str) -> None:
    """Keep, as a metric, that it rang for a host."""
    point = {"MetricName": "Rung", "Dimensions": of(host), "Value": 1}
    metrics.put_metric_data(Namespace=NAMESPACE, MetricData=[point])


def of(host: str) -> list[dict[str, str]]:
    """Name a host as CloudWatch knows it."""
    return [{"Name": "Host", "Value": host}]
