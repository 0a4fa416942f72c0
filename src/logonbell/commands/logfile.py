"""The agent's log: what it remarks, where nobody sees its streams."""

from __future__ import annotations

import logging
import sys
import time
from logging.handlers import NTEventLogHandler, RotatingFileHandler
from pathlib import Path

from logonbell.errors import Refused
from logonbell.sentence import say
from logonbell.text.escape import escape

LARGEST = 2_000_000
KEPT = 5
"""A file of 2 MB, and five that are older: twelve at the most."""
_NAME = "logonbell"
_MESSAGES = r"%SystemRoot%\System32\EventCreate.exe"


def open_log(path: Path) -> logging.Logger:
    """Open it; on Windows warnings go into the event log Application as well. Raises ``Refused``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = _Quiet(path, maxBytes=LARGEST, backupCount=KEPT, encoding="utf-8")
    except OSError as error:
        raise Refused(
            say("The log {file} cannot be written: {why}.", file=str(path), why=error.strerror or str(error)),
            say("Let the account of logonbell write there, or name another file with --log."),
        ) from error
    form = _OneLine("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    form.converter = time.gmtime
    file.setFormatter(form)
    log = logging.Logger(_NAME, logging.INFO)  # noqa: LOG001 - of this process, and of nobody else's handlers
    log.addHandler(file)
    if sys.platform == "win32":
        events = NTEventLogHandler(_NAME, _MESSAGES, "Application")
        events.setLevel(logging.WARNING)
        events.setFormatter(_OneLine("%(message)s"))
        log.addHandler(events)
    return log


class _Quiet(RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Lose a line that cannot be written: a full disk stops nobody's work."""


class _OneLine(logging.Formatter):
    """One line for each remark, in UTC. What a remark quotes is escaped where it is said."""

    def format(self, record: logging.LogRecord) -> str:
        return " ".join(super().format(record).split())


def note_fault(log: logging.Logger) -> None:
    """Note the fault that is being handled, as it would be reported."""
    import traceback  # noqa: PLC0415 - 5 ms, only when something is wrong

    for line in traceback.format_exc().splitlines():
        log.error("%s", escape(line))
