"""The template: what it allows, what it says, and that it fits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from logonbell.alert import Level
from logonbell.cloud.eyes import NAMES, OFF
from logonbell.cloud.setup_policy import Place, setup_statements
from logonbell.cloud.statements import ANY_RESOURCE, why_any
from logonbell.cloud.template import build, filter_policy
from logonbell.cloud.wanted import Wanted, read_subscribers
from logonbell.cloud.written import read_template, written
from logonbell.config.reading import parse_config
from resolved import PHYSICAL, Resolved, policies
from wanted_stacks import FULL

BODY = 51_200
"""Bytes of a template that is handed over as it is (CloudFormation quotas)."""
CODE = 4_096
"""Characters of a function's code in a template (CloudFormation, AWS::Lambda::Function Code)."""


def test_a_statement_that_names_no_resource_is_explained_beside_it() -> None:
    """Whoever reviews the template reads why a * stands there, and nothing is explained that is not there."""
    stack = Resolved(build(FULL))
    explained = set[str]()
    for name, policy in policies(stack):
        for statement in policy["Statement"]:
            resources = statement.get("Resource", [])
            resources = [resources] if isinstance(resources, str) else resources
            if "*" in resources:
                explained.add(statement["Sid"])
                assert statement["Sid"] in stack.resources[name]["Metadata"]["WhyAnyResource"], statement
    assert {
        sid for one in stack.resources.values() for sid in one.get("Metadata", {}).get("WhyAnyResource", {})
    } == explained
    assert explained <= ANY_RESOURCE.keys()


def test_what_setting_up_may_do_everywhere_is_explained() -> None:
    """No statement of the policy for setting up says * without a reason, which is printed beside it."""
    granted = list(setup_statements(FULL, Place()))
    everywhere = {one["Sid"] for one in granted if one["Resource"] == "*"}
    assert everywhere == why_any(granted).keys()
    assert not [one for one in granted if "*" in str(one["Action"])]


def test_no_action_is_a_wildcard_but_the_keys_own() -> None:
    """Only the account's own right to its key is as wide as that."""
    wide = {
        (name, action)
        for name, policy in policies(Resolved(build(FULL)))
        for statement in policy["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        if "*" in action
    }
    assert wide == {("Key", "kms:*"), ("Key", "kms:GenerateDataKey*")}


def test_a_host_may_ring_this_topic_and_say_that_it_is_alive_and_nothing_else() -> None:
    """Without options the hosts' policy has two statements."""
    stack = Resolved(build(Wanted(roles=("Bastion",))))
    (policy,) = stack.of("AWS::IAM::ManagedPolicy").values()
    assert policy["Roles"] == ["Bastion"]
    assert [(one["Action"], one["Resource"]) for one in policy["PolicyDocument"]["Statement"]] == [
        ("sns:Publish", PHYSICAL["Topic"]),
        ("cloudwatch:PutMetricData", "*"),
    ]


def test_nobody_but_those_who_must_may_publish() -> None:
    """The topic's policy names this account, this stack's rules and alarms, and the organization where asked; TLS only."""
    by_sid = {one["Sid"]: one for one in _topic_policy(Resolved(build(FULL)))}
    assert by_sid["TlsOnly"]["Effect"] == "Deny"
    assert by_sid["RolesOfThisAccount"]["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    rules = by_sid["RulesOfThisStack"]["Condition"]["ArnLike"]["aws:SourceArn"]
    assert len(rules) == len(NAMES) - 1
    assert "arn:aws:events:ap-northeast-1:123456789012:rule/logonbell-SessionStartedEye-ABC" in rules
    assert by_sid["AlarmsOfThisStack"]["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
    assert by_sid["RolesOfTheOrganization"]["Condition"]["StringEquals"] == {
        "aws:PrincipalOrgID": "o-exampleorgid"
    }
    alone = [one["Sid"] for one in _topic_policy(Resolved(build(Wanted())))]
    assert alone == ["TlsOnly", "RolesOfThisAccount", "RulesOfThisStack", "AlarmsOfThisStack"]


def test_an_adopted_topic_is_only_rung() -> None:
    """Nothing of a topic that was there already is made, replaced or deleted."""
    arn = "arn:aws:sns:ap-northeast-1:123456789012:by-hand"
    stack = Resolved(build(Wanted(topic_arn=arn, subscribers=read_subscribers(mails=["ops@example.com"]))))
    assert not {"Topic", "TopicPolicy", "Key"} & stack.resources.keys()
    assert {one["TopicArn"] for one in stack.of("AWS::SNS::Subscription").values()} == {arn}
    assert {rule["Targets"][0]["Arn"] for rule in stack.of("AWS::Events::Rule").values()} == {arn}


def test_each_rule_is_switched_by_itself() -> None:
    """What is switched off stays in the stack, off; the rest rings."""
    for name in NAMES:
        stack = Resolved(build(Wanted(silent=frozenset({name}))), region="us-east-1")
        states = [one["State"] for one in stack.of("AWS::Events::Rule").values()]
        assert states.count(OFF) == 1
        assert len(states) == len(NAMES)


def test_iams_calls_are_looked_for_where_they_are_recorded() -> None:
    """A rule that can never match is not made."""
    assert "PolicyDetachedEye" not in Resolved(build(Wanted())).resources
    assert "PolicyDetachedEye" in Resolved(build(Wanted()), region="us-east-1").resources


def test_whoever_touches_a_rule_is_seen_by_another() -> None:
    """Each rule but the last that watches rules is watched, the watchman's rounds among them; what making a stack calls is not told."""
    stack = Resolved(build(FULL), region="us-east-1")
    rules = {name: json.loads(json.dumps(one)) for name, one in stack.of("AWS::Events::Rule").items()}
    watching = {
        name: one["EventPattern"]["detail"]
        for name, one in rules.items()
        if one.get("EventPattern", {}).get("source") == ["aws.events"]
    }
    names = watching["RuleStoppedEye"]["requestParameters"]["name"]
    assert {one.split("-")[1] for one in names} == rules.keys() - {"RuleStoppedEye"}
    by_hand = {name for name, one in watching.items() if "sourceIPAddress" in one}
    assert by_hand == {"TargetsChangedEye"}
    for name in by_hand:
        names = watching[name]["requestParameters"]["rule"]
        assert {one.split("-")[1] for one in names} >= rules.keys() - watching.keys()


def test_a_watchman_that_does_not_run_rings() -> None:
    """Whoever stops the function, or lets it be called no more, makes no error; the alarm rings for want of figures, too."""
    alarms = Resolved(build(FULL)).of("AWS::CloudWatch::Alarm")
    assert alarms["WatchmanAlarm"]["InsufficientDataActions"] == [PHYSICAL["Topic"]]
    assert alarms["WatchmanAlarm"]["TreatMissingData"] == "missing"
    assert "InsufficientDataActions" not in alarms["UndeliveredAlarm"]


def test_without_a_tag_no_function_runs() -> None:
    """Nobody pays for a watchman of no hosts."""
    assert not Resolved(build(Wanted())).of("AWS::Lambda::Function")
    assert Resolved(build(FULL)).of("AWS::Lambda::Function")


@pytest.mark.parametrize("name", ["bastion", "/logonbell/bastion"])
def test_the_settings_parameter_is_named_rightly(name: str) -> None:
    """An ARN has one slash before a parameter's name, whether that begins with one or not."""
    stack = Resolved(build(Wanted(parameter=name)))
    (policy,) = stack.of("AWS::IAM::ManagedPolicy").values()
    (statement,) = (one for one in policy["PolicyDocument"]["Statement"] if one["Sid"] == "ReadItsSettings")
    path = name.removeprefix("/")
    assert statement["Resource"] == f"arn:aws:ssm:ap-northeast-1:123456789012:parameter/{path}"


def test_the_settings_in_the_parameter_ring() -> None:
    """What the hosts read there are sound settings, for the topic of the stack."""
    (parameter,) = Resolved(build(FULL)).of("AWS::SSM::Parameter").values()
    config = parse_config(parameter["Value"], Path("ssm"))
    assert [table.topic_arn for table in config.notify.sns] == [PHYSICAL["Topic"]]


def test_a_function_that_hears_the_topic_may_be_called_by_it() -> None:
    """SNS needs a permission of the function's own."""
    stack = Resolved(build(FULL))
    (permission,) = (
        one for one in stack.of("AWS::Lambda::Permission").values() if one["Principal"] == "sns.amazonaws.com"
    )
    assert permission["SourceArn"] == PHYSICAL["Topic"]


def test_a_filter_lets_through_what_carries_no_level() -> None:
    """What EventBridge and alarms publish has no attributes: a filter that asks for a level would drop it."""
    either = [{"level": [{"exists": False}]}, {"level": ["high", "critical"]}]
    assert filter_policy(Level.HIGH) == {"$or": either}


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize(("form", "mailboxes"), [("yaml", 10), ("json", 20)])
def test_it_fits(language: str, form: str, mailboxes: int) -> None:
    """It can be handed over without a bucket, in each language, by `cloud up` also with twenty mailboxes."""
    mails = [f"somebody.with.a.name.{number}@department.example.co.jp" for number in range(mailboxes)]
    text = written(build(Wanted(subscribers=read_subscribers(mails=mails), language=language)), form)
    assert len(text.encode()) < BODY
    code = Resolved(build(FULL)).of("AWS::Lambda::Function")["Watchman"]["Code"]["ZipFile"]
    assert len(code) <= CODE


def test_both_forms_say_the_same() -> None:
    """YAML and JSON are one template, also where a terminal holds no Japanese."""
    made = build(Wanted(language="ja"))
    as_yaml = written(made, "yaml", plain=True)
    assert as_yaml.isascii()
    as_json = written(made, "json")
    assert read_template(as_yaml) == json.loads(as_json) == json.loads(json.dumps(made))
    assert not as_json.isascii()


def _topic_policy(stack: Resolved) -> list[dict[str, Any]]:
    (one,) = stack.of("AWS::SNS::TopicPolicy").values()
    statements: list[dict[str, Any]] = one["PolicyDocument"]["Statement"]
    return statements
