"""What the hand-made recipe would have mailed: a scheduled task on event 4624, and two rules."""

from __future__ import annotations

from logonbell.event import Event
from logonbell.simulate.system import SECURITY


def mails(event: Event) -> str | None:
    """Give the subject of the recipe's mail about ``event``, None where it sends none.

    Its rules: SYSTEM with logon type 5 is taken for Session Manager, Administrator with type 2 for the console.
    """
    if event.provider != SECURITY or event.event_id != 4624:
        return None
    match event.fields.get("TargetUserName"), event.fields.get("LogonType"):
        case "SYSTEM", "5":
            return "SSM login"
        case "Administrator", "2":
            return "normal login"
        case _:
            return None
