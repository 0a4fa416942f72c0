"""What each event was taken for, into what it was folded, and why it rings or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from logonbell.alert import Matched
from logonbell.event import Event, EventRef
from logonbell.judge import Judge, judge_past
from logonbell.logon import FailedLogons, Finding, Logon
from logonbell.recognise.recogniser import Recogniser
from logonbell.rule import Verdict
from logonbell.sentence import Sentence, say
from logonbell.text.headline import headline
from logonbell.text.language import speak
from logonbell.text.moment import stamp
from logonbell.text.words import LEVELS


@dataclass(frozen=True, slots=True)
class Taken:
    """One event, and in words what it was taken for."""

    ref: EventRef
    time: datetime
    host: str
    what: Sentence


@dataclass(frozen=True, slots=True)
class Explained:
    """A finding with the events behind it; ``finding`` None for an event that nothing came of.

    ``before`` is what was judged of a burst of failed logons at its third, before it was over.
    """

    finding: Finding | None
    verdict: Verdict | None
    events: Sequence[Taken]
    before: Verdict | None = None

    def tells_of(self, record: int) -> bool:
        """Whether a record of this id is behind it, in whichever channel."""
        return any(event.ref.record_id == record for event in self.events)


def explain(events: Iterable[Event], judge: Judge) -> list[Explained]:
    """Explain events, which come in the order of time and have an end: the findings, then what nothing came of."""
    taken: list[Taken] = []

    def witness(event: Event, what: Sentence) -> None:
        taken.append(Taken(event.ref, event.time, event.host, what))

    judged = judge_past(events, judge, Recogniser(witness))
    by_ref: dict[tuple[str, EventRef], list[Taken]] = {}
    for one in taken:
        by_ref.setdefault((one.host, one.ref), []).append(one)
    explained: list[Explained] = []
    used: set[int] = set()
    for finding, verdict in judged:
        behind = [one for ref in finding.events for one in by_ref.get((finding.host, ref), [])]
        used.update(id(one) for one in behind)
        before = (
            judge.rules.judge(replace(finding, ended=False))
            if isinstance(finding, FailedLogons) and finding.ended
            else None
        )
        explained.append(Explained(finding, verdict, sorted(behind, key=_place), before))
    return [*explained, *(Explained(None, None, [one]) for one in taken if id(one) not in used)]


def lines(explained: Explained, language: str) -> Iterator[str]:
    """Say it: what happened, a line for each event behind it, why it is that, and why it rings or not."""
    finding, verdict = explained.finding, explained.verdict
    if finding is not None:
        yield headline(finding, language=language, host_name=finding.host)
    for event in explained.events:
        yield f"  {speak(_line_of(event), language)}"
    if isinstance(finding, Logon):
        yield f"  {speak(say('so: {why}', why=finding.why), language)}"
        if finding.resumes is not None and finding.began is not None:
            yield f"  {speak(_session(finding.resumes, finding.began), language)}"
        if finding.ssm_match is not None:
            yield f"  {speak(say('SSM: {match}', match=finding.ssm_match), language)}"
    for judged in (explained.before, verdict):
        if judged is not None:
            yield f"  {speak(_judged(judged), language)}"
            for rule in judged.matched:
                yield f"  {speak(_by_rule(rule), language)}"


def _place(event: Taken) -> tuple[datetime, str, int]:
    return event.time, event.ref.channel, event.ref.record_id


def _line_of(event: Taken) -> Sentence:
    time = event.time.astimezone(UTC)
    return say(
        "{time} {channel} {id} record {record}: {what}",
        time=f"{stamp(time)}.{time.microsecond // 1000:03d} UTC",
        channel=event.ref.channel.removeprefix("Microsoft-Windows-"),
        id=event.ref.event_id,
        record=event.ref.record_id,
        what=event.what,
    )


def _session(opened: EventRef, began: datetime) -> Sentence:
    return say(
        "session: opened at {time} UTC (record {record}, {channel})",
        time=stamp(began.astimezone(UTC)),
        record=opened.record_id,
        channel=opened.channel.removeprefix("Microsoft-Windows-"),
    )


def _judged(verdict: Verdict) -> Sentence:
    if verdict.rings:
        return say("rings ({level}): {reason}", level=LEVELS[verdict.level], reason=verdict.reason)
    return say("does not ring: {reason}", reason=verdict.reason)


def _by_rule(rule: Matched) -> Sentence:
    level = LEVELS[rule.level]
    return say("rule {name} ({level}): {title}", name=rule.rule, level=level, title=rule.title)
