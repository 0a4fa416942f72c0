"""``logonbell explain``: what each event was taken for, into what it was folded, and why it rings or not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from logonbell.commands.desk import Desk
from logonbell.commands.past import Past
from logonbell.commands.read import recognise
from logonbell.errors import Refused
from logonbell.event import Event, EventRef
from logonbell.logon import Finding, Logon
from logonbell.recognise.windows import Recogniser
from logonbell.rule import Rules, Verdict
from logonbell.sentence import Sentence, plural, say
from logonbell.text.headline import headline
from logonbell.text.language import speak
from logonbell.text.moment import in_utc
from logonbell.wire import iso, line


@dataclass(frozen=True, slots=True)
class Taken:
    """One event, and in words what it was taken for."""

    ref: EventRef
    time: datetime
    host: str
    what: Sentence


@dataclass(frozen=True, slots=True)
class Explained:
    """A finding with the events behind it; ``finding`` None for events that nothing came of."""

    finding: Finding | None
    verdict: Verdict | None
    events: Sequence[Taken]


def explain(
    desk: Desk, paths: Sequence[Path], *, record: int | None, as_lines: bool, rules: Rules | None = None
) -> int:
    """Explain logs, or one record of them and what it belongs to. Returns the exit code."""
    taken: list[Taken] = []

    def witness(event: Event, what: Sentence) -> None:
        taken.append(Taken(event.ref, event.time, event.host, what))

    past = Past(paths)
    findings = recognise(past, Recogniser(witness))
    desk.tell_losses(past.losses)
    explained = list(_explained(findings, taken, rules or Rules()))
    if record is not None:
        explained = [one for one in explained if any(event.ref.record_id == record for event in one.events)]
        if not explained:
            raise Refused(
                say("Record {record} tells of no logon here, or is not in these logs.", record=record),
                say("Of the records of interest, these logs hold {count}.", count=len(taken)),
            )
    if as_lines:
        for one in explained:
            _print_line(desk, one)
    else:
        _print(desk, explained, everything=record is not None)
    return 0


def _explained(findings: Sequence[Finding], taken: Sequence[Taken], rules: Rules) -> Iterator[Explained]:
    """Put events and findings together, in the order of time; last, what nothing came of."""
    by_ref: dict[tuple[str, EventRef], list[Taken]] = {}
    for one in taken:
        by_ref.setdefault((one.host, one.ref), []).append(one)
    used: set[int] = set()
    for finding in findings:
        events = [one for ref in finding.events for one in by_ref.get((finding.host, ref), [])]
        used.update(id(one) for one in events)
        yield Explained(finding, rules.judge(finding), sorted(events, key=lambda one: one.time))
    for one in taken:
        if id(one) not in used:
            yield Explained(None, None, [one])


def _print(desk: Desk, explained: Sequence[Explained], *, everything: bool) -> None:
    noise: Counter[str] = Counter()
    for one in explained:
        if one.finding is not None and one.verdict is not None:
            _print_finding(desk, one.finding, one.verdict, one.events)
        elif everything:
            _print_events(desk, one.events)
        else:
            noise.update(speak(event.what, desk.language) for event in one.events)
    if noise:
        desk.say(plural("Nothing came of {count} event:", "Nothing came of {count} events:", noise.total()))
        width = len(str(max(noise.values())))
        for what, count in noise.most_common():
            desk.out.line(f"  {count:>{width}} x {what}")


def _print_finding(desk: Desk, finding: Finding, verdict: Verdict, events: Sequence[Taken]) -> None:
    language = desk.out.language(desk.language)
    desk.out.line(headline(finding, language=language, host_name=finding.host))
    _print_events(desk, events)
    if isinstance(finding, Logon):
        desk.say(say("  so: {why}", why=finding.why))
        if finding.ssm_match is not None:
            desk.say(say("  SSM: {match}", match=finding.ssm_match))
    if verdict.rings:
        desk.say(say("  rings ({level}): {reason}", level=verdict.level.word, reason=verdict.reason))
    else:
        desk.say(say("  does not ring: {reason}", reason=verdict.reason))
    desk.out.line()


def _print_events(desk: Desk, events: Sequence[Taken]) -> None:
    for event in events:
        desk.say(
            say(
                "  {time} {channel} {id} record {record}: {what}",
                time=f"{in_utc(event.time).removesuffix(' UTC')}.{event.time.astimezone(UTC).microsecond // 1000:03d}",
                channel=event.ref.channel.removeprefix("Microsoft-Windows-"),
                id=event.ref.event_id,
                record=event.ref.record_id,
                what=event.what,
            )
        )


def _print_line(desk: Desk, one: Explained) -> None:
    finding = None if one.finding is None or one.verdict is None else line(one.finding, one.verdict)
    events = [
        {
            "channel": event.ref.channel,
            "record_id": event.ref.record_id,
            "event_id": event.ref.event_id,
            "time": iso(event.time),
            "host": event.host,
            "taken_for": str(event.what),
        }
        for event in one.events
    ]
    desk.out.line(json.dumps({"type": "explained", "finding": finding, "events": events}))
