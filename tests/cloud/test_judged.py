"""The template and its policies, judged by others: cfn-lint, parliament, and a simulator of IAM."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from logonbell.cloud import statements as may
from logonbell.cloud.setup_policy import Place, setup_statements
from logonbell.cloud.statements import policy
from logonbell.cloud.template import build
from logonbell.cloud.wanted import Wanted
from logonbell.cloud.written import written
from resolved import PHYSICAL, Resolved, policies
from wanted_stacks import FULL

pytestmark = pytest.mark.rig

TOPIC = PHYSICAL["Topic"]
ACCOUNT = "123456789012"
BASTION = f"arn:aws:iam::{ACCOUNT}:role/Bastion"
OTHERS = "arn:aws:iam::999999999999:role/Bastion"
RULE = f"arn:aws:events:ap-northeast-1:{ACCOUNT}:rule/logonbell-SessionStartedEye-ABC"
TLS = {"aws:SecureTransport": "true"}
MISJUDGED = {
    ("WhoHearsTheTopic", "RESOURCE_MISMATCH"),
    ("LookAtThisTopic", "RESOURCE_MISMATCH"),
    ("TheAccountOwnsItsKey", "RESOURCE_MISMATCH"),
    ("TheWatchman", "UNKNOWN_ACTION"),
}
"""What parliament finds wrongly. Its list of actions is older than AWS's: since then the actions on a subscription name
the topic (service authorization reference of SNS; the simulator's list has it), and * would allow more. And kms:* holds
kms:CreateKey, which no key's own policy grants; AWS's default key policy says the same. lambda:GetFunctionScalingConfig is newer than
its data, too; CloudFormation calls it."""

Judge = Callable[[Iterable[Mapping[str, Any]]], list[str]]


@pytest.mark.parametrize("form", ["yaml", "json"])
@pytest.mark.parametrize(
    "wanted", [FULL, Wanted(), Wanted(topic_arn=TOPIC, language="ja")], ids=["full", "bare", "adopting"]
)
def test_cfn_lint_finds_nothing(wanted: Wanted, form: str) -> None:
    """CloudFormation's own linter has no error and no warning; its hints for writing (I...) are off by default."""
    from cfnlint.api import lint_all  # noqa: PLC0415 - seconds, in the rig only

    found = lint_all(written(build(wanted), form))
    assert [str(one) for one in found if not one.rule.id.startswith("I")] == []


def test_parliament_finds_nothing(tmp_path: Path) -> None:
    """No policy has a finding, but for those that parliament's old data misjudges."""
    place = Place(region="ap-northeast-1", account=ACCOUNT)
    every = [one for _, one in policies(Resolved(build(FULL)))]
    every += [policy(setup_statements(FULL, place)), policy(setup_statements(Wanted(), Place()))]
    for number, one in enumerate(every):
        for statement in one["Statement"]:
            # Parliament knows policies of identities. A resource's own names that resource, or a key by *.
            bare = {key: value for key, value in statement.items() if key != "Principal"}
            if "Principal" in statement and statement.get("Resource", "*") == "*":
                of_role = statement["Action"] == "sts:AssumeRole"
                bare["Resource"] = BASTION if of_role else PHYSICAL["Key.Arn"]
            file = tmp_path / f"{statement.get('Sid', '-')}.{number}.json"
            file.write_text(json.dumps(policy([bare])))
    told = subprocess.run(
        [Path(sys.executable).with_name("parliament"), "--json", "--directory", str(tmp_path)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert told.stderr == ""
    found = {
        (Path(finding["location"]["filepath"]).name.partition(".")[0], finding["issue"])
        for finding in map(json.loads, told.stdout.splitlines())
    }
    assert found == MISJUDGED


def test_who_may_publish(simulate: Judge) -> None:
    """The hosts' roles, this stack's rules and alarms, the organization's roles; by TLS; nobody else, and nowhere else."""
    stack = Resolved(build(FULL))
    (host,) = (one["PolicyDocument"] for one in stack.of("AWS::IAM::ManagedPolicy").values())
    (topic,) = (one["PolicyDocument"] for one in stack.of("AWS::SNS::TopicPolicy").values())

    def publish(who: str, own: Any = None, to: str = TOPIC, **context: str) -> dict[str, Any]:
        context = {
            "aws:SecureTransport": "true",
            **{key.replace("_", ":"): value for key, value in context.items()},
        }
        return _simulation(
            "sns:Publish", who, to, own=own, of_resource=topic if to == TOPIC else None, context=context
        )

    anything = policy([may.allow("All", "sns:*", "*")])
    asked = {
        "a host": (publish(BASTION, host), "Allowed"),
        "a host, without TLS": (publish(BASTION, host, aws_SecureTransport="false"), "ExplicitlyDenied"),
        "a host, to another topic": (publish(BASTION, host, f"{TOPIC}-other"), "ImplicitlyDenied"),
        "a role of the account without the policy": (publish(BASTION), "ImplicitlyDenied"),
        "a role of another account": (publish(OTHERS, anything), "ImplicitlyDenied"),
        "a role of the organization": (
            publish(
                OTHERS, anything, aws_PrincipalOrgID="o-exampleorgid", aws_PrincipalAccount="999999999999"
            ),
            "Allowed",
        ),
        "a role of the organization that its account does not let": (
            publish(OTHERS, None, aws_PrincipalOrgID="o-exampleorgid", aws_PrincipalAccount="999999999999"),
            "ImplicitlyDenied",
        ),
        "a role of the account, by the organization": (
            publish(BASTION, None, aws_PrincipalOrgID="o-exampleorgid", aws_PrincipalAccount=ACCOUNT),
            "ImplicitlyDenied",
        ),
        "a rule of the stack": (
            publish("events.amazonaws.com", aws_SourceArn=RULE, aws_SourceAccount=ACCOUNT),
            "Allowed",
        ),
        "another rule": (
            publish(
                "events.amazonaws.com",
                aws_SourceArn=RULE.replace("ABC", "DEF"),
                aws_SourceAccount=ACCOUNT,
            ),
            "ImplicitlyDenied",
        ),
        "the stack's alarm": (
            publish(
                "cloudwatch.amazonaws.com",
                aws_SourceArn=f"arn:aws:cloudwatch:ap-northeast-1:{ACCOUNT}:alarm:logonbell-UndeliveredAlarm-ABC",
                aws_SourceAccount=ACCOUNT,
            ),
            "Allowed",
        ),
        "another account's alarm": (
            publish(
                "cloudwatch.amazonaws.com",
                aws_SourceArn="arn:aws:cloudwatch:ap-northeast-1:999999999999:alarm:logonbell-UndeliveredAlarm-ABC",
                aws_SourceAccount="999999999999",
            ),
            "ImplicitlyDenied",
        ),
    }
    decided = simulate(simulation for simulation, _ in asked.values())
    assert dict(zip(asked, decided, strict=True)) == {name: wanted for name, (_, wanted) in asked.items()}


def test_what_a_host_may_do(simulate: Judge) -> None:
    """It reads its own parameter and puts its own metrics; it subscribes nobody and changes no topic."""
    stack = Resolved(build(FULL))
    (host,) = (one["PolicyDocument"] for one in stack.of("AWS::IAM::ManagedPolicy").values())
    parameter = f"arn:aws:ssm:ap-northeast-1:{ACCOUNT}:parameter/logonbell/bastion"
    through = {"kms:ViaService": "sns.ap-northeast-1.amazonaws.com"}
    asked = [
        ("ssm:GetParameter", parameter, {}, "Allowed"),
        ("ssm:GetParameter", f"{parameter}2", {}, "ImplicitlyDenied"),
        ("ssm:PutParameter", parameter, {}, "ImplicitlyDenied"),
        ("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "logonbell"}, "Allowed"),
        ("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "AWS/EC2"}, "ImplicitlyDenied"),
        ("sns:Subscribe", TOPIC, {}, "ImplicitlyDenied"),
        ("sns:SetTopicAttributes", TOPIC, {}, "ImplicitlyDenied"),
        ("sns:DeleteTopic", TOPIC, {}, "ImplicitlyDenied"),
        ("kms:Decrypt", PHYSICAL["Key.Arn"], through, "Allowed"),
        ("kms:Decrypt", PHYSICAL["Key.Arn"], {}, "ImplicitlyDenied"),
        ("ssm:DescribeSessions", "*", {}, "Allowed"),
        ("ssm:TerminateSession", f"arn:aws:ssm:ap-northeast-1:{ACCOUNT}:session/x", {}, "ImplicitlyDenied"),
    ]
    key = stack.of("AWS::KMS::Key")["Key"]["KeyPolicy"]
    decided = simulate(
        _simulation(
            action,
            BASTION,
            on,
            own=host,
            of_resource=key if action.startswith("kms") else None,
            context=context,
        )
        for action, on, context, _ in asked
    )
    assert decided == [wanted for *_, wanted in asked]


def test_setting_up_may_do_what_it_must_and_touch_nothing_else(simulate: Judge) -> None:
    """Each action is allowed on this stack's resources, and not on those of others."""
    place = Place(region="ap-northeast-1", account=ACCOUNT)
    setup = policy(setup_statements(FULL, place))
    me = f"arn:aws:iam::{ACCOUNT}:role/Operator"
    ours = f"arn:aws:iam::{ACCOUNT}:policy/logonbell-HostPolicy-1ABC"
    theirs = f"arn:aws:iam::{ACCOUNT}:policy/AdministratorAccess"
    stack = f"arn:aws:cloudformation:ap-northeast-1:{ACCOUNT}:stack/logonbell/8f2f2f2f"
    role = f"arn:aws:iam::{ACCOUNT}:role/logonbell-WatchmanRole-1ABC"
    queue = f"arn:aws:sqs:ap-northeast-1:{ACCOUNT}:logonbell-Undelivered-1ABC"
    asked = [
        ("cloudformation:CreateChangeSet", stack, {}, "Allowed"),
        ("cloudformation:DeleteStack", stack.replace("/logonbell/", "/payroll/"), {}, "ImplicitlyDenied"),
        ("sns:CreateTopic", TOPIC, {}, "Allowed"),
        ("sns:Subscribe", TOPIC, {}, "Allowed"),
        ("sns:DeleteTopic", TOPIC.replace(":logonbell", ":payroll"), {}, "ImplicitlyDenied"),
        ("iam:CreatePolicy", ours, {}, "Allowed"),
        ("iam:AttachRolePolicy", BASTION, {"iam:PolicyARN": ours}, "Allowed"),
        ("iam:AttachRolePolicy", BASTION, {"iam:PolicyARN": theirs}, "ImplicitlyDenied"),
        (
            "iam:AttachRolePolicy",
            BASTION.replace("Bastion", "Admin"),
            {"iam:PolicyARN": ours},
            "ImplicitlyDenied",
        ),
        ("iam:PassRole", role, {"iam:PassedToService": "lambda.amazonaws.com"}, "Allowed"),
        ("iam:PassRole", role, {"iam:PassedToService": "ec2.amazonaws.com"}, "ImplicitlyDenied"),
        ("iam:PutRolePolicy", BASTION, {}, "ImplicitlyDenied"),
        ("events:PutRule", RULE, {}, "Allowed"),
        ("events:PutRule", RULE.replace("logonbell-", "payroll-"), {}, "ImplicitlyDenied"),
        ("sqs:CreateQueue", queue, {}, "Allowed"),
        ("kms:CreateKey", "*", {"aws:RequestTag/logonbell": "logonbell"}, "Allowed"),
        ("kms:CreateKey", "*", {}, "ImplicitlyDenied"),
        (
            "ssm:PutParameter",
            f"arn:aws:ssm:ap-northeast-1:{ACCOUNT}:parameter/logonbell/bastion",
            {},
            "Allowed",
        ),
        ("cloudtrail:DescribeTrails", "*", {}, "Allowed"),
        (
            "cloudtrail:StopLogging",
            f"arn:aws:cloudtrail:ap-northeast-1:{ACCOUNT}:trail/x",
            {},
            "ImplicitlyDenied",
        ),
    ]
    decided = simulate(
        _simulation(action, me, on, own=setup, of_resource=None, context=context)
        for action, on, context, _ in asked
    )
    assert decided == [wanted for *_, wanted in asked]


def _simulation(
    action: str, who: str, resource: str, *, own: Any, of_resource: Any, context: Mapping[str, str]
) -> dict[str, Any]:
    simulation: dict[str, Any] = {
        "request": {
            "action": action,
            "principal": who,
            "resource": {"resource": resource, "accountId": ACCOUNT},
            "contextVariables": dict(context),
        },
        "identityPolicies": [] if own is None else [{"name": "own", "policy": own}],
        "serviceControlPolicies": [],
        "resourceControlPolicies": [],
    }
    if of_resource is not None:
        simulation["resourcePolicy"] = of_resource
    return simulation
