"""All that a past tells: events to their end, and each finding in its last version."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from logonbell.event import Event, EventRef
from logonbell.logon import Finding, Logoff, Logon
from logonbell.recognise.recogniser import Recogniser


def recognise(
    events: Iterable[Event],
    recogniser: Recogniser | None = None,
    told: Callable[[Finding], None] = lambda _: None,
) -> list[Finding]:
    """Recognise all that ``events`` tell, which come in the order of time and have an end; so do the findings.

    ``told`` hears each version of each, as soon as it is known.
    """
    recogniser = recogniser or Recogniser()
    latest: dict[tuple[type[Finding], str, EventRef, datetime], Finding] = {}
    logoffs: list[Logoff] = []

    def take(findings: Iterable[Finding]) -> None:
        for finding in findings:
            told(finding)
            latest[type(finding), finding.host, finding.main, finding.time] = finding
            if isinstance(finding, Logoff):
                logoffs.append(finding)

    for event in events:
        take(recogniser.feed(event))
    take(recogniser.finish())
    for logoff in logoffs:
        opened = latest.get((Logon, logoff.host, logoff.logon, logoff.began))
        if isinstance(opened, Logon):
            latest[Logon, logoff.host, logoff.logon, logoff.began] = replace(opened, ended=logoff.time)
    return sorted(latest.values(), key=lambda finding: finding.time)
