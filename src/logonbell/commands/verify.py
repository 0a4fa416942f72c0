"""``logonbell verify``: what the receiver's own messages prove."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from logonbell.agent import utc_now
from logonbell.commands.desk import MENDABLE, Desk
from logonbell.commands.span import moment
from logonbell.completeness import Examination, Letter, Problem, Stream, examine
from logonbell.errors import Refused
from logonbell.saved import Saved
from logonbell.sentence import plural, say
from logonbell.store.outbox import Outbox
from logonbell.text.drawing import aligned
from logonbell.text.escape import escape, name
from logonbell.text.language import speak
from logonbell.text.moment import in_utc, in_zone
from logonbell.wire import iso


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the messages are, and against what they are held."""

    paths: Sequence[Path]
    queue: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    save_to: Path | None = None
    state: Path | None = None
    since: str | None = None
    within: str | None = None


def verify(desk: Desk, asked: Asked, *, as_lines: bool) -> int:
    """Print what was received, and what does not fit. Returns the exit code: 1 where there is such a thing."""
    if not asked.paths and asked.queue is None:
        raise Refused(
            say("What is to be verified?"),
            say("Name saved messages, as a file or a folder, or a queue: --queue"),
        )
    if asked.save_to is not None and asked.queue is None:
        raise Refused(say("--save-to is for what is in a queue."), say("Name it: --queue"))
    now = utc_now()
    since = moment(asked.since, now, desk.zone) if asked.since else None
    fresh = moment(asked.within, now, desk.zone) if asked.within else None
    saved = Saved()
    letters = [letter for letter in _letters(saved, asked) if _is_asked_for(letter, since)]
    if not letters and not saved.problems:
        raise Refused(
            say("No message of logonbell was found."),
            say("Save them as they come, in JSON, or as mails with all their headers (.eml)."),
        )
    found = examine(letters, fresh=fresh)
    problems = [*saved.problems, *found.problems]
    if asked.state is not None:
        problems += untold(asked.state, letters)
    if as_lines:
        _write(desk, found, problems)
    else:
        _print(desk, found, problems)
    return MENDABLE if problems else 0


def untold(state: Path, letters: Sequence[Letter]) -> list[Problem]:
    """Hold the history of a state folder against messages."""
    outbox = Outbox.join(state)
    try:
        with outbox.inspect() as inspection:
            told = [(letter, inspection.untold(letter.claim)) for letter in letters if letter.claim]
            newest = max((letter.sent for letter in letters if letter.sent), default=None)
            hasty = None if newest is None else inspection.forgotten(newest)
            flaws = [*inspection.flaws(), *([] if hasty is None else [hasty])]
    finally:
        outbox.close()
    return [
        *(Problem(flaw.kind, flaw.what, letter.where) for letter, flaw in told if flaw is not None),
        *(Problem(flaw.kind, flaw.what, str(state)) for flaw in flaws),
    ]


def _letters(saved: Saved, asked: Asked) -> Iterator[Letter]:
    yield from saved.below(asked.paths)
    if asked.queue is None:
        return
    from logonbell.notifiers.queue import Queue  # noqa: PLC0415 - what is saved needs no AWS

    with ExitStack() as closing:
        take = None if asked.save_to is None else _saving(asked.save_to, closing)
        queue = Queue(asked.queue, region=asked.region, endpoint_url=asked.endpoint_url)
        for key, body in queue.bodies(take=take):
            yield from saved.in_text(f"sqs:{key}", body.encode("utf-8", "surrogatepass"))


def _saving(path: Path, closing: ExitStack) -> Callable[[str], None]:
    """Make what writes a message down, so that it is on the disk before it leaves the queue."""
    try:
        file: IO[bytes] = closing.enter_context(path.open("ab"))
    except OSError as error:
        raise _not_written(path, error) from error

    def save(body: str) -> None:
        try:
            file.write(json.dumps({"Body": body}).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        except OSError as error:
            raise _not_written(path, error) from error

    return save


def _not_written(path: Path, error: OSError) -> Refused:
    return Refused(
        say(
            "{path} cannot be written ({why}).",
            path=str(path),
            why=error.strerror or type(error).__name__,
        ),
        say("What was not written is still in the queue. Name another file."),
    )


def _is_asked_for(letter: Letter, since: datetime | None) -> bool:
    return since is None or letter.sent is None or letter.sent >= since


def _print(desk: Desk, found: Examination, problems: Sequence[Problem]) -> None:
    language = desk.out.language(desk.language)
    columns: dict[str, list[str]] = {
        "host": [speak(say("host"), language)],
        "notifier": [speak(say("notifier"), language)],
        "history": [speak(say("history"), language)],
        "messages": [speak(say("messages"), language)],
        "link": [speak(say("link"), language)],
        "sent": [speak(say("last one"), language)],
    }
    for one in found.streams:
        cells = (
            name(one.host, 40) or "?",
            name(one.notifier, 40) or "?",
            escape(one.stream, 16),
            f"{one.first}-{one.last}" if one.last > one.first else str(one.first),
            str(one.link),
            "?" if one.sent is None else in_zone(one.sent, desk.zone) or in_utc(one.sent),
        )
        for column, cell in zip(columns.values(), cells, strict=True):
            column.append(desk.out.fit(cell))
    if found.streams:
        for line in aligned(columns):
            desk.out.line(line)
    for problem in problems:
        desk.say(say("{where}: {what}", where=problem.where, what=problem.what))
    if found.unproved:
        desk.say(
            plural(
                "{count:,} message proves nothing: a test, or of an older logonbell.",
                "{count:,} messages prove nothing: tests, or of an older logonbell.",
                found.unproved,
            )
        )
    received = sum(one.messages for one in found.streams)
    again = sum(one.repeats for one in found.streams)
    if problems:
        desk.say(plural("{count:,} flaw was found.", "{count:,} flaws were found.", len(problems)))
    else:
        desk.say(
            say(
                "Nothing is missing between the first and the last of {received:,} messages ({again:,} came again).",
                received=received,
                again=again,
            )
        )


def _write(desk: Desk, found: Examination, problems: Sequence[Problem]) -> None:
    for one in found.streams:
        desk.out.line(json.dumps(_stream(one)))
    for problem in problems:
        line = {
            "type": "flaw",
            "kind": problem.kind,
            "where": problem.where,
            "what": str(problem.what),
        }
        desk.out.line(json.dumps(line))
    summary = {
        "type": "summary",
        "flaws": len(problems),
        "messages": sum(one.messages for one in found.streams),
        "repeats": sum(one.repeats for one in found.streams),
        "unproved": found.unproved,
    }
    desk.out.line(json.dumps(summary))


def _stream(one: Stream) -> dict[str, object]:
    return {
        "type": "stream",
        "host_id": one.host or None,
        "notifier": one.notifier or None,
        "stream": one.stream,
        "first": one.first,
        "last": one.last,
        "messages": one.messages,
        "repeats": one.repeats,
        "link": one.link,
        "sent": iso(one.sent) if one.sent else None,
    }
