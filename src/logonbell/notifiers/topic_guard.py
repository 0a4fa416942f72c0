"""Looks after a topic: whether it is there, whether we may publish, and who hears what we publish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from logonbell.errors import Refused
from logonbell.notifiers.aws import READ_SECONDS, Aws, NotAnswered
from logonbell.notifiers.check import Check, Mark, unknown
from logonbell.notifiers.forms import Form
from logonbell.notifiers.identity import forbids, misses
from logonbell.notifiers.limits import MAX_BYTES
from logonbell.notifiers.refusals import read_refusal
from logonbell.notifiers.rights import Rights
from logonbell.notifiers.subscription import Key, Subscription, list_subscriptions
from logonbell.notifiers.topic import read_endpoint, read_topic
from logonbell.sentence import Hole, Sentence, say

SMALLEST_TOPIC = 16_384
"""Bytes that a message of ours may well have: a digest names twenty alerts."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a look at a topic gave. ``exists`` and ``subscriptions`` are None where that is not known."""

    exists: bool | None
    subscriptions: tuple[Subscription, ...] | None
    checks: tuple[Check, ...]

    @property
    def confirmed(self) -> frozenset[Key] | None:
        """Who hears the topic; None where that is not known."""
        if self.subscriptions is None:
            return None
        return frozenset(one.key for one in self.subscriptions if one.confirmed)


class TopicGuard:
    """Asks SNS, STS, IAM and KMS; a right that is missing makes one thing unknown, not the whole.

    With an http endpoint, which only an emulator has, the others are asked there, too.
    """

    def __init__(
        self,
        topic_arn: str,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        profile: str | None = None,
        read_seconds: float = READ_SECONDS,
        form: Form = Form.PER_PROTOCOL,
    ) -> None:
        """``form``: in which it is told. Raises ``Refused`` for a topic or an endpoint that cannot be one."""
        self.topic = read_topic(topic_arn)
        self._structured = form in {Form.PER_PROTOCOL, Form.CHAT}
        self._region = region or self.topic.region
        endpoint = None if endpoint_url is None else read_endpoint(endpoint_url)
        tls = endpoint is None or endpoint.startswith("https:")
        beside = None if tls else endpoint

        def aws(service: str, where: str | None) -> Aws:
            return Aws(service, self._region, endpoint_url=where, profile=profile, read_seconds=read_seconds)

        self._sns = aws("sns", endpoint)
        self._rights = Rights(self.topic, aws("sts", beside), aws("iam", beside), aws("kms", beside), tls)

    def look(self, *, rights: bool = True) -> Report:
        """Look at everything once. It sends nothing, and raises nothing for what AWS or the network does.

        Without ``rights`` only SNS is asked: whether the topic is there, and who hears it.
        """
        try:
            return self._look(rights=rights)
        finally:
            for service in (self._sns, self._rights.sts, self._rights.iam, self._rights.kms):
                service.forget()

    def confirm(self, token: str) -> str:
        """Confirm a subscription so that only rights of AWS end it; give its ARN. Raises ``Refused``."""
        try:
            answer = self._sns.ask(
                lambda sns: sns.confirm_subscription(
                    TopicArn=self.topic.arn, Token=token, AuthenticateOnUnsubscribe="true"
                )
            )
        except NotAnswered as lost:
            raise self._unconfirmed(lost) from lost
        finally:
            self._sns.forget()
        return str(answer.get("SubscriptionArn", ""))

    def _look(self, *, rights: bool) -> Report:
        attributes: Mapping[str, str] = {}
        try:
            attributes = self._sns.ask(lambda sns: sns.get_topic_attributes(TopicArn=self.topic.arn))[
                "Attributes"
            ]
        except NotAnswered as lost:
            if misses(lost):
                gone = say(
                    "The topic {topic} does not exist. Create it, or mend topic_arn.", topic=self.topic.arn
                )
                return Report(exists=False, subscriptions=None, checks=(Check("exists", Mark.BAD, gone),))
            if not forbids(lost):
                why = say("The topic cannot be looked at. {why}", why=self._refusal(lost))
                return Report(None, None, (Check("exists", Mark.BAD, why),))
            what = say("the topic's policy, key and size")
            checks = [unknown("exists", what, "sns:GetTopicAttributes", lost)]
        else:
            checks = [
                Check("exists", Mark.GOOD, say("The topic exists.")),
                _size(attributes.get("MaximumMessageSize")),
            ]
        subscriptions, about_them = list_subscriptions(self._sns, self.topic.arn, structured=self._structured)
        exists = True if attributes or subscriptions is not None else None
        if rights:
            checks += self._rights.checks(attributes)
        return Report(exists, subscriptions, (*checks, *about_them))

    def _refusal(self, lost: NotAnswered) -> Sentence:
        facts: dict[str, Hole] = {
            "topic": self.topic.arn,
            "region": self._region,
            "endpoint": self._sns.endpoint,
        }
        return read_refusal(lost.names, lost.words, facts).undelivered.why

    def _unconfirmed(self, lost: NotAnswered) -> Refused:
        if forbids(lost):
            return Refused(
                say("AWS forbids confirming it ({words}).", words=lost.words),
                say(
                    "Allow sns:ConfirmSubscription on {topic}, or run this where that is allowed.",
                    topic=self.topic.arn,
                ),
            )
        if misses(lost):
            return Refused(
                say("The topic {topic} does not exist.", topic=self.topic.arn), say("Mend topic_arn.")
            )
        if "token" in lost.words.casefold():
            return Refused(
                say("SNS does not take this token ({words}).", words=lost.words),
                say("A token is used once, and for some days. Subscribe again; the new mail has a new one."),
            )
        return Refused(say("SNS did not confirm it."), self._refusal(lost))


def _size(given: str | None) -> Check:
    most = int(given) if given and given.isdecimal() else MAX_BYTES
    if most >= SMALLEST_TOPIC:
        return Check("size", Mark.GOOD, say("The topic takes messages of {most:,} bytes.", most=most))
    why = say(
        "The topic takes messages of {most:,} bytes only, and a digest may be larger. Raise MaximumMessageSize.",
        most=most,
    )
    return Check("size", Mark.BAD, why)
