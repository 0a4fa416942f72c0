from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from linux_scenes import line
from logonbell.event import Event
from logonbell.logon import Tampering, TamperKind, User
from logonbell.recognise.recogniser import Recogniser
from recognising import pass_through, taken
from scenes import NINE, after

BY_KIM = {"_UID": "1000", "_EXE": "/usr/bin/sudo"}


def numbered(events: Iterable[Event]) -> list[Event]:
    """Number these lines."""
    return [replace(event, record_id=place) for place, event in enumerate(events, 1)]


def told(*events: Event) -> list[Tampering]:
    """Give what is told of tampering."""
    return [finding for finding in pass_through(numbered(events)) if isinstance(finding, Tampering)]


def sudo(second: float = 0) -> Event:
    """Have kim run something as root."""
    return line(
        second, "sudo", "10", "  kim : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/sbin/usermod", **BY_KIM
    )


def gpasswd(group: str, users: str) -> Event:
    """Set the members of a group."""
    return line(0, "gpasswd", "11", f"members of group {group} set by root to {users}")


def usermod(second: float) -> Event:
    """Add eve to the administrators."""
    return line(second, "usermod", "12", "add 'eve' to group 'sudo'")


def test_the_members_of_another_group_are_nobodys_matter() -> None:
    """Whoever may use docker, say, is told of to nobody, and it is said why."""
    assert told(gpasswd("docker", "kim,eve")) == []
    assert taken([gpasswd("docker", "kim,eve")]) == [
        "a new member of a group that is not the administrators'"
    ]


def test_of_many_new_administrators_only_so_many_are_named() -> None:
    """Sixty-four, of a line that sets seventy."""
    (found,) = told(gpasswd("wheel", ",".join(f"user{number}" for number in range(70))))
    assert found.about == ", ".join(f"user{number}" for number in range(64))


@pytest.mark.parametrize(("second", "by"), [(0, "kim"), (10, "kim"), (10.1, None), (-0.1, None)])
def test_what_sudo_ran_speaks_within_ten_seconds(second: float, by: str | None) -> None:
    """By whose hand it was is known by sudo's line right before it, in the same second, too; older ones explain nothing."""
    (found,) = told(sudo(), usermod(second))
    assert (found.about, found.user) == ("eve", User(by) if by else None)


@pytest.mark.parametrize(("second", "count"), [(0.1, 1), (10, 1), (10.1, 2), (-10, 1)])
def test_a_restart_is_announced_more_than_once(second: float, count: int) -> None:
    """That the host goes down systemd says in several lines within seconds: one restart."""
    words = ("The system will reboot now!", "System is rebooting.")
    found = told(
        *(line(at, "systemd-logind", "600", said) for at, said in zip((0, second), words, strict=True))
    )
    assert [one.kind for one in found] == [TamperKind.RESTARTED] * count


def test_a_restart_is_told_before_the_host_is_down() -> None:
    """Nothing that follows could explain it better: it waits for nothing."""
    recogniser = Recogniser()
    recogniser.feed(line(0, "systemd-logind", "600", "System is powering down."))
    assert recogniser.due == NINE
    (found,) = recogniser.advance(after(0) + timedelta(milliseconds=1))
    assert isinstance(found, Tampering)
