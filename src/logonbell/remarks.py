"""What must be told besides, gathered into a few sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType

from logonbell.notification import Remark
from logonbell.sentence import Hole, Sentence, plural, say
from logonbell.source import Loss

SILENCED = "silenced"
DROPPED = "dropped"
LOST = "lost"
MENDED = "mended"
UNWATCHED = "unwatched"
BEGUN = "begun"
RENAMED = "renamed"
_LISTED = 20


@dataclass(frozen=True, slots=True)
class Remarked:
    """One thing that was found to be worth a remark. ``numbers`` are those of alerts of ``host_id``, both ends included.

    ``what`` is why, where it is about alerts that nobody was told of.
    """

    time: datetime
    kind: str
    what: Sentence
    count: int | None = None
    host_id: str | None = None
    numbers: tuple[int, int] | None = None

    def behind(self, before: Remarked) -> Remarked | None:
        """Give the remark that says this and the one before; None where the numbers do not follow, or it is another."""
        if self.numbers is None or before.numbers is None or before.numbers[1] + 1 != self.numbers[0]:
            return None
        if (before.kind, before.what, before.host_id) != (self.kind, self.what, self.host_id):
            return None
        numbers = (before.numbers[0], self.numbers[1])
        return replace(before, count=numbers[1] - numbers[0] + 1, numbers=numbers)


def lost(loss: Loss, now: datetime) -> Remarked:
    """Remark that something of a log could not be read."""
    return Remarked(now, LOST, say("{where}: {what}", where=loss.where, what=loss.what), loss.records)


def unwatched(last: datetime, now: datetime) -> Remarked:
    """Remark that nobody watched for a while; where the clock was set back meanwhile, nobody knows how long."""
    begins, ends = (f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC" for time in (last, now))
    if last <= now:
        what = say(
            "Nobody watched from {last} to {now}; what the logs still hold of that time is told late.",
            last=begins,
            now=ends,
        )
    else:
        what = say(
            "Nobody watched from {last} on, and the clock was set back meanwhile: for how long is not known. What the logs"
            " still hold of that time is told late.",
            last=begins,
        )
    return Remarked(now, UNWATCHED, what)


def begun(now: datetime) -> Remarked:
    """Remark that nothing is known of any time before."""
    what = say(
        "A history begins here: logonbell was just installed, or else its state was deleted. Messages are"
        " numbered from 1."
    )
    return Remarked(now, BEGUN, what)


def renamed(before: str, host_id: str, now: datetime) -> Remarked:
    """Remark that a host is known by another id from now on."""
    what = say(
        "This host is known by its instance id from now on: {host} was {before}. Its alerts are numbered on.",
        host=host_id,
        before=before,
    )
    return Remarked(now, RENAMED, what)


def joined(untold: Iterable[Remarked]) -> list[Remarked]:
    """Make one of neighbours that say the same of alerts whose numbers follow each other."""
    found: list[Remarked] = []
    for one in untold:
        both = one.behind(found[-1]) if found else None
        if both is None:
            found.append(one)
        else:
            found[-1] = both
    return found


def gather(found: Iterable[Remarked]) -> tuple[Remark, ...]:
    """Make one sentence of all that say the same but for its numbers, in the order in which they were found.

    So a log with a thousand damaged records is one sentence that counts them, and one silence is one that names the
    numbers of the alerts it held back.
    """
    alike: dict[tuple[str, object], list[Remarked]] = {}
    for one in found:
        about_alerts = one.numbers is not None
        key = (one.kind, (one.host_id, _key(one.what)) if about_alerts else one.what.words + _inner(one.what))
        alike.setdefault(key, []).append(one)
    return tuple(_remark(group) for group in alike.values())


def ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Write ascending numbers as ranges that include both ends."""
    return _joined((number, number) for number in numbers)


def listed(spans: Sequence[tuple[int, int]]) -> str:
    """Write ranges in one line: ``1, 3-5, 9``; of very many the first and the last."""
    written = [str(first) if first == last else f"{first}-{last}" for first, last in spans]
    if len(written) > _LISTED:
        written[_LISTED - 1 : -1] = ["..."]
    return ", ".join(written)


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join ascending ranges that touch."""
    found: list[tuple[int, int]] = []
    for first, last in spans:
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def _remark(group: Sequence[Remarked]) -> Remark:
    first = group[0]
    counts = [one.count for one in group if one.count is not None]
    count = sum(counts) if len(counts) == len(group) else None
    if first.numbers is not None:
        return Remark(first.time, first.kind, _untold(group), count)
    distinct = {_key(one.what): one for one in group}
    what = first.what
    if len(distinct) > 1:
        rest = len(distinct) - 1
        what = plural(
            "{what} And {count:,} more like it.", "{what} And {count:,} more like it.", rest, what=what
        )
    elif count is not None:
        what = _counting(what, count)
    return Remark(first.time, first.kind, what, count)


def _untold(group: Sequence[Remarked]) -> Sentence:
    spans = _joined(sorted(one.numbers for one in group if one.numbers is not None))
    return plural(
        "{count:,} alert was not told, {why}: number {numbers}.",
        "{count:,} alerts were not told, {why}: numbers {numbers}.",
        sum(last - first + 1 for first, last in spans),
        why=group[0].what,
        numbers=listed(spans),
    )


def _key(sentence: Sentence) -> object:
    """What a sentence says, but for what it counts."""
    holes = {
        name: _key(hole) if isinstance(hole, Sentence) else hole for name, hole in sentence.holes.items()
    }
    if sentence.count is not None:
        holes.pop("count", None)
    return sentence.words, tuple(sorted(holes.items(), key=lambda item: item[0]))


def _inner(sentence: Sentence) -> str:
    return "".join(
        hole.words + _inner(hole) for hole in sentence.holes.values() if isinstance(hole, Sentence)
    )


def _counting(sentence: Sentence, count: int) -> Sentence:
    """Let a sentence, and those in it, count so many."""
    holes: Mapping[str, Hole] = MappingProxyType(
        {
            name: _counting(hole, count) if isinstance(hole, Sentence) else hole
            for name, hole in sentence.holes.items()
        }
    )
    if sentence.count is None:
        return Sentence(sentence.words, dict(holes))
    return Sentence(sentence.words, {**holes, "count": count}, sentence.many, count)
