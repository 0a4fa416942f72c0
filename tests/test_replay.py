"""What ``watch`` keeps of logs that grow, cut anywhere, is what ``read`` tells of them at their ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest

from logonbell.commands.past import Past
from logonbell.logon import FailedLogons, Finding, LogCleared, Logon
from logonbell.recognise.past import recognise
from logonbell.recognise.session import CHANNEL
from logonbell.simulate.day import play_day
from logonbell.simulate.evtx import write_logs
from made_events import NOON
from replaying import Replay
from scenes import SCENES

WRITTEN = [
    name
    for name, scene in SCENES.items()
    if all(event.channel != CHANNEL for event in scene.events)
    and len({event.host for event in scene.events}) == 1
]
"""The scenes that stand in the logs of one host, without what only the SSM agent tells."""


def told(findings: Iterable[Finding]) -> Counter[tuple[object, ...]]:
    """Give what is graded: who came by which door, with which facts; bursts and cleared logs."""
    return Counter(
        (type(each), each.host, each.time, *_facts(each))
        for each in findings
        if isinstance(each, Logon | FailedLogons | LogCleared)
    )


def _facts(finding: Logon | FailedLogons | LogCleared) -> tuple[object, ...]:
    if isinstance(finding, Logon):
        return (
            finding.door, finding.user, finding.address, finding.elevated, finding.domain_admin, finding.ended,
            frozenset(finding.events), finding.resumes,
        )  # fmt: skip
    return (finding.count,) if isinstance(finding, FailedLogons) else (finding.cleared, finding.user)


def replayed(folder: Path, seed: int, pieces: int) -> list[Finding]:
    """Let the logs of a folder grow, watched."""
    random = Random(seed)  # noqa: S311 - repeatable, not secret
    grown = folder / f"grown{seed}"
    grown.mkdir()
    return Replay([folder / "logs"], grown, random, pieces).findings()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_day_that_is_watched_is_the_day_that_is_read(tmp_path: Path, seed: int) -> None:
    """A bastion's day in four channels, looked at a few dozen times: the same people by the same doors, each once."""
    (tmp_path / "logs").mkdir()
    write_logs(tmp_path / "logs", play_day(NOON, Random(seed)))  # noqa: S311 - repeatable, not secret
    read = recognise(Past([tmp_path / "logs"]).events())
    assert told(replayed(tmp_path, seed, 60)) == told(read)
    assert len(told(read)) > 5


@pytest.mark.parametrize("name", WRITTEN)
def test_a_scene_that_is_watched_is_the_scene_that_is_read(tmp_path: Path, name: str) -> None:
    """Each scene, looked at while it happens by an agent that is stopped in between."""
    (tmp_path / "logs").mkdir()
    write_logs(tmp_path / "logs", SCENES[name].events)
    read = recognise(Past([tmp_path / "logs"]).events())
    assert told(replayed(tmp_path, 1, 5)) == told(read)
