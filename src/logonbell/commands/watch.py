"""``logonbell watch``: follows its sources, alerts, and never sends one twice."""

from __future__ import annotations

import random
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from types import FrameType

from logonbell import agent
from logonbell.agent import Deliverer, Told, Watcher, utc_now
from logonbell.caretaker import Caretaker, Rounds
from logonbell.commands.composition import caretaker_of, names, notifiers_of, rules_of, sources_of
from logonbell.commands.desk import MENDABLE, Desk
from logonbell.config import Config, ToSns
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
            filters=config.notify.filters,
        )
        if once:
            code = _once(watcher, notifiers, outbox, desk.remark)
            # Last, since AWS may hang: what they ring goes out with the next run.
            for table in _looked_after(config):
                caretaker_of(table, config, desk, outbox, names(notifiers)).round()
            return code
        desk.remark(
            plural(
                "Following {count:,} log; alerts go to {notifiers}. Ctrl+C ends it.",
                "Following {count:,} logs; alerts go to {notifiers}. Ctrl+C ends it.",
                len(sources),
                notifiers=", ".join(names(notifiers)),
            )
        )
        _forever(desk, watcher, notifiers, config)
        return 0
    finally:
        outbox.close()


def _once(watcher: Watcher, notifiers: list[Notifier], outbox: Outbox, told: Told) -> int:
    """Look and deliver once; what was not taken is told, and whoever started this sees it by the exit code."""
    deliverers = [_deliverer(notifier, outbox, told) for notifier in notifiers]
    agent.watch_once(watcher, deliverers, pause=_pause)
    return MENDABLE if any(deliverer.failed for deliverer in deliverers) else 0


def _forever(desk: Desk, watcher: Watcher, notifiers: list[Notifier], config: Config) -> None:
    stop = threading.Event()
    rounds = [
        Rounds(_making_rounds(table, config, desk, names(notifiers)), stop, watcher.told)
        for table in _looked_after(config)
    ]

    def asked(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, asked)
    signal.signal(signal.SIGINT, asked)
    for thread in rounds:
        thread.start()
    try:
        agent.watch(
            watcher, [_joined(notifier, config.state, desk.remark) for notifier in notifiers], stop=stop
        )
    finally:
        stop.set()
        for thread in rounds:
            thread.join()
    for thread in rounds:
        if thread.error is not None:
            raise thread.error


def _looked_after(config: Config) -> list[ToSns]:
    """Give the topics that are looked after, each once; of two notifiers for one topic that which wants a canary."""
    tables = sorted(config.notify.sns, key=lambda table: table.canary)
    return list({table.topic_arn: table for table in tables if table.daily_check}.values())


def _making_rounds(
    table: ToSns, config: Config, desk: Desk, notifiers: Sequence[str]
) -> Callable[[], Caretaker]:
    return lambda: caretaker_of(table, config, desk, Outbox.join(config.state), notifiers)


def _joined(notifier: Notifier, state: Path, told: Told) -> Callable[[], Deliverer]:
    """Make a deliverer with an outbox connection of its own thread."""
    return lambda: _deliverer(notifier, Outbox.join(state), told)


def _deliverer(notifier: Notifier, outbox: Outbox, told: Told) -> Deliverer:
    chance = random.Random()  # noqa: S311 - spreads retries, hides nothing
    return Deliverer(notifier, outbox, utc_now, chance.random, told)


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)
