"""What the agent does at AWS besides ringing, where the settings ask for it."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from logonbell.agent import utc_now
from logonbell.beat import Beat
from logonbell.config.settings import Config
from logonbell.instance import this_instance
from logonbell.notifiers.aws import Aws, chosen_region
from logonbell.reasons import Reasons
from logonbell.store.outbox import Outbox
from logonbell.trouble import Told


def beat_of(config: Config, outbox: Outbox, told: Told) -> Beat:
    """Make what says to CloudWatch that this host is watched, with an outbox connection of its own thread."""
    return Beat(
        outbox,
        this_instance,
        lambda region: Aws("cloudwatch", region, endpoint_url=config.cloudwatch.endpoint_url),
        utc_now,
        told,
        [table.topic_arn for table in config.notify.sns if table.canary],
    )


def reasons_of(config: Config, outbox: Outbox, told: Told, notifiers: Sequence[str]) -> Reasons:
    """Make what asks for the reasons of sessions, with an outbox connection of its own thread."""
    return Reasons(
        outbox,
        notifiers,
        config.notify.filters,
        this_instance,
        chosen_region,
        lambda region: Aws("ssm", region),
        utc_now,
        told,
        config.host or socket.gethostname(),
    )
