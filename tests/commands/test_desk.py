from __future__ import annotations

import io
import locale

import pytest

from logonbell.commands.desk import Desk


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
