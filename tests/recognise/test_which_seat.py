"""To which logon a record belongs where several of one user's are near: neither lost in another one nor told as a second."""

from __future__ import annotations

import pytest

from jotted import (
    FAR,
    LOOP,
    MORI,
    NEAR,
    OTHER,
    attached,
    came,
    closed,
    heard,
    knocked,
    lacking,
    sat,
    tell,
    wrote,
)
from logonbell.event import Event
from logonbell.recognise.identity import NO, YES
from scenes import SATO

LINK = "TargetLinkedLogonId"


def rdp(second: float, logon_id: str = "0x101", address: str = FAR) -> Event:
    """Somebody sits down by RDP."""
    return sat(second, 10, logon_id, IpAddress=address)


def console(second: float, logon_id: str = "0x101", kind: int = 2) -> Event:
    """Somebody sits down at the console."""
    return sat(second, kind, logon_id, IpAddress=LOOP)


def unlock(second: float, logon_id: str = "0x101", address: str = LOOP, kind: int = 7) -> Event:
    """Somebody gives his password to a screen that is locked."""
    return sat(second, kind, logon_id, IpAddress=address)


def old(event: Event) -> Event:
    """A 4624 of version 0 or 1, which names no other half."""
    return lacking(event, LINK, "ElevatedToken")


# --- the halves of a split token ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "doors"),
    [
        ([rdp(0), sat(0, 10, "0x102", IpAddress=FAR, TargetLinkedLogonId="0x101")], ["rdp 2"]),
        ([rdp(0), sat(0, 10, "0x102", OTHER, TargetLinkedLogonId="0x101")], ["rdp 1", "rdp 1"]),
        ([rdp(0), sat(0, 10, "0x102", IpAddress=FAR, TargetLinkedLogonId="0x999")], ["rdp 1", "rdp 1"]),
        ([rdp(0), rdp(0.5, "0x102")], ["rdp 1", "rdp 1"]),
        ([old(rdp(0)), old(rdp(1, "0x102"))], ["rdp 2"]),
        ([old(rdp(0)), old(rdp(1.1, "0x102"))], ["rdp 1", "rdp 1"]),
        ([old(rdp(0)), old(rdp(0.5, "0x102", NEAR))], ["rdp 1", "rdp 1"]),
        ([old(rdp(0)), old(rdp(0.1, "0x102")), old(rdp(0.2, "0x103"))], ["rdp 2", "rdp 1"]),
        ([old(rdp(0)), old(console(0.5, "0x102"))], ["rdp 1", "console 1"]),
        ([old(console(0)), old(console(0.5, "0x102"))], ["console 2"]),
        ([old(console(0, kind=11)), old(console(0.5, "0x102", 11))], ["cached-console 2"]),
        ([old(sat(0, 12)), old(sat(0.5, 12, "0x102"))], ["rdp 2"]),
        ([old(unlock(0)), old(unlock(0.5, "0x102"))], ["unlock 2"]),
        ([old(unlock(0, kind=13)), old(unlock(0.5, "0x102", kind=13))], ["unlock 2"]),
        ([old(unlock(0)), old(unlock(1.1, "0x102"))], ["unlock 1", "unlock 1"]),
    ],
)
def test_the_other_half(records: list[Event], doors: list[str]) -> None:
    """Windows says which it is, or it comes within a second, alike in all else; a third one is a logon of its own."""
    assert came(*records) == doors


def test_either_half_knows_the_rights() -> None:
    """The weaker half takes nothing away; what was said of the other half's logon id is this logon's too."""
    strong = sat(0, 10, "0x101", TargetLinkedLogonId="0x102", ElevatedToken=YES)
    weak = sat(0, 10, "0x102", TargetLinkedLogonId="0x101", ElevatedToken=NO)
    for records in ([strong, weak], [weak, strong]):
        (logon,) = tell(records)[0]
        assert logon.elevated is True
    privileges = wrote(0, "Security", 4672, SubjectLogonId="0x101")
    unsaid = sat(0, 10, "0x102", TargetLinkedLogonId="0x101")
    for records in ([privileges, unsaid], [unsaid, privileges]):
        (logon,) = tell(records)[0]
        assert (logon.elevated, len(logon.events)) == (True, 2)
    assert tell([weak])[0][0].elevated is False
    assert tell([sat(0, 10)])[0][0].elevated is None


# --- 4624 beside what other logs said ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "doors"),
    [
        ([heard(0, 21, 2, FAR), rdp(10)], ["rdp 2"]),
        ([heard(0, 21, 2, FAR), rdp(10.1)], ["rdp 1", "rdp 1"]),
        ([heard(0, 21, 2, FAR), rdp(1, address=NEAR)], ["rdp 1", "rdp 1"]),
        ([heard(0, 21, 1), console(1)], ["console 2"]),
        ([heard(0, 21, 1), rdp(1)], ["console 1", "rdp 1"]),
        ([heard(0, 21, 1), sat(1, 12)], ["console 1", "rdp 1"]),
        ([heard(0, 21, 2, ""), sat(1, 10)], ["rdp 2"]),
        ([heard(0, 21, 2, ""), console(1)], ["rdp 1", "console 1"]),
        ([attached(0), rdp(1)], ["rdp-reconnect 2"]),
        ([attached(0), sat(1, 12, IpAddress=FAR)], ["rdp-reconnect 2"]),
        ([attached(0), sat(1, 2)], ["rdp-reconnect 1", "console 1"]),
        ([attached(0), sat(1, 11)], ["rdp-reconnect 1", "cached-console 1"]),
        ([attached(0, "LOCAL", by="Console"), console(1)], ["unlock 2"]),
        ([heard(0, 21, 2, FAR), rdp(1), rdp(2, "0x102")], ["rdp 2", "rdp 1"]),
        ([attached(0), rdp(1), rdp(2, "0x102")], ["rdp-reconnect 2", "rdp 1"]),
        ([rdp(0), rdp(2, "0x102")], ["rdp 1", "rdp 1"]),
        ([rdp(0), console(2, "0x102")], ["rdp 1", "console 1"]),
    ],
)
def test_who_sat_down(records: list[Event], doors: list[str]) -> None:
    """Within ten seconds, from the same place, and only one logon to a session."""
    assert came(*records) == doors


@pytest.mark.parametrize(
    ("records", "doors"),
    [
        ([attached(0), unlock(10, address=FAR)], ["rdp-reconnect 2"]),
        ([attached(0), unlock(10.1, address=FAR)], ["rdp-reconnect 1", "unlock 1"]),
        ([attached(0), unlock(1, address=NEAR)], ["rdp-reconnect 2"]),
        ([attached(0), unlock(2.1, address=NEAR)], ["rdp-reconnect 1", "unlock 1"]),
        ([heard(0, 25, 2, FAR), unlock(1, address=FAR)], ["rdp-reconnect 2"]),
        ([heard(0, 25, 2, FAR), unlock(1, address=NEAR)], ["rdp-reconnect 1", "unlock 1"]),
        ([heard(0, 25, 1), unlock(1)], ["unlock 2"]),
        ([rdp(0), unlock(1, "0x102", FAR)], ["rdp 1", "unlock 1"]),
        ([unlock(0), unlock(2, "0x102")], ["unlock 1", "unlock 1"]),
        ([sat(0, 3, "0xa0", IpAddress=LOOP), unlock(8)], ["network 1", "unlock 1"]),
        ([sat(0, 3, "0xa0", IpAddress=FAR), unlock(8, address=FAR)], ["rdp-reconnect 2"]),
        ([attached(0), unlock(1, address=FAR), unlock(3, "0x102", FAR)], ["rdp-reconnect 2", "unlock 1"]),
    ],
)
def test_what_an_unlock_is(records: list[Event], doors: list[str]) -> None:
    """The key of a session that was attached again, once; else an unlock of its own."""
    assert came(*records) == doors


@pytest.mark.parametrize(
    ("second", "doors"),
    [(10, ["unlock 2"]), (10.1, ["unlock 1"]), (-10, ["unlock 2"]), (-10.1, ["unlock 1"])],
)
def test_lsass_unlocks_nothing(second: float, doors: list[str]) -> None:
    """Its own copy of an unlock belongs to the one near it, and without one it is nobody's."""
    copy = sat(second, 7, "0x102", ProcessName="C:\\Windows\\System32\\lsass.exe")
    assert came(copy) == []
    assert came(unlock(0), copy) == doors


def test_who_sat_down_is_known_by_his_sid() -> None:
    """LocalSessionManager writes none: the 4624 that comes after it tells whose session it is."""
    (logon,) = tell([heard(0, 21, 2, FAR), rdp(1)])[0]
    assert logon.user is not None
    assert logon.user.sid == MORI.sid


# --- LocalSessionManager ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "doors"),
    [
        ([rdp(0), heard(60, 21, 2, FAR)], ["rdp 2"]),
        ([rdp(0), heard(60.1, 21, 2, FAR)], ["rdp 1", "rdp 1"]),
        ([rdp(0), heard(5, 21, 2, NEAR)], ["rdp 1", "rdp 1"]),
        ([rdp(0), heard(30, 21, 2, NEAR)], ["rdp 1", "rdp 1"]),
        ([rdp(0), heard(30, 21, 2)], ["rdp 1", "console 1"]),
        ([rdp(0), closed(0.5), heard(30, 21, 2, FAR)], ["rdp-reconnect 1", "rdp 1"]),
        ([rdp(0), closed(0.5), heard(9, 21, 2, FAR)], ["rdp 2"]),
        ([console(0), heard(30, 21, 1)], ["console 2"]),
        ([rdp(9), heard(0, 21, 2, FAR)], ["rdp 2"]),
        ([rdp(20), heard(0, 21, 2, FAR)], ["rdp 1", "rdp 1"]),
        ([rdp(0), heard(1, 21, 2, FAR), heard(2, 21, 3, FAR)], ["rdp 2", "rdp 1"]),
        ([unlock(0, address=FAR), heard(1, 21, 2, FAR)], ["unlock 1", "rdp 1"]),
        ([attached(0), heard(1, 21, 2, FAR)], ["rdp-reconnect 1", "rdp 1"]),
        ([rdp(0), attached(0.5), heard(1, 21, 2, FAR)], ["rdp-reconnect 2", "rdp 1"]),
        ([console(0), attached(0.5, "LOCAL", by="Console"), heard(1, 21, 1)], ["unlock 2", "console 1"]),
        ([heard(0, 25, 2, FAR), heard(1, 21, 3, FAR)], ["rdp-reconnect 1", "rdp 1"]),
    ],
)
def test_a_session_is_new(records: list[Event], doors: list[str]) -> None:
    """It is that of a logon from its place up to a minute before, which took up no other and was no passing key."""
    assert came(*records) == doors


@pytest.mark.parametrize(
    ("records", "doors"),
    [
        ([unlock(0, address=FAR), heard(10, 25, 2, FAR)], ["rdp-reconnect 2"]),
        ([unlock(0, address=FAR), heard(10.1, 25, 2, FAR)], ["unlock 1", "rdp-reconnect 1"]),
        ([unlock(0, address=FAR), heard(1, 25, 2, NEAR)], ["unlock 1", "rdp-reconnect 1"]),
        ([unlock(0), heard(1, 25, 1)], ["unlock 2"]),
        ([attached(0), heard(1, 25, 2, FAR)], ["rdp-reconnect 2"]),
        ([attached(0), heard(1, 25, 1)], ["rdp-reconnect 1", "unlock 1"]),
        ([rdp(0), heard(1, 25, 2, FAR)], ["rdp-reconnect 2"]),
        ([console(0), heard(1, 25, 2, FAR)], ["console 1", "rdp-reconnect 1"]),
        ([heard(0, 25, 2, FAR), heard(1, 25, 3, FAR)], ["rdp-reconnect 1", "rdp-reconnect 1"]),
        ([heard(0, 21, 2, FAR), heard(1, 25, 2, FAR)], ["rdp 1", "rdp-reconnect 1"]),
    ],
)
def test_a_session_is_taken_up_again(records: list[Event], doors: list[str]) -> None:
    """It belongs to the record within ten seconds, from its place, that told of no other session."""
    assert came(*records) == doors


@pytest.mark.parametrize(
    ("second", "number", "listed"),
    [(10, 2, 4), (10.1, 2, 3), (1, 3, 3), (1, "", 3), (1, "-", 3)],
)
def test_the_shell_of_a_session(second: float, number: int | str, listed: int) -> None:
    """LocalSessionManager's 22 belongs to the session with its number, and is none by itself, nor worth telling again."""
    shell = heard(second, 22, number, FAR)
    privileges = wrote(10.2, "Security", 4672, SubjectLogonId="0x101")
    assert came(rdp(0), heard(0, 21, 2, FAR), shell, privileges) == [f"rdp {listed}"]
    assert came(rdp(0), shell, privileges) == ["rdp 2"]
    assert came(rdp(0), heard(0, 21, 2, FAR), shell) == ["rdp 2"]


# --- 4778 -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "doors"),
    [
        ([unlock(0, address=FAR), attached(10)], ["rdp-reconnect 2"]),
        ([unlock(0, address=FAR), attached(10.1)], ["unlock 1", "rdp-reconnect 1"]),
        ([unlock(0, address=NEAR), attached(2)], ["rdp-reconnect 2"]),
        ([unlock(0, address=NEAR), attached(2.1)], ["unlock 1", "rdp-reconnect 1"]),
        ([unlock(0), attached(1, "LOCAL", by="Console")], ["unlock 2"]),
        ([heard(0, 25, 2, FAR), attached(1)], ["rdp-reconnect 2"]),
        ([heard(0, 25, 1), attached(1)], ["unlock 1", "rdp-reconnect 1"]),
        ([heard(0, 21, 2, FAR), attached(1)], ["rdp 1", "rdp-reconnect 1"]),
        ([rdp(0), attached(1)], ["rdp-reconnect 2"]),
        ([rdp(0), attached(1, logon_id="0x101")], ["rdp 1", "rdp-reconnect 1"]),
        ([rdp(0), attached(1, "LOCAL", by="Console")], ["rdp 1", "unlock 1"]),
        ([sat(0, 12), attached(1, "LOCAL", by="Console")], ["rdp 1", "unlock 1"]),
        ([console(0), attached(1, "LOCAL", by="Console")], ["unlock 2"]),
        ([attached(0), attached(1, logon_id="0x200")], ["rdp-reconnect 1", "rdp-reconnect 1"]),
        (
            [lacking(attached(0), "LogonID"), lacking(attached(1), "LogonID")],
            ["rdp-reconnect 1", "rdp-reconnect 1"],
        ),
        (
            [attached(0, "LOCAL", by="Console"), attached(1, "LOCAL", "0x200", by="Console")],
            ["unlock 1", "unlock 1"],
        ),
        ([attached(0, "LOCAL", by="Console"), attached(1)], ["unlock 1", "rdp-reconnect 1"]),
        ([attached(0, "-")], ["rdp-reconnect 1"]),
        ([attached(0, "-", by="rdp-TCP#7")], ["rdp-reconnect 1"]),
        ([attached(0, FAR, by="Console")], ["rdp-reconnect 1"]),
        ([attached(0, "-", by="Console")], ["unlock 1"]),
        ([lacking(attached(0, "-"), "SessionName")], ["unlock 1"]),
        ([lacking(attached(0), "SessionName", "ClientAddress")], ["unlock 1"]),
    ],
)
def test_a_client_is_attached(records: list[Event], doors: list[str]) -> None:
    """To the session of an unlock or of a passing logon near it, never to the one that was there before."""
    assert came(*records) == doors


# --- knocks -----------------------------------------------------------------------------------------------------


def test_a_knock_is_the_nearest_sessions() -> None:
    """One authentication belongs to one session: not to that at the console, nor to one from elsewhere."""
    assert came(knocked(0), rdp(12)) == ["rdp 2"]
    assert came(knocked(0), rdp(12.1)) == ["rdp 1"]
    assert came(knocked(0), rdp(1, address=NEAR)) == ["rdp 1"]
    assert came(knocked(0), console(1)) == ["console 1"]
    assert came(rdp(2), console(3, "0x102"), knocked(0)) == ["rdp 2", "console 1"]
    assert came(rdp(1), knocked(2)) == ["rdp 1"]
    assert came(knocked(0, person=SATO), rdp(1)) == ["rdp 1"]
    assert came(rdp(1), knocked(0, person=SATO)) == ["rdp 1"]
    assert came(unlock(1, address=FAR), knocked(0)) == ["rdp-reconnect 2"]
    assert came(knocked(0), unlock(1, address=FAR)) == ["rdp-reconnect 2"]
