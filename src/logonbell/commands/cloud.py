"""``logonbell cloud``: what the AWS side holds and allows, printed for review."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from logonbell.cloud import statements as may
from logonbell.cloud.setup_policy import Place, setup_statements
from logonbell.cloud.statements import Statement, policy, why_any
from logonbell.cloud.template import build
from logonbell.cloud.wanted import read_stack
from logonbell.cloud.written import written
from logonbell.commands.cloud_asked import Asked
from logonbell.commands.desk import Desk
from logonbell.errors import Refused
from logonbell.notifiers.topic import read_topic
from logonbell.sentence import say


def template(desk: Desk, asked: Asked, *, form: str) -> int:
    """Print the template, as `cloud up` hands it over. Returns the exit code."""
    made = build(asked.wanted(desk.language))
    text = written(made, form)
    # A text with escapes of ours in it would be another template.
    desk.out.line(text if desk.out.fit(text) == text else written(made, form, plain=True))
    return 0


def host_policy(desk: Desk, asked: Asked, *, key_arn: str | None) -> int:
    """Print what a host may do. Returns the exit code."""
    wanted = asked.wanted(desk.language)
    if wanted.topic_arn is None:
        raise Refused(
            say("Nothing says which topic may be rung."),
            say("Name it with --topic-arn; `logonbell cloud up` prints it."),
        )
    topic = read_topic(wanted.topic_arn)
    granted = [may.ring(topic.arn), may.beat()]
    if key_arn is not None:
        if not _KEY.fullmatch(key_arn):
            raise Refused(
                say("{arn} is not the ARN of a key.", arn=repr(key_arn[:_SHOWN])),
                say("It looks like arn:aws:kms:ap-northeast-1:123456789012:key/0123... (no alias)."),
            )
        granted.append(may.use_key(key_arn, f"sns.{topic.region}.{_suffix(topic.partition)}"))
    if wanted.parameter is not None:
        place = Place(partition=topic.partition, region=topic.region, account=topic.account)
        granted.append(may.read_settings(place.arn("ssm", f"parameter/{wanted.parameter.removeprefix('/')}")))
    if wanted.may_look:
        granted.append(may.look(topic.arn))
    if wanted.may_list_sessions:
        granted.append(may.list_sessions())
    _print(desk, granted)
    return 0


def setup_policy(desk: Desk, asked: Asked, *, stack: str, account: str, region: str) -> int:
    """Print what whoever sets it up must be allowed. Returns the exit code."""
    if not _ACCOUNT.fullmatch(account) or not _REGION.fullmatch(region):
        raise Refused(
            say(
                "{account} and {region} are no account and region.",
                account=repr(account),
                region=repr(region),
            ),
            say("As in: --account 123456789012 --region ap-northeast-1"),
        )
    partition = next((name for name, begins in _PARTITIONS.items() if region.startswith(begins)), "aws")
    place = Place(stack=read_stack(stack), partition=partition, region=region, account=account)
    _print(desk, setup_statements(asked.wanted(desk.language), place))
    return 0


def _suffix(partition: str) -> str:
    """Give how AWS's names end in a partition (CloudFormation's AWS::URLSuffix)."""
    return "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"


def _print(desk: Desk, granted: Iterable[Statement]) -> None:
    listed = list(granted)
    desk.out.line(json.dumps(policy(listed), indent=2))
    for sid, why in why_any(listed).items():
        desk.remark(say("{statement} names no resource: {why}", statement=sid, why=why), warns=False)


_SHOWN = 200
_KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,64}", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{12}|[*]", re.ASCII)
_REGION = re.compile(r"[a-z]{2}[a-z0-9-]*-[0-9]+|[*]", re.ASCII)
_PARTITIONS = {"aws-cn": "cn-", "aws-us-gov": "us-gov-"}
