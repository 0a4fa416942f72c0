"""Sessions with a seat: at the console, by RDP, unlocked, attached again, closed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from logonbell.address import address_of
from logonbell.event import Event
from logonbell.logon import User
from logonbell.recognise.arrival import Arrival, Kind, Sign, either
from logonbell.recognise.growing import nearest
from logonbell.recognise.identity import (
    YES,
    is_loopback,
    is_microsoft_account,
    raw_address,
    same_address,
    same_user,
    split_name,
    user_of,
)
from logonbell.recognise.noise import program_of
from logonbell.recognise.present import Open
from logonbell.recognise.ssm import number_of
from logonbell.recognise.state import HostLog, Knock
from logonbell.sentence import Sentence, say

JOIN = timedelta(seconds=10)
"""How far apart the events of one session start may be, in any order and from any channel."""
SLOW = timedelta(seconds=60)
"""How long after its logon a session may begin (LocalSessionManager 21): a first profile and policies take their time."""
KNOCK = timedelta(seconds=12)
"""How long before its session RDP authenticates over the network: 1 to 6 s in real logs."""
AT_ONCE = timedelta(milliseconds=3600)
"""A seat's logon id that is closed within about 3.5 s was only a key to an older session (measured in real logs)."""
NAMELESS = timedelta(seconds=2)
"""How close LocalSessionManager's 21 must be to a logon whose user it spells differently (Microsoft accounts)."""
TWIN = timedelta(seconds=1)
SET_BACK = timedelta(seconds=5)
"""By so much Windows' time service may set the clock back between two records of one session start."""
AT_A_SEAT = frozenset({"2", "7", "10", "11", "12", "13"})
"""The types of a 4624 by which somebody sits down or unlocks."""

OTHER_HALF = say("the other half of a split token (UAC): the same logon")


def logon_id_of(event: Event, field: str = "TargetLogonId") -> str:
    """Give a logon id (64 bits) in one spelling, whatever its padding; empty where there is none."""
    try:
        number = int(event.fields.get(field, ""), 16)
    except ValueError:
        return ""
    return hex(number) if 0 < number < 1 << 64 else ""


def process_of(event: Event) -> int | None:
    """Give the id of the program that asked for the logon: hexadecimal, as Windows writes it, or decimal."""
    text = event.fields.get("ProcessId", "").strip()
    if not text.lower().startswith("0x"):
        return number_of(text)
    process = logon_id_of(event, "ProcessId")
    return int(process, 16) if process else None


def target_of(event: Event) -> User:
    """Give the user who was logged on, as a Security event names it."""
    fields = event.fields
    name, domain = fields.get("TargetUserName", ""), fields.get("TargetDomainName", "")
    return user_of(name, domain, fields.get("TargetUserSid") or fields.get("TargetSid"))


def elevated_by(event: Event) -> bool | None:
    """Give what ElevatedToken says; None in versions that do not have it."""
    token = event.fields.get("ElevatedToken", "")
    return None if not token.startswith("%%") else token == YES


def note_logon(log: HostLog, arrival: Arrival, event: Event, *, unlock: bool = False) -> None:
    """Fill an arrival with the facts of a 4624."""
    fields = event.fields
    for logon_id in (logon_id_of(event), logon_id_of(event, "TargetLinkedLogonId")):
        if logon_id:  # the other half's too: its own 4624 may be lost, and its privileges are this user's
            arrival.hold_id(logon_id, unlock=unlock)
            log.claim_stray(logon_id, arrival)
    arrival.elevated = either(arrival.elevated, elevated_by(event))
    workstation = fields.get("WorkstationName")
    kind = fields.get("LogonType", "")
    arrival.learn(
        user=target_of(event),
        address=raw_address(fields.get("IpAddress")),
        workstation=workstation if workstation not in {"", "-"} else None,
        logon_type=int(kind) if kind.isascii() and kind.isdigit() and len(kind) < 6 else None,
    )
    log.changed(arrival, event.time)


def other_half(log: HostLog, event: Event) -> Arrival | None:
    """Give the logon whose split token this 4624 is the other half of."""
    linked = logon_id_of(event, "TargetLinkedLogonId")
    if linked:
        half = log.growing.with_id(linked)
        return half if half is not None and same_user(half.user, target_of(event)) else None
    kind = event.fields.get("LogonType")
    if "TargetLinkedLogonId" in event.fields or kind not in AT_A_SEAT:
        return None
    # Version 0 and 1 do not name the other half: it comes in the same moment.
    address = raw_address(event.fields.get("IpAddress"))
    return nearest(
        log.growing.named(Kind.SEAT, target_of(event)),
        event.time,
        TWIN,
        lambda a: str(a.logon_type) == kind and a.halves == 1 and a.may_be(target_of(event), address),
    )


def sat_down(log: HostLog, event: Event) -> Sentence:
    """Read a 4624 of type 2, 10, 11 or 12: somebody at the console or by RDP."""
    user, address = target_of(event), raw_address(event.fields.get("IpAddress"))
    kind = event.fields["LogonType"]

    def is_free(arrival: Arrival) -> bool:
        signs = arrival.signs
        if Sign.SEATED in signs:
            return False
        return Sign.LOCAL not in signs if kind in {"10", "12"} else not signs & {Sign.ATTACHED, Sign.HYPERV}

    arrival = _nearest_seat(log, event, user, address, is_free)
    if arrival is None:
        arrival = _nameless(log, event, user, address, lambda a: is_free(a) and a.session is not None)
    if arrival is None:
        arrival = log.begin(Kind.SEAT, event, user=user)
        arrival.signs.add(Sign.SEATED)
    else:
        log.joined(arrival, event, Sign.SEATED)
    arrival.halves = 1
    note_logon(log, arrival, event)
    hear_knocks(log, arrival)
    return say("somebody sat down: a logon of type {type}", type=kind)


def unlocked(log: HostLog, event: Event) -> Sentence:
    """Read a 4624 of type 7 or 13: an unlock, or the key of a reconnect."""
    user, address = target_of(event), raw_address(event.fields.get("IpAddress"))
    if program_of(event.fields) == "lsass.exe":
        twin = nearest(log.growing.named(Kind.SEAT, user), event.time, JOIN, lambda a: a.may_be(user, None))
        if twin is not None:
            log.joined(twin, event)
            note_logon(log, twin, event, unlock=True)
        return say("lsass's own copy of an unlock: the same logon")

    def fits(arrival: Arrival) -> bool:
        again = arrival.signs & {Sign.ATTACHED, Sign.AGAIN}
        return bool(again) and Sign.UNLOCKED not in arrival.signs

    arrival = _nearest_seat(log, event, user, address, fits)
    if arrival is None:
        arrival = log.begin(Kind.SEAT, event, user=user)
        arrival.signs.add(Sign.UNLOCKED)
    else:
        log.joined(arrival, event, Sign.UNLOCKED)
    arrival.halves = 1
    note_logon(log, arrival, event, unlock=True)
    hear_knocks(log, arrival)
    return say("an unlock, or the key of a reconnect (type 7 or 13)")


def session_began(log: HostLog, event: Event) -> Sentence:
    """Read LocalSessionManager 21: a new session; the only word of it where the Security log is blind."""
    return _session(log, event, Sign.NEW)


def session_again(log: HostLog, event: Event) -> Sentence:
    """Read LocalSessionManager 25: an existing session, attached again."""
    return _session(log, event, Sign.AGAIN)


def _session(log: HostLog, event: Event, sign: Sign) -> Sentence:
    user, address, place = _lsm(event)
    number = session_number(event)

    def fits(arrival: Arrival) -> bool:
        if arrival.session is not None or not _in_place(arrival, place):
            return False
        signs = arrival.signs
        return sign is Sign.AGAIN or (Sign.SEATED in signs and not signs & {Sign.AGAIN, Sign.ATTACHED})

    def is_slow(arrival: Arrival) -> bool:
        begun = arrival.time <= event.time and Sign.BRIEF not in arrival.signs
        return begun and fits(arrival) and arrival.may_be(user, address)

    arrival = _nearest_seat(log, event, user, address, fits)
    if arrival is None:
        arrival = _nameless(log, event, user, address, fits)
    if arrival is None and sign is Sign.NEW:
        arrival = nearest(log.growing.named(Kind.SEAT, user), event.time, SLOW, is_slow)
    if arrival is None:
        arrival = log.begin(Kind.SEAT, event, user=user)
        arrival.signs.add(sign)
    else:
        log.joined(arrival, event, sign)
    arrival.session = number
    if place is not None:
        arrival.signs.add(place)
    arrival.learn(address=address)
    hear_knocks(log, arrival)
    return (
        say("a new session {session} (LocalSessionManager)", session=number or "")
        if sign is Sign.NEW
        else say("session {session} was attached again (LocalSessionManager)", session=number or "")
    )


def shell_started(log: HostLog, event: Event) -> Sentence:
    """Read LocalSessionManager 22: the shell of a session; it belongs to the 21 before it."""
    number = session_number(event)
    near = log.growing.of_kind(Kind.SEAT, event.time - JOIN)
    arrival = nearest(near, event.time, JOIN, lambda a: a.session == number)
    if arrival is not None and number is not None:
        arrival.fold(event.ref, event.time)
    return say("the shell of a session started: the same logon")


def attached(log: HostLog, event: Event) -> Sentence:
    """Read 4778: an existing session was attached to an RDP client, or back to the console.

    Its address is the client's own word, another than the connection's behind NAT or at the end of a tunnel (Microsoft,
    WTS_CLIENT_ADDRESS).
    """
    fields = event.fields
    user = user_of(fields.get("AccountName", ""), fields.get("AccountDomain", ""), None)
    address = raw_address(fields.get("ClientAddress"))
    by_rdp = fields.get("SessionName", "").casefold().startswith("rdp-tcp") or address is not None
    signs = {Sign.ATTACHED} if by_rdp else {Sign.AGAIN, Sign.LOCAL}
    resumed = logon_id_of(event, "LogonID")

    def fits(arrival: Arrival) -> bool:
        signs = arrival.signs
        if signs & {Sign.ATTACHED, Sign.NEW} or arrival.resumed_id:
            return False
        if resumed in arrival.logon_ids:
            return False  # the logon that opened the very session which is attached again
        return Sign.LOCAL not in signs if by_rdp else arrival.logon_type not in {10, 12}

    arrival = _nearest_seat(log, event, user, address, fits, hearsay=True)
    if arrival is None:
        arrival = log.begin(Kind.SEAT, event, user=user)
        arrival.signs.update(signs)
    else:
        log.joined(arrival, event, *signs)
    arrival.hear_address(address)
    arrival.resumed_id = resumed
    hear_knocks(log, arrival)
    return (
        say("an existing session was attached to an RDP client (4778)")
        if by_rdp
        else say("an existing session was attached to the console (4778)")
    )


def knocked(log: HostLog, event: Event) -> Sentence:
    """Read 1149: somebody authenticated for RDP; the session, if one follows, is told by others."""
    fields = event.fields
    user = user_of(fields.get("Param1", ""), fields.get("Param2", ""), None)
    knock = Knock(event.time, user, raw_address(fields.get("Param3")), event.ref)
    log.knock(knock)
    for arrival in log.growing.named(Kind.SEAT, user):
        if is_rdp_possible(arrival) and _heard(arrival, knock):
            log.joined(arrival, event, Sign.KNOCKED)
            return say("the authentication before an RDP session (1149): the same logon")
    return say("somebody authenticated for RDP (1149); that alone is no session")


def hear_knocks(log: HostLog, arrival: Arrival) -> None:
    """Fold what RDP did before its session into it: 1149, and the network logon of NLA."""
    if not is_rdp_possible(arrival):
        return
    for knock in log.state.knocks:
        if _heard(arrival, knock):
            arrival.signs.add(Sign.NLA if knock.event is None else Sign.KNOCKED)
            if knock.event is not None and knock.event not in arrival.events:
                arrival.fold(knock.event, arrival.last)
    if not follows_nla(arrival):
        return
    for network in list(log.growing.named(Kind.NETWORK, arrival.user)):
        if (
            not network.told
            and _came_before(network, arrival)
            and arrival.may_be(network.user, network.address)
        ):
            arrival.signs.add(Sign.NLA)
            log.replace(arrival, network)


def _came_before(network: Arrival, seat: Arrival) -> bool:
    """Tell whether a network logon came just before a session: by the log's order where the clock was set back meanwhile."""
    before = seat.time - network.time
    if before >= timedelta(0):
        return before <= KNOCK and network.last <= seat.last
    channel, record_id, _ = network.events[0]
    records = [ref.record_id for ref in seat.events if ref.channel == channel]
    return before >= -SET_BACK and bool(records) and record_id < records[0]


def _heard(arrival: Arrival, knock: Knock) -> bool:
    before = arrival.time - knock.time
    return timedelta(0) <= before <= KNOCK and arrival.may_be(knock.user, knock.address)


def is_rdp_possible(arrival: Arrival) -> bool:
    """Tell whether a seat may be RDP's: a 1149 beforehand then belongs to it."""
    if arrival.logon_type in {2, 11} or Sign.LOCAL in arrival.signs:
        return False
    return arrival.address is not None or arrival.logon_type in {10, 12} or Sign.ATTACHED in arrival.signs


def follows_nla(arrival: Arrival) -> bool:
    """Tell whether a network logon beforehand is the seat's: not that of an unlock which may be the console's."""
    if not is_rdp_possible(arrival):
        return False
    proven = arrival.signs & {Sign.ATTACHED, Sign.AGAIN, Sign.NEW, Sign.KNOCKED}
    return bool(proven) or arrival.logon_type in {10, 12} or not is_loopback(arrival.address)


def closed(log: HostLog, event: Event) -> Sentence:
    """Read 4634 or 4647: a logon id was closed, which may or may not be the end of a session."""
    logon_id = logon_id_of(event)
    arrival = log.growing.with_id(logon_id)
    if arrival is not None:
        return _closed_growing(log, arrival, logon_id, event)
    session = log.open.with_id(logon_id)
    if session is not None:
        return _closed_open(log, session, logon_id, event)
    return say("the end of something that was not followed")


def _closed_growing(log: HostLog, arrival: Arrival, logon_id: str, event: Event) -> Sentence:
    chosen = event.event_id == 4647
    if chosen:
        arrival.signs.add(Sign.LEFT)
    if logon_id in arrival.unlock_ids:
        return say("the short logon of an unlock or of a network authentication ended: nobody left")
    if arrival.kind is Kind.SEAT:
        if not chosen and Sign.LEFT not in arrival.signs and event.time - arrival.time <= AT_ONCE:
            if Sign.BRIEF not in arrival.signs:
                arrival.signs.add(Sign.BRIEF)
                log.changed(arrival, event.time)
            return say("closed at once: the logon was the key to a session that was there before")
        log.end(arrival, event)
        return say("the session was closed")
    if arrival.kind in {Kind.SSM, Kind.SSH}:
        arrival.logon_ids = [other for other in arrival.logon_ids if other != logon_id]
        if not arrival.logon_ids and event.time - arrival.time > JOIN:
            log.end(arrival, event)
            return say("the session was closed")
        if not arrival.logon_ids:
            arrival.left, arrival.left_at = event.ref, event.time
            return say("its last logon id was closed; it is over unless another one comes")
    return say("one of its logon ids was closed")


def _closed_open(log: HostLog, session: Open, logon_id: str, event: Event) -> Sentence:
    log.open.close_id(session, logon_id)
    if session.door.startswith(("ssm", "ssh")) and session.logon_ids:
        return say("one of its logon ids was closed")
    log.end_open(session, event)
    return say("the session was closed")


def session_ended(log: HostLog, event: Event) -> Sentence:
    """Read LocalSessionManager 23: a session is over."""
    user, _, _ = _lsm(event)
    number = session_number(event)
    if number is None:
        return say("the end of something that was not followed")
    growing = [a for a in log.growing.named(Kind.SEAT, user) if a.session == number and not a.ended]
    opened = [kept for kept in log.open if kept.session == number and same_user(kept.user, user)]
    new = [arrival for arrival in growing if Sign.NEW in arrival.signs]
    if opened and not new:
        log.end_open(opened[-1], event)
    else:
        for arrival in (new or growing)[:1]:
            arrival.signs.add(Sign.LEFT)
            log.end(arrival, event)
    for arrival in growing:
        arrival.ended = True  # the others were only attached to it
    if opened or growing:
        return say("the session was closed")
    return say("the end of something that was not followed")


def detached(log: HostLog, event: Event) -> Sentence:
    """Read 4779 or LocalSessionManager 24: the client went away; the session stays."""
    user, number = _lsm(event)[0], session_number(event)
    opened = log.opened(logon_id_of(event, "LogonID"), number, user)
    if opened is None:
        return say("a client was detached; its session stays open")
    return say(
        "the client was detached from the session that record {record} opened ({channel}); it stays open",
        record=opened.record_id,
        channel=opened.channel.removeprefix("Microsoft-Windows-"),
    )


def session_number(event: Event) -> int | None:
    """Give LocalSessionManager's number of the session."""
    text = event.fields.get("SessionID", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _lsm(event: Event) -> tuple[User, str | None, Sign | None]:
    """Give user, address and place of a LocalSessionManager event.

    An address that is no IP address is local, whatever the word for it; an empty one is a Hyper-V enhanced session.
    """
    name, domain = split_name(event.fields.get("User", ""))
    text = event.fields.get("Address", "").strip()
    address = raw_address(text)
    place = None if address is not None else Sign.LOCAL if text else Sign.HYPERV
    return user_of(name, domain, None), address, place


def _in_place(arrival: Arrival, place: Sign | None) -> bool:
    if place is Sign.LOCAL:
        return arrival.logon_type not in {10, 12} and Sign.ATTACHED not in arrival.signs
    if place is Sign.HYPERV:
        address = address_of(arrival.address or "")
        return arrival.logon_type not in {2, 11} and (address is None or address.is_unspecified)
    return arrival.logon_type not in {2, 11} and Sign.LOCAL not in arrival.signs


def _nearest_seat(
    log: HostLog,
    event: Event,
    user: User,
    address: str | None,
    fits: Callable[[Arrival], bool],
    *,
    hearsay: bool = False,
) -> Arrival | None:
    """Give the seat of this user that fits and is nearest: one from this address, else one at the same moment.

    The latter where one of the two addresses is only what the client says of itself; ``hearsay`` says that it is this one.
    """

    def is_from_there(arrival: Arrival) -> bool:
        return arrival.may_be(user, address) and fits(arrival)

    def is_said_to_be(arrival: Arrival) -> bool:
        return (hearsay or arrival.hearsay) and same_user(arrival.user, user) and fits(arrival)

    found = nearest(log.growing.named(Kind.SEAT, user), event.time, JOIN, is_from_there)
    return found or nearest(log.growing.named(Kind.SEAT, user), event.time, NAMELESS, is_said_to_be)


def _nameless(
    log: HostLog, event: Event, user: User, address: str | None, fits: Callable[[Arrival], bool]
) -> Arrival | None:
    """Give the one seat of this moment that fits though its user, a Microsoft account, is spelt otherwise."""
    seats = log.growing.of_kind if is_microsoft_account(user) else log.growing.spelt_twice
    near = [
        arrival
        for arrival in seats(Kind.SEAT, event.time - NAMELESS)
        if arrival.time - event.time <= NAMELESS and fits(arrival) and same_address(arrival.address, address)
    ]
    return near[0] if len(near) == 1 else None
