"""Every fault on the way, with the outbox behind and a real topic before: nothing is lost, repeats are known as such."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from emulator import Emulator, HeardTopic, Received, free_port
from fakes import FakeClock, Told
from fault_proxy import Answer, Fault, FaultProxy, error, throttling, unavailable
from logonbell.deliverer import Deliverer
from logonbell.notifiers.forms import Form, Message
from logonbell.notifiers.sns import SnsNotifier
from logonbell.store.outbox import NotifierState, Outbox
from notifications import notification
from reading import commit

COUNT = 12
"""More than a batch."""
PARTLY = Answer(
    200,
    b'<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult><Successful/>'
    b"<Failed><member><Id>0</Id><Code>Throttling</Code><Message>Rate exceeded</Message>"
    b"<SenderFault>false</SenderFault></member><member><Id>3</Id><Code>InternalError</Code><Message>sorry</Message>"
    b"<SenderFault>false</SenderFault></member></Failed></PublishBatchResult></PublishBatchResponse>",
)
EXPIRED = error(403, "ExpiredToken", "The security token included in the request is expired")


@pytest.fixture
def clock() -> FakeClock:
    """A clock that goes on only when it is told to."""
    return FakeClock()


@pytest.fixture
def outbox(tmp_path: Path, clock: FakeClock) -> Iterator[Outbox]:
    """An outbox in which alerts wait for one notifier."""
    outbox = Outbox.open(tmp_path, now=clock())
    for number in range(1, COUNT + 1):
        commit(outbox, number, ["sns"])
    yield outbox
    outbox.close()


def compose(told: Any) -> Message:
    """Say little: the real texts have tests of their own."""
    return Message(f"Logon {told.sequence}", f"Number {told.sequence}")


def agent(outbox: Outbox, arn: str, url: str, clock: FakeClock, patience: float = 30) -> Deliverer:
    """What delivers, as after a start of the agent; it waits for an answer for so many seconds."""
    notifier = SnsNotifier(
        arn, compose, host_name="bastion", form=Form.TEXT, endpoint_url=url, read_seconds=patience
    )
    return Deliverer(notifier, outbox, clock, lambda: 0.5, told=Told())


def state(outbox: Outbox) -> NotifierState:
    """How the deliveries stand."""
    return outbox.state().notifiers["sns"]


def deliver_all(deliverer: Deliverer, outbox: Outbox, clock: FakeClock) -> None:
    """Go on until nothing waits; a day of the clock is enough for any fault that ends."""
    for _ in range(500):
        if not state(outbox).pending:
            return
        deliverer.deliver()
        clock.pass_(180)
    raise AssertionError(f"it waits for ever: {state(outbox)}")


def number_of(message: Received) -> int:
    """The number of the alert that a message tells, as ``compose`` writes it."""
    return int(message.body.removeprefix("Number "))


def numbers(messages: list[Received]) -> Counter[int]:
    """How often each alert was received; what comes again has the same fingerprint."""
    for message in messages:
        number = number_of(message)
        assert message.attributes["fingerprint"][1] == notification(number).fingerprint
    return Counter(map(number_of, messages))


@pytest.mark.parametrize(
    ("fault", "words", "repeats"),
    [
        (throttling(), "SNS is asked too much at once", 0),
        (error(429, "TooManyRequestsException"), "SNS is asked too much at once", 0),
        (error(500, "InternalError"), "has trouble", 0),
        (unavailable(), "has trouble", 0),
        (Fault.RESET_BEFORE, "hung up", 0),
        (Fault.RESET_AFTER, "hung up", 10),
        (Fault.CUT, "does not answer like SNS", 10),
        (Fault.HANG, "did not answer in time", 0),
        (EXPIRED, "The AWS credentials have expired. Renew them", 0),
        (error(403, "AuthorizationError", "not authorized to perform: SNS:Publish"), "Allow sns:Publish on it", 0),
        (error(400, "KMSAccessDenied"), "Allow kms:GenerateDataKey and kms:Decrypt", 0),
        (error(404, "NotFound", "Topic does not exist"), "Create it, or mend topic_arn", 0),
        (PARTLY, "SNS", 0),
        (Answer(200, b"<html>log on</html>"), "does not answer like SNS", 0),
    ],
    ids=lambda one: str(one)[:40] if isinstance(one, str) else "",
)  # fmt: skip
def test_a_fault_that_ends_loses_nothing(
    *,
    outbox: Outbox,
    clock: FakeClock,
    topic: HeardTopic,
    proxy: FaultProxy,
    fault: Fault | Answer,
    words: str,
    repeats: int,
) -> None:
    """Whatever happens three times over, all is delivered when it ends; each such time repeats a batch at most."""
    deliverer = agent(outbox, topic.arn, proxy.url, clock, 0.3 if fault is Fault.HANG else 30)
    for _ in range(3):
        proxy.will(fault)
        deliverer.deliver()
        now = state(outbox)
        assert (now.buried, now.delivered) == (0, 0)
        assert words in str(now.last_error)
        clock.pass_(360)
    assert len(proxy.seen) == 3
    deliver_all(agent(outbox, topic.arn, proxy.url, clock), outbox, clock)
    assert state(outbox).delivered == COUNT
    received = numbers(topic.receive(COUNT + 3 * repeats))
    assert set(received) == set(range(1, COUNT + 1))
    assert received.total() == COUNT + 3 * repeats


@pytest.mark.parametrize("fault", [Fault.RESET_AFTER, Fault.CUT])
def test_a_fifo_topic_delivers_a_repeat_once(
    outbox: Outbox, clock: FakeClock, emulator: Emulator, proxy: FaultProxy, fault: Fault
) -> None:
    """Where the answer was lost the same deduplication id comes again, and the subscriber hears each alert once, in order."""
    topic = emulator.topic(fifo=True)
    proxy.will(fault, fault)
    deliver_all(agent(outbox, topic.arn, proxy.url, clock), outbox, clock)
    messages = topic.receive(COUNT)
    assert [number_of(message) for message in messages] == list(range(1, COUNT + 1))
    assert [message.deduplication for message in messages] == [
        notification(number).fingerprint for number in range(1, COUNT + 1)
    ]


def test_part_of_a_batch(outbox: Outbox, clock: FakeClock, topic: HeardTopic, proxy: FaultProxy) -> None:
    """Of a batch answered with HTTP 200 only what failed is sent again, what is bad is buried with AWS's own reason."""
    taken = "".join(
        f"<member><Id>{place}</Id><MessageId>m-{place}</MessageId></member>" for place in range(2, 10)
    )
    proxy.will(
        Answer(
            200,
            b'<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult><Successful>'
            + taken.encode()
            + b"</Successful><Failed><member><Id>0</Id><Code>Throttling</Code><Message>Rate exceeded</Message>"
            b"<SenderFault>false</SenderFault></member><member><Id>1</Id><Code>InvalidParameter</Code>"
            b"<Message>Invalid parameter: Message too long</Message><SenderFault>true</SenderFault></member></Failed>"
            b"</PublishBatchResult></PublishBatchResponse>",
        )
    )
    deliver_all(agent(outbox, topic.arn, proxy.url, clock), outbox, clock)
    now = state(outbox)
    assert (now.delivered, now.buried) == (COUNT - 1, 1)
    assert set(numbers(topic.receive(3))) == {1, 11, 12}
    assert str(now.last_error) == (
        "SNS does not take this message. (InvalidParameter: Invalid parameter: Message too long)"
    )


def test_one_that_aws_never_takes_is_buried_and_holds_up_none(
    outbox: Outbox, clock: FakeClock, topic: HeardTopic, proxy: FaultProxy
) -> None:
    """A message that spoils its batch is found by sending singly, buried with AWS's words, and the others arrive once."""
    spoilt = error(400, "InvalidParameter", "Invalid parameter: Message Reason: bad")
    proxy.will(spoilt, Fault.PASS, Fault.PASS, spoilt)
    deliver_all(agent(outbox, topic.arn, proxy.url, clock), outbox, clock)
    now = state(outbox)
    assert (now.delivered, now.buried) == (COUNT - 1, 1)
    assert "InvalidParameter: Invalid parameter: Message Reason: bad" in str(now.last_error)
    assert numbers(topic.receive(COUNT - 1)) == Counter(
        {number: 1 for number in range(1, COUNT + 1) if number != 3}
    )


def test_a_name_that_no_resolver_knows(
    outbox: Outbox, clock: FakeClock, topic: HeardTopic, emulator: Emulator
) -> None:
    """Without DNS all waits, with the reason; once the name is mended and the agent started anew all comes at once."""
    agent(outbox, topic.arn, f"http://sns.invalid:{emulator.port}", clock).deliver()
    now = state(outbox)
    assert (now.pending, now.buried) == (COUNT, 0)
    assert "has no address. Look at this machine's DNS" in str(now.last_error)
    mended = agent(outbox, topic.arn, emulator.url, clock)
    while mended.deliver():
        pass
    assert state(outbox).delivered == COUNT
    assert numbers(topic.receive(COUNT)).total() == COUNT


def test_nobody_listens(outbox: Outbox, clock: FakeClock, topic: HeardTopic, proxy: FaultProxy) -> None:
    """An outage of hours costs nothing but time: what waited is delivered, each once."""
    deliverer = agent(outbox, topic.arn, proxy.url, clock)
    with proxy.refusing():
        for _ in range(8):
            deliverer.deliver()
            clock.pass_(400)
        assert state(outbox).delivered == 0
    deliver_all(deliverer, outbox, clock)
    assert numbers(topic.receive(COUNT)) == Counter(range(1, COUNT + 1))


def test_a_topic_deleted_and_made_again(
    outbox: Outbox, clock: FakeClock, emulator: Emulator, topic: HeardTopic
) -> None:
    """What waited for a topic that was deleted goes to the topic of the same name that is made later."""
    sns = emulator.client("sns")
    sns.delete_topic(TopicArn=topic.arn)
    deliverer = agent(outbox, topic.arn, emulator.url, clock)
    for _ in range(3):
        deliverer.deliver()
        clock.pass_(400)
    assert f"The topic {topic.arn} does not exist. Create it" in str(state(outbox).last_error)
    assert state(outbox).pending == COUNT
    assert sns.create_topic(Name=topic.arn.rpartition(":")[2])["TopicArn"] == topic.arn
    heard = HeardTopic(topic.arn, emulator.queue(topic.arn))
    deliver_all(deliverer, outbox, clock)
    assert numbers(heard.receive(COUNT)) == Counter(range(1, COUNT + 1))


@pytest.mark.parametrize("back", [timedelta(seconds=30), timedelta(hours=1), timedelta(days=3650)])
@pytest.mark.parametrize("fault", [Fault.RESET_AFTER, EXPIRED])
def test_a_clock_that_steps_back(
    *,
    outbox: Outbox,
    clock: FakeClock,
    topic: HeardTopic,
    proxy: FaultProxy,
    back: timedelta,
    fault: Fault | Answer,
) -> None:
    """A clock set back between two tries holds nothing up, and what is repeated has the same fingerprint."""
    deliverer = agent(outbox, topic.arn, proxy.url, clock)
    proxy.will(fault)
    deliverer.deliver()
    clock.now -= back
    tries = 0
    while state(outbox).pending and tries < 20:
        tries += 1
        deliverer.deliver()
        clock.pass_(1)
    assert state(outbox).delivered == COUNT
    received = numbers(topic.receive(COUNT + (10 if fault is Fault.RESET_AFTER else 0)))
    assert set(received) == set(range(1, COUNT + 1))
    assert max(received.values()) <= 2


@pytest.mark.rig
def test_all_of_it_together(outbox: Outbox, clock: FakeClock, topic: HeardTopic, proxy: FaultProxy) -> None:
    """Fault upon fault, with a clock that jumps and an agent that is started anew: all arrive, none is buried."""
    faults: list[Fault | Answer] = [
        throttling(), Fault.RESET_AFTER, EXPIRED, PARTLY, Fault.CUT, unavailable(), Fault.HANG, Fault.RESET_BEFORE,
    ]  # fmt: skip
    jumps: list[Callable[[], None]] = [
        lambda: clock.pass_(86_400),
        lambda: clock.pass_(-7_200),
        lambda: clock.pass_(1),
    ]
    for turn, fault in enumerate(faults * 2):
        proxy.will(fault)
        agent(outbox, topic.arn, proxy.url, clock, 0.3 if fault is Fault.HANG else 30).deliver()
        jumps[turn % len(jumps)]()
    deliver_all(agent(outbox, topic.arn, proxy.url, clock), outbox, clock)
    now = state(outbox)
    assert (now.delivered, now.buried) == (COUNT, 0)
    received = numbers(topic.receive(COUNT + 40))
    assert set(received) == set(range(1, COUNT + 1))
    assert received.total() <= COUNT + 4 * 10


def test_a_closed_port_is_no_network(outbox: Outbox, clock: FakeClock, topic: HeardTopic) -> None:
    """Where nobody ever listens everything waits, and nothing is given up, however long."""
    deliverer = agent(outbox, topic.arn, f"http://127.0.0.1:{free_port()}", clock)
    for _ in range(6):
        deliverer.deliver()
        clock.pass_(86_400)
    now = state(outbox)
    assert (now.pending, now.buried) == (COUNT, 0)
    assert "cannot be reached" in str(now.last_error)
