"""A secret is read where it stands, and refused where too many could read it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from logonbell.errors import Refused
from logonbell.notifiers.secret import Secret

TEXT = "s3cret-that-nobody-may-see"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that only its owner may read."""
    path = tmp_path / "secret"
    path.write_text(f"\ufeff# a comment\n\n  {TEXT}\r\nsecond\n", "utf-8")
    path.chmod(0o600)
    return path


def refusal(secret: Secret) -> str:
    """What is told of a secret that cannot be had; never the secret."""
    with pytest.raises(Refused) as caught:
        secret.lines()
    assert TEXT not in str(caught.value)
    assert TEXT not in repr(caught.value.__context__)
    return str(caught.value)


def test_lines_are_read_anew(file: Path) -> None:
    """What stands in the file now is given, without comments, blank lines and blank ends."""
    secret = Secret(file)
    assert secret.lines() == [TEXT, "second"]
    file.write_text("other")
    assert secret.lines() == ["other"]


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights elsewhere")
@pytest.mark.parametrize("mode", [0o604, 0o602, 0o601, 0o620, 0o644])
def test_a_file_for_everyone_is_refused(file: Path, mode: int) -> None:
    """A file that others may read, or the group may change, is no secret; what to run is told."""
    file.chmod(mode)
    assert refusal(Secret(file)) == f"Others may read or change {file}. Run: chmod 600 {file}"
    file.chmod(0o640)
    assert Secret(file).lines()


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps rights elsewhere")
def test_a_file_of_somebody_else_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of another user could be changed by that user."""
    if os.geteuid() == 0:
        os.chown(file, 65534, -1)
    else:  # only root gives files away; anybody can be somebody else to the file
        monkeypatch.setattr(os, "geteuid", lambda: 65534)
    assert "belongs to another user" in refusal(Secret(file))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no secret."),
        (b"# only words\n", "holds no secret."),
        (f"{TEXT}\xff".encode("latin-1"), "is not in UTF-8."),
        (b"x" * 65537, "is too large to hold a secret."),
    ],
)
def test_a_file_without_a_secret(file: Path, content: bytes, words: str) -> None:
    """What holds none is told by its name, and nothing of what stands in it."""
    file.write_bytes(content)
    assert refusal(Secret(file)) == f"{file} {words}"


def test_the_largest_file(file: Path) -> None:
    """A file of 64 KiB is read whole."""
    file.write_bytes(b"x" * 65536)
    assert Secret(file).lines() == ["x" * 65536]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A file that is missing, or is a folder, is named with the reason."""
    missing = tmp_path / "none"
    assert refusal(Secret(missing)) == f"{missing} cannot be read: No such file or directory."
    assert f"{tmp_path} cannot be read" in refusal(Secret(tmp_path))


def test_a_variable_of_the_environment() -> None:
    """A variable is read anew, too; one that is not set is named."""
    environment = {"BELL": TEXT}
    secret = Secret(variable="BELL", environment=environment)
    assert secret.lines() == [TEXT]
    del environment["BELL"]
    assert refusal(secret) == "$BELL holds no secret."


def test_it_does_not_show_itself() -> None:
    """What is printed of it in an error report holds no secret."""
    assert TEXT not in repr(Secret(variable="BELL", environment={"BELL": TEXT}))
