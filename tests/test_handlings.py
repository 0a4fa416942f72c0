"""Each fault that the state may meet is handled, and a test would tell if it were not."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
TOOL = TESTS.parent / "tools" / "faults.py"
CODE = TESTS.parent / "src" / "logonbell"
TABLE = tomllib.loads(TOOL.with_suffix(".toml").read_text("utf-8"))


def test_the_table_speaks_of_what_is_there() -> None:
    """Who moves or rewords a passage learns at once that it is one on which a promise hangs; so does who renames its test."""
    for handling in (each for handlings in TABLE.values() for each in handlings):
        assert (CODE / handling["file"]).read_text("utf-8").count(handling["passage"]) == 1, handling
        file, _, name = handling["test"].partition("::")
        assert f"def {name.partition('[')[0]}(" in (TESTS / file).read_text("utf-8"), handling


@pytest.mark.rig
@pytest.mark.skipif(
    sys.platform != "linux", reason="what handles them on Windows is another half of the same files"
)
def test_no_handling_can_go_unnoticed() -> None:
    """Whichever of the handlings in the table is taken away, its test fails; and unchanged, all of them pass."""
    done = subprocess.run([sys.executable, TOOL], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
