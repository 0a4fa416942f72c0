"""What became of a message, in words and as a line."""

from __future__ import annotations

from datetime import datetime, timedelta

from logonbell.commands.desk import Desk
from logonbell.pace import Hold
from logonbell.sentence import Sentence, plural, say
from logonbell.store.fates import Fate
from logonbell.text.moment import in_utc, in_zone, span
from logonbell.wire import iso

_UNKNOWN = say("the reason is not known")


def fate_in_words(fate: Fate, desk: Desk, hold: Hold | None = None) -> Sentence:
    """Say it; ``hold`` is what the pace says of an alert that waits."""
    match fate.state:
        case "waiting":
            if hold is None:
                return say("is told next")
            wait = span(max(hold.wait, timedelta(0)), desk.language)
            return say("waits, {span} at most for now: {why}", span=wait, why=hold.why)
        case "delivered":
            return _delivered(fate, desk)
        case "buried":
            return say(
                "given up {time}: {error} To try it again: logonbell outbox retry {message}",
                time=_shown(fate.done, desk),
                error=fate.error or _UNKNOWN,
                message=fate.message or 0,
            )
        case "dropped":
            return say("{why}, {time}", why=fate.error or _UNKNOWN, time=_shown(fate.done, desk))
        case _:
            return _pending(fate, desk)


def _pending(fate: Fate, desk: Desk) -> Sentence:
    if fate.tries == 0:
        return say("is being sent")
    if fate.due is None:
        return say("is tried again now; the last error: {error}", error=fate.error or _UNKNOWN)
    return plural(
        "did not get through at {count:,} try, is tried again {due}: {error}",
        "did not get through at {count:,} tries, is tried again {due}: {error}",
        fate.tries,
        due=_shown(fate.due, desk),
        error=fate.error or _UNKNOWN,
    )


def _delivered(fate: Fate, desk: Desk) -> Sentence:
    time, receipt = _shown(fate.done, desk), fate.receipt or ""
    signed = receipt not in {"", fate.notifier}  # nobody signs for what is written to a console
    if fate.alerts > 1:
        told = plural(
            "told {time} together with {count:,} other: {why}",
            "told {time} together with {count:,} others: {why}",
            fate.alerts - 1,
            time=time,
            why=fate.why or _UNKNOWN,
        )
    else:
        told = say("told {time}", time=time)
    return say("{told}, receipt {receipt}", told=told, receipt=receipt) if signed else told


def fate_line(fate: Fate, hold: Hold | None = None) -> dict[str, object]:
    """Give the JSON object of it."""
    why = hold.why if hold is not None else fate.why
    return {
        "notifier": fate.notifier,
        "state": fate.state,
        "message": fate.message,
        "digest": None if fate.digest is None else str(fate.digest),
        "alerts": fate.alerts,
        "why": None if why is None else str(why),
        "wait": None if hold is None else hold.wait.total_seconds(),
        "begun": _iso(fate.begun),
        "tries": fate.tries,
        "due": _iso(fate.due),
        "error": None if fate.error is None else str(fate.error),
        "done": _iso(fate.done),
        "receipt": fate.receipt,
    }


def _iso(time: datetime | None) -> str | None:
    return None if time is None else iso(time)


def _shown(time: datetime | None, desk: Desk) -> str:
    if time is None:
        return "?"
    return in_zone(time, desk.zone) or in_utc(time)
