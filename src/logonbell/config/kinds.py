"""What the value of a key must be, in words and as it is read."""

from __future__ import annotations

import re
import sys
import zoneinfo
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Generic, TypeVar

from logonbell.alert import Level
from logonbell.errors import Refused
from logonbell.likely import likely
from logonbell.logon import Door
from logonbell.notifiers.forms import Form
from logonbell.notifiers.target import Target, read_target
from logonbell.notifiers.topic import read_endpoint, read_topic
from logonbell.rule import rule_names
from logonbell.rulebook.shelf import ringing, shipped
from logonbell.sentence import Sentence, say
from logonbell.silence import DAYS, read_network
from logonbell.text.language import LANGUAGES

AUTO = "auto"
"""``language``: as the locale of the machine says."""
LOGOFF = "logoff"
"""``rules.rings``: the end of a session rings, too."""
OFF = "off"
"""``sources.ssm``: sessions of Session Manager are not looked at; ``sources.journal``: nor is the journal."""
ON = "on"
"""``sources.journal``: it is followed, whatever else there is."""
_LONGEST_NAME = 100

T = TypeVar("T")


class WrongError(Exception):
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


def of(kind: type[T], words: Sentence) -> Callable[[object], T]:
    """Make what takes a TOML value of exactly one type (to Python, ``true`` is also a number)."""

    def take(value: object) -> T:
        if type(value) is kind:
            return value
        raise WrongError(say("must be {wanted}, not {given}"), wanted=words, given=_type_in_words(value))

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


_take_flag = of(bool, say("true or false"))
_take_number = of(int, say("a whole number"))
_take_text = of(str, say("text"))
_take_list = of(list, say("a list"))
take_table = of(dict, say("a table"))


def _take_line(value: object) -> str:
    text = _take_text(value)
    if not text.strip():
        raise WrongError(say("is empty"))
    if any(sign < " " or sign == "\x7f" for sign in text):
        raise WrongError(say("holds a control character"))
    return text


def _read_flag(value: object, _: Path) -> bool:
    return _take_flag(value)


def _read_name(value: object, _: Path) -> str:
    text = _take_line(value).strip()
    if len(text) > _LONGEST_NAME:
        raise WrongError(
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
        raise WrongError(say("cannot be looked up: this machine has no time zones. Run: pip install tzdata"))
    if meant := likely(name, known):
        raise WrongError(
            say("is {given}, which is no time zone. Did you mean {meant}?", given=name, meant=meant)
        )
    raise WrongError(say("is {given}, which is no time zone. One looks like Asia/Tokyo", given=name))


def _read_path(value: object, folder: Path) -> Path:
    text = _take_text(value)
    if any(sign < " " for sign in text):
        raise WrongError(
            say(r"holds a control character: in double quotes \t and \n are such. Write it in single quotes")
        )
    if not text.strip():
        raise WrongError(say("is empty"))
    if re.match(r"~|\$[A-Za-z_{(]", text) or re.search(r"%\w+%", text):
        raise WrongError(
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
    raise WrongError(say("is {given}, which is no time of day. One looks like 22:00", given=text))


def _read_lines(value: object, _: Path) -> tuple[str, ...]:
    return tuple(_take_line(one).strip() for one in _take_list(value))


def _read_networks(value: object, _: Path) -> tuple[str, ...]:
    return tuple(_refused(read_network, _take_text(one)) for one in _take_list(value))


def _between(least: int, most: int) -> Callable[[object, Path], int]:
    def read(value: object, _: Path) -> int:
        number = _take_number(value)
        if least <= number <= most:
            return number
        raise WrongError(
            say("is {given}, but must lie between {least} and {most}", given=number, least=least, most=most)
        )

    return read


def _read_ssm(value: object, folder: Path) -> Path | str:
    return value if isinstance(value, str) and value in {AUTO, OFF} else _read_path(value, folder)


def _read_channels(value: object, _: Path) -> tuple[str, ...] | str:
    if value == AUTO:
        return AUTO
    return tuple(dict.fromkeys(_take_line(one).strip() for one in _take_list(value)))


def _read_journal(value: object, _: Path) -> str:
    return _chosen(_take_text(value), (AUTO, ON, OFF))


def _read_auth_logs(value: object, folder: Path) -> tuple[Path, ...] | str:
    return AUTO if value == AUTO else tuple(dict.fromkeys(_read_paths(value, folder)))


def _read_shipped(value: object, _: Path) -> tuple[str, ...]:
    known = [one.about.key for one in ringing(shipped())]
    return tuple(_chosen(_take_text(one), known) for one in _take_list(value))


def _read_values(value: object, _: Path) -> tuple[tuple[str, tuple[str, ...]], ...]:
    table = take_table(value)
    return tuple(
        (name, tuple(_take_line(one) for one in _take_list(values))) for name, values in table.items()
    )


def _read_sids(value: object, _: Path) -> frozenset[str]:
    return frozenset(_read_sid(_take_line(one).strip()) for one in _take_list(value))


def _read_sid(text: str) -> str:
    if re.fullmatch(r"S-1(-[0-9]{1,10}){2,15}|[0-9]{3,10}", text, re.ASCII):
        return text
    if sys.platform != "win32" and text.isprintable() and not set(text) & set(",:"):
        return text  # a group of Linux, which has nothing but its name
    raise WrongError(
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
    raise WrongError(say("is not an address as apprise writes it. One looks like slack://..."))


def _read_variable(value: object, _: Path) -> str:
    text = _take_text(value)
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", text, re.ASCII):
        return text
    # Without the value: it may be the secret itself, put into the wrong place.
    raise WrongError(say("is not the name of an environment variable. One looks like LOGONBELL_KEY"))


def _read_label(value: object, _: Path) -> str:
    text = _take_text(value)
    if re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,39}", text, re.ASCII):
        return text
    raise WrongError(
        say("is {given}, but is made of a-z, 0-9, dots, hyphens and underscores, at most 40", given=text)
    )


def _read_level(value: object, _: Path) -> Level:
    return Level[_chosen(_take_text(value), [level.word for level in Level]).upper()]


def _read_rules(value: object, _: Path) -> frozenset[str]:
    known = sorted(rule_names() | {one.about.key for one in ringing(shipped())})
    return frozenset(_chosen(_take_text(one), known) for one in _take_list(value))


def _read_users(value: object, _: Path) -> frozenset[str]:
    return frozenset(_take_line(one).strip() for one in _take_list(value))


def _read_region(value: object, _: Path) -> str:
    text = _take_line(value)
    if re.fullmatch(r"[a-z]{2}[a-z0-9-]*-[0-9]+", text, re.ASCII):
        return text
    raise WrongError(say("is {given}, which is no AWS region. One looks like ap-northeast-1", given=text))


def _read_form(value: object, _: Path) -> Form:
    return Form(_chosen(_take_text(value), [str(form) for form in Form]))


def _refused(read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except Refused as refused:
        why = {"what": refused.what, **({"hint": refused.hint} if refused.hint else {})}
        raise WrongError(say("is wrong: {what} {hint}", hint=""), **why) from refused


def _chosen(given: str, choices: Iterable[str]) -> str:
    choices = list(choices)
    if given in choices:
        return given
    if meant := likely(given, choices):
        raise WrongError(
            say("is {given}, which is not known. Did you mean {meant}?", given=given, meant=meant)
        )
    raise WrongError(say("is {given}, but must be one of: {known}", given=given, known=", ".join(choices)))


FLAG = Kind(say("true or false"), _read_flag)
NAME = Kind(say("text"), _read_name)
LANGUAGE = Kind(say("a language"), _read_language)
ZONE = Kind(say("a time zone's name"), _read_zone)
PATH = Kind(say("a path"), _read_path)
PATHS = Kind(say("a list of paths"), _read_paths)
DOORS = Kind(say("a list of doors"), _read_doors)
SSM = Kind(say("auto, off or a path"), _read_ssm)
LIVE = Kind(say("auto or a list of channels"), _read_channels)
JOURNALS = Kind(say("auto, on or off"), _read_journal)
AUTH_LOGS = Kind(say("auto or a list of paths"), _read_auth_logs)
SHIPPED = Kind(say("a list of rules"), _read_shipped)
VALUES = Kind(say("a table of lists"), _read_values)
SIDS = Kind(say("a list of groups"), _read_sids)
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
HOURS = Kind(say("a number of hours"), _between(1, 720))
SINGLES = Kind(say("a number"), _between(1, 500))
BURST = Kind(say("a number"), _between(1, 9))
SECONDS = Kind(say("a number of seconds"), _between(1, 3600))
MINUTES = Kind(say("a number of minutes"), _between(1, 1440))
SPAN = Kind(say("a number of minutes"), _between(0, 1440))
