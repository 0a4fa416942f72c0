"""Who came before: learnt for a while, then told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from findings import AT_FIVE, logon
from logonbell.event import EventRef
from logonbell.logon import Door, Logon, User
from logonbell.sigma import acquaintance
from logonbell.sigma.acquaintance import LEARNING, Acquaintances

NEW = {"FirstOfUser": "true", "FirstFromAddress": "true", "FirstFromNetwork": "true"}


def visit(number: int, days: float, name: str = "alice", address: str | None = "203.0.113.5") -> Logon:
    """Somebody comes so many days after the first."""
    return replace(
        logon(Door.RDP),
        time=AT_FIVE + timedelta(days=days),
        events=(EventRef("Security", number, 4624),),
        user=User(name, "CONTOSO"),
        address=address,
    )


def test_nobody_is_new_while_it_is_learnt() -> None:
    """On the day of the installation everybody comes for the first time, and no rule says so."""
    known = Acquaintances()
    assert known.meet(visit(1, 0)) == {}
    assert known.meet(visit(2, 1, "bob")) == {}
    assert known.meet(visit(3, 1.5)) == {"IdleDays": "1"}


def test_then_who_is_new_is_told() -> None:
    """A user, an address and a network are new once each."""
    known = Acquaintances()
    known.meet(visit(1, 0))
    after = LEARNING.days
    assert known.meet(visit(2, after, "bob", "198.51.100.7")) == NEW
    again = known.meet(visit(3, after + 1, "BOB", "198.51.100.8"))
    assert again == {
        "IdleDays": "1",
        "FirstOfUser": "false",
        "FirstFromAddress": "true",
        "FirstFromNetwork": "false",
    }
    assert known.meet(visit(4, after + 2, "bob", None)) == {"IdleDays": "1", "FirstOfUser": "false"}


def test_a_later_version_of_a_logon_is_no_new_visit() -> None:
    """What is told of a logon does not change when it is told again with more facts."""
    known = Acquaintances()
    known.meet(visit(1, 0))
    first = visit(2, LEARNING.days, "bob", "198.51.100.7")
    assert known.meet(first) == NEW
    assert known.meet(replace(first, elevated=False)) == NEW


def test_it_goes_on_after_a_restart() -> None:
    """It is a value like any other part of the snapshot."""
    known = Acquaintances()
    known.meet(visit(1, 0))
    known = msgspec.json.decode(msgspec.json.encode(known), type=Acquaintances)
    assert known.meet(visit(2, LEARNING.days)) == {
        "IdleDays": str(LEARNING.days),
        "FirstOfUser": "false",
        "FirstFromAddress": "false",
        "FirstFromNetwork": "false",
    }


def test_hosts_are_kept_apart_and_principals_stand_for_ssm_user() -> None:
    """Whoever is known on one host is new on another; behind ssm-user it is the person who counts."""
    known = Acquaintances()
    known.meet(visit(1, 0))
    other = replace(visit(2, LEARNING.days), host="OTHER")
    assert "FirstOfUser" not in known.meet(other)
    shell = replace(logon(Door.SSM_SHELL), time=AT_FIVE + LEARNING)
    assert known.meet(shell)["FirstOfUser"] == "true"
    stranger = replace(shell, principal="arn:aws:iam::1:user/mallory", events=(EventRef("x", 9, 1),))
    assert known.meet(stranger)["FirstOfUser"] == "true"


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of too many, who was away the longest is forgotten."""
    monkeypatch.setattr(acquaintance, "KNOWN", 10)
    known = Acquaintances()
    for number in range(40):
        known.meet(visit(number, 0, f"user{number}", f"203.0.113.{number}"))
    assert len(known.users) == len(known.addresses) == 10
    assert len(known.networks) == 1
    assert "IdleDays" in known.meet(visit(41, 1, "user39"))
    assert "IdleDays" not in known.meet(visit(42, 1, "user0"))
