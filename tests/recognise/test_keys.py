"""Whom a key of EC2 Instance Connect names: whoever uses that key, within the minute."""

from __future__ import annotations

import pytest

from linux_scenes import ADA, ED25519, RSA, line
from logonbell.simulate.windows import in_order
from recognising import logons, pass_through

PROVIDING = "Providing ssh key from EC2 Instance Connect with fingerprint: {}"
OF_ADA = f", for IAM principal: {ADA}"
KEY = f"publickey for mori from 203.0.113.24 port 50122 ssh2: {ED25519}"


@pytest.mark.parametrize(
    ("seconds", "proof", "principal"),
    [
        (1, KEY, ADA),
        (60, KEY, ADA),
        (60.001, KEY, None),
        (1, KEY.replace(ED25519, RSA), None),
        (1, "password for mori from 203.0.113.24 port 50122 ssh2", None),
    ],
)
def test_the_identity_is_that_of_whoever_uses_the_key(
    seconds: float, proof: str, principal: str | None
) -> None:
    """Another key, another proof and a later minute are not laid at the door of who pushed this one."""
    events = [
        line(0, "ec2-instance-connect", "90", PROVIDING.format(ED25519[8:]) + OF_ADA),
        line(seconds, "sshd", "100", f"Accepted {proof}"),
    ]
    (came,) = logons(pass_through(in_order(events)))
    assert (came.principal, came.door) == (principal, "instance-connect" if principal else "ssh")


@pytest.mark.parametrize(("keys", "principal"), [(64, ADA), (65, None)])
def test_so_many_keys_are_remembered(keys: int, principal: str | None) -> None:
    """As docs/reference/memory.md says: of more than 64 that wait to be used, the oldest is nobody's."""
    fingerprints = [ED25519[8:], *(f"SHA256:{number}" for number in range(1, keys))]
    events = [
        line(number / 10, "ec2-instance-connect", "90", PROVIDING.format(fingerprint) + OF_ADA)
        for number, fingerprint in enumerate(fingerprints)
    ]
    (came,) = logons(pass_through(in_order([*events, line(10, "sshd", "100", f"Accepted {KEY}")])))
    assert came.principal == principal


@pytest.mark.parametrize(
    ("behind", "principal"),
    [
        (f", request-id: 1f3a3cfe-0820-47f5-b288-bda9b27488e0{OF_ADA}", ADA),
        (f"., request-id: 1f3a3cfe-0820-47f5-b288-bda9b27488e0{OF_ADA}", ADA),
        (OF_ADA, ADA),
        (f".{OF_ADA}", ADA),
        (", request-id: 1f3a3cfe-0820-47f5-b288-bda9b27488e0", None),
        ("", None),
    ],
)
def test_a_key_tells_of_instance_connect_whatever_else_is_said_of_it(
    behind: str, principal: str | None
) -> None:
    """The number of the request, and the identity, are said only where they are known."""
    events = [
        line(0, "ec2-instance-connect", "90", PROVIDING.format(ED25519[8:]) + behind),
        line(1, "sshd", "100", f"Accepted {KEY}"),
    ]
    (came,) = logons(pass_through(in_order(events)))
    assert (came.principal, came.door) == (principal, "instance-connect")
