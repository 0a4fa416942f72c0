"""``logonbell rules``: which Sigma rules there are, what is wrong with one's own, and what they would have rung for."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from logonbell.alert import Level
from logonbell.commands.composition import book_of, judge_of, not_active
from logonbell.commands.desk import MENDABLE, Desk
from logonbell.commands.past import Past
from logonbell.commands.progress import progress
from logonbell.config.settings import Config
from logonbell.errors import Refused
from logonbell.judge import Judged, judge_past, title_of
from logonbell.likely import likely
from logonbell.recognise.windows import CHANNELS
from logonbell.rulebook.shelf import all_of, compile_files, find_rules, joined, own_rules, ringing, shipped
from logonbell.sentence import Sentence, plural, say
from logonbell.sigma.form import About, Book, Correlation, Rule
from logonbell.sigma.wanted import ids_of, wanted
from logonbell.text.drawing import aligned
from logonbell.text.escape import name
from logonbell.text.language import speak
from logonbell.text.words import LEVELS
from logonbell.wire import Line

SHOWN = 8
"""So many records of each rule are named to a person."""


def show_all(desk: Desk, config: Config, *, as_lines: bool) -> int:
    """List the rules, those that are switched off, too. Returns the exit code."""
    active = {one.about.key for one in ringing(book_of(config, desk))}
    rules = ringing(_every(config))
    if as_lines:
        for one in rules:
            desk.out.line(json.dumps(_line(one, active=one.about.key in active)))
        return 0
    language = desk.out.language(desk.language)
    columns: dict[str, list[str]] = {
        "rule": [speak(say("rule"), language), *(name(one.about.key) for one in rules)],
        "level": [speak(say("level"), language), *(_level(one.about, language) for one in rules)],
        "rings": [
            speak(say("active"), language),
            *(speak(say("yes") if one.about.key in active else say("off"), language) for one in rules),
        ],
        "title": [speak(say("title"), language), *(speak(title_of(one.about), language) for one in rules)],
    }
    for text in aligned(columns):
        desk.out.line(text)
    return 0


def show(desk: Desk, config: Config, asked: str, *, as_lines: bool) -> int:
    """Show one rule. Raises ``Refused`` for one that is not known. Returns the exit code."""
    rules = all_of(_every(config))
    one = next((one for one in rules if asked in {one.about.key, one.about.id, one.about.title}), None)
    if one is None:
        meant = likely(asked, [rule.about.key for rule in rules])
        raise Refused(
            say("There is no rule {name}.", name=asked),
            say("Did you mean {meant}?", meant=meant) if meant else say("All of them: logonbell rules list"),
        )
    active = {rule.about.key for rule in ringing(book_of(config, desk))}
    if as_lines:
        desk.out.line(json.dumps(_line(one, active=one.about.key in active)))
        return 0
    for sentence in _told(one, active=one.about.key in active):
        desk.say(sentence)
    return 0


def check(desk: Desk, places: Sequence[Path], config: Config) -> int:
    """Tell all mistakes of files of rules, each with its line. Returns the exit code."""
    found = find_rules(places)
    shelf = compile_files(found, dict(config.rules.placeholders))
    for one in shelf.mistakes:
        desk.say(not_active(one))
    good = len(all_of(shelf.book))
    desk.say(
        say(
            "{rules} in {files}; {mistakes}.",
            rules=plural("{count:,} rule is good", "{count:,} rules are good", good),
            files=plural("{count:,} file", "{count:,} files", len(found)),
            mistakes=plural("{count:,} mistake", "{count:,} mistakes", len(shelf.mistakes)),
        )
    )
    return MENDABLE if shelf.mistakes else 0


def test(desk: Desk, config: Config, logs: Sequence[Path], places: Sequence[Path], *, as_lines: bool) -> int:
    """Run rules over logs, and say of each how often and on which records it fires. Returns the exit code."""
    book = _given(desk, config, places) if places else book_of(config, desk)
    with progress(desk, logs) as on_progress:
        past = Past(logs, asked=wanted(book.rules, CHANNELS), on_progress=on_progress)
        judged = judge_past(past.events(), judge_of(config, desk, book))
    desk.tell_losses(past.losses)
    fired = _fired(judged)
    for one in ringing(book):
        places_of = fired[one.about.key]
        if as_lines:
            desk.out.line(
                json.dumps({**_line(one, active=True), "fires": len(places_of), "records": places_of})
            )
        elif places_of:
            desk.say(_measured(one, places_of))
    if not as_lines:
        silent = sum(not fired[one.about.key] for one in ringing(book))
        rings = sum(verdict.rings for _, verdict in judged)
        desk.say(
            say(
                "{records} read; {alerts}. {silent}.",
                records=plural("{count:,} record", "{count:,} records", past.records),
                alerts=plural("{count:,} alert would ring", "{count:,} alerts would ring", rings),
                silent=plural("{count:,} rule is silent", "{count:,} rules are silent", silent),
            )
        )
    return 0


def _given(desk: Desk, config: Config, places: Sequence[Path]) -> Book:
    shelf = compile_files(find_rules(places), dict(config.rules.placeholders))
    for one in shelf.mistakes:
        desk.remark(not_active(one))
    return shelf.book


def _every(config: Config) -> Book:
    settings = config.rules
    kept = config.state if config.state.is_dir() else None
    return joined(shipped(), own_rules(settings.folders, dict(settings.placeholders), kept).book)


def _fired(judged: Sequence[Judged]) -> defaultdict[str, list[Line]]:
    fired: defaultdict[str, list[Line]] = defaultdict(list)
    for finding, verdict in judged:
        for rule in verdict.matched:
            fired[rule.rule].append(
                {"host": finding.host, "channel": finding.main.channel, "record_id": finding.main.record_id}
            )
    return fired


def _measured(one: Rule | Correlation, fired: Sequence[Line]) -> Sentence:
    shown = ", ".join(str(place["record_id"]) for place in fired[:SHOWN])
    return say(
        "{rule} ({level}): {times}, records {records}",
        rule=one.about.key,
        level=LEVELS[Level(one.about.level)],
        times=plural("fires once", "fires {count:,} times", len(fired)),
        records=shown + (", ..." if len(fired) > SHOWN else ""),
    )


def _level(about: About, language: str) -> str:
    return speak(LEVELS[Level(about.level)], language)


def _told(one: Rule | Correlation, *, active: bool) -> Iterator[Sentence]:
    about = one.about
    yield title_of(about)
    yield say("name: {name}", name=about.key)
    yield say("level: {level}", level=LEVELS[Level(about.level)])
    if one.rings:
        yield say("active: {answer}", answer=say("yes") if active else say("off"))
    else:
        yield say("serves other rules, and does not ring by itself")
    if about.description:
        what = Sentence(about.description) if about.shipped else say("{title}", title=about.description)
        yield say("what it catches: {what}", what=what)
    for false in about.falsepositives:
        what = Sentence(false) if about.shipped else say("{title}", title=false)
        yield say("false alarm: {what}", what=what)
    if isinstance(one, Rule):
        yield say("looks at: {what}", what=_looks_at(one))
    else:
        yield say("looks at what these rules match: {rules}", rules=", ".join(one.rules))
    for label, value in (("id", about.id), ("author", about.author), ("license", about.license)):
        if value:
            yield say("{label}: {value}", label=label, value=value)
    for reference in about.references:
        yield say("{label}: {value}", label="reference", value=reference)


def _looks_at(rule: Rule) -> Sentence:
    if not rule.channels:
        return say("logons")
    ids = ids_of(rule.condition)
    channels = ", ".join(rule.channels)
    if ids is None:
        return say("every event of {channels}", channels=channels)
    return say("{channels}, event {ids}", channels=channels, ids=", ".join(map(str, sorted(ids))))


def _line(one: Rule | Correlation, *, active: bool) -> Line:
    about = one.about
    return {
        "type": "rule" if isinstance(one, Rule) else "correlation",
        "rule": about.key,
        "id": about.id,
        "title": about.title,
        "level": Level(about.level).word,
        "status": about.status,
        "author": about.author,
        "license": about.license,
        "description": about.description,
        "falsepositives": list(about.falsepositives),
        "tags": list(about.tags),
        "channels": list(one.channels) if isinstance(one, Rule) else [],
        "rules": [] if isinstance(one, Rule) else list(one.rules),
        "shipped": about.shipped,
        "active": active and one.rings,
    }
