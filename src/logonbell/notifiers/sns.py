"""Takes notifications to an SNS topic."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logonbell.logon import FailedLogons, LogCleared, Logoff, Logon, Notice, Selected, Tampering
from logonbell.notification import Digest, Telling
from logonbell.notifier import Undelivered
from logonbell.notifiers.aws import READ_SECONDS, Aws, NotAnswered
from logonbell.notifiers.limits import (
    MAX_BYTES,
    MAX_ENTRIES,
    Attribute,
    faults,
    fit_body,
    fit_subject,
    fit_value,
    is_token,
    size,
)
from logonbell.notifiers.refusals import Refusal, read_refusal
from logonbell.notifiers.topic import read_endpoint, read_topic
from logonbell.sentence import Hole, Sentence, say

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


@dataclass(frozen=True, slots=True)
class Message:
    """What a person reads: one line, and the whole."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class _Letter:
    """A message as SNS is handed it, and its place in the question."""

    place: int
    subject: str | None
    body: str
    attributes: Mapping[str, Attribute]
    group: str
    deduplication: str

    @property
    def bytes(self) -> int:
        """What it adds to a batch; the subject may or may not count, so it does."""
        return size(self.body, self.attributes) + len((self.subject or "").encode())

    def parameters(self, *, fifo: bool) -> dict[str, Any]:
        """The members that Publish and an entry of PublishBatch have in common."""
        given: dict[str, Any] = {
            "Message": self.body,
            "MessageAttributes": {
                name: {"DataType": attribute.kind, "StringValue": attribute.value}
                for name, attribute in self.attributes.items()
            },
        }
        if self.subject is not None:
            given["Subject"] = self.subject
        if fifo:
            given |= {"MessageGroupId": self.group, "MessageDeduplicationId": self.deduplication}
        return given


Answer = str | Undelivered


class SnsNotifier:
    """Publishes to one topic. The receipt is SNS's MessageId.

    ``compose`` makes the text of a notification and ``tell`` puts a sentence into its language. Credentials come from
    boto3's own chain; the region is ``region``, else the one in the topic's ARN (SNS knows a topic in its own only).
    Only a fault of the message itself is permanent; missing topics, rights and credentials stay pending (why:
    ``refusals.py``). boto3 is imported by ``prepare`` or the first delivery, so that who has nothing to send does without it.
    """

    batch = MAX_ENTRIES

    def __init__(
        self,
        topic_arn: str,
        compose: Callable[[Telling], Message],
        *,
        host_name: str,
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
            if broken := faults(letter.subject, letter.body, letter.attributes):
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
        entries: list[Any] = [
            {"Id": str(letter.place), **letter.parameters(fifo=self._topic.fifo)} for letter in letters
        ]
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
            entry.get("Id", ""): entry.get("MessageId", "") for entry in response.get("Successful", [])
        }
        for entry in response.get("Failed", []):
            refusal = self._refusal([entry.get("Code", "")], entry.get("Message", ""))
            told[entry.get("Id", "")] = refusal.undelivered
        for letter in letters:
            answers[letter.place] = told.get(str(letter.place)) or self._unanswered()

    def _post_one(self, letter: _Letter, answers: dict[int, Answer]) -> None:
        parameters = letter.parameters(fifo=self._topic.fifo)
        try:
            response = self._ask(lambda sns: sns.publish(TopicArn=self._topic.arn, **parameters))
        except _NotTakenError as error:
            if not error.refusal.single:
                raise
            answers[letter.place] = error.refusal.undelivered
            return
        answers[letter.place] = response.get("MessageId") or self._unanswered()

    def _ask(self, request: Callable[[SNSClient], Any]) -> Any:
        try:
            return self._aws.ask(request)
        except NotAnswered as lost:
            refusal = self._refusal(lost.names, lost.words)
            if not refusal.single:
                self._aws.forget()
            raise _NotTakenError(refusal) from lost

    def _unanswered(self) -> Undelivered:
        return self._refusal(["Unanswered"], "").undelivered

    def _refusal(self, names: Sequence[str], words: str) -> Refusal:
        facts: dict[str, Hole] = {
            "topic": self._topic.arn,
            "region": self._region,
            "endpoint": self._aws.endpoint,
        }
        return read_refusal(names, words, facts)

    def _letter(self, place: int, telling: Telling) -> _Letter:
        message = self._compose(telling)
        attributes = dict(_attributes(telling, self._host_name))
        kibibytes = MAX_BYTES // 1024
        note = self._tell(say("[Cut here: SNS takes no more than {kibibytes} KiB.]", kibibytes=kibibytes))
        return _Letter(
            place,
            fit_subject(message.subject),
            fit_body(message.body, attributes, note),
            attributes,
            _token(telling.host_id),
            _token(telling.fingerprint),
        )


class _NotTakenError(Exception):
    """A call failed as a whole."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal.undelivered.why))
        self.refusal = refusal


def _chunks(letters: Iterable[_Letter]) -> Iterator[list[_Letter]]:
    """Batches that SNS takes: together no larger than one message may be."""
    chunk: list[_Letter] = []
    for letter in letters:
        full = len(chunk) == MAX_ENTRIES or sum(other.bytes for other in chunk) + letter.bytes > MAX_BYTES
        if chunk and full:
            yield chunk
            chunk = []
        chunk.append(letter)
    if chunk:
        yield chunk


def _attributes(telling: Telling, host_name: str) -> Iterator[tuple[str, Attribute]]:
    """What a filter policy can choose by; what is not known is left out (a policy can ask for that, too)."""
    if isinstance(telling, Digest):
        yield "level", Attribute(telling.level.word)
        yield "rule", Attribute(f"digest-{telling.kind}")
        yield "host", Attribute(fit_value(host_name))
        yield "fingerprint", Attribute(telling.fingerprint)
        yield "sequence", Attribute(str(telling.sequences[-1][1]), "Number")
        return
    alert = telling.alert
    finding = alert.finding
    known: dict[str, str | None] = {
        "level": alert.level.word,
        "rule": alert.rule,
        "host": host_name,
        "fingerprint": alert.fingerprint,
    }
    match finding:
        case Logon():
            known["door"] = str(finding.door)
            known["user"] = str(finding.user) if finding.user else None
            known["principal"] = finding.principal
            if finding.domain_admin is not None:
                known["domain_admin"] = "true" if finding.domain_admin else "false"
        case LogCleared() | Tampering() | Selected():
            known["user"] = str(finding.user) if finding.user else None
        case Logoff():
            known["door"] = str(finding.door)
            known["user"] = str(finding.user) if finding.user else None
        case FailedLogons() | Notice():  # of many users, or of none
            pass
    for name, value in known.items():
        if fitting := fit_value(value or ""):
            yield name, Attribute(fitting)
    yield "sequence", Attribute(str(telling.sequence), "Number")


def _token(text: str) -> str:
    """``text`` as a group or deduplication id: itself, or a digest where SNS would refuse it."""
    if is_token(text):
        return text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
