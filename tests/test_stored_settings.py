"""Settings in the SSM Parameter Store: read, and remembered for the day on which AWS is not reached."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from disk import Held, small_files
from emulator import Emulator
from fault_proxy import Answer, FaultProxy
from logonbell import cli
from logonbell.config import settings

NAME = "ssm:/logonbell/bastion"
JSON = {"Content-Type": "application/x-amz-json-1.1"}


def _parameter(text: str) -> Answer:
    return Answer(
        200, json.dumps({"Parameter": {"Name": "/logonbell/bastion", "Value": text}}).encode(), JSON
    )


def _refused(code: str) -> Answer:
    return Answer(400, json.dumps({"__type": code, "message": "as asked"}).encode(), JSON)


@pytest.fixture
def ssm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FaultProxy]:
    """The Parameter Store; copies are kept in a folder of the test."""
    monkeypatch.setattr(settings, "default_state", lambda: tmp_path)
    with FaultProxy(9) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        yield proxy


def check(capsys: pytest.CaptureFixture[str], name: str = NAME) -> tuple[int, str, str]:
    """Check the settings there."""
    code = cli.main(["check-config", "--config", name])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_settings_are_read_from_a_parameter(ssm: FaultProxy, capsys: pytest.CaptureFixture[str]) -> None:
    """Sound ones are right; every mistake of others is told at once, as of a file."""
    ssm.will(_parameter('language = "en"\n'))
    assert check(capsys) == (0, "ssm:/logonbell/bastion is right.\n", "")
    ssm.will(_parameter('langage = "en"\n[history]\nkeep_days = "x"\n'))
    code, _, err = check(capsys)
    assert code == 1
    assert "ssm:/logonbell/bastion has 2 mistakes" in err


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("ParameterNotFound", "logonbell cloud up --parameter /logonbell/bastion"),
        ("AccessDeniedException", "ssm:GetParameter"),
        ("InternalServerError", "InternalServerError"),
    ],
)
def test_what_cannot_be_read_is_one_sentence_or_the_settings_of_last_time(
    ssm: FaultProxy, code: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a copy it is refused; with one the agent starts with that, and says why."""
    ssm.will(_refused(code))
    first, out, err = check(capsys)
    assert (first, out, len(err.splitlines())) == (1, "", 1)
    assert says in err
    ssm.will(_parameter('language = "en"\n'), _refused(code))
    assert check(capsys)[0] == 0
    again, _, err = check(capsys)
    assert again == 0
    assert says in err
    assert "The settings that were read last are used" in err


def test_a_copy_for_which_there_is_no_room_leaves_the_last_one(
    ssm: FaultProxy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half a copy would be obeyed on the day on which AWS is not reached: it may be sound, and ring nobody."""
    ssm.will(
        _parameter('language = "en"\n'), _parameter("# a word\n" * 10_000), _refused("InternalServerError")
    )
    check(capsys)
    with small_files(4096):
        assert check(capsys)[0] == 0
    assert check(capsys)[0] == 0
    (copy,) = tmp_path.glob("*.toml")
    assert copy.read_text("utf-8") == 'language = "en"\n'


def test_a_copy_that_is_held_for_a_moment_is_replaced(
    ssm: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A virus scanner that looks at the last copy does not keep the new one out."""
    ssm.will(_parameter('language = "en"\n'), _parameter('language = "ja"\n'))
    check(capsys)
    held = Held(errno.EACCES, 3, monkeypatch)
    check(capsys)
    (copy,) = tmp_path.iterdir()
    assert (copy.read_text("utf-8"), held.left) == ('language = "ja"\n', 0)


def test_a_copy_belongs_to_its_owner_and_its_name(
    ssm: FaultProxy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another parameter's copy never stands in, and nobody else reads or changes it."""
    ssm.will(_parameter('language = "en"\n'), _refused("ParameterNotFound"))
    check(capsys)
    (copy,) = tmp_path.iterdir()
    assert copy.stat().st_mode & 0o077 == 0
    assert check(capsys, "ssm:/logonbell/other")[0] == 1


def test_a_copy_that_others_may_write_is_not_obeyed(
    ssm: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who can put settings there would choose whom root's agent rings."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    ssm.will(_parameter('language = "en"\n'), _refused("ParameterNotFound"))
    check(capsys)
    (copy,) = tmp_path.iterdir()
    copy.chmod(0o666)
    code, _, err = check(capsys)
    assert code == 1
    assert "may be written by others" in err


@pytest.mark.parametrize("name", ["ssm:", "ssm:/aws/x", "ssm:a b", "ssm:a/b"])
def test_a_name_that_cannot_be_is_refused(
    ssm: FaultProxy, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before AWS is asked."""
    code, _, err = check(capsys, name)
    assert code == 1
    assert "is not the name of a parameter" in err
    assert ssm.seen == []


@pytest.mark.usefixtures("ssm")
def test_without_a_region_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the configuration nor the instance tells it."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert "AWS_DEFAULT_REGION" in check(capsys)[2]


@pytest.mark.rig
def test_a_host_starts_with_what_cloud_up_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The stack's parameter is sound, and rings the stack's topic."""
    monkeypatch.setattr(settings, "default_state", lambda: tmp_path)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-1")
    with Emulator(tmp_path) as emulator:
        monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.url)
        options = ["--yes", "--wait", "0", "--email", "ops@example.com", "--parameter", "/logonbell/bastion"]
        assert cli.main(["cloud", "up", *options]) == 0
        assert check(capsys)[0] == 0
        assert cli.main(["test", "--config", NAME]) == 0
