"""``logonbell install`` and ``logonbell uninstall``: the steps are shown, done or taken back, and told."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import TextIO

from logonbell.commands.composition import book_of, wanted_by_all
from logonbell.commands.consent import agree
from logonbell.commands.desk import MENDABLE, Desk
from logonbell.commands.ring import ring, say_farewell
from logonbell.commands.silence import author
from logonbell.config.key import Section
from logonbell.config.kinds import AUTO
from logonbell.config.reading import parse_config, read_text
from logonbell.config.settings import Config
from logonbell.errors import Refused
from logonbell.notifiers.topic import read_topic
from logonbell.provision import steps as provision
from logonbell.provision.record import Record
from logonbell.provision.settings import for_topic
from logonbell.provision.setup import Setup, Wanted
from logonbell.provision.steps import Outcome
from logonbell.sentence import Sentence, say
from logonbell.text.language import speak

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


def own_machine() -> Setup:
    """Give the machine that this runs on."""
    if sys.platform == "win32":
        from logonbell.provision.windows import OnWindows  # noqa: PLC0415 - of two systems, one is loaded
        from logonbell.windows.machine import this_machine as windows  # noqa: PLC0415 - it is only there

        return OnWindows(windows())
    else:  # noqa: RET505 - of two systems, one is checked
        from logonbell.linux.machine import this_machine  # noqa: PLC0415 - likewise
        from logonbell.provision.linux import OnLinux  # noqa: PLC0415 - likewise

        return OnLinux(this_machine())


def install(desk: Desk, machine: Setup, asked: Asked, answers: TextIO) -> int:
    """Set it up. Returns the exit code."""
    text = _settings(machine, asked)
    config = parse_config(text, machine.settings, lambda sentence: speak(sentence, desk.language))
    wanted = wanted_of(text, config)
    machine.refuse_unfit(wanted)
    if asked.on_event:
        wanted = replace(wanted, query=machine.starting_at(wanted_by_all(book_of(config, desk))))
    planned = machine.steps(wanted)
    _show(desk, [one.says for one in planned])
    if asked.dry_run:
        return 0
    agree(desk, answers, yes=asked.yes)
    record = Record(machine.record)
    if not provision.take(planned, record, lambda number, outcome: _tell(desk, number, outcome)):
        desk.say(say("Nothing was to be done. Whether all is well: logonbell doctor"))
        return 0
    machine.start()
    desk.say(say("It runs. Now it rings once."))
    return _rung(desk, config)


def wanted_of(text: str, config: Config) -> Wanted:
    """Say what is to be set up for these settings."""
    metrics = config.health.prometheus
    return Wanted(
        text,
        state=config.state,
        named=tuple(_paths(config)),
        written=() if metrics is None else (metrics.parent,),
    )


def _paths(value: object) -> Iterator[Path]:
    """Name all files and folders in settings."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _paths(one)
    elif isinstance(value, Section):
        for one in fields(value):  # type: ignore[arg-type]  # every Section is a dataclass
            yield from _paths(getattr(value, one.name))


def uninstall(desk: Desk, machine: Setup, *, keep: bool, dry_run: bool, yes: bool, answers: TextIO) -> int:
    """Put everything back. Returns the exit code."""
    machine.refuse_unprivileged()
    record = Record(machine.record)
    kept = machine.kept if keep else ()
    undone = [one for one in provision.done(machine.steps(), record) if one.name not in kept]
    if not undone:
        raise Refused(
            say("There is nothing that install did and that was not put back."),
            say("Was it another machine?"),
        )
    _show(desk, [one.undoing for one in undone])
    if dry_run:
        return 0
    agree(desk, answers, yes=yes)
    _say_farewell(desk, machine)
    provision.take_back(undone, record, lambda number, outcome: _tell(desk, number, outcome))
    desk.say(say("Everything is as it was before."))
    return 0


def _say_farewell(desk: Desk, machine: Setup) -> None:
    """Tell that nobody watches any more, while somebody can be told; whoever may uninstall is held up by no network."""
    try:
        text = read_text(machine.settings)
        config = parse_config(text, machine.settings, lambda sentence: speak(sentence, desk.language))
        told = say_farewell(_as_set(desk, config), config, author())
    except Refused as refused:
        desk.remark(refused.sentence)
        told = False
    if not told:
        desk.remark(say("Not everybody could be told that logonbell is uninstalled."))


def _settings(machine: Setup, asked: Asked) -> str:
    """Give the text of the settings to install."""
    if asked.config is not None and asked.topic_arn is not None:
        raise Refused(
            say("Both --config and --topic-arn were given, and the settings name their topics themselves."),
            say("Leave one out."),
        )
    path = asked.config or machine.settings
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
    return machine.resolved(read_text(path), path)


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
    heard = ring(_as_set(desk, config), config)
    if heard != 0:
        desk.remark(say("It is installed, and did not get through to everybody: logonbell doctor says why."))
        return MENDABLE
    desk.say(say("It is installed. Whether it sees everything: logonbell doctor"))
    return 0


def _as_set(desk: Desk, config: Config) -> Desk:
    chosen = desk.language if config.language == AUTO else config.language
    return replace(desk, language=chosen, zone=config.timezone or desk.zone)
