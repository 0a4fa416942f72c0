"""What the outbox says of itself, word for word, and the small figures that others judge by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from logonbell.alert import Level
from logonbell.errors import Refused
from logonbell.filter import Filter
from logonbell.logon import Door
from logonbell.notification import Digest, DigestKind
from logonbell.pace import FIRST, Bundle
from logonbell.sentence import say
from logonbell.silence import Cover, Silence
from logonbell.store.database import Database
from logonbell.store.outbox import FILE, Outbox
from notifications import NOON, notification
from reading import commit, pending, single

Opened = Callable[..., Outbox]
LATER = NOON + timedelta(days=1)
GONE = "The reason cannot be read any more ("


def test_where_there_is_no_outbox_yet(folder: Path) -> None:
    """Which folder, and what makes one; a place that cannot even be looked at is named as well."""
    with pytest.raises(Refused) as refused:
        Outbox.join(folder)
    assert str(refused.value) == f"There is no outbox in {folder} yet. Run: logonbell watch"
    with pytest.raises(Refused, match="There is no folder .*" + "x" * 300):
        Outbox.join(folder.parent / ("x" * 300))
    folder.write_text("a note")
    with pytest.raises(Refused, match=str(folder)):
        Outbox.open(folder, now=NOON)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are not listed here")
def test_a_refused_opening_leaves_no_file_open(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be opened is closed again: on Windows nobody could move or delete it otherwise."""

    def full(*_: object) -> None:
        raise Refused(say("It is full."))

    monkeypatch.setattr(Database, "migrate", full)
    with pytest.raises(Refused, match="It is full"):
        Outbox.open(folder, now=NOON)
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert [link for link in links if FILE in str(link.readlink())] == []


def test_where_news_began(opened: Opened) -> None:
    """It is known of the source for which it was said, and of no other."""
    outbox = opened()
    commit(outbox, 1)
    outbox.commit(
        bookmarks={"sessions": "b"},
        snapshot="",
        findings=[],
        alerts=[],
        notifiers=[],
        read=NOON,
        news={"sessions": LATER},
    )
    assert (outbox.news("sessions"), outbox.news("Security"), outbox.news("none")) == (LATER, None, None)


def test_when_somebody_last_watched(opened: Opened) -> None:
    """Never, before the first sign; later both who asks and the state say when. What is just tolerated is not told."""
    outbox = opened()
    assert (outbox.alive(), outbox.state().alive) == (None, None)
    outbox.show_life(NOON)
    assert (outbox.alive(), outbox.state().alive) == (NOON, NOON)
    tolerance = timedelta(minutes=3)
    outbox.wake(NOON + tolerance, tolerance=tolerance)
    assert outbox.remarks.between(0, 100) == ()
    outbox.wake(NOON, tolerance=tolerance)
    assert outbox.remarks.between(0, 100) == ()
    outbox.wake(NOON + tolerance + timedelta(seconds=1), tolerance=tolerance)
    assert len(outbox.remarks.between(0, 100)) == 1


def test_what_was_forgotten_is_counted_in_the_chain(opened: Opened) -> None:
    """Facts and findings together, also where there are only facts: the chain says how many rows went."""
    outbox = opened()
    only = notification(5).alert
    outbox.ring([only], ["sns"], NOON)
    (delivery,) = pending(outbox, "sns")
    outbox.tellings.delivered(delivery, "taken", NOON)
    assert outbox.forget(LATER) == 0
    commit(outbox, 1, ["sns"])
    commit(outbox, 2, ["sns"])
    for delivery in pending(outbox, "sns"):
        outbox.tellings.delivered(delivery, "taken", NOON)
    assert outbox.forget(LATER + timedelta(days=1)) == 2
    rows = outbox._database.rows("select row from link where kind = 'forgotten' order by number")
    assert [count for (count,) in rows][-1] == 4
    assert outbox._database.rows("select count(*) from checkpoint where before is not null") == [(1,)]


def test_the_oldest_that_waits(opened: Opened) -> None:
    """Since when a notifier owes something; nothing where it owes nothing."""
    outbox = opened()
    commit(outbox, 1, ["sns"])
    assert outbox.state().notifiers["sns"].oldest is None
    (delivery,) = pending(outbox, "sns", LATER)
    assert outbox.state().notifiers["sns"].oldest == LATER
    outbox.tellings.delivered(delivery, "taken", LATER)
    assert outbox.state().notifiers["sns"].oldest is None


def test_a_filter_is_asked_of_each_alert(opened: Opened) -> None:
    """What a notifier is not to be told has no row; silenced alerts are remembered with their host."""
    outbox = opened()
    alerts = [notification(1).alert, notification(2, door=Door.CONSOLE).alert]
    outbox.silences.add(Silence(0, Cover(), "x", "a", LATER, LATER + timedelta(hours=1)))
    alerts.append(notification(3, time=LATER + timedelta(minutes=1)).alert)
    outbox.commit(
        bookmarks={},
        snapshot="",
        findings=[],
        alerts=alerts,
        notifiers=["sns", "pager"],
        read=NOON,
        filters={"pager": Filter(doors=frozenset({"console"}))},
    )
    assert len(outbox.tellings.waiting("sns")) == 2
    assert [row.door for row in pending_logons(outbox, "pager")] == [Door.CONSOLE]
    ((host,),) = outbox._database.rows("select host_id from remark where kind = 'silenced'")
    assert host == alerts[0].host_id


def pending_logons(outbox: Outbox, notifier: str) -> list[Any]:
    """Give the logons that wait for a notifier."""
    return [single(delivery).alert.finding for delivery in pending(outbox, notifier)]


def test_a_damaged_reason_says_so(opened: Opened) -> None:
    """Of a mending, an error, or what became of an alert: the words that are there instead, and why."""
    outbox = opened()
    outbox._database.change("insert into mending (time, what, floor) values (?, '{', 0)", (NOON.isoformat(),))
    commit(outbox, 1, ["sns"])
    (delivery,) = pending(outbox, "sns")
    outbox.tellings.postpone(delivery, say("no way"), LATER, NOON)
    outbox._database.change("update telling set error = '{'")
    state = outbox.state()
    (mending,) = state.mendings
    assert mending.time == NOON
    (fate,) = outbox.fates.troubled()
    for what in (mending.what, state.notifiers["sns"].last_error, fate.error):
        assert str(what).startswith(GONE)
        assert str(what) not in {GONE + "None).", GONE + ")."}
        assert what is not None
        assert what.words == "The reason cannot be read any more ({why})."
    assert fate.begun == NOON
    outbox._database.change("update alert set facts = null")
    assert outbox.fates.numbered(1)[0].alert is None


def test_only_what_is_in_trouble_is_listed(opened: Opened) -> None:
    """A message that simply waits is listed where everything is asked for."""
    outbox = opened()
    commit(outbox, 1, ["sns"])
    pending(outbox, "sns")
    assert outbox.fates.troubled() == []
    assert len(outbox.fates.troubled(everything=True)) == 1


def test_a_damaged_alert_says_why(opened: Opened) -> None:
    """It is given up with the reason, whether its row cannot be read or is gone; so is a digest of nothing else."""
    outbox = opened()
    for number in (1, 2, 3, 4):
        commit(outbox, number, ["sns"])
    rows = [row.key for row in outbox.tellings.waiting("sns")]
    bundles = [Bundle((key,), Level.HIGH, None, "k", FIRST) for key in rows[:2]]
    bundles.append(Bundle(tuple(rows[2:]), Level.HIGH, DigestKind.STORM, None, FIRST))
    outbox.tellings.begin("sns", bundles, NOON)
    outbox._database.change("update alert set facts = '{' where id = ?", (rows[0],))
    outbox._database.change("pragma foreign_keys = off")
    outbox._database.change("delete from alert where id in (?, ?, ?)", rows[1:])
    assert outbox.tellings.due("sns", NOON, 10) == []
    unreadable, *gone = [str(fate.error) for fate in outbox.fates.troubled()]
    assert unreadable.startswith("The alert cannot be read any more (")
    assert unreadable != "The alert cannot be read any more (None)."
    assert gone == ["The alert cannot be read any more (it is gone)."] * 2


def test_the_mark_of_a_message(opened: Opened) -> None:
    """A message of one alert has that alert's fingerprint, and its proof names no other."""
    outbox = opened()
    commit(outbox, 1, ["sns"])
    (delivery,) = pending(outbox, "sns")
    telling = single(delivery)
    assert telling.proof is not None
    assert telling.proof.fingerprint == telling.alert.fingerprint


def test_a_digest_looks_past_what_is_damaged(opened: Opened) -> None:
    """However many of the worst cannot be read, it names those that can."""
    outbox = opened()
    for number in range(1, 71):
        commit(outbox, number, ["sns"])
    rows = outbox.tellings.waiting("sns")
    bundle = Bundle(tuple(row.key for row in rows), Level.HIGH, DigestKind.STORM, None, FIRST)
    outbox.tellings.begin("sns", [bundle], NOON)
    outbox._database.change("update alert set facts = '{' where id <= 50")
    (delivery,) = outbox.tellings.due("sns", NOON, 10)
    assert isinstance(delivery.telling, Digest)
    assert [one.sequence for one in delivery.telling.named] == list(range(51, 71))


def test_what_was_sent_is_remembered_as_it_was(opened: Opened) -> None:
    """Behind a restart the pace knows how long ago, how loud, as what digest and of which kind each message was."""
    outbox = opened()
    for number in (1, 2, 3):
        commit(outbox, number, ["sns"])
    first, *others = outbox.tellings.waiting("sns")
    bundles = [
        Bundle((first.key,), first.level, None, "a kind", FIRST),
        Bundle(tuple(row.key for row in others), Level.HIGH, DigestKind.STORM, None, FIRST),
    ]
    outbox.tellings.begin("sns", bundles, NOON)
    storm, alone = outbox.tellings.sent("sns", LATER, 10)
    assert (alone.ago, alone.level, alone.digest, alone.kind) == (LATER - NOON, first.level, None, "a kind")
    assert (storm.digest, storm.kind) == (DigestKind.STORM, None)
