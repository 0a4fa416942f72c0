"""Line one: who, by which door, onto which host, from where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
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
)
from logonbell.sentence import plural, say
from logonbell.text import moment
from logonbell.text.escape import LIMIT, Shown, name
from logonbell.text.language import speak
from logonbell.text.words import DOORS, TAMPERED

SHELLS = frozenset({Door.SSM_SHELL, Door.SSM_SHELL_ELEVATED, Door.SSM_TUNNEL, Door.RUN_COMMAND})
"""The doors where the principal is the person, and the user only what the session runs as."""

THROUGH_SSM = frozenset({Door.RDP_SSM, Door.SSH_SSM})
"""The doors whose address is only the near end of a tunnel."""

AT_THE_CONSOLE = frozenset({Door.CONSOLE, Door.CACHED_CONSOLE})
"""The doors where Windows writes 127.0.0.1, which is nowhere to come from."""

_KEPT = 20  # so many names does a burst hold (FailedLogons); only a full list can have lost one


@dataclass(frozen=True, slots=True)
class Room:
    """How much room a headline has: characters for each name, names of a list, and whether ARNs are shortened.

    ``terse``: doors are called as in a table. ``place``: characters for host and address, None: as for any name.
    ``origin``: whether it is told where somebody came from.
    """

    each: int = LIMIT
    listed: int = 2
    short: bool = False
    terse: bool = False
    place: int | None = None
    origin: bool = True

    @property
    def where(self) -> int:
        """Characters for host and address."""
        return self.each if self.place is None else self.place


def headline(finding: Finding, *, language: str, host_name: str, room: Room | None = None) -> Shown:
    """Say in one line what happened."""
    width = room or Room()
    host = name(host_name, width.where)
    match finding:
        case Logon():
            return _logon(finding, host, language, width)
        case FailedLogons():
            return _failed_logons(finding, host, language, width)
        case LogCleared():
            return _log_cleared(finding, host, language, width)
        case Logoff():
            return _logoff(finding, host, language, width)
        case Tampering():
            return _tampering(finding, host, language, width)
        case Selected():
            user = (
                name(str(finding.user), width.each) if finding.user else speak(say("unknown user"), language)
            )
            short = name(finding.rule, width.each)
            what = short if width.short else speak(finding.what, language, limit=width.each)
            return speak(say("{what}: {user} on {host}", what=what, user=user, host=host), language)
        case Notice():
            return speak(finding.what, language, limit=width.each)


def attempted(burst: FailedLogons, language: str, room: Room) -> Shown:
    """Name the users of a burst."""
    return _listed(burst.users, more=burst.more, language=language, room=room) or speak(
        say("unknown user"), language
    )


def came_from(burst: FailedLogons, language: str, room: Room) -> Shown:
    """Name the addresses of a burst; empty where the log wrote none."""
    return _listed(burst.addresses, more=burst.more, language=language, room=replace(room, each=room.where))


def _listed(names: Sequence[str], *, more: bool, language: str, room: Room) -> Shown:
    shown = Shown(", ".join(name(one, room.each) for one in names[: room.listed]))
    rest = len(names) - room.listed
    if more and len(names) >= _KEPT:
        return speak(say("{names} and others", names=shown), language)
    if rest > 0:
        return speak(
            plural("{names} and {count} more", "{names} and {count} more", rest, names=shown), language
        )
    return shown


def _logon(logon: Logon, host: Shown, language: str, room: Room) -> Shown:
    tell = partial(speak, language=language)
    words = DOORS[logon.door]
    what = tell(words.name if room.terse else words.logon)
    if logon.door is Door.SSM_TUNNEL and logon.ssm_port is not None:
        what = tell(say("{what} to {port}", what=what, port=name(logon.ssm_port, room.each)))
    who = _who(logon, language, room)
    if not room.origin or logon.address is None or logon.door in THROUGH_SSM | AT_THE_CONSOLE:
        return tell(say("{what}: {who} on {host}", what=what, who=who, host=host))
    return tell(
        say(
            "{what}: {who} on {host} from {address}",
            what=what,
            who=who,
            host=host,
            address=name(logon.address, room.where),
        )
    )


def _who(logon: Logon, language: str, room: Room) -> Shown:
    tell = partial(speak, language=language)
    user = name(str(logon.user), room.each) if logon.user else tell(say("unknown user"))
    principal = None if logon.principal is None else principal_name(logon.principal, room)
    if logon.by is not None:
        return name(str(logon.by), room.each)  # the door says whom they became
    if principal is not None and logon.door in SHELLS:
        if logon.domain_admin:
            return tell(say("{principal} (as {user}, DOMAIN ADMIN)", principal=principal, user=user))
        if logon.user is None:
            return principal
        return tell(say("{principal} (as {user})", principal=principal, user=user))
    who = tell(say("{user} (DOMAIN ADMIN)", user=user)) if logon.domain_admin else user
    if logon.promotion is not None:
        who = tell(say("{user} (NEW ADMIN)", user=who))
    if principal is None:
        return who
    return tell(say("{who} by {principal}", who=who, principal=principal))


def principal_name(principal: str, room: Room) -> Shown:
    """Name a principal by its ARN, or where that must be short by what tells people apart."""
    if not room.short:
        return name(principal, room.each)
    resource = principal.rpartition(":")[2]
    if len(resource) <= room.each:
        return name(resource, room.each)
    # The last part is the person, the parts before are the role: what tells people apart is kept.
    return name(resource.rpartition("/")[2], room.each)


def _failed_logons(burst: FailedLogons, host: Shown, language: str, room: Room) -> Shown:
    tell = partial(speak, language=language)
    users = attempted(burst, language, room)
    addresses = came_from(burst, language, room)
    what = tell(
        say("Failed logons ended ({number:,})", number=burst.count)
        if burst.ended
        else say("Failed logons ({number:,})", number=burst.count)
    )
    if not addresses or not room.origin:
        return tell(say("{what}: {who} on {host}", what=what, who=users, host=host))
    return tell(
        say("{what}: {who} on {host} from {address}", what=what, who=users, host=host, address=addresses)
    )


def _log_cleared(cleared: LogCleared, host: Shown, language: str, room: Room) -> Shown:
    log = name(cleared.cleared, room.each)
    if cleared.user is None:
        return speak(say("Log cleared: {log} on {host}", log=log, host=host), language)
    user = name(str(cleared.user), room.each)
    return speak(say("Log cleared: {log} on {host} by {user}", log=log, host=host, user=user), language)


def _logoff(logoff: Logoff, host: Shown, language: str, room: Room) -> Shown:
    tell = partial(speak, language=language)
    return tell(
        say(
            "Logoff ({door}): {user} on {host} after {span}",
            door=tell(DOORS[logoff.door].name),
            user=name(str(logoff.user), room.each) if logoff.user else tell(say("unknown user")),
            host=host,
            span=moment.span(timedelta(seconds=logoff.seconds), language),
        )
    )


def _tampering(finding: Tampering, host: Shown, language: str, room: Room) -> Shown:
    user = name(str(finding.user), room.each) if finding.user else speak(say("unknown user"), language)
    about = name(finding.about, room.each)
    return speak(
        replace(TAMPERED[finding.kind], holes={"user": user, "about": about, "host": host}), language
    )
