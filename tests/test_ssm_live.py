from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from live import LiveBastion
from logonbell.logon import Door, Logon, Notice, NoticeKind
from logonbell.simulate.people import Person
from logonbell.simulate.ssm import AgentForm
from logonbell.simulate.ssm_documents import Request, commands, port, run_command, shell

ALICE = "arn:aws:sts::111122223333:assumed-role/ops/alice"
BOB = "arn:aws:sts::111122223333:assumed-role/ops/bob"
KATO = Person("kato", "CORP", "S-1-5-21-2025429265-492894223-1708537768-1135")
FORMS = {
    "windows": AgentForm(),
    "linux": AgentForm(windows=False),
    "older": AgentForm(fraction=False, talkative=True, version="3.2.1705.0"),
    "newer": AgentForm(long_suffix=True, extra={"Brand": {"new": [1]}}, version="3.3.4793.0"),
}
OWN, ONLY = "its worker holds the connection", "the only SSM session that forwards port 3389"


@pytest.fixture
def bastion(tmp_path: Path) -> Iterator[LiveBastion]:
    """A host on which nobody is yet."""
    bastion = LiveBastion(tmp_path)
    yield bastion
    bastion.close()


def about(logon: Logon) -> tuple[str, str | None, str | None, str]:
    """Give what an alert says of who stands behind a logon, and how that is known."""
    return str(logon.door), logon.principal, logon.ssm_document, str(logon.ssm_match)


def elevated(owner: str, user: str) -> Request:
    """Ask for a shell as SYSTEM."""
    return commands(owner, user, "cmd", elevated=True)


@pytest.mark.parametrize("form", FORMS)
def test_each_kind_of_session_rings_once_and_says_who(tmp_path: Path, form: str) -> None:
    """A shell, an elevated shell, a tunnel: one alert each, with principal, document, and how it was matched; Run Command none."""
    bastion = LiveBastion(tmp_path, FORMS[form])
    with bastion.watching():
        bastion.pass_(1)
        documents = [bastion.opens_shell(shell(ALICE, "alice"))]
        bastion.pass_(30)
        documents.append(bastion.opens(elevated(BOB, "bob")))
        bastion.pass_(30)
        documents.append(bastion.opens(port(ALICE, "alice", 8443)))
        bastion.pass_(30)
        documents.append(bastion.opens(run_command("Get-Date")))
        bastion.pass_(30)
        for document in documents:
            bastion.closes(document)
        bastion.pass_(120)
    bastion.close()
    assert [about(logon) for logon in bastion.logons] == [
        ("ssm-shell", ALICE, "SSM-SessionManagerRunShell", "the SSM agent told of it"),
        ("ssm-shell-elevated", BOB, "Acme-InteractiveCommands", "the SSM agent told of it"),
        ("ssm-tunnel", ALICE, "AWS-StartPortForwardingSession", "the SSM agent told of it"),
    ]
    assert bastion.findings == bastion.logons
    assert bastion.logons[2].ssm_port == "8443"
    shells, *_ = bastion.history()
    assert (str(shells.user), str(shells.ssm_match)) == (
        r"BASTION-01\ssm-user",
        "its worker made the Windows logon",
    )
    assert sorted(str(end.door) for end in bastion.logoffs()) == [
        "run-command",
        "ssm-shell",
        "ssm-shell-elevated",
        "ssm-tunnel",
    ]


def test_the_alert_says_who_where_and_what(bastion: LiveBastion) -> None:
    """In both languages the subject names the principal and a tunnel's port, the text document, session and match."""
    with bastion.watching():
        document = bastion.opens(port(ALICE, "alice", 3389))
        bastion.pass_(5)
    assert bastion.subjects() == [f"SSM tunnel to 3389: {ALICE} on BASTION-01"]
    assert bastion.subjects("ja") == [f"SSM トンネル (3389): {ALICE} → BASTION-01"]
    (text,) = bastion.bodies()
    for fact in (document.document_id, "AWS-StartPortForwardingSession", "the SSM agent told of it"):
        assert fact in text


@pytest.mark.parametrize("address", ["::1", "127.0.0.1"])
def test_rdp_through_a_tunnel_says_by_whom(bastion: LiveBastion, address: str) -> None:
    """The tunnel rings when it is opened, the logon through it when it comes, and says who holds the connection."""
    with bastion.watching():
        tunnel, other = bastion.opens(port(ALICE, "alice", 3389)), bastion.opens(port(BOB, "bob", 3389))
        bastion.pass_(20)
        bastion.dials(tunnel, 3389, address)
        bastion.happens(bastion.host.rdp_logon(bastion.now, KATO, address, kerberos=True))
        bastion.pass_(120)
        bastion.closes(other)
        bastion.pass_(10)
    rdp = bastion.logons[-1]
    assert [str(logon.door) for logon in bastion.logons] == ["ssm-tunnel", "ssm-tunnel", "rdp-ssm"]
    assert (rdp.principal, rdp.ssm_session, str(rdp.ssm_match)) == (ALICE, tunnel.document_id, OWN)
    assert str(rdp.user) == r"CORP\kato"
    assert set(bastion.who()) == {("ssm-tunnel", ALICE), ("rdp-ssm", ALICE)}


def test_ssh_through_a_tunnel_is_known_by_its_very_port(bastion: LiveBastion) -> None:
    """Of two tunnels to sshd the logon is his whose connection it came by: sshd names the client's port."""
    with bastion.watching():
        tunnels = [bastion.opens(port(who, "x", 22, mux=False)) for who in (ALICE, BOB)]
        bastion.pass_(20)
        for tunnel in reversed(tunnels):
            events = bastion.host.ssh_logon(bastion.now, KATO, "127.0.0.1")
            said = next(event.fields["payload"] for event in events if "payload" in event.fields)
            bastion.dials(tunnel, 22, "127.0.0.1", own=int(said.split(" port ")[1].split()[0]))
            bastion.happens(events)
            bastion.pass_(60)
    through = [logon for logon in bastion.logons if logon.door is Door.SSH_SSM]
    assert [(logon.principal, str(logon.ssm_match)) for logon in through] == [(BOB, OWN), (ALICE, OWN)]


def test_a_workers_number_that_was_another_workers_is_the_new_ones(bastion: LiveBastion) -> None:
    """Windows deals a process id anew as soon as it is free: the shell is its who has it now."""
    with bastion.watching():
        first = bastion.opens_shell(shell(ALICE, "alice"))
        bastion.pass_(60)
        bastion.closes(first)
        bastion.pass_(0.5)
        second = bastion.ssm.submit(shell(BOB, "bob"))
        bastion.ssm.begin(second, process=first.process)
        bastion.processes.running[first.process] = (bastion.now, ("worker", second.document_id))
        bastion.happens(
            replace(event, fields={**event.fields, "ProcessId": hex(first.process)})
            if event.event_id == 4624
            else event
            for event in bastion.host.ssm_shell(bastion.now + timedelta(seconds=0.3))
        )
        bastion.pass_(60)
    assert [(each.principal, len(each.events)) for each in bastion.history()] == [(ALICE, 4), (BOB, 4)]
    assert {str(each.ssm_match) for each in bastion.history()} == {"its worker made the Windows logon"}


def test_a_client_that_is_gone_at_once_is_matched_by_what_is_left(bastion: LiveBastion) -> None:
    """No connection to be seen any more: the only tunnel to the port, or one of those there are, and the alert says so."""
    with bastion.watching():
        only = bastion.opens(port(ALICE, "alice", 3389))
        bastion.pass_(20)
        bastion.happens(bastion.host.rdp_logon(bastion.now, KATO, "::1", kerberos=True))
        bastion.pass_(60)
        bastion.opens(port(BOB, "bob", 3389))
        bastion.pass_(20)
        bastion.happens(bastion.host.rdp_logon(bastion.now, bastion.host.local("kim", 1005), "127.0.0.1"))
        bastion.pass_(60)
    first, second = (logon for logon in bastion.logons if logon.door is Door.RDP_SSM)
    assert (first.principal, first.ssm_session, str(first.ssm_match)) == (ALICE, only.document_id, ONLY)
    assert (second.principal, second.ssm_session) == (None, None)
    assert "one of 2 SSM sessions that forward port 3389" in str(second.ssm_match)


def test_rdp_from_loopback_without_a_session_is_critical(bastion: LiveBastion) -> None:
    """Somebody else's tunnel ends here, seen or not: no session explains it."""
    with bastion.watching():
        bastion.opens(port(ALICE, "alice", 8443))
        bastion.pass_(20)
        bastion.happens(bastion.host.rdp_logon(bastion.now, KATO, "127.0.0.1", kerberos=True))
        bastion.pass_(60)
        bastion.opens(port(BOB, "bob", 3389))
        bastion.pass_(20)
        bastion.dials(None, 3389)
        bastion.happens(bastion.host.rdp_logon(bastion.now, bastion.host.local("kim", 1005), "::1"))
        bastion.pass_(60)
    alerts = [each.alert for each in bastion.rung]
    rings = [(alert.level, alert.finding) for alert in alerts if isinstance(alert.finding, Logon)]
    loud = [(level, logon) for level, logon in rings if logon.door is Door.RDP_LOOPBACK]
    assert [level.word for level, _ in loud] == ["critical", "critical"]
    assert [str(logon.ssm_match) for _, logon in loud] == [
        "no SSM session forwards port 3389",
        "another program holds the connection, no SSM session",
    ]


def test_what_came_and_went_while_nobody_watched_is_caught_up(bastion: LiveBastion) -> None:
    """Sessions of a night without logonbell ring in the morning, at their times, each once, with who and what."""
    with bastion.watching():
        before = bastion.opens_shell(shell(ALICE, "alice"))
        bastion.pass_(60)
    gone = bastion.opens(elevated(BOB, "bob"))
    bastion.pass_(600, step=60)
    bastion.closes(gone)
    tunnel = bastion.opens(port(ALICE, "alice", 3389))
    bastion.pass_(60, step=10)
    bastion.happens(bastion.host.rdp_logon(bastion.now, KATO, "::1", kerberos=True))
    bastion.pass_(600, step=10)
    bastion.closes(tunnel)
    bastion.closes(before)
    stays = bastion.opens(port(BOB, "bob", 22))
    bastion.pass_(8 * 3600, step=600)
    with bastion.watching():
        bastion.pass_(60)
    assert [(about(logon)[:2], logon.time) for logon in bastion.logons[1:]] == [
        (("ssm-shell-elevated", BOB), gone.received),
        (("ssm-tunnel", ALICE), tunnel.received),
        (("rdp-ssm", ALICE), tunnel.received + timedelta(seconds=62.12)),
        (("ssm-tunnel", BOB), stays.received),
    ]
    assert str(bastion.logons[3].ssm_match) == ONLY
    assert bastion.who() == [("rdp-ssm", ALICE), ("ssm-tunnel", BOB)]
    ends = {logon.ssm_session: logon.ended for logon in bastion.history() if logon.door is not Door.RDP_SSM}
    assert ends[gone.document_id] == gone.received + timedelta(seconds=600)
    assert (ends[before.document_id], ends[tunnel.document_id], ends[stays.document_id]) == (
        tunnel.received + timedelta(seconds=660),
        tunnel.received + timedelta(seconds=660),
        None,
    )


def test_what_nobody_can_know_is_stated(tmp_path: Path) -> None:
    """Without the SSM agent's logs a night without logonbell is told as what it is: an interval of which nothing is known."""
    bastion = LiveBastion(tmp_path, agent_logs=False)
    with bastion.watching():
        bastion.pass_(60)
    gone = bastion.opens(elevated(BOB, "bob"))
    bastion.pass_(600, step=60)
    bastion.closes(gone)
    bastion.pass_(600, step=60)
    with bastion.watching():
        bastion.pass_(60)
    bastion.close()
    (notice,) = bastion.findings
    assert isinstance(notice, Notice)
    assert (notice.kind, notice.host) == (NoticeKind.UNWATCHED, "BASTION-01")
    assert bastion.subjects() == [
        "SSM sessions on BASTION-01 not watched from 2026-03-03 12:01:00 to 2026-03-03 12:21:00 UTC"
    ]
    assert bastion.rung[0].alert.level.word == "medium"
    assert "CloudTrail" in bastion.bodies()[0]
    assert "CloudTrail" in bastion.bodies("ja")[0]


def test_an_agent_that_only_looks_now_and_then_does_not_ring_for_that_without_end(tmp_path: Path) -> None:
    """As a task each minute, without the SSM agent's logs, it is blind in between: told a few times a day, not each time."""
    bastion = LiveBastion(tmp_path, agent_logs=False)
    for _ in range(40):
        with bastion.watching():
            bastion.pass_(0.3)
        bastion.pass_(60, step=30)
    bastion.close()
    assert Counter(type(finding) for finding in bastion.findings) == {Notice: 5}


def test_two_shells_and_two_tunnels_at_once_and_an_agent_that_restarts(bastion: LiveBastion) -> None:
    """Side by side, opened within a second, through a restart of the SSM agent and of logonbell: each rings and ends once."""
    with bastion.watching():
        bastion.pass_(1)
        documents = [bastion.opens_shell(shell(ALICE, "alice")), bastion.opens_shell(shell(BOB, "bob"))]
        documents += [bastion.opens(port(ALICE, "alice", 3389)), bastion.opens(port(BOB, "bob", 3389))]
        bastion.pass_(30)
        bastion.ssm.restart(*documents)
        bastion.pass_(30)
    with bastion.watching():
        for document in documents:
            bastion.closes(document)
            bastion.pass_(3)
        bastion.pass_(60)
    assert Counter((str(logon.door), logon.principal) for logon in bastion.logons) == {
        ("ssm-shell", ALICE): 1,
        ("ssm-shell", BOB): 1,
        ("ssm-tunnel", ALICE): 1,
        ("ssm-tunnel", BOB): 1,
    }
    assert {logon.ssm_session for logon in bastion.history() if logon.ended} == {
        document.document_id for document in documents
    }
    assert {str(logon.ssm_match) for logon in bastion.history() if logon.door is Door.SSM_SHELL} == {
        "its worker made the Windows logon"
    }


def test_shells_whose_worker_is_not_the_logons_caller_are_matched_by_time(bastion: LiveBastion) -> None:
    """Should a Windows logon name another process than the agent noted, one shell is the one, of two it is said to be one."""
    with bastion.watching():
        bastion.opens_shell(shell(ALICE, "alice"), reused=8)
        bastion.pass_(60)
        bastion.opens_shell(shell(ALICE, "alice"), reused=12)
        bastion.opens_shell(shell(BOB, "bob"), reused=16)
        bastion.pass_(60)
    matches = [str(logon.ssm_match) for logon in bastion.history()]
    assert len(bastion.logons) == len(matches) == 3
    assert matches[0] == "the only SSM shell that had just been opened when the worker made the Windows logon"
    assert "one of 2 SSM shells that had just been opened" in matches[1] + matches[2]


@pytest.mark.rig
def test_two_hundred_sessions_in_a_minute_each_find_their_principal(bastion: LiveBastion) -> None:
    """Shells, elevated shells and tunnels three a second, half of them over at once, logonbell restarted: none is missed, none doubled."""
    kinds = (shell, elevated, lambda owner, user: port(owner, user, 3389))
    opened: dict[str, str] = {}
    running = []
    for stretch in range(4):
        with bastion.watching():
            for number in range(50):
                owner = f"arn:aws:iam::111122223333:user/u{stretch}-{number}"
                request = kinds[number % 3](owner, f"u{stretch}-{number}")
                document = (bastion.opens_shell if number % 3 == 0 else bastion.opens)(request)
                opened[document.document_id] = owner
                running.append(document)
                bastion.pass_(0.3, step=0.15)
                if number % 2:
                    bastion.closes(running.pop(0))
        bastion.pass_(1)
    with bastion.watching():
        bastion.pass_(30)
    assert {logon.ssm_session: logon.principal for logon in bastion.logons} == opened
    assert len(bastion.logons) == 200
    shells = [logon for logon in bastion.history() if logon.door is Door.SSM_SHELL]
    assert Counter(str(logon.ssm_match) for logon in shells) == {"its worker made the Windows logon": 68}


@pytest.mark.rig
def test_loopback_logons_among_many_tunnels_are_its_owners_or_one_of_them(bastion: LiveBastion) -> None:
    """Of twenty tunnels to one port each logon is its own worker's; where none is to be seen, one of twenty."""
    with bastion.watching():
        tunnels = [
            bastion.opens(port(f"arn:aws:iam::111122223333:user/u{n}", f"u{n}", 3389)) for n in range(20)
        ]
        bastion.pass_(20)
        for number, tunnel in enumerate(tunnels):
            if number != 7:
                bastion.dials(tunnel, 3389)
            person = bastion.host.local(f"user{number}", 2000 + number)
            bastion.happens(bastion.host.rdp_logon(bastion.now, person, "::1"))
            bastion.pass_(10)
        bastion.pass_(60)
    through = [logon for logon in bastion.history() if logon.door is Door.RDP_SSM]
    found = {str(logon.user).rpartition("\\")[2]: logon for logon in through}
    assert len(through) == 20
    for number, tunnel in enumerate(tunnels):
        logon = found[f"user{number}"]
        if number == 7:
            assert (logon.principal, str(logon.ssm_match)[:9]) == (None, "one of 20")
        else:
            assert (logon.ssm_session, str(logon.ssm_match)) == (tunnel.document_id, OWN)
