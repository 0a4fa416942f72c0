"""The second act: an intruder who owns the host buries, kills, clears and rewrites, and what their receiver knows then."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from logonbell.agent import Clock
from logonbell.demo import forgery, script
from logonbell.demo.bastion import HOST, Records
from logonbell.demo.bell import LOG, Bell
from logonbell.demo.letter import Letter
from logonbell.demo.mailbox import Mailbox
from logonbell.demo.night import ADDRESS, BLAMED, Night, ids
from logonbell.demo.stage import Stage
from logonbell.demo.survival import Attacked, gap_in
from logonbell.event import Event
from logonbell.simulate.evtx import EvtxFile

_TICK = 0.05
_PATIENCE = 15.0


@dataclass(slots=True)
class Attack:
    """One attack, in ``folder``. ``letters`` are those that came so far, those of the day, too.

    ``listen`` lets what the agent rings come into the mailbox, once it was started again.
    """

    stage: Stage
    folder: Path
    bell: Bell
    mailbox: Mailbox
    clock: Clock
    pause: Callable[[float], object]
    listen: Callable[[], None]
    letters: list[Letter]
    _scenes: dict[str, Records] = field(default_factory=dict)
    _unread: Records = frozenset()

    def perform(self, log: EvtxFile, written: int) -> Attacked:
        """Attack the agent that follows ``log``, which holds so many records."""
        night = Night(written)
        self.stage.strikes(script.COMES)
        self._write("comes", log, night.comes)
        self._await("comes")
        self._wait(lambda: self._newest() >= night.record)
        self.stage.strikes(script.KILLS)
        self.bell.kill()
        self._unread = ids(night.hides(self.clock()))
        log.close()
        with EvtxFile(self.folder / LOG, first_record_id=night.record + 1) as cleared:
            self._write("clears", cleared, night.clears)
            self.bell.start()
            self.bell.started()
            self.listen()
            self._await("clears")
            self.stage.strikes(script.RETURNS)
            self._write("returns", cleared, night.returns)
            self._await("returns")
            self._wait(lambda: len({letter.number for letter in self.letters}) >= self._last())
        self.bell.stop()
        self._receive()
        return self._rewrite()

    def _write(self, name: str, log: EvtxFile, scene: Callable[[datetime], Sequence[Event]]) -> None:
        """Write each record when its time has come."""
        events = scene(self.clock())
        due: list[Event] = []
        for event in events:
            while event.time > self.clock():
                log.append(*due)
                due.clear()
                self._receive()
                self.pause(_TICK)
            due.append(event)
        log.append(*due)
        self._scenes[name] = ids(events)

    def _await(self, name: str) -> None:
        """Wait for the message that tells of a scene."""
        self._wait(lambda: any(letter.records[0] in self._scenes[name] for letter in self.letters))

    def _wait(self, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and self.bell.alive and not until():
            self._receive(_TICK)

    def _receive(self, seconds: float = 0.0) -> None:
        for letter in self.mailbox.take(seconds):
            if all(letter.number != known.number for known in self.letters):
                self.stage.heard(letter, gap_in(letter, self._unread))
            self.letters.append(letter)

    def _newest(self) -> int:
        return sum(source.newest or 0 for source in self.bell.state().sources.values())

    def _last(self) -> int:
        return self.bell.state().sequences.get(HOST, 0)

    def _rewrite(self) -> Attacked:
        """Hold what was received against the history, rewrite both, and do it again."""
        forgery.save(self.folder, self.letters)
        before = forgery.ask(self.folder, self.stage.language)
        self.stage.answer(script.PROVED, script.COMMAND_THAT_VERIFIES, before.lines)
        attacked = Attacked(self._scenes, self._unread, self.letters, self.bell.state(), before, None)
        came, cleared, returned = (attacked.letter(scene) for scene in ("comes", "clears", "returns"))
        if came is None or cleared is None or returned is None:
            return attacked
        self.stage.strikes(script.FORGES)
        forgery.forge(self.folder, came, returned, (ADDRESS, BLAMED), cleared)
        after = forgery.ask(self.folder, self.stage.language)
        self.stage.answer(script.DISPROVED, script.COMMAND_THAT_VERIFIES, after.lines)
        return replace(attacked, after=after)
