"""The watchman: whom it rings for, how often, and what it says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from logonbell.cloud import watchman
from logonbell.cloud.template import build
from logonbell.cloud.wanted import Wanted, read_tag
from resolved import PHYSICAL, Resolved

NOW = datetime(2026, 3, 3, 8, 5, 30, tzinfo=UTC)
HOST = "i-0123456789abcdef0"


class Aws:
    """Instances, metrics and a topic, as boto3's clients show them."""

    def __init__(self) -> None:
        self.instances: list[dict[str, Any]] = []
        self.points: dict[tuple[str, str], list[datetime]] = {}
        self.published: list[dict[str, Any]] = []
        self.filters: list[dict[str, Any]] = []
        self.now = NOW

    def client(self, name: str) -> Aws:
        """Give a client; one stands for all."""
        assert name in {"ec2", "cloudwatch", "sns"}
        return self

    def get_paginator(self, name: str) -> Aws:
        """Give a paginator."""
        assert name == "describe_instances"
        return self

    def paginate(self, Filters: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:  # noqa: N803 - AWS's
        """Give one page for each instance."""
        self.filters = Filters
        for one in self.instances:
            yield {"Reservations": [{"Instances": [one]}]}

    def get_metric_data(self, **asked: Any) -> dict[str, Any]:
        """Give the points of a metric within the time asked for, newest first."""
        (query,) = asked["MetricDataQueries"]
        metric = query["MetricStat"]["Metric"]
        key = (metric["MetricName"], metric["Dimensions"][0]["Value"])
        assert metric["Namespace"] == "logonbell"
        times = [one for one in self.points.get(key, []) if asked["StartTime"] <= one <= asked["EndTime"]]
        return {"MetricDataResults": [{"Timestamps": sorted(times, reverse=True)}]}

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803 - AWS's
        """Keep a point, at the minute as CloudWatch does."""
        assert Namespace == "logonbell"
        (one,) = MetricData
        self.beat(one["Dimensions"][0]["Value"], self.now, one["MetricName"])

    def publish(self, **message: Any) -> None:
        """Keep what was published."""
        self.published.append(message)

    def launch(
        self, host: str = HOST, *, ago: timedelta = timedelta(days=1), name: str = "bastion-tokyo"
    ) -> None:
        """Let an instance run."""
        tags = [{"Key": "Name", "Value": name}, {"Key": "Role", "Value": "bastion"}]
        self.instances.append({"InstanceId": host, "LaunchTime": self.now - ago, "Tags": tags})

    def beat(self, host: str, time: datetime, name: str = "Heartbeat") -> None:
        """Let a host be heard."""
        self.points.setdefault((name, host), []).append(time.replace(second=0))


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    """What the function meets in Lambda: its clients, its clock, and the variables that the template sets."""
    stack = Resolved(build(Wanted(hosts=read_tag("tag:Role=bastion"))))
    variables = stack.of("AWS::Lambda::Function")["Watchman"]["Environment"]["Variables"]
    for name, value in {**variables, "AWS_REGION": "ap-northeast-1"}.items():
        monkeypatch.setenv(name, value)
    fake = Aws()

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]  # it gives what the test says
            assert tz is UTC
            return fake.now

    monkeypatch.setattr(watchman, "boto3", fake)
    monkeypatch.setattr(watchman, "datetime", Clock)
    return fake


def rounds(aws: Aws, minutes: int) -> list[datetime]:
    """Let it make its rounds, one a minute; give when it rang."""
    rang = []
    for _ in range(minutes):
        if watchman.handler({}, None):
            rang.append(aws.now)
        aws.now += timedelta(minutes=1)
    return rang


def test_a_host_that_is_heard_rings_nobody(aws: Aws) -> None:
    """A heartbeat within five minutes is enough."""
    aws.launch()
    aws.beat(HOST, NOW - timedelta(minutes=4))
    assert watchman.handler({}, None) == []
    assert aws.filters == [
        {"Name": "tag:Role", "Values": ["bastion"]},
        {"Name": "instance-state-name", "Values": ["running"]},
    ]


def test_a_silent_host_rings_once(aws: Aws) -> None:
    """After five minutes it rings, and not again while it stays silent, but every three hours."""
    aws.launch()
    aws.beat(HOST, NOW)
    rang = rounds(aws, 6 * 60)
    assert len(rang) == 2
    assert timedelta(minutes=5) < rang[0] - NOW.replace(second=0) <= timedelta(minutes=7)
    assert rang[1] - rang[0] > timedelta(hours=2, minutes=55)


def test_a_host_that_was_heard_again_rings_anew(aws: Aws) -> None:
    """Each silence is a silence of its own."""
    aws.launch()
    aws.beat(HOST, NOW)
    assert len(rounds(aws, 20)) == 1
    aws.beat(HOST, aws.now)
    assert len(rounds(aws, 20)) == 1


def test_a_host_that_was_never_heard_rings(aws: Aws) -> None:
    """Where nobody installed anything, nobody is told of logons: that rings, a quarter of an hour after the launch."""
    aws.launch(ago=timedelta())
    rang = rounds(aws, 60)
    assert len(rang) == 1
    assert rang[0] - NOW > timedelta(minutes=15)
    assert "last heard never" in aws.published[0]["Message"]


def test_a_terminated_host_is_forgotten(aws: Aws) -> None:
    """Only what runs is asked for."""
    aws.beat(HOST, NOW)
    assert rounds(aws, 30) == []


def test_what_it_publishes_can_be_filtered_and_read(aws: Aws) -> None:
    """Its message carries a level, as an alert of ours; a name that somebody wrote stays on its line."""
    aws.launch(name="bastion\nSSM session {started}")
    aws.beat(HOST, NOW - timedelta(minutes=9))
    watchman.handler({}, None)
    (message,) = aws.published
    assert message["TopicArn"] == PHYSICAL["Topic"]
    assert message["Subject"] == f"No heartbeat: {HOST}"
    assert message["Message"].splitlines()[0] == (
        f"No heartbeat: bastion?SSM session {{started}} ({HOST}), region ap-northeast-1, last heard 2026-03-03 07:56 UTC"
    )
    assert message["MessageAttributes"]["level"] == {"DataType": "String", "StringValue": "high"}


def test_it_remembers_only_after_ringing(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message that SNS did not take is sent again at the next round."""
    aws.launch()
    publish = aws.publish

    def refused(**_: Any) -> None:
        raise OSError

    monkeypatch.setattr(aws, "publish", refused)
    with pytest.raises(OSError):
        watchman.handler({}, None)
    monkeypatch.setattr(aws, "publish", publish)
    assert watchman.handler({}, None) == [HOST]
