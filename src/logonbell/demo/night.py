"""The night behind the day: what an intruder lets the bastion write, in its scenes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from logonbell.demo.bastion import HOST, Records
from logonbell.event import Event
from logonbell.simulate.people import Person
from logonbell.simulate.windows import WindowsHost, in_order

ADDRESS = "192.0.2.66"
"""From where the intruder comes."""
BLAMED = "203.0.113.24"
"""From where mori came on the day, and who is to be blamed for it."""
GUESSES = 2_000
_SEED = 5
_BETWEEN = timedelta(milliseconds=1)


@dataclass(slots=True)
class Night:
    """The scenes, each of events from ``at`` on, whose record ids follow those of the scene before."""

    record: int
    """The last record id that the log has so far."""
    _host: WindowsHost = field(init=False)
    _sato: Person = field(init=False)
    _backdoor: Person = field(init=False)

    def __post_init__(self) -> None:
        """Take the bastion over from the day."""
        self._host = WindowsHost(HOST, Random(_SEED), domain="CORP")  # noqa: S311 - repeatable, not secret
        self._sato = Person(
            "sato", "CORP", "S-1-5-21-2025429265-492894223-1708537768-1134", domain_admin=True
        )
        self._backdoor = self._host.local("support", 1007, administrator=True)

    def comes(self, at: datetime) -> list[Event]:
        """Come by RDP with a domain admin's password, amid so many guesses that nobody should find it among them."""
        guesses = (
            self._host.failed_logon(at + number * _BETWEEN, f"user{number}", ADDRESS, workstation="kali")
            for number in range(GUESSES)
        )
        logon = self._host.rdp_logon(at, self._sato, ADDRESS, kerberos=True)
        return self._next(logon, *guesses)

    def hides(self, at: datetime) -> list[Event]:
        """Make an administrator; nobody but the log sees it."""
        return self._next(self._host.administrator_made(at, self._backdoor, self._sato))

    def clears(self, at: datetime) -> list[Event]:
        """Clear the log: the first record of the new one says so."""
        return self._next(self._host.log_cleared(at, self._sato))

    def returns(self, at: datetime) -> list[Event]:
        """Come back as the administrator who was made."""
        return self._next(self._host.rdp_logon(at, self._backdoor, ADDRESS, workstation="kali"))

    def _next(self, *histories: Sequence[Event]) -> list[Event]:
        written = (event for history in histories for event in history if event.channel == "Security")
        events = in_order(written, first_record_ids={"Security": self.record + 1})
        self.record += len(events)
        return events


def ids(events: Sequence[Event]) -> Records:
    """Give their record ids."""
    return frozenset(event.record_id for event in events)
