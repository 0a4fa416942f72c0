"""``logonbell watch``: follows its sources, alerts, and never sends one twice."""

from __future__ import annotations

import random
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import FrameType

from logonbell import agent, reasons
from logonbell.agent import Watcher, utc_now
from logonbell.beat import Beat
from logonbell.caretaker import Caretaker, Rounds
from logonbell.commands.composition import (
    beat_of,
    book_of,
    caretaker_of,
    expected_of,
    judge_of,
    limits_of,
    names,
    notifiers_of,
    reasons_of,
    sources_of,
)
from logonbell.commands.desk import MENDABLE, Desk
from logonbell.config.notify import ToSns
from logonbell.config.settings import Config
from logonbell.deliverer import Deliverer
from logonbell.errors import Refused
from logonbell.notifier import Notifier
from logonbell.sentence import plural
from logonbell.sigma.form import Book
from logonbell.source import Source
from logonbell.store.outbox import Outbox
from logonbell.trouble import Told


def watch(desk: Desk, config: Config, *, once: bool, log: Path | None) -> int:
    """Watch until told to stop, or once; note in ``log`` what is remarked. Returns the exit code."""
    if log is None:
        return _watch(desk, config, once=once)
    from logonbell.commands.logfile import LogFile  # noqa: PLC0415 - 20 ms that a terminal does without

    with LogFile(log) as kept:
        desk = desk.with_log(kept)
        try:
            return _watch(desk, config, once=once)
        except Refused as refused:
            return desk.refuse(refused)
        except Exception:
            kept.note_fault()
            raise


def _watch(desk: Desk, config: Config, *, once: bool) -> int:
    book = book_of(config, desk)
    with ExitStack() as closing:
        return _follow(desk, config, book, sources_of(config, closing, book=book), once=once)


def _follow(desk: Desk, config: Config, book: Book, sources: Sequence[Source], *, once: bool) -> int:
    notifiers = notifiers_of(config, desk)
    outbox = Outbox.open(config.state, now=utc_now())
    try:
        for mended in (outbox.recovered, outbox.uncopied):
            if mended is not None:
                desk.remark(mended)
        outbox.forget(utc_now() - timedelta(days=config.history.keep_days))
        watcher = Watcher(
            sources,
            judge_of(config, desk, book),
            outbox,
            names(notifiers),
            utc_now,
            desk.remark,
            admins=config.rules.domain_admins,
            own=socket.gethostname(),
            filters=config.notify.filters,
            expected=expected_of(config, desk),
        )
        deliverer = _Making(config, desk.remark, names(notifiers), once=once)
        if once:
            code = _once(watcher, [deliverer(notifier, outbox) for notifier in notifiers])
            # Last, since AWS may hang: what they ring goes out with the next run.
            for table in _looked_after(config):
                caretaker_of(table, config, desk, outbox, names(notifiers)).round()
            if config.cloudwatch.heartbeat:
                beat_of(config, outbox, desk.remark).round()
            if config.sources.ssm_reasons:
                reasons_of(config, outbox, desk.remark, names(notifiers)).round()
            return code
        desk.remark(
            plural(
                "Following {count:,} log; alerts go to {notifiers}. Ctrl+C ends it.",
                "Following {count:,} logs; alerts go to {notifiers}. Ctrl+C ends it.",
                len(sources),
                notifiers=", ".join(names(notifiers)),
            ),
            warns=False,
        )
        stop = threading.Event()
        beside: list[Rounds] = [
            Rounds(_making_rounds(table, config, desk, names(notifiers)), stop, watcher.told)
            for table in _looked_after(config)
        ]
        if config.cloudwatch.heartbeat:
            beside.append(Rounds(_beating(config, desk), stop, watcher.told))
        if config.sources.ssm_reasons:
            asking = _asking(config, desk, names(notifiers))
            beside.append(Rounds(asking, stop, watcher.told, reasons.PAUSE))
        _forever(watcher, [_joined(deliverer, notifier) for notifier in notifiers], beside, stop)
        return 0
    finally:
        outbox.close()


def _once(watcher: Watcher, deliverers: Sequence[Deliverer]) -> int:
    """Look and deliver once; what was not taken is told, and whoever started this sees it by the exit code."""
    agent.watch_once(watcher, deliverers, pause=_pause)
    return MENDABLE if any(deliverer.failed for deliverer in deliverers) else 0


def _forever(
    watcher: Watcher,
    deliverers: Sequence[Callable[[], Deliverer]],
    beside: Sequence[Rounds],
    stop: threading.Event,
) -> None:
    """Watch until it is stopped, with these threads beside."""

    def asked(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, asked)
    signal.signal(signal.SIGINT, asked)
    for thread in beside:
        thread.start()
    try:
        agent.watch(watcher, deliverers, stop=stop)
    finally:
        stop.set()
        for thread in beside:
            thread.join()
    for thread in beside:
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


def _beating(config: Config, desk: Desk) -> Callable[[], Beat]:
    return lambda: beat_of(config, Outbox.join(config.state), desk.remark)


def _asking(config: Config, desk: Desk, notifiers: Sequence[str]) -> Callable[[], reasons.Reasons]:
    return lambda: reasons_of(config, Outbox.join(config.state), desk.remark, notifiers)


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
