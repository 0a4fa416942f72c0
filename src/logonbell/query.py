"""What Windows is asked for: structured queries that name the event ids, so that it leaves out the rest itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
    chosen = _selects(channel, expressions(ids, also))
    return f'<QueryList><Query Id="0" Path={quoteattr(channel)}>{chosen}</Query></QueryList>'


def query_list(wanted: Mapping[str, Collection[int] | None]) -> str:
    """Ask for event ids of several channels (None: for all of one). One that the machine has not makes the whole query invalid there."""
    chosen = "".join(_selects(channel, expressions(ids)) for channel, ids in wanted.items())
    return f'<QueryList><Query Id="0">{chosen}</Query></QueryList>'


def expressions(ids: Collection[int] | None, also: Sequence[str] = ()) -> Iterator[str]:
    """Write XPath expressions that together select the events of these ids (None: of all) for which ``also`` holds."""
    if ids is None:
        yield f"*[System[{' and '.join(also)}]]" if also else "*"
        return
    ordered, most = sorted(ids), CLAUSES - len(also)
    for start in range(0, len(ordered), most):
        some = "(" + " or ".join(f"EventID={each}" for each in ordered[start : start + most]) + ")"
        yield f"*[System[{' and '.join([some, *also])}]]"


def _selects(channel: str, xpaths: Iterable[str]) -> str:
    path = quoteattr(channel)
    return "".join(f"<Select Path={path}>{escape(xpath)}</Select>" for xpath in xpaths)


def _time(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
