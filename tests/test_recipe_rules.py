from __future__ import annotations

from random import Random

import pytest

from days import random_day
from logonbell.event import Event
from logonbell.recipe import RULES
from logonbell.rule import Rules
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


def selected(event: Event) -> list[str]:
    """Select as the shipped rules do."""
    return [one.rule for one in Rules(over_events=tuple(RULES.values())).select(event)]


@pytest.mark.parametrize("seed", range(8))
def test_the_rules_select_what_the_script_selects(seed: int) -> None:
    """Whoever depends on the recipe gets each of its mails, and no other, of whatever a day brings."""
    for event in random_day(Random(seed), most=60).events:  # noqa: S311 - repeatable, not secret
        assert selected(event) == by_the_script(event)


def test_the_rules_select_what_the_script_selects_of_every_scene() -> None:
    """So of every door and every noise there is a scene of, and both rules select something there."""
    rules = set()
    for scene in (*SCENES.values(), *ODD.values()):
        for event in scene.events:
            assert selected(event) == by_the_script(event)
            rules.update(selected(event))
    assert rules == set(RULES)


def test_without_being_switched_on_they_select_nothing() -> None:
    """They are shipped switched off."""
    events = [event for scene in SCENES.values() for event in scene.events]
    assert not [one for event in events for one in Rules().select(event)]
