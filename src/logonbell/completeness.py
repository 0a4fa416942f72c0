"""What saved messages prove when they are laid side by side: whether one is missing, was changed, or tells another history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from logonbell.proof import NONE, SHORT, Proof, stream_of
from logonbell.sentence import Sentence, plural, say


@dataclass(frozen=True, slots=True)
class Claim:
    """What a message says it proves. ``mark`` is cut to ``SHORT`` digits where only its text is there; ``proof`` is None then."""

    stream: str
    number: int
    link: int
    mark: str
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """A saved message: ``where`` it lies, of which host, when it was sent, what it proves, and a digest of what it tells.

    Everything in it was written by others. A message that was sent to try the way has no claim.
    """

    where: str
    host: str
    sent: datetime | None
    claim: Claim | None
    content: str

    @property
    def proof(self) -> Proof | None:
        """What it proves in full, where it was saved in full."""
        return None if self.claim is None else self.claim.proof


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that does not fit. ``kind`` is a word for machines; ``where`` names the message that shows it.

    missing: numbers without a message; repeated: one number, two contents; altered: a message whose mark is not its own;
    broken: a message that does not follow the one before; backwards: a history that got shorter; forked: two histories of
    one name; anew: a history that ends where another begins; silent: none came any more; untold: a state that does not have
    what was told; unreadable: something that looks like a message and is none.
    """

    kind: str
    what: Sentence
    where: str


@dataclass(frozen=True, slots=True)
class Stream:
    """What one notifier was told of one history, as far as it was saved: ``first`` and ``last`` are numbers of messages."""

    host: str
    stream: str
    notifier: str
    messages: int
    repeats: int
    first: int
    last: int
    link: int
    sent: datetime | None


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found; ``unproved`` counts messages without a claim."""

    streams: tuple[Stream, ...]
    problems: tuple[Problem, ...]
    unproved: int


def examine(letters: Iterable[Letter], *, fresh: datetime | None = None) -> Examination:
    """Lay messages side by side. With ``fresh``, each host and notifier must have been heard since then."""
    streams: dict[str, list[tuple[Letter, Claim]]] = {}
    unproved = 0
    for letter in letters:
        if letter.claim is None:
            unproved += 1
        else:
            streams.setdefault(letter.claim.stream, []).append((letter, letter.claim))
    told: list[Stream] = []
    problems: list[Problem] = []
    for group in streams.values():
        once, found = _sorted_out(group)
        problems += [*found, *_in_order(once)]
        told.append(_summary(group, once))
    problems += [*_forks(streams.values()), *_anew(told)]
    if fresh is not None:
        problems += _silent(told, fresh)
    return Examination(
        tuple(sorted(told, key=lambda one: (one.host, one.notifier, one.sent is not None, str(one.sent)))),
        tuple(problems),
        unproved,
    )


Numbered = dict[int, tuple[Letter, Claim]]


def _sorted_out(group: Sequence[tuple[Letter, Claim]]) -> tuple[Numbered, list[Problem]]:
    """Give one message of each number, that which was saved in full if there is one, and what does not fit in itself."""
    once: Numbered = {}
    problems: list[Problem] = []
    for letter, claim in group:
        if claim.proof is not None and claim.proof.mark != claim.mark:
            what = say("Message {number} was changed: its mark is not its own.", number=claim.number)
            problems.append(Problem("altered", what, letter.where))
        known = once.get(claim.number)
        if known is None:
            once[claim.number] = (letter, claim)
            continue
        if _differ(known, (letter, claim)):
            what = say(
                "There are two messages {number}: another one is {other}.",
                number=claim.number,
                other=known[0].where,
            )
            problems.append(Problem("repeated", what, letter.where))
        if known[1].proof is None and claim.proof is not None:
            once[claim.number] = (letter, claim)
    return once, problems


def _differ(one: tuple[Letter, Claim], other: tuple[Letter, Claim]) -> bool:
    if one[1].mark[:SHORT] != other[1].mark[:SHORT] or one[1].link != other[1].link:
        return True
    whole = one[1].proof is not None and other[1].proof is not None
    return whole and one[0].content != other[0].content


def _in_order(once: Numbered) -> Iterator[Problem]:
    """Look whether each message follows the one before it."""
    first = once[min(once)]
    if first[1].number == 1 and first[1].proof is not None and first[1].proof.before != NONE:
        yield Problem("broken", say("Message 1 says that one was before it."), first[0].where)
    for before, after in pairwise(sorted(once)):
        (_, known), (letter, claim) = once[before], once[after]
        if after != before + 1:
            missing = plural(
                "Message {first} is missing.",
                "{count:,} messages are missing: {first} to {last}.",
                after - before - 1,
                first=before + 1,
                last=after - 1,
            )
            yield Problem("missing", missing, letter.where)
        elif claim.proof is not None and claim.proof.before[: len(known.mark)] != known.mark:
            what = say(
                "Message {number} does not follow the message {before} that is here.",
                number=after,
                before=before,
            )
            yield Problem("broken", what, letter.where)
        if claim.link < known.link:
            what = say(
                "The history got shorter: message {before} tells of link {longer}, message {number} of link {shorter}.",
                before=before,
                longer=known.link,
                number=after,
                shorter=claim.link,
            )
            yield Problem("backwards", what, letter.where)


def _forks(groups: Iterable[Sequence[tuple[Letter, Claim]]]) -> Iterator[Problem]:
    """Look whether all that tell of one link of a history tell of the same."""
    heads: dict[tuple[str, int], tuple[str, str]] = {}
    for letter, claim in (one for group in groups for one in group):
        if claim.proof is None:
            continue
        head = claim.proof.head
        mark, where = heads.setdefault((claim.proof.history, head.number), (head.mark, letter.where))
        if mark != head.mark:
            what = say(
                "Link {number} of the history is another one than {other} says.",
                number=head.number,
                other=where,
            )
            yield Problem("forked", what, letter.where)


def _anew(streams: Sequence[Stream]) -> Iterator[Problem]:
    """Name each history that another one replaced: what was told at its end may be missing, and nobody can know."""
    known: dict[tuple[str, str], list[Stream]] = {}
    for one in streams:
        if one.sent is not None and one.notifier:
            known.setdefault((one.host, one.notifier), []).append(one)
    for group in known.values():
        for old, new in pairwise(sorted(group, key=lambda one: str(one.sent))):
            what = say(
                "{host} began another history behind message {last}: its state was lost, deleted or replaced by a copy,"
                " and whether more messages of the old one were sent is not known.",
                host=old.host,
                last=old.last,
            )
            yield Problem("anew", what, f"{new.stream}-{new.first}")


def _silent(streams: Sequence[Stream], fresh: datetime) -> Iterator[Problem]:
    heard: dict[tuple[str, str], datetime] = {}
    for one in streams:
        if one.sent is not None:
            key = (one.host, one.notifier)
            heard[key] = max(one.sent, heard.get(key, one.sent))
    for (host, notifier), sent in heard.items():
        if sent < fresh:
            what = say(
                "{host} was last heard at {time}.", host=host or "?", time=sent.isoformat(timespec="seconds")
            )
            yield Problem("silent", what, notifier)


def _summary(group: Sequence[tuple[Letter, Claim]], once: Numbered) -> Stream:
    # The newest: a host may be known by another id from some message on.
    whole = max(group, key=lambda one: (one[1].proof is not None, one[1].number))[0]
    times = [letter.sent for letter, _ in group if letter.sent is not None]
    return Stream(
        whole.host,
        group[0][1].stream,
        whole.proof.notifier if whole.proof else "",
        len(once),
        len(group) - len(once),
        min(once),
        max(once),
        max(claim.link for _, claim in group),
        max(times, default=None),
    )


def claim_of(proof: Proof, mark: str) -> Claim:
    """Make the claim of a message that was saved in full; ``mark`` is the one that it names."""
    stream = stream_of(proof.history, proof.notifier)
    return Claim(stream, proof.number, proof.head.number, mark, proof)
