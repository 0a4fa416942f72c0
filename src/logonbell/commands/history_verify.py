"""``logonbell history verify``: whether the history is what was written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import chain
from pathlib import Path

from logonbell.agent import utc_now
from logonbell.commands.desk import MENDABLE, Desk
from logonbell.completeness import Letter
from logonbell.config.settings import Config
from logonbell.errors import Refused
from logonbell.saved import Saved
from logonbell.sentence import plural, say
from logonbell.store.inspection import Flaw, Inspection, Sound
from logonbell.store.outbox import Outbox


def verify(desk: Desk, config: Config, against: Sequence[Path] = (), *, as_lines: bool) -> int:
    """Print what is not as it was written, and does not fit ``against``, messages that were saved.

    Returns the exit code: 1 where there is such a thing.
    """
    saved = Saved()
    letters = list(saved.below(against))
    if against and not letters:
        raise Refused(say("No message of logonbell was found."), say("Name those that were received."))
    outbox = Outbox.join(config.state)
    flaws = 0
    try:
        with outbox.inspect() as inspection:
            kept = timedelta(days=config.history.keep_days)
            for flaw, where in chain(_flaws(inspection, kept), _untold(inspection, letters, saved)):
                flaws += 1
                if as_lines:
                    desk.out.line(json.dumps(_line(flaw, where)))
                elif where is None:
                    desk.say(flaw.what)
                else:
                    desk.say(say("{where}: {what}", where=where, what=flaw.what))
            sound = inspection.sound
    finally:
        outbox.close()
    if as_lines:
        desk.out.line(json.dumps(_sum(sound, flaws)))
    else:
        _print(desk, sound, flaws)
    return MENDABLE if flaws else 0


def _flaws(inspection: Inspection, kept: timedelta) -> Iterator[tuple[Flaw, str | None]]:
    hasty = inspection.forgotten(utc_now() - kept)
    if hasty is not None:
        yield hasty, None
    for flaw in inspection.flaws():
        yield flaw, None


def _untold(
    inspection: Inspection, letters: Iterable[Letter], saved: Saved
) -> Iterator[tuple[Flaw, str | None]]:
    for problem in saved.problems:
        yield Flaw(problem.kind, problem.what), problem.where
    for letter in letters:
        flaw = inspection.untold(letter.claim) if letter.claim else None
        if flaw is not None:
            yield flaw, letter.where


def _print(desk: Desk, sound: Sound, flaws: int) -> None:
    desk.say(
        say(
            "As they were written: {findings:,} findings and {alerts:,} alerts, in the links from {first:,} to {last:,}.",
            findings=sound.findings,
            alerts=sound.alerts,
            first=sound.checkpoint + 1,
            last=sound.head.number,
        )
    )
    if sound.before is not None:
        desk.say(
            say(
                "What was before {time} may be forgotten, and links up to {number:,} were dropped behind a checkpoint.",
                time=sound.before,
                number=sound.checkpoint,
            )
        )
    desk.say(say("Head: link {number:,}, {mark}", number=sound.head.number, mark=sound.head.mark))
    if flaws:
        desk.say(plural("{count:,} flaw was found.", "{count:,} flaws were found.", flaws))
    else:
        desk.say(
            say(
                "No flaw was found. Whoever owns this host may have written all of it anew: only messages"
                " that were sent can tell."
            )
        )


def _line(flaw: Flaw, where: str | None) -> dict[str, object]:
    return {"type": "flaw", "kind": flaw.kind, "link": flaw.number, "where": where, "what": str(flaw.what)}


def _sum(sound: Sound, flaws: int) -> dict[str, object]:
    return {
        "type": "summary",
        "flaws": flaws,
        "findings": sound.findings,
        "alerts": sound.alerts,
        "bare": sound.bare,
        "checkpoint": sound.checkpoint,
        "before": sound.before,
        "head": {"number": sound.head.number, "mark": sound.head.mark},
    }
