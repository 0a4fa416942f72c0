"""Who left, and who only seems to: a session ends once, by the record that says so, and nobody else's with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from jotted import FAR, LOOP, MORI, OTHER, attached, came, closed, heard, left, sat, tell, words, wrote
from logonbell.event import Event
from logonbell.recognise.identity import SYSTEM
from logonbell.recognise.recogniser import Recogniser
from logonbell.simulate.people import Person
from scenes import NINE
from tunnel_scenes import shell

CLOSED = "the session was closed"
KEY = "closed at once: the logon was the key to a session that was there before"
SHORT = "the short logon of an unlock or of a network authentication ended: nobody left"
ONE_OF = "one of its logon ids was closed"
UNKNOWN = "the end of something that was not followed"
STAYS = "a client was detached; its session stays open"


def rdp(second: float, logon_id: str = "0x101", person: Person = MORI, *, other: str = "0x0") -> Event:
    """Somebody sits down by RDP."""
    return sat(second, 10, logon_id, person, IpAddress=FAR, TargetLinkedLogonId=other)


def later(second: float) -> Event:
    """A record of nobody's, by which time passes."""
    return wrote(second, "Security", 4625, TargetUserName="nobody")


def ssh(second: float, logon_id: str, *, other: str = "0x0") -> Event:
    """Sshd lets somebody in by his password."""
    program = {"LogonProcessName": "Advapi  ", "ProcessName": "C:\\Windows\\System32\\OpenSSH\\sshd.exe"}
    program |= {"SubjectUserSid": SYSTEM, "ProcessId": "0x99", "TargetLinkedLogonId": other}
    return sat(second, 8, logon_id, MORI, **program)


def ssm(second: float, logon_id: str) -> Event:
    """The worker of an SSM session logs its user on: once, or twice where it streams the session's log."""
    worker = {"LogonProcessName": "Advapi  ", "ProcessName": "C:\\SSM\\ssm-session-worker.exe"}
    return sat(second, 3, logon_id, MORI, SubjectUserSid=SYSTEM, ProcessId="0x77", **worker)


SHELL = shell(NINE, ProcessId=str(0x77))


@pytest.mark.parametrize(
    ("records", "ends", "on"),
    [
        ([rdp(0), closed(3.6)], [], 0),
        ([rdp(0), closed(3.7)], ["1 by 2"], 0),
        ([rdp(0), closed(1, chosen=True)], ["1 by 2"], 0),
        ([rdp(0), closed(1, chosen=True), closed(1.5)], ["1 by 2"], 0),
        ([rdp(0), rdp(0, "0x102", other="0x101"), closed(9), closed(9, "0x102")], ["1 by 3"], 0),
        (
            [rdp(0), rdp(0, "0x102", other="0x101"), later(100), closed(200), closed(200, "0x102")],
            ["1 by 4"],
            0,
        ),
        ([rdp(0), closed(9, "0x102")], [], 1),
        ([rdp(0), later(100), closed(200, "0x102")], [], 1),
        ([sat(0, 3, "0xa0", IpAddress=FAR), rdp(2), closed(9, "0xa0")], [], 1),
        ([sat(0, 3, "0xa0", IpAddress=FAR), rdp(2), later(100), closed(200, "0xa0")], [], 1),
        ([rdp(0), later(100), sat(200, 7, "0x102"), closed(209, "0x102")], [], 1),
        ([sat(0, 3, "0xa0", IpAddress=FAR), closed(20, "0xa0")], [], 0),
        ([rdp(0), rdp(20, "0x201", OTHER), closed(30)], ["1 by 3"], 1),
        ([rdp(0), rdp(20, "0x201", OTHER), later(100), closed(200)], ["1 by 4"], 1),
    ],
)
def test_a_logon_id_is_closed(records: list[Event], ends: list[str], on: int) -> None:
    """By its own logon id, or the other half's, a session ends; by that of a short logon nothing does."""
    assert left(*records) == (ends, on)


@pytest.mark.parametrize(("second", "door"), [(3.6, "rdp-reconnect 1"), (3.7, "rdp 1")])
def test_a_passing_key(second: float, door: str) -> None:
    """What is closed within three and a half seconds, by nobody's choice, was the key to an older session."""
    assert came(rdp(0), closed(second)) == [door]
    assert came(rdp(0), closed(second, chosen=True)) == ["rdp 1"]
    assert came(rdp(0), closed(1, chosen=True), closed(second)) == ["rdp 1"]


def test_it_is_told_once_that_it_was_a_key() -> None:
    """The second half that is closed tells nothing new."""
    records = [rdp(0), rdp(0, "0x102", other="0x101"), closed(1), later(2), closed(2.5, "0x102"), later(4)]
    assert words(*records)[2:5:2] == [KEY, KEY]
    recogniser = Recogniser()
    told = [len(recogniser.feed(replace(event, record_id=place))) for place, event in enumerate(records)]
    assert told == [0, 0, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("records", "ends", "on"),
    [
        ([ssh(0, "0x101"), closed(5)], ["1 by 2"], 0),
        ([ssh(0, "0x101"), closed(10)], ["1 by 2"], 0),
        ([ssh(0, "0x101"), closed(10.1)], ["1 by 2"], 0),
        ([ssh(0, "0x101"), later(100), closed(200)], ["1 by 3"], 0),
        ([ssh(0, "0x101", other="0x102"), later(100), closed(200)], [], 1),
        ([ssh(0, "0x101", other="0x102"), later(100), closed(200), closed(201, "0x102")], ["1 by 4"], 0),
        ([ssm(0, "0x101"), ssm(0.1, "0x102"), closed(5), closed(6, "0x102")], ["1 by 4"], 0),
        ([ssm(0, "0x101"), ssm(0.1, "0x102"), closed(5), closed(60, "0x102")], ["1 by 4"], 0),
        ([ssm(0, "0x101"), ssm(0.1, "0x102"), closed(5)], [], 1),
        ([ssm(0, "0x101"), ssm(0.1, "0x102"), closed(30), closed(31, "0x102")], ["1 by 4"], 0),
        ([SHELL, ssm(1, "0x101"), closed(2)], ["1 by 3"], 0),
        ([SHELL, ssm(1, "0x101"), closed(2), ssm(3, "0x102")], [], 1),
        ([SHELL, ssm(1, "0x101"), closed(2), ssm(3, "0x102"), closed(30, "0x102")], ["1 by 5"], 0),
        ([SHELL, ssm(1, "0x101"), closed(2), ssm(3, "0x102"), closed(5, "0x102")], ["1 by 5"], 0),
        ([ssm(0, "0x101"), ssm(0.1, "0x102"), later(100), closed(200)], [], 1),
        ([ssm(0, "0x101"), ssm(0.1, "0x102"), later(100), closed(200), closed(201, "0x102")], ["1 by 5"], 0),
    ],
)
def test_a_shell_ends_by_its_last_logon_id(records: list[Event], ends: list[str], on: int) -> None:
    """Where another one may still come, its end waits; where it comes, nobody has left."""
    assert left(*records) == (ends, on)


@pytest.mark.parametrize(
    ("second", "said"),
    [(10, "its last logon id was closed; it is over unless another one comes"), (10.1, CLOSED)],
)
def test_how_long_another_logon_id_may_come(second: float, said: str) -> None:
    """Ten seconds; then the end is told at once."""
    assert words(ssh(0, "0x101"), closed(second)) == ["sshd logged a user on with a password", said]


def test_what_is_said_of_a_logon_id() -> None:
    """Each close in its words."""
    assert words(ssm(0, "0x101"), ssm(0, "0x102"), closed(5))[2] == ONE_OF
    assert words(ssm(0, "0x101"), ssm(0, "0x102"), later(100), closed(200))[3] == ONE_OF
    assert words(sat(0, 3, "0xa0", IpAddress=FAR), closed(1, "0xa0"))[1] == ONE_OF
    assert words(sat(0, 7, "0x102"), closed(1, "0x102"))[1] == SHORT
    copy = sat(0.1, 7, "0x103", ProcessName="C:\\Windows\\System32\\lsass.exe")
    assert words(sat(0, 7, "0x102"), copy, closed(1, "0x103"))[2] == SHORT
    assert words(rdp(0), closed(1), closed(30)) == [words(rdp(0))[0], KEY, CLOSED]
    assert words(rdp(0), later(100), closed(200), closed(200))[2:] == [CLOSED, UNKNOWN]
    assert words(closed(0, "")) == [UNKNOWN]


# --- LocalSessionManager's 23 -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "ends", "on"),
    [
        ([heard(0, 21, 2, FAR), heard(30, 23)], ["1 by 2"], 0),
        ([heard(0, 21, 2, FAR), heard(30, 23, 3)], [], 1),
        ([heard(0, 21, 2, FAR), heard(30, 23, "")], [], 1),
        ([heard(0, 21, 2, FAR), heard(30, 23, person=OTHER)], [], 1),
        ([heard(0, 21, 2, FAR), later(100), heard(200, 23)], ["1 by 3"], 0),
        ([heard(0, 21, 2, FAR), later(100), heard(200, 23, 3)], [], 1),
        ([heard(0, 21, 2, FAR), later(100), heard(200, 23, "")], [], 1),
        ([heard(0, 21, 2, FAR), later(100), heard(200, 23, person=OTHER)], [], 1),
        ([rdp(0), heard(1, 21, 2, FAR), heard(2, 23), closed(2.1)], ["1 by 3"], 0),
        ([rdp(0), heard(1, 21, 2, FAR), closed(30), heard(31, 23)], ["1 by 3"], 0),
        # Of two sessions of one user the one with this number.
        ([heard(0, 21, 2, FAR), heard(20, 21, 3, FAR), heard(30, 23)], ["1 by 3"], 1),
        ([heard(0, 21, 2, FAR), heard(20, 21, 3, FAR), heard(30, 23, 3)], ["2 by 3"], 1),
        ([heard(0, 21, 2, FAR), later(100), heard(200, 21, 3, FAR), heard(210, 23)], ["1 by 4"], 1),
        ([heard(0, 21, 2, FAR), later(100), heard(200, 21, 3, FAR), heard(210, 23, 3)], ["3 by 4"], 1),
        # Of two with the same number, one of whose ends was lost, the newer one.
        (
            [heard(0, 21, 2, FAR), later(100), heard(200, 21, 2, FAR), later(300), heard(400, 23)],
            ["3 by 5"],
            1,
        ),
        ([heard(0, 21, 2, FAR), later(100), heard(200, 21, 2, FAR), heard(210, 23)], ["3 by 4"], 1),
        # Whoever is attached to it is on no longer either.
        ([heard(0, 21, 2, FAR), later(100), heard(200, 25, 2, FAR), heard(210, 23)], ["1 by 4"], 0),
        ([heard(0, 21, 2, FAR), heard(20, 25, 2, FAR), heard(30, 23)], ["1 by 3"], 0),
        ([heard(0, 25, 2, FAR), heard(30, 23)], ["1 by 2"], 0),
        ([heard(0, 25, 2, FAR), later(100), heard(200, 23)], ["1 by 3"], 0),
        # Also so soon that it was not told yet.
        ([heard(0, 21, 2, FAR), heard(20, 25, 2, FAR), heard(20.1, 23)], ["1 by 3"], 0),
        (
            [
                heard(0, 21, 2, FAR),
                later(100),
                heard(200, 25, 2, FAR),
                heard(210, 23),
                later(300),
                heard(301, 23),
            ],
            ["1 by 4"],
            0,
        ),
        ([heard(0, 25, 2, FAR), heard(20, 25, 2, FAR), heard(30, 23), heard(31, 23)], ["2 by 3"], 0),
    ],
)
def test_a_session_is_over(records: list[Event], ends: list[str], on: int) -> None:
    """The one with its number and its user, once, under the logon that opened it."""
    assert left(*records) == (ends, on)


def test_what_is_said_of_a_sessions_end() -> None:
    """That it was closed, by whichever log; or that nobody followed it."""
    assert words(heard(0, 21, 2, FAR), heard(30, 23))[1] == CLOSED
    assert words(heard(0, 21, 2, FAR), later(100), heard(200, 23))[2] == CLOSED
    assert words(heard(0, 21, 2, FAR), heard(30, 23, ""))[1] == UNKNOWN
    assert words(heard(0, 21, 2, FAR), heard(30, 23, 3))[1] == UNKNOWN
    assert words(rdp(0), heard(1, 21, 2, FAR), heard(2, 23), closed(2.1))[2:] == [CLOSED, CLOSED]


# --- a client went away -----------------------------------------------------------------------------------------


def cut(second: float, logon_id: str) -> Event:
    """A 4779."""
    return replace(attached(second, logon_id=logon_id), event_id=4779)


def from_record(record: int, channel: str = "Security") -> str:
    """The words for a client that was detached from a known session."""
    return f"the client was detached from the session that record {record} opened ({channel}); it stays open"


LOCAL_MANAGER = "TerminalServices-LocalSessionManager/Operational"


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([rdp(0), cut(30, "0x101")], from_record(1)),
        ([rdp(0), later(100), cut(200, "0x101")], from_record(1)),
        ([rdp(0), cut(30, "0x102")], STAYS),
        ([heard(0, 21, 2, FAR), heard(30, 24)], from_record(1, LOCAL_MANAGER)),
        ([heard(0, 21, 2, FAR), later(100), heard(200, 24)], from_record(1, LOCAL_MANAGER)),
        ([heard(0, 21, 2, FAR), heard(30, 24, 3)], STAYS),
        ([heard(0, 21, 2, FAR), heard(30, 24, person=OTHER)], STAYS),
        ([rdp(0), heard(30, 24, "")], STAYS),
    ],
)
def test_a_client_goes_away(records: list[Event], said: str) -> None:
    """The session stays, and is named by the logon that opened it."""
    assert words(*records)[-1] == said
    assert left(*records) == ([], 1)


def test_a_session_without_an_end_is_still_on() -> None:
    """Whoever came and was not seen to leave is there, also long after."""
    _, _, recogniser = tell([rdp(0), sat(300, 2, "0x201", OTHER, IpAddress=LOOP)])
    recogniser.advance(recogniser.present()[0].began + timedelta(days=3))
    assert [str(session.user) for session in recogniser.present()] == [str_of(MORI), str_of(OTHER)]


def str_of(person: Person) -> str:
    """A person as he is told."""
    return f"{person.domain}\\{person.name}"
