"""``logonbell cloud status``: whether the AWS side stands as it was made, who hears it, and which hosts are heard."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from logonbell.agent import utc_now
from logonbell.cloud.health import Heard, drift, hosts
from logonbell.cloud.services import READ_SECONDS, Services, services
from logonbell.cloud.stack import Stack, Standing
from logonbell.cloud.standing import wanted_of
from logonbell.cloud.trail import look_for_trail
from logonbell.cloud.wanted import Wanted, read_stack
from logonbell.commands.cloud_up import Where
from logonbell.commands.desk import MENDABLE, Desk
from logonbell.commands.topic import MARKS
from logonbell.errors import Refused
from logonbell.notifiers.aws import NotAnswered
from logonbell.notifiers.check import Check, Mark, unknown
from logonbell.notifiers.subscription import told
from logonbell.notifiers.topic_guard import Report, TopicGuard
from logonbell.sentence import Sentence, say
from logonbell.text.moment import short

_WELL = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})


def status(desk: Desk, where: Where, *, as_lines: bool, pause: Callable[[float], None] = time.sleep) -> int:
    """Look at everything once; nothing is changed or sent. Ends with 1 where something is bad."""
    name = read_stack(where.stack)
    aws = services(where.region)
    try:
        stack = Stack(aws, name, pause)
        standing = stack.standing()
        if standing is None or not standing.is_there:
            raise Refused(
                say("There is no stack {stack} in {region}.", stack=name, region=aws.region),
                say(
                    "Set it up: logonbell cloud up; or name another with --stack, another region with --region."
                ),
            )
        wanted = wanted_of(stack.template(), standing.parameters)
        bad = False
        if not as_lines:
            desk.say(
                say(
                    "{stack} in {region}: {topic}",
                    stack=name,
                    region=aws.region,
                    topic=standing.outputs.get("TopicArn", "-"),
                )
            )
        for one in _checks(aws, name, standing, wanted, desk, pause=pause):
            bad = bad or one.mark is Mark.BAD
            if as_lines:
                desk.out.line(json.dumps({"check": one.about, "mark": one.mark, "what": str(one.what)}))
            else:
                desk.say(replace(MARKS[one.mark], holes={"what": one.what}))
            desk.out.flush()  # a look at drift takes a while
        return MENDABLE if bad else 0
    finally:
        aws.close()


def _checks(
    aws: Services,
    name: str,
    standing: Standing,
    wanted: Wanted,
    desk: Desk,
    *,
    pause: Callable[[float], None],
) -> Iterator[Check]:
    since = short(standing.since, desk.zone)
    if standing.status in _WELL:
        yield Check("stack", Mark.GOOD, say("The stack stands since {since}.", since=since))
    else:
        why = say("The stack is {status} since {since}.", status=standing.status, since=since)
        yield Check("stack", Mark.CARE if "IN_PROGRESS" in standing.status else Mark.BAD, why)
    if (topic := standing.outputs.get("TopicArn")) is not None:  # a stack that failed has none
        report = TopicGuard(topic, read_seconds=READ_SECONDS).look(rights=False)
        yield from report.checks
        yield from _gone(wanted, report)
    yield look_for_trail(aws)
    if wanted.silent:
        off = say("Switched off, so it does not ring: {names}", names=", ".join(sorted(wanted.silent)))
        yield Check("eyes", Mark.CARE, off)
    yield from _hosts(aws, wanted, desk)
    yield drift(aws, name, pause)


def _gone(wanted: Wanted, report: Report) -> Iterator[Check]:
    """Name who was subscribed by the stack and is not any more: deleted by a link in a mail, or by hand."""
    if report.subscriptions is None:
        return
    there = {one.key for one in report.subscriptions}
    for one in wanted.subscribers:
        if (one.protocol, one.endpoint) not in there:
            why = say(
                "{subscriber}: its subscription was deleted, so it hears nothing. Take it out and put it in again: "
                "logonbell cloud up --remove, then with it anew.",
                subscriber=told((one.protocol, one.endpoint)),
            )
            yield Check("subscription", Mark.BAD, why)


def _hosts(aws: Services, wanted: Wanted, desk: Desk) -> Iterator[Check]:
    if wanted.hosts is None:
        nobody = say(
            "No host's heartbeat is watched. To watch them: logonbell cloud up --hosts tag:NAME=VALUE"
        )
        yield Check("hosts", Mark.CARE, nobody)
        return
    now = utc_now()
    any_host = False
    try:
        for one in hosts(aws, wanted.hosts, now):
            any_host = True
            yield _host(one, now, desk)
    except NotAnswered as lost:
        what = say("which hosts are heard")
        yield unknown("hosts", what, "ec2:DescribeInstances, cloudwatch:GetMetricData", lost)
        return
    if not any_host:
        nobody = say(
            "No running instance carries the tag {key}={value}.",
            key=wanted.hosts.key,
            value=wanted.hosts.value,
        )
        yield Check("hosts", Mark.CARE, nobody)


def _host(one: Heard, now: datetime, desk: Desk) -> Check:
    heard: Sentence
    if one.heard is None:
        heard = say("not heard within three hours")
    else:
        heard = say("heard {seconds:,} s ago", seconds=max(0, int((now - one.heard).total_seconds())))
    canary: Sentence = say("no canary within two days")
    if one.canary is not None:
        canary = say("last canary {time}", time=short(one.canary, desk.zone))
    what = say(
        "{host} ({name}): {heard}; {canary}", host=one.host, name=one.name or "-", heard=heard, canary=canary
    )
    return Check("host", Mark.BAD if one.silent else Mark.GOOD, what)
