from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from fakes import FakeClock
from logonbell.demo.bastion import SECONDS, usual_day
from logonbell.demo.bell import Bell
from logonbell.demo.emulator import Emulator
from logonbell.demo.play import put_on
from logonbell.demo.stage import Stage
from logonbell.demo.tally import Tally, Verdict
from stages import lines, screen

RECIPE = Tally(mails=307, logons=1, bursts=0, missed=4)
LOGONBELL = Tally(mails=6, logons=5, bursts=1, missed=0)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the demo makes its folder."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def perform(stage: Stage, clock: FakeClock, *, emulate: bool, attack: bool = False) -> Verdict:
    """Put the demo on as fast as the machine can."""
    return put_on(
        stage,
        usual_day(),
        seconds=SECONDS,
        clock=clock,
        pause=clock.pass_,
        emulate=emulate,
        attack=attack,
    )


def left_in(folder: Path) -> tuple[list[Path], list[str]]:
    """What a demo in ``folder`` left behind: files, and processes that live in it."""
    processes = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            here = (process / "cwd").readlink()
        except OSError:
            continue
        if here.is_relative_to(folder):
            processes.append(process.name)
    return list(folder.iterdir()), processes


@pytest.mark.rig
def test_the_verdict_without_an_emulator(clock: FakeClock, folder: Path) -> None:
    """The real agent, ringing on its console, tells each session of the day once and nothing else but the guessing.

    The recipe mails 307 times and misses four of five logons. The loudest is explained. Nothing is left behind, and
    plain lines hold no control codes.
    """
    stage, stream = lines()
    verdict = perform(stage, clock, emulate=False)
    assert (verdict.recipe, verdict.logonbell) == (RECIPE, LOGONBELL)
    assert [str(check.what) for check in verdict.checks if not check.holds] == []
    shown = stream.getvalue()
    assert "pip install 'logonbell[demo]'" in shown
    assert len(re.findall(r"^\d\d:\d\d  logonbell: ", shown, re.MULTILINE)) == 6
    assert "RDP logon: CORP\\sato (DOMAIN ADMIN) on BASTION-01 from 198.51.100.9 (high, " in shown
    assert "What to do:" in shown
    assert "  $ logonbell explain Security.evtx --record 328\n  RDP logon: CORP\\sato (DOMAIN ADMIN)" in shown
    assert "    rings (high): a domain admin came by the door rdp\n" in shown
    assert re.search(r"mails sent +307 +6\n", shown)
    assert "logonbell watch --config logonbell.toml" in shown
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert left_in(folder) == ([], [])


@pytest.mark.skipif(not Emulator.installed(), reason="without the extra `demo` there is no emulator")
def test_the_verdict_through_the_queue(clock: FakeClock, folder: Path) -> None:
    """In Japanese on a small terminal: what the emulator's queue gives is the same, each message once."""
    stage, console = screen(80, 24, "ja")
    verdict = perform(stage, clock, emulate=True)
    assert (verdict.recipe, verdict.logonbell) == (RECIPE, LOGONBELL)
    assert [str(check.what) for check in verdict.checks if not check.holds] == []
    shown = console.export_text()
    assert "キューから取り出したもの" in shown
    assert "RDP ログオン: CORP\\sato (ドメイン管理者)" in shown
    assert "鳴ります (高): ドメイン管理者が経路 rdp でログオンしました" in shown
    assert left_in(folder) == ([], [])


@pytest.mark.rig
@pytest.mark.parametrize(
    "emulate",
    [
        False,
        pytest.param(
            True, marks=pytest.mark.skipif(not Emulator.installed(), reason="without the extra `demo`")
        ),
    ],
)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_second_act(clock: FakeClock, folder: Path, emulate: bool, language: str) -> None:
    """Buried in a flood, killed, its log cleared: all of it arrives, the gap is stated, and what was rewritten is found.

    The receiver's own command finds nothing before, and each of the three forgeries afterwards.
    """
    stage, stream = lines(language)
    verdict = perform(stage, clock, emulate=emulate, attack=True)
    assert [str(check.what) for check in verdict.checks if not check.holds] == []
    assert len(verdict.checks) == 7
    assert str(verdict.checks[-1].what).endswith("and changed, missing, removed afterwards")
    shown = stream.getvalue()
    assert shown.count("  $ logonbell verify inbox --history state\n") == 2
    assert len(re.findall(r"^  logonbell: ", shown, re.MULTILINE)) == 3
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert left_in(folder) == ([], [])


@pytest.mark.rig
def test_a_bell_that_stays_dead_is_told(
    clock: FakeClock, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the agent does not come back after it was killed, the demo says what did not ring, and boasts of nothing."""
    start = Bell.start
    started: list[Bell] = []

    def once(bell: Bell) -> None:
        if not started:
            start(bell)
        started.append(bell)

    monkeypatch.setattr(Bell, "start", once)
    monkeypatch.setattr("logonbell.demo.attack._PATIENCE", 1.0)
    stage, stream = lines()
    verdict = perform(stage, clock, emulate=False, attack=True)
    assert not verdict.holds
    assert "!!  of what the intruder did, this did not ring: clears, returns" in stream.getvalue()
    assert "!!  the gap is stated in no message" in stream.getvalue()
    assert "Now your own" not in stream.getvalue()
    assert left_in(folder) == ([], [])


@pytest.mark.rig
def test_an_emulator_that_does_not_start(
    clock: FakeClock, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo goes on without it, and says so."""
    monkeypatch.setattr(Emulator, "ready", lambda _: False)
    stage, stream = lines()
    assert perform(stage, clock, emulate=True).logonbell == LOGONBELL
    assert "The SNS emulator does not start here" in stream.getvalue()
    assert left_in(folder) == ([], [])


@pytest.mark.rig
def test_a_fault_is_told(clock: FakeClock) -> None:
    """Where somebody came of whom no message tells, the demo says so and boasts of nothing."""
    day = usual_day()
    unseen = replace(day, sessions=[*day.sessions, frozenset({1})])
    stage, stream = lines()
    verdict = put_on(
        stage, unseen, seconds=SECONDS, clock=clock, pause=clock.pass_, emulate=False, attack=False
    )
    assert not verdict.holds
    assert "!!  6 sessions; rang once: 5, more often: 0, never: 1" in stream.getvalue()
    assert "fault of logonbell" in stream.getvalue()
    assert "Now your own" not in stream.getvalue()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of another kind")
@pytest.mark.rig
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ended_in_the_middle(folder: Path, number: signal.Signals) -> None:
    """Whoever ends the demo, impatiently too, gets exit code 130 and no trace: no folder, no process, no traceback."""
    demo = subprocess.Popen(
        [sys.executable, "-m", "logonbell", "demo", "--lang", "en"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(folder)},
    )
    assert demo.stdout is not None
    for line in demo.stdout:
        if "  logonbell: " in line:
            break
    demo.send_signal(number)
    demo.send_signal(number)
    _, said = demo.communicate(timeout=30)
    assert demo.returncode == 130
    assert said.strip() == ""
    assert left_in(folder) == ([], [])
