"""What goes now, on its own or in which digest, and what waits: each with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from logonbell.alert import Level
from logonbell.notification import DigestKind
from logonbell.sentence import Sentence, say

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
GATHER = timedelta(seconds=10)
"""How long a digest is gathered: so long a burst, or reading what happened meanwhile, mostly takes."""
PROBES = 3
"""So many messages may wait behind a failure before hardly anything new is begun: once the way is free, all that was
begun comes as it was begun."""
CRITICAL_PROBES = 10
"""Likewise, for critical ones."""
PROBING = timedelta(minutes=5)
"""How long then until one more is begun; doubled each time."""
_DOUBLINGS = 5
_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one notifier is sent.

    ``singles``: messages a minute that tell one alert, or the repeats of one kind; critical ones have as many of their own.
    ``burst``: messages of all sorts a second. ``repeats``: for how long one kind of alert is told only once.
    ``digest`` and ``critical_digest``: what lies between two digests. ``backlog``: how old an event is when its alert is
    told late.
    """

    singles: int = 10
    burst: int = 5
    repeats: timedelta = timedelta(minutes=10)
    digest: timedelta = timedelta(minutes=1)
    critical_digest: timedelta = timedelta(seconds=10)
    backlog: timedelta = timedelta(minutes=5)


class Waiting(NamedTuple):
    """An alert for which nothing was begun: its row, level, kind and host, when it happened, and when that was read.

    ``kind`` is the same for two alerts that are the same to a person (``alert.kind_of``); it is of one host.
    """

    key: int
    level: Level
    kind: str
    host: str
    time: datetime
    read: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was begun, however it fared: how long ago, how loud, and as which digest.

    ``kind`` is the one kind of alert that it told; None where it told several.
    """

    ago: timedelta
    level: Level
    digest: DigestKind | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """Alerts of one host that go now, as one message, and why. With several, ``digest`` is not None."""

    keys: tuple[int, ...]
    level: Level
    digest: DigestKind | None
    kind: str | None
    why: Sentence


@dataclass(frozen=True, slots=True)
class Hold:
    """Alerts that wait, and why. After ``wait``, or when something new comes, is the time to decide anew."""

    keys: tuple[int, ...]
    wait: timedelta
    why: Sentence


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes, in this order, and what waits. Every alert is in one of them, once."""

    go: tuple[Bundle, ...] = ()
    hold: tuple[Hold, ...] = ()

    @property
    def wait(self) -> timedelta | None:
        """How long until it is worth while to decide anew; None where nothing waits."""
        return min((hold.wait for hold in self.hold), default=None)


CRITICAL = say("critical ones are told first")
FIRST = say("it was the first of its kind")
AGAIN = say("the same was told before; now that its time is over, it is told again")
REPEATS = say("the same was told a short while ago, so this is counted and told when that time is over")
STORM = say("more came than a person can read one by one")
LATE = say("what is told late is told together")
BEHIND = say("a critical one waits, and goes first")
GATHERING = say("what comes with it is gathered first")
BURST = say("only so many messages are sent in one second")
PACED = say("more came than are told one by one, and the last digest was sent a short while ago")
BLOCKED = say("what was sent before does not get through, and this waits for it")


def decide(
    waiting: Sequence[Waiting],
    sent: Iterable[Sent],
    limits: Limits,
    *,
    now: datetime,
    handed: int = 0,
    stuck: int = 0,
    last: bool = False,
) -> Plan:
    """Say what of ``waiting`` (in the order in which it came) goes now.

    ``handed`` counts the messages handed over within the last second, whatever they were; ``stuck`` those that were begun
    and wait behind a failure. ``last`` is for who may not come back: nothing is held to be counted or gathered.

    Critical alerts are decided first, with allowances of their own: whatever else comes, they go as if they were alone.
    Only the burst is shared, and they come first in it. While one of them waits, so do the others, a minute at most: a
    flood of critical ones does not starve them. The clock's word on how old an alert is chooses between digests; how long
    something waits never hangs on a clock that can be set.
    """
    deciding = _Deciding(limits, tuple(sent), now, limits.burst - handed, stuck, last)
    critical = [row for row in waiting if row.level is Level.CRITICAL]
    others = [row for row in waiting if row.level is not Level.CRITICAL]
    if critical:
        deciding.critical(critical)
    if deciding.hold:
        others = deciding.let_pass(others)
    if others:
        deciding.others(others)
    return Plan(tuple(deciding.go), tuple(deciding.hold))


def remembered(sent: Iterable[Sent], limits: Limits) -> list[Sent]:
    """Leave out what no later decision asks for; the newest critical and the newest other message always stay."""
    kept = sorted(sent, key=lambda one: one.ago)
    needed = max(2 * limits.repeats, limits.digest, limits.critical_digest, MINUTE)
    newest = [next((one for one in kept if _is_critical(one) is loud), None) for loud in (True, False)]
    return [one for one in kept if one.ago < needed or any(one is each for each in newest)]


@dataclass(slots=True)
class _Unit:
    """What would be one message; ``after`` are alerts of the same kind that came behind it."""

    rows: list[Waiting]
    why: Sentence
    after: list[Waiting] = field(default_factory=list)

    @property
    def level(self) -> Level:
        return max(row.level for row in self.rows)

    @property
    def all(self) -> list[Waiting]:
        return self.rows + self.after


@dataclass(frozen=True, slots=True)
class _Room:
    """What may still go of one class, critical or not: how many singly, and after which wait one singly, and a digest."""

    singles: int
    single: timedelta
    digest: timedelta
    blocked: bool


@dataclass(slots=True)
class _Sorted:
    """The alerts that are not critical: what would go singly, what is held as a repeat and for how long, what is late."""

    units: list[_Unit] = field(default_factory=list)
    repeats: list[tuple[Waiting, timedelta]] = field(default_factory=list)
    late: list[Waiting] = field(default_factory=list)


@dataclass(slots=True)
class _Deciding:
    limits: Limits
    sent: tuple[Sent, ...]
    now: datetime
    burst: int
    stuck: int
    last: bool
    go: list[Bundle] = field(default_factory=list)
    hold: list[Hold] = field(default_factory=list)

    def critical(self, rows: list[Waiting]) -> None:
        """Let each go on its own while the allowance lasts, new kinds first, and the rest as a digest."""
        room = self._room(critical=True)
        queue = _new_kinds_first(rows, {one.kind for one in self.sent if _is_critical(one)})
        singles, rest = queue[: room.singles], queue[room.singles :]
        for number, row in enumerate(singles):
            if not self._take([row], None, CRITICAL):
                self._wait(singles[number:], SECOND, BURST)
                break
        self._digest(rest, room)

    def let_pass(self, rows: list[Waiting]) -> list[Waiting]:
        """Hold the others while a critical one waits; give those that have done so long enough."""
        wait = min(hold.wait for hold in self.hold)
        patient = [row for row in rows if self._waited(row) < MINUTE]
        self._wait(patient, wait, BEHIND)
        held = {row.key for row in patient}
        return [row for row in rows if row.key not in held]

    def others(self, rows: list[Waiting]) -> None:
        """Let one message go for each kind while the allowance lasts, the worst first, and the rest as a digest."""
        room = self._room(critical=False)
        found = self._sort(rows)
        units = sorted(found.units, key=lambda unit: (-unit.level, unit.rows[0].key))
        singles, storm = units[: room.singles], units[room.singles :]
        for number, unit in enumerate(singles):
            if not self._take(unit.rows, DigestKind.REPEATS, unit.why):
                self._wait([row for unit in singles[number:] for row in unit.all], SECOND, BURST)
                break
            found.repeats += [(row, self.limits.repeats) for row in unit.after]
        self._digest([*(row for unit in storm for row in unit.all), *found.late], room, found.repeats)

    def _digest(
        self, rows: list[Waiting], room: _Room, repeats: Sequence[tuple[Waiting, timedelta]] = ()
    ) -> None:
        """Let what is too much go as one digest of the host that has waited longest, if one may go now.

        A storm takes along what is held as a repeat: it is told sooner, and in one message less.
        """
        rows = sorted(rows, key=lambda row: row.key)
        wait, why = self._until_digest(rows, room)
        if rows and wait <= _NOTHING:
            mine = [row for row in rows if row.host == rows[0].host]
            late = all(self._is_late(row) for row in mine)
            along = [] if late else [row for row, _ in repeats if row.host == rows[0].host]
            digest = DigestKind.BACKLOG if late else DigestKind.STORM
            if self._take(mine + along, digest, LATE if late else STORM):
                gone = {row.key for row in mine + along}
                rows = [row for row in rows if row.key not in gone]
                repeats = [(row, left) for row, left in repeats if row.key not in gone]
                wait, why = self.limits.digest, PACED
            else:
                wait, why = SECOND, BURST
        self._wait(rows, wait, why)
        by_wait: dict[timedelta, list[Waiting]] = {}
        for row, left in repeats:
            by_wait.setdefault(left, []).append(row)
        for left, held in by_wait.items():
            self._wait(held, left, REPEATS)

    def _until_digest(self, rows: Sequence[Waiting], room: _Room) -> tuple[timedelta, Sentence]:
        """Give how long until these may go as a digest, or one of them singly; and what for they wait."""
        if room.blocked:
            return room.digest, BLOCKED
        critical = any(row.level is Level.CRITICAL for row in rows)
        waited = max((self._waited(row) for row in rows), default=_NOTHING)
        gathering = _NOTHING if self.last or critical else GATHER - waited
        if max(gathering, room.digest) <= _NOTHING:
            return _NOTHING, PACED
        if gathering > room.digest:
            return min(gathering, room.single), GATHERING
        return min(room.digest, room.single), PACED

    def _sort(self, rows: Iterable[Waiting]) -> _Sorted:
        told = self._told()
        found = _Sorted()
        firsts: dict[str, _Unit] = {}
        due: dict[str, _Unit] = {}
        for row in rows:
            before = told.get(row.kind)
            if before is not None and self._repeats(row, before):
                left = self.limits.repeats - before.ago
                if left > _NOTHING and not self.last:
                    found.repeats.append((row, left))
                else:
                    due.setdefault(row.kind, _Unit([], AGAIN)).rows.append(row)
            elif self._is_late(row):
                found.late.append(row)
            elif (
                row.kind in firsts and row.level <= firsts[row.kind].level and self.limits.repeats > _NOTHING
            ):
                if self.last:
                    due.setdefault(row.kind, _Unit([], AGAIN)).rows.append(row)
                else:
                    firsts[row.kind].after.append(row)
            else:
                firsts[row.kind] = _Unit([row], FIRST)
                found.units.append(firsts[row.kind])
        found.units += due.values()
        return found

    def _told(self) -> dict[str, Sent]:
        """Give what was told last of each kind."""
        told: dict[str, Sent] = {}
        for one in sorted(self.sent, key=lambda one: one.ago, reverse=True):
            if one.kind is not None:
                told[one.kind] = one
        return told

    def _repeats(self, row: Waiting, before: Sent) -> bool:
        """Whether an alert came within the time for which its kind had been told."""
        came = before.ago - self._waited(row)
        return (
            row.level <= before.level and came < self.limits.repeats and before.ago < 2 * self.limits.repeats
        )

    def _is_late(self, row: Waiting) -> bool:
        return self.now - row.time > self.limits.backlog

    def _waited(self, row: Waiting) -> timedelta:
        """How long it has waited; what a clock dates into the future has waited long enough."""
        return self.now - row.read if row.read <= self.now else MINUTE

    def _room(self, *, critical: bool) -> _Room:
        mine = [one for one in self.sent if _is_critical(one) is critical]
        minute = [one.ago for one in mine if not _is_shared(one) and one.ago < MINUTE]
        gap = self.limits.critical_digest if critical else self.limits.digest
        digest = gap - min((one.ago for one in mine if _is_shared(one)), default=gap)
        beyond = self.stuck - (CRITICAL_PROBES if critical else PROBES)
        if beyond >= 0:
            gap = PROBING * (1 << min(beyond, _DOUBLINGS))
            begun = gap - min((one.ago for one in mine), default=gap)
            return _Room(0, begun, max(digest, begun), blocked=True)
        single = MINUTE - max(minute, default=_NOTHING)
        return _Room(max(self.limits.singles - len(minute), 0), single, digest, blocked=False)

    def _take(self, rows: Sequence[Waiting], digest: DigestKind | None, why: Sentence) -> bool:
        """Let these go together, unless this second is full."""
        if self.burst <= 0:
            return False
        self.burst -= 1
        if len(rows) == 1 and digest is DigestKind.REPEATS:
            digest = None
        kind = rows[0].kind if len(rows) == 1 or digest is DigestKind.REPEATS else None
        keys = tuple(sorted(row.key for row in rows))
        self.go.append(Bundle(keys, max(row.level for row in rows), digest, kind, why))
        return True

    def _wait(self, rows: Sequence[Waiting], wait: timedelta, why: Sentence) -> None:
        if rows:
            self.hold.append(Hold(tuple(row.key for row in rows), wait, why))


def _is_critical(sent: Sent) -> bool:
    return sent.level is Level.CRITICAL


def _is_shared(sent: Sent) -> bool:
    """Whether it went by the allowance of digests, not of single messages."""
    return sent.digest in {DigestKind.STORM, DigestKind.BACKLOG}


def _new_kinds_first(rows: Iterable[Waiting], known: Iterable[str | None]) -> list[Waiting]:
    seen = set(known)
    first: list[Waiting] = []
    again: list[Waiting] = []
    for row in rows:
        (again if row.kind in seen else first).append(row)
        seen.add(row.kind)
    return first + again
