"""What a person reads of a digest: how many, of when, the worst of them, and how the others divide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from logonbell.logon import Door
from logonbell.notification import Digest, DigestKind
from logonbell.sentence import Sentence, plural, say
from logonbell.text import moment
from logonbell.text.escape import Shown, name
from logonbell.text.facts import Fact, Reader, both, remarks
from logonbell.text.headline import Room, headline
from logonbell.text.words import DOORS, LEVELS


def digest_headline(digest: Digest, reader: Reader, room: Room | None = None) -> Shown:
    """Say in one line what happened."""
    width = room or Room()
    worst = headline(
        digest.named[0].alert.finding, language=reader.language, host_name=reader.host_name, room=width
    )
    match digest.kind:
        case DigestKind.STORM:
            return reader.tell(
                plural(
                    "{count:,} alert in {span}, the worst: {worst}",
                    "{count:,} alerts in {span}, the worst: {worst}",
                    digest.count,
                    span=moment.span(digest.last - digest.first, reader.language),
                    worst=worst,
                )
            )
        case DigestKind.BACKLOG:
            return reader.tell(
                plural(
                    "Told late, {count:,} alert, the worst: {worst}",
                    "Told late, {count:,} alerts, the worst: {worst}",
                    digest.count,
                    worst=worst,
                )
            )
        case DigestKind.REPEATS:
            return reader.tell(
                plural(
                    "{count:,} more time: {worst}", "{count:,} more times: {worst}", digest.count, worst=worst
                )
            )


def digest_facts(digest: Digest, reader: Reader, sent: datetime | None) -> tuple[Fact, ...]:
    """List the worst, and count the rest."""
    rows = [*_rows(digest, reader, sent), *remarks(digest.remarks, reader)]
    return tuple(Fact(reader.tell(label), tuple(lines)) for label, lines in rows if lines)


def _rows(digest: Digest, reader: Reader, sent: datetime | None) -> Iterator[tuple[Sentence, Sequence[str]]]:
    tell = reader.tell
    yield say("First"), both(digest.first, reader)
    yield say("Last"), both(digest.last, reader)
    if sent is not None:
        yield say("Sent"), both(sent, reader)
    yield say("The worst"), list(_named(digest, reader))
    yield (
        say("By level"),
        [
            tell(say("{what}: {number:,}", what=LEVELS[level], number=number))
            for level, number in sorted(digest.levels.items(), reverse=True)
        ],
    )
    yield (
        say("By door"),
        [
            tell(say("{what}: {number:,}", what=DOORS[Door(door)].name, number=number))
            for door, number in sorted(digest.doors.items(), key=lambda item: (-item[1], item[0]))
        ],
    )
    yield say("Host"), [", ".join(dict.fromkeys(name(one) for one in (reader.host_name, digest.host_id)))]
    yield (
        say("Alert numbers"),
        [", ".join(str(a) if a == b else f"{a}-{b}" for a, b in digest.sequences)],
    )


def _named(digest: Digest, reader: Reader) -> Iterator[str]:
    for one in digest.named:
        line = headline(one.alert.finding, language=reader.language, host_name=reader.host_name)
        time = moment.in_zone(one.alert.finding.time, reader.zone) or moment.in_utc(one.alert.finding.time)
        yield f"{time}  {line}"
    rest = digest.count - len(digest.named)
    if rest > 0:
        yield reader.tell(plural("and {count:,} more", "and {count:,} more", rest))
