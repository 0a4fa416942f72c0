"""What ``logonbell doctor`` gathers on Linux."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from logonbell.commands.install import wanted_of
from logonbell.config.settings import Config
from logonbell.doctor import linux as judge
from logonbell.doctor.verdict import Verdict
from logonbell.linux import journald, sshd, systemd
from logonbell.linux.guarded import exposed
from logonbell.linux.machine import Linux
from logonbell.provision.linux import unit_of

LOGS = ("auth.log", "secure")
"""The files in /var/log in which a syslog daemon writes logons: Debian's and Ubuntu's, Red Hat's and Amazon Linux's."""
_ASKED = ("ActiveState", "Result", "UnitFileState", "NRestarts", "DropInPaths", "NeedDaemonReload")

Gather = Callable[[], Iterable[Verdict]]


def on_linux(linux: Linux, config: Config) -> list[tuple[str, Gather]]:
    """List what is looked at, and how."""
    return [
        ("rights", lambda: [judge.of_rights(is_root=linux.is_root)]),
        ("program", lambda: judge.of_program(exposed(linux.places, linux.trusted))),
        (
            "folder",
            lambda: [_folder(linux, "folder", linux.folder), _folder(linux, "state folder", config.state)],
        ),
        ("unit", lambda: _unit(linux, config)),
        ("log", lambda: _logs(linux)),
        ("sshd", lambda: judge.of_sshd(sshd.look(linux.serve))),
    ]


def _folder(linux: Linux, about: str, folder: Path) -> Verdict:
    try:
        found = folder.stat()
    except FileNotFoundError:
        return judge.of_folder(about, str(folder), None, 0, linux.trusted)
    return judge.of_folder(about, str(folder), found.st_mode & 0o7777, found.st_uid, linux.trusted)


def _unit(linux: Linux, config: Config) -> Iterator[Verdict]:
    if not linux.has_systemd:
        yield judge.of_no_systemd()
        return
    try:
        text = linux.unit.read_text("utf-8", "replace")
    except FileNotFoundError:
        text = None
    written = unit_of(linux, wanted_of("", config))
    yield from judge.of_unit(text, written, systemd.told(linux.run, *_ASKED))


def _logs(linux: Linux) -> Iterator[Verdict]:
    paths = [linux.root / "var" / "log" / name for name in LOGS]
    found = {str(path): _readable(path) for path in paths}
    journal = journald.look(linux.run, linux.root)
    yield from judge.of_journal(journal, beside=any(found.values()))
    yield from judge.of_logs(found, journal=journal.readable)


def _readable(path: Path) -> bool | None:
    try:
        os.close(os.open(path, os.O_RDONLY))
    except FileNotFoundError:
        return None
    except OSError:
        return False
    return True
