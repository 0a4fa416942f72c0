"""``logonbell rules``: what there is, what is wrong, and what it would have cost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from fakes import NOON
from logonbell.simulate.day import play_day
from logonbell.simulate.evtx import write_logs
from said import Said

MINE = """\
title: Somebody came to the console
name: mine
logsource: {product: logonbell, category: logon}
detection: {selection: {Door: console}, condition: selection}
level: high
"""
BAD = MINE.replace("name: mine", "name: bad").replace("Door: console", "Dor: console")


@pytest.fixture
def settings(tmp_path: Path, config: Callable[[str], Path]) -> Path:
    """Write settings with a good rule, a bad one, and a shipped one that is switched off."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "mine.yml").write_text(MINE, "utf-8")
    (folder / "bad.yml").write_text(BAD, "utf-8")
    (tmp_path / "state").mkdir()
    return config("[rules]\nfolders = ['rules']\noff = ['dormant-account']\n")


def test_rules_are_listed(run: Callable[..., Said], settings: Path) -> None:
    """All there are, by name, and which are active; of a bad one it is said why it is not."""
    said = run("rules", "list", "--config", settings)
    assert said.code == 0
    rows = {line.split()[0]: line for line in said.out.splitlines()}
    assert " yes " in rows["mine"]
    assert " off " in rows["dormant-account"]
    assert (
        "bad.yml:4: the rule Somebody came to the console is not active: logons have no field Dor" in said.err
    )
    lines = [
        json.loads(line)
        for line in run("rules", "list", "--config", settings, "--format", "jsonl").out.splitlines()
    ]
    assert {line["rule"]: line["active"] for line in lines}["mine"] is True
    assert [line["rule"] for line in lines] == sorted(line["rule"] for line in lines)


@pytest.mark.parametrize(
    ("language", "words"), [("en", "A domain admin came"), ("ja", "ドメイン管理者がログオンしました")]
)
def test_a_rule_is_shown_in_both_languages(
    run: Callable[..., Said], settings: Path, language: str, words: str
) -> None:
    """What it catches, what else it may ring for, and what it looks at."""
    said = run("rules", "show", "domain-admin", "--config", settings, "--lang", language)
    assert said.code == 0
    assert words in said.out
    wrong = run("rules", "show", "domain-admins", "--config", settings, "--lang", "en")
    assert (wrong.code, "Did you mean domain-admin?" in wrong.err) == (1, True)


def test_files_are_checked(run: Callable[..., Said], settings: Path) -> None:
    """Every mistake with its line, and exit code 1; without one, 0."""
    folder = settings.parent / "rules"
    said = run("rules", "check", folder, "--config", settings)
    assert said.code == 1
    assert "bad.yml:4:" in said.out
    assert "Did you mean Door?" in said.out
    assert said.out.endswith("1 rule is good in 2 files; 1 mistake.\n")
    assert run("rules", "check", folder / "mine.yml", "--config", settings).code == 0
    assert run("rules", "check", folder / "none.yml", "--config", settings).code == 1


def test_rules_are_tried_on_logs(run: Callable[..., Said], settings: Path, tmp_path: Path) -> None:
    """Of each it is said how often it fires, and on which records."""
    logs = tmp_path / "logs"
    logs.mkdir()
    write_logs(logs, play_day(NOON, Random(1)))  # noqa: S311 - repeatable, not secret
    mine = settings.parent / "rules" / "mine.yml"
    said = run("rules", "test", logs, "--rules", mine, "--config", settings, "--format", "jsonl")
    (line,) = map(json.loads, said.out.splitlines())
    consoles = [
        json.loads(one)
        for one in run("read", logs, "--format", "jsonl").out.splitlines()
        if '"console"' in one
    ]
    came = [one for one in consoles if one["type"] == "logon"]
    assert line["fires"] == len(came) > 0
    assert [one["record_id"] for one in line["records"]] == [one["events"][0]["record_id"] for one in came]
    told = run("rules", "test", logs, "--rules", mine, "--config", settings)
    assert told.out.startswith("mine (high): fires ")
    everything = run("rules", "test", logs, "--config", settings)
    assert everything.code == 0
    assert "alerts would ring" in everything.out
