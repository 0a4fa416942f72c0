"""``logonbell install`` and ``uninstall`` on a stand-in for a Linux with systemd."""

from __future__ import annotations

import io
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from fault_proxy import Answer, FaultProxy
from linux_machine import NAME, FakeLinux
from logonbell.commands.desk import Desk
from logonbell.commands.install import Asked, install, uninstall
from logonbell.errors import Refused
from logonbell.provision.linux import UNSEEN, OnLinux
from said import JAPANESE, Said

ARN = "arn:aws:sns:eu-north-1:123456789012:logonbell"
TAKEN = Answer(
    200, b"<PublishResponse><PublishResult><MessageId>m-17</MessageId></PublishResult></PublishResponse>"
)


@pytest.fixture
def aws() -> Iterator[FaultProxy]:
    """An SNS that takes what is published."""
    with FaultProxy(9) as proxy:
        proxy.always("Publish", TAKEN)
        yield proxy


@pytest.fixture
def linux(tmp_path: Path) -> FakeLinux:
    """A Linux as it is shipped."""
    return FakeLinux(tmp_path / "host")


@dataclass
class Prompt:
    """A prompt of root's on the machine."""

    linux: FakeLinux
    language: str = "en"

    def install(self, *, answer: str = "", **asked: Any) -> Said:
        """Run ``install``."""
        wanted = {"config": None, "topic_arn": None, "on_event": False, "dry_run": False, "yes": not answer}
        how = Asked(**{**wanted, **asked})
        return self._run(lambda desk: install(desk, self._setup, how, io.StringIO(f"{answer}\n")))

    def uninstall(self, *, keep: bool = False, dry_run: bool = False) -> Said:
        """Run ``uninstall``."""
        return self._run(
            lambda desk: uninstall(
                desk, self._setup, keep=keep, dry_run=dry_run, yes=True, answers=io.StringIO()
            )
        )

    @property
    def _setup(self) -> OnLinux:
        return OnLinux(self.linux.machine())

    def _run(self, run: Callable[[Desk], int]) -> Said:
        out, err = io.StringIO(), io.StringIO()
        desk = Desk.at(out, err, {}, language=self.language, zone=UTC)
        try:
            code = run(desk)
        except Refused as refused:
            code = desk.refuse(refused)
        return Said(code, out.getvalue(), err.getvalue())


@pytest.fixture
def prompt(linux: FakeLinux, monkeypatch: pytest.MonkeyPatch) -> Prompt:
    """A prompt on that machine, whose folders are not taken for the /tmp in which they are."""
    monkeypatch.setattr("logonbell.provision.linux.UNSEEN", UNSEEN[:3])
    return Prompt(linux)


@pytest.fixture
def settings(tmp_path: Path, linux: FakeLinux, aws: FaultProxy) -> Path:
    """Settings with a topic that an emulator has."""
    path = tmp_path / "bell.toml"
    path.write_text(
        f"state = '{linux.machine().state}'\n[notify.console]\nenabled = false\n"
        f"[notify.sns]\ntopic_arn = '{ARN}'\nendpoint_url = '{aws.url}'\n",
        encoding="utf-8",
    )
    return path


def everything(linux: FakeLinux) -> object:
    """All that is on the machine: files with modes and contents, and what systemd was told."""
    files = {
        str(path.relative_to(linux.root)): (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in linux.root.rglob("*")
    }
    return files, linux.loaded, linux.wanted, linux.active


def test_from_nothing_to_the_first_ring(prompt: Prompt, settings: Path, aws: FaultProxy) -> None:
    """One command makes all of it: guarded folders, settings, a unit that is started with the machine; it rings once."""
    said = prompt.install(config=settings)
    assert (said.code, said.err) == (0, "sns took it: m-17\n"), said
    linux = prompt.linux
    machine = linux.machine()
    assert machine.settings.read_text("utf-8") == settings.read_text("utf-8")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (machine.folder, machine.settings)}
    assert modes == {"logonbell": 0o700, "logonbell.toml": 0o600}
    assert stat.S_IMODE(machine.state.stat().st_mode) == 0o700
    assert stat.S_IMODE(machine.unit.stat().st_mode) == 0o644
    assert f"ExecStart={machine.python} -I -m logonbell watch --config {machine.settings}" in (
        linux.loaded or ""
    )
    assert (linux.wanted, linux.active, linux.starts) == (True, True, 1)
    assert [request.form["Action"] for request in aws.seen] == ["Publish"]


def test_a_second_time_changes_nothing(prompt: Prompt, settings: Path, aws: FaultProxy) -> None:
    """Installing again does what is not so any more, here nothing: no step, no start, no ring."""
    prompt.install(config=settings)
    before, rung = everything(prompt.linux), len(aws.seen)
    again = prompt.install()
    assert (again.code, ": done" in again.out) == (0, False)
    assert (everything(prompt.linux), prompt.linux.starts, len(aws.seen)) == (before, 1, rung)


def test_what_is_not_so_any_more_is_done_again(prompt: Prompt, settings: Path) -> None:
    """A unit that was changed, or that is not started with the machine any more, is mended, and started anew."""
    prompt.install(config=settings)
    prompt.linux.wanted = False
    prompt.linux.machine().unit.write_text("[Service]\nExecStart=/bin/true\n")
    said = prompt.install()
    assert [line for line in said.out.splitlines() if line.endswith(": done")] == ["4: done", "5: done"]
    assert ("Type=notify" in (prompt.linux.loaded or ""), prompt.linux.wanted, prompt.linux.starts) == (
        True,
        True,
        2,
    )


def test_an_upgrade_starts_the_agent_anew(
    prompt: Prompt, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After another version was put into its place, install lets systemd run that."""
    prompt.install(config=settings)
    monkeypatch.setattr("logonbell.linux.unit.__version__", "9.9.9")
    said = prompt.install()
    assert [line for line in said.out.splitlines() if line.endswith(": done")] == ["4: done"]
    assert ("version 9.9.9" in (prompt.linux.loaded or ""), prompt.linux.starts) == (True, 2)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_what_is_shown_is_what_is_done(prompt: Prompt, settings: Path, language: str) -> None:
    """A dry run prints the steps that are done, both ways, and changes nothing."""
    prompt.language = language
    before = everything(prompt.linux)
    shown = prompt.install(config=settings, dry_run=True)
    assert (shown.code, everything(prompt.linux)) == (0, before)
    assert bool(JAPANESE.search(shown.out)) == (language == "ja")
    assert prompt.install(config=settings).out.startswith(shown.out)
    set_up = everything(prompt.linux)
    shown = prompt.uninstall(dry_run=True)
    assert (shown.code, everything(prompt.linux)) == (0, set_up)
    assert prompt.uninstall().out.startswith(shown.out)


def test_uninstalling_leaves_nothing_behind(prompt: Prompt, settings: Path) -> None:
    """After any number of installs, every file and folder, and what systemd knows, is as it was."""
    before = everything(prompt.linux)
    prompt.install(config=settings)
    (prompt.linux.machine().state / "outbox.sqlite").write_text("history")
    settings.write_text(settings.read_text("utf-8") + "[history]\nkeep_days = 5\n", "utf-8")
    prompt.install(config=settings)
    said = prompt.uninstall()
    assert (said.code, said.err) == (0, "sns took it: m-17\n")
    assert everything(prompt.linux) == before
    assert prompt.uninstall().code == 1


def test_what_was_there_before_comes_back(prompt: Prompt, settings: Path) -> None:
    """A unit of one's own, its settings and a history that was begun by hand are as they were."""
    machine = prompt.linux.machine()
    machine.unit.write_text("[Service]\nExecStart=/opt/mine\n")
    prompt.linux("systemctl", "daemon-reload")
    machine.folder.mkdir(mode=0o755)
    machine.settings.write_text("language = 'ja'\n")
    machine.state.mkdir(mode=0o750)
    (machine.state / "outbox.sqlite").write_text("history")
    prompt.install(config=settings)
    assert prompt.uninstall().code == 0
    assert prompt.linux.loaded == "[Service]\nExecStart=/opt/mine\n"
    assert machine.settings.read_text() == "language = 'ja'\n"
    assert stat.S_IMODE(machine.folder.stat().st_mode) == 0o755
    assert (machine.state / "outbox.sqlite").read_text() == "history"
    assert stat.S_IMODE(machine.state.stat().st_mode) == 0o750


def test_history_stays_where_that_is_wished(prompt: Prompt, settings: Path) -> None:
    """With --keep both folders stay; the unit goes, and later all goes."""
    prompt.install(config=settings)
    machine = prompt.linux.machine()
    assert prompt.uninstall(keep=True).code == 0
    assert (machine.settings.exists(), machine.state.exists(), machine.unit.exists()) == (True, True, False)
    assert prompt.uninstall().code == 0
    assert (machine.folder.exists(), machine.state.exists()) == (False, False)


def test_history_that_lies_elsewhere_goes_too(prompt: Prompt, settings: Path) -> None:
    """A folder of state of one's own is made, may be written to by the unit, and goes at the end."""
    state = prompt.linux.root / "srv" / "bell"
    metrics = prompt.linux.root / "metrics"
    text = settings.read_text("utf-8").replace(str(prompt.linux.machine().state), str(state))
    settings.write_text(f"{text}[health]\nprometheus = '{metrics}/bell.prom'\n", "utf-8")
    assert prompt.install(config=settings).code == 0
    assert f"ReadWritePaths=-{state} -{metrics}\n" in (prompt.linux.loaded or "")
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert prompt.uninstall().code == 0
    assert not state.exists()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda prompt: setattr(prompt.linux, "is_root", False), "sudo"),
        (
            lambda prompt: (prompt.linux.root / "run/systemd/system").rmdir(),
            "systemd does not run this machine",
        ),
        (lambda prompt: prompt.linux.machine().unit.symlink_to("/dev/null"), "systemctl unmask logonbell"),
        (lambda prompt: (prompt.linux.root / "opt").chmod(0o777), "may be changed by others (all)"),
        (lambda prompt: (prompt.linux.root / "opt").chmod(0o775), "may be changed by others (group)"),
        (lambda prompt: (prompt.linux.root / "etc").chmod(0o777), "may be changed by others (all)"),
    ],
)
def test_where_it_would_be_unsafe_or_incomplete(
    prompt: Prompt, settings: Path, spoil: Callable[[Prompt], object], said: str
) -> None:
    """Who is not root, a machine without systemd, a masked unit, a program that others may change: one sentence, no change."""
    prompt.linux.machine()
    spoil(prompt)
    before = everything(prompt.linux)
    for language in ("en", "ja"):
        prompt.language = language
        refused = prompt.install(config=settings)
        assert (refused.code, refused.out, refused.err.count("\n")) == (1, "", 1)
        assert said in refused.err or language == "ja" == (JAPANESE.search(refused.err) and "ja")
    assert everything(prompt.linux) == before


def test_what_the_unit_could_not_see_is_refused(prompt: Prompt, settings: Path) -> None:
    """Settings that name a file in a home folder would fail only once the agent runs, so they fail now."""
    settings.write_text(settings.read_text("utf-8") + "[rules]\nfolders = ['/home/bob/rules']\n", "utf-8")
    refused = prompt.install(config=settings)
    assert (refused.code, "/home/bob/rules" in refused.err) == (1, True)


def test_there_is_no_start_at_each_event(prompt: Prompt, settings: Path) -> None:
    """What Windows' Task Scheduler can, systemd cannot; that is said, and nothing is done."""
    refused = prompt.install(config=settings, on_event=True)
    assert (refused.code, "--on-event" in refused.err, prompt.linux.loaded) == (1, True, None)


def test_an_agent_that_does_not_start_says_why(prompt: Prompt, settings: Path) -> None:
    """What the agent itself said last is told, and what was done can be taken back."""
    before = everything(prompt.linux)
    prompt.linux.broken = "The state cannot be opened."
    said = prompt.install(config=settings)
    assert said.code == 1
    assert f"{NAME} does not start: The state cannot be opened." in said.err
    assert prompt.uninstall().code == 0
    assert prompt.linux.loaded is None
    assert before[2:] == everything(prompt.linux)[2:]  # type: ignore[index]
