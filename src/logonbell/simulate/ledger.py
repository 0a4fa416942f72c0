"""What a Windows host numbers and notes, one logon at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from logonbell.event import Event
from logonbell.simulate.people import ANONYMOUS, LOGON_IDS, NETWORK_SERVICE, SYSTEM, Person
from logonbell.simulate.shapes import (
    NO_GUID,
    Attempt,
    Origin,
    Process,
    Subject,
    Token,
    account_changed_fields,
    account_fields,
    administrator_made_fields,
    credentials_fields,
    groups_fields,
    logon_fields,
    privileges_fields,
)
from logonbell.simulate.system import (
    EVENTLOG,
    LOCAL_SESSION_MANAGER,
    OPENSSH,
    REMOTE_CONNECTION_MANAGER,
    SECURITY,
    USER32,
    WINRM,
)

SYSTEM32 = "C:\\Windows\\System32\\"
SVCHOST = f"{SYSTEM32}svchost.exe"
WINLOGON = f"{SYSTEM32}winlogon.exe"
WININIT = f"{SYSTEM32}wininit.exe"
SERVICES = f"{SYSTEM32}services.exe"
LSASS = f"{SYSTEM32}lsass.exe"
CONSENT = f"{SYSTEM32}consent.exe"
SSHD = f"{SYSTEM32}OpenSSH\\sshd.exe"
_BUSY = 1_000
"""So many process numbers are dealt before one may be dealt again: two programs that run at once never share one."""
CHROME = "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe"
SSM_SESSION_WORKER = "C:\\Program Files\\Amazon\\SSM\\ssm-session-worker.exe"


class Log(NamedTuple):
    """A channel, the provider that writes into it, and the account that this provider runs as."""

    channel: str
    provider: str
    sid: str | None = None


SECURITY_LOG = Log("Security", SECURITY)
CLEARED_SECURITY_LOG = Log("Security", EVENTLOG)
SYSTEM_LOG = Log("System", EVENTLOG)
SHUTDOWN_LOG = Log("System", USER32)
LOCAL_SESSION_MANAGER_LOG = Log(f"{LOCAL_SESSION_MANAGER}/Operational", LOCAL_SESSION_MANAGER, SYSTEM.sid)
REMOTE_CONNECTION_MANAGER_LOG = Log(
    f"{REMOTE_CONNECTION_MANAGER}/Operational", REMOTE_CONNECTION_MANAGER, NETWORK_SERVICE.sid
)
OPENSSH_LOG = Log(f"{OPENSSH}/Operational", OPENSSH, SYSTEM.sid)
WINRM_LOG = Log(f"{WINRM}/Operational", WINRM, NETWORK_SERVICE.sid)


@dataclass(frozen=True, slots=True)
class Session:
    """An open session: its number (0 where there is none), who sits in it, and the logon ids of its token.

    The last logon id is the weaker half's, which the session's programs run with.
    """

    number: int
    person: Person
    logon_type: int
    logon_ids: tuple[str, ...]
    address: str
    connection: str = "Console"


def later(at: datetime, milliseconds: int) -> datetime:
    """Give the moment so many milliseconds behind ``at``."""
    return at + timedelta(milliseconds=milliseconds)


class Ledger:
    """Deals record ids, logon ids and process numbers in the order in which it is asked, and writes single events."""

    def __init__(
        self,
        name: str,
        domain: str,
        machine_sid: str,
        random: Random,
        *,
        first_record_ids: Mapping[str, int],
        group_membership: bool,
    ) -> None:
        self.name = name
        self.domain = domain
        self.machine_sid = machine_sid
        self.random = random
        self._group_membership = group_membership
        self._record_ids = dict(first_record_ids)
        self._last_logon_id = 0x10000 + random.randrange(0x8000)
        self._pids: dict[str, int] = {}
        self._dealt: deque[int] = deque(maxlen=_BUSY)

    @property
    def machine(self) -> Subject:
        """The machine's own account, which asks for most logons."""
        return Subject(SYSTEM.sid, f"{self.name}$", self.domain, LOGON_IDS[SYSTEM])

    def event(
        self, log: Log, at: datetime, event_id: int, fields: Mapping[str, str], *, sid: str | None = None
    ) -> Event:
        """Write an event into ``log``, as ``sid`` where that is not the provider's own account."""
        record_id = self._record_ids.get(log.channel, 1)
        self._record_ids[log.channel] = record_id + 1
        return Event(log.channel, event_id, record_id, at, self.name, log.provider, fields, sid or log.sid)

    def security(self, at: datetime, event_id: int, fields: Mapping[str, str]) -> Event:
        """Write an event into Security."""
        return self.event(SECURITY_LOG, at, event_id, fields)

    def session_event(
        self, at: datetime, event_id: int, person: Person, number: int, address: str | None = None
    ) -> Event:
        """Write what LocalSessionManager tells of a session (21 to 25, 41, 42)."""
        fields = {"User": person.full_name, "SessionID": str(number)}
        if address is not None:
            fields["Address"] = address
        return self.event(LOCAL_SESSION_MANAGER_LOG, at, event_id, fields)

    def process(
        self, path: str, logon_process: str = "Advapi  ", *, role: str = "", started: bool = False
    ) -> Process:
        """Give the program at ``path`` with its number; a new one where it was just ``started``.

        ``role`` tells programs of the same path from each other.
        """
        key = role or path
        if started or key not in self._pids:
            number = self._new_number()
            while number in self._dealt:
                number = self._new_number()
            self._dealt.append(number)
            self._pids[key] = number
        return Process(path, self._pids[key], logon_process)

    def _new_number(self) -> int:
        return 4 * self.random.randrange(120, 2500)

    def new_logon_id(self) -> str:
        """Deal a logon id."""
        self._last_logon_id += self.random.randrange(0x20, 0x4000)
        return hex(self._last_logon_id)

    def new_guid(self) -> str:
        """Deal a GUID."""
        digits = f"{self.random.getrandbits(128):032X}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def logon(self, at: datetime, person: Person, logon_type: int, attempt: Attempt, token: Token) -> Event:
        """Write a 4624."""
        guid = self.new_guid() if attempt.process.package == "Kerberos" else NO_GUID
        return self.security(at, 4624, logon_fields(person, logon_type, attempt, token, guid))

    def credentials(self, at: datetime, person: Person, attempt: Attempt) -> Event:
        """Write a 4648."""
        return self.security(at, 4648, credentials_fields(person, attempt))

    def privileges(self, at: datetime, person: Person, logon_id: str) -> Event:
        """Write a 4672."""
        return self.security(at, 4672, privileges_fields(person, logon_id))

    def closed(self, at: datetime, person: Person, logon_type: int, *logon_ids: str) -> list[Event]:
        """Write a 4634 for each of ``logon_ids``."""
        kind = {"LogonType": str(logon_type)}
        return [self.security(at, 4634, account_fields(person, logon_id) | kind) for logon_id in logon_ids]

    def interactive(
        self, at: datetime, person: Person, logon_type: int, attempt: Attempt, *, split: bool = True
    ) -> tuple[list[Event], tuple[str, ...]]:
        """Log on with a password: 4648, a 4624 and 4627 for each half of the token, 4672 for the stronger one."""
        events = [self.credentials(at, person, attempt)]
        first = self.new_logon_id()
        tokens = [Token(first, person.elevated)]
        if split and person.split:
            second = self.new_logon_id()
            tokens = [Token(first, True, second), Token(second, False, first)]
        for token in tokens:
            events.append(self.logon(at, person, logon_type, attempt, token))
            events += self._groups(at, person, logon_type, attempt, token)
        if person.elevated:
            events.append(self.privileges(at, person, first))
        return events, tuple(token.logon_id for token in tokens)

    def network(self, at: datetime, person: Person, attempt: Attempt) -> tuple[list[Event], str]:
        """Log on over the network: 4672, 4624, 4627 with one logon id."""
        token = Token(self.new_logon_id(), person.elevated)
        events = [self.privileges(at, person, token.logon_id)] if person.elevated else []
        events.append(self.logon(at, person, 3, attempt, token))
        return events + self._groups(at, person, 3, attempt, token), token.logon_id

    def font_driver(self, at: datetime, number: int, path: str = WINLOGON) -> list[Event]:
        """Let a session have its font driver host: a 4648 and a 4624 of UMFD."""
        person = Person(f"UMFD-{number}", "Font Driver Host", f"S-1-5-96-0-{number}")
        attempt = Attempt(self.process(path, role=f"{path} {number}"), Origin(), self.machine)
        token = Token(self.new_logon_id(), elevated=False, virtual=True)
        return [self.credentials(at, person, attempt), self.logon(at, person, 2, attempt, token)]

    def window_manager(self, at: datetime, number: int) -> list[Event]:
        """Let a session have its window manager: a 4648, two linked 4624 and two 4672 of DWM."""
        person = Person(f"DWM-{number}", "Window Manager", f"S-1-5-90-0-{number}")
        attempt = Attempt(self.process(WINLOGON, role=f"{WINLOGON} {number}"), Origin(), self.machine)
        first, second = self.new_logon_id(), self.new_logon_id()
        return [
            self.credentials(at, person, attempt),
            self.logon(at, person, 2, attempt, Token(first, True, second, virtual=True)),
            self.logon(at, person, 2, attempt, Token(second, False, first, virtual=True)),
            self.privileges(at, person, first),
            self.privileges(at, person, second),
        ]

    def account_changed(
        self, at: datetime, event_id: int, person: Person, by: Subject | None = None
    ) -> Event:
        """Write a change of an account: 4720, 4722, 4724, 4725 or 4738; by the machine itself unless said."""
        return self.security(at, event_id, account_changed_fields(person, by or self.machine))

    def administrator_made(
        self, at: datetime, person: Person, by: Subject | None = None, *, account: bool = True
    ) -> list[Event]:
        """Let somebody be an administrator, and make the ``account`` before."""
        made = [self.account_changed(at, event_id, person, by) for event_id in (4720, 4722, 4738)]
        member = self.security(at, 4732, administrator_made_fields(person, by or self.machine))
        return [*made, member] if account else [member]

    def is_local(self, person: Person) -> bool:
        """Say whether ``person`` is an account of this machine and not of a domain."""
        return person.authority == self.machine_sid

    def _groups(
        self, at: datetime, person: Person, logon_type: int, attempt: Attempt, token: Token
    ) -> list[Event]:
        if not self._group_membership or person in (SYSTEM, ANONYMOUS):
            return []
        local = self.is_local(person)
        return [
            self.security(at, 4627, groups_fields(person, logon_type, attempt.subject, token, local=local))
        ]
