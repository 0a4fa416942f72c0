"""The table of who came in: one row for each finding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, tzinfo
from functools import partial
from typing import IO, cast

from logonbell.logon import (
    FailedLogons,
    Finding,
    LogCleared,
    Logoff,
    Logon,
    Notice,
    Selected,
    Tampering,
    User,
)
from logonbell.rule import Verdict
from logonbell.sentence import say
from logonbell.text import moment
from logonbell.text.escape import Shown, escape, name
from logonbell.text.headline import Room, attempted, came_from
from logonbell.text.language import speak
from logonbell.text.terminal import Terminal
from logonbell.text.width import pad, width
from logonbell.text.words import DOORS, TAMPER_WORDS, yes_or_no

CELL = 40
"""So many characters of a name are shown in a cell."""

DRAWN = 1000
"""So many rows are drawn; rich takes 0.7 ms for each, and nobody reads more as a picture."""

RINGS = "*"
UNKNOWN = "?"

_ROOM = Room(each=CELL, listed=1)
_GAP = "  "
_ANSWER = 8  # columns for a yes or no where room is short; its title is folded
_UNBROKEN = frozenset({"rings", "utc", "local"})
_Columns = dict[str, list[str]]  # by what it holds: the title, then a cell for each row


def draw(rows: Sequence[tuple[Finding, Verdict]], terminal: Terminal, *, language: str, zone: tzinfo) -> None:
    """Draw the rows in their order: with rich for a person at a terminal, else in aligned columns of plain text."""
    spoken = terminal.language(language)
    columns: _Columns = {what: [terminal.fit(title)] for what, title in _titles(spoken, zone).items()}
    for finding, verdict in rows:
        for column, cell in zip(columns.values(), _row(finding, verdict, spoken, zone), strict=True):
            column.append(terminal.fit(cell))
    if moment.is_utc(zone):
        del columns["local"]
    if terminal.colour and len(rows) <= DRAWN:
        _draw_rich(columns, terminal)
    else:
        for line in _aligned(columns):
            terminal.line(line)
    if any(verdict.rings for _, verdict in rows):
        terminal.line(speak(say("{mark} rings", mark=Shown(RINGS)), spoken))


def _titles(language: str, zone: tzinfo) -> dict[str, str]:
    tell = partial(speak, language=language)
    return {
        "rings": "",
        "utc": "UTC",
        "local": escape(moment.zone_name(zone) or zone.tzname(None) or "", CELL),
        "user": tell(say("user")),
        "door": tell(say("door")),
        "from": tell(say("from")),
        "host": tell(say("host")),
        "elevated": tell(say("elevated")),
        "domain admin": tell(say("domain admin")),
    }


def _row(finding: Finding, verdict: Verdict, language: str, zone: tzinfo) -> list[str]:
    utc = moment.stamp(finding.time.astimezone(UTC))
    local = moment.stamp_in(finding.time, zone) or UNKNOWN
    return [RINGS if verdict.rings else "", utc, local, *_facts(finding, language)]


def _facts(finding: Finding, language: str) -> list[str]:
    tell = partial(speak, language=language)
    host = name(finding.host, CELL)
    match finding:
        case Logon():
            user = _user(finding.user, language)
            door = tell(DOORS[finding.door].name)
            address = name(finding.address or "", CELL)
            elevated = _answer(finding.elevated, language)
            return [user, door, address, host, elevated, _answer(finding.domain_admin, language)]
        case FailedLogons():
            what = tell(say("failed logons ({number:,})", number=finding.count))
            users = attempted(finding, language, _ROOM)
            return [users, what, came_from(finding, language, _ROOM), host, "", ""]
        case LogCleared():
            what = tell(say("log cleared ({log})", log=name(finding.cleared, CELL)))
            return [_user(finding.user, language), what, "", host, "", ""]
        case Logoff():
            what = tell(say("logoff ({door})", door=tell(DOORS[finding.door].name)))
            return [_user(finding.user, language), what, "", host, "", ""]
        case Tampering():
            what = tell(TAMPER_WORDS[finding.kind])
            return [_user(finding.user, language), what, "", host, "", ""]
        case Selected():
            return [_user(finding.user, language), finding.rule, "", host, "", ""]
        case Notice():
            return ["", tell(say("notice")), "", host, "", ""]


def _user(user: User | None, language: str) -> Shown:
    return speak(say("unknown user"), language) if user is None else name(str(user), CELL)


def _answer(fact: bool | None, language: str) -> str:
    return UNKNOWN if fact is None else speak(yes_or_no(fact), language)


def _aligned(columns: _Columns) -> Iterator[str]:
    widths = [_width(column) for column in columns.values()]
    for cells in zip(*columns.values(), strict=True):
        yield _GAP.join(map(pad, cells, widths)).rstrip()


def _width(column: Sequence[str]) -> int:
    return max(map(width, column))


def _narrowed(columns: _Columns, room: int) -> _Columns:
    """Leave out what a person at a narrow terminal can do without: a host that never changes, UTC beside local time."""
    kept = dict(columns)
    if _needed(kept) > room and len(set(kept["host"][1:])) == 1:
        del kept["host"]
    if _needed(kept) > room and "local" in kept:
        del kept["utc"]
    return kept


def _needed(columns: _Columns) -> int:
    return sum(_width(column) + len(_GAP) for column in columns.values())


def _draw_rich(columns: _Columns, terminal: Terminal) -> None:
    from rich import box  # noqa: PLC0415  38 ms that only a person at a terminal waits for
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    screen = Console(file=cast("IO[str]", terminal), highlight=False)
    kept = _narrowed(columns, screen.width)
    crowded = _needed(kept) > screen.width
    # The box itself draws one blank between columns.
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, len(_GAP) - 1, 0, 0))
    for what, (title, *_) in kept.items():
        widest = _ANSWER if crowded and what in {"elevated", "domain admin"} else None
        table.add_column(Text(title), overflow="fold", no_wrap=what in _UNBROKEN, max_width=widest)
    for cells in zip(*(column[1:] for column in kept.values()), strict=True):
        table.add_row(*map(Text, cells), style="bold" if cells[0] else "dim")
    screen.print(table)
