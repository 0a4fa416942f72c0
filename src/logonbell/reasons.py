"""The reason that somebody gave for an SSM session: asked of AWS after the session's alert, told in a message of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from logonbell.decoding import decode
from logonbell.filter import Filter
from logonbell.host import Instance
from logonbell.logon import Logon, NoticeKind
from logonbell.notice import notice
from logonbell.notifiers.aws import Aws, NotAnswered
from logonbell.notifiers.check import words_of
from logonbell.notifiers.identity import forbids
from logonbell.sentence import say
from logonbell.store.outbox import Outbox
from logonbell.trouble import Told, Trouble

LATELY = timedelta(minutes=30)
"""Older sessions are not asked for: whoever was told of them has asked by now."""
_RECENT = 100
"""Alerts that are looked through."""
_MEMORY = "reasons"
_MOST = 500
"""Sessions that are remembered as asked for."""
_CHANNEL_NUMBERS = 1 << 53
"""What a number of JSON holds."""

Clock = Callable[[], datetime]


@dataclass(slots=True)
class Reasons:
    """Asks ``ssm:DescribeSessions`` for each session that rang, once. The first message never waits for it.

    ``find`` tells which instance this is, whose region is asked, else ``region``; ``host`` is this machine's name.
    """

    outbox: Outbox
    notifiers: Sequence[str]
    filters: Mapping[str, Filter]
    find: Callable[[], Instance | None]
    region: Callable[[], str | None]
    aws: Callable[[str], Aws]
    clock: Clock
    told: Told
    host: str
    _ssm: Aws | None = field(init=False, default=None)
    _trouble: Trouble = field(init=False)

    def __post_init__(self) -> None:
        self._trouble = Trouble(self.told)

    def round(self) -> bool:
        """Ask for what rang and was not asked for; tell whether anything was. Raises ``Refused`` where nothing can be kept."""
        now = self.clock()
        asked = _asked(self.outbox)
        new = {session: logon for session, logon in self._rang(now) if session not in asked}
        for session, logon in new.items():
            try:
                reason = self._reason(session)
            except NotAnswered as lost:
                self._trouble.met(
                    say(
                        "AWS forbids ssm:DescribeSessions, so no reasons of sessions are told. ({words})",
                        words=words_of(lost),
                    )
                    if forbids(lost)
                    else say(
                        "The reason of an SSM session cannot be asked for, trying again. ({words})",
                        words=words_of(lost),
                    )
                )
                return False
            self._trouble.over()
            asked.append(session)
            with self.outbox.together():
                if reason:
                    self._ring(session, logon, reason, now)
                self.outbox.memory.remember(_MEMORY, msgspec.json.encode(asked[-_MOST:]).decode(), now)
        return bool(new)

    def _rang(self, now: datetime) -> Iterator[tuple[str, Logon]]:
        """List the sessions that people were told of lately; what was silenced is not asked for."""
        for story in self.outbox.fates.recent(_RECENT):
            if story.alert is None or story.silenced is not None or now - story.read > LATELY:
                continue
            logon = story.alert.finding
            if isinstance(logon, Logon) and logon.ssm_session:
                yield logon.ssm_session, logon

    def _reason(self, session: str) -> str:
        """Ask for a session that is open, else that has ended. Raises ``NotAnswered``."""
        if self._ssm is None:
            instance = self.find()
            region = instance.region if instance is not None else self.region()
            if not region:
                raise NotAnswered(["NoRegionError"], "set AWS_DEFAULT_REGION")
            self._ssm = self.aws(region)
        for state in ("Active", "History"):
            wanted = {"State": state, "Filters": [{"key": "SessionId", "value": session}]}
            sessions = self._ssm.ask(partial(_describe_sessions, wanted=wanted))["Sessions"]
            if sessions:
                return str(sessions[0].get("Reason") or "")
        return ""

    def _ring(self, session: str, logon: Logon, reason: str, now: datetime) -> None:
        what = say(
            "The reason given for the SSM session {session} of {principal}: {reason}",
            session=session,
            principal=logon.principal or "-",
            reason=reason,
        )
        # Of the session alone, so that what is asked for twice is told once.
        number = (
            int.from_bytes(hashlib.sha256(session.encode("utf-8", "surrogatepass")).digest()[:8])
            % _CHANNEL_NUMBERS
        )
        host_id = self.outbox.host_id(self.host)
        alert = notice(NoticeKind.REASON, what, host_id=host_id, number=number, time=logon.time)
        self.outbox.ring([alert], self.notifiers, now, self.filters)


def _describe_sessions(ssm: Any, wanted: Mapping[str, Any]) -> Any:
    return ssm.describe_sessions(**wanted)


def _asked(outbox: Outbox) -> list[str]:
    try:
        text = outbox.memory.recall(_MEMORY)
        known: Any = [] if text is None else decode(text, list[str])
    except ValueError:
        return []
    return list(known)
