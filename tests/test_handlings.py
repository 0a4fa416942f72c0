"""Each fault that the state may meet is handled, and a test would tell if it were not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[1] / "tools" / "faults.py"


@pytest.mark.rig
@pytest.mark.skipif(
    sys.platform != "linux", reason="what handles them on Windows is another half of the same files"
)
def test_no_handling_can_go_unnoticed() -> None:
    """Whichever of the handlings in the table is taken away, its test fails; and unchanged, all of them pass."""
    done = subprocess.run([sys.executable, TOOL], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
