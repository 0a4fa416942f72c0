"""How the stack fares: drift, and the hosts with their heartbeats."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from logonbell.cloud.services import Services
from logonbell.cloud.wanted import Tag
from logonbell.notifiers.aws import NotAnswered
from logonbell.notifiers.check import Check, Mark, unknown
from logonbell.sentence import say

_CANARY_WINDOW = timedelta(days=2)
_LOOKS, _PAUSE = 30, 2.0
"""So often is asked whether the look at drift is over, and so many seconds apart."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A running host that carries the tag: when it was heard last, and when its last canary was taken.

    ``silent``: the watchman rings for it, or has rung.
    """

    host: str
    name: str | None
    heard: datetime | None
    canary: datetime | None
    silent: bool


def drift(services: Services, stack: str, pause: Callable[[float], None] = time.sleep) -> Check:
    """Let CloudFormation look whether somebody changed the stack by hand. Raises nothing for what AWS does."""
    aws = services["cloudformation"]
    what = say("whether somebody changed the stack by hand")
    try:
        asked = aws.ask(lambda one: one.detect_stack_drift(StackName=stack))["StackDriftDetectionId"]
        for _ in range(_LOOKS):
            found = aws.ask(
                lambda one: one.describe_stack_drift_detection_status(StackDriftDetectionId=asked)
            )
            if found["DetectionStatus"] != "DETECTION_IN_PROGRESS":
                break
            pause(_PAUSE)
        if found.get("StackDriftStatus") == "IN_SYNC":
            return Check("drift", Mark.GOOD, say("Nobody changed the stack by hand."))
        if found.get("StackDriftStatus") != "DRIFTED":
            why = say(
                "Not known: {what}. CloudFormation did not come to an end with it ({why}).",
                what=what,
                why=found.get("DetectionStatusReason", found["DetectionStatus"]),
            )
            return Check("drift", Mark.UNKNOWN, why)
        drifted = aws.ask(
            lambda one: one.describe_stack_resource_drifts(
                StackName=stack, StackResourceDriftStatusFilters=["MODIFIED", "DELETED"]
            )
        )["StackResourceDrifts"]
    except NotAnswered as lost:
        return unknown("drift", what, "cloudformation:DetectStackDrift", lost)
    names = ", ".join(f"{one['LogicalResourceId']} ({one['StackResourceDriftStatus']})" for one in drifted)
    why = say(
        "Somebody changed by hand: {names}. Put it back by hand: the CloudFormation console shows how it was.",
        names=names,
    )
    return Check("drift", Mark.CARE, why)


def hosts(services: Services, tag: Tag, now: datetime) -> Iterator[Heard]:
    """List the hosts that the watchman watches, as it sees them. Raises ``NotAnswered``."""
    from logonbell.cloud import watchman  # noqa: PLC0415 - it imports boto3, 150 ms that others do without

    for one in services["ec2"].ask(lambda ec2: list(watchman.running(ec2, tag.key, tag.value))):
        host = one["InstanceId"]
        heard = services["cloudwatch"].ask(partial(watchman.newest, name="Heartbeat", host=host, now=now))
        canary = services["cloudwatch"].ask(
            partial(watchman.newest, name="Canary", host=host, now=now, window=_CANARY_WINDOW)
        )
        names = {given["Key"]: given["Value"] for given in one.get("Tags", [])}
        silent = watchman.missed(now, one["LaunchTime"], heard, None)
        yield Heard(host, names.get("Name"), heard, canary, silent)
