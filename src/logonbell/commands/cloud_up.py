"""``logonbell cloud up`` and ``down``: the AWS side is set up, changed and taken down, each shown first."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO
from uuid import uuid4

from logonbell.agent import utc_now
from logonbell.cloud.adopting import about_its_key, lacking_statements
from logonbell.cloud.changes import in_words, resource_in_words, subscribers_in_words
from logonbell.cloud.services import Services, services
from logonbell.cloud.stack import Plan, Progress, Stack, Standing, kept, stays
from logonbell.cloud.standing import wanted_of
from logonbell.cloud.statements import Statement
from logonbell.cloud.template import build, heard_by
from logonbell.cloud.trail import look_for_trail
from logonbell.cloud.wanted import Wanted, read_stack
from logonbell.commands.cloud_asked import NOTHING, Asked
from logonbell.commands.cloud_mail import wait_for_mail
from logonbell.commands.consent import agree
from logonbell.commands.desk import Desk
from logonbell.commands.ring import ring
from logonbell.commands.topic import MARKS
from logonbell.config.reading import parse_config
from logonbell.errors import Refused
from logonbell.notifiers.aws import NotAnswered
from logonbell.notifiers.identity import misses
from logonbell.provision.settings import for_host_of_stack
from logonbell.sentence import Sentence, say

_KEPT = ("Topic", "TopicPolicy", "Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which stack, in which region; None for the region of the AWS configuration."""

    stack: str
    region: str | None


def up(
    desk: Desk,
    asked: Asked,
    where: Where,
    *,
    language: str | None,
    yes: bool,
    minutes: float,
    answers: TextIO,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Set it up, or change it. ``language``: asked for; ``minutes``: so long it waits for mail. Returns the exit code."""
    name = read_stack(where.stack)
    aws = services(where.region)
    try:
        stack = Stack(aws, name, pause)
        before = _before(stack, stack.standing())
        wanted = asked.wanted(language or (before.language if before else desk.language), before or NOTHING)
        _refuse_unknown_roles(aws, set(wanted.roles) - set(before.roles if before else ()))
        lacking: Sequence[Statement] = ()
        if wanted.topic_arn is not None:
            lacking = lacking_statements(aws, wanted.topic_arn, name)
        trail = look_for_trail(aws)
        desk.say(replace(MARKS[trail.mark], holes={"what": trail.what}))
        plan = stack.plan(build(wanted), _plan_name())
        if plan is None:
            desk.say(say("Nothing is to be changed: the stack {stack} is as it was asked for.", stack=name))
            standing = stack.standing()
        else:
            standing = _changed(
                desk, stack, plan, before, wanted, region=aws.region, yes=yes, answers=answers
            )
        if standing is None:  # somebody took it down meanwhile
            raise Refused(say("The stack {stack} is gone.", stack=name), say("Run it again."))
        topic = standing.outputs["TopicArn"]
        _tell_owners(desk, aws, wanted, topic, lacking)
        heard = wait_for_mail(desk, aws["sns"], topic, wanted, minutes=minutes, pause=pause)
        text = for_host_of_stack(topic)
        code = 0
        if plan is not None and heard:
            desk.say(say("Now it rings once."))
            code = ring(desk, parse_config(text, Path("logonbell.toml")))
        _tell_settings(desk, wanted, text)
        return code
    finally:
        aws.close()


def down(
    desk: Desk,
    where: Where,
    *,
    keep_topic: bool,
    yes: bool,
    answers: TextIO,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Take it down; with ``keep_topic`` all but the topic and who hears it. Returns the exit code."""
    name = read_stack(where.stack)
    aws = services(where.region)
    try:
        stack = Stack(aws, name, pause)
        standing = stack.standing()
        if standing is None:
            raise Refused(
                say("There is no stack {stack} in {region}.", stack=name, region=aws.region),
                say("Name another with --stack, another region with --region."),
            )
        before = _before(stack, standing)
        adopted = before is not None and before.topic_arn is not None
        desk.say(_what_goes(name, standing, before, keep_topic=keep_topic))
        agree(desk, answers, yes=yes)
        tell = _telling(desk, before, None)
        if keep_topic and before is not None and not adopted:
            _let_stay(stack, standing, [*_KEPT, *heard_by(before.subscribers)], tell)
        stack.take_down(tell)
        desk.say(say("The stack {stack} is gone.", stack=name))
        if keep_topic and (topic := standing.outputs.get("TopicArn")) is not None:
            desk.say(say("To ring that topic again: logonbell cloud up --topic-arn {topic}", topic=topic))
        return 0
    finally:
        aws.close()


def _what_goes(stack: str, standing: Standing, before: Wanted | None, *, keep_topic: bool) -> Sentence:
    """Say what is taken down, and what stays."""
    if before is None:
        return say("Nothing of the stack {stack} stands but its name, which is taken away.", stack=stack)
    topic = standing.outputs.get("TopicArn", "-")
    if before.topic_arn is not None:
        return say(
            "The stack {stack} is taken down. The topic {topic} is not the stack's, and stays.",
            stack=stack,
            topic=topic,
        )
    if keep_topic:
        return say(
            "The stack {stack} is taken down. The topic {topic} and who hears it stay.",
            stack=stack,
            topic=topic,
        )
    return say(
        "The stack {stack} is taken down, and with it the topic {topic}: whoever heard it must be subscribed and confirm "
        "anew.",
        stack=stack,
        topic=topic,
    )


def _plan_name() -> str:
    """Name a change set: when it was planned, and no two alike."""
    return f"logonbell-{utc_now():%Y%m%d%H%M%S}-{uuid4().hex[:8]}"


def _before(stack: Stack, standing: Standing | None) -> Wanted | None:
    if standing is None or not standing.is_there:
        return None
    return wanted_of(stack.template(), standing.parameters)


def _let_stay(
    stack: Stack, standing: Standing, names: Sequence[str], tell: Callable[[Progress], None]
) -> None:
    """Let resources stay when the stack goes. Raises ``Refused`` where CloudFormation does not say that they will."""
    template = stack.template()
    if not stays(template, names):
        plan = stack.plan(kept(template, names), _plan_name(), standing.parameters)
        if plan is not None:
            stack.carry_out(plan, tell)
    if not stays(stack.template(), names):
        raise Refused(
            say("CloudFormation does not keep the topic, so nothing was taken down."),
            say("Take it down in the CloudFormation console, and choose there what stays."),
        )


def _changed(
    desk: Desk,
    stack: Stack,
    plan: Plan,
    before: Wanted | None,
    wanted: Wanted,
    *,
    region: str,
    yes: bool,
    answers: TextIO,
) -> Standing:
    """Show the plan, ask, and carry it out."""
    desk.say(say("In {region}, by CloudFormation, as the stack {stack}:", region=region, stack=stack.name))
    for line in in_words(plan.changes, before, wanted):
        desk.say(line)
    try:
        agree(desk, answers, yes=yes)
    except (Refused, KeyboardInterrupt):
        stack.discard(plan)
        raise
    try:
        standing = stack.carry_out(plan, _telling(desk, before, wanted))
    except KeyboardInterrupt:
        desk.remark(say("CloudFormation goes on by itself. How it stands: logonbell cloud status"))
        raise
    desk.say(say("The stack {stack} stands.", stack=stack.name))
    return standing


def _telling(desk: Desk, before: Wanted | None, after: Wanted | None) -> Callable[[Progress], None]:
    """Make what says how far it is: each resource once, when it is done."""
    heard = subscribers_in_words(before, after)
    done: Mapping[str, Callable[[Sentence], Sentence]] = {
        "CREATE_COMPLETE": lambda what: say("  made: {what}", what=what),
        "UPDATE_COMPLETE": lambda what: say("  changed: {what}", what=what),
        "DELETE_COMPLETE": lambda what: say("  taken away: {what}", what=what),
        "DELETE_SKIPPED": lambda what: say("  stays: {what}", what=what),
    }

    def tell(progress: Progress) -> None:
        what = resource_in_words(progress.name, heard)
        if progress.status.endswith("_FAILED"):
            desk.remark(say("  failed: {what}: {why}", what=what, why=progress.reason))
        elif progress.status in done:
            desk.remark(done[progress.status](what), warns=False)

    return tell


def _refuse_unknown_roles(aws: Services, roles: Iterable[str]) -> None:
    """Refuse a role that is not there before anything is made; where that may not be looked at, CloudFormation finds out."""
    for role in sorted(roles):
        if _is_missing(aws, role):
            raise Refused(
                say("There is no role {role} in this account.", role=role),
                say("Name the role of the hosts' instance profile: aws iam list-roles"),
            )


def _is_missing(aws: Services, role: str) -> bool:
    try:
        aws["iam"].ask(lambda one: one.get_role(RoleName=role))
    except NotAnswered as lost:
        return misses(lost)
    return False


def _tell_owners(desk: Desk, aws: Services, wanted: Wanted, topic: str, lacking: Sequence[Statement]) -> None:
    """Print what others must allow: nothing of theirs is written over."""
    if lacking:
        desk.remark(
            say(
                "The policy of {topic} lacks these statements; its owner adds them (instead of others of the same Sid), else AWS's "
                "own eye is not heard:",
                topic=topic,
            )
        )
        desk.out.line(json.dumps(lacking, indent=2))
    if wanted.topic_arn is not None and (about := about_its_key(aws, topic)) is not None:
        desk.remark(about)
    for queue in (one.endpoint for one in wanted.subscribers if one.protocol == "sqs"):
        desk.remark(
            say(
                "The queue {queue} must allow sqs:SendMessage to sns.amazonaws.com from {topic}, in its own policy.",
                queue=queue,
                topic=topic,
            )
        )


def _tell_settings(desk: Desk, wanted: Wanted, text: str) -> None:
    if wanted.parameter is not None:
        desk.remark(
            say(
                "The hosts read their settings with: logonbell watch --config ssm:{name}",
                name=wanted.parameter,
            ),
            warns=False,
        )
        return
    desk.remark(say("The settings for the hosts (logonbell.toml):"), warns=False)
    desk.out.line(text.rstrip("\n"))
