"""What is set: one TOML file, read into frozen values.

The classes below *are* the list of settings: a field is a key, its metadata says what it must be and what it is for.
The reference page is made from them (``tools/docs.py``).
"""

from __future__ import annotations

import difflib
import os
import re
import sys
import tomllib
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from logonbell.alert import Level
from logonbell.errors import Refused
from logonbell.filter import Filter
from logonbell.logon import Door
from logonbell.notifiers.forms import Form
from logonbell.notifiers.target import Target, read_target
from logonbell.notifiers.topic import read_endpoint, read_topic
from logonbell.pace import Limits
from logonbell.recipe import RULES
from logonbell.rule import SILENT_DOORS, rule_names
from logonbell.sentence import Sentence, plural, say
from logonbell.silence import DAYS, Cover, read_network
from logonbell.text.escape import Shown
from logonbell.text.language import LANGUAGES, speak

AUTO = "auto"
"""``language``: as the locale of the machine says."""
LOGOFF = "logoff"
"""``rules.rings``: the end of a session rings, too."""
OFF = "off"
"""``sources.ssm``: sessions of Session Manager are not looked at."""
_LONGEST_FILE = 1 << 20
_LONGEST_NAME = 100

T = TypeVar("T")
Tell = Callable[[Sentence], Shown]


class _WrongError(Exception):
    """A value that cannot be. ``parts`` are sentences that fill holes of the first."""

    def __init__(self, what: Sentence, /, **parts: Sentence) -> None:
        super().__init__(what)
        self.what = what
        self.parts = parts


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """What a value must be: in words, and how it is read. Relative paths stand beside the file, in ``folder``."""

    words: Sentence
    read: Callable[[object, Path], T]


def _of(kind: type[T], words: Sentence) -> Callable[[object], T]:
    """Make what takes a TOML value of exactly one type (to Python, ``true`` is also a number)."""

    def take(value: object) -> T:
        if type(value) is kind:
            return value
        raise _WrongError(say("must be {wanted}, not {given}"), wanted=words, given=_type_in_words(value))

    return take


def _type_in_words(value: object) -> Sentence:
    match value:
        case bool():
            return say("true or false")
        case int() | float():
            return say("a number")
        case str():
            return say("text")
        case list():
            return say("a list")
        case dict():
            return say("a table")
        case _:
            return say("a date or time")


_take_flag = _of(bool, say("true or false"))
_take_number = _of(int, say("a whole number"))
_take_text = _of(str, say("text"))
_take_list = _of(list, say("a list"))


def _take_line(value: object) -> str:
    text = _take_text(value)
    if not text.strip():
        raise _WrongError(say("is empty"))
    if any(sign < " " or sign == "\x7f" for sign in text):
        raise _WrongError(say("holds a control character"))
    return text


def _read_flag(value: object, _: Path) -> bool:
    return _take_flag(value)


def _read_name(value: object, _: Path) -> str:
    text = _take_line(value).strip()
    if len(text) > _LONGEST_NAME:
        raise _WrongError(
            say("has {count} characters, at most {most} pass", count=len(text), most=_LONGEST_NAME)
        )
    return text


def _read_language(value: object, _: Path) -> str:
    return _chosen(_take_text(value), (*LANGUAGES, AUTO))


def _read_zone(value: object, _: Path) -> zoneinfo.ZoneInfo:
    name = _take_line(value)
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        known = zoneinfo.available_timezones()
    if not known:
        raise _WrongError(say("cannot be looked up: this machine has no time zones. Run: pip install tzdata"))
    if meant := _meant(name, known):
        raise _WrongError(
            say("is {given}, which is no time zone. Did you mean {meant}?", given=name, meant=meant)
        )
    raise _WrongError(say("is {given}, which is no time zone. One looks like Asia/Tokyo", given=name))


def _read_path(value: object, folder: Path) -> Path:
    text = _take_text(value)
    if any(sign < " " for sign in text):
        raise _WrongError(
            say(r"holds a control character: in double quotes \t and \n are such. Write it in single quotes")
        )
    if not text.strip():
        raise _WrongError(say("is empty"))
    if re.match(r"~|\$[A-Za-z_{(]", text) or re.search(r"%\w+%", text):
        raise _WrongError(
            say("is {given}, but ~, $NAME and %NAME% mean nothing here. Write the whole path", given=text)
        )
    return folder / text


def _read_paths(value: object, folder: Path) -> tuple[Path, ...]:
    return tuple(_read_path(one, folder) for one in _take_list(value))


def _read_doors(value: object, _: Path) -> frozenset[Door]:
    return frozenset(
        Door(_chosen(_take_text(one), [str(door) for door in Door])) for one in _take_list(value)
    )


def _read_rings(value: object, _: Path) -> frozenset[str]:
    return frozenset(
        _chosen(_take_text(one), [*(str(door) for door in Door), LOGOFF]) for one in _take_list(value)
    )


def _read_week(value: object, _: Path) -> frozenset[int]:
    return frozenset(DAYS.index(_chosen(_take_text(one).casefold(), DAYS)) for one in _take_list(value))


def _read_clock(value: object, _: Path) -> time:
    if isinstance(value, time):
        return value
    text = _take_text(value)
    if re.fullmatch(r"([01]?[0-9]|2[0-3]):[0-5][0-9]", text, re.ASCII):
        return time.fromisoformat(text.zfill(5))
    raise _WrongError(say("is {given}, which is no time of day. One looks like 22:00", given=text))


def _read_lines(value: object, _: Path) -> tuple[str, ...]:
    return tuple(_take_line(one).strip() for one in _take_list(value))


def _read_networks(value: object, _: Path) -> tuple[str, ...]:
    return tuple(_refused(read_network, _take_text(one)) for one in _take_list(value))


def _between(least: int, most: int) -> Callable[[object, Path], int]:
    def read(value: object, _: Path) -> int:
        number = _take_number(value)
        if least <= number <= most:
            return number
        raise _WrongError(
            say("is {given}, but must lie between {least} and {most}", given=number, least=least, most=most)
        )

    return read


def _read_ssm(value: object, folder: Path) -> Path | str:
    return value if isinstance(value, str) and value in {AUTO, OFF} else _read_path(value, folder)


def _read_channels(value: object, _: Path) -> tuple[str, ...] | str:
    if value == AUTO:
        return AUTO
    return tuple(dict.fromkeys(_take_line(one).strip() for one in _take_list(value)))


def _read_shipped(value: object, _: Path) -> tuple[str, ...]:
    return tuple(_chosen(_take_text(one), RULES) for one in _take_list(value))


def _read_sids(value: object, _: Path) -> frozenset[str]:
    return frozenset(_read_sid(_take_line(one).strip()) for one in _take_list(value))


def _read_sid(text: str) -> str:
    if re.fullmatch(r"S-1(-[0-9]{1,10}){2,15}|[0-9]{3,10}", text, re.ASCII):
        return text
    raise _WrongError(
        say(
            "is {given}, which is no SID. One looks like S-1-5-21-1004336348-1177238915-682003330-512",
            given=text,
        )
    )


def _read_arn(value: object, _: Path) -> str:
    return _refused(read_topic, _take_text(value)).arn


def _read_url(value: object, _: Path) -> str:
    return _refused(read_endpoint, _take_text(value))


def _read_target(value: object, _: Path) -> Target:
    return _refused(read_target, _take_text(value))


def _read_apprise(value: object, _: Path) -> str:
    text = _take_text(value)
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\x00-\x1f\x7f]+", text):
        return text
    # Without the value: it may be a secret.
    raise _WrongError(say("is not an address as apprise writes it. One looks like slack://..."))


def _read_variable(value: object, _: Path) -> str:
    text = _take_text(value)
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", text, re.ASCII):
        return text
    # Without the value: it may be the secret itself, put into the wrong place.
    raise _WrongError(say("is not the name of an environment variable. One looks like LOGONBELL_KEY"))


def _read_label(value: object, _: Path) -> str:
    text = _take_text(value)
    if re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,39}", text, re.ASCII):
        return text
    raise _WrongError(
        say("is {given}, but is made of a-z, 0-9, dots, hyphens and underscores, at most 40", given=text)
    )


def _read_level(value: object, _: Path) -> Level:
    return Level[_chosen(_take_text(value), [level.word for level in Level]).upper()]


def _read_rules(value: object, _: Path) -> frozenset[str]:
    known = sorted(rule_names() | set(RULES))
    return frozenset(_chosen(_take_text(one), known) for one in _take_list(value))


def _read_users(value: object, _: Path) -> frozenset[str]:
    return frozenset(_take_line(one).strip() for one in _take_list(value))


def _read_region(value: object, _: Path) -> str:
    text = _take_line(value)
    if re.fullmatch(r"[a-z]{2}[a-z0-9-]*-[0-9]+", text, re.ASCII):
        return text
    raise _WrongError(say("is {given}, which is no AWS region. One looks like ap-northeast-1", given=text))


def _read_form(value: object, _: Path) -> Form:
    return Form(_chosen(_take_text(value), [str(form) for form in Form]))


def _refused(read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except Refused as refused:
        why = {"what": refused.what, **({"hint": refused.hint} if refused.hint else {})}
        raise _WrongError(say("is wrong: {what} {hint}", hint=""), **why) from refused


def _chosen(given: str, choices: Iterable[str]) -> str:
    choices = list(choices)
    if given in choices:
        return given
    if meant := _meant(given, choices):
        raise _WrongError(
            say("is {given}, which is not known. Did you mean {meant}?", given=given, meant=meant)
        )
    raise _WrongError(say("is {given}, but must be one of: {known}", given=given, known=", ".join(choices)))


def _meant(given: str, choices: Iterable[str]) -> str | None:
    by_fold = {choice.casefold(): choice for choice in sorted(choices)}
    close = difflib.get_close_matches(given.casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[close[0]] if close else None


FLAG = Kind(say("true or false"), _read_flag)
NAME = Kind(say("text"), _read_name)
LANGUAGE = Kind(say("a language"), _read_language)
ZONE = Kind(say("a time zone's name"), _read_zone)
PATH = Kind(say("a path"), _read_path)
PATHS = Kind(say("a list of paths"), _read_paths)
DOORS = Kind(say("a list of doors"), _read_doors)
SSM = Kind(say("auto, off or a path"), _read_ssm)
LIVE = Kind(say("auto or a list of channels"), _read_channels)
SHIPPED = Kind(say("a list of rules"), _read_shipped)
SIDS = Kind(say("a list of SIDs"), _read_sids)
ARN = Kind(say("a topic's ARN"), _read_arn)
URL = Kind(say("an http or https address"), _read_url)
REGION = Kind(say("an AWS region"), _read_region)
FORM = Kind(say("a form"), _read_form)
TARGET = Kind(say("an https address"), _read_target)
APPRISE = Kind(say("an address of apprise's"), _read_apprise)
VARIABLE = Kind(say("an environment variable's name"), _read_variable)
LABEL = Kind(say("a short name"), _read_label)
LEVEL = Kind(say("a level"), _read_level)
RULE_NAMES = Kind(say("a list of rules"), _read_rules)
USERS = Kind(say("a list of users"), _read_users)
AGE = Kind(say("a number of days"), _between(1, 36_500))
RINGS = Kind(say("a list of doors"), _read_rings)
WEEK = Kind(say("a list of days"), _read_week)
CLOCK = Kind(say("a time of day"), _read_clock)
LINES = Kind(say("a list of texts"), _read_lines)
NETWORKS = Kind(say("a list of addresses and networks"), _read_networks)
SINGLES = Kind(say("a number"), _between(1, 500))
BURST = Kind(say("a number"), _between(1, 9))
SECONDS = Kind(say("a number of seconds"), _between(1, 3600))
MINUTES = Kind(say("a number of minutes"), _between(1, 1440))
SPAN = Kind(say("a number of minutes"), _between(0, 1440))


@dataclass(frozen=True, slots=True)
class Key:
    """What is told of a key: what it must be, what it is for, a value as TOML writes it, and the default in words.

    ``instead`` names the key in whose place it stands; both together contradict each other.
    """

    kind: Kind[Any]
    means: str
    example: str
    default: str
    instead: str | None = None


def _key(
    kind: Kind[T],
    default: T | None,
    *,
    example: str,
    shown: str,
    means: str,
    instead: str | None = None,
    secret: bool = False,
) -> Any:
    key = Key(kind, means, example, shown, instead)
    return field(default=default, repr=not secret, metadata={"key": key})


def _required(kind: Kind[Any], *, example: str, means: str) -> Any:
    return field(metadata={"key": Key(kind, means, example, "must be given")})


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


class Section:
    """A table of the file. A ``repeated`` one may stand in it several times, in double brackets."""

    __slots__ = ()
    repeated: ClassVar[bool] = False

    def contradictions(self) -> Iterator[tuple[str, Sentence]]:
        """Which key does not go with the others, and why: what no key alone can show."""
        yield from ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources(Section):
    """What is read."""

    evtx: tuple[Path, ...] = _key(
        PATHS,
        (),
        example=r"['C:\Windows\System32\winevt\Logs\Security.evtx']",
        shown="none",
        means="Event log files, or folders of them (with all below), that are followed.",
    )
    channels: tuple[str, ...] | str = _key(
        LIVE,
        AUTO,
        example="['Security', 'OpenSSH/Operational']",
        shown='"auto"',
        means='Channels of this machine\'s own Windows event log that are followed: "auto" takes all that tell of logons on '
        "Windows, and none elsewhere; [] takes none. At the very first start the last 10 minutes are news, and what is older "
        "is history.",
    )
    ssm: Path | str = _key(
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

    rings: frozenset[str] | None = _key(
        RINGS,
        None,
        example='["console", "rdp", "ssm-shell", "logoff"]',
        shown="all but " + ", ".join(sorted(SILENT_DOORS)),
        means='The doors that ring: these and no others. With "logoff", the end of a session that rang rings, too. A '
        "reconnect (rdp-reconnect) soon after its logon, from the same address, is counted with it, not told singly.",
    )
    silent: frozenset[Door] = _key(
        DOORS,
        frozenset(),
        example='["rdp-reconnect"]',
        shown="none",
        means="Doors that are taken away from those that ring.",
    )

    on: tuple[str, ...] = _key(
        SHIPPED,
        (),
        example='["recipe-ssm-login"]',
        shown="none",
        means="Shipped rules that are switched off, to be switched on: recipe-ssm-login, recipe-normal-login.",
    )
    domain_admins: frozenset[str] = _key(
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
class Filtering(Section):
    """What a notifier is told; without it, all that rings. An alert must pass every key that is set.

    What is not known passes: a logon whose groups are not audited may be a domain admin's. Notices of logonbell about
    itself are held to `level` and `rules` only.
    """

    level: Level = _key(
        LEVEL,
        Level.INFORMATIONAL,
        example='"high"',
        shown='"informational"',
        means='The least level: "informational", "low", "medium", "high" or "critical".',
    )
    doors: frozenset[Door] = _key(
        DOORS,
        frozenset(),
        example='["rdp", "ssm-shell"]',
        shown="all",
        means="Only what came by one of these doors. What has no door, as a cleared log, does not pass.",
    )
    rules: frozenset[str] = _key(
        RULE_NAMES,
        frozenset(),
        example='["logon", "log-cleared"]',
        shown="all",
        means="Only what one of these rules rang.",
    )
    users: frozenset[str] = _key(
        USERS,
        frozenset(),
        example=r"['CONTOSO\alice', 'S-1-5-21-1004336348-1177238915-682003330-1105']",
        shown="all",
        means=r"Only what names one of these users: by name, as DOMAIN\name, by SID or by IAM principal, in any case.",
    )
    domain_admin: bool = _key(
        FLAG, False, example="true", shown="false", means="Only logons of domain admins."
    )

    @property
    def filter(self) -> Filter:
        """As the outbox asks it."""
        doors = frozenset(str(door) for door in self.doors)
        return Filter(self.level, doors, self.rules, self.users, self.domain_admin)


_EVERYTHING = Filtering()


def _filter() -> Any:
    return field(default=_EVERYTHING, metadata={"section": Filtering})


def _name(kind: str) -> Any:
    return _key(
        LABEL,
        kind,
        example=f'"{kind}"',
        shown=f'"{kind}"',
        means="By which status and outbox know it. Renamed, it is a new notifier: what waits for the old name stays there.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ToConsole(Section):
    """Alerts on the console."""

    enabled: bool = _key(
        FLAG,
        True,
        example="false",
        shown="true",
        means="Whether alerts are written to the console (standard output).",
    )
    paced: bool = _key(
        FLAG,
        False,
        example="true",
        shown="false",
        means="Whether the console keeps the pace of [notify.pace], too; else every alert is written at once.",
    )
    filter: Filtering = _filter()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToSns(Section):
    """Alerts through Amazon SNS; without this table none are published.

    Credentials are boto3's own: a role of the machine, or the AWS configuration.
    """

    repeated: ClassVar[bool] = True

    topic_arn: str = _required(
        ARN,
        example='"arn:aws:sns:ap-northeast-1:123456789012:logonbell"',
        means="The topic to which alerts are published.",
    )
    region: str | None = _key(
        REGION, None, example='"ap-northeast-1"', shown="the topic's", means="The region whose SNS is asked."
    )
    endpoint_url: str | None = _key(
        URL,
        None,
        example='"https://vpce-0123-abcd.sns.ap-northeast-1.vpce.amazonaws.com"',
        shown="AWS's own",
        means="Where SNS is, for an emulator or a VPC endpoint. What is set here receives every alert: with http "
        "anyone on the way reads and changes them, so http is for an emulator on this machine only.",
    )
    format: Form = _key(
        FORM,
        Form.PER_PROTOCOL,
        example='"chat"',
        shown='"per-protocol"',
        means='What subscribers get: "per-protocol": mail the whole text, phones one part of an SMS, queues, functions and '
        'web hooks [a JSON object](message.md); "chat": the same, but HTTPS subscribers the schema of Amazon Q '
        'Developer in chat applications (Slack, Teams); "text" or "json": all of them the whole text, or the JSON '
        "object. Where a subscription has a filter policy by attributes, take one of the last two: AWS documents that "
        "attributes are not sent with different texts for each protocol.",
    )
    ascii_subject: bool = _key(
        FLAG,
        False,
        example="true",
        shown="false",
        means="Whether subjects are written in English with ASCII only, for receivers that cannot show others.",
    )
    daily_check: bool = _key(
        FLAG,
        True,
        example="true",
        shown="true",
        means="Whether `watch` looks after the topic once a day, and rings when a subscription has vanished.",
    )
    canary: bool = _key(
        FLAG,
        False,
        example="true",
        shown="false",
        means="Whether a message marked as canary is sent once a day; one that SNS has not taken by the next day rings.",
    )
    name: str = _name("sns")
    filter: Filtering = _filter()

    def contradictions(self) -> Iterator[tuple[str, Sentence]]:
        """SNS knows a topic in its own region only."""
        topic = read_topic(self.topic_arn)
        if self.region not in {None, topic.region}:
            yield (
                "region",
                say("is {given}, but the topic is in {region}", given=self.region, region=topic.region),
            )
        if self.canary and not self.daily_check:
            yield "canary", say("is true, but daily_check, which sends it, is false")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToWebhook(Section):
    """Alerts posted to a web address as JSON, signed: [what receivers are promised](webhook.md)."""

    repeated: ClassVar[bool] = True

    url: Target = _required(
        TARGET,
        example='"https://alerts.example.com/logonbell"',
        means="Where alerts are posted: https, or http on this machine. Its path and query are shown to nobody.",
    )
    key_file: Path | None = _key(
        PATH,
        None,
        example=r"'C:\ProgramData\logonbell\webhook.key'",
        shown="none",
        means="The file with the keys that sign, one a line. Others may not be allowed to read it.",
    )
    key_env: str | None = _key(
        VARIABLE,
        None,
        example='"LOGONBELL_WEBHOOK_KEY"',
        shown="none",
        means="The environment variable with the keys that sign, in place of `key_file`.",
        instead="key_file",
    )
    ca_file: Path | None = _key(
        PATH,
        None,
        example="'corporate-ca.pem'",
        shown="this machine's",
        means="The certificates that vouch for the receiver, in PEM, in place of those that this machine trusts.",
    )
    name: str = _name("webhook")
    filter: Filtering = _filter()

    def contradictions(self) -> Iterator[tuple[str, Sentence]]:
        """A key must be somewhere, and in one place."""
        if self.key_file is None and self.key_env is None:
            yield "key_file", say("is missing, and so is key_env: one of them says where the key is")
        if self.key_file is not None and self.key_env is not None:
            yield "key_env", say("is given, and so is key_file: the key is in one place")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToApprise(Section):
    """Alerts through [apprise](https://appriseit.com/services/): Slack, Teams and the rest.

    It is an extra: `pip install 'logonbell[apprise]'`. Each address has a table of its own, so that none is told twice
    because another was not reached.
    """

    repeated: ClassVar[bool] = True

    url: str | None = _key(
        APPRISE,
        None,
        example='"slack://T0000/B0000/XXXX"',
        shown="none",
        means="The address itself, in place of `url_file`. It mostly holds a secret, which then stands in the settings.",
        instead="url_file",
        secret=True,
    )
    url_file: Path | None = _key(
        PATH,
        None,
        example=r"'C:\ProgramData\logonbell\slack.url'",
        shown="none",
        means="The file with the address as apprise writes it. Others may not be allowed to read it.",
    )
    name: str = _name("apprise")
    filter: Filtering = _filter()

    def contradictions(self) -> Iterator[tuple[str, Sentence]]:
        """The address must be somewhere, and in one place."""
        if self.url is None and self.url_file is None:
            yield "url", say("is missing, and so is url_file: one of them says what the address is")
        if self.url is not None and self.url_file is not None:
            yield "url_file", say("is given, and so is url: the address is in one place")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace(Section):
    """How much a person is sent, by each notifier. Why: docs/decisions/pace.md."""

    singles_a_minute: int = _key(
        SINGLES,
        10,
        example="20",
        shown="10",
        means="How many alerts are told one by one in a minute; the others share a digest. Critical alerts have as many "
        "of their own.",
    )
    messages_a_second: int = _key(
        BURST,
        5,
        example="3",
        shown="5",
        means="How many messages are sent in a second at most. SNS may delete a mail subscription that gets more than "
        "10: where several hosts share a topic, share this among them.",
    )
    repeat_minutes: int = _key(
        SPAN,
        10,
        example="30",
        shown="10",
        means="For how long the same (host, rule, door, user, principal, address) is told only once; what came "
        "meanwhile is counted and told as one message at the end. Critical alerts are always told; with 0, all are.",
    )
    digest_seconds: int = _key(
        SECONDS, 60, example="120", shown="60", means="How many seconds lie between two digests."
    )
    critical_digest_seconds: int = _key(
        SECONDS,
        10,
        example="30",
        shown="10",
        means="How many seconds lie between two digests of critical alerts.",
    )
    late_minutes: int = _key(
        MINUTES,
        5,
        example="15",
        shown="5",
        means="How old an event is when its alert is told late, as after downtime: such alerts share one digest.",
    )

    @property
    def limits(self) -> Limits:
        """As ``pace.decide`` wants it."""
        return Limits(
            singles=self.singles_a_minute,
            burst=self.messages_a_second,
            repeats=timedelta(minutes=self.repeat_minutes),
            digest=timedelta(seconds=self.digest_seconds),
            critical_digest=timedelta(seconds=self.critical_digest_seconds),
            backlog=timedelta(minutes=self.late_minutes),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify(Section):
    """Whom alerts reach."""

    console: ToConsole = field(default=ToConsole(), metadata={"section": ToConsole})
    sns: tuple[ToSns, ...] = field(default=(), metadata={"section": ToSns})
    webhook: tuple[ToWebhook, ...] = field(default=(), metadata={"section": ToWebhook})
    apprise: tuple[ToApprise, ...] = field(default=(), metadata={"section": ToApprise})
    pace: Pace = field(default=Pace(), metadata={"section": Pace})

    def contradictions(self) -> Iterator[tuple[str, Sentence]]:
        """Each notifier has its own delivery rows, so each has its own name."""
        names = {"console"}
        named: list[tuple[str, ToSns | ToWebhook | ToApprise]] = [
            *(("sns", table) for table in self.sns),
            *(("webhook", table) for table in self.webhook),
            *(("apprise", table) for table in self.apprise),
        ]
        for kind, table in named:
            if table.name in names:
                yield kind, say("holds a second notifier called {name}: give each its own", name=table.name)
            names.add(table.name)

    @property
    def filters(self) -> Mapping[str, Filter]:
        """What each notifier is told, by its name."""
        tables: list[ToSns | ToWebhook | ToApprise] = [*self.sns, *self.webhook, *self.apprise]
        return {
            "console": self.console.filter.filter,
            **{table.name: table.filter.filter for table in tables},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class History(Section):
    """What is remembered of logons, rung or not."""

    keep_days: int = _key(
        AGE, 400, example="90", shown="400", means="How many days recognised logons are kept."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Window(Section):
    """A stretch of the week in which certain alerts are expected and not told; as many of these as there are such.

    Of each criterion that is given, one value must fit. What was held back is counted in the next message. Critical
    alerts are told all the same. For what happens once: `logonbell silence add`.
    """

    repeated: ClassVar[bool] = True

    because: str = _required(NAME, example='"patching"', means="Why.")
    begins: time = _required(
        CLOCK, example='"22:00"', means="When it begins, in the time zone of the settings (`timezone`)."
    )
    ends: time = _required(
        CLOCK, example='"02:00"', means="When it ends; a time before `begins` is one of the next day."
    )
    days: frozenset[int] = _key(
        WEEK,
        frozenset(range(7)),
        example='["sat", "sun"]',
        shown="every day",
        means="The days on which it begins: mon, tue, wed, thu, fri, sat, sun.",
    )
    doors: frozenset[Door] = _key(
        DOORS, frozenset(), example='["rdp"]', shown="any", means="Alerts of logons by these doors."
    )
    users: tuple[str, ...] = _key(
        LINES,
        (),
        example=r"""['CONTOSO\patcher']""",
        shown="any",
        means="Alerts about these users: names, with their domain or without, or SIDs.",
    )
    addresses: tuple[str, ...] = _key(
        NETWORKS,
        (),
        example='["10.20.0.0/16"]',
        shown="any",
        means="Alerts of logons from these addresses or networks.",
    )
    hosts: tuple[str, ...] = _key(
        LINES,
        (),
        example='["bastion-tokyo"]',
        shown="any",
        means="Alerts of these hosts, by the names that their logs carry, or by instance id.",
    )
    rules: tuple[str, ...] = _key(
        LINES, (), example='["restarted"]', shown="any", means="Alerts of these rules."
    )
    principals: tuple[str, ...] = _key(
        LINES,
        (),
        example='["patch-session"]',
        shown="any",
        means="Alerts of SSM sessions of these IAM principals: whole ARNs, or their last part.",
    )
    everything: bool = _key(
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

    language: str = _key(
        LANGUAGE,
        AUTO,
        example='"ja"',
        shown='"auto"',
        means='In which language people are told: "en", "ja", or "auto", as the locale of the machine says.',
    )
    timezone: zoneinfo.ZoneInfo | None = _key(
        ZONE,
        None,
        example='"Asia/Tokyo"',
        shown="the machine's",
        means="The IANA zone in which times are shown, beside UTC.",
    )
    host: str | None = _key(
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


def in_english(sentence: Sentence) -> Shown:
    """Tell mistakes to a person whose language is not known yet."""
    return speak(sentence, "en")


def read_config(path: Path, tell: Tell = in_english) -> Config:
    """Read the file. Raises ``Refused`` that names every mistake in it, put into words by ``tell``."""
    return parse_config(read_text(path), path, tell)


def parse_config(text: str, path: Path, tell: Tell = in_english) -> Config:
    """Read the text of a file that is, or is to be, at ``path``. Raises ``Refused`` as ``read_config`` does."""
    table = _parse(path, text)
    reading = _Reading(path.absolute().parent, tell, text)
    config = reading.section(Config, table, ())
    if reading.mistakes or config is None:
        listed = Shown("".join(f"\n  {mistake}" for _, mistake in sorted(reading.mistakes)))
        count = len(reading.mistakes)
        raise Refused(
            plural(
                "{file} has a mistake:{mistakes}",
                "{file} has {count} mistakes:{mistakes}",
                count,
                file=str(path),
                mistakes=listed,
            )
        )
    return config


S = TypeVar("S", bound=Section)


class _Reading:
    """One pass through the file, which collects the mistakes."""

    def __init__(self, folder: Path, tell: Tell, text: str) -> None:
        self.mistakes: list[tuple[int, str]] = []
        self._folder = folder
        self._tell = tell
        self._text = text
        self._lines: Mapping[tuple[str, ...], int] | None = None

    def section(self, kind: type[S], table: Mapping[str, object], at: tuple[str, ...]) -> S | None:
        """Read a table; None where it has mistakes."""
        before = len(self.mistakes)
        known = {one.name: one for one in fields(kind)}  # type: ignore[arg-type]  # every Section is a dataclass
        for name in table:
            if name not in known:
                self._unknown((*at, name), known)
        values = {}
        for name, one in known.items():
            path = (*at, name)
            if name in table:
                values[name] = self._value(one.metadata, table[name], path)
            elif one.default is MISSING and one.default_factory is MISSING:
                self._add(at, say("{key} is missing", key=_dotted(path)))
        if len(self.mistakes) > before:
            return None
        made = kind(**values)
        for name, why in made.contradictions():
            self._wrong((*at, name), _WrongError(why))
        return made

    def _value(self, metadata: Mapping[str, Any], value: object, path: tuple[str, ...]) -> Any:
        try:
            if inner := metadata.get("section"):
                return self._tables(inner, value, path)
            key: Key = metadata["key"]
            return key.kind.read(value, self._folder)
        except _WrongError as wrong:
            self._wrong(path, wrong)
            return None

    def _tables(self, kind: type[Section], value: object, path: tuple[str, ...]) -> Any:
        """Read a table; of a kind that may stand there several times, one or a list of them."""
        if not kind.repeated:
            return self.section(kind, _take_table(value), path)
        if not isinstance(value, list):
            return (self.section(kind, _take_table(value), path),)
        tables = [_take_table(one) for one in value]
        return tuple(self.section(kind, one, (*path, f"[{number}]")) for number, one in enumerate(tables, 1))

    def _unknown(self, path: tuple[str, ...], known: Iterable[str]) -> None:
        meant = _meant(path[-1], known)
        if meant is None:
            elsewhere = {there[-1]: _dotted(there) for _, there, _ in keys()}
            close = _meant(path[-1], elsewhere)
            meant = elsewhere[close] if close else None
        if meant:
            self._add(
                path, say("{key} is not known. Did you mean {meant}?", key=_dotted(path), meant=f"'{meant}'")
            )
        else:
            there = ", ".join(known)
            self._add(path, say("{key} is not known. Known here: {known}", key=_dotted(path), known=there))

    def _wrong(self, path: tuple[str, ...], wrong: _WrongError) -> None:
        parts = {hole: self._tell(part) for hole, part in wrong.parts.items()}
        why = self._tell(replace(wrong.what, holes={**wrong.what.holes, **parts}))
        self._add(path, say("{key} {why}", key=_dotted(path), why=Shown(why.strip())))

    def _add(self, path: tuple[str, ...], what: Sentence) -> None:
        if self._lines is None:
            self._lines = _lines(self._text)
        line = next((self._lines[known] for known in _nearest(path) if known in self._lines), 0)
        told = self._tell(what)
        self.mistakes.append(
            (line, self._tell(say("line {line}: {what}", line=line, what=told)) if line else told)
        )


_take_table = _of(dict, say("a table"))


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(path).replace(".[", "[")


def read_text(path: Path) -> str:
    """Give the text of the file. Raises ``Refused`` where it cannot be read, or is no text."""
    try:
        if path.exists() and not path.is_file():
            raise Refused(say("{file} is not a file.", file=str(path)), say("Name the TOML file itself."))
        with path.open("rb") as file:
            raw = file.read(_LONGEST_FILE + 1)
    except OSError as error:
        raise unreadable(path, error) from error
    if len(raw) > _LONGEST_FILE:
        raise Refused(say("{file} is too large to be a configuration.", file=str(path)))
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refused(say("{file} is in UTF-16.", file=str(path)), say("Save it as UTF-8."))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Refused(
            say("{file} is not in UTF-8 (line {line}).", file=str(path), line=line), say("Save it as UTF-8.")
        ) from error


def unreadable(path: Path, error: OSError) -> Refused:
    """Say why the file cannot be read."""
    match error:
        case FileNotFoundError():
            return Refused(
                say("There is no file {file}.", file=str(path)), say("Name the configuration with --config.")
            )
        case PermissionError():
            return Refused(
                say("{file} may not be read by this user.", file=str(path)),
                say("Allow it, or run as another user."),
            )
        case _:
            return Refused(
                say("{file} cannot be read: {why}.", file=str(path), why=error.strerror or str(error))
            )


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise Refused(say("{file} is nested too deeply.", file=str(path))) from error
    except ValueError as error:  # tomllib's own error is one; so is a number of too many digits
        why, line, column = _where(str(error), text)
        hint = None
        if line and "\\" in text.splitlines()[line - 1 : line][0]:
            hint = say(r"Write Windows paths in single quotes: 'C:\Windows'.")
        what = say(
            "{file}, line {line}, column {column}: {why}.", file=str(path), line=line, column=column, why=why
        )
        raise Refused(what if line else say("{file}: {why}.", file=str(path), why=why), hint) from error


def _where(words: str, text: str) -> tuple[str, int, int]:
    """Take tomllib's words apart: why, line and column, both from 1 (0 where it does not say)."""
    if found := re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", words, re.DOTALL):
        return found[1], int(found[2]), int(found[3])
    if found := re.fullmatch(r"(.*) \(at end of document\)", words, re.DOTALL):
        lines = text.split("\n")
        return found[1], len(lines), len(lines[-1]) + 1
    return words, 0, 0


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """Find the line on which each key is first written, in each of several tables; tomllib does not tell.

    The lines are parsed again, statement by statement, each under its own table's header: a statement is over where
    TOML can read it.
    """
    found: dict[tuple[str, ...], int] = {}
    counts: dict[tuple[str, ...], int] = {}
    header, statement, start = "", "", 1
    for number, line in enumerate(text.split("\n"), 1):
        if not statement:
            start = number
        statement += line.removesuffix("\r") + "\n"
        is_header = statement.lstrip().startswith("[")
        try:
            parsed = tomllib.loads(statement if is_header else header + statement)
        except ValueError:
            continue
        if is_header:
            header = statement
            if statement.lstrip().startswith("[["):
                *_, table = _paths(parsed)
                counts[table] = counts.get(table, 0) + 1
        for path in _paths(parsed):
            found.setdefault(path, start)
            found.setdefault(_placed(path, counts), start)
        statement = ""
    return found


def _paths(table: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """List the keys of a table, and of those within."""
    for name, value in table.items():
        yield (*above, name)
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                yield from _paths(inner, (*above, name))


def _nearest(path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Name what stands in the file for a key that may not: itself, in a list of tables on one line, and what holds it."""
    for length in range(len(path), 0, -1):
        yield path[:length]
        yield tuple(key for key in path[:length] if not key.startswith("["))


def _placed(path: tuple[str, ...], counts: Mapping[tuple[str, ...], int]) -> tuple[str, ...]:
    """Say of which one of several tables a key is: of the last that began."""
    placed: list[str] = []
    for number, key in enumerate(path, 1):
        placed.append(key)
        if path[:number] in counts:
            placed.append(f"[{counts[path[:number]]}]")
    return tuple(placed)
