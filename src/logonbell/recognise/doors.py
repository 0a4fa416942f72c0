"""By which door: one readable decision for each kind of arrival, each with its reason."""

from __future__ import annotations

from logonbell.logon import Door
from logonbell.recognise.arrival import Arrival, Kind, Sign
from logonbell.recognise.identity import is_loopback
from logonbell.recognise.ssm import Link
from logonbell.sentence import Sentence, say

Decision = tuple[Door, Sentence]
RDP_PORT, SSH_PORT = 3389, 22
AT_THE_SCREEN = frozenset(
    {
        "gdm", "gdm-autologin", "gdm-fingerprint", "gdm-password", "gdm-pin", "gdm-smartcard", "kdm", "lightdm",
        "lightdm-autologin", "lxdm", "sddm", "sddm-autologin", "slim", "xdm",
    }
)  # fmt: skip
"""The PAM services of Linux' graphical screens."""
OTHER_PROGRAMS = frozenset({"cockpit", "remote", "rlogin", "rsh", "telnet", "xrdp-sesman"})
"""Those of programs that let people in from elsewhere, besides sshd."""
_SERIAL = ("ttyS", "ttyAMA", "hvc", "ttyUSB")

_PLAIN: dict[Kind, Decision] = {
    Kind.NETWORK: (Door.NETWORK, say("a network logon (type 3 or 8) of a user account")),
    Kind.RUNAS: (Door.RUNAS, say("a program used the credentials; no session of its own")),
    Kind.BATCH: (Door.BATCH, say("a batch logon (type 4): a scheduled task")),
    Kind.TUNNEL: (
        Door.SSM_TUNNEL,
        say("an SSM session forwards a port; nobody needs to have come through it yet"),
    ),
    Kind.COMMAND: (Door.RUN_COMMAND, say("Run Command ran a document as SYSTEM or root; no logon")),
}


def door_of(arrival: Arrival, link: Link) -> Decision:
    """Decide the door from the evidence and the SSM session behind it, and say why."""
    match arrival.kind:
        case Kind.SEAT:
            return _seat(arrival, link)
        case Kind.WINRM:
            return _winrm(arrival)
        case Kind.SSH:
            return _ssh(arrival, link)
        case Kind.SSM:
            return _ssm(arrival)
        case Kind.SESSION:
            return _session(arrival)
        case Kind.BECAME:
            return _became(arrival)
        case _:
            return _PLAIN[arrival.kind]


def _seat(arrival: Arrival, link: Link) -> Decision:
    """Console or RDP, a new session or an old one: Windows writes much the same for all of them."""
    signs = arrival.signs
    if is_by_rdp(arrival):
        return _rdp(arrival, link)
    if Sign.SEATED not in signs and Sign.NEW not in signs:
        return Door.UNLOCK, say("an unlock (type 7 or 13) without a new session")
    if Sign.AGAIN in signs and Sign.NEW not in signs:
        return Door.UNLOCK, say("an existing session was taken up again at the console")
    if is_brief(arrival):
        return Door.UNLOCK, say("the console logon was closed at once: it was the key to an existing session")
    if arrival.logon_type == 11:
        return Door.CACHED_CONSOLE, say("a logon at the console with cached credentials (type 11)")
    return Door.CONSOLE, say("a logon at the console (type 2)")


def _rdp(arrival: Arrival, link: Link) -> Decision:
    signs = arrival.signs
    if link.here and link.tunnelled:
        return Door.RDP_SSM, say("an RDP session that came through an SSM tunnel")
    if link.here:
        return Door.RDP_LOOPBACK, say("an RDP session whose client is this host itself: a tunnel ends here")
    if Sign.ATTACHED in signs or Sign.AGAIN in signs:
        return Door.RDP_RECONNECT, say("an existing session was attached to an RDP client")
    if Sign.NEW in signs:
        return Door.RDP, say("a new RDP session")
    if is_brief(arrival):
        return Door.RDP_RECONNECT, say(
            "the RDP logon was closed at once: it was the key to an existing session"
        )
    if Sign.SEATED in signs:
        return Door.RDP, say("a remote interactive logon (type 10 or 12)")
    return Door.RDP_RECONNECT, say("an unlock from another host, right after a network logon: a reconnect")


def port_of(arrival: Arrival) -> int | None:
    """Give the port of this host that the logon came to; None where it came by none that a tunnel may lead to."""
    if arrival.kind is Kind.SEAT and is_by_rdp(arrival):
        return RDP_PORT
    return SSH_PORT if arrival.kind is Kind.SSH else None


def is_by_rdp(arrival: Arrival) -> bool:
    """Tell whether a seat's evidence is that of RDP: a type 10 or 12, an attached client, or a Hyper-V session.

    An address alone is not enough: at the console it is 127.0.0.1, and an unlock inside a live RDP session carries the
    client's. It takes a session (4778, LocalSessionManager 21 and 25) that is not local, or for an unlock what RDP does
    beforehand: its authentication (1149), or from another host the network logon that comes with it.
    """
    signs = arrival.signs
    if arrival.logon_type in {10, 12} or Sign.HYPERV in signs:
        return True
    if Sign.LOCAL in signs or arrival.logon_type in {2, 11}:
        return False
    if Sign.ATTACHED in signs:
        return True
    if Sign.AGAIN in signs or Sign.NEW in signs:
        return arrival.address is not None
    if arrival.address is None or Sign.UNLOCKED not in signs:
        return False
    return Sign.KNOCKED in signs or (Sign.NLA in signs and not is_loopback(arrival.address))


def is_resumption(arrival: Arrival) -> bool:
    """Tell whether somebody took up a session that was there before, by RDP or at the console."""
    if arrival.kind is not Kind.SEAT or Sign.NEW in arrival.signs:
        return False
    return bool(arrival.signs & {Sign.AGAIN, Sign.ATTACHED, Sign.UNLOCKED}) or is_brief(arrival)


def is_brief(arrival: Arrival) -> bool:
    """Tell whether the logon was only a key to a session that was there before (closed at once, not logged off)."""
    return Sign.BRIEF in arrival.signs and Sign.NEW not in arrival.signs and Sign.LEFT not in arrival.signs


def _winrm(arrival: Arrival) -> Decision:
    if Sign.SHELL in arrival.signs:
        return Door.WINRM, say("a WinRM shell was made (event 91)")
    return Door.WINRM, say("the WinRM service logged the user on, once for each request")


def _ssh(arrival: Arrival, link: Link) -> Decision:
    if link.here and link.tunnelled:
        return Door.SSH_SSM, say("sshd accepted a user who came through an SSM tunnel")
    if link.here:
        return Door.SSH_LOOPBACK, say(
            "an SSH client on this host itself: a tunnel ends here, or a program here logged on"
        )
    if Sign.PROVIDED in arrival.signs:
        return Door.INSTANCE_CONNECT, say("sshd accepted a key that EC2 Instance Connect gave it")
    if Sign.ACCEPTED in arrival.signs:
        return Door.SSH, say("sshd accepted the user")
    if Sign.PAM in arrival.signs:
        return Door.SSH, say("PAM opened a session for sshd, which itself did not say how the user came in")
    return Door.SSH, say("sshd logged the user on with a password (type 8)")


def _session(arrival: Arrival) -> Decision:
    """What PAM opened for another program than sshd."""
    program, terminal = arrival.program, arrival.terminal
    if program == "xrdp-sesman":
        return Door.RDP, say("xrdp opened a session")
    if program in AT_THE_SCREEN:
        return Door.CONSOLE, say("a logon at the graphical screen ({program})", program=program)
    if program != "login" or arrival.address is not None:
        return Door.NETWORK, say("the program {program} opened a session for a user", program=program)
    if terminal is not None and terminal.startswith(_SERIAL):
        return Door.CONSOLE, say("a logon at the serial console ({terminal})", terminal=terminal)
    return Door.CONSOLE, say("a logon at the console")


def _became(arrival: Arrival) -> Decision:
    if arrival.program == "sudo":
        return Door.SUDO, say("a user got a shell of root's by sudo")
    return Door.SU, say("a user became root by su")


def _ssm(arrival: Arrival) -> Decision:
    if Sign.ELEVATED in arrival.signs:
        return Door.SSM_SHELL_ELEVATED, say(
            "the SSM document asks for a shell as SYSTEM or root; no logon is made"
        )
    if arrival.ssm is not None:
        return Door.SSM_SHELL, say("the SSM agent opened a shell")
    return Door.SSM_SHELL, say("the SSM agent's session worker, running as SYSTEM, logged the user on")
