"""Which process a line of Linux is of, and whose session that process holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from linux_scenes import line
from logonbell.logon import User
from logonbell.recognise.arrival import Kind
from logonbell.recognise.processes import hold, process_of, spoken_of
from logonbell.recognise.state import HostLog, HostState

MORI = User("mori")


@pytest.mark.parametrize(
    ("pid", "process"),
    [
        ("1203", "1203"),
        ("4194304", "4194304"),
        ("9999999999", "9999999999"),
        ("99999999999", ""),
        ("12x", ""),
        ("x", ""),
        ("٣٤", ""),
        ("", ""),
    ],
)
def test_a_process_is_a_number_that_a_kernel_deals(pid: str, process: str) -> None:
    """Whatever else stands where the number is to stand holds nobody's session."""
    assert process_of(line(0, "sshd", pid, "")) == process


def test_a_line_that_names_no_process_is_of_none() -> None:
    """As of a program that writes into the log without its number."""
    assert process_of(replace(line(0, "sshd", "1", ""), fields={})) == ""


@pytest.mark.parametrize(
    ("kind", "user", "pid", "is_ended", "is_it"),
    [
        (Kind.SSH, MORI, "7", False, True),
        (Kind.SSH, MORI, "8", False, False),
        (Kind.BECAME, MORI, "7", False, False),
        (Kind.SSH, User("kim"), "7", False, False),
        (Kind.SSH, MORI, "7", True, False),
        (Kind.SSH, User("kim"), "7", True, False),
    ],
)
def test_a_line_speaks_of_the_session_that_its_process_holds(
    kind: Kind, user: User, pid: str, *, is_ended: bool, is_it: bool
) -> None:
    """While it is open, is of the same sort, and the user's of whom the line is: a number is dealt anew."""
    log = HostLog(HostState("A"))
    came = log.begin(Kind.SSH, line(0, "sshd", "7", ""), user=MORI)
    hold(log, came, "7")
    came.ended = is_ended
    found = spoken_of(log, line(1, "sshd", pid, ""), kind, user)
    assert found is (came if is_it else None)
