"""Scenes in which Session Manager has a part: shells, tunnels, and who came through them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from logonbell.event import Event
from logonbell.recognise.session import CHANNEL, Told, record_id_of
from logonbell.simulate.windows import WindowsHost, in_order
from scenes import NINE, SATO, Scene, after, altered, kim, mori, story

ALICE = "arn:aws:sts::123456789012:assumed-role/Operators/alice"
BOB = "arn:aws:sts::123456789012:assumed-role/Operators/bob"
OF_ALICE, OF_BOB = "alice-0a1b2c3d4e5f60718", "bob-00112233445566778"
OWN = "10.20.3.4"


def told(at: datetime, what: Told, session: str = "", **fields: str) -> Event:
    """Give what the SSM agent tells, or what was seen at the moment."""
    named = {"SessionId": session} if session else {}
    return Event(CHANNEL, what, record_id_of(session), at, "BASTION-01", "", {**named, **fields})


def watched(at: datetime = NINE) -> Event:
    """From now on every session is told."""
    return told(at, Told.WATCHED)


def opened(at: datetime, session: str = OF_ALICE, owner: str = ALICE, **fields: str) -> Event:
    """Open a session: without more, a tunnel to this host's port for RDP."""
    usual = {
        "Document": "AWS-StartPortForwardingSession",
        "DocumentType": "StartSession",
        "Plugin": "Port",
        "Port": "3389",
        "Target": "",
        "Elevated": "false",
        "RunAsUser": "",
        "ProcessId": "4321",
        "InstanceId": "i-0123456789abcdef0",
    }
    return told(at, Told.OPENED, session, Owner=owner, **{**usual, **fields})


def shell(at: datetime, session: str = OF_ALICE, owner: str = ALICE, **fields: str) -> Event:
    """Open a shell."""
    usual = {"Document": "SSM-SessionManagerRunShell", "Plugin": "Standard_Stream", "Port": ""}
    return opened(at, session, owner, **{**usual, **fields})


def closed(at: datetime, session: str = OF_ALICE) -> Event:
    """Close a session."""
    return told(at, Told.CLOSED, session)


def held_by(events: Iterable[Event], session: str) -> Event:
    """See whose worker holds the connection by which the type 10 of these events came; empty: nobody's."""
    numbered = in_order(events, first_record_ids={"Security": 5000})
    seat = next(event for event in numbered if event.fields.get("LogonType") == "10")
    return replace(
        told(seat.time, Told.OWNER, LogonChannel="Security", LogonRecordId=str(seat.record_id)),
        fields={"LogonChannel": "Security", "LogonRecordId": str(seat.record_id), "SessionId": session},
    )


def _by_worker(host: WindowsHost, at: datetime) -> tuple[list[Event], str]:
    """Let a worker log ssm-user on; give the worker's process id as the agent writes it."""
    events = host.ssm_shell(at)
    pid = next(event.fields["ProcessId"] for event in events if event.event_id == 4624)
    return events, str(int(pid, 16))


def _shell(host: WindowsHost) -> list[Event]:
    events, pid = _by_worker(host, after(10.8))
    return [
        watched(),
        shell(after(10), ProcessId=pid),
        *events,
        *host.ssm_shell_end(after(610)),
        closed(after(611)),
    ]


def _elevated_beside(host: WindowsHost) -> list[Event]:
    events = host.ssm_shell(after(11))
    elevated = shell(after(10.1), OF_BOB, BOB, Plugin="InteractiveCommands", Elevated="true", ProcessId="")
    return [watched(), shell(after(10), ProcessId=""), elevated, *events, closed(after(700), OF_BOB)]


def _decimal(host: WindowsHost) -> list[Event]:
    events, pid = _by_worker(host, after(11))
    other = shell(after(10), OF_BOB, BOB, ProcessId="8888")
    return [watched(), other, shell(after(10.1), ProcessId=pid), *altered(events, {"ProcessId": pid}, 4624)]


def _rdp_by_owner(owner: str) -> Callable[[WindowsHost], list[Event]]:
    def play(host: WindowsHost) -> list[Event]:
        events = host.rdp_logon(after(60), mori(host), "127.0.0.1")
        tunnels = [opened(after(10)), opened(after(20), OF_BOB, BOB, ProcessId="4444")]
        return [watched(), *tunnels, *events, held_by(events, owner)]

    return play


def _own_address(host: WindowsHost) -> list[Event]:
    return [
        told(NINE, Told.ADDRESSES, Addresses=f"{OWN} fe80::a1:2"),
        watched(),
        opened(after(10), Target="bastion-01"),
        opened(after(20), OF_BOB, BOB, Target="10.1.1.1"),
        *host.rdp_logon(after(60), mori(host), OWN),
        closed(after(300)),
        *host.rdp_logon(after(400), kim(host), "fe80::a1:2%12"),
    ]


def _taken_up_by_another(host: WindowsHost) -> list[Event]:
    """The 4778 of a tunnelled session holds the address that the client has at home, wherever the tunnel ends."""
    person, at_home = mori(host), {"ClientAddress": "192.168.1.23"}
    return [
        watched(),
        opened(after(10)),
        *host.rdp_logon(after(60), person, "127.0.0.1"),
        *altered(host.rdp_disconnect(after(900), person), at_home, 4779),
        closed(after(901)),
        opened(after(1100), OF_BOB, BOB),
        *altered(host.rdp_reconnect(after(1200), person, "127.0.0.1"), at_home, 4778),
    ]


def _seated_beside_a_tunnel(host: WindowsHost) -> list[Event]:
    person = mori(host)
    return [
        watched(),
        opened(after(5)),
        *host.console_logon(after(10), person),
        *host.network_logon(after(300), person, "127.0.0.1"),
        *host.unlock(after(306), person),
    ]


def _ssh(host: WindowsHost) -> list[Event]:
    tunnel = opened(after(10), Document="AWS-StartSSHSession", Port="22")
    events = host.ssh_logon(after(30), mori(host), "::1")
    return [
        watched(),
        tunnel,
        *events,
        closed(after(200)),
        *host.ssh_logon(after(600), SATO, "::1", key=False),
    ]


TUNNELS: dict[str, Scene] = {
    "door-ssm-shell-session": Scene(
        "A shell and its Windows logon are one, told with the principal, and with its length when it ends.",
        (r"ssm-shell BASTION-01\ssm-user",),
        story(_shell),
    ),
    "door-ssm-shell-elevated": Scene(
        "A shell as SYSTEM makes no Windows logon; that of the shell beside it is not taken for its own.",
        (r"ssm-shell BASTION-01\ssm-user", "ssm-shell-elevated None"),
        story(_elevated_beside),
    ),
    "door-ssm-shell-decimal": Scene(
        "A worker is known by its process id, also where a log has it in decimal.",
        ("ssm-shell None", r"ssm-shell BASTION-01\ssm-user"),
        story(_decimal),
    ),
    "door-ssm-tunnel": Scene(
        "A tunnel is told when it opens, though nobody needs to come through it, and when it closes.",
        ("ssm-tunnel None",),
        story(lambda _: [watched(), opened(after(10), Port="8443"), closed(after(610))]),
    ),
    "door-run-command": Scene(
        "Run Command is recorded, and silent: no logon.",
        ("run-command None",),
        story(
            lambda _: [
                watched(),
                opened(
                    after(10),
                    "b8d1c3f0-6c1e-4a57-9c40-2f3d6a1b0e55",
                    "",
                    Document="AWS-RunPowerShellScript",
                    DocumentType="SendCommand",
                    Plugin="aws:runPowerShellScript",
                    Port="",
                ),
                closed(after(14), "b8d1c3f0-6c1e-4a57-9c40-2f3d6a1b0e55"),
            ]
        ),
    ),
    "door-rdp-ssm-owner": Scene(
        "Of two tunnels the one whose worker was seen to hold the connection is who came.",
        ("ssm-tunnel None", "ssm-tunnel None", r"rdp-ssm BASTION-01\mori"),
        story(_rdp_by_owner(OF_BOB)),
    ),
    "door-rdp-ssm-only": Scene(
        "Where there is one tunnel to the port, who came by RDP came through it.",
        ("ssm-tunnel None", r"rdp-ssm CORP\sato"),
        story(
            lambda host: [
                watched(),
                opened(after(10)),
                *host.rdp_logon(after(60), SATO, "::1", kerberos=True),
            ]
        ),
    ),
    "door-rdp-ssm-one-of-two": Scene(
        "Of two tunnels to the port, without more, it is one of the two: both are named, none is chosen.",
        ("ssm-tunnel None", "ssm-tunnel None", r"rdp-ssm BASTION-01\mori"),
        story(
            lambda host: [
                watched(),
                opened(after(10)),
                opened(after(20), OF_BOB, BOB),
                *host.rdp_logon(after(60), mori(host), "127.0.0.1"),
            ]
        ),
    ),
    "door-rdp-ssm-own-address": Scene(
        "A tunnel to this host's own name ends here like any; who comes from an own address without one came by none.",
        ("ssm-tunnel None", "ssm-tunnel None", r"rdp-ssm BASTION-01\mori", r"rdp-loopback BASTION-01\kim"),
        story(_own_address),
    ),
    "door-rdp-ssm-taken-up-by-another": Scene(
        "A session that is taken up again through another's tunnel is that other's, whatever address the client says it has.",
        ("ssm-tunnel None", r"rdp-ssm BASTION-01\mori", "ssm-tunnel None", r"rdp-ssm BASTION-01\mori"),
        story(_taken_up_by_another),
    ),
    "door-ssh-ssm": Scene(
        "SSH from loopback came through the open tunnel to port 22; when that is closed, it did not.",
        ("ssm-tunnel None", r"ssh-ssm BASTION-01\mori", r"ssh-loopback CORP\sato"),
        story(_ssh),
    ),
    "door-rdp-loopback-observed": Scene(
        "RDP from loopback, while SSM is watched and no session leads to the port, is critical.",
        (r"ssm-shell None", "ssm-tunnel None", r"rdp-loopback BASTION-01\mori"),
        story(
            lambda host: [
                watched(),
                shell(after(5)),
                opened(after(10), OF_BOB, BOB, Port="8443"),
                *host.rdp_logon(after(60), mori(host), "127.0.0.1"),
            ]
        ),
    ),
    "noise-12-console-beside-a-tunnel": Scene(
        "Who sits at the console comes from 127.0.0.1 and through no tunnel, open as it may be; so does who unlocks it.",
        (
            "ssm-tunnel None",
            r"console BASTION-01\mori",
            r"network BASTION-01\mori",
            r"unlock BASTION-01\mori",
        ),
        story(_seated_beside_a_tunnel),
    ),
    "noise-18-another-tunnel": Scene(
        "RDP by another program's tunnel is critical, though a tunnel of SSM leads to the port as well.",
        ("ssm-tunnel None", "ssm-tunnel None", r"rdp-loopback BASTION-01\mori"),
        story(_rdp_by_owner("")),
    ),
}
