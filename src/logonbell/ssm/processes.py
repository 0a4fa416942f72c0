"""The host's processes, TCP connections and addresses, as they are at the moment."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import psutil

from logonbell.ssm.statefile import SsmSession

_NEAR = 10.0
"""Seconds by which the agent's and the system's word for a process's start may differ: the agent notes it after the fact."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One end of an established TCP connection, and the process that holds it; None where the system does not say."""

    local_address: str
    local_port: int
    remote_address: str
    remote_port: int
    process: int | None


class Processes(Protocol):
    """What can be asked of this host. What may not be seen is None or left out, never an error."""

    def started(self, process: int) -> datetime | None:
        """Give when a running process was started (UTC); None where there is none of this id."""
        ...

    def arguments(self, process: int) -> Sequence[str]:
        """Give a process's program and arguments; empty where they may not be seen."""
        ...

    def connections(self, process: int | None = None) -> Sequence[Connection]:
        """Give the established TCP connections of one process, or of all."""
        ...

    def addresses(self) -> Sequence[str]:
        """Give this host's own addresses, in a fixed order."""
        ...


class HostProcesses:
    """Asks the system itself."""

    def started(self, process: int) -> datetime | None:
        """See ``Processes.started``; a zombie runs no more."""
        try:
            found = psutil.Process(process)
            with found.oneshot():
                if found.status() == psutil.STATUS_ZOMBIE:
                    return None
                return datetime.fromtimestamp(found.create_time(), UTC)
        except (psutil.Error, OSError, ValueError, OverflowError):
            return None

    def arguments(self, process: int) -> Sequence[str]:
        """See ``Processes.arguments``."""
        try:
            return tuple(psutil.Process(process).cmdline())
        except (psutil.Error, OSError, ValueError, OverflowError):
            return ()

    def connections(self, process: int | None = None) -> Sequence[Connection]:
        """See ``Processes.connections``."""
        try:
            if process is None:
                return tuple(_established(psutil.net_connections("tcp")))
            return tuple(_established(psutil.Process(process).net_connections("tcp"), process))
        except (psutil.Error, OSError, ValueError, OverflowError):
            return ()

    def addresses(self) -> Sequence[str]:
        """See ``Processes.addresses``."""
        try:
            found = psutil.net_if_addrs()
        except (psutil.Error, OSError):
            return ()
        families = {socket.AF_INET, socket.AF_INET6}
        own = {
            each.address.partition("%")[0]
            for card in found.values()
            for each in card
            if each.family in families
        }
        return tuple(sorted(own))


def _established(found: Iterable[object], process: int | None = None) -> Iterable[Connection]:
    for each in found:
        local, remote = getattr(each, "laddr", None), getattr(each, "raddr", None)
        if local and remote and getattr(each, "status", None) == psutil.CONN_ESTABLISHED:
            holder = process if process is not None else getattr(each, "pid", None)
            yield Connection(local.ip, local.port, remote.ip, remote.port, holder)


def runs(session: SsmSession, processes: Processes | None) -> bool:
    """Tell whether a session's worker runs; what cannot be known is taken for running.

    A process id alone proves nothing: after a restart of the host another program has it. The start must be the one that
    the agent noted, or the program's arguments carry the session's id (the clock may have been put right meanwhile).
    """
    if processes is None or session.process is None:
        return True
    started = processes.started(session.process)
    if started is None:
        return False
    if session.started is None or abs((started - session.started).total_seconds()) <= _NEAR:
        return True
    return session.session_id in processes.arguments(session.process)
