"""The table of who came in: one row for each finding."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta, tzinfo
from functools import partial

from logonbell.logon import (
    Door,
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
from logonbell.text import drawing, moment
from logonbell.text.escape import Shown, escape, name
from logonbell.text.headline import SHELLS, THROUGH_SSM, Room, attempted, came_from, principal_name
from logonbell.text.language import speak
from logonbell.text.terminal import Terminal
from logonbell.text.words import DOORS, TAMPER_WORDS, yes_or_no

CELL = 40
"""So many characters of a name are shown in a cell."""

DRAWN = 1000
"""So many rows are drawn; rich takes 0.7 ms for each, and nobody reads more as a picture."""

RINGS = "*"
UNKNOWN = "?"

_ROOM = Room(each=CELL, listed=1)
_PERSON = Room(each=CELL, short=True)


def draw(rows: Sequence[tuple[Finding, Verdict]], terminal: Terminal, *, language: str, zone: tzinfo) -> None:
    """Draw the rows in their order: with rich for a person at a terminal, else in aligned columns of plain text."""
    spoken = terminal.language(language)
    columns = {what: [terminal.fit(title)] for what, title in _titles(spoken, zone).items()}
    for finding, verdict in rows:
        for column, cell in zip(columns.values(), _row(finding, verdict, spoken, zone), strict=True):
            column.append(terminal.fit(cell))
    if moment.is_utc(zone):
        del columns["local"]
    if not any(columns["lasted"][1:]):
        del columns["lasted"]
    if terminal.colour and len(rows) <= DRAWN:
        drawing.draw(columns, terminal)
    else:
        for line in drawing.aligned(columns):
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
        "lasted": tell(say("lasted")),
    }


def _row(finding: Finding, verdict: Verdict, language: str, zone: tzinfo) -> list[str]:
    utc = moment.stamp(finding.time.astimezone(UTC))
    local = moment.stamp_in(finding.time, zone) or UNKNOWN
    return [
        RINGS if verdict.rings else "",
        utc,
        local,
        *_facts(finding, language),
        _lasted(finding, language),
    ]


def _facts(finding: Finding, language: str) -> list[str]:
    tell = partial(speak, language=language)
    host = name(finding.host, CELL)
    match finding:
        case Logon():
            door = tell(DOORS[finding.door].name)
            if finding.door is Door.SSM_TUNNEL and finding.ssm_port is not None:
                door = tell(say("{door} ({port})", door=door, port=name(finding.ssm_port, CELL)))
            elevated = _answer(finding.elevated, language)
            domain_admin = _answer(finding.domain_admin, language)
            return [_who(finding, language), door, _whence(finding), host, elevated, domain_admin]
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
            if finding.about:
                what = tell(say("{what} ({about})", what=what, about=name(finding.about, CELL)))
            return [_user(finding.user, language), what, "", host, "", ""]
        case Selected():
            return [_user(finding.user, language), finding.rule, "", host, "", ""]
        case Notice():
            return ["", tell(say("notice")), "", host, "", ""]


def _lasted(finding: Finding, language: str) -> str:
    """Say how long a session lasted that is over."""
    if not isinstance(finding, Logon) or finding.ended is None:
        return ""
    return moment.span(max(finding.ended - finding.time, timedelta(0)), language)


def _who(logon: Logon, language: str) -> Shown:
    """Name the person: by the doors that SSM opens that is the principal, where it is known."""
    if logon.door in SHELLS and logon.principal is not None:
        return principal_name(logon.principal, _PERSON)
    return _user(logon.user, language)


def _whence(logon: Logon) -> Shown:
    """Say from where: through an SSM tunnel everybody comes from this host itself, so there it is by whom, as of su and sudo."""
    if logon.door in THROUGH_SSM and logon.principal is not None:
        return principal_name(logon.principal, _PERSON)
    return name(str(logon.by) if logon.by else logon.address or "", CELL)


def _user(user: User | None, language: str) -> Shown:
    return speak(say("unknown user"), language) if user is None else name(str(user), CELL)


def _answer(fact: bool | None, language: str) -> str:
    return UNKNOWN if fact is None else speak(yes_or_no(fact), language)
