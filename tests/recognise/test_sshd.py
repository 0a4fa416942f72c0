"""sshd's lines on Linux: who tried how often and from where, and whose session is over."""

from __future__ import annotations

import pytest

from linux_scenes import line
from logonbell.logon import FailedLogons, Logoff
from logonbell.recognise.recogniser import Recogniser
from logonbell.simulate.windows import in_order
from recognising import final, logons, pass_through

ACCEPTED = line(0, "sshd", "100", "Accepted password for mori from 203.0.113.24 port 50122 ssh2")
OPENED = line(0.1, "sshd", "100", "pam_unix(sshd:session): session opened for user mori(uid=1000) by (uid=0)")
PEER = "203.0.113.24 port 50122"


@pytest.mark.parametrize(
    ("message", "times"),
    [
        ("message repeated 3 times: [ Failed password for mori from 203.0.113.24 port 1 ssh2]", 3),
        ("Failed password for mori from 203.0.113.24 port 1 ssh2", 1),
        ("error: maximum authentication attempts exceeded for mori from 203.0.113.24 port 1 ssh2 [preauth]", 1),
        ("maximum authentication attempts exceeded for mori from 203.0.113.24 port 1 ssh2", 1),
        ("Timeout before authentication for invalid user mori 203.0.113.24 port 1", 1),
    ],
)  # fmt: skip
def test_each_line_alone_tells_who_tried_how_often_and_from_where(message: str, times: int) -> None:
    """Whichever of sshd's words for it a log holds (those of ``sshd -e`` are without ``error:``), it is that user, from there."""
    events = [line(number, "sshd", str(100 + number), message) for number in range(3)]
    (burst,) = [one for one in final(pass_through(events)) if isinstance(one, FailedLogons)]
    assert (burst.count, burst.users, burst.addresses) == (3 * times, ("mori",), ("203.0.113.24",))


@pytest.mark.parametrize("how", ["none", "publickey", "hostbased"])
def test_a_key_of_several_is_no_failure(how: str) -> None:
    """A client offers all it has, its host's key too."""
    refused = f"Failed {how} for mori from 203.0.113.24 port 1 ssh2: RSA SHA256:x"
    assert not list(pass_through([line(number, "sshd", str(number + 1), refused) for number in range(5)]))


@pytest.mark.parametrize("seconds", [20, 300])
@pytest.mark.parametrize(
    "message",
    [
        f"Disconnected from user mori {PEER}",
        f"Disconnected from {PEER}",
        f"Connection closed by {PEER}",
        f"Connection reset by user mori {PEER}",
        f"Timeout, client not responding from user mori {PEER}",
    ],
)
def test_where_pam_says_nothing_the_connections_end_is_the_sessions(seconds: float, message: str) -> None:
    """Short or long, the session of a server without PAM ends with its connection, whatever process tells of it."""
    found = pass_through(in_order([ACCEPTED, line(seconds, "sshd", "101", message)]))
    (off,) = [one for one in found if isinstance(one, Logoff)]
    assert off.seconds == seconds


def test_where_pam_speaks_the_session_ends_when_it_says_so() -> None:
    """The connection is over a moment before: that is not yet the end, and is said so."""
    said: list[str] = []
    closing = [
        line(20, "sshd", "101", f"Disconnected from user mori {PEER}"),
        line(20.5, "sshd", "100", "pam_unix(sshd:session): session closed for user mori"),
    ]
    recogniser = Recogniser(lambda _, taken: said.append(str(taken)))
    found = list(pass_through(in_order([ACCEPTED, OPENED, *closing]), recogniser))
    (off,) = [one for one in found if isinstance(one, Logoff)]
    assert off.seconds == 20.5
    assert len(logons(found)) == 1
    assert said[2:] == [
        "the connection is over; the session ends when PAM says so",
        "the session was closed",
    ]
