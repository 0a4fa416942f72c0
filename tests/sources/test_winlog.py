from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_eventlog import Channel, FakeEventLog
from fakes import NOON, FakeClock
from logonbell.event import Event
from logonbell.recognise.watching import WATCHING, Told
from logonbell.recognise.windows import WANTED
from logonbell.source import GRACE, Batch, Loss
from logonbell.sources.position import Position
from logonbell.sources.winlog import LOOK, PROOF, WinlogSource

SECURITY = "Security"


def logon(number: int = 0, *, event_id: int = 4624, seconds: float = 0) -> Event:
    """Make an event of the Security log."""
    time = NOON + timedelta(seconds=seconds)
    return Event(
        SECURITY, event_id, 0, time, "BASTION", "Microsoft-Windows-Security-Auditing", {"Number": str(number)}
    )


def logons(numbers: Iterable[int]) -> list[Event]:
    """Make logons that can be told apart, one each second."""
    return [logon(number, seconds=number) for number in numbers]


@dataclass
class Follower:
    """Reads a channel on and on, as the agent does."""

    log: FakeEventLog
    clock: FakeClock = field(default_factory=FakeClock)
    channel: str = SECURITY
    bookmark: str | None = None
    events: list[Event] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin, for the first time unless from a bookmark."""
        self.source = self._made()
        if self.bookmark is None:
            self.bookmark = self.source.begin(self.clock() - GRACE)

    def _made(self) -> WinlogSource:
        return WinlogSource(
            self.channel,
            self.log,
            wanted=WANTED.get(self.channel),
            by_channel=WANTED,
            clock=self.clock,
            ticks=self.clock.elapsed,
        )

    def restart(self, *, kindly: bool = True) -> None:
        """Stop (or die) and start again from the bookmark."""
        if kindly:
            self.source.close()
        self.source = self._made()

    def look(self, limit: int | None = None) -> Batch:
        """Read once, and keep what came."""
        batch = self.source.read(self.bookmark, limit)
        self.bookmark = batch.bookmark
        self.events += batch.events
        self.losses += batch.losses
        return batch

    def follow(self, seconds: float = 0.0) -> list[int]:
        """Read until there is nothing more, and for some time after that; give the numbers of all logons so far."""
        while self.look().more:
            pass
        for _ in range(round(seconds / 0.5)):
            self.clock.pass_(0.5)
            while self.look().more:
                pass
        return self.numbers

    @property
    def numbers(self) -> list[int]:
        """The logons that were given so far."""
        return [int(event.fields["Number"]) for event in self.events if event.channel != WATCHING]

    @property
    def said(self) -> list[Told]:
        """What was given of the watching itself."""
        return [Told(event.event_id) for event in self.events if event.channel == WATCHING]


@pytest.fixture
def log() -> FakeEventLog:
    """An event log with an empty Security channel."""
    return FakeEventLog({SECURITY: Channel()})


@pytest.fixture
def follower(log: FakeEventLog) -> Follower:
    """Whoever follows it, from now on."""
    follower = Follower(log)
    assert follower.follow() == []
    return follower


def nothing_is_amiss(follower: Follower, numbers: Sequence[int]) -> None:
    """Each logon was given once, in order, and nothing is left open."""
    assert follower.numbers == list(numbers)
    follower.source.close()
    assert follower.log.open == 0
    assert follower.log.threads == {threading.get_ident()}


def test_each_logon_is_given_once(log: FakeEventLog, follower: Follower) -> None:
    """What is written while nobody looks is given at the next look, in its order."""
    log.write(SECURITY, *logons(range(3)))
    assert follower.follow() == [0, 1, 2]
    log.write(SECURITY, *logons([3]))
    follower.follow(2 * PROOF)
    nothing_is_amiss(follower, range(4))
    assert not follower.losses
    assert not follower.said


def test_records_that_nobody_wants_are_left_with_windows(log: FakeEventLog, follower: Follower) -> None:
    """The query names the event ids: noise does not even come."""
    log.write(SECURITY, logon(1, event_id=5156), logon(2))
    assert follower.look().records == 1
    nothing_is_amiss(follower, [2])


def test_the_very_first_start_takes_the_last_minutes_for_news_and_no_more() -> None:
    """A year of logons is history: it does not ring when the agent is installed."""
    log = FakeEventLog()
    old = -GRACE.total_seconds()
    log.write(SECURITY, logon(1, seconds=10 * old), logon(2, seconds=old - 1), logon(3, seconds=old + 1))
    follower = Follower(log)
    assert follower.follow() == [3]
    follower.restart()
    follower.follow(PROOF * 2)
    nothing_is_amiss(follower, [3])


def test_a_clock_that_was_ahead_at_the_first_start_hides_nothing(log: FakeEventLog) -> None:
    """Where news begin is a record, not a time: the clock may be set right a moment later."""
    log.write(SECURITY, logon(0, seconds=-3600))
    follower = Follower(log, FakeClock(NOON + timedelta(days=30)))
    assert follower.follow() == []
    log.write(SECURITY, logon(1))
    assert follower.follow() == [1]


def test_a_clock_that_is_set_right_before_the_first_look_hides_nothing(log: FakeEventLog) -> None:
    """Who came just before is news, though news were to begin at a time that is yet to come."""
    log.write(SECURITY, logon(0, seconds=-3600), logon(1, seconds=-1))
    follower = Follower(log, FakeClock(NOON + timedelta(days=30)))
    follower.clock.set(hours=-24 * 30)
    assert follower.follow() == [1]


@pytest.mark.parametrize("kindly", [True, False])
def test_a_restart_goes_on_where_it_stood(log: FakeEventLog, follower: Follower, *, kindly: bool) -> None:
    """What is written while nobody runs is given by the next run; nothing comes twice."""
    log.write(SECURITY, *logons(range(5)))
    follower.look(limit=2)
    follower.restart(kindly=kindly)
    log.write(SECURITY, *logons(range(5, 8)))
    follower.follow(2 * PROOF)
    assert follower.numbers == list(range(8))
    assert not follower.losses


def test_what_was_not_kept_is_given_again(log: FakeEventLog, follower: Follower) -> None:
    """An older bookmark of this run gives the same once more, and a smaller limit gives its beginning."""
    log.write(SECURITY, *logons(range(6)))
    first = follower.source.read(follower.bookmark)
    again = follower.source.read(follower.bookmark, 2)
    assert [*again.events] == [*first.events][:2]
    assert again.more
    rest = follower.source.read(again.bookmark)
    assert [*again.events, *rest.events] == [*first.events]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(["write", "look", "few", "die", "repeat", "wait", "break"]), max_size=25))
def test_whatever_happens_each_logon_is_given_once(steps: list[str]) -> None:
    """Writing, reading, dying, reading again and broken subscriptions in any order lose nothing and double nothing."""
    log = FakeEventLog({SECURITY: Channel()})
    follower = Follower(log)
    follower.follow()
    written = 0
    for step in steps:
        match step:
            case "write":
                log.write(SECURITY, *logons(range(written, written + 3)))
                written += 3
            case "look":
                follower.look()
            case "few":
                follower.look(limit=2)
            case "die":
                follower.restart(kindly=False)
            case "repeat":
                follower.source.read(follower.bookmark, 1)
            case "wait":
                follower.clock.pass_(PROOF)
            case _:
                log.break_feeds(6)
    follower.follow(2 * PROOF)
    assert follower.numbers == list(range(written))
    assert Told.GAP not in follower.said


# The lessons of others, by their numbers in their trackers: what broke there holds here.


def test_a_signal_that_is_lost_costs_a_second(log: FakeEventLog, follower: Follower) -> None:
    """Vector 25194: the log is asked though nothing was signalled."""
    log.channels[SECURITY].unsignalled = True
    log.write(SECURITY, *logons([1]))
    assert follower.follow() == []
    assert follower.follow(LOOK) == [1]


def test_what_is_written_while_the_log_is_drained_signals_again(
    log: FakeEventLog, follower: Follower
) -> None:
    """Vector 25194: the signal is taken back before the drain, not after it."""
    log.write(SECURITY, *logons([1]))
    follower.look()
    feed = next(feed for feed in log.feeds if feed.follows)
    assert not feed.signal
    log.write(SECURITY, *logons([2]))
    assert follower.follow() == [1, 2]


def test_a_subscription_that_delivers_nothing_is_found_out(log: FakeEventLog, follower: Follower) -> None:
    """Vector 26117: all is well to see, and nothing comes: reading again finds it, and the channel is followed anew."""
    log.channels[SECURITY].deaf = True
    log.write(SECURITY, *logons(range(3)))
    follower.follow(PROOF + 3)
    log.channels[SECURITY].deaf = False
    log.write(SECURITY, *logons([3]))
    follower.follow(1)
    nothing_is_amiss(follower, range(4))
    assert "did not hand over 3 records" in " ".join(str(loss.what) for loss in follower.losses)


def test_a_record_that_is_left_out_is_caught_up_by_the_next_run(
    log: FakeEventLog, follower: Follower
) -> None:
    """Beats 3731: what one run did not get before it was killed, the next finds by the count."""
    log.write(SECURITY, *logons([1]))
    follower.follow()
    log.channels[SECURITY].deaf = True
    log.write(SECURITY, *logons([2]))
    log.channels[SECURITY].deaf = False
    log.write(SECURITY, *logons([3]))
    assert follower.follow() == [1, 3]
    follower.restart(kindly=False)
    follower.follow(5)
    assert set(follower.numbers) == {1, 2, 3}


def test_a_record_that_is_delivered_late_or_twice_is_given_once(
    log: FakeEventLog, follower: Follower
) -> None:
    """Order and repeats are Windows' business: each record counts once."""
    written = log.write(SECURITY, *logons(range(3)))
    feed = next(feed for feed in log.feeds if feed.follows)
    feed.waiting = [written[0], written[2], written[2]]
    follower.follow()
    feed.waiting = [written[1], written[0]]
    follower.follow(2 * PROOF)
    nothing_is_amiss(follower, [0, 2, 1])


@pytest.mark.parametrize("from_one", [True, False])
def test_a_cleared_log_is_read_from_its_beginning(
    log: FakeEventLog, follower: Follower, *, from_one: bool
) -> None:
    """Vector 26115, fluent-bit 2873: the query is stale; whatever the numbers are now, nothing is skipped, and it is told."""
    log.write(SECURITY, *logons(range(5)))
    follower.follow()
    log.clear(SECURITY, from_one=from_one)
    log.write(SECURITY, logon(9, event_id=1102, seconds=20), logon(10, seconds=21))
    follower.follow(2 * PROOF)
    assert follower.said == [Told.GAP]
    nothing_is_amiss(follower, [*range(5), 9, 10])


def test_a_log_that_wrapped_while_nobody_ran_is_read_from_its_oldest_record(
    log: FakeEventLog, follower: Follower
) -> None:
    """Vector 26120, beats 29793: never "from now on", and the possible gap is told."""
    log.write(SECURITY, *logons(range(5)))
    follower.follow()
    follower.restart()
    log.write(SECURITY, *logons(range(5, 20)))
    log.wrap(SECURITY, keep=4)
    follower.follow(2 * PROOF)
    assert follower.said == [Told.GAP]
    nothing_is_amiss(follower, [*range(5), *range(16, 20)])


@pytest.mark.parametrize("bookmark", ["<BookmarkList>", "<BookmarkList></BookmarkList>", "x"])
def test_a_bookmark_that_windows_does_not_take_costs_time_and_nothing_else(
    log: FakeEventLog, follower: Follower, bookmark: str
) -> None:
    """Beats 5814: the log is read from its oldest record; what was given is passed over, as the same record stands there."""
    log.write(SECURITY, *logons(range(5)))
    follower.follow()
    position = Position.of(follower.bookmark)
    assert position
    follower.bookmark = replace_bookmark(position, bookmark)
    log.write(SECURITY, *logons([5]))
    follower.restart()
    follower.follow(2 * PROOF)
    assert not follower.said
    assert "nothing is missing" in str(follower.losses[0].what)
    nothing_is_amiss(follower, range(6))


def replace_bookmark(position: Position, xml: str) -> str:
    """Spoil Windows' part of a bookmark."""
    import msgspec  # noqa: PLC0415

    return msgspec.structs.replace(position, xml=xml, proved=xml).text


@pytest.mark.parametrize("bookmark", ["", "{", '{"version": 9}', "null", "\ud800"])
def test_a_damaged_bookmark_of_ours_is_told_and_reads_from_the_oldest(
    log: FakeEventLog, bookmark: str
) -> None:
    """Never "from now on": what comes twice has the same fingerprint."""
    log.write(SECURITY, logon(0, seconds=-90_000))
    follower = Follower(log, bookmark=bookmark)
    assert follower.follow() == [0]
    assert "The bookmark is damaged" in str(follower.losses[0].what)


@pytest.mark.parametrize("code", [6, 1722, 1717, 1, 87, 15011, 259000])
def test_a_broken_subscription_is_made_anew_at_once(log: FakeEventLog, follower: Follower, code: int) -> None:
    """Beats 27947, wazuh 10697: any error, known or not; what is still there is read from the bookmark."""
    log.write(SECURITY, *logons([1]))
    follower.follow()
    log.break_feeds(code)
    log.write(SECURITY, *logons([2]))
    follower.follow(1)
    assert not follower.said
    nothing_is_amiss(follower, [1, 2])


@pytest.mark.parametrize("code", [1722, 6, 1717])
def test_a_service_that_stops_rings_and_is_waited_for_for_ever(
    log: FakeEventLog, follower: Follower, code: int
) -> None:
    """Beats 27947, 45750: hours later the channel is followed again, and what was written meanwhile is given."""
    log.channels[SECURITY].refuses = code
    follower.follow(5)
    assert follower.said == [Told.BLIND]
    log.write(SECURITY, *logons([1]))
    follower.follow(7200)
    assert follower.said == [Told.BLIND]
    log.channels[SECURITY].refuses = 0
    follower.follow(40)
    assert follower.said == [Told.BLIND, Told.SEEING]
    nothing_is_amiss(follower, [1])


def test_an_outage_is_told_once_over_restarts(log: FakeEventLog, follower: Follower) -> None:
    """An agent that is started every minute does not ring every minute."""
    log.channels[SECURITY].refuses = 1722
    for _ in range(4):
        follower.follow(5)
        follower.restart()
    assert follower.said == [Told.BLIND]
    position = Position.of(follower.bookmark)
    assert position
    assert position.blind
    assert position.blind.code == 1722


def test_a_batch_that_does_not_fit_is_halved_and_grows_again(log: FakeEventLog, follower: Follower) -> None:
    """Beats 3112: error 1734 costs a smaller batch, never a record."""
    log.largest = 10
    log.write(SECURITY, *logons(range(200)))
    follower.follow()
    assert set(log.asked[-20:]) == {8}
    log.largest = 10_000
    for number in range(200, 1000):
        log.write(SECURITY, *logons([number]))
        follower.look()
    assert log.asked[-1] > 8
    nothing_is_amiss(follower, range(1000))


def test_a_record_that_fits_into_no_answer_costs_one_record(log: FakeEventLog, follower: Follower) -> None:
    """What Windows cannot hand over alone either is counted and told, and what stands behind it is given."""
    log.channels[SECURITY].too_large = {2, 3}
    log.write(SECURITY, *logons(range(1, 6)))
    follower.follow(120)
    assert [loss.records for loss in follower.losses] == [2]
    nothing_is_amiss(follower, [1, 4, 5])


def test_a_record_that_cannot_be_rendered_costs_one_record(log: FakeEventLog, follower: Follower) -> None:
    """cloudwatch-agent 199: the others of the batch are given, and the loss is counted."""
    log.channels[SECURITY].unreadable = {2}
    log.write(SECURITY, *logons(range(1, 4)))
    follower.follow(2 * PROOF)
    assert [loss.records for loss in follower.losses] == [1]
    nothing_is_amiss(follower, [1, 3])


def test_a_record_without_a_bookmark_stops_nothing(log: FakeEventLog, follower: Follower) -> None:
    """It is given, told, and does not move the bookmark; what follows does."""
    log.channels[SECURITY].unmarked = {2}
    log.write(SECURITY, *logons(range(4)))
    assert follower.follow(2 * PROOF) == [0, 1, 2, 3]
    assert [loss.records for loss in follower.losses] == [0]
    follower.restart()
    follower.follow(2 * PROOF)
    nothing_is_amiss(follower, range(4))


def test_the_newest_record_without_a_bookmark_is_rather_read_twice_than_not(
    log: FakeEventLog, follower: Follower
) -> None:
    """The bookmark stays at the record before it: after a restart it comes again, as the same record."""
    log.channels[SECURITY].unmarked = {2}
    log.write(SECURITY, *logons(range(2)))
    assert follower.follow(2 * PROOF) == [0, 1]
    follower.restart()
    assert follower.follow() == [0, 1, 1]
    assert follower.events[-1] == follower.events[-2]


def test_where_nothing_at_all_can_be_made_of_a_record_it_is_counted_once(
    log: FakeEventLog, follower: Follower
) -> None:
    """Neither XML nor bookmark: one record is lost, those around it are not."""
    log.channels[SECURITY].unmarked = log.channels[SECURITY].unreadable = {2}
    log.write(SECURITY, *logons(range(4)))
    assert follower.follow(2 * PROOF) == [0, 2, 3]
    assert sum(loss.records or 0 for loss in follower.losses) == 1


def test_where_news_begin_is_found_behind_a_record_without_a_bookmark() -> None:
    """One record that cannot be marked does not make a year of history news."""
    log = FakeEventLog({SECURITY: Channel(unmarked={3})})
    old = -GRACE.total_seconds()
    log.write(
        SECURITY, logon(1, seconds=3 * old), logon(2, seconds=2 * old), logon(3, seconds=old - 1), logon(4)
    )
    assert Follower(log).follow() == [3, 4]


def test_a_missing_channel_is_a_state_and_no_end() -> None:
    """fluent-bit 9676: it is told once, rings not, and is followed as soon as it is there, from its first record."""
    log = FakeEventLog()
    follower = Follower(log, channel="OpenSSH/Operational")
    follower.follow(300)
    assert len(follower.losses) == 1
    assert not follower.said
    log.write("OpenSSH/Operational", replace(logon(7, event_id=4), provider="OpenSSH"))
    assert follower.follow(40) == [7]


def test_a_channel_that_goes_away_rings(log: FakeEventLog, follower: Follower) -> None:
    """Who was followed and is gone, or may not be read any more, is no matter of what is installed."""
    log.write(SECURITY, *logons([1]))
    follower.follow()
    log.channels[SECURITY].refuses = 5
    follower.follow(5)
    assert follower.said == [Told.BLIND]


def test_access_denied_says_what_to_do() -> None:
    """The right and the group stand in the message."""
    follower = Follower(FakeEventLog({SECURITY: Channel(refuses=5)}))
    follower.follow(10)
    (loss,) = follower.losses
    assert "SeSecurityPrivilege" in str(loss.what)
    assert "Event Log Readers" in str(loss.what)


def test_a_query_that_windows_refuses_is_replaced_by_a_plain_one(log: FakeEventLog) -> None:
    """Beats 44042: all records are read then, and chosen here."""
    log.most_clauses = 3
    follower = Follower(log)
    follower.follow()
    log.write(SECURITY, logon(1), logon(2, event_id=5156))
    assert follower.follow() == [1]


def test_forwarded_events_are_asked_for_without_a_filter(log: FakeEventLog) -> None:
    """Beats 44042, 3731: filters there crashed the service; the place is the bookmark's number, not the record's."""
    log.channels["ForwardedEvents"] = Channel()
    follower = Follower(log, channel="ForwardedEvents")
    follower.follow()
    log.write("ForwardedEvents", logon(1))
    feed = next(feed for feed in log.feeds if feed.follows)
    assert "EventID" not in feed.query
    feed.waiting[0] = replace(feed.waiting[0], channel=SECURITY)
    assert follower.follow() == [1]


def test_a_burst_is_given_whole(log: FakeEventLog, follower: Follower) -> None:
    """Ten thousand logons at once: each is given once, none in batches larger than was asked for."""
    log.write(SECURITY, *logons(range(10_000)))
    while (batch := follower.look(limit=500)).more:
        assert len(batch.events) <= 500
    follower.follow(2 * PROOF)
    nothing_is_amiss(follower, range(10_000))
    assert not follower.losses
