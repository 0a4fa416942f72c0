"""The play: a day is written into a growing log, the agent follows it, and its letters are shown as they come."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from logonbell.agent import Clock
from logonbell.demo import script
from logonbell.demo.attack import Attack
from logonbell.demo.bastion import Day
from logonbell.demo.bell import LOG, Bell, rings_on_console, rings_through_sns
from logonbell.demo.emulator import Emulator
from logonbell.demo.letter import Letter
from logonbell.demo.mailbox import Mailbox
from logonbell.demo.stage import Stage
from logonbell.demo.survival import survived
from logonbell.demo.tally import Verdict, judge
from logonbell.errors import Refused
from logonbell.explanation import explain, lines
from logonbell.judge import Judge
from logonbell.recognise.windows import WANTED
from logonbell.rule import Rules
from logonbell.sentence import say
from logonbell.simulate.day import compress
from logonbell.simulate.evtx import EvtxFile
from logonbell.simulate.recipe import mails
from logonbell.sources.history import History

_TICK = 0.05
_PATIENCE = 15.0
_HELD = 0.6  # seconds behind the last record: a logon that rings is held for at most 0.4 for its twin events


def put_on(
    stage: Stage,
    day: Day,
    *,
    seconds: float,
    clock: Clock,
    pause: Callable[[float], object],
    emulate: bool,
    attack: bool = True,
) -> Verdict:
    """Put the whole demo on the stage, act by act; nothing of it is left behind.

    ``emulate`` asks for the SNS emulator; without one, the agent rings on its console. Without ``attack``, the day is
    all of it. Raises ``Refused`` where the agent cannot start.
    """
    stage.tell(*script.intro(seconds, emulated=emulate))
    play = Play(stage, day, seconds, clock, pause)
    with (
        TemporaryDirectory(prefix="logonbell-demo-", ignore_cleanup_errors=True) as name,
        Mailbox() as mailbox,
        ExitStack() as house,
    ):
        folder = Path(name)
        log = house.enter_context(EvtxFile(folder / LOG))
        with stage.busy(script.STARTING_BOTH if emulate else script.STARTING):
            bell, emulated = _hang(folder, stage, mailbox, house, emulate=emulate)
        verdict = play.perform(log, bell, mailbox, emulated=emulated)
        loudest = max(play.letters, key=lambda letter: letter.level, default=None)
        if loudest is not None:
            stage.show(loudest)
            why = _explain(folder / LOG, loudest, stage.language)
            stage.explain(script.command_that_explains(loudest), why)
        stage.judge(verdict)
        if attack:
            stage.tell(script.NIGHT)

            def listen() -> None:
                if not emulated:
                    mailbox.receive(bell.letters())

            night = Attack(stage, folder, bell, mailbox, clock, pause, listen, list(play.letters))
            checks = survived(night.perform(log, len(day.events)))
            stage.survive(checks)
            verdict = replace(verdict, checks=[*verdict.checks, *checks])
    if verdict.holds:
        stage.end()
    else:
        stage.tell(script.FAULT)
    return verdict


def _explain(log: Path, letter: Letter, language: str) -> list[str]:
    """Say what ``logonbell explain`` says of that which a letter tells of."""
    explained = explain(History([log], wanted=WANTED).events(), Judge(Rules()))
    about = [one for one in explained if one.tells_of(letter.records[0])]
    return [text for one in about for text in lines(one, language)]


def _hang(
    folder: Path, stage: Stage, mailbox: Mailbox, house: ExitStack, *, emulate: bool
) -> tuple[Bell, bool]:
    """Start the emulator, if there is one, and the agent; let what it rings come into the mailbox."""
    emulator = house.enter_context(Emulator(folder)) if emulate else None
    if emulator is not None and not emulator.ready():
        stage.tell(script.NO_EMULATOR)
        emulator = None
    if emulator is None:
        bell = house.enter_context(Bell(folder, stage.language, rings_on_console(), {}))
        mailbox.receive(bell.letters())
    else:
        topic_arn, queue = emulator.subscribe()
        settings = rings_through_sns(topic_arn, emulator.url)
        bell = house.enter_context(Bell(folder, stage.language, settings, emulator.credentials))
        mailbox.receive(queue.letters(stage.language))
    if not bell.started():
        raise Refused(say("The agent does not start: {why}", why="; ".join(bell.remarks())))
    return bell, emulator is not None


@dataclass(slots=True)
class Play:
    """One performance of a day, in so many ``seconds``. ``clock`` and ``pause`` are handed in for tests that cannot wait."""

    stage: Stage
    day: Day
    seconds: float
    clock: Clock
    pause: Callable[[float], object]
    letters: list[Letter] = field(default_factory=list)
    _written: dict[int, datetime] = field(default_factory=dict)
    _recipe: list[int] = field(default_factory=list)

    def perform(self, log: EvtxFile, bell: Bell, mailbox: Mailbox, *, emulated: bool) -> Verdict:
        """Write the day into ``log`` and judge what comes of it."""
        events = self.day.events
        with self.stage.day(events[0].time, events[-1].time, emulated=emulated):
            self._write(log, mailbox)
            self._settle(bell, mailbox)
        self._receive(mailbox)
        return judge(
            self.day,
            self._recipe,
            self.letters,
            written=self._written,
            agent=bell.state(),
            remarks=bell.remarks(),
        )

    def _write(self, log: EvtxFile, mailbox: Mailbox) -> None:
        """Write each record when its time has come, with that time in it."""
        shortened = compress(self.day.events, self.clock(), self.seconds)
        for event, record in zip(self.day.events, shortened, strict=True):
            while (early := (record.time - self.clock()).total_seconds()) > 0:
                self._receive(mailbox)
                self.pause(min(early, _TICK))
            log.append(record)
            self._written[record.record_id] = record.time
            self.stage.passes(event.time)
            if (subject := mails(event)) is not None:
                self._recipe.append(event.record_id)
                self.stage.mailed(event.time, subject)

    def _settle(self, bell: Bell, mailbox: Mailbox) -> None:
        """Wait until the last record is read, and what it may have rung has come."""
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and bell.alive and not self._is_read(bell):
            self._receive(mailbox, _TICK)
        held = time.monotonic() + _HELD
        while time.monotonic() < held:
            self._receive(mailbox, _TICK)
        while time.monotonic() < deadline and bell.alive and len(self.letters) < _numbered(bell):
            self._receive(mailbox, _TICK)

    def _is_read(self, bell: Bell) -> bool:
        sources = bell.state().sources.values()
        return sum(source.newest or 0 for source in sources) >= len(self._written)

    def _receive(self, mailbox: Mailbox, seconds: float = 0.0) -> None:
        for letter in mailbox.take(seconds):
            self.letters.append(letter)
            of_day = {event.record_id: event.time for event in self.day.events}
            self.stage.rang(of_day[letter.records[0]], letter, letter.delay(self._written))


def _numbered(bell: Bell) -> int:
    return sum(bell.state().sequences.values())
