"""What administrators do to a Linux host: who was made one of them, and who starts it again.

The words are those of shadow's usermod, useradd and gpasswd, and of systemd-logind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from logonbell.event import Event
from logonbell.logon import TamperKind, User
from logonbell.recognise.promotion import Made
from logonbell.recognise.state import HostLog
from logonbell.recognise.suspicion import Asked, Shutdown, Suspicion
from logonbell.sentence import Sentence, say

ADMINISTRATORS = frozenset({"root", "sudo", "wheel", "admin"})
"""The groups whose members may become root where the distribution's sudoers file is as it came."""
BY_SUDO = timedelta(seconds=10)
"""A command that sudo ran speaks within this time of what it did."""

_MADE = (
    re.compile(r"add '(?P<user>[^']{1,256})' to group '(?P<group>[^']{1,64})'"),
    re.compile(r"user (?P<user>\S{1,256}) added by (?P<by>\S{1,256}) to group (?P<group>\S{1,64})"),
    re.compile(r"new user: name=(?P<user>[^,]{1,256}), UID=(?P<uid>\d{1,10}),.{0,1024}"),
    re.compile(r"change user '(?P<user>[^']{1,256})' UID from '\d{1,10}' to '(?P<uid>\d{1,10})'"),
)
_MEMBERS = re.compile(
    r"members of group (?P<group>\S{1,64}) set by (?P<by>\S{1,256}) to (?P<users>\S{1,4096})"
)
_GOES_DOWN = (
    "The system will reboot now",
    "The system will power off now",
    "The system will halt now",
    "System is rebooting",
    "System is powering down",
    "System is halting",
)


def accounts_said(log: HostLog, event: Event, message: str) -> Sentence:
    """Read a line of usermod, useradd or gpasswd: by it somebody may have become an administrator."""
    members = _MEMBERS.fullmatch(message)
    if members is not None:
        if members["group"] not in ADMINISTRATORS:
            return say("a new member of a group that is not the administrators'")
        _promoted(log, event, members["users"].split(",")[:64], members["by"])
        return say("new members of the administrators' group")
    for form in _MADE:
        made = form.fullmatch(message)
        if made is None:
            continue
        parts = made.groupdict()
        if parts.get("group") in ADMINISTRATORS or parts.get("uid") == "0":
            _promoted(log, event, [made["user"]], parts.get("by"))
            return say("a new administrator")
        return say("an account was made or changed that holds no administrator's rights by that")
    return say("an account was made or changed that holds no administrator's rights by that")


def _promoted(log: HostLog, event: Event, names: Sequence[str], by: str | None) -> None:
    asked = _asked(log, event)
    hand = asked.by if asked is not None else User(by) if by else None
    kind = TamperKind.NEW_ADMINISTRATOR
    log.state.suspicions.add(Suspicion(kind, event.time, [event.ref], hand, list(names), event.time))
    for name in names:
        log.state.promotions.add(Made(event.time, User(name), hand, event.ref))


def logind_said(log: HostLog, event: Event, message: str) -> Sentence:
    """Read a line of systemd-logind: the host is to be started again, or shut down."""
    if not message.startswith(_GOES_DOWN):
        return say("systemd-logind counts sessions; who came says the program that let them in")
    asked, before = _asked(log, event), log.state.shutdown
    if before is not None and abs(event.time - before.time) <= BY_SUDO:
        return say("somebody asked for a restart or a shutdown")
    user = asked.by if asked is not None else None
    log.state.shutdown = Shutdown(event.time, user, event.ref)
    kind = TamperKind.RESTARTED
    log.state.suspicions.add(Suspicion(kind, event.time, [event.ref], user, [], event.time, planned=True))
    return say("somebody asked for a restart or a shutdown")


def started(log: HostLog, event: Event) -> None:
    """Take it that Linux was started: whoever was on is gone, and if nobody asked for it, that is told."""
    log.booted(event)
    if log.state.shutdown is None:
        kind = TamperKind.RESTARTED
        log.state.suspicions.add(Suspicion(kind, event.time, [event.ref], None, [], event.time))
    log.state.shutdown = None


def _asked(log: HostLog, event: Event) -> Asked | None:
    """Give whoever had sudo run a command a moment ago that may be what speaks now."""
    asked = log.state.asked
    return asked if asked is not None and timedelta(0) <= event.time - asked.time <= BY_SUDO else None
