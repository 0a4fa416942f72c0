"""The guard of conftest.py does guard."""

from __future__ import annotations

import os
from pathlib import Path

import boto3
import botocore.exceptions
import pytest
from botocore.config import Config

from logonbell.sources import linux


def test_home_is_not_the_real_one() -> None:
    """Code under test sees an empty home folder of the test run's own."""
    assert list(Path.home().iterdir()) == []
    assert "pytest" in str(Path.home())


def test_the_logs_of_this_machine_are_not_followed() -> None:
    """Where settings name no source, none is found, whatever journal the machine under the tests keeps."""
    assert str(linux.ROOT) != "/"
    assert linux.logs_here() == linux.LinuxLogs(journal=False)


def test_aws_cannot_be_reached() -> None:
    """A client that names no emulator reaches nothing: dummy credentials, a dead endpoint, no instance metadata."""
    client = boto3.client("sns", config=Config(retries={"max_attempts": 0}))
    assert client.meta.endpoint_url == "http://127.0.0.1:9"
    with pytest.raises(botocore.exceptions.EndpointConnectionError):
        client.list_topics()
    assert os.environ["AWS_EC2_METADATA_DISABLED"] == "true"
