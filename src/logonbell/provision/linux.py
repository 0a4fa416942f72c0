"""The steps on Linux with systemd: folders, settings, unit, its start with the machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logonbell.errors import Refused
from logonbell.linux import systemd
from logonbell.linux.guarded import exposed
from logonbell.linux.machine import Linux
from logonbell.linux.unit import Run, text_of
from logonbell.provision.setup import Wanted
from logonbell.provision.steps import Step
from logonbell.sentence import Sentence, say
from logonbell.sigma.wanted import Ids

FOLDER = "folder"
SETTINGS = "settings"
STATE = "state"
UNIT = "unit"
ENABLED = "enabled"
OURS = 0o700
UNSEEN = tuple(map(Path, ("/home", "/root", "/run/user", "/tmp", "/var/tmp")))  # noqa: S108 - named, not used
"""What the unit does not see: ProtectHome and PrivateTmp (systemd.exec(5))."""


@dataclass(frozen=True, slots=True)
class OnLinux:
    """A Linux that is set up, through systemd."""

    linux: Linux

    @property
    def settings(self) -> Path:
        """Below /etc."""
        return self.linux.settings

    @property
    def record(self) -> Path:
        """Beside the settings."""
        return self.linux.record

    @property
    def kept(self) -> frozenset[str]:
        """Both folders, and what is in them."""
        return frozenset({FOLDER, SETTINGS, STATE})

    def refuse_unprivileged(self) -> None:
        """Only root may."""
        if not self.linux.is_root:
            raise Refused(say("This needs the rights of root."), say("Run the command with sudo."))

    def refuse_unfit(self, wanted: Wanted) -> None:
        """Nobody but root may change what root will run, and the unit must see what the settings name."""
        self.refuse_unprivileged()
        if not self.linux.has_systemd:
            raise Refused(
                say("systemd does not run this machine, and logonbell installs itself as a unit of it."),
                say("Let what starts your programs run: logonbell watch"),
            )
        if self.linux.unit.is_symlink():
            raise Refused(
                say(
                    "{path} is a link: somebody masked the unit, or keeps it elsewhere.",
                    path=str(self.linux.unit),
                ),
                say("Run: systemctl unmask logonbell, or move the link away."),
            )
        ours = (self.linux.folder, self.linux.unit, wanted.state or self.linux.state)
        for path, who in exposed([*self.linux.places, *ours], self.linux.trusted):
            raise Refused(
                say(
                    "{path} may be changed by others ({who}), who would be root by it once logonbell runs.",
                    who=who,
                    path=str(path),
                ),
                say(
                    "Make a place that only root can change, python3 -m venv /opt/logonbell, and install logonbell there;"
                    " which Python, and from where: docs/linux.md"
                ),
            )
        for path in wanted.named:
            if any(path.is_relative_to(unseen) for unseen in UNSEEN):
                raise Refused(
                    say(
                        "The settings name {path}, and the unit sees no home folders and has a /tmp of its own.",
                        path=str(path),
                    ),
                    say("Move it below {folder}, and name it there.", folder=str(self.linux.folder)),
                )

    def resolved(self, text: str, path: Path) -> str:  # noqa: ARG002 - Windows' groups have SIDs
        """Leave the settings as they are: what they name is looked up when it counts."""
        return text

    def starting_at(self, wanted: Mapping[str, Ids]) -> str:  # noqa: ARG002 - Windows starts by events
        """Refuse: systemd starts nothing by a line of a log."""
        raise Refused(
            say("On Linux the agent runs all the time; there is no start at each event."),
            say("Leave --on-event out."),
        )

    def steps(self, wanted: Wanted | None = None) -> list[Step]:
        """Name them in the order in which they are done."""
        wanted = wanted or Wanted("")
        linux = self.linux
        return [
            _folder(
                FOLDER,
                linux.folder,
                say("Make the folder {folder}, which only root may open.", folder=str(linux.folder)),
                say(
                    "Remove the folder {folder} with the settings, if it was not there before.",
                    folder=str(linux.folder),
                ),
            ),
            _settings(linux, wanted.settings),
            _state(wanted.state or linux.state),
            _unit(linux, wanted),
            _enabled(linux),
        ]

    def start(self) -> None:
        """Start the unit, and wait until it says that it is ready."""
        systemd.restart(self.linux.run)


def unit_of(linux: Linux, wanted: Wanted) -> str:
    """Write the unit for this machine's systemd. Raises ``Refused``."""
    state = [wanted.state] if wanted.state not in (None, linux.state) else []
    run = Run(linux.python, linux.settings, [*filter(None, state), *wanted.written])
    return text_of(run, systemd.version(linux.run))


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode & 0o7777
    except FileNotFoundError:
        return None


def _make(folder: Path) -> None:
    folder.mkdir(mode=OURS, parents=True, exist_ok=True)
    folder.chmod(OURS)


def _unmake(folder: Path, before: int | None) -> None:
    if before is None:
        if folder.exists():
            shutil.rmtree(folder)
    else:
        folder.chmod(before)


def _folder(name: str, folder: Path, says: Sentence, undoing: Sentence) -> Step:
    return Step(
        name,
        says,
        undoing,
        lambda: _mode(folder) == OURS,
        lambda: _mode(folder),
        lambda: _make(folder),
        lambda before: _unmake(folder, before),
    )


def _state(folder: Path) -> Step:
    """Make the folder of state; where it stood is noted, for the settings that named it may be gone when it goes."""
    return Step(
        STATE,
        say(
            "Make the folder {folder} for bookmark and history, which only root may open.", folder=str(folder)
        ),
        say("Remove the folder with bookmark and history, if it was not there before."),
        lambda: _mode(folder) == OURS,
        lambda: {"folder": str(folder), "mode": _mode(folder)},
        lambda: _make(folder),
        lambda before: _unmake(Path(before["folder"]), before["mode"]),
    )


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        return None


def _put(path: Path, text: str | None, mode: int) -> None:
    """Write it whole or not at all; None: there is to be none."""
    if text is None:
        path.unlink(missing_ok=True)
        return
    beside = path.with_suffix(".new")
    beside.unlink(missing_ok=True)
    beside.touch(mode=0o600, exist_ok=False)
    beside.chmod(mode)  # whatever the umask
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _settings(linux: Linux, text: str) -> Step:
    path = linux.settings
    return Step(
        SETTINGS,
        say("Write the settings to {file}.", file=str(path)),
        say("Put back the settings that were in {file}, if there were any.", file=str(path)),
        lambda: _read(path) == text,
        lambda: _read(path),
        lambda: _put(path, text, 0o600),
        lambda before: _put(path, before, 0o600),
    )


def _unit(linux: Linux, wanted: Wanted) -> Step:
    path = linux.unit

    def put(text: str | None) -> None:
        _put(path, text, 0o644)
        systemd.reload(linux.run)

    return Step(
        UNIT,
        say(
            "Write the unit {file}: as root with few rights, started again whenever it ends.", file=str(path)
        ),
        say("Remove the unit {file}, or put back the one that was there.", file=str(path)),
        lambda: _read(path) == unit_of(linux, wanted),
        lambda: _read(path),
        lambda: put(unit_of(linux, wanted)),
        put,
    )


def _enabled(linux: Linux) -> Step:
    def undo(before: Any) -> None:
        systemd.stop(linux.run)
        if not before:
            systemd.disable(linux.run)

    return Step(
        ENABLED,
        say("Let systemd start it with the machine."),
        say("End the agent, and let systemd not start it any more."),
        lambda: systemd.is_enabled(linux.run),
        lambda: systemd.is_enabled(linux.run),
        lambda: systemd.enable(linux.run),
        undo,
    )
