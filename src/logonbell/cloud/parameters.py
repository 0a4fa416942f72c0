"""The parameters of the template, with what is asked for as their defaults, and the conditions that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from logonbell.cloud.eyes import OFF, Eye
from logonbell.cloud.intrinsic import ref
from logonbell.cloud.wanted import Wanted

YES, NO = "yes", "no"


def parameters(wanted: Wanted, looking: tuple[Eye, ...]) -> dict[str, Any]:
    """List the parameters, with what is wanted as their defaults."""
    tag = wanted.hosts
    text = {
        "TopicName": (wanted.topic_name, "The topic's name"),
        "TopicArn": (
            wanted.topic_arn or "",
            "A topic that is there already, instead of one of the stack's own",
        ),
        "Organization": (
            wanted.organization or "",
            "An organization (o-...) whose accounts may publish, too",
        ),
        "HostTagKey": (
            tag.key if tag else "",
            "Hosts whose heartbeat is watched carry this tag; empty: none is",
        ),
        "HostTagValue": (tag.value if tag else "", "The tag's value"),
        "ParameterName": (
            wanted.parameter or "",
            "A parameter of the SSM Parameter Store for the hosts' settings",
        ),
    }
    switches = {
        "Encrypt": (wanted.kms, "Whether the topic is encrypted with a key of its own"),
        "MayLook": (wanted.may_look, "Whether hosts may look once a day who hears the topic"),
        "MayListSessions": (wanted.may_list_sessions, "Whether hosts may read the reason of a session"),
    }
    return {
        **{
            name: {"Type": "String", "Default": value, "Description": about}
            for name, (value, about) in text.items()
        },
        "Roles": {
            "Type": "CommaDelimitedList",
            "Default": ",".join(wanted.roles),
            "Description": "The roles of the hosts, which get the policy",
        },
        **{
            name: {
                "Type": "String",
                "Default": YES if value else NO,
                "AllowedValues": [YES, NO],
                "Description": about,
            }
            for name, (value, about) in switches.items()
        },
        **{
            eye.switch: {
                "Type": "String",
                "Default": OFF if eye.name in wanted.silent else eye.on,
                "AllowedValues": [eye.on, OFF],
                "Description": ", ".join(eye.calls),
            }
            for eye in looking
        },
    }


CONDITIONS: Mapping[str, Any] = {
    "OwnTopic": {"Fn::Equals": [ref("TopicArn"), ""]},
    "Encrypted": {"Fn::And": [{"Condition": "OwnTopic"}, {"Fn::Equals": [ref("Encrypt"), YES]}]},
    "OfOrganization": {"Fn::Not": [{"Fn::Equals": [ref("Organization"), ""]}]},
    "HasRoles": {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", ref("Roles")]}, ""]}]},
    "HasHosts": {"Fn::Not": [{"Fn::Equals": [ref("HostTagKey"), ""]}]},
    "HasParameter": {"Fn::Not": [{"Fn::Equals": [ref("ParameterName"), ""]}]},
    "Looks": {"Fn::Equals": [ref("MayLook"), YES]},
    "ListsSessions": {"Fn::Equals": [ref("MayListSessions"), YES]},
    # IAM's calls are recorded in one region of a partition only (CloudTrail user guide, *Global service events*).
    "WhereIamIs": {
        "Fn::Or": [
            {"Fn::Equals": [ref("AWS::Region"), region]}
            for region in ("us-east-1", "cn-north-1", "us-gov-west-1")
        ]
    },
}
