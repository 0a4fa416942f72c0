"""Prints what the messages of a topic cost a month: ``python tools/cost.py``. The table of message.md is made of it."""

# ruff: noqa: INP001, T201  this folder is no package, and a script speaks to its caller

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

from logonbell.pace import Limits

DAYS = 30
PACE = Limits()
SINGLES, DIGESTS = PACE.singles, timedelta(minutes=1) // PACE.digest
"""Messages a minute at most that tell one alert, and digests of the rest: the pace as it is set from the start."""

PUBLISH = 0.50 / 1_000_000
MAIL = 2.00 / 100_000
HTTP = 0.60 / 1_000_000
SMS = 0.07
"""Dollars each, of SNS in us-east-1 as told in June 2026, without the free tier; SMS is priced by country, and this is about
what a part costs in Japan. A message is billed by 64 KiB, and these are below it. Queues and functions cost nothing more."""


@dataclass(frozen=True)
class Load:
    """So many logons a day, within so many hours."""

    what: str
    logons: int
    hours: int

    @property
    def messages(self) -> int:
        """How many messages a month tell them: no more a minute than the pace lets through."""
        minutes = self.hours * 60
        each = self.logons / minutes
        return DAYS * (
            self.logons if each <= SINGLES else min(self.logons, math.ceil(minutes * (SINGLES + DIGESTS)))
        )


LOADS = (
    Load("10 logons a day", 10, 24),
    Load("10,000 a day, spread over the day", 10_000, 24),
    Load("10,000 a day, within eight hours", 10_000, 8),
    Load("10,000 a day, within one hour", 10_000, 1),
)


def table() -> str:
    """Give the table."""
    rows = [
        "| | messages a month | publishing | each mailbox | each web hook | each phone |",
        "|---|---|---|---|---|---|",
    ]
    for load in LOADS:
        dollars = [_dollars(load.messages * price) for price in (PUBLISH, MAIL, HTTP, SMS)]
        rows.append(f"| {load.what} | {load.messages:,} | {' | '.join(dollars)} |")
    return "\n".join(rows)


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}" if amount >= 0.01 else "below 1 ¢"


if __name__ == "__main__":
    print(table())
