from __future__ import annotations

import os
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from agents import ALICE, LINUX, Bastion, words
from fakes import NOON
from logonbell.simulate.ssm import AgentForm
from logonbell.simulate.ssm_documents import port, run_command, shell
from logonbell.ssm.agentlog import AgentLogs, Closed, Described, Fact, LogMark, Reading, facts_of

TOKYO = timezone(timedelta(hours=9))
unix = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes")
KATHMANDU = timezone(timedelta(hours=5, minutes=45))


def as_utc(local: datetime) -> datetime:
    """Take a local time for UTC."""
    return local.replace(tzinfo=UTC)


def logs_of(bastion: Bastion, at_once: int = 1 << 20) -> AgentLogs:
    """Read the logs of a host."""
    return AgentLogs(bastion.agent.logs, zone=as_utc, at_once=at_once)


def brief(facts: list[tuple[datetime, Fact]]) -> list[tuple[str, str]]:
    """Give what was opened and closed."""
    kept: list[tuple[str, str]] = []
    for _, fact in facts:
        if isinstance(fact, Described):
            kept.append(("opened", fact.session.session_id))
        elif isinstance(fact, Closed) and ("closed", fact.session_id) not in kept:
            kept.append(("closed", fact.session_id))
    return kept


def all_of(readings: list[Reading]) -> list[tuple[datetime, Fact]]:
    """Give the facts of several readings."""
    return [fact for reading in readings for fact in reading.facts]


@pytest.mark.parametrize("zone", [TOKYO, KATHMANDU, UTC, timezone(-timedelta(hours=9, minutes=30))])
@pytest.mark.parametrize("windows", [True, False])
def test_local_times_are_told_in_utc(tmp_path: Path, zone: timezone, windows: bool) -> None:
    """Whatever zone the host has, an end that stands in local time is told at its moment."""
    bastion = Bastion(tmp_path, AgentForm(windows=windows, zone=zone))
    session = bastion.open(shell(ALICE, "alice"), after=0)
    bastion.end(session, after=90)
    reading = logs_of(bastion).read(LogMark())
    assert brief(list(reading.facts)) == [("opened", session.document_id), ("closed", session.document_id)]
    assert {time for time, fact in reading.facts if isinstance(fact, Closed)} == {
        NOON + timedelta(seconds=90)
    }


def test_a_change_to_summer_time_is_followed(tmp_path: Path) -> None:
    """The zone is that of the last line that told it, so the hour that is put forward is not told twice."""
    bastion = Bastion(tmp_path)
    first = bastion.open(shell(ALICE, "alice"))
    bastion.end(first)
    bastion.agent.form = replace(bastion.form, zone=timezone(timedelta(hours=1)))
    second = bastion.open(shell(ALICE, "alice"), after=60)
    bastion.end(second)
    times = [time for time, fact in logs_of(bastion).read(LogMark()).facts if isinstance(fact, Closed)]
    assert sorted(set(times)) == [NOON + timedelta(seconds=2), NOON + timedelta(seconds=63)]


def test_an_agents_restart_moves_no_clock(tmp_path: Path) -> None:
    """A session that is described once more, hours after its start, is no sign of another zone."""
    bastion = Bastion(tmp_path, AgentForm(zone=TOKYO))
    session = bastion.open(shell(ALICE, "alice"), after=0)
    bastion.clock.pass_(3 * 3600)
    bastion.agent.restart(session)
    bastion.end(session, after=60)
    facts = logs_of(bastion).read(LogMark()).facts
    closed = {time for time, fact in facts if isinstance(fact, Closed)}
    assert closed == {NOON + timedelta(hours=3, minutes=1)}


def test_older_agents_write_whole_seconds(tmp_path: Path) -> None:
    """A log without fractions is read like one with them."""
    bastion = Bastion(tmp_path, AgentForm(fraction=False))
    session = bastion.open(port(ALICE, "alice", 22))
    bastion.end(session)
    facts = list(logs_of(bastion).read(LogMark()).facts)
    assert brief(facts) == [("opened", session.document_id), ("closed", session.document_id)]


@pytest.mark.parametrize("form", [AgentForm(), LINUX])
@pytest.mark.parametrize("at_once", [9_000, 20_000, 1 << 20])
def test_a_log_is_read_in_any_number_of_steps(tmp_path: Path, form: AgentForm, at_once: int) -> None:
    """Read at once or a bit at a time, the same facts come in the order of time."""
    bastion = Bastion(tmp_path, form)
    for number in range(8):
        session = bastion.open(shell(ALICE, f"user{number}"))
        if number % 3:
            bastion.open(run_command("true"))
        bastion.end(session)
    readings = list(facts_of(logs_of(bastion, at_once)))
    facts = all_of(readings)
    assert facts == list(logs_of(bastion).read(LogMark()).facts)
    assert [time for time, _ in facts] == sorted(time for time, _ in facts)
    assert len(brief(facts)) == 8 + 5 + 8
    assert at_once > 100_000 or len(readings) > 1


def test_nothing_is_taken_of_a_line_that_is_not_whole(tmp_path: Path) -> None:
    """A line that is still being written is read when it is."""
    bastion = Bastion(tmp_path, LINUX)
    bastion.open(shell(ALICE, "alice"))
    log = bastion.agent.logs / "amazon-ssm-agent.log"
    whole = log.read_bytes()
    line = whole.index(b"[DataBackend] {")
    log.write_bytes(whole[: line + 100])
    logs = logs_of(bastion)
    first = logs.read(LogMark())
    log.write_bytes(whole)
    second = logs.read(first.mark)
    assert (len(brief(list(first.facts))), len(brief(list(second.facts)))) == (0, 1)


@pytest.mark.parametrize("form", [AgentForm(log_size=4_000), replace(LINUX, log_size=4_000)])
def test_reading_goes_on_across_rolled_logs(tmp_path: Path, form: AgentForm) -> None:
    """A log that is rolled between two readings loses no line, and gives none twice."""
    bastion = Bastion(tmp_path, form)
    logs, mark, facts = logs_of(bastion), LogMark(), list[tuple[datetime, Fact]]()
    expected: list[tuple[str, str]] = []
    for number in range(12):
        session = bastion.open(shell(ALICE, f"user{number}"))
        bastion.end(session)
        expected += [("opened", session.document_id), ("closed", session.document_id)]
        if number % 2:
            reading = logs.read(mark)
            assert not reading.lost
            facts += reading.facts
            mark = reading.mark
    assert brief(facts) == expected
    assert len(list(bastion.agent.logs.glob("*.log.*"))) >= 5


def test_a_log_that_was_removed_is_told_as_lost_once(tmp_path: Path) -> None:
    """Lines that nobody read may be gone with the file: that is said, and reading goes on."""
    bastion = Bastion(tmp_path, LINUX)
    session = bastion.open(shell(ALICE, "alice"))
    logs = logs_of(bastion)
    mark = logs.read(LogMark()).mark
    (bastion.agent.logs / "amazon-ssm-agent.log").unlink()
    gone = logs.read(mark)
    bastion.end(session)
    back = logs_of(bastion).read(mark)
    assert (gone.lost, logs.read(gone.mark).lost, back.lost) == (True, False, True)
    assert brief(list(back.facts)) == [("closed", session.document_id)]


def test_the_oldest_rolls_that_are_gone_limit_what_is_covered(tmp_path: Path) -> None:
    """A log that was rolled away covers no more than what it still holds."""
    bastion = Bastion(tmp_path, replace(LINUX, log_size=3_000, rolls=2))
    assert logs_of(bastion).covered_since(0) == NOON
    for number in range(6):
        bastion.end(bastion.open(shell(ALICE, f"user{number}"), after=60))
    since = logs_of(bastion).covered_since(0)
    assert since is not None
    assert since > NOON + timedelta(minutes=2)


def test_a_log_of_errors_only_says_nothing_of_sessions(tmp_path: Path) -> None:
    """Where the agent logs errors only, its silence proves nothing."""
    bastion = Bastion(tmp_path, LINUX)
    assert logs_of(bastion).read(LogMark()).mark.speaks
    log = bastion.agent.logs / "amazon-ssm-agent.log"
    log.write_text("2026-03-03 12:00:00.0000 ERROR [main @ agent.go.1] nothing works\n")
    assert not logs_of(bastion).read(LogMark()).mark.speaks


def test_a_line_without_an_end_is_skipped_and_told(tmp_path: Path) -> None:
    """A line that no memory should hold costs that line."""
    bastion = Bastion(tmp_path, LINUX)
    log = bastion.agent.logs / "amazon-ssm-agent.log"
    with log.open("ab") as file:
        file.write(b"2026-03-03 12:00:01.0000 INFO " + b"x" * 100_000 + b"\n")
    session = bastion.open(shell(ALICE, "alice"))
    readings = list(facts_of(logs_of(bastion, 16_000)))
    assert brief(all_of(readings)) == [("opened", session.document_id)]
    assert sum(len(reading.losses) for reading in readings) >= 1


def test_lines_of_others_say_nothing(tmp_path: Path) -> None:
    """Neither an id that leads elsewhere, nor what merely looks like a worker's line, is taken."""
    bastion = Bastion(tmp_path, LINUX)
    with (bastion.agent.logs / "amazon-ssm-agent.log").open("a") as file:
        for line in (
            "[ssm-session-worker] [../../x] document: ../../x worker started",
            "[ssm-session-worker] [a-1] [DataBackend] {not json",
            '[ssm-session-worker] [a-1] [DataBackend] {"DocumentInformation":{"DocumentID":"b-2"},"DocumentType":"StartSession"}',
            "payload: [ssm-session-worker] [a-1] Session worker closed",
            "[ssm-session-worker] [a-1] Session worker closed, or is it",
        ):
            file.write(f"2026-03-03 12:00:01.0000 INFO {line}\n")
        file.write("9999-99-99 99:99:99 INFO [ssm-session-worker] [a-1] Session worker closed\n")
    assert logs_of(bastion).read(LogMark()).facts == []


@pytest.mark.rig
def test_a_log_of_a_gigabyte_of_nothing_is_told_once(tmp_path: Path) -> None:
    """A log without a line costs a few MiB of memory at a time, one word, and no session of the other logs."""
    bastion = Bastion(tmp_path)
    session = bastion.open(shell(ALICE, "alice"))
    with (bastion.agent.logs / "amazon-ssm-agent.log").open("wb") as file:
        file.truncate(1 << 30)
    readings = list(facts_of(AgentLogs(bastion.agent.logs, zone=as_utc)))
    assert brief(all_of(readings)) == [("opened", session.document_id)]
    assert sum(len(reading.losses) for reading in readings) == 1


@unix
def test_links_and_pipes_among_the_logs_are_not_followed(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What is no file is told, not followed, not waited for; the other logs are read."""
    bastion = Bastion(tmp_path)
    session = bastion.open(shell(ALICE, "alice"))
    outside = tmp_path_factory.mktemp("outside") / "agent.log"
    other = Bastion(tmp_path_factory.mktemp("other"))
    other.open(shell(ALICE, "mallory"))
    (other.agent.logs / "ssm-session-worker.log").rename(outside)
    (bastion.agent.logs / "ssm-document-worker.log").symlink_to(outside)
    (bastion.agent.logs / "amazon-ssm-agent.log").unlink()
    os.mkfifo(bastion.agent.logs / "amazon-ssm-agent.log")
    readings = list(facts_of(logs_of(bastion)))
    assert brief(all_of(readings)) == [("opened", session.document_id)]
    assert words([loss for reading in readings for loss in reading.losses]).count("link, or no file") == 2
    assert logs_of(bastion).covered_since(0) == NOON
    assert logs_of(bastion).last_sign(0) is not None
