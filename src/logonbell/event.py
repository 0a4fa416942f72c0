"""One record of a log, as its log wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class EventRef(NamedTuple):
    """Where an event stands, to be shown and found again."""

    channel: str
    record_id: int
    event_id: int


@dataclass(frozen=True, slots=True)
class Event:
    """One record: the parts of Windows' System block that logonbell uses, and its data by name.

    ``time`` is timezone-aware UTC. ``record_id`` is System/EventRecordID (in an exported file it differs from the
    number in the record's header). ``fields`` holds EventData, or the innermost element of UserData, by Windows' own
    field names; every value is text as Windows' XML writes it (``"10"``, ``"0x3e7"``, ``"%%1842"``), and an empty
    field is the empty string. A field that the event's version does not have is missing, never guessed. ``sid`` is
    System/Security/UserID: the account that wrote the event, None where the event carries none (Security never does).
    """

    channel: str
    event_id: int
    record_id: int
    time: datetime
    host: str
    provider: str
    fields: Mapping[str, str]
    sid: str | None = None

    @property
    def ref(self) -> EventRef:
        """Where this event stands."""
        return EventRef(self.channel, self.record_id, self.event_id)
