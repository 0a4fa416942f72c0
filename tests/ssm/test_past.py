from __future__ import annotations

import shutil
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from agents import ALICE, HOST, LINUX, Bastion, Reader, times_of, told, words
from fakes import NOON
from logonbell.recognise.session import Told
from logonbell.simulate.ssm import AgentForm
from logonbell.simulate.ssm_documents import commands, port, run_command, shell
from logonbell.ssm.past import SsmFolders, SsmPast, find_ssm_folders, logs_of


def lived_in(root: Path, form: AgentForm | None = None) -> tuple[Bastion, list[tuple[str, str]]]:
    """Let sessions come and go; give what is to be told of them."""
    bastion = Bastion(root, form or AgentForm())
    over, stays = (
        bastion.open(shell(ALICE, "alice"), after=60),
        bastion.open(port(ALICE, "bob", 3389), after=60),
    )
    bastion.end(over, after=600)
    crashed = bastion.open(commands(ALICE, "carol", "cmd", elevated=True), after=60)
    bastion.path(crashed).unlink()
    command = bastion.open(run_command("Get-Secret hunter2"), after=60)
    return bastion, [
        ("WATCHED", ""),
        ("OPENED", over.document_id),
        ("OPENED", stays.document_id),
        ("CLOSED", over.document_id),
        ("OPENED", crashed.document_id),
        ("OPENED", command.document_id),
        ("CLOSED", crashed.document_id),
    ]


@pytest.mark.parametrize("form", [AgentForm(), LINUX, AgentForm(zone=timezone(timedelta(hours=9)))])
@pytest.mark.parametrize("limit", [None, 1, 3])
def test_a_copy_tells_the_past_in_the_order_of_time(
    tmp_path: Path, form: AgentForm, limit: int | None
) -> None:
    """Files and logs of another host explain its past, whatever its system and its zone, however it is cut."""
    _, expected = lived_in(tmp_path, form)
    (folders,) = find_ssm_folders([tmp_path])
    reader = Reader(SsmPast(folders, host=HOST))
    reader.read(limit)
    assert told(reader.events) == expected
    assert [event.time for event in reader.events] == sorted(event.time for event in reader.events)
    assert times_of(reader.events, Told.WATCHED) == [NOON]
    assert words(reader.losses) == ""


def test_files_alone_tell_who_was_there_and_claim_nothing_else(tmp_path: Path) -> None:
    """Without logs the copy says who was on when it was made; of the time before it says nothing."""
    bastion, _ = lived_in(tmp_path)
    shutil.rmtree(bastion.agent.logs)
    (folders,) = find_ssm_folders([tmp_path])
    reader = Reader(SsmPast(folders, host=HOST))
    assert [kind for kind, _ in told(reader.read())] == ["OPENED", "OPENED"]
    assert folders.logs is None


def test_logs_alone_tell_what_they_cover(tmp_path: Path) -> None:
    """Logs without files tell who came, and end no session of which they do not say that it ended."""
    bastion, expected = lived_in(tmp_path)
    reader = Reader(SsmPast(SsmFolders(None, bastion.agent.logs), host=HOST))
    assert told(reader.read()) == expected[:-1]


def test_a_log_without_sessions_covers_no_more_than_is_sure(tmp_path: Path) -> None:
    """Where no line tells the zone, the first moment is taken for the latest that it can have been."""
    Bastion(tmp_path, AgentForm(zone=timezone(-timedelta(hours=12))))
    (folders,) = find_ssm_folders([tmp_path])
    reader = Reader(SsmPast(folders, host=HOST))
    reader.read()
    assert times_of(reader.events, Told.WATCHED) == [NOON]


def test_copies_are_found_by_what_lies_in_them(tmp_path: Path) -> None:
    """Whole hosts side by side, one of them a Linux tree: each agent's data is paired with its own logs."""
    windows, _ = lived_in(tmp_path / "hosts" / "one" / "SSM")
    linux = Bastion(tmp_path / "hosts" / "two", LINUX)
    data, logs = (
        tmp_path / "linux" / "var" / "lib" / "amazon" / "ssm",
        tmp_path / "linux" / "var" / "log" / "amazon" / "ssm",
    )
    for path, target in ((linux.agent.data, data), (linux.agent.logs, logs)):
        target.parent.mkdir(parents=True)
        path.rename(target)
    assert find_ssm_folders([tmp_path / "hosts", tmp_path / "linux"]) == [
        SsmFolders(windows.agent.data, windows.agent.logs),
        SsmFolders(data, logs),
    ]
    assert (
        find_ssm_folders([windows.agent.data / "InstanceData"])[0].data == windows.agent.data / "InstanceData"
    )
    assert (logs_of(windows.agent.data), logs_of(data)) == (windows.agent.logs, logs)
    assert logs_of(tmp_path) is None


def test_what_is_no_copy_is_none(tmp_path: Path) -> None:
    """A folder of event logs, an empty folder, a file, nothing at all: no agent's folder."""
    (tmp_path / "Security.evtx").write_bytes(b"ElfFile\0")
    (tmp_path / "InstanceData").mkdir()
    assert find_ssm_folders([tmp_path, tmp_path / "Security.evtx", tmp_path / "gone"]) == []


def test_what_is_broken_in_a_copy_is_told(tmp_path: Path) -> None:
    """A half copied file stays half: it is told at once, and the rest is read."""
    bastion, expected = lived_in(tmp_path)
    (bastion.agent.state / "current" / "broken-1").write_bytes(b'{"Docu')
    (folders,) = find_ssm_folders([tmp_path])
    reader = Reader(SsmPast(folders, host=HOST))
    assert told(reader.read()) == expected
    assert words(reader.losses).count("broken-1") == 1
