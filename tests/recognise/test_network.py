"""What comes through the network without a seat, to the second: what is one logon, and what is two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from logonbell.event import Event
from logonbell.logon import Door, Logoff, Logon
from logonbell.recognise.recogniser import Recogniser
from logonbell.simulate.people import SYSTEM, Person
from logonbell.simulate.windows import WindowsHost
from recognising import logons, pass_through, taken
from scenes import HOME, KATO, NINE, OFFICE, a_host, after, altered, kim, mori


def as_read(events: Iterable[Event]) -> list[Event]:
    """Number the records of each log in the order in which they are read, whatever their times."""
    last = Counter[str]()
    numbered = []
    for event in events:
        last[event.channel] += 1
        numbered.append(replace(event, record_id=last[event.channel]))
    return numbered


def came(*events: Event) -> list[Logon]:
    """Read these in this order, and give who came; no record is told of two."""
    found = logons(pass_through(as_read(events)))
    refs = [ref for logon in found for ref in logon.events]
    assert len(refs) == len(set(refs))
    return found


def doors(*events: Event) -> list[str]:
    """Give the doors by which they came, in order."""
    return sorted(logon.door for logon in came(*events))


def the(events: Iterable[Event], event_id: int = 4624, kind: str = "") -> Event:
    """Give the one record with this id, for a 4624 of this logon type."""
    (found,) = (
        event
        for event in events
        if event.event_id == event_id and kind in {"", event.fields.get("LogonType", "")}
    )
    return found


def share(host: WindowsHost, second: float, address: str = HOME, person: Person = KATO) -> Event:
    """Open a share: a logon of type 3 that names no program."""
    return the(host.network_logon(after(second), person, address, kerberos=True))


def request(host: WindowsHost, second: float, address: str = HOME, person: Person = KATO) -> Event:
    """Ask the WinRM service for something: a logon that names the service."""
    return the(altered(host.winrm_basic(after(second), person), {"IpAddress": address}))


def shell(host: WindowsHost, second: float, person: Person = KATO) -> Event:
    """Have WinRM make a shell (91)."""
    return the(host.winrm_logon(after(second - 0.3), person, HOME), 91)


# --- a network logon that is read behind the session for which it was made -----------------------------------------


@pytest.mark.parametrize(
    ("before", "address", "person", "found"),
    [
        (0, HOME, KATO, ["rdp"]),
        (2, HOME, KATO, ["rdp"]),
        (12, HOME, KATO, ["rdp"]),
        (12.1, HOME, KATO, ["network", "rdp"]),
        (-0.1, HOME, KATO, ["network", "rdp"]),
        (2, OFFICE, KATO, ["network", "rdp"]),
        (2, HOME, Person("kato", "EMEA", "S-1-5-21-77-88-99-1135"), ["network", "rdp"]),
    ],
)
def test_nla_belongs_to_its_session(before: float, address: str, person: Person, found: list[str]) -> None:
    """That of this user from this address, within twelve seconds before it, though it is read only now."""
    host = a_host()
    seat = the(host.rdp_logon(after(20), KATO, HOME, nla=False), kind="10")
    seat = replace(seat, time=after(20))
    late = share(host, 20 - before, address, person)
    assert doors(seat, late) == found
    assert taken(as_read([seat, late]))[1].endswith("the same logon") is (found == ["rdp"])


def test_the_end_of_nla_is_nobodys() -> None:
    """Its logon is closed at once; the session that it was made for is neither over by that, nor an old one."""
    host = a_host()
    seat = replace(the(host.rdp_logon(after(2), KATO, HOME, nla=False), kind="10"), time=after(2))
    begun, *_, closed = host.network_logon(NINE, KATO, HOME, kerberos=True)
    events = as_read([seat, begun, replace(closed, time=after(2.3))])
    recogniser = Recogniser()
    found = [finding for event in events for finding in recogniser.feed(event)]
    found += recogniser.advance(after(60))
    (logon,) = logons(found)
    assert (logon.door, len(recogniser.present())) == (Door.RDP, 1)
    assert not [finding for finding in found if isinstance(finding, Logoff)]
    assert taken(events)[1] == "the network logon before an RDP session (NLA): the same logon"


@pytest.mark.parametrize("read_first", [True, False])
@pytest.mark.parametrize(
    ("address", "found"), [(HOME, [Door.RDP_RECONNECT]), (OFFICE, [Door.NETWORK, Door.UNLOCK])]
)
def test_a_network_logon_makes_an_unlock_a_reconnect(
    address: str, found: list[Door], *, read_first: bool
) -> None:
    """One from the very address of the unlock, whichever of them is read first; a share from elsewhere is none of its."""
    host = a_host()
    host.console_logon(NINE, KATO)
    key = altered(host.unlock(after(600), KATO), {"IpAddress": HOME})
    unlocked = replace(next(event for event in key if event.event_id == 4624), time=after(605))
    network = share(host, 600, address)
    assert doors(*([network, unlocked] if read_first else [unlocked, network])) == found


# --- shares ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("second", "address", "count"),
    [(0, HOME, 1), (60, HOME, 1), (60.1, HOME, 2), (-0.1, HOME, 2), (10, OFFICE, 2), (10, "-", 1)],
)
def test_a_share_within_a_minute_is_the_same_logon(second: float, address: str, count: int) -> None:
    """From where it was before, or from nowhere; what comes later, or from elsewhere, has come again."""
    host = a_host()
    first, again = share(host, 0), share(host, second, address)
    assert doors(first, again) == ["network"] * count
    words = "a repeat of a network logon within a minute: the same logon"
    assert (taken(as_read([first, again]))[1] == words) is (count == 1)


# --- WinRM -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("second", "address", "person", "found"),
    [
        (3, HOME, KATO, ["winrm"]),
        (30, HOME, KATO, ["winrm"]),
        (60.3, HOME, KATO, ["winrm"]),
        (60.4, HOME, KATO, ["network", "winrm"]),
        (30, OFFICE, KATO, ["network", "winrm"]),
        (3, OFFICE, KATO, ["network", "winrm"]),
        (30, HOME, Person("sato", "CORP", "S-1-5-21-1-2-3-9"), ["network", "winrm"]),
    ],
)
def test_a_network_logon_may_be_a_request_of_winrm(
    second: float, address: str, person: Person, found: list[str]
) -> None:
    """Of this user, from this address, within a minute of the last; a share that is opened from elsewhere is one."""
    host = a_host()
    session = [share(host, 0), shell(host, 0.3)]
    later = share(host, second, address, person)
    assert doors(*session, later) == found
    words = "a further request of a WinRM session: the same logon"
    assert (taken(as_read([*session, later]))[2] == words) is (found == ["winrm"])


@pytest.mark.parametrize(("second", "found"), [(-5, ["winrm"]), (5, ["winrm"]), (5.1, ["network", "winrm"])])
def test_a_shell_is_named_by_its_logon(second: float, found: list[str]) -> None:
    """The event of a shell names its user by SID only: the logon that is read behind it says who that is, and from where."""
    host = a_host()
    told = came(shell(host, 10), share(host, 10 + second))
    assert sorted(logon.door for logon in told) == found
    (winrm,) = (logon for logon in told if logon.door is Door.WINRM)
    named = "network" not in found
    assert str(winrm.user) == (r"CORP\kato" if named else KATO.sid)
    assert winrm.address == (HOME if named else None)


@pytest.mark.parametrize(
    ("second", "address", "count"),
    [(0, HOME, 1), (60, HOME, 1), (60.1, HOME, 2), (30, OFFICE, 2), (30, "-", 1)],
)
def test_requests_of_one_session(second: float, address: str, count: int) -> None:
    """WinRM logs a user on for each: gaps of up to a minute, from one address, are one session."""
    host = a_host()
    told = came(request(host, 0), request(host, second, address))
    assert [logon.door for logon in told] == [Door.WINRM] * count
    assert told[0].address == HOME


@pytest.mark.parametrize(
    ("second", "address", "person", "found"),
    [
        (0, HOME, KATO, ["winrm"]),
        (2, HOME, KATO, ["winrm"]),
        (2.1, HOME, KATO, ["network", "winrm"]),
        (-0.1, HOME, KATO, ["network", "winrm"]),
        (1, OFFICE, KATO, ["network", "winrm"]),
        (1, HOME, Person("kato", "EMEA", "S-1-5-21-77-88-99-1135"), ["network", "winrm"]),
    ],
)
def test_what_authenticates_for_a_request_is_no_logon_besides(
    second: float, address: str, person: Person, found: list[str]
) -> None:
    """The network logon of this user from this address within two seconds before it is that of the request."""
    host = a_host()
    assert doors(share(host, 0, address, person), request(host, second)) == found


def test_a_share_that_was_told_is_not_taken_back() -> None:
    """A share that was told long ago, and is opened once more right before a request of WinRM, stays what it is."""
    host = a_host()
    found = [share(host, 0), share(host, 20), request(host, 21)]
    assert doors(*found) == ["network", "winrm"]


@pytest.mark.parametrize(
    ("second", "person", "count"),
    [(0.3, KATO, 1), (60, KATO, 1), (60.1, KATO, 2), (30, Person("kato", "EMEA", "S-1-5-21-7-1135"), 2)],
)
def test_a_shell_belongs_to_its_session(second: float, person: Person, count: int) -> None:
    """To the one with its user's SID, whose last request is a minute old at most."""
    host = a_host()
    assert doors(request(host, 0), shell(host, second, person)) == ["winrm"] * count


@pytest.mark.parametrize(("second", "count"), [(3600, 1), (3630, 2)])
def test_a_shell_in_an_old_session_is_told(second: int, count: int) -> None:
    """Whoever makes a shell in a session that has gone on for more than an hour rings anew."""
    host = a_host()
    requests = [request(host, at) for at in range(0, second, 50)]
    assert doors(*requests, shell(host, second)) == ["winrm"] * count


@pytest.mark.parametrize("sid", [SYSTEM.sid, "", None])
def test_a_shell_of_the_machine_is_nobodys(sid: str | None) -> None:
    """WinRM's own, and one that names nobody."""
    event = replace(shell(a_host(), 1), sid=sid)
    assert came(event) == []
    assert taken([event]) == ["a WinRM shell of the machine itself"]


# --- SSH -----------------------------------------------------------------------------------------------------------------


def by_ssh(
    host: WindowsHost, second: float, *, key: bool, person: Person | None = None
) -> tuple[Event, Event]:
    """Come by SSH: give the logon that sshd makes, and what sshd says."""
    events = host.ssh_logon(after(second - 0.4), person or mori(host), HOME, key=key)
    logon = the(events, kind="3" if key else "8")
    said = the(events, 4)
    return replace(logon, time=after(second)), replace(said, time=after(second + 0.03))


@pytest.mark.parametrize("key", [True, False])
@pytest.mark.parametrize("gap", [-5, -1, 1, 5])
def test_what_sshd_makes_and_what_it_says_is_one(gap: float, *, key: bool) -> None:
    """Whichever is read first, within five seconds: one logon, which has the logon id of the one, the address of the other."""
    logon, said = by_ssh(a_host(), 0, key=key)
    said = replace(said, time=after(gap))
    (told,) = came(*sorted((logon, said), key=lambda event: event.time))
    assert (told.door, told.address, told.method) == (Door.SSH, HOME, "publickey" if key else "password")
    assert told.logon_id == hex(int(logon.fields["TargetLogonId"], 16))
    assert str(told.user) == r"BASTION-01\mori"


@pytest.mark.parametrize("key", [True, False])
@pytest.mark.parametrize("gap", [-5.1, 5.1])
def test_what_sshd_says_alone_is_a_logon(gap: float, *, key: bool) -> None:
    """Its Accepted is proof, and names the user; a password's logon is proof, too, a key's is none."""
    logon, said = by_ssh(a_host(), 0, key=key)
    said = replace(said, time=after(gap))
    told = came(*sorted((logon, said), key=lambda event: event.time))
    assert len(told) == (1 if key else 2)
    assert [(str(one.user), one.logon_id) for one in told if one.address] == [("mori", None)]


PASSWORD, TOKEN, SAID_PASSWORD, SAID_KEY = "P", "T", "p", "k"


def records(host: WindowsHost, names: Sequence[str]) -> dict[str, Event]:
    """Make the records of connections at once, a tenth of a second apart; a ``?`` stands for one without its process."""
    made = {}
    for place, name in enumerate(names):
        logon, said = by_ssh(host, 0, key=name[0] in {TOKEN, SAID_KEY})
        event = said if name[0] in {SAID_PASSWORD, SAID_KEY} else logon
        if "?" in name:
            (event,) = altered([event], {"ProcessId": None})
        made[name] = replace(event, time=after(place / 10), record_id=place + 1)
    return made


@pytest.mark.parametrize(
    ("read", "told"),
    [
        ("k P p", "k Pp"),
        ("k T P p", "kT Pp"),
        ("p T k", "p Tk"),
        ("P? P2?", "P? P2?"),
        ("P P2", "P P2"),
        ("T? P?", "P?"),
        ("T? P? p", "P?p"),
        ("P? T? k", "P? T?k"),
        ("T p", "p"),
        ("P k", "P k"),
        ("p P? P2?", "pP? P2?"),
        ("k k2", "k k2"),
        ("p p2", "p p2"),
        ("T? T2? k", "T?T2?k"),
    ],
)
def test_connections_at_once_are_kept_apart(read: str, told: str) -> None:
    """Of one user, within a second: a password's logon, a key's token (T) and what sshd says of either (p, k).

    Nothing of a key belongs to a password, nothing that one connection has is taken twice, and a token alone is nobody.
    """
    made = records(a_host(), read.split())
    found = logons(pass_through(made.values()))
    names = {event.ref: name for name, event in made.items()}
    assert {"".join(names[ref] for ref in logon.events) for logon in found} == set(told.split())
    for logon in found:
        methods = {"k": "publickey", "p": "password"}
        said = [methods[names[ref][0]] for ref in logon.events if names[ref][0] in methods]
        assert logon.method == (said[0] if said else None)


@pytest.mark.parametrize("name", ["BASTION-01", "BASTION-01.corp.example"])
def test_of_namesakes_the_hosts_own_is_meant(name: str) -> None:
    """Of the host, where sshd writes no domain, also where the host is called by its whole name."""
    host = a_host()
    namesake = Person("mori", "CORP", "S-1-5-21-1-2-3-1136")
    mine, said = by_ssh(host, 0, key=True)
    other, _ = by_ssh(host, 0.01, key=True, person=namesake)
    (told,) = came(*(replace(event, host=name) for event in (mine, other, said)))
    assert (str(told.user), told.logon_id) == (
        r"BASTION-01\mori",
        hex(int(mine.fields["TargetLogonId"], 16)),
    )


@pytest.mark.parametrize(
    ("door", "person"), [(Door.RUNAS, KATO), (Door.BATCH, KATO), (Door.NETWORK, KATO), (Door.WINRM, KATO)]
)
def test_who_used_credentials_is_named(door: Door, person: Person) -> None:
    """By runas, for a task, over the network: whose account it was is told."""
    host = a_host()
    event = {
        Door.RUNAS: lambda: the(host.runas(NINE, kim(host), person)),
        Door.BATCH: lambda: the(host.batch(NINE, person)),
        Door.NETWORK: lambda: share(host, 0),
        Door.WINRM: lambda: request(host, 0),
    }[door]()
    assert [(logon.door, str(logon.user)) for logon in came(event)] == [(door, r"CORP\kato")]
