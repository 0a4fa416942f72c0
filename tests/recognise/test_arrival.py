"""What is known of a logon while it grows: what is listed, whose word counts, what is joined."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jotted import FAR, LOOP, MORI, NEAR, attached, heard, sat, tell, wrote
from logonbell.event import Event, EventRef
from logonbell.logon import Door, Logon, User
from logonbell.recognise.arrival import EVENTS_LISTED, IDS_KEPT, Arrival, Kind, either
from logonbell.recognise.identity import NO, YES
from logonbell.recognise.recogniser import Recogniser
from recognising import logons, pass_through
from scenes import NINE, SATO, a_host


def the_one(*events: Event) -> Logon:
    """The only logon of these records."""
    (logon,) = tell(events)[0]
    return logon


def an_arrival() -> Arrival:
    """One of which nothing is known."""
    return Arrival(1, Kind.SEAT, NINE, [EventRef("Security", 1, 4624)], NINE)


def test_of_hundreds_of_records_so_many_are_listed_and_all_counted() -> None:
    """WinRM logs on for each request: a long session lists its first records and counts the others."""
    requests = a_host().winrm_basic(NINE, SATO, requests=EVENTS_LISTED + 20)
    requests = [event for event in requests if event.event_id == 4624]
    (logon,) = logons(pass_through(requests))
    assert logon.door is Door.WINRM
    assert logon.folded == len(requests)
    assert [ref.record_id for ref in logon.events] == [event.record_id for event in requests][:EVENTS_LISTED]


def test_of_hundreds_of_shares_before_a_session_so_many_are_listed() -> None:
    """A storm of network logons just before somebody sits down is folded into that one logon, listed as far as it goes."""
    shares = [sat(number / 100, 3, hex(4096 + number), IpAddress=FAR) for number in range(300)]
    logon = the_one(*shares, sat(4, 10, IpAddress=FAR))
    assert (logon.door, logon.folded, len(logon.events)) == (Door.RDP, 301, EVENTS_LISTED)


def test_a_record_that_is_read_again_much_later_is_listed_once() -> None:
    """A log that delivers a record twice makes no second one of it, whatever came in between."""
    privileges = wrote(0.1, "Security", 4672, SubjectLogonId="0x101")
    others = [wrote(0.1, "Security", 4672, SubjectLogonId="0x101") for _ in range(200)]
    events = [
        replace(event, record_id=number) for number, event in enumerate((sat(0, 10), privileges, *others))
    ]
    (logon,) = logons(pass_through([*events, events[1]], Recogniser()))
    assert len(logon.events) == len(set(logon.events)) == len(events)


def test_the_first_logon_id_and_the_newest_are_known() -> None:
    """Of more than are kept the second goes: the first names the logon, the newest may yet be spoken of."""
    arrival, ids = an_arrival(), [hex(number) for number in range(1, IDS_KEPT + 3)]
    for logon_id in ids[:IDS_KEPT]:
        arrival.hold_id(logon_id, unlock=False)
    assert arrival.logon_ids == ids[:IDS_KEPT]
    for logon_id in ids[IDS_KEPT:]:
        arrival.hold_id(logon_id, unlock=False)
    assert arrival.logon_ids == [ids[0], *ids[3:]]


NAMED, BARE, BY_SID = User("mori", "CORP"), User("mori"), User(MORI.sid, "", MORI.sid)
WHOLE = User("mori", "CORP", MORI.sid)


@pytest.mark.parametrize(
    ("known", "said", "kept"),
    [
        (None, NAMED, NAMED),
        (NAMED, None, NAMED),
        (NAMED, BARE, NAMED),
        (BARE, NAMED, BARE),
        (NAMED, WHOLE, WHOLE),
        (WHOLE, NAMED, WHOLE),
        (BY_SID, WHOLE, WHOLE),
        (WHOLE, replace(WHOLE, name="MORI"), WHOLE),
        (WHOLE, BY_SID, WHOLE),
        (BY_SID, NAMED, BY_SID),
    ],
)
def test_which_spelling_of_a_name_is_kept(known: User | None, said: User | None, kept: User) -> None:
    """The first one, until a record has the SID, or the name where so far only the SID was known."""
    arrival = an_arrival()
    arrival.learn(user=known)
    arrival.learn(user=said)
    assert arrival.user == kept


@pytest.mark.parametrize("first", ["connection", "client"])
def test_the_connections_own_address_counts(first: str) -> None:
    """What the client says of itself behind NAT stands only as long as nothing else is known, whichever is read first."""
    records = [sat(0, 7, IpAddress=FAR), heard(0.1, 25, address=FAR)], [attached(0.2, "192.168.1.23")]
    there, here = records if first == "connection" else reversed(records)
    logon = the_one(*there, *here)
    assert (logon.door, logon.address, len(logon.events)) == (Door.RDP_RECONNECT, FAR, 3)
    assert the_one(attached(0, "192.168.1.23")).address == "192.168.1.23"


def test_a_known_address_stays() -> None:
    """The first that a connection has of its own, over any other; what the client says, until there is one."""
    arrival = an_arrival()
    arrival.hear_address(NEAR)
    arrival.learn(address=None)
    assert (arrival.address, arrival.hearsay) == (NEAR, True)
    arrival.learn(address=FAR)
    arrival.learn(address=LOOP)
    arrival.hear_address(NEAR)
    assert (arrival.address, arrival.hearsay) == (FAR, False)


def before_it(**fields: str) -> Event:
    """The network logon that RDP makes before its session."""
    return sat(0, 3, "0xa0", MORI, IpAddress=FAR, **fields)


def test_what_the_network_logon_knows_is_the_sessions() -> None:
    """Who comes back and of whom only 4778 tells has the SID, the address and the workstation of RDP's network logon."""
    logon = the_one(before_it(WorkstationName="LAPTOP"), attached(2, "-"))
    assert (logon.door, logon.user, logon.address, logon.workstation) == (
        Door.RDP_RECONNECT,
        WHOLE,
        FAR,
        "LAPTOP",
    )


@pytest.mark.parametrize(
    ("before", "then", "elevated"),
    [(YES, NO, True), (NO, YES, True), (YES, "", True), (NO, "", False), ("", NO, False), ("", "", None)],
)
def test_the_rights_of_either_half_are_the_sessions(before: str, then: str, *, elevated: bool | None) -> None:
    """If the network logon or the session has an administrator's token, so has the logon; unknown is not no."""
    logon = the_one(before_it(ElevatedToken=before), sat(2, 10, IpAddress=FAR, ElevatedToken=then))
    assert (logon.door, logon.elevated, len(logon.events)) == (Door.RDP, elevated, 2)


@pytest.mark.parametrize("told_of", ["0xa0", "0x101"])
def test_the_groups_of_either_half_are_the_sessions(told_of: str) -> None:
    """Who is a domain admin by the groups of one of the two is one."""
    groups = wrote(0, "Security", 4627, TargetLogonId=told_of, GroupMembership="%{S-1-5-21-1-2-3-512}")
    logon = the_one(before_it(), groups, sat(2, 10, IpAddress=FAR))
    assert logon.domain_admin is True


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (True, None, True),
        (True, False, True),
        (False, False, False),
        (False, None, False),
        (None, None, None),
    ],
)
def test_two_answers_are_joined(one: bool | None, other: bool | None, both: bool | None) -> None:
    """Yes if any says yes, no if any says no, whichever comes first."""
    assert either(one, other) is either(other, one) is both


def test_another_address_is_another_person() -> None:
    """Network logons of one user from elsewhere are none of RDP's."""
    came = tell((before_it(), sat(2, 10, IpAddress=NEAR), sat(30, 10, "0x102", IpAddress=LOOP)))[0]
    assert sorted(str(logon.door) for logon in came) == ["network", "rdp", "rdp-loopback"]
