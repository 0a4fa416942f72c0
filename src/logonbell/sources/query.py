"""What Windows is asked for: a structured query that names the event ids, so that it leaves out the rest itself."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

CLAUSES = 20
"""So many comparisons are asked for in one Select: beyond some 22 Windows answers that the query is invalid."""


def query_for(
    channel: str,
    ids: Collection[int] | None,
    *,
    since: datetime | None = None,
    before: datetime | None = None,
    record: int | None = None,
) -> str:
    """Ask a channel for these event ids (None: for all), from ``since`` on, before ``before``, or for one record only."""
    also = []
    if since is not None:
        also.append(f"TimeCreated[@SystemTime>='{_time(since)}']")
    if before is not None:
        also.append(f"TimeCreated[@SystemTime<'{_time(before)}']")
    if record is not None:
        also.append(f"EventRecordID={record}")
    path = quoteattr(channel)
    selects = "".join(
        f"<Select Path={path}>{escape(xpath)}</Select>" for xpath in _xpaths(ids, also, CLAUSES - len(also))
    )
    return f'<QueryList><Query Id="0" Path={path}>{selects}</Query></QueryList>'


def _xpaths(ids: Collection[int] | None, also: list[str], most: int) -> list[str]:
    if ids is None:
        return [f"*[System[{' and '.join(also)}]]" if also else "*"]
    ordered = sorted(ids)
    groups = [ordered[start : start + most] for start in range(0, len(ordered), most)]
    chosen = ["(" + " or ".join(f"EventID={each}" for each in group) + ")" for group in groups]
    return [f"*[System[{' and '.join([one, *also])}]]" for one in chosen]


def _time(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
