"""The SSM agent's sessions as a source of events, while they come and go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from logonbell.decoding import decode
from logonbell.recognise.session import CHANNEL
from logonbell.sentence import Sentence, say
from logonbell.source import DAMAGED, Batch, Loss
from logonbell.ssm.agentlog import AgentLogs, Reading
from logonbell.ssm.files import shown
from logonbell.ssm.folder import Present, StateFolder, obstacle
from logonbell.ssm.ledger import NAMED, Look, Mark, OpenSession, Step, apply
from logonbell.ssm.processes import Processes, runs
from logonbell.ssm.statefile import PORT, SESSION, SsmSession

_NOTED = timedelta(seconds=30)
"""How often the bookmark notes that nothing happened."""
_UNSEEN = timedelta(seconds=5)
"""A pause between two looks in which no session could come and go unseen."""
_FIRST_WORD = timedelta(milliseconds=400)
"""How long a session is waited for to get its worker; the agent writes the process id within a few milliseconds."""
_LAST_WORD = timedelta(seconds=10)
"""An ended session's file may come back for a moment: the agent saves it once more before it removes it."""
_FORGOTTEN = timedelta(hours=1)
_OPEN = 4_000
"""More sessions than an agent runs at once (1,000), by far; what is beyond is told, not followed."""
_CLOSED = 10_000
_KEPT = 4
_ASKED = 16
"""Workers that are asked after in one look, one after the other: an agent runs few more, and a look is a tenth of a second."""


class SsmSource:
    r"""Gives the SSM sessions of this host as they are opened and closed, and those of the past from the agent's logs.

    ``folder`` is the agent's data folder (``C:\ProgramData\Amazon\SSM``, ``/var/lib/amazon/ssm``), ``logs`` the one
    with its logs; ``logs_of`` says where they are. ``instance_id`` names this instance; without it the folder tells.
    ``processes`` None: whose file is there is taken for running. ``pause`` is the longest pause between two looks in
    which nothing is missed.
    """

    def __init__(
        self,
        folder: Path,
        *,
        host: str,
        clock: Callable[[], datetime],
        instance_id: str | None = None,
        logs: Path | None = None,
        processes: Processes | None = None,
        pause: timedelta = _UNSEEN,
    ) -> None:
        self.folder = folder
        self._host = host
        self._clock = clock
        self._processes = processes
        self._pause = pause
        self._state = StateFolder(folder, instance_id, clock)
        self._instance = instance_id
        self._logs = None if logs is None else AgentLogs(logs)
        self._kept: dict[str, tuple[Mark, datetime]] = {}
        self._first_seen: dict[str, datetime] = {}
        self._unsaid: list[Loss] = []
        self._turn = 0
        self._full = False
        self._told_blind = False

    @property
    def name(self) -> str:
        """The key under which the bookmark is kept: the folder's absolute path."""
        return f"{NAMED}{shown(self.folder.absolute())}"

    @property
    def past(self) -> str | None:
        """See ``Following.past``: whoever is still on, and what the agent's logs tell, is to be known."""
        return CHANNEL

    def begin(self, news: datetime) -> None:
        """See ``Following.begin``: it begins at the oldest."""
        del news

    def live(self, *, process: int | None = None, port: int | None = None) -> Sequence[SsmSession]:
        """Look who is there right now: the sessions whose file is there and whose worker runs. See ``LiveSessions``."""
        present = self._look_around()
        self._unsaid += present.losses
        return [
            each
            for each in present.sessions.values()
            if (process is None or each.process == process)
            and (port is None or (each.plugin == PORT and each.port == str(port)))
            and self._is_own(each)
            and runs(each, self._processes)
        ]

    def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
        """Give what was opened and closed since ``bookmark``. See ``Source.read``."""
        now, losses, self._unsaid = self._clock(), self._unsaid, []
        mark, looked, resumed = self._take_up(bookmark, losses)
        if self._instance is None:
            # Whose sessions the logs tell can only be judged when this is known.
            losses += self._look_around().losses
        reading = self._logs.read(mark.logs) if self._logs is not None else Reading((), mark.logs)
        losses += reading.losses
        look = Look(mark, self._host)
        for time, fact in reading.facts:
            look.take(time, fact, self._is_own)
        present = None if reading.more else self._look_around()
        covered = self._logs is not None and reading.mark.speaks
        if not mark.watched:
            if covered or (present is not None and present.readable):
                look.watched(self._watched_since(reading, now))
        elif (
            (not covered or (resumed and reading.lost)) and looked is not None and now - looked > self._pause
        ):
            look.unwatched(now, looked)
        if present is not None:
            losses += present.losses
            self._compare(look, present, now, losses, covered=covered)
        steps = look.in_order()
        if limit is not None and len(steps) > limit:
            return self._give_some(look, steps[:limit], now, losses)
        mark = look.mark
        mark.logs = reading.mark
        noted = mark.looked is None or not timedelta(0) <= now - mark.looked < _NOTED
        text = bookmark
        changed = bool(steps) or mark.blind != look.begun.blind
        if text is None or changed or noted or reading.more:
            mark.looked = now
            self._forget(mark, now)
            text = mark.text
        self._keep(text, mark, now)
        return Batch([step.event for step in steps], text, losses, len(steps), more=reading.more)

    def _give_some(self, look: Look, steps: Sequence[Step], now: datetime, losses: list[Loss]) -> Batch:
        """Give only the first events; what the logs said is read again for the others."""
        mark = look.begun.copied()
        for step in steps:
            apply(mark, step)
        self._keep(mark.text, mark, now)
        return Batch([step.event for step in steps], mark.text, losses, len(steps), more=True)

    def _look_around(self) -> Present:
        present = self._state.look()
        self._instance = present.instance_id or self._instance
        return present

    # What is kept

    def _take_up(self, bookmark: str | None, losses: list[Loss]) -> tuple[Mark, datetime | None, bool]:
        """Give what was known at a bookmark, when that was, and whether it is taken up by another run than this."""
        if bookmark is None:
            return Mark(), None, True
        if bookmark in self._kept:
            mark, looked = self._kept[bookmark]
            return mark, looked, False
        try:
            mark = decode(bookmark, Mark)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            mark = Mark(version=0)
        if mark.version == Mark().version:
            return mark, mark.looked, True
        losses.append(Loss(shown(self.folder), DAMAGED))
        return Mark(), None, True

    def _keep(self, text: str, mark: Mark, now: datetime) -> None:
        """Keep what was known at the last few bookmarks: the same one may be asked again."""
        self._kept.pop(text, None)
        self._kept[text] = (mark, now)
        while len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]

    def _forget(self, mark: Mark, now: datetime) -> None:
        """Forget ended sessions, but not while their file is there: it would look like a new one."""
        for session_id in [
            each
            for each, closed in mark.closed.items()
            if now - closed > _FORGOTTEN and not self._state.holds(each)
        ][: max(_ASKED, len(mark.closed) - _CLOSED)]:
            del mark.closed[session_id]
        while len(mark.closed) > 2 * _CLOSED:
            del mark.closed[next(iter(mark.closed))]

    # What the logs say

    def _watched_since(self, reading: Reading, now: datetime) -> datetime:
        since = self._logs.covered_since(reading.mark.zone) if self._logs and reading.mark.speaks else None
        return now if since is None else min(since, now)

    # What the folder says

    def _compare(
        self, look: Look, present: Present, now: datetime, losses: list[Loss], *, covered: bool
    ) -> None:
        """Compare what is there with what is known."""
        if not present.readable:
            look.mark.blind = look.mark.blind or now
            if not self._told_blind:
                self._told_blind = True
                losses.append(Loss(shown(self.folder), self._why_blind()))
            return
        self._told_blind = False
        if look.mark.blind is not None:
            since, look.mark.blind = look.mark.blind, None
            losses.append(Loss(shown(self.folder), say("The SSM agent's state folder can be read again.")))
            if look.begun.watched and not covered:
                look.unwatched(now, since)
        for session in present.sessions.values():
            self._take_file(look, session, now, losses)
        self._first_seen = {each: seen for each, seen in self._first_seen.items() if each in present.sessions}
        for session_id in self._ended(look.mark, present):
            look.closed(session_id, now)

    def _why_blind(self) -> Sentence:
        place = obstacle(self.folder)
        if place is None:
            return say(
                "There is no SSM agent's state folder in it, so SSM sessions are not seen."
                " If this host has no agent, set ssm = 'off' under [sources]."
            )
        return say(
            "This user may not look into {place}, so SSM sessions are not seen."
            " Run logonbell as root, on Windows as SYSTEM or an administrator.",
            place=shown(place),
        )

    def _take_file(self, look: Look, session: SsmSession, now: datetime, losses: list[Loss]) -> None:
        """Take one session whose file is there."""
        session_id = session.session_id
        known = look.mark.open.get(session_id)
        if known is not None:
            if known.process is None and session.process is not None:
                look.mark.open[session_id] = OpenSession(session.process, session.started)
            return
        if not self._is_own(session):
            return
        seen = self._first_seen.setdefault(session_id, now)
        if session_id in look.mark.closed:
            if now - seen < _LAST_WORD or session.process is None or not runs(session, self._processes):
                return
        elif session.process is None and now - seen < _FIRST_WORD:
            return
        if len(look.mark.open) >= _OPEN:
            if not self._full:
                self._full = True
                what = say(
                    "More than {count} sessions are open at once; the rest is not followed.", count=_OPEN
                )
                losses.append(Loss(shown(self.folder), what))
            return
        look.opened(session, now)
        if not runs(session, self._processes):
            last = self._state.last_sign(session_id) or now
            look.closed(session_id, max(min(last, now), session.opened or last))

    def _ended(self, mark: Mark, present: Present) -> Iterator[str]:
        """Give the open sessions that are over: their file is gone, or their worker is."""
        asked = 0
        names = list(mark.open)
        self._turn = self._turn % len(names) if names else 0
        for session_id in names[self._turn :] + names[: self._turn]:
            if session_id not in present.sessions and not self._state.holds(session_id):
                yield session_id
            elif self._processes is not None and asked < _ASKED:
                asked += 1
                known = mark.open[session_id]
                session = SsmSession(session_id, SESSION, None, process=known.process, started=known.started)
                if not runs(session, self._processes):
                    yield session_id
        self._turn += asked

    def _is_own(self, session: SsmSession) -> bool:
        """Tell whether a session is one of this instance; a cloned image carries those of its origin."""
        return self._instance is None or not session.instance_id or session.instance_id == self._instance
