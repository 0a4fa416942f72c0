"""IP addresses as logs write them."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

ODD_LOOPBACK = "::%16777216"
"""The odd spelling of ::1 that tunnelled RDP leaves in Windows logs: its last bytes read as a scope id."""
LONGEST = 45
"""No address is written with more characters: an IPv6 address whose end is written as IPv4."""


def address_of(text: str) -> IPv4Address | IPv6Address | None:
    """Parse an address as logs write it; None for a dash, a localised word for *local*, and anything else.

    A zone is left out, and an IPv4 address mapped into IPv6 is that IPv4 address.
    """
    if text == ODD_LOOPBACK:
        return IPv6Address("::1")
    bare = text.partition("%")[0].strip("[] ")
    return _parsed(bare) if len(bare) <= LONGEST else None


@lru_cache(maxsize=1024)  # the few addresses of a log are asked about for each of its records
def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
