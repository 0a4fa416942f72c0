"""A Linux bastion of its own on this machine: a real sshd, a real journald or rsyslogd, users, and a network to come from."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from emulator import free_port

ROOT = Path(__file__).resolve().parent.parent
RIG = ROOT / "tests" / "linux" / "rig"
PASSWORD = "correct horse"
_HASH = "$6$logonbell$tWYgKbHqfjPMidR9l3KVvHQetSQl5S6NA267ZFP65UwNXzzZiZQ4hlCBUEx6TQ271fLafobod9k7yYp2ZdJQu0"
HERE, AFAR = "198.51.100.1", "198.51.100.7"
"""The bastion's address, and the one that people come from: of a network that documents are written about (RFC 5737)."""
LONGEST = 30.0
_PAM = """\
auth required pam_unix.so nodelay
account required pam_unix.so
session required pam_unix.so
"""
_SSHD = """\
Port {port}
ListenAddress 0.0.0.0
HostKey {folder}/keys/host
PidFile none
UsePAM yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
AuthorizedKeysFile {folder}/keys/%u.pub
TrustedUserCAKeys {folder}/keys/ca.pub
StrictModes no
MaxAuthTries 6
MaxStartups 200
LoginGraceTime 20
UseDNS no
PrintMotd no
PrintLastLog no
Subsystem sftp internal-sftp
"""
_RSYSLOG = """\
module(load="imuxsock")
auth,authpriv.* action(type="omfile" file="/var/log/auth.log"{form})
"""
_TRADITIONAL = 'template="RSYSLOG_TraditionalFileFormat"'
_JOURNALD = "[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\nReadKMsg=no\nAudit=no\n"


def set_up() -> str:
    """Install what is missing; give why that could not be done, or nothing."""
    done = subprocess.run(["bash", RIG / "setup.sh"], capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


@dataclass
class SshMachine:
    """A bastion below a folder. Use it as a context. ``log`` is ``journal``, ``files`` or ``traditional``.

    Of the ``users`` the first may become root; their homes lie in the folder, which all must be able to enter (pytest's own
    is closed to them, and closed again by every other pytest that begins).
    """

    folder: Path
    log: str
    users: Sequence[str] = ("kato", "sato", "mori", "ueda", "abe", "ito", "ono", "oka")
    port: int = field(init=False, default=0)
    _processes: list[subprocess.Popen[bytes]] = field(init=False, default_factory=list)
    _inside: int = field(init=False, default=0)
    _away: int = field(init=False, default=0)

    def __enter__(self) -> Self:
        try:
            self._begin()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _begin(self) -> None:
        self.folder.chmod(0o755)
        self.port = free_port()
        self._write()
        script = ["unshare", "--mount", "sh", str(RIG / "inside.sh"), str(self.folder)]
        mode = "journal" if self.log == "journal" else "files"
        self._inside = self._start([*script, mode]).pid
        self.waits_for(lambda: self.inside("test", "-S", "/dev/log").returncode == 0)
        config = self.folder / "etc" / "sshd_config"
        config.write_text(_SSHD.format(port=self.port, folder=self.folder))
        self._start([*self._entering, "/usr/sbin/sshd", "-D", "-f", str(config)])
        self._away = self._start(["unshare", "--net", "sleep", "infinity"]).pid
        self._connect()
        self.waits_for(lambda: b"SSH-2.0" in self._banner())

    def __exit__(self, *_: object) -> None:
        if self._inside:
            self._end_all_inside()
        for process in reversed(self._processes):
            process.kill()
            process.wait()
        subprocess.run(["ip", "link", "delete", self._card], capture_output=True, check=False)

    def _end_all_inside(self) -> None:
        """End what sshd left behind: whatever runs in this mount namespace."""
        ours = Path(f"/proc/{self._inside}/ns/mnt").readlink()
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdecimal() and (entry / "ns" / "mnt").readlink() == ours:
                    os.kill(int(entry.name), signal.SIGKILL)

    @property
    def _card(self) -> str:
        return f"lb{self.port}"

    @property
    def _entering(self) -> list[str]:
        return ["nsenter", f"--mount=/proc/{self._inside}/ns/mnt", "--"]

    def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        with (self.folder / "rig.log").open("ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._processes.append(process)
        return process

    def _write(self) -> None:
        """Write keys, users and settings."""
        keys, etc = self.folder / "keys", self.folder / "etc"
        keys.mkdir()
        etc.mkdir()
        certified_keys = [f"{user}.certified" for user in self.users]
        for name in ("host", "ca", "stranger", *self.users, *certified_keys):
            self._keygen("-t", "ed25519", "-N", "", "-C", name, "-f", str(keys / name))
        for number, user in enumerate(self.users):
            certified = str(keys / f"{user}.certified.pub")
            self._keygen(
                "-s", str(keys / "ca"), "-I", f"{user}@corp", "-z", str(7000 + number), "-n", user, certified
            )
        passwd = Path("/etc/passwd").read_text().splitlines()
        shadow = Path("/etc/shadow").read_text().splitlines()
        group = Path("/etc/group").read_text().splitlines()
        for number, user in enumerate(self.users, 61_000):
            home = self.folder / "home" / user
            home.mkdir(parents=True)
            os.chown(home, number, number)
            passwd.append(f"{user}:x:{number}:{number}::{home}:/bin/sh")
            shadow.append(f"{user}:{_HASH}:20000:0:99999:7:::")
            group.append(f"{user}:x:{number}:")
        group = [line for line in group if not line.startswith("sudo:")]
        group.append(f"sudo:x:27:{self.users[0]}")
        for name, lines in (("passwd", passwd), ("shadow", shadow), ("group", group)):
            (etc / name).write_text("\n".join(lines) + "\n")
        (etc / "shadow").chmod(0o600)
        (etc / "pam").write_text(_PAM)
        (etc / "sudoers").write_text("%sudo ALL=(ALL) NOPASSWD: ALL\n")
        (etc / "sudoers").chmod(0o440)
        (etc / "journald.conf").write_text(_JOURNALD)
        form = f" {_TRADITIONAL}" if self.log == "traditional" else ' template="RSYSLOG_FileFormat"'
        (etc / "rsyslog.conf").write_text(_RSYSLOG.format(form=form))
        asks = self.folder / "askpass"
        asks.write_text('#!/bin/sh\nprintf "%s\\n" "$RIG_PASSWORD"\n')
        asks.chmod(0o755)

    def _keygen(self, *arguments: str) -> None:
        subprocess.run(["ssh-keygen", "-q", *arguments], check=True, stdin=subprocess.DEVNULL)

    def _connect(self) -> None:
        """Lay a cable to where people come from."""
        away = f"/proc/{self._away}/ns/net"
        self.waits_for(lambda: Path(away).readlink() != Path("/proc/self/ns/net").readlink())
        peer = f"{self._card}p"
        for command in (
            f"ip link add {self._card} type veth peer name {peer}",
            f"ip link set {peer} netns {self._away}",
            f"ip address add {HERE}/24 dev {self._card}",
            f"ip link set {self._card} up",
            f"nsenter --net={away} ip address add {AFAR}/24 dev {peer}",
            f"nsenter --net={away} ip link set {peer} up",
            f"nsenter --net={away} ip link set lo up",
        ):
            subprocess.run(shlex.split(command), check=True, capture_output=True)

    def _banner(self) -> bytes:
        command = ["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{self.port}; head -c 7 <&3"]
        return subprocess.run(command, capture_output=True, check=False, timeout=LONGEST).stdout

    # What may be asked of it

    def inside(self, *command: str, user: str = "") -> subprocess.CompletedProcess[str]:
        """Run something on the bastion, to its end; as a user where one is named."""
        becoming = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--"] if user else []
        return subprocess.run(
            [*self._entering, *becoming, *command],
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST,
        )

    def starts(self, *command: str, out: Path) -> subprocess.Popen[bytes]:
        """Start something on the bastion, with its output in a file."""
        with out.open("ab") as file:
            process = subprocess.Popen(
                [*self._entering, *command],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"},
            )
        self._processes.append(process)
        return process

    def comes(
        self,
        user: str,
        *,
        by: str = "key",
        host: str = HERE,
        port: int | None = None,
        jump: bool = False,
        command: str = "true",
        terminal: bool = False,
    ) -> subprocess.Popen[bytes]:
        """Let somebody come by ssh, from afar where ``host`` is the bastion's address there.

        ``by`` is key, certificate, stranger (a key that nobody knows), password or wrong (password).
        """
        keys = self.folder / "keys"
        name = {"key": user, "certificate": f"{user}.certified", "stranger": "stranger"}.get(by)
        options = [
            "BatchMode=" + ("no" if name is None else "yes"),
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "IdentitiesOnly=yes",
            "NumberOfPasswordPrompts=1",
            "LogLevel=ERROR",
            "PreferredAuthentications=" + ("password" if name is None else "publickey"),
        ]
        if name is not None:
            options.append(f"IdentityFile={keys / name}")
        if by == "certificate":
            options.append(f"CertificateFile={keys / user}.certified-cert.pub")
        flags = [each for option in options for each in ("-o", option)]
        if jump:
            through = shlex.join(
                ["ssh", "-F", "none", *flags, "-p", str(self.port), "-W", "%h:%p", f"{user}@{HERE}"]
            )
            flags += ["-o", f"ProxyCommand={through}"]
        away = host == HERE or jump
        entering = ["nsenter", f"--net=/proc/{self._away}/ns/net", "--"] if away else []
        flags += ["-tt"] if terminal else []
        target = ["-p", str(port or self.port), f"{user}@{'127.0.0.1' if jump else host}", command]
        with (self.folder / "rig.log").open("ab") as log:
            process = subprocess.Popen(
                [*entering, "ssh", "-F", "none", *flags, *target],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={
                    **os.environ,
                    "SSH_ASKPASS": str(self.folder / "askpass"),
                    "SSH_ASKPASS_REQUIRE": "force",
                    "RIG_PASSWORD": PASSWORD if by == "password" else "wrong",
                },
            )
        self._processes.append(process)
        return process

    def lets_in(
        self, user: str, *, by: str = "key", host: str = HERE, port: int | None = None, jump: bool = False
    ) -> None:
        """Let somebody come and go again."""
        code = self.comes(user, by=by, host=host, port=port, jump=jump).wait(LONGEST)
        assert code == 0, (self.folder / "rig.log").read_text(errors="replace")[-3000:]

    def serves_in_secret(self) -> int:
        """Let a second sshd serve that writes no line into the log, as an attacker's would; give its port."""
        port, etc = free_port(), self.folder / "etc"
        text = (etc / "sshd_config").read_text().replace(f"Port {self.port}", f"Port {port}")
        secret = etc / "sshd_config.secret"
        secret.write_text(text.replace("UsePAM yes", "UsePAM no") + "LogLevel QUIET\n")
        self._start([*self._entering, "/usr/sbin/sshd", "-D", "-f", str(secret)])
        return port

    def waits_for(self, what: Callable[[], bool], seconds: float = LONGEST) -> None:
        """Wait until something is so; the deadline is there for what hangs."""
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, (self.folder / "rig.log").read_text(errors="replace")[-3000:]
            time.sleep(0.02)

    def key_of(self, name: str) -> str:
        """Give a key's fingerprint, as ssh-keygen says it."""
        found = subprocess.run(
            ["ssh-keygen", "-l", "-f", self.folder / "keys" / f"{name}.pub"],
            capture_output=True,
            text=True,
            check=True,
        )
        fingerprint = re.search(r"SHA256:\S+", found.stdout)
        assert fingerprint is not None
        return fingerprint[0]
