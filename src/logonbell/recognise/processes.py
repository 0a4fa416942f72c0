"""Sessions of Linux by the process that holds them: its id is said in each line of theirs, and is dealt anew."""

from __future__ import annotations

from logonbell.event import Event
from logonbell.recognise.arrival import Arrival
from logonbell.recognise.state import HostLog


def process_of(event: Event) -> str:
    """Give the id of the process that wrote a line; empty where it is not known."""
    process = event.fields.get("PID", "")
    return process if process.isascii() and process.isdigit() and len(process) < 11 else ""


def hold(log: HostLog, arrival: Arrival, held: str) -> None:
    """Let a session be known by an id. Whoever else was known by it is gone: nobody saw them leave."""
    if not held:
        return
    release(log, held)
    arrival.hold_id(held, unlock=False)
    log.changed(arrival, arrival.last)


def release(log: HostLog, held: str) -> None:
    """Forget by whom an id was held."""
    while (arrival := log.with_id(held)) is not None:
        arrival.logon_ids.remove(held)
    while (session := log.open_with_id(held)) is not None:
        log.close_id(session, held)
