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
