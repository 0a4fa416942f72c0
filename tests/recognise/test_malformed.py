"""What no Windows ever wrote, small: each of these broke something once, or could have. ``make fuzz`` looks for more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from random import Random

import pytest

from logonbell.event import Event
from logonbell.recognise.recogniser import Recogniser
from logonbell.simulate.windows import WindowsHost
from mutation import HOSTILE, mutated, withstands
from recognising import logons, pass_through
from scenes import HOME, NINE, SATO, a_host, after, altered, mori


@pytest.mark.parametrize("seed", range(12))
def test_spoiled_days_break_nothing(seed: int) -> None:
    """Whatever a log holds, nothing fails: cutting changes nothing, every finding is written, kept and said."""
    withstands(mutated(seed), Random(seed))  # noqa: S311 - repeatable, not secret


Play = Callable[[WindowsHost], Iterable[Event]]
PLAYS: dict[str, Play] = {
    "shell": lambda host: host.ssm_shell(NINE, streaming=True),
    "rdp": lambda host: host.rdp_logon(NINE, SATO, HOME),
    "reconnect": lambda host: [
        *host.rdp_logon(NINE, mori(host), HOME),
        *host.rdp_reconnect(after(600), mori(host), HOME),
    ],
    "ssh": lambda host: host.ssh_logon(NINE, mori(host), HOME),
}

NUMBERS = ("ProcessId", "TargetLogonId", "TargetLinkedLogonId", "LogonID", "LogonType", "SessionID")


@pytest.mark.parametrize("play", PLAYS)
@pytest.mark.parametrize("field", NUMBERS)
def test_a_hostile_number_is_no_number(play: str, field: str) -> None:
    """A number of 64 KiB, below zero, of other digits or of none breaks neither reading nor the snapshot."""
    events = list(PLAYS[play](a_host()))
    for value in HOSTILE:
        recogniser = Recogniser()
        found = list(pass_through(altered(events, {field: value}), recogniser))
        assert Recogniser.restore(recogniser.snapshot()).snapshot() == recogniser.snapshot()
        for logon in logons(found):
            assert len(logon.logon_id or "") <= 18


def test_a_process_id_beyond_all_bounds_is_none() -> None:
    """The worker whose number nobody can count to is known by its name, and the state stays small."""
    recogniser = Recogniser()
    events = altered(a_host().ssm_shell(NINE), {"ProcessId": f"0x{'f' * 65_536}"}, 4624)
    (shell,) = logons(pass_through(events, recogniser))
    assert shell.door == "ssm-shell"
    assert len(recogniser.snapshot()) < 10_000


@pytest.mark.parametrize("which", range(8))
def test_a_record_without_any_field_is_nobody(which: int) -> None:
    """An event that lost all its data takes nobody with it but itself."""
    events = a_host().rdp_logon(NINE, SATO, HOME)
    broken = [
        replace(event, fields={}) if place % 8 == which else event for place, event in enumerate(events)
    ]
    withstands(broken, Random(1))  # noqa: S311 - likewise
