"""What held while the intruder had the host."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from logonbell.demo.bastion import HOST, Records
from logonbell.demo.bell import LOG
from logonbell.demo.forgery import FOUND, Answer
from logonbell.demo.letter import Letter
from logonbell.demo.tally import Check
from logonbell.sentence import say
from logonbell.store.outbox import OutboxState


@dataclass(frozen=True, slots=True)
class Attacked:
    """What was done and what came of it: the records of each ``scene`` that must ring, and those that were cleared unread.

    ``before`` and ``after`` are what ``verify`` said, the latter when history and mailbox had been rewritten; None where it
    came to nothing.
    """

    scenes: Mapping[str, Records]
    unread: Records
    letters: Sequence[Letter]
    agent: OutboxState
    before: Answer
    after: Answer | None

    def letter(self, scene: str) -> Letter | None:
        """Give the message that tells of a scene."""
        records = self.scenes.get(scene, frozenset())
        return next((letter for letter in self.letters if letter.records[0] in records), None)


def survived(attacked: Attacked) -> Sequence[Check]:
    """Say of each thing that must hold whether it did."""
    return [_each_rang(attacked), _none_lost(attacked), _gap_is_told(attacked), _forgery_is_found(attacked)]


def gap_in(letter: Letter, unread: Records) -> str | None:
    """Find what a message says of the records that were never read: its line, from the name of the log on."""
    if not unread:
        return None
    both = re.compile(rf"(?<!\d){min(unread)}(?!\d).*(?<!\d){max(unread)}(?!\d)")
    lines = (line[max(line.find(LOG), 0) :].strip() for line in letter.body.splitlines())
    return next((line for line in lines if both.search(line)), None)


def _each_rang(attacked: Attacked) -> Check:
    silent = [scene for scene in attacked.scenes if attacked.letter(scene) is None]
    if silent:
        what = say("of what the intruder did, this did not ring: {what}", what=", ".join(silent))
        return Check(what, holds=False)
    return Check(say("the logon amid the flood, the cleared log and the return: each of them rang"))


def _none_lost(attacked: Attacked) -> Check:
    """Killed, it may tell again what it does not know to have arrived; it forgets nothing."""
    notifiers = attacked.agent.notifiers.values()
    waiting = sum(notifier.pending + notifier.buried for notifier in notifiers)
    last = attacked.agent.sequences.get(HOST, 0)
    numbers = {letter.number for letter in attacked.letters}
    what = say(
        "killed and back: alerts 1 to {last} sent, {received} of them received ({again} came again), {waiting} waiting",
        last=last,
        received=len(numbers),
        again=len(attacked.letters) - len(numbers),
        waiting=waiting,
    )
    return Check(what, holds=numbers == set(range(1, last + 1)) and not waiting)


def _gap_is_told(attacked: Attacked) -> Check:
    letter = attacked.letter("clears")
    if letter is None or gap_in(letter, attacked.unread) is None:
        return Check(say("the gap is stated in no message"), holds=False)
    what = say(
        "the gap is stated: records {first} to {last} were cleared before anybody read them",
        first=min(attacked.unread),
        last=max(attacked.unread),
    )
    return Check(what)


def _forgery_is_found(attacked: Attacked) -> Check:
    before, after = attacked.before, attacked.after
    found = after is not None and (before.code, after.code, after.kinds) == (0, 1, FOUND)
    what = say(
        "verify found {before} before history and mailbox were rewritten, and {after} afterwards",
        before=", ".join(sorted(before.kinds)) or say("nothing"),
        after=say("nothing") if after is None else ", ".join(sorted(after.kinds)) or say("nothing"),
    )
    return Check(what, holds=found)
