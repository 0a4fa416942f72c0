"""``status``: how far it has read, and, for monitoring, why a logon might not ring; and what each start looks at."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from fakes import NOON
from logonbell.simulate.evtx import EvtxFile
from logonbell.simulate.windows import WindowsHost
from logonbell.store.outbox import FILE, Outbox
from reading import pending
from said import JAPANESE, Said

Run = Callable[..., Said]
HOST = WindowsHost("BASTION-01", Random(1), domain="CORP")  # noqa: S311 - repeatable, not secret


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EvtxFile]:
    """A log in which something was written once."""
    (tmp_path / "logs").mkdir()
    with EvtxFile(tmp_path / "logs" / "Security.evtx") as log:
        log.append(*HOST.service_start(NOON))
        yield log


@pytest.fixture
def settings(tmp_path: Path, log: EvtxFile) -> Path:
    """Settings that follow that log, with an agent that has been there."""
    assert log is not None
    path = tmp_path / "logonbell.toml"
    path.write_text(
        f"state = '{tmp_path / 'state'}'\ntimezone = 'UTC'\n"
        f"[sources]\nevtx = ['{tmp_path / 'logs'}']\nssm = 'off'\n",
        encoding="utf-8",
    )
    return path


def take_all(state: Path, notifier: str) -> None:
    """Let a notifier take all that waits."""
    outbox = Outbox.join(state)
    now = datetime.now(UTC) + timedelta(hours=1)
    for delivery in pending(outbox, notifier, now):
        outbox.tellings.delivered(delivery, "taken", now)
    outbox.close()


def age(folder: Path, statement: str) -> None:
    """Let time pass in the state."""
    with closing(sqlite3.connect(folder / "state" / FILE)) as db, db:
        assert db.execute(statement, (LONG_AGO,)).rowcount > 0


LONG_AGO = "2026-03-03T12:00:00.000000+00:00"


def test_monitoring_is_told_that_all_is_well(run: Run, settings: Path) -> None:
    """An agent that has read everything is well: 0, and one line; before it was ever there, there is nothing to check."""
    assert run("status", "--check", "--config", settings).code == 1
    assert run("watch", "--once", "--config", settings).code == 0
    said = run("status", "--check", "--config", settings)
    assert (said.code, said.out, said.err) == (0, "All is well.\n", "")
    assert "history: link 0, 0000" in run("status", "--config", settings).out
    line = json.loads(run("status", "--format", "jsonl", "--config", settings).out)
    assert line["ailments"] == []
    assert line["alive"] is not None
    assert line["head"]["number"] == 0


def test_a_log_that_nobody_reads_is_told(run: Run, settings: Path, log: EvtxFile, tmp_path: Path) -> None:
    """What matches the query and is not read is found by asking the log, whatever the agent believes."""
    run("watch", "--once", "--config", settings)
    log.append(*HOST.service_start(NOON))
    assert run("status", "--check", "--config", settings).code == 0  # it has moved a moment ago
    age(tmp_path, "update bookmark set read = ?")
    said = run("status", "--check", "--config", settings)
    assert said.code == 1
    assert "holds records since 2026-03-03T12:00" in said.out
    line = json.loads(run("status", "--check", "--format", "jsonl", "--config", settings).out)
    assert [one["kind"] for one in line["ailments"]] == ["stalled"]
    assert next(iter(line["sources"].values()))["unread"].startswith("2026-03-03T12:00")
    assert JAPANESE.search(run("status", "--check", "--lang", "ja", "--config", settings).out)


def test_an_agent_that_is_gone_is_told(run: Run, settings: Path, tmp_path: Path) -> None:
    """That nobody watches is told, also between other lines of the state, where it changes no exit code."""
    run("watch", "--once", "--config", settings)
    age(tmp_path, "update sign_of_life set time = ?")
    assert run("status", "--check", "--config", settings).code == 1
    said = run("status", "--config", settings)
    assert said.code == 0
    assert "! Nobody has watched since 2026-03-03T12:00:00+00:00." in said.out


def test_changed_settings_ring_once(run: Run, settings: Path) -> None:
    """Whoever changes a setting is told of by its name, past every filter; the same settings again are not."""
    for _ in range(2):
        assert "were changed" not in run("watch", "--once", "--config", settings).out
    text = settings.read_text(encoding="utf-8")
    more = "[rules]\nsilent = ['rdp', 'console']\n[notify.console.filter]\nlevel = 'critical'\n"
    settings.write_text(text + more, encoding="utf-8")
    said = run("watch", "--once", "--config", settings)
    assert "The settings were changed in 2 places: notify.console.filter.level, rules.silent" in said.out
    settings.write_text(text + more.replace("'rdp', 'console'", "'console', 'rdp'"), encoding="utf-8")
    assert "were changed" not in run("watch", "--once", "--config", settings).out
    settings.write_text(text, encoding="utf-8")
    assert "The settings were changed in 2 places: notify.console.filter.level, rules.silent" in (
        run("watch", "--once", "--config", settings).out
    )


OWN = """
title: Somebody at the console
logsource: {product: logonbell, category: logon}
detection: {one: {Door: console}, condition: one}
"""


def test_changed_rules_ring_once(run: Run, settings: Path, tmp_path: Path) -> None:
    """A rule of one's own that is added, changed or taken away is told of by its file, as it decides what rings."""
    (tmp_path / "rules").mkdir()
    with settings.open("a", encoding="utf-8") as file:
        file.write(f"[rules]\nfolders = ['{tmp_path / 'rules'}']\n")
    rule = tmp_path / "rules" / "console.yml"

    def said() -> str:
        return run("watch", "--once", "--config", settings).out

    rule.write_text(OWN, encoding="utf-8")
    assert "were changed" not in said()
    rule.write_text(OWN.replace("console}", "ssh}"), encoding="utf-8")
    assert f"The settings were changed: {rule}" in said()
    assert "were changed" not in said()
    rule.unlink()
    assert f"The settings were changed: {rule}" in said()


@pytest.mark.parametrize(
    ("language", "counted"), [("en", "changed in 22 places: "), ("ja", "22 か所で変更されました: ")]
)
def test_all_that_changed_is_counted(
    run: Run, settings: Path, tmp_path: Path, language: str, counted: str
) -> None:
    """Whoever changes much at once does not hide that by it: where not all can be named, it is counted."""
    folder = tmp_path / "rules"
    folder.mkdir()
    with settings.open("a", encoding="utf-8") as file:
        file.write(f"[rules]\nfolders = ['{folder}']\n")

    def said() -> str:
        return run("watch", "--once", "--config", settings, "--lang", language).out

    said()
    for number in range(22):
        (folder / f"{number:02}.yml").write_text(OWN.replace("Somebody", f"{number} came"), encoding="utf-8")
    assert counted in said()


ALLOW = "[[rules.allow]]\nusers = ['{user}']\nbecause = 'night work'\n"


def test_who_allows_himself_something_is_told_of_first(
    run: Run, settings: Path, log: EvtxFile, tmp_path: Path
) -> None:
    """A new entry holds nothing back until a notifier took the message about it: with the network cut it rings all the same.

    What was allowed at the first start is silent from then on, also behind another that is new, and one stays told of.
    """
    key = tmp_path / "webhook.key"
    key.write_text("k" * 32)
    key.chmod(0o600)
    dead = f"[notify.console]\nenabled = true\n[notify.webhook]\nurl = 'http://127.0.0.1:9/'\nkey_file = '{key}'\n"
    text = settings.read_text(encoding="utf-8") + dead
    settings.write_text(text + ALLOW.format(user="backup"), encoding="utf-8")
    person, backup = HOST.local("mallory", 1010), HOST.local("backup", 1011)

    def come(second: int) -> list[str]:
        """Let both log on; give who rang."""
        visits = [
            HOST.console_logon(NOON + timedelta(seconds=second + place), user)
            for place, user in enumerate((person, backup))
        ]
        log.append(*(event for events in visits for event in events if event.channel == "Security"))
        said = run("watch", "--once", "--config", settings).out
        return re.findall(r"^Console logon: BASTION-01\\(\w+)", said, re.MULTILINE)

    assert come(10) == ["mallory"]
    both = text + ALLOW.format(user="mallory") + ALLOW.format(user="backup")
    settings.write_text(both, encoding="utf-8")
    assert come(20) == ["mallory"]
    assert come(30) == ["mallory"]
    take_all(tmp_path / "state", "webhook")
    assert come(40) == []
