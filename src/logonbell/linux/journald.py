"""journald: whether its log can be read, whether it outlives a restart, and what it let fall."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from logonbell.programs import Commands

DROPPED = "a596d6fe7bfa4994828e72309e95d61e"
"""SD_MESSAGE_JOURNAL_DROPPED (systemd, sd-messages.h): lines of a service that wrote too many were left out."""
_COUNT = re.compile(r"\bSuppressed ([0-9]{1,9}) messages from (\S{1,256})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Journal:
    """How the journal stands; ``words`` say why it cannot be read. ``dropped`` counts lines by service, in a week."""

    readable: bool
    words: str = ""
    newest: datetime | None = None
    persistent: bool = False
    dropped: Mapping[str, int] = field(default_factory=dict)


def look(run: Commands, root: Path) -> Journal:
    """Look at the journal of the machine whose files stand below ``root``. Raises ``Refused`` where there is none."""
    last = run("journalctl", "--no-pager", "-q", "-n", "1", "-o", "json")
    if last.code != 0:
        return Journal(readable=False, words=last.words)
    newest = next((_time(entry) for entry in _entries(last.out)), None)
    told = run("journalctl", "--no-pager", "-q", "--since=-7d", "-o", "json", f"MESSAGE_ID={DROPPED}")
    kept = (root / "var" / "log" / "journal").glob("*/*.journal")
    return Journal(newest is not None, last.words, newest, next(kept, None) is not None, _dropped(told.out))


def _dropped(lines: str) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for entry in _entries(lines):
        if told := _COUNT.search(str(entry.get("MESSAGE", ""))):
            found[told[2]] = found.get(told[2], 0) + int(told[1])
    return found


def _entries(lines: str) -> Iterator[Mapping[str, object]]:
    for line in lines.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            yield entry


def _time(entry: Mapping[str, object]) -> datetime | None:
    micros = entry.get("__REALTIME_TIMESTAMP")
    if not isinstance(micros, str) or not micros.isdecimal():
        return None
    return datetime.fromtimestamp(int(micros) / 1e6, UTC)
