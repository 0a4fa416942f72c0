"""Who came in, and by which door: the domain's facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from logonbell.event import EventRef
from logonbell.sentence import Sentence


class LogonType(IntEnum):
    """Windows' number for the kind of a logon (Microsoft, event 4624)."""

    SYSTEM = 0
    INTERACTIVE = 2
    NETWORK = 3
    BATCH = 4
    SERVICE = 5
    UNLOCK = 7
    NETWORK_CLEARTEXT = 8
    NEW_CREDENTIALS = 9
    REMOTE_INTERACTIVE = 10
    CACHED_INTERACTIVE = 11
    CACHED_REMOTE_INTERACTIVE = 12
    CACHED_UNLOCK = 13


class Door(StrEnum):
    """How a person came in."""

    CONSOLE = "console"
    CACHED_CONSOLE = "cached-console"
    UNLOCK = "unlock"
    RDP = "rdp"
    RDP_RECONNECT = "rdp-reconnect"
    RDP_LOOPBACK = "rdp-loopback"
    RDP_SSM = "rdp-ssm"
    SSM_SHELL = "ssm-shell"
    SSM_SHELL_ELEVATED = "ssm-shell-elevated"
    SSM_TUNNEL = "ssm-tunnel"
    SSH = "ssh"
    SSH_SSM = "ssh-ssm"
    SSH_LOOPBACK = "ssh-loopback"
    INSTANCE_CONNECT = "instance-connect"
    WINRM = "winrm"
    NETWORK = "network"
    RUNAS = "runas"
    SU = "su"
    SUDO = "sudo"
    BATCH = "batch"
    RUN_COMMAND = "run-command"


class System(StrEnum):
    """Which kind of host it is."""

    WINDOWS = "windows"
    LINUX = "linux"


@dataclass(frozen=True, slots=True)
class User:
    """An account as the log names it. ``sid`` is None where the event carries none (LocalSessionManager, 4778)."""

    name: str
    domain: str = ""
    sid: str | None = None

    def __str__(self) -> str:
        return f"{self.domain}\\{self.name}" if self.domain else self.name


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate that sshd accepted: whom its maker named, its number, and the key of its maker (type and fingerprint).

    ``serial`` is decimal: 64 bits without a sign, more than every reader of JSON takes as a number.
    """

    identity: str
    serial: str
    ca: str


@dataclass(frozen=True, slots=True)
class Promotion:
    """Whoever logs on was made a local administrator not long before: when, by whom, and the record that says so.

    ``first`` says that it is the first logon since.
    """

    time: datetime
    by: User | None
    event: EventRef
    first: bool


@dataclass(frozen=True, slots=True)
class Logon:
    """An account obtained a session.

    ``events`` are the records folded into it, the main one first; ``time`` and ``host`` are the main one's. The pair
    of host and main event identifies the logon: a later version of the same logon, with more facts, has the same.
    ``address`` is the raw text of the log, None where it wrote none or the session is local. ``elevated`` and
    ``domain_admin`` are None where the log does not tell. ``why`` says in words how the door was recognised.
    ``ended`` is when the session was closed (filled in from its ``Logoff``), None while it is open or where nobody saw
    it close. Where an existing session was taken up again, ``resumes`` and ``began`` name the logon that opened it, its main
    event and that event's time; None where the session is new, or its beginning was not seen.
    ``ssm_document`` is the document that the SSM session was opened with, ``ssm_port`` where a tunnel leads: a port of this
    host (``3389``), or of another (``db.internal:1433``).
    ``ssm_match`` says how the SSM session was found, or why none was; ``ssm_observed`` that the host's SSM sessions were
    known at that moment, so that none found means that there was none. ``promotion`` is there where the user was made an
    administrator within the day before. ``method`` is how sshd says that the user proved who they are (``publickey``,
    ``password``, …), ``key`` the type and fingerprint of the key, ``certificate`` that key's where it has one; ``uid`` is
    Linux' number of the user, ``by`` who asked for it (of ``su`` and ``sudo``), ``terminal`` where they sit. On Linux
    ``logon_id`` is the id of the process that holds the session. ``folded`` counts all events behind it, also those that ``events`` no longer
    lists (it holds at most 256).
    """

    time: datetime
    host: str
    door: Door
    events: tuple[EventRef, ...]
    why: Sentence
    user: User | None = None
    logon_type: int | None = None
    logon_id: str | None = None
    address: str | None = None
    workstation: str | None = None
    elevated: bool | None = None
    domain_admin: bool | None = None
    principal: str | None = None
    ssm_session: str | None = None
    ssm_document: str | None = None
    ssm_port: str | None = None
    ssm_match: Sentence | None = None
    ssm_observed: bool = False
    promotion: Promotion | None = None
    system: System = System.WINDOWS
    method: str | None = None
    key: str | None = None
    certificate: Certificate | None = None
    uid: int | None = None
    by: User | None = None
    terminal: str | None = None
    ended: datetime | None = None
    resumes: EventRef | None = None
    began: datetime | None = None
    folded: int = 1

    @property
    def main(self) -> EventRef:
        """The event that stands for this logon."""
        return self.events[0]


@dataclass(frozen=True, slots=True)
class FailedLogons:
    """A burst on one host: three or more failed logons with gaps of at most ten minutes.

    ``addresses`` and ``users`` hold the first distinct values (at most 20 each); ``more`` is true where there were
    others. ``ended`` is false for the version told at the third failure, true for the summary behind the last.
    """

    time: datetime
    host: str
    events: tuple[EventRef, ...]
    last: datetime
    count: int
    addresses: tuple[str, ...]
    users: tuple[str, ...]
    more: bool
    ended: bool

    @property
    def main(self) -> EventRef:
        """The first failure of the burst."""
        return self.events[0]


@dataclass(frozen=True, slots=True)
class LogCleared:
    """Somebody emptied a log. ``cleared`` is the channel that was emptied."""

    time: datetime
    host: str
    events: tuple[EventRef, ...]
    cleared: str
    user: User | None

    @property
    def main(self) -> EventRef:
        """The record that tells of it."""
        return self.events[0]


@dataclass(frozen=True, slots=True)
class Logoff:
    """A session was closed. ``logon`` and ``began`` name the logon that opened it: its main event and that event's time."""

    time: datetime
    host: str
    events: tuple[EventRef, ...]
    logon: EventRef
    began: datetime
    door: Door
    user: User | None

    @property
    def main(self) -> EventRef:
        """The record that tells of it."""
        return self.events[0]

    @property
    def seconds(self) -> float:
        """How long the session lasted."""
        return max(0.0, (self.time - self.began).total_seconds())


class NoticeKind(StrEnum):
    """What a notice of logonbell's own is about."""

    TEST = "test"
    CANARY = "canary"
    TOPIC = "topic"
    SILENCE = "silence"
    UNDELIVERED = "undelivered"
    UNWATCHED = "unwatched"
    BLIND = "blind"
    SEEING = "seeing"
    GAP = "gap"
    STUCK = "stuck"
    REASON = "reason"
    STALLED = "stalled"
    HEARTBEAT = "heartbeat"
    STOPPED = "stopped"
    SETTINGS = "settings"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Notice:
    """What logonbell has to say of itself. Its one event stands in no log of Windows: the channel is ``logonbell``.

    That of sessions which nobody watched is the SSM agent's, that of the watching of logs ``logonbell-watching``.
    """

    time: datetime
    host: str
    events: tuple[EventRef, ...]
    kind: NoticeKind
    what: Sentence

    @property
    def main(self) -> EventRef:
        """The event that stands for it."""
        return self.events[0]


class TamperKind(StrEnum):
    """What was done to the host's eyes, or to its doors."""

    LOG_STOPPED = "log-stopped"
    RESTARTED = "restarted"
    AUDIT_CHANGED = "audit-changed"
    NEW_ADMINISTRATOR = "new-administrator"
    SSM_USER_ENABLED = "ssm-user-enabled"


@dataclass(frozen=True, slots=True)
class Tampering:
    """Somebody changed what is recorded, or who may come in. ``user`` did it, ``about`` is what or whom it was done to.

    ``planned`` says that it was planned, or takes nothing away: a restart with a reason, a subcategory that is audited
    from now on, a copied log that ends where it was stopped, as at a shutdown.
    """

    time: datetime
    host: str
    events: tuple[EventRef, ...]
    kind: TamperKind
    user: User | None
    about: str
    planned: bool = False
    folded: int = 1

    @property
    def main(self) -> EventRef:
        """The record that tells of it."""
        return self.events[0]


@dataclass(frozen=True, slots=True)
class Selected:
    """What a rule over raw events selected: ``rule`` names it, ``what`` says what it means.

    Of a correlation, which selects several records, the main one is that by which it fired; ``grouped`` are the fields that
    they have in common, and ``folded`` counts them as far as it must. ``level`` is Sigma's, 0 is informational.
    """

    time: datetime
    host: str
    events: tuple[EventRef, ...]
    rule: str
    what: Sentence
    user: User | None
    level: int = 0
    grouped: tuple[tuple[str, str], ...] = ()
    folded: int = 1

    @property
    def main(self) -> EventRef:
        """The record that was selected."""
        return self.events[0]


Finding = Logon | FailedLogons | LogCleared | Logoff | Notice | Selected | Tampering
"""What recognising yields. A finding may come again with more facts: same host and main event, same finding."""
