"""Ways to pass events through the recogniser: at once, cut, with the time advanced in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from logonbell.event import Event, EventRef
from logonbell.logon import Finding, Logoff, Logon
from logonbell.recognise.recogniser import Recogniser
from logonbell.rule import Rules
from logonbell.wire import Line, line

Identity = tuple[str, EventRef, datetime]


def pass_through(events: Iterable[Event], recogniser: Recogniser | None = None) -> Iterator[Finding]:
    """Give every version of every finding, in the order told, up to the end of the log."""
    recogniser = recogniser or Recogniser()
    for event in events:
        yield from recogniser.feed(event)
    yield from recogniser.finish()


def pass_in_pieces(events: Sequence[Event], cuts: Iterable[int]) -> tuple[list[Finding], str]:
    """Do the same, but snapshot and restore before each event whose place is in ``cuts``; give the last snapshot too."""
    places = set(cuts)
    recogniser = Recogniser()
    found: list[Finding] = []
    for place, event in enumerate(events):
        if place in places:
            recogniser = Recogniser.restore(recogniser.snapshot())
        found.extend(recogniser.feed(event))
    snapshot = recogniser.snapshot()
    found.extend(recogniser.finish())
    return found, snapshot


def pass_live(events: Iterable[Event], waits: Callable[[timedelta], Iterable[timedelta]]) -> list[Finding]:
    """Do as the live agent does: let the log's time go on between two events, by the steps that ``waits`` gives.

    ``waits`` is asked with the time until the next event, and no step goes beyond it.
    """
    recogniser = Recogniser()
    found: list[Finding] = []
    before: datetime | None = None
    for event in events:
        if before is not None and event.time > before:
            for wait in waits(event.time - before):
                found.extend(recogniser.advance(before + min(wait, event.time - before)))
        found.extend(recogniser.feed(event))
        before = event.time
    found.extend(recogniser.finish())
    return found


def final(findings: Iterable[Finding]) -> list[Finding]:
    """Give each finding in its last version, in the order of time; a logon with the end that its logoff tells."""
    latest: dict[object, Finding] = {}
    for finding in findings:
        opened = finding.logon if isinstance(finding, Logoff) else None
        latest[type(finding), identity(finding), opened] = finding
    for finding in list(latest.values()):
        if isinstance(finding, Logoff):
            key = (Logon, (finding.host, finding.logon, finding.began), None)
            logon = latest.get(key)
            if isinstance(logon, Logon):
                latest[key] = replace(logon, ended=finding.time)
    return sorted(latest.values(), key=lambda finding: finding.time)


def identity(finding: Finding) -> Identity:
    """Give what is the same in all versions of a finding."""
    return finding.host, finding.main, finding.time


def logons(findings: Iterable[Finding]) -> list[Logon]:
    """Give each logon in its last version."""
    return [finding for finding in final(findings) if isinstance(finding, Logon)]


def who_came(findings: Iterable[Finding]) -> Counter[tuple[str, str]]:
    """Count who came by which door, whatever the order in which it was told."""
    return Counter((str(logon.door), str(logon.user).casefold()) for logon in logons(findings))


def lines(findings: Iterable[Finding]) -> list[Line]:
    """Give the line of each finding, as the rules judge it."""
    rules = Rules()
    return [line(finding, rules.judge(finding)) for finding in findings]


def taken(events: Iterable[Event]) -> list[str]:
    """Say of each event, in words, what it was taken for."""
    said: list[str] = []
    recogniser = Recogniser(lambda _, what: said.append(str(what)))
    for event in events:
        recogniser.feed(event)
    return said
