"""The page about rules names every field and every shipped rule, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from logonbell.alert import Level
from logonbell.rulebook.shelf import ringing, shipped
from logonbell.sigma.fields import LOGON_FIELDS

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


@pytest.mark.parametrize("page", ["rules.md", "rules.ja.md"])
def test_the_page_names_every_field_and_every_rule(page: str) -> None:
    """Whoever writes a rule finds what it may ask for, and what is there already, with its level."""
    text = (DOCS / page).read_text("utf-8")
    assert [name for name in LOGON_FIELDS if f"`{name}`" not in text] == []
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| `")]
    levels = {
        name: row[2].strip()
        for row in rows
        for name in row[1].replace("`", " ").replace(",", " ").replace("、", " ").split()
    }
    for one in ringing(shipped()):
        assert levels[one.about.key] == Level(one.about.level).word
