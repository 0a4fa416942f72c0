"""What a stack that stands was asked for, read back from its template and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from logonbell.alert import Level
from logonbell.cloud.eyes import OFF, eyes
from logonbell.cloud.parameters import YES
from logonbell.cloud.template import filter_policy
from logonbell.cloud.wanted import Subscriber, Tag, Wanted
from logonbell.cloud.written import Template
from logonbell.errors import Refused
from logonbell.sentence import say
from logonbell.text.language import LANGUAGES


def wanted_of(template: Template, parameters: Mapping[str, str]) -> Wanted:
    """Read back what was asked for. Raises ``Refused`` for a template that is not ours."""
    try:
        return _read(template, parameters)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise Refused(
            say("This stack is not one of logonbell's."),
            say("Name another with --stack; this one stays as it is."),
        ) from error


def subscribers_of(template: Template) -> tuple[Subscriber, ...]:
    """Read back who hears the topic."""
    heard = [
        one["Properties"] for one in template["Resources"].values() if one["Type"] == "AWS::SNS::Subscription"
    ]
    return tuple(
        sorted(Subscriber(one["Protocol"], one["Endpoint"], _least(one.get("FilterPolicy"))) for one in heard)
    )


def _read(template: Template, parameters: Mapping[str, str]) -> Wanted:
    key, value = parameters["HostTagKey"], parameters["HostTagValue"]
    language = template.get("Metadata", {}).get("Language", "en")
    return Wanted(
        subscribers=subscribers_of(template),
        roles=tuple(sorted(filter(None, parameters["Roles"].split(",")))),
        hosts=Tag(key, value) if key else None,
        topic_name=parameters["TopicName"],
        topic_arn=parameters["TopicArn"] or None,
        kms=parameters["Encrypt"] == YES,
        organization=parameters["Organization"] or None,
        parameter=parameters["ParameterName"] or None,
        may_look=parameters["MayLook"] == YES,
        may_list_sessions=parameters["MayListSessions"] == YES,
        # A rule that came with a newer logonbell is not in an older stack: it will ring.
        silent=frozenset(eye.name for eye in eyes("", "", "") if parameters.get(eye.switch) == OFF),
        language=language if language in LANGUAGES else "en",
    )


def _least(filtered: Any) -> Level | None:
    if not filtered:
        return None
    return next(level for level in Level if filter_policy(level) == filtered)
