"""``logonbell install`` and ``logonbell uninstall``: the steps are shown, done or taken back, and told."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TextIO

from logonbell.commands.composition import book_of, wanted_by_all
from logonbell.commands.consent import agree
from logonbell.commands.desk import MENDABLE, Desk
from logonbell.commands.ring import ring
from logonbell.config.kinds import AUTO
from logonbell.config.reading import parse_config, read_text
from logonbell.config.settings import Config
from logonbell.errors import Refused
from logonbell.notifiers.topic import read_topic
from logonbell.provision import steps as provision
from logonbell.provision.record import Record
from logonbell.provision.settings import for_topic, with_sids
from logonbell.provision.steps import Outcome
from logonbell.provision.windows import (
    FOLDER,
    SETTINGS,
    Wanted,
    refuse_unfit,
    refuse_unless_elevated,
    start,
    steps,
)
from logonbell.query import query_list
from logonbell.sentence import Sentence, say
from logonbell.text.language import speak
from logonbell.windows.channels import existing
from logonbell.windows.machine import Windows

_OUTCOMES: Mapping[Outcome, Sentence] = MappingProxyType(
    {
        Outcome.DONE: say("{number}: done"),
        Outcome.WAS_SO: say("{number}: was so already"),
        Outcome.UNDONE: say("{number}: done"),
    }
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for."""

    config: Path | None
    topic_arn: str | None
    on_event: bool
    dry_run: bool
    yes: bool


def windows_here() -> Windows | None:
    """Give the machine that this runs on; None elsewhere than on Windows."""
    if sys.platform == "win32":
        from logonbell.windows.machine import this_machine  # noqa: PLC0415 - it is only there

        return this_machine()
    return None


def own_machine() -> Windows:
    """Give the machine that this runs on. Raises ``Refused`` elsewhere than on Windows."""
    if (windows := windows_here()) is not None:
        return windows
    raise Refused(
        say(
            "On Linux logonbell cannot install itself yet: it comes with a unit of its own in a later version."
        ),
        say("Until then start `logonbell watch` from one of yours."),
    )


def install(desk: Desk, windows: Windows, asked: Asked, answers: TextIO) -> int:
    """Set it up. Returns the exit code."""
    text = _settings(windows, asked)
    config = parse_config(text, windows.settings, lambda sentence: speak(sentence, desk.language))
    refuse_unfit(windows)
    query = None
    if asked.on_event:
        query = query_list(existing(windows.run, wanted_by_all(book_of(config, desk))))
    planned = steps(windows, Wanted(text, query))
    _show(desk, [one.says for one in planned])
    if asked.dry_run:
        return 0
    agree(desk, answers, yes=asked.yes)
    record = Record(windows.record)
    if not provision.take(planned, record, lambda number, outcome: _tell(desk, number, outcome)):
        desk.say(say("Nothing was to be done. Whether all is well: logonbell doctor"))
        return 0
    start(windows)
    desk.say(say("It runs. Now it rings once."))
    return _rung(desk, config)


def uninstall(desk: Desk, windows: Windows, *, keep: bool, dry_run: bool, yes: bool, answers: TextIO) -> int:
    """Put everything back. Returns the exit code."""
    refuse_unless_elevated(windows)
    record = Record(windows.record)
    kept = {FOLDER, SETTINGS} if keep else set[str]()
    undone = [one for one in provision.done(steps(windows), record) if one.name not in kept]
    if not undone:
        raise Refused(
            say("There is nothing that install did and that was not put back."),
            say("Was it another machine?"),
        )
    _show(desk, [one.undoing for one in undone])
    if dry_run:
        return 0
    agree(desk, answers, yes=yes)
    provision.take_back(undone, record, lambda number, outcome: _tell(desk, number, outcome))
    desk.say(say("Everything is as it was before."))
    return 0


def _settings(windows: Windows, asked: Asked) -> str:
    """Give the text of the settings to install."""
    if asked.config is not None and asked.topic_arn is not None:
        raise Refused(
            say("Both --config and --topic-arn were given, and the settings name their topics themselves."),
            say("Leave one out."),
        )
    path = asked.config or windows.settings
    if asked.topic_arn is not None:
        arn = read_topic(asked.topic_arn).arn
        return (
            _with_topic(read_text(path), path, arn) if path.exists() else for_topic(arn, "logonbell install")
        )
    if asked.config is None and not path.exists():
        raise Refused(
            say("Nothing says whom to ring."),
            say("Name a topic with --topic-arn, or settings with --config."),
        )
    return with_sids(read_text(path), path, windows.security.sid_of)


def _with_topic(text: str, path: Path, arn: str) -> str:
    """Give the settings that are there already, if they ring through the topic: whatever was changed in them stays."""
    if all(table.topic_arn != arn for table in parse_config(text, path).notify.sns):
        raise Refused(
            say("{file} is there already, and names another topic.", file=str(path)),
            say("Name {topic} there and run install without --topic-arn, or move the file away.", topic=arn),
        )
    return text


def _show(desk: Desk, lines: Sequence[Sentence]) -> None:
    for number, line in enumerate(lines, 1):
        desk.say(say("{number}. {what}", number=number, what=line))


def _tell(desk: Desk, number: int, outcome: Outcome) -> None:
    desk.say(replace(_OUTCOMES[outcome], holes={"number": number}))


def _rung(desk: Desk, config: Config) -> int:
    """Ring through the settings that were installed, in their language."""
    chosen = desk.language if config.language == AUTO else config.language
    heard = ring(Desk(desk.out, desk.err, chosen, config.timezone or desk.zone), config)
    if heard != 0:
        desk.remark(say("It is installed, and did not get through to everybody: logonbell doctor says why."))
        return MENDABLE
    desk.say(say("It is installed. Whether it sees everything: logonbell doctor"))
    return 0
