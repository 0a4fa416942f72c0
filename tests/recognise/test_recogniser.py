"""Whose record it is that was read, what the recogniser is called back from, and what it holds meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from logonbell.event import Event
from logonbell.logon import Finding, Logon, Tampering, TamperKind
from logonbell.recognise.past import recognise
from logonbell.recognise.recogniser import EARLIEST, LATEST, Recogniser
from logonbell.recognise.suspicion import SILENCE
from logonbell.recognise.windows import SECURITY
from logonbell.sentence import Sentence
from recognising import logons, pass_through
from scenes import HOME, NINE, SCENES, a_host, after, kim, mori
from tunnel_scenes import shell

AN_HOUR = timedelta(hours=1)


def seated(host: str, record: int, *, time: datetime = NINE, **fields: str) -> Event:
    """Somebody sits down by RDP."""
    usual = {"TargetUserName": f"user{record}", "LogonType": "10", "TargetLogonId": hex(4096 + record)}
    return Event(SECURITY, 4624, record, time, host, "", {**usual, **fields})


def stopped(host: str, record: int) -> Event:
    """A host's event log stops."""
    return Event(SECURITY, 1100, record, after(600), host, "", {})


def started(host: str, record: int) -> Event:
    """Windows starts on a host."""
    return Event(SECURITY, 4608, record, after(660), host, "", {})


def whose(events: Sequence[Event], recogniser: Recogniser | None = None) -> list[str]:
    """Give the host of each logon."""
    return [logon.host for logon in logons(pass_through(events, recogniser))]


def held_to_be(findings: Sequence[Finding]) -> dict[str, list[TamperKind]]:
    """Give what each host is said to have suffered."""
    found: dict[str, list[TamperKind]] = {}
    for finding in findings:
        if isinstance(finding, Tampering):
            found.setdefault(finding.host, []).append(finding.kind)
    return found


def test_a_record_without_a_name_is_of_the_host_that_was_named_last() -> None:
    """Also where the name that was expected beforehand was the right one, and where it was another."""
    events = [seated("A", 1), seated("B", 2), seated("", 3)]
    assert whose(events) == ["A", "B", "B"]
    assert whose(events, Recogniser(own="A")) == ["A", "B", "B"]
    assert whose([seated("A", 1), seated("", 2)]) == ["A", "A"]


def test_what_is_seen_at_the_moment_names_nobody() -> None:
    """The agent's folder is this machine's, whatever its logs call that."""
    here = replace(shell(after(1)), host="I-0123")
    assert whose([seated("A", 1), here, seated("", 2)]) == ["A", "A", "I-0123"]


def test_a_second_host_of_nearly_the_same_name_is_kept_apart() -> None:
    """Once a log has named its host, a longer name is another host's log."""
    short, full, third = seated("BASTION-01", 1), seated("BASTION-01.other", 2), seated("BASTION-01.third", 3)
    for own in ("", "BASTION-01", "BASTION-01.elsewhere"):
        assert whose([short, full, third], Recogniser(own=own)) == [short.host, full.host, third.host]


@pytest.mark.parametrize(
    ("record", "before"), [(11, "renamed"), (1_010, "renamed"), (1_011, "stopped"), (10, "stopped"), (9, "stopped")]
)  # fmt: skip
def test_a_start_of_a_new_name_right_behind_a_stop_is_a_renamed_host(record: int, before: str) -> None:
    """The record ids go on: what starts before the stop, or far behind it, is another host."""
    found = held_to_be(
        recognise(
            [
                seated("OLD", 9),
                stopped("OLD", 10),
                started("NEW", record),
                seated("NEW", record + 1, time=after(2_000)),
            ]
        )
    )
    kind = TamperKind.RESTARTED if before == "renamed" else TamperKind.LOG_STOPPED
    assert found == {"OLD": [kind]}


def test_a_log_that_went_on_after_its_stop_was_not_renamed() -> None:
    """Its next record is there under the old name, so that who starts with the same number is another host."""
    events = [
        stopped("OLD", 10),
        seated("OLD", 12, time=after(655)),
        started("NEW", 12),
        seated("OLD", 13, time=after(2_000)),
    ]
    assert held_to_be(recognise(events)) == {"OLD": [TamperKind.LOG_STOPPED]}


def test_of_several_hosts_that_stopped_the_nearest_was_renamed() -> None:
    """Where one log holds several hosts, each start ends one silence, and that of the host whose records it continues."""
    events = [
        *(seated(name, record) for name, record in (("FAR", 4), ("NEAR", 9), ("ON", 19))),
        *(stopped(name, record) for name, record in (("NEAR", 10), ("FAR", 5))),
        started("NEW", 12),
        seated("ON", 20, time=after(2_000)),
        seated("FAR", 40, time=after(2_000)),
    ]
    assert held_to_be(recognise(events)) == {"NEAR": [TamperKind.RESTARTED], "FAR": [TamperKind.LOG_STOPPED]}


@pytest.mark.parametrize(
    ("dated", "taken"),
    [
        (datetime(1601, 1, 1, tzinfo=UTC), EARLIEST),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), LATEST),
        (NINE, NINE),
    ],
)
def test_a_date_of_a_broken_clock_stops_nothing(dated: datetime, taken: datetime) -> None:
    """Who came is told, at the border of what can be reckoned with."""
    (logon,) = logons(pass_through([seated("A", 1, time=dated)]))
    assert logon.time == taken


def test_a_record_that_a_log_delivers_twice_is_said_to_be_so() -> None:
    """Whoever asks what a record was taken for hears why it changed nothing."""
    heard: list[Sentence] = []
    recogniser = Recogniser(lambda _, taken: heard.append(taken))
    for _ in range(2):
        recogniser.feed(seated("A", 1))
    assert [str(taken) for taken in heard][1:] == ["this record was read before"]


def test_a_past_tells_how_long_each_stayed() -> None:
    """A logon whose end is in the log carries it; one that is still on has none."""
    host = a_host()
    events = [
        *host.console_logon(NINE, mori(host)),
        *host.logoff(after(300), mori(host)),
        *host.console_logon(after(400), kim(host)),
    ]
    came = [finding for finding in recognise(events) if isinstance(finding, Logon)]
    first, second = (logon.ended for logon in came)
    assert first is not None
    assert abs(first - after(300)) < timedelta(seconds=5)
    assert second is None


def told_to_be_open(events: Sequence[Event], then: Callable[[Recogniser], object]) -> list[tuple[str, bool]]:
    """Give who is on, oldest first, and whether that is sure."""
    recogniser = Recogniser()
    for event in events:
        recogniser.feed(event)
    recogniser.advance(after(5))
    then(recogniser)
    return [(str(session.user), session.sure) for session in recogniser.present()]


def test_who_is_on_is_listed_in_the_order_in_which_they_came() -> None:
    """Whatever the order in which their records were read; after records were lost, it is no longer sure."""
    came = [
        seated("A", 1, time=after(1), TargetUserName="late"),
        seated("A", 2, TargetUserName="early"),
    ]
    assert told_to_be_open(came, lambda _: None) == [("early", True), ("late", True)]
    assert told_to_be_open(came, Recogniser.lost) == [("early", False), ("late", False)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not a snapshot: .+"),
        ('{"version": 1}', "not a snapshot: .+"),
        (None, "a snapshot of version 1, not 10"),
    ],
)
def test_a_snapshot_that_cannot_be_read_says_why(text: str | None, why: str) -> None:
    """Reading goes back to an older bookmark then, and the log says what for."""
    kept = text or Recogniser().snapshot().replace('"version":10', '"version":1')
    with pytest.raises(ValueError, match=f"^{why}$"):
        Recogniser.restore(kept)


@pytest.mark.parametrize("host", ["A", "B"])
def test_who_counts_as_an_admin_counts_after_a_restart(host: str) -> None:
    """For hosts that were known before, and for new ones."""
    admins = frozenset({"S-1-5-21-1-2-3-1200"})
    before = Recogniser(admins=admins)
    before.feed(seated("A", 1))
    after_it = Recogniser.restore(before.snapshot(), admins=admins)
    came = [
        seated(host, 2, TargetLogonId="0x9999"),
        Event(
            SECURITY,
            4627,
            3,
            NINE,
            host,
            "",
            {"TargetLogonId": "0x9999", "GroupMembership": "%{S-1-5-21-1-2-3-1200}"},
        ),
    ]
    (logon,) = [logon for logon in logons(pass_through(came, after_it)) if logon.main.record_id == 2]
    assert logon.domain_admin is True


def test_a_silence_through_which_nobody_listened_is_given_time_once_more() -> None:
    """An agent that starts again finds the log stopped an hour ago: the record that explains it may come at once."""
    recogniser = Recogniser()
    for event in (seated("A", 9), stopped("A", 10)):
        recogniser.feed(event)
    again = Recogniser.restore(recogniser.snapshot())
    begun = after(600) + AN_HOUR
    assert held_to_be(again.advance(begun)) == {}
    assert held_to_be(again.advance(begun + SILENCE)) == {}
    assert held_to_be(again.advance(begun + 2 * SILENCE)) == {"A": [TamperKind.LOG_STOPPED]}


@pytest.mark.parametrize("restarted", [False, True])
def test_a_silence_to_which_somebody_listened_is_told(*, restarted: bool) -> None:
    """Also by an agent that started before the log was stopped: what came before it started was given time then."""
    recogniser = Recogniser()
    recogniser.feed(seated("A", 9))
    if restarted:
        recogniser = Recogniser.restore(recogniser.snapshot())
    recogniser.advance(after(300))
    recogniser.feed(stopped("A", 10))
    assert held_to_be(recogniser.advance(after(600) + SILENCE + timedelta(seconds=1))) == {
        "A": [TamperKind.LOG_STOPPED]
    }


def test_a_renamed_host_is_told_to_its_end_under_its_old_name() -> None:
    """Whoever was on when it restarted is off; what was held is told."""
    found = recognise(SCENES["tampering-host-renamed"].events)
    assert held_to_be(found) == {"BASTION-01": [TamperKind.RESTARTED]}
    came = [finding for finding in found if isinstance(finding, Logon)]
    assert [(logon.host, logon.ended is not None) for logon in came] == [
        ("BASTION-01", True),
        ("BASTION-TOKYO", False),
    ]
    assert came[1].address == HOME
