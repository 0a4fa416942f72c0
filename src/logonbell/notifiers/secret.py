"""A secret, where it stands: in a file of its own or in an environment variable, never in the settings."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from logonbell.errors import Refused
from logonbell.sentence import say

_LONGEST = 1 << 16
_OF_OTHERS = stat.S_IRWXO | stat.S_IWGRP
"""What nobody but the owner may: the group may read it, so that a service of its own can."""


@dataclass(frozen=True, slots=True)
class Secret:
    """One of ``file`` and ``variable`` is given. It is read anew each time, so that it can be changed without a restart."""

    file: Path | None = None
    variable: str | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def lines(self) -> list[str]:
        """Give the lines that hold something and do not begin with ``#``, at least one.

        Raises ``Refused`` where there is none, where the file cannot be read, and where people may read or change it
        who have no business with it. What it says never holds the secret.
        """
        where = f"${self.variable}" if self.file is None else str(self.file)
        text = self.environment.get(self.variable or "", "") if self.file is None else _read(self.file)
        lines = [line.strip() for line in text.splitlines()]
        held = [line for line in lines if line and not line.startswith("#")]
        if not held:
            raise Refused(say("{where} holds no secret.", where=where))
        return held


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            if sys.platform != "win32":
                _guarded(path, os.fstat(file.fileno()))
            raw = file.read(_LONGEST + 1)
    except OSError as error:
        raise Refused(
            say("{file} cannot be read: {why}.", file=str(path), why=error.strerror or str(error))
        ) from error
    if len(raw) > _LONGEST:
        raise Refused(say("{file} is too large to hold a secret.", file=str(path)))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass  # and is forgotten before anything is raised: it holds the bytes
    raise Refused(say("{file} is not in UTF-8.", file=str(path)))


if sys.platform != "win32":

    def _guarded(path: Path, state: os.stat_result) -> None:
        """Raise ``Refused`` where others than the owner may do with the file what they should not."""
        if state.st_mode & _OF_OTHERS:
            raise Refused(
                say("Others may read or change {file}.", file=str(path)),
                say("Run: chmod 600 {file}", file=str(path)),
            )
        if state.st_uid not in {0, os.geteuid()}:
            raise Refused(
                say("{file} belongs to another user.", file=str(path)),
                say("Give it to root or to the account that runs logonbell."),
            )
