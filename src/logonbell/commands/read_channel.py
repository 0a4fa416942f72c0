"""``logonbell read --channel``: who came in, by which door, from the live event log of this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

from logonbell.agent import utc_now
from logonbell.commands.composition import event_log
from logonbell.commands.desk import Desk
from logonbell.commands.plain import plain_book, plain_judge
from logonbell.commands.read import show
from logonbell.commands.span import moment
from logonbell.errors import Refused
from logonbell.event import Event
from logonbell.judge import judge_past
from logonbell.rulebook.recipe import recipe_selects
from logonbell.sentence import plural, say
from logonbell.source import Loss
from logonbell.sources.eventlog import EventLog, EventLogError
from logonbell.sources.history import in_step
from logonbell.sources.rendered import event_of_xml
from logonbell.sources.winlog import read_channel, unread


@dataclass(slots=True)
class Channels:
    """Channels of the live log as a past. ``records`` and ``losses`` count while ``events`` is iterated."""

    log: EventLog
    names: Sequence[str]
    since: datetime | None
    records: int = 0
    losses: list[Loss] = field(default_factory=list)
    mailed: int = 0
    """How many of them the recipe's two rules select."""

    def events(self) -> Iterator[Event]:
        """Give the events, once, in the order of time. Raises ``Refused`` where no channel can be read."""
        streams: list[list[Event]] = []
        for name in self.names:
            try:
                streams.append(self._read(name))
            except EventLogError as error:
                why = unread(name, error.code)
                if len(self.names) == 1:
                    raise Refused(say("{channel}: {why}", channel=name, why=why)) from error
                self.losses.append(Loss(name, why))
        return in_step(streams)

    def _read(self, name: str) -> list[Event]:
        events: list[Event] = []
        unreadable = 0
        for rendered in read_channel(self.log, name, self.since, self.losses):
            self.records += 1
            event = event_of_xml(rendered.xml) if rendered.xml is not None else None
            if event is None:
                unreadable += 1
                continue
            events.append(event)
            self.mailed += bool(recipe_selects(event))
        if unreadable:
            what = plural(
                "A record could not be understood.", "{count} records could not be understood.", unreadable
            )
            self.losses.append(Loss(name, what, unreadable))
        return sorted(events, key=attrgetter("record_id"))


def read(
    desk: Desk,
    channels: Sequence[str],
    since: str | None,
    *,
    as_lines: bool,
    on: Sequence[str] = (),
    log: EventLog | None = None,
) -> int:
    """Read channels to their ends and print who came in; ``log`` stands in for Windows' own. Returns the exit code."""
    begins = None if since is None else moment(since, utc_now(), desk.zone)
    past = Channels(log or event_log(), channels, begins)
    judged = judge_past(past.events(), plain_judge(plain_book(on)))
    show(desk, judged, past, on, as_lines=as_lines)
    if not as_lines:
        desk.say(
            plural(
                "The usual recipe (a scheduled task on event 4624) would have mailed {count:,} of these records.",
                "The usual recipe (a scheduled task on event 4624) would have mailed {count:,} of these records.",
                past.mailed,
            )
        )
    return 0
