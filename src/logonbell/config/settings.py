"""All that is set.

The classes here and in ``notify.py`` *are* the list of settings: a field is a key, its metadata says what it must be and what
it is for. The reference page is made from them (``tools/docs.py``).
"""

from __future__ import annotations

import os
import sys
import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import time
from pathlib import Path
from typing import ClassVar

from logonbell.config.key import Key, Section, key, required
from logonbell.config.kinds import (
    AGE,
    AUTO,
    CLOCK,
    DOORS,
    FLAG,
    LANGUAGE,
    LINES,
    LIVE,
    LOGOFF,
    NAME,
    NETWORKS,
    PATH,
    PATHS,
    RINGS,
    SHIPPED,
    SIDS,
    SSM,
    WEEK,
    ZONE,
)
from logonbell.config.notify import Notify
from logonbell.logon import Door
from logonbell.rule import SILENT_DOORS
from logonbell.sentence import Sentence, say
from logonbell.silence import Cover


def default_state(platform: str = sys.platform, environment: Mapping[str, str] = os.environ) -> Path:
    r"""Where state is kept unless it is set: ``%ProgramData%\logonbell\state`` or ``/var/lib/logonbell``."""
    if platform == "win32":
        return Path(environment.get("ProgramData", r"C:\ProgramData"), "logonbell", "state")
    return Path("/var/lib/logonbell")


def default_ssm(platform: str = sys.platform, environment: Mapping[str, str] = os.environ) -> Path:
    """Where the SSM agent keeps its data (its source, appconfig)."""
    if platform == "win32":
        return Path(environment.get("ProgramData", r"C:\ProgramData"), "Amazon", "SSM")
    return Path("/var/lib/amazon/ssm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources(Section):
    """What is read."""

    evtx: tuple[Path, ...] = key(
        PATHS,
        (),
        example=r"['C:\Windows\System32\winevt\Logs\Security.evtx']",
        shown="none",
        means="Event log files, or folders of them (with all below), that are followed.",
    )
    channels: tuple[str, ...] | str = key(
        LIVE,
        AUTO,
        example="['Security', 'OpenSSH/Operational']",
        shown='"auto"',
        means='Channels of this machine\'s own Windows event log that are followed: "auto" takes all that tell of logons on '
        "Windows, and none elsewhere; [] takes none. At the very first start the last 10 minutes are news, and what is older "
        "is history.",
    )
    ssm: Path | str = key(
        SSM,
        AUTO,
        example=r"'C:\ProgramData\Amazon\SSM'",
        shown='"auto"',
        means='The folder of the SSM agent of this machine, for sessions of Session Manager: "auto" takes the agent\'s own '
        'place if it is there, "off" looks at none.',
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ringing(Section):
    """Which logons ring; the rest is recorded. Bursts of failed logons and a cleared log always ring."""

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
        means="Shipped rules that are switched off, to be switched on: recipe-ssm-login, recipe-normal-login.",
    )
    domain_admins: frozenset[str] = key(
        SIDS,
        frozenset(),
        example='["S-1-5-21-1004336348-1177238915-682003330-1119", "1120"]',
        shown="none besides 512, 518 and 519",
        means="Further groups whose members count as domain admins, by SID or by the last number of their domain's SID. "
        "Members of AWS Managed Microsoft AD never hold 512: name its delegated groups here.",
    )

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


@dataclass(frozen=True, slots=True, kw_only=True)
class History(Section):
    """What is remembered of logons, rung or not."""

    keep_days: int = key(
        AGE, 400, example="90", shown="400", means="How many days recognised logons are kept."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Window(Section):
    """A stretch of the week in which certain alerts are expected and not told; as many of these as there are such.

    Of each criterion that is given, one value must fit. What was held back is counted in the next message. Critical
    alerts are told all the same. For what happens once: `logonbell silence add`.
    """

    repeated: ClassVar[bool] = True

    because: str = required(NAME, example='"patching"', means="Why.")
    begins: time = required(
        CLOCK, example='"22:00"', means="When it begins, in the time zone of the settings (`timezone`)."
    )
    ends: time = required(
        CLOCK, example='"02:00"', means="When it ends; a time before `begins` is one of the next day."
    )
    days: frozenset[int] = key(
        WEEK,
        frozenset(range(7)),
        example='["sat", "sun"]',
        shown="every day",
        means="The days on which it begins: mon, tue, wed, thu, fri, sat, sun.",
    )
    doors: frozenset[Door] = key(
        DOORS, frozenset(), example='["rdp"]', shown="any", means="Alerts of logons by these doors."
    )
    users: tuple[str, ...] = key(
        LINES,
        (),
        example=r"""['CONTOSO\patcher']""",
        shown="any",
        means="Alerts about these users: names, with their domain or without, or SIDs.",
    )
    addresses: tuple[str, ...] = key(
        NETWORKS,
        (),
        example='["10.20.0.0/16"]',
        shown="any",
        means="Alerts of logons from these addresses or networks.",
    )
    hosts: tuple[str, ...] = key(
        LINES,
        (),
        example='["bastion-tokyo"]',
        shown="any",
        means="Alerts of these hosts, by the names that their logs carry, or by instance id.",
    )
    rules: tuple[str, ...] = key(
        LINES, (), example='["restarted"]', shown="any", means="Alerts of these rules."
    )
    principals: tuple[str, ...] = key(
        LINES,
        (),
        example='["patch-session"]',
        shown="any",
        means="Alerts of SSM sessions of these IAM principals: whole ARNs, or their last part.",
    )
    everything: bool = key(
        FLAG,
        False,
        example="false",
        shown="false",
        means="Whether it holds back all that is not critical; else one of the criteria above must be given.",
    )

    @property
    def cover(self) -> Cover:
        """What it covers."""
        return Cover(
            tuple(sorted(self.doors)),
            self.users,
            self.addresses,
            self.hosts,
            self.rules,
            self.principals,
        )

    def contradictions(self) -> Iterator[tuple[str, Sentence]]:
        """What it covers must be said, and it must last."""
        if self.begins == self.ends:
            yield "ends", say("is the same as begins")
        if self.cover.is_all != self.everything:
            yield (
                "everything",
                say("must be true where no doors, users, addresses, hosts, rules or principals are named")
                if self.cover.is_all
                else say(
                    "cannot be true where doors, users, addresses, hosts, rules or principals are named"
                ),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(Section):
    """All that is set."""

    language: str = key(
        LANGUAGE,
        AUTO,
        example='"ja"',
        shown='"auto"',
        means='In which language people are told: "en", "ja", or "auto", as the locale of the machine says.',
    )
    timezone: zoneinfo.ZoneInfo | None = key(
        ZONE,
        None,
        example='"Asia/Tokyo"',
        shown="the machine's",
        means="The IANA zone in which times are shown, beside UTC.",
    )
    host: str | None = key(
        NAME,
        None,
        example='"bastion-tokyo"',
        shown="the machine's name",
        means="The name by which people know this host.",
    )
    state: Path = field(
        default_factory=default_state,
        metadata={
            "key": Key(
                PATH,
                "The folder for the bookmark, the outbox and the history.",
                r"'D:\logonbell\state'",
                r"`%ProgramData%\logonbell\state` on Windows, `/var/lib/logonbell` elsewhere",
            )
        },
    )
    sources: Sources = field(default=Sources(), metadata={"section": Sources})
    rules: Ringing = field(default=Ringing(), metadata={"section": Ringing})
    notify: Notify = field(default=Notify(), metadata={"section": Notify})
    history: History = field(default=History(), metadata={"section": History})
    maintenance: tuple[Window, ...] = field(default=(), metadata={"section": Window})


def keys(
    section: type[Section] = Config, above: tuple[str, ...] = ()
) -> Iterator[tuple[type[Section], tuple[str, ...], Key]]:
    """List every key: its section, its path (``("notify", "sns", "topic_arn")``), and what is told of it."""
    for one in fields(section):  # type: ignore[arg-type]  # every Section is a dataclass
        path = (*above, one.name)
        if inner := one.metadata.get("section"):
            yield from keys(inner, path)
        else:
            yield section, path, one.metadata["key"]
