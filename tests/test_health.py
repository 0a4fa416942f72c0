"""Health is progress: each reason why a logon might not ring is named, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from disk import small_files
from logonbell import prometheus
from logonbell.errors import Refused
from logonbell.health import ABSENT, STALLED, STUCK, Health, NotifierHealth, SourceHealth, ailments
from logonbell.proof import Head
from logonbell.sentence import say
from notifications import NOON

SECOND = timedelta(seconds=1)
AHEAD = NOON + timedelta(days=365)
SOURCE = SourceHealth("winlog:Security", 1000, NOON - timedelta(hours=3))
SNS = NotifierHealth("sns", 2, 0, 17, 0, NOON - SECOND)
WELL = Health(NOON, NOON - SECOND, (SOURCE,), (SNS,), Head(1234, "a" * 64))


def kinds(health: Health) -> list[str]:
    """Name what is wrong."""
    return [one.kind for one in ailments(health)]


def test_a_quiet_night_is_well() -> None:
    """A log in which nothing was written for hours is no stall, and a message that was begun just now is no trouble."""
    assert kinds(WELL) == []


@pytest.mark.parametrize(
    ("health", "kind"),
    [
        (replace(WELL, alive=None), "absent"),
        (replace(WELL, alive=NOON - ABSENT - SECOND), "absent"),
        (replace(WELL, alive=NOON + ABSENT + SECOND), "absent"),
        (replace(WELL, sources=(replace(SOURCE, unread=NOON - STALLED - SECOND),)), "stalled"),
        (replace(WELL, sources=(replace(SOURCE, unread=NOON - STALLED - SECOND, moved=AHEAD),)), "stalled"),
        (replace(WELL, sources=(replace(SOURCE, unread=AHEAD),)), "stalled"),
        (replace(WELL, sources=(replace(SOURCE, blind=(NOON, say("access is denied"))),)), "blind"),
        (replace(WELL, notifiers=(replace(SNS, failing=2, oldest=NOON - STUCK - SECOND),)), "undelivered"),
        (replace(WELL, notifiers=(replace(SNS, buried=1),)), "buried"),
    ],
    ids=[
        "never",
        "gone",
        "gone before the clock was set back",
        "stalled",
        "stalled before the clock was set back",
        "stalled on what came before the clock was set back",
        "blind",
        "undelivered",
        "buried",
    ],
)
def test_each_ailment_is_named(health: Health, kind: str) -> None:
    """What keeps a logon from ringing is told by its kind."""
    assert kinds(health) == [kind]


@pytest.mark.parametrize(
    "source",
    [
        replace(SOURCE, unread=NOON - STALLED + SECOND),
        replace(SOURCE, unread=NOON - timedelta(days=300), moved=NOON - SECOND),
    ],
    ids=["just written", "catching up"],
)
def test_what_is_being_read_is_no_stall(source: SourceHealth) -> None:
    """A record that was written just now, or a year of them that is being read, is no stall."""
    assert kinds(replace(WELL, sources=(source,))) == []


def test_metrics_are_what_a_collector_reads() -> None:
    """Each metric has its help, its type and its samples; names that others chose are escaped."""
    hostile = replace(SOURCE, name='evtx:a"b\\c\nd', unread=NOON - timedelta(seconds=90))
    told = prometheus.exposition(replace(WELL, sources=(hostile,)))
    assert told.endswith("\n")
    lines = told.splitlines()
    assert 'logonbell_source_behind_seconds{source="evtx:a\\"b\\\\c\\nd"} 90.0' in lines
    assert 'logonbell_ailments{kind="stalled"} 1' in lines
    assert 'logonbell_ailments{kind="blind"} 0' in lines
    assert 'logonbell_alerts_delivered{notifier="sns"} 17' in lines
    assert f"logonbell_alive_timestamp_seconds {(NOON - SECOND).timestamp()}" in lines
    names = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
    assert all(line.startswith(("# ", *names)) for line in lines)


def test_the_file_is_replaced_whole(tmp_path: Path) -> None:
    """A collector finds the last file or the new one; where it cannot be written, one sentence says so."""
    path = tmp_path / "logonbell.prom"
    prometheus.write(path, WELL)
    prometheus.write(path, replace(WELL, head=Head(1235, "a" * 64)))
    assert "logonbell_history_link 1235" in path.read_text(encoding="utf-8")
    assert [file.name for file in tmp_path.iterdir()] == ["logonbell.prom"]
    with pytest.raises(Refused, match="cannot be written"):
        prometheus.write(tmp_path / "gone" / "logonbell.prom", WELL)


def test_a_file_for_which_there_is_no_room_leaves_the_last_one(tmp_path: Path) -> None:
    """Half of the metrics would be taken for all of them."""
    path = tmp_path / "logonbell.prom"
    prometheus.write(path, WELL)
    last = path.read_text(encoding="utf-8")
    with small_files(100), pytest.raises(Refused, match="cannot be written"):
        prometheus.write(path, replace(WELL, head=Head(1235, "a" * 64)))
    assert path.read_text(encoding="utf-8") == last


def test_no_link_is_followed(tmp_path: Path) -> None:
    """Who may write beside the file cannot have another file written by root in its place."""
    other = tmp_path / "other"
    other.write_text("mine", encoding="utf-8")
    for name in ("logonbell.prom.tmp", "logonbell.prom"):
        (tmp_path / name).symlink_to(other)
    prometheus.write(tmp_path / "logonbell.prom", WELL)
    assert other.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "logonbell.prom").is_symlink()


def test_a_time_is_a_time() -> None:
    """The newest time that a state may hold breaks no sum."""
    last = datetime.max.replace(tzinfo=NOON.tzinfo)
    assert kinds(replace(WELL, sources=(replace(SOURCE, unread=last, moved=last),))) == ["stalled"]
