"""A copy of the SSM agent's data folder, or of its logs: what they tell of the past."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from logonbell.event import Event
from logonbell.sentence import say
from logonbell.source import Batch, Loss
from logonbell.ssm.agentlog import NAMES, AgentLogs, facts_of
from logonbell.ssm.files import is_folder, shown
from logonbell.ssm.folder import StateFolder, base_of, instances_in, obstacle
from logonbell.ssm.ledger import NAMED, Look, Mark
from logonbell.ssm.statefile import SsmSession

_FURTHEST = timedelta(hours=12)
"""No host's clock is further behind UTC: a local time that nothing tells apart is taken for the latest it can be."""
_BATCH = 4096


@dataclass(frozen=True, slots=True)
class SsmFolders:
    """Where one agent's data and its logs lie; at least one of them is there."""

    data: Path | None
    logs: Path | None


def logs_of(data: Path) -> Path | None:
    """Give the folder of the logs that belong to an agent's data folder, as the agent lays them out; None if it is not there."""
    below = [data / "Logs", data / "logs"]
    on_linux = data.parts[-4:] == ("var", "lib", "amazon", "ssm")
    beside = [data.parents[2] / "log" / "amazon" / "ssm"] if on_linux else []
    return next((path for path in (*below, *beside) if is_folder(path)), None)


def find_ssm_folders(
    paths: Iterable[str | os.PathLike[str]], losses: list[Loss] | None = None
) -> list[SsmFolders]:
    """Find copies of an agent's folders in folders and their subfolders, by what lies in them. Links are not followed.

    What is found below one path belongs together if it is one data folder and one folder of logs. What could not be
    looked into is added to ``losses``.
    """
    found: list[SsmFolders] = []

    def tell(error: OSError) -> None:
        what = say("This folder could not be looked into: {reason}", reason=error.strerror or str(error))
        if losses is not None:
            losses.append(Loss(shown(Path(error.filename or "")), what))

    for path in map(Path, paths):
        data, logs = list[Path](), list[Path]()
        for folder in _below(path, data, tell):
            if any(_is_log(folder / name) for name in NAMES):
                logs.append(folder)
        found += _paired(data, logs)
    return found


def _paired(data: list[Path], logs: list[Path]) -> Iterator[SsmFolders]:
    loose: list[Path] = []
    left = list(logs)
    for folder in data:
        own = next((each for each in left if each.parent == folder), None)
        if own is None:
            loose.append(folder)
        else:
            left.remove(own)
            yield SsmFolders(folder, own)
    if len(loose) == len(left) == 1:
        yield SsmFolders(loose[0], left[0])
        return
    yield from (SsmFolders(folder, None) for folder in loose)
    yield from (SsmFolders(None, folder) for folder in left)


def _below(path: Path, data: list[Path], tell: Callable[[OSError], None]) -> Iterator[Path]:
    """Give the folders in which logs may lie; data folders are noted, and not walked through."""
    for place, subfolders, _files in os.walk(path, onerror=tell):
        folder = Path(place)
        if _holds_state(folder):
            data.append(folder)
            subfolders[:] = [each for each in subfolders if each.casefold() == "logs"]
        subfolders.sort()
        yield folder


def _holds_state(folder: Path) -> bool:
    # ``InstanceData`` itself holds instances too, but its parent was met first and named it.
    return bool(instances_in(base_of(folder)))


def _is_log(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


class SsmPast:
    """Gives the sessions that a copy of the agent's folders tells: nothing in it is live, and no process is asked.

    A session without an end in the logs ends, if the copy holds the state files and its own is not there, at the newest
    sign of life in the copy. ``WATCHED`` is the first moment that the logs cover; without logs nothing is said of that.
    """

    def __init__(self, folders: SsmFolders, *, host: str) -> None:
        self.folders = folders
        self._host = host
        self._events: Sequence[Event] | None = None
        self._losses: list[Loss] = []
        self._instance: str | None = None

    @property
    def name(self) -> str:
        """The key under which the bookmark is kept: the absolute path."""
        where = self.folders.data or self.folders.logs or Path()
        return f"{NAMED}{shown(where.absolute())}"

    def read(self, bookmark: str | None, limit: int | None = None) -> Batch:
        """Give what stands behind ``bookmark``. See ``Source.read``."""
        losses: list[Loss] = []
        if self._events is None:
            self._events = self._read_all()
            losses += self._losses
        start = 0
        if bookmark is not None:
            start = int(bookmark) if bookmark.isascii() and bookmark.isdigit() and len(bookmark) < 10 else 0
        stop = start + (_BATCH if limit is None else min(limit, _BATCH))
        events = self._events[start:stop]
        end = start + len(events)
        return Batch(events, str(end), losses, len(events), more=end < len(self._events))

    def _read_all(self) -> Sequence[Event]:
        present, instance, look = self._present(), self._instance, Look(Mark(), self._host)

        def is_own(session: SsmSession) -> bool:
            return instance is None or not session.instance_id or session.instance_id == instance

        last = self._read_logs(look, is_own)
        for session, sign in present.values():
            if is_own(session) and not look.knows(session.session_id):
                look.opened(session, sign)
        if self.folders.data is not None and last is not None:
            for session_id in [each for each in look.mark.open if each not in present]:
                look.closed(session_id, last)
        return [step.event for step in look.in_order()]

    def _read_logs(self, look: Look, is_own: Callable[[SsmSession], bool]) -> datetime | None:
        """Tell what the logs tell; give their last moment."""
        if self.folders.logs is None:
            return None
        logs, zone = AgentLogs(self.folders.logs, zone=_latest), None
        for reading in facts_of(logs):
            self._losses += reading.losses
            zone = reading.mark.zone
            for time, fact in reading.facts:
                look.take(time, fact, is_own)
        since = logs.covered_since(zone)
        if since is not None:
            look.watched(since)
        return logs.last_sign(zone)

    def _present(self) -> dict[str, tuple[SsmSession, datetime]]:
        """Give the sessions whose files are in the copy, with the time at which each was last written."""
        if self.folders.data is None:
            return {}
        # What is half written in a copy stays so: each look is taken to be long after the last.
        looks = count()
        state = StateFolder(self.folders.data, None, lambda: _AGES_AGO + timedelta(minutes=next(looks)))
        while True:
            seen = state.look()
            self._losses += seen.losses
            if seen.whole or not seen.readable:
                break
        self._losses += state.look().losses
        if not seen.readable and (place := obstacle(self.folders.data)) is not None:
            what = say("This user may not look into it, so the SSM sessions that it holds are not known.")
            self._losses.append(Loss(shown(place), what))
        self._instance = seen.instance_id
        return {
            session_id: (session, state.last_sign(session_id) or _AGES_AGO)
            for session_id, session in seen.sessions.items()
        }


_AGES_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def _latest(local: datetime) -> datetime:
    """Take a local time of a host of which nothing is known for the latest moment it can have been."""
    return local.replace(tzinfo=UTC) + _FURTHEST
