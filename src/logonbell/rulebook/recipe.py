"""The two rules of the hand-made recipe, for whoever depends on them: shipped, and switched off.

They select exactly what the recipe's PowerShell filter selects (its ``-eq`` does not tell upper from lower case). What they
catch and miss, with figures: docs/reference/recipe.md.
"""

from __future__ import annotations

from functools import cache

from logonbell.event import Event
from logonbell.rulebook.shelf import shipped
from logonbell.sigma.detect import Detector
from logonbell.sigma.form import Book

RECIPE = ("recipe-ssm-login", "recipe-normal-login")


def recipe_selects(event: Event) -> list[str]:
    """Name those of the two rules that select an event."""
    return [match.about.key for match in _detector().event(event)]


@cache
def _detector() -> Detector:
    return Detector(Book(tuple(rule for rule in shipped().rules if rule.about.key in RECIPE)))
