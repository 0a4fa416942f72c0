"""Whether the topic is heard. The emulator has real topics; what it cannot do AWS's own answers, scripted, stand in for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from emulator import REGION, Emulator, HeardTopic, free_port
from fault_proxy import Answer, Fault, FaultProxy, error, throttling
from logonbell.errors import Refused
from logonbell.notifiers.check import Mark
from logonbell.notifiers.forms import Form
from logonbell.notifiers.subscription import told
from logonbell.notifiers.topic_guard import Report, TopicGuard
from scripted_aws import (
    ROLE,
    SESSION,
    caller,
    forbidden,
    json_error,
    key,
    role,
    simulated,
    subscription_attributes,
    subscriptions,
    topic_attributes,
)

ARN = f"arn:aws:sns:{REGION}:123456789012:logonbell"
KEY = f"arn:aws:kms:{REGION}:123456789012:key/0000"
MAIL = ("arn:s1", "email", "ops@example.com")


def guard(arn: str, url: str, patience: float = 30) -> TopicGuard:
    """A guard that waits for an answer for so many seconds."""
    return TopicGuard(arn, endpoint_url=url, read_seconds=patience)


def marks(report: Report, about: str) -> list[Mark]:
    """How the checks of something came out."""
    return [check.mark for check in report.checks if check.about == about]


def words(report: Report, about: str) -> str:
    """What is said of something."""
    return "\n".join(str(check.what) for check in report.checks if check.about == about)


class Hears(BaseHTTPRequestHandler):
    """A subscriber by HTTP, which keeps what SNS asks it to confirm."""

    heard: list[dict[str, str]]

    def do_POST(self) -> None:
        """Keep it."""
        self.heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def asked() -> Iterator[tuple[str, list[dict[str, str]], threading.Event]]:
    """A subscriber's address, and what it was asked to confirm."""
    heard: list[dict[str, str]] = []
    came = threading.Event()

    class Tells(Hears):
        def do_POST(self) -> None:
            super().do_POST()
            came.set()

    server = HTTPServer(("127.0.0.1", 0), type("Bound", (Tells,), {"heard": heard}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/secret", heard, came
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_topic_that_is_heard(emulator: Emulator, topic: HeardTopic) -> None:
    """Of a topic with a confirmed subscription everything is good, and nothing was sent."""
    report = guard(topic.arn, emulator.url).look()
    assert report.exists
    assert {check.mark for check in report.checks} == {Mark.GOOD}
    assert {check.about for check in report.checks} == {"exists", "size", "publish", "subscription"}
    assert "publish" not in {
        check.about for check in guard(topic.arn, emulator.url).look(rights=False).checks
    }
    assert report.confirmed is not None
    assert [protocol for protocol, _ in report.confirmed] == ["sqs"]
    assert topic.rest() == []


def test_a_topic_that_is_gone(emulator: Emulator) -> None:
    """A deleted topic is the one thing that is said."""
    made = emulator.client("sns").create_topic(Name="gone")["TopicArn"]
    emulator.client("sns").delete_topic(TopicArn=made)
    report = guard(made, emulator.url).look()
    assert report.exists is False
    assert report.subscriptions is None
    (check,) = report.checks
    assert check.mark is Mark.BAD
    assert f"The topic {made} does not exist. Create it" in str(check.what)


def test_confirming_guards_a_subscription(
    emulator: Emulator, proxy: FaultProxy, asked: tuple[str, list[dict[str, str]], threading.Event]
) -> None:
    """A pending subscription hears nothing; confirmed here it does, and only rights of AWS end it."""
    address, heard, came = asked
    sns = emulator.client("sns")
    arn = sns.create_topic(Name="pending")["TopicArn"]
    sns.subscribe(TopicArn=arn, Protocol="http", Endpoint=address)
    watching = guard(arn, proxy.url)
    before = watching.look()
    assert before.confirmed == frozenset()
    assert marks(before, "subscription") == [Mark.BAD, Mark.CARE]
    assert "Nobody hears the topic" in words(before, "subscription")
    assert "http://127.0.0.1/...: not confirmed, so it hears nothing" in words(before, "subscription")
    assert "secret" not in words(before, "subscription")
    assert came.wait(10)
    assert watching.confirm(heard[0]["Token"]).startswith(f"{arn}:")
    assert proxy.seen[-1].form["AuthenticateOnUnsubscribe"] == "true"
    after = watching.look()
    assert after.confirmed == frozenset({("http", address)})
    assert [one.guarded for one in after.subscriptions or ()] == [True]


@pytest.mark.parametrize(
    ("happening", "said"),
    [
        (error(400, "InvalidParameter", "Invalid parameter: Invalid token"), "SNS does not take this token"),
        (forbidden("SNS:ConfirmSubscription"), "Allow sns:ConfirmSubscription on arn:"),
        (error(404, "NotFound", "Topic does not exist"), "does not exist. Mend topic_arn."),
        (throttling(), "SNS did not confirm it. SNS is asked too much at once"),
        (Fault.RESET_BEFORE, "SNS did not confirm it."),
        (Fault.HANG, "SNS did not confirm it."),
    ],
)
def test_what_keeps_a_token_from_being_taken(
    topic: HeardTopic, proxy: FaultProxy, happening: Fault | Answer, said: str
) -> None:
    """Each reason is one sentence that says what to do."""
    proxy.will(happening)
    with pytest.raises(Refused) as caught:
        guard(topic.arn, proxy.url, 0.3 if happening is Fault.HANG else 30).confirm("nosuch")
    assert said in str(caught.value)


def scripted(proxy: FaultProxy, **answers: Answer) -> TopicGuard:
    """A guard of a topic in an account with roles, pending mail and keys, as AWS answers."""
    usual: dict[str, Answer] = {
        "GetTopicAttributes": topic_attributes(TopicArn=ARN),
        "ListSubscriptionsByTopic": subscriptions(MAIL),
        "GetSubscriptionAttributes": subscription_attributes(ConfirmationWasAuthenticated="true"),
        "GetCallerIdentity": caller(),
        "GetRole": role(),
        "SimulatePrincipalPolicy": simulated(sns_Publish="allowed"),
    }
    for action, answer in {**usual, **answers}.items():
        proxy.always(action, answer)
    return guard(ARN, proxy.url)


def test_mail_that_a_scanner_can_end(proxy: FaultProxy) -> None:
    """Mail that is confirmed by its link can be ended by its link, and that is said; pending mail hears nothing."""
    listed = subscriptions(
        MAIL,
        ("PendingConfirmation", "email", "new@example.com"),
        ("Deleted", "email", "old@example.com"),
        ("PendingConfirmation", "email", "ops@example.com"),
    )
    unguarded = subscription_attributes(ConfirmationWasAuthenticated="false", PendingConfirmation="false")
    report = scripted(proxy, ListSubscriptionsByTopic=listed, GetSubscriptionAttributes=unguarded).look()
    assert report.confirmed == frozenset({("email", "ops@example.com")})
    assert marks(report, "subscription") == [Mark.CARE, Mark.CARE]
    pending, ends = words(report, "subscription").split("\n")
    assert pending.startswith("email new@example.com: not confirmed")
    assert ends.startswith(
        "email ops@example.com: confirmed, but whoever or whatever opens the link in a mail ends it"
    )


@pytest.mark.parametrize(
    ("form", "scope", "mark"),
    [
        (Form.PER_PROTOCOL, {}, Mark.CARE),
        (Form.CHAT, {"FilterPolicyScope": "MessageAttributes"}, Mark.CARE),
        (Form.PER_PROTOCOL, {"FilterPolicyScope": "MessageBody"}, Mark.GOOD),
        (Form.TEXT, {}, Mark.GOOD),
    ],
)
def test_a_filter_policy_that_would_hear_nothing(
    proxy: FaultProxy, form: Form, scope: dict[str, str], mark: Mark
) -> None:
    """Beside a text for each protocol SNS sends no attributes: who chooses by them is told so, nobody else."""
    filtered = subscription_attributes(
        ConfirmationWasAuthenticated="true", FilterPolicy='{"level": ["high"]}', **scope
    )
    scripted(proxy, GetSubscriptionAttributes=filtered)
    report = TopicGuard(ARN, endpoint_url=proxy.url, form=form).look()
    assert marks(report, "subscription") == [mark]
    assert ("its filter policy looks at message attributes" in words(report, "subscription")) == (
        mark is Mark.CARE
    )


def test_more_subscriptions_than_a_page(proxy: FaultProxy) -> None:
    """All pages of a long list are read."""
    proxy.will(
        topic_attributes(TopicArn=ARN),
        subscriptions(MAIL, token="more"),
        subscriptions(("arn:s2", "sms", "+81900000000")),
    )
    report = scripted(proxy).look()
    assert report.confirmed == frozenset({("email", "ops@example.com"), ("sms", "+81900000000")})


RIGHTS = {
    "GetTopicAttributes": ("exists", "sns:GetTopicAttributes"),
    "ListSubscriptionsByTopic": ("subscription", "sns:ListSubscriptionsByTopic"),
    "GetSubscriptionAttributes": ("unsubscribing", "sns:GetSubscriptionAttributes"),
    "SimulatePrincipalPolicy": ("publish", "iam:SimulatePrincipalPolicy"),
}


@pytest.mark.parametrize("action", RIGHTS)
def test_a_right_that_is_missing_is_said_by_its_name(proxy: FaultProxy, action: str) -> None:
    """What one right would tell is not known, and which right that is is said; everything else is known all the same."""
    about, right = RIGHTS[action]
    report = scripted(proxy, **{action: forbidden(action)}).look()
    assert report.exists
    assert [check.about for check in report.checks if check.mark is Mark.UNKNOWN] == [about]
    assert f"allow {right}" in words(report, about)
    assert Mark.BAD not in {check.mark for check in report.checks}
    assert len(report.checks) >= 3


def test_without_any_right_nothing_is_known_and_nothing_is_wrong(proxy: FaultProxy) -> None:
    """An identity that may only publish learns which rights would tell what."""
    report = scripted(proxy, **{action: forbidden(action) for action in RIGHTS}).look()
    assert report.exists is None
    assert report.subscriptions is None
    assert {check.mark for check in report.checks} == {Mark.UNKNOWN}


@pytest.mark.parametrize("happening", [Fault.HANG, Fault.RESET_BEFORE, error(403, "ExpiredToken", "expired")])
def test_a_topic_that_cannot_be_asked(proxy: FaultProxy, happening: Fault | Answer) -> None:
    """Where SNS is not reached, or the credentials ran out, that is said once, and nothing is guessed."""
    proxy.otherwise(lambda: happening)
    report = guard(ARN, proxy.url, 0.3 if happening is Fault.HANG else 30).look()
    assert report.exists is None
    (check,) = report.checks
    assert check.mark is Mark.BAD
    assert "The topic cannot be looked at." in str(check.what)
    assert len(proxy.seen) == 1


def test_nobody_listens() -> None:
    """A closed port is told as that."""
    report = guard(ARN, f"http://127.0.0.1:{free_port()}").look()
    assert "cannot be reached" in words(report, "exists")


def test_iam_that_is_not_reached_holds_up_nothing(proxy: FaultProxy) -> None:
    """A private network without a way to IAM knows the rest, and how to find out."""
    for action in ("GetRole", "SimulatePrincipalPolicy"):
        proxy.always(action, Answer(503, b"", {"Content-Type": "text/html"}))
    report = guard_with(proxy).look()
    assert marks(report, "publish") == [Mark.UNKNOWN]
    assert "or run: logonbell test" in words(report, "publish")
    assert report.confirmed == frozenset({("email", "ops@example.com")})


def guard_with(proxy: FaultProxy) -> TopicGuard:
    """A scripted guard that leaves IAM as it was told."""
    proxy.always("GetTopicAttributes", topic_attributes(TopicArn=ARN))
    proxy.always("ListSubscriptionsByTopic", subscriptions(MAIL))
    proxy.always("GetSubscriptionAttributes", subscription_attributes(ConfirmationWasAuthenticated="true"))
    proxy.always("GetCallerIdentity", caller())
    return guard(ARN, proxy.url)


def test_a_role_is_simulated_with_its_path(proxy: FaultProxy) -> None:
    """The role behind a session is looked up, since its path is not in the session; without that right the usual is tried."""
    scripted(proxy).look()
    forms = [request.form for request in proxy.seen if request.form.get("PolicySourceArn")]
    assert [(form["PolicySourceArn"], form["ResourceArns.member.1"]) for form in forms] == [(ROLE, ARN)]
    scripted(proxy, GetRole=forbidden("iam:GetRole")).look()
    assert proxy_sources(proxy)[-1] == "arn:aws:iam::123456789012:role/Bastion"


def proxy_sources(proxy: FaultProxy) -> list[str]:
    """Whose policies were simulated."""
    return [form["PolicySourceArn"] for form in (one.form for one in proxy.seen) if "PolicySourceArn" in form]


def policy(**statement: Any) -> Answer:
    """A topic with a policy of one statement about publishing."""
    full = {"Sid": "s", "Effect": "Allow", "Action": "sns:Publish", "Resource": ARN, **statement}
    return topic_attributes(TopicArn=ARN, Policy=json.dumps({"Statement": [full]}))


@pytest.mark.parametrize(
    ("decision", "attributes", "mark", "said"),
    [
        ("allowed", policy(), Mark.GOOD, "may publish (simulated by IAM)"),
        ("implicitDeny", policy(), Mark.BAD, "IAM says implicitDeny. Allow sns:Publish on"),
        ("implicitDeny", policy(Principal={"AWS": ROLE.replace("/ops", "")}), Mark.GOOD, "by the topic's policy"),
        ("implicitDeny", policy(Principal={"AWS": SESSION}), Mark.GOOD, "by the topic's policy"),
        ("implicitDeny", policy(Principal={"AWS": "123456789012"}), Mark.GOOD, "by the topic's policy"),
        ("implicitDeny", policy(Principal={"AWS": "999999999999"}), Mark.BAD, "may not publish"),
        ("explicitDeny", policy(Principal={"AWS": SESSION}), Mark.BAD, "IAM says explicitDeny"),
    ],
)  # fmt: skip
def test_whether_we_may_publish(
    *, proxy: FaultProxy, decision: str, attributes: Answer, mark: Mark, said: str
) -> None:
    """What IAM simulates and what the topic's policy grants by name decide together."""
    report = scripted(
        proxy, GetTopicAttributes=attributes, SimulatePrincipalPolicy=simulated(sns_Publish=decision)
    ).look()
    assert marks(report, "publish") == [mark]
    assert said in words(report, "publish")


WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ({"Effect": "Deny", "Principal": "*"}, "denies sns:Publish (s). Find out whether to us"),
        ({"Effect": "Deny", "Principal": "*", "Condition": WITHOUT_TLS}, "denies sns:Publish (s)"),
        ({"Principal": "*"}, "lets anybody publish: alerts can be forged"),
        ({"Principal": {"AWS": "*"}}, "lets anybody publish: alerts can be forged"),
        ({"Principal": "*", "Condition": {"StringEquals": {"AWS:SourceOwner": "1"}}}, ""),
        ({"Principal": {"AWS": "123456789012"}}, ""),
    ],
)
def test_what_stands_out_in_a_policy(proxy: FaultProxy, statement: dict[str, Any], said: str) -> None:
    """A policy that may keep us from publishing, or that lets everybody, is told; the usual one is not."""
    report = scripted(proxy, GetTopicAttributes=policy(**statement)).look()
    assert said in words(report, "policy")
    assert bool(said) is bool(marks(report, "policy"))


def test_a_deny_without_tls_does_not_hold_for_us() -> None:
    """Most topics deny what comes without TLS; by https that is not told."""
    by_https = TopicGuard(ARN, endpoint_url="https://127.0.0.1:9")
    attributes = {
        "Policy": json.dumps({"Statement": {"Effect": "Deny", "Action": "*", "Condition": WITHOUT_TLS}})
    }
    assert [check.about for check in by_https._rights.checks(attributes)] == ["publish"]


@pytest.mark.parametrize(
    ("given", "state", "decisions", "mark", "said"),
    [
        ("alias/aws/sns", None, {}, Mark.GOOD, "the key that AWS keeps for SNS"),
        (KEY, "Enabled", {"kms_GenerateDataKey": "allowed", "kms_Decrypt": "allowed"}, Mark.GOOD, "may use the topic's key"),
        ("alias/bell", "Enabled", {"kms_GenerateDataKey": "allowed", "kms_Decrypt": "implicitDeny"}, Mark.CARE, f"does not allow kms:Decrypt on {KEY}"),
        (KEY, "Disabled", {}, Mark.BAD, "is Disabled. Enable it."),
        (KEY, "PendingDeletion", {}, Mark.BAD, "is PendingDeletion. Enable it."),
    ],
)  # fmt: skip
def test_whether_we_may_use_the_key(
    *, proxy: FaultProxy, given: str, state: str | None, decisions: dict[str, str], mark: Mark, said: str
) -> None:
    """Of an encrypted topic the key must be enabled, and usable by us."""
    if state is not None:
        proxy.always("DescribeKey", key(KEY, state))
    watching = scripted(proxy, GetTopicAttributes=topic_attributes(TopicArn=ARN, KmsMasterKeyId=given))
    proxy.always("SimulatePrincipalPolicy", simulated(sns_Publish="allowed", **decisions))
    report = watching.look()
    assert marks(report, "kms") == [mark]
    assert said in words(report, "kms")


def test_a_key_that_may_not_be_looked_at(proxy: FaultProxy) -> None:
    """Without the right to look at the key that is said by its name; its use is simulated where its ARN is known."""
    proxy.always("DescribeKey", json_error("AccessDeniedException"))
    watching = scripted(proxy, GetTopicAttributes=topic_attributes(TopicArn=ARN, KmsMasterKeyId=KEY))
    report = watching.look()
    assert marks(report, "kms") == [Mark.UNKNOWN, Mark.CARE]
    assert "allow kms:DescribeKey" in words(report, "kms")


@pytest.mark.parametrize(
    ("size", "mark"),
    [("1024", Mark.BAD), ("16383", Mark.BAD), ("16384", Mark.GOOD), ("1048576", Mark.GOOD), ("x", Mark.GOOD)],
)
def test_the_size_of_messages(proxy: FaultProxy, size: str, mark: Mark) -> None:
    """A topic that takes only short messages would refuse a digest, and that is told before."""
    report = scripted(
        proxy, GetTopicAttributes=topic_attributes(TopicArn=ARN, MaximumMessageSize=size)
    ).look()
    assert marks(report, "size") == [mark]


def test_a_subscription_that_goes_while_we_look(proxy: FaultProxy) -> None:
    """What was listed and is gone a moment later is not confirmed any more."""
    gone = error(404, "NotFound", "Subscription does not exist")
    assert scripted(proxy, GetSubscriptionAttributes=gone).look().confirmed == frozenset()


def test_hostile_names_are_shown_as_names(proxy: FaultProxy) -> None:
    """Who subscribes chooses the endpoint's text; it is told as it is, and escaped where it is shown."""
    assert told(("email", "a\n@x")) == "email a\n@x"
    assert told(("https", "https://user:pw@[::1")) == "https://..."
    assert told(("https", "https://user:pw@hook.example/T0/secret?k=v")) == "https://hook.example/..."
    assert proxy.seen == []
