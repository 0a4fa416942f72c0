"""What holds when the power goes; ``make power`` prints the figures."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from crash_rig import BEGINNINGS
from disk import Disk, built
from heard import WrongError
from logonbell.store.database import Database
from logonbell.store.outbox import FILE, Outbox
from logonbell.store.recovery import fault, previous_of
from notifications import NOON
from power_rig import WEAKENED, Platter, changes, lose_power_again_and_again

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


def left_behind(folder: Path, library: Path, deed: str, *given: str) -> Iterator[tuple[Path, bool]]:
    """Do something in a copy of ``start``; give what a power loss at each moment leaves, and whether it had been done."""
    start, root, journal = folder / "start", folder / "root", folder / "journal"
    shutil.copytree(start, root)
    subprocess.run(
        [sys.executable, "-c", deed, root, *given], env=Disk(library, root, journal).environment, check=True
    )
    played = changes(journal)
    draw = Random(20261127)  # noqa: S311 - repeatable, not secret
    for moment in range(len(played) + 1):
        for _ in range(3):
            platter = Platter(root, start)
            for change in played[:moment]:
                platter.play(change)
            left = folder / "left"
            shutil.rmtree(left, ignore_errors=True)
            left.mkdir()
            platter.lose_power(left, draw)
            yield left, moment == len(played)


RENEWING = """
import sys
from datetime import datetime
from pathlib import Path
from logonbell.store.outbox import Outbox
now = datetime.fromisoformat(sys.argv[2])
outbox = Outbox.open(Path(sys.argv[1]), now=now)
outbox.memory.remember("what", "new", now)
assert outbox.renew_copy(now) is None
"""


def test_a_copy_is_replaced_whole(tmp_path: Path, library: Path) -> None:
    """Without power at any moment the last copy stands there or the new one; once it was renewed, the new one."""
    with closing(Outbox.open(tmp_path / "start", now=NOON)):
        pass
    for left, done in left_behind(tmp_path, library, RENEWING, (NOON + timedelta(minutes=1)).isoformat()):
        copy = previous_of(left / FILE)
        assert fault(copy) is None
        if done:
            with closing(Database(copy, "ro")) as database:
                assert database.rows("select what from memory") == [("new",)]


SETTINGS = """
import sys
from pathlib import Path
from logonbell.config import stored
stored._asked = lambda _: sys.argv[2] * 1000
stored.read_stored("/logonbell/bastion", Path(sys.argv[1]))
"""


def test_a_copy_of_stored_settings_is_replaced_whole(tmp_path: Path, library: Path) -> None:
    """Without power at any moment the last settings stand there or the new ones, never a part, nor nothing."""
    (tmp_path / "start").mkdir()
    subprocess.run([sys.executable, "-c", SETTINGS, tmp_path / "start", "# last\n"], check=True)
    for left, _ in left_behind(tmp_path, library, SETTINGS, "# the new ones\n"):
        (copy,) = left.glob("*.toml")
        assert copy.read_text("utf-8") in {"# last\n" * 1000, "# the new ones\n" * 1000}
