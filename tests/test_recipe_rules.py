from __future__ import annotations

from random import Random

import pytest

from days import random_day
from logonbell.event import Event
from logonbell.judge import Judge
from logonbell.logon import Selected
from logonbell.rule import Rules
from logonbell.rulebook.recipe import RECIPE, recipe_selects
from logonbell.rulebook.shelf import chosen, shipped
from logonbell.sigma.detect import Detector
from odd_scenes import ODD
from scenes import SCENES


def by_the_script(event: Event) -> list[str]:
    """Select as the recipe's PowerShell does: by the place of a value among the event's, with ``-eq``.

    ``$_.Properties[5].Value -eq 'SYSTEM' -and $_.Properties[8].Value -eq 5``, and likewise Administrator and 2.
    """
    if event.channel != "Security" or event.event_id != 4624:
        return []
    values = list(event.fields.values())
    user, kind = values[5].lower(), int(values[8])
    named = {("system", 5): "recipe-ssm-login", ("administrator", 2): "recipe-normal-login"}
    return [named[user, kind]] if (user, kind) in named else []


@pytest.mark.parametrize("seed", range(8))
def test_the_rules_select_what_the_script_selects(seed: int) -> None:
    """Whoever depends on the recipe gets each of its mails, and no other, of whatever a day brings."""
    for event in random_day(Random(seed), most=60).events:  # noqa: S311 - repeatable, not secret
        assert recipe_selects(event) == by_the_script(event)


def test_the_rules_select_what_the_script_selects_of_every_scene() -> None:
    """So of every door and every noise there is a scene of, and both rules select something there."""
    rules = set()
    for scene in (*SCENES.values(), *ODD.values()):
        for event in scene.events:
            assert recipe_selects(event) == by_the_script(event)
            rules.update(recipe_selects(event))
    assert rules == set(RECIPE)


def test_without_being_switched_on_they_select_nothing() -> None:
    """They are shipped switched off."""
    events = [event for scene in SCENES.values() for event in scene.events]
    judge = Judge(Rules(), Detector(chosen(shipped(), (), ())))
    selected = [
        finding.rule for event in events for finding, _ in judge.hear(event) if isinstance(finding, Selected)
    ]
    assert not set(selected) & set(RECIPE)
