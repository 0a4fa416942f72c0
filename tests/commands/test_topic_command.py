"""``logonbell topic``: what it says of a topic, and how it ends."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from urllib.parse import quote

import pytest

from fakes import NOON, FakeClock
from fault_proxy import Answer, FaultProxy, error
from logonbell.agent import utc_now
from logonbell.caretaker import DAY, FIRST, Caretaker
from logonbell.cli import main
from logonbell.notifiers.topic_guard import TopicGuard
from logonbell.rule import Rules
from logonbell.simulate.evtx import write_evtx
from logonbell.simulate.windows import WindowsHost
from logonbell.store.outbox import Outbox
from scripted_aws import (
    caller,
    forbidden,
    role,
    simulated,
    subscription_attributes,
    subscriptions,
    topic_attributes,
)

ARN = "arn:aws:sns:eu-north-1:123456789012:logonbell"
OTHER = "arn:aws:sns:eu-north-1:123456789012:audit"
MAIL = ("arn:s1", "email", "ops@example.com")
JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
CONFIRMED = Answer(
    200,
    b"<ConfirmSubscriptionResponse><ConfirmSubscriptionResult><SubscriptionArn>arn:s9</SubscriptionArn>"
    b"</ConfirmSubscriptionResult></ConfirmSubscriptionResponse>",
)


@dataclass
class Said:
    """What a run ended with, and what it said."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program in this process."""

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


@pytest.fixture
def aws() -> Iterator[FaultProxy]:
    """AWS as it answers where everything is well."""
    with FaultProxy(9) as proxy:
        proxy.always("GetTopicAttributes", topic_attributes(TopicArn=ARN))
        proxy.always("ListSubscriptionsByTopic", subscriptions(MAIL))
        proxy.always(
            "GetSubscriptionAttributes", subscription_attributes(ConfirmationWasAuthenticated="true")
        )
        proxy.always("GetCallerIdentity", caller())
        proxy.always("GetRole", role())
        proxy.always("SimulatePrincipalPolicy", simulated(sns_Publish="allowed"))
        proxy.always("ConfirmSubscription", CONFIRMED)
        yield proxy


@pytest.fixture
def config(tmp_path: Path, aws: FaultProxy) -> Callable[..., Path]:
    """Write settings with a topic, or several."""

    def config(*arns: str, more: str = "") -> Path:
        path = tmp_path / "logonbell.toml"
        tables = [
            f"[[notify.sns]]\ntopic_arn = '{arn}'\nname = 'bell-{number}'\nendpoint_url = '{aws.url}'\n{more}"
            for number, arn in enumerate(arns, 1)
        ]
        path.write_text(f"state = '{tmp_path / 'state'}'\n" + "".join(tables))
        return path

    return config


def test_a_topic_that_is_well(run: Run, config: Callable[..., Path], aws: FaultProxy) -> None:
    """Each thing that was looked at is a line, the topics apart; it ends with 0, and nothing was published."""
    said = run("topic", "check", "--config", config(ARN, OTHER))
    assert said.code == 0, said
    assert said.err == ""
    assert [line for line in said.out.splitlines() if not line.startswith(" ")] == [
        f"bell-1: {ARN}",
        f"bell-2: {OTHER}",
    ]
    assert said.out.count("  good: The topic exists.") == 2
    assert said.out.count("  good: email ops@example.com: confirmed.") == 2
    assert "may publish (simulated by IAM)" in said.out
    assert "Publish" not in {request.form.get("Action") for request in aws.seen}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_topic_that_nobody_hears(
    run: Run, config: Callable[..., Path], aws: FaultProxy, language: str
) -> None:
    """What is bad stands out, and ends with 1, in the reader's language."""
    aws.always("ListSubscriptionsByTopic", subscriptions(("PendingConfirmation", "email", "new@example.com")))
    said = run("topic", "check", "--lang", language, "--config", config(ARN))
    assert said.code == 1
    lines = said.out.splitlines()[1:]
    assert all(bool(JAPANESE.search(line)) == (language == "ja") for line in lines), lines
    if language == "en":
        assert "  BAD: Nobody hears the topic" in said.out
        assert "  take care: email new@example.com: not confirmed" in said.out
        assert "  ? Not known: who vanished." in said.out


def test_rights_that_are_missing_are_no_failure(
    run: Run, config: Callable[..., Path], aws: FaultProxy
) -> None:
    """What AWS does not let us know is said with the right that it takes, and ends with 0."""
    for action in ("GetTopicAttributes", "ListSubscriptionsByTopic", "SimulatePrincipalPolicy", "GetRole"):
        aws.always(action, forbidden(action))
    said = run("topic", "check", "--config", config(ARN))
    assert said.code == 0, said
    for right in ("sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "iam:SimulatePrincipalPolicy"):
        assert f"allow {right}" in said.out


def test_who_vanished_since_the_last_time(
    run: Run, config: Callable[..., Path], aws: FaultProxy, tmp_path: Path
) -> None:
    """Who heard the topic when ``watch`` looked, and does not now, is named, whether or not it rang already."""
    clock = FakeClock(utc_now())  # the command asks the real clock
    with closing(Outbox.open(tmp_path / "state", now=clock())) as outbox:
        guard = TopicGuard(ARN, endpoint_url=aws.url)
        caretaker = Caretaker(guard, outbox, ["sns"], {}, Rules(), clock, "bastion")
        for _ in range(2):
            caretaker.round()
            clock.now += FIRST
        aws.always("ListSubscriptionsByTopic", subscriptions(("arn:s2", "sms", "+81900000000")))
        said = run("topic", "check", "--config", config(ARN))
        assert "take care: email ops@example.com: heard the topic before, and does not any more" in said.out
        clock.now += DAY
        assert caretaker.round()
    lines = [
        json.loads(line)
        for line in run("topic", "check", "--format", "jsonl", "--config", config(ARN)).out.splitlines()
    ]
    (vanished,) = (line for line in lines if line["check"] == "vanished")
    assert (vanished["mark"], vanished["topic"]) == ("care", ARN)
    assert "email ops@example.com" in vanished["what"]


def test_what_became_of_the_canary(run: Run, config: Callable[..., Path], tmp_path: Path) -> None:
    """Where a canary is wished, the last that SNS took is told with its receipt; before the first that is not known."""
    path = config(ARN, more="canary = true\n")
    assert "? No canary was taken yet." in run("topic", "check", "--config", path).out
    seen = {
        "next": "2026-03-04T12:00:00Z",
        "looked": "2026-03-03T12:00:00Z",
        "canary_taken": "2026-03-03T12:00:00Z",
        "canary_receipt": "m-17",
    }
    with closing(Outbox.open(tmp_path / "state", now=NOON)) as outbox:
        outbox.memory.remember(f"topic {ARN}", json.dumps(seen), NOON)
    said = run("topic", "check", "--config", path)
    assert "  good: The last canary was taken 2026-03-03 12:00:00 UTC: m-17" in said.out
    with closing(Outbox.open(tmp_path / "state", now=NOON)) as outbox:
        outbox.memory.remember(f"topic {ARN}", json.dumps({**seen, "canary_told": True}), NOON)
    said = run("topic", "check", "--config", path)
    assert (said.code, "  BAD: The last canary was taken" in said.out) == (1, True)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log in which nobody came in."""
    host = WindowsHost("BASTION", Random(1))  # noqa: S311 - repeatable, not secret
    path = tmp_path / "Security.evtx"
    write_evtx(path, host.service_start(NOON))
    return path


def due(folder: Path, *hears: tuple[str, str]) -> None:
    """Let a topic be looked after next, which was heard by these yesterday."""
    yesterday = (utc_now() - DAY).isoformat()
    seen = {"next": yesterday, "looked": yesterday, "exists": True, "confirmed": hears}
    with closing(Outbox.open(folder / "state", now=utc_now())) as outbox:
        outbox.memory.remember(f"topic {ARN}", json.dumps(seen), utc_now())


def test_watch_looks_after_its_topics(
    run: Run, config: Callable[..., Path], aws: FaultProxy, log: Path, tmp_path: Path
) -> None:
    """A subscription that vanished rings through everything with the next delivery; without the wish nobody looks."""
    aws.always("PublishBatch", forbidden("SNS:Publish"))
    aws.always("Publish", forbidden("SNS:Publish"))
    gone = ("email", "night@example.com")
    sources = f"[sources]\nevtx = ['{log}']\n"
    path = config(ARN, more="daily_check = false\n")
    path.write_text(path.read_text() + sources)
    due(tmp_path, gone)
    assert run("watch", "--once", "--config", path).code == 0
    assert aws.seen == []
    path = config(ARN)
    path.write_text(path.read_text() + sources)
    said = run("watch", "--once", "--config", path)
    assert "The settings were changed: notify.sns[1].daily_check" in said.out
    assert said.code == 1  # SNS does not take that
    said = run("watch", "--once", "--config", path)
    assert "A subscription of logonbell has vanished: email night@example.com" in said.out
    assert "Run: logonbell topic check" in said.out
    state = json.loads(run("status", "--format", "jsonl", "--config", path).out)
    assert state["notifiers"]["bell-1"]["pending"] == 2
    assert run("watch", "--once", "--config", path).out == ""


def test_a_canary_goes_through_its_topic_only(
    run: Run, config: Callable[..., Path], aws: FaultProxy, log: Path, tmp_path: Path
) -> None:
    """The daily canary is published, marked as one, and fills no outbox and no console."""
    aws.always(
        "Publish",
        Answer(
            200,
            b"<PublishResponse><PublishResult><MessageId>m-17</MessageId></PublishResult></PublishResponse>",
        ),
    )
    path = config(ARN, more="canary = true\n")
    path.write_text(path.read_text() + f"[sources]\nevtx = ['{log}']\n")
    due(tmp_path, MAIL[1:])
    said = run("watch", "--once", "--config", path)
    assert (said.code, said.out) == (0, "")
    (form,) = (request.form for request in aws.seen if request.form["Action"] == "Publish")
    assert "notice-canary" in form.values()
    assert "Canary" in form["Message"]
    assert "taken" in run("topic", "check", "--config", path).out
    assert "m-17" in run("topic", "check", "--config", path).out


@pytest.mark.parametrize("language", ["en", "ja"])
def test_without_a_topic_it_is_refused(run: Run, config: Callable[..., Path], language: str) -> None:
    """Where the settings name no topic, both commands say so."""
    for command in (["check"], ["confirm", "abc"]):
        said = run("topic", *command, "--lang", language, "--config", config())
        assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
        assert "[notify.sns]" in said.err


def link(arn: str) -> str:
    """The link of a confirmation mail."""
    return f"https://sns.example/confirmation.html?TopicArn={quote(arn)}&Token=abc123&Endpoint=a@example.com"


def test_confirming_by_the_link_of_a_mail(run: Run, config: Callable[..., Path], aws: FaultProxy) -> None:
    """The link names its topic; it is confirmed so that only rights of AWS end it, and the link is never opened."""
    said = run("topic", "confirm", link(OTHER), "--config", config(ARN, OTHER))
    assert (said.code, said.err) == (0, "")
    assert said.out == "Confirmed: arn:s9. From now on only rights of AWS end it.\n"
    (request,) = aws.seen
    assert request.form["TopicArn"] == OTHER
    assert (request.form["Token"], request.form["AuthenticateOnUnsubscribe"]) == ("abc123", "true")


def test_confirming_by_a_token(run: Run, config: Callable[..., Path], aws: FaultProxy) -> None:
    """A token alone is enough where there is one topic; among several, the notifier's name says which."""
    assert run("topic", "confirm", "abc123", "--config", config(ARN)).code == 0
    refused = run("topic", "confirm", "abc123", "--config", config(ARN, OTHER))
    assert (refused.code, refused.out) == (1, "")
    assert "name the notifier with --notifier" in refused.err
    assert run("topic", "confirm", "abc123", "--notifier", "bell-2", "--config", config(ARN, OTHER)).code == 0
    assert [request.form["TopicArn"] for request in aws.seen] == [ARN, OTHER]


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([link("arn:aws:sns:eu-north-1:999999999999:evil")], "arn:aws:sns:eu-north-1:999999999999:evil"),
        (["no token at all"], "Confirm subscription"),
        (["abc123", "--notifier", "bell-9"], "bell-1"),
    ],
)
def test_what_cannot_be_confirmed_is_refused(
    *, run: Run, config: Callable[..., Path], aws: FaultProxy, arguments: list[str], words: str, language: str
) -> None:
    """A link to somebody else's topic, something that is no token, a name that is not set: one sentence, nothing asked."""
    said = run("topic", "confirm", *arguments, "--lang", language, "--config", config(ARN))
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert bool(JAPANESE.search(said.err)) == (language == "ja")
    assert words in said.err
    assert aws.seen == []


@pytest.mark.parametrize("language", ["en", "ja"])
def test_what_aws_refuses_is_told(
    run: Run, config: Callable[..., Path], aws: FaultProxy, language: str
) -> None:
    """A token that was used before is one sentence with what to do, in the reader's language."""
    aws.always("ConfirmSubscription", error(400, "InvalidParameter", "Invalid parameter: Invalid token"))
    said = run("topic", "confirm", "abc123", "--lang", language, "--config", config(ARN))
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert bool(JAPANESE.search(said.err)) == (language == "ja")
    assert "Invalid token" in said.err
