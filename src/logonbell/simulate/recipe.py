"""What the hand-made recipe would have mailed: a scheduled task on event 4624, and two rules."""

from __future__ import annotations

from logonbell.event import Event
from logonbell.rulebook.recipe import recipe_selects

SUBJECTS = {"recipe-ssm-login": "SSM login", "recipe-normal-login": "normal login"}


def mails(event: Event) -> str | None:
    """Give the subject of the recipe's mail about ``event``, None where it sends none.

    Its rules: SYSTEM with logon type 5 is taken for Session Manager, Administrator with type 2 for the console.
    """
    return next((SUBJECTS[name] for name in recipe_selects(event)), None)
