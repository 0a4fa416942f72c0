"""The heartbeat: it beats while somebody watches, and its silence is what rings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from emulator import Emulator
from fakes import NOON, FakeClock
from fault_proxy import FaultProxy
from logonbell.agent import utc_now
from logonbell.beat import Beat
from logonbell.caretaker import Seen
from logonbell.cli import main
from logonbell.cloud import watchman
from logonbell.host import Instance
from logonbell.notifiers.aws import Aws, NotAnswered
from logonbell.sentence import Sentence
from logonbell.simulate.evtx import write_evtx
from logonbell.simulate.windows import WindowsHost
from logonbell.store.outbox import Outbox
from metadata import Metadata
from scripted_aws import json_error

HERE = Instance("i-0123456789abcdef0", "ap-northeast-1", "123456789012", None)
TOPIC = "arn:aws:sns:ap-northeast-1:123456789012:logonbell"


class CloudWatch:
    """CloudWatch's door; ``lost``: what it answers instead of taking something."""

    def __init__(self) -> None:
        self.took: list[dict[str, Any]] = []
        self.lost: NotAnswered | None = None
        self.regions: list[str] = []

    def at(self, region: str) -> Any:
        """Give the door in a region."""
        self.regions.append(region)
        return self

    def ask(self, request: Callable[[Any], Any]) -> None:
        """Take what is put."""
        if self.lost is not None:
            raise self.lost
        request(self)

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803 - AWS's
        """Take points."""
        assert Namespace == "logonbell"
        self.took += MetricData

    def forget(self) -> None:
        """Forget."""


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """An outbox that somebody watches for."""
    outbox = Outbox.open(tmp_path, now=NOON)
    outbox.wake(NOON, tolerance=timedelta(minutes=3))
    yield outbox
    outbox.close()


def make(
    outbox: Outbox,
    cloudwatch: CloudWatch,
    *,
    clock: Callable[[], datetime],
    told: list[Sentence] | None = None,
    here: Instance | None = HERE,
) -> Beat:
    """Make a heartbeat."""
    remarks = [] if told is None else told
    return Beat(outbox, lambda: here, cloudwatch.at, clock, remarks.append, [TOPIC])


def test_it_beats_under_the_instances_id(outbox: Outbox) -> None:
    """In the region of the instance, as the watchman asks for it."""
    cloudwatch = CloudWatch()
    assert make(outbox, cloudwatch, clock=FakeClock(NOON)).round()
    assert cloudwatch.regions == ["ap-northeast-1"]
    assert cloudwatch.took == [
        {
            "MetricName": "Heartbeat",
            "Dimensions": [{"Name": "Host", "Value": HERE.id}],
            "Timestamp": NOON,
            "Value": 1,
        }
    ]


@pytest.mark.parametrize("hours", [1, -1])
def test_while_nobody_watches_it_is_silent(outbox: Outbox, hours: int) -> None:
    """A process that lives and does not read is as good as dead, also once the clock was set back: the watchman shall ring."""
    cloudwatch = CloudWatch()
    late = FakeClock(NOON + timedelta(hours=hours))
    assert not make(outbox, cloudwatch, clock=late).round()
    assert cloudwatch.took == []
    outbox.show_life(late())
    assert make(outbox, cloudwatch, clock=late).round()


def test_the_last_canary_is_told_once(outbox: Outbox) -> None:
    """`cloud status` shows it; it carries the time at which SNS took it."""
    taken = NOON - timedelta(hours=2)
    seen = Seen(NOON, canary_taken=taken)
    outbox.memory.remember(f"topic {TOPIC}", msgspec.json.encode(seen).decode(), NOON)
    cloudwatch = CloudWatch()
    beat = make(outbox, cloudwatch, clock=FakeClock(NOON))
    beat.round()
    beat.round()
    assert [(one["MetricName"], one["Timestamp"]) for one in cloudwatch.took] == [
        ("Heartbeat", NOON),
        ("Canary", taken),
        ("Heartbeat", NOON),
    ]


def test_a_refusal_is_told_once_and_names_the_right(outbox: Outbox) -> None:
    """A night of it is one line; then it beats again by itself."""
    cloudwatch, told = CloudWatch(), list[Sentence]()
    cloudwatch.lost = NotAnswered(["AccessDenied"], "User: x is not authorized")
    beat = make(outbox, cloudwatch, clock=FakeClock(NOON), told=told)
    assert not beat.round()
    assert not beat.round()
    (one,) = told
    assert "cloudwatch:PutMetricData" in str(one)
    cloudwatch.lost = None
    assert beat.round()


def test_elsewhere_than_on_ec2_it_says_so_once(outbox: Outbox) -> None:
    """Nothing is sent under a made-up name."""
    cloudwatch, told = CloudWatch(), list[Sentence]()
    beat = make(outbox, cloudwatch, clock=FakeClock(NOON), told=told, here=None)
    assert not beat.round()
    assert not beat.round()
    assert len(told) == 1
    assert cloudwatch.took == []


@pytest.mark.rig
def test_the_watchman_hears_it(outbox: Outbox, tmp_path: Path) -> None:
    """What the host says and what the function of the stack asks for is the same metric, in CloudWatch itself."""
    with Emulator(tmp_path) as emulator:
        now = utc_now()
        outbox.show_life(now)
        door: Callable[[str], Aws] = lambda region: Aws("cloudwatch", region, endpoint_url=emulator.url)  # noqa: E731
        assert Beat(outbox, lambda: HERE, door, utc_now, print).round()
        heard = watchman.newest(emulator.client("cloudwatch"), "Heartbeat", HERE.id, now)
        assert heard is not None
        assert not watchman.missed(now, now - timedelta(days=1), heard, None)


def test_watch_beats_after_it_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the settings that `cloud up` prints for hosts; what CloudWatch refuses ends nothing."""
    log = tmp_path / "Security.evtx"
    host = WindowsHost("BASTION01", Random(1))  # noqa: S311 - repeatable, not secret
    write_evtx(log, host.service_start(NOON))
    settings = tmp_path / "logonbell.toml"
    settings.write_text(
        f"state = '{tmp_path}/state'\n[sources]\nevtx = ['{log}']\n[cloudwatch]\nheartbeat = true\n"
    )
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    with Metadata() as service, FaultProxy(9) as aws:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", service.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
        aws.will(json_error("AccessDeniedException"))
        assert main(["watch", "--once", "--config", str(settings)]) == 0
        (request,) = aws.seen
    assert b"i-0123456789abcdef0" in request.body
    assert "cloudwatch:PutMetricData" in capsys.readouterr().err
