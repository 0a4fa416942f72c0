"""Sessions that PAM opens and closes on Linux: at the console, for sshd, for su and sudo, and all that is no logon."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from logonbell.event import Event
from logonbell.logon import User
from logonbell.recognise import becoming, sshd
from logonbell.recognise.arrival import Arrival, Kind, Sign
from logonbell.recognise.doors import AT_THE_SCREEN, OTHER_PROGRAMS
from logonbell.recognise.identity import raw_address
from logonbell.recognise.processes import hold, process_of, spoken_of
from logonbell.recognise.state import HostLog
from logonbell.sentence import Sentence, say

_SESSION = re.compile(
    r"pam_unix\((?P<service>[\w.@+-]{1,64}):session\): session (?P<what>opened|closed) for user (?P<user>.{1,512}?)"
    r"(?:\((?:uid=(?P<uid>\d{1,10})|getpwnam error)\))?(?: by (?P<by>.{0,512}?)\(uid=(?P<by_uid>\d{1,10})\))?",
    re.DOTALL,
)
_AUTH = re.compile(
    r"pam_unix\((?P<service>[\w.@+-]{1,64}):auth\): authentication failure; .{0,1024} rhost=(?P<rhost>\S{0,256})"
    r"(?:\s+user=(?P<user>.{0,512}))?",
    re.DOTALL,
)
_LOGIN = re.compile(
    r"(?:(?P<root>ROOT )?LOGIN|[`'](?P<named>.{1,512}?)' logged in) +(?:ON|on) '?(?:/dev/)?(?P<terminal>[\w/.-]{1,64}?)'?"
    r"(?: BY (?P<user>.{1,512}?))?(?: (?:FROM|from) '?(?P<from>[^\s']{1,256})'?)?",
    re.DOTALL,
)
_FAILED_LOGIN = re.compile(
    r"FAILED LOGIN (?:SESSION|\(?\d{1,6}\)?) ?(?: ?(?:ON|on) '?(?P<terminal>[^' ]{1,64})'?)?(?: ?(?:FROM|from) '?(?P<from>[^' ]{1,256})'?)?"
    r" FOR '?(?P<user>.{0,512}?)'?, .{0,300}",
    re.DOTALL,
)

NO_LOGON: Mapping[str, Sentence] = MappingProxyType(
    {
        "cron": say("a job of cron"),
        "crond": say("a job of cron"),
        "atd": say("a job of at"),
        "systemd-user": say("systemd's own session of a user, beside the one by which they came"),
        "runuser": say("a service ran a program as another user"),
        "runuser-l": say("a service ran a program as another user"),
        "polkit-1": say("polkit let a user run one program as another"),
        "gdm-launch-environment": say("the greeter, where nobody is on yet"),
        "lightdm-greeter": say("the greeter, where nobody is on yet"),
        "sddm-greeter": say("the greeter, where nobody is on yet"),
    }
)
"""The services whose sessions nobody logged on to."""

_OF_BECOMING = frozenset({"su", "su-l", "sudo", "sudo-i"})


def said(log: HostLog, event: Event, message: str) -> Sentence:
    """Read a line of PAM's, whichever program it speaks through."""
    session = _SESSION.fullmatch(message)
    if session is None:
        return _refused(log, event, message)
    service = session["service"]
    if service in NO_LOGON:
        return NO_LOGON[service]
    if session["what"] == "closed":
        return _closed(log, event, service)
    return _opened(log, event, session)


def _opened(log: HostLog, event: Event, session: re.Match[str]) -> Sentence:
    service, user = session["service"], User(session["user"])
    match service:
        case "sshd":
            arrival: Arrival | None = _held(log, event, Kind.SSH, user)
        case "su" | "su-l":
            arrival = becoming.by_su(log, event, user, becoming.caller(session["by"], session["by_uid"]))
        case "sudo" | "sudo-i":
            arrival = becoming.by_sudo(log, event)
        case _:
            arrival = _sat_down(log, event, service, user)
    if arrival is None:
        return say("a session that belongs to no logon of its own: a service's, or a single command's")
    arrival.signs.add(Sign.PAM)
    if session["uid"] is not None:
        arrival.uid = int(session["uid"])
    if arrival.uid == 0 or (arrival.user is not None and arrival.user.name == "root"):
        arrival.elevated = True
    log.changed(arrival, event.time)
    return say("PAM opened the session of a logon")


def _sat_down(log: HostLog, event: Event, program: str, user: User) -> Arrival:
    """Somebody logged on at the console, or through another program than sshd."""
    arrival = _held(log, event, Kind.SESSION, user)
    arrival.program = arrival.program or program
    return arrival


def _held(log: HostLog, event: Event, kind: Kind, user: User) -> Arrival:
    """Give the logon that a line speaks of; where none was told yet, the line is the logon itself."""
    arrival = spoken_of(log, event, kind, user)
    if arrival is not None:
        log.joined(arrival, event)
        return arrival
    arrival = log.begin(kind, event, user=user)
    hold(log, arrival, process_of(event))
    return arrival


def _closed(log: HostLog, event: Event, service: str) -> Sentence:
    others = Kind.BECAME if service in _OF_BECOMING else Kind.SESSION
    kind = Kind.SSH if service == "sshd" else others
    return sshd.leave(log, event, process_of(event), kind)


def _refused(log: HostLog, event: Event, message: str) -> Sentence:
    """Count a refusal that only PAM tells; sshd, login and su tell theirs themselves."""
    refused = _AUTH.fullmatch(message)
    if refused is None:
        return say("PAM said something else")
    service = refused["service"]
    if service not in AT_THE_SCREEN | OTHER_PROGRAMS:
        return say("PAM refused somebody; the program itself tells whether that was a logon")
    return log.failed(event, refused["user"] or "", raw_address(refused["rhost"]))


def login_said(log: HostLog, event: Event, message: str) -> Sentence:
    """Read a line of login's own: by it the terminal is known (util-linux, and Debian's shadow)."""
    failed = _FAILED_LOGIN.fullmatch(message)
    if failed is not None:
        return log.failed(event, failed["user"], raw_address(failed["from"]))
    came = _LOGIN.fullmatch(message)
    if came is None:
        return say("login said something else")
    user = User(came["user"] or came["named"] or "root")
    arrival = _sat_down(log, event, "login", user)
    arrival.terminal = came["terminal"]
    arrival.learn(address=raw_address(came["from"]))
    if user.name == "root":
        arrival.elevated = True
    log.changed(arrival, event.time)
    return say("login let somebody in")
