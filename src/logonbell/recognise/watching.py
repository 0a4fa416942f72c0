"""What is told of the watching itself: the words that the live source writes and the recogniser reads."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType

from logonbell.event import Event
from logonbell.logon import Notice, NoticeKind
from logonbell.recognise.state import HostLog
from logonbell.recognise.tunnels import in_utc
from logonbell.sentence import Sentence, say

WATCHING = "logonbell-watching"
"""The channel of what follows; it stands in no log of Windows."""


class Told(IntEnum):
    """The event ids of the channel. Fields: ``Channel``, ``Code`` (Windows' error), ``Since`` (ISO 8601)."""

    BLIND = 1
    """The channel cannot be followed. Time: when that was told."""
    SEEING = 2
    """It can be followed again."""
    GAP = 3
    """Where the reading stood the log does not go on: records may be missing."""
    UNTOLD = 4
    """A session that the log did not tell of stands in wtmp. Fields besides: ``User``, ``Terminal``, ``Address``."""


OF_WINDOWS: Mapping[int, Sentence] = MappingProxyType(
    {
        5: say("access is denied"),
        6: say("its handle is not valid any more"),
        1717: say("the service Windows Event Log does not run"),
        1722: say("the service Windows Event Log does not answer"),
        1726: say("the service Windows Event Log ended a call"),
        1753: say("the service Windows Event Log does not run"),
        15007: say("there is no such channel"),
        15011: say("the log was cleared or overwritten meanwhile"),
    }
)
"""Windows' errors (winerror.h) in words."""
OF_JOURNALCTL: Mapping[int, Sentence] = MappingProxyType(
    {
        20001: say("journalctl is not on this machine"),
        20002: say("journalctl ended"),
        20003: say("the entry at which the reading stood is not in the journal any more"),
    }
)
"""Those of ``sources.journalctl``, which are none of Windows'."""


def reason_of(code: int) -> Sentence:
    """Say why it was refused."""
    return (
        OF_WINDOWS.get(code)
        or OF_JOURNALCTL.get(code)
        or say("Windows answers with error {code}", code=str(code))
    )


def blind(log: HostLog, event: Event) -> Sentence:
    """Read that a channel cannot be followed: that rings, as whoever stops the log means to be unseen."""
    what = say(
        "{channel} on {host} cannot be followed since {since} UTC: {why}",
        channel=event.fields.get("Channel", ""),
        host=log.state.host,
        since=in_utc(event.fields.get("Since", "")),
        why=_why(event),
    )
    return _tell(log, event, NoticeKind.BLIND, what)


def seeing(log: HostLog, event: Event) -> Sentence:
    """Read that a channel can be followed again."""
    what = say(
        "{channel} on {host} is followed again; it could not be from {since} to {until} UTC",
        channel=event.fields.get("Channel", ""),
        host=log.state.host,
        since=in_utc(event.fields.get("Since", "")),
        until=in_utc(event.time.isoformat()),
    )
    return _tell(log, event, NoticeKind.SEEING, what)


def gap(log: HostLog, event: Event) -> Sentence:
    """Read that records may be missing: an end of a session may be among them."""
    log.state.gap = log.state.now
    what = say(
        "{channel} on {host} does not go on where it was read up to (record {record}): records may be missing",
        channel=event.fields.get("Channel", ""),
        host=log.state.host,
        record=event.fields.get("Record", ""),
    )
    return _tell(log, event, NoticeKind.GAP, what)


def untold(log: HostLog, event: Event) -> Sentence:
    """Read that somebody came in of whom the log says nothing: it is held back, or somebody took the line out."""
    what = say(
        "{user} came to {host} from {address} at {since} UTC, as {channel} tells; the log that is followed says nothing of it",
        user=event.fields.get("User", ""),
        host=log.state.host,
        address=event.fields.get("Address", ""),
        since=in_utc(event.fields.get("Since", "")),
        channel=event.fields.get("Channel", ""),
    )
    return _tell(log, event, NoticeKind.GAP, what)


def _why(event: Event) -> Sentence:
    code = event.fields.get("Code", "")
    return reason_of(int(code) if code.isdecimal() and len(code) < 12 else 0)


def _tell(log: HostLog, event: Event, kind: NoticeKind, what: Sentence) -> Sentence:
    log.said.append(Notice(event.time, log.state.host, (event.ref,), kind, what))
    return say("logonbell tells of its own watching")
