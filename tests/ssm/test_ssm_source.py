from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agents import ALICE, HOST, LINUX, Bastion, FakeProcesses, Reader, times_of, told, words
from fakes import NOON, FakeClock
from logonbell.event import Event
from logonbell.recognise.session import CHANNEL, Told, record_id_of
from logonbell.simulate.ssm import AgentForm
from logonbell.simulate.ssm_documents import (
    Document,
    Request,
    association,
    commands,
    port,
    run_command,
    shell,
)
from logonbell.ssm.source import SsmSource

FORMS = {
    "windows": AgentForm(),
    "linux": LINUX,
    "older": replace(LINUX, fraction=False, version="3.2.1705.0"),
    "newer": AgentForm(long_suffix=True, extra={"Brand": {"new": [1]}}, version="3.3.4793.0"),
}
EVERY_KIND: Sequence[Request] = (
    shell(ALICE, "alice"),
    commands(ALICE, "alice", "cmd", elevated=True),
    commands(ALICE, "alice", "dir"),
    commands(ALICE, "alice", "dir", interactive=False),
    port(ALICE, "alice", 3389),
    port(ALICE, "alice", 22, mux=False),
    port(ALICE, "alice", 1433, host="10.20.7.7"),
    run_command("Get-Date"),
)


@pytest.fixture
def bastion(tmp_path: Path) -> Bastion:
    """A host whose processes are known."""
    return Bastion(tmp_path, processes=FakeProcesses())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("logs", [True, False])
def test_sessions_of_every_kind_are_told_once(tmp_path: Path, form: str, logs: bool) -> None:
    """Side by side and overlapping, by every agent, each session is told when it opens and when it closes, once."""
    bastion = Bastion(tmp_path, FORMS[form], processes=FakeProcesses())
    reader = Reader(bastion.source(logs=logs))
    reader.read()
    documents = [bastion.open(request, after=0.4) for request in EVERY_KIND]
    bastion.open(association(), after=0.4)
    assert told(reader.read()) == [("OPENED", each.document_id) for each in documents]
    for document in (documents[4], documents[0]):
        bastion.end(document)
        assert told(reader.read()) == [("CLOSED", document.document_id)]
    for document in documents[1:4] + documents[5:]:
        bastion.end(document, after=0.4)
    assert sorted(told(reader.read())) == sorted(
        ("CLOSED", each.document_id) for each in documents[1:4] + documents[5:]
    )
    assert reader.read() == []
    assert words(reader.losses) == ""


def test_what_is_told_of_a_session_is_what_the_agent_knows(bastion: Bastion) -> None:
    """The principal, the document, the port and the worker stand in the event; the record's id is the session's."""
    reader = Reader(bastion.source())
    reader.read()
    document = bastion.open(port(ALICE, "alice", 3389))
    (event,) = reader.read()
    assert event == Event(
        CHANNEL,
        Told.OPENED,
        record_id_of(document.document_id),
        NOON + timedelta(seconds=1),
        HOST,
        "amazon-ssm-agent",
        {
            "SessionId": document.document_id,
            "Owner": ALICE,
            "Document": "AWS-StartPortForwardingSession",
            "DocumentType": "StartSession",
            "Plugin": "Port",
            "Port": "3389",
            "Target": "",
            "Elevated": "false",
            "RunAsUser": "",
            "ProcessId": str(document.process),
            "InstanceId": bastion.instance_id,
            "Platform": "windows" if bastion.form.windows else "linux",
        },
    )


@pytest.mark.rig
def test_two_hundred_sessions_in_a_minute_are_each_told_once(bastion: Bastion) -> None:
    """Many at once, some over before the next look: none is missed, none comes twice."""
    reader = Reader(bastion.source())
    reader.read()
    open_, expected = list[str](), list[tuple[str, str]]()
    for number in range(200):
        document = bastion.open(EVERY_KIND[number % 8], after=0.3)
        expected.append(("OPENED", document.document_id))
        if number % 2:
            bastion.end(document, after=0.05)
            expected.append(("CLOSED", document.document_id))
        else:
            open_.append(document.document_id)
        if number % 5 == 0:
            reader.read()
    reader.read()
    assert sorted(told(reader.events)[1:]) == sorted(expected)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("pause", [0.05, 0.1, 1.3])
def test_lines_that_are_written_late_tell_nothing_twice(tmp_path: Path, form: str, pause: float) -> None:
    """The folder tells at once and the logs seconds later, or the logs alone: each session opens and closes once."""
    bastion = Bastion(tmp_path, FORMS[form], processes=FakeProcesses(), slow_logs=True)
    reader, documents, waiting = Reader(bastion.source()), list[Document](), list[Document]()
    reader.read()
    for number in range(24):
        documents.append(bastion.open(EVERY_KIND[number % 8], after=0.02))
        waiting.append(documents[-1])
        if number % 3:
            bastion.end(waiting.pop(0), after=0.02)
        bastion.clock.pass_(pause)
        bastion.write_logs()
        reader.read()
    for _ in range(80):
        bastion.clock.pass_(0.1)
        bastion.write_logs()
        reader.read()
    opened = [session for kind, session in told(reader.events) if kind == "OPENED"]
    closed = [session for kind, session in told(reader.events) if kind == "CLOSED"]
    assert sorted(opened) == sorted(each.document_id for each in documents)
    assert sorted(closed) == sorted(each.document_id for each in documents if each not in waiting)


def test_what_a_worker_says_into_a_rolled_log_ends_its_session(tmp_path: Path) -> None:
    """A session that was opened before the log was rolled, and ended while nobody watched, has ended."""
    bastion = Bastion(tmp_path, replace(LINUX, log_size=20_000))
    reader = Reader(bastion.source())
    held = bastion.open(shell(ALICE, "alice"))
    while not list(bastion.agent.logs.glob("*.log.1")):
        bastion.end(bastion.open(shell(ALICE, "bob")))
    reader.read()
    bastion.end(held, after=600)
    bastion.clock.pass_(600)
    assert told(Reader(bastion.source(), reader.bookmark).read()) == [("CLOSED", held.document_id)]


def test_an_agents_restart_ends_no_session(bastion: Bastion) -> None:
    """The worker lives on, and so does the session; its file is only written again."""
    reader = Reader(bastion.source())
    document = bastion.open(shell(ALICE, "alice"))
    reader.read()
    bastion.agent.restart(document)
    bastion.agent.flush()
    assert reader.read() == []
    bastion.end(document)
    assert told(reader.read()) == [("CLOSED", document.document_id)]


@pytest.mark.parametrize("looks", [(), (0,), (1,), (2,), (3,), (0, 1, 2, 3)])
@pytest.mark.parametrize("logs", [True, False])
def test_a_session_that_is_terminated_closes_once(bastion: Bastion, looks: Sequence[int], logs: bool) -> None:
    """The wish to end a session stands in its file's place, goes, and the file comes back for a moment: one end."""
    reader = Reader(bastion.source(logs=logs))
    document = bastion.open(shell(ALICE, "alice"))
    reader.read()
    agent = bastion.agent
    steps = (agent.wish, agent.grant, agent.save_again, agent.remove)
    for number, step in enumerate(steps):
        bastion.clock.pass_(0.1)
        step(document)
        if number in looks:
            reader.read()
    bastion.clock.pass_(60)
    reader.read()
    assert told(reader.events, Told.OPENED, Told.CLOSED) == [
        ("OPENED", document.document_id),
        ("CLOSED", document.document_id),
    ]


def test_a_worker_that_dies_closes_its_session(bastion: Bastion) -> None:
    """The file outlives a crash by a minute or more; the session is over when its worker is."""
    reader = Reader(bastion.source())
    document = bastion.open(shell(ALICE, "alice"))
    reader.read()
    assert bastion.processes is not None
    bastion.processes.running.clear()
    assert told(reader.read()) == [("CLOSED", document.document_id)]
    bastion.clock.pass_(7200)
    assert told(reader.read()) == []
    assert bastion.path(document).exists()


def test_a_process_id_that_another_program_has_now_proves_nothing(bastion: Bastion) -> None:
    """After the host's restart a file of before, and a process of the same id, are no session."""
    document = bastion.open(shell(ALICE, "alice"))
    assert bastion.processes is not None
    bastion.processes.running[document.process] = (NOON + timedelta(hours=1), ("svchost.exe",))
    reader = Reader(bastion.source(logs=False))
    assert told(reader.read())[-2:] == [("OPENED", document.document_id), ("CLOSED", document.document_id)]
    assert bastion.source().live() == []


def test_a_clock_that_is_put_right_ends_no_session(bastion: Bastion) -> None:
    """If the system's word for the start no longer fits, the worker's own arguments speak for it."""
    document = bastion.open(shell(ALICE, "alice"))
    reader = Reader(bastion.source())
    reader.read()
    assert bastion.processes is not None
    started, arguments = bastion.processes.running[document.process]
    bastion.processes.running[document.process] = (started - timedelta(hours=9), arguments)
    assert reader.read() == []


def test_a_session_is_waited_for_until_its_worker_is_known(bastion: Bastion) -> None:
    """By the worker's process id the logon of the shell is matched; a queued session is told without."""
    reader = Reader(bastion.source(logs=False))
    reader.read()
    document = bastion.agent.submit(shell(ALICE, "alice"))
    early = reader.read()
    bastion.clock.pass_(0.1)
    bastion.agent.begin(document, process=4711)
    assert bastion.processes is not None
    bastion.processes.running[4711] = (bastion.clock.now, ())
    (event,) = reader.read()
    assert (early, event.fields["ProcessId"]) == ([], "4711")
    queued = bastion.agent.submit(shell(ALICE, "bob"))
    reader.read()
    bastion.clock.pass_(1)
    (event,) = reader.read()
    assert (event.fields["SessionId"], event.fields["ProcessId"]) == (queued.document_id, "")


def test_the_past_is_told_from_the_logs(bastion: Bastion) -> None:
    """At the first start, what was opened and closed before is told with its times, and since when all is known."""
    first, second = bastion.open(shell(ALICE, "alice")), bastion.open(port(ALICE, "alice", 22))
    bastion.end(first, after=600)
    bastion.clock.pass_(600)
    reader = Reader(bastion.source())
    assert told(reader.read()) == [
        ("WATCHED", ""),
        ("OPENED", first.document_id),
        ("OPENED", second.document_id),
        ("CLOSED", first.document_id),
    ]
    assert [event.time for event in reader.events] == [
        NOON,
        NOON + timedelta(seconds=1),
        NOON + timedelta(seconds=2),
        NOON + timedelta(seconds=602),
    ]


def test_without_logs_watching_begins_now(bastion: Bastion) -> None:
    """What nobody can know of the past is not claimed."""
    bastion.clock.pass_(3600)
    reader = Reader(bastion.source(logs=False))
    reader.read()
    assert times_of(reader.events, Told.WATCHED) == [NOON + timedelta(hours=1)]


def test_downtime_is_caught_up_from_the_logs(bastion: Bastion) -> None:
    """What came and went while nobody watched is told by the logs, at its times, and no gap is claimed."""
    reader = Reader(bastion.source())
    before = bastion.open(shell(ALICE, "alice"))
    reader.read()
    gone = bastion.open(port(ALICE, "alice", 22), after=3600)
    bastion.end(gone, after=60)
    bastion.end(before, after=60)
    stays = bastion.open(shell(ALICE, "alice"), after=60)
    bastion.clock.pass_(3600)
    later = Reader(bastion.source(), reader.bookmark)
    assert told(later.read()) == [
        ("OPENED", gone.document_id),
        ("CLOSED", gone.document_id),
        ("CLOSED", before.document_id),
        ("OPENED", stays.document_id),
    ]
    assert later.events[1].time == gone.received + timedelta(seconds=60)


def test_downtime_without_logs_is_told_as_such(bastion: Bastion) -> None:
    """Where nothing says what happened, the blind interval does."""
    reader = Reader(bastion.source(logs=False))
    before = bastion.open(shell(ALICE, "alice"))
    reader.read()
    bastion.end(bastion.open(port(ALICE, "alice", 22), after=3600))
    bastion.end(before)
    later = Reader(bastion.source(logs=False), reader.bookmark)
    assert sorted(told(later.read())) == [("CLOSED", before.document_id), ("UNWATCHED", "")]
    (gap,) = [event for event in later.events if event.event_id == Told.UNWATCHED]
    assert datetime.fromisoformat(gap.fields["Since"]) <= NOON + timedelta(seconds=31)
    assert gap.time == bastion.clock.now
    assert later.read() == []


def test_logs_that_were_removed_leave_a_gap(bastion: Bastion) -> None:
    """Who clears the agent's logs while nobody watches leaves an interval that is told."""
    reader = Reader(bastion.source())
    reader.read()
    bastion.end(bastion.open(shell(ALICE, "alice"), after=600))
    shutil.rmtree(bastion.agent.logs)
    bastion.agent.restart()
    bastion.clock.pass_(600)
    bastion.agent.flush()
    later = Reader(bastion.source(), reader.bookmark)
    assert told(later.read()) == [("UNWATCHED", "")]


def test_a_short_pause_is_no_gap(bastion: Bastion) -> None:
    """Polling is not taken for blindness, a host that slept is."""
    reader = Reader(bastion.source(logs=False))
    for _ in range(100):
        reader.read()
        bastion.clock.pass_(1)
    assert told(reader.events) == [("WATCHED", "")]
    bastion.clock.pass_(600)
    assert told(reader.read()) == [("UNWATCHED", "")]


def test_agents_that_do_not_describe_their_sessions_are_understood(tmp_path: Path) -> None:
    """An agent that logs less still tells that somebody was there, though not who."""
    bastion = Bastion(tmp_path, replace(LINUX, describes=False))
    document = bastion.open(port(ALICE, "alice", 22))
    bastion.end(document)
    reader = Reader(bastion.source())
    assert told(reader.read())[1:] == [("OPENED", document.document_id), ("CLOSED", document.document_id)]
    fields = reader.events[1].fields
    assert (fields["Plugin"], fields["Owner"], fields["DocumentType"]) == ("Port", "", "StartSession")


def history(bastion: Bastion) -> None:
    """Let a few hours pass on a host."""
    shells = [bastion.open(shell(ALICE, f"user{number}"), after=30) for number in range(3)]
    tunnel = bastion.open(port(ALICE, "alice", 3389))
    bastion.end(shells[1], after=300)
    bastion.open(run_command("true"), after=10)
    bastion.end(tunnel, after=300)
    bastion.end(shells[0])
    bastion.agent.restart(shells[2])
    bastion.open(commands(ALICE, "eve", "sh", elevated=True), after=10)
    bastion.clock.pass_(5)
    bastion.agent.flush()


@pytest.mark.parametrize("limit", [1, 2, 3, None])
def test_cut_and_resumed_anywhere_the_events_are_the_same(bastion: Bastion, limit: int | None) -> None:
    """However few events are taken at a time, and by however many runs, they are those of one run."""
    history(bastion)
    whole = Reader(bastion.source())
    whole.read()
    bookmark: str | None = None
    events: list[Event] = []
    while True:
        batch = bastion.source().read(bookmark, limit)
        events += batch.events
        bookmark = batch.bookmark
        assert limit is None or len(batch.events) <= limit
        if not batch.more:
            break
    assert events == whole.events
    assert len(events) == 10


def test_the_same_bookmark_gives_the_same_events_again(bastion: Bastion) -> None:
    """What could not be kept is read again, in whole or in part."""
    source = bastion.source()
    start = source.read(None).bookmark
    history(bastion)
    first = source.read(start)
    again = source.read(start)
    part = source.read(start, 2)
    rest = source.read(part.bookmark)
    assert list(again.events) == list(first.events)
    assert [*part.events, *rest.events] == list(first.events)
    assert (part.more, rest.more, len(part.events)) == (True, False, 2)


@pytest.mark.parametrize(
    "bookmark", ["", "{", "7", '{"version": 99}', '{"open": []}', "\ud800", "[" * 10_000]
)
def test_a_damaged_bookmark_costs_time_never_a_session(bastion: Bastion, bookmark: str) -> None:
    """A bookmark that cannot be read starts again at the oldest, and says so."""
    history(bastion)
    whole, again = Reader(bastion.source()), Reader(bastion.source(), bookmark)
    assert again.read() == whole.read()
    assert "damaged" in words(again.losses)


def test_nothing_new_changes_no_bookmark(bastion: Bastion) -> None:
    """An idle host costs no write: the bookmark stays for half a minute at a time."""
    reader = Reader(bastion.source())
    bastion.open(shell(ALICE, "alice"))
    reader.read()
    bookmarks = set[str | None]()
    for _ in range(100):
        bastion.clock.pass_(0.1)
        reader.read()
        bookmarks.add(reader.bookmark)
    assert len(bookmarks) == 1
    bastion.clock.pass_(30)
    reader.read()
    assert reader.bookmark not in bookmarks


def test_no_parameter_is_kept_anywhere(bastion: Bastion) -> None:
    """What a command or a session runs stands in no event and in no bookmark."""
    bastion.end(bastion.open(run_command("net use /user:x hunter2")))
    bastion.open(commands(ALICE, "alice", "mysql --password=hunter2"))
    bastion.open(run_command("echo hunter2"))
    reader = Reader(bastion.source())
    reader.read()
    assert len(reader.events) == 5
    assert "hunter2" not in repr(reader.events) + str(reader.bookmark) + words(reader.losses)


def test_a_folder_that_goes_and_comes_back_is_told(bastion: Bastion) -> None:
    """Gone: said once, and nobody is taken for gone. Back: said, and what nobody saw is named."""
    reader = Reader(bastion.source(logs=False))
    stays, goes = bastion.open(shell(ALICE, "alice")), bastion.open(shell(ALICE, "bob"))
    reader.read()
    away = bastion.root.parent / f"{bastion.root.name}-away"
    bastion.root.rename(away)
    for _ in range(5):
        bastion.clock.pass_(1)
        assert reader.read() == []
    assert len(reader.losses) == 1
    away.rename(bastion.root)
    bastion.end(goes)
    assert told(reader.read()) == [("UNWATCHED", ""), ("CLOSED", goes.document_id)]
    assert len(reader.losses) == 2
    bastion.end(stays)
    assert told(reader.read()) == [("CLOSED", stays.document_id)]


def test_a_host_without_an_agent_is_told_and_not_called_watched(tmp_path: Path) -> None:
    """Where there is no agent nobody claims that there are no sessions; when it comes, watching begins."""
    clock = FakeClock()
    reader = Reader(SsmSource(tmp_path / "nothing", host=HOST, clock=clock))
    assert reader.read() == []
    assert len(reader.losses) == 1
    bastion = Bastion(tmp_path / "nothing", clock=clock)
    assert told(reader.read()) == [("WATCHED", "")]
    document = bastion.open(shell(ALICE, "alice"))
    assert told(reader.read()) == [("OPENED", document.document_id)]


def test_a_cloned_images_sessions_are_not_this_hosts(tmp_path: Path) -> None:
    """Files and logs of the machine that the image was made of are another instance's."""
    origin = Bastion(tmp_path, instance_id="i-00000000000000001")
    origin.open(shell(ALICE, "old"))
    origin.end(origin.open(shell(ALICE, "older")))
    for each in ("pending", "current"):
        os.utime(origin.agent.state / each, (0, 0))
    own = Bastion(tmp_path, instance_id="i-00000000000000002", seed=2, clock=origin.clock)
    document = own.open(shell(ALICE, "new"))
    for source in (own.source(), own.source(instance_id="i-00000000000000002")):
        reader = Reader(source)
        reader.read()
        assert told(reader.events, Told.OPENED) == [("OPENED", document.document_id)]


@pytest.mark.rig
def test_a_forged_crowd_is_told_and_bounded(bastion: Bastion) -> None:
    """More sessions than any agent runs are not followed one by one."""
    current = bastion.agent.state / "current"
    for number in range(4_050):
        state = {
            "DocumentInformation": {
                "DocumentID": f"s-{number}",
                "RunID": "2026-03-03T12-00-00.000Z",
                "ProcInfo": {"Pid": 7},
            },
            "DocumentType": "StartSession",
        }
        (current / f"s-{number}").write_text(json.dumps(state))
    bastion.processes = None
    reader = Reader(bastion.source())
    for _ in range(15):
        reader.read()
    assert len(times_of(reader.events, Told.OPENED)) == 4_000
    assert words(reader.losses).count("4000") == 1


def test_live_sessions_are_those_whose_worker_runs(bastion: Bastion) -> None:
    """Who is on is asked at the moment, apart from what was read."""
    first, second = bastion.open(shell(ALICE, "alice")), bastion.open(shell(ALICE, "bob"))
    source = bastion.source()
    assert {each.session_id for each in source.live()} == {first.document_id, second.document_id}
    assert bastion.processes is not None
    del bastion.processes.running[first.process]
    assert [each.session_id for each in source.live()] == [second.document_id]


def test_its_name_is_the_same_after_every_restart(bastion: Bastion) -> None:
    """The bookmark is found again under the folder's absolute path."""
    assert bastion.source().name == bastion.source(logs=False).name == f"ssm:{bastion.agent.data}"
    assert times_of(bastion.source().read(None).events, Told.WATCHED)[0].tzinfo is UTC
