"""The two rules of the hand-made recipe, for whoever depends on them: shipped, and switched off.

They select exactly what the recipe's PowerShell filter selects (its ``-eq`` does not tell upper from lower case). What they
catch and miss, with figures: docs/reference/recipe.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from logonbell.alert import Level
from logonbell.event import Event
from logonbell.rule import EventRule
from logonbell.sentence import say

_SECURITY = "Microsoft-Windows-Security-Auditing"


def _selects(user: str, logon_type: str) -> Callable[[Event], bool]:
    def matches(event: Event) -> bool:
        return (
            event.event_id == 4624
            and event.provider == _SECURITY
            and event.fields.get("LogonType") == logon_type
            and event.fields.get("TargetUserName", "").casefold() == user
        )

    return matches


RULES: Mapping[str, EventRule] = MappingProxyType(
    {
        "recipe-ssm-login": EventRule(
            "recipe-ssm-login",
            Level.INFORMATIONAL,
            say("the recipe's rule SYSTEM and type 5: it calls every start of a service an SSM login"),
            _selects("system", "5"),
        ),
        "recipe-normal-login": EventRule(
            "recipe-normal-login",
            Level.INFORMATIONAL,
            say("the recipe's rule Administrator and type 2: it calls UAC prompts a normal login, too"),
            _selects("administrator", "2"),
        ),
    }
)
