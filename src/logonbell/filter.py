"""What a notifier is told, of all that rings."""

from __future__ import annotations

from dataclasses import dataclass, field

from logonbell.alert import Alert, Level
from logonbell.logon import FailedLogons, LogCleared, Logoff, Logon, Notice, Selected, Tampering, User


@dataclass(frozen=True, slots=True)
class Filter:
    r"""An alert passes that passes each part; a part that is empty lets everything pass.

    ``doors`` are passed by what came by one of them, ``users`` (names, ``DOMAIN\name``, SIDs or principals, in any
    case) by what names one of them, ``domain_admin`` by a logon of a domain admin. What has no door passes no ``doors``,
    and what is no logon no ``domain_admin``. What is not known passes: a logon whose groups are not audited may be a
    domain admin's, a log may have been cleared by anyone whom its record does not name, and a burst of failures that
    named more users than it holds may have named this one.

    logonbell's own notices are of no door and no user; they pass these parts, or a bell that fails could tell nobody.
    """

    level: Level = Level.INFORMATIONAL
    doors: frozenset[str] = field(default=frozenset())
    rules: frozenset[str] = field(default=frozenset())
    users: frozenset[str] = field(default=frozenset())
    domain_admin: bool = False

    def passes(self, alert: Alert) -> bool:
        """Tell whether ``alert`` is told."""
        if alert.level < self.level or (self.rules and not alert.rules & self.rules):
            return False
        finding = alert.finding
        match finding:
            case Notice():
                return True
            case Logon():
                return (
                    self._by_door(finding.door)
                    and self._by_user(finding.user, finding.principal)
                    and not (self.domain_admin and finding.domain_admin is False)
                )
            case Logoff():
                return self._by_door(finding.door) and self._by_user(finding.user) and not self.domain_admin
            case FailedLogons():
                return not self.doors and not self.domain_admin and self._by_names(finding)
            case LogCleared() | Selected() | Tampering():
                return not self.doors and not self.domain_admin and self._by_user(finding.user)

    def _by_door(self, door: str) -> bool:
        return not self.doors or door in self.doors

    def _by_user(self, user: User | None, principal: str | None = None) -> bool:
        if not self.users or (user is None and principal is None):
            return True
        known = [user.name, str(user), user.sid or ""] if user else []
        return self._names([*known, principal or ""])

    def _by_names(self, burst: FailedLogons) -> bool:
        known = [name for user in burst.users for name in (user, user.rpartition("\\")[2])]
        return not self.users or burst.more or self._names(known)

    def _names(self, known: list[str]) -> bool:
        asked = {user.casefold() for user in self.users}
        return any(name.casefold() in asked for name in known)
