"""A bar for a person who waits for large logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, cast

from logonbell.commands.desk import Desk
from logonbell.sources.history import is_folder

LARGE = 16 << 20
"""It is worth while for so many bytes."""


@contextmanager
def progress(desk: Desk, paths: Sequence[Path]) -> Iterator[Callable[[float], None] | None]:
    """Show it while logs are read, at a terminal; give what moves it, None where there is none to move."""
    if not desk.err.isatty() or sum(_size(path) for path in paths) < LARGE:
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 - 40 ms, only for a bar that is shown
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn  # noqa: PLC0415 - likewise

    console = Console(file=cast(IO[str], desk.err), force_terminal=True)
    with Progress(
        BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), console=console, transient=True
    ) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda done: bar.update(task, completed=done)


def _size(path: Path) -> int:
    """Give the bytes of a file or of all files in a folder; what cannot be looked at counts nothing."""
    files = path.rglob("*") if is_folder(path) else [path]
    total = 0
    for file in files:
        with suppress(OSError):
            total += file.stat().st_size
    return total
