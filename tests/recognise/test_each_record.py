"""What each record of Windows is taken for, sign by sign: by which door, with which rights, by whose hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from logonbell.event import Event
from logonbell.logon import FailedLogons, LogCleared, Logoff, Logon, User
from logonbell.recognise.identity import NETWORK_SERVICE, NOBODY, SYSTEM
from logonbell.recognise.recogniser import Recogniser
from logonbell.recognise.windows import SECURITY, SYSTEM_LOG, starts
from logonbell.simulate.windows import in_order
from recognising import logons, pass_through, taken
from scenes import DOMAIN_SID, HOME, NINE, SATO, a_host, after, altered, mori

OPERATORS = f"{DOMAIN_SID}-1200"
"""A group whose members the operator calls domain admins."""
EXPLORER, SVCHOST, LSASS = (
    "C:\\Windows\\explorer.exe",
    "C:\\Windows\\System32\\svchost.exe",
    "C:\\x\\LSASS.EXE",
)
WINLOGON = "C:\\Windows\\System32\\winlogon.exe"
WORKER = "D:\\ssm\\ssm-session-worker.exe"
ALICE = "S-1-5-21-1-2-3-1001"


def record(
    event_id: int, number: int = 1, *, second: float = 0, channel: str = SECURITY, **fields: str
) -> Event:
    """A record with these fields and no others."""
    return Event(channel, event_id, number, after(second), "BASTION-01", "", fields)


def logon(number: int = 1, *, second: float = 0, **fields: str) -> Event:
    """A 4624 of mori's."""
    usual = {
        "TargetUserName": "mori",
        "TargetDomainName": "CORP",
        "TargetLogonId": "0x1000",
        "IpAddress": HOME,
    }
    return record(4624, number, second=second, **{**usual, **fields})


def with_fields(event: Event, fields: Mapping[str, str]) -> Event:
    """Let a record have these fields as well."""
    return replace(event, fields={**event.fields, **fields})


# --- doors -----------------------------------------------------------------------------------------------------------

RUNAS, NETWORK, SSH, WINRM = (
    "program used credentials",
    "a network logon; held",
    "sshd logged",
    "request to the WinRM",
)
SAT, SHELL, TOKEN = "somebody sat down", "the SSM agent's session worker", "sshd's token"


@pytest.mark.parametrize(
    ("kinds", "by", "program", "subject", "words"),
    [
        ("10 12", None, None, None, SAT),
        ("10 12", "User32 ", SVCHOST, SYSTEM, SAT),
        ("2 11", "User32 ", SVCHOST, SYSTEM, SAT),
        ("2 11", "Advapi  ", WINLOGON, SYSTEM, SAT),
        ("2 11", "Advapi  ", "C:\\Windows\\System32\\sacsess.exe", SYSTEM, SAT),
        ("2 11", "Advapi  ", EXPLORER, SYSTEM, RUNAS),
        ("2 11", None, None, None, RUNAS),
        ("7 13", "User32 ", SVCHOST, SYSTEM, "an unlock, or the key of a reconnect"),
        ("4", "Advapi  ", SVCHOST, SYSTEM, "a batch logon"),
        ("9", "seclogo", SVCHOST, ALICE, RUNAS),
        ("1 6 10x 03", "Advapi  ", SVCHOST, SYSTEM, RUNAS),
        ("3 8", "Advapi  ", WORKER, SYSTEM, SHELL),
        ("3 8", "Advapi  ", WORKER, ALICE, RUNAS),
        ("3 8", "Advapi  ", WORKER, NOBODY, NETWORK),
        ("3", "sshd", None, ALICE, TOKEN),
        ("8", "sshd", None, ALICE, SSH),
        ("3", "Advapi  ", "C:\\OpenSSH\\sshd.exe", SYSTEM, TOKEN),
        ("8", "Advapi  ", "C:\\OpenSSH\\SSHD.EXE", SYSTEM, SSH),
        ("3", "Advapi  ", "C:\\OpenSSH\\sshd-session.exe", SYSTEM, TOKEN),
        ("8", "Advapi  ", "C:\\OpenSSH\\sshd-session.exe", SYSTEM, SSH),
        ("3 8", "WSMAN   ", EXPLORER, ALICE, WINRM),
        ("3 8", "Advapi  ", SVCHOST, NETWORK_SERVICE, WINRM),
        ("3 8", "Advapi  ", SVCHOST, SYSTEM, RUNAS),
        ("3 8", "Advapi  ", EXPLORER, NETWORK_SERVICE, RUNAS),
        ("3 8", "Kerberos", None, SYSTEM, NETWORK),
        ("3 8", "Kerberos", "-", SYSTEM, NETWORK),
        ("3 8", "NtLmSsp ", LSASS, SYSTEM, NETWORK),
        ("3 8", "Advapi  ", EXPLORER, NOBODY, NETWORK),
        ("3 8", "Advapi  ", EXPLORER, "", NETWORK),
        ("3 8", "Advapi  ", EXPLORER, None, NETWORK),
        ("3 8", None, EXPLORER, ALICE, RUNAS),
        ("", None, None, None, RUNAS),
    ],
)
def test_by_which_door(
    kinds: str, by: str | None, program: str | None, subject: str | None, words: str
) -> None:
    """The type alone says little: who asked for the logon, through which program, decides."""
    named = {"LogonProcessName": by, "ProcessName": program, "SubjectUserSid": subject}
    for kind in kinds.split() or [""]:
        fields = {
            name: value for name, value in {**named, "LogonType": kind or None}.items() if value is not None
        }
        (said,) = taken([with_fields(logon(), fields)])
        assert words in said, kind


# --- the same logon --------------------------------------------------------------------------------------------------


def test_a_logon_that_a_log_delivers_again_much_later_is_the_same() -> None:
    """Its record was read before: nobody comes twice, and nothing new is told."""
    seat = logon(LogonType="10")
    between = [record(4672, number, SubjectLogonId=hex(0x90000 + number)) for number in range(2, 302)]
    events = [seat, *between, replace(seat, time=after(1))]
    found = [each for each in pass_through(events) if isinstance(each, Logon)]
    assert [(each.time, each.folded) for each in found] == [(NINE, 1)]
    assert taken(events)[-1] == "this record was read before"


@pytest.mark.parametrize("kind", ["7", "13"])
def test_neither_half_of_an_unlock_is_a_session(kind: str) -> None:
    """Windows writes two for a split token, and closes both: the session goes on."""
    host = a_host()
    seated, halves = host.console_logon(NINE, mori(host)), host.unlock(after(600), mori(host))
    events = in_order(seated, altered(halves, {"LogonType": kind}, 4624, 4634))
    closed = [event.fields["TargetLogonId"] for event in events if event.event_id == 4634]
    assert len(closed) == 2
    late = [replace(event, time=after(620)) if event.event_id == 4634 else event for event in events]
    recogniser = Recogniser()
    found = [finding for event in in_order(late) for finding in recogniser.feed(event)]
    assert not [finding for finding in found if isinstance(finding, Logoff)]
    came, unlocked = logons(found)
    assert (came.door, unlocked.door) == ("console", "unlock")
    main = next(event for event in events if event.ref == unlocked.main)
    assert unlocked.logon_id == hex(int(main.fields["TargetLogonId"], 16))
    assert len(recogniser.present()) == 1


# --- rights ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "behind", "elevated"), [(True, False, True), (False, True, True), (False, False, None)]
)
def test_privileges_belong_to_their_logon(before: bool, behind: bool, *, elevated: bool | None) -> None:
    """An older Windows says only by 4672 that somebody came with an administrator's rights, before or after the logon."""
    said = record(4672, 2, second=0.1, SubjectLogonId="0x1000")
    other = record(4672, 3, second=0.1, SubjectLogonId="0x2000")
    seat = logon(LogonType="10", second=0.1)
    events = [other, *([said] if before else []), seat, *([said] if behind else [])]
    (came,) = logons(pass_through(events))
    assert came.elevated is elevated
    assert (said.ref in came.events) is (before or behind)
    assert set(taken([other, said])) == {"administrator's privileges (4672): belongs to its logon"}


def groups(number: int, *sids: str, special: bool = False) -> Event:
    """What Windows says of the groups of mori's logon; ``special`` by 4964."""
    listed = "\r\n\t\t".join(f"%{{{sid}}}" for sid in sids)
    named = {"SidList": listed} if special else {"GroupMembership": listed}
    return with_fields(record(4964 if special else 4627, number, TargetLogonId="0x1000"), named)


ADMINS, USERS = f"{DOMAIN_SID}-512", "S-1-5-32-545"


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("said", "admin"),
    [
        ([groups(2, USERS)], False),
        ([groups(2, USERS, ADMINS)], True),
        ([groups(2, OPERATORS)], True),
        ([groups(2, ADMINS), groups(3, USERS)], True),
        ([groups(2, USERS), groups(3, ADMINS)], True),
        ([groups(2, USERS, special=True)], None),
        ([groups(2, ADMINS, special=True)], True),
        ([groups(2, OPERATORS, special=True)], True),
        ([groups(2, USERS), groups(3, ADMINS, special=True)], True),
        ([groups(2, ADMINS, special=True), groups(3, USERS)], True),
        ([record(4964, 2, TargetLogonId="0x1000")], None),
    ],
)
def test_groups_belong_to_their_logon(said: list[Event], place: int, *, admin: bool | None) -> None:
    """Before it, behind it and around it: a long list comes in several records, and one that names such a group is enough."""
    events = [*said[:place], logon(LogonType="10"), *said[place:]]
    (came,) = logons(pass_through(events, Recogniser(admins=frozenset({OPERATORS}))))
    assert came.domain_admin is admin
    assert set(came.events) == {event.ref for event in events}
    assert set(taken(said)) == {"the groups of a logon: belongs to it"}


# --- what is no logon ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "users", "addresses"),
    [
        ({"TargetUserName": "mori", "TargetDomainName": "CORP", "IpAddress": HOME}, (r"CORP\mori",), (HOME,)),
        ({"TargetUserName": "mori", "TargetDomainName": "-", "IpAddress": "-"}, ("mori",), ()),
        ({"TargetUserName": "mori"}, ("mori",), ()),
        ({"IpAddress": HOME}, (), (HOME,)),
        ({}, (), ()),
    ],
)
def test_who_failed_to_log_on(
    fields: dict[str, str], users: tuple[str, ...], addresses: tuple[str, ...]
) -> None:
    """As whom, and from where; nobody and nowhere where the record does not say."""
    *_, burst = pass_through([record(4625, number, second=number, **fields) for number in (1, 2, 3)])
    assert isinstance(burst, FailedLogons)
    assert (burst.users, burst.addresses) == (users, addresses)


HAND = {"SubjectUserName": "sato", "SubjectDomainName": "CORP", "SubjectUserSid": SATO.sid}


@pytest.mark.parametrize(
    ("event", "cleared"),
    [
        (record(1102), "Security"),
        (record(1102, Channel="Application"), "Security"),
        (record(104, channel=SYSTEM_LOG, Channel="Application"), "Application"),
        (record(104, channel=SYSTEM_LOG), ""),
    ],
)
@pytest.mark.parametrize(
    ("hand", "user"),
    [(HAND, User("sato", "CORP", SATO.sid)), ({"SubjectUserName": "sato"}, User("sato")), ({}, None)],
)
def test_which_log_was_emptied_by_whom(
    event: Event, cleared: str, hand: Mapping[str, str], user: User | None
) -> None:
    """1102 is Security's own, 104 names another log; whose hand it was stands in both."""
    event = with_fields(event, hand)
    assert list(pass_through([event])) == [LogCleared(NINE, "BASTION-01", (event.ref,), cleared, user)]
    assert taken([event]) == ["a log was cleared"]


@pytest.mark.parametrize(
    ("event", "is_start"),
    [
        (record(4608), True),
        (logon(LogonType="0"), True),
        (logon(LogonType="10"), False),
        (logon(), False),
        (record(4634, LogonType="0"), False),
    ],
)
def test_windows_start(event: Event, *, is_start: bool) -> None:
    """By its own record, or by the one logon that is the system's."""
    assert starts(event) is is_start


def test_the_systems_own_logon_ends_the_sessions_before() -> None:
    """Where the record of the start is lost, the type 0 tells that nobody is on any more."""
    events = [logon(LogonType="10"), logon(2, second=60, LogonType="0")]
    recogniser = Recogniser()
    found = [finding for event in events for finding in recogniser.feed(event)]
    assert [finding.time for finding in found if isinstance(finding, Logoff)] == [after(60)]
    assert recogniser.present() == []
    assert taken(events)[1] == "Windows started"
