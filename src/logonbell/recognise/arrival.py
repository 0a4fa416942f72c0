"""A logon while it may still grow: the evidence so far, and the facts folded in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from logonbell.event import EventRef
from logonbell.logon import Certificate, System, User
from logonbell.recognise.identity import same_address, same_user

EVENTS_LISTED = 256
"""How many folded records a logon lists; further ones are counted."""
IDS_KEPT = 16
"""How many logon ids an arrival is known by: the first, and the newest. WinRM makes one for each request, for hours."""


class Kind(StrEnum):
    """What sort of session grows: only evidence of one sort can be the same session."""

    SEAT = "seat"  # at the console or by RDP, which only the evidence tells apart
    NETWORK = "network"
    WINRM = "winrm"
    SSH = "ssh"
    SSM = "ssm"
    RUNAS = "runas"
    BATCH = "batch"
    SESSION = "session"  # of Linux: at the console, or what another program than sshd opened
    BECAME = "became"  # of Linux: su and sudo
    TUNNEL = "tunnel"
    COMMAND = "command"


class Sign(StrEnum):
    """One piece of evidence that decides a door."""

    SEATED = "seated"  # a 4624 of type 2, 10, 11 or 12: somebody sat down
    UNLOCKED = "unlocked"  # a 4624 of type 7 or 13
    NETWORK = "network"  # a 4624 of type 3 or 8 that came through the network
    NLA = "nla"  # a network logon such as RDP makes before its session
    KNOCKED = "knocked"  # 1149: somebody authenticated for RDP
    NEW = "new"  # LocalSessionManager 21: a new session
    AGAIN = "again"  # LocalSessionManager 25, 4778 to the console: an existing session, attached again
    ATTACHED = "attached"  # 4778: an existing session, attached to an RDP client
    BRIEF = "brief"  # its logon id was closed at once: only a key to a session that was there before
    LEFT = "left"  # 4647: the user chose to log off
    LOCAL = "local"  # LocalSessionManager or 4778 says that no client is attached
    HYPERV = "hyper-v"  # LocalSessionManager with an empty address: a Hyper-V enhanced session
    ACCEPTED = "accepted"  # sshd said Accepted
    KEY = "key"  # sshd accepted a key, or whatever else is no password
    TOKEN = "token"  # sshd's key token: made before the key is proven  # noqa: S105
    PASSWORD = "password"  # sshd's password logon  # noqa: S105
    PAM = "pam"  # of Linux: the program said that the session was opened, and will say when it is over
    PROVIDED = "provided"  # EC2 Instance Connect gave sshd the key
    SHELL = "shell"  # WinRM 91: a shell was made
    ELEVATED = "elevated"  # the SSM document asks for a shell as SYSTEM or root


@dataclass(slots=True)
class Arrival:
    """A logon that may still grow.

    ``halves`` counts the 4624 of its own token: UAC splits it in two. ``hearsay`` says that the address is only what the
    client says of itself. ``resumed_id`` is a logon id of the session that it took up again, ``resumes`` and ``began`` are
    main event and time of the logon that opened that session.

    ``process`` is the id of the program that asked for the logon, ``ssm`` the SSM session that it belongs to, ``owner``
    the SSM session whose worker was seen to hold the connection it came by (empty: somebody else does), ``rivals`` how
    many SSM shells its Windows logon could belong to, 0 where the worker's process id decided.

    ``program`` is which of Linux' programs opened a session or let a user become root, ``method``, ``key``, ``certificate``, ``uid``, ``by`` and
    ``terminal`` are a logon's, ``principal`` whom EC2 Instance Connect named.

    ``left`` is the record that closed the last of its logon ids so soon that a further one could still come, ``left_at`` its
    time.

    ``due`` is when, in the time of the log, what is known is told (None: nothing new to tell). ``told`` says that it was
    told before, so that what comes now is a later version of it.
    """

    serial: int
    kind: Kind
    time: datetime
    events: list[EventRef]
    last: datetime
    signs: set[Sign] = field(default_factory=set)
    user: User | None = None
    logon_type: int | None = None
    halves: int = 0
    logon_ids: list[str] = field(default_factory=list)
    unlock_ids: list[str] = field(default_factory=list)
    address: str | None = None
    hearsay: bool = False
    workstation: str | None = None
    elevated: bool | None = None
    domain_admin: bool | None = None
    session: int | None = None
    resumed_id: str = ""
    resumes: EventRef | None = None
    began: datetime | None = None
    process: int | None = None
    ssm: str | None = None
    owner: str | None = None
    rivals: int = 0
    system: System = System.WINDOWS
    program: str = ""
    method: str | None = None
    key: str | None = None
    certificate: Certificate | None = None
    uid: int | None = None
    by: User | None = None
    terminal: str | None = None
    principal: str | None = None
    folded: int = 1
    told: bool = False
    ended: bool = False
    left: EventRef | None = None
    left_at: datetime | None = None
    due: datetime | None = None

    def fold(self, ref: EventRef, time: datetime) -> None:
        """Take one more record into this logon."""
        self.folded += 1
        self._list(ref)
        self.last = max(self.last, time)

    def absorb(self, other: Arrival) -> None:
        """Take all of another arrival, which turned out to be the same logon, into this one."""
        for ref in other.events:
            self._list(ref)
        self.folded += other.folded
        self.last = max(self.last, other.last)
        self.learn(user=other.user, address=other.address, workstation=other.workstation)
        self.elevated = either(self.elevated, other.elevated)
        self.domain_admin = either(self.domain_admin, other.domain_admin)
        for logon_id in (*other.logon_ids, *other.unlock_ids):
            self.hold_id(logon_id, unlock=True)

    def _list(self, ref: EventRef) -> None:
        if len(self.events) < EVENTS_LISTED and ref not in self.events:
            self.events.append(ref)

    def hold_id(self, logon_id: str, *, unlock: bool) -> None:
        """Be known by one more logon id."""
        ids = self.unlock_ids if unlock else self.logon_ids
        if logon_id in ids:
            return
        ids.append(logon_id)
        if len(ids) > IDS_KEPT:
            del ids[1]

    def learn(
        self,
        *,
        user: User | None = None,
        address: str | None = None,
        workstation: str | None = None,
        logon_type: int | None = None,
    ) -> None:
        """Fill in facts that are not known yet; what the first record said stays."""
        if user is not None and (self.user is None or _says_more(user, self.user)):
            self.user = user
        if address is not None and (self.address is None or self.hearsay):
            self.address, self.hearsay = address, False
        if self.workstation is None:
            self.workstation = workstation
        if self.logon_type is None:
            self.logon_type = logon_type

    def hear_address(self, address: str | None) -> None:
        """Take an address that the client says of itself, until the connection's own is known."""
        if self.address is None and address is not None:
            self.address, self.hearsay = address, True

    def may_be(self, user: User | None, address: str | None) -> bool:
        """Tell whether evidence of ``user`` from ``address`` can belong to this logon."""
        return same_user(self.user, user) and same_address(self.address, address)


def _says_more(user: User, known: User) -> bool:
    """Tell whether a spelling names the account better: with its SID, or by a name where only the SID was known."""
    return user.sid is not None and (known.sid is None or known.name == known.sid)


def either(one: bool | None, other: bool | None) -> bool | None:
    """Join two answers that may be missing: yes if any says yes, no if any says no, else not known."""
    if one or other:
        return True
    return False if one is False or other is False else None
