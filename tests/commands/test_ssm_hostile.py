"""Whatever somebody puts into the SSM agent's folders: it is told, and harms nothing."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agents import ALICE, LINUX, Bastion
from logonbell.simulate.ssm import AgentForm
from logonbell.simulate.ssm_documents import shell
from said import JAPANESE, Said

Run = Callable[..., Said]
unix = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes, and control characters in names")


def state(session_id: str, **more: object) -> bytes:
    """Give a state file of a session with this id."""
    information = {"DocumentID": session_id, "RunID": "2026-03-03T12-00-00.000Z"}
    return json.dumps({"DocumentInformation": information, "DocumentType": "StartSession", **more}).encode()


HOSTILE: dict[str, tuple[str, bytes]] = {
    "no JSON": ("evil-1", b"\x1b[2Jrm -rf /"),
    "cut off": ("evil-1", state("evil-1")[:40]),
    "empty": ("evil-1", b""),
    "nothing but NUL": ("evil-1", b"\0" * 4096),
    "another's id": ("evil-1", state("other-1")),
    "an id that climbs": ("evil-1", state("../../../../etc/passwd")),
    "an id of control characters": ("evil-1\x1b[31m\u202e", state("evil-1\x1b[31m\u202e")),
    "an id of two lines": ("evil-1\nSSM shell: nobody", state("evil-1\nSSM shell: nobody")),
    "another shape": ("evil-1", b'{"DocumentInformation": ["evil-1"], "DocumentType": "StartSession"}'),
    "deep": ("evil-1", b'{"DocumentInformation":' * 50_000),
}


def holds(run: Run, bastion: Bastion, config: Callable[[str], Path], language: str) -> Said:
    """Hold both readers to telling it and to the session beside it; give what the agent said."""
    path = config(f"[sources]\nssm = '{bastion.agent.data}'\n")
    live = run("watch", "--once", "--lang", language, "--config", path)
    copy = run("read", "--lang", language, bastion.root)
    assert (live.code, copy.code) == (0, 0)
    for said in (live, copy):
        assert "\x1b" not in said.out + said.err
        assert "\u202e" not in said.out + said.err
        assert "nobody" not in [line.partition(": ")[2] for line in said.out.splitlines()]
    assert copy.out.count(ALICE.rpartition(":")[2]) == 1
    assert sorted(live.err.splitlines()) == sorted(copy.err.splitlines())
    assert bool(JAPANESE.search(copy.err)) == (language == "ja")
    return copy


@unix
@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file(
    run: Run, config: Callable[[str], Path], tmp_path: Path, kind: str, language: str
) -> None:
    """A file of any content and any name beside a session: told by its name, escaped, and the session is there."""
    name, content = HOSTILE[kind]
    bastion = Bastion(tmp_path / "ssm", LINUX)
    bastion.open(shell(ALICE, "alice"))
    path = bastion.agent.state / "current" / name
    path.write_bytes(content)
    os.utime(path, (0, 0))  # else it may still be being written, and is waited for
    assert "evil-1" in holds(run, bastion, config, language).err


@unix
@pytest.mark.parametrize("form", [AgentForm(), LINUX], ids=["windows", "linux"])
def test_everything_at_once(
    run: Run,
    config: Callable[[str], Path],
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    form: AgentForm,
) -> None:
    """All of that, a gigabyte, a pipe, a folder, links out of the folder and around in circles: told, and no harm done."""
    bastion = Bastion(tmp_path / "ssm", form)
    bastion.open(shell(ALICE, "alice"))
    current, outside = bastion.agent.state / "current", tmp_path_factory.mktemp("outside") / "link-1"
    outside.write_bytes(state("link-1", InstancePluginsInformation=[{"Name": "Standard_Stream"}]))
    for name, content in HOSTILE.values():
        (current / f"{name}{len(content)}").write_bytes(content)
        os.utime(current / f"{name}{len(content)}", (0, 0))
    with (current / "huge-1").open("wb") as file:
        file.truncate(1 << 30)
    os.utime(current / "huge-1", (0, 0))
    os.mkfifo(current / "pipe-1")
    (current / "folder-1").mkdir()
    (current / "link-1").symlink_to(outside)
    (current / "around-1").symlink_to(current)
    (bastion.agent.state / "around").symlink_to(bastion.agent.data)
    said = holds(run, bastion, config, "en")
    for name in ("huge-1", "pipe-1", "folder-1", "link-1", "around-1"):
        assert said.err.count(f"/{name}:") == 1
    assert len(said.err.splitlines()) < 40
    assert outside.exists()
