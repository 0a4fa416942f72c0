"""``logonbell topic``: whether a topic is heard, and confirming so that nobody is unsubscribed by a mail scanner."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from logonbell.agent import utc_now
from logonbell.caretaker import Seen, lately, recall
from logonbell.commands.composition import guard_of
from logonbell.commands.desk import MENDABLE, Desk
from logonbell.config.notify import ToSns
from logonbell.config.settings import Config
from logonbell.errors import Refused
from logonbell.notifiers.check import Check, Mark
from logonbell.notifiers.confirmation import read_confirmation
from logonbell.notifiers.subscription import told
from logonbell.notifiers.topic_guard import Report
from logonbell.sentence import Sentence, say
from logonbell.store.outbox import Outbox
from logonbell.text.moment import in_utc, in_zone

MARKS: Mapping[Mark, Sentence] = MappingProxyType(
    {
        Mark.GOOD: say("  good: {what}"),
        Mark.CARE: say("  take care: {what}"),
        Mark.BAD: say("  BAD: {what}"),
        Mark.UNKNOWN: say("  ? {what}"),
    }
)


def check(desk: Desk, config: Config, *, as_lines: bool) -> int:
    """Look at every topic of the settings, and send nothing. Returns the exit code."""
    bad = False
    for table in _tables(config):
        report = guard_of(table).look()
        seen = _remembered(config, table)
        checks = [*report.checks, *_since(desk, seen, report), *_canary(desk, table, seen)]
        bad = bad or any(one.mark is Mark.BAD for one in checks)
        if as_lines:
            for one in checks:
                line = {"topic": table.topic_arn, "check": one.about, "mark": one.mark, "what": str(one.what)}
                desk.out.line(json.dumps(line))
            continue
        desk.say(say("{notifier}: {topic}", notifier=table.name, topic=table.topic_arn))
        for one in checks:
            desk.say(replace(MARKS[one.mark], holes={"what": one.what}))
    return MENDABLE if bad else 0


def confirm(desk: Desk, config: Config, text: str, *, name: str | None) -> int:
    """Confirm a subscription; only rights of AWS end it then. Returns the exit code."""
    confirmation = read_confirmation(text)
    tables = [table for table in _tables(config) if name in {None, table.name}]
    if not tables:
        raise Refused(
            say("No notifier of SNS is called {name}.", name=name or ""),
            say("Known: {names}", names=", ".join(table.name for table in config.notify.sns)),
        )
    arn = confirmation.topic_arn
    if arn is not None:
        tables = [table for table in tables if table.topic_arn == arn]
        if not tables:
            raise Refused(
                say("This link is for {topic}, which the settings do not name.", topic=arn),
                say("Was it you who subscribed? If so, confirm it where that topic is set."),
            )
    if len({table.topic_arn for table in tables}) > 1:
        raise Refused(
            say("The settings name several topics, and a token does not say of which it is."),
            say("Give the whole link, or name the notifier with --notifier."),
        )
    subscription = guard_of(tables[0]).confirm(confirmation.token)
    desk.say(
        say("Confirmed: {subscription}. From now on only rights of AWS end it.", subscription=subscription)
    )
    return 0


def _tables(config: Config) -> Sequence[ToSns]:
    if not config.notify.sns:
        raise Refused(say("The settings name no topic."), say("Add [notify.sns] with topic_arn."))
    return config.notify.sns


def _remembered(config: Config, table: ToSns) -> Seen | None:
    try:
        outbox = Outbox.join(config.state)
    except Refused:
        # Nothing ran here yet, or it runs as another user: the rest is worth knowing all the same.
        return None
    try:
        return recall(outbox, table.topic_arn)
    finally:
        outbox.close()


def _since(desk: Desk, seen: Seen | None, report: Report) -> Iterator[Check]:
    """Say who heard the topic before, and does not now."""
    if seen is None or seen.looked is None:
        why = say("Not known: who vanished. It is remembered by: logonbell watch")
        yield Check("vanished", Mark.UNKNOWN, why)
        return
    for one in lately(seen, report, utc_now()):
        why = say(
            "{name}: heard the topic before, and does not any more (found out {time}).",
            name=told((one.protocol, one.endpoint)),
            time=in_zone(one.found, desk.zone) or in_utc(one.found),
        )
        yield Check("vanished", Mark.CARE, why)


def _canary(desk: Desk, table: ToSns, seen: Seen | None) -> Iterator[Check]:
    if not table.canary:
        return
    if seen is None or seen.canary_taken is None:
        yield Check("canary", Mark.UNKNOWN, say("No canary was taken yet."))
        return
    mark = Mark.BAD if seen.canary_told else Mark.GOOD
    time = in_zone(seen.canary_taken, desk.zone) or in_utc(seen.canary_taken)
    what = say("The last canary was taken {time}: {receipt}", time=time, receipt=seen.canary_receipt or "-")
    yield Check("canary", mark, what)
