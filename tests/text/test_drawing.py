from __future__ import annotations

import io
import re

import pytest

from logonbell.text.drawing import draw
from logonbell.text.terminal import Terminal
from logonbell.text.width import width

HOSTS = ["GATE-01.corp.example", "GATE-02"]
USERS = [r"CORPORATION\administrator", r"BASTION-02\田中太郎"]
COLUMNS = {
    "rings": ["", "*", ""],
    "utc": ["UTC", "2026-03-03 08:05:00", "2026-03-03 09:05:00"],
    "local": ["JST", "2026-03-03 17:05:00", "2026-03-03 18:05:00"],
    "user": ["user", *USERS],
    "door": ["door", "SSM shell, elevated", "failed logons (12)"],
    "from": ["from", "2001:db8:85a3::8a2e:370:7334", ""],
    "host": ["host", *HOSTS],
    "elevated": ["elevated", "yes", ""],
    "domain admin": ["domain admin", "?", ""],
}


class Screen(io.StringIO):
    """A stream somebody looks at."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def drawn(monkeypatch: pytest.MonkeyPatch, columns: int, **changed: list[str]) -> list[str]:
    """The table on a terminal of so many columns, without its colours."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    stream = Screen()
    draw({**COLUMNS, **changed}, Terminal(stream, {}))
    return re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue()).splitlines()


@pytest.mark.parametrize("columns", range(60, 200, 10))
def test_nothing_is_broken_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """On a terminal of any usual width every name, address and time is whole, on a line that fits."""
    lines = drawn(monkeypatch, columns)
    assert all(width(line) <= columns for line in lines)
    text = "\n".join(lines)
    for whole in (*USERS, *HOSTS, *COLUMNS["local"][1:], COLUMNS["from"][1]):
        assert text.count(whole) == 1
    words = text.split()
    for title in ("user", "door", "from", "host", "elevated", "domain", "admin", "yes", "?", "*"):
        assert title in words


def test_room_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is room each row is one line, with both times."""
    lines = drawn(monkeypatch, 200)
    assert len(lines) == 4
    assert lines[0].split()[:2] == ["UTC", "JST"]


def test_two_lines_for_each_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where words would have to be broken who and how stand in one line, and under it what else is known, by its name."""
    assert [line.rstrip() for line in drawn(monkeypatch, 80)] == [
        "   JST                  user                       door",
        "─" * 79,
        r"*  2026-03-03 17:05:00  CORPORATION\administrator  SSM shell, elevated",
        "                        from 2001:db8:85a3::8a2e:370:7334",
        "                        host GATE-01.corp.example  elevated yes  domain admin ?",
        r"   2026-03-03 18:05:00  BASTION-02\田中太郎        failed logons (12)",
        "                        host GATE-02",
    ]


def test_a_host_that_never_changes_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a narrow terminal the one host of a log is not told in each row; where there is room, it is."""
    same = ["host", "BASTION-01", "BASTION-01"]
    assert "BASTION-01" not in "\n".join(drawn(monkeypatch, 100, host=same))
    assert "\n".join(drawn(monkeypatch, 200, host=same)).count("BASTION-01") == 2


def test_a_name_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a name that no line could hold is folded; its letters are all there."""
    lines = drawn(monkeypatch, 60, user=["user", "z" * 80, "y"])
    assert all(width(line) <= 60 for line in lines)
    assert "".join(lines).count("z") == 80
