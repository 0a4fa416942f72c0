"""What a Windows host writes into its logs when somebody, or something, comes in.

The shapes and orders were read in real logs; every value is invented.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from random import Random

from logonbell.event import Event
from logonbell.simulate.ledger import (
    CHROME,
    CLEARED_SECURITY_LOG,
    CONSENT,
    LOCAL_SESSION_MANAGER_LOG,
    LSASS,
    OPENSSH_LOG,
    REMOTE_CONNECTION_MANAGER_LOG,
    SECURITY_LOG,
    SERVICES,
    SHUTDOWN_LOG,
    SSHD,
    SSM_SESSION_WORKER,
    SVCHOST,
    SYSTEM_LOG,
    WININIT,
    WINRM_LOG,
    Ledger,
    Session,
    later,
)
from logonbell.simulate.people import (
    ANONYMOUS,
    LOCAL_SERVICE,
    LOGON_IDS,
    NETWORK_SERVICE,
    SYSTEM,
    Person,
)
from logonbell.simulate.shapes import (
    KERBEROS,
    NTLM,
    Attempt,
    Origin,
    Process,
    Subject,
    Token,
    account_fields,
    audit_changed_fields,
    failed_logon_fields,
    shutdown_asked_fields,
)


class WindowsHost:
    """A host to which things happen. Each method takes the time of its first event and gives the events in log order.

    Record ids, logon ids and session numbers are dealt in the order of the calls, by ``random`` alone; ``in_order``
    puts together what overlaps. Who comes in is remembered until the logoff, so that what follows (``rdp_disconnect``,
    ``unlock``, ``logoff``) needs only the person, and means the session that was opened last. ``group_membership``
    and ``session_events`` say whether the audit subcategories Group Membership (4627) and Other Logon/Logoff Events
    (4778, 4779) are on; Windows leaves both off.
    """

    def __init__(
        self,
        name: str,
        random: Random,
        *,
        domain: str = "WORKGROUP",
        machine_sid: str = "S-1-5-21-1004336348-1177238915-682003330",
        first_record_ids: Mapping[str, int] | None = None,
        group_membership: bool = True,
        session_events: bool = True,
    ) -> None:
        self.name = name
        self.domain = domain
        self._ledger = Ledger(
            name,
            domain,
            machine_sid,
            random,
            first_record_ids=first_record_ids or {},
            group_membership=group_membership,
        )
        self._session_events = session_events
        self._random = random
        self._sessions: list[Session] = []
        self._last_session_number = 1
        self._connections = 0

    def local(self, name: str, rid: int = 1001, *, administrator: bool = False) -> Person:
        """Name an account of this machine. RID 500 is the built-in Administrator, whatever its name."""
        sid = f"{self._ledger.machine_sid}-{rid}"
        return Person(name, self.name, sid, administrator=administrator or rid == 500)

    @property
    def ssm_user(self) -> Person:
        """The account that the SSM agent's shells run as."""
        return self.local("ssm-user", 1009, administrator=True)

    # What is no logon of a person

    def boot(self, at: datetime, *, services: int = 12) -> list[Event]:
        """Start: 4608, the type 0 of SYSTEM, font drivers, the window manager and a burst of services."""
        ledger = self._ledger
        kernel = Attempt(Process("", 4, "-", "-"))
        start = ledger.security(at, 4608, {})
        system = ledger.logon(later(at, 3), SYSTEM, 0, kernel, Token(LOGON_IDS[SYSTEM], elevated=True))
        events = [
            start,
            replace(system, fields={**system.fields, "ImpersonationLevel": "-"}),
            *ledger.font_driver(later(at, 60), 0, WININIT),
            *ledger.font_driver(later(at, 60), 1),
            *ledger.window_manager(later(at, 210), 1),
        ]
        for number in range(services):
            account = (SYSTEM, NETWORK_SERVICE, SYSTEM, LOCAL_SERVICE)[number % 4]
            events += self.service_start(later(at, 250 + 40 * number), account)
        return events

    def service_start(self, at: datetime, account: Person = SYSTEM) -> list[Event]:
        """Start a service: the type 5 that is often taken for a logon, and its 4672."""
        ledger = self._ledger
        attempt = Attempt(ledger.process(SERVICES), Origin(), ledger.machine)
        token = Token(LOGON_IDS.get(account) or ledger.new_logon_id(), elevated=True)
        return [ledger.logon(at, account, 5, attempt, token), ledger.privileges(at, account, token.logon_id)]

    def machine_logon(self, at: datetime) -> list[Event]:
        """Let the machine's own account come over the network, as it does all day in a domain."""
        machine = Person(f"{self.name}$", self.domain, SYSTEM.sid, administrator=True)
        events, logon_id = self._ledger.network(at, machine, Attempt(KERBEROS, Origin("::1", "0")))
        return events + self._ledger.closed(later(at, 90), machine, 3, logon_id)

    def anonymous_logon(self, at: datetime, address: str = "-", workstation: str = "-") -> list[Event]:
        """Open a null session over SMB."""
        origin = Origin(address, "-" if address == "-" else "0", workstation)
        events, _ = self._ledger.network(at, ANONYMOUS, Attempt(NTLM, origin))
        return events

    def uac_prompt(self, at: datetime, user: Person, *, cached: bool = False) -> list[Event]:
        """Let consent.exe check a password: type 2, or 11 without a domain controller; nobody comes in."""
        logon_type = 11 if cached else 2
        consent = self._ledger.process(CONSENT, "CredPro", started=True)
        attempt = Attempt(consent, Origin("::1", "0", self.name), self._ledger.machine)
        events, logon_ids = self._ledger.interactive(at, user, logon_type, attempt)
        return events + self._ledger.closed(later(at, 30), user, logon_type, *logon_ids)

    def browser_check(self, at: datetime, user: Person) -> list[Event]:
        """Let a browser check the password of its user before it shows the saved ones."""
        chrome = self._ledger.process(CHROME, "Chrome")
        attempt = Attempt(chrome, Origin(workstation=self.name), self._subject(user))
        return self._ledger.interactive(at, user, 2, attempt)[0]

    def password_check(self, at: datetime, user: Person) -> list[Event]:
        """Let lsass.exe check the old password of somebody who changes it."""
        attempt = Attempt(self._ledger.process(LSASS), Origin(workstation=self.name), self._ledger.machine)
        return self._ledger.interactive(at, user, 2, attempt)[0]

    # The console

    def console_logon(self, at: datetime, user: Person, *, cached: bool = False) -> list[Event]:
        """Log on at the machine itself; ``cached`` without a domain controller (type 11)."""
        logon_type = 11 if cached else 2
        number = self._new_session_number(console=True)
        events = self._arbitration(at, user, number)
        logon, logon_ids = self._ledger.interactive(
            later(at, 30), user, logon_type, self._user32("127.0.0.1")
        )
        events += logon
        if cached:
            events += self._credential_refresh(later(at, 80), user)
        self._sessions.append(Session(number, user, logon_type, logon_ids, "LOCAL"))
        return events + self._session_opened(later(at, 200), user, number, "LOCAL")

    def unlock(self, at: datetime, user: Person, *, as_type_2: bool = False) -> list[Event]:
        """Unlock the screen of an open session: type 7, or type 2 where it goes by Switch User.

        In a session over RDP the client's address stands in it.
        """
        session = self._session_of(user)
        address = "127.0.0.1" if session.address == "LOCAL" else session.address
        return self._attach(at, user, 2 if as_type_2 else 7, address)

    def logoff(self, at: datetime, user: Person) -> list[Event]:
        """Log off: 4647, LocalSessionManager 23, and a 4634 for each logon id."""
        session = self._session_of(user)
        self._sessions.remove(session)
        initiated = account_fields(user, session.logon_ids[-1])
        return [
            self._ledger.security(at, 4647, initiated),
            self._ledger.session_event(later(at, 700), 23, user, session.number),
            *self._ledger.closed(later(at, 900), user, session.logon_type, *session.logon_ids),
        ]

    # RDP

    def rdp_logon(
        self,
        at: datetime,
        user: Person,
        address: str,
        *,
        nla: bool = True,
        kerberos: bool = False,
        workstation: str = "CLIENT",
        heard_from: str | None = None,
    ) -> list[Event]:
        """Come by RDP into a new session; the type 10 is 2.12 s behind ``at``, the type 3 of NLA 0.12 s.

        ``heard_from`` is the address that RemoteConnectionManager and LocalSessionManager write where it is another
        one, as ``::%16777216`` is for ``::1``.
        """
        number = self._new_session_number()
        heard = heard_from or address
        events = [self._rdp_connection(at)]
        if nla:
            attempt = _over_network(address, workstation, kerberos=kerberos)
            events += self._nla(later(at, 120), user, attempt, heard)
        events += self._ledger.font_driver(later(at, 1200), number)
        events += self._ledger.window_manager(later(at, 1280), number)
        events += self._arbitration(later(at, 2050), user, number)
        logon, logon_ids = self._ledger.interactive(later(at, 2120), user, 10, self._user32(address))
        self._sessions.append(Session(number, user, 10, logon_ids, address, self._new_connection()))
        return events + logon + self._session_opened(later(at, 2600), user, number, heard)

    def rdp_disconnect(self, at: datetime, user: Person, *, workstation: str = "CLIENT") -> list[Event]:
        """Close the RDP window and leave the session open."""
        session = self._session_of(user)
        return [
            self._ledger.session_event(at, 24, user, session.number, session.address),
            self._session_left(later(at, 20), session.number),
            *self._connection_changed(later(at, 30), 4779, session, workstation),
        ]

    def rdp_reconnect(
        self,
        at: datetime,
        user: Person,
        address: str,
        *,
        nla: bool = True,
        kerberos: bool = False,
        workstation: str = "CLIENT",
        as_type_10: bool = False,
    ) -> list[Event]:
        """Come back by RDP into the session that is open: type 7, or a type 10 that is closed within a second.

        The logon id in 4778 is the open session's, not one of those that come with it.
        """
        session = self._session_of(user)
        passing = self._new_session_number()
        back = replace(session, address=address, connection=self._new_connection())
        self._sessions[self._sessions.index(session)] = back
        events = [self._rdp_connection(at)]
        if nla:
            attempt = _over_network(address, workstation, kerberos=kerberos)
            events += self._nla(later(at, 120), user, attempt, address)
        events += self._ledger.font_driver(later(at, 1200), passing)
        events += self._ledger.window_manager(later(at, 1280), passing)
        events += self._arbitration(later(at, 2050), user, passing)
        events.append(self._session_left(later(at, 2090), passing))
        events += self._connection_changed(later(at, 2100), 4778, back, workstation)
        events += self._attach(later(at, 2120), user, 10 if as_type_10 else 7, address)
        if not as_type_10:
            events += self._credential_refresh(later(at, 2200), user)
        return [*events, self._ledger.session_event(later(at, 3300), 25, user, session.number, address)]

    # Session Manager

    def ssm_agent_start(self, at: datetime) -> list[Event]:
        """Start the SSM agent, which sets a new password for ssm-user: not a session."""
        return [self._ledger.account_changed(at, 4724, self.ssm_user)]

    def ssm_shell(
        self, at: datetime, *, first: bool = False, streaming: bool = False, worker: str = SSM_SESSION_WORKER
    ) -> list[Event]:
        """Open a shell by Session Manager: a type 3 of ssm-user, asked for by the session worker.

        ``first`` on this host: ssm-user is made. With ``streaming`` to CloudWatch there are two 4624.
        """
        ledger, user = self._ledger, self.ssm_user
        process = ledger.process(worker, started=True)
        attempt = Attempt(process, Origin(workstation=self.name), ledger.machine)
        events = ledger.administrator_made(at, user) if first else []
        events.append(ledger.account_changed(later(at, 20), 4724, user))
        if not first:
            events.append(ledger.account_changed(later(at, 40), 4722, user))
        logon_ids: list[str] = []
        for number in range(2 if streaming else 1):
            moment = later(at, 60 + 4 * number)
            events.append(ledger.credentials(moment, user, attempt))
            logon, logon_id = ledger.network(moment, user, attempt)
            events += logon
            logon_ids.append(logon_id)
        self._sessions.append(Session(0, user, 3, tuple(logon_ids), "-"))
        return events

    def ssm_shell_end(self, at: datetime) -> list[Event]:
        """Close the shell that was opened last: ssm-user is disabled."""
        session = self._session_of(self.ssm_user)
        self._sessions.remove(session)
        return [
            self._ledger.account_changed(at, 4725, self.ssm_user),
            *self._ledger.closed(later(at, 20), self.ssm_user, 3, *session.logon_ids),
        ]

    # Other doors

    def network_logon(
        self,
        at: datetime,
        user: Person,
        address: str,
        *,
        kerberos: bool = False,
        workstation: str = "CLIENT",
    ) -> list[Event]:
        """Come over SMB or RPC for ten seconds, without a session of one's own."""
        attempt = _over_network(address, workstation, kerberos=kerberos)
        events, logon_id = self._ledger.network(at, user, attempt)
        return events + self._ledger.closed(later(at, 10_000), user, 3, logon_id)

    def runas(self, at: datetime, caller: Person, user: Person, *, network_only: bool = False) -> list[Event]:
        """Start a program as ``user`` (type 2), or as oneself with the user's name for the network (type 9)."""
        seclogo = self._ledger.process(SVCHOST, "seclogo", role="seclogon")
        attempt = Attempt(seclogo, Origin("::1", "0", self.name), self._subject(caller))
        if not network_only:
            return self._ledger.interactive(at, user, 2, attempt)[0]
        outbound = {"TargetOutboundUserName": user.name, "TargetOutboundDomainName": user.domain}
        return [
            replace(event, fields={**event.fields, **outbound}) if event.event_id == 4624 else event
            for event in self._ledger.interactive(at, caller, 9, attempt, split=False)[0]
        ]

    def batch(self, at: datetime, user: Person) -> list[Event]:
        """Run a scheduled task of ``user``."""
        schedule = self._ledger.process(SVCHOST, role="schedule")
        attempt = Attempt(schedule, Origin(workstation=self.name), self._ledger.machine)
        return self._ledger.interactive(at, user, 4, attempt, split=False)[0]

    def ssh_logon(self, at: datetime, user: Person, address: str, *, key: bool = True) -> list[Event]:
        """Come by SSH, with a key (type 3) or a password (type 8). Only OpenSSH's own log has the address."""
        attempt, port, events = self._ssh_connection(at)
        if key:
            logon, logon_id = self._ledger.network(later(at, 400), user, _by_key(attempt))
        else:
            logon, (logon_id,) = self._ledger.interactive(later(at, 400), user, 8, attempt, split=False)
        self._sessions.append(Session(0, user, 3 if key else 8, (logon_id,), address))
        alphabet = string.ascii_letters + string.digits
        mark = "".join(self._random.choice(alphabet) for _ in range(43))
        by, proof = ("publickey", f": ED25519 SHA256:{mark}") if key else ("password", "")
        domain = "" if self._ledger.is_local(user) else f"{user.domain}\\".lower()
        line = f"Accepted {by} for {domain}{user.name} from {address} port {port} ssh2{proof}"
        return [*events, *logon, self._ssh(later(at, 430), line)]

    def ssh_failure(
        self, at: datetime, name: str, address: str, *, user: Person | None = None
    ) -> list[Event]:
        """Fail to come by SSH. For a ``user`` that exists there is a type 3 before, which proves nothing."""
        attempt, port, events = self._ssh_connection(at)
        if user is not None:
            events += self._ledger.network(later(at, 400), user, _by_key(attempt))[0]
        events.append(self._failed(later(at, 800), name, 8, attempt, user))
        known = name if user is not None else f"invalid user {name}"
        line = f"Failed password for {known} from {address} port {port} ssh2"
        return [*events, self._ssh(later(at, 810), line)]

    def winrm_logon(self, at: datetime, user: Person, address: str) -> list[Event]:
        """Open a remote PowerShell: type 3 by Kerberos, WinRM 169 and 91."""
        authenticated = {"username": user.full_name, "authenticationMechanism": "Kerberos"}
        shell = {
            "resourceUri": "http://schemas.microsoft.com/powershell/Microsoft.PowerShell",
            "shellId": self._ledger.new_guid(),
        }
        return [
            *self._ledger.network(at, user, _over_network(address, "-", kerberos=True))[0],
            self._ledger.event(WINRM_LOG, later(at, 30), 169, authenticated),
            self._ledger.event(WINRM_LOG, later(at, 300), 91, shell, sid=user.sid),
        ]

    def winrm_basic(self, at: datetime, user: Person, *, requests: int = 1) -> list[Event]:
        """Work over WinRM with basic authentication: a 4624 for each request, three in a second, without address."""
        service = self._ledger.machine._replace(sid=NETWORK_SERVICE.sid, logon_id=LOGON_IDS[NETWORK_SERVICE])
        attempt = Attempt(self._ledger.process(SVCHOST, role="winrm"), Origin(workstation=self.name), service)
        events: list[Event] = []
        for number in range(requests):
            moment = later(at, 333 * number)
            events.append(self._ledger.credentials(moment, user, attempt))
            logon, logon_id = self._ledger.network(moment, user, attempt)
            events += logon
            events += self._ledger.closed(later(moment, 100), user, 3, logon_id)
        return events

    # Failures and cleared logs

    def failed_logon(
        self,
        at: datetime,
        name: str,
        address: str,
        *,
        user: Person | None = None,
        workstation: str = "CLIENT",
    ) -> list[Event]:
        """Fail at NLA: a type 3 of NtLmSsp. Without a ``user`` the name is unknown here."""
        return [self._failed(at, name, 3, _over_network(address, workstation, kerberos=False), user)]

    def log_cleared(self, at: datetime, user: Person, channel: str = SECURITY_LOG.channel) -> list[Event]:
        """Empty a log: Security tells it itself (1102), of any other the System log does (104)."""
        if channel == SECURITY_LOG.channel:
            return [self._ledger.event(CLEARED_SECURITY_LOG, at, 1102, self._subject(user).fields)]
        fields = {
            "SubjectUserName": user.name,
            "SubjectDomainName": user.domain,
            "Channel": channel,
            "BackupPath": "",
        }
        return [self._ledger.event(SYSTEM_LOG, at, 104, fields, sid=user.sid)]

    # What is done to the host's eyes and doors

    def administrator_made(
        self, at: datetime, user: Person, by: Person, *, account: bool = True
    ) -> list[Event]:
        """Make a local administrator: a new account, or (not ``account``) one that is there already."""
        return self._ledger.administrator_made(at, user, self._subject(by), account=account)

    def ssm_user_enabled(self, at: datetime, by: Person | None = None) -> list[Event]:
        """Enable ssm-user, as the agent does for each shell; or ``by`` somebody else."""
        subject = None if by is None else self._subject(by)
        return [self._ledger.account_changed(at, 4722, self.ssm_user, subject)]

    def audit_changed(self, at: datetime, by: Person, subcategory: str, changes: str) -> list[Event]:
        """Audit a subcategory otherwise; ``changes`` as Windows numbers them: %%8448 success removed, %%8449 added."""
        fields = audit_changed_fields(subcategory, changes, self._subject(by))
        return [self._ledger.security(at, 4719, fields)]

    def log_stopped(self, at: datetime) -> list[Event]:
        """Stop the event log, as a shutdown does, or an intruder."""
        return [self._ledger.event(CLEARED_SECURITY_LOG, at, 1100, {})]

    def restart(self, at: datetime, by: Person | None = None, *, boots: bool = True) -> list[Event]:
        """Restart, at the wish of somebody or of nobody who said so; Windows is up again 50 s later."""
        events = []
        if by is not None:
            fields = shutdown_asked_fields(self.name, by)
            events.append(self._ledger.event(SHUTDOWN_LOG, at, 1074, fields, sid=by.sid))
        events += self.log_stopped(later(at, 9_000))
        self._sessions.clear()
        return events + self.boot(later(at, 59_000)) if boots else events

    # What these are made of

    def _user32(self, address: str) -> Attempt:
        """Ask as winlogon does, through the Remote Desktop service, for whoever sits at screen and keyboard."""
        process = self._ledger.process(SVCHOST, "User32 ", role="termservice")
        return Attempt(process, Origin(address, "0", self.name), self._ledger.machine)

    def _subject(self, user: Person) -> Subject:
        open_ids = [session.logon_ids[-1] for session in self._sessions if session.person == user]
        logon_id = open_ids[-1] if open_ids else self._ledger.new_logon_id()
        return Subject(user.sid, user.name, user.domain, logon_id)

    def _session_of(self, user: Person) -> Session:
        for session in reversed(self._sessions):
            if session.person == user:
                return session
        raise ValueError(f"{user.full_name} has no open session on {self.name}.")

    def _new_session_number(self, *, console: bool = False) -> int:
        if console and all(session.number != 1 for session in self._sessions):
            return 1
        self._last_session_number += 1
        return self._last_session_number

    def _new_connection(self) -> str:
        self._connections += 1
        return f"RDP-Tcp#{self._connections}"

    def _rdp_connection(self, at: datetime) -> Event:
        return self._ledger.event(REMOTE_CONNECTION_MANAGER_LOG, at, 261, {"listenerName": "RDP-Tcp"})

    def _nla(self, at: datetime, user: Person, attempt: Attempt, heard: str) -> list[Event]:
        """Prove who one is before there is a session: type 3, its 4634, and 1149."""
        events, logon_id = self._ledger.network(at, user, attempt)
        proof = {"Param1": user.name, "Param2": user.domain, "Param3": heard}
        return [
            *events,
            *self._ledger.closed(later(at, 200), user, 3, logon_id),
            self._ledger.event(REMOTE_CONNECTION_MANAGER_LOG, later(at, 600), 1149, proof),
        ]

    def _attach(self, at: datetime, user: Person, logon_type: int, address: str) -> list[Event]:
        """Log on into a session that is open: what is made for it is closed at once."""
        events, logon_ids = self._ledger.interactive(at, user, logon_type, self._user32(address))
        closing = later(at, 1 if logon_type == 7 else 900)
        return events + self._ledger.closed(closing, user, logon_type, *reversed(logon_ids))

    def _credential_refresh(self, at: datetime, user: Person) -> list[Event]:
        """Let lsass.exe refresh the credentials of a session: type 7 logons that nobody made."""
        lsass = self._ledger.process(LSASS, "Negotiat")
        attempt = Attempt(lsass, Origin(workstation=self.name), self._ledger.machine)
        events, logon_ids = self._ledger.interactive(at, user, 7, attempt)
        return events + self._ledger.closed(at, user, 7, *reversed(logon_ids))

    def _arbitration(self, at: datetime, user: Person, number: int) -> list[Event]:
        return [
            self._ledger.session_event(at, 41, user, number),
            self._ledger.session_event(later(at, 4), 42, user, number),
        ]

    def _session_opened(self, at: datetime, user: Person, number: int, address: str) -> list[Event]:
        return [
            self._ledger.session_event(at, 21, user, number, address),
            self._ledger.session_event(later(at, 300), 22, user, number, address),
        ]

    def _session_left(self, at: datetime, number: int) -> Event:
        fields = {"Session": str(number), "Reason": "0"}
        return self._ledger.event(LOCAL_SESSION_MANAGER_LOG, at, 40, fields)

    def _connection_changed(
        self, at: datetime, event_id: int, session: Session, workstation: str
    ) -> list[Event]:
        fields = {
            "AccountName": session.person.name,
            "AccountDomain": session.person.domain,
            "LogonID": session.logon_ids[-1],
            "SessionName": session.connection,
            "ClientName": workstation,
            "ClientAddress": session.address,
        }
        return [self._ledger.security(at, event_id, fields)] if self._session_events else []

    def _ssh_connection(self, at: datetime) -> tuple[Attempt, int, list[Event]]:
        """Take a connection: sshd makes a virtual account for it, whoever it will turn out to be."""
        sshd = self._ledger.process(SSHD, started=True)
        authority = "S-1-5-111-3847866527-469524349-687026318-516638107-1125189541"
        virtual = Person(f"sshd_{sshd.pid}", "VIRTUAL USERS", f"{authority}-{sshd.pid}")
        token = Token(self._ledger.new_logon_id(), elevated=True, virtual=True)
        attempt = Attempt(sshd, Origin(), self._ledger.machine)
        events = [
            self._ledger.credentials(at, virtual, attempt),
            self._ledger.logon(at, virtual, 5, attempt, token),
            self._ledger.privileges(at, virtual, token.logon_id),
        ]
        named = attempt._replace(origin=Origin(workstation=self.name))
        return named, self._random.randrange(49_152, 65_536), events

    def _ssh(self, at: datetime, line: str) -> Event:
        return self._ledger.event(OPENSSH_LOG, at, 4, {"process": "sshd", "payload": line})

    def _failed(
        self, at: datetime, name: str, logon_type: int, attempt: Attempt, user: Person | None
    ) -> Event:
        domain = None if user is None else user.domain
        return self._ledger.security(at, 4625, failed_logon_fields(name, domain, logon_type, attempt))


def in_order(*histories: Iterable[Event], first_record_ids: Mapping[str, int] | None = None) -> list[Event]:
    """Put what overlaps on one host into the order of time, and deal the record ids of each channel anew."""
    following = dict(first_record_ids or {})
    events = []
    for event in sorted((event for history in histories for event in history), key=lambda event: event.time):
        record_id = following.get(event.channel, 1)
        following[event.channel] = record_id + 1
        events.append(replace(event, record_id=record_id))
    return events


def _over_network(address: str, workstation: str, *, kerberos: bool) -> Attempt:
    """Ask from another machine; Kerberos does not name it."""
    return (
        Attempt(KERBEROS, Origin(address, "0"))
        if kerberos
        else Attempt(NTLM, Origin(address, "0", workstation))
    )


def _by_key(attempt: Attempt) -> Attempt:
    return attempt._replace(process=attempt.process._replace(logon_process="sshd"))
