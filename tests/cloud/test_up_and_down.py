"""The stack on an emulator of CloudFormation: each resource is looked up through its own service.

What ministack does not do, so nothing here says: it attaches no policy to roles, keeps no deletion policy, looks at no
drift, confirms mail at once, answers a deleted change set with nothing, and lists resources in a change set whose
condition does not hold.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cloud_account import Account, account_in
from cloudtrail import EVENTS, SESSION, SHELL, WHO, event, transformed
from emulator import REGION, Emulator, Moto, WebHook
from fault_proxy import FaultProxy, Request
from logonbell.alert import Level
from logonbell.cli import main
from logonbell.cloud.eyes import NAMES, eyes
from logonbell.cloud.telling import transformer
from logonbell.cloud.template import filter_policy
from logonbell.cloud.written import read_template

pytestmark = pytest.mark.rig


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator for all of these; each test has a stack of its own."""
    with Emulator(tmp_path_factory.mktemp("emulator")) as running:
        yield running


@pytest.fixture
def account(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Account:
    """An account in which nothing of logonbell's stands."""
    return account_in(emulator, monkeypatch, capsys)


def test_up_makes_what_it_says(account: Account) -> None:
    """Topic, policy, subscriptions, rules, queue, alarm, function, settings: each is there, in its own service."""
    said = account.up(
        "--email", "ops@example.com", "--sms", "+819012345678", "--only", "+819012345678=critical",
        "--role", "Bastion", "--hosts", "tag:Role=bastion", "--parameter", f"/{account.stack}/settings",
    )  # fmt: skip
    assert "The trail arn:aws:cloudtrail" in said.out
    aws, ids = account.aws, account.resources()
    attributes = aws.client("sns").get_topic_attributes(TopicArn=account.topic)["Attributes"]
    assert {one["Sid"] for one in json.loads(attributes["Policy"])["Statement"]} == {
        "TlsOnly", "RolesOfThisAccount", "RulesOfThisStack", "AlarmsOfThisStack",
    }  # fmt: skip
    assert account.heard_by() == {("email", "ops@example.com"), ("sms", "+819012345678")}
    rules = aws.client("events").list_rules(NamePrefix=f"{account.stack}-")["Rules"]
    states = {one["Name"]: one["State"] for one in rules}
    assert len(states) == len(NAMES) - 1 + 1  # all but that of IAM's region, and the watchman's rounds
    assert states[ids["PasswordReadEye"]] == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    (target,) = aws.client("events").list_targets_by_rule(Rule=ids["SessionStartedEye"])["Targets"]
    assert target["Arn"] == account.topic
    queue = aws.client("sqs").get_queue_attributes(QueueUrl=ids["Undelivered"], AttributeNames=["All"])
    assert target["DeadLetterConfig"]["Arn"] == queue["Attributes"]["QueueArn"]
    assert "events.amazonaws.com" in queue["Attributes"]["Policy"]
    alarms = aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    ours = [one for one in alarms if one["AlarmActions"] == [account.topic]]
    assert {one["MetricName"] for one in ours} == {"ApproximateNumberOfMessagesVisible", "Errors"}
    function = aws.client("lambda").get_function(FunctionName=ids["Watchman"])["Configuration"]
    assert function["Environment"]["Variables"]["TAG_VALUE"] == "bastion"
    assert aws.client("iam").get_role(RoleName=ids["WatchmanRole"])["Role"]["Arn"] == function["Role"]
    # This emulator cannot read the document of a policy that CloudFormation made; the template's tests and a simulator do.
    assert aws.client("iam").get_policy(PolicyArn=ids["HostPolicy"])["Policy"]["IsAttachable"]
    settings = aws.client("ssm").get_parameter(Name=f"/{account.stack}/settings")["Parameter"]["Value"]
    assert f'topic_arn = "{account.topic}"' in settings


def test_it_rings_once_and_prints_the_settings(account: Account) -> None:
    """The first message is there before anybody logs on; settings go to stdout, for a file."""
    with WebHook() as hook:
        account.aws.client("sns").create_topic(Name=account.stack)  # as the recipe made it by hand
        account.aws.client("sns").subscribe(TopicArn=account.topic, Protocol="http", Endpoint=hook.url)
        hook.confirm(account.aws.client("sns"))
        said = account.run("up", "--topic-arn", account.topic)
        assert said.code == 0
        assert "This is a test" in hook.take("Notification")["Message"]
    assert "[notify.sns]" in said.out


def test_up_again_changes_nothing(account: Account) -> None:
    """The same once more, or nothing at all: neither changes or rings."""
    options = ["--email", "ops@example.com", "--role", "Bastion"]
    account.up(*options)
    before = account.resources()
    for again in (account.up(*options), account.run("up")):
        assert again.code == 0
        assert "Nothing is to be changed" in again.out
        assert "rings once" not in again.out
    assert account.resources() == before


def test_what_is_not_named_stays(account: Account) -> None:
    """A second mailbox is added to the first; a rule is switched off; both are shown before."""
    account.up("--email", "ops@example.com", "--hosts", "tag:Role=bastion")
    said = account.run("up", "--email", "second@example.com", "--without", "session-ended")
    assert [line for line in said.out.splitlines() if line.startswith(("  + ", "  ~ ", "  - ", "  ! "))] == [
        "  + new: email second@example.com hears the topic",
        "  ~ changed: AWS's own eye: session-ended",
    ]
    assert account.heard_by() == {("email", "ops@example.com"), ("email", "second@example.com")}
    rule = account.aws.client("events").describe_rule(Name=account.resources()["SessionEndedEye"])
    assert rule["State"] == "DISABLED"
    said = account.run("up", "--remove", "second@example.com", "--with", "session-ended")
    assert "  - taken away: email second@example.com hears the topic" in said.out.splitlines()
    assert account.heard_by() == {("email", "ops@example.com")}
    assert "Watchman" in account.resources()


def test_a_role_that_is_not_there_is_refused_before_anything_is_made(account: Account) -> None:
    """One sentence that names it, and no stack."""
    said = account.run("up", "--role", "Nobody")
    assert (said.code, said.err) == (
        1,
        "There is no role Nobody in this account. Name the role of the hosts' instance profile: aws iam list-roles\n",
    )
    assert account.run("status").code == 1


def test_what_fails_takes_everything_back(account: Account) -> None:
    """A parameter of that name is there already: the stack rolls back, says so, and can be set up afterwards."""
    name = f"/{account.stack}/settings"
    account.aws.client("ssm").put_parameter(Name=name, Value="x", Type="String")
    said = account.run("up", "--topic", account.stack, "--parameter", name)
    assert said.code == 1
    last = said.err.splitlines()[-1]
    assert last.startswith("It was not done, and CloudFormation took everything back. Settings: ")
    topics = account.aws.client("sns").list_topics()["Topics"]
    assert account.topic not in {one["TopicArn"] for one in topics}
    assert account.aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "x"
    assert account.up("--email", "ops@example.com").code == 0


def test_no_is_no(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever does not type yes changes nothing, and can be asked again."""
    import io  # noqa: PLC0415 - a person's keyboard

    monkeypatch.setattr("sys.stdin", io.StringIO("no\n"))
    code = main(["cloud", "up", "--stack", account.stack, "--topic", account.stack])
    said = account.capsys.readouterr()
    assert code == 1
    assert "  + new: the topic" in said.out
    assert "Nothing was done." in said.err
    assert account.topic not in str(account.aws.client("sns").list_topics()["Topics"])
    assert account.up("--email", "ops@example.com").code == 0


def test_down_leaves_nothing(account: Account) -> None:
    """Every resource is gone, in its own service; a second time there is nothing to take down."""
    account.up("--email", "ops@example.com", "--hosts", "tag:Role=bastion", "--role", "Bastion")
    ids = account.resources()
    assert account.run("down").code == 0
    aws = account.aws
    assert account.topic not in str(aws.client("sns").list_topics())
    assert not aws.client("events").list_rules(NamePrefix=f"{account.stack}-")["Rules"]
    assert ids["Undelivered"] not in str(aws.client("sqs").list_queues())
    assert ids["Watchman"] not in str(aws.client("lambda").list_functions())
    assert ids["HostPolicy"] not in str(aws.client("iam").list_policies(Scope="Local"))
    assert ids["WatchmanRole"] not in str(aws.client("iam").list_roles())
    again = account.run("down")
    assert (again.code, len(again.err.splitlines())) == (1, 1)


def test_a_topic_is_kept_or_nothing_is_taken_down(account: Account) -> None:
    """Where CloudFormation does not take the deletion policy, --keep-topic refuses, and the topic is still heard."""
    account.up("--email", "ops@example.com")
    said = account.run("down", "--keep-topic")
    assert said.code == 1
    assert "nothing was taken down" in said.err
    assert account.heard_by() == {("email", "ops@example.com")}


def test_an_adopted_topic_stays_as_it_is(account: Account) -> None:
    """Its policy is not written over, what it lacks is printed, and it outlives the stack."""
    sns = account.aws.client("sns")
    sns.create_topic(Name=account.stack)
    sns.subscribe(TopicArn=account.topic, Protocol="email", Endpoint="byhand@example.com")
    before = sns.get_topic_attributes(TopicArn=account.topic)["Attributes"]["Policy"]
    said = account.run("up", "--topic-arn", account.topic, "--email", "ops@example.com")
    assert said.code == 0
    start = said.out.index("[\n")
    lacking, _ = json.JSONDecoder().raw_decode(said.out[start:])
    assert {one["Sid"] for one in lacking} == {"RulesOfThisStack", "AlarmsOfThisStack"}
    assert lacking[0]["Condition"]["ArnLike"]["aws:SourceArn"].endswith(f":rule/{account.stack}-*")
    assert sns.get_topic_attributes(TopicArn=account.topic)["Attributes"]["Policy"] == before
    assert "Topic" not in account.resources()
    policy = {**json.loads(before), "Statement": [*json.loads(before)["Statement"], *lacking]}
    sns.set_topic_attributes(
        TopicArn=account.topic, AttributeName="Policy", AttributeValue=json.dumps(policy)
    )
    assert "lacks these statements" not in account.run("up").err
    assert account.run("down").code == 0
    assert account.heard_by() == {("email", "byhand@example.com")}


def test_a_topic_of_another_place_cannot_be_adopted(account: Account) -> None:
    """EventBridge rings topics of its own account and region only."""
    said = account.run("up", "--topic-arn", "arn:aws:sns:eu-west-1:123456789012:bell")
    assert said.code == 1
    assert "EventBridge rings no other" in said.err


def test_another_stack_is_left_alone(account: Account) -> None:
    """A stack of somebody else under that name is neither changed nor taken for ours."""
    template = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    cloudformation = account.aws.client("cloudformation")
    cloudformation.create_stack(StackName=account.stack, TemplateBody=json.dumps(template))
    _until(lambda: _status(account) == "CREATE_COMPLETE")
    for command in ("up", "status", "down"):
        said = account.run(command)
        assert (said.code, said.err) == (
            1,
            "This stack is not one of logonbell's. Name another with --stack; this one stays as it is.\n",
        )


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_the_printed_template_makes_the_same_stack(account: Account, form: str, tmp_path: Path) -> None:
    """Deployed with the plain AWS CLI it is what `cloud up` makes, each resource by its own service's word; `up` leaves it."""
    options = [
        "--topic", account.stack, "--email", "ops@example.com", "--sms", "+819012345678", "--only", "+819012345678=high",
        "--role", "Bastion", "--hosts", "tag:Role=bastion", "--kms", "--organization", "o-exampleorgid",
        "--parameter", f"/{account.stack}/settings", "--without", "session-ended",
    ]  # fmt: skip
    file = tmp_path / f"logonbell.{form}"
    file.write_text(account.run("template", "--format", form, *options).out, "utf-8")
    account.deploy(file)
    by_hand = account.parts()
    assert "Nothing is to be changed" in account.run("up", *options).out
    assert account.parts() == by_hand
    assert account.run("down").code == 0
    assert account.run("up", *options).code == 0
    assert account.parts() == by_hand
    assert len(by_hand) > len(NAMES) + 10


def test_what_was_overridden_by_hand_stays(account: Account) -> None:
    """A stack that the AWS CLI made with other parameters keeps them: they count as asked for."""
    printed = account.run("template", "--topic", account.stack, "--email", "ops@example.com").out
    account.aws.client("cloudformation").create_stack(
        StackName=account.stack,
        TemplateBody=printed,
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[
            {"ParameterKey": "HostTagKey", "ParameterValue": "bell"},
            {"ParameterKey": "HostTagValue", "ParameterValue": "x"},
        ],
    )
    _until(lambda: _status(account) == "CREATE_COMPLETE")
    assert account.run("up", "--email", "second@example.com").code == 0
    assert "Watchman" in account.resources()
    assert account.run("down", "--keep-topic").code == 1  # which this emulator cannot, so it stands
    assert "Watchman" in account.resources()


def test_status_tells_how_it_stands(account: Account) -> None:
    """Who hears it, what is switched off, which hosts are heard; what cannot be known says so."""
    tag = account.stack
    account.up("--email", "ops@example.com", "--hosts", f"tag:bell={tag}", "--without", "automation")
    ec2 = account.aws.client("ec2")
    names = [{"Key": "bell", "Value": tag}, {"Key": "Name", "Value": "bastion-tokyo"}]
    (instance,) = ec2.run_instances(
        ImageId="ami-1",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": names}],
    )["Instances"]
    host = instance["InstanceId"]
    account.aws.client("cloudwatch").put_metric_data(
        Namespace="logonbell",
        MetricData=[{"MetricName": "Heartbeat", "Dimensions": [{"Name": "Host", "Value": host}], "Value": 1}],
    )
    lines = account.run("status").out.splitlines()
    assert lines[0] == f"{account.stack} in {REGION}: {account.topic}"
    assert any(f"{host} (bastion-tokyo): heard " in line for line in lines), lines
    assert "  take care: Switched off, so it does not ring: automation" in lines
    assert any(
        line.startswith("  ? Not known: whether somebody changed the stack by hand.") for line in lines
    )
    subscription = account.aws.client("sns").list_subscriptions_by_topic(TopicArn=account.topic)[
        "Subscriptions"
    ][0]
    account.aws.client("sns").unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    said = account.run("status", "--format", "jsonl")
    checks = [json.loads(line) for line in said.out.splitlines()]
    assert said.code == 1
    assert any("its subscription was deleted" in one["what"] and one["mark"] == "bad" for one in checks)


def test_without_a_trail_it_says_so(account: Account) -> None:
    """EventBridge sees nothing then; the stack is made all the same, since hosts ring without."""
    trails = account.aws.client("cloudtrail")
    trails.stop_logging(Name="all")
    try:
        assert "No trail records what is called" in account.up("--email", "ops@example.com").out
    finally:
        trails.start_logging(Name="all")
    trails.put_event_selectors(
        TrailName="all", EventSelectors=[{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}]
    )
    try:
        assert "records no calls that only read" in account.run("up").out
    finally:
        trails.put_event_selectors(
            TrailName="all", EventSelectors=[{"ReadWriteType": "All", "IncludeManagementEvents": True}]
        )


@pytest.mark.parametrize("name", NAMES)
def test_each_rule_sees_its_event_and_no_other(emulator: Emulator, name: str) -> None:
    """The pattern goes through EventBridge's own test as it is; events of other rules and services do not match."""
    events = emulator.client("events")
    topic, policy = (
        EVENTS["topic-changed"]["detail"]["requestParameters"]["topicArn"],
        "arn:aws:iam::123456789012:policy/logonbell-HostPolicy-ABC",
    )
    ours = {eye.name: eye for eye in eyes(topic, f"{topic}:", policy)}
    about = EVENTS["rule-stopped"]["detail"]["requestParameters"]["name"]
    pattern = ours[name].about_rules([about]) if ours[name].names_rule else ours[name].pattern

    def matches(given: dict[str, Any]) -> bool:
        answer = events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(given))
        return bool(answer["Result"])

    assert {other for other, given in EVENTS.items() if matches(given)} == {name}
    assert not matches(event("s3", "GetObject", {"bucketName": "x"}))
    assert not matches({**EVENTS[name], "source": "com.example"})
    refused = {**EVENTS[name], "detail": {**EVENTS[name]["detail"], "errorCode": "AccessDenied"}}
    assert matches(refused) is (name.endswith("-changed") or name in {"rule-stopped", "policy-detached"})


def test_attacks_on_other_bells_do_not_ring(emulator: Emulator) -> None:
    """What is done to another topic, subscription or rule is not ours to tell."""
    topic = "arn:aws:sns:ap-northeast-1:123456789012:logonbell"
    ours = {eye.name: eye for eye in eyes(topic, f"{topic}:", "arn:p")}
    others = {
        "topic-changed": event("sns", "DeleteTopic", {"topicArn": f"{topic}-other"}),
        "subscription-changed": event("sns", "Unsubscribe", {"subscriptionArn": f"{topic}-other:1"}),
        "rule-stopped": event("events", "DisableRule", {"name": "payroll"}),
        "targets-changed": event("events", "RemoveTargets", {"rule": "payroll"}),
    }
    for name, given in others.items():
        answer = emulator.client("events").test_event_pattern(
            EventPattern=json.dumps(
                ours[name].about_rules(["ours"]) if ours[name].names_rule else ours[name].pattern
            ),
            Event=json.dumps(given),
        )
        assert not answer["Result"]


def test_an_event_arrives_as_the_text_that_is_documented(account: Account) -> None:
    """Through a copy of the rule (emulators refuse events of AWS's own sources) to a queue.

    What comes carries no attributes, so a filter that asks for a level drops it.
    """
    account.up("--email", "ops@example.com")
    every = account.aws.queue(account.topic)
    dropped = account.aws.queue(account.topic, chooses={"level": ["high", "critical"]})
    events = account.aws.client("events")
    real = events.describe_rule(Name=account.resources()["SessionStartedEye"])
    (target,) = events.list_targets_by_rule(Rule=real["Name"])["Targets"]
    pattern = {**json.loads(real["EventPattern"]), "source": ["copy.of.ssm"]}
    events.put_rule(Name=f"{account.stack}-copy", EventPattern=json.dumps(pattern), State="ENABLED")
    events.put_targets(Rule=f"{account.stack}-copy", Targets=[target])
    given = EVENTS["session-started"]
    for source in ("copy.of.ssm", "copy.of.ec2"):
        events.put_events(
            Entries=[
                {"Source": source, "DetailType": given["detail-type"], "Detail": json.dumps(given["detail"])}
            ]
        )
    wanted = transformed(target["InputTransformer"], {**given, "account": "000000000000"})
    (came,) = every.receive(1)
    assert came.body == wanted
    assert came.attributes == {}
    assert SESSION in came.body
    assert WHO in came.body
    assert dropped.rest() == []


def test_a_filter_of_ours_lets_aws_own_messages_through(tmp_path: Path) -> None:
    """What carries no level passes, and so does what is loud enough; ministack knows no absent attributes, moto does."""
    with Moto(tmp_path) as moto:
        sns = moto.client("sns")
        topic = sns.create_topic(Name="bell")["TopicArn"]
        queue = moto.queue(topic, chooses=filter_policy(Level.HIGH))
        sns.publish(TopicArn=topic, Message="of AWS")
        for level in Level:
            attributes = {"level": {"DataType": "String", "StringValue": level.word}}
            sns.publish(TopicArn=topic, Message=level.word, MessageAttributes=attributes)
        assert {one.body for one in queue.receive(3)} == {"of AWS", "high", "critical"}


def test_a_plain_shell_reads_well_too() -> None:
    """It names no document: the line is empty, the rest is there."""
    eye = {eye.name: eye for eye in eyes("t", "t:", "p")}["session-started"]
    assert transformed(transformer(eye, "en"), SHELL).count("\n") == 10


def test_the_watchman_runs_where_it_is_deployed(account: Account) -> None:
    """The code in the template, run by Lambda's own runtime in the emulator, rings for a host that was never heard."""
    tag = account.stack
    account.up("--email", "ops@example.com", "--hosts", f"tag:bell={tag}")
    code = read_template(account.run("template").out)["Resources"]["Watchman"]["Properties"]["Code"][
        "ZipFile"
    ]
    compile(code, "index.py", "exec")
    answer = account.aws.client("lambda").invoke(FunctionName=account.resources()["Watchman"], Payload=b"{}")
    assert answer.get("FunctionError") is None, answer["Payload"].read()
    assert json.loads(answer["Payload"].read()) == []


def _status(account: Account) -> str:
    described = account.aws.client("cloudformation").describe_stacks(StackName=account.stack)["Stacks"]
    return str(described[0]["StackStatus"])


def _until(true: Callable[[], bool]) -> None:
    for _ in range(100):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError


def test_the_policy_for_setting_up_holds_every_call_of_ours(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `up`, `status` and `down` ask AWS themselves, as a proxy sees it, is allowed by what --for-setup prints.

    What CloudFormation then calls for each resource no emulator shows.
    """
    options = ["--topic", account.stack, "--role", "Bastion", "--hosts", "tag:Role=bastion"]
    with FaultProxy(account.aws.port) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        account.run("up", *options, "--email", "ops@example.com")
        account.run("status")
        account.run("down")
        asked = set(map(_action, proxy.seen))
    printed = json.loads(account.run("policy", "--for-setup", *options).out)
    allowed = {
        action
        for statement in printed["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert len(asked) > 15
    # STS tells everybody who they are. Metrics are read for hosts only, of which there are none here.
    assert asked - allowed == {"sts:GetCallerIdentity"} & asked


def _action(request: Request) -> str:
    """Give the action that a request to AWS is, by the service that it is signed for."""
    service = request.headers["authorization"].split("/")[3]
    name = request.headers.get("x-amz-target", "").rpartition(".")[2] or request.form["Action"]
    return f"{service}:{name}"
