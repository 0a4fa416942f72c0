"""The decision which door it was, evidence by evidence: each reason is met, and each sign counts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from logonbell.event import EventRef
from logonbell.logon import Door
from logonbell.recognise.arrival import Arrival, Kind, Sign
from logonbell.recognise.doors import RDP_PORT, SSH_PORT, door_of, is_by_rdp, is_resumption, port_of
from logonbell.recognise.ssm import Link

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
NOBODY = Link()
HERE = Link(here=True)
TUNNEL = Link(here=True, tunnelled=True)
FAR, LOOP = "203.0.113.5", "127.0.0.1"
S = Sign


def arrival(
    *signs: Sign, kind: Kind = Kind.SEAT, logon_type: int | None = None, address: str | None = None
) -> Arrival:
    """An arrival of which so much is known."""
    ref = EventRef("Security", 1, 4624)
    return Arrival(1, kind, NOON, [ref], NOON, set(signs), logon_type=logon_type, address=address)


@pytest.mark.parametrize(
    ("signs", "logon_type", "address", "by_rdp"),
    [
        ((S.SEATED,), 10, FAR, True),
        ((S.SEATED, S.LOCAL), 12, FAR, True),
        ((S.SEATED,), 2, LOOP, False),
        ((S.SEATED, S.ATTACHED), 2, FAR, False),
        ((S.SEATED, S.NEW), 11, FAR, False),
        ((S.UNLOCKED, S.NEW), 13, FAR, True),
        ((S.NEW,), 3, FAR, True),
        ((S.NEW, S.LOCAL), None, FAR, False),
        ((S.HYPERV, S.LOCAL), None, None, True),
        ((S.ATTACHED,), None, None, True),
        ((S.AGAIN,), None, FAR, True),
        ((S.AGAIN,), None, None, False),
        ((S.NEW,), None, FAR, True),
        ((S.NEW,), None, None, False),
        ((S.UNLOCKED,), 7, FAR, False),
        ((S.UNLOCKED, S.KNOCKED), 7, FAR, True),
        ((S.UNLOCKED, S.KNOCKED), 7, None, False),
        ((S.UNLOCKED, S.NLA), 7, FAR, True),
        ((S.UNLOCKED, S.NLA), 7, LOOP, False),
        ((S.UNLOCKED, S.KNOCKED), 7, LOOP, True),
        ((S.KNOCKED,), None, FAR, False),
        ((S.NLA,), None, FAR, False),
        ((S.UNLOCKED, S.KNOCKED), 13, FAR, True),
    ],
)
def test_what_is_evidence_of_rdp(
    signs: tuple[Sign, ...], logon_type: int | None, address: str | None, *, by_rdp: bool
) -> None:
    """A type of its own, a session that is not local, or for an unlock what RDP does beforehand; never an address alone."""
    seat = arrival(*signs, logon_type=logon_type, address=address)
    assert is_by_rdp(seat) is by_rdp
    assert port_of(seat) == (RDP_PORT if by_rdp else None)


@pytest.mark.parametrize(
    ("seat", "link", "door", "why"),
    [
        (arrival(S.SEATED, logon_type=10), TUNNEL, Door.RDP_SSM, "an RDP session that came through an SSM tunnel"),
        (
            arrival(S.SEATED, logon_type=10),
            HERE,
            Door.RDP_LOOPBACK,
            "an RDP session whose client is this host itself: a tunnel ends here",
        ),
        (
            arrival(S.ATTACHED, S.NEW),
            NOBODY,
            Door.RDP_RECONNECT,
            "an existing session was attached to an RDP client",
        ),
        (arrival(S.NEW, address=FAR), NOBODY, Door.RDP, "a new RDP session"),
        (
            arrival(S.SEATED, S.BRIEF, logon_type=10),
            NOBODY,
            Door.RDP_RECONNECT,
            "the RDP logon was closed at once: it was the key to an existing session",
        ),
        (
            arrival(S.SEATED, S.BRIEF, S.LEFT, logon_type=10),
            NOBODY,
            Door.RDP,
            "a remote interactive logon (type 10 or 12)",
        ),
        (
            arrival(S.UNLOCKED, S.NLA, logon_type=7, address=FAR),
            NOBODY,
            Door.RDP_RECONNECT,
            "an unlock from another host, right after a network logon: a reconnect",
        ),
        (arrival(S.UNLOCKED, logon_type=7), NOBODY, Door.UNLOCK, "an unlock (type 7 or 13) without a new session"),
        (
            arrival(S.SEATED, S.AGAIN, logon_type=2),
            NOBODY,
            Door.UNLOCK,
            "an existing session was taken up again at the console",
        ),
        (
            arrival(S.SEATED, S.BRIEF, logon_type=2),
            NOBODY,
            Door.UNLOCK,
            "the console logon was closed at once: it was the key to an existing session",
        ),
        (
            arrival(S.SEATED, logon_type=11),
            NOBODY,
            Door.CACHED_CONSOLE,
            "a logon at the console with cached credentials (type 11)",
        ),
        (arrival(S.SEATED, S.AGAIN, S.NEW, logon_type=2), NOBODY, Door.CONSOLE, "a logon at the console (type 2)"),
        (arrival(S.ACCEPTED, kind=Kind.SSH), TUNNEL, Door.SSH_SSM, "sshd accepted a user who came through an SSM tunnel"),
        (arrival(S.ACCEPTED, kind=Kind.SSH), HERE, Door.SSH_LOOPBACK, "an SSH client on this host itself: a tunnel ends here, or a program here logged on"),
        (arrival(S.ACCEPTED, S.PROVIDED, kind=Kind.SSH), HERE, Door.SSH_LOOPBACK, "an SSH client on this host itself: a tunnel ends here, or a program here logged on"),
        (arrival(S.ACCEPTED, S.PROVIDED, kind=Kind.SSH), NOBODY, Door.INSTANCE_CONNECT, "sshd accepted a key that EC2 Instance Connect gave it"),
        (arrival(S.ACCEPTED, kind=Kind.SSH), NOBODY, Door.SSH, "sshd accepted the user"),
        (arrival(S.PAM, kind=Kind.SSH), NOBODY, Door.SSH, "PAM opened a session for sshd, which itself did not say how the user came in"),
        (arrival(kind=Kind.SSH), NOBODY, Door.SSH, "sshd logged the user on with a password (type 8)"),
        (arrival(S.SHELL, kind=Kind.WINRM), NOBODY, Door.WINRM, "a WinRM shell was made (event 91)"),
        (arrival(kind=Kind.WINRM), NOBODY, Door.WINRM, "the WinRM service logged the user on, once for each request"),
    ],
)  # fmt: skip
def test_the_door_and_why(seat: Arrival, link: Link, door: Door, why: str) -> None:
    """Each way of coming in is told with what it was recognised by."""
    found, reason = door_of(seat, link)
    assert (found, str(reason)) == (door, why)


@pytest.mark.parametrize(
    ("program", "terminal", "address", "door", "why"),
    [
        ("xrdp-sesman", None, None, Door.RDP, "xrdp opened a session"),
        ("gdm-password", ":0", None, Door.CONSOLE, "a logon at the graphical screen (gdm-password)"),
        ("cockpit", None, FAR, Door.NETWORK, "the program cockpit opened a session for a user"),
        ("login", "pts/3", FAR, Door.NETWORK, "the program login opened a session for a user"),
        ("login", "ttyS0", None, Door.CONSOLE, "a logon at the serial console (ttyS0)"),
        ("login", "tty1", None, Door.CONSOLE, "a logon at the console"),
        ("login", None, None, Door.CONSOLE, "a logon at the console"),
    ],
)
def test_by_which_door_of_linux(
    program: str, terminal: str | None, address: str | None, door: Door, why: str
) -> None:
    """The program that opened the session says it; for login the terminal, or that it came from elsewhere."""
    session = arrival(kind=Kind.SESSION, address=address)
    session.program, session.terminal = program, terminal
    found, reason = door_of(session, NOBODY)
    assert (found, str(reason)) == (door, why)


@pytest.mark.parametrize(
    ("seat", "resumed"),
    [
        (arrival(S.AGAIN), True),
        (arrival(S.ATTACHED), True),
        (arrival(S.UNLOCKED), True),
        (arrival(S.SEATED, S.BRIEF), True),
        (arrival(S.SEATED, S.BRIEF, S.LEFT), False),
        (arrival(S.SEATED), False),
        (arrival(S.ATTACHED, S.NEW), False),
        (arrival(S.BRIEF, kind=Kind.WINRM), False),
        (arrival(S.AGAIN, kind=Kind.SSH), False),
    ],
)
def test_who_took_up_a_session(seat: Arrival, *, resumed: bool) -> None:
    """Only a seat is taken up again, and never a session that is new."""
    assert is_resumption(seat) is resumed


def test_a_tunnel_may_lead_to_two_ports() -> None:
    """To that of RDP and to that of ssh; nobody else comes by a port that is looked for."""
    assert port_of(arrival(kind=Kind.SSH)) == SSH_PORT
    assert port_of(arrival(S.ATTACHED, kind=Kind.WINRM)) is None
