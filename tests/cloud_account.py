"""An account in an emulator of AWS, and ``logonbell cloud`` run in it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from emulator import REGION, Emulator
from logonbell.cli import main
from stack_parts import parts


@dataclass
class Said:
    """What a run ended with, and what it said."""

    code: int
    out: str
    err: str


@dataclass
class Account:
    """An account in the emulator, and the program that is run in it."""

    aws: Emulator
    stack: str
    capsys: pytest.CaptureFixture[str]

    def run(self, command: str, *arguments: str) -> Said:
        """Run ``logonbell cloud``."""
        self.capsys.readouterr()
        place = [] if command in {"template", "policy"} else ["--stack", self.stack]
        yes = ["--yes"] if command in {"up", "down"} else []
        code = main(["cloud", command, *place, *yes, *arguments])
        said = self.capsys.readouterr()
        return Said(code, said.out, said.err)

    def up(self, *arguments: str) -> Said:
        """Set it up; it must work."""
        said = self.run("up", "--topic", self.stack, *arguments)
        assert said.code == 0, said
        return said

    @property
    def topic(self) -> str:
        """The topic's ARN."""
        return f"arn:aws:sns:{REGION}:000000000000:{self.stack}"

    def listed(self) -> dict[str, Mapping[str, str]]:
        """Give the stack's resources as CloudFormation lists them, by their names in the template."""
        listed = self.aws.client("cloudformation").describe_stack_resources(StackName=self.stack)
        return {one["LogicalResourceId"]: one for one in listed["StackResources"]}

    def resources(self) -> dict[str, str]:
        """Give their physical ids."""
        return {name: one["PhysicalResourceId"] for name, one in self.listed().items()}

    def heard_by(self) -> set[tuple[str, str]]:
        """Say who is subscribed, as SNS has it."""
        listed = self.aws.client("sns").list_subscriptions_by_topic(TopicArn=self.topic)["Subscriptions"]
        return {(one["Protocol"], one["Endpoint"]) for one in listed}

    def parts(self, listed: Mapping[str, Mapping[str, str]] | None = None) -> dict[str, Any]:
        """Look each resource of the stack up through its own service, or those that were listed before."""
        return parts(self.aws.client, self.listed() if listed is None else listed)

    def deploy(self, template: Path) -> None:
        """Deploy a template as the page says, with the AWS CLI; its credentials are those of the test."""
        aws = Path(sys.executable).with_name("aws")
        named = ["--template-file", str(template), "--stack-name", self.stack]
        done = subprocess.run(
            [aws, "cloudformation", "deploy", *named, "--capabilities", "CAPABILITY_IAM"],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def account_in(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Account:
    """Give an account in which nothing of logonbell's stands, with a role for hosts and a trail."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    iam, trails = emulator.client("iam"), emulator.client("cloudtrail")
    if not any(one["RoleName"] == "Bastion" for one in iam.list_roles()["Roles"]):
        iam.create_role(RoleName="Bastion", AssumeRolePolicyDocument="{}")
        trails.create_trail(Name="all", S3BucketName="logs", IsMultiRegionTrail=True)
        trails.put_event_selectors(
            TrailName="all", EventSelectors=[{"ReadWriteType": "All", "IncludeManagementEvents": True}]
        )
        trails.start_logging(Name="all")
    return Account(emulator, f"bell-{uuid4().hex[:8]}", capsys)
