"""``logonbell status``: how far it has read, what waits, what was delivered, what went wrong last."""

from __future__ import annotations

import json
from datetime import datetime, tzinfo

from logonbell.agent import utc_now
from logonbell.commands.composition import book_of, sources_of
from logonbell.commands.desk import MENDABLE, Desk
from logonbell.commands.health import blind, health_of, why_blind
from logonbell.config.settings import Config
from logonbell.health import Health, ailments
from logonbell.sentence import say
from logonbell.ssm.ledger import NAMED, blind_since
from logonbell.store.outbox import NotifierState, Outbox, OutboxState, SourceState
from logonbell.text.moment import in_utc, in_zone
from logonbell.wire import iso


def status(desk: Desk, config: Config, *, as_lines: bool, check: bool) -> int:
    """Print the state of the outbox, and why a logon might not ring; with ``check`` the latter alone.

    Returns the exit code: with ``check``, 1 where there is such a reason.
    """
    outbox = Outbox.join(config.state)
    try:
        state = outbox.state()
        book = book_of(config, desk)
        health = health_of(config, outbox, utc_now(), lambda closing: sources_of(config, closing, book=book))
    finally:
        outbox.close()
    ill = list(ailments(health))
    code = MENDABLE if check and ill else 0
    if as_lines:
        desk.out.line(json.dumps(_as_line(state, health)))
        return code
    if not check:
        _print_state(desk, state)
    for ailment in ill:
        desk.say(say("! {what}", what=ailment.what))
    if check and not ill:
        desk.say(say("All is well."))
    return code


def _print_state(desk: Desk, state: OutboxState) -> None:
    zone = desk.zone
    if not state.sources:
        desk.say(say("Nothing was read yet."))
    for name, source in state.sources.items():
        _print_source(desk, zone, name, source)
    for name, notifier in state.notifiers.items():
        _print_notifier(desk, zone, name, notifier)
    for host, sequence in state.sequences.items():
        desk.say(say("{host}: the last alert is number {sequence:,}", host=host, sequence=sequence))
    for mending in state.mendings:
        desk.say(say("{time}: {what}", time=_time(mending.time, zone), what=mending.what))
    head = state.head
    desk.say(say("history: link {link:,}, {mark}", link=head.number, mark=head.mark))


def _print_source(desk: Desk, zone: tzinfo, name: str, source: SourceState) -> None:
    time = _time(source.read, zone)
    if (found := blind(name, source)) is not None:
        desk.say(
            say(
                "{source}: not followed since {time}. {why}",
                source=name,
                time=_time(found.since, zone),
                why=why_blind(name, found.code),
            )
        )
    elif name.startswith(NAMED):
        _print_sessions(desk, zone, name, source)
    elif source.newest is None:
        desk.say(say("{source}: no record yet, {time}", source=name, time=time))
    else:
        desk.say(
            say(
                "{source}: read up to record {record:,}, {time}", source=name, record=source.newest, time=time
            )
        )


def _print_sessions(desk: Desk, zone: tzinfo, name: str, source: SourceState) -> None:
    since = blind_since(source.bookmark)
    if since is None:
        desk.say(say("{source}: looked into, {time}", source=name, time=_time(source.read, zone)))
    else:
        desk.say(
            say(
                "{source}: nothing to look into since {time}, so SSM sessions are not seen."
                " Run logonbell as root, on Windows as SYSTEM or an administrator;"
                " if this host has no SSM agent, set ssm = 'off' under [sources].",
                source=name,
                time=_time(since, zone),
            )
        )


def _print_notifier(desk: Desk, zone: tzinfo, name: str, notifier: NotifierState) -> None:
    desk.say(
        say(
            "{notifier}: {pending:,} pending, {delivered:,} delivered, {buried:,} buried",
            notifier=name,
            pending=notifier.pending,
            delivered=notifier.delivered,
            buried=notifier.buried,
        )
    )
    if notifier.waiting:
        desk.say(
            say("  {waiting:,} of those pending wait for the pace, or to be begun", waiting=notifier.waiting)
        )
    if notifier.failing:
        desk.say(say("  {failing:,} of those pending did not get through so far", failing=notifier.failing))
    if notifier.dropped:
        desk.say(say("  {dropped:,} dropped by hand", dropped=notifier.dropped))
    if notifier.last_delivery is not None:
        desk.say(say("  last delivery, {time}", time=_time(notifier.last_delivery, zone)))
    if notifier.last_error is not None and notifier.failed is not None:
        time = _time(notifier.failed, zone)
        desk.say(say("  last error, {time}: {error}", time=time, error=notifier.last_error))


def _blind(name: str, source: SourceState) -> str | None:
    if (found := blind(name, source)) is not None:
        return iso(found.since)
    since = blind_since(source.bookmark) if name.startswith(NAMED) else None
    return None if since is None else iso(since)


def _time(time: datetime, zone: tzinfo) -> str:
    return in_zone(time, zone) or in_utc(time)


def _as_line(state: OutboxState, health: Health) -> dict[str, object]:
    unread = {source.name: source.unread for source in health.sources}
    return {
        "sources": {
            name: {
                "bookmark": source.bookmark,
                "newest": source.newest,
                "read": iso(source.read),
                "blind": _blind(name, source),
                "unread": iso(time) if (time := unread.get(name)) else None,
            }
            for name, source in state.sources.items()
        },
        "notifiers": {
            name: {
                "pending": notifier.pending,
                "waiting": notifier.waiting,
                "failing": notifier.failing,
                "delivered": notifier.delivered,
                "buried": notifier.buried,
                "dropped": notifier.dropped,
                "last_error": str(notifier.last_error) if notifier.last_error else None,
                "failed": iso(notifier.failed) if notifier.failed else None,
                "last_delivery": iso(notifier.last_delivery) if notifier.last_delivery else None,
            }
            for name, notifier in state.notifiers.items()
        },
        "alive": iso(state.alive) if state.alive else None,
        "head": {"number": state.head.number, "mark": state.head.mark},
        "ailments": [{"kind": one.kind, "what": str(one.what)} for one in ailments(health)],
        "sequences": dict(state.sequences),
        "mendings": [{"time": iso(mending.time), "what": str(mending.what)} for mending in state.mendings],
    }
