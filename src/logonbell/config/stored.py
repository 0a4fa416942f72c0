"""Settings in the SSM Parameter Store, and a copy of the last ones, for the day on which AWS is not reached."""

from __future__ import annotations

import hashlib
import os
import re
from functools import partial
from pathlib import Path
from typing import NamedTuple

from logonbell.errors import Refused
from logonbell.instance import this_instance
from logonbell.notifiers.aws import Aws, NotAnswered, chosen_region
from logonbell.notifiers.check import words_of
from logonbell.notifiers.identity import forbids
from logonbell.sentence import Sentence, say
from logonbell.store.folder import make, patiently

_PREFIX = "ssm:"
_MISSING = frozenset({"ParameterNotFound", "ParameterVersionNotFound"})
_SHOWN = 200
# SSM API, PutParameter: names that begin with aws or ssm are AWS's own.
_NAME = re.compile(
    r"(?!/?(?:aws|ssm))(?:[A-Za-z0-9_.-]+|(?:/[A-Za-z0-9_.-]+){1,15})", re.ASCII | re.IGNORECASE
)


def read_parameter(name: str) -> str:
    """Read the name of a parameter of the SSM Parameter Store. Raises ``Refused``."""
    if _NAME.fullmatch(name):
        return name
    raise Refused(
        say("{name} is not the name of a parameter.", name=repr(name[:_SHOWN])),
        say("It looks like /logonbell/bastion, and does not begin with aws or ssm."),
    )


def stored_name(path: Path) -> str:
    """Give the name of the parameter that ``--config`` names as ``ssm:NAME``. Raises ``Refused``."""
    return read_parameter(path.as_posix().removeprefix(_PREFIX))


class Stored(NamedTuple):
    """The settings of a parameter; where they are of a ``copy``, ``remark`` says why."""

    text: str
    copy: Path | None = None
    remark: Sentence | None = None


def read_stored(name: str, folder: Path) -> Stored:
    """Read the settings of a parameter.

    Where it cannot be read, the copy in ``folder`` stands in, of when it was read last. Raises ``Refused`` where there is
    none.
    """
    copy = folder / f"settings-{hashlib.sha256(name.encode()).hexdigest()[:16]}.toml"
    try:
        text = _asked(name)
    except Refused as refused:
        try:
            kept = copy.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            raise refused from None
        remark = say(
            "{why} The settings that were read last are used: {copy}", why=refused.sentence, copy=str(copy)
        )
        return Stored(kept, copy, remark)
    _keep(copy, text)
    return Stored(text)


def _asked(name: str) -> str:
    try:
        region = chosen_region()
        if not region:
            instance = this_instance()
            region = instance.region if instance is not None else None
        if not region:
            raise Refused(
                say("Nothing says in which region the parameter {name} is.", name=name),
                say("Set AWS_DEFAULT_REGION for the account that runs logonbell."),
            )
        aws = Aws("ssm", region)
        try:
            answer = aws.ask(lambda ssm: ssm.get_parameter(Name=name, WithDecryption=True))
        finally:
            aws.forget()
    except NotAnswered as lost:
        if not _MISSING.isdisjoint(lost.names):
            raise Refused(
                say("There is no parameter {name} in {region}.", name=name, region=str(region)),
                say("Make it: logonbell cloud up --parameter {name}", name=name),
            ) from lost
        if forbids(lost):
            raise Refused(
                say("AWS forbids reading the parameter {name} ({words}).", name=name, words=words_of(lost)),
                say("Allow ssm:GetParameter on it."),
            ) from lost
        raise Refused(
            say("The parameter {name} cannot be read ({words}).", name=name, words=words_of(lost)),
            say("Look at the network and the credentials of the account that runs logonbell."),
        ) from lost
    return str(answer["Parameter"]["Value"])


def _keep(copy: Path, text: str) -> None:
    """Keep a copy, whole or not at all, also without power; where nothing can be written, the next start does without."""
    beside = copy.with_suffix(".new")
    try:
        make(copy.parent)
        with os.fdopen(
            os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        patiently(partial(beside.replace, copy))
    except OSError:
        return
