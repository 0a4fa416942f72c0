"""What the chain over the history costs, and how fast it is verified: for tools/bench.py."""

# ruff: noqa: INP001  this folder is no package

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from logonbell.alert import Alert, Level
from logonbell.completeness import Letter, claim_of, examine
from logonbell.event import EventRef
from logonbell.logon import Door, Logon, User
from logonbell.proof import NONE, Head, Proof
from logonbell.rule import Rules, alert_for
from logonbell.sentence import say
from logonbell.store.outbox import Outbox

MANY = 20_000
AT_ONCE = 100
NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


def chaining(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Keep logons that ring, verify what was kept, and verify as many messages; give name, figure and ratio."""
    bare, linked = (
        min(_kept(folder / f"{how}{turn}", linked=how) for turn in range(2)) for how in (False, True)
    )
    yield (f"{MANY:,} logons kept that ring, {AT_ONCE} in a transaction, no links", _each(bare), "1.00")
    yield ("... with two links each: the finding's and the alert's", _each(linked), f"{linked / bare:.2f}")
    outbox = Outbox.join(folder / "True1")
    size = (folder / "True1" / "outbox.sqlite3").stat().st_size
    with outbox.inspect() as inspection:
        walked = _seconds(lambda: list(inspection.flaws()))
        links = inspection.sound.head.number
    outbox.close()
    yield (f"logonbell history verify: {links:,} links and their rows", f"{links / walked:,.0f} links/s", "")
    yield ("the file, for each logon", f"{size / MANY:,.0f} bytes", "")
    letters = list(_letters())
    took = _seconds(lambda: examine(letters))
    yield (f"logonbell verify: {MANY:,} messages that were read", f"{MANY / took:,.0f} messages/s", "")


def _kept(folder: Path, *, linked: bool) -> float:
    return _seconds(lambda: _keep(folder, linked=linked))


def _keep(folder: Path, *, linked: bool) -> None:
    outbox = Outbox.open(folder, now=NOON)
    if not linked:
        outbox.chain.keep = lambda *_: None  # type: ignore[method-assign]
    for first in range(0, MANY, AT_ONCE):
        alerts = [_alert(number) for number in range(first, first + AT_ONCE)]
        outbox.commit(
            bookmarks={"Security": str(first)},
            snapshot="",
            findings=[alert.finding for alert in alerts],
            alerts=alerts,
            notifiers=["sns"],
            read=NOON,
        )
    outbox.close()


def _alert(number: int) -> Alert:
    logon = Logon(
        NOON + timedelta(seconds=number),
        "BASTION-01",
        Door.RDP,
        (EventRef("Security", number, 4624),),
        say("a new RDP session"),
        User(f"user{number}", "CORP", "S-1-5-21-1-2-3-1104"),
        address="203.0.113.5",
    )
    return replace(alert_for(logon, Rules().judge(logon), "i-0"), level=Level.MEDIUM)


def _letters() -> Iterator[Letter]:
    before = NONE
    for number in range(1, MANY + 1):
        proof = Proof("0" * 32, "sns", number, before, Head(number, f"{number:064x}"), f"{number:032x}")
        before = proof.mark
        yield Letter(f"{number}.json", "i-0", NOON, claim_of(proof, before), f"{number:x}")


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _each(seconds: float) -> str:
    return f"{seconds / MANY * 1e6:,.0f} µs each"
