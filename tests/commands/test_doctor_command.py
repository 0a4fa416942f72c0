"""``logonbell doctor``: every reason why a logon might not ring, on Linux and on a stand-in for Windows."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from agent_host import Host
from fakes import NOON
from fault_proxy import FaultProxy
from linux_machine import FakeLinux
from logonbell.commands.composition import wanted_by_all
from logonbell.commands.desk import Desk
from logonbell.commands.doctor import doctor, examine
from logonbell.config.reading import read_config
from logonbell.config.settings import Config
from logonbell.doctor import ntp
from logonbell.notifiers.check import Mark
from logonbell.provision.record import Record
from logonbell.provision.setup import Wanted
from logonbell.provision.steps import take
from logonbell.provision.windows import start, steps
from logonbell.sigma.form import Book
from logonbell.sources.position import NAMED
from said import Said
from scripted_aws import caller, role, simulated, subscription_attributes, subscriptions, topic_attributes
from windows_machine import MEMBERSHIP, FakeWindows

ARN = "arn:aws:sns:eu-north-1:123456789012:logonbell"
JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "reference" / "doctor.schema.json"


@pytest.fixture(autouse=True)
def no_time_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test asks the network for the time."""
    monkeypatch.setattr(ntp, "AMAZON", ("127.0.0.1", 9))


@pytest.fixture
def aws() -> Iterator[FaultProxy]:
    """AWS as it answers where everything is well."""
    with FaultProxy(9) as proxy:
        proxy.always("GetTopicAttributes", topic_attributes(TopicArn=ARN))
        proxy.always("ListSubscriptionsByTopic", subscriptions(("arn:s1", "email", "ops@example.com")))
        proxy.always(
            "GetSubscriptionAttributes", subscription_attributes(ConfirmationWasAuthenticated="true")
        )
        proxy.always("GetCallerIdentity", caller())
        proxy.always("GetRole", role())
        proxy.always("SimulatePrincipalPolicy", simulated(sns_Publish="allowed"))
        yield proxy


@pytest.fixture
def config(host: Host, aws: FaultProxy) -> Config:
    """The settings of a host whose agent has rung once."""
    host.config.write_text(host.config.read_text("utf-8").replace("http://127.0.0.1:9", aws.url), "utf-8")
    return read_config(host.config)


@pytest.fixture
def windows(tmp_path: Path) -> FakeWindows:
    """A Windows server on which logonbell is installed, and runs."""
    fake = FakeWindows(tmp_path / "ProgramData" / "logonbell")
    machine = fake.machine()
    take(steps(machine, Wanted("")), Record(machine.record), lambda *_: None)
    start(machine)
    return fake


def marks(config: Config, host: FakeWindows | FakeLinux) -> dict[str, Mark]:
    """How everything is."""
    return {one.about: one.mark for one in examine(config, host.machine(), wanted_by_all(Book()))}


def test_an_installation_that_is_well(config: Config, windows: FakeWindows) -> None:
    """Each thing is looked at, and what install set up is as it should be."""
    found = marks(config, windows)
    for about in ("rights", "program", "folder", "task", "run", "audit Group Membership", "size Security"):
        assert found[about] is Mark.GOOD, about
    assert {"versions", "state", "agent", "clock", "road", "topic sns.publish"} <= {*found}
    assert found["topic sns.subscription"] is Mark.GOOD


@pytest.mark.parametrize(
    ("about", "spoil"),
    [
        ("task", lambda one: one.tasks.clear()),
        (
            "task",
            lambda one: one.tasks.update({"\\logonbell": one.tasks["\\logonbell"].replace("PT1M", "P1D")}),
        ),
        ("run", lambda one: one.running.clear()),
        ("audit Group Membership", lambda one: one.by_policy.update({MEMBERSHIP: 0})),
        ("folder", lambda one: one.sddls.update({str(one.folder): "O:BAD:(A;;FA;;;WD)"})),
        ("channel Security", lambda one: one.absent_channels.add("Security")),
    ],
)
def test_what_keeps_a_logon_from_ringing(
    config: Config, windows: FakeWindows, about: str, spoil: Callable[[FakeWindows], None]
) -> None:
    """Whatever is spoilt is found, and nothing else is by it."""
    before = marks(config, windows)
    spoil(windows)
    after = marks(config, windows)
    assert after[about] is Mark.BAD
    assert {name for name in after if name in before and after[name] != before[name]} == {about}


def test_only_what_is_followed_is_judged(config: Config, windows: FakeWindows) -> None:
    """Of channels that the settings leave out nothing is read, so nothing is missed."""
    some = replace(config, sources=replace(config.sources, channels=("Security",)))
    assert [name for name in marks(some, windows) if name.startswith("channel")] == ["channel Security"]


@pytest.mark.parametrize(("newest", "mark"), [(41, Mark.GOOD), (40, Mark.BAD)])
def test_how_far_it_was_read(
    config: Config, windows: FakeWindows, host: Host, newest: int, mark: Mark
) -> None:
    """What the agent read of a channel is held against what is in it."""
    with host.outbox() as outbox:
        name = f"{NAMED}Security"
        outbox.commit(
            bookmarks={name: "bookmark"},
            snapshot="",
            findings=[],
            alerts=[],
            notifiers=[],
            read=NOON,
            newest={name: newest},
        )
    assert marks(config, windows)["channel Security"] is mark


def test_what_cannot_be_looked_at_keeps_nothing_else_from_it(config: Config, windows: FakeWindows) -> None:
    """Without rights, and where auditpol fails, the rest is looked at all the same."""
    windows.is_elevated = False
    windows.broken = {"auditpol"}
    found = marks(config, windows)
    assert (found["rights"], found["audit"], found["channel Security"]) == (
        Mark.CARE,
        Mark.UNKNOWN,
        Mark.BAD,
    )
    assert found["task"] is Mark.GOOD


@pytest.mark.parametrize("language", ["en", "ja"])
def test_people_are_told(config: Config, windows: FakeWindows, language: str) -> None:
    """Each line is in the reader's language, remedies stand beneath, and the exit code is for monitoring."""
    windows.tasks.clear()
    out = io.StringIO()
    code = doctor(
        Desk.at(out, io.StringIO(), {}, language=language, zone=UTC),
        config,
        as_json=False,
        machine=windows.machine(),
    )
    lines = out.getvalue().splitlines()
    assert code == 1
    assert "      " in "".join(line[:6] for line in lines)
    assert all(bool(JAPANESE.search(line)) == (language == "ja") for line in lines if "%" not in line), lines


def test_machines_are_told(config: Config, windows: FakeWindows) -> None:
    """The JSON keeps its contract, in ASCII."""
    out = io.StringIO()
    desk = Desk.at(out, io.StringIO(), {}, language="ja", zone=UTC)
    code = doctor(desk, config, as_json=True, machine=windows.machine())
    document: dict[str, Any] = json.loads(out.getvalue())
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).validate(document)
    assert out.getvalue().isascii()
    assert document["ok"] == (code == 0)


def test_on_linux(run: Callable[..., Said], host: Host) -> None:
    """What applies there is looked at; nothing of Windows is asked."""
    said = run("doctor", "--format", "json", "--config", host.config)
    abouts = {one["about"] for one in json.loads(said.out)["verdicts"]}
    assert said.code == 1  # no agent is at work, and no SNS answers
    assert {"versions", "state", "agent", "ssm", "clock", "road", "notifier sns"} <= abouts
    assert not any(about.startswith(("audit", "channel", "task")) for about in abouts)


@pytest.mark.parametrize(("program", "mark"), [("logonbell", Mark.GOOD), ("another", Mark.BAD)])
def test_an_agent_at_work_is_seen(
    host: Host, config: Config, tmp_path: Path, program: str, mark: Mark
) -> None:
    """The process that wrote its number into the lock counts while it runs logonbell; the number may be another's by now."""
    lock, linux = host.folder / "state" / "agent.lock", FakeLinux(tmp_path / "host")
    with subprocess.Popen([sys.executable, "-c", "input()", program], stdin=subprocess.PIPE) as process:
        lock.write_text(str(process.pid))
        assert marks(config, linux)["agent"] is mark
        process.communicate(b"\n")
    assert marks(config, linux)["agent"] is Mark.BAD
