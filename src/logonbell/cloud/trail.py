"""Whether a trail records what is called: without one EventBridge sees no call (EventBridge user guide)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from logonbell.cloud.services import Services
from logonbell.notifiers.aws import Aws, NotAnswered
from logonbell.notifiers.check import Check, Mark, unknown
from logonbell.sentence import say


def look_for_trail(services: Services) -> Check:
    """Look whether a trail records the management events of this region. Raises nothing for what AWS does."""
    aws = services["cloudtrail"]
    what = say("whether a trail records what is called")
    try:
        trails = aws.ask(lambda one: one.describe_trails(includeShadowTrails=True))["trailList"]
    except NotAnswered as lost:
        return unknown("trail", what, "cloudtrail:DescribeTrails", lost)
    reading_too = None
    for trail in trails:
        if not trail.get("IsMultiRegionTrail") and trail.get("HomeRegion") != services.region:
            continue
        arn = trail["TrailARN"]
        try:
            kinds = _kinds(aws, arn)
        except NotAnswered as lost:
            return unknown("trail", what, "cloudtrail:GetTrailStatus, cloudtrail:GetEventSelectors", lost)
        if "All" in kinds or {"ReadOnly", "WriteOnly"} <= kinds:
            return Check("trail", Mark.GOOD, say("The trail {trail} records what is called.", trail=arn))
        if "WriteOnly" in kinds:
            reading_too = arn
    if reading_too is not None:
        why = say(
            "The trail {trail} records no calls that only read, so nobody is told of a password that is read. Let it "
            "record them, or leave that out: --without password-read",
            trail=reading_too,
        )
        return Check("trail", Mark.CARE, why)
    why = say(
        "No trail records what is called in {region}, so AWS's own eye sees nothing. Create one in the CloudTrail console; "
        "the hosts ring without.",
        region=services.region,
    )
    return Check("trail", Mark.BAD, why)


def _kinds(aws: Aws, arn: str) -> set[str]:
    """Find which management events a trail records now. Raises ``NotAnswered``."""
    if not aws.ask(lambda one: one.get_trail_status(Name=arn)).get("IsLogging"):
        return set()
    return set(_recorded(aws.ask(lambda one: one.get_event_selectors(TrailName=arn))))


def _recorded(selectors: Mapping[str, Any]) -> Iterator[str]:
    """List which management events are recorded, in CloudTrail's words."""
    for one in selectors.get("EventSelectors") or []:
        if one.get("IncludeManagementEvents", True):
            yield one.get("ReadWriteType", "All")
    for one in selectors.get("AdvancedEventSelectors") or []:
        fields = {field["Field"]: field.get("Equals", []) for field in one.get("FieldSelectors", [])}
        if "Management" in fields.get("eventCategory", []):
            reads = fields.get("readOnly")
            yield "All" if not reads else "ReadOnly" if "true" in reads else "WriteOnly"
