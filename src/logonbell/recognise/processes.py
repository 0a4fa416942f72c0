"""Sessions of Linux by the process that holds them: its id is said in each line of theirs, and is dealt anew."""

from __future__ import annotations

from datetime import timedelta

from logonbell.event import Event
from logonbell.logon import User
from logonbell.recognise.arrival import Arrival, Kind
from logonbell.recognise.growing import nearest
from logonbell.recognise.identity import same_user
from logonbell.recognise.state import HostLog

NEAR = timedelta(seconds=10)
"""What is said of one logon is said within seconds."""


def process_of(event: Event) -> str:
    """Give the id of the process that wrote a line; empty where it is not known."""
    process = event.fields.get("PID", "")
    return process if process.isascii() and process.isdigit() and len(process) < 11 else ""


def spoken_of(log: HostLog, event: Event, kind: Kind, user: User) -> Arrival | None:
    """Give the growing session of a user that a line speaks of: that of its process, or where it names none the newest."""
    process = process_of(event)
    if not process:
        return nearest(log.growing.named(kind, user), event.time, NEAR, _is_of_none)
    arrival = log.growing.with_id(process)
    if arrival is None or arrival.kind is not kind or arrival.ended or not same_user(arrival.user, user):
        return None
    return arrival


def _is_of_none(arrival: Arrival) -> bool:
    return not any(held.isdigit() for held in arrival.logon_ids)


def hold(log: HostLog, arrival: Arrival, held: str) -> None:
    """Let a session be known by an id. Whoever else was known by it is gone: nobody saw them leave."""
    if not held:
        return
    release(log, held)
    arrival.hold_id(held, unlock=False)
    log.changed(arrival, arrival.last)


def release(log: HostLog, held: str) -> None:
    """Forget by whom an id was held."""
    while (arrival := log.growing.with_id(held)) is not None:
        arrival.logon_ids.remove(held)
    while (session := log.open.with_id(held)) is not None:
        log.open.close_id(session, held)
