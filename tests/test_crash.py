"""What holds when the agent ends before any single step; ``make crash`` tries them all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

RIG = Path(__file__).with_name("crash_rig.py")


@pytest.mark.rig
@pytest.mark.skipif(sys.platform == "win32", reason="it forks")
def test_whatever_step_is_the_last_nothing_is_lost_and_little_is_told_again() -> None:
    """From a first start, a bookmark, a damaged outbox and an old one: each alert is told, and at most a batch again."""
    done = subprocess.run([sys.executable, RIG, "11"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()[1:5]]
    assert all(int(crashes) > 25 for *_, crashes, _, _, _, _, _ in rows)
    assert all(int(alerts) >= 8 for *_, alerts, _, _, _, _ in rows)
