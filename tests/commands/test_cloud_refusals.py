"""``logonbell cloud`` where AWS refuses: one sentence, what to do, and the right that is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from fault_proxy import Answer, FaultProxy, error, throttling
from logonbell.cli import main
from logonbell.cloud.refusal import forbidden, refused
from logonbell.cloud.services import Services
from logonbell.cloud.stack import Stack, kept, stays
from logonbell.cloud.standing import wanted_of
from logonbell.cloud.template import build
from logonbell.cloud.wanted import Wanted, read_subscribers
from logonbell.errors import Refused
from logonbell.notifiers.aws import NotAnswered
from resolved import given
from wanted_stacks import FULL

JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
ME = "arn:aws:sts::123456789012:assumed-role/Operator/alice"
ARN = "arn:aws:cloudformation:ap-northeast-1:123456789012:stack/logonbell/*"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultProxy]:
    """AWS in which no stack stands, unless a test says otherwise."""
    with FaultProxy(9) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-1")
        proxy.always(
            "DescribeStacks", error(400, "ValidationError", "Stack with id logonbell does not exist")
        )
        yield proxy


def _denied(action: str) -> Answer:
    words = (
        f"User: {ME} is not authorized to perform: {action} on resource: {ARN} because no identity-based policy allows "
        f"the {action} action"
    )
    return error(403, "AccessDenied", words)


def described(status: str) -> Answer:
    """What DescribeStacks gives."""
    now = datetime.now(UTC).isoformat()
    text = (
        "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>logonbell</StackName>"
        f"<StackId>arn:s</StackId><StackStatus>{status}</StackStatus><CreationTime>{now}</CreationTime></member></Stacks>"
        "</DescribeStacksResult></DescribeStacksResponse>"
    )
    return Answer(200, text.encode())


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (_denied("cloudformation:DescribeStacks"), f"cloudformation:DescribeStacks on {ARN}"),
        (error(403, "AccessDenied", "no"), "cloudformation:DescribeStacks"),
        (error(403, "ExpiredToken", "The security token included in the request is expired"), "have expired"),
        (error(403, "InvalidClientTokenId", "The security token is invalid"), "--region"),
        (error(500, "InternalFailure", "oops"), "InternalFailure"),
        (Answer(200, b"<html>guest network</html>"), "ResponseParserError"),
    ],
)
def test_what_aws_refuses_is_one_sentence(
    aws: FaultProxy, answer: Answer, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong and what to do; exit 1, no traceback."""
    aws.always("DescribeStacks", answer)
    assert main(["cloud", "status"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert says in line


@pytest.mark.parametrize("command", [["up", "--yes"], ["down", "--yes"]])
def test_it_is_told_in_the_users_language(
    aws: FaultProxy, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever is asked."""
    aws.always("DescribeStacks", error(403, "ExpiredToken", "expired"))
    assert main(["cloud", *command, "--lang", "ja"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert JAPANESE.search(line)


def test_the_smallest_policy_is_pointed_to(aws: FaultProxy, capsys: pytest.CaptureFixture[str]) -> None:
    """Who lacks a right learns its name, and where all of them are listed."""
    aws.always("DescribeStacks", _denied("cloudformation:DescribeStacks"))
    main(["cloud", "up", "--yes"])
    assert capsys.readouterr().err == (
        f"AWS forbids cloudformation:DescribeStacks on {ARN}. Allow it. All that setting up needs is printed by: logonbell "
        "cloud policy --for-setup\n"
    )


@pytest.mark.parametrize(
    ("gone", "says"),
    [
        (["AWS_DEFAULT_REGION"], "--region ap-northeast-1"),
        (["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"], "aws sso login"),
    ],
)
def test_without_a_region_or_credentials_it_says_what_to_do(
    aws: FaultProxy,
    gone: list[str],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is guessed, and nothing is asked."""
    for name in gone:
        monkeypatch.delenv(name)
    assert main(["cloud", "status"]) == 1
    assert says in capsys.readouterr().err
    assert aws.seen == []


def test_a_profile_that_is_not_there(
    aws: FaultProxy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt AWS_PROFILE is the user's to mend."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert main(["cloud", "status", "--region", "ap-northeast-1"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot be read" in line
    assert aws.seen == []


def test_nobody_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A network without a way to AWS is told as that."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert main(["cloud", "status", "--region", "ap-northeast-1"]) == 1
    assert "AWS cannot be reached." in capsys.readouterr().err


def test_asked_too_much_it_asks_again_more_slowly(aws: FaultProxy) -> None:
    """A stack of another team holds nobody up; where it does not end, it says so."""
    paused: list[float] = []
    services = Services("ap-northeast-1")
    try:
        stack = Stack(services, "logonbell", paused.append)
        aws.will(throttling(), throttling())
        assert stack.standing() is None
        assert paused == [1.0, 2.0]
        aws.always("DescribeStacks", throttling())
        with pytest.raises(Refused, match="too much"):
            stack.standing()
    finally:
        services.close()


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED"])
def test_a_stack_that_is_busy_or_stuck_is_left_alone(aws: FaultProxy, status: str) -> None:
    """Nothing is planned on top of somebody else's change."""
    aws.always("DescribeStacks", described(status))
    services = Services("ap-northeast-1")
    try:
        with pytest.raises(Refused, match=status):
            Stack(services, "logonbell", lambda _: None).plan(build(FULL), "plan")
    finally:
        services.close()
    assert {one.form["Action"] for one in aws.seen} == {"DescribeStacks"}


def test_a_template_that_is_too_long_is_refused_before_anything_is_asked(aws: FaultProxy) -> None:
    """CloudFormation's own words would tell nobody what to do."""
    mails = [f"somebody.{number}@example.com" for number in range(200)]
    services = Services("ap-northeast-1")
    try:
        with pytest.raises(Refused, match="mailing list"):
            Stack(services, "logonbell").plan(
                build(Wanted(subscribers=read_subscribers(mails=mails))), "plan"
            )
    finally:
        services.close()
    assert aws.seen == []


def test_a_failing_resource_names_the_missing_right() -> None:
    """CloudFormation's reason holds AWS's own words."""
    reason = (
        'Resource handler returned message: "User: arn:aws:sts::1:assumed-role/x/y is not authorized to perform: '
        'iam:CreatePolicy on resource: policy logonbell-HostPolicy-1 because no identity-based policy allows it"'
    )
    refused = forbidden(reason)
    assert refused is not None
    assert "iam:CreatePolicy" in str(refused)
    assert forbidden("Topic already exists") is None


def test_what_was_asked_for_is_read_back() -> None:
    """From a template and its parameters comes what the template was made of, filter and language included."""
    template = build(FULL)
    assert wanted_of(template, given(template)) == FULL


def test_what_is_kept_is_kept_by_name() -> None:
    """The topic stays with who hears it; CloudFormation takes no change of a deletion policy alone."""
    template = build(FULL)
    names = ["Topic", "TopicPolicy", "Key"]
    made = kept(template, names)
    assert stays(made, names)
    assert not stays(template, names)
    assert all("Stays" in made["Resources"][name]["Metadata"] for name in names)
    assert "DeletionPolicy" not in made["Resources"]["Watchman"]


@pytest.mark.parametrize(
    ("name", "does"),
    [
        ("NoRegionError", "--region"),
        ("EndpointConnectionError", "--region"),
        ("ProfileNotFound", "AWS configuration"),
        ("RequestExpired", "aws sso login"),
        ("TooManyRequestsException", "Wait a minute"),
        ("SomethingNew", "run it again"),
    ],
)
def test_each_kind_of_refusal_says_what_to_do(name: str, does: str) -> None:
    """Of a region that is not there as of credentials that ran out; what nobody knows is told in AWS's own words."""
    told = refused(NotAnswered([name], "as AWS says it"), "sns:Publish")
    assert does in str(told.hint)
    assert "as AWS says it" in str(told.what)
    assert "\n" not in str(told)
