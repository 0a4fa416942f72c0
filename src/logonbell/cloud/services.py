"""AWS's services in one region, each asked through the one door."""

from __future__ import annotations

from logonbell.cloud.refusal import refused
from logonbell.errors import Refused
from logonbell.notifiers.aws import Aws, NotAnswered, chosen_region
from logonbell.sentence import say

READ_SECONDS = 30.0
"""Longer than an alert waits: a person sits before it, and CloudFormation takes its time."""


class Services:
    """AWS's services in one region."""

    def __init__(self, region: str) -> None:
        self.region = region
        self._known: dict[str, Aws] = {}

    def __getitem__(self, service: str) -> Aws:
        """Give a service by boto3's name."""
        if service not in self._known:
            self._known[service] = Aws(service, self.region, read_seconds=READ_SECONDS)
        return self._known[service]

    def close(self) -> None:
        """Close what is open."""
        for aws in self._known.values():
            aws.forget()


def services(region: str | None) -> Services:
    """Give the services of a region, else of that which the AWS configuration names. Raises ``Refused``."""
    try:
        chosen = region or chosen_region()
    except NotAnswered as lost:
        raise refused(lost, "sts:GetCallerIdentity") from lost
    if not chosen:
        raise Refused(
            say("Nothing says in which region the stack stands."),
            say("Name it, as in: --region ap-northeast-1"),
        )
    return Services(chosen)
