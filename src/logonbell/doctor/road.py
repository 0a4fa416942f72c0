"""The way to AWS: straight, through a proxy, or through a VPC endpoint."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from logonbell.doctor.verdict import Verdict, bad, care, good
from logonbell.sentence import Sentence, say

SECONDS = 3.0
HTTPS = 443


@dataclass(frozen=True, slots=True)
class Road:
    """How a host of AWS was tried: its addresses, the proxy's host where one is set, and why nobody answered (or "")."""

    host: str
    addresses: tuple[str, ...]
    proxy: str | None
    failed: str


def drive(url: str, proxies: Mapping[str, str], *, direct: bool) -> Road:
    """Try to connect to where ``url`` leads, through a proxy unless ``direct``; nothing is asked there."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxy = None if direct else urlsplit(proxies.get(parts.scheme) or "")
    through = proxy.hostname if proxy is not None else None
    # A proxy looks the name up itself; this machine may not know it at all.
    addresses = () if through else _addresses(host)
    to = (
        (through, _port(proxy.port, proxy.scheme))
        if proxy and through
        else (host, _port(parts.port, parts.scheme))
    )
    try:
        socket.create_connection(to, SECONDS).close()
    except OSError as error:
        return Road(host, addresses, through, error.strerror or str(error) or type(error).__name__)
    return Road(host, addresses, through, "")


def of_road(road: Road, region: str) -> Iterator[Verdict]:
    """Judge it."""
    where: dict[str, str] = {
        "host": road.host,
        "addresses": ", ".join(road.addresses),
        "proxy": road.proxy or "",
    }
    if road.failed and road.proxy:
        yield bad(
            "road",
            say(
                "The proxy {proxy}, through which {host} is to be reached, does not answer: {why}.",
                why=road.failed,
                **where,
            ),
            say("Mend HTTPS_PROXY, or the proxy."),
        )
    elif road.failed:
        what = (
            say("{host} ({addresses}) does not answer: {why}.", why=road.failed, **where)
            if road.addresses
            else say("The name {host} is not known here: {why}.", why=road.failed, **where)
        )
        yield bad("road", what, _way_out(region))
    elif road.proxy:
        yield good("road", say("{host} is reached through the proxy {proxy}.", **where))
    elif road.addresses and all(ip_address(one).is_private for one in road.addresses):
        yield good("road", say("{host} is reached through a VPC endpoint ({addresses}).", **where))
    else:
        yield good("road", say("{host} is reached straight ({addresses}).", **where))


def of_own_proxy(mine: str | None, *, machines: bool, obeyed: bool) -> Iterator[Verdict]:
    """Judge whether the agent, which is SYSTEM, has the proxy that this user has, and obeys it."""
    if machines and not obeyed:
        yield care(
            "proxy",
            say("A proxy is set for the machine; the agent ignores it, as the settings do not name it."),
            say("If it is yours, write in the settings: environment = ['HTTPS_PROXY']"),
        )
    if mine and not machines:
        yield care(
            "proxy",
            say("The proxy is set for this user only; the agent runs as SYSTEM, and does not know it."),
            say(
                "Set it for the machine, name it in the settings (environment = ['HTTPS_PROXY']), and restart:"
                " setx /M HTTPS_PROXY http://proxy:3128"
            ),
        )


def _way_out(region: str) -> Sentence:
    return say(
        "Without a way to the internet, make an interface endpoint com.amazonaws.{region}.sns in the VPC (it is billed by the hour"
        " in each availability zone, and by the GB: https://aws.amazon.com/privatelink/pricing/); Session Manager needs ssm,"
        " ssmmessages and ec2messages likewise. Or name a proxy: HTTPS_PROXY.",
        region=region,
    )


def _addresses(host: str) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(host, HTTPS, type=socket.SOCK_STREAM)
    except OSError:
        return ()
    return tuple(dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found))


def _port(port: int | None, scheme: str) -> int:
    return port or (80 if scheme == "http" else HTTPS)
