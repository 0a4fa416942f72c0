"""The day on the bastion, and what is true of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from logonbell.event import Event
from logonbell.simulate.day import play_day
from logonbell.simulate.system import SECURITY

HOST = "BASTION-01"
SECONDS = 20.0
"""In so many seconds the day goes by; what belongs together needs 17 of them."""

_MIDNIGHT = datetime(2026, 5, 4, tzinfo=UTC)
_SEED = 3  # always the same day, so that the documents show what everybody sees
_SPLIT = timedelta(seconds=1)  # two 4624 of one person so close are the two halves of a token
_WORKER = "ssm-session-worker.exe"
_BURST = 3

Records = frozenset[int]
"""Record ids of the channel Security."""


@dataclass(frozen=True, slots=True)
class Day:
    """What a bastion wrote into Security, and what is true of it: known to whoever made the day, not recognised.

    ``sessions`` holds the 4624 of each session that a person opened, in order; ``burst`` the failed logons of somebody
    who guessed.
    """

    events: Sequence[Event]
    sessions: Sequence[Records]
    burst: Records


def usual_day() -> Day:
    """Let the day pass that the demo shows."""
    events = play_day(_MIDNIGHT, Random(_SEED), name=HOST)  # noqa: S311 - repeatable, not secret
    return day_of([event for event in events if event.channel == "Security"])


def day_of(events: Sequence[Event]) -> Day:
    """Say what is true of a made day: on it, people come in by User32 or by the worker of Session Manager alone."""
    sessions: list[list[Event]] = []
    for event in events:
        if not _lets_a_person_in(event):
            continue
        before = sessions[-1][-1] if sessions else None
        if before is not None and _person(before) == _person(event) and event.time - before.time < _SPLIT:
            sessions[-1].append(event)
        else:
            sessions.append([event])
    failed = frozenset(event.record_id for event in events if event.event_id == 4625)
    return Day(
        events,
        [frozenset(event.record_id for event in session) for session in sessions],
        failed if len(failed) >= _BURST else frozenset(),
    )


def _lets_a_person_in(event: Event) -> bool:
    if event.provider != SECURITY or event.event_id != 4624:
        return False
    by, program = event.fields["LogonProcessName"], event.fields["ProcessName"]
    return by.strip() == "User32" or program.endswith(_WORKER)


def _person(event: Event) -> str:
    return event.fields["TargetUserSid"]
