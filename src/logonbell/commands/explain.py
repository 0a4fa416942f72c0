"""``logonbell explain``: what each event was taken for, into what it was folded, and why it rings or not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from logonbell.commands.desk import Desk
from logonbell.commands.past import Past
from logonbell.commands.plain import plain_book, plain_judge
from logonbell.commands.progress import progress
from logonbell.errors import Refused
from logonbell.explanation import Explained, lines
from logonbell.explanation import explain as explain_events
from logonbell.judge import Judge
from logonbell.sentence import plural, say
from logonbell.text.language import speak
from logonbell.wire import iso, line


def explain(
    desk: Desk, paths: Sequence[Path], *, record: int | None, as_lines: bool, judge: Judge | None = None
) -> int:
    """Explain logs, or one record of them and what it belongs to. Returns the exit code."""
    with progress(desk, paths) as on_progress:
        past = Past(paths, noise=True, on_progress=on_progress)
        explained = explain_events(past.events(), judge or plain_judge(plain_book()))
    desk.tell_losses(past.losses)
    if record is not None:
        asked = [one for one in explained if one.tells_of(record)]
        if not asked:
            of_interest = {(event.host, event.ref) for one in explained for event in one.events}
            raise Refused(
                say("Record {record} tells of no logon here, or is not in these logs.", record=record),
                say("Of the records of interest, these logs hold {count}.", count=len(of_interest)),
            )
        explained = asked
    if as_lines:
        for one in explained:
            _print_line(desk, one)
    else:
        _print(desk, explained, everything=record is not None)
    return 0


def _print(desk: Desk, explained: Sequence[Explained], *, everything: bool) -> None:
    language = desk.out.language(desk.language)
    noise: Counter[str] = Counter()
    for one in explained:
        if one.finding is None and not everything:
            noise.update(speak(event.what, language) for event in one.events)
            continue
        for text in lines(one, language):
            desk.out.line(text)
        desk.out.line()
    if noise:
        desk.say(plural("Nothing came of {count} event:", "Nothing came of {count} events:", noise.total()))
        width = len(str(max(noise.values())))
        for what, count in noise.most_common():
            desk.out.line(f"  {count:>{width}} x {what}")


def _print_line(desk: Desk, one: Explained) -> None:
    finding = None if one.finding is None or one.verdict is None else line(one.finding, one.verdict)
    events = [
        {
            "channel": event.ref.channel,
            "record_id": event.ref.record_id,
            "event_id": event.ref.event_id,
            "time": iso(event.time),
            "host": event.host,
            "taken_for": str(event.what),
        }
        for event in one.events
    ]
    desk.out.line(json.dumps({"type": "explained", "finding": finding, "events": events}))
