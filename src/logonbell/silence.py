"""What is not told, by whose word, why, and until when. Nothing critical is ever silenced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, time, timedelta, tzinfo
from ipaddress import ip_network

from logonbell.address import address_of
from logonbell.alert import Alert, Level
from logonbell.errors import Refused
from logonbell.logon import FailedLogons, LogCleared, Logoff, Logon, Notice, Selected, Tampering, User
from logonbell.sentence import Sentence, say
from logonbell.week import within

LONGEST = timedelta(days=31)
"""What is to be silent for longer is a matter of the rules, where others see it."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_NAMES = {
    "doors": say("door {values}"),
    "users": say("user {values}"),
    "addresses": say("address {values}"),
    "hosts": say("host {values}"),
    "rules": say("rule {values}"),
    "principals": say("principal {values}"),
}


@dataclass(frozen=True, slots=True)
class Cover:
    """Which alerts: of each criterion that is given, one value must fit. Without any criterion, all of them.

    ``users`` are names, with their domain or without, or SIDs; ``addresses`` addresses or networks; ``hosts`` names, with
    their domain or without, or instance ids; ``principals`` whole ARNs or their last part. Case does not matter.
    """

    doors: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()

    @property
    def is_all(self) -> bool:
        """Whether no criterion is given."""
        return not any(values for _, values in self._given())

    @property
    def words(self) -> Sentence:
        """Say what it covers."""
        told: Sentence | None = None
        for name, values in self._given():
            part = Sentence(_NAMES[name].words, {"values": ", ".join(values)})
            told = part if told is None else say("{first}, {second}", first=told, second=part)
        return told or say("everything")

    def fits(self, alert: Alert) -> bool:
        """Whether it covers an alert. What the alert does not tell fits no criterion; of many users, all must fit."""
        return all(_fits(name, values, alert) for name, values in self._given())

    def _given(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for one in fields(self):
            if values := getattr(self, one.name):
                yield one.name, values


@dataclass(frozen=True, slots=True)
class Silence:
    """Somebody's word that certain alerts need not be told for a while: ``begins <= time of the event < ends``.

    ``held`` counts the alerts that it held back so far. ``notice`` is the fingerprint of the notice that tells of it, empty
    where it needs none: nothing is held back before somebody took that.
    """

    number: int
    cover: Cover
    because: str
    author: str
    begins: datetime
    ends: datetime
    held: int = 0
    notice: str = ""

    def holds(self, alert: Alert) -> bool:
        """Whether it holds an alert back."""
        return self.begins <= alert.finding.time < self.ends and self.cover.fits(alert)

    @property
    def why(self) -> Sentence:
        """Say by whose word, until when and why."""
        return say(
            "silenced by {author} until {until} ({because})",
            author=self.author,
            until=f"{self.ends:%Y-%m-%d %H:%M} UTC",
            because=self.because,
        )


@dataclass(frozen=True, slots=True)
class Maintenance:
    """A stretch of the week in which certain alerts are expected, in the wall clock of ``zone``.

    ``days`` are those on which it begins (0 is Monday). Where it ends earlier than it begins, it ends on the next day.
    ``notice`` is as that of a silence.
    """

    cover: Cover
    because: str
    days: frozenset[int]
    begins: time
    ends: time
    zone: tzinfo
    notice: str = ""

    def holds(self, alert: Alert) -> bool:
        """Whether it holds an alert back."""
        return self._is_on(alert.finding.time) and self.cover.fits(alert)

    def _is_on(self, moment: datetime) -> bool:
        try:
            there = moment.astimezone(self.zone)
        except OverflowError:  # the calendar ends there: a damaged record
            return False
        return within(there, self.days, self.begins, self.ends)

    @property
    def why(self) -> Sentence:
        """Say which, and why."""
        return say(
            "maintenance, {begins} to {ends} ({because})",
            begins=f"{self.begins:%H:%M}",
            ends=f"{self.ends:%H:%M}",
            because=self.because,
        )


@dataclass(frozen=True, slots=True)
class Allowance:
    """Alerts that are expected, always. ``notice`` is as that of a silence."""

    cover: Cover
    because: str
    notice: str = ""

    def holds(self, alert: Alert) -> bool:
        """Whether it holds an alert back."""
        return self.cover.fits(alert)

    @property
    def why(self) -> Sentence:
        """Say why."""
        return say("allowed by the settings ({because})", because=self.because)


Expected = Maintenance | Allowance
"""What the settings say is expected."""


def silencing(
    alert: Alert, silences: Sequence[Silence], expected: Sequence[Expected] = ()
) -> Silence | Expected | None:
    """Give what holds an alert back; None for what is told.

    What is critical is always told, and so is what logonbell says of itself: a silence cannot hide that it was added.
    """
    if alert.level is Level.CRITICAL or isinstance(alert.finding, Notice):
        return None
    known: list[Silence | Expected] = [*silences, *expected]
    return next((one for one in known if one.holds(alert)), None)


def read_network(text: str) -> str:
    """Read an address or a network, and write it in its usual form. Raises ``Refused`` for what is neither."""
    try:
        network = ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise Refused(
            say("{text} is no address and no network.", text=text),
            say("One looks like 203.0.113.5, 10.0.0.0/8 or 2001:db8::/32."),
        ) from error
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def _fits(name: str, values: Sequence[str], alert: Alert) -> bool:
    finding = alert.finding
    match name:
        case "doors":
            return isinstance(finding, Logon | Logoff) and finding.door in values
        case "users":
            known = [{value.casefold() for value in names} for names in _users(finding)]
            return _all_fit(known, values)
        case "addresses":
            return _addresses_fit(finding, values)
        case "hosts":
            known = [{_fold(name) for name in (finding.host, finding.host.partition(".")[0], alert.host_id)}]
            return _all_fit(known, values)
        case "rules":
            return not alert.rules.isdisjoint(values)
        case _:
            principal = finding.principal if isinstance(finding, Logon) else None
            return principal is not None and _all_fit([{principal, principal.rpartition("/")[2]}], values)


def _all_fit(known: Sequence[set[str]], values: Iterable[str]) -> bool:
    """Whether each of several is known by one of these names."""
    wanted = {_fold(value) for value in values}
    return bool(known) and all(wanted & {_fold(name) for name in names} for names in known)


def _users(finding: object) -> list[set[str]]:
    """Give, for each user that a finding is about, the names by which they may be named; nothing where some are not told."""
    match finding:
        case FailedLogons():
            return [] if finding.more else [{user, user.rpartition("\\")[2]} for user in finding.users]
        case Logon() | Logoff() | LogCleared() | Tampering() | Selected():
            user: User | None = finding.user
            return [{user.name, str(user), *([user.sid] if user.sid else [])}] if user else []
    return []


def _addresses_fit(finding: object, values: Sequence[str]) -> bool:
    match finding:
        case Logon(address=str() as address):
            told: Sequence[str] = (address,)
        case FailedLogons(more=False):
            told = finding.addresses
        case _:
            return False
    addresses = [address_of(text) for text in told]
    networks = [ip_network(value, strict=False) for value in values]
    return bool(addresses) and all(
        address is not None and any(address in network for network in networks) for address in addresses
    )


def _fold(text: str) -> str:
    return text.strip().casefold()
