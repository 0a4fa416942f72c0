"""The cloud's own eye: what EventBridge looks for, in CloudTrail's words, and what each rule tells.

EventBridge puts values into a text as they are (user guide, *Input transformation*: "doesn't escape values"), so only
such values are told whose signs AWS itself limits: no reason, no user agent, no text that a caller chose freely. A way
in rings where it was opened; a call that AWS refused opened nothing, and whoever has any key could make thousands of
them. An attack on the bell rings also where it was refused.

Shapes: CloudTrail user guide; Session Manager, *Auditing session activity*; EC2 user guide, *Log connections
established over EC2 Instance Connect Endpoint*; EventBridge user guide, *Receiving read-only management events*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from logonbell.alert import Level
from logonbell.sentence import Sentence, say

Value = str | Mapping[str, Any]

ON = "ENABLED"
OFF = "DISABLED"
ON_WITH_READING = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
"""EventBridge's state in which a rule sees calls that only read."""

_WHO = "detail.userIdentity.arn"
_COMMON = {
    "who": _WHO,
    "address": "detail.sourceIPAddress",
    "time": "detail.eventTime",
    "action": "detail.eventName",
    "account": "account",
    "region": "region",
    "event": "detail.eventID",
}


@dataclass(frozen=True, slots=True)
class Eye:
    """A rule: which calls of which service it sees, and what it tells of them.

    ``facts``: what is told besides who, from where and when; each with its path in the event.
    ``about``: what the request must be about, as a pattern; None for anything.
    """

    name: str
    api: str
    calls: tuple[str, ...]
    headline: Sentence
    facts: Mapping[str, tuple[Sentence, str]]
    step: Sentence
    level: Level = Level.HIGH
    reads: bool = False
    refused_too: bool = False
    about: Mapping[str, Any] = field(default_factory=dict)
    only_where_iam_is: bool = False
    names_rule: str = ""
    """The part of the request that names a rule; empty, where it is about none. Rules are named where they are made."""
    by_hand: bool = False
    """Whether what CloudFormation calls for somebody is left out: making a stack calls it for each rule."""

    @property
    def logical(self) -> str:
        """Its name in the template."""
        return f"{self.switch}Eye"

    @property
    def switch(self) -> str:
        """The name of the parameter that switches it."""
        return "".join(part.capitalize() for part in self.name.split("-"))

    @property
    def on(self) -> str:
        """The state in which it sees."""
        return ON_WITH_READING if self.reads else ON

    @property
    def pattern(self) -> dict[str, Any]:
        """What EventBridge looks for."""
        service = self.api.partition(".")[0]
        detail: dict[str, Any] = {"eventSource": [self.api], "eventName": list(self.calls)}
        if self.about:
            detail["requestParameters"] = dict(self.about)
        if not self.refused_too:
            detail["errorCode"] = [{"exists": False}]
        if self.by_hand:
            detail["sourceIPAddress"] = [{"anything-but": ["cloudformation.amazonaws.com"]}]
        return {
            "source": [f"aws.{service}"],
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": detail,
        }

    def about_rules(self, names: list[Any]) -> dict[str, Any]:
        """Give the pattern for requests about the rules of these names."""
        pattern = self.pattern
        pattern["detail"]["requestParameters"] = {**self.about, self.names_rule: names}
        return pattern

    @property
    def paths(self) -> dict[str, str]:
        """Where in the event each value stands."""
        error = {"error": "detail.errorCode"} if self.refused_too else {}
        own = {name: path for name, (_, path) in self.facts.items()}
        return {name: f"$.{path}" for name, path in {**_COMMON, **error, **own}.items()}


def _named(*names: str) -> dict[str, str]:
    return {name: f"<{name}>" for name in names}


_SESSION = (say("Session id"), "detail.responseElements.sessionId")
_TARGET = say("Target")
_DOCUMENT = (say("Document"), "detail.requestParameters.documentName")
_EXPECTED = say("If you do not expect this, ask the person, by another way than this host.")
_UNPLANNED = say("If nobody planned this, look who may call it, and what else they called: CloudTrail.")


def eyes(topic: Value, topic_begins: Value, policy: Value) -> tuple[Eye, ...]:
    """List the rules. ``topic``, ``policy``: their ARNs; ``topic_begins``: how that of a subscription of ours begins."""
    return (
        Eye(
            "session-started",
            "ssm.amazonaws.com",
            ("StartSession",),
            say(
                "SSM session started: {who} on {target} from {address}", **_named("who", "target", "address")
            ),
            {
                "target": (_TARGET, "detail.requestParameters.target"),
                "document": _DOCUMENT,
                "session": _SESSION,
            },
            say(
                "The host's own alert of it came before and carries the same session id. If none came, the agent may be dead."
            ),
        ),
        Eye(
            "session-resumed",
            "ssm.amazonaws.com",
            ("ResumeSession",),
            say("SSM session resumed: {who} from {address}", **_named("who", "address")),
            {"session": _SESSION},
            _EXPECTED,
        ),
        Eye(
            "session-ended",
            "ssm.amazonaws.com",
            ("TerminateSession",),
            say("SSM session ended: by {who} from {address}", **_named("who", "address")),
            {"session": _SESSION},
            say("Nothing, if its beginning was expected."),
            Level.LOW,
        ),
        Eye(
            "fleet-manager",
            "ssm-guiconnect.amazonaws.com",
            ("StartConnection",),
            say("Fleet Manager RDP: {who} on {target} from {address}", **_named("who", "target", "address")),
            {
                "target": (_TARGET, "detail.requestParameters.InstanceId"),
                "kind": (say("Authentication"), "detail.requestParameters.AuthType"),
            },
            _EXPECTED,
        ),
        Eye(
            "run-command",
            "ssm.amazonaws.com",
            ("SendCommand",),
            say("Run Command: {who} ran {document} from {address}", **_named("who", "document", "address")),
            {
                "document": _DOCUMENT,
                "target": (say("First target"), "detail.requestParameters.instanceIds[0]"),
                "command": (say("Command id"), "detail.responseElements.command.commandId"),
            },
            _EXPECTED,
            Level.MEDIUM,
        ),
        Eye(
            "automation",
            "ssm.amazonaws.com",
            ("StartAutomationExecution",),
            say("Automation: {who} ran {document} from {address}", **_named("who", "document", "address")),
            {
                "document": _DOCUMENT,
                "execution": (say("Execution id"), "detail.responseElements.automationExecutionId"),
            },
            _EXPECTED,
            Level.MEDIUM,
        ),
        Eye(
            "instance-connect",
            "ec2-instance-connect.amazonaws.com",
            ("SendSSHPublicKey",),
            say(
                "EC2 Instance Connect: {who} on {target} from {address}", **_named("who", "target", "address")
            ),
            {"target": (_TARGET, "detail.requestParameters.instanceId")},
            _EXPECTED,
        ),
        Eye(
            "instance-connect-tunnel",
            "ec2-instance-connect.amazonaws.com",
            ("OpenTunnel",),
            say(
                "EC2 Instance Connect tunnel: {who} to {target} port {port} from {address}",
                **_named("who", "target", "port", "address"),
            ),
            {
                "target": (_TARGET, "detail.requestParameters.privateIpAddress"),
                "port": (say("Port"), "detail.requestParameters.remotePort"),
                "endpoint": (say("Endpoint"), "detail.requestParameters.instanceConnectEndpointId"),
            },
            _EXPECTED,
        ),
        Eye(
            "serial-console",
            "ec2-instance-connect.amazonaws.com",
            ("SendSerialConsoleSSHPublicKey",),
            say("EC2 serial console: {who} on {target} from {address}", **_named("who", "target", "address")),
            {"target": (_TARGET, "detail.requestParameters.instanceId")},
            _EXPECTED,
        ),
        Eye(
            "password-read",
            "ec2.amazonaws.com",
            ("GetPasswordData",),
            say(
                "Windows password read: {who} of {target} from {address}",
                **_named("who", "target", "address"),
            ),
            {"target": (_TARGET, "detail.requestParameters.instanceId")},
            say("Change the Administrator's password, if it is still the one that EC2 made."),
            reads=True,
        ),
        Eye(
            "topic-changed",
            "sns.amazonaws.com",
            ("DeleteTopic", "SetTopicAttributes", "AddPermission", "RemovePermission"),
            say(
                "The bell was touched: {action} by {who} from {address}", **_named("action", "who", "address")
            ),
            {},
            _UNPLANNED,
            Level.CRITICAL,
            refused_too=True,
            about={"topicArn": [topic]},
        ),
        Eye(
            "subscription-changed",
            "sns.amazonaws.com",
            ("Unsubscribe", "SetSubscriptionAttributes"),
            say(
                "The bell was touched: {action} by {who} from {address}", **_named("action", "who", "address")
            ),
            {"subscription": (say("Subscription"), "detail.requestParameters.subscriptionArn")},
            say("See who still hears it: logonbell cloud status"),
            Level.CRITICAL,
            refused_too=True,
            about={"subscriptionArn": [{"prefix": topic_begins}]},
        ),
        Eye(
            "targets-changed",
            "events.amazonaws.com",
            ("PutTargets", "RemoveTargets"),
            say(
                "The bell was touched: {action} by {who} from {address}", **_named("action", "who", "address")
            ),
            {"rule": (say("Rule"), "detail.requestParameters.rule")},
            _UNPLANNED,
            Level.CRITICAL,
            refused_too=True,
            names_rule="rule",
            by_hand=True,
        ),
        Eye(
            "rule-stopped",
            "events.amazonaws.com",
            ("DisableRule", "DeleteRule", "PutRule"),
            say(
                "The bell was touched: {action} by {who} from {address}", **_named("action", "who", "address")
            ),
            {"rule": (say("Rule"), "detail.requestParameters.name")},
            _UNPLANNED,
            Level.CRITICAL,
            refused_too=True,
            # PutRule says so of a rule that it lets ring, as CloudFormation does of each that it makes.
            about={"state": [{"exists": False}, OFF]},
            names_rule="name",
        ),
        Eye(
            "trail-stopped",
            "cloudtrail.amazonaws.com",
            ("StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors"),
            say(
                "The trail was touched: {action} by {who} from {address}",
                **_named("action", "who", "address"),
            ),
            {},
            say(
                "See that it still records all calls: without a trail AWS tells nobody who came. Then look what was done "
                "meanwhile."
            ),
            Level.CRITICAL,
        ),
        Eye(
            "policy-detached",
            "iam.amazonaws.com",
            ("DetachRolePolicy", "DeletePolicy", "CreatePolicyVersion", "SetDefaultPolicyVersion"),
            say(
                "The bell was touched: {action} by {who} from {address}", **_named("action", "who", "address")
            ),
            {},
            say("Without the policy its hosts cannot ring. Attach it again: logonbell cloud up"),
            Level.CRITICAL,
            refused_too=True,
            about={"policyArn": [policy]},
            only_where_iam_is=True,
        ),
    )


NAMES = tuple(eye.name for eye in eyes("", "", ""))
"""By these they are switched on and off."""
