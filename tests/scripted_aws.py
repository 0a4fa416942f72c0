"""Answers as AWS gives them, where no emulator can: rights that are missing, roles, pending mail, keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from xml.sax.saxutils import escape

from fault_proxy import Answer, error

ROLE = "arn:aws:iam::123456789012:role/ops/Bastion"
SESSION = "arn:aws:sts::123456789012:assumed-role/Bastion/i-0123456789abcdef0"


def forbidden(action: str) -> Answer:
    """What AWS says to who lacks a right."""
    return error(403, "AuthorizationError", f"User: {SESSION} is not authorized to perform: {action}")


def topic_attributes(**attributes: str) -> Answer:
    """What GetTopicAttributes gives."""
    return _query("GetTopicAttributes", f"<Attributes>{_entries(attributes)}</Attributes>")


def subscription_attributes(**attributes: str) -> Answer:
    """What GetSubscriptionAttributes gives."""
    return _query("GetSubscriptionAttributes", f"<Attributes>{_entries(attributes)}</Attributes>")


def subscriptions(*listed: tuple[str, str, str], token: str = "") -> Answer:
    """What ListSubscriptionsByTopic gives: ARN, protocol and endpoint of each; ``token`` where there are more."""
    members = "".join(
        f"<member><SubscriptionArn>{arn}</SubscriptionArn><Owner>123456789012</Owner><Protocol>{protocol}</Protocol>"
        f"<Endpoint>{escape(endpoint)}</Endpoint><TopicArn>t</TopicArn></member>"
        for arn, protocol, endpoint in listed
    )
    more = f"<NextToken>{token}</NextToken>" if token else ""
    return _query("ListSubscriptionsByTopic", f"<Subscriptions>{members}</Subscriptions>{more}")


def caller(arn: str = SESSION) -> Answer:
    """What STS says of who asks."""
    return _query(
        "GetCallerIdentity", f"<Arn>{arn}</Arn><UserId>AROA:i</UserId><Account>{arn.split(':')[4]}</Account>"
    )


def role(arn: str = ROLE) -> Answer:
    """What IAM says of a role."""
    return _query(
        "GetRole",
        f"<Role><Path>/ops/</Path><RoleName>Bastion</RoleName><RoleId>AROA</RoleId><Arn>{arn}</Arn>"
        "<CreateDate>2026-01-01T00:00:00Z</CreateDate></Role>",
    )


def simulated(**decisions: str) -> Answer:
    """What IAM's simulation decides, by action (``sns_Publish``)."""
    members = "".join(
        f"<member><EvalActionName>{action.replace('_', ':')}</EvalActionName><EvalDecision>{decision}</EvalDecision></member>"
        for action, decision in decisions.items()
    )
    return _query("SimulatePrincipalPolicy", f"<EvaluationResults>{members}</EvaluationResults>")


def key(arn: str, state: str) -> Answer:
    """What KMS says of a key."""
    body = {"KeyMetadata": {"KeyId": arn.rpartition("/")[2], "Arn": arn, "KeyState": state}}
    return Answer(200, json.dumps(body).encode(), {"Content-Type": "application/x-amz-json-1.1"})


def json_error(code: str) -> Answer:
    """A refusal of a service that speaks JSON, as KMS does."""
    body = {"__type": code, "message": "as asked"}
    return Answer(400, json.dumps(body).encode(), {"Content-Type": "application/x-amz-json-1.1"})


def _query(action: str, result: str) -> Answer:
    text = (
        f"<{action}Response><{action}Result>{result}</{action}Result>"
        f"<ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></{action}Response>"
    )
    return Answer(200, text.encode())


def _entries(attributes: Mapping[str, str]) -> str:
    return "".join(
        f"<entry><key>{name}</key><value>{escape(value)}</value></entry>"
        for name, value in attributes.items()
    )
