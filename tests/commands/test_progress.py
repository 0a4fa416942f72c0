from __future__ import annotations

import io
from datetime import UTC
from pathlib import Path

import pytest

from logonbell.commands.desk import Desk
from logonbell.commands.progress import LARGE, progress


class Screen(io.StringIO):
    """A stream somebody looks at."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A folder that holds as much as a bar is worth while for."""
    with (tmp_path / "large.evtx").open("wb") as file:
        file.truncate(LARGE)
    return tmp_path


def test_a_person_sees_how_far_it_is(logs: Path) -> None:
    """Who waits for large logs at a terminal sees a bar on stderr, and nothing of it is left behind."""
    err, out = Screen(), io.StringIO()
    with progress(Desk.at(out, err, {}, language="en", zone=UTC), [logs]) as move:
        assert move is not None
        move(0.5)
    assert " 50%" in err.getvalue()
    assert err.getvalue().endswith("\x1b[2K")
    assert out.getvalue() == ""


def test_nobody_else_does(logs: Path) -> None:
    """A small log is read before a bar could be seen, and in a file a bar is rubbish."""
    for err, path in ((Screen(), logs / "none.evtx"), (io.StringIO(), logs)):
        with progress(Desk.at(io.StringIO(), err, {}, language="en", zone=UTC), [path]) as move:
            assert move is None
        assert err.getvalue() == ""
