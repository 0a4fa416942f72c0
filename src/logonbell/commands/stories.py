"""``logonbell explain`` without a log: the agent's own alerts, and what became of each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from logonbell.agent import utc_now
from logonbell.commands.composition import limits_of, reader_of
from logonbell.commands.desk import Desk
from logonbell.commands.fate import fate_in_words, fate_line
from logonbell.config.settings import Config
from logonbell.errors import Refused
from logonbell.pace import Hold, decide, remembered
from logonbell.rule import Verdict
from logonbell.sentence import say
from logonbell.store.fates import Fate, Story
from logonbell.store.outbox import Outbox
from logonbell.text.headline import headline
from logonbell.text.moment import in_utc, in_zone
from logonbell.wire import iso, line

RECENT = 20
_SEEDS = 2_000

Holds = Mapping[tuple[str, int], Hold]
"""What the pace says of the alerts that wait, by notifier and row."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which alerts: of this number, fingerprint or record; without any of them, the newest."""

    number: int | None = None
    fingerprint: str | None = None
    record: int | None = None


def stories(desk: Desk, config: Config, asked: Asked, *, as_lines: bool) -> int:
    """Tell what became of alerts. Returns the exit code."""
    outbox = Outbox.join(config.state)
    try:
        found = _found(outbox, asked)
        holds = _holds(outbox, config, found)
    finally:
        outbox.close()
    for story in found:
        if as_lines:
            desk.out.line(json.dumps(_line(story, config, holds)))
        else:
            _print(desk, config, story, holds)
    if not found and not as_lines:
        desk.say(say("No alert was made yet."))
    return 0


def _found(outbox: Outbox, asked: Asked) -> list[Story]:
    fates = outbox.fates
    if asked.number is not None:
        found = fates.numbered(asked.number)
    elif asked.fingerprint is not None:
        found = fates.marked(asked.fingerprint)
    elif asked.record is not None:
        found = fates.of_record(asked.record)
    else:
        return fates.recent(RECENT)
    if not found:
        raise Refused(
            say("No alert was made of that."),
            say(
                "The newest are listed by: logonbell explain. What no alert was made of is explained from its log."
            ),
        )
    return found


def _holds(outbox: Outbox, config: Config, found: list[Story]) -> Holds:
    """Decide as the agent does, without doing it."""
    holds: dict[tuple[str, int], Hold] = {}
    now = utc_now()
    for notifier in {fate.notifier for story in found for fate in story.fates if fate.message is None}:
        if (limits := limits_of(config, notifier)) is None:
            continue
        plan = decide(
            outbox.tellings.waiting(notifier),
            remembered(outbox.tellings.sent(notifier, now, _SEEDS), limits),
            limits,
            now=now,
            stuck=outbox.tellings.stuck(notifier),
        )
        holds |= {(notifier, key): hold for hold in plan.hold for key in hold.keys}
    return holds


def _print(desk: Desk, config: Config, story: Story, holds: Holds) -> None:
    alert = story.alert
    if alert is None:
        desk.say(say("{number}  what it said is not known any more", number=story.sequence))
    else:
        host = reader_of(config, desk).host_name
        told = headline(alert.finding, language=desk.out.language(desk.language), host_name=host)
        time = in_zone(alert.finding.time, desk.zone) or in_utc(alert.finding.time)
        desk.out.line(f"{story.sequence}  {time}  {told}")
        desk.say(say("  rings ({level}): {reason}", level=alert.level.word, reason=alert.reason))
    if story.silenced is not None:
        desk.say(say("  not told: {why}", why=story.silenced))
    for fate in story.fates:
        words = fate_in_words(fate, desk, _hold(story, fate, holds))
        desk.say(say("  {notifier}: {words}", notifier=fate.notifier, words=words))
    for notifier in _filtered(story, config):
        desk.say(say("  {notifier}: is not told this, by its filter", notifier=notifier))


def _line(story: Story, config: Config, holds: Holds) -> dict[str, object]:
    alert = story.alert
    finding = None
    if alert is not None:
        finding = line(alert.finding, Verdict(True, alert.level, alert.rule, alert.reason))
    return {
        "type": "story",
        "number": story.sequence,
        "fingerprint": None if alert is None else alert.fingerprint,
        "read": iso(story.read),
        "silenced": None if story.silenced is None else str(story.silenced),
        "finding": finding,
        "notifiers": [fate_line(fate, _hold(story, fate, holds)) for fate in story.fates],
        "filtered": _filtered(story, config),
    }


def _filtered(story: Story, config: Config) -> list[str]:
    """Name the notifiers that, by the filters of the settings as they are now, had no part in this."""
    if story.alert is None or story.silenced is not None:
        return []
    told = {fate.notifier for fate in story.fates}
    filters = config.notify.filters.items()
    return [name for name, sieve in filters if name not in told and not sieve.passes(story.alert)]


def _hold(story: Story, fate: Fate, holds: Holds) -> Hold | None:
    return holds.get((fate.notifier, story.key)) if fate.message is None else None
