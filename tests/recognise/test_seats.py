"""What belongs to a seat, at the console or by RDP, to the second and to the sign; and what is said of each record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from logonbell.event import Event, EventRef
from logonbell.logon import Door, Logoff, User
from logonbell.recognise.arrival import Arrival, Kind, Sign
from logonbell.recognise.recogniser import Recogniser
from logonbell.recognise.seats import KNOCK, SET_BACK, _came_before, _heard, _in_place, follows_nla
from logonbell.recognise.state import Knock
from logonbell.recognise.windows import WANTED
from logonbell.sentence import Sentence
from logonbell.simulate.windows import in_order
from recognising import logons
from scenes import HOME, LSM, NINE, SCENES, a_host, after, mori, only

S = Sign
FAR, LOOP, NOWHERE = "203.0.113.5", "127.0.0.1", "0.0.0.0"  # noqa: S104 - as a log writes it
ALICE = User("alice", "CORP", "S-1-5-21-1-2-3-1104")
SECOND = timedelta(seconds=1)


def arrival(
    *signs: Sign,
    kind: Kind = Kind.SEAT,
    logon_type: int | None = None,
    address: str | None = None,
    second: float = 0,
    record: int = 10,
) -> Arrival:
    """An arrival of alice's, so many seconds past nine."""
    time = after(second)
    return Arrival(
        1,
        kind,
        time,
        [EventRef("Security", record, 4624)],
        time,
        set(signs),
        ALICE,
        logon_type,
        address=address,
    )


@pytest.mark.parametrize(
    ("seat", "local", "hyperv", "client"),
    [
        (arrival(logon_type=2, address=LOOP), True, False, False),
        (arrival(logon_type=11), True, False, False),
        (arrival(logon_type=10, address=FAR), False, False, True),
        (arrival(logon_type=12), False, True, True),
        (arrival(S.ATTACHED), False, True, True),
        (arrival(S.ATTACHED, logon_type=7), False, True, True),
        (arrival(logon_type=7), True, True, True),
        (arrival(logon_type=7, address=FAR), True, False, True),
        (arrival(logon_type=7, address=NOWHERE), True, True, True),
        (arrival(S.LOCAL), True, True, False),
        (arrival(logon_type=3), True, True, True),
        (arrival(logon_type=13), True, True, True),
    ],
)
def test_a_session_in_its_place(seat: Arrival, *, local: bool, hyperv: bool, client: bool) -> None:
    """What LocalSessionManager says of where a session is fits a seat, or shows that it is another."""
    found = [_in_place(seat, place) for place in (Sign.LOCAL, Sign.HYPERV, None)]
    assert found == [local, hyperv, client]


NETWORK = arrival(kind=Kind.NETWORK, record=9)
LIMIT, BACK = KNOCK.total_seconds(), SET_BACK.total_seconds()


@pytest.mark.parametrize(
    ("seat", "came"),
    [
        (arrival(), True),
        (arrival(record=8), True),
        (arrival(second=LIMIT), True),
        (arrival(second=LIMIT + 0.1), False),
        (arrival(second=-BACK), True),
        (arrival(second=-BACK - 0.1), False),
        (arrival(second=-1), True),
        (arrival(second=-1, record=9), False),
        (arrival(second=-1, record=8), False),
    ],
)
def test_a_network_logon_came_just_before(seat: Arrival, *, came: bool) -> None:
    """Within its time; where the clock was set back between the two, by the order of their records."""
    assert _came_before(NETWORK, seat) is came


def test_a_network_logon_of_another_log_proves_no_order() -> None:
    """Where the clock was set back, records of two logs cannot be compared; one that grew behind the seat came later."""
    seat = arrival(second=-1)
    seat.events = [EventRef(LSM, 10, 21)]
    assert not _came_before(NETWORK, seat)
    grown = arrival(kind=Kind.NETWORK, record=9)
    grown.last = after(5)
    assert not _came_before(grown, arrival(second=1))


@pytest.mark.parametrize(
    ("second", "user", "address", "heard"),
    [
        (0, ALICE, FAR, True),
        (LIMIT, ALICE, FAR, True),
        (LIMIT + 0.1, ALICE, FAR, False),
        (-0.1, ALICE, FAR, False),
        (1, User("bob", "CORP"), FAR, False),
        (1, ALICE, "198.51.100.9", False),
    ],
)
def test_a_knock_is_heard(second: float, user: User, address: str, *, heard: bool) -> None:
    """By whom it was, from where, and just before."""
    knock = Knock(NINE, user, address, EventRef("RCM", 1, 1149))
    assert _heard(arrival(second=second, address=FAR), knock) is heard


@pytest.mark.parametrize(
    ("seat", "follows"),
    [
        (arrival(logon_type=2, address=FAR), False),
        (arrival(S.LOCAL, logon_type=7, address=FAR), False),
        (arrival(logon_type=10, address=LOOP), True),
        (arrival(logon_type=12, address=LOOP), True),
        (arrival(S.UNLOCKED, logon_type=13, address=LOOP), False),
        (arrival(S.UNLOCKED, logon_type=7, address=FAR), True),
        (arrival(S.UNLOCKED, logon_type=7, address=LOOP), False),
        (arrival(S.UNLOCKED, S.KNOCKED, logon_type=7, address=LOOP), True),
        (arrival(S.UNLOCKED, S.AGAIN, logon_type=7, address=LOOP), True),
        (arrival(S.ATTACHED), True),
        (arrival(S.UNLOCKED, logon_type=7), False),
    ],
)
def test_a_network_logon_beforehand_is_the_seats(seat: Arrival, *, follows: bool) -> None:
    """That of RDP's own authentication; not that of an unlock which may be the console's."""
    assert follows_nla(seat) is follows


def said_of(events: Sequence[Event]) -> dict[tuple[int, int], str]:
    """What was said of each record, by event and record id."""
    said: dict[tuple[int, int], str] = {}

    def witness(event: Event, what: Sentence) -> None:
        said[event.event_id, event.record_id] = str(what)

    recogniser = Recogniser(witness)
    for event in events:
        list(recogniser.feed(event))
    return said


@pytest.mark.parametrize("late", [False, True])
def test_a_knock_that_is_read_late_belongs_to_its_session(late: bool) -> None:
    """1149 stands in a log of its own: whichever is read first, it is one logon, and the record is part of it."""
    host = a_host()
    events = host.rdp_logon(NINE, mori(host), HOME)
    knocks = [event for event in events if event.event_id == 1149]
    others = [event for event in in_order(events) if event.event_id != 1149]
    assert knocks
    order = [*others, *knocks] if late else [*knocks, *others]
    recogniser = Recogniser()
    found = [finding for event in order for finding in recogniser.feed(event)]
    found += recogniser.advance(after(60))
    (came,) = logons(found)
    assert came.door is Door.RDP
    assert {ref.event_id for ref in came.events} >= {1149, 4624}
    words = {what for (event_id, _), what in said_of(order).items() if event_id == 1149}
    assert words == {
        "the authentication before an RDP session (1149): the same logon"
        if late
        else "somebody authenticated for RDP (1149); that alone is no session"
    }


def test_what_is_said_of_an_end() -> None:
    """Of one that nobody followed, of a session that was closed, of a client that went away, each in its words."""
    host = a_host()
    person = mori(host)
    came, cut, left = (
        host.rdp_logon(NINE, person, HOME),
        host.rdp_disconnect(after(600), person),
        host.logoff(after(900), person),
    )
    whole = set(said_of(in_order(came, cut, left)).values())
    assert "the session was closed" in whole
    unknown = said_of(in_order(cut, left))
    assert set(unknown.values()) == {
        "a client was detached; its session stays open",
        "the end of something that was not followed",
    }
    assert "the end of something that was not followed" in set(said_of(only(in_order(left), LSM)).values())
    host = a_host()
    quick = in_order(host.rdp_logon(NINE, mori(host), HOME), host.logoff(after(30), mori(host)))
    assert "the session was closed" in set(said_of(only(quick, "Security")).values())


SAMPLES = {
    (event.channel, event.event_id): event
    for name in sorted(SCENES)
    for event in SCENES[name].events
    if event.event_id in WANTED.get(event.channel, ())
}


@pytest.mark.parametrize("kind", sorted(SAMPLES), ids=lambda kind: f"{kind[1]}")
def test_a_record_without_its_fields_names_nobody(kind: tuple[str, int]) -> None:
    """Whatever is missing fails nothing, and is made up by nothing: neither a user nor an address, nor a place."""
    whole = SAMPLES[kind]
    less = [{name: value for name, value in whole.fields.items() if name != gone} for gone in whole.fields]
    for fields in ({}, *less):
        recogniser = Recogniser()
        found = [*recogniser.feed(replace(whole, fields=fields)), *recogniser.finish()]
        for logon in logons(found):
            known = " ".join((*fields.values(), whole.sid or "")).casefold()
            told = (
                logon.user and logon.user.name,
                logon.user and logon.user.domain,
                logon.address,
                logon.workstation,
            )
            for text in told:
                assert not text or text.casefold().strip("[]") in known


@pytest.mark.parametrize("door", ["ssh", "ssm"])
@pytest.mark.parametrize("stays", [5, 30])
def test_a_shell_that_is_closed_ends_once(door: str, stays: int) -> None:
    """By its last logon id, whether that comes so soon that another could follow, or not; then nobody is left on."""
    host = a_host()
    if door == "ssh":
        came = host.ssh_logon(NINE, mori(host), HOME)
        left = host.logoff(after(stays), mori(host))
    else:
        came = host.ssm_shell(NINE)
        left = host.ssm_shell_end(after(stays))
    recogniser = Recogniser()
    found = [finding for event in in_order(came, left) for finding in recogniser.feed(event)]
    found += recogniser.advance(after(600))
    assert len(logons(found)) == 1
    assert sum(isinstance(finding, Logoff) for finding in found) == 1
    assert recogniser.present() == []
