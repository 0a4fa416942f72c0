"""The events that are wanted, as Windows' structured query asks for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from xml.etree import ElementTree as ET

MOST = 20
"""So many ids in one expression: Windows takes some more than twenty, and says of too many that the query is invalid."""


def query_list(wanted: Mapping[str, Collection[int]]) -> str:
    """Write the QueryList for event ids by channel. A channel that the machine has not makes it invalid there."""
    queries = ET.Element("QueryList")
    query = ET.SubElement(queries, "Query", Id="0")
    for channel, ids in wanted.items():
        for expression in expressions(ids):
            ET.SubElement(query, "Select", Path=channel).text = expression
    return ET.tostring(queries, encoding="unicode")


def expressions(ids: Collection[int]) -> Iterator[str]:
    """Write XPath expressions that together select the events of these ids."""
    in_order = sorted(ids)
    for start in range(0, len(in_order), MOST):
        some = " or ".join(f"EventID={number}" for number in in_order[start : start + MOST])
        yield f"*[System[({some})]]"
