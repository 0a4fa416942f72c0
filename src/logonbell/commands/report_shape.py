"""``logonbell report-shape``: what this Windows writes about logons, without whom it is about."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from xml.sax.saxutils import quoteattr

from logonbell import __version__
from logonbell.agent import utc_now
from logonbell.commands.composition import event_log
from logonbell.commands.desk import Desk
from logonbell.commands.span import moment
from logonbell.errors import Refused
from logonbell.sentence import Sentence, plural, say
from logonbell.shape.record import RELEVANT, Shape
from logonbell.source import Loss
from logonbell.sources.eventlog import CHANNEL_NOT_FOUND, EventLog, EventLogError
from logonbell.sources.history import find_logs
from logonbell.sources.survey import shown
from logonbell.sources.whole import xml_records
from logonbell.sources.winlog import read_channel, unread

RECENT = "1h"
"""What is shown of the live log unless asked otherwise: whoever reports tries something first, and then asks."""


def report_shape(desk: Desk, paths: Sequence[Path], since: str | None, *, log: EventLog | None = None) -> int:
    """Print what files, or the live log since a time, hold of logons, with pseudonyms. Returns the exit code.

    ``log`` stands in for Windows' own.
    """
    losses: list[Loss] = []
    texts = _of_files(paths, losses) if paths else _of_host(desk, log or event_log(), since or RECENT, losses)
    first = next(texts, None)  # before anything is written: what cannot be read at all is refused
    shape, count, unreadable = Shape(), 0, 0
    windows = f" windows={quoteattr(platform.version())}" if sys.platform == "win32" and not paths else ""
    desk.out.line(f"<Events logonbell={quoteattr(__version__)}{windows}>")
    for text in chain([] if first is None else [first], texts):
        try:
            told = shape.of(text)
        except ValueError:
            unreadable += 1
            continue
        if told is not None:
            count += 1
            desk.out.line(told)
    desk.out.line("</Events>")
    desk.tell_losses(losses)
    if unreadable:
        desk.remark(_not_understood(unreadable))
    desk.remark(
        plural(
            "{count:,} record. Names, SIDs, addresses, numbers of sessions and processes, texts and times were replaced."
            " Look it through before you hand it on.",
            "{count:,} records. Names, SIDs, addresses, numbers of sessions and processes, texts and times were replaced."
            " Look them through before you hand them on.",
            count,
        )
        if count
        else say("There is no record of a logon, nor of what stands around one."),
        warns=False,
    )
    return 0


def _of_files(paths: Sequence[Path], losses: list[Loss]) -> Iterator[str]:
    logs = find_logs(paths)
    losses += logs.losses
    for path in logs.files:
        try:
            yield from xml_records(path, losses)
        except Refused as refused:
            if len(logs.files) == 1:
                raise
            losses.append(Loss(shown(path), refused.what))


def _of_host(desk: Desk, log: EventLog, since: str, losses: list[Loss]) -> Iterator[str]:
    """Give the records of this host. Raises ``Refused`` where no channel may be read."""
    begins = moment(since, utc_now(), desk.zone)
    refused: Refused | None = None
    readable = False
    for channel, ids in RELEVANT.items():
        try:
            found = read_channel(log, channel, begins, losses, ids)
        except EventLogError as error:
            if error.code != CHANNEL_NOT_FOUND:
                why = unread(channel, error.code)
                refused = refused or Refused(say("{channel}: {why}", channel=channel, why=why))
                losses.append(Loss(channel, why))
            continue
        readable = True
        unreadable = sum(rendered.xml is None for rendered in found)
        yield from (rendered.xml for rendered in found if rendered.xml is not None)
        if unreadable:
            losses.append(Loss(channel, _not_understood(unreadable), unreadable))
    if refused is not None and not readable:
        raise refused


def _not_understood(count: int) -> Sentence:
    return plural("A record could not be understood.", "{count} records could not be understood.", count)
