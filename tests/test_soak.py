"""What holds when everything happens at once; ``make soak`` lets it go on for as long as is asked."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from soak_rig import soak

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="disk and clock are preloaded, as on Linux")


@pytest.mark.rig
def test_whatever_happens_for_a_minute_nothing_is_lost(tmp_path: Path) -> None:
    """Kills, stops, no network, no room, a wrong clock, logs that wrap or are cleared: every logon is told, and no other."""
    figures = soak(tmp_path, seconds=60, seed=20261127)
    assert len(figures.did) == 10
    assert figures.logons >= 10
    assert figures.messages >= 10
    assert figures.memory < 120_000
    assert figures.files < 60
