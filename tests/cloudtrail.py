"""Events as CloudTrail hands them to EventBridge, shaped as AWS documents them, and what EventBridge makes of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

WHO = "arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/alice@example.com"
SESSION = "alice@example.com-0e34861185201706f"
INSTANCE = "i-0123456789abcdef0"
TOPIC = "arn:aws:sns:ap-northeast-1:123456789012:logonbell"


def event(
    service: str,
    name: str,
    request: Mapping[str, Any],
    response: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Make an event of a call that ``WHO`` made; ``more``: further keys of the record, such as ``errorCode``."""
    detail = {
        "eventVersion": "1.11",
        "userIdentity": {"type": "AssumedRole", "principalId": "AROAEXAMPLE:alice", "arn": WHO},
        "eventTime": "2026-03-03T08:05:00Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "ap-northeast-1",
        "sourceIPAddress": "203.0.113.5",
        "userAgent": "aws-cli/2",
        "requestParameters": dict(request),
        "responseElements": None if response is None else dict(response),
        "eventID": "9e2b3bf0-8f58-4d50-83af-b3175b68c2f8",
        "readOnly": name.startswith("Get"),
        "eventType": "AwsApiCall",
        **more,
    }
    return {
        "version": "0",
        "id": "12345678-1234-1234-1234-111122223333",
        "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{service}",
        "account": "123456789012",
        "time": "2026-03-03T08:05:02Z",
        "region": "ap-northeast-1",
        "resources": [],
        "detail": detail,
    }


SHELL = event(
    "ssm", "StartSession", {"target": INSTANCE}, {"sessionId": SESSION, "tokenValue": "Value hidden"}
)
EVENTS: Mapping[str, dict[str, Any]] = {
    "session-started": event(
        "ssm",
        "StartSession",
        {
            "target": INSTANCE,
            "documentName": "AWS-StartPortForwardingSession",
            "parameters": {"portNumber": ["3389"]},
        },
        {"sessionId": SESSION, "tokenValue": "Value hidden due to security reasons."},
    ),
    "session-resumed": event("ssm", "ResumeSession", {"sessionId": SESSION}, {"sessionId": SESSION}),
    "session-ended": event("ssm", "TerminateSession", {"sessionId": SESSION}, {"sessionId": SESSION}),
    "fleet-manager": event(
        "ssm-guiconnect",
        "StartConnection",
        {
            "AuthType": "Credentials",
            "Protocol": "RDP",
            "ConnectionType": "SessionManager",
            "InstanceId": INSTANCE,
        },
    ),
    "run-command": event(
        "ssm",
        "SendCommand",
        {"documentName": "AWS-RunPowerShellScript", "instanceIds": [INSTANCE, "i-2"], "parameters": "HIDDEN"},
        {"command": {"commandId": "0b6e1f4c-1111-2222-3333-444455556666"}},
    ),
    "automation": event(
        "ssm",
        "StartAutomationExecution",
        {"documentName": "AWS-RestartEC2Instance"},
        {"automationExecutionId": "73c8eef8-f4ee-4a05-820c-e354fEXAMPLE"},
    ),
    "instance-connect": event(
        "ec2-instance-connect", "SendSSHPublicKey", {"instanceId": INSTANCE, "instanceOSUser": "ec2-user"}
    ),
    "instance-connect-tunnel": event(
        "ec2-instance-connect",
        "OpenTunnel",
        {
            "instanceConnectEndpointId": "eici-0123456789EXAMPLE",
            "maxTunnelDuration": "3600",
            "remotePort": "22",
            "privateIpAddress": "10.0.1.1",
        },
    ),
    "serial-console": event(
        "ec2-instance-connect", "SendSerialConsoleSSHPublicKey", {"instanceId": INSTANCE, "serialPort": 0}
    ),
    "password-read": event("ec2", "GetPasswordData", {"instanceId": INSTANCE}),
    "topic-changed": event("sns", "SetTopicAttributes", {"topicArn": TOPIC, "attributeName": "Policy"}),
    "subscription-changed": event(
        "sns", "Unsubscribe", {"subscriptionArn": f"{TOPIC}:7c1f2d6e-0000-4000-8000-0123456789ab"}
    ),
    "targets-changed": event(
        "events", "RemoveTargets", {"rule": "logonbell-SessionStartedEye-ABC", "ids": ["topic"]}
    ),
    "rule-stopped": event("events", "DisableRule", {"name": "logonbell-SessionStartedEye-ABC"}),
    "trail-stopped": event("cloudtrail", "StopLogging", {"name": "management"}),
    "policy-detached": event(
        "iam",
        "DetachRolePolicy",
        {"roleName": "Bastion", "policyArn": "arn:aws:iam::123456789012:policy/logonbell-HostPolicy-ABC"},
    ),
}
"""An event for each rule, by its name."""


def transformed(transformer: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """Fill an input template as the EventBridge user guide says (*Input transformation*).

    A path that is not there gives nothing; a value is put in as it is, with nothing escaped; the quotation marks that a
    string needs stay.
    """
    values = {name: _at(path, given) for name, path in transformer["InputPathsMap"].items()}
    return re.sub(r"<([\w-]+)>", lambda found: values[found[1]], transformer["InputTemplate"])


def _at(path: str, given: Any) -> str:
    for part in re.findall(r"[^.\[\]$]+", path):
        try:
            given = given[int(part) if isinstance(given, list) else part]
        except (KeyError, IndexError, TypeError, ValueError):
            return ""
    return str(given)
