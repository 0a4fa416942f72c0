"""What subscribers of a topic really get, field by field, from two emulators.

The emulators are laxer than AWS, so each text is also held to AWS's documented limits (``limits.py``).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from emulator import REGION, Emulator, Moto, Received, WebHook
from findings import (
    BACKLOG,
    BURST,
    DOMAIN_ADMIN,
    HOST_ID,
    HOSTILE_NAMES,
    LOGOFF,
    ROLE,
    SENT,
    STORM,
    TAMPERING,
    TOKYO,
    TUNNEL,
    hostile,
    logon,
    notify,
)
from logonbell.commands.composition import composer
from logonbell.logon import Door
from logonbell.notification import Telling
from logonbell.notifiers.document import thread
from logonbell.notifiers.forms import Form, Message
from logonbell.notifiers.limits import Attribute, faults
from logonbell.notifiers.sns import SnsNotifier
from logonbell.text.facts import Reader
from logonbell.text.language import LANGUAGES, speak

NAME = "bastion-tokyo"
MARKS = [one.fingerprint for one in (notify(DOMAIN_ADMIN), STORM)]
SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "docs" / "reference" / "message.schema.json").read_text("utf-8")
)
CONTRACT = jsonschema.Draft202012Validator(SCHEMA)


@pytest.fixture(params=["ministack", pytest.param("moto", marks=pytest.mark.rig)])
def sns_of(request: pytest.FixtureRequest) -> Emulator:
    """Each of the two emulators in turn; the slow one is a rig."""
    chosen: Emulator = request.getfixturevalue("emulator" if request.param == "ministack" else "moto")
    return chosen


def composed(language: str = "en", name: str = NAME) -> Callable[[Telling], Message]:
    """Write as the agent writes, at a known time."""
    return composer(Reader(language, TOKYO, name), lambda: SENT)


def publish(emulator: Emulator, arn: str, *tellings: Telling, form: Form = Form.PER_PROTOCOL) -> list[str]:
    """Publish as the agent does; give the receipts."""
    notifier = SnsNotifier(arn, composed(), host_name=NAME, form=form, endpoint_url=emulator.url)
    receipts = notifier.deliver(tellings)
    assert all(isinstance(receipt, str) for receipt in receipts), receipts
    return [str(receipt) for receipt in receipts]


def new_topic(emulator: Emulator, *, fifo: bool = False) -> str:
    """Make a topic that nobody hears."""
    return emulator.topic(fifo=fifo).arn


def account(arn: str) -> str:
    """Whose a topic is."""
    return arn.split(":")[4]


def attributes_of(arn: str) -> dict[str, tuple[str, str]]:
    """What a filter policy can choose a domain admin's RDP logon by."""
    return {
        "level": ("String", "high"),
        "rule": ("String", "logon"),
        "host": ("String", NAME),
        "door": ("String", "rdp"),
        "user": ("String", r"CONTOSO\alice"),
        "domain_admin": ("String", "true"),
        "account": ("String", account(arn)),
        "region": ("String", REGION),
        "fingerprint": ("String", notify(DOMAIN_ADMIN).fingerprint),
    }


def holds_document(body: str, arn: str, telling: Telling) -> dict[str, Any]:
    """Hold a body to the contract, and what it says of its way and its text to what was sent."""
    whole: dict[str, Any] = json.loads(body)
    CONTRACT.validate(whole)
    message = composed()(telling)
    assert (whole["topic"], whole["account"], whole["region"]) == (arn, account(arn), REGION)
    assert (whole["subject"], whole["text"]) == (message.subject, message.body)
    assert (whole["fingerprint"], whole["thread"]) == (telling.fingerprint, thread(telling))
    assert (whole["host_id"], whole["host_name"], whole["level"]) == (HOST_ID, NAME, telling.level.word)
    assert whole == {
        **json.loads(json.dumps(message.document)),
        "topic": arn,
        "account": account(arn),
        "region": REGION,
    }
    return whole


def test_a_queue_gets_the_object_in_an_envelope(sns_of: Emulator) -> None:
    """A queue gets the JSON object, with subject, id and attributes around it, and the host as its group."""
    arn = new_topic(sns_of)
    queue = sns_of.queue(arn)
    (receipt,) = publish(sns_of, arn, notify(DOMAIN_ADMIN))
    (message,) = queue.receive(1)
    assert message.message_id == receipt
    assert message.subject == r"RDP logon: CONTOSO\alice (DOMAIN ADMIN) on bastion-tokyo from 203.0.113.5"
    assert message.attributes == attributes_of(arn)
    assert message.group == HOST_ID
    whole = holds_document(message.body, arn, notify(DOMAIN_ADMIN))
    assert (whole["type"], whole["door"], whole["sequence"]) == ("logon", "rdp", 17)


def test_a_queue_with_raw_delivery_gets_the_object_itself(sns_of: Emulator) -> None:
    """Raw delivery hands over the object and the attributes, and nothing around them: not more than ten arrive."""
    arn = new_topic(sns_of)
    queue = sns_of.queue(arn, raw=True)
    full = replace(DOMAIN_ADMIN, door=Door.RDP_SSM, principal=ROLE, ssm_session="alice-0a1b2c")
    publish(sns_of, arn, notify(full))
    (message,) = queue.receive(1)
    holds_document(message.body, arn, notify(full))
    assert message.attributes == attributes_of(arn) | {
        "door": ("String", "rdp-ssm"),
        "principal": ("String", ROLE),
        "fingerprint": ("String", notify(full).fingerprint),
    }
    assert len(message.attributes) == 10


@pytest.mark.parametrize(
    ("chooses", "chosen"),
    [
        ({"level": ["high", "critical"]}, ["logon high", "digest high", "tampering high"]),
        ({"door": ["rdp"]}, ["logon high", "logoff informational"]),
        ({"domain_admin": ["true"]}, ["logon high"]),
        ({"principal": [{"prefix": "arn:aws:sts::123456789012:"}]}, ["logon low"]),
        ({"user": [r"CONTOSO\alice"], "region": [REGION], "host": [NAME]}, ["logon high", "logoff informational"]),
        ({"rule": ["digest-storm"]}, ["digest high"]),
        ({"account": ["999999999999"]}, []),
        ({"fingerprint": MARKS}, ["logon high", "digest high"]),
    ],
)  # fmt: skip
def test_a_filter_policy_chooses(sns_of: Emulator, chooses: dict[str, list[Any]], chosen: list[str]) -> None:
    """A subscription with a filter policy gets what its policy says, by each of the attributes, and nothing else."""
    arn = new_topic(sns_of)
    every, some = sns_of.queue(arn), sns_of.queue(arn, chooses=chooses)
    told: list[Telling] = [
        notify(DOMAIN_ADMIN),
        notify(TUNNEL),
        STORM,
        notify(BURST),
        notify(TAMPERING),
        notify(LOGOFF),
    ]
    publish(sns_of, arn, *told, form=Form.JSON)
    assert len(every.receive(6)) == 6

    def kinds(messages: list[Received]) -> list[str]:
        read = [json.loads(message.body) for message in messages]
        return sorted(f"{one['type']} {one['level']}" for one in read)

    assert kinds(some.receive(len(chosen)) if chosen else some.rest()) == sorted(chosen)


def test_a_web_hook_gets_the_object(sns_of: Emulator) -> None:
    """A web hook that confirmed its subscription is posted the object, in SNS's envelope with its subject."""
    arn = new_topic(sns_of)
    with WebHook() as hook:
        asked = sns_of.client("sns").subscribe(TopicArn=arn, Protocol="http", Endpoint=hook.url)
        if not isinstance(sns_of, Moto):  # which takes every subscriber at its word
            assert asked["SubscriptionArn"] == "pending confirmation"
            hook.confirm(sns_of.client("sns"))
        (receipt,) = publish(sns_of, arn, notify(DOMAIN_ADMIN))
        envelope = hook.take("Notification")
    assert (envelope["MessageId"], envelope["TopicArn"]) == (receipt, arn)
    assert envelope["Subject"] == r"RDP logon: CONTOSO\alice (DOMAIN ADMIN) on bastion-tokyo from 203.0.113.5"
    holds_document(envelope["Message"], arn, notify(DOMAIN_ADMIN))


def test_who_has_not_confirmed_gets_nothing(emulator: Emulator) -> None:
    """Before a web hook has confirmed, alerts go to the others and not to it; afterwards they do."""
    arn = new_topic(emulator)
    queue = emulator.queue(arn)
    with WebHook() as hook:
        emulator.client("sns").subscribe(TopicArn=arn, Protocol="http", Endpoint=hook.url)
        publish(emulator, arn, notify(BURST))
        assert len(queue.receive(1)) == 1
        hook.confirm(emulator.client("sns"))
        publish(emulator, arn, notify(DOMAIN_ADMIN))
        assert json.loads(hook.take("Notification")["Message"])["type"] == "logon"


@pytest.mark.rig
@pytest.mark.parametrize("form", [Form.PER_PROTOCOL, Form.CHAT])
def test_each_protocol_has_a_text_of_its_own(moto: Moto, form: Form) -> None:
    """Mail is handed the whole text, phones one part, chat its schema, and everybody else the JSON object."""
    arn = new_topic(moto)
    publish(moto, arn, notify(DOMAIN_ADMIN), form=form)
    (body,) = moto.published(arn)
    texts = json.loads(body)
    message = composed()(notify(DOMAIN_ADMIN))
    assert set(texts) == {"default", "email", "sms"} | ({"https"} if form is Form.CHAT else set())
    assert texts["email"] == message.body
    assert texts["sms"] == r"RDP: CONTOSO\alice (DOMAIN ADMIN) on bastion-tokyo from 203.0.113.5"
    holds_document(texts["default"], arn, notify(DOMAIN_ADMIN))
    if form is Form.CHAT:
        told = json.loads(texts["https"])
        assert told == message.chat
        assert (told["version"], told["source"]) == ("1.0", "custom")


@pytest.mark.parametrize("telling", [notify(DOMAIN_ADMIN), STORM, BACKLOG], ids=["alert", "storm", "backlog"])
def test_one_text_for_all(sns_of: Emulator, telling: Telling) -> None:
    """A topic of the form text hands everybody the whole text, one of the form json the object, both with attributes."""
    for form in (Form.TEXT, Form.JSON):
        arn = new_topic(sns_of)
        queue = sns_of.queue(arn)
        publish(sns_of, arn, telling, form=form)
        (message,) = queue.receive(1)
        assert message.attributes["level"] == ("String", "high")
        if form is Form.TEXT:
            assert message.body == composed()(telling).body
        else:
            holds_document(message.body, arn, telling)


def test_fifo_delivers_a_repeat_once(sns_of: Emulator) -> None:
    """On a FIFO topic what is sent twice on purpose comes once, in order: the host is the group, the fingerprint the id."""
    topic = sns_of.topic(fifo=True)
    told = [
        replace(notify(replace(logon(Door.RDP), time=SENT + timedelta(seconds=number))), sequence=number)
        for number in (1, 2, 3)
    ]
    publish(sns_of, topic.arn, *told)
    publish(sns_of, topic.arn, *told[1:])
    publish(sns_of, topic.arn, told[0])
    messages = topic.receive(3)
    assert [json.loads(message.body)["sequence"] for message in messages] == [1, 2, 3]
    assert [message.deduplication for message in messages] == [one.fingerprint for one in told]
    assert {message.group for message in messages} == {HOST_ID}


def test_many_arrive_each_with_its_own(sns_of: Emulator) -> None:
    """Ten in one request come as ten messages, each with its own subject, object and attributes."""
    arn = new_topic(sns_of)
    queue = sns_of.queue(arn)
    told = [replace(notify(replace(logon(door))), sequence=n) for n, door in enumerate(list(Door)[:10], 1)]
    receipts = publish(sns_of, arn, *told)
    messages = {json.loads(message.body)["sequence"]: message for message in queue.receive(10)}
    for one, receipt in zip(told, receipts, strict=True):
        message = messages[one.sequence]
        assert message.message_id == receipt
        holds_document(message.body, arn, one)
        assert message.subject == composed()(one).subject


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("language", LANGUAGES)
def test_hostile_names_go_through_all_of_it(sns_of: Emulator, form: Form, language: str) -> None:
    """Whatever a log holds, each message is one that AWS's limits let pass, arrives, and keeps the contract."""
    topic = sns_of.topic()
    told: list[Telling] = [
        replace(notify(finding, host_id=name or "i-0"), sequence=number)
        for number, name in enumerate(HOSTILE_NAMES, 1)
        for finding in (hostile(name)[number % 10],)
    ]
    notifier = SnsNotifier(
        topic.arn,
        composed(language, HOSTILE_NAMES[0]),
        host_name=HOSTILE_NAMES[0],
        form=form,
        endpoint_url=sns_of.url,
        tell=lambda sentence: speak(sentence, language),
    )
    receipts = [receipt for at in range(0, len(told), 10) for receipt in notifier.deliver(told[at : at + 10])]
    assert all(isinstance(receipt, str) for receipt in receipts), receipts
    messages = topic.receive(len(told))
    assert {message.message_id for message in messages} == set(receipts)
    for message in messages:
        carried = {name: Attribute(value, kind) for name, (kind, value) in message.attributes.items()}
        assert faults(message.subject, message.body, carried) == ()
        if form is not Form.TEXT:
            CONTRACT.validate(json.loads(message.body))
    if isinstance(sns_of, Moto):
        structured = form in {Form.PER_PROTOCOL, Form.CHAT}
        for body in sns_of.published(topic.arn):
            assert faults("S", body, {}, structured=structured) == ()
