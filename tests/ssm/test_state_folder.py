from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import logonbell.ssm.folder as folder_module
from agents import ALICE, LINUX, Bastion, words
from fakes import FakeClock
from logonbell.simulate.ssm import AgentForm
from logonbell.simulate.ssm_documents import Document, association, run_command, shell
from logonbell.source import Loss
from logonbell.ssm.files import read_bytes
from logonbell.ssm.folder import ENTRIES, Present, StateFolder
from users import as_nobody

unix = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes")


@pytest.fixture
def bastion(tmp_path: Path) -> Bastion:
    """A host with an agent."""
    return Bastion(tmp_path)


def folder_of(bastion: Bastion, **settings: int) -> StateFolder:
    """Look at a host's state folder."""
    return StateFolder(bastion.agent.data, None, bastion.clock, **settings)


def looks(folder: StateFolder, count: int, bastion: Bastion) -> tuple[Present, list[Loss]]:
    """Look several times, half a second apart; give the last look, and the losses of all."""
    losses: list[Loss] = []
    seen = folder.look()
    losses += seen.losses
    for _ in range(count - 1):
        bastion.clock.pass_(0.5)
        seen = folder.look()
        losses += seen.losses
    return seen, losses


@pytest.mark.parametrize("form", [AgentForm(), LINUX])
def test_sessions_and_commands_are_seen_associations_are_not(tmp_path: Path, form: AgentForm) -> None:
    """On Windows and on Linux, what is there is what somebody asked for."""
    bastion = Bastion(tmp_path, form)
    session, command = bastion.open(shell(ALICE, "alice")), bastion.open(run_command("true"))
    bastion.open(association())
    waiting = bastion.agent.submit(shell(ALICE, "alice"))
    seen = folder_of(bastion).look()
    assert set(seen.sessions) == {session.document_id, command.document_id, waiting.document_id}
    assert (seen.instance_id, seen.readable, seen.whole) == (bastion.instance_id, True, True)


def test_a_session_is_there_through_every_step_of_its_file(bastion: Bastion) -> None:
    """Written, moved, rewritten: at no step is it missed; removed, it is gone."""
    folder = folder_of(bastion)
    document = bastion.agent.submit(shell(ALICE, "alice"))
    steps = (
        lambda: None,
        lambda: bastion.agent.move(document),
        lambda: bastion.path(document).write_bytes(b""),
        lambda: bastion.path(document).write_bytes(b'{"DocumentInformation": {'),
        lambda: bastion.agent.restart(document),
    )
    for step in steps:
        step()
        seen = folder.look()
        assert set(seen.sessions) == {document.document_id}
        assert seen.losses == []
    bastion.agent.remove(document)
    assert folder.look().sessions == {}
    assert not folder.holds(document.document_id)


def test_a_process_id_that_comes_later_is_seen(bastion: Bastion) -> None:
    """The file is rewritten in place when the worker has started."""
    folder = folder_of(bastion)
    document = bastion.agent.submit(shell(ALICE, "alice"))
    before = folder.look().sessions[document.document_id].process
    bastion.agent.begin(document, process=4711)
    after = folder.look().sessions[document.document_id].process
    assert (before, after) == (None, 4711)


def test_a_file_that_stays_half_written_is_told_once(bastion: Bastion) -> None:
    """What may still be written is waited for; what stays broken is told, once, and does no more harm."""
    (bastion.agent.state / "current" / "broken-1").write_bytes(b'{"DocumentInf')
    folder = folder_of(bastion)
    first = folder.look()
    _, losses = looks(folder, 12, bastion)
    assert first.losses == []
    assert words(losses).count("broken-1") == 1
    (bastion.agent.state / "current" / "broken-1").unlink()
    document = bastion.open(shell(ALICE, "alice"))
    assert set(folder.look().sessions) == {document.document_id}


HOSTILE = {
    "no JSON": b"rm -rf /",
    "another id": b'{"DocumentInformation": {"DocumentID": "other-1"}, "DocumentType": "StartSession"}',
    "an id that climbs": b'{"DocumentInformation": {"DocumentID": "../../x"}, "DocumentType": "StartSession"}',
    "control characters": b'{"DocumentInformation": {"DocumentID": "a\\u001b[31m"}, "DocumentType": "StartSession"}',
    "another shape": b'{"DocumentInformation": "none", "DocumentType": "StartSession"}',
    "deep": b"[" * 500_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_told_and_harmless(bastion: Bastion, kind: str) -> None:
    """Whatever somebody puts into the folder, the sessions beside it are seen, and it is said what is wrong."""
    (bastion.agent.state / "current" / "evil-1").write_bytes(HOSTILE[kind])
    document = bastion.open(shell(ALICE, "alice"))
    seen, losses = looks(folder_of(bastion), 8, bastion)
    assert set(seen.sessions) == {document.document_id}
    assert words(losses).count("evil-1") == 1


def test_a_file_of_a_gigabyte_is_not_read(bastion: Bastion) -> None:
    """No more than a MiB of any file is read."""
    with (bastion.agent.state / "current" / "huge-1").open("wb") as file:
        file.truncate(1 << 30)
    document = bastion.open(shell(ALICE, "alice"))
    seen, losses = looks(folder_of(bastion), 8, bastion)
    assert set(seen.sessions) == {document.document_id}
    assert "larger" in words(losses)


@unix
def test_links_and_pipes_are_not_followed(bastion: Bastion, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A link out of the folder, a pipe without a writer, a folder: told, not followed, not waited for."""
    outside = tmp_path_factory.mktemp("outside") / "link-1"
    outside.write_bytes(b'{"DocumentInformation": {"DocumentID": "link-1"}, "DocumentType": "StartSession"}')
    current = bastion.agent.state / "current"
    (current / "link-1").symlink_to(outside)
    os.mkfifo(current / "pipe-1")
    (current / "folder-1").mkdir()
    document = bastion.open(shell(ALICE, "alice"))
    seen, losses = looks(folder_of(bastion), 4, bastion)
    assert set(seen.sessions) == {document.document_id}
    assert all(words(losses).count(name) == 1 for name in ("link-1", "pipe-1", "folder-1"))


@unix
@pytest.mark.parametrize("part", ["i-0123456789abcdef0", "document", "state", "current"])
def test_a_folder_that_is_a_link_is_not_followed(
    bastion: Bastion, tmp_path_factory: pytest.TempPathFactory, part: str
) -> None:
    """No part of the way to the state files may lead elsewhere."""
    bastion.open(shell(ALICE, "alice"))
    path = (
        next(each for each in (bastion.agent.state / "current").parents if each.name == part)
        if part != "current"
        else bastion.agent.state / "current"
    )
    moved = tmp_path_factory.mktemp("elsewhere") / part
    path.rename(moved)
    path.symlink_to(moved)
    seen = folder_of(bastion).look()
    assert (seen.sessions, seen.readable) == ({}, False)


def test_what_vanishes_under_the_reader_is_no_loss(bastion: Bastion) -> None:
    """A file that was removed between being seen and being read was a short one, nothing else."""
    folder = folder_of(bastion, entries=1)
    documents = [bastion.open(shell(ALICE, "alice")) for _ in range(3)]
    folder.look()
    for document in documents:
        bastion.agent.remove(document)
    seen, losses = looks(folder, 10, bastion)
    assert (seen.sessions, losses) == ({}, [])


def test_a_full_folder_is_walked_through_in_several_looks(bastion: Bastion) -> None:
    """However many files there are, a look does a bounded part of the work, and all are seen in the end."""
    documents = {bastion.open(shell(ALICE, "alice")).document_id for _ in range(30)}
    folder = folder_of(bastion, entries=7)
    first = folder.look()
    others = [folder.look() for _ in range(10)]
    assert (len(first.sessions) < 30, first.whole) == (True, False)
    assert set(others[-1].sessions) == documents
    assert any(look.whole for look in others)


def test_among_too_many_files_a_new_session_is_seen(bastion: Bastion) -> None:
    """A folder that is stuffed with files is told, and hides no session that comes later."""
    for number in range(60):
        path = bastion.agent.state / "current" / f"junk-{number}"
        path.write_bytes(b"{}")
        os.utime(path, (0, 0))
    folder = folder_of(bastion, remembered=20)
    _, losses = looks(folder, 3, bastion)
    document = bastion.open(shell(ALICE, "alice"))
    seen, more = looks(folder, 6, bastion)
    assert document.document_id in seen.sessions
    assert words(losses + more).count("more than 20 files") == 1


@dataclass
class Work:
    """What one look cost: names that were walked past, files that were opened."""

    names: int = 0
    files: int = 0


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    """Count what the folder is asked for."""
    work, entries_in = Work(), folder_module._entries_in

    def counted_entries(folder: Path) -> Iterator[os.DirEntry[str]]:
        for entry in entries_in(folder):
            work.names += 1
            yield entry

    def counted_read(path: Path, *, offset: int = 0, most: int) -> bytes:
        work.files += 1
        return read_bytes(path, offset=offset, most=most)

    monkeypatch.setattr(folder_module, "_entries_in", counted_entries)
    monkeypatch.setattr(folder_module, "read_bytes", counted_read)
    return work


def crowd(folder: Path, count: int) -> None:
    """Put so many files into a folder, cheaply: names of a few."""
    for number in range(count):
        original = folder / f"junk-{number // 50_000}"
        if number % 50_000 == 0:
            original.write_bytes(b"{}")
            os.utime(original, (0, 0))
        else:
            os.link(original, folder / f"junk-{number // 50_000}-{number}")


def finds_its_way(bastion: Bastion, work: Work, count: int, **settings: int) -> None:
    """Hold a look to its bounds among so many files, and a session that comes later to being seen."""
    crowd(bastion.agent.state / "current", count)
    folder = folder_of(bastion, **settings)
    most, looks_needed = settings.get("entries", ENTRIES), 2 * count // settings.get("entries", ENTRIES) + 3
    losses: list[Loss] = []
    document: Document | None = None
    for number in range(2 * looks_needed):
        if number == looks_needed:
            document = bastion.open(shell(ALICE, "alice"))
        before = Work(work.names, work.files)
        seen = folder.look()
        losses += seen.losses
        assert work.names - before.names <= most + 2
        assert work.files - before.files <= 500
        bastion.clock.pass_(0.1)
    assert document is not None
    assert document.document_id in seen.sessions
    assert words(losses).count("more than") == 1
    assert len(losses) < 40 * looks_needed
    before = Work(work.names, work.files)
    bastion.agent.remove(document)
    assert not folder.holds(document.document_id)
    assert (work.names, work.files) == (before.names, before.files)


def test_a_crowded_folder_costs_little_at_a_time(bastion: Bastion, work: Work) -> None:
    """Each look does a bounded part of the work, however full the folder is; what comes later is seen."""
    finds_its_way(bastion, work, 3_000, entries=500, remembered=1_000)


@pytest.mark.rig
def test_a_million_files_cost_little_at_a_time(bastion: Bastion, work: Work) -> None:
    """So it is with a million."""
    finds_its_way(bastion, work, 1_000_000)


def test_many_broken_files_make_few_words(bastion: Bastion) -> None:
    """What is wrong with a hundred files is told of twenty, and counted."""
    for number in range(100):
        (bastion.agent.state / "current" / f"broken-{number}").write_bytes(b"{")
    _, losses = looks(folder_of(bastion), 8, bastion)
    assert len(losses) == 21
    assert losses[-1].records == 80


def test_of_several_instances_the_last_to_change_is_taken_and_that_is_told(tmp_path: Path) -> None:
    """A cloned image carries its origin's sessions: they are not this host's."""
    origin = Bastion(tmp_path, instance_id="i-00000000000000001")
    origin.open(shell(ALICE, "old"))
    for each in ("pending", "current"):
        os.utime(origin.agent.state / each, (0, 0))
    own = Bastion(tmp_path, instance_id="mi-00000000000000002", seed=2)
    document = own.open(shell(ALICE, "new"))
    folder = folder_of(own)
    seen, losses = looks(folder, 3, own)
    assert (seen.instance_id, set(seen.sessions)) == ("mi-00000000000000002", {document.document_id})
    assert words(losses).count("2 instances") == 1
    asked = StateFolder(own.agent.data, "i-00000000000000001", own.clock).look()
    assert (asked.instance_id, len(asked.sessions), asked.losses) == ("i-00000000000000001", 1, [])


def test_an_instance_that_comes_later_is_found(tmp_path: Path) -> None:
    """The agent may be installed, or registered, while logonbell watches."""
    (tmp_path / "InstanceData").mkdir()
    folder = StateFolder(tmp_path, None, FakeClock())
    before = folder.look()
    bastion = Bastion(tmp_path)
    document = bastion.open(shell(ALICE, "alice"))
    after = folder.look()
    assert (before.readable, after.readable, set(after.sessions)) == (False, True, {document.document_id})


def test_a_folder_that_may_not_be_read_is_not_taken_for_empty(bastion: Bastion) -> None:
    """Without the right to look nobody is taken for gone."""
    document = bastion.open(shell(ALICE, "alice"))
    folder = folder_of(bastion)
    folder.look()
    current = bastion.agent.state / "current"
    current.chmod(0)
    try:
        with as_nobody(bastion.agent.state):
            assert not folder.look().readable
        assert folder.holds(document.document_id)
    finally:
        current.chmod(0o700)
