"""Golden pairs: what Windows and Linux write, and what is told of it, byte for byte.

A golden file is renewed on purpose: ``LOGONBELL_RENEW_GOLDEN=1 pytest tests/recognise/test_golden.py`` writes those that
differ and fails for each, so that nobody leaves it switched on; then read ``git diff`` and commit what is right.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from linux_scenes import LINUX
from logonbell.event import Event
from logonbell.judge import Judge
from logonbell.logon import FailedLogons, Finding, Logon
from logonbell.notification import Notification
from logonbell.recognise.recogniser import Recogniser
from logonbell.rule import Rules, alert_for
from logonbell.rulebook.shelf import shipped
from logonbell.sentence import Sentence
from logonbell.sigma.detect import Detector
from logonbell.sigma.form import Book
from logonbell.text.escape import escape
from logonbell.text.message import body, subject
from logonbell.wire import line
from odd_scenes import ODD
from recognising import final, logons, pass_through
from scenes import SCENES, Scene
from tunnel_scenes import TUNNELS

ALL = {**SCENES, **ODD, **TUNNELS, **LINUX}
GOLDEN = Path(__file__).parent / "golden"
SHORT = {
    "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational": "LocalSessionManager",
    "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational": "RemoteConnectionManager",
    "OpenSSH/Operational": "OpenSSH",
    "Microsoft-Windows-WinRM/Operational": "WinRM",
}
SHOWN = (
    "LogonType", "TargetUserName", "TargetLogonId", "User", "SessionID", "AccountName", "SessionName", "Param1", "Param3",
    "LogonProcessName", "IpAddress", "Address", "ClientAddress", "payload", "SubjectUserName", "Channel", "SessionId",
    "Plugin", "Port", "Target", "LogonRecordId", "Addresses", "MemberSid", "SubcategoryGuid", "AuditPolicyChanges", "param7",
    "PID", "MESSAGE", "Groups",
)  # fmt: skip


def as_text(scene: Scene) -> str:
    """Write a scene down: its promise, its records and what each was taken for, the lines, the alerts."""
    records: list[str] = []

    def witness(event: Event, taken: Sentence) -> None:
        records.append(_record(event, taken))

    found: list[Finding] = list(pass_through(scene.events, Recogniser(witness, admins=scene.admins)))
    rules = Rules()
    judge = Judge(
        rules, Detector(Book(tuple(one for one in shipped().rules if one.about.key in scene.rules)))
    )
    found += [selected for event in scene.events for selected, _ in judge.hear(event)]
    wire = [json.dumps(line(finding, rules.judge(finding))) for finding in final(found)]
    alerts = [text for finding in final(found) for text in _alert(finding, rules)]
    parts = [
        "# What is promised", scene.promise, "",
        "# What was written, as far as it is read, and what it was taken for", *records, "",
        "# What machines read", *wire, "",
        "# What people read", *alerts,
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def _record(event: Event, taken: Sentence) -> str:
    where = f"{SHORT.get(event.channel, event.channel)} {event.event_id} #{event.record_id}"
    shown = " ".join(
        f"{name}={escape(event.fields[name].strip(), 90)}"
        for name in SHOWN
        if event.fields.get(name, "-") != "-"
    )
    return f"{event.time:%H:%M:%S.%f} {event.host} {where} {shown}\n    {taken}"


def _alert(finding: Finding, rules: Rules) -> Iterator[str]:
    verdict = rules.judge(finding)
    if not verdict.rings:
        return
    last = finding.last if isinstance(finding, FailedLogons) else finding.time
    told = Notification(
        alert_for(finding, verdict, "i-0123456789abcdef0"), 1, last + timedelta(milliseconds=420)
    )
    for language, zone in (("en", UTC), ("ja", ZoneInfo("Asia/Tokyo"))):
        yield f"{language}: {subject(told, language=language, host_name=finding.host)}"
        yield ""
        yield body(told, language=language, zone=zone, host_name=finding.host, sent=None)


@pytest.mark.parametrize("name", ALL)
def test_scene(name: str) -> None:
    """Each scene keeps its promise, and is read, written and told as its golden file says."""
    scene = ALL[name]
    found = logons(pass_through(scene.events, Recogniser(admins=scene.admins)))
    came = tuple(f"{logon.door} {logon.user}" for logon in found)
    assert came == scene.doors
    path, text = GOLDEN / f"{name}.txt", as_text(scene)
    if os.environ.get("LOGONBELL_RENEW_GOLDEN") and (not path.exists() or path.read_text("utf-8") != text):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        pytest.fail(f"{path.name} was renewed: read what changed")
    assert text == path.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    """Every golden file belongs to a scene."""
    assert {path.stem for path in GOLDEN.iterdir()} == set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_a_scene_cut_anywhere_is_the_same_scene(name: str) -> None:
    """Stopping before each record and going on tells the same of each scene."""
    events = ALL[name].events
    found: list[Finding] = []
    recogniser = Recogniser()
    for event in events:
        recogniser = Recogniser.restore(recogniser.snapshot())
        found.extend(recogniser.feed(event))
    found.extend(recogniser.finish())
    assert found == list(pass_through(events))


@pytest.mark.parametrize("name", ALL)
def test_a_scene_told_twice_happened_once(name: str) -> None:
    """Each record of a scene may come twice, at once: nobody comes twice."""
    events = [again for event in ALL[name].events for again in (event, event)]
    assert list(pass_through(events)) == list(pass_through(ALL[name].events))


@pytest.mark.parametrize("name", ALL)
def test_records_of_a_scene_belong_to_one(name: str) -> None:
    """No record of a scene is told of two logons."""
    found = [logon for logon in final(pass_through(ALL[name].events)) if isinstance(logon, Logon)]
    refs = [(logon.host, ref) for logon in found for ref in logon.events]
    assert len(refs) == len(set(refs))
