"""What systemd is told of the agent: that it is ready, that it gets on, that it ends (sd_notify(3), "Notes")."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field

_OFTEN = 4
"""So many times within the time that systemd waits it is told."""


@dataclass(slots=True)
class Supervisor:
    """Whoever waits at ``address`` (None: nobody); ``every`` is after how many seconds of silence it ends the agent.

    Only whoever does the work may call ``gets_on``, each time that it came back from it: that is all the proof there is.
    """

    address: str | None = None
    every: float | None = None
    elapsed: Callable[[], float] = time.monotonic
    _ready: bool = field(init=False, default=False)
    _told: float = field(init=False, default=0.0)

    @classmethod
    def of(cls, environment: MutableMapping[str, str]) -> Supervisor:
        """Take from the environment who waits, so that nothing that is run from here speaks in our place."""
        found = {one: environment.pop(one, "") for one in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")}
        address, micros, process = found.values()
        ours = micros.isdecimal() and process in ("", str(os.getpid()))
        return cls(address if address.startswith(("/", "@")) else None, int(micros) / 1e6 if ours else None)

    def gets_on(self) -> None:
        """Tell that the work goes on; the first time, that it has begun."""
        if not self._ready:
            self._ready = True
            self._say("READY=1")
        elif self.every is None or self.elapsed() - self._told < self.every / _OFTEN:
            return
        self._told = self.elapsed()
        self._say("WATCHDOG=1")

    def status(self, words: str) -> None:
        """Tell what `systemctl status` shows, on one line."""
        self._say(f"STATUS={' '.join(words.split())}")

    def ends(self) -> None:
        """Tell that the agent ends, as it was asked to."""
        self._say("STOPPING=1")

    def _say(self, words: str) -> None:
        """Say it; what does not get through is lost, and systemd then starts the agent anew."""
        if sys.platform == "win32" or self.address is None:
            return
        where = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        with (
            suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as talk,
        ):
            talk.settimeout(1.0)
            talk.sendto(words.encode(), where)
