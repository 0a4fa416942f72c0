from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, timedelta

import pytest

from command_line import as_typed
from findings import (
    AT_FIVE,
    BACKLOG,
    BURST,
    CLEARED,
    DOMAIN_ADMIN,
    LOGOFF,
    RECONNECT,
    REPEATS,
    SELECTED,
    STORM,
    TAMPERING,
    TUNNEL,
    logon,
    notify,
)
from logonbell.commands.span import moment
from logonbell.logon import Door, Finding
from logonbell.notification import Digest, Telling
from logonbell.text.language import LANGUAGES, speak
from logonbell.text.steps import next_steps

ALERTS: list[Finding] = [DOMAIN_ADMIN, BURST, CLEARED, LOGOFF, RECONNECT, SELECTED, TAMPERING, TUNNEL]
TELLINGS: list[Telling] = [*map(notify, ALERTS), STORM, BACKLOG, REPEATS]


def steps(telling: Telling, language: str = "en") -> list[str]:
    """What a person is told to do."""
    return [speak(step, language) for step in next_steps(telling)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("telling", TELLINGS)
def test_the_commands_are_those_of_the_program(telling: Telling, language: str) -> None:
    """Whoever types the command at the end of a step, copied as it stands, types one that logonbell takes."""
    typed = [found[1] for step in steps(telling, language) if (found := re.search(r"logonbell (.+)$", step))]
    assert typed[0].startswith("explain --record ")
    for line in typed:
        name, *arguments = line.split(" ")
        context = as_typed(name, arguments)
        if name == "explain":
            worst = telling.named[0] if isinstance(telling, Digest) else telling
            assert context.params["record"] == worst.alert.finding.main.record_id
        else:
            assert isinstance(telling, Digest)
            since = moment(context.params["since"], AT_FIVE, UTC)
            assert timedelta(0) <= telling.first - since < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("session", "told"),
    [
        ("alice-0a1b2c3d4e5f60718", True),
        ("alice@example.com-0a1b2c", True),
        ("--profile", False),
        ("alice; rm -rf /", False),
        ("$(reboot)", False),
        ("a,b", False),
        ("", False),
        ("x" * 97, False),
        (None, False),
    ],
)
def test_no_hostile_session_gets_into_a_command(session: str | None, told: bool) -> None:
    """A session's id stands in a command to copy only if it can do no more there than name the session."""
    end = steps(notify(replace(logon(Door.SSM_SHELL), ssm_session=session)))[1]
    assert ("aws ssm terminate-session --session-id " in end) is told
    assert end.endswith(f" {session}") is told


def test_run_command_is_cancelled_not_terminated() -> None:
    """What Run Command runs is ended by another command than a session."""
    assert (
        "aws ssm cancel-command --command-id alice-0a1b2c3d4e5f60718"
        in steps(notify(logon(Door.RUN_COMMAND)))[1]
    )
