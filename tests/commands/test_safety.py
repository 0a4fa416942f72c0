"""What an agent with the rights of root obeys is its owner's alone, and the machine's environment redirects nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from logonbell.commands.safety import put_back, set_aside
from said import JAPANESE, Said

Run = Callable[..., Said]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings of an agent that is root, whoever runs this test."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("SUDO_UID", str(os.getuid()))
    home = tmp_path / "etc"
    home.mkdir()
    path = home / "logonbell.toml"
    path.write_text(
        f"state = '{tmp_path / 'state'}'\n[sources]\nssm = '{tmp_path / 'ssm'}'\n", encoding="utf-8"
    )
    (tmp_path / "ssm").mkdir()
    return path


def test_guarded_settings_are_obeyed(run: Run, settings: Path) -> None:
    """Settings that only root may write are taken, and nothing is said of it."""
    said = run("watch", "--once", "--config", settings)
    assert said.code == 0
    assert "others" not in said.err


@pytest.mark.parametrize(
    ("what", "mode"), [("logonbell.toml", 0o666), ("logonbell.toml", 0o664), (".", 0o777)]
)
def test_settings_that_others_may_write_are_refused(run: Run, settings: Path, what: str, mode: int) -> None:
    """Who could write the settings, or put others into their place, would be root; one sentence says what to do."""
    (settings.parent / what).chmod(mode)
    said = run("watch", "--once", "--config", settings)
    assert said.code == 1
    assert "may be written by others" in said.err
    assert "chmod go-w" in said.err
    assert JAPANESE.search(run("watch", "--once", "--lang", "ja", "--config", settings).err)


def test_settings_of_somebody_else_are_refused(
    run: Run, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of a plain user's is theirs to change, whatever its mode."""
    real = Path.stat

    def owned(self: Path, **how: bool) -> os.stat_result:
        found = real(self, **how)
        if self != settings:
            return found
        return os.stat_result((*found[:4], 4242, *found[5:10]))

    monkeypatch.setattr(Path, "stat", owned)
    said = run("watch", "--once", "--config", settings)
    assert said.code == 1
    assert "uid 4242" in said.err


def test_what_a_link_points_to_is_guarded_too(run: Run, settings: Path, tmp_path: Path) -> None:
    """Settings in a folder of somebody's, linked to from a guarded one, are refused."""
    (tmp_path / "open").mkdir()
    real = settings.rename(tmp_path / "open" / "logonbell.toml")
    settings.symlink_to(real)
    assert run("watch", "--once", "--config", settings).code == 0
    real.parent.chmod(0o777)
    assert "may be written by others (all)" in run("watch", "--once", "--config", settings).err


def test_rules_that_others_may_write_are_refused(run: Run, settings: Path) -> None:
    """A folder of rules decides what rings, so it is guarded like the settings."""
    rules = settings.parent / "rules"
    rules.mkdir()
    rules.chmod(0o777)
    settings.write_text(settings.read_text() + f"[rules]\nfolders = ['{rules}']\n")
    assert "may be written by others (all)" in run("watch", "--once", "--config", settings).err


def test_a_state_that_others_may_read_is_told(run: Run, settings: Path, tmp_path: Path) -> None:
    """Who came, when and from where is nobody else's to read; that is told, and rings all the same."""
    (tmp_path / "state").mkdir(mode=0o755)
    said = run("watch", "--once", "--config", settings)
    assert said.code == 0
    assert "may be read by others" in said.err


@pytest.mark.parametrize("what", ["state", "state/outbox.sqlite3", "."])
def test_a_state_that_others_may_write_is_refused(
    run: Run, settings: Path, tmp_path: Path, what: str
) -> None:
    """Who could write it could move a bookmark past their logon, or add a silence that nobody is told of."""
    assert run("watch", "--once", "--config", settings).code == 0
    (tmp_path / what).chmod(0o777)
    said = run("watch", "--once", "--config", settings)
    assert said.code == 1
    assert "may be written by others (all)" in said.err


def test_who_is_not_root_is_not_asked(run: Run, settings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain user's agent can do no more than whoever may write its settings."""
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    settings.chmod(0o666)
    assert run("watch", "--once", "--config", settings).code == 0


def test_what_redirects_is_set_aside() -> None:
    """Whatever would send messages elsewhere goes, in any case and with any ending; credentials and the rest stay."""
    environment = {
        "AWS_ENDPOINT_URL_SNS": "http://evil",
        "https_proxy": "http://evil",
        "AWS_PROFILE": "evil",
        "AWS_ACCESS_KEY_ID": "mine",
        "PATH": "/bin",
    }
    aside = set_aside(environment)
    assert set(environment) == {"AWS_ACCESS_KEY_ID", "PATH"}
    assert put_back(environment, aside, ["HTTPS_PROXY"]) == ["AWS_ENDPOINT_URL_SNS", "AWS_PROFILE"]
    assert environment["https_proxy"] == "http://evil"


def test_an_agent_of_the_machine_obeys_what_the_settings_name(tmp_path: Path) -> None:
    """Started as the scheduled task starts it, it says which variables it ignores, and no folder of Python's is looked into."""
    path = tmp_path / "logonbell.toml"
    path.write_text(
        f"state = '{tmp_path / 'state'}'\nenvironment = ['HTTPS_PROXY']\n[sources]\nssm = '{tmp_path}'\n",
        encoding="utf-8",
    )
    (tmp_path / "logonbell.py").write_text("raise SystemExit('mine')", encoding="utf-8")
    redirected = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}
    done = subprocess.run(
        [sys.executable, "-I", "-m", "logonbell", "watch", "--once", "--config", path],
        env={"PATH": os.environ["PATH"], **redirected, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stderr.count("so it is ignored") == 1
    assert "AWS_ENDPOINT_URL is set for this machine" in done.stderr
