"""``logonbell read``: who came in, by which door, from logs as files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from logonbell.commands.desk import Desk
from logonbell.commands.past import Past
from logonbell.commands.plain import plain_book, plain_judge
from logonbell.commands.progress import progress
from logonbell.event import EventRef
from logonbell.judge import Judged, judge_past
from logonbell.logon import FailedLogons, Finding, LogCleared, Logoff, Logon, Selected, Tampering
from logonbell.recognise.session import CHANNEL
from logonbell.recognise.windows import CHANNELS
from logonbell.sentence import Sentence, plural, say
from logonbell.sigma.wanted import wanted
from logonbell.source import Loss
from logonbell.text.table import draw
from logonbell.wire import line

Judgements = Sequence[Judged]


class Read(Protocol):
    """What was read: how many records were looked at, and what could not be read."""

    @property
    def records(self) -> int:
        """How many records were looked at."""
        ...

    @property
    def losses(self) -> Sequence[Loss]:
        """What could not be read."""
        ...


def read(desk: Desk, paths: Sequence[Path], *, as_lines: bool, on: Sequence[str] = ()) -> int:
    """Read logs to their ends and print who came in; ``on`` names shipped rules to switch on. Returns the exit code."""
    book = plain_book(on)
    with progress(desk, paths) as on_progress:
        past = Past(paths, asked=wanted(book.rules, CHANNELS), on_progress=on_progress)
        judged = judge_past(past.events(), plain_judge(book))
    show(desk, judged, past, on, as_lines=as_lines)
    return 0


def show(desk: Desk, judged: Judgements, past: Read, measured: Sequence[str], *, as_lines: bool) -> None:
    """Print what was found, and how it is judged; ``measured`` are rules of which it is said how well they do."""
    desk.tell_losses(past.losses)
    if as_lines:
        _print_lines(desk, judged, past)
    else:
        _print_table(desk, judged, past, measured)


def _print_lines(desk: Desk, judged: Judgements, past: Read) -> None:
    for finding, verdict in judged:
        desk.out.line(json.dumps(line(finding, verdict)))
    desk.out.line(json.dumps(_summary(judged, past)))


def _summary(judged: Judgements, past: Read) -> dict[str, object]:
    return {
        "type": "summary",
        "records": past.records,
        "logons": sum(isinstance(finding, Logon) for finding, _ in judged),
        "rings": sum(verdict.rings for _, verdict in judged),
        "noise": past.records - _folded(judged),
        "losses": [
            {"where": loss.where, "what": str(loss.what), "records": loss.records} for loss in past.losses
        ],
    }


def _print_table(desk: Desk, judged: Judgements, past: Read, measured: Sequence[str]) -> None:
    shown = [(finding, verdict) for finding, verdict in judged if not isinstance(finding, Logoff)]
    if shown:
        draw(shown, desk.out, language=desk.language, zone=desk.zone)
        desk.out.line()
    desk.say(
        say(
            "{records}: {found}. {rings}. {noise}.",
            records=plural("{count:,} record read", "{count:,} records read", past.records),
            found=_found([finding for finding, _ in judged]),
            rings=_rings(sum(verdict.rings for _, verdict in judged)),
            noise=plural(
                "{count:,} record is noise",
                "{count:,} records are noise",
                past.records - _folded(judged),
            ),
        )
    )
    for rule in measured:
        desk.say(_measured(rule, judged))
    if past.losses:
        desk.say(_lost(past.losses))


def _measured(rule: str, judged: Judgements) -> Sentence:
    """Say how well a rule over raw events meets those who came."""
    selected = {_key(finding, finding.main) for finding, verdict in judged if verdict.rule == rule}
    came = [
        {_key(logon, ref) for ref in logon.events}
        for logon, verdict in judged
        if isinstance(logon, Logon) and verdict.rings
    ]
    return say(
        "{rule} selects {records}: {hits:,} of a logon that rings. Of {came:,} such logons it meets {met:,}.",
        rule=rule,
        records=plural("{count:,} record", "{count:,} records", len(selected)),
        hits=sum(len(selected & events) for events in came),
        came=len(came),
        met=sum(bool(selected & events) for events in came),
    )


def _key(finding: Finding, ref: EventRef) -> tuple[str, EventRef]:
    return finding.host, ref


def _found(findings: Sequence[Finding]) -> Sentence:
    """Count what was found, what there was none of left out."""
    kinds = Counter(type(finding) for finding in findings)
    logons, bursts, cleared = kinds[Logon], kinds[FailedLogons], kinds[LogCleared]
    others = kinds.total() - logons - bursts - cleared - kinds[Logoff]
    found = plural("{count:,} logon", "{count:,} logons", logons) if logons else say("no logons")
    parts = [
        plural("{count:,} burst of failed logons", "{count:,} bursts of failed logons", bursts),
        plural("{count:,} cleared log", "{count:,} cleared logs", cleared),
        plural("{count:,} other finding", "{count:,} other findings", others),
    ]
    for part in parts:
        if part.count:
            found = say("{first}, {second}", first=found, second=part)
    return found


def _rings(rings: int) -> Sentence:
    if not rings:
        return say("None of it would ring")
    return plural("{count:,} alert would ring", "{count:,} alerts would ring", rings)


def _lost(losses: Sequence[Loss]) -> Sentence:
    known = sum(loss.records or 0 for loss in losses)
    if all(loss.records is not None for loss in losses):
        return plural("{count:,} record could not be read.", "{count:,} records could not be read.", known)
    if not known:
        return say("Not all could be read; how many records are missing is not known.")
    return plural(
        "{count:,} record could not be read, and others whose number is not known.",
        "{count:,} records could not be read, and others whose number is not known.",
        known,
    )


def _folded(judged: Judgements) -> int:
    """Count the records of logs that are behind what was told."""
    told = [finding for finding, _ in judged if not isinstance(finding, Selected)]
    selected = {_key(finding, finding.main) for finding, _ in judged if isinstance(finding, Selected)}
    counted = sum(map(_records, told))
    return counted + len(selected - {_key(finding, ref) for finding in told for ref in finding.events})


def _records(finding: Finding) -> int:
    told_by_agent = sum(event.channel == CHANNEL for event in finding.events)  # no record of a log
    match finding:
        case Logon() | Tampering():
            return finding.folded - told_by_agent
        case FailedLogons():
            return finding.count
        case _:
            return len(finding.events) - told_by_agent
