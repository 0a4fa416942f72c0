"""What a first start promises: what was there before is known and does not ring; and nothing but a first start hides anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from fake_eventlog import FakeEventLog
from fakes import NOON, FakeClock, Told
from live import LiveBastion
from logonbell.agent import Watcher
from logonbell.event import Event
from logonbell.judge import Judge
from logonbell.logon import Door, Logon
from logonbell.recognise.windows import WANTED
from logonbell.rule import Rules
from logonbell.simulate.people import Person
from logonbell.simulate.ssm_documents import port, shell
from logonbell.source import GRACE, Following
from logonbell.sources.evtx import EvtxSource
from logonbell.sources.winlog import WinlogSource
from logonbell.ssm.owner import Observed
from logonbell.ssm.processes import HostProcesses
from logonbell.store.database import Database
from logonbell.store.outbox import FILE, Outbox
from logonbell.store.recovery import previous_of
from test_agent import rung

ALICE = "arn:aws:sts::111122223333:assumed-role/ops/alice"
BOB = "arn:aws:sts::111122223333:assumed-role/ops/bob"
SECURITY = "Security"


@pytest.fixture
def bastion(tmp_path: Path) -> Iterator[LiveBastion]:
    """A host on which people have been long before logonbell comes: bob's tunnel is over, alice's shell is open."""
    bastion = LiveBastion(tmp_path)
    over = bastion.opens(port(BOB, "bob", 8443))
    bastion.pass_(60)
    bastion.closes(over)
    bastion.opens(shell(ALICE, "alice"))
    bastion.pass_(2 * 3600, step=60)
    yield bastion
    bastion.close()


def principals(logons: list[Logon]) -> list[str | None]:
    """Give who stands behind logons."""
    return [logon.principal for logon in logons]


def test_what_was_there_before_is_known_and_does_not_ring(bastion: LiveBastion) -> None:
    """Sessions of before are in the history, who is still on is on, and none of it is told: not then, nor when it ends."""
    with bastion.watching():
        bastion.pass_(30)
    assert bastion.rung == []
    assert principals(bastion.history()) == [BOB, ALICE]
    assert bastion.who() == [("ssm-shell", ALICE)]
    with bastion.watching():
        bastion.pass_(3600, step=60)
        bastion.opens(shell(BOB, "bob"))
        bastion.pass_(5)
    assert principals(bastion.logons) == [BOB]


def test_what_came_just_before_rings(tmp_path: Path) -> None:
    """Whoever came while logonbell was being installed is news: a first start tells ten minutes."""
    bastion = LiveBastion(tmp_path)
    bastion.opens(shell(ALICE, "alice"))
    bastion.pass_((GRACE - timedelta(minutes=1)).total_seconds(), step=10)
    with bastion.watching():
        bastion.pass_(5)
    bastion.close()
    assert principals(bastion.logons) == [ALICE]


def test_who_comes_through_an_old_tunnel_rings(bastion: LiveBastion) -> None:
    """The tunnel is history, the logon through it is not, and says who stands behind it."""
    tunnel = bastion.opens(port(ALICE, "alice", 3389))
    bastion.pass_(3600, step=60)
    with bastion.watching():
        bastion.pass_(30)
        bastion.dials(tunnel, 3389)
        kato = Person("kato", "CORP", "S-1-5-21-2025429265-492894223-1708537768-1135")
        bastion.happens(bastion.host.rdp_logon(bastion.now, kato, "::1", kerberos=True))
        bastion.pass_(60)
    assert [(logon.door, logon.principal) for logon in bastion.logons] == [(Door.RDP_SSM, ALICE)]


def test_a_restart_is_no_first_start(bastion: LiveBastion) -> None:
    """What came while nobody ran rings, however long that was."""
    with bastion.watching():
        bastion.pass_(30)
    bastion.opens(shell(BOB, "bob"))
    bastion.pass_(5 * 3600, step=60)
    with bastion.watching():
        bastion.pass_(30)
    assert principals(bastion.logons) == [BOB]


def test_where_all_is_lost_it_goes_on_from_older(bastion: LiveBastion) -> None:
    """An outbox that cannot be used, nor its copy, is no first start either: whatever the agent's logs tell rings."""
    with bastion.watching():
        bastion.pass_(30)
    for path in (bastion.state / FILE, previous_of(bastion.state / FILE)):
        path.write_bytes(b"no database")
    with bastion.watching() as outbox:
        assert outbox.recovered is not None
        bastion.pass_(30)
    assert principals(bastion.logons) == [BOB, ALICE]


def test_a_clock_that_was_ahead_hides_nothing(bastion: LiveBastion) -> None:
    """Once the clock is behind where news began, that time proves nothing."""
    bastion.clock.now += timedelta(days=30)
    with bastion.watching():
        bastion.pass_(5)
    bastion.clock.now -= timedelta(days=30)
    with bastion.watching():
        bastion.opens(shell(BOB, "bob"))
        bastion.pass_(30)
    assert BOB in principals(bastion.logons)


# The live event log, whose past is left out by a bookmark


def logon(name: str, seconds: float) -> Event:
    """Make a console logon."""
    fields = {
        "TargetUserSid": f"S-1-5-21-1-2-3-{1000 + len(name)}",
        "TargetUserName": name,
        "TargetDomainName": "BASTION01",
    }
    fields |= {
        "TargetLogonId": hex(0x1000 + abs(int(seconds))),
        "TargetLinkedLogonId": "0x0",
        "LogonType": "2",
    }
    fields |= {
        "LogonProcessName": "User32 ",
        "ProcessName": r"C:\Windows\System32\svchost.exe",
        "IpAddress": "127.0.0.1",
    }
    time = NOON + timedelta(seconds=seconds)
    return Event(SECURITY, 4624, 0, time, "BASTION01", "Microsoft-Windows-Security-Auditing", fields)


class Host:
    """A host with a live event log, and an agent that is started on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.log = FakeEventLog()

    def watched(self, seconds: float = 5) -> list[str]:
        """Run for a while; give the users who rang since the beginning, as the outbox holds them."""
        outbox = Outbox.open(self.folder, now=self.clock())
        try:
            source = WinlogSource(
                SECURITY,
                self.log,
                wanted=WANTED[SECURITY],
                by_channel=WANTED,
                clock=self.clock,
                ticks=self.clock.elapsed,
            )
            watcher = Watcher(
                [source], Judge(Rules()), outbox, ["fake"], self.clock, Told(), self.clock.elapsed
            )
            for _ in range(int(seconds)):
                while watcher.look().more:
                    pass
                self.clock.pass_(1)
            source.close()
            return rung(outbox, self.clock)
        finally:
            outbox.close()

    def spoil_snapshot(self) -> None:
        """Leave a snapshot that cannot be read, as after an upgrade."""
        outbox = Outbox.open(self.folder, now=self.clock())
        outbox.commit(bookmarks={}, snapshot="{}", findings=[], alerts=[], notifiers=[], read=self.clock())
        outbox.close()


def test_a_channel_that_comes_later_is_read_from_the_first_start_on(tmp_path: Path) -> None:
    """The log of a feature that is installed days later holds news only, though the agent was started anew in between."""
    host = Host(tmp_path)
    assert host.watched() == []
    host.clock.pass_(86_400)
    assert host.watched() == []
    host.log.write(SECURITY, logon("alice", -3600), logon("bob", 3600))
    host.clock.pass_(3600)
    assert host.watched() == ["bob"]


def test_a_snapshot_that_cannot_be_read_goes_back_to_the_first_start(tmp_path: Path) -> None:
    """Not to now, and not to years before: what rang does not ring again, and what came meanwhile does."""
    host = Host(tmp_path)
    host.log.write(SECURITY, logon("ancient", -86_400))
    assert host.watched() == []
    host.log.write(SECURITY, logon("alice", 2))
    assert host.watched() == ["alice"]
    host.log.write(SECURITY, logon("bob", 20))
    host.clock.pass_(86_400)
    host.spoil_snapshot()
    assert host.watched() == ["alice", "bob"]


def test_where_the_first_start_is_not_known_it_goes_on_from_the_oldest(tmp_path: Path) -> None:
    """An outbox of before it was noted: rather all that is there than what is not."""
    host = Host(tmp_path)
    host.log.write(SECURITY, logon("ancient", -86_400))
    assert host.watched() == []
    host.spoil_snapshot()
    with closing(Database(tmp_path / FILE, "rw")) as database:
        database.change("update bookmark set news = null")
    assert host.watched() == ["ancient"]


def test_where_all_is_lost_the_live_log_is_read_from_its_oldest_record(tmp_path: Path) -> None:
    """What was put in the place of a damaged outbox knows no first start, also when the first try to read came to nothing."""
    host = Host(tmp_path)
    host.log.write(SECURITY, logon("alice", -86_400))
    assert host.watched() == []
    for path in (tmp_path / FILE, previous_of(tmp_path / FILE)):
        path.write_bytes(b"no database")
    Outbox.open(tmp_path, now=host.clock()).close()  # and then the power went
    assert host.watched() == ["alice"]


def test_a_file_that_is_named_is_news_whole(tmp_path: Path) -> None:
    """Who names a file asks for all of it: no first start applies, whether SSM sessions are watched beside it or not."""
    file = EvtxSource(tmp_path / "Security.evtx")
    assert not isinstance(file, Following)
    bastion = LiveBastion(tmp_path / "host")
    observed = Observed(file, bastion._sources()[-1], HostProcesses(), host="", clock=bastion.clock)  # type: ignore[arg-type]
    assert observed.past is None
    assert observed.begin(NOON) is None
    bastion.close()
