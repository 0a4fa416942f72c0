from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_journal import FakeJournal, cursor_of
from fakes import NOON, FakeClock
from logonbell.event import Event
from logonbell.recognise.watching import WATCHING, Told
from logonbell.sources.entry import DROPPED
from logonbell.sources.journal import PROOF, SECOND_LOOK, JournalSource, Place
from logonbell.sources.journalctl import ABSENT, ENDED, JournalError


class Follower:
    """Who follows a journal, through restarts."""

    def __init__(self) -> None:
        self.journal = FakeJournal()
        self.clock = FakeClock()
        self.bookmark: str | None = None
        self.events: list[Event] = []
        self.losses: list[str] = []
        self.restart()

    def restart(self) -> None:
        """Begin anew, as another process would."""
        self.source = JournalSource(self.journal, clock=self.clock, ticks=self.clock.elapsed)

    def reads(self, seconds: float = 0.0, limit: int | None = None) -> None:
        """Read until there is nothing more, then as long as time passes."""
        for _ in range(1_000):
            more = self.looks(limit)
            if not more and seconds <= 0:
                return
            if not more:
                self.clock.pass_(2.5)
                seconds -= 2.5
        pytest.fail("there is no end")

    def looks(self, limit: int | None = None) -> bool:
        """Read once; tell whether there is more."""
        batch = self.source.read(self.bookmark, limit)
        self.bookmark = batch.bookmark
        self.events += batch.events
        self.losses += [str(loss.what) for loss in batch.losses]
        return batch.more

    @property
    def said(self) -> list[str]:
        """What programs said."""
        return [event.fields["MESSAGE"] for event in self.events if event.channel != WATCHING]

    @property
    def told(self) -> list[Told]:
        """What was told of the watching."""
        return [Told(event.event_id) for event in self.events if event.channel == WATCHING]


@pytest.fixture
def follower() -> Follower:
    """Give one that has read two entries."""
    follower = Follower()
    follower.journal.writes("one", "two")
    follower.reads()
    return follower


def test_what_is_there_and_what_comes_is_given_once(follower: Follower) -> None:
    """First what is there, then what comes, and of it only what recognising reads."""
    follower.journal.writes("noise", program="cron", facility="9")
    follower.journal.writes("three")
    follower.reads()
    assert follower.said == ["one", "two", "three"]
    event = follower.events[-1]
    assert (event.channel, event.record_id, event.host, event.provider) == ("journal", 4, "web1", "sshd")
    assert follower.told == []
    assert follower.losses == []


def test_one_journalctl_runs_however_often_is_looked(follower: Follower) -> None:
    """A look starts no process."""
    for _ in range(100):
        follower.looks()
    assert len(follower.journal.started) == 2
    assert [one.closed for one in follower.journal.running] == [True, False]
    follower.source.close()
    assert all(one.closed for one in follower.journal.running)


def test_a_restart_goes_on_behind_the_cursor(follower: Follower) -> None:
    """What came meanwhile is given, what was given is not."""
    follower.journal.writes("three")
    follower.restart()
    follower.reads()
    assert (follower.said, follower.told) == (["one", "two", "three"], [])


def test_an_answer_that_takes_its_time_is_waited_for(follower: Follower) -> None:
    """Until the end of the journal is reached there is more, so that nobody leaves before."""
    follower.journal.late = 3
    follower.journal.writes("three")
    follower.restart()
    follower.reads()
    assert follower.said == ["one", "two", "three"]


@pytest.mark.parametrize("cursor", ["gone", "foreign", "rubbish"])
def test_a_cursor_that_is_gone_falls_back_to_the_oldest_and_tells(follower: Follower, cursor: str) -> None:
    """Vacuumed, of another machine's journal, or damaged: the journal is read from its oldest entry, and that is told."""
    follower.journal.writes("three")
    if cursor == "gone":
        follower.journal.lets_go(2)
    else:
        broken = cursor_of(99, "0b") if cursor == "foreign" else "rubbish"
        follower.bookmark = Place(cursor=broken).text
        follower.events = []
    follower.clock.pass_(3600)
    follower.restart()
    follower.reads()
    assert follower.told == [Told.GAP]
    assert follower.said == ["one", "two", "three"]


def test_what_was_read_is_passed_over_where_the_numbers_tell(follower: Follower) -> None:
    """Of the same row of numbers only what is newer than the cursor is given again."""
    follower.journal.writes("three")
    follower.journal.entries.pop(1)
    follower.restart()
    follower.reads()
    assert (follower.said, follower.told) == (["one", "two", "three"], [Told.GAP])


def test_a_damaged_bookmark_costs_time_never_an_entry(follower: Follower) -> None:
    """It is read from the oldest entry on."""
    follower.bookmark = "{"
    follower.clock.pass_(3600)
    follower.restart()
    follower.reads()
    assert follower.said == ["one", "two", "one", "two"]
    assert follower.losses[0].startswith("The bookmark is damaged")


def test_a_quiet_journal_does_not_lose_its_cursor(follower: Follower) -> None:
    """Where others write much and nobody logs on, the cursor goes on with what others write: so it is never let go."""
    follower.journal.writes(*["noise"] * 50, program="nginx", facility="3")
    follower.reads(PROOF + 15)
    follower.journal.lets_go(51)
    follower.journal.writes("three")
    follower.restart()
    follower.reads()
    assert (follower.said, follower.told) == (["one", "two", "three"], [])


def test_what_journalctl_does_not_hand_over_is_found(follower: Follower) -> None:
    """Reading again finds what one that follows left out; it is given once, and said."""
    follower.journal.deaf = {3}
    follower.journal.writes("three", "four")
    follower.reads()
    assert follower.said == ["one", "two", "four"]
    follower.reads(2 * (PROOF + SECOND_LOOK) + 5)
    assert follower.said == ["one", "two", "four", "three"]
    assert follower.losses == [
        "journalctl did not hand over a record of its own accord; reading again found it."
    ]
    follower.journal.writes("five")
    follower.restart()
    follower.reads(PROOF + 5)
    assert follower.said[4:] == ["five"]


def test_a_first_start_begins_where_news_begin() -> None:
    """What is older is history; so it is after a restart before anything came."""
    follower = Follower()
    follower.journal.writes(*map(str, range(20)))
    for entry in follower.journal.entries[:15]:
        entry["__REALTIME_TIMESTAMP"] = str(int((NOON - timedelta(hours=1)).timestamp()) * 1_000_000)
    follower.bookmark = follower.source.begin(NOON - timedelta(minutes=10))
    follower.restart()
    follower.reads()
    assert follower.said == ["15", "16", "17", "18", "19"]


def test_one_that_ends_is_started_again_and_an_outage_is_told(follower: Follower) -> None:
    """For a moment nothing is said; what lasts rings once, its end too, and nothing is lost."""
    follower.journal.running[-1].ends(ENDED, "killed")
    follower.journal.writes("three")
    follower.reads(2.5)
    assert (follower.said, follower.told) == (["one", "two", "three"], [])
    follower.journal.running[-1].ends(ENDED, "killed")
    follower.journal.trouble = JournalError(ABSENT, "journalctl")
    follower.reads(60)
    assert follower.told == [Told.BLIND]
    place = Place.of(follower.bookmark)
    assert place is not None
    assert place.blind is not None
    follower.journal.writes("four")
    follower.journal.trouble = None
    follower.reads(60)
    assert (follower.said[3:], follower.told) == (["four"], [Told.BLIND, Told.SEEING])
    assert follower.losses == [
        "There is no journalctl on this machine. Set journal = 'off' under [sources], and name files: auth_logs."
    ]


def test_an_entry_without_a_message_is_counted(follower: Follower) -> None:
    """One whose message journalctl leaves out for its length, and one that is no entry."""
    follower.journal.writes(None, "three")
    follower.reads()
    assert follower.said == ["one", "two", "three"]
    assert follower.losses == ["A record could not be understood."]


def test_a_line_too_long_that_nobody_would_believe_is_no_gap(follower: Follower) -> None:
    """Whoever may write to the log makes up no gap in it, nor doubts about who is still on."""
    follower.journal.writes(None, uid="1000")
    follower.reads()
    assert follower.losses == []


def test_what_journald_let_fall_is_told(follower: Follower) -> None:
    """Whoever floods sshd may want to hide in what journald lets fall; of a web server it is nobody's business."""
    for unit in ("ssh.service", "nginx.service"):
        follower.journal.writes(
            f"Suppressed 1234 messages from {unit}", program="systemd-journald", facility="3"
        )
        follower.journal.entries[-1] |= {"MESSAGE_ID": DROPPED, "_TRANSPORT": "driver"}
    follower.journal.writes(
        "Suppressed 9 messages from ssh.service", program="systemd-journald", facility="3"
    )
    follower.journal.entries[-1] |= {"MESSAGE_ID": DROPPED, "_TRANSPORT": "journal"}  # anybody's word
    follower.reads()
    assert follower.losses == [
        "journald let 1,234 lines of ssh.service fall, as it wrote too many at a time: a logon may have been among them."
    ]
    assert (follower.said, follower.told) == (["one", "two"], [])


def test_the_oldest_unread_is_asked_of_the_journal_itself(follower: Follower) -> None:
    """So it is known when the reading has stalled."""
    assert follower.source.oldest_unread(follower.bookmark) is None
    follower.journal.writes("three", "four")
    assert follower.source.oldest_unread(follower.bookmark) == NOON + timedelta(seconds=3)
    assert follower.source.oldest_unread(None) is None
    follower.journal.trouble = JournalError(ABSENT, "journalctl")
    assert follower.source.oldest_unread(follower.bookmark) is None


STEPS = st.lists(
    st.sampled_from(["write", "noise", "read", "limit", "again", "restart", "wait", "end"]), max_size=40
)


@settings(max_examples=60)
@given(STEPS)
def test_whatever_happens_each_entry_is_given_once(steps: list[str]) -> None:
    """Writing, reading a little, the same again or all, restarting, waiting: nothing is lost, doubled or out of order."""
    follower = Follower()
    written = 0
    for step in steps:
        match step:
            case "write":
                written += 1
                follower.journal.writes(str(written))
            case "noise":
                follower.journal.writes("noise", program="nginx", facility="3")
            case "read":
                follower.reads()
            case "limit":
                follower.looks(1)
            case "again":
                follower.source.read(follower.bookmark)
            case "restart":
                follower.restart()
            case "wait":
                follower.reads(PROOF)
            case _:
                for one in follower.journal.running:
                    one.ends(ENDED, "killed")
    follower.reads(2 * PROOF)
    assert follower.said == [str(number + 1) for number in range(written)]
    assert (follower.told, follower.losses) == ([], [])
