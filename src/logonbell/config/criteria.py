"""Which alerts an entry of the settings is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from logonbell.config.key import Section, key
from logonbell.config.kinds import DOORS, FLAG, LINES, NETWORKS
from logonbell.logon import Door
from logonbell.sentence import Sentence, say
from logonbell.silence import Cover


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria(Section):
    """Of each criterion that is given, one value must fit."""

    doors: frozenset[Door] = key(
        DOORS, frozenset(), example='["rdp"]', shown="any", means="Alerts of logons by these doors."
    )
    users: tuple[str, ...] = key(
        LINES,
        (),
        example=r"""['CONTOSO\patcher']""",
        shown="any",
        means="Alerts about these users: names, with their domain or without, or SIDs.",
    )
    addresses: tuple[str, ...] = key(
        NETWORKS,
        (),
        example='["10.20.0.0/16"]',
        shown="any",
        means="Alerts of logons from these addresses or networks.",
    )
    hosts: tuple[str, ...] = key(
        LINES,
        (),
        example='["bastion-tokyo"]',
        shown="any",
        means="Alerts of these hosts, by the names that their logs carry, or by instance id.",
    )
    rules: tuple[str, ...] = key(
        LINES, (), example='["restarted"]', shown="any", means="Alerts of these rules."
    )
    principals: tuple[str, ...] = key(
        LINES,
        (),
        example='["patch-session"]',
        shown="any",
        means="Alerts of SSM sessions of these IAM principals: whole ARNs, or their last part.",
    )
    everything: bool = key(
        FLAG,
        False,
        example="false",
        shown="false",
        means="Whether it holds back all that is not critical; else one of the criteria above must be given.",
    )

    @property
    def cover(self) -> Cover:
        """What it covers."""
        return Cover(
            tuple(sorted(self.doors)),
            self.users,
            self.addresses,
            self.hosts,
            self.rules,
            self.principals,
        )

    def contradictions(self) -> Iterator[tuple[str, Sentence]]:
        """What it covers must be said."""
        if self.cover.is_all != self.everything:
            yield (
                "everything",
                say("must be true where no doors, users, addresses, hosts, rules or principals are named")
                if self.cover.is_all
                else say(
                    "cannot be true where doors, users, addresses, hosts, rules or principals are named"
                ),
            )
