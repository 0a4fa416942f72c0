"""``logonbell cloud template`` and ``policy``: what is printed, and what is refused."""

from __future__ import annotations

import json
import re

import pytest

from logonbell.cli import main
from logonbell.cloud.written import read_template

ARN = "arn:aws:sns:ap-northeast-1:123456789012:logonbell"
JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")


def test_the_template_holds_what_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """The options stand in it as defaults, and who shall hear it as resources."""
    options = ["--email", "ops@example.com", "--role", "Bastion", "--hosts", "tag:Role=bastion", "--kms"]
    assert main(["cloud", "template", *options, "--without", "session-ended"]) == 0
    made = read_template(capsys.readouterr().out)
    defaults = {name: one["Default"] for name, one in made["Parameters"].items()}
    assert (defaults["Roles"], defaults["HostTagKey"], defaults["HostTagValue"]) == (
        "Bastion",
        "Role",
        "bastion",
    )
    assert (defaults["Encrypt"], defaults["SessionEnded"], defaults["SessionStarted"]) == (
        "yes",
        "DISABLED",
        "ENABLED",
    )
    heard = [
        one["Properties"] for one in made["Resources"].values() if one["Type"] == "AWS::SNS::Subscription"
    ]
    assert [(one["Protocol"], one["Endpoint"]) for one in heard] == [("email", "ops@example.com")]


def test_what_aws_tells_is_in_the_language_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """--lang decides for mails of AWS's own eye, too."""
    assert main(["cloud", "template", "--format", "json", "--lang", "ja"]) == 0
    made = json.loads(capsys.readouterr().out)
    rule = made["Resources"]["SessionStartedEye"]["Properties"]
    assert JAPANESE.search(rule["Targets"][0]["InputTransformer"]["InputTemplate"])


def test_the_hosts_policy_is_printed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON on stdout for a pipe; on stderr why a statement names no resource."""
    key = "arn:aws:kms:ap-northeast-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    options = ["--topic-arn", ARN, "--key-arn", key, "--parameter", "/logonbell/x", "--may", "look"]
    assert main(["cloud", "policy", *options]) == 0
    said = capsys.readouterr()
    statements = {one["Sid"]: one for one in json.loads(said.out)["Statement"]}
    assert statements["RingThisTopic"]["Resource"] == ARN
    assert statements["UseItsKey"]["Resource"] == key
    assert statements["ReadItsSettings"]["Resource"] == (
        "arn:aws:ssm:ap-northeast-1:123456789012:parameter/logonbell/x"
    )
    assert "BeatTheHeart names no resource" in said.err


def test_the_policy_for_setting_up_grows_with_what_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --hosts no function is made, so none may be."""
    assert main(["cloud", "policy", "--for-setup"]) == 0
    bare = capsys.readouterr().out
    assert "lambda:" not in bare
    assert "kms:" not in bare
    assert (
        main(
            [
                "cloud",
                "policy",
                "--for-setup",
                "--hosts",
                "tag:Role=bastion",
                "--kms",
                "--region",
                "cn-north-1",
            ]
        )
        == 0
    )
    grown = capsys.readouterr().out
    assert "lambda:CreateFunction" in grown
    assert "kms:CreateKey" in grown
    assert "arn:aws-cn:lambda:cn-north-1:*:function:logonbell-*" in grown


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["template", "--email", "ops"],
        ["template", "--topic-arn", ARN, "--kms"],
        ["template", "--topic-arn", f"{ARN}.fifo"],
        ["policy"],
        ["policy", "--topic-arn", ARN, "--key-arn", "alias/aws/sns"],
        ["policy", "--for-setup", "--account", "12"],
    ],
)
def test_what_cannot_be_is_one_sentence(
    arguments: list[str], language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong and what to do, in the user's language; exit 1."""
    assert main(["cloud", *arguments, "--lang", language]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert bool(JAPANESE.search(said.err)) is (language == "ja")
