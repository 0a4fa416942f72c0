"""su and sudo to root: doors of their own inside the host. A single command by sudo is none."""

from __future__ import annotations

import re

from logonbell.event import Event
from logonbell.logon import User
from logonbell.recognise.arrival import Arrival, Kind
from logonbell.recognise.processes import hold, process_of, spoken_of
from logonbell.recognise.state import HostLog
from logonbell.recognise.suspicion import Asked
from logonbell.sentence import Sentence, say

ROOT = "root"

_SU = re.compile(
    r"(?P<failed>FAILED SU )?\(to (?P<user>.{1,256}?)\) (?P<by>.{1,256}?) on (?P<terminal>[\w/.-]{1,64})",
    re.DOTALL,
)
_SUDO = re.compile(
    r" *(?P<by>\S.{0,255}?) : (?:HOST=\S{1,256} ; )?(?:TTY=(?P<terminal>\S{1,64}) ; )?(?:PWD|CWD)=.{0,4096}? ; USER=(?P<user>\S{1,256}) ;"
    r" (?:GROUP=\S{1,256} ; )?(?:TSID=\S{1,64} ; )?(?:ENV=.{0,4096}? ; )?COMMAND=(?P<command>.*)",
    re.DOTALL,
)
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh", "ash"})
_LOGIN_SHELL = frozenset({"-", "-l", "--login", "-i", "-s", "--shell", ROOT, "-p", "-m"})


def caller(name: str | None, uid: str | None) -> User | None:
    """Give who asked for it, as PAM writes it; a number where the name is missing."""
    if uid is None:
        return None
    return User(ROOT if uid == "0" else name or f"uid {uid}")


def su_said(log: HostLog, event: Event, message: str) -> Sentence:
    """Read a line of su's own (util-linux): ``(to root) mori on pts/0``."""
    line = _SU.fullmatch(message)
    if line is None:
        return say("su said something else")
    if line["failed"]:
        return log.failed(event, line["user"], None)
    arrival = by_su(log, event, User(line["user"]), User(line["by"]))
    if arrival is None:
        return say("su by root, or to a user who is not root")
    arrival.terminal = None if line["terminal"] == "none" else line["terminal"]
    log.changed(arrival, event.time)
    return say("su let a user become root")


def by_su(log: HostLog, event: Event, user: User, by: User | None) -> Arrival | None:
    """Take it that somebody became another; None where that is no door: by root for a service, or to a plain user."""
    if user.name != ROOT or (by is not None and by.name == ROOT):
        return None
    arrival = spoken_of(log, event, Kind.BECAME, User(ROOT))
    if arrival is None or arrival.program != "su":
        arrival = log.begin(Kind.BECAME, event, user=user)
        arrival.program, arrival.elevated = "su", True
        hold(log, arrival, process_of(event))
    else:
        log.joined(arrival, event)
    arrival.by = arrival.by or by
    return arrival


def sudo_said(log: HostLog, event: Event, message: str) -> Sentence:
    """Read a line of sudo's own: whose command, as whom."""
    line = _SUDO.fullmatch(message)
    if line is None:
        return say("sudo said something else, or refused: a mistyped password in it is no attempt to get in")
    as_root = line["user"] in {ROOT, "#0"} and line["by"] != ROOT
    if as_root:
        log.state.asked = Asked(event.time, User(line["by"]))
    if not as_root or not is_shell(line["command"]):
        return say("sudo ran one command, or a shell of a user who is not root: no logon")
    arrival = log.begin(Kind.BECAME, event, user=User(ROOT))
    arrival.program, arrival.elevated, arrival.uid = "sudo", True, 0
    arrival.by, arrival.terminal = User(line["by"]), line["terminal"]
    hold(log, arrival, process_of(event))
    log.changed(arrival, event.time)
    return say("sudo gave a user a shell of root's")


def by_sudo(log: HostLog, event: Event) -> Arrival | None:
    """Give the shell whose session PAM opened for sudo; None where it was a single command."""
    arrival = spoken_of(log, event, Kind.BECAME, User(ROOT))
    if arrival is None or arrival.program != "sudo":
        return None
    log.joined(arrival, event)
    return arrival


def is_shell(command: str) -> bool:
    """Tell whether a command of sudo's is a shell to type into: ``/bin/bash``, ``/usr/bin/su -``; not ``/bin/bash -c …``."""
    words = command.split()
    if not words:
        return False
    program = words[0].rpartition("/")[2]
    return program in _SHELLS | {"su"} and all(word in _LOGIN_SHELL for word in words[1:])
