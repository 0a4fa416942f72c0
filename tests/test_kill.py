"""What holds when ``watch`` is killed; ``make kill`` does the same 200 times."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator import Emulator
from kill_rig import kill_again_and_again


@pytest.mark.rig
def test_killed_again_and_again_it_loses_nothing_and_invents_nothing(tmp_path: Path) -> None:
    """Killed at random moments on a bad road, it tells every alert, each under one fingerprint, alone or in a digest."""
    with Emulator(tmp_path) as emulator:
        folder = tmp_path / "rig"
        folder.mkdir()
        figures = kill_again_and_again(folder, emulator, kills=60, seed=20260303)
    assert figures.kills == 60
    assert figures.alerts >= 5
    assert figures.messages >= 5
    assert figures.digests >= 1
