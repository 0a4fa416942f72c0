"""``logonbell watch``: follows its sources, alerts, and never sends one twice."""

from __future__ import annotations

import random
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import FrameType

from logonbell import agent
from logonbell.agent import Watcher, utc_now
from logonbell.commands.composition import (
    limits_of,
    maintenance_of,
    names,
    notifiers_of,
    rules_of,
    sources_of,
)
from logonbell.commands.desk import Desk
from logonbell.config import Config
from logonbell.deliverer import Deliverer, Told
from logonbell.notifier import Notifier
from logonbell.sentence import plural
from logonbell.store.outbox import Outbox


def watch(desk: Desk, config: Config, *, once: bool) -> int:
    """Watch until told to stop, or once. Returns the exit code."""
    sources, notifiers = sources_of(config), notifiers_of(config, desk)
    outbox = Outbox.open(config.state, now=utc_now())
    try:
        if outbox.recovered is not None:
            desk.remark(outbox.recovered)
        outbox.forget(utc_now() - timedelta(days=config.history.keep_days))
        watcher = Watcher(
            sources,
            rules_of(config),
            outbox,
            names(notifiers),
            utc_now,
            desk.remark,
            admins=config.rules.domain_admins,
            own=socket.gethostname(),
            maintenance=maintenance_of(config, desk),
        )
        deliverer = _Making(config, desk.remark, names(notifiers), once=once)
        if once:
            agent.watch_once(watcher, [deliverer(notifier, outbox) for notifier in notifiers], pause=_pause)
        else:
            desk.remark(
                plural(
                    "Following {count:,} log; alerts go to {notifiers}. Ctrl+C ends it.",
                    "Following {count:,} logs; alerts go to {notifiers}. Ctrl+C ends it.",
                    len(sources),
                    notifiers=", ".join(names(notifiers)),
                )
            )
            _forever(watcher, [_joined(deliverer, notifier) for notifier in notifiers])
    finally:
        outbox.close()
    return 0


def _forever(watcher: Watcher, deliverers: Sequence[Callable[[], Deliverer]]) -> None:
    stop = threading.Event()

    def asked(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, asked)
    signal.signal(signal.SIGINT, asked)
    agent.watch(watcher, deliverers, stop=stop)


@dataclass(frozen=True, slots=True)
class _Making:
    """Makes deliverers, each of which knows the others."""

    config: Config
    told: Told
    names: Sequence[str]
    once: bool

    def __call__(self, notifier: Notifier, outbox: Outbox) -> Deliverer:
        return Deliverer(
            notifier,
            outbox,
            utc_now,
            random.Random().random,  # noqa: S311 - spreads retries, hides nothing
            limits_of(self.config, notifier.name),
            last=self.once,
            notifiers=self.names,
            told=self.told,
            host=socket.gethostname(),
        )


def _joined(make: _Making, notifier: Notifier) -> Callable[[], Deliverer]:
    """Make a deliverer with an outbox connection of its own thread."""
    return lambda: make(notifier, Outbox.join(make.config.state))


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)
