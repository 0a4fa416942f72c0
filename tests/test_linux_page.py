"""The page about Linux says what the program does, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from command_line import as_typed
from logonbell.cli import logonbell
from logonbell.linux.machine import Linux
from logonbell.linux.unit import CAPABILITIES, NAME, Run, text_of
from logonbell.programs import Answer
from logonbell.sources.linux import AUTH_LOGS

DOCS = Path(__file__).resolve().parent.parent / "docs"
CODE = DOCS.parent / "src" / "logonbell"
pages = pytest.mark.parametrize("name", ["linux.md", "linux.ja.md"])


def typed(name: str) -> list[str]:
    """The command lines of logonbell on a page."""
    text = (DOCS / name).read_text("utf-8")
    before = r"(?:sudo )?(?:/opt/logonbell/bin/)?"
    lines = re.findall(rf"(?m)^ *{before}logonbell (\S.*)$", text)
    lines += re.findall(rf"`{before}logonbell (\S[^`]*)`", text)
    return [line for line in lines if line.split()[0] in logonbell.commands]


@pages
def test_every_command_is_one(name: str) -> None:
    """Whoever types what stands on the page types what logonbell takes."""
    assert len(typed(name)) > 5
    for line in typed(name):
        word, *arguments = line.split()
        as_typed(word, arguments)


def test_both_pages_say_the_same() -> None:
    """Nothing is only told in one language."""
    assert typed("linux.md") == typed("linux.ja.md")
    one, other = ((DOCS / name).read_text("utf-8") for name in ("linux.md", "linux.ja.md"))
    for mark in ("\n## ", "\n|", "\n   |", "\n- "):
        assert one.count(mark) == other.count(mark), mark
    assert re.findall(r"(?ms)^ *```\n.*?```$", one) == re.findall(r"(?ms)^ *```\n.*?```$", other)


@pages
def test_its_names_are_those_of_the_code(name: str) -> None:
    """Files, rights and what doctor looks at are called on the page as they are called in the code."""
    text = (DOCS / name).read_text("utf-8")
    machine = Linux(lambda *_: Answer(0, "", ""), lambda *_: Answer(0, "", ""), "", (), is_root=True)
    for path in (machine.folder, machine.settings, machine.state, machine.unit):
        assert f"`{path}`" in text, path
    for log in AUTH_LOGS:
        assert f"`/var/log/{log}`" in text, log
    for capability in CAPABILITIES:
        assert f"`{capability}`" in text, capability
    code = "".join(path.read_text("utf-8") for path in sorted(CODE.rglob("doctor*/*.py")))
    last = text.rpartition("\n## ")[2]
    rows = re.findall(r"(?m)^\| ((?:`[a-z .]+`(?:, |、)?)+) \|", last)
    abouts = {about.removesuffix(" ...") for row in rows for about in re.findall("`([^`]+)`", row)}
    code += "".join(
        (CODE / "commands" / one).read_text("utf-8") for one in ("doctor.py", "doctor_on_linux.py")
    )
    assert len(abouts) == 20
    for about in abouts:
        assert f'"{about}' in code, about


@pages
def test_what_it_says_of_the_unit_is_so(name: str) -> None:
    """The figures on the page are those of the unit."""
    text = (DOCS / name).read_text("utf-8")
    unit = text_of(Run("python", Path("settings")), 252)
    assert "ProtectSystem=strict" in unit
    assert "ProtectProc" not in unit
    assert "ProtectHostname" not in unit
    assert NAME in text
    seconds = int(re.findall(r"(?m)^RestartSec=(\d+)$", unit)[0])
    minutes = int(re.findall(r"(?m)^WatchdogSec=(\d+)$", unit)[0]) // 60
    assert (seconds, minutes) == (5, 8)
    assert ("within five seconds" in text) or ("5 秒以内" in text)
    assert ("after eight minutes" in text) or ("8 分後" in text)
