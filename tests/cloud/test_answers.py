"""What AWS answers that no emulator does: mail that is pending, drift, trails of every kind."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC
from typing import Any

import pytest

from fault_proxy import FaultProxy
from logonbell.cloud.health import drift
from logonbell.cloud.services import Services
from logonbell.cloud.trail import look_for_trail
from logonbell.cloud.wanted import Subscriber, Wanted
from logonbell.commands.cloud_mail import wait_for_mail
from logonbell.commands.desk import Desk
from logonbell.notifiers.aws import Aws, NotAnswered
from logonbell.notifiers.check import Mark
from logonbell.text.terminal import Terminal
from scripted_aws import subscription_attributes, subscriptions

TOPIC = "arn:aws:sns:eu-north-1:123456789012:logonbell"
WANTED = Wanted(subscribers=(Subscriber("email", "ops@example.com"),))
PENDING = ("PendingConfirmation", "email", "ops@example.com")
CONFIRMED = ("arn:s1", "email", "ops@example.com")


class Answers(Services):
    """Services that answer as they are told, by the name of the call; what is not told is forbidden."""

    def __init__(self, **answers: Any) -> None:
        super().__init__("ap-northeast-1")
        self._answers = answers

    def __getitem__(self, service: str) -> Any:
        """Give a service; one stands for all."""
        return self

    def ask(self, request: Callable[[Any], Any]) -> Any:
        """Answer."""
        return request(self)

    def __getattr__(self, call: str) -> Callable[..., Any]:
        if call not in self._answers:
            raise NotAnswered(["AccessDenied"], f"not authorized to perform {call}")
        answer = self._answers[call]
        return lambda **_: answer.pop(0) if isinstance(answer, list) else answer


@pytest.fixture
def sns() -> Iterator[tuple[FaultProxy, Aws]]:
    """SNS as it answers."""
    with FaultProxy(9) as proxy:
        proxy.always(
            "GetSubscriptionAttributes", subscription_attributes(ConfirmationWasAuthenticated="true")
        )
        aws = Aws("sns", "eu-north-1", endpoint_url=proxy.url)
        yield proxy, aws
        aws.forget()


def waited(
    sns: tuple[FaultProxy, Aws], pause: Callable[[float], None], minutes: float = 1
) -> tuple[bool, str, str]:
    """Wait for mail; give whether anybody hears the topic, and what was said."""
    out, err = io.StringIO(), io.StringIO()
    desk = Desk(Terminal(out, {}), Terminal(err, {}), "en", UTC)
    heard = wait_for_mail(desk, sns[1], TOPIC, WANTED, minutes=minutes, pause=pause)
    return heard, out.getvalue(), err.getvalue()


def test_it_waits_until_mail_is_confirmed(sns: tuple[FaultProxy, Aws]) -> None:
    """Whoever was sent a confirmation is named once, and it goes on as soon as they have confirmed."""
    sns[0].will(*[subscriptions(PENDING)] * 3)
    sns[0].always("ListSubscriptionsByTopic", subscriptions(CONFIRMED))
    paused: list[float] = []
    heard, out, err = waited(sns, paused.append)
    assert heard
    assert len(paused) == 3
    assert out == "email ops@example.com: confirmed.\n"
    assert err.count("AWS sent a confirmation") == 1


def test_it_waits_no_longer_than_it_was_told(sns: tuple[FaultProxy, Aws]) -> None:
    """Then it says who does not hear the topic yet."""
    sns[0].always("ListSubscriptionsByTopic", subscriptions(PENDING))
    paused: list[float] = []
    heard, out, err = waited(sns, paused.append)
    assert not heard
    assert sum(paused) == 60
    assert out == "email ops@example.com: not confirmed, so it hears nothing.\n"
    assert "Nobody hears the topic yet" in err


def test_waiting_can_be_interrupted(sns: tuple[FaultProxy, Aws]) -> None:
    """Ctrl+C ends the waiting, not the setting up."""
    sns[0].always("ListSubscriptionsByTopic", subscriptions(PENDING))

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    heard, _, err = waited(sns, interrupt)
    assert not heard
    assert "It goes on without waiting any longer." in err


@pytest.mark.parametrize(
    ("answers", "mark", "says"),
    [
        (
            {"StackDriftStatus": "IN_SYNC", "DetectionStatus": "DETECTION_COMPLETE"},
            Mark.GOOD,
            "Nobody changed",
        ),
        (
            {"StackDriftStatus": "DRIFTED", "DetectionStatus": "DETECTION_COMPLETE"},
            Mark.CARE,
            "TopicPolicy (MODIFIED), SessionEndedEye (DELETED)",
        ),
        (
            {"DetectionStatus": "DETECTION_FAILED", "DetectionStatusReason": "no right"},
            Mark.UNKNOWN,
            "no right",
        ),
    ],
)
def test_drift_is_told(answers: Mapping[str, str], mark: Mark, says: str) -> None:
    """After CloudFormation has looked, which takes a while."""
    paused: list[float] = []
    aws = Answers(
        detect_stack_drift={"StackDriftDetectionId": "1"},
        describe_stack_drift_detection_status=[{"DetectionStatus": "DETECTION_IN_PROGRESS"}, answers],
        describe_stack_resource_drifts={
            "StackResourceDrifts": [
                {"LogicalResourceId": "TopicPolicy", "StackResourceDriftStatus": "MODIFIED"},
                {"LogicalResourceId": "SessionEndedEye", "StackResourceDriftStatus": "DELETED"},
            ]
        },
    )
    check = drift(aws, "logonbell", paused.append)
    assert check.mark is mark
    assert says in str(check.what)
    assert len(paused) == 1


def test_a_right_that_is_missing_makes_one_thing_unknown() -> None:
    """Its name is said."""
    assert "cloudformation:DetectStackDrift" in str(drift(Answers(), "logonbell").what)
    assert "cloudtrail:DescribeTrails" in str(look_for_trail(Answers()).what)


MULTI = {"TrailARN": "arn:trail", "IsMultiRegionTrail": True, "HomeRegion": "us-east-1"}
HERE = {"TrailARN": "arn:trail", "HomeRegion": "ap-northeast-1"}
ELSEWHERE = {"TrailARN": "arn:trail", "HomeRegion": "us-east-1"}
BASIC = {"EventSelectors": [{"IncludeManagementEvents": True, "ReadWriteType": "All"}]}


def _advanced(**fields: list[str]) -> dict[str, Any]:
    selectors = [{"Field": name, "Equals": values} for name, values in fields.items()]
    return {"AdvancedEventSelectors": [{"FieldSelectors": selectors}]}


@pytest.mark.parametrize(
    ("trail", "logging", "selectors", "mark"),
    [
        (MULTI, True, BASIC, Mark.GOOD),
        (HERE, True, BASIC, Mark.GOOD),
        (HERE, False, BASIC, Mark.BAD),
        (ELSEWHERE, True, BASIC, Mark.BAD),
        (HERE, True, {"EventSelectors": [{"IncludeManagementEvents": False}]}, Mark.BAD),
        (HERE, True, _advanced(eventCategory=["Management"]), Mark.GOOD),
        (HERE, True, _advanced(eventCategory=["Management"], readOnly=["false"]), Mark.CARE),
        (HERE, True, _advanced(eventCategory=["Data"]), Mark.BAD),
    ],
)
def test_a_trail_must_record_what_is_called_here(
    trail: Mapping[str, Any],
    logging: bool,
    selectors: Mapping[str, Any],
    mark: Mark,
) -> None:
    """One of this region or of all, that logs, with management events, those that only read included."""
    aws = Answers(
        describe_trails={"trailList": [trail]},
        get_trail_status={"IsLogging": logging},
        get_event_selectors=selectors,
    )
    assert look_for_trail(aws).mark is mark
