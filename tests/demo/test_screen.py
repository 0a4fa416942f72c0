from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len

from logonbell.alert import Level
from logonbell.demo.letter import Letter
from logonbell.demo.screen import LOWEST, NARROWEST, WIDEST
from logonbell.demo.tally import Check, Tally, Verdict
from logonbell.sentence import say
from stages import screen

MORNING = datetime(2026, 5, 4, 7, 30, tzinfo=UTC)
EVENING = MORNING + timedelta(hours=11)
HOSTILE = "RDP logon: [bold red]mori[/] \\u{1b}[2J " + "x" * 90
LETTER = Letter(
    HOSTILE,
    f"{HOSTILE}\n\nUser      {'y' * 300}\n          日本語の長い行。{'あ' * 80}\nLevel     high\n\nWhat to do:\n- {'い' * 90}\n",
    EVENING,
    Level.HIGH,
    1,
    (1,),
    burst=False,
)


def shown(width: int, height: int, language: str, letters: int = 6) -> list[str]:
    """What a person has seen in the end, line by line: a day with many long messages, and the rest."""
    stage, console = screen(width, height, language)
    with stage.day(MORNING, EVENING, emulated=True):
        for _ in range(300):
            stage.mailed(MORNING, "SSM login")
        for number in range(letters):
            stage.passes(MORNING + timedelta(hours=number))
            stage.rang(MORNING, LETTER, timedelta(milliseconds=300 + number))
    stage.show(LETTER)
    stage.explain(
        "logonbell explain", [HOSTILE, f"  2026-05-04 UTC Security 4624 record 1: {'z' * 300}", "  so: it is"]
    )
    tally = Tally(mails=1, logons=1, bursts=0, missed=0)
    checks = [Check(say("good")), Check(say("bad"), holds=False)]
    stage.judge(Verdict(tally, tally, [timedelta(milliseconds=301)], checks))
    stage.strikes(say("strikes {what}", what="[bold]" + "う" * 90))
    stage.heard(LETTER, "gap " + "w" * 200)
    stage.answer(say("what"), "logonbell verify", ["", "v" * 300])
    stage.survive(checks)
    stage.end()
    return console.export_text().splitlines()


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize(("width", "height"), [(NARROWEST, LOWEST), (80, 24), (140, 40), (300, 100)])
def test_every_terminal(width: int, height: int, language: str) -> None:
    """Nothing is wider than the terminal, nor than people read, and nothing of a message is lost or taken for markup."""
    lines = shown(width, height, language)
    assert max(map(cell_len, lines)) <= min(width, WIDEST)
    text = "".join(line.strip(" │") for line in lines)
    assert "[bold red]mori[/]" in text
    assert text.count("y") >= 300
    assert text.count("い") >= 90
    assert text.count("z") >= 300
    assert text.count("う") >= 90
    assert text.count("w") >= 200
    assert text.count("v") >= 300


@pytest.mark.parametrize(("width", "height"), [(NARROWEST, LOWEST), (80, 24), (140, 40)])
def test_the_newest_stay_in_sight(width: int, height: int) -> None:
    """Of more messages than the terminal can hold the newest are shown, and the day fits above the prompt."""
    lines = shown(width, height, "en", letters=20)
    bottom = next(number for number, line in enumerate(lines) if "07:30" not in line and "━" in line)
    top = max(number for number, line in enumerate(lines[:bottom]) if line.startswith("╭"))
    assert bottom - top + 1 < height
    assert any("319 ms" in line for line in lines[top:bottom])
    assert any("logonbell: 20 mails" in line for line in lines[top:bottom])


def test_a_check_that_fails() -> None:
    """Good and bad are told apart without colours."""
    lines = shown(80, 24, "en")
    assert " ok  good" in lines
    assert " !!  bad" in lines
