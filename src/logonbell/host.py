"""Whose an alert is: a host, known by its instance id where there is one, else by its name."""

from __future__ import annotations

from dataclasses import dataclass

_NETBIOS = 15
"""Characters of a name that NetBIOS keeps (Microsoft, *Naming conventions in Active Directory*)."""


@dataclass(frozen=True, slots=True)
class Instance:
    """An EC2 instance; ``name`` is its tag Name, None where its metadata do not hold tags. Whoever tags it writes that."""

    id: str
    region: str
    account: str
    name: str | None


def same_machine(one: str, other: str) -> bool:
    """Tell whether two names are one machine's, each with its domain or without, or as short as NetBIOS has it."""
    mine, its = (name.partition(".")[0].casefold()[:_NETBIOS] for name in (one, other))
    return mine == its != ""
