"""What Sigma rules say of a logon goes into its alert; what they say of other events is an alert of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from fakes import NOON, FakeClock, FakeNotifier, FakeSource, Told
from findings import ALICE, AT_FIVE, logon
from logonbell.agent import Watcher
from logonbell.alert import Level
from logonbell.event import Event, EventRef
from logonbell.filter import Filter
from logonbell.judge import Clock, Judge, judge_past
from logonbell.logon import Door, Logon, Selected, User
from logonbell.rule import SILENT_DOORS, Rules, alert_for
from logonbell.rulebook.compiling import compile_documents
from logonbell.rulebook.document import parse_documents
from logonbell.rulebook.patterns import linear
from logonbell.rulebook.shelf import chosen, shipped
from logonbell.sigma.detect import Detector
from logonbell.sigma.fields import Hours
from logonbell.silence import Allowance, Cover, silencing
from logonbell.store.outbox import Outbox

TOKYO = ZoneInfo("Asia/Tokyo")
WORK = Hours(frozenset(range(5)), time(8), time(17))
ALICE_CAME = """\
title: Alice {came}
name: alice
id: 11111111-1111-4111-8111-111111111111
author: nobody
logsource: {product: logonbell, category: logon}
detection: {selection: {User: ALICE}, condition: selection}
level: high
"""
GUESSES = """\
title: A wrong password
name: wrong
logsource: {product: windows, service: security}
detection: {selection: {EventID: 4625}, condition: selection}
---
title: Three of them
name: three
correlation: {type: event_count, rules: [wrong], group-by: [IpAddress], timespan: 10m, condition: {gte: 3}}
level: medium
"""


def judge_by(*texts: str, clock: Clock | None = None, rules: Rules | None = None) -> Judge:
    """Judge by rules of one's own alone."""
    read = [parse_documents(text, Path("made.yml")) for text in texts]
    compiled = compile_documents([one for documents, _ in read for one in documents])
    assert not compiled.mistakes
    return Judge(rules or Rules(), Detector(compiled.book, patterns=linear), clock)


def guess(record: int) -> Event:
    """Somebody fails to log on."""
    fields = {"TargetUserName": "root", "IpAddress": "203.0.113.9", "LogonType": "3"}
    return Event("Security", 4625, record, NOON + timedelta(seconds=record), "BASTION", "", fields)


def test_one_logon_is_one_alert_as_loud_as_the_loudest_rule() -> None:
    """It keeps its own rule, so its fingerprint is the same whatever Sigma rules say of it."""
    came = logon(Door.RDP)
    plain = Rules().judge(came)
    verdict = judge_by(ALICE_CAME).judge(came)
    assert (verdict.rings, verdict.level, verdict.rule) == (True, Level.HIGH, plain.rule)
    (matched,) = verdict.matched
    assert (matched.rule, matched.author, str(matched.title)) == ("alice", "nobody", "Alice {came}")
    assert alert_for(came, verdict, "i-1").fingerprint == alert_for(came, plain, "i-1").fingerprint
    assert alert_for(came, verdict, "i-1").rules == {"logon", "alice"}


def test_a_rule_never_makes_it_quieter() -> None:
    """A low rule takes nothing away from a high logon."""
    loud = logon(Door.SSM_SHELL_ELEVATED)
    low = ALICE_CAME.replace("level: high", "level: low").replace("ALICE", "ssm-user")
    assert judge_by(low).judge(loud).level is Rules().judge(loud).level is Level.HIGH


def test_a_silent_door_rings_where_a_rule_says_so() -> None:
    """And says by which rule."""
    quiet = logon(Door.NETWORK)
    assert not Rules().judge(quiet).rings
    verdict = judge_by(ALICE_CAME).judge(quiet)
    assert (verdict.rings, verdict.level) == (True, Level.HIGH)
    assert str(verdict.reason) == "by the rule Alice {came}"


def test_hours_are_read_in_the_zone_of_the_settings() -> None:
    """17:05 in Tokyo is out of hours there, and a Tuesday morning in Europe."""
    rule = "title: late\nlogsource: {product: logonbell, category: logon}\ndetection: {s: {OutOfHours: true}, condition: s}\n"
    came = logon(Door.RDP)
    assert came.time == AT_FIVE
    assert judge_by(rule, clock=Clock(TOKYO, WORK)).judge(came).matched
    assert not judge_by(rule, clock=Clock(ZoneInfo("Europe/Berlin"), WORK)).judge(came).matched
    assert not judge_by(rule, clock=Clock(TOKYO)).judge(came).matched  # no hours, no word


@pytest.mark.parametrize(
    ("day", "inside"), [((3, 27), False), ((3, 30), True), ((10, 23), True), ((10, 26), False)]
)
def test_hours_follow_a_change_of_the_clocks(day: tuple[int, int], *, inside: bool) -> None:
    """06:30 UTC is 07:30 in Berlin's winter, before work begins, and 08:30 in its summer."""
    rule = "title: late\nlogsource: {product: logonbell, category: logon}\ndetection: {s: {OutOfHours: true}, condition: s}\n"
    came = replace(logon(Door.RDP), time=datetime(2026, *day, 6, 30, tzinfo=UTC))
    matched = judge_by(rule, clock=Clock(ZoneInfo("Europe/Berlin"), WORK)).judge(came).matched
    assert bool(matched) is not inside


@pytest.mark.parametrize(
    ("begins", "ends", "inside"), [(22, 6, [*range(6), 22, 23]), (8, 17, [*range(8, 17)])]
)
def test_hours_may_go_on_into_the_next_day(begins: int, ends: int, inside: list[int]) -> None:
    """A shift that begins on Monday evening ends on Tuesday morning."""
    hours = Hours(frozenset(range(7)), time(begins), time(ends))
    midnight = AT_FIVE.replace(hour=0)
    assert [hour for hour in range(24) if hours.hold(midnight.replace(hour=hour))] == inside


def test_a_correlation_of_events_is_an_alert_of_its_own() -> None:
    """It names what its events have in common; the events that served it ring by themselves only if they are to."""
    judged = judge_past([guess(n) for n in range(1, 6)], judge_by(GUESSES))
    (selected,) = [(finding, verdict) for finding, verdict in judged if isinstance(finding, Selected)]
    finding, verdict = selected
    assert (finding.rule, finding.main.record_id, finding.grouped) == (
        "three",
        3,
        (("IpAddress", "203.0.113.9"),),
    )
    assert (finding.folded, verdict.level, len(finding.events)) == (3, Level.MEDIUM, 3)


def test_what_became_known_of_a_logon_later_is_kept() -> None:
    """In a past that is read, each finding is told in its last version, with all the rules that it met on the way."""
    judge = judge_by(ALICE_CAME)
    came = logon(Door.RDP)
    first = judge.judge(came)
    assert first.matched
    later = judge.judge(replace(came, elevated=False))
    assert later.matched == first.matched


def test_a_filter_and_a_silence_know_every_rule_of_an_alert() -> None:
    """Whoever wants, or silences, a Sigma rule names it as any other."""
    came = logon(Door.RDP)
    alert = alert_for(came, judge_by(ALICE_CAME).judge(came), "i-1")
    assert Filter(rules=frozenset({"alice"})).passes(alert)
    assert Filter(rules=frozenset({"logon"})).passes(alert)
    assert not Filter(rules=frozenset({"other"})).passes(alert)
    assert Cover(rules=("alice",)).fits(alert)


def test_what_is_allowed_is_held_back_unless_it_is_critical() -> None:
    """An allow-list entry has no end, and says why it is there."""
    came = logon(Door.RDP)
    alert = alert_for(came, Rules().judge(came), "i-1")
    allowed = Allowance(Cover(users=("alice",)), "she keeps the keys")
    assert silencing(alert, [], [allowed]) is allowed
    assert str(allowed.why) == "allowed by the settings (she keeps the keys)"
    assert silencing(replace(alert, level=Level.CRITICAL), [], [allowed]) is None
    assert silencing(alert, [], [Allowance(Cover(users=("bob",)), "x")]) is None


@pytest.mark.parametrize("cut", range(1, 6))
def test_a_correlation_outlives_the_agent(tmp_path: Path, cut: int) -> None:
    """However the agent is stopped between two events, the third failure rings, once."""
    events = [guess(n) for n in range(1, 7)]
    clock = FakeClock(NOON)
    for part in (events[:cut], events):
        outbox = Outbox.open(tmp_path, now=clock())
        source = FakeSource(part)
        watcher = Watcher(
            [source], judge_by(GUESSES), outbox, [FakeNotifier().name], clock, Told(), clock.elapsed
        )
        while watcher.look().more:
            pass
        rung = [one.alert for one in outbox.fates.recent(20)]
        outbox.close()
    by_rule = [alert for alert in rung if alert is not None and alert.rule == "three"]
    assert [alert.finding.main for alert in by_rule] == [EventRef("Security", 3, 4625)]


def test_the_shipped_rules_say_nothing_of_a_plain_logon() -> None:
    """They are for what is out of the ordinary."""
    judge = Judge(Rules(), Detector(chosen(shipped(), [], [])))
    came = logon(Door.RDP)
    assert isinstance(came, Logon)
    assert judge.judge(came).matched == ()
    assert judge.judge(replace(came, domain_admin=True)).matched[0].rule == "domain-admin"


@pytest.mark.parametrize("door", sorted(SILENT_DOORS))
@pytest.mark.parametrize("domain_admin", [True, False, None])
def test_the_shipped_rules_make_no_silent_door_ring(door: Door, *, domain_admin: bool | None) -> None:
    """Each UAC prompt that a domain admin answers would be a message."""
    judge = Judge(Rules(), Detector(chosen(shipped(), [], [])))
    quiet = replace(logon(door), domain_admin=domain_admin, elevated=True, user=ALICE, principal=None)
    assert not judge.judge(quiet).rings
    loud = Judge(Rules(), Detector(chosen(shipped(), ["domain-admin-any-door"], [])))
    assert loud.judge(quiet).rings is (domain_admin is True and door is not Door.UNLOCK)


def test_half_a_character_in_a_name_stops_nobody() -> None:
    """Whoever may make accounts could else end the agent at each start: what is remembered is stored whatever the name."""
    judge = Judge(Rules(), Detector(chosen(shipped(), [], [])))
    hostile = replace(logon(Door.RDP), user=User("a\ud800b", "D\udfff"), host="H\ud800")
    judge.judge(hostile)
    again = Judge(Rules(), Detector(chosen(shipped(), [], [])))
    again.restore(judge.snapshot())
    assert json.loads(again.snapshot()) == json.loads(judge.snapshot())
