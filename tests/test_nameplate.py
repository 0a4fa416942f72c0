"""Which host this is: known late, known again, or another one than the state says."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from fakes import NOON, FakeClock, FakeNotifier, FakeSource, Told
from logonbell.agent import Watcher
from logonbell.cli import main
from logonbell.deliverer import Deliverer
from logonbell.host import Instance, same_machine
from logonbell.judge import Judge
from logonbell.logon import Notice, NoticeKind
from logonbell.nameplate import Nameplate, Naming
from logonbell.rule import Rules
from logonbell.simulate.evtx import write_evtx
from logonbell.simulate.windows import WindowsHost
from logonbell.store.outbox import Outbox
from metadata import Metadata
from test_agent import console_logon, session_began

NAME = "BASTION01"
HERE = Instance("i-0123456789abcdef0", "ap-northeast-1", "123456789012", "bastion-tokyo")
THERE = Instance("i-0fedcba9876543210", "ap-northeast-1", "123456789012", None)


def answering(instance: Instance | None) -> Nameplate:
    """A nameplate that was read; None: this is visibly no instance."""
    plate = Nameplate(lambda: instance is not None, lambda: instance)
    plate.ask()
    return plate


def silent() -> Nameplate:
    """A nameplate of an instance whose metadata service does not answer."""
    plate = Nameplate(lambda: True, lambda: None)
    plate.ask()
    return plate


class Life:
    """An agent's lives on one state; each reads the whole log anew, as after a snapshot that could not be read."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.told = Told()
        self.notifier = FakeNotifier()
        self.outbox = Outbox.open(folder, now=self.clock())
        self._lives = 0

    def naming(self, plate: Nameplate, watcher: Watcher | None = None) -> Naming:
        """Make what names the host."""
        return Naming(self.outbox, plate, NAME, ["fake"], {}, self.clock, self.told, watcher)

    def live(self, plate: Nameplate, *logons: int, host: str = NAME) -> Watcher:
        """Start, read the logons of these records, and tell of them."""
        self.naming(plate).settle()
        self._lives += 1
        self.outbox.commit(
            bookmarks={}, snapshot="", findings=[], alerts=[], notifiers=[], read=self.clock()
        )  # nothing is remembered of what was read
        events = [
            replace(event, host=host)
            for record in logons
            for event in (
                console_logon(10 * record, "alice", record * 60.0, hex(0x1000 * record)),
                session_began(10 * record + 1, "alice", record * 60.0 + 0.1),
            )
        ]
        source = FakeSource(events, name=f"life-{self._lives}")
        watcher = Watcher(
            [source],
            Judge(Rules()),
            self.outbox,
            ["fake"],
            self.clock,
            Told(),  # that nothing is remembered
            self.clock.elapsed,
            self.outbox.hosts.own(),
            own=NAME,
        )
        watcher.look()
        self.clock.pass_(3600)
        watcher.look()
        self.deliver()
        return watcher

    def deliver(self) -> None:
        """Tell everything that waits."""
        deliverer = Deliverer(self.notifier, self.outbox, self.clock, lambda: 0.0)
        while deliverer.deliver():
            pass

    @property
    def rung(self) -> list[tuple[str, int]]:
        """Whose alerts were told, and their numbers."""
        return [(one.host_id, one.sequence) for one in self.notifier.taken]

    @property
    def remarks(self) -> list[str]:
        """What was told besides, by kind."""
        return [remark.kind for remark in self.outbox.remarks.between(0, 1_000_000)]


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    """A new state."""
    life = Life(tmp_path)
    yield life
    life.outbox.close()


def test_an_instance_is_known_by_its_id_from_the_first_start(life: Life) -> None:
    """And whoever takes the alert learns where it is."""
    life.live(answering(HERE), 1, 2)
    assert life.rung == [(HERE.id, 1), (HERE.id, 2)]
    assert {one.instance for one in life.notifier.taken} == {HERE}
    assert life.outbox.host_id("x") == HERE.id
    assert life.remarks == []


def test_elsewhere_than_on_ec2_a_host_is_its_name(life: Life) -> None:
    """Nothing is kept of instances there."""
    life.live(answering(None), 1)
    assert life.rung == [(NAME, 1)]
    assert life.notifier.taken[0].instance is None
    assert life.outbox.hosts.own() is None


@pytest.mark.parametrize("name", [NAME, f"{NAME}.corp.example"])
def test_a_host_that_was_known_by_its_name_loses_and_repeats_nothing(life: Life, name: str) -> None:
    """An update, or a start at which nobody answered: numbers, history and chain go on, and what rang rings no more."""
    life.live(answering(None), 1, 2, host=name)
    history = life.outbox.chain.name()
    life.live(answering(HERE), 1, 2, 3, host=name)
    assert life.rung == [(name, 1), (name, 2), (HERE.id, 3)]
    assert life.remarks == ["renamed"]
    assert life.outbox.chain.name() == history
    proofs = [one.proof for one in life.notifier.taken]
    assert [proof.number for proof in proofs if proof] == [1, 2, 3]
    assert [proof.before for proof in proofs if proof][1:] == [proof.mark for proof in proofs if proof][:-1]
    with life.outbox.inspect() as inspection:
        assert list(inspection.flaws()) == []


def test_a_start_like_the_last_one_says_nothing(life: Life) -> None:
    """Only a new tag is kept."""
    life.live(answering(HERE), 1)
    renamed = replace(HERE, name="bastion-new")
    life.live(answering(renamed), 1, 2)
    assert life.rung == [(HERE.id, 1), (HERE.id, 2)]
    assert life.notifier.taken[-1].instance == renamed
    assert (life.remarks, life.told.text) == ([], "")


def test_a_state_from_an_image_goes_on_as_a_history_of_its_own(life: Life) -> None:
    """It says so, numbers from 1, and what the machine behind the image rang does not ring again."""
    life.live(answering(HERE), 1, 2)
    history = life.outbox.chain.name()
    life.live(answering(THERE), 1, 2, 3)
    assert life.rung == [(HERE.id, 1), (HERE.id, 2), (THERE.id, 1), (THERE.id, 2)]
    moved = life.notifier.taken[2].alert.finding
    assert isinstance(moved, Notice)
    assert moved.kind is NoticeKind.MOVED
    assert HERE.id in str(moved.what)
    assert life.told.text == str(moved.what)
    assert life.outbox.chain.name() != history
    proofs = [one.proof for one in life.notifier.taken if one.proof is not None]
    assert [proof.number for proof in proofs] == [1, 2, 1, 2]
    with life.outbox.inspect() as inspection:
        assert list(inspection.flaws()) == []


def test_a_machine_that_left_ec2_is_its_name_again(life: Life) -> None:
    """A copied disk at home is not the instance it was."""
    life.live(answering(HERE), 1)
    life.live(answering(None), 1, 2)
    assert life.rung == [(HERE.id, 1), (NAME, 1), (NAME, 2)]


def test_while_nobody_answers_it_is_who_it_was(life: Life) -> None:
    """At a boot the network may come late."""
    life.live(answering(HERE), 1)
    life.live(silent(), 1, 2)
    assert life.rung == [(HERE.id, 1), (HERE.id, 2)]


def test_an_answer_that_comes_late_serves_from_then_on(life: Life) -> None:
    """What rang meanwhile under the name does not ring again when more is known of it, and rounds end with the answer."""
    answers = [None, HERE]
    plate = Nameplate(lambda: True, lambda: answers.pop(0))
    plate.ask()
    watcher = life.live(plate, 1)
    assert watcher.host_id is None
    naming = life.naming(plate, watcher)
    assert naming.round()
    assert naming.round()
    assert watcher.host_id == HERE.id
    life.live(plate, 1, 2)
    assert life.rung == [(NAME, 1), (HERE.id, 2)]


def test_logs_of_other_machines_keep_their_hosts(life: Life) -> None:
    """An instance that reads what was copied there is not the machine that wrote it."""
    life.live(answering(HERE), 1, host="OTHER")
    assert life.rung == [("OTHER", 1)]
    assert life.notifier.taken[0].instance is None


def test_nobody_is_asked_where_there_is_no_instance_and_nobody_waits_for_ever() -> None:
    """No ring waits for a service that hangs."""
    asked: list[str] = []
    hangs = threading.Event()

    def find() -> Instance | None:
        asked.append("asked")
        hangs.wait()
        return HERE

    plate = Nameplate(lambda: False, find)
    plate.ask()
    assert (plate.known, plate.instance, asked) == (True, None, [])
    plate = Nameplate(lambda: True, find)
    plate.ask_beside()
    plate.wait(0.01)
    assert not plate.known
    hangs.set()
    plate.wait(10)
    assert plate.instance == HERE


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("bastion01", True),
        ("BASTION01.corp.example", True),
        ("BASTION02", False),
        ("", False),
        ("corp.example", False),
    ],
)
def test_a_machine_is_known_with_its_domain_and_without(other: str, same: bool) -> None:
    """Windows writes now one, now the other."""
    assert same_machine(NAME, other) is same
    assert same_machine("EC2AMAZ-0123456789", "EC2AMAZ-0123456")
    assert not same_machine("", "")


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "(i-0123456789abcdef0, account 123456789012, ap-northeast-1)"),
        ("ja", "i-0123456789abcdef0、アカウント 123456789012、ap-northeast-1"),
    ],
)
def test_watch_asks_at_its_start(
    language: str,
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The mail names tag, instance, account and region, and so does the test of the way."""
    log, settings = tmp_path / "Security.evtx", tmp_path / "logonbell.toml"
    host = WindowsHost(socket.gethostname().upper(), Random(1))  # noqa: S311 - repeatable, not secret
    write_evtx(
        log, (one for one in host.console_logon(NOON, host.local("alice")) if one.channel == "Security")
    )
    settings.write_text(f"state = '{tmp_path}/state'\nlanguage = '{language}'\n[sources]\nevtx = ['{log}']\n")
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    with Metadata() as service:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", service.url)
        assert main(["watch", "--once", "--config", str(settings)]) == 0
        assert main(["test", "--config", str(settings)]) == 0
    said = capsys.readouterr().out
    assert said.count(line) == 2
    assert said.count("bastion-tokyo") == 2
