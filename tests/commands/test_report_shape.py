from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from xml.etree import ElementTree as ET

import pytest

from fake_eventlog import Channel, FakeEventLog
from fakes import NOON
from logonbell.agent import utc_now
from logonbell.commands.report_shape import report_shape
from logonbell.errors import Refused
from logonbell.recognise.windows import CHANNELS
from logonbell.simulate.damage import spoil_record
from logonbell.simulate.evtx import write_logs
from logonbell.simulate.windows import WindowsHost
from said import Said, an_english_desk

Run = Callable[..., Said]


def a_morning(folder: Path) -> list[Path]:
    """Write the logs of a host on which alice logged on."""
    host = WindowsHost("BASTION", Random(3))  # noqa: S311 - repeatable, not secret
    alice = host.local("alice")
    return write_logs(
        folder, [*host.service_start(NOON), *host.console_logon(NOON + timedelta(seconds=5), alice)]
    )


def test_files_are_shown_without_whom_they_are_about(run: Run, tmp_path: Path) -> None:
    """What is printed is one XML document with the records; what to do with it is said beside it."""
    a_morning(tmp_path)
    said = run("report-shape", tmp_path, "--lang", "en")
    assert said.code == 0
    events = ET.fromstring(said.out)  # noqa: S314 - our own
    assert len(events) > 4
    assert "alice" not in said.out
    assert "BASTION" not in said.out
    assert f"{len(events)} records. Names, SIDs" in said.err


def test_it_speaks_japanese(run: Run, tmp_path: Path) -> None:
    """What is said about it is in the language of whoever reads it."""
    a_morning(tmp_path)
    assert "件のレコード" in run("report-shape", tmp_path, "--lang", "ja").err


def test_a_record_that_is_damaged_costs_one(run: Run, tmp_path: Path) -> None:
    """The others are shown, and it is counted."""
    log = next(each for each in a_morning(tmp_path) if each.name == "Security.evtx")
    whole = len(ET.fromstring(run("report-shape", log).out))  # noqa: S314 - our own
    spoil_record(log, 0, place=2)
    said = run("report-shape", log, "--lang", "en")
    assert len(ET.fromstring(said.out)) == whole - 1  # noqa: S314 - our own
    assert "could not be understood" in said.err


@pytest.mark.parametrize(
    "arguments", [["nowhere.evtx"], [".", "--since", "1h"], ["--since", "yesterday"], []]
)
def test_what_cannot_be_shown_is_refused(run: Run, arguments: list[str], tmp_path: Path) -> None:
    """One sentence, no document, exit code 1."""
    said = run(
        "report-shape", *[str(tmp_path) if each == "." else each for each in arguments], "--lang", "en"
    )
    assert said.code == 1
    assert said.out == ""
    assert len(said.err.splitlines()) == 1


def test_the_live_log_is_shown_of_the_last_hour() -> None:
    """A channel that is not there is none, one that may not be read is told, and one unreadable record costs one."""
    log = FakeEventLog({channel: Channel() for channel in CHANNELS[:-1]})
    host = WindowsHost("BASTION", Random(3))  # noqa: S311 - repeatable, not secret
    for ago in (7200, 60):
        events = host.console_logon(utc_now() - timedelta(seconds=ago), host.local(f"user{ago}"))
        log.write("Security", *[each for each in events if each.channel == "Security"])
    log.channels["OpenSSH/Operational"].refuses = 5
    log.channels["Security"].unreadable.add(log.channels["Security"].next - 1)
    here, out = an_english_desk()
    assert report_shape(here, [], None, log=log) == 0
    lines = out.getvalue().splitlines()
    shown = [line for line in lines if line.startswith("<Event ")]
    assert 0 < len(shown) < len(log.channels["Security"].events) / 2
    assert any("OpenSSH/Operational: Access is denied" in line for line in lines)
    assert any("A record could not be understood" in line for line in lines)
    assert log.open == 0
    assert report_shape(here, [], "3h", log=log) == 0
    assert out.getvalue().count("<Event ") > 2 * len(shown)


def test_where_nothing_happened_that_is_said() -> None:
    """An empty document is no riddle."""
    here, out = an_english_desk()
    report_shape(here, [], None, log=FakeEventLog({channel: Channel() for channel in CHANNELS}))
    assert "There is no record of a logon" in out.getvalue()


def test_where_nothing_may_be_read_it_says_what_to_do() -> None:
    """Whoever is not elevated is refused, and learns the right that is missing."""
    log = FakeEventLog({"Security": Channel(refuses=5)})
    with pytest.raises(Refused, match="SeSecurityPrivilege"):
        report_shape(an_english_desk()[0], [], None, log=log)
