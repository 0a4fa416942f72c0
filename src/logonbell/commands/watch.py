"""``logonbell watch``: follows its sources, alerts, and never sends one twice."""

from __future__ import annotations

import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import FrameType

from logonbell import agent, prometheus
from logonbell.agent import Watcher, utc_now
from logonbell.caretaker import Caretaker, Rounder, Rounds
from logonbell.commands.announcing import announce
from logonbell.commands.composition import (
    book_of,
    caretaker_of,
    expected_of,
    judge_of,
    limits_of,
    names,
    notifiers_of,
    sources_of,
)
from logonbell.commands.desk import MENDABLE, OURS, Desk
from logonbell.commands.health import health_of
from logonbell.commands.newcomers import LOOK, Newcomers
from logonbell.commands.safety import Started, ignored, put_back, readable, refuse_if_exposed
from logonbell.config.notify import ToSns
from logonbell.config.settings import Config
from logonbell.deliverer import Deliverer
from logonbell.errors import Refused
from logonbell.instance import may_be_instance, this_instance
from logonbell.linux.notify import Supervisor
from logonbell.nameplate import Nameplate, Naming
from logonbell.notifier import Notifier
from logonbell.pulse import Pulse
from logonbell.sentence import plural
from logonbell.sigma.form import Book
from logonbell.source import Source
from logonbell.store.outbox import FILE, Outbox
from logonbell.trouble import Told

_NAMING = 5.0
"""Seconds between two questions which instance this is, while nobody answers: at a boot the network may come late."""
_ASKING = 10.0
"""Seconds between two looks at whether a session rang whose reason is to be asked for."""


def watch(desk: Desk, config: Config, started: Started, *, once: bool, log: Path | None) -> int:
    """Watch until told to stop, or once; note in ``log`` what is remarked. Returns the exit code."""
    if log is None:
        return _watch(desk, config, started, once=once)
    from logonbell.commands.logfile import LogFile  # noqa: PLC0415 - 20 ms that a terminal does without

    with LogFile(log) as kept:
        desk = desk.with_log(kept)
        try:
            return _watch(desk, config, started, once=once)
        except Refused as refused:
            return desk.refuse(refused)
        except Exception:
            kept.note_fault()
            raise


def _watch(desk: Desk, config: Config, started: Started, *, once: bool) -> int:
    for name in put_back(os.environ, started.aside, config.environment):
        desk.remark(ignored(name))
    obeyed = [] if started.file is None else [started.file]
    refuse_if_exposed([*obeyed, *config.rules.folders, config.state, config.state / FILE])
    if (warning := readable(config.state)) is not None:
        desk.remark(warning)
    plate = Nameplate(may_be_instance, this_instance)
    plate.ask_beside()
    supervisor = Supervisor.of(os.environ)
    book = book_of(config, desk)
    with ExitStack() as closing:

        def anew() -> list[Source]:
            closing.close()
            return _sources(config, book, closing)

        return _follow(desk, config, book, anew, supervisor, plate=plate, once=once)


def _follow(
    desk: Desk,
    config: Config,
    book: Book,
    anew: Callable[[], Sequence[Source]],
    supervisor: Supervisor,
    *,
    plate: Nameplate,
    once: bool,
) -> int:
    sources = anew()
    notifiers = notifiers_of(config, desk)
    outbox = Outbox.open(config.state, now=utc_now())
    try:
        for mended in (outbox.recovered, outbox.uncopied):
            if mended is not None:
                desk.remark(mended)
        plate.wait()
        naming = _naming(config, desk, plate, names(notifiers))
        naming(outbox).settle()
        outbox.forget(utc_now() - _kept(config))
        told = announce(config, outbox, names(notifiers))
        watcher = Watcher(
            sources,
            judge_of(config, desk, book),
            outbox,
            names(notifiers),
            utc_now,
            desk.remark,
            time.monotonic,
            outbox.hosts.own(),
            admins=config.rules.domain_admins,
            own=socket.gethostname(),
            filters=config.notify.filters,
            expected=expected_of(config, desk, told),
            anew=anew,
        )
        deliverer = _Making(config, desk.remark, names(notifiers), once=once)
        if once:
            code = _once(watcher, [deliverer(notifier, outbox) for notifier in notifiers])
            # Last, since AWS may hang: what they ring goes out with the next run.
            for table in _looked_after(config):
                caretaker_of(table, config, desk, outbox, names(notifiers)).round()
            if config.cloudwatch.heartbeat:
                _beat(config, outbox, desk).round()
            if config.sources.ssm_reasons:
                _reasons(config, outbox, desk, names(notifiers)).round()
            return code
        following = plural(
            "Following {count:,} log; alerts go to {notifiers}. Ctrl+C ends it.",
            "Following {count:,} logs; alerts go to {notifiers}. Ctrl+C ends it.",
            len(sources),
            notifiers=", ".join(names(notifiers)),
        )
        desk.remark(following, warns=False)
        supervisor.status(f"{len(sources)} followed; alerts go to {', '.join(names(notifiers))}")
        stop = threading.Event()
        beside = _beside(config, desk, book, watcher, stop)
        if not plate.known:
            named = partial(naming, watcher=watcher)
            beside.append(Rounds(lambda: named(Outbox.join(config.state)), stop, watcher.told, _NAMING))
        _forever(watcher, [_joined(deliverer, notifier) for notifier in notifiers], beside, stop, supervisor)
        return 0
    finally:
        outbox.close()


def _beside(config: Config, desk: Desk, book: Book, watcher: Watcher, stop: threading.Event) -> list[Rounds]:
    """Make the threads beside the reader's, each for something that is looked after again and again."""
    notifiers = watcher.notifiers
    beside: list[Rounds] = [
        Rounds(_making_rounds(table, config, desk, notifiers), stop, watcher.told)
        for table in _looked_after(config)
    ]
    beside.append(Rounds(lambda: _pulse(config, book, watcher), stop, watcher.told))
    if config.sources.evtx:
        beside.append(Rounds(lambda: _newcomers(config, watcher), stop, watcher.told, LOOK))
    if config.cloudwatch.heartbeat:
        beside.append(Rounds(_beating(config, desk), stop, watcher.told))
    if config.sources.ssm_reasons:
        beside.append(Rounds(_asking(config, desk, notifiers), stop, watcher.told, _ASKING))
    return beside


def _newcomers(config: Config, watcher: Watcher) -> Newcomers:
    return Newcomers(
        Outbox.join(config.state),
        config.sources.evtx,
        lambda: {source.name for source in watcher.sources},
        watcher.restart.set,
    )


def _once(watcher: Watcher, deliverers: Sequence[Deliverer]) -> int:
    """Look and deliver once; what was not taken is told, and whoever started this sees it by the exit code."""
    agent.watch_once(watcher, deliverers, pause=_pause)
    return MENDABLE if any(deliverer.failed for deliverer in deliverers) else 0


def _forever(
    watcher: Watcher,
    deliverers: Sequence[Callable[[], Deliverer]],
    beside: Sequence[Rounds],
    stop: threading.Event,
    supervisor: Supervisor,
) -> None:
    """Watch until it is stopped, with these threads beside."""

    def asked(number: int, _frame: FrameType | None) -> None:
        watcher.dismissed = number == signal.SIGTERM  # who presses Ctrl+C knows it
        supervisor.ends()
        stop.set()

    signal.signal(signal.SIGTERM, asked)
    signal.signal(signal.SIGINT, asked)
    for thread in beside:
        thread.start()
    try:
        agent.watch(watcher, deliverers, stop=stop, looked=supervisor.gets_on)
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


def _naming(config: Config, desk: Desk, plate: Nameplate, notifiers: Sequence[str]) -> Callable[..., Naming]:
    """Make what makes what finds out which host this is, of an outbox, and of who watches already."""
    return partial(
        Naming,
        plate=plate,
        own=socket.gethostname(),
        notifiers=notifiers,
        filters=config.notify.filters,
        clock=utc_now,
        told=desk.remark,
    )


def _beating(config: Config, desk: Desk) -> Callable[[], Rounder]:
    return lambda: _beat(config, Outbox.join(config.state), desk)


def _asking(config: Config, desk: Desk, notifiers: Sequence[str]) -> Callable[[], Rounder]:
    return lambda: _reasons(config, Outbox.join(config.state), desk, notifiers)


def _beat(config: Config, outbox: Outbox, desk: Desk) -> Rounder:
    from logonbell.commands.errands import beat_of  # noqa: PLC0415 - 60 ms that whoever asks for none does without

    return beat_of(config, outbox, desk.remark)


def _reasons(config: Config, outbox: Outbox, desk: Desk, notifiers: Sequence[str]) -> Rounder:
    from logonbell.commands.errands import reasons_of  # noqa: PLC0415 - likewise

    return reasons_of(config, outbox, desk.remark, notifiers)


def _pulse(config: Config, book: Book, watcher: Watcher) -> Pulse:
    """Make what looks after the reader, with an outbox connection of its own thread."""
    outbox = Outbox.join(config.state)
    make = partial(_sources, config, book)
    hours, file = config.health.heartbeat, config.health.prometheus
    return Pulse(
        outbox,
        lambda now: health_of(config, outbox, now, make),
        watcher.notifiers,
        config.notify.filters,
        watcher.clock,
        watcher.told,
        watcher.own,
        _kept(config),
        anew=watcher.restart.set,
        looked=lambda: watcher.looked,
        end=lambda: os._exit(OURS),
        heartbeat=None if hours is None else timedelta(hours=hours),
        write=None if file is None else partial(prometheus.write, file),
    )


def _kept(config: Config) -> timedelta:
    return timedelta(days=config.history.keep_days)


def _sources(config: Config, book: Book, closing: ExitStack) -> list[Source]:
    return sources_of(config, closing, book=book)


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
