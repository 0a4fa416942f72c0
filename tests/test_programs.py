"""The machine's own programs are run without a shell, and read in their code page."""

from __future__ import annotations

from pathlib import Path

import pytest

from logonbell import programs
from logonbell.errors import Refused
from logonbell.programs import Answer, Programs, demand


@pytest.fixture
def system32(tmp_path: Path) -> Path:
    """A folder with a program that prints its arguments, and one that never ends."""
    folder = tmp_path / "シス テム32"
    folder.mkdir()
    (folder / "tell.exe").write_text(
        "#!/bin/sh\nfor one; do printf '%s|' \"$one\"; done\nprintf '\\203\\132\\n' >&2\nexit 5\n"
    )
    (folder / "hang.exe").write_text("#!/bin/sh\nexec sleep 60\n")
    for program in folder.iterdir():
        program.chmod(0o755)
    return folder


def test_arguments_arrive_as_they_are(system32: Path) -> None:
    """Spaces, quotation marks, percent signs and Japanese reach the program whole; no shell reads them."""
    arguments = ["a b", '"', "%PATH%", "$(reboot)", "日本 語", "& del"]
    answer = Programs(system32, encoding="utf-8")("tell", *arguments)
    assert answer.code == 5
    assert answer.out.split("|")[:-1] == arguments


def test_the_code_page_of_the_console_is_read(system32: Path) -> None:
    """What a Japanese Windows prints is read as such; what cannot be read stops nothing."""
    assert Programs(system32, encoding="cp932")("tell").words == "セ"
    assert Programs(system32, encoding="ascii")("tell").err.startswith("\ufffd")


def test_what_cannot_run_is_refused(system32: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that is missing, or does not end, is one sentence."""
    with pytest.raises(Refused, match="cannot be run"):
        Programs(system32, encoding="utf-8")("missing")
    monkeypatch.setattr(programs, "PATIENCE", 0.2)
    with pytest.raises(Refused, match="did not end"):
        Programs(system32, encoding="utf-8")("hang")


def test_a_failure_is_told_in_windows_words() -> None:
    """What Windows said is told on one line; where it said nothing, the code is."""
    with pytest.raises(Refused, match=r"reg failed \(1\): a b Mend"):
        demand(Answer(1, "", "a\r\n b\r\n"), "reg")
    assert Answer(3, "", "").words == "exit code 3"
