"""The page about Windows says what the program does, in both languages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from command_line import as_typed
from logonbell.cli import logonbell
from logonbell.windows.scheduled_task import NAME

DOCS = Path(__file__).resolve().parent.parent / "docs"
pages = pytest.mark.parametrize("name", ["windows.md", "windows.ja.md"])


def typed(name: str) -> list[str]:
    """The command lines of logonbell on a page."""
    text = (DOCS / name).read_text("utf-8")
    lines = re.findall(r"(?m)^ *logonbell (\S.*)$", text) + re.findall(r"`logonbell (\S[^`]*)`", text)
    return [line for line in lines if line.split()[0] in logonbell.commands]


@pages
def test_every_command_is_one(name: str) -> None:
    """Whoever types what stands on the page types what logonbell takes."""
    assert len(typed(name)) > 8
    for line in typed(name):
        word, *arguments = line.split()
        if word != "topic":  # whose commands lie one deeper
            as_typed(word, arguments)


def test_both_pages_say_the_same_commands() -> None:
    """Nothing is only told in one language."""
    assert set(typed("windows.md")) == set(typed("windows.ja.md"))
    one, other = ((DOCS / name).read_text("utf-8") for name in ("windows.md", "windows.ja.md"))
    assert one.count("\n## ") == other.count("\n## ")
    assert one.count("\n|") == other.count("\n|")


@pages
def test_its_names_are_those_of_the_code(name: str) -> None:
    """The task, the settings and what doctor looks at are called on the page as they are called in the code."""
    text = (DOCS / name).read_text("utf-8")
    assert f"/TN {NAME}`" in text
    (settings,) = re.findall(r"(?ms)^```toml\n(.*?)^```$", text)
    assert "domain_admins" in tomllib.loads(settings)["rules"]
    code = "".join(
        path.read_text("utf-8") for path in sorted((DOCS.parent / "src/logonbell").rglob("doctor*/*.py"))
    )
    code += (DOCS.parent / "src/logonbell/commands/doctor.py").read_text("utf-8")
    rows = re.findall(r"(?m)^\| ((?:`[a-zA-Z .]+`(?:, )?)+) \|", text)
    abouts = {about.removesuffix(" ...").split()[0] for row in rows for about in re.findall("`([^`]+)`", row)}
    assert len(abouts) == 17
    for about in abouts:
        assert f'"{about}' in code, about
