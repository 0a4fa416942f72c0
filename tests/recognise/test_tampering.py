"""What was done to the host's eyes and doors: by one hand or by two, explained or not, and how much of it is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from logonbell.event import Event
from logonbell.logon import Logoff, Tampering, TamperKind, User
from logonbell.recognise.recogniser import AT_START, Recogniser
from logonbell.simulate.people import SYSTEM, Person
from logonbell.simulate.windows import WindowsHost, in_order
from recognising import final, logons, pass_through, taken
from scenes import HOME, NINE, a_host, after, altered, kim, mori

REMOVED, ADDED = "%%8448", "%%8449"
OTHERS = "S-1-5-32-545"


def told(events: Iterable[Event]) -> list[Tampering]:
    """Give each tampering in its last version."""
    return [finding for finding in final(pass_through(events)) if isinstance(finding, Tampering)]


def audited(host: WindowsHost, second: float, what: str, by: Person, changes: str = REMOVED) -> Event:
    """Audit something otherwise."""
    (event,) = host.audit_changed(after(second), by, what, changes)
    return replace(event, record_id=int(1000 + 10 * second))


def added(host: WindowsHost, second: float, member: Person, by: Person, **changes: str | None) -> Event:
    """Make somebody an administrator whose account was there before."""
    events = altered(host.administrator_made(after(second), member, by, account=False), changes)
    return replace(events[-1], record_id=int(5000 + 1000 * second))


def excepted(host: WindowsHost, second: float, of: Person) -> Event:
    """Audit one user otherwise than the others."""
    event = audited(host, second, "9215", mori(host))
    return replace(event, event_id=4912, fields={**event.fields, "TargetUserSid": of.sid})


# --- one hand ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("second", "what", "about"),
    [
        (0.1, "9216", [("-Logon, -Logoff", 2)]),
        (0.1, "9215", [("-Logon", 2)]),
        (5, "9216", [("-Logon", 1), ("-Logoff", 1)]),
        (60, "9215", [("-Logon", 2)]),
        (60.1, "9215", [("-Logon", 1), ("-Logon", 1)]),
    ],
)
def test_what_one_hand_does_is_one(second: float, what: str, about: list[tuple[str, int]]) -> None:
    """At once, or within a minute the same once more; something else later on is told by itself."""
    host = a_host()
    found = told([audited(host, 0, "9215", mori(host)), audited(host, second, what, mori(host))])
    assert [(one.about, one.folded) for one in found] == about


def test_what_two_hands_do_is_two() -> None:
    """Two administrators who take something away at once are told each by his name, whatever stands between."""
    host = a_host()
    events = [
        audited(host, 0, "9215", mori(host)),
        audited(host, 0.1, "9215", kim(host)),
        audited(host, 0.2, "9216", mori(host)),
        added(host, 0.3, host.local("eve", 1020), mori(host)),
    ]
    assert [(str(one.user), one.kind, one.folded) for one in told(events)] == [
        (r"BASTION-01\mori", TamperKind.AUDIT_CHANGED, 2),
        (r"BASTION-01\kim", TamperKind.AUDIT_CHANGED, 1),
        (r"BASTION-01\mori", TamperKind.NEW_ADMINISTRATOR, 1),
    ]


def test_of_many_only_so_much_is_listed() -> None:
    """Seventy new administrators at once are one finding: all are counted, 64 are named, with their records."""
    host = a_host()
    events = [added(host, n / 1000, host.local(f"m{n}", 2000 + n), mori(host)) for n in range(70)]
    (found,) = told(events)
    assert (found.folded, len(found.events), len(found.about.split(", "))) == (70, 64, 64)


# --- new administrators ------------------------------------------------------------------------------------------------


def test_a_new_administrator_is_known_by_sid() -> None:
    """Where the record names the SID alone, that is told; whoever logs on with it afterwards came by that record."""
    host = a_host()
    made = added(host, 0, kim(host), mori(host))
    (found,) = told([made])
    assert found.about == kim(host).sid
    (came,) = logons(pass_through([made, *host.rdp_logon(after(60), kim(host), HOME)]))
    assert came.promotion is not None
    assert came.promotion.event == made.ref


@pytest.mark.parametrize(
    ("member", "by", "changes", "about"),
    [
        ("kim", "mori", {"MemberName": "CN=kim,DC=LINUX"}, ["CN=kim,DC=LINUX"]),
        ("kim", "SYSTEM", {"MemberName": "kim"}, ["kim"]),
        ("ssm-user", "mori", {"MemberName": "ssm-user"}, ["ssm-user"]),
        ("ssm-user", "SYSTEM", {"MemberName": "ssm-user"}, []),
        ("kim", "mori", {"TargetSid": OTHERS}, []),
    ],
)
def test_who_became_an_administrator(
    member: str, by: str, changes: dict[str, str | None], about: list[str]
) -> None:
    """Anybody, by anybody's hand; only that the SSM agent makes its own ssm-user one is as it should be."""
    host = a_host()
    who = {"kim": kim(host), "ssm-user": host.ssm_user}[member]
    hand = {"mori": mori(host), "SYSTEM": SYSTEM}[by]
    event = added(host, 0, who, hand, **changes)
    assert [one.about for one in told([event])] == about
    words = "the SSM agent made its own ssm-user" if by == "SYSTEM" else None
    words = "a new member of a group that is not the administrators'" if "TargetSid" in changes else words
    assert taken([event]) == ["a new local administrator" if about else words]


# --- what is audited ---------------------------------------------------------------------------------------------------


def test_one_user_who_is_not_audited_rings() -> None:
    """By whose hand, what of whom is no longer recorded; nothing about that is harmless."""
    host = a_host()
    event = excepted(host, 0, kim(host))
    (found,) = told([event])
    assert (found.kind, found.planned) == (TamperKind.AUDIT_CHANGED, False)
    assert (str(found.user), found.about) == (r"BASTION-01\mori", f"Logon ({kim(host).sid})")
    assert taken([event]) == ["the audit policy of one user was changed"]


def test_what_is_missing_is_made_up_by_nothing() -> None:
    """A record that lacks a field is told as one whose field is empty."""
    host = a_host()
    stop = replace(host.log_stopped(after(9))[0], record_id=9000)
    samples: list[tuple[Event, ...]] = [
        (audited(host, 0, "9215", mori(host)),),
        (excepted(host, 0, kim(host)),),
        (added(host, 0, kim(host), mori(host)),),
        (host.ssm_user_enabled(NINE, mori(host))[0],),
        (next(event for event in host.restart(NINE, mori(host)) if event.event_id == 1074), stop),
    ]
    for event, *more in samples:
        for name in event.fields:
            missing = replace(event, fields={key: text for key, text in event.fields.items() if key != name})
            empty = replace(event, fields={**event.fields, name: ""})
            assert told([missing, *more]) == told([empty, *more])


# --- a log that falls silent -------------------------------------------------------------------------------------------


def stopped(host: WindowsHost, second: float = 0, record_id: int = 100) -> Event:
    """Stop the event log."""
    return replace(host.log_stopped(after(second))[0], record_id=record_id)


@pytest.mark.parametrize(
    ("second", "planned"), [(0, True), (9, True), (600, True), (600.1, False), (-0.1, False)]
)
def test_a_shutdown_that_somebody_asked_for(second: float, *, planned: bool) -> None:
    """It explains that the log stops within ten minutes after it: a restart, by that person's word."""
    host = a_host()
    asked = next(event for event in host.restart(NINE, mori(host)) if event.event_id == 1074)
    (found,) = told([asked, stopped(host, second), *host.boot(after(1000))])
    assert (found.kind, found.planned) == (TamperKind.RESTARTED, planned)
    assert found.user == (User("mori", "BASTION-01") if planned else None)
    assert (asked.ref in found.events) is planned


def fed(recogniser: Recogniser, *events: Event) -> list[Tampering]:
    """Feed these; give what is told of tampering at once."""
    return [one for event in events for one in recogniser.feed(event) if isinstance(one, Tampering)]


def heard(recogniser: Recogniser, second: float) -> list[TamperKind]:
    """Let the time go on; give what is told of tampering."""
    return [one.kind for one in recogniser.advance(after(second)) if isinstance(one, Tampering)]


def test_silence_is_told_after_a_minute() -> None:
    """Not sooner, as Windows may be starting; once."""
    recogniser = Recogniser()
    assert fed(recogniser, stopped(a_host())) == []
    assert heard(recogniser, 60) == []
    assert heard(recogniser, 60.1) == [TamperKind.LOG_STOPPED]
    assert heard(recogniser, 300) == []


def restored(recogniser: Recogniser) -> Recogniser:
    """Start the agent anew."""
    return Recogniser.restore(recogniser.snapshot())


def test_a_silence_that_nobody_heard_is_given_time_once_more() -> None:
    """An agent that starts late has not read the log to its end yet; it waits a minute more, once."""
    recogniser = Recogniser()
    fed(recogniser, stopped(a_host()))
    recogniser = restored(recogniser)
    assert heard(recogniser, 100) == []
    again = restored(recogniser)
    assert heard(recogniser, 160) == []
    assert heard(recogniser, 160.1) == [TamperKind.LOG_STOPPED]
    assert heard(again, 200) == [TamperKind.LOG_STOPPED]


def test_a_silence_that_is_not_over_is_given_no_more() -> None:
    """An agent that starts within the minute has heard enough at its end."""
    for start in (30, 60):
        recogniser = Recogniser()
        fed(recogniser, stopped(a_host()))
        recogniser = restored(recogniser)
        assert heard(recogniser, start) == []
        assert heard(recogniser, 60.1) == [TamperKind.LOG_STOPPED]


def test_what_is_no_silence_waits_for_nobody() -> None:
    """Whatever else was held when the agent ended is told when it starts."""
    host, recogniser = a_host(), Recogniser()
    fed(recogniser, audited(host, 0, "9215", mori(host)))
    assert heard(restored(recogniser), 100) == [TamperKind.AUDIT_CHANGED]


@pytest.mark.parametrize(("second", "planned"), [(0.1, True), (60, True), (60.1, False)])
def test_a_log_that_goes_on_for_a_minute_did_not_end_with_a_shutdown(second: float, *, planned: bool) -> None:
    """Where it ends sooner, it may have; that does not ring."""
    host = a_host()
    later = next(event for event in host.rdp_logon(after(second), mori(host), HOME) if event.event_id == 21)
    (found,) = told([stopped(host), replace(later, time=after(second))])
    assert (found.kind, found.planned) == (TamperKind.LOG_STOPPED, planned)


@pytest.mark.parametrize(("records", "one"), [(1, True), (AT_START, True), (AT_START + 1, False)])
def test_a_host_with_a_new_name_is_the_one_that_stopped(records: int, *, one: bool) -> None:
    """Its log goes on within a thousand records; then nobody is on any more under the old name."""
    host = a_host()
    came = in_order(host.console_logon(NINE, kim(host)), first_record_ids={"Security": 50})
    start = next(event for event in host.boot(after(700)) if event.event_id == 4608)
    start = replace(start, host="RENAMED", record_id=100 + records)
    found = list(pass_through([*came, stopped(host, 600), start]))
    assert any(isinstance(finding, Logoff) for finding in found) is one


def test_a_host_that_starts_beside_another_ends_nothing_there() -> None:
    """Of two hosts in one log, that one was tampered with a moment ago does not make the other it under a new name."""
    host = a_host()
    came = in_order(host.console_logon(NINE, kim(host)), first_record_ids={"Security": 50})
    start = next(event for event in host.boot(after(601)) if event.event_id == 4608)
    start = replace(start, host="OTHER", record_id=7010)
    changed = replace(audited(host, 600, "9215", mori(host)), record_id=7000)
    assert not [f for f in pass_through([*came, changed, start]) if isinstance(f, Logoff)]


# --- ssm-user ----------------------------------------------------------------------------------------------------------


def shell(host: WindowsHost, second: float) -> Event:
    """Have the SSM agent's worker log ssm-user on."""
    (event,) = (event for event in host.ssm_shell(after(second - 0.06)) if event.event_id == 4624)
    return replace(event, time=after(second), record_id=8000)


@pytest.mark.parametrize(
    ("by", "second", "kinds"),
    [
        (None, 0.1, []),
        (None, 20, []),
        (None, 20.1, [TamperKind.SSM_USER_ENABLED]),
        ("mori", 0.1, [TamperKind.SSM_USER_ENABLED]),
        ("mori", 5, [TamperKind.SSM_USER_ENABLED]),
    ],
)
def test_a_session_explains_what_the_agent_did(
    by: str | None, second: float, kinds: list[TamperKind]
) -> None:
    """It enables ssm-user at most twenty seconds before a session; that somebody else did is explained by none."""
    host = a_host()
    enabled = host.ssm_user_enabled(NINE, mori(host) if by else None)[0]
    assert [one.kind for one in told([enabled, shell(host, second)])] == kinds


def test_a_session_explains_nothing_else() -> None:
    """What the machine's own account did to the audit policy meanwhile rings all the same."""
    host = a_host()
    found = told([audited(host, 0, "9215", SYSTEM), shell(host, 0.1)])
    assert [one.kind for one in found] == [TamperKind.AUDIT_CHANGED]
