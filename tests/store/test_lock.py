from __future__ import annotations

import os
from pathlib import Path

import pytest

from logonbell.errors import Refused
from logonbell.store.lock import Lock


def test_second_owner_is_refused(tmp_path: Path) -> None:
    """Only one holds the lock, and the other learns who."""
    lock = Lock(tmp_path / "agent.lock")
    try:
        with pytest.raises(Refused, match=f"process {os.getpid()}") as caught:
            Lock(tmp_path / "agent.lock")
        assert str(tmp_path) in str(caught.value)
    finally:
        lock.release()


def test_released_lock_is_free(tmp_path: Path) -> None:
    """Once released, by whomever, it can be taken again; releasing twice harms nobody."""
    for _ in range(2):
        lock = Lock(tmp_path / "agent.lock")
        lock.release()
        lock.release()


def test_left_over_file_is_no_lock(tmp_path: Path) -> None:
    """A file of an owner that died, whatever stands in it, blocks nobody."""
    (tmp_path / "agent.lock").write_text("999999999999999999999999")
    lock = Lock(tmp_path / "agent.lock")
    assert (tmp_path / "agent.lock").read_text() == str(os.getpid())
    lock.release()


def test_nameless_owner_is_told_of(tmp_path: Path) -> None:
    """An owner that has not yet written its name is refused for all the same."""
    lock = Lock(tmp_path / "agent.lock")
    try:
        (tmp_path / "agent.lock").write_text("")
        with pytest.raises(Refused, match="Another logonbell is at work"):
            Lock(tmp_path / "agent.lock")
    finally:
        lock.release()


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    """A lock that cannot be made is told by its path."""
    with pytest.raises(Refused, match="No such file or directory"):
        Lock(tmp_path / "nowhere" / "agent.lock")
