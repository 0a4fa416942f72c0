"""Whether this identity may publish to a topic and use its key, as far as that is known without sending."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from logonbell.notifiers.aws import Aws, NotAnswered
from logonbell.notifiers.check import Check, Mark, not_simulated, unknown
from logonbell.notifiers.identity import Identity, Statement, decisions, identity, statements
from logonbell.notifiers.topic import Topic
from logonbell.sentence import Sentence, say

PUBLISH = "sns:Publish"
KMS_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")
_OWN_KEY = "alias/aws/sns"
_HARMLESS = frozenset({"aws:securetransport"})
"""Conditions of a Deny that do not hold for us: what is denied is asking without TLS."""


@dataclass(frozen=True, slots=True)
class Rights:
    """What STS, IAM, KMS and the topic's own policy say. ``tls``: whether SNS is asked by https."""

    topic: Topic
    sts: Aws
    iam: Aws
    kms: Aws
    tls: bool

    def checks(self, attributes: Mapping[str, str]) -> Iterator[Check]:
        """Look at it; ``attributes`` are the topic's, empty where they are not known."""
        try:
            policy = list(statements(attributes.get("Policy") or "{}", PUBLISH))
        except ValueError:
            policy = []
        yield from self._of_policy(policy)
        try:
            who = identity(self.sts.ask)
        except NotAnswered as lost:
            yield unknown("publish", say("who publishes"), "sts:GetCallerIdentity", lost)
            return
        yield self._may_publish(who, policy)
        if key := attributes.get("KmsMasterKeyId"):
            yield from self._may_encrypt(who, key)

    def _of_policy(self, policy: Sequence[Statement]) -> Iterator[Check]:
        denied = [
            one.sid or "-"
            for one in policy
            if one.effect == "Deny" and not (self.tls and one.conditions and one.conditions <= _HARMLESS)
        ]
        if denied:
            why = say(
                "The topic's policy denies sns:Publish ({names}). Find out whether to us: logonbell test",
                names=", ".join(denied),
            )
            yield Check("policy", Mark.CARE, why)
        if any(one.effect == "Allow" and "*" in one.principals and not one.conditions for one in policy):
            why = say("The topic's policy lets anybody publish: alerts can be forged. Name who may.")
            yield Check("policy", Mark.CARE, why)

    def _may_publish(self, who: Identity, policy: Sequence[Statement]) -> Check:
        if who.is_root:
            return Check("publish", Mark.GOOD, say("{who} may publish.", who=who.arn))
        whole_account = f"arn:{self.topic.partition}:iam::{who.account}:root"
        ours = {who.arn, who.principal, who.account, whole_account}
        granted = any(one.effect == "Allow" and one.principals & ours for one in policy)
        by_policy = Check(
            "publish", Mark.GOOD, say("{who} may publish (by the topic's policy).", who=who.arn)
        )
        try:
            decision = decisions(self.iam.ask, who, [PUBLISH], self.topic.arn).get(PUBLISH, "")
        except NotAnswered as lost:
            what = say("whether {who} may publish", who=who.arn)
            return by_policy if granted else not_simulated("publish", what, lost)
        if decision == "allowed":
            return Check("publish", Mark.GOOD, say("{who} may publish (simulated by IAM).", who=who.arn))
        if decision != "explicitDeny" and granted:
            return by_policy
        why = say(
            "{who} may not publish: IAM says {decision}. Allow sns:Publish on {topic}.",
            who=who.arn,
            decision=decision or "-",
            topic=self.topic.arn,
        )
        return Check("publish", Mark.BAD, why)

    def _may_encrypt(self, who: Identity, key: str) -> Iterator[Check]:
        if key.endswith(_OWN_KEY):
            yield _kms(Mark.GOOD, say("The topic is encrypted with the key that AWS keeps for SNS."))
            return
        arn = key if ":key/" in key else None
        try:
            about = self.kms.ask(lambda kms: kms.describe_key(KeyId=key))["KeyMetadata"]
        except NotAnswered as lost:
            what = say("whether the topic's key {key} is enabled", key=key)
            yield unknown("kms", what, "kms:DescribeKey", lost)
        else:
            arn = about.get("Arn", arn)
            if (state := about.get("KeyState")) != "Enabled":
                what = say("The topic's key {key} is {state}. Enable it.", key=key, state=state or "-")
                yield _kms(Mark.BAD, what)
                return
        if arn is not None and not who.is_root:
            yield self._may_use(who, arn)

    def _may_use(self, who: Identity, key_arn: str) -> Check:
        try:
            told = decisions(self.iam.ask, who, KMS_ACTIONS, key_arn)
        except NotAnswered as lost:
            return not_simulated("kms", say("whether {who} may use the topic's key", who=who.arn), lost)
        missing = [action for action in KMS_ACTIONS if told.get(action) != "allowed"]
        if not missing:
            return _kms(Mark.GOOD, say("{who} may use the topic's key (simulated by IAM).", who=who.arn))
        return _kms(
            Mark.CARE,
            say(
                "IAM does not allow {actions} on {key} to {who}, so only the key's own policy can. Find out: logonbell test",
                actions=", ".join(missing),
                key=key_arn,
                who=who.arn,
            ),
        )


def _kms(mark: Mark, what: Sentence) -> Check:
    return Check("kms", mark, what)
