from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from agents import HOST, FakeProcesses
from fakes import NOON, FakeClock
from logonbell.agent import utc_now
from logonbell.event import Event
from logonbell.recognise.session import CHANNEL, Told
from logonbell.source import Batch
from logonbell.ssm.owner import Observed
from logonbell.ssm.processes import Connection, HostProcesses, Processes
from logonbell.ssm.statefile import SsmSession

LSM = "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"
WORKER = "C:\\Program Files\\Amazon\\SSM\\ssm-session-worker.exe"


@dataclass
class Log:
    """A source that gives prepared events, as many as are wanted."""

    events: list[Event]
    name: str = "evtx:Security"

    def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
        """See ``Source``."""
        start = int(bookmark or 0)
        events = self.events[start:][:limit]
        end = start + len(events)
        return Batch(events, str(end), records=7, newest=end, more=end < len(self.events))


@dataclass
class Sessions:
    """The sessions that are there."""

    there: list[SsmSession] = field(default_factory=list)

    def live(self, *, process: int | None = None, port: int | None = None) -> Sequence[SsmSession]:
        """See ``LiveSessions``."""
        ports = {None, "", None if port is None else str(port)}
        return [each for each in self.there if process in {None, each.process} and each.port in ports]


def session(name: str, process: int) -> SsmSession:
    """Give a session with its worker."""
    return SsmSession(f"{name}-0123456789abcdef0", "StartSession", NOON, plugin="Port", process=process)


def event(channel: str, event_id: int, record_id: int = 1, time: datetime = NOON, **fields: str) -> Event:
    """Give a record of some log."""
    return Event(channel, event_id, record_id, time, HOST, "", fields)


def rdp(
    address: str = "127.0.0.1", record_id: int = 1, logon_type: str = "10", time: datetime = NOON
) -> Event:
    """Give the logon of an RDP session."""
    return event(
        "Security",
        4624,
        record_id,
        time,
        LogonType=logon_type,
        IpAddress=address,
        IpPort="0",
        ProcessName="-",
    )


def ssh(port: int, record_id: int = 1, address: str = "127.0.0.1", time: datetime = NOON) -> Event:
    """Give sshd's word for a logon."""
    line = f"Accepted publickey for alice from {address} port {port} ssh2: ED25519 SHA256:x"
    return event("OpenSSH/Operational", 4, record_id, time, process="sshd", payload=line)


def connection(process: int | None, local: int, remote: int = 3389, address: str = "127.0.0.1") -> Connection:
    """Give the client's end of a connection of this host to itself."""
    return Connection(address, local, address, remote, process)


def observed(
    events: list[Event], processes: Processes, *sessions: SsmSession, clock: FakeClock | None = None
) -> Observed:
    """Watch a log on a host."""
    return Observed(Log(events), Sessions(list(sessions)), processes, host=HOST, clock=clock or FakeClock())


def owners(events: Sequence[Event]) -> list[tuple[str, str, str]]:
    """Give whose record, which process and which session."""
    return [
        (each.fields["LogonRecordId"], each.fields["ProcessId"], each.fields["SessionId"])
        for each in events
        if each.event_id == Told.OWNER and each.channel == CHANNEL
    ]


LOGONS = {
    "rdp": rdp(),
    "rdp, v6": rdp("::1"),
    "rdp, the odd one": rdp("::%16777216"),
    "rdp, mapped": rdp("::ffff:127.0.0.1"),
    "rdp, own address": rdp("10.0.0.5"),
    "reconnect": rdp(logon_type="7"),
    "cached": rdp(logon_type="12"),
    "session": event(LSM, 21, Address="::1"),
    "session again": event(LSM, 25, Address="127.0.0.1"),
}


@pytest.mark.parametrize("kind", LOGONS)
def test_the_worker_that_holds_the_connection_is_found(kind: str) -> None:
    """Right behind the logon stands who holds its connection, in whatever way the log writes this host's own address."""
    own = "10.0.0.5" if kind == "rdp, own address" else "127.0.0.1"
    processes = FakeProcesses(held=[connection(44, 50_001, address=own), connection(9, 50_002, 8443)])
    batch = observed([LOGONS[kind]], processes, session("alice", 44)).read(None)
    assert [each.event_id for each in batch.events] == [Told.ADDRESSES, LOGONS[kind].event_id, Told.OWNER]
    assert owners(batch.events) == [("1", "44", "alice-0123456789abcdef0")]
    owner = batch.events[-1]
    assert (owner.time, owner.host) == (LOGONS[kind].time, HOST)
    assert (owner.fields["LocalPort"], owner.fields["LogonChannel"]) == ("50001", LOGONS[kind].channel)


@pytest.mark.parametrize(
    "logon",
    [
        rdp("203.0.113.5"),
        rdp("-"),
        rdp(""),
        rdp("LOCAL"),
        rdp("127.0.0.1", logon_type="2"),
        rdp("127.0.0.1", logon_type="3"),
        event(LSM, 21, Address="203.0.113.5"),
        event(LSM, 24, Address="127.0.0.1"),
        event("Security", 4634, LogonType="10"),
        ssh(50_001, address="203.0.113.5"),
        event(
            "Security",
            4624,
            ProcessName="C:\\Users\\x\\evil-ssm-session-worker.exe",
            ProcessId="0x2c",
            LogonType="3",
        ),
    ],
)
def test_other_logons_are_not_asked_about(logon: Event) -> None:
    """Who came from elsewhere, or sits at the console, has no connection of this host behind it."""
    processes = FakeProcesses(held=[connection(44, 50_001), connection(44, 50_001, 22)])
    assert owners(observed([logon], processes, session("alice", 44)).read(None).events) == []


def test_for_ssh_the_very_connection_is_known() -> None:
    """Sshd names the client's port: of two tunnels it is the one that holds it."""
    processes = FakeProcesses(held=[connection(44, 50_001, 22), connection(45, 50_002, 22)])
    log = [ssh(50_002, 1), ssh(50_001, 2), ssh(50_003, 3)]
    batch = observed(log, processes, session("alice", 44), session("bob", 45)).read(None)
    assert owners(batch.events) == [
        ("1", "45", "bob-0123456789abcdef0"),
        ("2", "44", "alice-0123456789abcdef0"),
    ]


def test_of_two_tunnels_the_new_connection_is_the_new_logons() -> None:
    """A connection by which somebody came before is not taken for the next one's."""
    processes = FakeProcesses(held=[connection(44, 50_001)])
    source = observed(
        [rdp(record_id=1), rdp(record_id=2)], processes, session("alice", 44), session("bob", 45)
    )
    first = source.read(None, 1)
    processes.held.append(connection(45, 50_002))
    second = source.read(first.bookmark)
    assert owners([*first.events, *second.events]) == [
        ("1", "44", "alice-0123456789abcdef0"),
        ("2", "45", "bob-0123456789abcdef0"),
    ]


def test_where_it_may_be_one_of_two_nothing_is_said() -> None:
    """A guess is no observation: two unknown connections to the same port have no owner."""
    processes = FakeProcesses(held=[connection(44, 50_001), connection(99, 50_002)])
    assert owners(observed([rdp()], processes, session("alice", 44)).read(None).events) == []


def test_another_programs_tunnel_is_told_as_no_sessions() -> None:
    """A connection that no session's worker holds is somebody else's tunnel."""
    processes = FakeProcesses(held=[connection(99, 50_001)])
    assert owners(observed([rdp()], processes, session("alice", 44)).read(None).events) == [("1", "99", "")]


def test_what_the_system_does_not_say_is_not_said() -> None:
    """A connection without a process, or none at all, has no owner."""
    for held in ([connection(None, 50_001)], []):
        assert (
            owners(observed([rdp()], FakeProcesses(held=held), session("alice", 44)).read(None).events) == []
        )


def test_the_shells_own_logon_is_known_by_its_caller() -> None:
    """The 4624 of a shell names the worker's process: that is the session."""
    logon = event("Security", 4624, ProcessName=WORKER, ProcessId="0x2c", LogonType="3", IpAddress="-")
    other = event("Security", 4624, 2, ProcessName=WORKER, ProcessId="0x30", LogonType="3", IpAddress="-")
    batch = observed([logon, other], FakeProcesses(), session("alice", 44)).read(None)
    assert owners(batch.events) == [("1", "44", "alice-0123456789abcdef0")]


def test_the_past_is_not_looked_up() -> None:
    """Who holds the port now need not be who held it an hour ago."""
    processes = FakeProcesses(held=[connection(44, 50_001)])
    log = [rdp(time=NOON - timedelta(hours=1)), rdp(record_id=2, time=NOON + timedelta(hours=1))]
    assert owners(observed(log, processes, session("alice", 44)).read(None).events) == []


def test_the_same_event_is_answered_the_same() -> None:
    """Read again because it could not be kept, a logon has the owner that was seen first."""
    processes = FakeProcesses(held=[connection(44, 50_001)])
    source = observed([rdp()], processes, session("alice", 44))
    first = source.read(None)
    processes.held = [connection(99, 50_009)]
    again = source.read(None)
    assert owners(first.events) == owners(again.events) == [("1", "44", "alice-0123456789abcdef0")]


def test_own_addresses_are_told_first_and_when_they_change() -> None:
    """What this host is called is known before anybody comes from there."""
    clock, processes = FakeClock(), FakeProcesses()
    source = observed([rdp("203.0.113.5")], processes, clock=clock)
    first = source.read(None)
    processes.own = ["10.0.0.6", "127.0.0.1"]
    at_once = source.read(first.bookmark)
    clock.pass_(31)
    later = source.read(first.bookmark)
    assert [each.fields.get("Addresses") for each in first.events] == ["10.0.0.5 127.0.0.1", None]
    assert (list(at_once.events), [each.fields["Addresses"] for each in later.events]) == (
        [],
        ["10.0.0.6 127.0.0.1"],
    )
    assert source.read(first.bookmark).events == []


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, None])
def test_the_inner_sources_bookmark_and_limit_hold(limit: int | None) -> None:
    """Cut anywhere, every event comes once, its observation behind it, and the bookmark stands where the inner source is."""
    processes = FakeProcesses(held=[connection(44, 50_000 + each, 22) for each in range(6)])
    log = [ssh(50_000 + each, each + 1) if each % 2 else rdp("203.0.113.5", each + 1) for each in range(6)]
    source = observed(log, processes, session("alice", 44))
    assert source.name == "evtx:Security"
    bookmark: str | None = None
    events: list[Event] = []
    while True:
        batch = source.read(bookmark, limit)
        assert limit is None or len(batch.events) <= max(limit, 3)
        assert (batch.newest, batch.records) == (int(batch.bookmark), 7)
        events += batch.events
        bookmark = batch.bookmark
        if not batch.more:
            break
    assert [each for each in events if each.channel != CHANNEL] == log
    assert [(number, owner) for number, _, owner in owners(events)] == [
        (str(number), "alice-0123456789abcdef0") for number in (2, 4, 6)
    ]
    assert all(
        events[number - 1].record_id == int(each.fields["LogonRecordId"])
        for number, each in enumerate(events)
        if each.event_id == Told.OWNER
    )


HOLD = """
import socket, sys
held = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
print(held.getsockname()[1], flush=True)
sys.stdin.readline()
"""


@contextmanager
def worker(session_id: str, port: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a process that is called like the session's worker and holds a connection; give its own port."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, session_id, str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """Something that listens on this host, as sshd and RDP do."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_real_sockets_have_real_owners(listening: socket.socket) -> None:
    """The process that holds the tunnel's connection is found among real ones; gone a moment later, nobody is."""
    port = listening.getsockname()[1]
    processes, now = HostProcesses(), utc_now()
    with (
        worker("alice-0123456789abcdef0", port) as (tunnel, own),
        worker("bob-0123456789abcdef0", port) as (other, _),
    ):
        accepted = [listening.accept()[0] for _ in range(2)]
        live = Sessions(
            [
                SsmSession("alice-0123456789abcdef0", "StartSession", now, process=tunnel.pid),
                SsmSession("bob-0123456789abcdef0", "StartSession", now, process=other.pid),
            ]
        )
        log = Log([ssh(own, 1, time=now), rdp(record_id=2, time=now)])
        source = Observed(log, live, processes, host=HOST, clock=utc_now, ssh_port=port, rdp_port=port)
        seen = owners(source.read(None).events)
        tunnel.kill()
        tunnel.wait()
        log.events.append(ssh(own, 3, time=now))
        gone = owners(source.read("2").events)
        for each in accepted:
            each.close()
    assert seen == [
        ("1", str(tunnel.pid), "alice-0123456789abcdef0"),
        ("2", str(other.pid), "bob-0123456789abcdef0"),
    ]
    assert gone == []
