"""What the outbox promises of messages: begun once, kept as they are, marked as a whole, and never without a reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, time, timedelta

import pytest

from logonbell.alert import Alert, Level
from logonbell.host import Instance
from logonbell.logon import Door
from logonbell.notification import Digest, DigestKind, digest_fingerprint
from logonbell.pace import Bundle, Waiting
from logonbell.remarks import LOST, Remarked
from logonbell.rule import Verdict, alert_for
from logonbell.sentence import say
from logonbell.silence import Allowance, Cover, Maintenance, Silence
from logonbell.source import Loss
from logonbell.store.outbox import Outbox
from logonbell.store.tellings import CRITICAL, OTHERS, Delivery
from notifications import HOST_ID, NOON, notification
from reading import commit, pending

Opened = Callable[..., Outbox]
WHY = say("more came")


def put(outbox: Outbox, numbers: Sequence[int], **more: object) -> list[Alert]:
    """Put alerts of these numbers, every third of them high and by the console."""
    alerts = []
    for number in numbers:
        door, level = (Door.CONSOLE, Level.HIGH) if number % 3 == 0 else (Door.RDP, Level.MEDIUM)
        logon = notification(number, door=door).alert.finding
        alerts.append(alert_for(logon, Verdict(True, level, "logon", say("it rings")), HOST_ID))
    outbox.commit(bookmarks={}, snapshot="", findings=[], alerts=alerts, notifiers=["sns"], read=NOON, **more)  # type: ignore[arg-type]
    return alerts


def together(rows: Sequence[Waiting]) -> Bundle:
    """Bundle what waits."""
    return Bundle(tuple(row.key for row in rows), max(row.level for row in rows), DigestKind.STORM, None, WHY)


def begun(outbox: Outbox) -> Delivery:
    """Begin a digest of all that waits, and give it."""
    outbox.tellings.begin("sns", [together(outbox.tellings.waiting("sns"))], NOON)
    (delivery,) = outbox.tellings.due("sns", NOON, 10)
    return delivery


def test_a_digest_tells_what_is_in_it(opened: Opened) -> None:
    """It names the worst, counts all by level and door, and says of which numbers and which time it is."""
    outbox = opened()
    alerts = put(outbox, range(1, 101))
    digest = begun(outbox).telling
    assert isinstance(digest, Digest)
    assert digest.fingerprint == digest_fingerprint([alert.fingerprint for alert in alerts])
    assert digest.host_id == HOST_ID
    assert digest.count == 100
    assert [one.sequence for one in digest.named] == list(range(3, 61, 3))
    assert [one.alert for one in digest.named] == alerts[2:60:3]
    assert digest.levels == {Level.HIGH: 33, Level.MEDIUM: 67}
    assert digest.doors == {"console": 33, "rdp": 67}
    assert (digest.first, digest.last) == (NOON + timedelta(seconds=1), NOON + timedelta(seconds=100))
    assert digest.sequences == ((1, 100),)


def test_a_digest_names_the_instance(opened: Opened) -> None:
    """As a whole, and with each that it names."""
    outbox = opened()
    here = Instance(HOST_ID, "ap-northeast-1", "123456789012", "bastion-tokyo")
    outbox.hosts.become(HOST_ID, here)
    put(outbox, range(1, 4))
    digest = begun(outbox).telling
    assert isinstance(digest, Digest)
    assert [digest.instance, *(one.instance for one in digest.named)] == [here] * 4


def test_what_was_begun_stays_as_it_is(opened: Opened) -> None:
    """After a restart the same digest is tried again, though more has come meanwhile."""
    before = begun_with_more(opened())
    outbox = opened()
    (again,) = outbox.tellings.due("sns", NOON, 10)
    assert again == before
    assert [row.key for row in outbox.tellings.waiting("sns")] == [11, 12]


def begun_with_more(outbox: Outbox) -> Delivery:
    """Begin a digest of ten, and let two more come."""
    put(outbox, range(1, 11))
    delivery = begun(outbox)
    put(outbox, range(11, 13))
    return delivery


def test_nothing_is_begun_twice(opened: Opened) -> None:
    """An alert that is in a message already gets into no other, whatever was decided."""
    outbox = opened()
    put(outbox, range(1, 5))
    rows = outbox.tellings.waiting("sns")
    outbox.tellings.begin("sns", [together(rows[:2])], NOON)
    outbox.tellings.begin("sns", [together(rows[1:]), together(rows[:1])], NOON)
    counts = [
        delivery.telling.count if isinstance(delivery.telling, Digest) else 1
        for delivery in outbox.tellings.due("sns", NOON, 10)
    ]
    assert counts == [2, 2]


@pytest.mark.rig
def test_a_digest_of_ten_thousand_is_marked_at_once(opened: Opened) -> None:
    """However many alerts a message tells, that it was taken is one change of one row."""
    outbox = opened()
    put(outbox, range(1, 10_001))
    delivery = begun(outbox)
    changes = outbox._database.rows("select total_changes()")[0][0]
    outbox.tellings.delivered(delivery, "receipt", NOON)
    assert outbox._database.rows("select total_changes()")[0][0] == changes + 1
    assert outbox.state().notifiers["sns"].delivered == 10_000


def test_what_waits_fits_into_memory(opened: Opened) -> None:
    """Of whatever waits only the oldest are decided about at once, and as many critical ones: those are always seen."""
    outbox = opened()
    put(outbox, range(1, 31))
    outbox._database.change("update alert set level = 4 where sequence >= 27")
    assert [row.key for row in outbox.tellings.waiting("sns", 3)] == [27, 28, 29, 1, 2, 3]
    for sql in (CRITICAL, OTHERS):
        plan = outbox._database.rows(f"explain query plan {sql}", ("sns", 3))
        assert not any("TEMP B-TREE" in step[3] for step in plan)
        assert any("alert_critical" in step[3] or "delivery_waiting" in step[3] for step in plan)


def test_critical_ones_are_tried_first(opened: Opened) -> None:
    """Of what is to be tried again, the critical comes first, then the oldest."""
    outbox = opened()
    put(outbox, range(1, 5))
    rows = outbox.tellings.waiting("sns")
    levels = [Level.LOW, Level.LOW, Level.CRITICAL, Level.HIGH]
    bundles = [
        Bundle((row.key,), level, None, row.kind, WHY) for row, level in zip(rows, levels, strict=True)
    ]
    outbox.tellings.begin("sns", bundles, NOON)
    assert [delivery.key for delivery in outbox.tellings.due("sns", NOON, 3)] == [3, 1, 2]
    assert outbox.tellings.due_levels("sns", NOON) == levels


def test_what_was_given_up_is_tried_again_or_dropped(opened: Opened) -> None:
    """A person decides about what was given up: it goes out after all, or not, and then the numbers are told."""
    outbox = opened()
    put(outbox, [1, 2, 3])
    deliveries = pending(outbox, "sns")
    for delivery in deliveries:
        outbox.tellings.bury(delivery, say("too large"), NOON)
    assert outbox.tellings.retry(deliveries[0].key)
    assert not outbox.tellings.retry(99)
    assert [each.key for each in outbox.tellings.due("sns", NOON, 10)] == [deliveries[0].key]
    why = say("dropped by {author} ({because})", author="alice", because="seen")
    assert outbox.tellings.drop(deliveries[1].key, why, NOON) == 1
    assert outbox.tellings.drop(deliveries[1].key, why, NOON) == 0
    state = outbox.state().notifiers["sns"]
    assert (state.pending, state.buried, state.dropped) == (1, 1, 1)
    (remark,) = outbox.remarks.between(0, 99)
    assert str(remark.what) == "1 alert was not told, dropped by alice (seen): number 2."


def test_a_notifier_that_is_gone_leaves_nothing_pending(opened: Opened) -> None:
    """All that a notifier has not delivered can be dropped at once, what waits like what was begun."""
    outbox = opened()
    put(outbox, [1, 2])
    first, second = pending(outbox, "sns")
    outbox.tellings.delivered(first, "taken", NOON)
    outbox.tellings.postpone(second, say("away"), NOON, NOON)
    put(outbox, [3, 4])
    assert outbox.tellings.drop_all("sns", say("dropped"), NOON) == 3
    assert outbox.tellings.drop_all("sns", say("dropped"), NOON) == 0
    state = outbox.state().notifiers["sns"]
    assert (state.pending, state.delivered, state.dropped) == (0, 1, 3)
    (remark,) = outbox.remarks.between(0, 99)
    assert str(remark.what) == "3 alerts were not told, dropped: numbers 2-4."


def test_what_is_dropped_is_counted_and_dated(opened: Opened) -> None:
    """Whoever is told of it next reads how many, of which host, and when; and each fate says when it was."""
    outbox = opened()
    put(outbox, range(1, 5))
    later = NOON + timedelta(hours=1)
    begun(outbox)
    put(outbox, range(5, 7))
    assert outbox.tellings.drop_all("sns", say("dropped"), later) == 6
    remarks = outbox.remarks.between(0, 100)
    assert [(remark.time, remark.kind, remark.count) for remark in remarks] == [(later, "dropped", 6)]
    assert {row for (row,) in outbox._database.rows("select host_id from remark")} == {HOST_ID}
    fates = [fate for number in range(1, 7) for fate in outbox.fates.numbered(number)[0].fates]
    assert [fate.done for fate in fates] == [later] * 6


def test_logonbells_own_alerts_are_of_the_one_host_that_is_known(opened: Opened) -> None:
    """Without any, or with several, they are of this machine."""
    outbox = opened()
    assert outbox.host_id("here") == "here"
    put(outbox, [1])
    assert outbox.host_id("here") == HOST_ID
    other = notification(2, host_id="i-2").alert
    outbox.ring([other], ["sns"], NOON)
    assert outbox.host_id("here") == "here"


def silence(**more: object) -> Silence:
    """Make a silence of all, for an hour from noon."""
    given = {"cover": Cover(), "because": "patching", "author": "alice", "begins": NOON}
    return Silence(0, **{**given, "ends": NOON + timedelta(hours=1), **more})  # type: ignore[arg-type]


def test_what_is_silenced_is_kept_counted_and_told_with_the_next(opened: Opened) -> None:
    """A silenced alert has its number, no delivery, and a remark that names it; the silence counts it."""
    outbox = opened()
    with outbox.together():
        made = outbox.silences.add(silence(cover=Cover(doors=("console",))))
    put(outbox, range(1, 8))
    assert [row.key for row in outbox.tellings.waiting("sns")] == [1, 2, 4, 5, 7]
    assert [one.held for one in outbox.silences.since(NOON)] == [2]
    (story,) = outbox.fates.numbered(3)
    assert (story.silenced, story.fates) == (made.why, ())
    delivery = begun(outbox)
    assert isinstance(delivery.telling, Digest)
    assert delivery.telling.sequences == ((1, 2), (4, 5), (7, 7))
    (remark,) = delivery.telling.remarks
    assert (remark.kind, remark.count) == ("silenced", 2)
    assert "numbers 3, 6." in str(remark.what)


def test_a_long_silence_leaves_few_rows(opened: Opened) -> None:
    """Alerts silenced one after the other are one row, until a message carries it: what comes then is a row of its own."""
    outbox = opened()
    outbox.silences.add(silence(cover=Cover(doors=("rdp",))))
    for number in (1, 2, 4, 5):
        put(outbox, [number])
    assert rows(outbox) == [(1, 4)]
    put(outbox, [3])  # by the console: told, as number 5
    (first,) = pending(outbox, "sns")
    put(outbox, [7])
    put(outbox, [8])
    assert rows(outbox) == [(1, 4), (6, 7)]
    outbox.tellings.delivered(first, "taken", NOON)
    put(outbox, [10])
    put(outbox, [6])
    (second,) = pending(outbox, "sns")
    assert [
        "numbers 1-4." in str(first.telling.remarks[0].what),
        "numbers 6-8." in str(second.telling.remarks[0].what),
    ] == [
        True,
        True,
    ]


def rows(outbox: Outbox) -> list[tuple[int, int]]:
    """Give the numbers of the remarks that are kept."""
    return outbox._database.rows("select first, last from remark order by id")


def test_a_silence_ends(opened: Opened) -> None:
    """From its end on everything is told again; one that was ended ends no second time."""
    outbox = opened()
    made = outbox.silences.add(silence())
    assert outbox.silences.one(made.number) == made
    assert outbox.silences.end(made.number, NOON + timedelta(seconds=5))
    assert not outbox.silences.end(made.number, NOON + timedelta(seconds=6))
    assert not outbox.silences.end(99, NOON)
    put(outbox, range(1, 8))
    assert [row.key for row in outbox.tellings.waiting("sns")] == [5, 6, 7]


def test_a_damaged_silence_silences_nothing(opened: Opened) -> None:
    """What cannot be read any more holds nothing back; least of all does a lost criterion make it cover more."""
    outbox = opened()
    outbox.silences.add(silence(cover=Cover(doors=("console",))))
    outbox._database.change("update silence set cover = replace(cover, 'doors', 'roods')")
    put(outbox, [3])
    assert len(outbox.tellings.waiting("sns")) == 1


def test_maintenance_holds_back_like_a_silence(opened: Opened) -> None:
    """What a window of the settings covers is kept, not told, and counted in the next message."""
    outbox = opened()
    window = Maintenance(
        Cover(),
        "backup",
        frozenset(range(7)),
        NOON.time(),
        (NOON + timedelta(hours=1)).time(),
        NOON.tzinfo or pytest.fail("a zone"),
    )
    put(outbox, [1, 2], expected=[window])
    assert outbox.tellings.waiting("sns") == []
    (remark,) = outbox.remarks.between(0, 99)
    assert str(remark.what) == "2 alerts were not told, maintenance, 12:00 to 13:00 (backup): numbers 1-2."


def test_what_is_known_already_is_not_silenced_again(opened: Opened) -> None:
    """Reading a log again counts no silenced alert twice."""
    outbox = opened()
    outbox.silences.add(silence())
    for _ in range(2):
        put(outbox, [1, 2])
    assert [one.held for one in outbox.silences.since(NOON)] == [2]
    assert [remark.count for remark in outbox.remarks.between(0, 99)] == [2]


def test_losses_are_kept_with_what_was_read(opened: Opened) -> None:
    """What could not be read is remarked in the transaction that moves the bookmark, and ends nowhere but with people."""
    outbox = opened()
    put(outbox, [1], losses=[Loss("Security.evtx", say("3 records are damaged"), 3)])
    (remark,) = begun(outbox).telling.remarks
    assert (remark.kind, remark.count, str(remark.what)) == (LOST, 3, "Security.evtx: 3 records are damaged")


def test_a_remark_waits_for_its_delivery(opened: Opened) -> None:
    """Only what was delivered is told: a message that failed carries the remark again, and no other does beside it."""
    outbox = opened()
    outbox.remarks.add([Remarked(NOON, LOST, say("a record is damaged"), 1)])
    put(outbox, [1, 2])
    first, second = pending(outbox, "sns")
    assert [bool(each.telling.remarks) for each in (first, second)] == [True, False]
    outbox.tellings.delivered(second, "taken", NOON)
    outbox.tellings.postpone(first, say("away"), NOON, NOON)
    (again,) = pending(outbox, "sns")
    assert again.telling.remarks == first.telling.remarks
    outbox.tellings.delivered(again, "taken", NOON)
    put(outbox, [3])
    (last,) = pending(outbox, "sns")
    assert last.telling.remarks == ()


def test_a_message_carries_no_later_remark_at_its_second_try(opened: Opened) -> None:
    """A repeat that a FIFO topic swallows cannot take a remark with it: what is new goes with the next message."""
    outbox = opened()
    put(outbox, [1])
    (first,) = pending(outbox, "sns")
    outbox.tellings.postpone(first, say("away"), NOON, NOON)
    outbox.remarks.add([Remarked(NOON, LOST, say("a record is damaged"), 1)])
    (again,) = pending(outbox, "sns")
    assert again.telling.remarks == ()
    outbox.tellings.delivered(again, "taken", NOON)
    put(outbox, [2])
    assert [len(each.telling.remarks) for each in pending(outbox, "sns")] == [1]


def test_a_new_notifier_is_not_told_of_the_past(opened: Opened) -> None:
    """Who is added to the settings today hears of today's losses, not of last month's."""
    outbox = opened()
    for days, what in ((30, "old"), (0, "new")):
        outbox.remarks.add([Remarked(NOON - timedelta(days=days), LOST, say(what), 1)])
    outbox.tellings.meet("sns", NOON)
    put(outbox, [1])
    (delivery,) = pending(outbox, "sns")
    assert [str(remark.what) for remark in delivery.telling.remarks] == ["new"]


def test_an_absence_is_told(opened: Opened) -> None:
    """The first message of a history says that it begins; the first after a time when nobody watched, from when to when."""
    outbox = opened()
    outbox.wake(NOON, tolerance=timedelta(minutes=3))
    (remark,) = outbox.remarks.between(0, 99)
    assert (remark.kind, "its state was deleted" in str(remark.what)) == ("begun", True)
    outbox.show_life(NOON + timedelta(minutes=10))
    outbox.wake(NOON + timedelta(minutes=12), tolerance=timedelta(minutes=3))
    assert len(outbox.remarks.between(0, 99)) == 1
    outbox.wake(NOON + timedelta(hours=5), tolerance=timedelta(minutes=3))
    (remark,) = outbox.remarks.between(1, 99)
    assert "Nobody watched from 2026-03-04 12:12 UTC to 2026-03-04 17:00 UTC" in str(remark.what)


def test_an_absence_in_which_the_clock_was_set_back_is_told(opened: Opened) -> None:
    """How long it was nobody knows; that it was is told, or who stops the agent would set the clock back for an hour."""
    outbox = opened()
    outbox.show_life(NOON)
    outbox.wake(NOON - timedelta(hours=1), tolerance=timedelta(minutes=3))
    (remark,) = outbox.remarks.between(0, 99)
    assert "Nobody watched from 2026-03-04 12:00 UTC on, and the clock was set back" in str(remark.what)


def test_remarks_and_silences_are_forgotten_when_they_were_told(opened: Opened) -> None:
    """What every notifier told, and ended silences, go with the history; what is not told stays however old."""
    outbox = opened()
    outbox.silences.add(silence())
    outbox.tellings.meet("sns", NOON)
    outbox.remarks.add([Remarked(NOON, LOST, say("a record is damaged"), 1)])
    outbox.forget(NOON + timedelta(days=400))
    assert len(outbox.remarks.between(0, 99)) == 1
    assert outbox.silences.since(NOON) == []
    commit(outbox, 1, ["sns"])
    (delivery,) = pending(outbox, "sns")
    outbox.tellings.delivered(delivery, "taken", NOON)
    outbox.forget(NOON + timedelta(days=400))
    assert outbox.remarks.between(0, 99) == ()


def test_what_became_of_an_alert(opened: Opened) -> None:
    """Each alert is found by its number, fingerprint and record, and its story says where it stands."""
    outbox = opened()
    alerts = put(outbox, [1, 2, 3])
    delivery = begun(outbox)
    outbox.tellings.delivered(delivery, "receipt", NOON)
    put(outbox, [4])
    stories = outbox.fates.recent(2)
    assert [story.sequence for story in stories] == [3, 4]
    assert [story.fates[0].state for story in stories] == ["delivered", "waiting"]
    (fate,) = stories[0].fates
    assert (fate.alerts, fate.digest, fate.why, fate.receipt) == (3, DigestKind.STORM, WHY, "receipt")
    assert outbox.fates.marked(alerts[2].fingerprint) == stories[:1]
    assert outbox.fates.of_record(alerts[2].finding.main.record_id) == stories[:1]
    assert outbox.fates.of_record(5) == []
    assert outbox.fates.numbers(delivery.key) == [1, 2, 3]


@pytest.mark.parametrize("kind", ["silence", "maintenance", "allowance"])
def test_nothing_holds_back_before_somebody_was_told_of_it(opened: Opened, kind: str) -> None:
    """While the notice of it waits, all rings; once a notifier afar took it, what it covers is silent."""
    outbox = opened()
    notice = notification(50).alert
    outbox.ring([notice], ["console", "sns"], NOON)
    more: dict[str, object] = {}
    if kind == "silence":
        outbox.silences.announce(outbox.silences.add(silence()), notice.fingerprint)
        (made,) = outbox.silences.since(NOON)
        assert made.notice == notice.fingerprint
    elif kind == "maintenance":
        window = Maintenance(Cover(), "x", frozenset(range(7)), time(11), time(14), UTC, notice.fingerprint)
        more = {"expected": [window]}
    else:
        more = {"expected": [Allowance(Cover(), "x", notice.fingerprint)]}
    put(outbox, [1], **more)
    assert len(outbox.tellings.waiting("sns")) == 2
    (shown,) = pending(outbox, "console")
    outbox.tellings.delivered(shown, "shown", NOON)  # on the screen of who did it
    put(outbox, [2], **more)
    told, *others = pending(outbox, "sns")
    assert len(others) == 2
    outbox.tellings.delivered(told, "taken", NOON)
    put(outbox, [4], **more)
    assert outbox.tellings.waiting("sns") == []
    assert outbox.fates.numbered(4)[0].silenced is not None


def test_who_took_a_notice(opened: Opened) -> None:
    """Of one that nobody was to be told nobody need be; the console's word counts where there is no other; of an unknown, none."""
    outbox = opened()
    alone, nobody = notification(51).alert, notification(52).alert
    outbox.ring([alone], ["console"], NOON)
    outbox.ring([nobody], [], NOON)
    assert outbox.tellings.took(nobody.fingerprint)
    assert not outbox.tellings.took("none")
    assert not outbox.tellings.took(alone.fingerprint)
    (shown,) = pending(outbox, "console")
    outbox.tellings.delivered(shown, "shown", NOON)
    assert outbox.tellings.took(alone.fingerprint)


def test_a_notifier_that_was_added_just_now_proves_nothing(opened: Opened) -> None:
    """Who allows himself something may have added it, too: while one is to be told that took messages before, it counts alone."""
    outbox = opened()
    put(outbox, [1])
    (before,) = pending(outbox, "sns")
    outbox.tellings.delivered(before, "taken", NOON - timedelta(seconds=1))
    notice = notification(50).alert
    outbox.ring([notice], ["mine", "sns"], NOON)
    (taken,) = pending(outbox, "mine")
    outbox.tellings.delivered(taken, "taken", NOON)
    allowed = [Allowance(Cover(), "x", notice.fingerprint)]
    put(outbox, [2], expected=allowed)
    told, rung = pending(outbox, "sns")
    assert rung.telling != told.telling
    outbox.tellings.delivered(told, "taken", NOON)
    put(outbox, [4], expected=allowed)
    assert pending(outbox, "sns") == [rung]
