"""Events in, findings out: whatever the system, each goes to its reader."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from operator import attrgetter
from types import MappingProxyType

import msgspec

from logonbell.decoding import convert
from logonbell.event import Event
from logonbell.host import same_machine
from logonbell.logon import Finding
from logonbell.recognise import linux, tunnels, watching, windows
from logonbell.recognise.noise import hallmark_of
from logonbell.recognise.present import Present
from logonbell.recognise.session import CHANNEL, Told
from logonbell.recognise.state import HostLog, HostState, Reader
from logonbell.recognise.watching import WATCHING
from logonbell.sentence import Sentence, say

HOSTS = 1_000
"""So many hosts in one log are kept apart; of more, the one whose log is furthest behind is told to its end and forgotten."""
AT_START = 1_000
"""So many records Windows may write from the stop of its log on to the one that says that it started."""
EARLIEST, LATEST = datetime(1602, 1, 1, tzinfo=UTC), datetime(9990, 1, 1, tzinfo=UTC)
"""A record that a broken clock dated outside this is taken for one at the border, so that time can be reckoned with."""

Witness = Callable[[Event, Sentence], None]
"""Told of each event, in words, what it was taken for."""

READERS: Mapping[str, Mapping[int, Reader]] = MappingProxyType(
    {
        **windows.READERS,
        **linux.READERS,
        CHANNEL: {
            Told.OPENED: tunnels.opened,
            Told.CLOSED: tunnels.closed,
            Told.WATCHED: tunnels.watched,
            Told.UNWATCHED: tunnels.unwatched,
            Told.OWNER: tunnels.owner_seen,
            Told.ADDRESSES: tunnels.addresses_seen,
        },
        WATCHING: {
            watching.Told.BLIND: watching.blind,
            watching.Told.SEEING: watching.seeing,
            watching.Told.GAP: watching.gap,
            watching.Told.UNTOLD: watching.untold,
        },
    }
)
"""Who reads what, by channel and event id: Windows' logs, Linux's, the SSM agent's, and what is told of the watching."""

_OF_THE_MOMENT = frozenset({CHANNEL, WATCHING})
"""What this machine sees of itself; its logs say what it is called."""
_READERS = {
    (channel, event_id): reader for channel, ids in READERS.items() for event_id, reader in ids.items()
}

SNAPSHOT = 10
"""Version of a snapshot's form. A snapshot of another version cannot be read; reading then starts again from older."""


class Recogniser:
    """Fed events in the order of their logs, it gives logons as they become known, and again as they grow.

    It does no input or output and reads no clock: time is that of the events, and what ``advance`` hands in. Several
    hosts in one log are kept apart; an event that names none is of this machine: of the host that was named last, ``own``
    before any was. ``admins`` are further SIDs, or bare RIDs, whose members count as domain admins.
    ``witness`` is told of each event what it was taken for.
    """

    def __init__(
        self, witness: Witness | None = None, *, admins: frozenset[str] = frozenset(), own: str = ""
    ) -> None:
        self._logs: dict[str, HostLog] = {}
        self._own = own
        self._named = False
        self._witness = witness
        self._admins = admins

    def feed(self, event: Event) -> Sequence[Finding]:
        """Read one event; give what is known by then.

        One that bears a hallmark of noise tells its time and its host, so that leaving such out changes no finding.
        """
        reader = _READERS.get((event.channel, event.event_id))
        if reader is None or event.provider not in windows.PROVIDERS.get(event.channel, (event.provider,)):
            return ()
        if not EARLIEST <= event.time <= LATEST:
            event = replace(event, time=min(max(event.time, EARLIEST), LATEST))
        if (
            event.host
            and event.channel not in _OF_THE_MOMENT
            and not (self._named and event.host == self._own)
        ):
            self._call(event.host)
        host = event.host or self._own
        log = self._logs.get(host)
        said: list[Finding] = []
        if log is None:
            log = self._begin(host, said)
        said += log.advance(event.time, by_event=True)
        mark = hallmark_of(event)
        if mark is not None:
            taken = mark.because
        else:
            if event.channel == windows.SECURITY:
                said += self._renamed(log, event)
                log.state.newest = event.record_id
            taken = say("this record was read before") if log.saw(event) else reader(log, event)
            said += log.take()
        if self._witness is not None:
            self._witness(event, taken)
        return said

    def _call(self, name: str) -> None:
        """Learn this machine's name as its logs write it: short where it calls itself by its full name, or the other way.

        What was told before any log named a host, as SSM sessions are, is that host's.
        """
        unnamed = None if self._named or name in self._logs else self._logs.get(self._own)
        if unnamed is not None and same_machine(name, self._own):
            del self._logs[self._own]
            self._logs[name] = unnamed
            unnamed.state.host = name
        self._own, self._named = name, True

    def _begin(self, host: str, said: list[Finding]) -> HostLog:
        """Hear of a host for the first time."""
        if len(self._logs) >= HOSTS:
            furthest = min(self._logs, key=lambda name: self._logs[name].state.now or EARLIEST)
            said += self._logs.pop(furthest).finish()
        log = self._logs[host] = HostLog(HostState(host), self._admins)
        self._share()
        return log

    def _share(self) -> None:
        for log in self._logs.values():
            log.share(len(self._logs))

    def _renamed(self, log: HostLog, event: Event) -> list[Finding]:
        """Find that this host, whose first record this is, is the one whose log was stopped before it, under a new name.

        A new name counts from the next start on (sysprep, ``Rename-Computer``), and the record ids go on: of several hosts
        in one log it is the one whose last record is the nearest.
        """
        if log.state.newest is not None or not windows.starts(event):
            return []
        stopped = {
            before.state.newest: name
            for name, before in self._logs.items()
            if before.state.newest is not None
            and before.state.newest < event.record_id
            and before.state.suspicions.stopped_before(event.record_id, AT_START)
        }
        if not stopped:
            return []
        before = self._logs.pop(stopped[max(stopped)])
        before.booted(event)
        log.inherit(before)
        self._share()
        return before.finish()

    def advance(self, now: datetime) -> list[Finding]:
        """Let the time of the log reach ``now``; give what need not be waited for any longer."""
        return [finding for log in self._logs.values() for finding in log.advance(now)]

    def finish(self) -> list[Finding]:
        """Give all that is still held: nothing more will come."""
        return [finding for log in self._logs.values() for finding in log.finish()]

    @property
    def due(self) -> datetime | None:
        """When, in the time of the log, ``advance`` next has something to say."""
        return min((due for log in self._logs.values() if (due := log.due) is not None), default=None)

    def present(self) -> list[Present]:
        """Give the sessions that are open, those of each host in the order in which they began."""
        return [
            session
            for log in self._logs.values()
            for session in sorted(log.present(), key=attrgetter("began"))
        ]

    def lost(self) -> None:
        """Note that records are lost behind what was read so far: an end may be among them."""
        for log in self._logs.values():
            log.state.gap = log.state.now

    def snapshot(self) -> str:
        """Give the whole state as text that can be stored whatever a log wrote: the same state, the same text.

        The order of what is kept by key is part of the state: by it the oldest is forgotten first.
        """
        hosts = [log.save() for log in self._logs.values()]
        kept = msgspec.to_builtins(
            {"version": SNAPSHOT, "own": self._own, "named": self._named, "hosts": hosts}
        )
        for host in kept["hosts"]:
            for arrival in host["growing"]:
                arrival["signs"].sort()
        try:
            return msgspec.json.encode(kept).decode()
        except UnicodeEncodeError:  # half a character, as only a hostile name has it: ten times as slow
            return json.dumps(kept)

    @classmethod
    def restore(cls, snapshot: str, *, admins: frozenset[str] = frozenset()) -> Recogniser:
        """Go on from a snapshot. Raises ``ValueError`` if it is damaged or of another version."""
        try:
            kept = convert(json.loads(snapshot), _Snapshot)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ValueError(f"not a snapshot: {error}") from error
        if kept.version != SNAPSHOT:
            raise ValueError(f"a snapshot of version {kept.version}, not {SNAPSHOT}")
        recogniser = cls(admins=admins, own=kept.own)
        recogniser._named = kept.named
        recogniser._logs = {state.host: HostLog(state, admins, resumed=True) for state in kept.hosts}
        recogniser._share()
        return recogniser


class _Snapshot(msgspec.Struct):
    version: int
    own: str
    named: bool
    hosts: list[HostState]
