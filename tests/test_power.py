"""What holds when the power goes; ``make power`` prints the figures."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from crash_rig import BEGINNINGS
from disk import built
from heard import WrongError
from power_rig import WEAKENED, lose_power_again_and_again

pytestmark = [
    pytest.mark.rig,
    pytest.mark.skipif(sys.platform != "linux", reason="its library is preloaded, as on Linux"),
]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the library that is the disk."""
    return built(tmp_path_factory.mktemp("library"))


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_what_was_told_to_be_kept_is_kept(tmp_path: Path, library: Path, beginning: str) -> None:
    """Without power at any moment, what was read and delivered stays so, the state opens, and every alert is told."""
    figures = lose_power_again_and_again(tmp_path / "rig", library, beginning, losses=30, seed=20261127)
    assert figures.losses == 30
    assert figures.syncs > 20
    assert figures.alerts >= 8


@pytest.mark.parametrize("weakened", WEAKENED)
def test_an_agent_that_does_not_wait_for_the_disk_is_found_out(
    tmp_path: Path, library: Path, weakened: str
) -> None:
    """The same rig finds what is lost where SQLite is told not to wait, or the folder was only made, and not synced."""
    with pytest.raises(WrongError):
        lose_power_again_and_again(
            tmp_path / "rig", library, "a first start", losses=60, seed=1, weakened=weakened
        )
