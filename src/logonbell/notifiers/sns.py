"""Takes notifications to an SNS topic."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from logonbell.notification import Telling
from logonbell.notifier import Undelivered
from logonbell.notifiers.attributes import attributes
from logonbell.notifiers.aws import READ_SECONDS, Aws, NotAnswered
from logonbell.notifiers.forms import Form, Message, shape
from logonbell.notifiers.limits import (
    MAX_ENTRIES,
    Attribute,
    batch_faults,
    faults,
    fit_subject,
    is_token,
    size,
)
from logonbell.notifiers.refusals import Refusal, Spare, read_refusal
from logonbell.notifiers.topic import read_endpoint, read_topic
from logonbell.sentence import Hole, Sentence, say

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


@dataclass(frozen=True, slots=True)
class _Letter:
    """A message as SNS is handed it, and its place in the question."""

    place: int
    subject: str | None
    body: str
    structured: bool
    attributes: Mapping[str, Attribute]
    group: str | None
    deduplication: str | None

    @property
    def bytes(self) -> int:
        """What it adds to a batch; the subject may or may not count, so it does."""
        return size(self.body, self.attributes) + len((self.subject or "").encode())

    def without(self, spare: Spare) -> _Letter | None:
        """Leave out a part that SNS does not take; None where that is not there, or cannot be spared."""
        match spare:
            case Spare.SUBJECT if self.subject is not None:
                return replace(self, subject=None)
            case Spare.GROUP if self.group is not None and self.deduplication is None:
                return replace(self, group=None)
            case _:
                return None

    def parameters(self) -> dict[str, Any]:
        """The members that Publish and an entry of PublishBatch have in common."""
        given: dict[str, Any] = {
            "Message": self.body,
            "MessageAttributes": {
                name: {"DataType": attribute.kind, "StringValue": attribute.value}
                for name, attribute in self.attributes.items()
            },
        }
        optional = {
            "Subject": self.subject,
            "MessageStructure": "json" if self.structured else None,
            "MessageGroupId": self.group,
            "MessageDeduplicationId": self.deduplication,
        }
        return given | {name: value for name, value in optional.items() if value is not None}


Answer = str | Undelivered


class SnsNotifier:
    """Publishes to one topic. The receipt is SNS's MessageId.

    ``compose`` makes the texts of a telling, ``form`` says which of them go where, and ``tell`` puts a sentence into their
    language. Credentials come from boto3's own chain; the region is ``region``, else the one in the topic's ARN (SNS
    knows a topic in its own only). Only a fault of the message itself is permanent; missing topics, rights and
    credentials stay pending (why: ``refusals.py``). boto3 is imported by ``prepare`` or the first delivery, so that who has
    nothing to send does without it.
    """

    batch = MAX_ENTRIES

    def __init__(
        self,
        topic_arn: str,
        compose: Callable[[Telling], Message],
        *,
        host_name: str,
        form: Form = Form.PER_PROTOCOL,
        region: str | None = None,
        endpoint_url: str | None = None,
        profile: str | None = None,
        tell: Callable[[Sentence], str] = str,
        name: str = "sns",
        read_seconds: float = READ_SECONDS,
    ) -> None:
        """Raises ``Refused`` for a topic or an endpoint that cannot be one."""
        self._topic = read_topic(topic_arn)
        self._region = region or self._topic.region
        endpoint = None if endpoint_url is None else read_endpoint(endpoint_url)
        self._aws = Aws(
            "sns", self._region, endpoint_url=endpoint, profile=profile, read_seconds=read_seconds
        )
        self._compose = compose
        self._form = form
        self._takes_groups = True
        self._tell = tell
        self._host_name = host_name
        self._name = name

    @property
    def name(self) -> str:
        """The key of its delivery rows."""
        return self._name

    def prepare(self) -> None:
        """Import boto3 and make the client, with its credentials: half a second in which nobody waits for an alert yet."""
        with suppress(_NotTakenError):  # the first delivery tries again, and says why
            self._ask(lambda _: None)

    def deliver(self, tellings: Sequence[Telling]) -> Sequence[Answer]:
        """Publish them; when the way to SNS fails, the rest is not tried and gets the same answer."""
        answers: dict[int, Answer] = {}
        letters: list[_Letter] = []
        for place, telling in enumerate(tellings):
            letter = self._letter(place, telling)
            if broken := faults(letter.subject, letter.body, letter.attributes, structured=letter.structured):
                why = "; ".join(self._tell(fault) for fault in broken)
                answers[place] = Undelivered(
                    say("SNS does not take this message: {why}.", why=why), permanent=True
                )
            else:
                letters.append(letter)
        try:
            for chunk in _chunks(letters):
                self._post(chunk, answers)
        except _NotTakenError as lost:
            for letter in letters:
                answers.setdefault(letter.place, lost.refusal.undelivered)
        return [answers[place] for place in range(len(tellings))]

    def _post(self, letters: Sequence[_Letter], answers: dict[int, Answer]) -> None:
        """Publish at most a batch. Raises ``_NotTakenError`` when it would fare no better with any other message."""
        if len(letters) == 1:
            self._post_one(letters[0], answers)
            return
        entries: list[Any] = [{"Id": str(letter.place), **letter.parameters()} for letter in letters]
        try:
            response = self._ask(
                lambda sns: sns.publish_batch(TopicArn=self._topic.arn, PublishBatchRequestEntries=entries)
            )
        except _NotTakenError as error:
            if not error.refusal.single:
                raise
            for letter in letters:  # one message may have spoilt the batch: alone each gets what it deserves
                self._post_one(letter, answers)
            return
        # HTTP 200 also comes with entries that failed.
        told: dict[str, Answer] = {
            entry.get("Id"): entry.get("MessageId") for entry in response.get("Successful", [])
        }
        spoilt: dict[str, Refusal] = {}
        for entry in response.get("Failed", []):
            refusal = self._refusal([entry.get("Code", "")], entry.get("Message", ""))
            told[entry.get("Id")] = refusal.undelivered
            spoilt[entry.get("Id")] = refusal
        for letter in letters:
            answers[letter.place] = told.get(str(letter.place)) or self._unanswered()
        for letter in letters:
            refused = spoilt.get(str(letter.place))
            if refused is not None and (leaner := self._leaner(letter, refused)):
                self._post_one(leaner, answers)

    def _post_one(self, letter: _Letter, answers: dict[int, Answer]) -> None:
        parameters = letter.parameters()
        try:
            response = self._ask(lambda sns: sns.publish(TopicArn=self._topic.arn, **parameters))
        except _NotTakenError as error:
            if not error.refusal.single:
                raise
            answers[letter.place] = error.refusal.undelivered
            if leaner := self._leaner(letter, error.refusal):
                self._post_one(leaner, answers)
            return
        answers[letter.place] = response.get("MessageId") or self._unanswered()

    def _leaner(self, letter: _Letter, refusal: Refusal) -> _Letter | None:
        """Give the letter without the part that SNS blames; None where that would not help.

        That a topic takes no group is kept in mind: it would be the same with every other message.
        """
        if refusal.spare is None:
            return None
        leaner = letter.without(refusal.spare)
        if leaner is not None and refusal.spare is Spare.GROUP:
            self._takes_groups = False
        return leaner

    def _ask(self, request: Callable[[SNSClient], Any]) -> Any:
        try:
            return self._aws.ask(request)
        except NotAnswered as lost:
            refusal = self._refusal(lost.names, lost.words)
            if not refusal.single:
                self._aws.forget()
            raise _NotTakenError(refusal) from lost

    def _unanswered(self) -> Undelivered:
        return self._refusal(["Unanswered"], "no MessageId").undelivered

    def _refusal(self, names: Sequence[str], words: str) -> Refusal:
        facts: dict[str, Hole] = {
            "topic": self._topic.arn,
            "region": self._region,
            "endpoint": self._aws.endpoint,
        }
        return read_refusal(names, words, facts)

    def _letter(self, place: int, telling: Telling) -> _Letter:
        message = self._compose(telling)
        topic = self._topic
        chosen = attributes(telling, topic, self._host_name)
        note = self._tell(say("[Cut here: the text is too long for SNS.]"))
        where = {"topic": topic.arn, "account": topic.account, "region": topic.region}
        shaped = shape(replace(message, document={**message.document, **where}), self._form, chosen, note)
        return _Letter(
            place,
            fit_subject(message.subject),
            shaped.body,
            shaped.structured,
            chosen,
            _token(telling.host_id) if self._takes_groups else None,
            _token(telling.fingerprint) if topic.fifo else None,
        )


class _NotTakenError(Exception):
    """A call failed as a whole."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


def _chunks(letters: Iterable[_Letter]) -> Iterator[list[_Letter]]:
    """Batches that SNS takes: together no larger than one message may be."""
    chunk: list[_Letter] = []
    for letter in letters:
        if chunk and batch_faults([other.bytes for other in [*chunk, letter]]):
            yield chunk
            chunk = []
        chunk.append(letter)
    if chunk:
        yield chunk


def _token(text: str) -> str:
    """``text`` as a group or deduplication id: itself, or a digest where SNS would refuse it."""
    if is_token(text):
        return text
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
