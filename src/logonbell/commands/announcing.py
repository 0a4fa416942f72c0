"""Which settings and rules changed since the last start, rung before they take effect."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from logonbell.agent import utc_now
from logonbell.alert import Alert
from logonbell.config.changes import changed, mark_of, marks_of
from logonbell.config.settings import Config
from logonbell.logon import NoticeKind
from logonbell.notice import notice
from logonbell.rulebook.shelf import find_rules
from logonbell.sentence import say
from logonbell.store.outbox import Outbox

SETTINGS = "settings"
RULES = "rules"
EXPECTED = "expected"
NAMED = 20
"""So many of what changed are named. All is counted: whoever changes much at once does not hide that by it."""


def announce(config: Config, outbox: Outbox, notifiers: Sequence[str]) -> Mapping[str, str]:
    """Ring which settings and files of rules changed since the last start, past every filter.

    Returns, by the mark of each thing that the settings expect, the fingerprint of the notice that told of it: it holds
    nothing back until somebody took that. What was there at the first start needs none (an empty one).
    """
    now, marks, rules = utc_now(), marks_of(config), _marks_of_files(find_rules(config.rules.folders))
    expected = {mark_of(one) for one in (*config.rules.allow, *config.maintenance)}
    before, ruled, told = (_recall(outbox, name) for name in (SETTINGS, RULES, EXPECTED))
    names = [] if before is None else changed(before, marks)
    names += [] if ruled is None else changed(ruled, rules)
    if before is not None and ruled is not None and told is not None and not names:
        return told
    alert = _notice(outbox, names, now) if names else None
    new = "" if alert is None else alert.fingerprint
    told = {mark: new if told is None else told.get(mark, new) for mark in expected}
    with outbox.together():
        outbox.memory.remember(SETTINGS, json.dumps(marks), now)
        outbox.memory.remember(RULES, json.dumps(rules), now)
        outbox.memory.remember(EXPECTED, json.dumps(told), now)
        if alert is not None:
            outbox.ring([alert], notifiers, now)
    return told


def _marks_of_files(paths: Sequence[Path]) -> dict[str, str]:
    """Take the mark of each file, by its path; one that cannot be read has that of nothing."""
    marks: dict[str, str] = {}
    for path in paths:
        content = b""
        with suppress(OSError):
            content = path.read_bytes()
        marks[str(path)] = hashlib.sha256(content).hexdigest()[:16]
    return marks


def _recall(outbox: Outbox, name: str) -> dict[str, str] | None:
    """Give what is remembered; None at the first start, and nothing of what cannot be read any more."""
    try:
        known = outbox.memory.recall(name)
        return None if known is None else dict(json.loads(known))
    except (ValueError, TypeError):
        return {}


def _notice(outbox: Outbox, names: Sequence[str], now: datetime) -> Alert:
    named = ", ".join(names[:NAMED])
    if len(names) == 1:
        what = say("The settings were changed: {names}", names=named)
    else:
        what = say("The settings were changed in {count:,} places: {names}", count=len(names), names=named)
    host_id = outbox.host_id(socket.gethostname())
    number = int(now.timestamp() * 1000)
    return notice(NoticeKind.SETTINGS, what, host_id=host_id, number=number, time=now)
