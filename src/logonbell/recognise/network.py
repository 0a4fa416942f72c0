"""Logons that come through the network without a seat: shares, WinRM, sshd, the SSM agent's shells."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from logonbell.event import Event
from logonbell.logon import User
from logonbell.recognise.accepted import accepted_in
from logonbell.recognise.arrival import Arrival, Kind, Sign
from logonbell.recognise.growing import nearest
from logonbell.recognise.identity import is_nobody, raw_address, same_user, split_name, user_of
from logonbell.recognise.seats import KNOCK, follows_nla, note_logon, process_of, target_of
from logonbell.recognise.state import HostLog, Knock
from logonbell.sentence import Sentence, say

REPEATS = timedelta(seconds=60)
"""Network logons of one user from one address within this time of the first are one."""
REQUESTS = timedelta(seconds=60)
"""WinRM logs a user on for each request: gaps of up to this are one session."""
SHELL_NEAR = timedelta(seconds=5)
AUTHENTICATED = timedelta(seconds=2)
SSHD_NEAR = timedelta(seconds=5)
PROOF = timedelta(seconds=10)

_BY_PASSWORD = ("password", "keyboard-interactive")


def came_by_network(log: HostLog, event: Event) -> Sentence:
    """Read a 4624 of type 3 that names no program: a share, WinRM, or what RDP does before its session."""
    user, address = target_of(event), raw_address(event.fields.get("IpAddress"))
    log.knock(Knock(event.time, user, address, None))
    for seat in log.growing.named(Kind.SEAT, user):
        before = seat.time - event.time
        if timedelta(0) <= before <= KNOCK and follows_nla(seat) and seat.may_be(user, address):
            log.joined(seat, event, Sign.NLA)
            note_logon(log, seat, event, unlock=True)
            return say("the network logon before an RDP session (NLA): the same logon")
    winrm = nearest(
        log.growing.named(Kind.WINRM, user), event.time, REQUESTS, lambda a: a.may_be(user, address)
    )
    if winrm is None:
        winrm = _shell_without_name(log, event, user, address)
    if winrm is not None:
        log.joined(winrm, event)
        note_logon(log, winrm, event)
        return say("a further request of a WinRM session: the same logon")

    def repeats(arrival: Arrival) -> bool:
        return timedelta(0) <= event.time - arrival.time <= REPEATS and arrival.may_be(user, address)

    arrival = nearest(log.growing.named(Kind.NETWORK, user), event.time, REPEATS, repeats)
    if arrival is not None:
        log.joined(arrival, event)
        note_logon(log, arrival, event)
        return say("a repeat of a network logon within a minute: the same logon")
    arrival = log.begin(Kind.NETWORK, event, user=user, hold=KNOCK)
    arrival.signs.add(Sign.NETWORK)
    note_logon(log, arrival, event)
    return say("a network logon; held for {seconds} s in case an RDP or WinRM session follows", seconds=12)


def winrm_request(log: HostLog, event: Event) -> Sentence:
    """Read a 4624 that the WinRM service made: with Basic or CredSSP, one for each request."""
    user, address = target_of(event), raw_address(event.fields.get("IpAddress"))
    arrival = nearest(
        log.growing.named(Kind.WINRM, user), event.time, REQUESTS, lambda a: a.may_be(user, address)
    )
    if arrival is not None:
        log.joined(arrival, event)
    else:
        arrival = log.begin(Kind.WINRM, event, user=user)
        for network in list(log.growing.named(Kind.NETWORK, user)):
            near = timedelta(0) <= event.time - network.last <= AUTHENTICATED
            if near and not network.told and network.may_be(user, address):
                log.replace(arrival, network)
    note_logon(log, arrival, event)
    return say("a request to the WinRM service")


def shell_made(log: HostLog, event: Event) -> Sentence:
    """Read WinRM 91: a shell was made. The event names its user by SID only, and no address."""
    if not event.sid or is_nobody(event.sid):
        return say("a WinRM shell of the machine itself")
    user = User(event.sid, "", event.sid)

    def mine(arrival: Arrival) -> bool:
        return arrival.user is not None and arrival.user.sid == event.sid

    since = event.time - REQUESTS * 60
    arrival = nearest(log.growing.of_kind(Kind.WINRM, since), event.time, REQUESTS, mine)
    if arrival is None:
        network = nearest(log.growing.of_kind(Kind.NETWORK, event.time - KNOCK), event.time, SHELL_NEAR, mine)
        if network is not None and not network.told:
            log.become(network, Kind.WINRM)
            arrival = network
    if arrival is None:
        arrival = log.begin(Kind.WINRM, event, user=user)
        arrival.signs.add(Sign.SHELL)
    else:
        log.joined(arrival, event, Sign.SHELL)
        log.hurry(arrival, event.time)
    return say("a WinRM shell was made (91)")


def _shell_without_name(log: HostLog, event: Event, user: User, address: str | None) -> Arrival | None:
    """Give the WinRM session of this SID that was told by event 91 before its logon was read."""
    shells = log.growing.of_kind(Kind.WINRM, event.time - REQUESTS)
    return nearest(shells, event.time, SHELL_NEAR, lambda a: a.may_be(user, address))


def sshd_logon(log: HostLog, event: Event) -> Sentence:
    """Read a 4624 that sshd made: a password (type 8) is proof, a key's token (type 3) is not.

    Each connection has a process of its own.
    """
    user, process = target_of(event), process_of(event)
    password = event.fields.get("LogonType") == "8"
    sign = Sign.PASSWORD if password else Sign.TOKEN

    def fits(arrival: Arrival) -> bool:
        signs = arrival.signs
        if password:
            other = bool(signs & {Sign.PASSWORD, Sign.TOKEN, Sign.KEY})
        else:
            other = Sign.PASSWORD in signs or (Sign.ACCEPTED in signs and Sign.KEY not in signs)
        mine = None in {process, arrival.process} or process == arrival.process
        return mine and not other and same_user(arrival.user, user)

    arrival = _nearest_ssh(log, event, user, fits)
    if arrival is None:
        arrival = log.begin(Kind.SSH, event, user=user, hold=None)
        arrival.signs.add(sign)
    else:
        log.joined(arrival, event, sign)
    arrival.process = arrival.process or process
    note_logon(log, arrival, event)
    return (
        say("sshd logged a user on with a password")
        if password
        else say("sshd's token for a key; it comes before the key is proven, so it waits for sshd's Accepted")
    )


def sshd_said(log: HostLog, event: Event) -> Sentence:
    """Read OpenSSH/Operational 4: sshd's own words. Accepted is the proof, and the only place of the address."""
    accepted = accepted_in(event.fields.get("payload", ""))
    if accepted is None:
        return say("sshd said something else")
    name, domain = split_name(accepted.user)
    user = user_of(name, domain, None)
    address = raw_address(accepted.address)
    password = accepted.how.startswith(_BY_PASSWORD)
    signs = {Sign.ACCEPTED} if password else {Sign.ACCEPTED, Sign.KEY}
    other = Sign.TOKEN if password else Sign.PASSWORD

    def fits(arrival: Arrival) -> bool:
        return not arrival.signs & {Sign.ACCEPTED, other} and same_user(arrival.user, user)

    arrival = _nearest_ssh(log, event, user, fits)
    if arrival is None:
        arrival = log.begin(Kind.SSH, event, user=user)
        arrival.signs.update(signs)
    else:
        log.joined(arrival, event, *signs)
        log.hurry(arrival, event.time)
    arrival.learn(address=address)
    arrival.method, arrival.key, arrival.certificate = accepted.how, accepted.key, accepted.certificate
    return say("sshd accepted {how}", how=accepted.how)


def _nearest_ssh(log: HostLog, event: Event, user: User, fits: Callable[[Arrival], bool]) -> Arrival | None:
    """Give the SSH logon that fits, rather one of this very account than of its namesake.

    sshd names an account of the host itself without a domain (PowerShell/openssh-portable, pwd.c).
    """
    host = event.host.partition(".")[0]

    def fits_well(arrival: Arrival) -> bool:
        mine, other = user.domain or host, arrival.user.domain if arrival.user else ""
        return fits(arrival) and mine.casefold() == (other or host).casefold()

    for choice in (fits_well, fits):
        arrival = nearest(log.growing.named(Kind.SSH, user), event.time, SSHD_NEAR, choice)
        if arrival is not None:
            return arrival
    return None


def used_credentials(log: HostLog, event: Event) -> Sentence:
    """Read a 4624 by which a program used somebody's credentials (runas, LogonUser): no session of its own."""
    arrival = log.begin(Kind.RUNAS, event, user=target_of(event))
    note_logon(log, arrival, event)
    return say("a program used credentials (runas)")


def ran_batch(log: HostLog, event: Event) -> Sentence:
    """Read a 4624 of type 4: a scheduled task runs as this user."""
    arrival = log.begin(Kind.BATCH, event, user=target_of(event))
    note_logon(log, arrival, event)
    return say("a batch logon")
