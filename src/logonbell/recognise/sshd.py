"""sshd on Linux: who came in and how, who tried, who left. Each connection has a process of its own, which says most of it.

The words are those of OpenSSH 7.4 to 10 (auth.c, auth-pam.c, packet.c, monitor.c). Names in them are whatever the client sent,
with line ends and backslashes escaped: a line is known by its beginning, and read from its end.
"""

from __future__ import annotations

import re

from logonbell.event import Event
from logonbell.logon import User
from logonbell.recognise.accepted import accepted_in
from logonbell.recognise.arrival import Kind, Sign
from logonbell.recognise.attempts import Stage
from logonbell.recognise.identity import raw_address
from logonbell.recognise.keys import Key
from logonbell.recognise.processes import hold, process_of, spoken_of
from logonbell.recognise.state import HostLog
from logonbell.sentence import Sentence, say

_WHERE = r" from (?P<address>\S{1,64})"
_PORT = r" port (?P<port>\d{1,5})"
_INVALID = re.compile(rf"Invalid user (?P<user>.{{0,512}}){_WHERE}(?:{_PORT})?", re.DOTALL)
_FAILED = re.compile(
    rf"Failed (?P<how>\S{{1,64}}) for (?:invalid user )?(?P<user>.{{0,512}}){_WHERE}{_PORT} ssh2(?:: .{{0,1500}})?",
    re.DOTALL,
)
_REPEATED = re.compile(r"message repeated (?P<times>\d{1,4}) times: \[ ?(?P<message>.*)\]", re.DOTALL)
_PAM = re.compile(rf"error: PAM: .{{1,200}} for (?:illegal user )?(?P<user>.{{0,512}}){_WHERE}", re.DOTALL)
_BARRED = re.compile(
    rf"(?:User (?P<user>.{{1,512}}){_WHERE} not allowed because .{{1,300}}"
    rf"|ROOT LOGIN REFUSED FROM (?P<of_root>\S{{1,64}}){_PORT})",
    re.DOTALL,
)
_TOO_MANY = re.compile(
    rf"(?:error: )?maximum authentication attempts exceeded for (?:invalid user )?(?P<user>.{{0,512}}){_WHERE}{_PORT}"
    r" ssh2(?: \[preauth\])?",
    re.DOTALL,
)
_GONE = re.compile(
    r"(?:Disconnected from|Disconnecting|Connection (?:closed|reset) by|Timeout, client not responding from|Timeout before"
    r" authentication for)"
    r"(?: (?:invalid|authenticating) user (?P<user>.{0,512})| user .{0,512})?"
    rf" (?P<address>\S{{1,64}}){_PORT}(?:: .{{0,512}}?)?(?P<before> \[preauth\])?",
    re.DOTALL,
)
_PROVIDING = re.compile(
    r"Providing ssh key from EC2 Instance Connect with fingerprint: (?P<fingerprint>[A-Z0-9]{1,8}:[\w+/=:]{1,128})\.?"
    r"(?:,.{0,256}?)??(?:, for IAM principal: (?P<principal>\S{1,2048}))?",
    re.DOTALL,
)


def said(log: HostLog, event: Event, message: str) -> Sentence:
    """Read a line of sshd's own."""
    if message.startswith("Accepted "):
        return _accepted(log, event, message)
    if message.startswith(("Failed ", "message repeated ")):
        return _failed(log, event, message)
    if message.startswith("Invalid user "):
        return _named_nobody(log, event, _INVALID.fullmatch(message))
    if message.startswith("error: PAM: "):
        return _refused_by_pam(log, event, _PAM.match(message))
    if message.startswith(("User ", "ROOT LOGIN REFUSED ")):
        return _named_nobody(log, event, _BARRED.fullmatch(message))
    if message.startswith(("error: maximum auth", "maximum auth")):
        return _tried_keys(log, event, _TOO_MANY.fullmatch(message))
    if message.startswith(("Disconnect", "Connection ", "Timeout")):
        return _gone(log, event, message)
    if message.startswith(("Partial ", "Postponed ")):
        return say("one proof of several that sshd asks for: nobody came in yet")
    return say("sshd said something else")


def _accepted(log: HostLog, event: Event, message: str) -> Sentence:
    """Somebody came in: the proof, and the only place of the address."""
    accepted = accepted_in(message)
    if accepted is None:
        return say("sshd said something else")
    user, process = User(_bare(accepted.user)), process_of(event)
    address = raw_address(accepted.address)
    arrival = spoken_of(log, event, Kind.SSH, user)  # where PAM spoke first
    if arrival is None or Sign.ACCEPTED in arrival.signs:
        arrival = log.begin(Kind.SSH, event, user=user)
        hold(log, arrival, process)
    else:
        log.joined(arrival, event)
    arrival.signs.add(Sign.ACCEPTED)
    arrival.method, arrival.key, arrival.certificate = accepted.how, accepted.key, accepted.certificate
    arrival.learn(address=address)
    if user.name == "root":
        arrival.elevated = True
    hold(log, arrival, _peer(accepted.address, accepted.port))
    provided = log.state.provided.behind(accepted.key, event.time)
    if provided is not None:
        arrival.signs.add(Sign.PROVIDED)
        arrival.principal = provided.principal
        arrival.fold(provided.event, arrival.last)
    log.changed(arrival, event.time)
    return say("sshd accepted {how}", how=accepted.how)


def _failed(log: HostLog, event: Event, message: str) -> Sentence:
    """Count a refusal. A key that is refused counts only when none was accepted: a client tries all it has."""
    repeated = _REPEATED.fullmatch(message)  # rsyslog's, of lines that are the same
    failed = _FAILED.fullmatch(message if repeated is None else repeated["message"])
    if failed is None:
        return say("sshd said something else")
    if failed["how"] in {"none", "publickey", "hostbased"}:
        return say("a key of several, or the question what is asked for: no failed logon by itself")
    if repeated is None:
        return _count(log, event, Stage.REFUSED, failed["user"], failed["address"])
    return log.failed(event, _bare(failed["user"]), raw_address(failed["address"]), int(repeated["times"]))


def _named_nobody(log: HostLog, event: Event, said: re.Match[str] | None) -> Sentence:
    """Count somebody who does not exist, or may not come in."""
    if said is None:
        return say("sshd said something else")
    parts = said.groupdict()
    of_root = parts.get("of_root")
    if of_root is not None:
        return _count(log, event, Stage.NAMED, "root", of_root)
    return _count(log, event, Stage.NAMED, parts["user"], parts["address"])


def _refused_by_pam(log: HostLog, event: Event, said: re.Match[str] | None) -> Sentence:
    if said is None:
        return say("sshd said something else")
    return _count(log, event, Stage.ASKED, said["user"], said["address"])


def _count(log: HostLog, event: Event, stage: Stage, user: str, address: str) -> Sentence:
    if not log.state.attempts.begins(process_of(event), stage, event.time):
        return say("the same failed logon, in other words")
    return log.failed(event, _bare(user), raw_address(address))


def _tried_keys(log: HostLog, event: Event, said: re.Match[str] | None) -> Sentence:
    """Somebody tried all that sshd lets them try, or went away before that."""
    if said is None:
        return say("sshd said something else")
    process = process_of(event)
    if not log.state.attempts.over(process, event.time):
        log.state.attempts.begins(process, Stage.REFUSED, event.time)
        return say("the same failed logon, in other words")
    log.state.attempts.begins(process, Stage.REFUSED, event.time)
    return log.failed(event, _bare(said["user"]), raw_address(said["address"]))


def _gone(log: HostLog, event: Event, message: str) -> Sentence:
    """Read that a connection is over: of somebody who was in, or who never came in."""
    gone = _GONE.fullmatch(message)
    if gone is None:
        return say("sshd said something else")
    if gone["user"] is not None:
        if log.state.attempts.over(process_of(event), event.time):
            return log.failed(event, _bare(gone["user"]), raw_address(gone["address"]))
        return say("the end of an attempt that was counted")
    if gone["before"]:
        log.state.attempts.over(process_of(event), event.time)
        return say("somebody connected and went away without naming a user")
    peer = _peer(gone["address"], gone["port"])
    return leave(log, event, peer, Kind.SSH)


def leave(log: HostLog, event: Event, held: str, kind: Kind) -> Sentence:
    """Read that what is known by an id is over."""
    arrival = log.growing.with_id(held)
    if arrival is not None and arrival.kind is kind:
        if held != process_of(event) and Sign.PAM in arrival.signs:
            return say("the connection is over; the session ends when PAM says so")
        log.end(arrival, event)
        return say("the session was closed")
    session = log.open.with_id(held)
    if session is not None:
        log.end_open(session, event)
        return say("the session was closed")
    return say("the end of something that was not followed")


def key_provided(log: HostLog, event: Event, message: str) -> Sentence:
    """Read what EC2 Instance Connect says when sshd asks it for a key."""
    providing = _PROVIDING.fullmatch(message)
    if providing is None:
        return say("EC2 Instance Connect was asked for a key")
    log.state.provided.add(Key(providing["fingerprint"], providing["principal"], event.ref, event.time))
    return say("EC2 Instance Connect gave sshd a key: belongs to the logon that uses it")


def _peer(address: str, port: str) -> str:
    return f"{address} port {port}"


def _bare(name: str) -> str:
    r"""Undo what sshd does to a backslash: ``CORP\\\\mori`` is ``CORP\\mori``."""
    return name.replace("\\\\", "\\")
