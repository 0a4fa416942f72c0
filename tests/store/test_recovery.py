from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing as closed
from datetime import timedelta
from pathlib import Path

import pytest

from logonbell.errors import Refused
from logonbell.store.database import Database
from logonbell.store.outbox import FILE, Outbox
from logonbell.store.recovery import GAP
from logonbell.store.refusal import Damaged
from notifications import HOST_ID, NOON
from reading import SOURCE, commit, count, numbers, pending

PREVIOUS = "outbox.previous.sqlite3"
CHILD = Path(__file__).parents[1] / "outbox_child.py"
PAGE = 4096

Opened = Callable[..., Outbox]


def overwrite(path: Path, start: int, what: bytes) -> None:
    """Write into the middle of a file."""
    with path.open("r+b") as file:
        file.seek(start)
        file.write(what)


def change(path: Path, *statements: str) -> None:
    """Change a database behind the outbox's back."""
    with closed(sqlite3.connect(path)) as db, db:
        for statement in statements:
            db.execute(statement)


MIXED_UP_INDEX = (
    "pragma writable_schema = on",
    "update sqlite_master set sql = replace(sql, '(time)', '(seen)') where name = 'finding_by_time'",
)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "not a database": lambda path: path.write_text("A note, saved over the wrong file. " * 100),
    "cut in half": lambda path: os.truncate(path, 5 * PAGE),
    "cut within a page": lambda path: os.truncate(path, PAGE + 100),
    "cut to nothing": lambda path: path.write_bytes(b""),
    "first page zeroed": lambda path: overwrite(path, 0, bytes(PAGE)),
    "header kept, rest zeroed": lambda path: overwrite(path, 100, bytes(8 * PAGE)),
    "somebody else's database": lambda path: change(path, "pragma application_id = 7"),
    "gone": lambda path: path.unlink(),
    "a table gone": lambda path: change(path, "drop table snapshot"),
    "a bookmark flipped": lambda path: change(path, "update bookmark set bookmark = '7'"),
    "a bookmark of broken text": lambda path: change(
        path, "update bookmark set bookmark = cast(x'ff' as text)"
    ),
    "a bookmark of no text": lambda path: change(path, "update bookmark set bookmark = x'00'"),
    "a snapshot flipped": lambda path: change(path, "update snapshot set snapshot = '\"'"),
    "an index of something else": lambda path: change(path, *MIXED_UP_INDEX),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_outbox_goes_on_from_its_copy(
    opened: Opened, folder: Path, damage: Callable[[Path], object]
) -> None:
    """A damaged outbox is set aside whole and told; reading goes on from older, rings again, and reuses no number."""
    outbox = opened()
    for number in (1, 2, 3):
        commit(outbox, number)
    outbox.renew_copy(NOON)
    for number in (4, 5):
        commit(outbox, number)
    outbox.close()
    damage(folder / FILE)
    left = (folder / FILE).read_bytes() if (folder / FILE).exists() else None

    outbox = opened(NOON + timedelta(minutes=1))

    assert outbox.bookmark(SOURCE) == "3"
    assert count(outbox) == 3
    told = str(outbox.recovered)
    assert "the copy of 2026-03-04T12:00:00" in told
    assert f"numbered from {GAP + 4}" in told
    aside = folder / "outbox.damaged-20260304T120100Z.sqlite3"
    assert aside.name in told
    assert (aside.read_bytes() if aside.exists() else None) == left
    assert [str(mending.what) for mending in outbox.state().mendings] == [told]
    assert [str(remark.what) for remark in pending(outbox, "sns")[0].telling.remarks] == [told]

    assert [commit(outbox, number) for number in (3, 4, 5, 6)] == [0, 1, 1, 1]
    assert numbers(pending(outbox, "sns")) == [1, 2, 3, GAP + 4, GAP + 5, GAP + 6]
    assert GAP > 100_000  # a storm between two copies stays below
    assert opened(NOON + timedelta(minutes=2)).recovered is None


@pytest.mark.rig
def test_every_page_may_be_lost(opened: Opened, folder: Path) -> None:
    """Whichever page of the file turns to rubbish, the outbox opens, forgets no more than since its copy, and works."""
    outbox = opened()
    for number in range(1, 40):
        commit(outbox, number)
    outbox.renew_copy(NOON)
    commit(outbox, 40)
    outbox.close()
    whole = (folder / FILE).read_bytes()
    previous = (folder / PREVIOUS).read_bytes()
    recovered = 0
    for start in range(0, len(whole), PAGE):
        (folder / FILE).write_bytes(whole)
        (folder / PREVIOUS).write_bytes(previous)
        overwrite(folder / FILE, start, hashlib.shake_256(b"%d" % start).digest(PAGE))
        outbox = opened(NOON)
        assert outbox.bookmark(SOURCE) == ("39" if outbox.recovered else "40")
        assert commit(outbox, 41) == 1
        outbox.close()
        recovered += outbox.recovered is not None
    assert recovered > len(whole) // PAGE * 0.9


def test_damaged_copy_too_starts_at_the_oldest(opened: Opened, folder: Path) -> None:
    """With nothing left, reading starts at the oldest record, never at "now"; and the numbers are higher than any before."""
    outbox = opened()
    commit(outbox, 1)
    outbox.close()
    for name in (FILE, PREVIOUS):
        overwrite(folder / name, 0, b"rubbish")
    outbox = opened(NOON)
    assert outbox.bookmark(SOURCE) is None
    assert len(list(folder.glob("outbox.damaged-*"))) == 2
    assert "starts again at the oldest record" in str(outbox.recovered)
    assert commit(outbox, 1) == 1
    assert outbox.state().sequences == {HOST_ID: int(NOON.timestamp()) + 1}


def test_hosts_unknown_to_the_copy_reuse_no_number(opened: Opened, folder: Path) -> None:
    """A host that first rang after the copy was made does not start at 1 again."""
    opened().close()  # keeps a copy of the empty outbox
    outbox = opened()
    commit(outbox, 1)
    outbox.close()
    (folder / FILE).unlink()
    outbox = opened()
    commit(outbox, 1)
    assert outbox.state().sequences == {HOST_ID: GAP + 1}


def test_mending_twice_jumps_twice(opened: Opened, folder: Path) -> None:
    """A second accident before any alert was given does not step back on the numbers of the first."""
    opened().close()
    for _ in range(2):
        (folder / FILE).unlink()
        opened().close()
    outbox = opened()
    commit(outbox, 1)
    assert outbox.state().sequences == {HOST_ID: 2 * GAP + 1}
    assert len(outbox.state().mendings) == 2


def test_mending_that_was_cut_short_is_done_again(opened: Opened, folder: Path) -> None:
    """Stopped between setting aside and replacing, the next start mends; what the old file left beside it is not mixed in."""
    with subprocess.Popen(
        [sys.executable, CHILD, "kill", folder], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        while int(child.stdout.readline()) < 10:
            pass
        child.kill()
    assert (folder / f"{FILE}-wal").stat().st_size > 0
    (folder / FILE).rename(folder / "outbox.damaged-20260304T120000Z.sqlite3")
    (folder / "outbox.rebuilding.sqlite3").write_text("half a copy")

    outbox = opened(NOON)

    assert outbox.recovered is not None
    assert int(outbox.bookmark(SOURCE) or 0) % 7 == 0
    assert count(outbox) == int(outbox.bookmark(SOURCE) or 0)
    assert (folder / "outbox.damaged-20260304T120000Z-2.sqlite3-wal").stat().st_size > 0
    assert not (folder / "outbox.rebuilding.sqlite3").exists()


def test_setting_aside_that_was_cut_short_is_no_first_start(opened: Opened, folder: Path) -> None:
    """Stopped when the damaged file was moved and nothing stood in its place: the numbers do not start at 1 again."""
    folder.mkdir()
    (folder / "outbox.damaged-20260304T120000Z.sqlite3").write_text("rubbish")
    (folder / "outbox.rebuilding.sqlite3").write_text("half an outbox")
    outbox = opened(NOON)
    assert outbox.recovered is not None
    commit(outbox, 1)
    assert outbox.state().sequences == {HOST_ID: int(NOON.timestamp()) + 1}


def test_first_start_that_was_cut_short_is_no_damage(opened: Opened, folder: Path) -> None:
    """An agent killed while it created its first outbox starts again without a word, and counts from 1."""
    folder.mkdir()
    (folder / FILE).touch()
    outbox = opened()
    assert outbox.recovered is None
    commit(outbox, 1)
    assert outbox.state().sequences == {HOST_ID: 1}


def test_transaction_that_the_power_cut_short_is_undone(opened: Opened, folder: Path) -> None:
    """A file that lost its power before it had its log of writes has a journal by which SQLite undoes what was half done."""
    outbox = opened()
    commit(outbox, 1)
    outbox.close()
    path = folder / FILE
    left = {}
    with closed(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in ("pragma journal_mode = delete", "pragma cache_size = 1", "begin"):
            db.execute(statement)
        db.execute("update snapshot set snapshot = hex(randomblob(100000))")  # more than fits: it is written
        for file in (path, path.with_name(f"{FILE}-journal")):
            left[file] = file.read_bytes()
    for file, content in left.items():
        file.write_bytes(content)
    outbox = opened()
    assert outbox.recovered is None
    assert count(outbox) == 1


@pytest.mark.parametrize("damaged", [False, True])
def test_newer_outbox_is_not_touched(opened: Opened, folder: Path, damaged: bool) -> None:
    """After a downgrade nothing is migrated back, set aside or overwritten: it says which way is out."""
    outbox = opened()
    commit(outbox, 1)
    outbox.close()
    newer = folder / (PREVIOUS if damaged else FILE)
    change(newer, "pragma user_version = 99", "drop table snapshot")
    if damaged:
        overwrite(folder / FILE, 0, b"rubbish")
    before = {path.name: path.read_bytes() for path in folder.glob("outbox*.sqlite3")}
    with pytest.raises(Refused, match=r"newer logonbell .version 99") as caught:
        opened()
    assert "Install that newer logonbell" in str(caught.value)
    assert {path.name: path.read_bytes() for path in folder.glob("outbox*.sqlite3")} == before


def test_copy_is_renewed_by_its_age(opened: Opened, folder: Path) -> None:
    """A run every minute does not copy every minute; an old copy, or one from the future, is renewed."""
    commit(opened(NOON), 1)
    for minutes, known in ((59, 0), (60, 1), (59, 1)):
        outbox = opened(NOON + timedelta(minutes=minutes))
        with closed(sqlite3.connect(folder / PREVIOUS)) as copy:
            assert copy.execute("select count(*) from alert").fetchall() == [(known,)]
    commit(outbox, 2)
    opened(NOON)
    with closed(sqlite3.connect(folder / PREVIOUS)) as copy:
        assert copy.execute("select count(*) from alert").fetchall() == [(2,)]


def test_copy_stands_alone(opened: Opened, folder: Path) -> None:
    """The copy is one file, whole by itself, without anything beside it."""
    outbox = opened()
    commit(outbox, 1)
    outbox.renew_copy(NOON)
    copy = Database(folder / PREVIOUS, "ro")
    assert copy.rows("select sequence from alert") == [(1,)]
    copy.close()
    assert sorted(path.name for path in folder.iterdir() if FILE not in path.name) == [
        "agent.lock",
        PREVIOUS,
    ]


def test_bad_copy_never_replaces_a_good_one(opened: Opened, folder: Path) -> None:
    """Damage that comes while the agent runs is told, and does not spread to the copy."""
    outbox = opened()
    commit(outbox, 1)
    good = (folder / PREVIOUS).read_bytes()
    change(folder / FILE, "update bookmark set bookmark = '7'")
    with pytest.raises(Damaged, match="Start the agent again"):
        outbox.renew_copy(NOON)
    assert (folder / PREVIOUS).read_bytes() == good
    assert not (folder / "outbox.copying.sqlite3").exists()


def test_damage_while_running_is_refused(opened: Opened, folder: Path) -> None:
    """Damage that shows in the middle of the work stops it with a word on what mends it, and the next start does."""
    outbox = opened()
    for number in range(1, 20):
        commit(outbox, number)
    outbox._database.change("pragma wal_checkpoint(truncate)")
    overwrite(folder / FILE, PAGE, b"\xff" * (folder / FILE).stat().st_size)
    outbox._database.change("pragma shrink_memory")
    with pytest.raises(Damaged, match="Start the agent again"):
        commit(outbox, 20)
    outbox.close()
    assert opened().recovered is not None
