"""``logonbell install`` and ``uninstall`` on a stand-in for Windows."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from fault_proxy import Answer, FaultProxy
from logonbell.commands.desk import Desk
from logonbell.commands.install import Asked, install, uninstall
from logonbell.config.reading import read_config
from logonbell.errors import Refused
from logonbell.provision.windows import OnWindows, refuse_unfit
from logonbell.windows.event_source import KEY
from logonbell.windows.sddl import is_ours
from logonbell.windows.task_xml import NAMESPACE
from said import Said
from scripted_aws import forbidden
from windows_machine import MEMBERSHIP, OPEN, OTHER, SHIPPED, FakeWindows

ARN = "arn:aws:sns:eu-north-1:123456789012:logonbell"
TASK = "\\logonbell"
TAKEN = Answer(
    200, b"<PublishResponse><PublishResult><MessageId>m-17</MessageId></PublishResult></PublishResponse>"
)
JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")


@pytest.fixture
def aws() -> Iterator[FaultProxy]:
    """An SNS that takes what is published."""
    with FaultProxy(9) as proxy:
        proxy.always("Publish", TAKEN)
        proxy.always("PublishBatch", TAKEN)
        yield proxy


@pytest.fixture(params=["ProgramData", "プログラム データ"])
def windows(request: pytest.FixtureRequest, tmp_path: Path) -> FakeWindows:
    """A Windows server as it is shipped; its folders with plain names, and with spaces and Japanese ones."""
    data = tmp_path / str(request.param)
    data.mkdir()
    return FakeWindows(data / "logonbell")


@dataclass
class Prompt:
    """An elevated prompt on the machine, in a code page."""

    windows: FakeWindows
    encoding: str = "cp932"
    language: str = "en"

    def install(self, *, answer: str = "", **asked: Any) -> Said:
        """Run ``install``."""
        wanted = {"config": None, "topic_arn": None, "on_event": False, "dry_run": False, "yes": not answer}
        how = Asked(**{**wanted, **asked})
        return self._run(
            lambda desk: install(desk, OnWindows(self.windows.machine()), how, io.StringIO(f"{answer}\n"))
        )

    def uninstall(self, *, answer: str = "", keep: bool = False, dry_run: bool = False) -> Said:
        """Run ``uninstall``."""
        return self._run(
            lambda desk: uninstall(
                desk,
                OnWindows(self.windows.machine()),
                keep=keep,
                dry_run=dry_run,
                yes=not answer,
                answers=io.StringIO(f"{answer}\n"),
            )
        )

    def _run(self, run: Callable[[Desk], int]) -> Said:
        out, err = (
            io.TextIOWrapper(io.BytesIO(), encoding=self.encoding, errors="strict", newline="")
            for _ in range(2)
        )
        desk = Desk.at(out, err, {}, language=self.language, zone=UTC)
        try:
            code = run(desk)
        except Refused as refused:
            code = desk.refuse(refused)
        out.flush()
        err.flush()
        return Said(code, *(one.buffer.getvalue().decode(self.encoding) for one in (out, err)))


@pytest.fixture
def prompt(windows: FakeWindows) -> Prompt:
    """A prompt on that machine."""
    return Prompt(windows)


@pytest.fixture
def settings(tmp_path: Path, aws: FaultProxy) -> Path:
    """Settings with a topic that an emulator has, written by somebody whose name has a space."""
    home = tmp_path / "Taro Yamada"
    home.mkdir()
    path = home / "bell.toml"
    path.write_text(
        f"[notify.console]\nenabled = false\n[notify.sns]\ntopic_arn = '{ARN}'\nendpoint_url = '{aws.url}'\n",
        encoding="utf-8",
    )
    return path


def everything(windows: FakeWindows) -> object:
    """All that the machine shows of what is set up."""
    return dict(windows.audit), dict(windows.tasks), dict(windows.registry), windows.folder.exists()


def test_from_nothing_to_the_first_ring(prompt: Prompt, settings: Path, aws: FaultProxy) -> None:
    """One command makes all of it: a guarded folder, settings, audit policy, event source, a running task; it rings once."""
    said = prompt.install(config=settings)
    windows = prompt.windows
    assert (said.code, said.err) == (0, "sns took it: m-17\n"), said
    assert is_ours(windows.sddl(windows.folder))
    assert read_config(windows.folder / "logonbell.toml") == read_config(settings)
    assert (windows.audit[MEMBERSHIP], windows.audit[OTHER]) == (1, 1)
    assert "EventCreate.exe" in windows.registry[KEY]["EventMessageFile"]
    assert windows.running == {TASK}
    assert [request.form["Action"] for request in aws.seen] == ["Publish"]


def test_a_second_time_changes_nothing(prompt: Prompt, settings: Path, aws: FaultProxy) -> None:
    """Installing again does what is not so any more, here nothing: no step, no start, no ring."""
    prompt.install(config=settings)
    before, rung = everything(prompt.windows), len(aws.seen)
    again = prompt.install()
    assert again.code == 0
    assert ": done" not in again.out
    assert everything(prompt.windows) == before
    assert (prompt.windows.starts, len(aws.seen)) == ([TASK], rung)


def test_new_settings_start_the_agent_anew(prompt: Prompt, settings: Path) -> None:
    """Other settings are put into the place of the first ones, and the agent reads them."""
    prompt.install(config=settings)
    settings.write_text(settings.read_text("utf-8") + "[history]\nkeep_days = 5\n", "utf-8")
    said = prompt.install(config=settings)
    assert [line for line in said.out.splitlines() if line.endswith(": done")] == ["2: done"]
    assert prompt.windows.starts == [TASK, TASK]


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("encoding", ["cp932", "cp1252"])
def test_what_is_shown_is_what_is_done(
    windows: FakeWindows, settings: Path, encoding: str, language: str
) -> None:
    """A dry run prints the steps that are done, both ways, and changes nothing, on whatever console."""
    prompt = Prompt(windows, encoding, language)
    before = everything(windows)
    shown = prompt.install(config=settings, dry_run=True)
    assert (shown.code, everything(windows)) == (0, before)
    done = prompt.install(config=settings)
    assert done.out.startswith(shown.out)
    count = shown.out.count("\n")
    assert [line.partition(":")[0] for line in done.out.splitlines()[count : 2 * count]] == [
        str(number) for number in range(1, count + 1)
    ]
    set_up = everything(windows)
    shown = prompt.uninstall(dry_run=True)
    assert (shown.code, everything(windows)) == (0, set_up)
    assert bool(JAPANESE.search(shown.out.replace(str(windows.folder), ""))) == (
        language == "ja" and encoding == "cp932"
    )
    assert prompt.uninstall().out.startswith(shown.out)


def test_uninstalling_puts_everything_back(prompt: Prompt, settings: Path) -> None:
    """Audit policy, task, event source, folder are as they were, after whatever number of installs."""
    before = everything(prompt.windows)
    prompt.install(config=settings)
    settings.write_text(settings.read_text("utf-8") + "[history]\nkeep_days = 5\n", "utf-8")
    prompt.install(config=settings)
    said = prompt.uninstall()
    assert (said.code, said.err) == (0, "sns took it: m-17\n")
    assert everything(prompt.windows) == before
    assert prompt.uninstall().code == 1


def test_who_uninstalls_is_told_of_first(prompt: Prompt, settings: Path, aws: FaultProxy) -> None:
    """Before anything is put back, a message says who does it; one that nobody takes is said, and holds up nothing."""
    prompt.install(config=settings)
    rung = len(aws.seen)
    assert prompt.uninstall(dry_run=True).code == 0
    assert len(aws.seen) == rung
    prompt.uninstall()
    (farewell,) = aws.seen[rung:]
    assert "uninstalls logonbell: nobody watches" in farewell.form["Message"]
    prompt.install(config=settings)
    aws.always("Publish", forbidden("SNS:Publish"))
    said = prompt.uninstall()
    assert (said.code, prompt.windows.tasks) == (0, {})
    assert "Not everybody could be told that logonbell is uninstalled." in said.err


def test_what_others_set_stays(prompt: Prompt, settings: Path) -> None:
    """What was on before stays on; a task of the same name and a folder that were there come back as they were."""
    windows = prompt.windows
    windows.audit[MEMBERSHIP] = 1
    windows.tasks[TASK] = f'<Task xmlns="{NAMESPACE}"><Actions/></Task>'
    windows.folder.mkdir()
    (windows.folder / "note.txt").write_text("mine")
    windows.sddls[str(windows.folder)] = OPEN
    before = everything(windows)
    assert prompt.install(config=settings).code == 0
    assert prompt.uninstall().code == 0
    assert everything(windows) == before
    assert windows.sddl(windows.folder) == OPEN
    assert [path.name for path in windows.folder.iterdir() if path.suffix != ".json"] == ["note.txt"]


def test_history_is_kept_where_that_is_wished(prompt: Prompt, settings: Path) -> None:
    """With --keep the folder stays, with settings and state; everything else is put back."""
    prompt.install(config=settings)
    assert prompt.uninstall(keep=True).code == 0
    assert (prompt.windows.folder / "logonbell.toml").exists()
    assert prompt.windows.audit == SHIPPED
    assert prompt.windows.tasks == {}


def test_a_failure_midway_goes_on_where_it_stopped(prompt: Prompt, settings: Path) -> None:
    """What auditpol refuses is told in Windows' own words; what was done before can be taken back, or gone on with."""
    before = everything(prompt.windows)
    prompt.windows.broken = {"auditpol"}
    said = prompt.install(config=settings)
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "auditpol failed (87): パラメーターが間違っています。" in said.err
    assert prompt.windows.tasks == {}
    prompt.windows.broken = set()
    assert prompt.uninstall().code == 0
    assert everything(prompt.windows) == before
    assert prompt.install(config=settings).code == 0


def test_a_policy_that_takes_it_back_at_once_is_told(prompt: Prompt, settings: Path) -> None:
    """Where a GPO keeps a subcategory off, installing says which step is not so."""
    prompt.windows.by_policy[MEMBERSHIP] = 0
    said = prompt.install(config=settings)
    assert said.code == 1
    assert "Group Membership" in said.err
    assert "policy of the domain" in said.err


def test_a_ring_that_nobody_takes_is_told(prompt: Prompt, settings: Path, aws: FaultProxy) -> None:
    """It is installed, and ends with 1, where the topic did not take the first ring."""
    aws.always("Publish", forbidden("SNS:Publish"))
    said = prompt.install(config=settings)
    assert said.code == 1
    assert "sns did not take it" in said.err
    assert prompt.windows.running == {TASK}


def test_only_yes_is_yes(prompt: Prompt, settings: Path) -> None:
    """Whoever does not say yes, or cannot be asked, has nothing done; both languages know the word."""
    before = everything(prompt.windows)
    for answer in ("no", "n", " "):
        said = prompt.install(config=settings, answer=answer)
        assert (said.code, everything(prompt.windows)) == (1, before)
        assert "--yes" in said.err
    assert prompt.install(config=settings, answer="はい").code == 0
    assert prompt.uninstall(answer="no").code == 1
    assert prompt.uninstall(answer="Y").code == 0


def test_the_agent_at_each_event(prompt: Prompt, settings: Path) -> None:
    """With --on-event the task is started by the events of the channels that are there, and each start runs once."""
    prompt.windows.absent_channels = {"OpenSSH/Operational"}
    assert prompt.install(config=settings, on_event=True).code == 0
    task = ET.fromstring(prompt.windows.tasks[TASK].partition("?>")[2])  # noqa: S314 - our own
    query = task.findtext(f".//{{{NAMESPACE}}}Subscription") or ""
    assert 'Path="Security"' in query
    assert "OpenSSH" not in query
    assert "--once" in (task.findtext(f".//{{{NAMESPACE}}}Arguments") or "")
    assert task.findtext(f".//{{{NAMESPACE}}}MultipleInstancesPolicy") == "Queue"


def test_a_topic_is_enough(prompt: Prompt) -> None:
    """With nothing but a topic, settings are written that ring there."""
    assert prompt.install(topic_arn=ARN, dry_run=True).code == 0
    prompt.windows.broken = {"auditpol"}  # it need not reach a topic here
    prompt.install(topic_arn=ARN)
    written = read_config(prompt.windows.folder / "logonbell.toml")
    assert [table.topic_arn for table in written.notify.sns] == [ARN]
    assert not written.notify.console.enabled


def test_settings_that_were_changed_stay(prompt: Prompt) -> None:
    """The same command line again keeps what was changed in the installed settings; another topic is refused."""
    prompt.windows.folder.mkdir()
    path = prompt.windows.folder / "logonbell.toml"
    changed = f"[notify.sns]\ntopic_arn = '{ARN}'\n[history]\nkeep_days = 7\n"
    path.write_text(changed, "utf-8")
    prompt.windows.broken = {"auditpol"}
    assert "auditpol failed" in prompt.install(topic_arn=ARN).err
    assert path.read_text("utf-8") == changed
    said = prompt.install(topic_arn=f"{ARN}-2")
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert "names another topic" in said.err


def test_groups_are_known_by_sid(prompt: Prompt, settings: Path) -> None:
    """The names of groups become their SIDs at install, and stay beside them for people."""
    sid = "S-1-5-21-1-2-3-1119"
    prompt.windows.sids = {r"corp\aws delegated administrators": sid}
    rules = "[rules]\ndomain_admins = ['CORP\\AWS Delegated Administrators', '1120']  # who else\n"
    settings.write_text(settings.read_text("utf-8") + rules, "utf-8")
    assert prompt.install(config=settings).code == 0
    path = prompt.windows.folder / "logonbell.toml"
    assert read_config(path).rules.domain_admins == {sid, "1120"}
    assert "who else" in path.read_text("utf-8")
    settings.write_text(settings.read_text("utf-8").replace("  # who else", ""), "utf-8")
    prompt.install(config=settings)
    assert rf"{sid} is CORP\AWS Delegated Administrators" in path.read_text("utf-8")


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize(
    ("asked", "spoil", "words"),
    [
        ({}, lambda _: None, "--topic-arn"),
        ({"topic_arn": "logonbell"}, lambda _: None, "arn:aws:sns:"),
        ({"topic_arn": ARN, "config": Path("x.toml")}, lambda _: None, "--config"),
        ({"config": Path("no.toml")}, lambda _: None, "no.toml"),
        ({"topic_arn": ARN}, lambda one: setattr(one, "is_elevated", False), ""),
    ],
)
def test_refusals(
    windows: FakeWindows,
    language: str,
    asked: dict[str, Any],
    spoil: Callable[[FakeWindows], None],
    words: str,
) -> None:
    """Each is one sentence with what to do, in the reader's language, and nothing was changed."""
    spoil(windows)
    before = everything(windows)
    said = Prompt(windows, "cp932", language).install(**asked)
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1), said
    assert words in said.err
    assert bool(JAPANESE.search(said.err)) == (language == "ja")
    assert everything(windows) == before


def test_a_group_that_nobody_knows_is_refused(prompt: Prompt, settings: Path) -> None:
    """A misspelt group is found at install, not by an alert that never came."""
    settings.write_text(settings.read_text("utf-8") + "[rules]\ndomain_admins = ['Admims']\n", "utf-8")
    said = prompt.install(config=settings)
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "Admims" in said.err


def test_a_program_that_users_can_change_is_refused(prompt: Prompt, settings: Path) -> None:
    """What SYSTEM is to run must stand where plain users cannot write, and be told so with the way out."""
    machine = prompt.windows.machine()
    prompt.windows.sddls[str(machine.places[0])] = OPEN
    said = prompt.install(config=settings)
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert "Users can change" in said.err
    assert "%ProgramFiles%" in said.err


def test_a_folder_that_somebody_laid_out_is_refused(prompt: Prompt, settings: Path) -> None:
    """%ProgramData% is open to users: a folder that one of them made beforehand is not taken over."""
    prompt.windows.folder.mkdir()
    prompt.windows.sddls[str(prompt.windows.folder)] = OPEN.replace("O:BA", "O:S-1-5-21-1-2-3-1001")
    said = prompt.install(config=settings)
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "S-1-5-21-1-2-3-1001" in said.err
    with pytest.raises(Refused):
        refuse_unfit(prompt.windows.machine())


@pytest.mark.parametrize("when", ["before", "meanwhile"])
@pytest.mark.parametrize("name", ["logonbell.toml", "installed.json"])
def test_what_somebody_planted_in_the_folder_is_refused(
    prompt: Prompt, settings: Path, monkeypatch: pytest.MonkeyPatch, when: str, name: str
) -> None:
    """A folder was open to all, or is for the moment in which it is made: what a user put there is not taken for ours."""
    windows = prompt.windows
    planted = windows.folder / name

    def plant() -> None:
        windows.folder.mkdir(exist_ok=True)
        planted.write_text('{"before": {"task": "<Task/>"}}', "utf-8")
        windows.sddls[str(planted)] = OPEN.replace("O:BA", "O:S-1-5-21-1-2-3-1001")

    if when == "before":
        plant()
        windows.sddls[str(windows.folder)] = OPEN
    else:
        secure = windows.secure

        def secure_too_late(path: Path, sddl: str) -> None:
            plant()
            secure(path, sddl)

        monkeypatch.setattr(windows, "secure", secure_too_late)
    said = prompt.install(config=settings)
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert f"{planted} is there already, and belongs to S-1-5-21-1-2-3-1001." in said.err
    assert windows.tasks == {}
