"""The smallest policy with which `logonbell cloud up`, `status` and `down` work.

CloudFormation acts with the rights of whoever calls it. What it calls for each kind of resource stands in the schema of
that kind (CloudFormation registry, ``handlers``). Names of the stack's resources begin with the stack's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from logonbell.cloud.statements import Statement, allow
from logonbell.cloud.wanted import STACK, Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the stack stands; ``*`` for what is not said."""

    stack: str = STACK
    partition: str = "aws"
    region: str = "*"
    account: str = "*"

    def arn(self, service: str, resource: str, *, regional: bool = True) -> str:
        """Make an ARN of this place."""
        region = self.region if regional else ""
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{resource}"


def setup_statements(wanted: Wanted, place: Place) -> Iterator[Statement]:
    """List what setting up needs, as far as the options ask for it."""
    ours = f"{place.stack}-*"
    yield allow(
        "TheStack",
        _of(
            "cloudformation",
            "CreateChangeSet DescribeChangeSet ExecuteChangeSet DeleteChangeSet DescribeStacks DescribeStackEvents "
            "ListStackResources GetTemplate DeleteStack DetectStackDrift DescribeStackResourceDrifts",
        ),
        place.arn("cloudformation", f"stack/{place.stack}/*"),
    )
    yield allow("SeeDrift", "cloudformation:DescribeStackDriftDetectionStatus", "*")
    topic = wanted.topic_arn or place.arn("sns", wanted.topic_name)
    yield allow("WhoHearsTheTopic", _of("sns", _HEARING), [topic, f"{topic}:*"])
    if wanted.topic_arn is None:
        yield allow("TheTopic", _of("sns", _TOPIC), topic)
    yield allow("TheHostsPolicy", _of("iam", _POLICY), place.arn("iam", f"policy/{ours}", regional=False))
    roles = [place.arn("iam", f"role/{name}", regional=False) for name in wanted.roles or ("*",)]
    yield allow("KnowRoles", "iam:GetRole", roles)
    yield allow(
        "GiveItToHosts",
        _of("iam", "AttachRolePolicy DetachRolePolicy"),
        roles,
        {"ArnLike": {"iam:PolicyARN": place.arn("iam", f"policy/{ours}", regional=False)}},
    )
    yield allow("TheRules", _of("events", _RULES), place.arn("events", f"rule/{ours}"))
    yield allow("TheQueue", _of("sqs", _QUEUE), place.arn("sqs", ours))
    yield allow("TheAlarms", _of("cloudwatch", _ALARMS), place.arn("cloudwatch", f"alarm:{ours}"))
    yield allow("SeeTrails", "cloudtrail:DescribeTrails", "*")
    yield allow(
        "SeeTheTrail",
        _of("cloudtrail", "GetTrailStatus GetEventSelectors"),
        place.arn("cloudtrail", "trail/*"),
    )
    if wanted.hosts is not None:
        yield from _watchman(place, ours)
    if wanted.parameter is not None:
        parameter = place.arn("ssm", f"parameter/{wanted.parameter.removeprefix('/')}")
        yield allow("TheSettings", _of("ssm", _PARAMETER), parameter)
    if wanted.kms:
        yield from _key(place)


def _watchman(place: Place, ours: str) -> Iterator[Statement]:
    role = place.arn("iam", f"role/{ours}", regional=False)
    yield allow("TheWatchmansRole", _of("iam", _ROLE), role)
    to_lambda = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    yield allow("HandItTheRole", "iam:PassRole", role, to_lambda)
    yield allow("TheWatchman", _of("lambda", _FUNCTION), place.arn("lambda", f"function:{ours}"))
    yield allow("TheWatchmansLog", _of("logs", _LOG), place.arn("logs", f"log-group:{ours}"))
    yield allow(
        "SeeLogs", _of("logs", "DescribeLogGroups DescribeIndexPolicies DescribeResourcePolicies"), "*"
    )
    yield allow("SeeHosts", "ec2:DescribeInstances", "*")
    yield allow("SeeHeartbeats", "cloudwatch:GetMetricData", "*")


def _key(place: Place) -> Iterator[Statement]:
    made = {"StringEquals": {"aws:RequestTag/logonbell": place.stack}}
    yield allow("MakeItsKey", "kms:CreateKey", "*", made)
    yield allow("TagItsKey", "kms:TagResource", place.arn("kms", "key/*"), made)
    ours = {"StringEquals": {"aws:ResourceTag/logonbell": place.stack}}
    yield allow("ItsKey", _of("kms", _KEY), place.arn("kms", "key/*"), ours)


def _of(service: str, actions: str) -> list[str]:
    return [f"{service}:{action}" for action in actions.split()]


_HEARING = (
    "GetTopicAttributes ListSubscriptionsByTopic Publish Subscribe ConfirmSubscription GetSubscriptionAttributes "
    "SetSubscriptionAttributes Unsubscribe"
)
_TOPIC = "CreateTopic DeleteTopic SetTopicAttributes TagResource UntagResource ListTagsForResource GetDataProtectionPolicy"
_POLICY = (
    "CreatePolicy DeletePolicy GetPolicy GetPolicyVersion ListPolicyVersions CreatePolicyVersion DeletePolicyVersion "
    "ListEntitiesForPolicy"
)
_RULES = (
    "PutRule DeleteRule DescribeRule EnableRule DisableRule PutTargets RemoveTargets ListTargetsByRule TagResource "
    "UntagResource ListTagsForResource"
)
_QUEUE = "CreateQueue DeleteQueue GetQueueUrl GetQueueAttributes SetQueueAttributes TagQueue UntagQueue ListQueueTags"
_ALARMS = "PutMetricAlarm DeleteAlarms DescribeAlarms TagResource UntagResource ListTagsForResource"
_ROLE = (
    "CreateRole DeleteRole GetRole UpdateAssumeRolePolicy PutRolePolicy GetRolePolicy DeleteRolePolicy "
    "ListRolePolicies ListAttachedRolePolicies TagRole UntagRole"
)
_FUNCTION = (
    "CreateFunction DeleteFunction GetFunction GetFunctionConfiguration UpdateFunctionCode UpdateFunctionConfiguration "
    "GetFunctionCodeSigningConfig GetRuntimeManagementConfig GetFunctionRecursionConfig AddPermission RemovePermission "
    "GetFunctionScalingConfig GetPolicy TagResource UntagResource ListTags"
)
_LOG = (
    "CreateLogGroup DeleteLogGroup PutRetentionPolicy DeleteRetentionPolicy TagResource UntagResource ListTagsForResource "
    "GetDataProtectionPolicy"
)
_PARAMETER = "PutParameter GetParameter GetParameters DeleteParameter ListTagsForResource"
_KEY = (
    "DescribeKey PutKeyPolicy GetKeyPolicy EnableKeyRotation DisableKeyRotation GetKeyRotationStatus "
    "UpdateKeyDescription ScheduleKeyDeletion CancelKeyDeletion UntagResource ListResourceTags "
    "GenerateDataKey Decrypt"
)
