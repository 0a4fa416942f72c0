"""Which instance this is, by its own metadata service."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from emulator import free_port
from logonbell.host import Instance
from logonbell.instance import may_be_instance, this_instance
from metadata import DOCUMENT, Metadata


def ask(url: str, **more: str) -> Instance | None:
    """Ask the service at an address."""
    return this_instance({"AWS_EC2_METADATA_SERVICE_ENDPOINT": url, **more}, seconds=0.3)


def test_an_instance_is_known_by_id_region_account_and_name() -> None:
    """IMDSv2: a token first, then what is asked for."""
    with Metadata() as service:
        assert ask(service.url) == Instance(
            "i-0123456789abcdef0", "ap-northeast-1", "123456789012", "bastion-tokyo"
        )
    with Metadata(name=None) as service:
        assert ask(service.url) == Instance("i-0123456789abcdef0", "ap-northeast-1", "123456789012", None)


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        "x",
        {**DOCUMENT, "instanceId": "i-1\n"},
        {**DOCUMENT, "region": "evil.example"},
        {**DOCUMENT, "accountId": 1},
    ],
)
def test_what_does_not_look_like_aws_is_no_instance(document: Any) -> None:
    """Something else may answer at that address in another network."""
    with Metadata(document) as service:
        assert ask(service.url) is None


def test_where_nobody_answers_it_is_no_instance() -> None:
    """Nobody there, nobody who answers, and a service that is switched off: each ends in its time."""
    assert ask(f"http://127.0.0.1:{free_port()}") is None
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert ask(f"http://127.0.0.1:{silent.getsockname()[1]}") is None
    assert ask("http://[") is None
    with Metadata() as service:
        assert ask(service.url, AWS_EC2_METADATA_DISABLED="true") is None
        assert service.asked == []


@pytest.mark.parametrize(
    ("file", "word", "may_be"),
    [
        ("sys_vendor", "Amazon EC2\n", True),
        ("bios_version", "4.11.amazon\n", True),
        ("sys_vendor", "QEMU\n", False),
        ("nothing", "", False),
    ],
)
def test_only_what_is_made_by_amazon_is_asked(file: str, word: str, may_be: bool, tmp_path: Path) -> None:
    """Elsewhere nothing is sent to an address that may be somebody's; the environment's word goes before the firmware's."""
    (tmp_path / file).write_text(word)
    assert may_be_instance({}, tmp_path) is may_be
    assert not may_be_instance({"AWS_EC2_METADATA_DISABLED": "TRUE"}, tmp_path)
    assert may_be_instance({"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://[fd00:ec2::254]"}, tmp_path)


def test_a_tag_is_no_longer_than_aws_lets_it_be() -> None:
    """Whoever answers there may be somebody else, and it stands in every message."""
    with Metadata(name="x" * 1000) as service:
        here = ask(service.url)
    assert here is not None
    assert here.name == "x" * 256
