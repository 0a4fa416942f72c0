"""Every tampering rings once and only once, in both languages, whatever becomes of logonbell meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from live import LiveBastion
from logonbell.logon import Door, Logon, Tampering
from logonbell.simulate.people import Person
from logonbell.simulate.ssm_documents import run_command, shell

ALICE = "arn:aws:sts::111122223333:assumed-role/ops/alice"


def mori(bastion: LiveBastion) -> Person:
    """Name the one who does it."""
    return bastion.host.local("mori", 1004, administrator=True)


def mallory(bastion: LiveBastion) -> Person:
    """Name somebody who has no business here."""
    return bastion.host.local("mallory", 1016, administrator=True)


def _one_user_is_not_audited(bastion: LiveBastion) -> None:
    (changed,) = bastion.host.audit_changed(bastion.now, mori(bastion), "9215", "%%8457")
    fields = {**changed.fields, "TargetUserSid": mallory(bastion).sid}
    bastion.happens([replace(changed, event_id=4912, fields=fields)])


def _later(bastion: LiveBastion) -> None:
    """Let the host say something, so that its log is not silent."""
    bastion.pass_(90)
    bastion.happens(bastion.host.service_start(bastion.now))


def _log_stopped(bastion: LiveBastion) -> None:
    bastion.happens(bastion.host.log_stopped(bastion.now))


@dataclass(frozen=True)
class Deed:
    """What is done, and what is told of it."""

    do: Callable[[LiveBastion], None]
    english: str
    japanese: str
    level: str = "high"


MORI = r"BASTION-01\mori"
DEEDS = {
    "1102": Deed(
        lambda bastion: bastion.clear(mori(bastion)),
        rf"Log cleared: Security on BASTION-01 by {MORI}",
        rf"ログの消去: Security → BASTION-01 (実行者 {MORI})",
    ),
    "104": Deed(
        lambda b: b.happens(b.host.log_cleared(b.now, mori(b), "Application")),
        rf"Log cleared: Application on BASTION-01 by {MORI}",
        rf"ログの消去: Application → BASTION-01 (実行者 {MORI})",
    ),
    "1100": Deed(_log_stopped, "Event log stopped on BASTION-01", "イベント ログの停止: BASTION-01"),
    "4719": Deed(
        lambda b: b.happens(b.host.audit_changed(b.now, mori(b), "9215", "%%8448, %%8450")),
        rf"Audit policy changed on BASTION-01 by {MORI}: -Logon",
        rf"監査ポリシーの変更: BASTION-01 (実行者 {MORI}): -Logon",
    ),
    "4912": Deed(
        _one_user_is_not_audited,
        "Audit policy changed on BASTION-01 by",
        "監査ポリシーの変更: BASTION-01 (実行者 ",
    ),
    "4720 and 4732": Deed(
        lambda b: b.happens(b.host.administrator_made(b.now, mallory(b), mori(b))),
        rf"New local administrator BASTION-01\mallory on BASTION-01, made by {MORI}",
        rf"新しいローカル管理者: BASTION-01\mallory → BASTION-01 (実行者 {MORI})",
    ),
    "4722 by a person": Deed(
        lambda b: b.happens(b.host.ssm_user_enabled(b.now, mori(b))),
        rf"BASTION-01\ssm-user enabled on BASTION-01 by {MORI}, for no SSM session",
        rf"SSM セッションのためではなく BASTION-01\ssm-user が有効に (BASTION-01、{MORI} による)",
    ),
    "4722 by the machine, no session": Deed(
        lambda b: b.happens(b.host.ssm_user_enabled(b.now)),
        r"BASTION-01\ssm-user enabled on BASTION-01 by CORP\BASTION-01$, for no SSM session",
        r"SSM セッションのためではなく BASTION-01\ssm-user が有効に (BASTION-01、CORP\BASTION-01$ による)",
    ),
    "a planned restart": Deed(
        lambda b: b.happens(b.host.restart(b.now, mori(b))),
        rf"Restart of BASTION-01 by {MORI}",
        rf"再起動: BASTION-01 (実行者 {MORI})",
        "informational",
    ),
    "a restart": Deed(
        lambda b: b.happens(b.host.restart(b.now)),
        "Restart of BASTION-01 by unknown user",
        "再起動: BASTION-01 (実行者 不明なユーザー)",
        "low",
    ),
}


@pytest.fixture
def bastion(tmp_path: Path) -> Iterator[LiveBastion]:
    """A host on which mori is at the console; that rang."""
    bastion = LiveBastion(tmp_path)
    with bastion.watching():
        bastion.happens(bastion.host.console_logon(bastion.now, mori(bastion)))
        bastion.pass_(60)
    assert [str(logon.door) for logon in bastion.logons] == ["console"]
    bastion.rung.clear()
    yield bastion
    bastion.close()


def _runs_on(bastion: LiveBastion, seconds: float) -> None:
    with bastion.watching():
        bastion.pass_(seconds)


def _runs_in_pieces(bastion: LiveBastion, seconds: float) -> None:
    """Let logonbell be ended and started again and again."""
    for _ in range(int(seconds / 8)):
        with bastion.watching():
            bastion.pass_(0.3)
        bastion.pass_(7.7, step=1)


def _runs_late(bastion: LiveBastion, seconds: float) -> None:
    """Let logonbell run only after everything happened."""
    bastion.pass_(seconds)
    _runs_on(bastion, 90)


RUNS = {"on and on": _runs_on, "in pieces": _runs_in_pieces, "later": _runs_late}


@pytest.mark.parametrize(
    "run", ["on and on", *(pytest.param(run, marks=pytest.mark.rig) for run in ("in pieces", "later"))]
)
@pytest.mark.parametrize("name", DEEDS)
def test_it_rings_once_and_only_once(bastion: LiveBastion, name: str, run: str) -> None:
    """Told in both languages, once: though logonbell restarts, comes late, or loses its place and reads all again."""
    deed = DEEDS[name]
    deed.do(bastion)
    RUNS[run](bastion, 120)
    _later(bastion)
    _runs_on(bastion, 30)
    with bastion.watching() as outbox:
        places = dict.fromkeys(outbox.state().sources, "lost")
        outbox.commit(bookmarks=places, snapshot="{}", findings=[], alerts=[], notifiers=[], read=bastion.now)
    _runs_on(bastion, 120)
    # Where the log was cleared and the place is lost, another log tells the logon of before: at least once, never less.
    told = [number for number, finding in enumerate(bastion.findings) if not isinstance(finding, Logon)]
    assert len(told) == 1, bastion.subjects()
    assert bastion.subjects()[told[0]].startswith(deed.english)
    assert bastion.subjects("ja")[told[0]].startswith(deed.japanese)
    assert bastion.rung[told[0]].alert.level.word == deed.level


def test_a_new_administrators_logon_says_so(bastion: LiveBastion) -> None:
    """Whoever comes as an administrator who was made a moment ago: the alert says since when and by whose hand, restarts or not."""
    _runs_on(bastion, 1)
    bastion.happens(bastion.host.administrator_made(bastion.now, mallory(bastion), mori(bastion)))
    _runs_on(bastion, 10)
    bastion.pass_(600, step=60)
    bastion.happens(bastion.host.rdp_logon(bastion.now, mallory(bastion), "203.0.113.5"))
    _runs_on(bastion, 60)
    assert bastion.subjects() == [
        rf"New local administrator BASTION-01\mallory on BASTION-01, made by {MORI}",
        r"RDP logon: BASTION-01\mallory (NEW ADMIN) on BASTION-01 from 203.0.113.5",
    ]
    assert bastion.subjects("ja")[1].startswith(r"RDP ログオン: BASTION-01\mallory (新しい管理者)")
    assert rf"made by {MORI}, Security 4732 (record " in bastion.bodies()[1]
    assert bastion.rung[1].alert.level.word == "high"
    logon = bastion.findings[1]
    assert isinstance(logon, Logon)
    assert logon.promotion is not None
    assert (logon.promotion.first, str(logon.promotion.by)) == (True, MORI)


def test_the_agents_own_user_is_no_tampering(bastion: LiveBastion) -> None:
    """The first shell on a host makes ssm-user an administrator, each enables it, each restart sets its password: silent."""
    with bastion.watching():
        first = bastion.opens(shell(ALICE, "alice"))
        bastion.happens(bastion.host.ssm_shell(bastion.now, first=True))
        bastion.pass_(60)
        second = bastion.opens_shell(shell(ALICE, "alice"))
        bastion.pass_(60)
        for document in (first, second):
            bastion.closes(document)
            bastion.happens(bastion.host.ssm_shell_end(bastion.now))
        bastion.happens(bastion.host.ssm_agent_start(bastion.now))
        bastion.pass_(120)
    assert [type(finding) for finding in bastion.findings] == [Logon, Logon]
    assert bastion.history()[1].promotion is None


def test_run_command_is_recorded_and_silent(bastion: LiveBastion) -> None:
    """Patching a fleet at night rings nobody; the history knows what ran, not with which words."""
    with bastion.watching():
        for _ in range(20):
            document = bastion.opens(run_command("net use /user:x hunter2", document="AWS-RunPatchBaseline"))
            bastion.pass_(5)
            bastion.closes(document)
        bastion.pass_(60)
    kept = [logon for logon in bastion.history() if logon.door is Door.RUN_COMMAND]
    assert bastion.rung == []
    assert {logon.ssm_document for logon in kept} == {"AWS-RunPatchBaseline"}
    assert len(kept) == 20
    assert "hunter2" not in repr(kept)


def test_a_restart_that_logonbell_does_not_survive_is_no_stopped_log(bastion: LiveBastion) -> None:
    """It may read the stop, be ended by the restart, and come back before Windows wrote that it started: no false alarm."""
    events = bastion.host.restart(bastion.now, boots=True)
    start = next(n for n, event in enumerate(events) if event.event_id == 4608)
    bastion.happens(events[:start])
    _runs_on(bastion, 10)
    bastion.pass_(110, step=10)
    with bastion.watching():
        bastion.pass_(5)
        bastion.happens(replace(event, time=bastion.now) for event in events[start:])
        bastion.pass_(120)
    assert bastion.subjects() == ["Restart of BASTION-01 by unknown user"]


def test_a_host_that_is_renamed_was_restarted(bastion: LiveBastion) -> None:
    """Sysprep and Rename-Computer give a host a new name at its next start: no stopped log, and nobody is on any more.

    The record that the log stopped overtakes what waits to be written: it is not the last under the old name.
    """
    events = bastion.host.restart(bastion.now)
    start = next(event.time for event in events if event.event_id == 4608)
    bastion.happens(
        replace(event, host="BASTION-TOKYO") if event.time >= start else event for event in events
    )
    _runs_in_pieces(bastion, 20)
    bastion.writes_late(bastion.host.service_start(events[0].time))
    _runs_in_pieces(bastion, 100)
    bastion.happens(
        replace(event, host="BASTION-TOKYO")
        for event in bastion.host.rdp_logon(bastion.now, mallory(bastion), "203.0.113.5")
    )
    _runs_on(bastion, 90)
    (restart, logon) = bastion.findings
    assert isinstance(restart, Tampering)
    assert (str(restart.kind), restart.host) == ("restarted", "BASTION-01")
    assert isinstance(logon, Logon)
    assert logon.host == "BASTION-TOKYO"
    assert bastion.who() == [("rdp", r"BASTION-01\mallory")]


def test_hosts_that_are_forwarded_into_one_log_are_not_taken_for_one(bastion: LiveBastion) -> None:
    """Another machine that starts behind a stop, with record ids of its own, explains nothing."""
    _log_stopped(bastion)
    _runs_on(bastion, 5)
    far = replace(bastion.host.boot(bastion.now)[0], host="OTHER", record_id=900_000)
    bastion.writes(far)
    _runs_on(bastion, 120)
    assert bastion.subjects() == ["Event log stopped on BASTION-01"]
