"""A systemd journal in memory, and a ``journalctl`` that reads it, shaped like the real ones."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from logonbell.sources.entry import DROPPED, is_asked, number_of
from logonbell.sources.journalctl import NO_CURSOR, JournalError


def cursor_of(number: int, origin: str = "0a") -> str:
    """Give the cursor of an entry; ``origin`` is the id of the row of numbers."""
    return f"s={origin};i={number:x};b=0f;m=1;t={number:x};x=3"


@dataclass
class FakeJournal:
    """Entries in order; as a ``Journal`` it starts what reads them. ``trouble`` is raised when one is started."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    origin: str = "0a"
    number: int = 0
    trouble: JournalError | None = None
    deaf: set[int] = field(default_factory=set)
    """Entries that one that follows does not hand over."""
    late: int = 0
    """How often one that reads is asked in vain before it prints anything."""
    started: list[tuple[str, ...]] = field(default_factory=list)
    running: list[FakeRunning] = field(default_factory=list)

    def writes(self, *messages: object, program: str = "sshd", facility: str = "10", uid: str = "0") -> None:
        """Let a program write."""
        for message in messages:
            self.number += 1
            self.entries.append(
                {
                    "__CURSOR": cursor_of(self.number, self.origin),
                    "__REALTIME_TIMESTAMP": str(1_772_539_200_000_000 + self.number * 1_000_000),
                    "SYSLOG_IDENTIFIER": program,
                    "SYSLOG_FACILITY": facility,
                    "_HOSTNAME": "web1",
                    "_PID": "7",
                    "_UID": uid,
                    "MESSAGE": message,
                }
            )

    def lets_go(self, count: int) -> None:
        """Remove the oldest entries, as vacuuming does."""
        del self.entries[:count]

    def __call__(self, *arguments: str) -> FakeRunning:
        """Start one."""
        if self.trouble is not None:
            raise self.trouble
        self.started.append(arguments)
        one = FakeRunning(self, arguments, self.late)
        self.running.append(one)
        return one


class FakeRunning:
    """A ``journalctl`` that runs."""

    def __init__(self, journal: FakeJournal, arguments: Sequence[str], late: int) -> None:
        self.closed = False
        self.error: JournalError | None = None
        self._journal = journal
        self._follows = "--follow" in arguments
        self._filters = "SYSLOG_IDENTIFIER=sshd" in arguments
        self._late = late
        self._printed: set[str] = set()
        options = dict(each.partition("=")[::2] for each in arguments if each.startswith("--"))
        self._lines = int(options["--lines"]) if "--lines" in options else None
        self._cursor: str | None = options.get("--cursor")
        self._since = float(options.get("--since", "@0").removeprefix("@"))
        self._over = False

    def _behind(self) -> list[dict[str, Any]]:
        entries = self._journal.entries
        if self._cursor is not None:
            at = [number for number, each in enumerate(entries) if each["__CURSOR"] == self._cursor]
            if not at and not self._cursor.startswith("s="):
                self.error = JournalError(NO_CURSOR, "Failed to seek to cursor: Invalid argument")
            entries = entries[at[0] if at else 0 :]
        found = [
            each
            for each in entries
            if int(each["__REALTIME_TIMESTAMP"]) >= self._since * 1_000_000
            and (not self._filters or is_asked(each) or each.get("MESSAGE_ID") == DROPPED)
        ]
        if self._lines is not None:
            return found[: self._lines] if self._cursor is not None else found[-self._lines :]
        return found

    def take(self, patience: float = 0.0) -> bytes:
        """Print what was not printed yet."""
        del patience
        if self._late:
            self._late -= 1
            return b""
        if self._over or self.error is not None:
            self._over = True
            return b""
        new = [each for each in self._behind() if each["__CURSOR"] not in self._printed]
        self._printed |= {each["__CURSOR"] for each in new}
        if self._follows:
            new = [each for each in new if number_of(each["__CURSOR"]) not in self._journal.deaf]
        self._over = not new and not self._follows
        return b"".join(json.dumps(each).encode() + b"\n" for each in new)

    @property
    def is_over(self) -> bool:
        """Tell whether it ended."""
        if self._over and self.error is not None:
            raise self.error
        return self._over

    def ends(self, code: int, why: str) -> None:
        """Let it end with an error."""
        self.error = JournalError(code, why)

    def close(self) -> None:
        """End it."""
        self.closed = True
