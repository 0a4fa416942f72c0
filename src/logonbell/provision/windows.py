"""The steps on Windows: folder, settings, audit policy, event source, scheduled task."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logonbell.errors import Refused
from logonbell.provision.settings import with_sids
from logonbell.provision.setup import Wanted
from logonbell.provision.steps import Step
from logonbell.query import query_list
from logonbell.sentence import Sentence, say
from logonbell.sigma.wanted import Ids
from logonbell.windows import audit_policy, event_source, scheduled_task, task_xml
from logonbell.windows.audit_policy import FAILURE, NEEDS, SUCCESS, Need
from logonbell.windows.channels import existing
from logonbell.windows.guarded import exposed
from logonbell.windows.machine import Windows
from logonbell.windows.sddl import OURS, is_ours, is_trusted, owner

FOLDER = "folder"
SETTINGS = "settings"
TRIES = 20
PAUSE = 0.25
"""How often, and after how many seconds again, a file is tried that a process which was just ended still holds."""


@dataclass(frozen=True, slots=True)
class OnWindows:
    """A Windows that is set up, through its own commands."""

    windows: Windows

    @property
    def settings(self) -> Path:
        """Below %ProgramData%."""
        return self.windows.settings

    @property
    def record(self) -> Path:
        """Beside the settings."""
        return self.windows.record

    @property
    def kept(self) -> frozenset[str]:
        """The folder, and what is in it."""
        return frozenset({FOLDER, SETTINGS})

    def refuse_unprivileged(self) -> None:
        """Only an administrator may."""
        refuse_unless_elevated(self.windows)

    def refuse_unfit(self, wanted: Wanted) -> None:  # noqa: ARG002 - SYSTEM sees whatever the settings name
        """Nobody but administrators may change what SYSTEM will run."""
        refuse_unfit(self.windows)

    def resolved(self, text: str, path: Path) -> str:
        """Put SIDs where groups are named."""
        return with_sids(text, path, self.windows.security.sid_of)

    def starting_at(self, wanted: Mapping[str, Ids]) -> str:
        """Ask for those of the events whose channel is here."""
        return query_list(existing(self.windows.run, wanted))

    def steps(self, wanted: Wanted | None = None) -> list[Step]:
        """Name them in the order in which they are done."""
        return steps(self.windows, wanted)

    def start(self) -> None:
        """Start the scheduled task."""
        start(self.windows)


def refuse_unfit(windows: Windows) -> None:
    """Refuse to go on where the machine, or the place of the program, would make the installation unsafe or incomplete."""
    refuse_unless_elevated(windows)
    for path, who in exposed(windows.security, windows.places):
        raise Refused(
            say(
                "{who} can change {path}, and would be SYSTEM by it once logonbell runs.",
                who=who,
                path=str(path),
            ),
            say(
                "Install Python for all users, make a place that only administrators can change,"
                ' py -m venv "%ProgramFiles%\\logonbell", and install logonbell there.'
            ),
        )
    try:
        found = windows.security.sddl(windows.folder)
    except FileNotFoundError:
        return
    _refuse_foreign(windows.folder, found)
    if not is_ours(found):
        _refuse_planted(windows)


def _refuse_planted(windows: Windows) -> None:
    """Refuse what somebody else put into the folder while it was open to all: settings, or what uninstall puts back."""
    for path in windows.folder.rglob("*"):
        _refuse_foreign(path, windows.security.sddl(path))


def _refuse_foreign(path: Path, sddl: str) -> None:
    whose = owner(sddl)
    if not is_trusted(whose):
        raise Refused(
            say("{path} is there already, and belongs to {who}.", path=str(path), who=whose or "?"),
            say("Whoever made it could have put anything into it: look, and move it away."),
        )


def refuse_unless_elevated(windows: Windows) -> None:
    """Refuse where this process has no administrator's rights."""
    if not windows.security.elevated():
        raise Refused(
            say("This needs the rights of an administrator."),
            say("Open a prompt with 'Run as administrator' and run the command there."),
        )


def steps(windows: Windows, wanted: Wanted | None = None) -> list[Step]:
    """List the steps. Without ``wanted`` they can only be taken back."""
    wanted = wanted or Wanted("")
    return [
        _folder(windows),
        _settings(windows, wanted.settings),
        *(_audit(windows, need) for need in NEEDS),
        _source(windows),
        _task(windows, wanted.query),
    ]


def task_of(windows: Windows, query: str | None) -> str:
    """Write the task: Python alone with this program, so that no folder or variable of anybody's is looked into."""
    arguments = ["-I", "-m", "logonbell", "watch", *(["--once"] if query else [])]
    arguments += ["--config", str(windows.settings), "--log", str(windows.log)]
    run = task_xml.Run(windows.python, arguments, str(windows.folder))
    return task_xml.always(run) if query is None else task_xml.on_event(run, query)


def _folder(windows: Windows) -> Step:
    folder = windows.folder

    def sddl() -> str | None:
        try:
            return windows.security.sddl(folder)
        except FileNotFoundError:
            return None

    def do() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        windows.security.secure(folder, OURS)
        _refuse_planted(windows)  # between the making and the securing others could write there

    def undo(before: Any) -> None:
        if before is None:
            _patiently(lambda: shutil.rmtree(folder), folder)
        else:
            windows.security.secure(folder, before)

    return Step(
        FOLDER,
        say("Make the folder {folder}, which only SYSTEM and administrators may open.", folder=str(folder)),
        say(
            "Remove the folder {folder} with settings, history and log, if it was not there before.",
            folder=str(folder),
        ),
        lambda: (found := sddl()) is not None and is_ours(found),
        sddl,
        do,
        undo,
    )


def _settings(windows: Windows, text: str) -> Step:
    path = windows.settings

    def found() -> str | None:
        try:
            return path.read_bytes().decode("utf-8", "replace")
        except FileNotFoundError:
            return None

    def put(before: str | None) -> None:
        if before is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(before.encode())

    return Step(
        SETTINGS,
        say("Write the settings to {file}.", file=str(path)),
        say("Put back the settings that were in {file}, if there were any.", file=str(path)),
        lambda: found() == text,
        found,
        lambda: put(text),
        put,
    )


def _audit(windows: Windows, need: Need) -> Step:
    def now() -> int:
        return audit_policy.read(windows.run).get(need.guid, 0)

    def undo(before: Any) -> None:
        if ours := need.bits & ~int(before) & now():
            audit_policy.switch(windows.run, need.guid, ours, on=False)

    return Step(
        f"audit {need.guid}",
        say("Audit {name} ({how}): {what}.", name=need.name, how=_how(need.bits), what=need.means),
        say("Audit {name} as before.", name=need.name),
        lambda: now() & need.bits == need.bits,
        now,
        lambda: audit_policy.switch(windows.run, need.guid, need.bits, on=True),
        undo,
    )


def _how(bits: int) -> Sentence:
    return say("success and failure") if bits == SUCCESS | FAILURE else say("success")


def _source(windows: Windows) -> Step:
    return Step(
        "event source",
        say("Register the event source logonbell in the log Application, for its own warnings."),
        say("Remove the event source logonbell."),
        lambda: event_source.is_registered(windows.run),
        lambda: None,
        lambda: event_source.register(windows.run),
        lambda _: event_source.remove(windows.run),
    )


def _task(windows: Windows, query: str | None) -> Step:
    xml = task_of(windows, query)

    def is_done() -> bool:
        found = scheduled_task.registered(windows.run)
        try:
            return found is not None and not task_xml.differences(found, xml)
        except ValueError:
            return False

    def undo(before: Any) -> None:
        if scheduled_task.registered(windows.run) is not None:
            scheduled_task.remove(windows.run)
        if before is not None:
            scheduled_task.register(windows.run, before, windows.folder)

    says = (
        say(
            "Register the scheduled task logonbell: as SYSTEM, from the start of Windows on, back within a minute if it ends."
        )
        if query is None
        else say(
            "Register the scheduled task logonbell: as SYSTEM, at each event that counts, one run after the other."
        )
    )
    return Step(
        "task",
        says,
        say("End the agent, and remove the scheduled task logonbell, or put back the one that was there."),
        is_done,
        lambda: scheduled_task.registered(windows.run),
        lambda: scheduled_task.register(windows.run, xml, windows.folder),
        undo,
    )


def start(windows: Windows) -> None:
    """Start the agent, anew where it runs already: with the settings as they are now. Raises ``Refused``."""
    scheduled_task.start(windows.run)


def _patiently(do: Callable[[], None], path: Path) -> None:
    """Do what fails as long as a process that was just ended holds a file below ``path``."""
    for _ in range(TRIES):
        try:
            do()
        except FileNotFoundError:
            return
        except OSError as error:
            last = error
            time.sleep(PAUSE)
        else:
            return
    raise Refused(
        say("{path} cannot be removed: {why}.", path=str(path), why=last.strerror or str(last)),
        say("Close what has a file in it open, and run the command again."),
    ) from last
