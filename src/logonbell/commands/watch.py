"""``logonbell watch``: follows its sources, alerts, and never sends one twice."""

from __future__ import annotations

import random
import signal
import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import FrameType

from logonbell import agent
from logonbell.agent import Deliverer, Told, Watcher, utc_now
from logonbell.commands.composition import names, notifiers_of, rules_of, sources_of
from logonbell.commands.desk import MENDABLE, Desk
from logonbell.config import Config
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
        )
        if once:
            return _once(watcher, notifiers, outbox, desk.remark)
        desk.remark(
            plural(
                "Following {count:,} log; alerts go to {notifiers}. Ctrl+C ends it.",
                "Following {count:,} logs; alerts go to {notifiers}. Ctrl+C ends it.",
                len(sources),
                notifiers=", ".join(names(notifiers)),
            )
        )
        _forever(watcher, notifiers, config, desk.remark)
        return 0
    finally:
        outbox.close()


def _once(watcher: Watcher, notifiers: list[Notifier], outbox: Outbox, told: Told) -> int:
    """Look and deliver once; what was not taken is told, and whoever started this sees it by the exit code."""
    deliverers = [_deliverer(notifier, outbox, told) for notifier in notifiers]
    agent.watch_once(watcher, deliverers, pause=_pause)
    return MENDABLE if any(deliverer.failed for deliverer in deliverers) else 0


def _forever(watcher: Watcher, notifiers: list[Notifier], config: Config, told: Told) -> None:
    stop = threading.Event()

    def asked(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, asked)
    signal.signal(signal.SIGINT, asked)
    agent.watch(watcher, [_joined(notifier, config.state, told) for notifier in notifiers], stop=stop)


def _joined(notifier: Notifier, state: Path, told: Told) -> Callable[[], Deliverer]:
    """Make a deliverer with an outbox connection of its own thread."""
    return lambda: _deliverer(notifier, Outbox.join(state), told)


def _deliverer(notifier: Notifier, outbox: Outbox, told: Told) -> Deliverer:
    chance = random.Random()  # noqa: S311 - spreads retries, hides nothing
    return Deliverer(notifier, outbox, utc_now, chance.random, told)


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)
