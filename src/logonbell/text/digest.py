"""What a person reads of a digest: how many, of when, the worst of them, and how the others divide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from logonbell.logon import Door
from logonbell.notification import NAMED, Digest, DigestKind
from logonbell.sentence import Sentence, plural, say
from logonbell.text import moment
from logonbell.text.escape import Shown
from logonbell.text.facts import Fact, Reader, both, host, proof, remarks
from logonbell.text.headline import Room, headline
from logonbell.text.words import DOORS, LEVELS

_RANGES = 20  # so many ranges of numbers are written out


def digest_headline(digest: Digest, reader: Reader, room: Room | None = None) -> Shown:
    """Say in one line how many there are, of when, and what the worst of them is.

    What is told late is dated; a short one with the day alone.
    """
    width = room or Room()
    worst = headline(
        digest.named[0].alert.finding, language=reader.language, host_name=reader.host_name, room=width
    )
    match digest.kind:
        case DigestKind.STORM:
            told = plural(
                "{count:,} alert in {span}, worst: {worst}",
                "{count:,} alerts in {span}, worst: {worst}",
                digest.count,
                span=moment.span(digest.last - digest.first, reader.language),
                worst=worst,
            )
        case DigestKind.BACKLOG:
            told = plural(
                "Late: {count:,} alert of {when}, worst: {worst}",
                "Late: {count:,} alerts of {when}, worst: {worst}",
                digest.count,
                when=moment.between(
                    digest.first, digest.last, reader.zone, reader.language, days=width.short
                ),
                worst=worst,
            )
        case DigestKind.REPEATS:
            told = plural(
                "{count:,} more time in {span}: {worst}",
                "{count:,} more times in {span}: {worst}",
                digest.count,
                span=moment.span(digest.last - digest.first, reader.language),
                worst=worst,
            )
    return reader.tell(told)


def digest_facts(digest: Digest, reader: Reader, sent: datetime | None) -> tuple[Fact, ...]:
    """List the worst, and count the rest."""
    rows = [*_rows(digest, reader, sent), *remarks(digest.remarks, reader), *proof(digest.proof)]
    return tuple(Fact(reader.tell(label), tuple(lines)) for label, lines in rows if lines)


def _rows(digest: Digest, reader: Reader, sent: datetime | None) -> Iterator[tuple[Sentence, Sequence[str]]]:
    tell = reader.tell
    yield say("First event"), both(digest.first, reader)
    yield say("Last event"), both(digest.last, reader)
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
    yield say("Host"), [host([digest.host_id], digest.instance, reader)]
    yield say("Alert numbers"), list(_numbers(digest, reader))


def _numbers(digest: Digest, reader: Reader) -> Iterator[str]:
    shown = digest.sequences[:_RANGES]
    yield ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in shown)
    rest = sum(last - first + 1 for first, last in digest.sequences[_RANGES:])
    if rest > 0:
        yield reader.tell(plural("and {count:,} more", "and {count:,} more", rest))


def _named(digest: Digest, reader: Reader) -> Iterator[str]:
    shown = digest.named[:NAMED]
    for one in shown:
        finding = one.alert.finding
        line = headline(finding, language=reader.language, host_name=reader.host_name)
        yield f"{moment.short(finding.time, reader.zone)}  {line}"
    rest = digest.count - len(shown)
    if rest > 0:
        yield reader.tell(plural("and {count:,} more", "and {count:,} more", rest))
