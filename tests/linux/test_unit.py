"""The unit's text, for each version of systemd."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from logonbell.linux.unit import CAPABILITIES, Run, quoted, text_of
from logonbell.pulse import HUNG, LAST_WORDS

RUN = Run("/opt/logonbell/bin/python", Path("/etc/logonbell/logonbell.toml"))
DEBIAN = 252
AMAZON_2 = 219


def values(text: str, name: str) -> list[str]:
    """What a directive is set to, each time."""
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{name}=")]


def test_python_runs_this_program_alone() -> None:
    """No folder or variable of anybody's is looked into: -I, and nothing that makes the loader load more."""
    text = text_of(RUN, DEBIAN)
    command = "/opt/logonbell/bin/python -I -m logonbell watch --config /etc/logonbell/logonbell.toml"
    assert values(text, "ExecStart") == [command]
    assert "LD_PRELOAD" in values(text, "UnsetEnvironment")[0]


def test_it_comes_back_however_it_ends() -> None:
    """It is started again for ever, also by a systemd that would give up after five starts in ten seconds."""
    for version in (AMAZON_2, DEBIAN):
        text = text_of(RUN, version)
        assert values(text, "Restart") == ["always"]
        assert int(values(text, "RestartSec")[0]) * 5 > 10
    assert values(text_of(RUN, DEBIAN), "StartLimitIntervalSec") == ["0"]


def test_the_agent_speaks_before_systemd_ends_it() -> None:
    """A reader that hangs is told of by the agent itself; systemd waits as long as that takes, and no longer."""
    each_minute = 60
    patience = int(values(text_of(RUN, DEBIAN), "WatchdogSec")[0])
    assert 0 <= patience - (HUNG + each_minute + 2 * LAST_WORDS) <= each_minute


def test_it_may_read_and_see_and_nothing_else() -> None:
    """Two rights of root's many, and they cannot be added to."""
    text = text_of(RUN, DEBIAN)
    assert values(text, "CapabilityBoundingSet") == [" ".join(CAPABILITIES)]
    assert values(text, "NoNewPrivileges") == ["yes"]
    assert values(text, "ProtectSystem") == ["strict"]
    assert values(text, "StateDirectory") == ["logonbell"]


def test_an_old_systemd_is_told_nothing_that_it_does_not_know() -> None:
    """On Amazon Linux 2 a line with @system-service would let hardly any call pass, and the agent would die of it."""
    text = text_of(RUN, AMAZON_2)
    for later in (
        "SystemCallFilter",
        "ProtectSystem",
        "StateDirectory",
        "StartLimitIntervalSec",
        "ReadWritePaths",
    ):
        assert values(text, later) == [], later
    assert values(text, "NoNewPrivileges") == ["yes"]
    assert values(text, "WatchdogSec")


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("/opt/logonbell", "/opt/logonbell"),
        ("/opt/my bell", '"/opt/my bell"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("100%", "100%%"),
        ("", '""'),
    ],
)
def test_words_arrive_as_they_are(word: str, written: str) -> None:
    """Spaces, quotation marks and percent signs in a path are no words of systemd's."""
    assert quoted(word) == written


def _analyze(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        subprocess.run(
            ["apt-get", "install", "--yes", "--no-install-recommends", "systemd"],
            check=True,
            capture_output=True,
        )
        program = shutil.which("systemd-analyze")
    assert program is not None
    unit = tmp_path / "logonbell.service"
    text = text_of(Run("/usr/bin/env", Path("/etc/my bell/logonbell.toml"), [Path("/srv/my bell")]), DEBIAN)
    unit.write_text(text, "utf-8")
    return subprocess.run([program, *arguments, str(unit)], check=False, capture_output=True, text=True)


@pytest.mark.rig
def test_systemd_has_nothing_to_say_about_it(tmp_path: Path) -> None:
    """`systemd-analyze verify` knows every line of it."""
    done = _analyze(tmp_path, "verify", "--man=no")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.rig
def test_systemd_finds_it_shut_in(tmp_path: Path) -> None:
    """`systemd-analyze security` rates its exposure at 4.0 or less of 10."""
    done = _analyze(tmp_path, "security", "--offline=true", "--threshold=40", "--no-pager")
    assert done.returncode == 0, done.stdout.splitlines()[-1]
    assert "Overall exposure level" in done.stdout
