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

from logonbell.config.criteria import Criteria
from logonbell.config.key import Key, Section, key, required
from logonbell.config.kinds import (
    AGE,
    AUTH_LOGS,
    AUTO,
    CLOCK,
    FLAG,
    HOURS,
    JOURNALS,
    LANGUAGE,
    LINES,
    LIVE,
    NAME,
    PATH,
    PATHS,
    SSM,
    URL,
    WEEK,
    ZONE,
)
from logonbell.config.notify import Notify
from logonbell.config.ringing import Ringing
from logonbell.sentence import Sentence, say


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
    journal: str = key(
        JOURNALS,
        AUTO,
        example='"off"',
        shown='"auto"',
        means='Whether the systemd journal of this Linux machine is followed: "auto" follows it where it outlives a restart, or '
        'where there is nothing else, and where no event logs of Windows are named; "on" follows it in any case, "off" in none. '
        "The journal knows who wrote what; a log file believes everybody.",
    )
    auth_logs: tuple[Path, ...] | str = key(
        AUTH_LOGS,
        AUTO,
        example="['/var/log/auth.log']",
        shown='"auto"',
        means='Files of a syslog daemon that are followed, through rotation and compression: "auto" takes /var/log/auth.log and '
        "/var/log/secure, if they are there, the journal is not followed, and no event logs of Windows are named; [] takes none.",
    )
    ssm: Path | str = key(
        SSM,
        AUTO,
        example=r"'C:\ProgramData\Amazon\SSM'",
        shown='"auto"',
        means='The folder of the SSM agent of this machine, for sessions of Session Manager: "auto" takes the agent\'s own '
        'place if it is there, "off" looks at none.',
    )
    ssm_reasons: bool = key(
        FLAG,
        False,
        example="true",
        shown="false",
        means="Whether AWS is asked for the reason that was given for an SSM session that rang; it is told in a message of its "
        "own, after the alert. It takes ssm:DescribeSessions.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class History(Section):
    """What is remembered of logons, rung or not."""

    keep_days: int = key(
        AGE, 400, example="90", shown="400", means="How many days recognised logons are kept."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched(Section):
    """How others see that logonbell is at work. A monitor may also run `logonbell status --check`."""

    heartbeat: int | None = key(
        HOURS,
        None,
        example="24",
        shown="none",
        means="After how many hours a message says that it is still here, how far it has read, and that nothing is missing. Each "
        "notifier whose filter lets informational alerts pass gets it. Nobody wants such a mail each day who has no machine to "
        "miss it, so there is none unless it is set.",
    )
    prometheus: Path | None = key(
        PATH,
        None,
        example=r"'C:\ProgramData\windows_exporter\textfile_inputs\logonbell.prom'",
        shown="none",
        means="A file that is written anew each minute for the textfile collector of node_exporter or windows_exporter.",
    )

    def contradictions(self) -> Iterator[tuple[str, Sentence]]:
        """A collector reads no file of another ending."""
        if self.prometheus is not None and self.prometheus.suffix != ".prom":
            yield "prometheus", say("must end in .prom, or no collector reads it")


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudWatch(Section):
    """What CloudWatch is told, of an EC2 instance; `logonbell cloud up --hosts` listens to it."""

    heartbeat: bool = key(
        FLAG,
        False,
        example="true",
        shown="false",
        means="Whether it is told once a minute that this host is watched. It takes cloudwatch:PutMetricData.",
    )
    endpoint_url: str | None = key(
        URL,
        None,
        example='"https://vpce-0123-abcd.monitoring.ap-northeast-1.vpce.amazonaws.com"',
        shown="AWS's own",
        means="Where CloudWatch is, for an emulator or a VPC endpoint.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Window(Criteria):
    """A stretch of the week in which certain alerts are expected and not told; as many of these as there are such.

    Of each criterion that is given, one value must fit. What was held back is counted in the next message. Critical
    alerts are told all the same. A new one holds nothing back before a notifier has taken the message that tells of it.
    For what happens once: `logonbell silence add`.
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

    def contradictions(self) -> Iterator[tuple[str, Sentence]]:
        """What it covers must be said, and it must last."""
        if self.begins == self.ends:
            yield "ends", say("is the same as begins")
        yield from Criteria.contradictions(self)


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
    environment: tuple[str, ...] = key(
        LINES,
        (),
        example='["HTTPS_PROXY"]',
        shown="none",
        means="Variables of the machine's environment that an agent obeys which the machine starts (`python -I`): those that would "
        "send messages elsewhere (proxies, AWS_ENDPOINT_URL, AWS_PROFILE, certificates and their like) are ignored unless they are "
        "named here. Started by hand, it obeys them all.",
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
    cloudwatch: CloudWatch = field(default=CloudWatch(), metadata={"section": CloudWatch})
    history: History = field(default=History(), metadata={"section": History})
    health: Watched = field(default=Watched(), metadata={"section": Watched})
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
