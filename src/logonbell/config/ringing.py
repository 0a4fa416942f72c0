"""Which logons ring, and how loudly: the doors, the rules, and who is expected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import ClassVar

from logonbell.config.criteria import Criteria
from logonbell.config.key import Section, key, required
from logonbell.config.kinds import CLOCK, DOORS, LOGOFF, NAME, PATHS, RINGS, SHIPPED, SIDS, VALUES, WEEK
from logonbell.logon import Door
from logonbell.rule import SILENT_DOORS
from logonbell.sentence import Sentence, say


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours(Section):
    """The hours of work: rules can ask for logons outside them, as the shipped rule out-of-hours does."""

    begins: time = required(
        CLOCK, example='"08:00"', means="When they begin, in the time zone of the settings (`timezone`)."
    )
    ends: time = required(
        CLOCK, example='"19:00"', means="When they end; a time before `begins` is one of the next day."
    )
    days: frozenset[int] = key(
        WEEK,
        frozenset(range(5)),
        example='["mon", "tue", "wed", "thu", "fri", "sat"]',
        shown="monday to friday",
        means="The days on which they begin: mon, tue, wed, thu, fri, sat, sun.",
    )

    def contradictions(self) -> Iterator[tuple[str, Sentence]]:
        """They must last."""
        if self.begins == self.ends:
            yield "ends", say("is the same as begins")


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed(Criteria):
    """Alerts that are expected, always; as many of these as there are such.

    Of each criterion that is given, one value must fit. What was held back is counted in the next message. Critical
    alerts are told all the same. A new one holds nothing back before a notifier has taken the message that tells of it.
    """

    repeated: ClassVar[bool] = True

    because: str = required(NAME, example='"the backup logs on every night"', means="Why.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ringing(Section):
    """Which logons ring; the rest is recorded. Bursts of failed logons and a cleared log always ring.

    Sigma rules, shipped and your own, make logons ring that would be silent, or louder (docs/rules.md).
    """

    rings: frozenset[str] | None = key(
        RINGS,
        None,
        example='["console", "rdp", "ssm-shell", "logoff"]',
        shown="all but " + ", ".join(sorted(SILENT_DOORS)),
        means='The doors that ring: these and no others. With "logoff", the end of a session that rang rings, too. A '
        "reconnect (rdp-reconnect) soon after its logon, from the same address, is counted with it, not told singly.",
    )
    silent: frozenset[Door] = key(
        DOORS,
        frozenset(),
        example='["rdp-reconnect"]',
        shown="none",
        means="Doors that are taken away from those that ring.",
    )

    on: tuple[str, ...] = key(
        SHIPPED,
        (),
        example='["recipe-ssm-login"]',
        shown="none",
        means="Shipped rules that are switched off, to be switched on: domain-admin-any-door, first-from-address, password-spray, one-user-many-hosts, one-principal-many-bastions, recipe-ssm-login, "
        "recipe-normal-login.",
    )
    off: tuple[str, ...] = key(
        SHIPPED,
        (),
        example='["dormant-account"]',
        shown="none",
        means="Shipped rules to be switched off. All of them: logonbell rules list.",
    )
    folders: tuple[Path, ...] = key(
        PATHS,
        (),
        example=r"['C:\ProgramData\logonbell\rules']",
        shown="none",
        means="Files of Sigma rules of your own, or folders of them (with all below). They need: pip install 'logonbell[sigma]'",
    )
    placeholders: tuple[tuple[str, tuple[str, ...]], ...] = key(
        VALUES,
        (),
        example='{ Administrators = ["nancy", "adm-*"] }',
        shown="none",
        means="What stands for %Administrators% and the like in rules of your own (the modifier `expand`).",
    )
    domain_admins: frozenset[str] = key(
        SIDS,
        frozenset(),
        example='["S-1-5-21-1004336348-1177238915-682003330-1119", "1120"]',
        shown="none besides 512, 518 and 519",
        means="Further groups whose members count as domain admins, by SID or by the last number of their domain's SID. "
        "Members of AWS Managed Microsoft AD never hold 512: name its delegated groups here. On Linux, where nobody is known "
        "as a domain admin otherwise, by the names of groups, as `id` prints them (sssd, winbind).",
    )

    hours: Hours | None = field(default=None, metadata={"section": Hours})
    allow: tuple[Allowed, ...] = field(default=(), metadata={"section": Allowed})

    @property
    def quiet(self) -> frozenset[Door]:
        """All doors that do not ring, as ``rule.Rules`` wants them."""
        unnamed = SILENT_DOORS if self.rings is None else frozenset(Door) - self.rings
        return unnamed | self.silent

    @property
    def logoffs(self) -> bool:
        """Whether logoffs ring."""
        return self.rings is not None and LOGOFF in self.rings

    def contradictions(self) -> Iterator[tuple[str, Sentence]]:
        """A door cannot both ring and be silent."""
        for door in sorted((self.rings or frozenset()) & self.silent):
            yield "silent", say("names {door}, which rings names too", door=str(door))
