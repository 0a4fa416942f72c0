"""What ``logonbell doctor`` gathers on Linux."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from logonbell.commands.composition import followed_of
from logonbell.commands.install import wanted_of
from logonbell.config.settings import Config
from logonbell.doctor import linux as judge
from logonbell.doctor.verdict import Verdict
from logonbell.linux import journald, sshd, systemd
from logonbell.linux.guarded import exposed
from logonbell.linux.machine import Linux
from logonbell.provision.linux import unit_of

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
        ("log", lambda: _logs(linux, config)),
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


def _logs(linux: Linux, config: Config) -> Iterator[Verdict]:
    followed = followed_of(config)
    if followed.journal:
        yield from judge.of_journal(journald.look(linux.run, linux.root))
    yield from judge.of_logs({str(path): _why_not(path) for path in followed.files})
    if not followed.journal and not followed.files:
        yield judge.of_no_log()


def _why_not(path: Path) -> str:
    """Say why a file cannot be read, or nothing."""
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError as error:
        return error.strerror or str(error)
    return ""
