from __future__ import annotations

import re
from pathlib import Path

import pytest

from command_line import as_typed
from logonbell.config.reading import read_config

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "notifiers" / "golden"
READMES = {"en": "README.md", "ja": "README.ja.md"}
readmes = pytest.mark.parametrize("language", READMES)


def readme(language: str) -> str:
    """The README in a language."""
    return (ROOT / READMES[language]).read_text("utf-8")


def blocks(language: str) -> list[str]:
    """What stands in it as typed, as a file or as output."""
    return re.findall(r"(?ms)^```\w*\n(.*?)^```$", readme(language))


@readmes
def test_the_message_is_a_real_one(language: str) -> None:
    """The mail that the README shows is one that was read out of a mailbox, byte for byte (test_mail.py)."""
    assert (GOLDEN / f"mail.{language}.txt").read_text("utf-8") in blocks(language)


@readmes
def test_the_settings_are_read(language: str, tmp_path: Path) -> None:
    """Whoever copies the settings has settings without a mistake, in their language, that ring through SNS."""
    (settings,) = [block for block in blocks(language) if "[notify.sns]" in block]
    path = tmp_path / "logonbell.toml"
    path.write_text(settings, encoding="utf-8")
    config = read_config(path)
    assert config.language == language
    assert config.notify.sns is not None


@readmes
def test_the_commands_exist(language: str) -> None:
    """Every command that the README shows can be typed, with the options it shows."""
    lines = [line.partition("#")[0].split() for block in blocks(language) for line in block.splitlines()]
    typed = [line[1:] for line in lines if line[:1] == ["logonbell"]]
    assert {name for name, *_ in typed} >= {"read", "explain", "watch", "test", "status"}
    for name, *arguments in typed:
        as_typed(name, arguments)


@readmes
def test_its_targets_exist(language: str) -> None:
    """Every `make` target that the README names is in the Makefile."""
    targets = set(re.findall(r"\bmake ([a-z-]+)", readme(language)))
    assert targets >= {"demo", "check", "bench"}
    assert targets <= set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8")))


@readmes
def test_its_links_lead_somewhere(language: str) -> None:
    """Whoever follows a link of the README finds a page."""
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", readme(language))]
    assert len(links) >= 5
    assert [link for link in links if not (ROOT / link).exists()] == []
