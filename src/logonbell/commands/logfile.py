"""The agent's log: what it remarks, where nobody sees its streams."""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from io import TextIOWrapper
from logging.handlers import NTEventLogHandler, RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Self

from logonbell.errors import Refused
from logonbell.sentence import say
from logonbell.store.folder import make
from logonbell.text.escape import escape
from logonbell.windows.event_source import MESSAGES, NAME

LARGEST = 2_000_000
KEPT = 5
"""A file of 2 MB, and five that are older: 12 MB at the most."""


class LogFile:
    """A file that rotates; on Windows warnings go into the event log Application as well."""

    def __init__(self, path: Path) -> None:
        """Raises ``Refused`` where it cannot be written."""
        self._log = logging.Logger(NAME, logging.INFO)  # noqa: LOG001 - of this agent, beside everybody else's
        try:
            make(path.parent)
            file = _Quiet(path, maxBytes=LARGEST, backupCount=KEPT, encoding="utf-8")
        except OSError as error:
            raise Refused(
                say(
                    "The log {file} cannot be written: {why}.",
                    file=str(path),
                    why=error.strerror or str(error),
                ),
                say("Let the account of logonbell write there, or name another file with --log."),
            ) from error
        form = _OneLine("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
        form.converter = time.gmtime
        file.setFormatter(form)
        self._log.addHandler(file)
        if sys.platform == "win32":
            events = NTEventLogHandler(NAME, MESSAGES, "Application")
            events.setLevel(logging.WARNING)
            events.setFormatter(_OneLine("%(message)s"))
            self._log.addHandler(events)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for handler in list(self._log.handlers):
            handler.close()

    def note(self, text: str, *, warns: bool) -> None:
        """Keep a remark, whose quotations are escaped already, on one line."""
        self._log.log(logging.WARNING if warns else logging.INFO, "%s", text)

    def note_fault(self) -> None:
        """Keep the fault that is being handled, as it would be reported."""
        for line in traceback.format_exc().splitlines():
            self._log.error("%s", escape(line))


class _Quiet(RotatingFileHandler):
    def _open(self) -> TextIOWrapper:
        """Make it for its owner alone: it may name who logged on."""
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return TextIOWrapper(os.fdopen(descriptor, "ab"), encoding=self.encoding)


class _OneLine(logging.Formatter):
    """One line for each remark, in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        return " ".join(super().format(record).split())
