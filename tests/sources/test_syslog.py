from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logonbell.sources.syslog import Line, Stamp, line_of

NOV = Stamp(11, 3, "04:05:06")
LINES: dict[str, Line | None] = {
    "Nov  3 04:05:06 web1 sshd[123]: Accepted publickey for a from ::1 port 5 ssh2": Line(
        NOV, "web1", "sshd", "123", "Accepted publickey for a from ::1 port 5 ssh2"
    ),
    "<86>Nov  3 04:05:06 web1 su: (to root) a on pts/0": Line(NOV, "web1", "su", "", "(to root) a on pts/0"),
    "Nov  3 04:05:06 web1 /usr/sbin/CRON[7]: x": Line(NOV, "web1", "CRON", "7", "x"),
    "Nov  3 04:05:06 web1 gdm-password][12]: x: y": Line(NOV, "web1", "gdm-password]", "12", "x: y"),
    "Nov  3 04:05:06 web1 sshd[9]:": Line(NOV, "web1", "sshd", "9", ""),
    "Nov  3 04:05:06 web1 -- MARK --": Line(NOV, "web1", "", "", "-- MARK --"),
    "2024-11-03T04:05:06.123456+09:00 web1 sshd-session[1]: x": Line(
        datetime(2024, 11, 2, 19, 5, 6, 123456, UTC), "web1", "sshd-session", "1", "x"
    ),
    "2024-11-03T04:05:06Z web1 sudo: x": Line(
        datetime(2024, 11, 3, 4, 5, 6, 0, UTC), "web1", "sudo", "", "x"
    ),
    "Nov  3 04:05:06 web1 sshd[1]: message repeated 3 times: [ Failed password for a]": Line(
        NOV, "web1", "sshd", "1", "Failed password for a", 3
    ),
    "Nov  3 04:05:06 web1 sshd[1]: a#012b": Line(NOV, "web1", "sshd", "1", "a#012b"),
    "2024-13-03T04:05:06Z web1 sudo: x": None,
    "0001-01-01T00:00:00+09:00 web1 sudo: x": None,
    "Accepted password for root": None,
    " Nov  3 04:05:06 web1 sshd[1]: x": None,
    "": None,
}


@pytest.mark.parametrize("text", LINES)
def test_a_line_is_taken_apart(text: str) -> None:
    """Both forms of time, program without path and number, repetitions; what is no line is none."""
    assert line_of(text) == LINES[text]


@given(st.text(), st.sampled_from(["Nov  3 04:05:06 ", "2024-11-03T04:05:06Z ", ""]))
def test_whatever_stands_there_is_no_fault(text: str, begin: str) -> None:
    """A line that an attacker wrote is a line or none."""
    found: Any = line_of(begin + text)
    assert found is None or found.host
