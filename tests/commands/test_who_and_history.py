"""``who`` and ``history`` are right after restarts, cleared logs and days of downtime."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent_host import Host
from fakes import NOON
from live import LiveBastion
from logonbell.simulate.people import Person
from logonbell.simulate.ssm_documents import port, run_command, shell
from logonbell.store.outbox import FILE, Outbox
from said import JAPANESE, Said

ALICE = "arn:aws:sts::111122223333:assumed-role/ops/alice"
BOB = "arn:aws:sts::111122223333:assumed-role/ops/bob"
KATO = Person("kato", "CORP", "S-1-5-21-2025429265-492894223-1708537768-1135")
HOME = "203.0.113.5"
Run = Callable[..., Said]


@pytest.fixture
def bastion(tmp_path: Path) -> Iterator[LiveBastion]:
    """A host on which nobody is yet."""
    bastion = LiveBastion(tmp_path)
    yield bastion
    bastion.close()


@pytest.fixture
def ask(run: Run, config: Callable[[str], Path]) -> Callable[..., list[dict[str, Any]]]:
    """Ask ``who`` or ``history`` as a machine does; give its lines."""
    path = config("")

    def ask(command: str, *arguments: str) -> list[dict[str, Any]]:
        said = run(command, "--format", "jsonl", "--config", path, *arguments)
        assert (said.code, said.err) == (0, "")
        return [json.loads(line) for line in said.out.splitlines()]

    return ask


Ask = Callable[..., list[dict[str, Any]]]


def people(lines: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Give who came by which door, as lines tell it."""
    return sorted(
        (line["door"], line["principal"] or line["user"]) for line in lines if line["type"] == "logon"
    )


def watch(bastion: LiveBastion, seconds: float = 30) -> None:
    """Run logonbell for a while."""
    with bastion.watching():
        bastion.pass_(seconds)


def busy(bastion: LiveBastion) -> tuple[Any, Any]:
    """Let kato come by RDP, alice open a shell and bob a tunnel; give the two sessions."""
    with bastion.watching():
        bastion.happens(bastion.host.rdp_logon(bastion.now, KATO, HOME, kerberos=True))
        document = bastion.opens_shell(shell(ALICE, "alice"))
        tunnel = bastion.opens(port(BOB, "bob", 8443))
        bastion.opens(run_command("Get-Date"))
        bastion.pass_(120)
    return document, tunnel


EVERYBODY = [("rdp", r"CORP\kato"), ("ssm-shell", ALICE), ("ssm-tunnel", BOB)]


def test_restarts_change_nothing(bastion: LiveBastion, ask: Ask) -> None:
    """However often logonbell and the SSM agent are started again, the same people are on, once each."""
    document, tunnel = busy(bastion)
    for _ in range(5):
        bastion.ssm.restart(document, tunnel)
        watch(bastion)
    assert people(ask("who")) == EVERYBODY
    assert people(ask("history")) == sorted([("run-command", None), *EVERYBODY], key=str)
    assert [line["ended"] for line in ask("who")] == [None, None, None]


def test_who_left_while_nobody_watched_has_left(bastion: LiveBastion, ask: Ask) -> None:
    """Days later those are on who came meanwhile, and of those who went the history knows when."""
    document, _ = busy(bastion)
    bastion.pass_(86_400, step=7200)
    bastion.happens(bastion.host.logoff(bastion.now, KATO))
    bastion.closes(document)
    left = bastion.now
    bastion.pass_(86_400, step=7200)
    kim = bastion.host.local("kim", 1005)
    bastion.happens(bastion.host.rdp_logon(bastion.now, kim, HOME))
    bastion.pass_(86_400, step=7200)
    watch(bastion)
    assert people(ask("who")) == [("rdp", r"BASTION-01\kim"), ("ssm-tunnel", BOB)]
    ended = {line["user"]: line["ended"] for line in ask("history") if line["type"] == "logon"}
    assert ended[r"CORP\kato"] == left.isoformat(timespec="microseconds").replace("+00:00", "Z")
    assert ended[r"BASTION-01\ssm-user"] is not None
    assert ended[r"BASTION-01\kim"] is None


@pytest.mark.parametrize("running", [True, False])
def test_a_cleared_log_ends_nobodys_session(bastion: LiveBastion, ask: Ask, running: bool) -> None:
    """Whoever clears the log is on, and so is everybody else; their end stands in the new log."""
    busy(bastion)
    bastion.clear(KATO)
    bastion.pass_(10)
    if running:
        watch(bastion)
    assert people(ask("who")) == EVERYBODY
    bastion.happens(bastion.host.logoff(bastion.now, KATO))
    bastion.pass_(10)
    watch(bastion)
    assert people(ask("who")) == EVERYBODY[1:]
    assert people(ask("history", "--door", "rdp")) == EVERYBODY[:1]


def test_a_restart_of_windows_ends_everything(bastion: LiveBastion, ask: Ask) -> None:
    """Whatever was open when Windows went down is over, SSM sessions too, though their files outlived it."""
    busy(bastion)
    bastion.happens(bastion.host.restart(bastion.now))
    bastion.processes.running.clear()
    bastion.pass_(120, step=10)
    watch(bastion)
    assert ask("who") == []
    assert all(line["ended"] for line in ask("history", "--user", "kato") if line["type"] == "logon")


def test_what_was_lost_is_said(
    bastion: LiveBastion, ask: Ask, run: Run, config: Callable[[str], Path]
) -> None:
    """A log that wrapped meanwhile took the logoffs with it: who may have left is told, in words; SSM sessions are sure."""
    busy(bastion)
    assert "lost" not in run("who", "--config", config("")).out
    bastion.pass_(10)
    bastion.happens(bastion.host.logoff(bastion.now, KATO))
    bastion.pass_(3600, step=600)
    bastion.wrap()
    bastion.happens(bastion.host.service_start(bastion.now))
    bastion.pass_(10)
    bastion.path("Microsoft-Windows-TerminalServices-LocalSessionManager/Operational").unlink()
    watch(bastion)
    assert people(ask("who")) == EVERYBODY
    said, japanese = (run("who", "--lang", each, "--config", config("")) for each in ("en", "ja"))
    assert "1 of them began before records were lost" in said.out
    assert JAPANESE.search(japanese.out)
    assert "うち 1 件" in japanese.out


def test_a_session_older_than_the_history_is_still_on(bastion: LiveBastion, ask: Ask) -> None:
    """What is kept is kept for a while only; who is on is told all the same, by which door and since when."""
    busy(bastion)
    with bastion.watching() as outbox:
        outbox.forget(bastion.now + timedelta(days=1))
    lines = ask("who")
    assert people(lines) == EVERYBODY
    assert all(line["time"].startswith("2026-03-03T12:00") for line in lines)
    assert ask("history") == []


def test_a_lost_snapshot_costs_time(
    bastion: LiveBastion, ask: Ask, run: Run, config: Callable[[str], Path]
) -> None:
    """If what is known of open sessions cannot be read, that is said; the next run knows it again."""
    busy(bastion)
    outbox = Outbox.open(bastion.state, now=bastion.now)
    outbox.commit(bookmarks={}, snapshot="{}", findings=[], alerts=[], notifiers=[], read=bastion.now)
    outbox.close()
    said = run("who", "--config", config(""))
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "logonbell watch" in said.err
    watch(bastion)
    assert people(ask("who")) == EVERYBODY


def test_the_history_is_asked_by_person_door_and_time(bastion: LiveBastion, ask: Ask) -> None:
    """By a part of a name, a SID or a principal, by a door, since and until."""
    busy(bastion)
    bastion.pass_(3600, step=600)
    with bastion.watching():
        bastion.happens(bastion.host.rdp_reconnect(bastion.now, KATO, HOME, kerberos=True))
        bastion.pass_(60)
    later = (NOON + timedelta(minutes=30)).isoformat()
    assert people(ask("history", "--user", "ops/ALICE")) == [("ssm-shell", ALICE)]
    assert people(ask("history", "--user", KATO.sid)) == [
        ("rdp", r"CORP\kato"),
        ("rdp-reconnect", r"CORP\kato"),
    ]
    assert people(ask("history", "--door", "ssm-tunnel")) == [("ssm-tunnel", BOB)]
    assert people(ask("history", "--since", later)) == [("rdp-reconnect", r"CORP\kato")]
    assert people(ask("history", "--until", later, "--user", "kato")) == [("rdp", r"CORP\kato")]
    assert people(ask("who")) == EVERYBODY


def test_a_person_reads_names_and_ports(
    bastion: LiveBastion, run: Run, config: Callable[[str], Path]
) -> None:
    """The table names the people behind SSM sessions, where a tunnel leads, and by whom a logon through it came."""
    with bastion.watching():
        tunnel = bastion.opens(port(BOB, "bob", 3389))
        bastion.pass_(10)
        bastion.dials(tunnel, 3389)
        bastion.happens(bastion.host.rdp_logon(bastion.now, KATO, "::1", kerberos=True))
        bastion.opens_shell(shell(ALICE, "alice"))
        bastion.pass_(60)
    for command in ("who", "history"):
        rows = run(command, "--config", config("")).out.splitlines()
        assert "assumed-role/ops/bob" in rows[1]
        assert "SSM tunnel (3389)" in rows[1]
        assert "assumed-role/ops/alice" in next(row for row in rows if "SSM shell" in row)
        through = next(row for row in rows if "RDP through SSM" in row)
        assert r"CORP\kato" in through
        assert "assumed-role/ops/bob" in through


def test_a_history_that_was_changed_is_told(host: Host) -> None:
    """`history verify` ends with 0 on what was written, and with 1 and the place where something was removed."""
    host.ring(2, 3)
    said = host.run("history", "verify")
    assert (said.code, said.err) == (0, "")
    assert "As they were written: 0 findings and 3 alerts, in the links from 1 to 3." in said.out
    assert "No flaw was found." in said.out
    with closing(sqlite3.connect(host.folder / "state" / FILE)) as db, db:
        db.execute("delete from delivery where alert = 2")
        db.execute("delete from alert where id = 2")
    said = host.run("history", "verify")
    assert said.code == 1
    assert "The alert in row 2, of " in said.out
    assert "1 flaw was found." in said.out
    flaw, summary = (
        json.loads(line) for line in host.run("history", "verify", "--format", "jsonl").out.splitlines()
    )
    assert (flaw["kind"], flaw["link"]) == ("removed", 2)
    assert (summary["flaws"], summary["alerts"], summary["head"]["number"]) == (1, 2, 3)
    assert JAPANESE.search(host.run("history", "verify", "--lang", "ja").out)


def test_settings_may_stand_before_or_behind_verify(run: Run, host: Host) -> None:
    """`history --config FILE verify` looks at the same history as `history verify --config FILE`."""
    assert run("history", "--config", host.config, "verify").out == host.run("history", "verify").out != ""


def test_a_history_without_an_outbox_is_refused(run: Run, config: Callable[[str], Path]) -> None:
    """Where the agent never ran there is nothing to verify, and one sentence says so."""
    said = run("history", "verify", "--config", config(""))
    assert said.code == 1
    assert "There is no outbox in" in said.err
