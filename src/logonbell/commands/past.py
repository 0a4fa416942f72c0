"""The past of hosts, from copies: event logs and the SSM agent's folders, as one history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from logonbell.errors import Refused
from logonbell.event import Event
from logonbell.recognise.noise import HALLMARKS
from logonbell.recognise.windows import WANTED
from logonbell.sigma.wanted import Ids, loud, together
from logonbell.source import Loss
from logonbell.sources.evtx import NO_NOISE
from logonbell.sources.history import History, find_logs, in_step, is_folder
from logonbell.sources.kinds import reader_of

if TYPE_CHECKING:
    from logonbell.ssm.past import SsmFolders, SsmPast


class Past:
    """The events of logs and SSM folders in the order of time.

    With ``noise``, what recognising makes nothing of is given, too, and what rules ask for (``asked``) in any case. A copy of an agent's folders belongs to the host whose
    logs lie beside it. ``records`` and ``losses`` count while
    ``events`` is iterated. Raises ``Refused`` where there is nothing to read.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        *,
        noise: bool = False,
        asked: Mapping[str, Ids] = MappingProxyType({}),
        on_progress: Callable[[float], None] | None = None,
    ) -> None:
        self._roots = paths
        unseen: list[Loss] = []
        self._folders = _ssm_folders(paths, unseen)
        self._losses: list[Loss] = []
        self._history: History | None = None
        try:
            self._history = History(
                paths,
                wanted=together(WANTED, asked),
                noise=NO_NOISE if noise else loud(HALLMARKS, asked),
                on_progress=on_progress,
            )
        except Refused:
            if not self._folders:
                raise
            self._losses = unseen  # else the logs' own search tells of them

    @property
    def records(self) -> int:
        """How many records of the logs were looked at so far."""
        return self._history.records if self._history else 0

    @property
    def losses(self) -> list[Loss]:
        """What could not be read so far."""
        return [*(self._history.losses if self._history else ()), *self._losses]

    def events(self) -> Iterator[Event]:
        """Give the events, once. Raises ``Refused``, before the first, where no log could be read at all."""
        logs = self._history.events() if self._history else iter(())
        return in_step([logs, *map(self._sessions, self._pasts())])

    def _pasts(self) -> list[SsmPast]:
        if not self._folders:
            return []
        from logonbell.ssm.past import SsmPast  # noqa: PLC0415 - 25 ms that a single log does without

        return [SsmPast(folders, host=host_beside(folders, self._roots)) for folders in self._folders]

    def _sessions(self, past: SsmPast) -> Iterator[Event]:
        bookmark = None
        while True:
            batch = past.read(bookmark)
            self._losses += batch.losses
            yield from batch.events
            if not batch.more:
                return
            bookmark = batch.bookmark


def _ssm_folders(paths: Sequence[Path], unseen: list[Loss]) -> list[SsmFolders]:
    if not any(map(is_folder, paths)):
        return []
    from logonbell.ssm.past import find_ssm_folders  # noqa: PLC0415 - 25 ms that a single log does without

    return find_ssm_folders(paths, unseen)


def host_beside(folders: SsmFolders, roots: Sequence[Path]) -> str:
    """Name the host of a copy of an agent's folders: that of the nearest logs beside it, else the folder's own name.

    Nothing above ``roots``, what was asked for, is looked at.
    """
    mine = (folders.data or folders.logs or Path()).absolute()
    asked = [root.absolute() for root in roots]
    for place in mine.parents:
        if not any(place.is_relative_to(root) for root in asked):
            break
        if (host := _host_in(place)) is not None:
            return host
    return mine.parent.name


def _host_in(place: Path) -> str | None:
    with suppress(Refused):
        for log in find_logs([place]).files:
            with suppress(Refused):
                first = reader_of(log, wanted=None, noise=NO_NOISE).read(None, 1).events
                if first:
                    return first[0].host
    return None
