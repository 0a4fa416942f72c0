"""Scenes on a made host: what Windows writes when one thing happens, and who came in by which door."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from logonbell.event import Event
from logonbell.simulate.people import LOCAL_SERVICE, NETWORK_SERVICE, Person
from logonbell.simulate.windows import WindowsHost, in_order

NINE = datetime(2026, 5, 4, 9, tzinfo=UTC)
DOMAIN_SID = "S-1-5-21-2025429265-492894223-1708537768"
SATO = Person("sato", "CORP", f"{DOMAIN_SID}-1134", domain_admin=True)
KATO = Person("kato", "CORP", f"{DOMAIN_SID}-1135")
HOME, OFFICE = "203.0.113.24", "198.51.100.9"
LSM = "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"
RCM = "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational"


@dataclass(frozen=True, slots=True)
class Scene:
    """One thing that happens, what is promised of it, and the doors that are told, in order, each with its user.

    ``rules`` names the shipped rules that are switched on, ``admins`` whose members count as domain admins besides.
    ``one_log`` says that one machine wrote all of it, whatever it was called.
    """

    promise: str
    doors: tuple[str, ...]
    play: Callable[[], Iterable[Event]]
    rules: tuple[str, ...] = ()
    admins: frozenset[str] = frozenset()
    one_log: bool = False

    @property
    def events(self) -> list[Event]:
        """What Windows writes, in the order of time, each host with its own record ids."""
        written = list(self.play())
        if self.one_log:
            return in_order(written, first_record_ids={"Security": 5000})
        hosts = dict.fromkeys(event.host for event in written)
        logs = [
            in_order([event for event in written if event.host == host], first_record_ids={"Security": 5000})
            for host in hosts
        ]
        return sorted((event for log in logs for event in log), key=lambda event: event.time)


def after(seconds: float) -> datetime:
    """Give a moment of the scene."""
    return NINE + timedelta(seconds=seconds)


def a_host(*, audited: bool = True, name: str = "BASTION-01") -> WindowsHost:
    """Give a host of the domain CORP; not ``audited`` it writes neither 4627 nor 4778."""
    random = Random(5)  # noqa: S311 - repeatable, not secret
    return WindowsHost(name, random, domain="CORP", group_membership=audited, session_events=audited)


def mori(host: WindowsHost) -> Person:
    """Name a local administrator."""
    return host.local("mori", 1004, administrator=True)


def kim(host: WindowsHost) -> Person:
    """Name a local user without rights."""
    return host.local("kim", 1005)


def chef(host: WindowsHost) -> Person:
    """Name the built-in Administrator of a host that gave it another name."""
    return host.local("chef", 500)


def altered(events: Iterable[Event], changes: Mapping[str, str | None], *ids: int) -> list[Event]:
    """Change fields of the events with these ids (of all, without any); None takes a field away."""
    return [_altered(event, changes) if not ids or event.event_id in ids else event for event in events]


def _altered(event: Event, changes: Mapping[str, str | None]) -> Event:
    fields = {name: value for name, value in event.fields.items() if changes.get(name, value) is not None}
    fields.update(
        {name: value for name, value in changes.items() if value is not None and name in event.fields}
    )
    return replace(event, fields=fields)


def only(events: Iterable[Event], *channels: str) -> list[Event]:
    """Keep what these channels got."""
    return [event for event in events if event.channel in channels]


def without(events: Iterable[Event], *ids: int) -> list[Event]:
    """Leave out the events with these ids."""
    return [event for event in events if event.event_id not in ids]


def of_type(events: Iterable[Event], kind: str, changes: Mapping[str, str | None]) -> list[Event]:
    """Change fields of the events of one logon type."""
    return [_altered(event, changes) if event.fields.get("LogonType") == kind else event for event in events]


def at_version(events: Iterable[Event], version: int) -> list[Event]:
    """Write each 4624 as an older or newer Windows does (Microsoft, event 4624), and leave out what came with 4627."""
    gone: dict[str, str | None] = {}
    if version < 2:
        second = (
            "RestrictedAdminMode",
            "TargetOutboundUserName",
            "TargetOutboundDomainName",
            "VirtualAccount",
        )
        gone = dict.fromkeys((*second, "TargetLinkedLogonId", "ElevatedToken"))
    if version < 1:
        gone |= {"ImpersonationLevel": None}
    older = altered(without(events, 4627) if version < 2 else events, gone, 4624)
    if version == 3:
        return [
            replace(event, fields={**event.fields, "RemoteCredentialGuard": "-"})
            if event.event_id == 4624
            else event
            for event in older
        ]
    return older


def story(
    tell: Callable[[WindowsHost], Iterable[Event]], *, audited: bool = True
) -> Callable[[], Iterable[Event]]:
    """Let a scene play on a fresh host."""
    return lambda: tell(a_host(audited=audited))


# --- what takes more than one line to tell ------------------------------------------------------------------------


def _comes_and_goes(host: WindowsHost) -> list[Event]:
    person = mori(host)
    return [
        *host.rdp_logon(NINE, person, HOME, workstation="MORI-LAPTOP"),
        *host.rdp_disconnect(after(3600), person, workstation="MORI-LAPTOP"),
        *host.rdp_reconnect(after(7200), person, OFFICE, workstation="MORI-LAPTOP"),
        *host.logoff(after(9000), person),
    ]


def _seated(
    host: WindowsHost, person: Person, *more: Callable[[datetime, Person], list[Event]]
) -> list[Event]:
    events = host.console_logon(NINE, person)
    for number, step in enumerate(more, 1):
        events += step(after(600 * number), person)
    return events


def _reconnect_by_type_10(host: WindowsHost) -> list[Event]:
    person = kim(host)
    events = host.rdp_logon(NINE, person, HOME)
    events += host.rdp_disconnect(after(300), person)
    back = host.rdp_reconnect(after(600), person, HOME, nla=False, as_type_10=True)
    return only(events + back, "Security")


def _quick_session(host: WindowsHost) -> list[Event]:
    person = kim(host)
    return only(host.rdp_logon(NINE, person, HOME) + host.logoff(after(7.3), person), "Security")


def _unlock_in_rdp(host: WindowsHost) -> list[Event]:
    person = mori(host)
    return host.rdp_logon(NINE, person, HOME) + host.unlock(after(1800), person)


def _two_sessions(host: WindowsHost) -> list[Event]:
    person = mori(host)
    return host.rdp_logon(NINE, person, HOME) + host.rdp_logon(after(4), person, OFFICE)


def _two_domains(host: WindowsHost) -> list[Event]:
    other = Person("kato", "EMEA", "S-1-5-21-77-88-99-1135")
    return host.rdp_logon(NINE, KATO, HOME, kerberos=True) + host.rdp_logon(
        after(0.4), other, HOME, kerberos=True
    )


def _restarted(host: WindowsHost) -> list[Event]:
    events = host.console_logon(NINE, kim(host)) + host.rdp_logon(after(600), mori(host), HOME)
    return events + host.boot(after(4000)) + host.rdp_logon(after(4060), mori(host), HOME)


def _microsoft_account(host: WindowsHost) -> list[Event]:
    person = host.local("pia", 1012)
    named = {"TargetUserName": "pia.berg@outlook.com", "TargetDomainName": "MicrosoftAccount"}
    events = host.console_logon(NINE, person) + host.logoff(after(1200), person)
    return altered(events, named, 4624, 4627, 4634, 4647)


def _hyper_v(host: WindowsHost) -> list[Event]:
    events = host.rdp_logon(NINE, mori(host), "0.0.0.0", nla=False)  # noqa: S104 - as Windows writes it
    return altered(without(events, 261), {"Address": ""}, 21, 22)


def _local_in_japanese(host: WindowsHost) -> list[Event]:
    events = host.console_logon(NINE, kim(host)) + host.logoff(after(3600), kim(host))
    return only(altered(events, {"Address": "\u30ed\u30fc\u30ab\u30eb"}, 21, 22), LSM)


def _lsm_alone(host: WindowsHost) -> list[Event]:
    return only(_comes_and_goes(host), LSM)


def _failures(host: WindowsHost, count: int, *, apart: float = 4) -> list[Event]:
    names = ("admin", "Administrator", "test", "oracle", "root")
    return [
        event
        for number in range(count)
        for event in host.failed_logon(
            after(apart * number), names[number % 5], f"198.51.100.{77 + number % 2}", workstation="kali"
        )
    ]


def _sixteen_requests(host: WindowsHost) -> list[Event]:
    return host.winrm_basic(NINE, host.local("Administrator", 500), requests=16)


def _wsman(host: WindowsHost) -> list[Event]:
    events = host.winrm_basic(NINE, SATO, requests=2)
    return of_type(events, "3", {"LogonType": "8", "LogonProcessName": "WSMAN   "})


def _authz(host: WindowsHost) -> list[Event]:
    events = host.runas(NINE, mori(host), SATO)
    return without(
        of_type(events, "2", {"LogonType": "3", "LogonProcessName": "Authz   ", "IpAddress": "-"}), 4627
    )


def _setup(host: WindowsHost, program: str) -> list[Event]:
    path = f"C:\\Windows\\System32\\{program}"
    return altered(host.password_check(NINE, kim(host)), {"ProcessName": path}, 4624)


def _special_groups(host: WindowsHost) -> list[Event]:
    events = host.rdp_logon(NINE, SATO, OFFICE, kerberos=True)
    strong = next(e for e in events if e.event_id == 4624 and e.fields["LogonType"] == "10")
    fields = {
        "SubjectUserSid": "S-1-5-18",
        "TargetUserSid": SATO.sid,
        "TargetUserName": SATO.name,
        "TargetDomainName": SATO.domain,
        "TargetLogonId": strong.fields["TargetLogonId"],
        "SidList": f"\r\n\t\t%{{{DOMAIN_SID}-512}}",
    }
    special = replace(strong, event_id=4964, fields=fields)
    place = events.index(strong)
    return [*events[:place], special, *events[place:]]


def _ssh_namesakes(host: WindowsHost) -> list[Event]:
    namesake = Person("mori", "CORP", f"{DOMAIN_SID}-1136")
    events = host.ssh_logon(NINE, mori(host), HOME)
    return events + host.ssh_failure(after(0.01), "corp\\mori", OFFICE, user=namesake)


def _two_hosts() -> list[Event]:
    one, other = a_host(name="BASTION-01"), a_host(name="BASTION-02")
    return one.rdp_logon(NINE, KATO, HOME, kerberos=True) + other.rdp_logon(
        after(0.2), KATO, HOME, kerberos=True
    )


def _recipe_traps(host: WindowsHost) -> list[Event]:
    administrator = host.local("Administrator", 500)
    return [
        *host.service_start(NINE),
        *host.uac_prompt(after(5), administrator),
        *host.rdp_logon(after(60), administrator, HOME),
    ]


def _localised(host: WindowsHost) -> list[Event]:
    german = {"TargetUserName": "ANONYMOUS-ANMELDUNG", "TargetDomainName": "NT-AUTORIT\u00c4T"}
    system = {"TargetUserName": "SYST\u00c8ME", "TargetDomainName": "AUTORITE NT"}
    return [
        *altered(host.anonymous_logon(NINE, "198.51.100.4", "KALI"), german, 4624),
        *altered(host.service_start(after(1)), system, 4624),
    ]


def _worker_number_reused(host: WindowsHost) -> list[Event]:
    return altered(
        [
            *host.ssm_shell(NINE, streaming=True),
            *host.ssm_shell_end(after(6)),
            *host.ssm_shell(after(9)),
            *host.ssm_shell_end(after(300)),
        ],
        {"ProcessId": "0x1a2c"},
    )


def _shell_twice(host: WindowsHost) -> list[Event]:
    return [
        *host.ssm_shell(NINE, streaming=True),
        *host.ssm_shell(after(90)),
        *host.ssm_shell_end(after(600)),
        *host.ssm_shell_end(after(900)),
    ]


def mallory(host: WindowsHost) -> Person:
    """Name somebody who has no business here."""
    return host.local("mallory", 1016, administrator=True)


def _new_administrator(host: WindowsHost) -> list[Event]:
    boss, new = mori(host), mallory(host)
    return [
        *host.console_logon(NINE, boss),
        *host.administrator_made(after(60), new, boss),
        *host.rdp_logon(after(7200), new, HOME),
        *host.logoff(after(7800), new),
        *host.rdp_logon(after(8400), new, OFFICE),
        *host.logoff(after(9000), new),
        *host.rdp_logon(after(25 * 3600), new, OFFICE),
    ]


def _new_administrator_unseen(host: WindowsHost) -> list[Event]:
    boss, old = mori(host), kim(host)
    return [
        *host.console_logon(NINE, boss),
        *host.rdp_logon(after(30), old, HOME),
        *host.administrator_made(after(60), old, boss, account=False),
        *host.unlock(after(300), old),
        *host.network_logon(after(600), old, OFFICE),
        *host.network_logon(after(900), old, OFFICE),
    ]


def _two_new_administrators(host: WindowsHost) -> list[Event]:
    boss, other = mori(host), host.local("trent", 1017, administrator=True)
    return [
        *host.console_logon(NINE, boss),
        *host.administrator_made(after(60), mallory(host), boss),
        *host.administrator_made(after(65), other, boss),
    ]


def _audit_changed(host: WindowsHost) -> list[Event]:
    boss = mori(host)
    return [
        *host.console_logon(NINE, boss),
        *host.audit_changed(after(60), boss, "9249", "%%8449"),
        *host.audit_changed(after(61.5), boss, "921C", "%%8449"),
        *host.audit_changed(after(69.9), boss, "9212", "%%8449"),
        *host.audit_changed(after(70), boss, "9215", "%%8448, %%8450"),
        *host.audit_changed(after(70.05), boss, "9216", "%%8448"),
        *host.audit_changed(after(90), boss, "921B", "%%8448"),
    ]


def _restarted_by(host: WindowsHost, *, planned: bool) -> list[Event]:
    boss = mori(host)
    events = host.console_logon(NINE, boss)
    return [*events, *host.restart(after(600), boss if planned else None)]


def _stopped(host: WindowsHost, *, goes_on: bool) -> list[Event]:
    events = [*host.console_logon(NINE, kim(host)), *host.log_stopped(after(600))]
    return events + (only(host.rdp_logon(after(700), mori(host), HOME), LSM) if goes_on else [])


def _renamed(host: WindowsHost) -> list[Event]:
    before = _restarted_by(host, planned=False)
    start = next(event.time for event in before if event.event_id == 4608)
    events = [*before, *host.rdp_logon(after(900), kim(host), HOME)]
    return [replace(event, host="BASTION-TOKYO") if event.time >= start else event for event in events]


def _ssm_user_enabled(host: WindowsHost) -> list[Event]:
    boss = mori(host)
    return [
        *host.console_logon(NINE, boss),
        *host.ssm_shell(after(100)),
        *host.ssm_user_enabled(after(105), boss),
        *host.ssm_shell_end(after(400)),
        *host.ssm_user_enabled(after(3600)),
        *host.service_start(after(3700)),
    ]


SCENES: dict[str, Scene] = {
    # Doors
    "door-console": Scene(
        "A logon at the machine itself is one logon by the console.",
        (r"console BASTION-01\kim",),
        story(lambda host: host.console_logon(NINE, kim(host))),
    ),
    "door-console-split": Scene(
        "An administrator's two halves are one logon, elevated.",
        (r"console BASTION-01\mori",),
        story(lambda host: host.console_logon(NINE, mori(host))),
    ),
    "door-console-cached": Scene(
        "Without a domain controller it is a cached logon; lsass's own type 7 beside it are none.",
        (r"cached-console CORP\sato",),
        story(lambda host: host.console_logon(NINE, SATO, cached=True)),
    ),
    "door-unlock": Scene(
        "An unlock is an unlock, silent, and no second console logon.",
        (r"console BASTION-01\mori", r"unlock BASTION-01\mori"),
        story(lambda host: _seated(host, mori(host), host.unlock)),
    ),
    "door-unlock-by-switch-user": Scene(
        "A type 2 that is closed at once was the key to the session that was there before.",
        (r"console BASTION-01\kim", r"unlock BASTION-01\kim"),
        story(lambda host: _seated(host, kim(host), lambda at, who: host.unlock(at, who, as_type_2=True))),
    ),
    "door-rdp": Scene(
        "A session over RDP is one logon with its client's address and name, whatever NLA did before.",
        (r"rdp BASTION-01\mori",),
        story(lambda host: host.rdp_logon(NINE, mori(host), HOME, workstation="MORI-LAPTOP")),
    ),
    "door-rdp-domain-admin": Scene(
        "A domain admin is known by the group 512, and rings louder.",
        (r"rdp CORP\sato",),
        story(lambda host: host.rdp_logon(NINE, SATO, OFFICE, kerberos=True)),
    ),
    "door-rdp-domain-admin-4964": Scene(
        "Where 4627 is off, 4964 proves a domain admin; it comes before its logon.",
        (r"rdp CORP\sato",),
        story(_special_groups, audited=False),
    ),
    "door-rdp-groups-not-audited": Scene(
        "Where nobody audits groups, domain admin is not known, never no.",
        (r"rdp CORP\sato",),
        story(lambda host: host.rdp_logon(NINE, SATO, OFFICE, kerberos=True), audited=False),
    ),
    "door-rdp-without-nla": Scene(
        "A client that does not authenticate beforehand comes all the same.",
        (r"rdp BASTION-01\kim",),
        story(lambda host: host.rdp_logon(NINE, kim(host), HOME, nla=False)),
    ),
    "door-rdp-cached": Scene(
        "A cached logon over RDP (type 12) is RDP.",
        (r"rdp CORP\kato",),
        story(lambda host: of_type(host.rdp_logon(NINE, KATO, OFFICE), "10", {"LogonType": "12"})),
    ),
    "door-rdp-reconnect": Scene(
        "Coming back is a reconnect, and the session's one end is told under the logon that opened it.",
        (r"rdp BASTION-01\mori", r"rdp-reconnect BASTION-01\mori"),
        story(_comes_and_goes),
    ),
    "door-rdp-reconnect-not-audited": Scene(
        "Without 4778 LocalSessionManager tells a reconnect.",
        (r"rdp BASTION-01\mori", r"rdp-reconnect BASTION-01\mori"),
        story(_comes_and_goes, audited=False),
    ),
    "door-rdp-loopback-v4": Scene(
        "RDP from 127.0.0.1 came through a tunnel; where nobody watched SSM it is not known whether by SSM.",
        (r"rdp-loopback BASTION-01\mori",),
        story(lambda host: host.rdp_logon(NINE, mori(host), "127.0.0.1")),
    ),
    "door-rdp-loopback-v6": Scene(
        "So does RDP from ::1, which LocalSessionManager may spell ::%16777216.",
        (r"rdp-loopback BASTION-01\mori",),
        story(lambda host: host.rdp_logon(NINE, mori(host), "::1", heard_from="::%16777216")),
    ),
    "door-rdp-loopback-mapped": Scene(
        "And RDP from ::ffff:127.0.0.1.",
        (r"rdp-loopback CORP\kato",),
        story(lambda host: host.rdp_logon(NINE, KATO, "::ffff:127.0.0.1", kerberos=True)),
    ),
    "door-rdp-hyper-v": Scene(
        "A Hyper-V enhanced session comes from 0.0.0.0 and an empty address; it is RDP.",
        (r"rdp BASTION-01\mori",),
        story(_hyper_v),
    ),
    "door-ssm-shell": Scene(
        "A shell of Session Manager is known by its worker, and each worker is one shell, however many logons it makes.",
        (r"ssm-shell BASTION-01\ssm-user", r"ssm-shell BASTION-01\ssm-user"),
        story(_shell_twice),
    ),
    "door-ssm-shell-number-reused": Scene(
        "Windows deals the number of a worker that is gone to the next one: two shells, though they name one process.",
        (r"ssm-shell BASTION-01\ssm-user", r"ssm-shell BASTION-01\ssm-user"),
        story(_worker_number_reused),
    ),
    "door-ssm-shell-first": Scene(
        "The first shell on a host makes ssm-user an administrator: the agent's doing, no tampering.",
        (r"ssm-shell BASTION-01\ssm-user",),
        story(lambda host: host.ssm_shell(NINE, first=True)),
    ),
    "door-ssm-shell-odd-path": Scene(
        "The worker may lie on another drive, in upper case.",
        (r"ssm-shell BASTION-01\ssm-user",),
        story(lambda host: host.ssm_shell(NINE, worker="D:\\SSM\\SSM-SESSION-WORKER.EXE")),
    ),
    "door-ssm-shell-not-the-worker": Scene(
        "A program whose name only ends like the worker's is no worker.",
        (r"runas BASTION-01\ssm-user",),
        story(lambda host: host.ssm_shell(NINE, worker="C:\\Temp\\evil-ssm-session-worker.exe")),
    ),
    "door-ssh-key": Scene(
        "A key that sshd accepted is a logon, from the address in sshd's own words.",
        (r"ssh BASTION-01\mori",),
        story(lambda host: host.ssh_logon(NINE, mori(host), HOME)),
    ),
    "door-ssh-password": Scene(
        "So is a password, by name and domain.",
        (r"ssh CORP\sato",),
        story(lambda host: host.ssh_logon(NINE, SATO, HOME, key=False)),
    ),
    "door-ssh-security-only": Scene(
        "Without OpenSSH's log a password's type 8 is proof enough, from an address that nobody knows.",
        (r"ssh CORP\sato",),
        story(lambda host: only(host.ssh_logon(NINE, SATO, HOME, key=False), "Security")),
    ),
    "door-winrm": Scene(
        "A remote PowerShell is one logon by WinRM, from its client.",
        (r"winrm CORP\sato",),
        story(lambda host: host.winrm_logon(NINE, SATO, OFFICE)),
    ),
    "door-winrm-wsman": Scene(
        "So is WinRM's type 8 by WSMAN.",
        (r"winrm CORP\sato",),
        story(_wsman),
    ),
    "door-network": Scene(
        "A share is a network logon, recorded and silent.",
        (r"network CORP\sato",),
        story(lambda host: host.network_logon(NINE, SATO, OFFICE, kerberos=True)),
    ),
    "door-network-repeats": Scene(
        "Further ones of the same user from the same address within a minute are one with it, later ones are not.",
        (r"network CORP\kato", r"network CORP\kato"),
        story(
            lambda host: [
                event
                for at in (0, 20, 59, 75)
                for event in host.network_logon(after(at), KATO, OFFICE, kerberos=True)
            ]
        ),
    ),
    "door-runas": Scene(
        "runas uses credentials, from ::1, and is no session and no tunnel.",
        (r"runas CORP\sato",),
        story(lambda host: host.runas(NINE, mori(host), SATO)),
    ),
    "door-runas-netonly": Scene(
        "runas /netonly likewise.",
        (r"runas BASTION-01\mori",),
        story(lambda host: host.runas(NINE, mori(host), SATO, network_only=True)),
    ),
    "door-batch": Scene(
        "A scheduled task is a batch logon.",
        (r"batch BASTION-01\mori",),
        story(lambda host: host.batch(NINE, mori(host))),
    ),
    "door-failed-logons": Scene(
        "The third failure rings once, with what is known by then; ten quiet minutes later the summary counts them all.",
        (),
        story(lambda host: _failures(host, 12) + host.service_start(after(1000))),
    ),
    "door-failed-logons-open": Scene(
        "A burst that goes on at the end of the log is told as far as it went.",
        (),
        story(lambda host: _failures(host, 5)),
    ),
    "door-failed-logons-two": Scene(
        "Two failures are nobody's burst.", (), story(lambda host: _failures(host, 2))
    ),
    "door-failed-logons-slow": Scene(
        "Failures more than ten minutes apart are none either.",
        (),
        story(lambda host: _failures(host, 4, apart=601)),
    ),
    "door-log-cleared": Scene(
        "Whoever clears a log is told, of Security by itself, of any other by the System log.",
        (),
        story(lambda host: host.log_cleared(NINE, SATO) + host.log_cleared(after(5), SATO, "Application")),
    ),
    # Noise (detection.md, section 4)
    "noise-01-services": Scene(
        "Services that start are nobody.",
        (),
        story(
            lambda host: [
                *host.service_start(NINE),
                *host.service_start(after(1), LOCAL_SERVICE),
                *host.service_start(after(2), NETWORK_SERVICE),
                *host.service_start(after(3), Person("svc-sql", "CORP", f"{DOMAIN_SID}-1500")),
            ]
        ),
    ),
    "noise-02-window-manager": Scene(
        "The window manager and the font driver of a session are nobody.",
        (),
        story(
            lambda host: [
                event
                for event in host.rdp_logon(NINE, mori(host), HOME)
                if event.fields.get("TargetUserName", "").startswith(("DWM", "UMFD"))
                or event.fields.get("SubjectUserName", "").startswith("DWM")
            ]
        ),
    ),
    "noise-03-sshd-virtual": Scene(
        "The virtual account that sshd makes for each connection is nobody.",
        (),
        story(lambda host: host.ssh_failure(NINE, "nobody", HOME)),
    ),
    "noise-05-rid-500": Scene(
        "The built-in Administrator, whatever its name, has one whole token.",
        (r"console BASTION-01\chef",),
        story(lambda host: host.console_logon(NINE, chef(host))),
    ),
    "noise-06-machine-account": Scene(
        "A computer's own account is nobody.", (), story(lambda host: host.machine_logon(NINE))
    ),
    "noise-06-other-machine": Scene(
        "Another computer of the domain is nobody either.",
        (),
        story(
            lambda host: host.network_logon(
                NINE, Person("WEB-03$", "CORP", f"{DOMAIN_SID}-2201"), OFFICE, kerberos=True
            )
        ),
    ),
    "noise-07-anonymous": Scene(
        "A null session is nobody.", (), story(lambda host: host.anonymous_logon(NINE, OFFICE, "KALI"))
    ),
    "noise-08-nla-alone": Scene(
        "Who authenticates for RDP and makes no session has come over the network, which is silent.",
        (r"network BASTION-01\mori",),
        story(
            lambda host: [
                event
                for event in host.rdp_logon(NINE, mori(host), HOME)
                if event.time < after(1) and event.channel != LSM
            ]
        ),
    ),
    "noise-08-1149-alone": Scene(
        "1149 alone is no session.", (), story(lambda host: only(host.rdp_logon(NINE, mori(host), HOME), RCM))
    ),
    "noise-10-uac-prompt": Scene(
        "A UAC prompt is nobody who comes in, not even as Administrator.",
        (),
        story(
            lambda host: [
                *host.uac_prompt(NINE, host.local("Administrator", 500)),
                *host.uac_prompt(after(60), SATO, cached=True),
            ]
        ),
    ),
    "noise-11-browser": Scene(
        "A browser that checks its user's password lets nobody in.",
        (),
        story(lambda host: host.browser_check(NINE, mori(host))),
    ),
    "noise-13-boot": Scene("Windows' start is nobody.", (), story(lambda host: host.boot(NINE))),
    "noise-14-authz": Scene("An access check is no logon.", (), story(_authz)),
    "noise-16-agent-start": Scene(
        "An SSM agent that starts sets ssm-user's password: no session.",
        (),
        story(lambda host: host.ssm_agent_start(NINE)),
    ),
    # Learnt while labelling
    "learnt-1-reconnect-by-type-10": Scene(
        "A type 10 that is closed at once was the key to an open session, though nothing else says so.",
        (r"rdp BASTION-01\kim", r"rdp-reconnect BASTION-01\kim"),
        story(_reconnect_by_type_10, audited=False),
    ),
    "learnt-1-quick-session": Scene(
        "Who logs off after five seconds had a session all the same.",
        (r"rdp BASTION-01\kim",),
        story(_quick_session, audited=False),
    ),
    "learnt-2-unlock-in-rdp": Scene(
        "A type 7 with the client's address, and no NLA before it, is an unlock inside the session.",
        (r"rdp BASTION-01\mori", r"unlock BASTION-01\mori"),
        story(_unlock_in_rdp, audited=False),
    ),
    "learnt-3-sshd-token": Scene(
        "sshd's token for a key proves nothing: the password after it was wrong.",
        (),
        story(lambda host: host.ssh_failure(NINE, "mori", HOME, user=mori(host))),
    ),
    "learnt-4-winrm-requests": Scene(
        "WinRM's one logon for each request is one logon.",
        (r"winrm BASTION-01\Administrator",),
        story(_sixteen_requests),
    ),
    "learnt-6-password-change": Scene(
        "lsass's check of a changed password lets nobody in.",
        (),
        story(lambda host: host.password_check(NINE, kim(host))),
    ),
    "learnt-6-first-run": Scene(
        "Windows' setup pages let nobody in.",
        (),
        story(lambda host: _setup(host, "oobe\\msoobe.exe") + _setup(host, "CloudExperienceHostBroker.exe")),
    ),
    "learnt-7-localised": Scene(
        "SYSTEM and ANONYMOUS LOGON are nobody under any name: they are known by SID.", (), story(_localised)
    ),
    # Channels and versions
    "channel-lsm-only": Scene(
        "A host whose Security log is blind is seen through LocalSessionManager: coming, coming back, going.",
        (r"rdp BASTION-01\mori", r"rdp-reconnect BASTION-01\mori"),
        story(_lsm_alone),
    ),
    "channel-lsm-only-japanese": Scene(
        "An address that is no IP address is the console's, in whatever language.",
        (r"console BASTION-01\kim",),
        story(_local_in_japanese),
    ),
    "channel-security-only": Scene(
        "Security alone tells the same.",
        (r"rdp BASTION-01\mori", r"rdp-reconnect BASTION-01\mori"),
        story(lambda host: only(_comes_and_goes(host), "Security")),
    ),
    **{
        f"version-{version}": Scene(
            f"4624 of version {version}: console with a split token, RDP with NLA, each once.",
            (r"console BASTION-01\mori", r"rdp CORP\kato"),
            story(
                lambda host, version=version: at_version(  # type: ignore[misc]
                    host.console_logon(NINE, mori(host)) + host.rdp_logon(after(60), KATO, HOME), version
                )
            ),
        )
        for version in range(4)
    },
    # Tampering
    "tampering-new-administrator": Scene(
        "A new administrator rings; so do the logons of the day that follows, and they say by whose hand, no longer.",
        (r"console BASTION-01\mori", *[r"rdp BASTION-01\mallory"] * 3),
        story(_new_administrator),
    ),
    "tampering-new-administrator-unseen": Scene(
        "Whose account was there before is named, and the first logon with the new rights rings by a silent door; one only.",
        (
            r"console BASTION-01\mori",
            r"rdp BASTION-01\kim",
            r"unlock BASTION-01\kim",
            r"network BASTION-01\kim",
            r"network BASTION-01\kim",
        ),
        story(_new_administrator_unseen),
    ),
    "tampering-two-new-administrators": Scene(
        "Two administrators that one hand makes within seconds ring twice.",
        (r"console BASTION-01\mori",),
        story(_two_new_administrators),
    ),
    "tampering-audit": Scene(
        "What is no longer recorded rings, at once and again; what is recorded from now on does not.",
        (r"console BASTION-01\mori",),
        story(_audit_changed),
    ),
    "tampering-restart-planned": Scene(
        "A restart that somebody asked for is one quiet line, and ends the sessions.",
        (r"console BASTION-01\mori",),
        story(lambda host: _restarted_by(host, planned=True)),
    ),
    "tampering-restart": Scene(
        "A restart that nobody asked for is one line, and rings a little louder.",
        (r"console BASTION-01\mori",),
        story(lambda host: _restarted_by(host, planned=False)),
    ),
    "tampering-log-stopped": Scene(
        "A log that falls silent while the host goes on is told.",
        (r"console BASTION-01\kim", r"rdp BASTION-01\mori"),
        story(lambda host: _stopped(host, goes_on=True)),
    ),
    "tampering-log-ends": Scene(
        "A copied log that ends where it was stopped may have ended with a shutdown: told, and it does not ring.",
        (r"console BASTION-01\kim",),
        story(lambda host: _stopped(host, goes_on=False)),
    ),
    "tampering-host-renamed": Scene(
        "A host that has another name after its restart was restarted, and nobody is on under the old one.",
        (r"console BASTION-01\mori", r"rdp BASTION-01\kim"),
        story(_renamed),
        one_log=True,
    ),
    "tampering-ssm-user": Scene(
        "ssm-user, enabled by a person, rings even beside a session; by the agent, where none follows.",
        (r"console BASTION-01\mori", r"ssm-shell BASTION-01\ssm-user"),
        story(_ssm_user_enabled),
    ),
    # Traps
    "trap-recipe": Scene(
        "The recipe's SYSTEM + 5 and Administrator + 2 are no logons here; the one who really comes, by RDP, is.",
        (r"rdp BASTION-01\Administrator",),
        story(_recipe_traps),
    ),
    "trap-two-sessions-of-one-user": Scene(
        "One user who comes twice within seconds, from two addresses, has come twice.",
        (r"rdp BASTION-01\mori", r"rdp BASTION-01\mori"),
        story(_two_sessions),
    ),
    "trap-one-name-in-two-domains": Scene(
        "Two people of one name, from one address, in the same second, are two.",
        (r"rdp CORP\kato", r"rdp EMEA\kato"),
        story(_two_domains),
    ),
    "trap-ssh-namesakes": Scene(
        "Of two namesakes sshd means the host's own account where it writes no domain.",
        (r"ssh BASTION-01\mori",),
        story(_ssh_namesakes),
    ),
    "trap-microsoft-account": Scene(
        "A Microsoft account, which LocalSessionManager spells otherwise, comes once and goes once.",
        (r"console MicrosoftAccount\pia.berg@outlook.com",),
        story(_microsoft_account),
    ),
    "trap-dollar-at-the-console": Scene(
        "Who hides behind a name like a computer's is told at the console,",
        (r"console BASTION-01\WEB-07$",),
        story(lambda host: host.console_logon(NINE, host.local("WEB-07$", 1013, administrator=True))),
    ),
    "trap-dollar-by-rdp": Scene(
        "by RDP,",
        (r"rdp BASTION-01\WEB-07$",),
        story(lambda host: host.rdp_logon(NINE, host.local("WEB-07$", 1013, administrator=True), HOME)),
    ),
    "trap-dollar-by-ssh": Scene(
        "and by SSH.",
        (r"ssh BASTION-01\WEB-07$",),
        story(lambda host: host.ssh_logon(NINE, host.local("WEB-07$", 1013, administrator=True), HOME)),
    ),
    "trap-restart": Scene(
        "A restart ends every session; who comes afterwards, into a session of the same number, comes anew.",
        (r"console BASTION-01\kim", r"rdp BASTION-01\mori", r"rdp BASTION-01\mori"),
        story(_restarted),
    ),
    "trap-two-hosts": Scene(
        "Two hosts in one log, whose records and logon ids are the same, are two.",
        (r"rdp CORP\kato", r"rdp CORP\kato"),
        _two_hosts,
    ),
    "trap-hostile-names": Scene(
        "A name that forges lines, colours the screen or turns the text around does none of it.",
        (r"rdp BASTION-01\mori" + "\nAll is well",),
        story(
            lambda host: host.rdp_logon(
                NINE, host.local("mori\nAll is well", 1014), HOME, workstation="\x1b[2J\u202egnp.exe"
            )
        ),
    ),
}
