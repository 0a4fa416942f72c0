"""Stacks as somebody may want them."""

from __future__ import annotations

from logonbell.cloud.wanted import Wanted, read_subscribers, read_tag

FULL = Wanted(
    subscribers=read_subscribers(
        mails=["ops@example.com"],
        phones=["+819012345678"],
        webs=["https://hooks.example.com/bell?x=1"],
        arns=[
            "arn:aws:sqs:ap-northeast-1:123456789012:bell",
            "arn:aws:lambda:ap-northeast-1:123456789012:function:bell",
        ],
        only=["+819012345678=critical"],
    ),
    roles=("Bastion", "Jump"),
    hosts=read_tag("tag:Role=bastion"),
    kms=True,
    organization="o-exampleorgid",
    parameter="/logonbell/bastion",
    may_look=True,
    may_list_sessions=True,
)
"""All that can be asked for at once."""
