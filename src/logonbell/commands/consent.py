"""Asking a person before anything is changed."""

from __future__ import annotations

from typing import TextIO

from logonbell.commands.desk import Desk
from logonbell.errors import Refused
from logonbell.sentence import say

_YES = frozenset({"y", "yes", "はい"})


def agree(desk: Desk, answers: TextIO, *, yes: bool) -> None:
    """Ask whether to do what was shown, unless ``yes``. Raises ``Refused`` where the answer is anything but yes."""
    if yes:
        return
    desk.say(say("Do this? Type yes, and Enter:"))
    desk.out.flush()
    if answers.readline().strip().casefold() not in _YES:
        raise Refused(say("Nothing was done."), say("To do it without being asked: --yes"))
