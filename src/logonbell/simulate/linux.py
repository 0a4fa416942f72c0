"""A made Linux host: the lines that its programs write while people come and go, and a bastion's day of them.

The forms are those of OpenSSH (log.c, auth.c, packet.c), PAM (pam_unix), sudo, su and login of util-linux, and cron.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from logonbell.event import Event
from logonbell.recognise.journal import JOURNAL, Told
from logonbell.simulate.windows import in_order

KEY = "ED25519 SHA256:DX8pPd5khxE3yTHbBgmcnvJ0q5mJb3gR6oZVbN0nW1c"
CA = "ECDSA SHA256:1kV9JmS3bB0pQ7hWz5nXr2TgYc4eLd8uOa6fIiRs0Zw"
UIDS: Mapping[str, int] = {"root": 0, "mori": 1000, "kim": 1001, "deploy": 1002}
_NAME = 100
"""sshd writes no more bytes of a name (``%.100s``)."""
_LINE = 1023
"""And no more of a line (log.c, MSGBUFSIZ)."""


def escaped(text: str) -> str:
    """Write a text as sshd's log does (vis(3) with C's escapes): on one line, with backslashes doubled."""
    known = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
    return "".join(
        known.get(sign, sign if sign.isascii() and sign.isprintable() else _octal(sign)) for sign in text
    )


def _octal(sign: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in sign.encode("utf-8", "surrogatepass"))


def named(user: str) -> str:
    """Write a name as sshd does."""
    return user.encode("utf-8", "surrogatepass")[:_NAME].decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Came:
    """Somebody who is on: who, from where, and the process that holds the session."""

    user: str
    address: str
    process: int
    port: int


class LinuxHost:
    """Writes what happens on it; nothing is kept but the processes. ``sshd`` is its program's name: ``sshd-session`` since 9.8."""

    def __init__(
        self, name: str, random: Random, *, channel: str = JOURNAL, sshd: str = "sshd-session"
    ) -> None:
        self.name = name
        self._random = random
        self._channel = channel
        self._sshd = sshd
        self._process = 1_000

    def said(
        self, at: datetime, program: str, process: int, message: str, *, uid: int = 0, exe: str = ""
    ) -> Event:
        """Write one line."""
        fields = {"MESSAGE": message, "PID": str(process)}
        if self._channel == JOURNAL:
            fields |= {"_UID": str(uid), "_BOOT_ID": "5a0f", "_EXE": exe or f"/usr/sbin/{program}"}
        return Event(self._channel, Told.SAID, 0, at, self.name, program, fields)

    def connects(self, user: str, address: str) -> Came:
        """Take a connection."""
        self._process += self._random.randint(1, 30)
        return Came(user, address, self._process, self._random.randint(1024, 65535))

    def ssh_logon(
        self, at: datetime, came: Came, *, by: str = "publickey", identity: str = ""
    ) -> list[Event]:
        """Let somebody in: by their key, with a certificate made for ``identity``, or by password."""
        proof = ""
        if by == "publickey":
            proof = f": {KEY}"
        if identity:
            kind, print_of = KEY.split(" ")
            proof = f": {kind}-CERT {print_of} ID {identity} (serial 7) CA {CA}"
        accepted = f"Accepted {by} for {named(came.user)} from {came.address} port {came.port} ssh2{proof}"
        return [
            self._ssh(at, came, accepted),
            self._pam(_later(at, 20), came, self._sshd, "sshd", opened=True),
            self.said(_later(at, 45), "systemd-logind", 612, f"New session 9 of user {came.user}."),
        ]

    def ssh_logoff(self, at: datetime, came: Came) -> list[Event]:
        """Let them go: the child of the user says it, then PAM."""
        gone = f"Disconnected from user {named(came.user)} {came.address} port {came.port}"
        child = self.said(at, self._sshd, came.process + 1, escaped(gone), uid=UIDS.get(came.user, 1005))
        return [child, self._pam(_later(at, 5), came, self._sshd, "sshd", opened=False)]

    def ssh_guesses(self, at: datetime, came: Came, passwords: int = 1) -> list[Event]:
        """Let somebody guess passwords of a user who does not exist."""
        who = f"{named(came.user)} from {came.address} port {came.port}"
        events = [self._ssh(at, came, f"Invalid user {who}")]
        for number in range(passwords):
            when = _later(at, 2_000 * (number + 1))
            refused = f"authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={came.address}"
            events += [
                self.said(when, self._sshd, came.process, "pam_unix(sshd:auth): check pass; user unknown"),
                self.said(_later(when, 1), self._sshd, came.process, f"pam_unix(sshd:auth): {refused}"),
                self._ssh(_later(when, 900), came, f"Failed password for invalid user {who} ssh2"),
            ]
        last = f"Connection closed by invalid user {named(came.user)} {came.address} port {came.port}"
        return [*events, self._ssh(_later(events[-1].time, 300), came, last, before=True)]

    def ssh_keys_refused(self, at: datetime, came: Came) -> list[Event]:
        """Let somebody go away whose keys are not known here."""
        last = f"Connection closed by authenticating user {named(came.user)} {came.address} port {came.port}"
        return [self._ssh(at, came, last, before=True)]

    def console_logon(self, at: datetime, came: Came, terminal: str = "ttyS0") -> list[Event]:
        """Let somebody in at a terminal of the host's own."""
        return [
            self._pam(at, came, "login", "login", opened=True),
            self.said(_later(at, 3), "login", came.process, f"LOGIN ON {terminal} BY {came.user}"),
        ]

    def console_logoff(self, at: datetime, came: Came) -> list[Event]:
        """Let them go."""
        return [self._pam(at, came, "login", "login", opened=False)]

    def sudo(self, at: datetime, user: str, command: str) -> list[Event]:
        """Run a command of root's for a user, for three seconds."""
        came, uid, exe = self.connects("root", ""), UIDS.get(user, 1005), "/usr/bin/sudo"
        asked = f"{user:>8} : TTY=pts/0 ; PWD=/home/{user} ; USER=root ; COMMAND={command}"
        opened = f"pam_unix(sudo:session): session opened for user root(uid=0) by {user}(uid={uid})"
        closed = "pam_unix(sudo:session): session closed for user root"
        return [
            self.said(at, "sudo", came.process, asked, uid=uid, exe=exe),
            self.said(_later(at, 4), "sudo", came.process, opened, exe=exe),
            self.said(_later(at, 3_000), "sudo", came.process, closed, exe=exe),
        ]

    def su(self, at: datetime, user: str) -> list[Event]:
        """Let a user become root for a minute."""
        came, uid, exe = self.connects("root", ""), UIDS.get(user, 1005), "/usr/bin/su"
        opened = f"pam_unix(su:session): session opened for user root(uid=0) by {user}(uid={uid})"
        closed = "pam_unix(su:session): session closed for user root"
        return [
            self.said(at, "su", came.process, f"(to root) {user} on pts/0", uid=uid, exe=exe),
            self.said(_later(at, 4), "su", came.process, opened, uid=uid, exe=exe),
            self.said(_later(at, 60_000), "su", came.process, closed, uid=uid, exe=exe),
        ]

    def cron(self, at: datetime) -> list[Event]:
        """Run a job of cron."""
        job = self.connects("root", "")
        return [
            self._pam(at, job, "CRON", "cron", opened=True),
            self.said(
                _later(at, 3), "CRON", job.process + 1, "(root) CMD (run-parts --report /etc/cron.hourly)"
            ),
            self._pam(_later(at, 200), job, "CRON", "cron", opened=False),
        ]

    def scan(self, at: datetime, address: str) -> list[Event]:
        """Let somebody connect who names no user."""
        came = self.connects("", address)
        return [self._ssh(at, came, f"Connection closed by {address} port {came.port}", before=True)]

    def _ssh(self, at: datetime, came: Came, message: str, *, before: bool = False) -> Event:
        written = escaped(message)[:_LINE] + (" [preauth]" if before else "")
        return self.said(at, self._sshd, came.process, written)

    def _pam(self, at: datetime, came: Came, program: str, service: str, *, opened: bool) -> Event:
        uid = UIDS.get(came.user, 1005)
        what = (
            f"session opened for user {came.user}(uid={uid}) by (uid=0)"
            if opened
            else f"session closed for user {came.user}"
        )
        return self.said(at, program, came.process, f"pam_unix({service}:session): {what}")


def play_linux_day(midnight: datetime, random: Random, *, name: str = "bastion-1") -> list[Event]:
    """Let a day pass on a bastion, and give its lines in order.

    mori by key from 203.0.113.24, from 8:00 to 12:00, a root shell by sudo at 8:30; kim by password from 198.51.100.9 from
    9:00 to 17:00, su to root at 9:30; the serial console by root from 10:00 to 10:20; five guesses from 198.51.100.77
    at 11:00. Around them cron each five minutes, twenty single commands by sudo, forty scanners.
    """

    def at(hour: float, second: float = 0) -> datetime:
        return midnight + timedelta(hours=hour, seconds=second)

    host = LinuxHost(name, random)
    mori, kim = host.connects("mori", "203.0.113.24"), host.connects("kim", "198.51.100.9")
    console = host.connects("root", "")
    people = [
        host.ssh_logon(at(8), mori),
        host.sudo(at(8.5), "mori", "/bin/bash"),
        host.ssh_logon(at(9), kim, by="password"),
        host.su(at(9.5), "kim"),
        host.console_logon(at(10), console),
        host.console_logoff(at(10, 1_200), console),
        *(
            host.ssh_guesses(at(11, 10 * number), host.connects(user, "198.51.100.77"))
            for number, user in enumerate(("admin", "oracle", "test", "pi", ""))
        ),
        host.ssh_logoff(at(12), mori),
        host.ssh_logoff(at(17), kim),
    ]
    noise = [host.cron(at(0, 300 * number)) for number in range(288)]
    noise += [host.sudo(at(random.uniform(8, 17)), "mori", "/usr/bin/apt update") for _ in range(20)]
    noise += [host.scan(at(random.uniform(0, 24)), "198.51.100.200") for _ in range(40)]
    return in_order(*people, *noise)


def _later(at: datetime, milliseconds: float) -> datetime:
    return at + timedelta(milliseconds=milliseconds)
