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
    plugin = json.loads(text)["InstancePluginsInformation"][0]["Configuration"]["OrchestrationDirectory"]
    assert plugin == f"{json.loads(text)['IOConfig']['OrchestrationDirectory']}/Port"


def test_a_creation_date_stands_in_the_hosts_zone(tmp_path: Path) -> None:
    """The milliseconds that become seconds are written as a local time."""
    agent = agent_at(tmp_path, FakeClock(), AgentForm(zone=timezone(timedelta(hours=9), "JST")))
    document = agent.open(shell(ALICE, "alice"))
    known = json.loads((agent.state / "current" / document.document_id).read_text())["DocumentInformation"]
    assert known["CreatedDate"].endswith(" +0900 JST")


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


def test_lines_are_written_one_at_a_time_and_late(tmp_path: Path) -> None:
    """A program writes a line about every 100 ms; each keeps the time at which it was said."""
    clock = FakeClock()
    agent = agent_at(tmp_path, clock, AgentForm(zone=timezone(timedelta(hours=9))))
    agent.open(shell(ALICE, "alice"))
    counts = []
    for _ in range(4):
        agent.settle()
        counts.append(lines_of(agent).count("ssm-session-worker"))
        clock.pass_(0.1)
    agent.settle()
    assert counts == [1, 1, 2, 3]
    assert re.search(
        r"2026-03-03 21:00:00\.0000 INFO \[ssm-session-worker\] \[alice-\w+\] document: alice-\w+ worker started\n",
        lines_of(agent),
    )
    clock.pass_(5)
    agent.settle()
    assert "Plugin Standard_Stream started" in lines_of(agent)


def test_programs_take_turns_in_a_log_that_they_share(tmp_path: Path) -> None:
    """On Linux the lines of agent and worker stand in the order in which they were written, not in that of their times."""
    clock = FakeClock()
    agent = agent_at(tmp_path, clock, AgentForm(windows=False))
    first = agent.open(shell(ALICE, "alice"))
    clock.pass_(0.3)
    agent.open(shell(ALICE, "bob"))
    clock.pass_(10)
    agent.settle()
    lines = lines_of(agent).splitlines()
    times = [line[:24] for line in lines]
    assert times != sorted(times)
    assert lines.index(next(line for line in lines if "bob" in line)) < lines.index(
        next(line for line in lines if f"{first.document_id}] [DataBackend] [pluginName" in line)
    )


def test_whoever_ends_writes_the_rest_at_once(tmp_path: Path) -> None:
    """A worker's last words are in its log when it is gone, unless it died."""
    agent = agent_at(tmp_path, FakeClock())
    ended, died = agent.open(shell(ALICE, "alice")), agent.open(shell(ALICE, "bob"))
    agent.end(ended)
    agent.crash(died)
    agent.flush()
    assert f"[{ended.document_id}] Session worker closed" in lines_of(agent)
    assert f"[{died.document_id}]" not in lines_of(agent)
    assert shelves_of(agent)["current"] == [died.document_id]
    agent.give_up(died)
    assert shelves_of(agent)["current"] == []


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
    numbers = sorted(int(path.suffix[1:]) for path in agent.logs.glob("amazon-ssm-agent.log.*"))
    assert numbers == list(range(numbers[-1] - 2, numbers[-1] + 1))
    assert numbers[0] > 1


def test_a_rolled_log_is_written_to_by_whoever_holds_it_open(tmp_path: Path) -> None:
    """On Linux a worker that was there before ends in the file that it opened, whatever that is called now."""
    clock = FakeClock()
    agent = agent_at(tmp_path, clock, AgentForm(windows=False, log_size=9_000))
    held = agent.open(shell(ALICE, "alice"))
    agent.flush()
    while not (agent.logs / "amazon-ssm-agent.log.1").exists():
        agent.end(agent.open(shell(ALICE, "bob")))
        agent.flush()
    agent.end(held)
    assert f"[{held.document_id}] Session worker closed" in (agent.logs / "amazon-ssm-agent.log.1").read_text(
        "utf-8"
    )


@pytest.mark.parametrize("windows", [True, False])
def test_the_folders_are_the_agents(tmp_path: Path, windows: bool) -> None:
    """State below the instance, and a channel between agent and worker for as long as both are there."""
    agent = agent_at(tmp_path, FakeClock(), AgentForm(windows=windows))
    document = agent.open(shell(ALICE, "alice"))
    assert sorted(path.name for path in agent.state.iterdir()) == [
        "completed",
        "corrupt",
        "current",
        "pending",
    ]
    channel = agent.home / "channels" / document.document_id / "tmp"
    assert channel.is_dir()
    agent.end(document)
    assert not channel.parent.exists()


def test_a_restarted_agent_counts_its_runs_and_tells_the_worker_again(tmp_path: Path) -> None:
    """What is found in ``current`` is written again, one run more, and its worker says once more what it was told."""
    agent = agent_at(tmp_path, FakeClock())
    document = agent.open(shell(ALICE, "alice"), process=4711)
    agent.restart(document)
    agent.flush()
    known = json.loads((agent.state / "current" / document.document_id).read_text())["DocumentInformation"]
    assert (known["RunCount"], known["ProcInfo"]["Pid"]) == (1, 4711)
    assert lines_of(agent).count(f"[{document.document_id}] [DataBackend] {{") == 2
    assert "found orphan process: 4711" in lines_of(agent)


def test_the_wish_to_end_a_session_says_so(tmp_path: Path) -> None:
    """What stands in a session's place for a moment is no session, and says which one it is about."""
    agent = agent_at(tmp_path, FakeClock())
    document = agent.open(shell(ALICE, "alice"))
    agent.wish(document)
    wish = json.loads((agent.state / "pending" / document.document_id).read_text())
    assert (wish["DocumentType"], wish["InstancePluginsInformation"]) == ("TerminateSession", None)
    assert wish["CancelInformation"]["DebugInfo"] == f"Session {document.document_id} is yet to be terminated"


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
