"""Which logs of a Linux machine are followed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from logonbell.sources.journalctl import journalctl

ROOT = Path("/")
"""Where the machine's own folders stand."""
AUTH_LOGS = ("auth.log", "secure")
"""The files in /var/log in which a syslog daemon writes logons: Debian's and Ubuntu's, Red Hat's and Amazon Linux's."""


@dataclass(frozen=True, slots=True)
class LinuxLogs:
    """What is followed: the journal or not, and which files."""

    journal: bool
    files: Sequence[Path] = ()


def logs_here(root: Path | None = None, *, journal: bool = True) -> LinuxLogs:
    """Choose among the logs of this machine: those that outlive a restart before those that do not, the journal first.

    They stand below ``root``; None: ``ROOT``. A journal in /run is gone at a restart, with what was not read by then; the
    files are not. ``journal`` False: only files are asked for.
    """
    if sys.platform != "linux":
        return LinuxLogs(journal=False)
    root = root or ROOT
    asked = journal and journalctl() is not None
    if asked and _holds_entries(root / "var" / "log" / "journal"):
        return LinuxLogs(journal=True)
    files = [path for name in AUTH_LOGS if may_be_there(path := root / "var" / "log" / name)]
    if files:
        return LinuxLogs(journal=False, files=files)
    return LinuxLogs(journal=asked and _holds_entries(root / "run" / "log" / "journal"))


def may_be_there(path: Path) -> bool:
    """Tell whether a file is there, or may be: what this user may not look at is told when it cannot be read."""
    try:
        return path.exists()
    except OSError:
        return True


def _holds_entries(folder: Path) -> bool:
    """Tell whether a folder of journald holds a journal, as far as this user may look."""
    try:
        return any(folder.glob("*/*.journal"))
    except OSError:
        return False
