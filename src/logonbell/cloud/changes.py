"""What a change set does, in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from logonbell.cloud.eyes import eyes
from logonbell.cloud.stack import Change
from logonbell.cloud.template import logical, permission
from logonbell.cloud.wanted import Wanted
from logonbell.notifiers.subscription import told
from logonbell.sentence import Sentence, say

_EYES = MappingProxyType({eye.logical: eye.name for eye in eyes("", "", "")})
_NAMES: Mapping[str, Sentence] = MappingProxyType(
    {
        "Topic": say("the topic"),
        "TopicPolicy": say("who may publish to the topic"),
        "Key": say("the topic's key"),
        "HostPolicy": say("what hosts may do, and the roles that may"),
        "Settings": say("the hosts' settings in the Parameter Store"),
        "Undelivered": say("the queue for what AWS's own eye could not publish"),
        "UndeliveredPolicy": say("who may put something into that queue"),
        "UndeliveredAlarm": say("the alarm on that queue"),
        "WatchmanRole": say("what the function may do that watches for silent hosts"),
        "Watchman": say("the function that watches for silent hosts"),
        "WatchmanLog": say("its log"),
        "WatchmanRounds": say("its rounds, one a minute"),
        "WatchmanPermission": say("who may call it"),
        "WatchmanAlarm": say("the alarm on its failing"),
    }
)


def in_words(changes: Iterable[Change], before: Wanted | None, after: Wanted) -> Iterator[Sentence]:
    """Say what is added, changed, made anew and taken away, in this order; AWS's own eye in one line each."""
    listed = list(changes)
    named = subscribers_in_words(before, after)
    for chosen, says in (
        ([one for one in listed if one.action == "Add"], _added),
        ([one for one in listed if one.action == "Modify" and not one.replaced], _changed),
        ([one for one in listed if one.action == "Modify" and one.replaced], _replaced),
        ([one for one in listed if one.action not in {"Add", "Modify"}], _removed),
    ):
        ringing = [_EYES[one.name] for one in chosen if one.name in _EYES]
        for one in chosen:
            if one.name not in _EYES:
                yield says(resource_in_words(one.name, named))
        if ringing:
            yield says(say("AWS's own eye: {names}", names=", ".join(ringing)))


def subscribers_in_words(*stacks: Wanted | None) -> dict[str, Sentence]:
    """Say of each subscriber of these stacks what its resources are, by their names in the template."""
    named: dict[str, Sentence] = {}
    for one in (one for wanted in stacks if wanted is not None for one in wanted.subscribers):
        subscriber = told((one.protocol, one.endpoint))
        named[logical(one)] = say("{subscriber} hears the topic", subscriber=subscriber)
        named[permission(one)] = say("that the topic may call {subscriber}", subscriber=subscriber)
    return named


def resource_in_words(name: str, heard: Mapping[str, Sentence]) -> Sentence:
    """Say what a resource of the template is; ``heard``: what is said of those of subscribers."""
    if name in _NAMES:
        return _NAMES[name]
    if name in _EYES:
        return say("AWS's own eye: {names}", names=_EYES[name])
    if name in heard:
        return heard[name]
    return say("{resource}", resource=name)


def _added(what: Sentence) -> Sentence:
    return say("  + new: {what}", what=what)


def _changed(what: Sentence) -> Sentence:
    return say("  ~ changed: {what}", what=what)


def _replaced(what: Sentence) -> Sentence:
    return say("  ! made anew: {what}", what=what)


def _removed(what: Sentence) -> Sentence:
    return say("  - taken away: {what}", what=what)
