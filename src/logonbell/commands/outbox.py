"""``logonbell outbox``: what does not get through, to be tried again or dropped."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from logonbell.agent import utc_now
from logonbell.commands.desk import Desk
from logonbell.commands.fate import fate_in_words, fate_line
from logonbell.commands.silence import author
from logonbell.config.settings import Config
from logonbell.errors import Refused
from logonbell.remarks import listed, ranges
from logonbell.sentence import Sentence, plural, say
from logonbell.store.fates import Fate
from logonbell.store.outbox import Outbox


def show(desk: Desk, config: Config, *, as_lines: bool) -> int:
    """List the messages that were given up or are pending, and why. Returns the exit code."""
    outbox = Outbox.join(config.state)
    try:
        fates = outbox.fates.troubled(everything=True)
        numbered = [(fate, outbox.fates.numbers(fate.message or 0)) for fate in fates]
        state = outbox.state()
    finally:
        outbox.close()
    if as_lines:
        for fate, numbers in numbered:
            desk.out.line(json.dumps({**fate_line(fate), "numbers": numbers}))
        return 0
    for fate, numbers in numbered:
        desk.say(_heading(fate, numbers))
        desk.say(say("   {fate}", fate=fate_in_words(fate, desk)))
    for name, notifier in state.notifiers.items():
        if notifier.waiting:
            desk.say(
                plural(
                    "{notifier}: {count:,} alert waits to be told",
                    "{notifier}: {count:,} alerts wait to be told",
                    notifier.waiting,
                    notifier=name,
                )
            )
    if not numbered and not any(notifier.waiting for notifier in state.notifiers.values()):
        desk.say(say("Nothing is pending, and nothing was given up."))
    return 0


def retry(desk: Desk, config: Config, messages: Sequence[int]) -> int:
    """Try messages again that were given up; without any named, all of them. Returns the exit code."""
    outbox = Outbox.join(config.state)
    try:
        with outbox.together():
            buried = [fate.message for fate in outbox.fates.troubled() if fate.state == "buried"]
            _refuse_others(messages, buried, say("Only what was given up can be tried again."))
            tried = [message for message in messages or buried if outbox.tellings.retry(message or 0)]
    finally:
        outbox.close()
    desk.say(
        plural("{count:,} message is tried again.", "{count:,} messages are tried again.", len(tried))
        if tried
        else say("Nothing was given up.")
    )
    return 0


def drop(
    desk: Desk,
    config: Config,
    messages: Sequence[int],
    *,
    notifier: str | None,
    because: str,
    now: datetime | None = None,
) -> int:
    """Drop messages, or all that a notifier has not delivered; the next message says so. Returns the exit code."""
    if bool(messages) == bool(notifier):
        raise Refused(
            say("Name messages, or a notifier all of whose messages are to be dropped."),
            say("See: logonbell outbox list"),
        )
    if not because.strip():
        raise Refused(say("It is not said why."), say("Whoever reads it later wants to know: --because TEXT"))
    now = now or utc_now()
    why = say("dropped by {author} ({because})", author=author(), because=" ".join(because.split()))
    outbox = Outbox.join(config.state)
    try:
        with outbox.together():
            known = [fate.message for fate in outbox.fates.troubled(everything=True)]
            _refuse_others(messages, known, say("Only what is pending or was given up can be dropped."))
            if notifier is not None and notifier not in outbox.state().notifiers:
                raise Refused(
                    say("There is no notifier {notifier}.", notifier=notifier),
                    say("There are: {known}", known=", ".join(outbox.state().notifiers)),
                )
            dropped = (
                sum(outbox.tellings.drop(message, why, now) for message in messages)
                if notifier is None
                else outbox.tellings.drop_all(notifier, why, now)
            )
    finally:
        outbox.close()
    desk.say(
        plural(
            "{count:,} alert was dropped; the next message says so.",
            "{count:,} alerts were dropped; the next message says so.",
            dropped,
        )
    )
    return 0


def _refuse_others(messages: Sequence[int], known: Sequence[int | None], why: Sentence) -> None:
    for message in messages:
        if message not in known:
            raise Refused(
                say("{why} Message {number} is no such.", why=why, number=message),
                say("See: logonbell outbox list"),
            )


def _heading(fate: Fate, numbers: Sequence[int]) -> Sentence:
    return plural(
        "message {message}, {notifier}: alert {numbers}",
        "message {message}, {notifier}: alerts {numbers}",
        len(numbers),
        message=fate.message or 0,
        notifier=fate.notifier,
        numbers=listed(ranges(numbers)),
    )
