"""``logonbell silence``: what is not told for a while, by whose word and why."""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from logonbell.agent import utc_now
from logonbell.alert import Alert
from logonbell.commands.composition import names, notifiers_of
from logonbell.commands.desk import Desk
from logonbell.commands.span import ahead
from logonbell.config.settings import Config
from logonbell.errors import Refused
from logonbell.logon import NoticeKind
from logonbell.notice import notice
from logonbell.sentence import Sentence, say
from logonbell.silence import LONGEST, Cover, Silence, read_network
from logonbell.store.outbox import Outbox
from logonbell.text.moment import in_utc, in_zone
from logonbell.wire import iso

_SHOWN = timedelta(days=7)
_REASON = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be silent: the criteria, from when (now, where it is not said) until when, and why."""

    doors: Sequence[str]
    users: Sequence[str]
    addresses: Sequence[str]
    hosts: Sequence[str]
    rules: Sequence[str]
    principals: Sequence[str]
    everything: bool
    begins: str | None
    ends: str
    because: str


def add(desk: Desk, config: Config, asked: Asked, *, now: datetime | None = None) -> int:
    """Make a silence; it rings before it begins. Returns the exit code."""
    now = now or utc_now()
    silence = _read(asked, desk, now)
    outbox = Outbox.join(config.state)
    try:
        with outbox.together():
            silence = outbox.silences.add(silence)
            what = say(
                "{author} silences {what} from {begins} to {ends}: {because}",
                author=silence.author,
                what=silence.cover.words,
                begins=in_utc(silence.begins),
                ends=in_utc(silence.ends),
                because=silence.because,
            )
            alert = _notice(outbox, silence.number, what, now)
            outbox.silences.announce(silence, alert.fingerprint)
            outbox.ring([alert], names(notifiers_of(config, desk)), now)
    finally:
        outbox.close()
    desk.say(
        say(
            "Silence {number}: {what}, until {ends}. It holds once a notifier has taken the message that tells of it;"
            " what is critical rings all the same.",
            number=silence.number,
            what=silence.cover.words,
            ends=_shown(silence.ends, desk),
        )
    )
    return 0


def end(desk: Desk, config: Config, number: int, *, now: datetime | None = None) -> int:
    """End a silence; that rings, too. Returns the exit code."""
    now = now or utc_now()
    outbox = Outbox.join(config.state)
    try:
        with outbox.together():
            silence = outbox.silences.one(number)
            if silence is None:
                raise Refused(
                    say("There is no silence {number}.", number=number), say("See: logonbell silence list")
                )
            if not outbox.silences.end(number, now):
                raise Refused(
                    say("Silence {number} has ended, {ends}.", number=number, ends=_shown(silence.ends, desk))
                )
            what = say(
                "{author} ends the silence of {what} ({because}); alerts that it held back: {held}",
                author=author(),
                what=silence.cover.words,
                because=silence.because,
                held=silence.held,
            )
            outbox.ring([_notice(outbox, silence.number, what, now)], names(notifiers_of(config, desk)), now)
    finally:
        outbox.close()
    desk.say(
        say("Silence {number} has ended. Alerts that it held back: {held}", number=number, held=silence.held)
    )
    return 0


def show(desk: Desk, config: Config, *, as_lines: bool, now: datetime | None = None) -> int:
    """List the silences that are on, are to come, or ended within a week. Returns the exit code."""
    now = now or utc_now()
    outbox = Outbox.join(config.state)
    try:
        silences = outbox.silences.since(now - _SHOWN)
        untold = {one.number for one in silences if one.notice and not outbox.tellings.took(one.notice)}
    finally:
        outbox.close()
    for silence in silences:
        if as_lines:
            desk.out.line(json.dumps(_line(silence, now, told=silence.number not in untold)))
        else:
            _print(desk, silence, now, told=silence.number not in untold)
    if not silences and not as_lines:
        desk.say(say("There are no silences."))
    return 0


def author() -> str:
    """Name who runs this: behind sudo, who called it."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (OSError, KeyError):  # an account without a name
        return "?"


def _read(asked: Asked, desk: Desk, now: datetime) -> Silence:
    cover = Cover(
        tuple(asked.doors),
        tuple(asked.users),
        tuple(read_network(address) for address in asked.addresses),
        tuple(asked.hosts),
        tuple(asked.rules),
        tuple(asked.principals),
    )
    if cover.is_all and not asked.everything:
        raise Refused(
            say("It is not said what is to be silent."),
            say("Name doors, users, addresses, hosts, rules or principals; or all of it: --all"),
        )
    if asked.everything and not cover.is_all:
        raise Refused(say("--all goes with no other criterion."))
    because = " ".join(asked.because.split())
    if not because:
        raise Refused(say("It is not said why."), say("Whoever reads it later wants to know: --because TEXT"))
    begins = ahead(asked.begins, now, desk.zone) if asked.begins else now
    ends = ahead(asked.ends, now, desk.zone)
    if begins < now:
        raise Refused(
            say("A silence cannot begin in the past: what happened was told, or is about to be."),
            say("Leave --from out; it begins now."),
        )
    if ends <= begins:
        raise Refused(
            say("It would end before it begins."),
            say("Say until when: --until 18:00, 2h or 2026-03-03T17:05"),
        )
    if ends - begins > LONGEST:
        raise Refused(
            say("A silence lasts {days} days at most.", days=LONGEST.days),
            say("What is never to ring is a matter of the settings: [rules] and [[maintenance]]."),
        )
    return Silence(0, cover, because[:_REASON], author(), begins, ends)


def _notice(outbox: Outbox, number: int, what: Sentence, now: datetime) -> Alert:
    host_id = outbox.host_id(socket.gethostname())
    return notice(NoticeKind.SILENCE, what, host_id=host_id, number=number, time=now)


def _print(desk: Desk, silence: Silence, now: datetime, *, told: bool) -> None:
    state = say("is on") if told else say("holds nothing back yet, since nobody has been told of it")
    if silence.begins > now:
        state = say("is to come")
    if silence.ends <= now:
        state = say("has ended")
    desk.say(
        say(
            "{number}  {begins} to {ends}, {state}: {what}",
            number=silence.number,
            begins=_shown(silence.begins, desk),
            ends=_shown(silence.ends, desk),
            state=state,
            what=silence.cover.words,
        )
    )
    desk.say(
        say(
            "   by {author}: {because}; alerts held back: {held:,}",
            author=silence.author,
            because=silence.because,
            held=silence.held,
        )
    )


def _line(silence: Silence, now: datetime, *, told: bool) -> dict[str, object]:
    cover = silence.cover
    return {
        "number": silence.number,
        "begins": iso(silence.begins),
        "ends": iso(silence.ends),
        "on": told and silence.begins <= now < silence.ends,
        "told": told,
        "author": silence.author,
        "because": silence.because,
        "held": silence.held,
        "doors": cover.doors,
        "users": cover.users,
        "addresses": cover.addresses,
        "hosts": cover.hosts,
        "rules": cover.rules,
        "principals": cover.principals,
    }


def _shown(time: datetime, desk: Desk) -> str:
    return in_zone(time, desk.zone) or in_utc(time)
