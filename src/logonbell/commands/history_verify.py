"""``logonbell history verify``: whether the history is what was written."""

from __future__ import annotations

import json

from logonbell.commands.desk import MENDABLE, Desk
from logonbell.config.settings import Config
from logonbell.sentence import plural, say
from logonbell.store.inspection import Flaw, Sound
from logonbell.store.outbox import Outbox


def verify(desk: Desk, config: Config, *, as_lines: bool) -> int:
    """Print what is not as it was written. Returns the exit code: 1 where there is such a thing."""
    outbox = Outbox.join(config.state)
    flaws = 0
    try:
        with outbox.inspect() as inspection:
            for flaw in inspection.flaws():
                flaws += 1
                if as_lines:
                    desk.out.line(json.dumps(_line(flaw)))
                else:
                    desk.say(flaw.what)
            sound = inspection.sound
    finally:
        outbox.close()
    if as_lines:
        desk.out.line(json.dumps(_sum(sound, flaws)))
    else:
        _print(desk, sound, flaws)
    return MENDABLE if flaws else 0


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


def _line(flaw: Flaw) -> dict[str, object]:
    return {"type": "flaw", "kind": flaw.kind, "link": flaw.number, "what": str(flaw.what)}


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
