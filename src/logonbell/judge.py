"""Says of each finding whether it rings: by the plain rules, and by Sigma rules over events and logons.

What Sigma rules say of a logon goes into the alert of that logon: one session, one message, as loud as the loudest of
them. What they say of other events is an alert of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo

import msgspec

from logonbell.alert import Level, Matched
from logonbell.decoding import decode
from logonbell.event import Event
from logonbell.logon import Finding, Logon, Selected, User
from logonbell.recognise.past import recognise
from logonbell.recognise.recogniser import Recogniser
from logonbell.rule import Rules, Verdict
from logonbell.sentence import Sentence, say
from logonbell.sigma.acquaintance import Acquaintances
from logonbell.sigma.correlate import Groups, Match
from logonbell.sigma.detect import Detector
from logonbell.sigma.evaluate import Fields
from logonbell.sigma.fields import Hours, of_logon
from logonbell.sigma.form import About, Book

Judged = tuple[Finding, Verdict]


class _Kept(msgspec.Struct):
    """What is stored: who came before, and what the correlations remember."""

    known: Acquaintances
    groups: dict[str, Groups]


@dataclass(frozen=True, slots=True)
class Clock:
    """In which zone hours are read, and which are those of work."""

    zone: tzinfo = UTC
    hours: Hours | None = None


class Judge:
    """Handed events and findings in the order in which they come. Its state is a value, as the recogniser's is."""

    def __init__(self, rules: Rules, detector: Detector | None = None, clock: Clock | None = None) -> None:
        self.rules = rules
        self._detector = detector or Detector(Book())
        self._clock = clock or Clock()
        self._known = Acquaintances()

    def hear(self, event: Event) -> Sequence[Judged]:
        """Give what rules over raw events say of an event."""
        matches = self._detector.event(event)
        return [_selected(match) for match in matches] if matches else ()

    def judge(self, finding: Finding) -> Verdict:
        """Say whether a finding rings, how loudly, and why."""
        verdict = self.rules.judge(finding)
        if not isinstance(finding, Logon) or not self._detector.looks_at_logons:
            return verdict
        fields = of_logon(finding, self._clock.zone, self._clock.hours) | self._known.meet(finding)
        return louder(verdict, map(_matched, self._detector.logon(finding, fields)))

    def snapshot(self) -> bytes:
        """Give the whole state as JSON."""
        kept = _Kept(self._known, dict(self._detector.snapshot()))
        try:
            return msgspec.json.encode(kept)
        except (
            UnicodeEncodeError
        ):  # half a character, as only a hostile name has it: it is kept as a question mark
            return json.dumps(msgspec.to_builtins(kept), ensure_ascii=False).encode(errors="replace")

    def restore(self, snapshot: bytes) -> None:
        """Go on from a snapshot. Raises ``ValueError`` if it cannot be read."""
        kept = decode(snapshot, _Kept)
        self._known = kept.known
        self._detector.restore(kept.groups)

    def forget(self) -> None:
        """Begin as if nobody had ever come."""
        self._known = Acquaintances()
        self._detector.restore({})


def louder(verdict: Verdict, matched: Iterable[Matched]) -> Verdict:
    """Give a verdict to which rules have something to add: it rings, and as loudly as the loudest of them all."""
    all_of_them = tuple({one.rule: one for one in (*verdict.matched, *matched)}.values())
    if len(all_of_them) == len(verdict.matched):
        return verdict
    worst = max(all_of_them, key=lambda one: one.level)
    if not verdict.rings:
        reason = say("by the rule {rule}", rule=worst.title)
        return replace(verdict, rings=True, level=worst.level, reason=reason, matched=all_of_them)
    return replace(verdict, level=max(verdict.level, worst.level), matched=all_of_them)


def judge_past(events: Iterable[Event], judge: Judge, recogniser: Recogniser | None = None) -> list[Judged]:
    """Recognise and judge all that ``events`` tell, in the order of time: each finding in its last version."""
    selected: list[Judged] = []
    verdicts: dict[object, Verdict] = {}

    def heard() -> Iterator[Event]:
        for event in events:
            if said := judge.hear(event):
                selected.extend(said)
            yield event

    def told(finding: Finding) -> None:
        key = (type(finding), finding.host, finding.main, finding.time)
        before = verdicts.get(key)
        verdict = judge.judge(finding)
        verdicts[key] = verdict if before is None else louder(verdict, before.matched)

    findings = recognise(heard(), recogniser, told)
    judged = [
        (finding, verdicts[type(finding), finding.host, finding.main, finding.time]) for finding in findings
    ]
    return sorted([*judged, *selected], key=lambda one: one[0].time)


def title_of(about: About) -> Sentence:
    """Give a rule's title as a sentence: those of the shipped rules stand in the catalogues."""
    return Sentence(about.title) if about.shipped else say("{title}", title=about.title)


def _selected(match: Match) -> Judged:
    about, title = match.about, title_of(match.about)
    user = _target_of(match.fields)
    finding = Selected(
        match.time, match.host, match.refs, about.key, title, user, about.level, match.grouped, match.count
    )
    return finding, Verdict(True, Level(about.level), about.key, title, (_matched(match),))


def _matched(match: Match) -> Matched:
    about = match.about
    return Matched(about.key, title_of(about), Level(about.level), about.id, about.author)


def _target_of(fields: Fields) -> User | None:
    name = fields.get("TargetUserName") or fields.get("User") or ""
    domain = fields.get("TargetDomainName") or fields.get("Domain") or ""
    return User(name, domain, fields.get("TargetUserSid") or fields.get("Sid") or None) if name else None
