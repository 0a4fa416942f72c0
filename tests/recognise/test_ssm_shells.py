"""What the SSM agent tells, to the second: whose Windows logon a shell's is, when a session is over, who watched."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta

import pytest

from logonbell.event import Event
from logonbell.logon import Door, Finding, Logoff, Logon, Notice, NoticeKind, System, Tampering, User
from logonbell.recognise.recogniser import Recogniser
from logonbell.recognise.session import Told
from logonbell.recognise.tunnels import in_utc
from recognising import final, logons, pass_through, taken
from scenes import HOME, NINE, a_host, after, altered, mori
from tunnel_scenes import ALICE, BOB, OF_ALICE, OF_BOB, OWN, closed, opened, shell, told, watched

LOOP = "127.0.0.1"
BY_WORKER = "its worker made the Windows logon"
TOLD = "the SSM agent told of it"
THE_ONLY = "the only SSM shell that had just been opened when the worker made the Windows logon"
BELONGS = "the logon of an SSM shell: belongs to its session"


def as_read(events: Iterable[Event]) -> list[Event]:
    """Number Windows' records in the order in which they are read, whatever their times."""
    last = Counter[str]()
    numbered = []
    for event in events:
        last[event.channel] += 1
        is_agents = event.channel == "amazon-ssm-agent"
        numbered.append(event if is_agents else replace(event, record_id=last[event.channel]))
    return numbered


def found(*events: Event) -> list[Finding]:
    """Read these in this order, up to the end of the log: each finding in its last version."""
    return final(pass_through(as_read(events)))


def came(*events: Event) -> list[Logon]:
    """Give who came."""
    return logons(found(*events))


def worker(second: float, pid: int = 4321, **fields: str) -> Event:
    """Let a session worker log ssm-user on."""
    (event,) = (event for event in a_host().ssm_shell(after(second)) if event.event_id == 4624)
    logon_id = hex(0x50000 + 16 * round(second * 10) + pid)
    changes = {"ProcessId": hex(pid), "TargetLogonId": logon_id, **fields}
    return replace(altered([event], changes)[0], time=after(second))


def enabled(second: float) -> Event:
    """Let the agent enable ssm-user."""
    return replace(a_host().ssm_user_enabled(after(second))[0], time=after(second))


def rdp(second: float, address: str = LOOP) -> Event:
    """Come by RDP."""
    host = a_host()
    seats = host.rdp_logon(after(second), mori(host), address, nla=False)
    seat = next(event for event in seats if event.fields.get("LogonType") == "10")
    return replace(seat, time=after(second))


def matches(*events: Event) -> list[tuple[str | None, str]]:
    """Give the SSM session of each logon, and how it is known."""
    return [(logon.ssm_session, str(logon.ssm_match)) for logon in came(*events)]


# --- what is opened ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "door", "words"),
    [
        (shell(NINE, Plugin="InteractiveCommands"), Door.SSM_SHELL, "an SSM shell was opened"),
        (shell(NINE, Elevated="true"), Door.SSM_SHELL_ELEVATED, "an SSM shell was opened"),
        (opened(NINE), Door.SSM_TUNNEL, "an SSM tunnel was opened"),
        (opened(NINE, DocumentType="SendCommand"), Door.RUN_COMMAND, "Run Command: no logon"),
        (shell(NINE, DocumentType=""), Door.SSM_SHELL, "an SSM shell was opened"),
    ],
)
def test_what_is_opened_is_told_at_once(event: Event, door: Door, words: str) -> None:
    """By its own door, with the principal, under the session's id; nobody is named who is not known."""
    (logon,) = came(event)
    assert (logon.door, logon.user, logon.principal, logon.ssm_session) == (door, None, ALICE, OF_ALICE)
    assert logon.elevated is (True if door is Door.SSM_SHELL_ELEVATED else None)
    assert (str(logon.ssm_match), logon.time, taken([event])) == (TOLD, NINE, [words])


def test_a_session_is_told_once() -> None:
    """Read anew, as from the agent's own log, it is the same; one without an id is none."""
    again, nameless = shell(after(2)), told(after(3), Told.OPENED, "", Plugin="Port")
    assert [logon.time for logon in came(shell(NINE), again, nameless)] == [NINE]
    assert taken([shell(NINE), again, nameless])[1:] == [
        "an SSM session that is known already",
        "an SSM session without an id",
    ]
    assert taken([replace(nameless, fields={})]) == ["an SSM session without an id"]


@pytest.mark.parametrize(
    ("fields", "user", "uid", "elevated"),
    [
        ({"Platform": "linux"}, User("ssm-user"), None, None),
        ({"Platform": "linux", "RunAsUser": "deploy"}, User("deploy"), None, None),
        ({"Platform": "linux", "RunAsUser": "deploy", "Elevated": "true"}, User("root"), 0, True),
        ({"Platform": "windows", "RunAsUser": "deploy"}, User("deploy"), None, None),
        ({"Platform": "windows", "Elevated": "true"}, None, None, True),
        ({"Platform": "windows"}, None, None, None),
        ({}, None, None, None),
    ],
)
def test_whom_a_shell_runs_as(
    fields: dict[str, str], user: User | None, uid: int | None, *, elevated: bool | None
) -> None:
    """On Linux no other record says so; on Windows the worker's logon does, where it makes one."""
    event = shell(NINE)
    bare = {name: value for name, value in event.fields.items() if name not in {"RunAsUser", "Elevated"}}
    (logon,) = came(replace(event, fields={**bare, **fields}))
    assert (logon.user, logon.uid, logon.elevated) == (user, uid, elevated)
    assert logon.system is (System.LINUX if fields.get("Platform") == "linux" else System.WINDOWS)


# --- a shell and the logon that its worker makes -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("second", "pid", "known"),
    [
        (0, 4321, [(OF_ALICE, BY_WORKER)]),
        (15, 4321, [(OF_ALICE, BY_WORKER)]),
        (-15, 4321, [(OF_ALICE, BY_WORKER)]),
        (-4.9, 4321, [(OF_ALICE, BY_WORKER)]),
        (15.1, 4321, [(None, "None"), (OF_ALICE, TOLD)]),
        (-15.1, 4321, [(OF_ALICE, TOLD), (None, "None")]),
        (0, 8, [(OF_ALICE, THE_ONLY)]),
        (15, 8, [(OF_ALICE, THE_ONLY)]),
        (15.1, 8, [(None, "None"), (OF_ALICE, TOLD)]),
        (-15.1, 8, [(OF_ALICE, TOLD), (None, "None")]),
    ],
)
def test_a_shell_that_is_read_behind_its_logon(
    second: float, pid: int, known: list[tuple[str | None, str]]
) -> None:
    """The worker logs its user on within fifteen seconds: of a shell that is told only then it is the logon."""
    assert matches(worker(20, pid), shell(after(20 + second))) == known


@pytest.mark.parametrize("pid", ["4321", ""])
def test_of_several_logons_a_shell_takes_its_workers(pid: str) -> None:
    """By the process id; where that is not known it is the first that came, and one of so many."""
    first, second = worker(20, 8), worker(21, 4321)
    mine = second if pid else first
    told_of = came(first, second, shell(after(22), ProcessId=pid))
    match = BY_WORKER if pid else THE_ONLY.replace("the only SSM shell", "one of 2 SSM shells")
    match = match.replace("when the worker", "when a worker")
    assert {(logon.time, logon.ssm_session, str(logon.ssm_match)) for logon in told_of} == {
        (mine.time, OF_ALICE, match),
        (({after(20), after(21)} - {mine.time}).pop(), None, "None"),
    }


def test_two_shells_do_not_take_one_logon() -> None:
    """The second is a shell of its own, whatever comes later."""
    assert matches(worker(20, 8), shell(after(21)), shell(after(22), OF_BOB, BOB)) == [
        (OF_ALICE, THE_ONLY),
        (OF_BOB, TOLD),
    ]


@pytest.mark.parametrize(
    ("pid", "known"), [("8", [(OF_ALICE, BY_WORKER)]), ("9", [(None, "None"), (OF_ALICE, TOLD)])]
)
def test_a_shell_as_system_takes_no_logon_but_its_workers(
    pid: str, known: list[tuple[str | None, str]]
) -> None:
    """It makes none as a rule: what another worker did just before is another shell's."""
    assert matches(worker(20, 8), shell(after(21), Elevated="true", ProcessId=pid)) == known


@pytest.mark.parametrize(
    ("second", "known"),
    [
        (-0.1, [(None, "None"), (OF_ALICE, TOLD)]),
        (0, [(OF_ALICE, THE_ONLY)]),
        (15, [(OF_ALICE, THE_ONLY)]),
        (15.1, [(OF_ALICE, TOLD), (None, "None")]),
    ],
)
def test_a_logon_whose_worker_nobody_knows(second: float, known: list[tuple[str | None, str]]) -> None:
    """It is that of the shell that was opened at most fifteen seconds before it."""
    assert matches(shell(after(20), ProcessId=""), worker(20 + second, 8)) == known


def test_of_several_shells_a_logon_is_the_firsts() -> None:
    """The first come that has no logon yet; it is one of so many. The next logon is the next shell's."""
    shells = [shell(after(20), ProcessId=""), shell(after(21), OF_BOB, BOB, ProcessId="")]
    one_of_two = "one of 2 SSM shells that had just been opened when a worker made the Windows logon"
    assert matches(*shells, worker(22, 8)) == [(OF_ALICE, one_of_two), (OF_BOB, TOLD)]
    both = came(*shells, worker(22, 8), worker(23, 9))
    assert [(logon.ssm_session, str(logon.ssm_match)) for logon in both] == [
        (OF_ALICE, one_of_two),
        (OF_BOB, THE_ONLY),
    ]
    assert [len(logon.events) for logon in both] == [2, 2]


def test_a_shell_that_is_over_takes_no_logon() -> None:
    """Nor does one as SYSTEM: who is logged on then is told as a shell of its own."""
    over = [shell(after(20), ProcessId=""), closed(after(21))]
    assert matches(*over, worker(22, 8)) == [(OF_ALICE, TOLD), (None, "None")]
    elevated = shell(after(20), Elevated="true", ProcessId="")
    assert matches(elevated, worker(22, 8)) == [(OF_ALICE, TOLD), (None, "None")]


def test_a_logon_names_the_worker_of_its_shell() -> None:
    """Where the agent did not note the process id, the next logon of that process is the same shell's."""
    events = [shell(after(20), ProcessId=""), shell(after(20.5), OF_BOB, BOB, ProcessId="")]
    events += [worker(21, 8), worker(22, 8)]
    assert [(logon.ssm_session, len(logon.events)) for logon in came(*events)] == [(OF_ALICE, 3), (OF_BOB, 1)]


def test_a_shell_that_is_read_between_its_two_logons_is_one() -> None:
    """The agent does not say which process its worker is; the first logon does, and the second is of the same."""
    events = [worker(20, 8), shell(after(20.5), ProcessId=""), worker(21, 8)]
    assert matches(*events) == [(OF_ALICE, THE_ONLY)]
    assert len(came(*events)[0].events) == 3


@pytest.mark.parametrize(
    ("second", "pid", "count"), [(0.004, 8, 1), (5, 8, 1), (5.1, 8, 2), (0.004, 9, 2), (-1, 8, 1)]
)
def test_a_worker_that_streams_logs_on_twice(second: float, pid: int, count: int) -> None:
    """The same process within five seconds is the same shell; a number is dealt anew as soon as it is free."""
    events = [worker(20, 8), worker(20 + second, pid)]
    assert len(came(*events)) == count
    words = taken(as_read(events))
    assert words[0] == "the SSM agent's session worker logged a user on"
    twice = "the same worker's second logon (it streams the session's log): the same logon"
    assert words[1] == (twice if count == 1 else words[0])


def test_a_worker_whose_number_is_not_told_is_no_other() -> None:
    """Two logons of which nothing says that they are of one process are two."""
    events = [worker(20, ProcessId=""), worker(21, ProcessId="")]
    assert len(came(*events)) == 2


def test_a_worker_that_was_logged_off_at_once_has_another_shell() -> None:
    """The end of its logon frees its number."""
    host = a_host()
    first, *_ = (event for event in host.ssm_shell(after(20)) if event.event_id == 4624)
    ends = [event for event in host.ssm_shell_end(after(34)) if event.event_id == 4634]
    again = replace(first, time=after(34.5), fields={**first.fields, "TargetLogonId": "0x99999"})
    late = replace(first, time=after(33), fields={**first.fields, "TargetLogonId": "0x77777"})
    assert len(came(first, late, *ends)) == 2
    assert len(came(first, *ends, again)) == 2


@pytest.mark.parametrize("pid", ["0x10e1", "4321"])
def test_the_logon_of_a_shell_by_its_worker(pid: str) -> None:
    """By the process id, in either spelling, whatever else the record says; the second logon is the same one's."""
    first = worker(31, ProcessId=pid, ProcessName="C:\\else.exe", LogonType="2")
    again = worker(31.2)
    events = [shell(after(10)), shell(after(10.5), OF_BOB, BOB, ProcessId="8"), first, again]
    assert matches(*events) == [(OF_ALICE, BY_WORKER), (OF_BOB, TOLD)]
    alice, bob = came(*events)
    assert (len(alice.events), len(bob.events), str(alice.user)) == (3, 1, r"BASTION-01\ssm-user")
    assert taken(as_read(events))[2:] == [
        BELONGS,
        "the same worker's second logon (it streams the session's log): the same logon",
    ]


def test_a_late_logon_of_an_open_shell_is_nobody_new() -> None:
    """The worker of a session that was told long ago logs its user on once more: nobody rings for it."""
    events = [shell(after(10)), shell(after(1000), OF_BOB, BOB, ProcessId="8"), worker(1001)]
    assert [logon.ssm_session for logon in came(*events)] == [OF_ALICE, OF_BOB]
    assert [len(logon.events) for logon in came(*events)] == [1, 1]
    assert taken(as_read(events))[2] == "a further logon of an SSM session that is open"


@pytest.mark.parametrize("plugin", ["Port", "aws:runPowerShellScript"])
def test_the_worker_of_what_is_no_shell_makes_no_shell(plugin: str) -> None:
    """A logon by a process that has a tunnel's number is told for itself."""
    events = [opened(after(10), Plugin=plugin), worker(11, ProcessName="C:\\else.exe", LogonType="2")]
    assert {logon.door for logon in came(*events)} >= {Door.RUNAS}


# --- what the agent does for a shell -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "session",
    [
        lambda at: [shell(after(at))],
        lambda at: [shell(after(at), Elevated="true")],
        lambda at: [worker(at)],
    ],
)
@pytest.mark.parametrize(("second", "told_of"), [(0, False), (20, False), (20.1, True)])
def test_a_session_explains_that_ssm_user_was_enabled(
    session: Callable[[float], list[Event]], second: float, *, told_of: bool
) -> None:
    """The agent enables it for each session, within twenty seconds; where none follows, it is told."""
    events = found(enabled(100), *session(100 + second))
    assert bool([event for event in events if isinstance(event, Tampering)]) is told_of


def test_a_logon_of_an_old_session_explains_that_ssm_user_was_enabled() -> None:
    """The worker that needs it is the session's, which was opened long before."""
    events = found(shell(after(10)), enabled(50), worker(51))
    assert not [event for event in events if isinstance(event, Tampering)]
    alone = found(shell(after(10)), enabled(50), closed(after(51)))
    assert [event for event in alone if isinstance(event, Tampering)]


# --- the end -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("second", [30, 900])
def test_a_session_ends_where_the_agent_says_so(second: float) -> None:
    """That one, soon after it began and long after, and no other; its end is told once."""
    both = [shell(after(10)), opened(after(11), OF_BOB, BOB)]
    end = closed(after(second), OF_BOB)
    events = found(*both, end, closed(after(second + 1), OF_BOB))
    (left,) = (event for event in events if isinstance(event, Logoff))
    assert (left.door, left.began, left.time) == (Door.SSM_TUNNEL, after(11), after(second))
    recogniser = Recogniser()
    words: list[str] = taken([*both, end, closed(after(second + 1), OF_BOB)])
    assert words[2] == "the SSM session was closed"
    for event in [*both, end]:
        recogniser.feed(event)
    assert [present.ssm_session for present in recogniser.present()] == [OF_ALICE]


@pytest.mark.parametrize("second", [30, 900])
def test_the_end_of_what_was_not_followed(second: float) -> None:
    """Of a session that nobody saw begin, or that has no id, nobody's stay ends."""
    unknown = [closed(after(second), OF_BOB), told(after(second + 1), Told.CLOSED)]
    events = found(shell(after(10)), rdp(11, HOME), *unknown)
    assert not [event for event in events if isinstance(event, Logoff)]
    words = taken([shell(after(10)), rdp(11, HOME), *unknown])
    assert words[2:] == ["the end of something that was not followed"] * 2


def test_a_tunnel_is_over_when_it_was_first_said_to_be() -> None:
    """Who comes by RDP from this host itself after that came through none, though its end be read once more."""
    events = [watched(), opened(after(10)), closed(after(100)), closed(after(200)), rdp(150)]
    assert [logon.door for logon in came(*events)] == [Door.SSM_TUNNEL, Door.RDP_LOOPBACK]
    assert [logon.door for logon in came(*events[:2], rdp(150))] == [Door.SSM_TUNNEL, Door.RDP_SSM]


# --- who watched, and what was seen --------------------------------------------------------------------------------


def unwatched(second: float) -> Event:
    """Nobody watched for a minute."""
    event = told(after(second), Told.UNWATCHED, Since=after(second - 60).isoformat())
    return replace(event, record_id=round(second))


@pytest.mark.parametrize(
    ("events", "second", "observed"),
    [
        ([], 60, False),
        ([watched(NINE)], 60, True),
        ([watched(after(60))], 60, True),
        ([watched(after(61))], 60, False),
        ([watched(NINE), watched(after(70))], 60, True),
        ([watched(NINE), unwatched(70)], 60, False),
        ([watched(NINE), unwatched(50)], 60, True),
    ],
)
def test_who_comes_is_observed_from_when_it_is_watched(
    events: list[Event], second: float, *, observed: bool
) -> None:
    """From the first word of it on, until nobody watched for a while: then anew."""
    (logon,) = came(*events, rdp(second))
    assert logon.ssm_observed is observed
    said = taken(events)
    watching = "from here on the SSM sessions of this host are known"
    blind = "nobody watched the SSM sessions before this"
    assert said == [watching if event.event_id == Told.WATCHED else blind for event in events]


def blind(*seconds: float) -> list[float]:
    """Give the seconds at which it is told that nobody watched."""
    events = [replace(unwatched(second), record_id=number) for number, second in enumerate(seconds)]
    notices = pass_through(events)
    return [(notice.time - NINE).total_seconds() for notice in notices if isinstance(notice, Notice)]


DAY = 86_400.0


@pytest.mark.parametrize(
    ("seconds", "told_of"),
    [
        ((100, 200, 300, 400, 500), (100, 200, 300, 400, 500)),
        ((100, 200, 300, 400, 500, 600, 700), (100, 200, 300, 400, 500)),
        ((100, 200, 300, 400, 500, 100 + DAY - 1), (100, 200, 300, 400, 500)),
        ((100, 200, 300, 400, 500, 100 + DAY, 150 + DAY), (100, 200, 300, 400, 500, 100 + DAY)),
        ((100, 200, 300, 400, 500, 90), (100, 200, 300, 400, 500, 90)),
        ((500, 500, 500, 500, 500, 500), (500, 500, 500, 500, 500)),
    ],
)
def test_blindness_is_told_five_times_a_day(seconds: tuple[float, ...], told_of: tuple[float, ...]) -> None:
    """An agent that looks now and then is blind in between each time; what a wrong clock dated ahead does not count."""
    assert blind(*seconds) == list(told_of)


def test_blindness_is_told_with_its_interval() -> None:
    """Since when and until when, in UTC, and on which host."""
    (notice,) = found(unwatched(3600))
    assert isinstance(notice, Notice)
    assert (notice.kind, notice.host, notice.time, notice.main.event_id) == (
        NoticeKind.UNWATCHED,
        "BASTION-01",
        after(3600),
        Told.UNWATCHED,
    )
    interval = "from 2026-05-04 09:59:00 to 2026-05-04 10:00:00 UTC"
    assert str(notice.what) == f"SSM sessions on BASTION-01 not watched {interval}"
    (open_ended,) = found(told(after(3600), Told.UNWATCHED))
    assert isinstance(open_ended, Notice)
    assert str(open_ended.what) == "SSM sessions on BASTION-01 not watched from  to 2026-05-04 10:00:00 UTC"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-05-04T18:00:00+09:00", "2026-05-04 09:00:00"),
        ("2026-05-04T09:00:00.9+00:00", "2026-05-04 09:00:00"),
        ("yesterday", "yesterday"),
        ("0001-01-01T00:00:00+09:00", "0001-01-01T00:00:00+09:00"),
        ("", ""),
    ],
)
def test_a_time_that_is_told_stands_in_utc(text: str, written: str) -> None:
    """As it was written where it is none, or none that there is in UTC."""
    assert in_utc(text) == written


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of this machine cannot be set")
def test_a_time_that_is_told_does_not_depend_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """In Tokyo it stands in UTC all the same."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert in_utc("2026-05-04T18:00:00+09:00") == "2026-05-04 09:00:00"
    finally:
        monkeypatch.undo()
        time.tzset()


def seen(second: float, record: str = "1", channel: str = "Security", **fields: str) -> Event:
    """See whose worker holds the connection of a logon."""
    event = told(after(second), Told.OWNER, LogonChannel=channel, LogonRecordId=record)
    return replace(event, fields={**event.fields, **fields})


@pytest.mark.parametrize("second", [60.1, 100])
@pytest.mark.parametrize(
    ("fields", "door", "session"),
    [
        ({"SessionId": OF_BOB}, Door.RDP_SSM, OF_BOB),
        ({"SessionId": ""}, Door.RDP_LOOPBACK, None),
        ({}, Door.RDP_LOOPBACK, None),
    ],
)
def test_who_holds_the_connection_is_told_of_its_logon(
    second: float, fields: dict[str, str], door: Door, session: str | None
) -> None:
    """Also where the logon was told before: then it is told anew."""
    events = [opened(after(10)), opened(after(20), OF_BOB, BOB), rdp(60), seen(second, **fields)]
    recogniser = Recogniser()
    findings = [finding for event in as_read(events) for finding in recogniser.feed(event)]
    findings += recogniser.advance(after(second) + timedelta(seconds=1))
    *_, logon = (each for each in findings if isinstance(each, Logon) and each.time == after(60))
    assert (logon.door, logon.ssm_session) == (door, session)
    assert taken(as_read(events))[3] == "who holds the connection of a logon: belongs to it"


@pytest.mark.parametrize(
    "event",
    [
        seen(61, "2", SessionId=OF_BOB),
        seen(61, "x", SessionId=OF_BOB),
        seen(61, "1", "OpenSSH/Operational", SessionId=OF_BOB),
        told(after(61), Told.OWNER),
    ],
)
def test_who_holds_another_connection_is_nobody(event: Event) -> None:
    """What is seen belongs to the logon of that record alone."""
    events = as_read([opened(after(10)), rdp(60), event])
    assert matches(*events)[1] == (OF_ALICE, "the only SSM session that forwards port 3389")
    assert taken(events)[2] == "who holds a connection by which nobody came"


@pytest.mark.parametrize(("place", "is_own"), [(0, True), (255, True), (256, False)])
def test_the_hosts_own_addresses(place: int, *, is_own: bool) -> None:
    """Of those that were seen 256 count: who comes by RDP from one of them came from this host itself."""
    addresses = [f"10.1.{number // 250}.{1 + number % 250}" for number in range(300)]
    addresses[place] = OWN
    event = told(after(1), Told.ADDRESSES, Addresses=" ".join(addresses))
    (logon,) = came(event, rdp(60, OWN))
    assert logon.door is (Door.RDP_LOOPBACK if is_own else Door.RDP)
    assert taken([event]) == ["this host's own addresses"]


def test_addresses_that_are_not_told_are_none() -> None:
    """What is seen last counts: a host that has none has none."""
    events = [told(after(1), Told.ADDRESSES, Addresses=OWN), told(after(2), Told.ADDRESSES)]
    (logon,) = came(*events, rdp(60, OWN))
    assert logon.door is Door.RDP
