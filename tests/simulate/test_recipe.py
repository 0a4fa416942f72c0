from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from logonbell.event import Event
from logonbell.simulate.recipe import mails
from logonbell.simulate.system import SECURITY

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def logon(user: str, logon_type: int) -> Event:
    """A 4624 with as much as the recipe looks at."""
    fields = {"TargetUserName": user, "LogonType": str(logon_type)}
    return Event("Security", 4624, 1, NOON, "bastion", SECURITY, fields)


@pytest.mark.parametrize(
    ("user", "logon_type", "subject"),
    [
        ("SYSTEM", 5, "SSM login"),
        ("Administrator", 2, "normal login"),
        ("SYSTEM", 0, None),
        ("Administrator", 10, None),
        ("administrator", 2, "normal login"),
        ("ssm-user", 3, None),
        ("NETWORK SERVICE", 5, None),
    ],
)
def test_the_two_rules(user: str, logon_type: int, subject: str | None) -> None:
    """The recipe knows two names, in whatever case, each with one logon type, and nothing else."""
    assert mails(logon(user, logon_type)) == subject


def test_other_events() -> None:
    """Only 4624 of Windows' own auditing starts the recipe's task."""
    assert mails(replace(logon("SYSTEM", 5), event_id=4634)) is None
    assert mails(replace(logon("SYSTEM", 5), provider="Somebody")) is None
