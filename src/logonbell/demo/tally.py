"""The verdict: who mailed what, and whether anything is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median_high

from logonbell.demo.bastion import HOST, Day, Records
from logonbell.demo.letter import Letter
from logonbell.sentence import Sentence, plural, say
from logonbell.store.outbox import OutboxState


@dataclass(frozen=True, slots=True)
class Tally:
    """What somebody's mails were about. ``missed`` counts the sessions that no mail was about."""

    mails: int
    logons: int
    bursts: int
    missed: int

    @property
    def nobody(self) -> int:
        """How many mails were about nobody who came, nor tried to."""
        return self.mails - self.logons - self.bursts


@dataclass(frozen=True, slots=True)
class Check:
    """Something that must hold, and whether it does: ``what`` says what was found."""

    what: Sentence
    holds: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """Both side by side. ``delays`` are those of logonbell's messages."""

    recipe: Tally
    logonbell: Tally
    delays: Sequence[timedelta]
    checks: Sequence[Check]

    @property
    def holds(self) -> bool:
        """Whether every check holds."""
        return all(check.holds for check in self.checks)

    @property
    def usual_delay(self) -> timedelta | None:
        """The median, one that was really measured; None where nothing was received."""
        return median_high(self.delays) if self.delays else None

    @property
    def worst_delay(self) -> timedelta | None:
        """The longest; None where nothing was received."""
        return max(self.delays, default=None)


def count(mails: Sequence[Records], day: Day) -> Tally:
    """Hold mails, each given as the records it is about, against what is true."""
    told = [session for session in day.sessions if any(session & mail for mail in mails)]
    return Tally(
        mails=len(mails),
        logons=sum(any(session & mail for session in day.sessions) for mail in mails),
        bursts=sum(bool(day.burst & mail) for mail in mails),
        missed=len(day.sessions) - len(told),
    )


def judge(
    day: Day,
    recipe: Sequence[int],
    letters: Sequence[Letter],
    *,
    written: Mapping[int, datetime],
    agent: OutboxState,
    remarks: Sequence[str],
) -> Verdict:
    """Judge what was received.

    ``recipe`` are the records that the recipe mailed about, ``written`` the times of the records as they were written,
    ``agent`` how the agent's outbox stands in the end, ``remarks`` what it said of losses and troubles.
    """
    checks = [_all_read(len(written), agent, remarks), _each_once(day, letters), _no_gap(letters, agent)]
    return Verdict(
        count([frozenset({record}) for record in recipe], day),
        count([frozenset(letter.records) for letter in letters], day),
        [letter.delay(written) for letter in letters],
        checks,
    )


def _all_read(written: int, agent: OutboxState, remarks: Sequence[str]) -> Check:
    """The record ids count from 1 without a gap, and a source that loses one of them says so."""
    read = sum(source.newest or 0 for source in agent.sources.values())
    if read == written and not remarks:
        return Check(
            say("{written:,} records written, {read:,} read: none missing", written=written, read=read)
        )
    what = say(
        "{written:,} records written, {read:,} read. {said}",
        written=written,
        read=read,
        said="; ".join(remarks),
    )
    return Check(what, holds=False)


def _each_once(day: Day, letters: Sequence[Letter]) -> Check:
    times = [sum(bool(session & set(letter.records)) for letter in letters) for session in day.sessions]
    if set(times) == {1}:
        return Check(
            plural(
                "{count} session rang exactly once", "{count} sessions, each rang exactly once", len(times)
            )
        )
    what = say(
        "{sessions} sessions; rang once: {once}, more often: {often}, never: {never}",
        sessions=len(times),
        once=times.count(1),
        often=sum(many > 1 for many in times),
        never=times.count(0),
    )
    return Check(what, holds=False)


def _no_gap(letters: Sequence[Letter], agent: OutboxState) -> Check:
    """What the agent numbered, what its outbox calls delivered, and what was received are the same."""
    last = agent.sequences.get(HOST, 0)
    waiting = sum(notifier.pending + notifier.buried for notifier in agent.notifiers.values())
    numbers = sorted(letter.number for letter in letters)
    if numbers == list(range(1, last + 1)) and not waiting:
        return Check(say("alerts 1 to {last} received: no gap, none twice, none waiting", last=last))
    what = say(
        "alerts 1 to {last} sent; received: {received}; waiting: {waiting}",
        last=last,
        received=", ".join(map(str, numbers)) or "-",
        waiting=waiting,
    )
    return Check(what, holds=False)
