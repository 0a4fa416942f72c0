"""Which host this is: asked of the instance's own metadata, and held against what the state remembers.

Nobody waits for the answer longer than ``WAIT``; until it is there, the host is who it was, or its name.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from logonbell.agent import Watcher
from logonbell.filter import Filter
from logonbell.host import Instance
from logonbell.logon import NoticeKind
from logonbell.notice import notice
from logonbell.remarks import renamed
from logonbell.sentence import say
from logonbell.store.outbox import Outbox
from logonbell.trouble import Told

WAIT = 1.0
"""Seconds for which a start waits at most; the service answers in a few milliseconds."""


@dataclass(slots=True)
class Nameplate:
    """Asks which instance this is: ``find`` gives None where nobody answers, ``may_be`` tells whether asking is worth it."""

    may_be: Callable[[], bool]
    find: Callable[[], Instance | None]
    instance: Instance | None = field(init=False, default=None)
    known: bool = field(init=False, default=False)
    """Whether it is known, also that this is no instance."""
    _asked: threading.Event = field(init=False, default_factory=threading.Event)

    def ask(self) -> None:
        """Ask once, as long as that takes."""
        if self.may_be():
            self.instance = self.find()
            self.known = self.instance is not None
        else:
            self.known = True
        self._asked.set()

    def ask_beside(self) -> None:
        """Ask once, in a thread of its own."""
        threading.Thread(target=self.ask, daemon=True).start()

    def wait(self, seconds: float = WAIT) -> None:
        """Wait until it was asked once, but no longer than this."""
        self._asked.wait(seconds)


@dataclass(slots=True)
class Naming:
    """Lets the state know which host this is, once that is known, and who watches already, whose alerts carry that from then on.

    ``own`` is this machine's name. A state of another machine, as in an image or a copied disk, goes on as a history of its
    own, numbered from 1, and says so.
    """

    outbox: Outbox
    plate: Nameplate
    own: str
    notifiers: Sequence[str]
    filters: Mapping[str, Filter]
    clock: Callable[[], datetime]
    told: Told
    watcher: Watcher | None = None
    _done: bool = field(init=False, default=False)

    def round(self) -> bool:
        """Ask, where it is not known yet; tell whether it is now. Raises ``Refused`` where nothing can be kept."""
        if not self.plate.known:
            self.plate.ask()
        return self.settle()

    def settle(self) -> bool:
        """Keep what is known, without asking; tell whether anything is."""
        if not self.plate.known or self._done:
            return self._done
        instance, before = self.plate.instance, self.outbox.hosts.own()
        if before is None:
            if instance is not None:
                self._rename(instance)
        elif before == (self.own if instance is None else instance.id):
            if instance != self.outbox.hosts.instance(before):
                self.outbox.hosts.become(before, instance)
        else:
            self._move(before, instance)
        if self.watcher is not None:
            self.watcher.host_id = self.outbox.hosts.own()
        self._done = True
        return True

    def _rename(self, instance: Instance) -> None:
        now = self.clock()
        with self.outbox.together():
            for name in self.outbox.hosts.rename(instance, self.own):
                self.outbox.remarks.add([renamed(name, instance.id, now)])

    def _move(self, before: str, instance: Instance | None) -> None:
        now = self.clock()
        host_id = self.own if instance is None else instance.id
        what = say(
            "This is {host}, and its state came from {before}, as with a machine image or a copied disk. It goes on as a"
            " history of its own.",
            host=host_id,
            before=before,
        )
        with self.outbox.together():
            self.outbox.hosts.become(host_id, instance)
            self.outbox.chain.begin()
            number = int(now.timestamp() * 1000)
            alert = notice(NoticeKind.MOVED, what, host_id=host_id, number=number, time=now)
            self.outbox.ring([alert], self.notifiers, now, self.filters)
        self.told(what)
