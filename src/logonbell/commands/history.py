"""``logonbell history``: the logons that were kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from logonbell.agent import utc_now
from logonbell.commands.composition import judge_of, reader_of
from logonbell.commands.desk import Desk
from logonbell.commands.span import moment
from logonbell.config.settings import Config
from logonbell.logon import Finding, Logoff, Logon
from logonbell.sentence import plural, say
from logonbell.store.history import Kept
from logonbell.store.outbox import Outbox
from logonbell.text.table import draw
from logonbell.wire import line


@dataclass(frozen=True, slots=True)
class Asked:
    """Which of them: a part of the user's name, SID or principal, a door, and from when to when."""

    user: str | None = None
    door: str | None = None
    since: str | None = None
    until: str | None = None


def history(desk: Desk, config: Config, asked: Asked, *, as_lines: bool) -> int:
    """Print what was kept. Returns the exit code."""
    reader, now = reader_of(config, desk), utc_now()
    since = moment(asked.since, now, reader.zone) if asked.since else datetime.min.replace(tzinfo=UTC)
    until = moment(asked.until, now, reader.zone) if asked.until else datetime.max.replace(tzinfo=UTC)
    outbox = Outbox.join(config.state)
    try:
        kept = list(_chosen(outbox, asked, since, until, desk))
    finally:
        outbox.close()
    judge = judge_of(config, desk)
    judged = [(finding, judge.judge(finding)) for finding in kept]
    if as_lines:
        for finding, verdict in judged:
            desk.out.line(json.dumps(line(finding, verdict)))
        return 0
    shown = [(finding, verdict) for finding, verdict in judged if not isinstance(finding, Logoff)]
    if shown:
        draw(shown, desk.out, language=reader.language, zone=reader.zone)
    desk.say(plural("{count:,} kept.", "{count:,} kept.", len(shown)))
    return 0


def _chosen(outbox: Outbox, asked: Asked, since: datetime, until: datetime, desk: Desk) -> Iterator[Finding]:
    for row in outbox.history.between(since, until):
        if not isinstance(row, Kept):
            desk.remark(say("{where}: {what}", where=row.where, what=row.what))
        elif _matches(row.finding, asked):
            yield row.finding


def _matches(finding: Finding, asked: Asked) -> bool:
    if asked.door is None and asked.user is None:
        return True
    if not isinstance(finding, Logon | Logoff):
        return False
    if asked.door is not None and finding.door != asked.door:
        return False
    if asked.user is None:
        return True
    known = [str(finding.user), finding.user.sid or ""] if finding.user else []
    if isinstance(finding, Logon):
        known.append(finding.principal or "")
    return any(asked.user.casefold() in name.casefold() for name in known)
