from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bastion import Watched, numbers_of
from emulator import Emulator, HeardTopic
from fakes import NOON
from logonbell.logon import Logon
from logonbell.recognise.watching import OF_WINDOWS
from logonbell.sources import eventlog
from logonbell.sources.eventlog import GONE
from logonbell.store.history import Kept
from logonbell.store.outbox import Outbox
from logonbell.windows.sddl import writers
from wine import HURRIED, RIG, ROOT, EventLogFolder, Wine, memory, set_up, windows_path

pytestmark = pytest.mark.rig

BURST = 10_000
IDLE = 60
"""So many times every channel is read again while nothing happens: as often as in half an hour."""


@pytest.fixture(scope="module")
def wine() -> Wine:
    """Give Wine with the Windows CPython in it; where it cannot be installed, the reason."""
    why = set_up()
    assert not why, why
    return Wine()


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[tuple[str, HeardTopic]]:
    """Give an SNS on the Linux side, and a topic that somebody hears."""
    with Emulator(tmp_path) as emulator:
        yield emulator.url, emulator.topic()


CONSTANTS = {
    name: int(value, 0)
    for name, value in re.findall(r"SAME\(([A-Za-z]\w+), (\w+)\);", (RIG / "constants.c").read_text("utf-8"))
}
WEVT = (ROOT / "src" / "logonbell" / "sources" / "wevt.py").read_text("utf-8")
FLAGS = sorted(set(re.findall(r"win32evtlog\.(Evt\w+)", WEVT)) & CONSTANTS.keys())


@pytest.mark.usefixtures("wine")
def test_every_number_and_structure_is_that_of_winevt_h(tmp_path: Path) -> None:
    """Error codes, flags and layouts are what the headers say, for the compiler says so."""
    subprocess.run(
        ["x86_64-w64-mingw32-gcc", "-c", "-D_WIN32_WINNT=0x0601", RIG / "constants.c", "-o", tmp_path / "o"],
        check=True,
    )


def test_every_number_that_is_used_is_held_against_winevt_h() -> None:
    """None is left out of what the compiler looks at: of the code's, of the stand-in's, and of the types that it uses."""
    calls = {
        "EvtCreateBookmark",
        "EvtNext",
        "EvtQuery",
        "EvtRender",
        "EvtSeek",
        "EvtSubscribe",
        "EvtUpdateBookmark",
    }
    assert set(re.findall(r"win32evtlog\.(Evt\w+)", WEVT)) - calls == set(FLAGS)
    named = {value for name, value in vars(eventlog).items() if name.isupper() and isinstance(value, int)}
    named |= GONE | OF_WINDOWS.keys() | {int(each) for each in re.findall(r"(?m)^_TIMEOUT = (\d+)$", WEVT)}
    assert named <= set(CONSTANTS.values())
    stand_in = re.sub(r"(?s)/\*.*?\*/", "", (RIG / "wevtapi.c").read_text("utf-8"))
    used = re.findall(r"\b(?:ERROR|RPC_S)_\w+|\bEvt(?:Query|Seek|Subscribe|Render)[A-Z]\w+", stand_in)
    assert set(used) <= CONSTANTS.keys()
    assert set(re.findall(r"\bP?EVT_\w+", stand_in)) == {"EVT_HANDLE", "EVT_SUBSCRIBE_CALLBACK"}


@pytest.fixture(scope="module")
def inside(wine: Wine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give what ``rig/inside.py`` finds in one start of Wine."""
    folder = tmp_path_factory.mktemp("inside")
    out = folder / "out"
    program = [windows_path(RIG / "inside.py")]
    code = wine.run(EventLogFolder(folder / "events"), FLAGS, out, program=program)
    assert code == 0, out.read_text(errors="replace")
    found: dict[str, Any] = json.loads(out.read_text(errors="replace").splitlines()[-1])
    return found


def test_pywin32_means_the_same_by_each_name(inside: dict[str, Any]) -> None:
    """What the code hands in by name is what the header calls so."""
    assert inside["flags"] == {name: CONSTANTS[name] for name in FLAGS}


def test_a_process_is_known_by_its_number(inside: dict[str, Any]) -> None:
    """Start and command line of a worker are found by its id, and the two ends of a connection stand in the TCP table.

    Who holds them Wine 8 does not say (process id 0 for all); that is left to a real host.
    """
    found = inside["processes"]
    assert found["started"]
    assert found["gone"]
    assert found["arguments"][-len(FLAGS) :] == FLAGS
    assert found["ends"] == [True, True]
    assert "127.0.0.1" in found["addresses"]


def test_a_live_session_is_found_by_its_worker_and_by_its_port(inside: dict[str, Any]) -> None:
    """The agent's state folder is read with Windows' own file calls, and the session is live as long as its worker is."""
    alice = "arn:aws:sts::111122223333:assumed-role/ops/alice"
    assert inside["sessions"] == {"by process": [alice], "by port": [alice], "of another": []}


def test_windows_security_is_asked_as_it_answers(inside: dict[str, Any]) -> None:
    """Rights, access lists and SIDs come in the forms that the code reads; what is not there is an OSError or None.

    Setting an access list succeeds and changes nothing: Wine 8 makes it of the file's mode. That is left to a real host.
    """
    found = inside["security"]
    assert found["elevated"] is True
    assert found["set"] is None
    for sddl in (found["before"], found["after"]):
        assert "S-1-1-0" not in writers(sddl)
        assert sddl.startswith("O:S-1-5-21-")
    assert found["not there"].startswith("FileNotFoundError")
    assert (found["sid of system"], found["sid of nobody"]) == ("S-1-5-18", None)


def test_a_second_agent_on_a_state_folder_refuses(inside: dict[str, Any]) -> None:
    """It names the first by its number, and who comes when that has ended is let in.

    Wine 8 locks, and does not say why it refuses to (errno 0, where Windows' C library says EACCES): then the file is named.
    """
    process, *refused = inside["agents"]
    for told in refused:
        assert told.startswith("Refused: ")
        assert f"(process {process}) is at work in" in told or r"\agent.lock failed (Error)" in told


def test_a_file_that_somebody_reads_is_waited_for(inside: dict[str, Any]) -> None:
    """A sharing violation is what it is taken for, and ends in time; and what we read of others stands in nobody's way."""
    found = inside["sharing"]
    assert found["held"].startswith("PermissionError: [WinError 32]")
    assert (found["patient"], found["ours"]) == (None, "file")


def test_the_registry_says_who_made_the_machine(inside: dict[str, Any]) -> None:
    """By that alone is it decided whether the metadata service of EC2 is asked at all."""
    assert inside["firmware"] == [False, True]


def test_windows_says_where_it_keeps_its_own(inside: dict[str, Any]) -> None:
    """The folders are asked of Windows, not taken from the environment."""
    assert [each.casefold() for each in inside["folders"]] == [
        r"c:\windows\system32",
        r"c:\programdata",
        r"c:\program files",
    ]


@pytest.fixture
def watched(wine: Wine, heard: tuple[str, HeardTopic], tmp_path: Path) -> Iterator[Watched]:
    """Give a bastion, whose agent is ended at the end."""
    url, topic = heard
    watched = Watched(wine, topic, url, tmp_path)
    yield watched
    watched.kill()


def test_end_to_end(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    """Events in the log are rung on the Linux side, once each, through every fault, idle times, a kill and a burst."""
    log, bastion = watched.log, watched.bastion
    watched.start(HURRIED)
    watched.logs_on()
    standing = watched.handles()
    assert standing == len(list(log.folder.glob("[!hcd]*")))  # one subscription a channel
    through_faults(watched)
    watched.waits_for(lambda: watched.handles() == standing)

    before = log.queries()
    watched.waits_for(lambda: log.queries() - before >= IDLE * standing, 400)
    watched.logs_on()

    watched.kill()
    bastion.logs_on(2)
    log.forget_handles()
    process = watched.start(singles=10)
    watched.hears_all()
    idle = memory(process)[0]
    began = time.monotonic()
    records = 0
    while records < BURST:
        records += bastion.logs_on(100)
    watched.waits_for(lambda: len(watched.logons()) >= len(bastion.names), 400)
    now, most = memory(process)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{records:,} records in a burst: {time.monotonic() - began:.0f} s until the last is told;"
            f" memory {idle} MB before, {now} MB behind, {most} MB at most\n"
        )
    assert most < 400
    watched.waits_for(lambda: watched.handles() == standing)

    watched.kill()
    log.forget_handles()
    bastion.logs_on()
    fresh = watched.folder / "once"
    assert watched.wine.run(log, [*watched.arguments, "--once"], fresh) == 0, fresh.read_text(
        errors="replace"
    )
    assert log.open_handles() == [0]
    watched.hears_all()
    is_told_once(watched)


def is_told_once(watched: Watched) -> None:
    """Each alert was told once, none is missing, and each name stands once in the history."""
    numbers = [number for each in watched.messages for number in numbers_of(each)]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    marks = [each["fingerprint"] for each in watched.messages]
    assert len(set(marks)) == len(marks)
    with closing(Outbox.join(watched.folder / "state")) as outbox:
        kept = list(outbox.history.between(NOON - timedelta(days=400), NOON + timedelta(days=4000)))
    logons = [row.finding for row in kept if isinstance(row, Kept) and isinstance(row.finding, Logon)]
    assert sorted(logon.user.name for logon in logons if logon.user) == sorted(watched.bastion.names)


def through_faults(watched: Watched) -> None:
    """Let go wrong whatever can, one thing after the other, and somebody log on each time."""
    log = watched.log
    for code in (6, 1722, 1726, 15011):
        log.break_feeds(code)
        watched.logs_on(2)
    for fault, size in (("largest", 2), ("twice", 1), ("deaf", 1)):  # 1734, delivered twice, silence
        log.set(**{fault: size})
        watched.logs_on(3)
        log.set(**{fault: 0})
    for fault in ("invalid", "lost"):  # 15001, a bookmark that is not found any more
        log.set(**{fault: 1})
        log.break_feeds(6)
        watched.logs_on(2)
        log.set(**{fault: 0})
    log.set(late=log.next["Security"])
    watched.logs_on(2)
    log.set(late=0)
    for fault in ("unmarked", "late"):
        log.set(**{fault: log.next["Security"]})
        watched.logs_on(2)
        log.set(**{fault: 0})
    for code in (1722, 5):  # the service stops; access is denied
        log.set(refuse=code)
        watched.waits_for(lambda: watched.told("cannot be followed"))
        watched.bastion.logs_on()
        log.set(refuse=0)
        watched.hears_all()
        watched.waits_for(lambda: watched.told("is followed again"))
    with log.without("Security"):  # 15007
        time.sleep(1)
    watched.logs_on()
    log.clear("Security")
    watched.logs_on()
    log.wrap("Security", 5)
    watched.logs_on()
    log.set(unreadable=log.next["Security"])
    log.write("Security", watched.bastion.host.service_start(NOON)[:1])
    watched.waits_for(lambda: "could not be understood" in watched.out.read_text(errors="replace"))
    log.set(unreadable=0)
    watched.logs_on()
