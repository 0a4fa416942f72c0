from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from fakes import NOON, FakeClock, FakeSource
from logonbell.commands.composition import followed_of
from logonbell.config.settings import Config, Sources
from logonbell.event import Event
from logonbell.recognise.journal import Told
from logonbell.sources import linux
from logonbell.sources.groups import Asking, Grouped, Membership, membership_of
from logonbell.sources.linux import LinuxLogs, logs_here
from users import as_nobody

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there are no such logs")


def made(root: Path, *names: str) -> Path:
    """Make empty files below a folder."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


@linux_only
@pytest.mark.parametrize(
    ("names", "journal", "files"),
    [
        (["var/log/journal/1f/system.journal", "var/log/auth.log"], True, []),
        (["run/log/journal/1f/system.journal", "var/log/secure"], False, ["secure"]),
        (["run/log/journal/1f/system.journal"], True, []),
        (["var/log/journal/README", "var/log/auth.log", "var/log/secure"], False, ["auth.log", "secure"]),
        (["var/log/syslog"], False, []),
    ],
)
def test_what_outlives_a_restart_is_followed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    names: Sequence[str],
    *,
    journal: bool,
    files: Sequence[str],
) -> None:
    """A journal on the disk first, then the files of a syslog daemon, then a journal that a restart takes away."""
    monkeypatch.setattr(linux, "journalctl", lambda: Path("/usr/bin/journalctl"))
    found = logs_here(made(tmp_path, *names))
    assert (found.journal, [path.name for path in found.files]) == (journal, files)
    assert not logs_here(tmp_path, journal=False).journal


@linux_only
def test_without_journalctl_there_is_no_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are what is left."""
    monkeypatch.setattr(linux, "journalctl", lambda: None)
    root = made(tmp_path, "var/log/journal/1f/system.journal", "var/log/auth.log")
    assert logs_here(root) == LinuxLogs(journal=False, files=[root / "var" / "log" / "auth.log"])


@linux_only
def test_a_log_that_may_not_be_looked_at_is_followed(tmp_path: Path) -> None:
    """Whoever runs without the right to /var/log is told so when the log is read, not by a fault at the start."""
    folder = made(tmp_path, "var/log/auth.log") / "var" / "log"
    folder.chmod(0)
    with as_nobody(tmp_path):
        found = [path.name for path in logs_here(tmp_path).files]
    folder.chmod(0o755)
    assert found == ["auth.log", "secure"]


def test_the_settings_choose(tmp_path: Path) -> None:
    """What is named is followed; where event logs of Windows are named, nothing else is followed of itself."""
    log = tmp_path / "auth.log"
    assert followed_of(Config(sources=Sources(journal="off", auth_logs=(log,)))) == LinuxLogs(
        journal=False, files=(log,)
    )
    assert followed_of(Config(sources=Sources(journal="on"))) == LinuxLogs(journal=True)
    assert followed_of(Config(sources=Sources(evtx=(tmp_path,)))) == LinuxLogs(journal=False)


def line(message: str, *, number: int = 1, program: str = "sshd", age: float = 0.0) -> Event:
    """Make a line of a log."""
    time = NOON - timedelta(seconds=age)
    return Event("journal", Told.SAID, number, time, "web1", program, {"MESSAGE": message, "PID": "1"})


class Followed(FakeSource):
    """A log of this machine."""

    past = None

    def begin(self, news: datetime) -> str | None:
        """Begin at the oldest."""
        del news
        return None


def grouped(*events: Event) -> Grouped:
    """Give who looks up the groups; only kato is known."""
    known = {"kato": Membership(1001, ["kato", "sudo"])}
    return Grouped(Followed(list(events)), known.get, clock=FakeClock())


CAME = "Accepted publickey for kato from 192.0.2.7 port 50022 ssh2: ED25519 SHA256:x"


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("sshd", CAME),
        ("login", "pam_unix(login:session): session opened for user kato(uid=1001) by LOGIN(uid=0)"),
        ("su", "pam_unix(su-l:session): session opened for user kato by bob(uid=1002)"),
    ],
)
def test_groups_stand_behind_who_came_in(program: str, message: str) -> None:
    """Their event says of whom, in which line, and what the system says: names separated by commas."""
    first, second = grouped(line(message, program=program)).read(None).events
    assert (second.channel, second.event_id, second.record_id, second.time) == ("journal", 2, 1, first.time)
    assert dict(second.fields) == {
        "User": "kato",
        "Uid": "1001",
        "Groups": "kato,sudo",
        "LogonChannel": "journal",
        "LogonRecordId": "1",
    }


@pytest.mark.parametrize(
    "event",
    [
        line("Accepted publickey for nobody-known from 192.0.2.7 port 50022 ssh2"),
        line("Invalid user Accepted publickey for kato from 192.0.2.7 port 1 ssh2"),
        line("pam_unix(cron:session): session opened for user kato(uid=1001) by (uid=0)", program="CRON"),
        line("pam_unix(sshd:session): session opened for user kato(uid=1001) by (uid=0)"),
        line(CAME, age=31),
        replace(line(CAME), fields={"MESSAGE": CAME, "PID": "1", "_UID": "1000"}),
    ],
)
def test_nothing_is_looked_up_for_others(event: Event) -> None:
    """Who is not known, did not come in, or made it up; whom a timer woke; what sshd said before PAM did; what was long ago."""
    assert grouped(event).read(None).events == [event]


def test_a_line_and_its_groups_stay_together() -> None:
    """With a limit there are as many as fit, and one line at least."""
    source = grouped(line(CAME), line(CAME, number=2), line("x", number=3))
    assert [event.event_id for event in source.read(None, 3).events] == [1, 2]
    assert [event.event_id for event in source.read(None, 4).events] == [1, 2, 1, 2]
    assert [event.event_id for event in source.read("1", 1).events] == [1, 2]
    assert [event.event_id for event in source.read("2", 1).events] == [1]


@pytest.mark.parametrize(
    ("typed", "listed", "known"),
    [
        ("kato", "kato", True),
        (r"CORP\Kato", "kato", True),
        ("Kato@corp.example", "kato@corp.example", True),
        ("a" * 40, "a" * 32, True),
        ("kato", "sato", False),
    ],
)
def test_who_came_by_the_log_is_known(typed: str, listed: str, *, known: bool) -> None:
    """However a directory's user is written; within a minute; and not before the log was read."""
    source = grouped(line(f"Accepted password for {typed} from 192.0.2.7 port 50022 ssh2"))
    source.read(None)
    assert source.tells_of(listed, NOON + timedelta(seconds=50)) is known
    assert source.tells_of(listed, NOON + timedelta(seconds=70)) is False
    assert source.tells_of(listed, NOON - timedelta(seconds=1)) is None


def test_a_directory_that_does_not_answer_holds_nothing_up() -> None:
    """Whoever does not answer in time is not waited for, and not asked again before the answer is there."""
    asked: list[str] = []

    def slow(user: str) -> Membership:
        asked.append(user)
        time.sleep(0.2)
        return Membership(1, [])

    ask = Asking(slow, patience=0.01)
    assert [ask("a"), ask("b")] == [None, None]
    assert asked == ["a"]


@linux_only
def test_the_system_is_asked() -> None:
    """Root is there on every machine, with its group."""
    root = Asking()("root")
    assert root is not None
    assert (root.uid, "root" in root.groups) == (0, True)
    assert membership_of("nobody-has-this-name\0") is None
    assert membership_of("nobody-has-this-name") is None
