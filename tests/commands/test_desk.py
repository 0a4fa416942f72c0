from __future__ import annotations

import errno
import io
import locale
import os

import pytest

from logonbell.commands.desk import Desk
from logonbell.sentence import say


@pytest.mark.parametrize(
    ("name", "environment", "language"),
    [
        ("Japanese_Japan", {}, "ja"),
        ("English_United States", {}, "en"),
        (None, {}, "en"),
        ("Japanese_Japan", {"LANG": "en_US.UTF-8"}, "en"),
        ("en_US", {"LANG": "ja_JP.UTF-8"}, "ja"),
    ],
)
def test_the_machines_language(
    monkeypatch: pytest.MonkeyPatch, name: str | None, environment: dict[str, str], language: str
) -> None:
    """On a Japanese Windows, which sets no variable, it speaks Japanese unasked; elsewhere the variables decide."""
    monkeypatch.setattr(locale, "getlocale", lambda _: (name, "cp932"))
    assert Desk.at(io.StringIO(), io.StringIO(), environment).language == language


def test_a_locale_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the machine's locale has an odd name, it speaks English instead of failing."""

    def unknown(_: int) -> None:
        raise ValueError("unknown locale: odd")

    monkeypatch.setattr(locale, "getlocale", unknown)
    assert Desk.at(io.StringIO(), io.StringIO(), {}).language == "en"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EPIPE])
def test_a_remark_that_is_lost(number: int) -> None:
    """An agent whose own log is on a full disk, or whose terminal has gone, goes on ringing."""

    class Lost(io.StringIO):
        def write(self, text: str) -> int:
            del text
            raise OSError(number, os.strerror(number))

    desk = Desk.at(io.StringIO(), Lost(), {})
    desk.remark(say("The disk is full."))
    with pytest.raises(OSError, match=os.strerror(number)):
        Desk.at(Lost(), io.StringIO(), {}).say(say("What was asked for is missed."))
