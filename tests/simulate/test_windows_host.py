from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from logonbell.event import Event
from logonbell.simulate.evtx import write_logs
from logonbell.simulate.ledger import (
    LOCAL_SESSION_MANAGER_LOG,
    OPENSSH_LOG,
    REMOTE_CONNECTION_MANAGER_LOG,
    SECURITY_LOG,
    WINRM_LOG,
)
from logonbell.simulate.people import LOCAL_SERVICE, Person
from logonbell.simulate.windows import WindowsHost, in_order

NINE = datetime(2026, 5, 4, 9, tzinfo=UTC)
DOMAIN_SID = "S-1-5-21-2025429265-492894223-1708537768"
SATO = Person("sato", "CORP", f"{DOMAIN_SID}-1134", domain_admin=True)


def dice(seed: int) -> Random:
    """Chance that falls the same way each time."""
    return Random(seed)  # noqa: S311 - repeatable, not secret


@pytest.fixture
def host() -> WindowsHost:
    """A host of the domain CORP."""
    return WindowsHost("BASTION-01", dice(1), domain="CORP", first_record_ids={"Security": 5000})


def ids(events: list[Event], channel: str = "Security") -> list[int]:
    """The event ids that a channel got, in order."""
    return [event.event_id for event in events if event.channel == channel]


def logons(events: list[Event]) -> list[dict[str, str]]:
    """The fields of every 4624 of a person, in order."""
    return [
        dict(event.fields)
        for event in events
        if event.event_id == 4624 and event.fields["VirtualAccount"] == "%%1843"
    ]


def fields(events: list[Event], event_id: int) -> dict[str, str]:
    """The fields of the only event with this id."""
    (found,) = (event for event in events if event.event_id == event_id)
    return dict(found.fields)


Story = Callable[[WindowsHost, datetime], list[Event]]


def after_rdp(story: Callable[[WindowsHost, datetime, Person], list[Event]]) -> Story:
    """Let a story begin with a session over RDP."""

    def told(host: WindowsHost, at: datetime) -> list[Event]:
        mori = host.local("mori", 1004, administrator=True)
        return host.rdp_logon(at, mori, "203.0.113.24") + story(host, at + timedelta(minutes=1), mori)

    return told


STORIES: dict[str, Story] = {
    "boot": lambda host, at: host.boot(at),
    "service": lambda host, at: host.service_start(at),
    "service account": lambda host, at: host.service_start(
        at, Person("svc-sql", "CORP", f"{DOMAIN_SID}-1500")
    ),
    "machine": lambda host, at: host.machine_logon(at),
    "anonymous": lambda host, at: host.anonymous_logon(at, "198.51.100.4", "KALI"),
    "uac": lambda host, at: host.uac_prompt(at, host.local("mori", administrator=True)),
    "browser": lambda host, at: host.browser_check(at, host.local("mori")),
    "password": lambda host, at: host.password_check(at, host.local("mori")),
    "console": lambda host, at: host.console_logon(at, host.local("mori", administrator=True)),
    "cached": lambda host, at: host.console_logon(at, SATO, cached=True),
    "rdp": after_rdp(lambda host, at, mori: host.logoff(at, mori)),
    "disconnect": after_rdp(lambda host, at, mori: host.rdp_disconnect(at, mori)),
    "reconnect": after_rdp(lambda host, at, mori: host.rdp_reconnect(at, mori, "203.0.113.25")),
    "reconnect 10": after_rdp(
        lambda host, at, mori: host.rdp_reconnect(at, mori, "203.0.113.25", nla=False, as_type_10=True)
    ),
    "unlock": after_rdp(lambda host, at, mori: host.unlock(at, mori)),
    "ssm": lambda host, at: (
        host.ssm_agent_start(at)
        + host.ssm_shell(at, first=True)
        + host.ssm_shell_end(at + timedelta(hours=1))
    ),
    "network": lambda host, at: host.network_logon(at, SATO, "198.51.100.9", kerberos=True),
    "runas": lambda host, at: host.runas(at, host.local("mori"), SATO),
    "runas /netonly": lambda host, at: host.runas(at, host.local("mori"), SATO, network_only=True),
    "batch": lambda host, at: host.batch(at, host.local("mori")),
    "ssh": lambda host, at: host.ssh_logon(at, host.local("mori"), "203.0.113.24"),
    "ssh password": lambda host, at: host.ssh_logon(at, SATO, "203.0.113.24", key=False),
    "ssh failure": lambda host, at: host.ssh_failure(at, "mori", "203.0.113.24", user=host.local("mori")),
    "winrm": lambda host, at: host.winrm_logon(at, SATO, "198.51.100.9"),
    "winrm basic": lambda host, at: host.winrm_basic(at, host.local("Administrator", 500), requests=3),
    "failed": lambda host, at: host.failed_logon(at, "admin", "198.51.100.77"),
    "cleared": lambda host, at: host.log_cleared(at, SATO) + host.log_cleared(at, SATO, "Application"),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_each_channel_is_in_order(host: WindowsHost, story: Story) -> None:
    """Whatever happens, each channel's record ids count on by one and its times never go back."""
    events = story(host, NINE)
    assert events[0].time == NINE
    for channel in {event.channel for event in events}:
        written = [event for event in events if event.channel == channel]
        first = 5000 if channel == "Security" else 1
        assert [event.record_id for event in written] == list(range(first, first + len(written)))
        assert all(earlier.time <= later.time for earlier, later in pairwise(written))


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_the_same_seed_tells_the_same(story: Story) -> None:
    """The same calls with the same seed give the same events, to the last logon id."""
    told = [story(WindowsHost("B", dice(seed)), NINE) for seed in (3, 3)]
    assert told[0] == told[1]


def test_logs_are_named_as_windows_names_them(host: WindowsHost, tmp_path: Path) -> None:
    """Each channel becomes a file that Windows could have written, by name too."""
    paths = write_logs(tmp_path, host.ssh_logon(NINE, SATO, "203.0.113.24"))
    assert [path.name for path in paths] == ["Security.evtx", "OpenSSH%4Operational.evtx"]
    assert all(path.stat().st_size > 65536 for path in paths)


def test_a_split_token(host: WindowsHost) -> None:
    """An administrator's logon is two 4624 that name each other, each with its groups, and one 4672."""
    events = host.console_logon(NINE, host.local("mori", administrator=True))
    assert ids(events) == [4648, 4624, 4627, 4624, 4627, 4672]
    strong, weak = logons(events)
    assert (strong["ElevatedToken"], weak["ElevatedToken"]) == ("%%1842", "%%1843")
    assert strong["TargetLinkedLogonId"] == weak["TargetLogonId"]
    assert weak["TargetLinkedLogonId"] == strong["TargetLogonId"]
    assert fields(events, 4672)["SubjectLogonId"] == strong["TargetLogonId"]


@pytest.mark.parametrize(
    ("administrator", "rid", "expected"),
    [(False, 1001, [4648, 4624, 4627]), (False, 500, [4648, 4624, 4627, 4672])],
)
def test_a_whole_token(host: WindowsHost, administrator: bool, rid: int, expected: list[int]) -> None:
    """A user's token, and that of RID 500 whatever its name, is not split."""
    events = host.console_logon(NINE, host.local("chef", rid, administrator=administrator))
    assert ids(events) == expected
    assert logons(events)[0]["TargetLinkedLogonId"] == "0x0"


def test_a_console_logon(host: WindowsHost) -> None:
    """At the console the address is the machine's own, and LocalSessionManager calls it LOCAL."""
    events = host.console_logon(NINE, host.local("mori"))
    (logon,) = logons(events)
    assert (logon["LogonType"], logon["LogonProcessName"], logon["IpAddress"]) == (
        "2",
        "User32 ",
        "127.0.0.1",
    )
    assert ids(events, LOCAL_SESSION_MANAGER_LOG.channel) == [41, 42, 21, 22]
    assert fields(events, 21) == {"User": "BASTION-01\\mori", "SessionID": "1", "Address": "LOCAL"}


def test_a_cached_logon(host: WindowsHost) -> None:
    """Without a domain controller the type is 11, and lsass.exe refreshes the credentials at once."""
    kinds = [
        (logon["LogonType"], logon["LogonProcessName"])
        for logon in logons(host.console_logon(NINE, SATO, cached=True))
    ]
    assert kinds == [("11", "User32 ")] * 2 + [("7", "Negotiat")] * 2


def test_unlocking(host: WindowsHost) -> None:
    """Unlocking is a logon that is closed at once; the session it belongs to stays open."""
    mori = host.local("mori")
    host.console_logon(NINE, mori)
    for as_type_2, kind in ((False, "7"), (True, "2")):
        events = host.unlock(NINE, mori, as_type_2=as_type_2)
        (logon,) = logons(events)
        assert logon["LogonType"] == kind
        assert fields(events, 4634)["TargetLogonId"] == logon["TargetLogonId"]
        assert events[-1].time - NINE < timedelta(seconds=3)
    assert fields(host.logoff(NINE, mori), 4647)["TargetLogonId"] != logon["TargetLogonId"]


def test_an_rdp_logon(host: WindowsHost) -> None:
    """A new session over RDP: type 3 of NLA, the session's own accounts, then the type 10 of the person."""
    mori = host.local("mori", administrator=True)
    events = host.rdp_logon(NINE, mori, "203.0.113.24", workstation="LAPTOP")
    nla, strong, weak = logons(events)
    assert (nla["LogonType"], nla["SubjectUserSid"], nla["WorkstationName"]) == ("3", "S-1-0-0", "LAPTOP")
    for half in (strong, weak):
        assert (half["LogonType"], half["IpAddress"]) == ("10", "203.0.113.24")
        assert half["ProcessName"] == "C:\\Windows\\System32\\svchost.exe"
    virtual = {
        event.fields["TargetUserName"] for event in events if event.fields.get("VirtualAccount") == "%%1842"
    }
    assert virtual == {"UMFD-2", "DWM-2"}
    assert ids(events, REMOTE_CONNECTION_MANAGER_LOG.channel) == [261, 1149]
    assert ids(events, LOCAL_SESSION_MANAGER_LOG.channel) == [41, 42, 21, 22]
    assert fields(events, 1149)["Param3"] == fields(events, 21)["Address"] == "203.0.113.24"


def test_rdp_without_nla(host: WindowsHost) -> None:
    """Without NLA nobody proves who he is before the session."""
    events = host.rdp_logon(NINE, host.local("mori"), "203.0.113.24", nla=False)
    assert [logon["LogonType"] for logon in logons(events)] == ["10"]
    assert ids(events, REMOTE_CONNECTION_MANAGER_LOG.channel) == [261]


def test_rdp_through_a_tunnel(host: WindowsHost) -> None:
    """The channels may write the same loopback each in its own way."""
    events = host.rdp_logon(NINE, SATO, "::1", heard_from="::%16777216")
    assert {logon["IpAddress"] for logon in logons(events)} == {"::1"}
    assert fields(events, 21)["Address"] == fields(events, 1149)["Param3"] == "::%16777216"


def test_rdp_sessions_come_and_go(host: WindowsHost) -> None:
    """Disconnecting and reconnecting name the logon id and the number of the session that stays open all the time."""
    mori = host.local("mori", administrator=True)
    *_, weak = logons(host.rdp_logon(NINE, mori, "203.0.113.24"))
    left = host.rdp_disconnect(NINE, mori)
    assert fields(left, 4779)["LogonID"] == weak["TargetLogonId"]
    assert ids(left, LOCAL_SESSION_MANAGER_LOG.channel) == [24, 40]

    back = host.rdp_reconnect(NINE, mori, "203.0.113.25")
    kinds = Counter((logon["LogonType"], logon["LogonProcessName"]) for logon in logons(back))
    assert kinds == {("3", "NtLmSsp "): 1, ("7", "User32 "): 2, ("7", "Negotiat"): 2}
    assert fields(back, 4778)["LogonID"] == weak["TargetLogonId"]
    assert fields(back, 4778)["ClientAddress"] == "203.0.113.25"
    assert fields(back, 25) == {"User": "BASTION-01\\mori", "SessionID": "2", "Address": "203.0.113.25"}

    off = host.logoff(NINE, mori)
    assert fields(off, 4647)["TargetLogonId"] == weak["TargetLogonId"]
    assert fields(off, 23)["SessionID"] == "2"
    assert ids(off) == [4647, 4634, 4634]
    with pytest.raises(ValueError, match="no open session"):
        host.logoff(NINE, mori)


def test_a_reconnect_by_type_10(host: WindowsHost) -> None:
    """A type 10 that takes up an open session is closed within a second."""
    mori = host.local("mori")
    host.rdp_logon(NINE, mori, "203.0.113.24")
    events = host.rdp_reconnect(NINE, mori, "203.0.113.24", nla=False, as_type_10=True)
    (logon,) = [event for event in events if event.fields.get("LogonType") == "10" and event.event_id == 4624]
    (closed,) = [event for event in events if event.event_id == 4634]
    assert closed.fields["TargetLogonId"] == logon.fields["TargetLogonId"]
    assert closed.time - logon.time == timedelta(milliseconds=900)


def test_a_host_that_audits_little() -> None:
    """With Windows' own audit policy there is no 4627, 4778 or 4779."""
    host = WindowsHost("B", dice(1), group_membership=False, session_events=False)
    mori = host.local("mori", administrator=True)
    events = host.rdp_logon(NINE, mori, "203.0.113.24")
    events += host.rdp_disconnect(NINE, mori)
    events += host.rdp_reconnect(NINE, mori, "203.0.113.24")
    assert not {4627, 4778, 4779} & set(ids(events))
    assert ids(events, LOCAL_SESSION_MANAGER_LOG.channel)[-1] == 25


@pytest.mark.parametrize("person", [SATO, Person("kato", "CORP", f"{DOMAIN_SID}-1512", administrator=True)])
def test_groups_tell_a_domain_admin(host: WindowsHost, person: Person) -> None:
    """Both halves of a domain admin's token list the group 512, and nobody else's does."""
    events = host.rdp_logon(NINE, person, "203.0.113.24")
    groups = [event.fields["GroupMembership"] for event in events if event.event_id == 4627]
    assert len(groups) == 3
    assert all((f"%{{{DOMAIN_SID}-512}}" in listed) == person.domain_admin for listed in groups)


def test_an_ssm_shell(host: WindowsHost) -> None:
    """A shell by Session Manager is a type 3 of ssm-user, asked for by the session worker as SYSTEM."""
    events = host.ssm_shell(NINE)
    assert ids(events) == [4724, 4722, 4648, 4672, 4624, 4627]
    (logon,) = logons(events)
    assert logon["TargetUserName"] == "ssm-user"
    assert (logon["LogonType"], logon["SubjectUserSid"], logon["IpAddress"]) == ("3", "S-1-5-18", "-")
    assert logon["ProcessName"].endswith("\\ssm-session-worker.exe")
    assert ids(host.ssm_shell_end(NINE)) == [4725, 4634]


def test_ssm_shells_differ(host: WindowsHost) -> None:
    """The first shell makes ssm-user, streaming makes two 4624 of one worker, each worker is a process of its own."""
    first = host.ssm_shell(NINE, first=True)
    assert ids(first)[:5] == [4720, 4722, 4738, 4732, 4724]
    pair = logons(host.ssm_shell(NINE, streaming=True))
    assert len(pair) == 2
    assert pair[0]["ProcessId"] == pair[1]["ProcessId"] != logons(first)[0]["ProcessId"]
    assert ids(host.ssm_agent_start(NINE)) == [4724]


def test_ssh(host: WindowsHost) -> None:
    """SSH shows the person in Security and the address in OpenSSH's own log only."""
    for user, key, kind, name in (
        (host.local("mori"), True, "3", "mori"),
        (SATO, False, "8", "corp\\sato"),
    ):
        events = host.ssh_logon(NINE, user, "203.0.113.24", key=key)
        (logon,) = logons(events)
        assert (logon["LogonType"], logon["IpAddress"]) == (kind, "-")
        (line,) = (event.fields["payload"] for event in events if event.channel == OPENSSH_LOG.channel)
        assert line.startswith(
            f"Accepted {'publickey' if key else 'password'} for {name} from 203.0.113.24 port "
        )


def test_ssh_failures(host: WindowsHost) -> None:
    """A failed password of somebody who exists follows a type 3 that looks like a logon; an unknown name does not."""
    known = host.ssh_failure(NINE, "mori", "203.0.113.24", user=host.local("mori"))
    unknown = host.ssh_failure(NINE, "oracle", "203.0.113.24")
    assert [len(logons(events)) for events in (known, unknown)] == [1, 0]
    assert fields(known, 4)["payload"].startswith("Failed password for mori from ")
    assert fields(unknown, 4)["payload"].startswith("Failed password for invalid user oracle from ")


def test_winrm(host: WindowsHost) -> None:
    """WinRM by Kerberos shows in its own log; with basic authentication each request is a logon of its own."""
    events = host.winrm_logon(NINE, SATO, "198.51.100.9")
    assert ids(events, WINRM_LOG.channel) == [169, 91]
    assert [event.sid for event in events if event.event_id == 91] == [SATO.sid]
    basic = logons(host.winrm_basic(NINE, host.local("Administrator", 500), requests=5))
    assert [logon["SubjectUserSid"] for logon in basic] == ["S-1-5-20"] * 5


def test_runas(host: WindowsHost) -> None:
    """Another user's program is a type 2; another's name for the network is a type 9 of oneself."""
    mori = host.local("mori")
    full = logons(host.runas(NINE, mori, SATO))
    assert {(logon["LogonType"], logon["TargetUserName"], logon["SubjectUserName"]) for logon in full} == {
        ("2", "sato", "mori")
    }
    (network,) = logons(host.runas(NINE, mori, SATO, network_only=True))
    assert (network["LogonType"], network["TargetUserName"]) == ("9", "mori")
    assert network["TargetOutboundUserName"] == "sato"


def test_what_is_no_logon_of_a_person(host: WindowsHost) -> None:
    """Services, prompts and browsers write 4624 too, told from people by type, account and logon process."""
    mori = host.local("mori")
    told = {
        (logon["LogonType"], logon["LogonProcessName"], logon["TargetUserName"])
        for events in (
            host.service_start(NINE, LOCAL_SERVICE),
            host.uac_prompt(NINE, mori, cached=True),
            host.browser_check(NINE, mori),
            host.password_check(NINE, mori),
            host.machine_logon(NINE),
            host.anonymous_logon(NINE),
        )
        for logon in logons(events)
    }
    assert told == {
        ("5", "Advapi  ", "LOCAL SERVICE"),
        ("11", "CredPro", "mori"),
        ("2", "Chrome", "mori"),
        ("2", "Advapi  ", "mori"),
        ("3", "Kerberos", "BASTION-01$"),
        ("3", "NtLmSsp ", "ANONYMOUS LOGON"),
    }


def test_failures_tell_a_wrong_password_from_an_unknown_name(host: WindowsHost) -> None:
    """4625 says by its SubStatus whether the account exists."""
    wrong = fields(host.failed_logon(NINE, "mori", "198.51.100.77", user=host.local("mori")), 4625)
    unknown = fields(host.failed_logon(NINE, "admin", "198.51.100.77"), 4625)
    assert (wrong["SubStatus"], unknown["SubStatus"]) == ("0xc000006a", "0xc0000064")


def test_cleared_logs(host: WindowsHost) -> None:
    """Security tells itself that it was cleared; the System log tells it of the others."""
    (own,) = host.log_cleared(NINE, SATO)
    (other,) = host.log_cleared(NINE, SATO, "Application")
    assert (own.channel, own.event_id, own.fields["SubjectUserName"]) == ("Security", 1102, "sato")
    assert (other.channel, other.event_id, other.fields["Channel"]) == ("System", 104, "Application")
    assert own.provider == other.provider == "Microsoft-Windows-Eventlog"


def test_what_overlaps_is_put_in_order(host: WindowsHost) -> None:
    """Two stories that overlap become one log: by time, with record ids that count on."""
    mori = host.rdp_logon(NINE, host.local("mori"), "203.0.113.24")
    services = [host.service_start(NINE + timedelta(milliseconds=700 * number)) for number in range(4)]
    events = in_order(mori, *services, first_record_ids={"Security": 70})
    assert len(events) == len(mori) + 8
    assert all(earlier.time <= later.time for earlier, later in pairwise(events))
    security = [event.record_id for event in events if event.channel == SECURITY_LOG.channel]
    assert security == list(range(70, 70 + len(security)))
