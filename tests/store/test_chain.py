"""What the chain promises: nothing of the history is removed, changed or put in without being found."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing as closed
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from first_version import LATER, write_first_version
from logonbell.event import EventRef
from logonbell.logon import Logoff, Logon
from logonbell.proof import NONE, Head, Proof
from logonbell.sentence import say
from logonbell.store.outbox import FILE, Outbox
from notifications import NOON, notification
from reading import commit, pending

Opened = Callable[..., Outbox]


def logon(number: int) -> Logon:
    """Make the logon of a number."""
    finding = notification(number).alert.finding
    assert isinstance(finding, Logon)
    return finding


def put(outbox: Outbox, *findings: Logon | Logoff) -> None:
    """Keep findings an hour later."""
    outbox.commit(bookmarks={}, snapshot="", findings=findings, alerts=[], notifiers=[], read=LATER)


def fill(outbox: Outbox) -> None:
    """Keep four logons that ring; the second grows, the third ends."""
    for number in (1, 2, 3, 4):
        commit(outbox, number)
    third = logon(3)
    events = (EventRef("Security", 9, 4634),)
    put(outbox, replace(logon(2), elevated=True))
    put(outbox, Logoff(LATER, third.host, events, third.main, third.time, third.door, third.user))


def flaws(outbox: Outbox) -> list[tuple[str, int | None]]:
    """Give what is found, and the links that show it."""
    with outbox.inspect() as inspection:
        return [(flaw.kind, flaw.number) for flaw in inspection.flaws()]


def tamper(folder: Path, *statements: str) -> None:
    """Change the file as somebody does who owns the host."""
    with closed(sqlite3.connect(folder / FILE)) as db, db:
        for statement in statements:
            assert db.execute(statement).rowcount > 0


def test_what_was_written_is_in_order(opened: Opened) -> None:
    """Logons that ring, grow and end leave a chain without a flaw, and everything is counted once."""
    outbox = opened()
    fill(outbox)
    with outbox.inspect() as inspection:
        assert list(inspection.flaws()) == []
        sound = inspection.sound
    assert (sound.findings, sound.alerts, sound.checkpoint) == (5, 4, 0)
    assert sound.head == outbox.chain.head()
    assert sound.head.number == 4 * 2 + 1 + 2


TAMPERING = {
    "a finding removed": (["delete from finding where id = 1"], [("removed", 1)]),
    "a finding that grew removed": (["delete from finding where id = 2"], [("removed", 3), ("removed", 9)]),
    "an alert removed": (
        ["delete from delivery where alert = 2", "delete from alert where id = 2"],
        [("removed", 4)],
    ),
    "a finding changed": (
        ["update finding set facts = replace(facts, 'alice', 'bobby') where id = 4"],
        [("changed", 7)],
    ),
    "a logon that did not end": (["update finding set ended = null where id = 3"], [("changed", 11)]),
    "a time changed": (
        ["update finding set time = '2020-01-01T00:00:00.000000+00:00' where id = 1"],
        [("changed", 1)],
    ),
    "an alert forgotten before its time": (["update alert set facts = null where id = 1"], [("changed", 2)]),
    "an alert silenced afterwards": (["update alert set silenced = '{}' where id = 1"], [("changed", 2)]),
    "a finding put in": (
        [
            (
                "insert into finding (host, channel, record_id, time, facts, seen, revised)"
                " select host, channel, '7', time, facts, seen, revised from finding where id = 1"
            )
        ],
        [("inserted", None)],
    ),
    "a finding put in under another's link": (
        [
            (
                "insert into finding (host, channel, record_id, time, facts, seen, revised, link)"
                " select host, channel, '7', time, facts, seen, revised, link from finding where id = 1"
            )
        ],
        [("inserted", 1)],
    ),
    "a link changed": (["update link set digest = '00' where number = 3"], [("broken", 3)]),
    "a link removed": (["delete from link where number = 3"], [("broken", 3)]),
    "an older version put back": (
        ["update finding set link = 3 where id = 2"],
        [("restored", 9), ("changed", 3)],
    ),
    "a row and its link removed": (
        ["delete from finding where id = 1", "delete from link where number = 1"],
        [("broken", 1)],
    ),
    "a forgetting put in": (
        [
            (
                "insert into link (number, kind, row, time, at, digest, mark)"
                " values (12, 'forgotten', 1, '2026-03-04', '2026-03-04', '', '')"
            )
        ],
        [("broken", 12)],
    ),
}


@pytest.mark.parametrize(("statements", "found"), TAMPERING.values(), ids=TAMPERING)
def test_tampering_is_found(
    opened: Opened, folder: Path, statements: list[str], found: list[tuple[str, int | None]]
) -> None:
    """Whatever is removed, changed or put in is found, with the link that shows it."""
    outbox = opened()
    fill(outbox)
    tamper(folder, *statements)
    assert flaws(outbox) == found


def test_a_history_written_anew_is_another_head(opened: Opened, folder: Path) -> None:
    """Who removes the newest rows with their links leaves a sound history, whose head is not the one that was told."""
    outbox = opened()
    fill(outbox)
    told = outbox.chain.head()
    tamper(folder, "delete from link where number = 11", "update finding set link = 5 where id = 3")
    assert outbox.chain.head() != told
    commit(outbox, 5)
    assert outbox.chain.head().number > told.number
    tamper(folder, "delete from link where number > 11")
    assert outbox.chain.head().number == told.number
    assert outbox.chain.head().mark != told.mark


def test_retention_leaves_a_checkpoint(opened: Opened, folder: Path) -> None:
    """Forgetting what is old drops its links, and everything that is left is still held against the chain."""
    outbox = opened()
    fill(outbox)
    for delivery in [*pending(outbox, "sns"), *pending(outbox, "console")]:
        outbox.tellings.delivered(delivery, "taken", NOON)
    before = outbox.chain.head()
    outbox.forget(NOON + timedelta(seconds=3, minutes=1))
    commit(outbox, 7)
    with outbox.inspect() as inspection:
        assert list(inspection.flaws()) == []
        sound = inspection.sound
    assert (sound.checkpoint, sound.findings, sound.alerts, sound.bare) == (8, 2, 1, 4)
    assert str(sound.before).startswith("2026-03-04T12:01:03")
    assert outbox.chain.head().number == before.number + 3
    tamper(folder, "update checkpoint set number = 7", "delete from finding where link = 10")
    assert flaws(outbox) == [("broken", 8), ("removed", 10), ("inserted", 8)]


def test_who_says_that_what_is_new_was_old_is_found(opened: Opened) -> None:
    """Who forgets all in good form, to hide something, has forgotten more than the settings ask for."""
    outbox = opened()
    fill(outbox)
    outbox.forget(NOON + timedelta(seconds=3))
    with outbox.inspect() as inspection:
        assert list(inspection.flaws()) == []
        assert inspection.forgotten(NOON + timedelta(seconds=3)) is None
        flaw = inspection.forgotten(NOON + timedelta(seconds=2))
    assert flaw is not None
    assert flaw.kind == "forgotten"


def test_an_older_file_is_taken_into_the_chain(folder: Path) -> None:
    """What stood in the history before there was a chain is in it from the upgrade on."""
    write_first_version(folder)
    with closed(Outbox.open(folder, now=NOON)) as outbox:
        assert flaws(outbox) == []
        assert outbox.chain.head().number == 10
        with outbox.inspect() as inspection:
            assert list(inspection.flaws()) == []
            assert (inspection.sound.findings, inspection.sound.alerts) == (5, 5)
        tamper(folder, "delete from finding where id = 3")
        assert flaws(outbox) == [("removed", 3)]


def proofs(outbox: Outbox, notifier: str) -> list[Proof]:
    """Begin a message for each alert that waits, and give what they prove."""
    found = [delivery.telling.proof for delivery in pending(outbox, notifier)]
    assert None not in found
    return [proof for proof in found if proof is not None]


def test_messages_are_numbered_by_notifier_and_chained(opened: Opened) -> None:
    """Each notifier's messages count 1, 2, 3, whatever it is not told; each covers the one before and the history."""
    outbox = opened()
    commit(outbox, 1)
    commit(outbox, 2, ["console"])
    commit(outbox, 3)
    for notifier, count in (("sns", 2), ("console", 3)):
        told = proofs(outbox, notifier)
        assert [proof.number for proof in told] == list(range(1, count + 1))
        assert [proof.before for proof in told] == [NONE, *(proof.mark for proof in told)][:count]
        assert {proof.head for proof in told} == {outbox.chain.head()}
        assert {proof.notifier for proof in told} == {notifier}


def test_a_message_that_comes_again_proves_the_same(opened: Opened) -> None:
    """A message that failed is tried again as it was, though the history went on."""
    outbox = opened()
    commit(outbox, 1)
    (first,) = pending(outbox, "sns")
    outbox.tellings.postpone(first, say("Nobody is there."), NOON, NOON)
    commit(outbox, 2)
    outbox = opened(LATER)
    again, second = proofs(outbox, "sns")
    assert again == first.telling.proof
    assert second.before == again.mark
    assert second.head.number == again.head.number + 2


def test_a_copy_goes_on_under_another_name(opened: Opened, folder: Path) -> None:
    """A history that an older copy replaces says so by its name, and gives no number of a message twice."""
    outbox = opened()
    commit(outbox, 1)
    (before,) = proofs(outbox, "sns")
    outbox.renew_copy(NOON)
    outbox.close()
    (folder / FILE).write_bytes(b"damaged")
    outbox = opened(LATER)
    commit(outbox, 2)
    old, new = proofs(outbox, "sns")
    assert old == before
    assert new.history != old.history
    assert (new.number, new.before) == (1, NONE)
    assert flaws(outbox) == []


def test_a_mark_covers_all_that_a_message_proves() -> None:
    """Nothing of a proof can be changed without changing its mark."""
    proof = Proof("a" * 32, "sns", 7, "b" * 64, Head(12, "c" * 64), "d" * 32)
    others = [
        replace(proof, history="b" * 32),
        replace(proof, notifier="s"),
        replace(proof, number=8),
        replace(proof, before="c" * 64),
        replace(proof, head=Head(13, "c" * 64)),
        replace(proof, head=Head(12, "d" * 64)),
        replace(proof, fingerprint="e" * 32),
    ]
    assert len({one.mark for one in (proof, *others)}) == len(others) + 1
    assert proof.short.split("-")[1:] == ["7", "12", proof.mark[:16]]
