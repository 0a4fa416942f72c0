"""Scenes on a Linux host: the lines that the distributions' programs write, and who came in by which door.

The forms are those of OpenSSH's, PAM's, util-linux's, shadow's, sudo's and EC2 Instance Connect's own sources; names,
addresses, keys and numbers are made.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from logonbell.event import Event
from logonbell.recognise.journal import AUTH, JOURNAL, SECURE, Told
from logonbell.recognise.session import Told as Ssm
from scenes import NINE, Scene, after
from tunnel_scenes import ALICE, BOB, OF_BOB, closed, opened, shell, told

HOST = "bastion-1"
ED25519 = "ED25519 SHA256:DX8pPd5khxE3yTHbBgmcnvJ0q5mJb3gR6oZVbN0nW1c"
RSA = "RSA SHA256:qf2Vx0m1cZk9d3lJ1p4Yc6bFz0sW8uH5tE7aQ2rNn4M"
CA = "ECDSA SHA256:1kV9JmS3bB0pQ7hWz5nXr2TgYc4eLd8uOa6fIiRs0Zw"
ADA = "arn:aws:iam::123456789012:user/ada"
_LINE = re.compile(
    r"(?P<clock>\d\d:\d\d:\d\d(?:\.\d+)?) (?P<program>[^\s:]+?)(?:\[(?P<pid>\d+)\])?: (?P<message>.*)"
)


def line(
    seconds: float, program: str, pid: str, message: str, *, channel: str = JOURNAL, **trusted: str
) -> Event:
    """Give one line: in the journal one of root's, unless ``trusted`` says otherwise."""
    fields = {"MESSAGE": message, "PID": pid}
    if channel == JOURNAL:
        fields |= {"_UID": "0", "_BOOT_ID": "4f1c", **trusted}
    return Event(channel, Told.SAID, 0, after(seconds), HOST, program, fields)


def written(text: str, channel: str = JOURNAL) -> Callable[[], list[Event]]:
    """Read lines as a person writes them down: the clock, the program, its process, what it says."""

    def play() -> list[Event]:
        events = []
        for row in text.strip().splitlines():
            said = _LINE.fullmatch(row.strip())
            assert said is not None, row
            hours, minutes, seconds = said["clock"].split(":")
            at = timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds)) - timedelta(
                hours=9
            )
            events.append(
                line(at.total_seconds(), said["program"], said["pid"] or "", said["message"], channel=channel)
            )
        return events

    return play


def groups(seconds: float, record: int, user: str, uid: int, names: str) -> Event:
    """See the groups of whoever came by a record."""
    fields = {
        "User": user, "Uid": str(uid), "Groups": names, "LogonChannel": JOURNAL, "LogonRecordId": str(record),
    }  # fmt: skip
    return Event(JOURNAL, Told.GROUPS, record, after(seconds), HOST, "", fields)


def here(event: Event, **fields: str) -> Event:
    """Let the SSM agent of this Linux host tell it."""
    return replace(event, host=HOST, fields={**event.fields, "Platform": "linux", **fields})


DEBIAN_12 = f"""
09:00:00.1 sshd[1203]: Accepted publickey for mori from 203.0.113.24 port 50122 ssh2: {ED25519}
09:00:00.12 sshd[1203]: pam_unix(sshd:session): session opened for user mori(uid=1000) by (uid=0)
09:00:00.15 systemd-logind[612]: New session 4 of user mori.
09:00:00.2 systemd[1210]: pam_unix(systemd-user:session): session opened for user mori(uid=1000) by (uid=0)
09:00:00.4 sshd[1203]: pam_env(sshd:session): deprecated reading of user environment enabled
09:05:01 CRON[1301]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)
09:05:01.1 CRON[1302]: (root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)
09:05:01.2 CRON[1301]: pam_unix(cron:session): session closed for user root
09:06:00 sudo[1310]:     mori : TTY=pts/0 ; PWD=/home/mori ; USER=root ; COMMAND=/usr/bin/apt update
09:06:00.1 sudo[1310]: pam_unix(sudo:session): session opened for user root(uid=0) by mori(uid=1000)
09:06:09 sudo[1310]: pam_unix(sudo:session): session closed for user root
09:07:00 sudo[1320]:     mori : TTY=pts/0 ; PWD=/home/mori ; USER=root ; COMMAND=/bin/bash
09:07:00.1 sudo[1320]: pam_unix(sudo-i:session): session opened for user root(uid=0) by mori(uid=1000)
09:09:00 sudo[1320]: pam_unix(sudo-i:session): session closed for user root
09:10:00 su[1330]: (to root) mori on pts/0
09:10:00.1 su[1330]: pam_unix(su:session): session opened for user root(uid=0) by mori(uid=1000)
09:12:00 su[1330]: pam_unix(su:session): session closed for user root
09:13:00 su[1340]: (to postgres) root on none
09:13:00.1 su[1340]: pam_unix(su:session): session opened for user postgres(uid=114) by (uid=0)
09:20:00 sshd[1203]: pam_unix(sshd:session): session closed for user mori
09:20:00.1 systemd-logind[612]: Session 4 logged out. Waiting for processes to exit.
09:20:00.2 systemd-logind[612]: Removed session 4.
"""

UBUNTU_24 = f"""
09:00:00 ec2-instance-connect[1282]: Querying EC2 Instance Connect keys for matching fingerprint: {ED25519[8:]}
09:00:00.2 ec2-instance-connect[1314]: Providing ssh key from EC2 Instance Connect with fingerprint: {ED25519[8:]}, request-id: 1f3a3cfe-0820-47f5-b288-bda9b27488e0, for IAM principal: {ADA}
09:00:01 sshd[980]: Accepted publickey for ubuntu from 18.206.107.29 port 14751 ssh2: {ED25519}
09:00:01.1 sshd[980]: pam_unix(sshd:session): session opened for user ubuntu(uid=1000) by ubuntu(uid=0)
09:00:01.2 systemd-logind[551]: New session 6 of user ubuntu.
09:00:01.3 (systemd)[1020]: pam_unix(systemd-user:session): session opened for user ubuntu(uid=1000) by ubuntu(uid=0)
09:10:00 sshd[1104]: Received disconnect from 18.206.107.29 port 14751:11: disconnected by user
09:10:00.1 sshd[1104]: Disconnected from user ubuntu 18.206.107.29 port 14751
09:10:00.2 sshd[980]: pam_unix(sshd:session): session closed for user ubuntu
"""

AMAZON_2 = f"""
09:00:00 sshd[3321]: Accepted publickey for ec2-user from 203.0.113.24 port 50122 ssh2: RSA-CERT ID mori@example.com (serial 42) CA {CA}
09:00:00.1 sshd[3321]: pam_unix(sshd:session): session opened for user ec2-user by (uid=0)
09:01:00 sshd[3400]: Invalid user admin from 198.51.100.9 port 40110
09:01:00.1 sshd[3400]: input_userauth_request: invalid user admin [preauth]
09:01:01 sshd[3400]: Connection closed by 198.51.100.9 port 40110 [preauth]
09:01:02 sshd[3402]: Invalid user test from 198.51.100.9 port 40112
09:01:02.1 sshd[3402]: input_userauth_request: invalid user test [preauth]
09:01:03 sshd[3402]: Connection closed by 198.51.100.9 port 40112 [preauth]
09:01:04 sshd[3404]: Invalid user  from 198.51.100.9 port 40114
09:01:05 sshd[3404]: Connection closed by 198.51.100.9 port 40114 [preauth]
09:02:00 crond[3410]: pam_unix(crond:session): session opened for user root by (uid=0)
09:30:00 sshd[3321]: pam_unix(sshd:session): session closed for user ec2-user
"""

AMAZON_2023 = f"""
09:00:00 login[1702]: pam_unix(login:session): session opened for user ec2-user(uid=1000) by LOGIN(uid=0)
09:00:00.1 login[1702]: DIALUP AT ttyS0 BY ec2-user
09:00:00.12 login[1702]: LOGIN ON ttyS0 BY ec2-user
09:00:00.2 systemd-logind[1600]: New session 2 of user ec2-user.
09:01:00 login[1801]: pam_unix(login:auth): authentication failure; logname=LOGIN uid=0 euid=0 tty=/dev/ttyS0 ruser= rhost=  user=root
09:01:02 login[1801]: FAILED LOGIN 1 FROM ttyS0 FOR root, Authentication failure
09:01:08 login[1801]: FAILED LOGIN 2 FROM ttyS0 FOR root, Authentication failure
09:01:14 login[1801]: FAILED LOGIN SESSION FROM ttyS0 FOR root, Authentication failure
09:05:00 login[1702]: pam_unix(login:session): session closed for user ec2-user
09:06:00 sshd[1900]: Accepted publickey for ec2-user from 203.0.113.24 port 50122 ssh2: ED25519-CERT SHA256:uL6n7cP0R3wq1yT8sV2bX5zN4mK9jH6gF3dS0aQwErT ID mori@example.com (serial 18446744073709551615) CA {CA}
"""

RHEL_9 = """
09:00:00 sshd[2301]: Accepted keyboard-interactive/pam for kim from 203.0.113.24 port 50122 ssh2
09:00:00.1 sshd[2301]: pam_unix(sshd:session): session opened for user kim(uid=1001) by kim(uid=0)
09:01:00 sshd[2330]: Accepted gssapi-with-mic for CORP\\\\sato from 203.0.113.24 port 50124 ssh2: sato@CORP.EXAMPLE
09:02:00 gdm-password][2401]: pam_unix(gdm-password:session): session opened for user kim(uid=1001) by kim(uid=0)
09:02:00.1 gdm-launch-environment][2390]: pam_unix(gdm-launch-environment:session): session opened for user gdm(uid=42) by (uid=0)
09:03:00 cockpit-session[2500]: pam_unix(cockpit:session): session opened for user kim(uid=1001) by kim(uid=0)
09:04:00 su[2600]: (to root) kim on pts/1
09:04:00.1 su[2600]: pam_unix(su-l:session): session opened for user root(uid=0) by kim(uid=1001)
09:05:00 su[2700]: pam_unix(su:auth): authentication failure; logname=kim uid=1001 euid=0 tty=/dev/pts/1 ruser=kim rhost=  user=root
09:05:02 su[2700]: FAILED SU (to root) kim on pts/1
09:06:00 gdm-password][2401]: pam_unix(gdm-password:session): session closed for user kim
"""

OPENSSH_10 = """
09:00:00 sshd[700]: Server listening on 0.0.0.0 port 22.
09:01:00 sshd-session[1825]: Connection closed by authenticating user root 198.51.100.9 port 41150 [preauth]
09:01:02 sshd-session[1831]: Connection closed by invalid user oracle 198.51.100.9 port 41152 [preauth]
09:01:04 sshd-session[1833]: Connection closed by 198.51.100.9 port 41154
09:01:06 sshd-auth[1840]: Unable to negotiate with 198.51.100.9 port 41156: no matching key exchange method found. [preauth]
09:01:08 sshd-session[1842]: error: maximum authentication attempts exceeded for mori from 198.51.100.9 port 41158 ssh2 [preauth]
09:01:08.1 sshd-session[1842]: Disconnecting authenticating user mori 198.51.100.9 port 41158: Too many authentication failures [preauth]
09:02:00 sshd-session[1900]: Accepted password for mori from 203.0.113.24 port 50122 ssh2
09:02:00.1 sshd-session[1900]: pam_unix(sshd:session): session opened for user mori(uid=1000) by mori(uid=0)
09:03:00 sshd-session[1900]: pam_unix(sshd:session): session closed for user mori
"""

FAILURES = """
09:00:00 sshd[100]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=198.51.100.9  user=root
09:00:02 sshd[100]: Failed password for root from 198.51.100.9 port 40000 ssh2
09:00:09 sshd[100]: message repeated 2 times: [ Failed password for root from 198.51.100.9 port 40000 ssh2]
09:00:10 sshd[100]: error: maximum authentication attempts exceeded for root from 198.51.100.9 port 40000 ssh2 [preauth]
09:00:10.1 sshd[100]: Disconnecting authenticating user root 198.51.100.9 port 40000: Too many authentication failures [preauth]
09:00:10.2 sshd[100]: PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=198.51.100.9  user=root
09:00:20 sshd[102]: error: PAM: Authentication failure for mori from 198.51.100.9
09:00:20.1 sshd[102]: Failed keyboard-interactive/pam for mori from 198.51.100.9 port 40002 ssh2
09:00:24 sshd[102]: error: PAM: Authentication failure for mori from 198.51.100.9
09:00:25 sshd[102]: Connection closed by authenticating user mori 198.51.100.9 port 40002 [preauth]
09:00:30 sshd[104]: User backup from 198.51.100.9 not allowed because not listed in AllowUsers
09:00:31 sshd[104]: Failed password for invalid user backup from 198.51.100.9 port 40004 ssh2
09:00:40 sshd[106]: ROOT LOGIN REFUSED FROM 198.51.100.9 port 40006
"""

KEYS_TRIED = f"""
09:00:00 sshd[100]: Failed publickey for mori from 203.0.113.24 port 50122 ssh2: {RSA}
09:00:00.1 sshd[100]: Failed publickey for mori from 203.0.113.24 port 50122 ssh2: ECDSA SHA256:1kV9JmS3bB0pQ7hWz5nXr2TgYc4eLd8uOa6fIiRs0Zw
09:00:00.2 sshd[100]: Failed none for mori from 203.0.113.24 port 50122 ssh2
09:00:01 sshd[100]: Partial publickey for mori from 203.0.113.24 port 50122 ssh2: {ED25519}
09:00:01.1 sshd[100]: Postponed keyboard-interactive for mori from 203.0.113.24 port 50122 ssh2 [preauth]
09:00:04 sshd[100]: Accepted keyboard-interactive/pam for mori from 203.0.113.24 port 50122 ssh2
"""

HOSTILE = f"""
09:00:00 sshd[100]: Invalid user root from 203.0.113.24 port 22 ssh2 from 198.51.100.9 port 40000
09:00:01 sshd[100]: Failed password for invalid user x from 203.0.113.24 port 22 ssh2\\nAccepted password for root from 203.0.113.24 from 198.51.100.9 port 40000 ssh2
09:00:02 sshd[101]: Failed password for invalid user Accepted publickey for root from 203.0.113.24 port 1 ssh2: {ED25519} from 198.51.100.9 port 40001 ssh2
09:00:03 sshd[102]: Connection closed by invalid user root 203.0.113.24 port 22 [preauth] 198.51.100.9 port 40002 [preauth]
09:00:04 sshd[103]: Accepted publickey for mori from 203.0.113.24 port 50122 ssh2: ED25519-CERT SHA256:uL6n7cP0R3wq1yT8sV2bX5zN4mK9jH6gF3dS0aQwErT ID x from 192.0.2.1 port 1 ssh2: {ED25519} (serial 1) CA {CA} (serial 7) CA {CA}
09:00:05 sshd[104]: Accepted password for mo ri from 192.0.2.1 port 1 ssh2 from 203.0.113.24 port 50123 ssh2
09:00:06 nginx[105]: Accepted password for root from 192.0.2.1 port 1 ssh2
"""


def _forged() -> list[Event]:
    """Write lines that pretend to be sshd's, sudo's and EC2 Instance Connect's."""
    says, opened_for = (
        "Accepted password for root from 203.0.113.24 port 1 ssh2",
        "session opened for user root(uid=0)",
    )
    user = {"_UID": "1001", "_EXE": "/usr/bin/logger"}
    of_sudo = {"_UID": "1001", "_EXE": "/usr/bin/sudo"}
    providing = f"Providing ssh key from EC2 Instance Connect with fingerprint: {ED25519[8:]}, for IAM principal: {ALICE}"
    return [
        line(0, "sshd", "100", says, **user),
        line(1, "sshd", "100", f"pam_unix(sshd:session): {opened_for} by (uid=0)", **user),
        line(2, "login", "100", "ROOT LOGIN ON tty1", **user),
        line(3, "su", "100", "(to root) mori on pts/0", **user),
        line(4, "sudo", "100", f"pam_unix(sshd:session): {opened_for} by (uid=0)", **of_sudo),
        line(5, "ec2-instance-connect", "100", providing, **user),
        line(6, "sshd", "101", f"Accepted publickey for mori from 203.0.113.24 port 50122 ssh2: {ED25519}"),
        line(7, "sudo", "102", " kim : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/su -", **of_sudo),
        line(8, "sshd", "103", says, _UID="1002", _EXE="/usr/sbin/sshd"),
    ]


def _through_ssm() -> list[Event]:
    """Come through a tunnel whose worker is seen, then through one of two, then when none is open."""
    tunnel = {"Document": "AWS-StartSSHSession", "Port": "22"}
    accepted = "Accepted publickey for {} from {} port {} ssh2: " + ED25519
    return [
        here(told(NINE, Ssm.WATCHED)),
        here(opened(after(10), **tunnel)),
        here(opened(after(12), OF_BOB, BOB, **tunnel)),
        line(30, "sshd", "100", accepted.format("mori", "127.0.0.1", 50122)),
        here(
            told(
                after(30.05),
                Ssm.OWNER,
                OF_BOB,
                LogonChannel=JOURNAL,
                LogonRecordId="1",
                LocalPort="50122",
                ProcessId="9",
            )
        ),
        line(40, "sshd", "102", accepted.format("kim", "::1", 50124)),
        here(closed(after(100))),
        here(closed(after(101), OF_BOB)),
        line(300, "sshd", "104", accepted.format("root", "127.0.0.1", 50126)),
    ]


def _shells() -> list[Event]:
    """Open shells by Session Manager: as ssm-user, as another, as root; run a command."""
    elevated = {"Document": "Acme-RootShell", "Elevated": "true"}
    return [
        here(told(NINE, Ssm.WATCHED)),
        here(shell(after(10))),
        here(shell(after(20), OF_BOB, BOB, RunAsUser="deploy")),
        here(shell(after(30), "carol-0a1b2c3d4e5f60719", **elevated)),
        here(opened(after(40), "2f0c9f7e-4b7a-4d0b-9a37-0d0f5a6f2a11", Plugin="", Port="", Document="AWS-RunShellScript", DocumentType="SendCommand")),
        here(closed(after(70))),
        here(closed(after(90), OF_BOB)),
    ]  # fmt: skip


def _restarted() -> list[Event]:
    """Start the host again while somebody is on, who comes back."""
    accepted = f"Accepted publickey for mori from 203.0.113.24 port 50122 ssh2: {ED25519}"
    return [
        line(0, "sshd", "100", accepted),
        line(200, "sshd", "102", accepted.replace("50122", "50130")),
        line(300, "sshd", "700", "Server listening on 0.0.0.0 port 22.", _BOOT_ID="77aa"),
        line(310, "sshd", "100", accepted.replace("50122", "50140"), _BOOT_ID="77aa"),
    ]


def _grouped() -> list[Event]:
    """Look up the groups of three who come."""
    accepted = "Accepted password for {} from 203.0.113.24 port 50122 ssh2"
    return [
        line(0, "sshd", "100", accepted.format("mori")),
        groups(0.02, 1, "mori", 1000, "mori,adm,sudo,docker"),
        line(10, "sshd", "102", accepted.format("kim")),
        groups(10.02, 3, "kim", 1001, "kim,users"),
        line(20, "sshd", "104", accepted.format("sato")),
        groups(20.02, 5, "sato", 5001, "staff,bastion owners"),
        groups(21, 77, "nobody", 65534, "sudo"),
    ]


def _reused() -> list[Event]:
    """Deal a process id anew, whose session nobody saw end."""
    accepted = "Accepted password for {} from 203.0.113.24 port {} ssh2"
    closing = "pam_unix(sshd:session): session closed for user {}"
    return [
        line(0, "sshd", "100", accepted.format("mori", 50122)),
        line(400, "sshd", "100", accepted.format("kim", 50124)),
        line(500, "sshd", "100", closing.format("kim")),
        line(600, "sshd", "100", closing.format("mori")),
    ]


ADMINISTRATORS = """
09:00:00 sudo[100]:     mori : TTY=pts/0 ; PWD=/home/mori ; USER=root ; COMMAND=/usr/sbin/usermod -aG sudo kim
09:00:00.2 usermod[102]: add 'kim' to group 'sudo'
09:00:00.21 usermod[102]: add 'kim' to shadow group 'sudo'
09:01:00 useradd[110]: new user: name=backup2, UID=1005, GID=1005, home=/home/backup2, shell=/bin/bash, from=none
09:01:01 useradd[110]: add 'backup2' to group 'docker'
09:02:00 useradd[120]: new user: name=toor, UID=0, GID=0, home=/root, shell=/bin/bash, from=/dev/pts/0
09:03:00 gpasswd[130]: user sato added by root to group wheel
09:04:00 gpasswd[131]: members of group admin set by root to kim,deploy
09:05:00 usermod[140]: change user 'games' UID from '5' to '0'
09:10:00 sshd[200]: Accepted password for kim from 203.0.113.24 port 50122 ssh2
"""


def _started_again() -> list[Event]:
    """Start a host again by a person's word, then with nobody's."""
    user = {"_UID": "1000", "_EXE": "/usr/bin/sudo"}
    accepted = "Accepted password for mori from 203.0.113.24 port {} ssh2"
    return [
        line(0, "sshd", "100", accepted.format(50122)),
        line(
            100, "sudo", "102", "    mori : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/sbin/reboot", **user
        ),
        line(100.1, "systemd-logind", "612", "The system will reboot now!"),
        line(100.2, "systemd-logind", "612", "System is rebooting."),
        line(160, "systemd-logind", "600", "New seat seat0.", _BOOT_ID="77aa"),
        line(170, "sshd", "700", accepted.format(50124), _BOOT_ID="77aa"),
        line(400, "systemd-logind", "600", "New seat seat0.", _BOOT_ID="99cc"),
    ]


LINUX: dict[str, Scene] = {
    "linux-debian-12": Scene(
        "A key, a root shell by sudo and one by su, each with its end; cron, systemd and single commands are no logons.",
        ("ssh mori", "sudo root", "su root"),
        written(DEBIAN_12, AUTH),
    ),
    "linux-ubuntu-24.04-instance-connect": Scene(
        "A key of EC2 Instance Connect tells the IAM identity behind it.",
        ("instance-connect ubuntu",),
        written(UBUNTU_24),
    ),
    "linux-amazon-2": Scene(
        "OpenSSH 7.4: a certificate without its own fingerprint, users who do not exist, PAM without numbers.",
        ("ssh ec2-user",),
        written(AMAZON_2, SECURE),
    ),
    "linux-amazon-2023": Scene(
        "The serial console, failures there, and a certificate with the largest number there is.",
        ("console ec2-user", "ssh ec2-user"),
        written(AMAZON_2023),
    ),
    "linux-rhel-9": Scene(
        "A one-time password, Kerberos, the graphical screen, Cockpit; the greeter is nobody.",
        ("ssh kim", r"ssh CORP\sato", "console kim", "network kim", "su root"),
        written(RHEL_9, SECURE),
    ),
    "linux-openssh-10": Scene(
        "sshd-session and sshd-auth speak for sshd; who names no user is only a scanner.",
        ("ssh mori",),
        written(OPENSSH_10),
    ),
    "linux-failed-logons": Scene(
        "Each password that was tried counts once, whatever sshd, PAM and rsyslog make of it.",
        (),
        written(FAILURES, AUTH),
    ),
    "linux-keys-tried": Scene(
        "Keys that were refused before a proof was accepted are no failed logons.",
        ("ssh mori",),
        written(KEYS_TRIED),
    ),
    "linux-hostile-names": Scene(
        "A name, and a certificate's text, may hold anything: nobody comes in by that, or comes from elsewhere.",
        ("ssh mori", "ssh mo ri from 192.0.2.1 port 1 ssh2"),
        written(HOSTILE),
    ),
    "linux-forged": Scene(
        "journald says who wrote a line: what a plain user writes as sshd is nobody's logon.",
        ("ssh mori", "sudo root"),
        _forged,
    ),
    "linux-ssh-ssm": Scene(
        "SSH from loopback came through the tunnel whose worker holds the connection, or one of two; without any it rings.",
        ("ssm-tunnel None", "ssm-tunnel None", "ssh-ssm mori", "ssh-ssm kim", "ssh-loopback root"),
        _through_ssm,
    ),
    "linux-ssm-shells": Scene(
        "No log of Linux' tells of a shell by Session Manager: the agent does, with whom it runs as.",
        ("ssm-shell ssm-user", "ssm-shell deploy", "ssm-shell-elevated root", "run-command None"),
        _shells,
    ),
    "linux-restarted": Scene(
        "A start of the system ends what was open.",
        ("ssh mori", "ssh mori", "ssh mori"),
        _restarted,
    ),
    "linux-groups": Scene(
        "The groups that the system gave decide who is an administrator, and by the settings who is a domain admin.",
        ("ssh mori", "ssh kim", "ssh sato"),
        _grouped,
        admins=frozenset({"bastion owners"}),
    ),
    "linux-process-reused": Scene(
        "A process id that is dealt anew ends nobody else's session.",
        ("ssh mori", "ssh kim"),
        _reused,
    ),
    "linux-new-administrators": Scene(
        "Whoever comes into the administrators' group, or gets root's number, is a new administrator, also when he logs on.",
        ("ssh kim",),
        written(ADMINISTRATORS),
    ),
    "linux-started-again": Scene(
        "A restart that somebody asked for is told quietly, with who; one that nobody asked for louder. Both end what was open.",
        ("ssh mori", "ssh mori"),
        _started_again,
    ),
    "linux-silent-sshd": Scene(
        "Where sshd itself says nothing (LogLevel QUIET), PAM's word is the logon.",
        ("ssh mori",),
        written(
            "09:00:00 sshd[100]: pam_unix(sshd:session): session opened for user mori(uid=1000) by (uid=0)\n"
            "09:01:30 sshd[100]: pam_unix(sshd:session): session closed for user mori"
        ),
    ),
}
