"""Which SSM session stands behind a logon: what is known of sessions, and how surely one of them is named."""

from __future__ import annotations

from datetime import datetime

import pytest

from logonbell.event import Event, EventRef
from logonbell.recognise.arrival import Arrival, Kind
from logonbell.recognise.session import CHANNEL, Told
from logonbell.recognise.ssm import KNOWN, Link, Session, Sessions, link_of, number_of, session_from
from scenes import NINE, after

FAR, LOOP, OWN = "203.0.113.5", "127.0.0.1", "10.20.3.4"
RDP = 3389


def session(
    name: str = "a",
    *,
    port: int | None = RDP,
    target: str = "",
    opened: datetime = NINE,
    closed: datetime | None = None,
    process: int | None = None,
    plugin: str = "Port",
) -> Session:
    """A session as the agent told it: without more, a tunnel to this host's port for RDP."""
    return Session(
        name, "alice", "Doc", plugin, opened, port=port, target=target, process=process, closed=closed
    )


def known(*sessions: Session, watched: datetime | None = None, addresses: tuple[str, ...] = ()) -> Sessions:
    """What is known of a host's sessions."""
    return Sessions({each.session_id: each for each in sessions}, watched, list(addresses))


def arrival(address: str | None = None, *, ssm: str | None = None, owner: str | None = None) -> Arrival:
    """Somebody who came a minute after nine."""
    ref = EventRef("Security", 1, 4624)
    return Arrival(1, Kind.SEAT, after(60), [ref], after(60), address=address, ssm=ssm, owner=owner)


# --- one session -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tunnel", "place"),
    [
        (session(), "3389"),
        (session(target="db.internal"), "db.internal:3389"),
        (session(port=None), None),
        (session(plugin="Standard_Stream"), None),
    ],
)
def test_a_tunnel_leads_somewhere(tunnel: Session, place: str | None) -> None:
    """To a port of this host, or of another; a shell leads nowhere, whatever number stands beside it."""
    assert tunnel.leads_to == place


@pytest.mark.parametrize(
    ("second", "closed", "is_open"),
    [
        (-5, None, True),
        (-5.1, None, False),
        (0, None, True),
        (1e6, None, True),
        (60, 60, True),
        (65, 60, True),
        (65.1, 60, False),
    ],
)
def test_a_session_is_open_from_its_start_to_its_end(
    second: float, closed: int | None, *, is_open: bool
) -> None:
    """Give or take five seconds: two programs write two clocks' ticks."""
    tunnel = session(closed=None if closed is None else after(closed))
    assert tunnel.open_at(after(second)) is is_open


@pytest.mark.parametrize(
    ("tunnel", "address", "ends_here"),
    [
        (session(), LOOP, True),
        (session(), None, True),
        (session(target="LocalHost"), LOOP, True),
        (session(target="127.0.0.9"), LOOP, True),
        (session(target="::1"), LOOP, True),
        (session(target=OWN), OWN, True),
        (session(target=OWN), LOOP, False),
        (session(target=OWN), None, False),
        (session(target="db.internal"), LOOP, False),
        (session(target="db.internal"), None, False),
        (session(port=22), LOOP, False),
        (session(port=None), LOOP, False),
        (session(plugin="Standard_Stream"), LOOP, False),
    ],
)
def test_a_tunnel_ends_at_a_port_of_this_host(
    tunnel: Session, address: str | None, *, ends_here: bool
) -> None:
    """By this host's names, or by the very address that the logon came from; a tunnel to another host does not."""
    assert tunnel.forwards(RDP, address) is ends_here


# --- what is known of them -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("second", "is_kept"), [(0, True), (300, True), (300.1, False)])
def test_a_session_that_is_over_is_remembered_for_five_minutes(second: float, *, is_kept: bool) -> None:
    """Its logon may still be read; whatever is open is never forgotten by its age."""
    over, still_open = session("over", closed=NINE), session("open", opened=after(-1e6))
    sessions = known(over, still_open)
    sessions.add(session("new", opened=after(second)))
    assert list(sessions.known) == [*(["over"] if is_kept else []), "open", "new"]


def test_of_too_many_sessions_the_oldest_is_forgotten() -> None:
    """That is the one that was told first; as many as may be are all kept."""
    sessions = Sessions()
    for number in range(KNOWN):
        sessions.add(session(str(number)))
    assert len(sessions.known) == KNOWN
    sessions.add(session("one more"))
    assert (len(sessions.known), next(iter(sessions.known)), "one more" in sessions.known) == (
        KNOWN,
        "1",
        True,
    )


def test_a_worker_is_its_sessions_while_that_is_open() -> None:
    """A process id is dealt anew: of two sessions with one number it is the one that is not over, or the later one."""
    first, later = (
        session("first", process=7, closed=after(58)),
        session("later", process=7, opened=after(50)),
    )
    other = session("other", process=8, opened=after(55))
    nameless = session("nameless", opened=after(59))
    for order in ((first, later, other, nameless), (nameless, other, later, first)):
        sessions = known(*order)
        assert sessions.of_process(7, after(60)) is later
        assert sessions.of_process(7, after(10)) is first
        assert sessions.of_process(7, after(-10)) is None
        assert sessions.of_process(9, after(60)) is None
        assert sessions.of_process(None, after(60)) is None
    over = session("over", process=7, opened=after(40), closed=after(59))
    for either in ((first, over), (over, first)):
        assert known(*either).of_process(7, after(60)) is over


@pytest.mark.parametrize(
    ("address", "is_here"),
    [
        (LOOP, True),
        ("::1", True),
        (OWN, True),
        (f"::ffff:{OWN}", True),
        (FAR, False),
        (None, False),
        ("", False),
    ],
)
def test_an_address_of_this_host(address: str | None, *, is_here: bool) -> None:
    """Loopback in every spelling, and those that it was seen to have."""
    assert known(addresses=("fe80::a1:2", OWN)).is_here(address) is is_here


# --- which of them stands behind a logon -----------------------------------------------------------------------------

ONLY = "the only SSM session that forwards port 3389"
NONE = "no SSM session forwards port 3389"
NOT_KNOWN = "not known: this host's SSM sessions were not observed"
A, B = session("a"), session("b")


def facts(link: Link) -> tuple[str | None, str | None, bool, bool, bool]:
    """Give a link as facts: the session, how that is known, from here, through a tunnel, observed."""
    match = None if link.match is None else str(link.match)
    return (
        None if link.session is None else link.session.session_id,
        match,
        link.here,
        link.tunnelled,
        link.observed,
    )


@pytest.mark.parametrize(
    ("sessions", "came", "link"),
    [
        # From elsewhere, a tunnel of this host has no part in it.
        (known(A), arrival(FAR), (None, None, False, False, False)),
        (known(A, watched=NINE), arrival(FAR), (None, None, False, False, True)),
        (known(A, watched=NINE), arrival(None), (None, None, False, False, True)),
        (known(session(target="localhost"), watched=NINE), arrival(FAR), (None, None, False, False, True)),
        (known(session(target="localhost")), arrival(None), (None, None, False, False, False)),
        # A tunnel to the very address it came from.
        (known(session(target=FAR)), arrival(FAR), ("a", ONLY, True, True, False)),
        (known(A, session("b", target=FAR)), arrival(FAR), ("b", ONLY, True, True, False)),
        (known(session(target=FAR)), arrival("203.0.113.6"), (None, None, False, False, False)),
        # From here: one tunnel, none, one of several.
        (known(A), arrival(LOOP), ("a", ONLY, True, True, False)),
        (known(A, watched=after(60)), arrival(LOOP), ("a", ONLY, True, True, True)),
        (known(A, watched=after(60.1)), arrival(LOOP), ("a", ONLY, True, True, False)),
        (known(), arrival(LOOP), (None, NOT_KNOWN, True, False, False)),
        (known(watched=NINE), arrival(LOOP), (None, NONE, True, False, True)),
        (known(watched=after(61)), arrival(LOOP), (None, NOT_KNOWN, True, False, False)),
        (known(session(port=22), watched=NINE), arrival(LOOP), (None, NONE, True, False, True)),
        (known(session(plugin="x"), watched=NINE), arrival(LOOP), (None, NONE, True, False, True)),
        (known(session(closed=after(54)), watched=NINE), arrival(LOOP), (None, NONE, True, False, True)),
        (known(session(opened=after(66)), watched=NINE), arrival(LOOP), (None, NONE, True, False, True)),
        (known(session(target=OWN), watched=NINE), arrival(LOOP), (None, NONE, True, False, True)),
        (known(session(target=OWN), addresses=(OWN,)), arrival(OWN), ("a", ONLY, True, True, False)),
        (
            known(A, B),
            arrival(LOOP),
            (None, "one of 2 SSM sessions that forward port 3389: a, b", True, True, False),
        ),
        (
            known(A, B, watched=NINE),
            arrival(LOOP),
            (None, "one of 2 SSM sessions that forward port 3389: a, b", True, True, True),
        ),
        # Whose worker was seen to hold the connection.
        (known(A, B), arrival(LOOP, owner="b"), ("b", "its worker holds the connection", True, True, True)),
        (
            known(A, B),
            arrival(LOOP, owner=""),
            (None, "another program holds the connection, no SSM session", True, False, True),
        ),
    ],
)
def test_the_session_behind_who_came_by_a_port(
    sessions: Sessions, came: Arrival, link: tuple[str | None, str | None, bool, bool, bool]
) -> None:
    """The only tunnel, or the one that was seen; of several none is chosen, and that nobody looked is said."""
    assert facts(link_of(sessions, came, RDP)) == link


@pytest.mark.parametrize(
    ("sessions", "came", "link"),
    [
        (known(A), arrival(LOOP), (None, None, False, False, False)),
        (known(A, watched=NINE), arrival(LOOP), (None, None, False, False, True)),
        (known(A), arrival(ssm="a"), ("a", "the SSM agent told of it", False, True, False)),
        (known(A, watched=NINE), arrival(ssm="a"), ("a", "the SSM agent told of it", False, True, True)),
        (known(A), arrival(ssm="gone"), (None, "the SSM agent told of it", False, True, False)),
    ],
)
def test_the_session_behind_who_came_by_no_port(
    sessions: Sessions, came: Arrival, link: tuple[str | None, str | None, bool, bool, bool]
) -> None:
    """A logon's own session, though it be forgotten; a tunnel has no part in what comes by none."""
    assert facts(link_of(sessions, came, None)) == link


@pytest.mark.parametrize(
    ("ids", "rivals", "match"),
    [
        ([], 0, "the SSM agent told of it"),
        (["0x1"], 0, "its worker made the Windows logon"),
        (["0x1"], 1, "the only SSM shell that had just been opened when the worker made the Windows logon"),
        ([], 1, "the only SSM shell that had just been opened when the worker made the Windows logon"),
        (["0x1"], 2, "one of 2 SSM shells that had just been opened when a worker made the Windows logon"),
    ],
)
def test_how_a_shell_is_known_to_be_its_session(ids: list[str], rivals: int, match: str) -> None:
    """By the worker's process id, or as one of so many that had just been opened."""
    came = arrival(ssm="a")
    came.logon_ids, came.rivals = ids, rivals
    assert str(link_of(known(A), came, None).match) == match


# --- what the agent tells --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "read"),
    [
        ("", ""),
        ("BASTION-01", ""),
        ("bastion-01.", ""),
        ("Bastion-01.corp.example", ""),
        ("bastion-01.corp.example.", ""),
        ("corp.example", "corp.example"),
        ("localhost", "localhost"),
        (" [::1] ", "::1"),
        ("[fe80::1]", "fe80::1"),
        ("XBASTION-01X", "XBASTION-01X"),
    ],
)
def test_a_target_that_is_this_host_by_its_own_name(target: str, read: str) -> None:
    """Short or whole, in any case, is this host itself; an address loses what stands around it."""
    event = Event(CHANNEL, Told.OPENED, 1, NINE, "BASTION-01.corp.example", "", {"Target": target})
    assert session_from(event).target == read


@pytest.mark.parametrize(
    ("fields", "read"),
    [
        ({}, Session("", None, "", "", NINE)),
        (
            {
                "SessionId": "a",
                "Owner": "alice",
                "Document": "Doc",
                "Plugin": "Port",
                "Port": "3389",
                "Target": "db",
                "Elevated": "true",
                "ProcessId": "12",
            },
            Session("a", "alice", "Doc", "Port", NINE, 3389, "db", elevated=True, process=12),
        ),
        ({"Owner": "", "Elevated": "false", "Port": "x", "ProcessId": ""}, Session("", None, "", "", NINE)),
    ],
)
def test_a_session_as_the_agent_tells_it(fields: dict[str, str], read: Session) -> None:
    """Each thing that it says, and nothing in the place of what it does not say."""
    assert session_from(Event(CHANNEL, Told.OPENED, 1, NINE, "BASTION-01", "", fields)) == read


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        (" 4321\n", 4321),
        ("9999999999", 9999999999),
        ("99999999999", None),
        ("", None),
        ("-1", None),
        ("0x1", None),
        ("٣", None),
    ],
)
def test_a_number_as_the_agent_writes_it(text: str, number: int | None) -> None:
    """In decimal, in at most ten digits of ours; whatever else stands there is none."""
    assert number_of(text) == number
