from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from disk import Held
from logonbell.store import folder as state_folder
from logonbell.store.folder import TRIES, patiently
from logonbell.store.outbox import FILE, Outbox
from reading import commit, count

Opened = Callable[..., Outbox]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give the seconds that were waited, which pass at once."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


@pytest.mark.parametrize("number", [errno.EACCES, errno.EBUSY, errno.EPERM])
def test_what_somebody_holds_is_waited_for(pauses: list[float], number: int) -> None:
    """A file that a virus scanner looks at is moved when it lets go, in a second at the latest for most."""
    fails = [OSError(number, "")] * 3

    def act() -> None:
        if fails:
            raise fails.pop()

    patiently(act)
    assert 0.2 < sum(pauses) < 1


def test_what_is_held_for_good_is_told(pauses: list[float]) -> None:
    """Who holds it longer is not waited for longer than two seconds."""
    tries = 0

    def act() -> None:
        nonlocal tries
        tries += 1
        raise PermissionError(errno.EACCES, "")

    with pytest.raises(PermissionError):
        patiently(act)
    assert tries == TRIES
    assert sum(pauses) < 2


def test_what_no_patience_mends_is_told_at_once(pauses: list[float]) -> None:
    """A full disk is no file that somebody holds."""

    def act() -> None:
        raise OSError(errno.ENOSPC, "")

    with pytest.raises(OSError):
        patiently(act)
    assert not pauses


@pytest.mark.parametrize("act", ["rename", "replace", "unlink"])
def test_a_damaged_outbox_that_is_held_for_a_moment_is_mended(
    opened: Opened, folder: Path, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    """A virus scanner that looks at the damaged file when it is set aside, or at what replaces it, holds nothing up."""
    outbox = opened()
    commit(outbox, 1)
    outbox.renew_copy(outbox.state().sources["Security"].read)
    outbox.close()
    (folder / FILE).write_text("rubbish")
    (folder / "outbox.rebuilding.sqlite3").write_text("half an outbox")
    held = Held(errno.EACCES, 3, monkeypatch, act)
    outbox = opened()
    assert held.left == 0
    assert outbox.recovered is not None
    assert outbox.uncopied is None
    assert count(outbox) == 1


@pytest.mark.parametrize("number", [errno.EACCES, errno.EBUSY, errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_copy_that_cannot_be_renewed_stops_nobody(
    opened: Opened, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Where the copy is held for good, or has no room, the agent says so, rings, and renews it the next time."""
    with monkeypatch.context() as patched:
        Held(number, 10_000, patched)
        outbox = opened()
        said = str(outbox.uncopied)
        assert said.startswith("The copy that a damaged outbox falls back to could not be renewed: ")
        assert str(folder) in said
        assert commit(outbox, 1) == 1
    outbox = opened()
    assert outbox.uncopied is None
    assert outbox.recovered is None
    assert count(outbox) == 1


@pytest.mark.skipif(os.name == "nt", reason="rights of another kind")
def test_a_folder_is_made_for_its_owner(tmp_path: Path) -> None:
    """However careless the process is set up, others may neither read the state nor write into what was made above it."""
    before = os.umask(0)
    try:
        state_folder.make(tmp_path / "var" / "lib" / "state")
    finally:
        os.umask(before)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("var", "var/lib", "var/lib/state")]
    assert modes == [0o755, 0o755, 0o700]
