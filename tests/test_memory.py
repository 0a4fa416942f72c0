"""How much memory a long log takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parent.parent / "tools" / "memory.py"


@pytest.mark.rig
def test_ten_million_events_take_no_more_memory_than_one_million() -> None:
    """With 100,000 sessions that never end, the recogniser stays below 64 MB, and stops growing."""
    done = subprocess.run([sys.executable, str(TOOL)], capture_output=True, text=True, check=True)
    _, *rows = (line.split() for line in done.stdout.splitlines())
    peaks = [int(row[2]) for row in rows]
    assert rows[-1][0] == "10,000,000"
    assert int(rows[-1][1].replace(",", "")) >= 99_000
    assert peaks[-1] < 64
    assert peaks[-1] <= peaks[4] + 4
