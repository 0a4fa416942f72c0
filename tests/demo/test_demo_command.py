from __future__ import annotations

import io
from datetime import UTC
from typing import Any

import pytest

from logonbell.commands import demo as command
from logonbell.commands.desk import OURS, Desk
from logonbell.demo.lines import Lines
from logonbell.demo.screen import Screen
from logonbell.demo.stage import Stage
from logonbell.demo.tally import Check, Tally, Verdict
from logonbell.sentence import say

NOBODY = Tally(mails=0, logons=0, bursts=0, missed=0)


class Terminal(io.StringIO):
    """A stream with a person before it."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def desk(out: io.StringIO) -> Desk:
    """A desk that speaks English."""
    return Desk.at(out, io.StringIO(), {}, language="en", zone=UTC)


@pytest.mark.parametrize(("holds", "code"), [(True, 0), (False, OURS)])
def test_the_exit_code(monkeypatch: pytest.MonkeyPatch, holds: bool, code: int) -> None:
    """What the demo finds wrong is a fault of ours, for scripts too."""
    verdict = Verdict(NOBODY, NOBODY, [], [Check(say("good"), holds=holds)])
    monkeypatch.setattr(command, "put_on", lambda *_, **__: verdict)
    assert command.demo(desk(io.StringIO())) == code


@pytest.mark.parametrize(
    ("out", "columns", "rows", "kind"),
    [
        (io.StringIO(), "140", "40", Lines),
        (Terminal(), "80", "24", Screen),
        (Terminal(), "50", "24", Lines),
        (Terminal(), "80", "12", Lines),
    ],
    ids=["a pipe", "a terminal", "a narrow terminal", "a low terminal"],
)
def test_the_stage_fits(
    monkeypatch: pytest.MonkeyPatch, out: io.StringIO, columns: str, rows: str, kind: type
) -> None:
    """Panels are for a person at a terminal that can hold them; everybody else gets plain lines."""
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("LINES", rows)
    monkeypatch.delenv("TERM", raising=False)
    seen: list[Stage] = []

    def put_on(stage: Stage, *_: Any, **__: Any) -> Verdict:
        seen.append(stage)
        return Verdict(NOBODY, NOBODY, [], [])

    monkeypatch.setattr(command, "put_on", put_on)
    command.demo(desk(out))
    assert [type(stage) for stage in seen] == [kind]
