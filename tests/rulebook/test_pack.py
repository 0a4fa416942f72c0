"""The shipped rules: each fires where it says so, and is silent where it says so."""

from __future__ import annotations

import runpy
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fakes import NOON
from findings import logon
from logonbell.event import Event, EventRef
from logonbell.logon import Door
from logonbell.recognise.windows import CHANNELS, WANTED
from logonbell.rulebook.document import Document, read_documents
from logonbell.rulebook.shelf import all_of, chosen, ringing, shipped
from logonbell.sigma.detect import Detector
from logonbell.sigma.fields import LOGON_FIELDS
from logonbell.sigma.wanted import wanted

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = ROOT / "src" / "logonbell" / "rulebook" / "pack"


def documents() -> Iterator[Document]:
    """Read what the pack is made of."""
    for path in sorted(SOURCES.glob("*.yml")):
        read, mistakes = read_documents(path)
        assert not mistakes
        yield from read


OWN = {one.content["name"]: one.content["logonbell"] for one in documents() if "logonbell" in one.content}
EXAMPLES = [
    pytest.param(name, kind, number, id=f"{name}-{kind}-{number}")
    for name, own in OWN.items()
    for kind in ("fires", "silent")
    for number in range(len(own[kind]))
]


def test_the_pack_is_that_of_its_sources() -> None:
    """What is shipped was compiled of what stands beside it: run make pack."""
    packed = runpy.run_path(str(ROOT / "tools" / "pack.py"))["packed"]
    assert (SOURCES.parent / "pack.json").read_bytes() == packed()


def test_every_rule_that_rings_has_examples_of_both_kinds() -> None:
    """None is shipped of which nobody has seen it fire, and be silent."""
    assert set(OWN) == {one.about.key for one in ringing(shipped())}
    assert all(own["fires"] and own["silent"] for own in OWN.values())


@pytest.mark.parametrize(("name", "kind", "number"), EXAMPLES)
def test_an_example_comes_out_as_it_says(name: str, kind: str, number: int) -> None:
    """It is played step by step to the rule as it is shipped."""
    detector = Detector(chosen(shipped(), [name], []))
    found = [
        match.about.key
        for place, step in enumerate(OWN[name][kind][number], 1)
        for match in played(detector, step, place)
    ]
    assert (name in found) is (kind == "fires")


def played(detector: Detector, step: Mapping[str, Any], place: int) -> Any:
    """Hand a step of an example to the rules."""
    time = NOON + timedelta(seconds=step.get("at", 0))
    if "logon" in step:
        assert set(step["logon"]) <= set(LOGON_FIELDS)
        made = replace(
            logon(Door(step["logon"]["Door"])), time=time, events=(EventRef("Security", place, 4624),)
        )
        return detector.logon(made, {name: str(value) for name, value in step["logon"].items()})
    fields = {name: str(value) for name, value in step["event"].items()}
    channel, event_id = fields.pop("Channel"), int(fields.pop("EventID"))
    provider, host = fields.pop("Provider_Name", ""), fields.pop("Computer", "BASTION")
    return detector.event(Event(channel, event_id, place, time, host, provider, fields))


def test_what_is_switched_off_is_silent_until_somebody_switches_it_on() -> None:
    """And what serves a rule that is off is left out with it."""
    off = {one.about.key for one in ringing(shipped()) if one.about.off}
    assert off == {
        "domain-admin-any-door",
        "first-from-address",
        "one-principal-many-bastions",
        "one-user-many-hosts",
        "password-spray",
        "recipe-ssm-login",
        "recipe-normal-login",
    }
    active = chosen(shipped(), [], [])
    assert not off & {one.about.key for one in all_of(active)}
    assert "ps-failed" not in {one.about.key for one in all_of(active)}
    assert "ps-failed" in {one.about.key for one in all_of(chosen(shipped(), ["password-spray"], []))}
    assert "sf-failed" not in {
        one.about.key for one in all_of(chosen(shipped(), [], ["success-after-failures"]))
    }


def test_the_pack_asks_for_no_event_that_is_not_read_anyway() -> None:
    """With the shipped rules Windows is asked for nothing more."""
    for channel, ids in wanted(shipped().rules, CHANNELS).items():
        assert ids is not None
        assert ids <= WANTED[channel]


def test_every_shipped_rule_says_what_it_catches_and_what_else_it_may_ring_for() -> None:
    """A person who gets the alert at night reads why."""
    for one in ringing(shipped()):
        about = one.about
        assert about.description
        assert about.falsepositives
        assert about.license == "Apache-2.0"
        assert about.id
        assert about.shipped


def test_a_logon_counts_once_however_often_it_is_told() -> None:
    """A logon that is told again with more facts is no second visit, and each host counts once."""
    detector = Detector(chosen(shipped(), ["one-user-many-hosts"], []))
    first = logon(Door.RDP)
    fields = {"Door": "rdp", "User": "alice"}
    for number, host in enumerate(("A", "A", "B")):
        told = replace(first, host=host, events=(EventRef("Security", number, 4624),))
        assert not detector.logon(told, fields | {"Host": host})
    (match,) = detector.logon(replace(first, host="C"), fields | {"Host": "C"})
    assert (match.about.key, match.count) == ("one-user-many-hosts", 3)
