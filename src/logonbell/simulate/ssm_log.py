"""The SSM agent's log writers: each program writes one line at a time, late, and rolls what is full.

seelog, which the agent logs with (vendor/github.com/cihub/seelog at the commit that ``ssm`` names), takes one message
from a program's queue, writes it, and waits: 100 ms where nothing else waits, less the more do (``pause_behind``). So a
program that says twenty things at once has written the last of them two seconds later, and in a log that several
programs share the lines stand in the order in which they were written, each with the time at which it was said. Whoever
ends writes the rest at once.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from operator import itemgetter
from pathlib import Path

SHORTEST, LONGEST = timedelta(milliseconds=2), timedelta(milliseconds=100)
_CROWD = 500
_NEVER = datetime.max.replace(tzinfo=UTC)


def pause_behind(waiting: int) -> timedelta:
    """Give how long a program waits behind a line while so many more wait."""
    return SHORTEST + (LONGEST - SHORTEST) * (_CROWD - min(waiting, _CROWD)) / _CROWD


@dataclass(slots=True)
class _Program:
    """One running program: what it has said and not written, when it writes next, the file that it holds open, its size."""

    log: str
    said: deque[tuple[datetime, str]] = field(default_factory=deque)
    ready: datetime | None = None
    place: Path | None = None
    size: int = 0


class AgentLog:
    """The logs below ``folder``, written by programs that come and go; a program is whatever name its lines are said under.

    ``zone`` is the one whose local time stands in them, ``fraction`` whether to a tenth of a millisecond. A log of
    ``roll_at`` bytes is rolled by the program that would write to it next, and ``rolls`` of the rolled are kept. Another
    program that holds the file open goes on writing into it under its new name, as on Linux.
    """

    def __init__(self, folder: Path, *, zone: tzinfo, fraction: bool, roll_at: int, rolls: int) -> None:
        self.folder = folder
        self.zone = zone
        self._fraction = fraction
        self._roll_at = roll_at
        self._rolls = rolls
        self._programs: dict[str, _Program] = {}

    def say(self, program: str, log: str, at: datetime, text: str) -> None:
        """Let a program say something, for the log of this name."""
        self._programs.setdefault(program, _Program(log)).said.append((at, text))

    def settle(self, now: datetime) -> None:
        """Write what the programs would have written by now."""
        due: list[tuple[datetime, _Program, str]] = []
        for program in self._programs.values():
            while program.said:
                said, text = program.said[0]
                at = max(said, program.ready or said)
                if at > now:
                    break
                program.said.popleft()
                due.append((at, program, self._line(said, text)))
                program.ready = at + pause_behind(len(program.said))
        for _, program, line in sorted(due, key=itemgetter(0)):
            self._write(program, line)

    def flush(self) -> None:
        """Write all that was said, in the order in which it would have been written."""
        self.settle(_NEVER)
        for program in self._programs.values():
            program.ready = None

    def end(self, name: str, now: datetime) -> None:
        """Let a program end: it writes the rest, and lets its file go."""
        self.settle(now)
        program = self._programs.pop(name, None)
        while program is not None and program.said:
            self._write(program, self._line(*program.said.popleft()))

    def lose(self, name: str) -> None:
        """Let a program die: what it has not written is lost."""
        self._programs.pop(name, None)

    def _write(self, program: _Program, line: str) -> None:
        current = self.folder / program.log
        if program.size >= self._roll_at:
            self._roll(current)
            program.place = None
        if program.place is None:
            program.place, program.size = current, current.stat().st_size if current.exists() else 0
        data = line.encode()
        with program.place.open("ab") as file:
            file.write(data)
        program.size += len(data)

    def _roll(self, log: Path) -> None:
        """Give the log the next number, and remove the oldest; whoever else holds the file open goes on with it."""
        if not log.exists():
            return
        numbers = sorted(int(path.suffix[1:]) for path in log.parent.glob(f"{log.name}.*"))
        rolled = log.with_name(f"{log.name}.{numbers[-1] + 1 if numbers else 1}")
        log.rename(rolled)
        for program in self._programs.values():
            if program.place == log:
                program.place = rolled
        for number in numbers[: max(0, len(numbers) + 1 - self._rolls)]:
            log.with_name(f"{log.name}.{number}").unlink()

    def _line(self, said: datetime, text: str) -> str:
        local = said.astimezone(self.zone)
        fraction = f".{local.microsecond // 100:04d}" if self._fraction else ""
        return f"{local:%Y-%m-%d %H:%M:%S}{fraction} INFO {text}\n"
