"""Who came before, and from where: by this a rule knows the first logon of a user, or one after a long time.

It is learnt for a while first: on the day of the installation everybody comes for the first time. Until then the fields
are missing, and rules over them are silent.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from logonbell.address import address_of
from logonbell.event import EventRef
from logonbell.logon import Logon

LEARNING = timedelta(days=14)
"""For so long, from the first logon of a host on, nobody is called new there."""
KNOWN = 2_000
"""So many users, addresses and networks each are remembered; of more, who was away the longest is forgotten."""
HOSTS = 1_000


class Visit(msgspec.Struct, frozen=True, array_like=True):
    """The last logon, and the time of the one before it. A later version of the same logon is no new visit."""

    time: datetime
    main: EventRef
    before: datetime | None


class Acquaintances(msgspec.Struct):
    """What is remembered. The oldest stand first."""

    since: dict[str, datetime] = {}
    users: dict[str, Visit] = {}
    addresses: dict[str, Visit] = {}
    networks: dict[str, Visit] = {}

    def meet(self, logon: Logon, learning: timedelta = LEARNING) -> dict[str, str]:
        """Remember a logon; give what it is by what was known before."""
        since = self.since.setdefault(logon.host, logon.time)
        _shorten(self.since, HOSTS)
        learnt = logon.time - since >= learning
        fields: dict[str, str] = {}
        who = logon.principal or (str(logon.user) if logon.user else None)
        if who is not None:
            before = _visited(self.users, f"{logon.host}\0{who.casefold()}", logon)
            if before is not None:
                fields["IdleDays"] = str(max(0, (logon.time - before).days))
            if learnt:
                fields["FirstOfUser"] = str(before is None).lower()
        address = address_of(logon.address) if logon.address else None
        if address is not None and not address.is_loopback:
            network = int(address) >> (8 if address.version == 4 else 64)  # /24, or /64 of IPv6
            from_address = _visited(self.addresses, f"{logon.host}\0{address}", logon)
            from_network = _visited(self.networks, f"{logon.host}\0{address.version}:{network}", logon)
            if learnt:
                fields["FirstFromAddress"] = str(from_address is None).lower()
                fields["FirstFromNetwork"] = str(from_network is None).lower()
        return fields


def _visited(visits: dict[str, Visit], key: str, logon: Logon) -> datetime | None:
    """Note a visit; give the time of the one before it."""
    last = visits.pop(key, None)
    if last is not None and last.main == logon.main and last.time == logon.time:
        visits[key] = last
        return last.before
    before = None if last is None else last.time
    visits[key] = Visit(logon.time, logon.main, before)
    _shorten(visits, KNOWN)
    return before


def _shorten(kept: dict[str, Visit] | dict[str, datetime], most: int) -> None:
    if len(kept) > most:
        del kept[next(iter(kept))]
