from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from emulator import REGION, Emulator, HeardTopic, Received, free_port
from fault_proxy import Answer, Fault, FaultProxy, error, throttling, unavailable, weather
from logonbell.errors import Refused
from logonbell.event import EventRef
from logonbell.logon import FailedLogons, LogCleared, User
from logonbell.notification import Notification
from logonbell.notifier import Notifier, Undelivered
from logonbell.notifiers.attributes import attributes
from logonbell.notifiers.aws import CONNECT_SECONDS, READ_SECONDS
from logonbell.notifiers.forms import Form, Message
from logonbell.notifiers.limits import MAX_BYTES, faults, is_token, size
from logonbell.notifiers.sns import SnsNotifier
from logonbell.notifiers.topic import read_topic
from logonbell.sentence import Sentence
from notifications import HOST_ID, notification

ARN = f"arn:aws:sns:{REGION}:000000000000:nobody-made-it"


NOT_LIKE_SNS = "{url} does not answer like SNS. Look at endpoint_url and at the proxy on the way; it is tried again. (no MessageId)"


def compose(told: Any) -> Message:
    """Say little: the real texts have tests of their own."""
    return Message(f"Logon {told.sequence}", f"Number {told.sequence}: アリス\nby RDP")


def sns(arn: str, url: str | None, compose: Callable[[Any], Message] = compose, **more: Any) -> SnsNotifier:
    """Make a notifier that tells all the same text, and has patience: the machine may be busy elsewhere."""
    given = {"host_name": "bastion", "form": Form.TEXT, "endpoint_url": url, "read_seconds": 30, **more}
    return SnsNotifier(arn, compose, **given)


def refused(answers: Sequence[str | Undelivered]) -> Undelivered:
    """The one answer, which is no receipt."""
    (answer,) = answers
    assert isinstance(answer, Undelivered), answer
    return answer


def numbers(topic: HeardTopic, count: int) -> list[int]:
    """The numbers in the subjects that came out of the queue, sorted."""
    return sorted(number_of(message) for message in topic.receive(count))


def number_of(message: Received) -> int:
    """The number in a subject."""
    assert message.subject is not None
    return int(message.subject.rpartition(" ")[2])


@pytest.fixture
def far() -> Iterator[FaultProxy]:
    """An SNS that says what it is told to say, and nothing else: nobody stands behind it."""
    with FaultProxy(free_port()) as standing:
        yield standing


def taken(number: int) -> Answer:
    """SNS has taken a message."""
    return Answer(
        200,
        f"<PublishResponse><PublishResult><MessageId>m-{number}</MessageId></PublishResult></PublishResponse>".encode(),
    )


def of_batch(*results: str) -> Answer:
    """What SNS says of a batch."""
    return Answer(
        200,
        f"<PublishBatchResponse><PublishBatchResult>{''.join(results)}</PublishBatchResult></PublishBatchResponse>".encode(),
    )


def test_importing_is_cheap() -> None:
    """An agent with nothing to send has no boto3 in its memory, even with a notifier made."""
    code = (
        "import sys; from logonbell.notifiers.sns import SnsNotifier; "
        f"SnsNotifier({ARN!r}, lambda _: None, host_name='b'); "
        "sys.exit(bool({'boto3', 'botocore'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_is_a_notifier() -> None:
    """It fulfils the promise of the Protocol, and takes what SNS takes at once."""
    notifier: Notifier = sns(ARN, None)
    assert (notifier.name, notifier.batch) == ("sns", 10)
    assert notifier.deliver([]) == []


def test_patience_is_bounded() -> None:
    """A call that nobody answers is over in ten seconds."""
    assert CONNECT_SECONDS + READ_SECONDS <= 10


def test_one_arrives_whole(emulator: Emulator, topic: HeardTopic) -> None:
    """A notification comes out of a subscribed queue with every field that went in, and its receipt is SNS's id."""
    told = notification(7, principal="arn:aws:sts::123456789012:assumed-role/Ops/alice")
    (receipt,) = sns(topic.arn, emulator.url).deliver([told])
    (message,) = topic.receive(1)
    assert message.message_id == receipt
    assert message.subject == "Logon 7"
    assert message.body == "Number 7: アリス\nby RDP"
    assert message.attributes == {
        "level": ("String", "high"),
        "rule": ("String", "logon"),
        "host": ("String", "bastion"),
        "fingerprint": ("String", told.alert.fingerprint),
        "door": ("String", "rdp"),
        "user": ("String", "CONTOSO\\alice"),
        "principal": ("String", "arn:aws:sts::123456789012:assumed-role/Ops/alice"),
        "domain_admin": ("String", "true"),
        "account": ("String", "000000000000"),
        "region": ("String", REGION),
    }


def test_what_is_not_known_is_not_said(emulator: Emulator, topic: HeardTopic) -> None:
    """An attribute that the log does not tell is missing; it is never empty and never guessed."""
    sns(topic.arn, emulator.url).deliver([notification(1, user=None, domain_admin=None)])
    (message,) = topic.receive(1)
    assert set(message.attributes) == {"level", "rule", "host", "fingerprint", "door", "account", "region"}


def test_hostile_names_pass(emulator: Emulator, topic: HeardTopic) -> None:
    """A name of control characters, lone surrogates and 300 letters cannot keep its alert from being sent."""
    hostile = User("\x00\x1b[31m\ud800\ufffe" + "x" * 300, "A\nB")
    notifier = sns(topic.arn, emulator.url, lambda _: Message(f"\r\n{hostile}\x07", f"{hostile}"))
    (receipt,) = notifier.deliver([notification(1, user=hostile, host_id="a host\n")])
    (message,) = topic.receive(1)
    assert message.message_id == receipt
    assert message.attributes["user"][1] == "A\nB\\\ufffd\ufffd[31m\ufffd\ufffd" + "x" * (256 - 12)
    assert message.subject is not None
    assert len(message.subject) == 99
    assert message.body.endswith("x" * 300)


def test_other_findings_have_their_attributes(emulator: Emulator, topic: HeardTopic) -> None:
    """A burst of failures names no single user; a cleared log names who cleared it."""
    plain = notification(1)
    where = (EventRef("Security", 5, 1102),)
    at = plain.read
    burst = FailedLogons(at, "B", where, at, 3, ("203.0.113.5",), ("a", "b"), more=False, ended=False)
    cleared = LogCleared(at, "B", where, "Security", User("mallory"))
    notes = [
        Notification(replace_finding(plain, finding), number, at)
        for number, finding in enumerate((burst, cleared), 1)
    ]
    sns(topic.arn, emulator.url).deliver(notes)
    told = {number_of(message): message.attributes for message in topic.receive(2)}
    assert not {"door", "user"} & set(told[1])
    assert told[2]["user"] == ("String", "mallory")


def replace_finding(plain: Notification, finding: Any) -> Any:
    """The same alert for another finding."""
    alert = plain.alert
    return type(alert)(alert.fingerprint, alert.host_id, alert.level, alert.rule, alert.reason, finding)


def test_many_go_at_once(topic: HeardTopic, proxy: FaultProxy) -> None:
    """Ten notifications are one request, and each has its own receipt, in the order of the question."""
    notes = [notification(number) for number in range(1, 11)]
    receipts = sns(topic.arn, proxy.url).deliver(notes)
    messages = topic.receive(10)
    assert [request.form["Action"] for request in proxy.seen] == ["PublishBatch"]
    by_id = {message.message_id: number_of(message) for message in messages}
    assert [by_id[str(receipt)] for receipt in receipts] == list(range(1, 11))


def test_large_ones_share_no_batch(topic: HeardTopic, proxy: FaultProxy) -> None:
    """Messages that are together larger than SNS's limit go in as many requests as needed."""
    notifier = sns(
        topic.arn, proxy.url, lambda told: Message(f"Long {told.sequence}", "長" * 30_000), read_seconds=30
    )
    receipts = notifier.deliver([notification(number) for number in range(1, 6)])
    assert all(isinstance(receipt, str) for receipt in receipts)
    assert [request.form["Action"] for request in proxy.seen] == ["PublishBatch", "PublishBatch", "Publish"]
    assert numbers(topic, 5) == [1, 2, 3, 4, 5]


def test_a_body_too_long_is_cut(emulator: Emulator, topic: HeardTopic) -> None:
    """A body beyond SNS's limit arrives with its beginning, and a last line in the reader's language that says so."""

    def tell(sentence: Sentence) -> str:
        return f"«{sentence}»"

    notifier = sns(
        topic.arn, emulator.url, lambda _: Message("Long", "鐘" * 100_000), tell=tell, read_seconds=30
    )
    (receipt,) = notifier.deliver([notification()])
    (message,) = topic.receive(1)
    assert message.message_id == receipt
    first, last = message.body.split("\n")
    assert set(first) == {"鐘"}
    assert last == "«[Cut here: the text is too long for SNS.]»"
    assert len(message.body.encode()) > MAX_BYTES - 1000


def test_a_message_that_cannot_be_is_buried(emulator: Emulator, topic: HeardTopic) -> None:
    """An empty message is refused for good before SNS sees it, with the reason, and holds up none beside it."""
    notifier = sns(
        topic.arn,
        emulator.url,
        lambda told: Message(f"S {told.sequence}", "" if told.sequence == 2 else "body"),
    )
    answers = notifier.deliver([notification(number) for number in (1, 2, 3)])
    assert isinstance(answers[1], Undelivered)
    assert answers[1].permanent
    assert str(answers[1].why) == "SNS does not take this message: it is empty."
    assert numbers(topic, 2) == [1, 3]


def test_a_subject_of_nothing_is_left_out(emulator: Emulator, topic: HeardTopic) -> None:
    """A notification whose subject has no visible character goes without one."""
    sns(topic.arn, emulator.url, lambda _: Message(" \n\t", "body")).deliver([notification()])
    (message,) = topic.receive(1)
    assert message.subject is None


def test_fifo_forgives_repeats(emulator: Emulator) -> None:
    """On a FIFO topic a repeat is accepted, not delivered twice, and order holds: group is the host, id the fingerprint."""
    topic = emulator.topic(fifo=True)
    notifier = sns(topic.arn, emulator.url)
    notes = [notification(number) for number in (1, 2, 3)]
    notifier.deliver(notes)
    assert all(isinstance(answer, str) for answer in notifier.deliver(notes[1:]))
    messages = topic.receive(3)
    assert [number_of(message) for message in messages] == [1, 2, 3]
    assert {message.group for message in messages} == {HOST_ID}
    assert [message.deduplication for message in messages] == [told.alert.fingerprint for told in notes]


@pytest.mark.parametrize("arn", ["", "logonbell", "arn:aws:sqs:eu-north-1:123456789012:q", f"{ARN} "])
def test_no_topic_is_said_at_once(arn: str) -> None:
    """What is not a topic's ARN is refused before anything is sent, with a hint."""
    with pytest.raises(Refused) as caught:
        sns(arn, None)
    assert caught.value.hint


def test_no_endpoint_is_said_at_once() -> None:
    """What is not a web address is refused before anything is sent."""
    with pytest.raises(Refused, match="not an http or https address"):
        sns(ARN, "localhost:4566")


def test_region_comes_from_the_topic(topic: HeardTopic, proxy: FaultProxy) -> None:
    """The region of the topic's ARN is used, not the machine's; a region that is given wins."""
    machine = os.environ["AWS_DEFAULT_REGION"]
    assert machine != REGION
    sns(topic.arn, proxy.url).deliver([notification()])
    sns(topic.arn, proxy.url, region="us-west-2").deliver([notification()])
    first, second = (request.headers["authorization"] for request in proxy.seen)
    assert f"/{REGION}/sns/aws4_request" in first
    assert "/us-west-2/sns/aws4_request" in second


def test_topic_that_does_not_exist(emulator: Emulator) -> None:
    """A topic that is not there is named with what to do; the alert waits for it and is not buried."""
    answer = refused(sns(ARN, emulator.url).deliver([notification()]))
    assert not answer.permanent
    assert f"The topic {ARN} does not exist. Create it, or mend topic_arn" in str(answer.why)


def test_topic_that_comes_later(emulator: Emulator) -> None:
    """What waited for a topic is delivered by the same notifier when the topic has been made."""
    later = emulator.topic()
    client = emulator.client("sns")
    client.delete_topic(TopicArn=later.arn)
    notifier = sns(later.arn, emulator.url)
    assert "does not exist" in str(refused(notifier.deliver([notification()])).why)
    client.create_topic(Name=later.arn.rpartition(":")[2])
    (receipt,) = notifier.deliver([notification()])
    assert isinstance(receipt, str)


def test_no_credentials_until_later(
    emulator: Emulator, topic: HeardTopic, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without credentials the alert waits and is told what to do; those that come later are found without a restart."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    given = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(given))
    notifier = sns(topic.arn, emulator.url)
    answer = refused(notifier.deliver([notification()]))
    assert not answer.permanent
    assert "No AWS credentials were found. Attach a role to this machine" in str(answer.why)
    given.write_text("[default]\naws_access_key_id = testing\naws_secret_access_key = testing\n")
    (receipt,) = notifier.deliver([notification()])
    assert isinstance(receipt, str)


def test_prepared_before_there_is_anything_to_send(topic: HeardTopic, proxy: FaultProxy) -> None:
    """What the first delivery would lose half a second with is done before, and nothing is sent by it."""
    notifier = sns(topic.arn, proxy.url)
    notifier.prepare()
    assert "boto3" in sys.modules
    client = notifier._aws._client
    assert client is not None
    assert proxy.seen == []
    notifier.deliver([notification()])
    assert notifier._aws._client is client
    assert numbers(topic, 1) == [1]


def test_prepared_in_vain(
    emulator: Emulator, topic: HeardTopic, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without credentials preparing raises nothing and spoils nothing: those that come later serve the first delivery."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    given = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(given))
    notifier = sns(topic.arn, emulator.url)
    notifier.prepare()
    given.write_text("[default]\naws_access_key_id = testing\naws_secret_access_key = testing\n")
    (receipt,) = notifier.deliver([notification()])
    assert isinstance(receipt, str)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"profile": "nosuch"}, "nosuch"),
        ({"region": "no such region"}, "There is no SNS in the region no such region. Mend region"),
    ],
    ids=["profile", "region"],
)
def test_preparing_hides_nothing(more: dict[str, Any], words: str) -> None:
    """What is wrong with the settings is told by the first delivery, whether or not it met them before."""
    notifier = sns(ARN, None, **more)
    notifier.prepare()
    assert words in str(refused(notifier.deliver([notification()])).why)


def test_unknown_profile() -> None:
    """A profile that the AWS configuration does not have is named; nothing is raised."""
    answer = refused(sns(ARN, None, profile="nosuch").deliver([notification()]))
    assert not answer.permanent
    assert "cannot be read. Mend the AWS configuration" in str(answer.why)
    assert "nosuch" in str(answer.why)


@pytest.mark.parametrize(
    "process", ["/nowhere/to-be-found", f"{sys.executable} --version", f"{sys.executable} -c 1/0"]
)
def test_a_credential_process_that_fails(
    topic: HeardTopic, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, process: str
) -> None:
    """A credential process that is not there, writes nonsense or fails is a mistake of the AWS configuration."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {process}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    answer = refused(sns(topic.arn, None).deliver([notification()]))
    assert not answer.permanent
    assert "The AWS credentials cannot be read. Mend the AWS configuration" in str(answer.why)


def test_nobody_listens(topic: HeardTopic) -> None:
    """A closed port is no network: the alert waits."""
    answer = refused(sns(topic.arn, f"http://127.0.0.1:{free_port()}").deliver([notification()]))
    assert not answer.permanent
    assert "cannot be reached. Look at the network" in str(answer.why)


def test_no_such_name(topic: HeardTopic) -> None:
    """A name that no resolver knows is told apart from a host that does not answer."""
    answer = refused(sns(topic.arn, "http://sns.invalid:4566").deliver([notification()]))
    assert not answer.permanent
    assert "http://sns.invalid:4566 has no address. Look at this machine's DNS" in str(answer.why)


def test_no_tls(topic: HeardTopic, proxy: FaultProxy) -> None:
    """An endpoint that does not speak TLS where https is set is told as that."""
    answer = refused(sns(topic.arn, proxy.url.replace("http:", "https:")).deliver([notification()]))
    assert not answer.permanent
    assert "No TLS with https://127.0.0.1" in str(answer.why)


def test_road_comes_back(topic: HeardTopic, proxy: FaultProxy) -> None:
    """What was refused while nobody listened is delivered by the same notifier when the road is open again."""
    notifier = sns(topic.arn, proxy.url)
    notifier.deliver([notification(1)])
    with proxy.refusing():
        assert not refused(notifier.deliver([notification(2)])).permanent
    notifier.deliver([notification(2)])
    assert numbers(topic, 2) == [1, 2]


def test_hanging_connection(far: FaultProxy) -> None:
    """An endpoint that takes the request and never answers is given up after as long as was set, and the alert waits."""
    far.will(Fault.HANG)
    much_later = threading.Timer(4, far.hang_up)
    much_later.start()
    answer = refused(sns(ARN, far.url, read_seconds=0.1).deliver([notification()]))
    much_later.cancel()
    assert not answer.permanent
    assert "did not answer in time. It may have taken the alert" in str(answer.why)
    assert len(far.seen) == 1


def test_a_bad_road_is_tried_once(topic: HeardTopic, proxy: FaultProxy) -> None:
    """When the endpoint hangs, what is behind in the same delivery is not tried too: it would hold up as long again."""
    proxy.otherwise(lambda: Fault.HANG)
    notifier = sns(topic.arn, proxy.url, lambda _: Message("Long", "x" * 200_000), read_seconds=1.0)
    answers = notifier.deliver([notification(number) for number in range(1, 11)])
    assert len(proxy.seen) == 1
    assert {type(answer) for answer in answers} == {Undelivered}


@pytest.mark.parametrize("fault", [Fault.RESET_AFTER, Fault.CUT])
def test_accepted_but_not_told(topic: HeardTopic, proxy: FaultProxy, fault: Fault) -> None:
    """A connection lost behind the acceptance costs a repeat, and the repeat has the same fingerprint."""
    proxy.will(fault)
    notifier = sns(topic.arn, proxy.url)
    answer = refused(notifier.deliver([notification()]))
    assert not answer.permanent
    notifier.deliver([notification()])
    messages = topic.receive(2)
    assert len(messages) == 2
    assert {message.attributes["fingerprint"][1] for message in messages} == {
        notification().alert.fingerprint
    }


REFUSALS = [
    (Fault.RESET_BEFORE, False, "hung up. It may have taken the alert"),
    (throttling(), False, "SNS is asked too much at once"),
    (error(429, "TooManyRequestsException"), False, "SNS is asked too much at once"),
    (error(400, "KMSThrottling"), False, "SNS is asked too much at once"),
    (error(500, "InternalError"), False, f"SNS in {REGION} has trouble"),
    (error(503, "ServiceUnavailable"), False, f"SNS in {REGION} has trouble"),
    (error(502, "NeverHeardOf"), False, f"SNS in {REGION} has trouble"),
    (unavailable(), False, f"SNS in {REGION} has trouble"),
    (error(404, "NotFound", "Topic does not exist"), False, "Create it, or mend topic_arn"),
    (
        error(403, "AuthorizationError", "not authorized to perform: SNS:Publish"),
        False,
        "Allow sns:Publish on it",
    ),
    (error(403, "AccessDenied"), False, "Allow sns:Publish on it"),
    (error(400, "KMSAccessDenied"), False, "Allow kms:GenerateDataKey and kms:Decrypt"),
    (error(403, "InvalidSecurity"), False, "Mend endpoint_url"),
    (
        error(403, "ExpiredToken", "The security token included in the request is expired"),
        False,
        "Renew them",
    ),
    (
        error(403, "InvalidClientTokenId", "The security token is invalid."),
        False,
        "does not accept these credentials",
    ),
    (
        error(403, "InvalidClientTokenId", "No account found for the given parameters"),
        False,
        "Mend topic_arn or region",
    ),
    (
        error(403, "SignatureDoesNotMatch", "Signature expired: 1 is now earlier than 2"),
        False,
        "clock is wrong",
    ),
    (error(403, "SignatureDoesNotMatch", "Signature not yet current: 1"), False, "clock is wrong"),
    (error(403, "SignatureDoesNotMatch", "Check your AWS Secret Access Key"), False, "does not accept these"),
    (error(403, "RequestTimeTooSkewed"), False, "clock is wrong"),
    (error(400, "InvalidParameter", "Invalid parameter: TopicArn"), False, "Mend topic_arn or region"),
    (error(400, "InvalidParameter", "Invalid parameter: Message"), True, "SNS does not take this message."),
    (
        error(400, "InvalidParameter", "Invalid parameter: Message too long"),
        True,
        "SNS does not take this message.",
    ),
    (error(400, "ParameterValueInvalid", "the attribute is bad"), True, "SNS does not take this message."),
    (error(413, "EntityTooLarge"), True, "SNS finds this message too large"),
    (
        error(400, "InvalidParameter", "Invalid parameter: MessageDeduplicationId"),
        False,
        "Look at the topic's settings",
    ),
    (error(400, "ValidationError", "1 validation error detected"), False, "Look at the topic's settings"),
    (
        error(418, "Teapot", "short and stout"),
        False,
        "a reason that logonbell does not know. It is tried again",
    ),
    (Answer(200, b"<html>Please log on to the guest network</html>"), False, "does not answer like SNS"),
    (Answer(200, b"Welcome"), False, "does not answer like SNS"),
]


@pytest.mark.parametrize(
    ("happening", "permanent", "words"),
    REFUSALS,
    ids=[f"{i}-{words[:24]}" for i, (*_, words) in enumerate(REFUSALS)],
)
def test_every_refusal_says_what_to_do(
    far: FaultProxy, happening: Fault | Answer, permanent: bool, words: str
) -> None:
    """Each refusal is one try, one sentence and one verdict; only a fault of the message itself buries it."""
    far.will(happening, taken(1))
    notifier = sns(ARN, far.url)
    answer = refused(notifier.deliver([notification()]))
    assert words in str(answer.why)
    assert answer.permanent is permanent
    assert len(far.seen) == 1
    assert notifier.deliver([notification()]) == ["m-1"]


def test_aws_words_are_told(far: FaultProxy) -> None:
    """AWS's own words, which name the missing right, are part of the reason, on one line and bounded."""
    far.will(
        error(
            403, "AuthorizationError", "User: arn:aws:sts::1:assumed-role/x\nis not authorized " + "y" * 9999
        )
    )
    why = str(refused(sns(ARN, far.url).deliver([notification()])).why)
    assert "User: arn:aws:sts::1:assumed-role/x is not authorized yyy" in why
    assert len(why) < 700


def test_entries_that_failed_are_answered_singly(far: FaultProxy) -> None:
    """HTTP 200 of a batch is no success of each: taken, throttled, refused for good and not mentioned are told apart."""
    far.will(
        Answer(
            200,
            b'<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult><Successful>'
            b"<member><Id>2</Id><MessageId>m-2</MessageId></member></Successful><Failed>"
            b"<member><Id>0</Id><Code>Throttling</Code><Message>Rate exceeded</Message>"
            b"<SenderFault>false</SenderFault></member>"
            b"<member><Id>1</Id><Code>InvalidParameter</Code><Message>Invalid parameter: Message</Message>"
            b"<SenderFault>true</SenderFault></member>"
            b"</Failed></PublishBatchResult></PublishBatchResponse>",
        )
    )
    answers = sns(ARN, far.url).deliver([notification(number) for number in (1, 2, 3, 4)])
    throttled, bad, taken, forgotten = answers
    assert taken == "m-2"
    assert isinstance(throttled, Undelivered)
    assert isinstance(bad, Undelivered)
    assert isinstance(forgotten, Undelivered)
    assert [throttled.permanent, bad.permanent, forgotten.permanent] == [False, True, False]
    assert "asked too much" in str(throttled.why)
    assert "does not answer like SNS" in str(forgotten.why)


@pytest.mark.parametrize(
    ("words", "buried"), [("Invalid parameter: Message", True), ("Invalid parameter", False)]
)
def test_one_that_spoils_the_batch(topic: HeardTopic, proxy: FaultProxy, words: str, buried: bool) -> None:
    """A batch refused as a whole for one message is sent singly: the others arrive whether that one is buried or waits."""
    fault = error(400, "InvalidParameter", words)
    proxy.will(fault, Fault.PASS, fault, Fault.PASS)
    first, second, third = sns(topic.arn, proxy.url).deliver([notification(number) for number in (1, 2, 3)])
    assert isinstance(first, str)
    assert isinstance(second, Undelivered)
    assert second.permanent is buried
    assert isinstance(third, str)
    assert numbers(topic, 2) == [1, 3]


def test_singles_keep_their_receipts_when_the_road_breaks(topic: HeardTopic, proxy: FaultProxy) -> None:
    """What was taken before the connection broke is not told as lost."""
    proxy.will(error(400, "InvalidParameter", "Invalid parameter: Message"), Fault.PASS, Fault.RESET_BEFORE)
    answers = sns(topic.arn, proxy.url).deliver([notification(number) for number in (1, 2, 3)])
    assert [isinstance(answer, str) for answer in answers] == [True, False, False]
    assert numbers(topic, 1) == [1]


SUBJECT = error(400, "InvalidParameter", "Invalid parameter: Subject")
GROUP = error(
    400,
    "InvalidParameter",
    "Invalid parameter: MessageGroupId Reason: The request includes MessageGroupId parameter that is not valid for this "
    "topic type",
)


@pytest.mark.parametrize(("blames", "part"), [(SUBJECT, "Subject"), (GROUP, "MessageGroupId")])
def test_a_part_that_sns_does_not_take_is_left_out(
    topic: HeardTopic, proxy: FaultProxy, blames: Answer, part: str
) -> None:
    """An alert is not lost for its subject or its group: it goes once more without, and arrives whole but for that."""
    proxy.will(blames)
    (receipt,) = sns(topic.arn, proxy.url).deliver([notification(1)])
    (message,) = topic.receive(1)
    assert message.message_id == receipt
    first, second = (set(request.form) for request in proxy.seen)
    assert first - second == {part}
    assert second <= first


def test_a_part_is_left_out_of_one_message_of_a_batch(topic: HeardTopic, proxy: FaultProxy) -> None:
    """One subject of ten that SNS refuses costs that message its subject, and no other message anything."""
    proxy.will(
        Answer(
            200,
            b'<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult><Successful>'
            b"<member><Id>0</Id><MessageId>m-1</MessageId></member></Successful><Failed>"
            b"<member><Id>1</Id><Code>InvalidParameter</Code><Message>Invalid parameter: Subject</Message>"
            b"<SenderFault>true</SenderFault></member></Failed></PublishBatchResult></PublishBatchResponse>",
        )
    )
    first, second = sns(topic.arn, proxy.url).deliver([notification(number) for number in (1, 2)])
    assert first == "m-1"
    (message,) = topic.receive(1)
    assert (message.message_id, message.subject) == (second, None)


def test_a_topic_that_takes_no_groups_is_asked_once(topic: HeardTopic, proxy: FaultProxy) -> None:
    """Where AWS does not know groups on such a topic, each further message goes without one, at the first try."""
    notifier = sns(topic.arn, proxy.url)
    proxy.will(GROUP)
    notifier.deliver([notification(1)])
    notifier.deliver([notification(2)])
    assert ["MessageGroupId" in request.form for request in proxy.seen] == [True, False, False]
    assert numbers(topic, 2) == [1, 2]


def test_a_group_that_fifo_needs_is_kept(emulator: Emulator, proxy: FaultProxy) -> None:
    """A FIFO topic is never told anything without a group; what it refuses for it waits."""
    proxy.will(GROUP)
    topic = emulator.topic(fifo=True)
    notifier = sns(topic.arn, proxy.url)
    answer = refused(notifier.deliver([notification(1)]))
    assert not answer.permanent
    assert len(proxy.seen) == 1
    (receipt,) = notifier.deliver([notification(1)])
    assert isinstance(receipt, str)
    assert [request.form["MessageGroupId"] for request in proxy.seen] == [HOST_ID, HOST_ID]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "<Successful><member><Id>1</Id><MessageId>m-1</MessageId></member></Successful>",
            [NOT_LIKE_SNS, "m-1"],
        ),
        (
            "<Successful><member><Id>0</Id></member><member><MessageId>m-1</MessageId></member></Successful>",
            [NOT_LIKE_SNS, NOT_LIKE_SNS],
        ),
        (
            "<Failed><member><Id>1</Id><Code>Throttling</Code></member><member><Id>0</Id></member></Failed>",
            [
                "SNS refused for a reason that logonbell does not know. It is tried again. (: )",
                "SNS is asked too much at once. It is tried again, more slowly. (Throttling: )",
            ],
        ),
        ("<Failed><member><Code>Throttling</Code></member></Failed>", [NOT_LIKE_SNS, NOT_LIKE_SNS]),
        ("", [NOT_LIKE_SNS, NOT_LIKE_SNS]),
    ],
    ids=["one taken", "no receipts", "all failed", "nobody's", "nothing"],
)
def test_only_a_receipt_is_a_receipt(far: FaultProxy, said: str, expected: list[str]) -> None:
    """Of a batch is told what SNS named with its id; what it left out has not arrived, and waits."""
    far.will(of_batch(said))
    answers = sns(ARN, far.url).deliver([notification(1), notification(2)])
    assert [answer if isinstance(answer, str) else str(answer.why) for answer in answers] == [
        words.format(url=far.url) for words in expected
    ]
    assert not any(isinstance(answer, Undelivered) and answer.permanent for answer in answers)


def test_one_without_a_receipt_waits(far: FaultProxy) -> None:
    """SNS that says yes to a message and gives no id has not said that it keeps it: it is sent again."""
    far.will(Answer(200, b"<PublishResponse><PublishResult/></PublishResponse>"))
    answer = refused(sns(ARN, far.url).deliver([notification()]))
    assert (str(answer.why), answer.permanent) == (NOT_LIKE_SNS.format(url=far.url), False)


def test_each_fault_of_a_message_is_told(far: FaultProxy) -> None:
    """What buries a message is told whole, each fault of it, in the reader's language."""
    notifier = sns(
        ARN, far.url, lambda _: Message("S", ""), form=Form.PER_PROTOCOL, tell=lambda one: f"«{one}»"
    )
    answer = refused(notifier.deliver([notification()]))
    assert answer.permanent
    assert str(answer.why) == "SNS does not take this message: «its email is empty»; «its sms is empty»."
    assert far.seen == []


def test_each_protocol_has_its_text(far: FaultProxy) -> None:
    """Where nothing else is set SNS is handed a text for each protocol, and told so; machines read which topic it was."""
    far.will(taken(1))
    given = Message("S", "body", "sms", {"v": 1})
    notifier = SnsNotifier(ARN, lambda _: given, host_name="bastion", endpoint_url=far.url)
    assert notifier.deliver([notification()]) == ["m-1"]
    form = far.seen[0].form
    assert form["MessageStructure"] == "json"
    texts = json.loads(form["Message"])
    assert (texts["email"], texts["sms"]) == ("body", "sms")
    assert json.loads(texts["default"]) == {
        "v": 1,
        "topic": ARN,
        "account": "000000000000",
        "region": REGION,
    }


@pytest.mark.parametrize(
    ("subject", "room", "actions"),
    [
        ("", 0, ["PublishBatch"]),
        ("", -1, ["Publish", "Publish"]),
        ("鐘", 6, ["PublishBatch"]),
        ("鐘", 5, ["Publish", "Publish"]),
    ],
)
def test_a_batch_is_filled_to_the_last_byte(
    far: FaultProxy, subject: str, room: int, actions: list[str]
) -> None:
    """Two messages share a request as long as texts, attributes and subjects are together no larger than SNS takes."""
    far.will(of_batch(""), taken(1)) if len(actions) == 1 else far.will(taken(1), taken(2))
    notes = [notification(1), notification(2)]
    topic = read_topic(ARN)
    beside = sum(size("", attributes(note, topic, "bastion")) for note in notes)
    long = MAX_BYTES - beside - room - 1000
    sns(ARN, far.url, lambda told: Message(subject, "x" * (1000 if told.sequence == 1 else long))).deliver(
        notes
    )
    assert [request.form["Action"] for request in far.seen] == actions


def test_new_keys_are_found_when_the_old_are_refused(
    far: FaultProxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Keys that AWS does not accept any more are looked up anew: new ones need no restart."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    given = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(given))
    given.write_text("[default]\naws_access_key_id = old\naws_secret_access_key = old\n")
    notifier = sns(ARN, far.url)
    far.will(error(403, "InvalidClientTokenId", "The security token is invalid."), taken(1))
    notifier.deliver([notification()])
    given.write_text("[default]\naws_access_key_id = new\naws_secret_access_key = new\n")
    assert notifier.deliver([notification()]) == ["m-1"]
    old, new = (request.headers["authorization"] for request in far.seen)
    assert ("Credential=old/" in old, "Credential=new/" in new) == (True, True)


def test_a_subject_that_is_refused_costs_no_group(far: FaultProxy) -> None:
    """A topic that refused one subject is handed the groups as before, and the next subject, too."""
    far.will(SUBJECT, taken(1), taken(2))
    notifier = sns(ARN, far.url)
    assert [notifier.deliver([notification(number)]) for number in (1, 2)] == [["m-1"], ["m-2"]]
    assert [(request.form.get("Subject"), request.form["MessageGroupId"]) for request in far.seen] == [
        ("Logon 1", HOST_ID),
        (None, HOST_ID),
        ("Logon 2", HOST_ID),
    ]


def test_a_host_that_sns_could_not_name_has_a_group_of_its_own(far: FaultProxy) -> None:
    """A host whose name SNS would refuse as a group has its digest there: the same each time, and no other host's."""
    names = ["a host", "a host", "another host", "a \ud800", "a-host"]
    far.will(*map(taken, range(len(names))))
    notifier = sns(ARN, far.url)
    for name in names:
        notifier.deliver([notification(1, host_id=name)])
    groups = [request.form["MessageGroupId"] for request in far.seen]
    assert groups[0] == groups[1]
    assert len(set(groups)) == 4
    assert all(map(is_token, groups))
    assert groups[-1] == "a-host"


@pytest.mark.rig
def test_nothing_is_lost_in_foul_weather(topic: HeardTopic, proxy: FaultProxy) -> None:
    """However the road behaves, what is tried until a receipt comes has been received, and each receipt is true."""
    proxy.otherwise(weather(seed=1, fair=0.4))
    notifier = sns(topic.arn, proxy.url)
    waiting = {number: notification(number) for number in range(1, 31)}
    receipts: dict[int, str] = {}
    for _ in range(200):
        now = list(waiting)[:10]
        for number, answer in zip(now, notifier.deliver([waiting[number] for number in now]), strict=True):
            if isinstance(answer, str):
                receipts[number] = answer
                del waiting[number]
            else:
                assert not answer.permanent
        if not waiting:
            break
    assert not waiting
    messages = topic.receive(30)
    assert {number_of(message) for message in messages} == set(range(1, 31))
    assert set(receipts.values()) <= {message.message_id for message in messages}
    assert len(messages) > 30, "the weather was fair: nothing repeated"


def test_nothing_beyond_the_limits_is_sent(topic: HeardTopic, proxy: FaultProxy) -> None:
    """What goes onto the wire for a hostile text breaks none of SNS's limits."""
    notifier = sns(topic.arn, proxy.url, lambda _: Message("🔔" * 99 + "\n", "\x00\ud83d" * 200_000))
    notifier.deliver([notification(1, user=User("\x1b" * 5000))])
    form = proxy.seen[0].form
    assert faults(form["Subject"], form["Message"], {}) == ()
