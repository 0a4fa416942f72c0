from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random

import pytest

from fakes import FakeClock
from logonbell.simulate.ssm import AgentForm, SsmAgent
from logonbell.simulate.ssm_documents import association, port, run_command, shell

ALICE = "arn:aws:sts::111122223333:assumed-role/ops/alice"


def agent_at(root: Path, clock: FakeClock, form: AgentForm | None = None, seed: int = 1) -> SsmAgent:
    """Start an agent."""
    agent = SsmAgent(root, Random(seed), clock, form=form)  # noqa: S311 - repeatable, not secret
    agent.start()
    agent.flush()
    return agent


def shelves_of(agent: SsmAgent) -> dict[str, list[str]]:
    """Give what lies where."""
    return {
        each: sorted(path.name for path in (agent.state / each).iterdir()) for each in ("pending", "current")
    }


def lines_of(agent: SsmAgent) -> str:
    """Give all that the logs say."""
    return "".join(path.read_text() for path in sorted(agent.logs.iterdir()))


def test_a_state_goes_from_pending_to_current_to_nowhere(tmp_path: Path) -> None:
    """The steps of a session's file come in the agent's order; only in the second is the worker known."""
    agent = agent_at(tmp_path, FakeClock())
    document = agent.submit(shell(ALICE, "alice"))
    name = document.document_id
    assert shelves_of(agent) == {"pending": [name], "current": []}
    waiting = json.loads((agent.state / "pending" / name).read_text())
    assert waiting["DocumentInformation"]["ProcInfo"] == {"Pid": 0, "StartTime": "0001-01-01T00:00:00Z"}
    agent.begin(document, process=4711)
    assert shelves_of(agent) == {"pending": [], "current": [name]}
    running = json.loads((agent.state / "current" / name).read_text())
    assert running["DocumentInformation"]["ProcInfo"]["Pid"] == 4711
    agent.end(document)
    assert shelves_of(agent) == {"pending": [], "current": []}


def test_a_terminated_sessions_file_is_replaced_removed_and_back_for_a_moment(tmp_path: Path) -> None:
    """The wish to end a session has the session's name; what is saved last is saved although the file is gone."""
    agent = agent_at(tmp_path, FakeClock())
    document = agent.open(port(ALICE, "alice", 22))
    name = document.document_id
    agent.wish(document)
    assert shelves_of(agent) == {"pending": [name], "current": [name]}
    agent.grant(document)
    assert shelves_of(agent) == {"pending": [], "current": []}
    agent.save_again(document)
    assert shelves_of(agent) == {"pending": [], "current": [name]}
    agent.remove(document)
    assert shelves_of(agent) == {"pending": [], "current": []}


@pytest.mark.skipif(sys.platform == "win32", reason="modes are Unix'")
def test_nobody_else_may_read_the_files(tmp_path: Path) -> None:
    """State files are 0600, their folders 0700."""
    agent = agent_at(tmp_path, FakeClock())
    document = agent.open(shell(ALICE, "alice"))
    path = agent.state / "current" / document.document_id
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_the_form_is_the_agents(tmp_path: Path) -> None:
    """Indented by two, ids where the agent puts them, and a creation date that is a thousand times too late."""
    clock = FakeClock(datetime(2023, 11, 17, 7, 9, 48, 712000, tzinfo=UTC))
    agent = agent_at(tmp_path, clock, AgentForm(windows=False))
    document = agent.open(port(ALICE, "alice", 3389))
    text = (
        agent.data / agent.instance_id / "document" / "state" / "current" / document.document_id
    ).read_text()
    known = json.loads(text)["DocumentInformation"]
    assert text.startswith('{\n  "DocumentInformation": {\n    "DocumentID": "alice-')
    assert known["DocumentID"] == known["CommandID"] == known["MessageID"]
    assert known["RunID"] == "2023-11-17T07-09-48.712Z"
    assert re.fullmatch(r"55847-05-09 \d\d:\d\d:\d\d \+0000 UTC", known["CreatedDate"])
    assert known["ProcInfo"]["StartTime"] == "2023-11-17T07:09:48.712000317Z"


def test_each_program_has_its_own_log_on_windows_only(tmp_path: Path) -> None:
    """Windows' agent writes a file for each of its programs, Linux' one for all."""
    for windows, names in (
        (
            True,
            {
                "amazon-ssm-agent.log",
                "ssm-agent-worker.log",
                "ssm-session-worker.log",
                "ssm-document-worker.log",
            },
        ),
        (False, {"amazon-ssm-agent.log"}),
    ):
        agent = agent_at(tmp_path / str(windows), FakeClock(), AgentForm(windows=windows))
        agent.open(shell(ALICE, "alice"))
        agent.open(run_command("true"))
        agent.flush()
        assert {path.name for path in agent.logs.iterdir()} == names


def test_lines_are_held_for_a_tenth_of_a_second(tmp_path: Path) -> None:
    """The agent's log writer is late by up to 100 ms; the lines keep the time at which they were said."""
    clock = FakeClock()
    agent = agent_at(tmp_path, clock, AgentForm(zone=timezone(timedelta(hours=9))))
    agent.open(shell(ALICE, "alice"))
    clock.pass_(0.05)
    agent.settle()
    early = lines_of(agent)
    clock.pass_(0.05)
    agent.settle()
    assert "worker started" not in early
    assert re.search(
        r"2026-03-03 21:00:00\.0000 INFO \[ssm-session-worker\] \[alice-\w+\] document: alice-\w+ worker started\n",
        lines_of(agent),
    )


def test_older_agents_write_whole_seconds_and_newer_ones_longer_ids(tmp_path: Path) -> None:
    """What differs between agents can be asked for."""
    old = agent_at(tmp_path / "old", FakeClock(), AgentForm(fraction=False))
    new = agent_at(tmp_path / "new", FakeClock(), AgentForm(long_suffix=True, extra={"Brand": "new"}))
    assert "2026-03-03 12:00:00 INFO " in lines_of(old)
    assert re.fullmatch(r"alice-[0-9a-f]{17}", old.open(shell(ALICE, "alice")).document_id)
    document = new.open(shell(ALICE, "alice"))
    assert re.fullmatch(r"alice-[0-9a-z]{26}", document.document_id)
    assert '"Brand": "new"' in (new.state / "current" / document.document_id).read_text()


def test_a_full_log_is_rolled_and_the_oldest_removed(tmp_path: Path) -> None:
    """Rolled files count upwards, and only the newest few are kept."""
    agent = agent_at(tmp_path, FakeClock(), AgentForm(windows=False, log_size=2_000, rolls=3))
    for _ in range(6):
        agent.end(agent.open(shell(ALICE, "alice")))
        agent.flush()
    assert sorted(path.name for path in agent.logs.iterdir()) == [
        "amazon-ssm-agent.log",
        "amazon-ssm-agent.log.3",
        "amazon-ssm-agent.log.4",
        "amazon-ssm-agent.log.5",
    ]


def test_a_restarted_agent_counts_its_runs(tmp_path: Path) -> None:
    """What is found in ``current`` is written again, with its worker, and one run more."""
    agent = agent_at(tmp_path, FakeClock())
    document = agent.open(shell(ALICE, "alice"), process=4711)
    agent.restart(document)
    known = json.loads((agent.state / "current" / document.document_id).read_text())["DocumentInformation"]
    assert (known["RunCount"], known["ProcInfo"]["Pid"]) == (1, 4711)


def test_the_same_seed_makes_the_same_agent(tmp_path: Path) -> None:
    """Nothing is left to chance, an association's name included."""
    made = []
    for place in ("one", "two"):
        agent = agent_at(tmp_path / place, FakeClock())
        for request in (shell(ALICE, "alice"), run_command("true"), association()):
            agent.open(request)
        agent.flush()
        made.append((shelves_of(agent), lines_of(agent)))
    assert made[0] == made[1]
