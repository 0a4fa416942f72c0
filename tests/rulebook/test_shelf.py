"""Rules of one's own are compiled once, and again when they, or what they ask for, change."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from logonbell.errors import Refused
from logonbell.rulebook import shelf
from logonbell.rulebook.shelf import CACHE, all_of, find_rules, own_rules

RULE = """\
title: Somebody called nancy
name: nancy
logsource: {product: logonbell, category: logon}
detection:
  selection:
    User|expand: '%people%'
  condition: selection
level: high
"""
PEOPLE = {"people": ["nancy"]}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Give a folder with a rule and a mistake."""
    folder = tmp_path / "rules"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "nancy.yml").write_text(RULE, "utf-8")
    (folder / "bad.yaml").write_text(
        "title: bad\nlogsource: {product: windows, service: nothing}\ndetection: {}\n", "utf-8"
    )
    (folder / "notes.txt").write_text("no rule", "utf-8")
    return folder


def names(found: shelf.Shelf) -> list[str]:
    """Name the rules of a shelf."""
    return [one.about.key for one in all_of(found.book)]


def test_they_are_compiled_once(rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time nothing is compiled, and rules and mistakes are the same."""
    first = own_rules([rules], PEOPLE, tmp_path)
    assert names(first) == ["nancy"]
    assert [one.path.name for one in first.mistakes] == ["bad.yaml"]
    monkeypatch.setattr(shelf, "compile_files", lambda *_: pytest.fail("compiled again"))
    again = own_rules([rules], PEOPLE, tmp_path)
    assert again.book == first.book
    assert [str(one.what) for one in again.mistakes] == [str(one.what) for one in first.mistakes]


@pytest.mark.parametrize("change", ["content", "another file", "placeholders", "damage"])
def test_they_are_compiled_anew_when_something_changed(rules: Path, tmp_path: Path, change: str) -> None:
    """A rule that was changed is never judged by as it was; a damaged cache is no loss."""
    own_rules([rules], PEOPLE, tmp_path)
    kept = (tmp_path / CACHE).read_bytes()
    people, expected = PEOPLE, ["nancy"]
    match change:
        case "content":
            (rules / "deep" / "nancy.yml").write_text(RULE.replace("name: nancy", "name: other"), "utf-8")
            expected = ["other"]
        case "another file":
            (rules / "more.yml").write_text(RULE.replace("nancy", "olga"), "utf-8")
            expected = ["nancy", "olga"]
        case "placeholders":
            people = {"people": ["pat"]}
        case _:
            (tmp_path / CACHE).write_bytes(kept[:-20])
    assert names(own_rules([rules], people, tmp_path)) == expected
    assert ((tmp_path / CACHE).read_bytes() == kept) is (change == "damage")


def test_nothing_is_kept_where_nothing_can_be(rules: Path, tmp_path: Path) -> None:
    """Without a state folder, or with one that cannot be written, they are compiled each time."""
    assert names(own_rules([rules], PEOPLE)) == ["nancy"]
    assert names(own_rules([rules], PEOPLE, tmp_path / "missing")) == ["nancy"]


def test_a_shipped_name_is_taken(rules: Path) -> None:
    """A rule of one's own cannot take the place of a shipped one without a word."""
    (rules / "deep" / "nancy.yml").write_text(RULE.replace("name: nancy", "name: domain-admin"), "utf-8")
    found = own_rules([rules], PEOPLE)
    assert names(found) == []
    assert "'domain-admin' names another rule already" in [str(one.what) for one in found.mistakes]


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    """A folder that was mistyped is no folder without rules."""
    with pytest.raises(Refused, match="no file or folder of rules"):
        own_rules([tmp_path / "ruels"], {})


def test_files_are_found_below_folders_and_by_name(rules: Path) -> None:
    """Folders give what ends like YAML, a file that is named is taken as it is."""
    assert [one.name for one in find_rules([rules])] == ["bad.yaml", "nancy.yml"]
    assert [one.name for one in find_rules([rules / "notes.txt"])] == ["notes.txt"]


def test_without_pysigma_the_kept_rules_serve_and_new_ones_are_refused(rules: Path, tmp_path: Path) -> None:
    """The agent needs pySigma only when a rule changed."""
    code = (
        "import sys\nfrom pathlib import Path\nsys.modules['sigma'] = None\n"
        "from logonbell.errors import Refused\nfrom logonbell.rulebook.shelf import own_rules\n"
        "keep = Path(sys.argv[2]) if len(sys.argv) > 2 else None\n"
        "try:\n    print(len(own_rules([Path(sys.argv[1])], {'people': ['nancy']}, keep).book.rules))\n"
        "except Refused as refused:\n    print(refused.sentence)\n"
    )
    own_rules([rules], PEOPLE, tmp_path)

    def said(*arguments: Path) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=True
        )
        return done.stdout

    assert said(rules, tmp_path) == "1\n"
    assert "pip install 'logonbell[sigma]'" in said(rules)
