"""The single fields of who sits where, as Windows writes them or leaves them out, and what is said of each record."""

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
    heard,
    knocked,
    lacking,
    sat,
    tell,
    words,
    wrote,
)
from logonbell.event import Event
from logonbell.logon import User
from logonbell.recognise.identity import NO, YES
from logonbell.recognise.seats import elevated_by, logon_id_of, process_of, session_number, target_of
from logonbell.simulate.people import Person
from scenes import DOMAIN_SID, SATO, after


def security(**fields: str) -> Event:
    """A record with these fields alone."""
    return wrote(0, "Security", 4624, **fields)


@pytest.mark.parametrize(
    ("text", "logon_id"),
    [
        ("0x3e8", "0x3e8"),
        ("0x00000000000003E8", "0x3e8"),
        ("3e8", "0x3e8"),
        ("0x1", "0x1"),
        ("0xffffffffffffffff", "0xffffffffffffffff"),
        ("0x10000000000000000", ""),
        ("0x0", ""),
        ("-0x5", ""),
        ("-", ""),
        ("", ""),
    ],
)
def test_a_logon_id(text: str, logon_id: str) -> None:
    """A number of 64 bits, in one spelling; anything else is none."""
    assert logon_id_of(security(TargetLogonId=text)) == logon_id
    assert logon_id_of(security(LogonID=text), "LogonID") == logon_id
    assert logon_id_of(security(LogonID=text)) == ""


@pytest.mark.parametrize(
    ("text", "process"),
    [
        ("0x1a2c", 6700),
        (" 0X1A2C ", 6700),
        ("6700", 6700),
        (" 6700 ", 6700),
        ("0x1", 1),
        ("0x0", None),
        ("0x", None),
        ("1a2c", None),
        ("-", None),
        ("", None),
    ],
)
def test_a_process_id(text: str, process: int | None) -> None:
    """Hexadecimal or decimal; anything else names no program."""
    assert process_of(security(ProcessId=text)) == process
    assert process_of(security()) is None


@pytest.mark.parametrize(
    ("fields", "user"),
    [
        ({"TargetUserName": "mori", "TargetDomainName": "CORP", "TargetUserSid": "S-1"}, User("mori", "CORP", "S-1")),
        ({"TargetUserName": "mori", "TargetDomainName": "CORP", "TargetSid": "S-2"}, User("mori", "CORP", "S-2")),
        ({"TargetUserName": "mori", "TargetUserSid": "S-1", "TargetSid": "S-2"}, User("mori", "", "S-1")),
        ({"TargetDomainName": "CORP"}, User("", "CORP")),
        ({}, User("")),
    ],
)  # fmt: skip
def test_who_was_logged_on(fields: dict[str, str], user: User) -> None:
    """By name, domain and SID, each as far as it is written."""
    assert target_of(security(**fields)) == user


@pytest.mark.parametrize(("text", "elevated"), [(YES, True), (NO, False), ("-", None), ("", None)])
def test_whether_a_token_is_elevated(text: str, elevated: bool | None) -> None:
    """Yes and no are Windows' own numbers; an older version says nothing."""
    assert elevated_by(security(ElevatedToken=text)) is elevated
    assert elevated_by(security()) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2", 2),
        ("0", 0),
        ("999999999", 999_999_999),
        ("1000000000", None),
        ("²", None),
        ("-1", None),
        ("", None),
    ],
)
def test_the_number_of_a_session(text: str, number: int | None) -> None:
    """Of up to nine digits; anything else is none."""
    assert session_number(security(SessionID=text)) == number
    assert session_number(security()) is None


@pytest.mark.parametrize(("text", "told"), [("LAPTOP", "LAPTOP"), ("-", None), ("", None), (None, None)])
def test_the_workstation(text: str | None, told: str | None) -> None:
    """A dash, nothing and no field at all are no workstation."""
    record = lacking(sat(0, 10), "WorkstationName") if text is None else sat(0, 10, WorkstationName=text)
    assert tell([record])[0][0].workstation == told


@pytest.mark.parametrize(
    ("text", "told"), [("13", 13), ("99999", 99_999), ("100000", None), ("²", None), ("x", None), ("", None)]
)
def test_the_type_of_a_logon(text: str, told: int | None) -> None:
    """A number that no Windows writes is told as far as it is one."""
    (logon,) = tell([sat(0, 10, LogonType=text)])[0]
    assert logon.logon_type == told


@pytest.mark.parametrize(
    ("address", "door", "told"),
    [
        (FAR, "rdp", FAR),
        (f" {FAR} ", "rdp", FAR),
        ("LOCAL", "console", None),
        ("ローカル", "console", None),
        ("", "rdp", None),
        ("  ", "rdp", None),
        (None, "rdp", None),
    ],
)
def test_the_place_of_a_session(address: str | None, door: str, told: str | None) -> None:
    """An address, the word for none in any language, or nothing, as Hyper-V writes it."""
    record = lacking(heard(0, 21), "Address") if address is None else heard(0, 21, 2, address)
    (logon,) = tell([record])[0]
    assert (str(logon.door), logon.address) == (door, told)
    assert str(logon.user) == MORI.full_name


def test_who_took_a_session_up_again_is_known_by_4778() -> None:
    """By name, domain and address, as far as they are written; what is missing may be anybody's of this name."""
    (logon,) = tell([attached(0)])[0]
    assert (str(logon.user), logon.address) == (MORI.full_name, FAR)
    (logon,) = tell([lacking(attached(0), "AccountDomain", "ClientAddress")])[0]
    assert (logon.user, logon.address) == (User("mori"), None)
    (logon,) = tell([lacking(attached(0), "AccountName")])[0]
    assert logon.user == User("", "CORP")
    unlock = sat(1, 7, IpAddress=FAR)
    assert came(lacking(attached(0), "AccountDomain"), unlock) == ["rdp-reconnect 2"]
    assert came(lacking(attached(0), "ClientAddress"), unlock) == ["rdp-reconnect 2"]
    assert came(attached(0, person=Person("mori", "EMEA", "S-1-5-21-9-9-9-1")), unlock) == [
        "rdp-reconnect 1",
        "unlock 1",
    ]


def test_whose_knock_it_is() -> None:
    """1149 belongs to the session of its user from its address, as far as it names them."""
    seat, nobodys = sat(1, 10, IpAddress=FAR), sat(1, 10, TargetUserName="", TargetUserSid="", IpAddress=FAR)
    assert came(lacking(knocked(0), "Param2"), seat) == ["rdp 2"]
    assert came(lacking(knocked(0), "Param3"), seat) == ["rdp 2"]
    assert came(lacking(knocked(0), "Param1"), seat) == ["rdp 1"]
    assert came(lacking(knocked(0), "Param1"), nobodys) == ["rdp 2"]
    assert came(knocked(0, person=Person("mori", "EMEA", "S-1-5-21-9-9-9-1")), seat) == ["rdp 1"]
    for kind in (10, 12):
        assert came(knocked(0), sat(1, kind)) == ["rdp 2"]
        assert came(sat(1, kind), knocked(0)) == ["rdp 2"]


# --- an account that two logs spell otherwise ---------------------------------------------------------------------

PIA = Person("pia.berg@outlook.com", "MicrosoftAccount", f"{DOMAIN_SID}-1150")
TIM = Person("tim@outlook.com", "MicrosoftAccount", f"{DOMAIN_SID}-1151")
LOCALLY = Person("pia", "BASTION-01", "")


def by_rdp(second: float, person: Person = PIA, logon_id: str = "0x101", address: str = FAR) -> Event:
    """She sits down by RDP."""
    return sat(second, 10, logon_id, person, IpAddress=address)


def begins(second: float, number: int = 2, address: str = FAR) -> Event:
    """LocalSessionManager tells of it, in its own spelling."""
    return heard(second, 21, number, address, LOCALLY)


@pytest.mark.parametrize(
    ("records", "doors"),
    [
        ([by_rdp(0), begins(2)], ["rdp 2"]),
        ([by_rdp(0), begins(2.1)], ["rdp 1", "rdp 1"]),
        ([by_rdp(2), begins(0)], ["rdp 2"]),
        ([by_rdp(2.1), begins(0)], ["rdp 1", "rdp 1"]),
        ([begins(0), by_rdp(2)], ["rdp 2"]),
        ([begins(0), by_rdp(2.1)], ["rdp 1", "rdp 1"]),
        ([begins(2), by_rdp(0)], ["rdp 2"]),
        ([by_rdp(0, address=NEAR), begins(1)], ["rdp 1", "rdp 1"]),
        ([begins(0), by_rdp(1, address=NEAR)], ["rdp 1", "rdp 1"]),
        ([by_rdp(0), begins(1, address="LOCAL")], ["rdp 1", "console 1"]),
        ([begins(0, address="LOCAL"), by_rdp(1)], ["console 1", "rdp 1"]),
        ([by_rdp(0), by_rdp(0.5, TIM, "0x201"), begins(1)], ["rdp 1", "rdp 1", "rdp 1"]),
        ([by_rdp(0), begins(0.5), by_rdp(0.6, TIM, "0x201"), begins(1, 3)], ["rdp 2", "rdp 2"]),
        ([begins(0), begins(0.1, 3), by_rdp(1)], ["rdp 1", "rdp 1", "rdp 1"]),
        ([sat(0, 10, "0x101", IpAddress=FAR), begins(1)], ["rdp 1", "rdp 1"]),
        ([sat(0, 7, "0x201", OTHER, IpAddress=LOOP), sat(1, 2, "0x101", PIA, IpAddress=LOOP)], ["unlock 1", "console 1"]),
        ([sat(0, 7, "0x201", OTHER), sat(1, 10, "0x101", PIA)], ["unlock 1", "rdp 1"]),
        ([begins(0), sat(1, 10, "0x101", SATO, IpAddress=FAR)], ["rdp 1", "rdp 1"]),
        ([sat(0, 7, "0x101", PIA, IpAddress=FAR), heard(1, 25, 2, FAR, LOCALLY)], ["rdp-reconnect 2"]),
        ([by_rdp(0), begins(0.5), begins(30, 3)], ["rdp 2", "rdp 1"]),
    ],
)  # fmt: skip
def test_a_microsoft_account_that_two_logs_spell_otherwise(records: list[Event], doors: list[str]) -> None:
    """Within two seconds and from one place it is the same person, where only one person can be meant."""
    assert came(*records) == doors


# --- in words -----------------------------------------------------------------------------------------------------

LSASS = "C:\\Windows\\System32\\lsass.exe"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (sat(0, 10), "somebody sat down: a logon of type 10"),
        (sat(0, 2), "somebody sat down: a logon of type 2"),
        (sat(0, 7), "an unlock, or the key of a reconnect (type 7 or 13)"),
        (sat(0, 7, ProcessName=LSASS), "lsass's own copy of an unlock: the same logon"),
        (heard(0, 21, 2, FAR), "a new session 2 (LocalSessionManager)"),
        (heard(0, 21, "", FAR), "a new session  (LocalSessionManager)"),
        (heard(0, 22, 2, FAR), "the shell of a session started: the same logon"),
        (heard(0, 25, 2, FAR), "session 2 was attached again (LocalSessionManager)"),
        (heard(0, 25, "", FAR), "session  was attached again (LocalSessionManager)"),
        (attached(0), "an existing session was attached to an RDP client (4778)"),
        (attached(0, "LOCAL", by="Console"), "an existing session was attached to the console (4778)"),
        (knocked(0), "somebody authenticated for RDP (1149); that alone is no session"),
    ],
)
def test_what_is_said(record: Event, said: str) -> None:
    """Each record in its words."""
    assert words(record) == [said]


def test_what_is_said_of_a_half() -> None:
    """That it is the other half of a token, or the knock before a session."""
    half = sat(0, 10, "0x102", TargetLinkedLogonId="0x101")
    assert words(sat(0, 10), half)[1] == "the other half of a split token (UAC): the same logon"
    assert (
        words(sat(1, 10), knocked(0))[1] == "the authentication before an RDP session (1149): the same logon"
    )
    assert tell([sat(1, 10), knocked(0)])[0][0].time == after(1)
