from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from fakes import NOON
from logonbell.event import Event
from logonbell.logon import Door, Finding, Logon
from logonbell.recognise.journal import AUTH, Told
from logonbell.recognise.recogniser import Recogniser

CAME = "Accepted publickey for kato from 192.0.2.7 port 50022 ssh2: ED25519 SHA256:x"


def line(message: str, *, number: int, program: str = "sshd", told: Told = Told.SAID, **fields: str) -> Event:
    """Make a line whose time is that of its second."""
    fields = {"MESSAGE": message, "PID": "7", **fields}
    return Event(AUTH, told, number, NOON, "web1", program, fields)


def logons(findings: Iterator[Finding]) -> list[Logon]:
    """Give the logons among them."""
    return [finding for finding in findings if isinstance(finding, Logon)]


def test_a_line_that_says_no_more_than_the_second_waits_for_its_groups() -> None:
    """The log's time went on within the second; a logon is told with what stands right behind it all the same."""
    recogniser = Recogniser()
    recogniser.feed(line("Connection closed by 192.0.2.9 port 1 [preauth]", number=1))
    recogniser.advance(NOON + timedelta(seconds=0.8))
    groups = {
        "User": "kato",
        "Uid": "1001",
        "Groups": "kato,sudo",
        "LogonChannel": AUTH,
        "LogonRecordId": "2",
    }
    came = [
        *recogniser.feed(line(CAME, number=2)),
        *recogniser.feed(line("", number=2, told=Told.GROUPS, **groups)),
        *recogniser.feed(line("pam_unix(sshd:session): session opened for user kato(uid=1001)", number=3)),
    ]
    assert came == []
    (told,) = logons(iter(recogniser.advance(NOON + timedelta(seconds=1.2))))
    assert (told.uid, told.elevated) == (1001, True)


def test_sudo_without_a_terminal_is_a_door_all_the_same() -> None:
    """Over ssh without a terminal sudo names none: it is root's shell as well."""
    recogniser = Recogniser()
    recogniser.feed(line("    kato : PWD=/home ; USER=root ; COMMAND=/bin/bash", number=1, program="sudo"))
    (told,) = logons(iter(recogniser.advance(NOON + timedelta(seconds=2))))
    assert (told.door, str(told.by), told.terminal) == (Door.SUDO, "kato", None)
