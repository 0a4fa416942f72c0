"""Where this program stands on this machine, and what of it others may change."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import logonbell
from logonbell.linux.guarded import exposed
from logonbell.linux.machine import this_machine


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A virtual environment from which this Python is taken to run, and a package in it."""
    package = tmp_path / "venv" / "lib" / "site-packages" / "click"
    for folder in reversed([package, *package.parents[:3]]):
        folder.mkdir(mode=0o755)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    return package


def test_every_folder_of_a_virtual_environment_counts(venv: Path) -> None:
    """Whoever may write beside the code of any package is root by it, however deep it lies."""
    ours = [place for place in this_machine().places if place.is_relative_to(venv.parents[2])]
    trusted = {0, os.getuid()}
    assert exposed(ours, trusted) == []
    venv.chmod(0o777)
    assert exposed(ours, trusted) == [(venv, "all")]


def test_python_and_this_package_count() -> None:
    """So does what the virtual environment was made from, and the package where it is installed as a folder elsewhere."""
    places = this_machine().places
    assert {Path(sys.executable), Path(sys.base_prefix), Path(logonbell.__file__).parent} <= {*places}


def test_a_link_counts_for_both_its_ends(tmp_path: Path) -> None:
    """A guarded link to a place that others may write is no guarded place."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "link").symlink_to("open")
    assert (tmp_path / "open", "all") in exposed([tmp_path / "link"], {0, os.getuid()})
