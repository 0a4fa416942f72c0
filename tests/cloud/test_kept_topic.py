"""`cloud down --keep-topic` where CloudFormation keeps what it is told to keep, and the topic rung again afterwards."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud_account import Account, account_in
from emulator import Emulator

pytestmark = pytest.mark.rig


class Keeping(Emulator):
    """ministack with CloudFormation's deletion policies."""

    module = "keeping"

    def environment(self) -> dict[str, str]:
        """Find the module among the tests."""
        return {**super().environment(), "PYTHONPATH": str(Path(__file__).parents[1])}


def archive(code: str) -> bytes:
    """Give a function's code as Lambda takes it."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        file.writestr("index.py", code)
    return held.getvalue()


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator for all of these; each test has a stack of its own."""
    with Keeping(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture
def account(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Account:
    """An account in which nothing of logonbell's stands."""
    return account_in(emulator, monkeypatch, capsys)


EVERYTHING = [
    "--email", "ops@example.com", "--sms", "+819012345678", "--only", "+819012345678=high", "--role", "Bastion",
    "--hosts", "tag:Role=bastion", "--kms",
]  # fmt: skip


def test_the_topic_is_kept_with_all_who_hear_it_and_the_rest_is_gone(account: Account) -> None:
    """Nobody must confirm anew; the filters and the key stay, too; a second time there is nothing to take down."""
    account.up(*EVERYTHING)
    listed, ids = account.listed(), account.resources()
    staying = {
        name: one for name, one in listed.items() if name in {"Topic", "Key"} or name.startswith("Hears")
    }
    before = account.parts(staying)
    said = account.run("down", "--keep-topic")
    assert said.code == 0, said
    assert f"logonbell cloud up --topic-arn {account.topic}" in said.out
    assert {line.strip() for line in said.err.splitlines() if "stays" in line} >= {
        "stays: the topic",
        "stays: the topic's key",
        "stays: who may publish to the topic",
        "stays: email ops@example.com hears the topic",
    }
    assert account.parts(staying) == before
    aws = account.aws
    assert not aws.client("events").list_rules(NamePrefix=f"{account.stack}-")["Rules"]
    assert ids["Undelivered"] not in str(aws.client("sqs").list_queues())
    assert ids["Watchman"] not in str(aws.client("lambda").list_functions())
    assert ids["HostPolicy"] not in str(aws.client("iam").list_policies(Scope="Local"))
    assert ids["WatchmanRole"] not in str(aws.client("iam").list_roles())
    assert account.run("down").code == 1


def test_a_function_that_hears_the_kept_topic_may_still_be_called(account: Account) -> None:
    """Its permission is a resource of its own: without it the subscription would stay, and be dumb."""
    role = account.aws.client("iam").get_role(RoleName="Bastion")["Role"]["Arn"]
    function = account.aws.client("lambda").create_function(
        FunctionName=account.stack,
        Runtime="python3.13",
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": archive("def handler(event, context): return None")},
    )["FunctionArn"]
    said = account.up("--subscribe", function)
    assert f"  + new: that the topic may call lambda {function}" in said.out.splitlines()
    assert account.run("down", "--keep-topic").code == 0
    allowed = json.loads(account.aws.client("lambda").get_policy(FunctionName=account.stack)["Policy"])
    (statement,) = allowed["Statement"]
    assert "sns.amazonaws.com" in str(statement["Principal"])


def test_a_kept_topic_is_rung_again(account: Account) -> None:
    """Its policy still names the rules of the stack that is gone: what it lacks for the new ones is printed."""
    account.up("--email", "ops@example.com")
    assert account.run("down", "--keep-topic").code == 0
    said = account.run("up", "--topic-arn", account.topic)
    assert said.code == 0, said
    assert "lacks these statements" in said.err
    lacking, _ = json.JSONDecoder().raw_decode(said.out[said.out.index("[\n") :])
    assert {one["Sid"] for one in lacking} == {"RulesOfThisStack", "AlarmsOfThisStack"}
    sns = account.aws.client("sns")
    policy: dict[str, Any] = json.loads(
        sns.get_topic_attributes(TopicArn=account.topic)["Attributes"]["Policy"]
    )
    others = [one for one in policy["Statement"] if one["Sid"] not in {each["Sid"] for each in lacking}]
    sns.set_topic_attributes(
        TopicArn=account.topic,
        AttributeName="Policy",
        AttributeValue=json.dumps({**policy, "Statement": [*others, *lacking]}),
    )
    assert "lacks these statements" not in account.run("up").err
    assert account.heard_by() == {("email", "ops@example.com")}
