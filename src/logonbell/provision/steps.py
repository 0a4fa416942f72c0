"""The steps of setting up: one list, which is shown, done, and taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from logonbell.errors import Refused
from logonbell.provision.record import Record
from logonbell.sentence import Sentence, say


@dataclass(frozen=True, slots=True)
class Step:
    """One change: what it says, whether it is so already, what it finds, what it does, and how it is undone.

    ``look`` gives, as JSON's values, what ``undo`` is handed later. All but ``look`` raise ``Refused`` or ``OSError``.
    """

    name: str
    says: Sentence
    undoing: Sentence
    is_done: Callable[[], bool]
    look: Callable[[], Any]
    do: Callable[[], None]
    undo: Callable[[Any], None]


class Outcome(Enum):
    """What became of a step."""

    DONE = "done"
    WAS_SO = "was so"
    UNDONE = "undone"


Tell = Callable[[int, Outcome], None]
"""Told of the number of a step, from 1, what became of it."""


def take(steps: Sequence[Step], record: Record, tell: Tell) -> bool:
    """Do what is not done yet, and look whether it is so then; say whether anything was. Raises ``Refused``."""
    changed = False
    for number, step in enumerate(steps, 1):
        if step.is_done():
            tell(number, Outcome.WAS_SO)
            continue
        record.note(step.name, step.look())
        step.do()
        record.keep()  # the folder that it lies in may have come only now
        if not step.is_done():
            raise Refused(
                say("It was done, and is not so: {what}", what=step.says),
                say("Something on this machine puts it back at once; a policy of the domain may."),
            )
        changed = True
        tell(number, Outcome.DONE)
    return changed


def done(steps: Sequence[Step], record: Record) -> list[Step]:
    """Give the steps that were done and are not taken back yet, the last first."""
    by_name = {step.name: step for step in steps}
    return [by_name[name] for name in reversed([*record.before]) if name in by_name]


def take_back(steps: Sequence[Step], record: Record, tell: Tell) -> None:
    """Put back what these steps found. Raises ``Refused``; what is left can be taken back later."""
    for number, step in enumerate(steps, 1):
        step.undo(record.before[step.name])
        record.drop(step.name)
        tell(number, Outcome.UNDONE)
