"""What is known of one host: when a logon is told, which of several is meant, who is on, and what is forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from linux_scenes import line
from logonbell.event import Event, EventRef
from logonbell.logon import Door, Finding, Logoff, Logon, User
from logonbell.recognise import state
from logonbell.recognise.arrival import EVENTS_LISTED, Arrival, Kind, Sign
from logonbell.recognise.growing import nearest
from logonbell.recognise.present import Present
from logonbell.recognise.recogniser import Recogniser
from logonbell.recognise.state import CLOCK_SET_BACK, QUIET, STRAY, HostLog, HostState, Knock
from logonbell.recognise.windows import SECURITY
from recognising import logons, pass_through
from scenes import HOME, LSM, NINE, after
from tunnel_scenes import ALICE, OF_ALICE, closed, opened, shell

MORI, KIM = User("mori", "CORP", "S-1-5-21-1-2-3-1004"), User("kim", "CORP", "S-1-5-21-1-2-3-1005")
PIA = User("pia.berg@outlook.com", "MicrosoftAccount")
TICK = timedelta(microseconds=1)


@pytest.fixture
def log() -> HostLog:
    """A host of which nothing is known yet."""
    return HostLog(HostState("A"))


def record(number: int = 1, second: float = 0, channel: str = SECURITY) -> Event:
    """A record, so many seconds past nine."""
    return Event(channel, 4624, number, after(second), "A", "", {})


def security(event_id: int, number: int, second: float, **fields: str) -> Event:
    """A record of Security."""
    return Event(SECURITY, event_id, number, after(second), "BASTION-01", "", fields)


def seated(number: int, second: float, logon_id: str, kind: str = "10", **fields: str) -> Event:
    """Somebody sits down by RDP."""
    usual = {
        "TargetUserName": "mori",
        "TargetDomainName": "CORP",
        "LogonType": kind,
        "TargetLogonId": logon_id,
    }
    return security(4624, number, second, **{**usual, **fields})


def came(
    log: HostLog,
    number: int = 1,
    second: float = 0,
    *ids: str,
    user: User = MORI,
    kind: Kind = Kind.SEAT,
    session: int | None = None,
    signs: Sequence[Sign] = (Sign.SEATED,),
) -> Arrival:
    """Let somebody come, as a reader of records does."""
    arrival = log.begin(kind, record(number, second), user=user)
    arrival.signs.update(signs)
    for logon_id in ids:
        arrival.hold_id(logon_id, unlock=False)
    arrival.session = session
    log.changed(arrival, arrival.time)
    return arrival


def told(findings: Sequence[Finding]) -> list[int]:
    """The record of each logon that is told."""
    return [finding.main.record_id for finding in findings if isinstance(finding, Logon)]


def is_told_after(log: HostLog, second: float) -> bool:
    """Tell whether the one logon is told so many seconds past nine, and not before."""
    return told(log.advance(after(second))) == [] and told(log.advance(after(second) + TICK)) == [1]


# --- when a logon is told ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "hurried", "then"),
    [
        (0.3, None, 0.3),
        (12.0, None, 12.0),
        (12.0, 2.0, 2.3),
        (0.3, 0.2, 0.3),
        (None, 2.0, 2.3),
        (12.0, 11.7, 12.0),
    ],
)
def test_a_logon_is_told_when_it_need_not_wait(
    log: HostLog, first: float | None, hurried: float | None, then: float
) -> None:
    """Behind the moment for which it is held; what hurries it never puts it off."""
    hold = None if first is None else timedelta(seconds=first)
    arrival = log.begin(Kind.NETWORK, record(), user=MORI, hold=hold)
    if hurried is not None:
        log.hurry(arrival, after(hurried))
    assert log.due == after(then)
    assert is_told_after(log, then)


@pytest.mark.parametrize(
    ("event", "then"),
    [(record(second=0), 0.3), (replace(line(0, "sshd", "7", ""), record_id=1), 5.3)],
    ids=["windows", "linux"],
)
def test_a_line_of_linux_waits_for_what_comes_by_then(log: HostLog, event: Event, then: float) -> None:
    """It may say no more than the second: what belongs to it comes after the time that the log has reached."""
    log.advance(after(5))
    assert log.begin(Kind.SSH, event, user=MORI).due == after(then)


def test_what_comes_meanwhile_puts_nothing_off(log: HostLog) -> None:
    """A storm of records does not keep a logon from being told; what comes after it is told amends it."""
    arrival = came(log)
    log.joined(arrival, record(2, 0.2))
    assert is_told_after(log, 0.3)
    log.joined(arrival, record(3, 1))
    assert is_told_after(log, 1.3)
    assert log.due is None


def test_the_time_of_a_log_goes_back_by_minutes_only_where_the_clock_was_set(log: HostLog) -> None:
    """Records out of order are of the time that the log has reached; those of a clock that was set back begin a new one."""
    log.advance(NINE)
    log.advance(NINE - CLOCK_SET_BACK)
    assert log.state.now == NINE
    log.advance(NINE - CLOCK_SET_BACK - TICK)
    assert log.state.now == NINE - CLOCK_SET_BACK - TICK
    log.advance(NINE)
    assert log.state.now == NINE


# --- which of several is meant -------------------------------------------------------------------------------------


def test_of_several_the_newest_comes_first(log: HostLog) -> None:
    """By name, by kind, by logon id and by record: what was said last was said of who came last."""
    first, second, other = came(log, 1, 0, "0x1"), came(log, 2, 1, "0x1"), came(log, 3, 2, user=KIM)
    assert list(log.growing.named(Kind.SEAT, MORI)) == [second, first]
    assert list(log.growing.named(Kind.SEAT, User("Mori@corp.example.com"))) == [second, first]
    assert list(log.growing.of_kind(Kind.SEAT, NINE)) == [other, second, first]
    assert list(log.growing.of_kind(Kind.SEAT, after(1))) == [other, second]
    assert list(log.growing.of_kind(Kind.SSH, NINE)) == []
    assert log.growing.with_id("0x1") is second
    first.fold(EventRef(SECURITY, 2, 4624), after(1))
    assert log.growing.made_of(SECURITY, 2) is second
    assert log.growing.made_of(SECURITY, 1) is first
    assert log.growing.made_of(LSM, 3) is None
    assert log.growing.made_of(SECURITY, 4) is None
    second.user = KIM
    assert list(log.growing.named(Kind.SEAT, MORI)) == [first]
    log.changed(second, after(1))
    assert list(log.growing.named(Kind.SEAT, KIM)) == [other, second]
    log.become(second, Kind.WINRM)
    assert (
        list(log.growing.named(Kind.SEAT, KIM)) == list(log.growing.of_kind(Kind.SEAT, after(1))) == [other]
    )
    assert list(log.growing.named(Kind.WINRM, KIM)) == list(log.growing.of_kind(Kind.WINRM, NINE)) == [second]
    log.growing.drop(second)
    assert log.growing.with_id("0x1") is first
    assert log.known_user(KIM.sid or "") == KIM
    assert log.known_user("") is None


def test_an_account_of_two_spellings_is_found_by_when_it_came(log: HostLog) -> None:
    """A Microsoft account has one name in Security and another in LocalSessionManager."""
    first, second, _ = came(log, 1, 0, user=PIA), came(log, 2, 1, user=PIA), came(log, 3, 1)
    assert list(log.growing.spelt_twice(Kind.SEAT, NINE)) == [second, first]
    assert list(log.growing.spelt_twice(Kind.SEAT, after(1))) == [second]
    assert list(log.growing.spelt_twice(Kind.SSH, NINE)) == []
    second.user = MORI
    log.growing.drop(first)
    assert list(log.growing.spelt_twice(Kind.SEAT, NINE)) == []


@pytest.mark.parametrize(
    ("at", "found"),
    [(-3.1, None), (-3, 1), (-0.1, 1), (0.5, 2), (2, 2), (6.1, 2), (6.5, 3), (10, 3), (13, 3), (13.1, None)],
)
def test_the_nearest_is_the_one_that_was_not_over(log: HostLog, at: float, found: int | None) -> None:
    """From its first record to its last one a logon is at hand; of several that are, the one that came last."""
    for number, second, last in ((1, 0, 4), (2, 0.5, 4), (3, 9, 10)):
        log.joined(came(log, number, second), record(10 + number, last))
    at_hand = nearest(log.growing.named(Kind.SEAT, MORI), after(at), timedelta(seconds=3), lambda _: True)
    assert (at_hand.events[0].record_id if at_hand else None) == found


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize(
    ("logon_id", "number", "user", "opened"),
    [
        ("0x1", None, KIM, 1),
        ("0x1", 2, KIM, 1),
        ("", 2, MORI, 2),
        ("0x9", 2, MORI, 2),
        ("", 2, KIM, None),
        ("", 3, MORI, None),
        ("", None, MORI, None),
        ("", 5, KIM, 5),
    ],
)
def test_the_logon_that_opened_a_session(
    log: HostLog, logon_id: str, number: int | None, user: User, opened: int | None, *, kept: bool
) -> None:
    """It is known by a logon id, or by the session's number and user, however long ago that was; of several the last."""
    came(log, 1, 0, "0x1", session=1)
    came(log, 2, 1, "0x2", session=2)
    came(log, 3, 2, "0x3")
    came(log, 4, 3, "0x4", user=KIM, session=5)
    came(log, 5, 4, "0x5", user=KIM, session=5)
    if kept:
        log.advance(after(4) + 2 * QUIET)
        assert not log.growing
    main = log.opened(logon_id, number, user)
    assert (main.record_id if main else None) == opened


@pytest.mark.parametrize("by_id", [False, True])
def test_a_session_that_was_taken_up_again_was_opened_by_its_first_logon(
    log: HostLog, *, by_id: bool
) -> None:
    """Not by the one that came back to it."""
    back = came(log, 7, 0, "0x1", session=4)
    back.resumes = EventRef(SECURITY, 3, 4624)
    assert log.opened("0x1" if by_id else "", None if by_id else 4, MORI) == back.resumes


# --- what was said beforehand --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("beforehand", "own", "joined"),
    [
        (True, None, True),
        (False, None, False),
        (None, True, True),
        (None, False, False),
        (None, None, None),
        (True, False, True),
    ],
)
def test_what_was_said_of_a_logon_before_it_came_is_its_own(
    log: HostLog, beforehand: bool | None, own: bool | None, joined: bool | None
) -> None:
    """Its privileges and groups, by all records that spoke of its id; once."""
    log.stray("0x1", record(1))
    kept = log.stray("0x1", record(2))
    kept.elevated = kept.domain_admin = beforehand
    arrival = came(log, 3)
    arrival.elevated = arrival.domain_admin = own
    log.claim_stray("0x1", arrival)
    assert (arrival.elevated, arrival.domain_admin) == (joined, joined)
    assert [ref.record_id for ref in arrival.events] == [3, 1, 2]
    assert not log.state.strays


def test_what_is_said_of_logons_that_never_come_is_forgotten(
    log: HostLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond a number the oldest, and each in time; no more of their records are listed than of a logon's.

    So are those who knocked for a session.
    """
    monkeypatch.setattr(state, "_STRAYS", 3)
    monkeypatch.setattr(state, "_KNOCKS", 3)
    for number in range(5):
        log.stray(f"0x{number}", record(number, number))
        log.knock(Knock(after(number), MORI, HOME, None))
    log.stray("", record(9, 4))
    assert list(log.state.strays) == ["0x2", "0x3", "0x4"]
    assert [knock.time for knock in log.state.knocks] == [after(2), after(3), after(4)]
    for number in range(EVENTS_LISTED + 5):
        kept = log.stray("0x4", record(10 + number, 4))
    assert len(kept.events) == EVENTS_LISTED
    log.advance(after(3) + STRAY)
    assert list(log.state.strays) == ["0x3", "0x4"]
    assert [knock.time for knock in log.state.knocks] == [after(3), after(4)]


# --- who is on, and who has left -----------------------------------------------------------------------------------


@pytest.mark.parametrize("later", [5, 200])
@pytest.mark.parametrize("lost", [None, 0, 1])
def test_who_is_on_is_known_with_all_that_was_told(later: float, lost: int | None) -> None:
    """Soon after as long after; of records that were lost since, one may be an end, but not that of an SSM session."""
    seat = seated(1, 2, "0x1")
    recogniser = Recogniser()
    for number, event in enumerate((shell(NINE), seat)):
        recogniser.feed(event)
        if number == lost:
            recogniser.lost()
    recogniser.advance(after(later))
    user = User("mori", "CORP")
    assert recogniser.present() == [
        Present("BASTION-01", shell(NINE).ref, NINE, Door.SSM_SHELL, None, OF_ALICE, ALICE, sure=True),
        Present("BASTION-01", seat.ref, after(2), Door.RDP, user, None, None, sure=lost != 1),
    ]


def ends(findings: Sequence[Finding]) -> list[tuple[int, int]]:
    """Each end that is told: the record that tells of it, and the one that opened the session."""
    return [
        (finding.main.record_id, finding.logon.record_id)
        for finding in findings
        if isinstance(finding, Logoff)
    ]


def test_of_two_sessions_with_one_id_the_newest_ends_first() -> None:
    """Windows deals an id anew when it starts; where the log says nothing of its start, both are on."""
    events = [
        seated(1, 0, "0x1"),
        seated(2, 1, "0x1", TargetUserName="kim"),
        seated(3, 200, "0x3", TargetUserName="ito"),
        *(security(4647, number, 210, TargetLogonId="0x1") for number in (4, 5, 6)),
    ]
    recogniser = Recogniser()
    found = [finding for event in events for finding in recogniser.feed(event)]
    assert ends(found) == [(4, 2), (5, 1)]
    assert [session.main.record_id for session in recogniser.present()] == [3]


@pytest.mark.parametrize("told", [(), (6,)], ids=["in Security", "by the agent too"])
@pytest.mark.parametrize("later", [7, 200])
def test_a_shell_of_seconds_ends_once_whoever_tells_of_it(told: tuple[float, ...], later: float) -> None:
    """Its worker's logon is closed so soon that another could follow; the SSM agent may say that it is over, or not."""
    events = [
        shell(NINE, ProcessId="4660"),
        security(
            4624,
            1,
            1,
            TargetUserName="ssm-user",
            TargetLogonId="0x1",
            LogonType="3",
            ProcessId="0x1234",
            ProcessName="C:\\Program Files\\Amazon\\SSM\\ssm-session-worker.exe",
        ),
        security(4634, 2, 5, TargetLogonId="0x1", LogonType="3"),
        *(closed(after(second)) for second in told),
    ]
    recogniser = Recogniser()
    found = [finding for event in events for finding in recogniser.feed(event)]
    found += recogniser.advance(after(later))
    found += recogniser.feed(closed(after(later + 1)))
    found += recogniser.finish()
    assert len(logons(found)) == 1
    assert len(ends(found)) == 1
    assert recogniser.present() == []


def test_a_token_that_was_closed_is_no_session_that_ended() -> None:
    """Made before the key is proven; where sshd never says Accepted, nobody came, and nobody left."""
    token = security(
        4624,
        1,
        0,
        TargetUserName="mori",
        TargetLogonId="0x1",
        LogonType="3",
        ProcessName="C:\\Windows\\System32\\OpenSSH\\sshd.exe",
    )
    assert list(pass_through([token, security(4634, 2, 1, TargetLogonId="0x1", LogonType="3")])) == []


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize(
    ("sessions", "number", "logon_id", "resumed"),
    [
        ([None], None, "", 1),
        ([None], 7, "", 1),
        ([7], None, "", 1),
        ([7], 8, "", None),
        ([7], 8, "0x1", None),
        ([None, None], None, "", None),
        ([None, None], None, "0x2", 2),
        ([None, None], 7, "", None),
        ([7, 8], 8, "", 2),
        ([7, 8], 7, "", 1),
        ([7, 8], None, "0x1", 1),
        ([7, 8], None, "0x2", 2),
        ([7, 8], None, "0x9", None),
        ([7, 7], 7, "", None),
        ([7, 7], 7, "0x1", 1),
        ([7, None], 7, "", 1),
        ([7, None], 7, "0x2", 2),
        ([7, None], 8, "", 2),
        ([7, None], None, "", None),
        ([], 7, "0x1", None),
    ],
)
def test_which_session_was_taken_up_again(
    log: HostLog,
    sessions: Sequence[int | None],
    number: int | None,
    logon_id: str,
    resumed: int | None,
    *,
    kept: bool,
) -> None:
    """By a logon id, else by the session's number, else the only one that it may be; and nobody is on twice."""
    for place, session in enumerate(sessions, 1):
        came(log, place, 0, f"0x{place}", session=session)
    came(log, 9, 0, "0x9", user=KIM, session=7)
    came(log, 10, 0, "0xa", kind=Kind.SSH, signs=[Sign.ACCEPTED])
    came(log, 11, 0, "0xb", kind=Kind.SSM, signs=[])
    came(log, 12, 0, "0xc", kind=Kind.NETWORK)
    come_back = QUIET.total_seconds() * 2 if kept else 2
    log.advance(after(come_back))
    assert bool(log.growing) is not kept
    back = came(log, 20, come_back, "0x20", session=number, signs=[Sign.ATTACHED])
    back.resumed_id = logon_id
    (logon,) = log.advance(after(come_back + 1))
    assert isinstance(logon, Logon)
    assert (logon.resumes and logon.resumes.record_id) == resumed
    assert logon.began == (None if resumed is None else NINE)
    is_new = not [each for each in sessions if None in {each, number} or each == number]
    on = [*range(1, len(sessions) + 1), 9, 10, 11, *([20] if is_new else [])]
    for then in (come_back + 1, come_back + 200):
        log.advance(after(then))
        assert sorted(session.main.record_id for session in log.present()) == on


def test_a_start_of_the_machine_ends_what_was_before_it(log: HostLog) -> None:
    """Each session once, whether it was told or not; what is no session is told without an end."""
    came(log, 1, 0, "0x1")
    log.advance(after(200))
    came(log, 2, 200, "0x2")
    came(log, 3, 200, "0x3", kind=Kind.NETWORK)
    log.advance(after(201))
    came(log, 4, 201.9, "0x4")
    came(log, 5, 201.9, "0x5", kind=Kind.NETWORK)
    came(log, 6, 202, "0x6")
    back = came(log, 7, 201.9, "0x7", signs=[Sign.ATTACHED])
    back.resumed_id = "0x2"
    log.booted(record(9, 202))
    found = log.take()
    assert sorted(told(found)) == [2, 4, 5, 7]
    assert ends(found) == [(9, 2), (9, 4), (9, 1)]
    assert [arrival.events[0].record_id for arrival in log.growing] == [6]
    assert list(log.open) == []


@pytest.mark.parametrize("later", [20, 200])
def test_a_session_through_a_tunnel_ends_as_one(later: float) -> None:
    """Where it came from is known as long as it is open."""
    events = [
        opened(NINE),
        seated(1, 5, "0x1", IpAddress="127.0.0.1"),
        security(4647, 2, later, TargetLogonId="0x1"),
    ]
    recogniser = Recogniser()
    for event in events[:-1]:
        recogniser.feed(event)
    recogniser.advance(after(later - 1))
    assert [session.door for session in recogniser.present()] == [Door.SSM_TUNNEL, Door.RDP_SSM]
    assert [each.door for each in recogniser.feed(events[-1]) if isinstance(each, Logoff)] == [Door.RDP_SSM]


# --- what is forgotten ---------------------------------------------------------------------------------------------


def test_a_logon_grows_until_it_was_quiet_for_a_while(log: HostLog) -> None:
    """Whoever is to be forgotten is looked for every five seconds."""
    came(log)
    last = QUIET.total_seconds()
    assert [
        len(log.growing) for second in (last, last + 4.9, last + 5) if log.advance(after(second)) is not None
    ] == [1, 1, 0]


def test_of_too_many_logons_the_oldest_tenth_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held of it is told first; all others go on growing."""
    monkeypatch.setattr(state, "GROWING", 40)
    log = HostLog(HostState("A"))
    found: list[Finding] = []
    for number in range(1, 41):
        came(log, number)
        found += log.advance(NINE)
    assert told(found) == [1, 2, 3, 4]
    assert [arrival.events[0].record_id for arrival in log.growing] == list(range(5, 41))


def test_a_record_is_known_again_among_the_last_ones() -> None:
    """A log that delivers one twice delivers it soon: the last 128 records are remembered, each with its time."""
    log = HostLog(HostState("A"))
    events = [record(number, number) for number in range(130)]
    assert not any(log.saw(event) for event in events[:128])
    assert all(log.saw(event) for event in events[:128])
    assert not log.saw(events[128])
    assert log.saw(events[1])
    assert not log.saw(events[0])
    assert not log.saw(replace(events[100], time=NINE))
