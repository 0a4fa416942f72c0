"""A whole EVTX file as XML, near to what Windows itself renders, for who wants more of a record than an ``Event`` holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from logonbell.sentence import plural
from logonbell.source import Loss
from logonbell.sources.rendering import parser
from logonbell.sources.survey import opened, shown

_IN_A_ROW = 4_096
"""After so many unreadable records in a row there is no end to be expected."""


def xml_records(path: Path, losses: list[Loss]) -> Iterator[str]:
    """Give the XML of each record that can be read; the others are counted in ``losses``.

    Raises ``Refused`` as ``survey.opened`` does.
    """
    unreadable = in_a_row = 0
    with opened(path):
        records: Iterator[Any] = iter(parser()(str(path)).records())
        while in_a_row < _IN_A_ROW:
            try:
                record = next(records)
            except StopIteration:
                break
            except RuntimeError:
                unreadable += 1
                in_a_row += 1
            else:
                in_a_row = 0
                yield record["data"]
    if unreadable:
        what = plural(
            "A record could not be understood.", "{count} records could not be understood.", unreadable
        )
        losses.append(Loss(shown(path), what, unreadable))
