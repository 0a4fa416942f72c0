"""What the command line asks of the stack, as it was typed, and what that means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from logonbell.cloud.wanted import (
    Wanted,
    read_adopted,
    read_organization,
    read_role,
    read_subscribers,
    read_tag,
    read_topic_name,
)
from logonbell.config.stored import read_parameter
from logonbell.errors import Refused
from logonbell.sentence import say

NOTHING = Wanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was typed. ``removed``: roles and endpoints to be taken away; ``heard``: rules to be switched on again."""

    mails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    webs: tuple[str, ...] = ()
    arns: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    hosts: str | None = None
    topic_name: str | None = None
    topic_arn: str | None = None
    kms: bool | None = None
    organization: str | None = None
    parameter: str | None = None
    may: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()

    def wanted(self, language: str, before: Wanted = NOTHING) -> Wanted:
        """Read it, on top of what was asked for ``before``: what is not named stays as it is. Raises ``Refused``."""
        gone = set(self._removed(before))
        wanted = Wanted(
            subscribers=read_subscribers(
                mails=self.mails,
                phones=self.phones,
                webs=self.webs,
                arns=self.arns,
                only=self.only,
                known=[one for one in before.subscribers if one.endpoint not in gone],
            ),
            roles=tuple(sorted({*before.roles, *map(read_role, self.roles)} - gone)),
            hosts=before.hosts if self.hosts is None else read_tag(self.hosts),
            topic_name=before.topic_name if self.topic_name is None else read_topic_name(self.topic_name),
            topic_arn=before.topic_arn if self.topic_arn is None else read_adopted(self.topic_arn),
            kms=before.kms if self.kms is None else self.kms,
            organization=before.organization
            if self.organization is None
            else read_organization(self.organization),
            parameter=before.parameter if self.parameter is None else read_parameter(self.parameter),
            may_look=before.may_look or "look" in self.may,
            may_list_sessions=before.may_list_sessions or "sessions" in self.may,
            silent=(before.silent | set(self.silent)) - set(self.heard),
            language=language,
        )
        if wanted.topic_arn is not None and (wanted.kms or self.topic_name or wanted.organization):
            raise Refused(
                say(
                    "--topic-arn takes a topic as it is; --topic, --kms and --organization are about a new one."
                ),
                say("Leave one or the other out."),
            )
        return wanted

    def _removed(self, before: Wanted) -> Iterator[str]:
        known = {*before.roles, *(one.endpoint for one in before.subscribers)}
        for one in self.removed:
            if one not in known:
                raise Refused(
                    say("{what} is neither a subscriber nor a role of the stack.", what=one),
                    say("Known: {names}", names=", ".join(sorted(known)) or "-"),
                )
            yield one
