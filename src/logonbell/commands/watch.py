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
from logonbell.agent import Deliverer, Watcher, utc_now
from logonbell.caretaker import Caretaker, Rounds
from logonbell.commands.composition import caretaker_of, names, notifiers_of, rules_of, sources_of
from logonbell.commands.desk import Desk
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
            agent.watch_once(watcher, [_deliverer(notifier, outbox) for notifier in notifiers], pause=_pause)
            # Last, since AWS may hang: what they ring goes out with the next run.
            for table in _looked_after(config):
                caretaker_of(table, config, desk, outbox, names(notifiers)).round()
        else:
            desk.remark(
                plural(
                    "Following {count:,} log; alerts go to {notifiers}. Ctrl+C ends it.",
                    "Following {count:,} logs; alerts go to {notifiers}. Ctrl+C ends it.",
                    len(sources),
                    notifiers=", ".join(names(notifiers)),
                )
            )
            _forever(desk, watcher, notifiers, config)
    finally:
        outbox.close()
    return 0


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
        agent.watch(watcher, [_joined(notifier, config.state) for notifier in notifiers], stop=stop)
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


def _joined(notifier: Notifier, state: Path) -> Callable[[], Deliverer]:
    """Make a deliverer with an outbox connection of its own thread."""
    return lambda: _deliverer(notifier, Outbox.join(state))


def _deliverer(notifier: Notifier, outbox: Outbox) -> Deliverer:
    return Deliverer(notifier, outbox, utc_now, random.Random().random)  # noqa: S311 - spreads retries, hides nothing


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)
