"""A table as a person at a terminal sees it: side by side where no name has to be broken, else two lines for each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, cast

from logonbell.text.terminal import Terminal
from logonbell.text.width import pad, width

if TYPE_CHECKING:
    from rich.table import Table

Columns = Mapping[str, Sequence[str]]
"""By what it holds: the title, then a cell for each row."""

GAP = "  "
_ANSWER = 8  # columns for a yes or no where room is short; its title is folded
_ANSWERS = frozenset({"elevated", "domain admin"})
_ABOVE = ("user", "door")  # who and how, in the first of a row's two lines


def aligned(columns: Columns) -> Iterator[str]:
    """Give the rows as lines of plain text, however wide they get."""
    widths = [widest(column) for column in columns.values()]
    for cells in zip(*columns.values(), strict=True):
        yield GAP.join(map(pad, cells, widths)).rstrip()


def draw(columns: Columns, terminal: Terminal) -> None:
    """Draw what fits the terminal's width; a row whose first cell is not empty stands out."""
    from rich.console import Console  # noqa: PLC0415  38 ms that only a person at a terminal waits for

    screen = Console(file=cast("IO[str]", terminal), highlight=False)
    kept = _without_repeats(columns, screen.width)
    widths = _widths(kept, screen.width)
    screen.print(_stacked(kept, screen.width) if widths is None else _side_by_side(kept, widths))


def widest(column: Sequence[str]) -> int:
    """Count the columns that the widest cell takes."""
    return max(map(width, column))


def _without_repeats(columns: Columns, room: int) -> Columns:
    """Leave out what a person at a narrow terminal can do without: a host that never changes, UTC beside local time."""
    kept = dict(columns)
    if _needed(map(widest, kept.values())) > room and len(set(kept["host"][1:])) == 1:
        del kept["host"]
    if _needed(map(widest, kept.values())) > room and "local" in kept:
        del kept["utc"]
    return kept


def _needed(widths: Iterable[int]) -> int:
    return sum(one + len(GAP) for one in widths)


def _widths(columns: Columns, room: int) -> dict[str, int] | None:
    """Give each column's width, the last narrowed first; None where the words as they are do not fit."""
    widths = {what: widest(column) for what, column in columns.items()}
    over = _needed(widths.values()) - room
    for what in reversed([*columns]):
        give = max(0, min(over, widths[what] - _least(what, columns[what])))
        widths[what] -= give
        over -= give
    return widths if over <= 0 else None


def _least(what: str, column: Sequence[str]) -> int:
    """Say how narrow a column can be without a word that is broken; times stay on one line."""
    if what in {"utc", "local"}:
        return widest(column)
    words = max((width(word) for cell in column for word in cell.split()), default=0)
    return min(words, _ANSWER) if what in _ANSWERS else words


def _table() -> Table:
    from rich import box  # noqa: PLC0415 - like Console
    from rich.table import Table  # noqa: PLC0415

    # The box itself draws one blank between columns.
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, len(GAP) - 1, 0, 0))


def _side_by_side(columns: Columns, widths: Mapping[str, int]) -> Table:
    from rich.text import Text  # noqa: PLC0415 - like Console

    table = _table()
    for what, (title, *_) in columns.items():
        table.add_column(Text(title), overflow="fold", width=widths[what])
    for cells in zip(*(column[1:] for column in columns.values()), strict=True):
        table.add_row(*map(Text, cells), style="bold" if cells[0] else "dim")
    return table


def _stacked(columns: Columns, room: int) -> Table:
    """Put who and how into the first line of a row, and the rest, each with its title, into the second."""
    from rich.text import Text  # noqa: PLC0415 - like Console

    rings, time = columns["rings"], columns.get("local") or columns["utc"]
    left = _needed([widest(rings), widest(time)])
    above = list(aligned({what: columns[what] for what in _ABOVE}))
    if max(map(width, above)) > room - left:
        above = [GAP.join(cells) for cells in zip(*(columns[what] for what in _ABOVE), strict=True)]
    others = [column for what, column in columns.items() if what not in {"rings", "utc", "local", *_ABOVE}]
    titles = [title for title, *_ in others]
    table = _table()
    table.add_column(Text(rings[0]), width=widest(rings))
    table.add_column(Text(time[0]), no_wrap=True)
    table.add_column(Text(above[0]), overflow="fold")
    for mark, at, who, *cells in zip(
        rings[1:], time[1:], above[1:], *(one[1:] for one in others), strict=True
    ):
        facts = [f"{title} {cell}" for title, cell in zip(titles, cells, strict=True) if cell]
        what = Text(who).append(
            "".join(f"\n{line}" for line in _packed(facts, room - left)), style="not bold"
        )
        table.add_row(Text(mark), Text(at), what, style="bold" if mark else "dim")
    return table


def _packed(facts: Sequence[str], room: int) -> list[str]:
    """Put as many facts into a line as fit."""
    lines: list[str] = []
    for fact in facts:
        if lines and width(lines[-1] + GAP + fact) <= room:
            lines[-1] += GAP + fact
        else:
            lines.append(fact)
    return lines
