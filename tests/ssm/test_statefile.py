from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agents import ALICE, LINUX, Bastion
from logonbell.simulate.ssm import AgentForm
from logonbell.simulate.ssm_documents import Request, association, commands, port, run_command, shell
from logonbell.ssm.statefile import SsmSession, Unreadable, is_session_id, parse

KINDS: dict[str, tuple[Request, dict[str, object]]] = {
    "shell": (shell(ALICE, "alice"), {"plugin": "Standard_Stream"}),
    "shell as a user": (
        shell(ALICE, "alice", run_as="deploy"),
        {"plugin": "Standard_Stream", "run_as_user": "deploy"},
    ),
    "elevated": (
        commands(ALICE, "alice", "sh", elevated=True),
        {"plugin": "InteractiveCommands", "elevated": True},
    ),
    "commands": (
        commands(ALICE, "alice", "ls", interactive=False),
        {"plugin": "NonInteractiveCommands"},
    ),
    "tunnel": (port(ALICE, "alice", 3389), {"plugin": "Port", "port": "3389"}),
    "plain tunnel": (port(ALICE, "alice", 22, mux=False), {"plugin": "Port", "port": "22"}),
    "remote tunnel": (
        port(ALICE, "alice", 1433, host="db.internal"),
        {"plugin": "Port", "port": "1433", "target": "db.internal"},
    ),
}


def session_of(root: Path, request: Request, form: AgentForm = LINUX) -> SsmSession:
    """Let the agent write a state file, and read it."""
    bastion = Bastion(root, form)
    document = bastion.open(request)
    session = parse(bastion.path(document).read_bytes(), document.document_id)
    assert session is not None
    return session


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_session_is_read(tmp_path: Path, kind: str) -> None:
    """A session of every kind is known by its principal, its plugin and where it leads."""
    request, facts = KINDS[kind]
    session = session_of(tmp_path, request)
    expected: dict[str, object] = {
        "plugin": "",
        "port": "",
        "target": "",
        "elevated": False,
        "run_as_user": "",
        **facts,
    }
    assert {name: getattr(session, name) for name in expected} == expected
    assert (session.owner, session.document, session.document_type) == (
        ALICE,
        request.document,
        "StartSession",
    )
    assert session.session_id.startswith("alice-")
    assert session.process is not None


def test_a_run_command_is_read_without_what_it_runs(tmp_path: Path) -> None:
    """Of a Run Command it is known that it ran, never what: commands may hold secrets."""
    session = session_of(tmp_path, run_command("mount -o password=hunter2"))
    assert (session.document_type, session.document) == ("SendCommand", "AWS-RunShellScript")
    assert "hunter2" not in repr(session)


def test_what_is_no_session_is_none(tmp_path: Path) -> None:
    """An association, and the wish to end a session, are no sessions."""
    bastion = Bastion(tmp_path)
    inventory, ended = bastion.open(association()), bastion.open(shell(ALICE, "alice"))
    bastion.agent.wish(ended)
    assert parse(bastion.path(inventory).read_bytes(), inventory.document_id) is None
    assert parse(bastion.path(ended, "pending").read_bytes(), ended.document_id) is None


@pytest.mark.parametrize("windows", [True, False])
def test_only_this_systems_wish_for_elevation_counts(tmp_path: Path, windows: bool) -> None:
    """A document that asks for SYSTEM on Windows only makes no root shell of it on Linux."""
    elevated, plain = ({"commands": "", "runAsElevated": each} for each in (True, False))
    request = Request(
        "Acme", "InteractiveCommands", owner=ALICE, properties={"windows": elevated, "linux": plain}
    )
    assert session_of(tmp_path, request, AgentForm(windows=windows)).elevated is windows


def test_windows_runs_a_shell_as_its_own_user_whatever_is_asked(tmp_path: Path) -> None:
    """A user that Windows' agent ignores is not named."""
    assert session_of(tmp_path, shell(ALICE, "alice", run_as="deploy"), AgentForm()).run_as_user == ""


def state(**information: object) -> bytes:
    """Give a state file with this information."""
    return json.dumps(
        {"DocumentInformation": {"DocumentID": "a-1", **information}, "DocumentType": "StartSession"}
    ).encode()


NOON = datetime(2026, 3, 3, 12, 0, 0, 250000, tzinfo=UTC)


@pytest.mark.parametrize(
    "information",
    [
        {"RunID": "2026-03-03T12-00-00.250Z"},
        {"CreatedDate": "2026-03-03T12:00:00.250Z"},
        {"CreatedDate": "58139-07-14 00:04:10 +0000 UTC"},
        {"CreatedDate": "58139-07-14 09:04:10 +0900 JST"},
        {"CreatedDate": "2026-03-03 21:00:00.25 +0900 JST"},
        {"ProcInfo": {"Pid": 4, "StartTime": "2026-03-03T12:00:00.250000999Z"}},
        {
            "RunID": "nonsense",
            "CreatedDate": "2026-13-45T99:00:00Z",
            "ProcInfo": {"StartTime": "2026-03-03T12:00:00.25Z"},
        },
    ],
)
def test_a_time_is_read_in_every_form_that_agents_write(information: dict[str, object]) -> None:
    """The same moment is the same moment in each of the agent's spellings, the one that is a thousand times too late included."""
    session = parse(state(**information), "a-1")
    assert session is not None
    assert session.opened is not None
    assert abs(session.opened - NOON) < timedelta(milliseconds=1)


def test_a_worker_that_is_not_started_yet_has_no_process() -> None:
    """Process 0 and the year 1 mean: not yet."""
    session = parse(state(ProcInfo={"Pid": 0, "StartTime": "0001-01-01T00:00:00Z"}), "a-1")
    assert session is not None
    assert (session.process, session.started, session.opened) == (None, None, None)


@pytest.mark.parametrize(
    "plugins",
    [None, [], "none", [{"Name": 7}], [{"Name": "Port", "Configuration": {"Properties": "odd"}}], [[]]],
)
def test_a_session_is_told_whatever_became_of_its_plugin(plugins: object) -> None:
    """A newer agent that writes its plugins in another shape still tells who came."""
    content = json.loads(state(SessionOwner=ALICE, New={"deep": [1, 2]}))
    content["InstancePluginsInformation"] = plugins
    session = parse(json.dumps(content).encode(), "a-1")
    assert session is not None
    assert session.owner == ALICE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"\0" * 500,
        b'{"DocumentInformation": {}, "DocumentType": "StartSession"}',
        b'{"DocumentInformation": [], "DocumentType": "StartSession"}',
        b'{"DocumentInformation": {"DocumentID": "a-1"}, "DocumentType": 7}',
        b'{"DocumentInformation": {"DocumentID": "a-1"}}',
        b'{"DocumentInformation": {"DocumentID": "a-1", "RunID": 1e999}, "DocumentType": "StartSession"}',
        b'{"DocumentInformation": {"DocumentID": "b-2"}, "DocumentType": "StartSession"}',
    ],
)
def test_what_is_no_state_file_is_refused_with_a_reason(content: bytes) -> None:
    """Whatever stands in a file, it is either read or refused in words."""
    with pytest.raises(Unreadable) as refused:
        parse(content, "a-1")
    assert str(refused.value.why)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a/b", "a\\b", "a\nb", "a\x1b[31m", "..", ".", "", "a\u202eb", "a" * 129]
)
def test_an_id_that_is_no_plain_file_name_is_refused(name: str) -> None:
    """An id that could lead elsewhere, or hide, is no session's."""
    assert not is_session_id(name)
    with pytest.raises(Unreadable):
        parse(
            json.dumps(
                {"DocumentInformation": {"DocumentID": name}, "DocumentType": "StartSession"}
            ).encode(),
            name,
        )


@pytest.mark.parametrize(
    "name",
    [
        "alice-091b7584a2265b1f5",
        "quang.tran-ilpxvkhghl9vs9ia2xfdyp4dka",
        "a+b=c,d@e.f_g-0123456789abcdef0",
        "花子-091b7584a2265b1f5",
    ],
)
def test_ids_of_every_form_are_taken(name: str) -> None:
    """What an IAM name may hold, and what AWS may make of it tomorrow, is an id."""
    assert is_session_id(name)
