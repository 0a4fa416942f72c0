"""``logonbell doctor`` on a stand-in for a Linux with systemd."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from fault_proxy import Answer as Reply
from fault_proxy import FaultProxy
from linux_machine import FakeLinux
from logonbell.commands import doctor_on_linux
from logonbell.commands.composition import wanted_by_all
from logonbell.commands.desk import Desk
from logonbell.commands.doctor import doctor, examine
from logonbell.commands.install import wanted_of
from logonbell.config.reading import parse_config
from logonbell.config.settings import Config
from logonbell.doctor import ntp
from logonbell.notifiers.check import Mark
from logonbell.programs import Answer
from logonbell.provision.linux import OnLinux
from logonbell.provision.record import Record
from logonbell.provision.steps import take
from logonbell.sigma.form import Book
from logonbell.sources.linux import LinuxLogs
from said import JAPANESE

NEWEST = '{"__REALTIME_TIMESTAMP":"1772528700123456","MESSAGE":"x"}\n'
DROPPED = (
    '{"__REALTIME_TIMESTAMP":"1772528700123456","MESSAGE":"Suppressed 40 messages from ssh.service"}\n'
    '{"__REALTIME_TIMESTAMP":"1772528700123456","MESSAGE":"Suppressed 2 messages from ssh.service"}\n'
    '{"__REALTIME_TIMESTAMP":"1772528700123456","MESSAGE":[1,2]}\nno json\n'
    '{"__REALTIME_TIMESTAMP":"1772528700123456","MESSAGE":"Suppressed 7 messages from nginx.service"}\n'
)
SSHD = "port 22\naddressfamily any\nloglevel INFO\nsyslogfacility AUTH\nhostkey /etc/ssh/x\n"
ACTIVE = {"UnitFileState": "enabled", "NRestarts": "0", "Result": "success", "NeedDaemonReload": "no"}


@pytest.fixture(autouse=True)
def another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test asks the network for the time, or this machine which logs it has: the journal is followed."""
    monkeypatch.setattr(ntp, "AMAZON", ("127.0.0.1", 9))
    monkeypatch.setattr(doctor_on_linux, "followed_of", lambda _: LinuxLogs(journal=True))


class Host:
    """A Linux on which logonbell is installed and runs, with a journal and an sshd. Its words may be spoilt."""

    def __init__(self, folder: Path) -> None:
        self.linux = FakeLinux(folder)
        self.newest, self.dropped, self.sshd = Answer(0, NEWEST, ""), "", Answer(0, SSHD, "")
        self.linux.said = {"journalctl": self._journalctl, "sshd": lambda _: self.sshd}
        machine = self.linux.machine()
        self.config = parse_config(f"state = '{machine.state}'\n", machine.settings)
        take(OnLinux(machine).steps(wanted_of("", self.config)), Record(machine.record), lambda *_: None)
        OnLinux(machine).start()
        self.linux.told = dict(ACTIVE)
        self.journal = folder / "var" / "log" / "journal" / "0123" / "system.journal"
        self.journal.parent.mkdir(parents=True)
        self.journal.touch()

    def _journalctl(self, arguments: Sequence[str]) -> Answer:
        return self.newest if "-n" in arguments else Answer(0, self.dropped, "")

    def marks(self) -> dict[str, Mark]:
        """How everything is."""
        return {
            one.about: one.mark for one in examine(self.config, self.linux.machine(), wanted_by_all(Book()))
        }


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """That host."""
    return Host(tmp_path / "host")


def test_an_installation_that_is_well(host: Host) -> None:
    """Each thing is looked at, and what install set up is as it should be."""
    found = host.marks()
    looked = ("rights", "program", "folder", "state folder", "unit", "enabled", "run", "sshd")
    kept = ("journal", "journal kept", "journal whole")
    assert {found[about] for about in looked + kept} == {Mark.GOOD}
    assert {"versions", "state", "agent", "ssm", "clock"} <= {*found}


def _told(**words: str) -> Callable[[Host], object]:
    return lambda host: host.linux.told.update(words)


def _sshd(before: str, after: str) -> Callable[[Host], object]:
    return lambda host: setattr(host, "sshd", Answer(0, SSHD.replace(before, after), ""))


def _unit(text: str) -> Callable[[Host], object]:
    return lambda host: host.linux.machine().unit.write_text(text, "utf-8")


@pytest.mark.parametrize(
    ("about", "mark", "spoil"),
    [
        ("rights", Mark.CARE, lambda host: setattr(host.linux, "is_root", False)),
        ("program", Mark.BAD, lambda host: (host.linux.root / "opt").chmod(0o777)),
        ("folder", Mark.BAD, lambda host: host.linux.machine().folder.chmod(0o755)),
        ("state folder", Mark.BAD, lambda host: host.linux.machine().state.chmod(0o750)),
        ("unit", Mark.CARE, _unit("[Service]\nExecStart=/bin/true\n")),
        ("unit", Mark.CARE, _told(NeedDaemonReload="yes")),
        ("enabled", Mark.BAD, _told(UnitFileState="disabled")),
        ("run", Mark.BAD, _told(ActiveState="failed", Result="exit-code")),
        ("run", Mark.CARE, _told(NRestarts="3")),
        ("journal kept", Mark.CARE, lambda host: host.journal.unlink()),
        ("journal whole", Mark.CARE, lambda host: setattr(host, "dropped", DROPPED)),
        ("sshd", Mark.BAD, _sshd("INFO", "ERROR")),
        ("sshd", Mark.CARE, _sshd("AUTH", "LOCAL3")),
        ("sshd", Mark.UNKNOWN, lambda host: setattr(host, "sshd", Answer(1, "", "no hostkeys available"))),
    ],
)
def test_what_may_keep_a_logon_from_ringing(
    host: Host, about: str, mark: Mark, spoil: Callable[[Host], object]
) -> None:
    """Whatever is spoilt is found, and nothing else is by it."""
    before = host.marks()
    spoil(host)
    after = host.marks()
    assert after[about] is mark
    assert {name for name in after if name in before and after[name] != before[name]} == {about}


def test_a_host_on_which_nothing_is_installed(tmp_path: Path) -> None:
    """Without a unit nothing rings, and what else is asked of systemd does not matter."""
    linux = FakeLinux(tmp_path / "bare")
    linux.said = {"sshd": lambda _: Answer(255, "", "")}
    found = {one.about: one for one in examine(Config(), linux.machine(), wanted_by_all(Book()))}
    assert (found["unit"].mark, found["folder"].mark, "enabled" in found) == (Mark.BAD, Mark.BAD, False)
    (linux.root / "run/systemd/system").rmdir()
    found = {one.about: one for one in examine(Config(), linux.machine(), wanted_by_all(Book()))}
    assert found["unit"].mark is Mark.UNKNOWN


def test_drop_ins_are_named(host: Host) -> None:
    """What an administrator laid beside the unit is no fault, and is shown."""
    host.linux.told["DropInPaths"] = "/etc/systemd/system/logonbell.service.d/override.conf"
    (unit,) = [one for one in examine(host.config, host.linux.machine(), {}) if one.about == "unit"]
    assert (unit.mark, "override.conf" in str(unit.what)) == (Mark.GOOD, True)


def test_what_is_followed_is_judged(host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A journal that nobody follows keeps nothing from ringing; a file that is followed and cannot be read does."""
    host.newest = Answer(1, "", "No journal files were opened due to insufficient permissions.")
    assert host.marks()["journal"] is Mark.BAD
    there, gone = tmp_path / "auth.log", tmp_path / "secure"
    there.touch()
    monkeypatch.setattr(
        doctor_on_linux, "followed_of", lambda _: LinuxLogs(journal=False, files=[there, gone])
    )
    found = host.marks()
    assert (found.get("journal"), found[f"log {there}"], found[f"log {gone}"]) == (None, Mark.GOOD, Mark.BAD)
    monkeypatch.setattr(doctor_on_linux, "followed_of", lambda _: LinuxLogs(journal=False))
    assert host.marks()["log"] is Mark.BAD


def test_another_port_is_told(host: Host) -> None:
    """Where sshd does not listen on 22, that is said, for a tunnel of Session Manager's may lead elsewhere."""
    host.sshd = Answer(0, SSHD.replace("port 22", "port 2222"), "")
    assert host.marks()["sshd port"] is Mark.CARE


def _document(host: Host, **how: Any) -> tuple[int, dict[str, str]]:
    out = io.StringIO()
    desk = Desk.at(out, io.StringIO(), {}, language="ja", zone=UTC)
    code = doctor(desk, host.config, as_json=True, machine=host.linux.machine(), **how)
    return code, {one["about"]: one["mark"] for one in json.loads(out.getvalue())["verdicts"]}


@pytest.fixture
def aws() -> Iterator[FaultProxy]:
    """An SNS that takes nothing."""
    with FaultProxy(9) as proxy:
        proxy.always(
            "Publish", Reply(404, b"<ErrorResponse><Error><Code>NotFound</Code></Error></ErrorResponse>")
        )
        yield proxy


def test_a_test_alert_is_sent_where_that_is_asked(host: Host, aws: FaultProxy) -> None:
    """Only then; who did not take it is a reason why a logon does not ring."""
    arn = "arn:aws:sns:eu-north-1:123456789012:logonbell"
    host.config = parse_config(
        f"state = '{host.config.state}'\n[notify.sns]\ntopic_arn = '{arn}'\nendpoint_url = '{aws.url}'\n",
        host.linux.machine().settings,
    )
    _, marks = _document(host)
    assert not [about for about in marks if about.startswith("ring")]
    assert not [request for request in aws.seen if request.form["Action"] == "Publish"]
    code, marks = _document(host, rings=True)
    assert (code, marks["ring console"], marks["ring sns"]) == (1, "good", "bad")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_people_are_told_each_thing(host: Host, language: str) -> None:
    """Each line is in the reader's language."""
    host.linux.told.update(NRestarts="3", UnitFileState="masked")
    host.dropped = DROPPED
    out = io.StringIO()
    desk = Desk.at(out, io.StringIO(), {}, language=language, zone=UTC)
    assert doctor(desk, host.config, as_json=False, machine=host.linux.machine()) == 1
    lines = out.getvalue().splitlines()
    assert "ssh.service 42" in out.getvalue()
    assert "nginx" not in out.getvalue()
    assert all(bool(JAPANESE.search(line)) == (language == "ja") for line in lines), lines
