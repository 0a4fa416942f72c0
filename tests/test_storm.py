"""What holds when logons come by the thousand; ``make bench`` prints the figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator import Emulator
from logonbell.pace import Limits
from storm_rig import Figures, storm

LIMITS = Limits()
A_MINUTE = 2 * LIMITS.singles + 2 + 7 + LIMITS.burst
"""Singles of both classes, digests of others and of critical ones; and what one second may hold over for the next, since
a message reaches the queue a while after it was begun."""


def stormed(folder: Path, count: int, seconds: float) -> Figures:
    """Let a storm go through; the rig itself checks that all was told once, kept, and in order."""
    with Emulator(folder) as emulator:
        inner = folder / "rig"
        inner.mkdir()
        return storm(inner, emulator, count=count, seconds=seconds)


@pytest.mark.rig
def test_ten_thousand_logons_in_ten_seconds(tmp_path: Path) -> None:
    """Ten thousand logons: all in the history, all told, at most twelve digests, and hardly more memory than on a quiet day.

    What is remembered of ten thousand users, so that rules know who came before and after what, is some 15 MB of it.
    """
    figures = stormed(tmp_path, 10_000, 10)
    assert figures.digests <= 12
    assert figures.critical_singles >= LIMITS.singles
    assert figures.most_a_second <= LIMITS.burst + 1
    assert figures.most_a_minute <= A_MINUTE
    assert figures.memory < 150
