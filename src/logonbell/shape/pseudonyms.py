"""Stands in for whatever tells of whom and where, always the same for the same, and keeps of what sort it was."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from logonbell.address import LONGEST, ODD_LOOPBACK

KNOWN_NAMES = frozenset(
    {
        "-",
        ".",
        "administrator",
        "administrators",
        "anonymous logon",
        "builtin",
        "defaultaccount",
        "everyone",
        "font driver host",
        "guest",
        "iis apppool",
        "local",
        "local service",
        "localhost",
        "microsoftaccount",
        "network service",
        "nt authority",
        "nt service",
        "nt virtual machine",
        "remote desktop users",
        "ssm-user",
        "system",
        "users",
        "virtual users",
        "wdagutilityaccount",
        "window manager",
        "workgroup",
    }
)
"""Names that every Windows has, or the SSM agent makes."""
_SIGNS = re.compile(r"([\\@])")
_OWN = re.compile(r"(?:DWM|UMFD)-\d{1,5}", re.IGNORECASE | re.ASCII)
_SSHD = re.compile(r"(sshd_)(\d{1,10})", re.IGNORECASE | re.ASCII)
_SID = re.compile(r"S-1-\d{1,15}(?:-\d{1,10}){1,15}", re.IGNORECASE | re.ASCII)
_KNOWN_SID = re.compile(
    r"S-1-(?:[0-3]-\d{1,3}|5-\d{1,3}|5-32-\d{1,4}|5-64-\d{1,3}|5-9[06]-0(?:-\d{1,5})?|16-\d{1,5})",
    re.ASCII,
)
_OF_A_DOMAIN = re.compile(r"S-1-5-21-(\d+-\d+-\d+)(?:-(\d+))?", re.ASCII)
_GUID = re.compile(r"\{?[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}\}?", re.IGNORECASE | re.ASCII)
_NUMBER = re.compile(r"0x[0-9A-F]{1,16}|\d{1,20}", re.IGNORECASE | re.ASCII)
_SEPARATORS = re.escape("\\/@.:;,()[]{}<>\"'=|$!?*+&#%~^`\t\r\n ")
_PIECE = re.compile(
    rf"(?P<sid>(?<![0-9A-Za-z]){_SID.pattern})|(?P<guid>{_GUID.pattern})|(?P<word>[^{_SEPARATORS}]+)",
    re.IGNORECASE | re.ASCII,
)
_ADDRESS = re.compile(
    r"(?<![0-9A-Za-z:.%])[0-9A-Fa-f:.]{1,44}[0-9A-Fa-f:](?:%\w{1,20})?(?![0-9A-Za-z:])", re.ASCII
)
"""What may be an address: whether it is one is asked of ``ipaddress``."""
SMALL = 1_000
"""RIDs below it are the same on every Windows."""
_PRIVATE = {
    ip_network("10.0.0.0/8"): "10.0.",
    ip_network("172.16.0.0/12"): "172.16.",
    ip_network("192.168.0.0/16"): "192.168.",
    ip_network("169.254.0.0/16"): "169.254.",
    ip_network("100.64.0.0/10"): "100.64.",
    ip_network("fc00::/7"): "fd00::",
    ip_network("fe80::/10"): "fe80::",
}
"""Networks that are nobody's alone, and how addresses of each of them begin."""
_PUBLIC = ("203.0.113.", "198.51.100.", "192.0.2.")
"""Networks for documentation (RFC 5737), for public addresses; of more than these hold it goes on in 198.18.0.0/15."""
_IN_ONE = 250


class Pseudonyms:
    """Gives pseudonyms. The same text (whatever its case), SID, address or number has the same one all through."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, Hashable], int] = {}
        self._count: dict[str, int] = {}
        self._words: dict[str, str] = {}

    def _place(self, kind: str, what: Hashable) -> int:
        """Give the place in which ``what`` was met among its kind, from 1 on."""
        if (kind, what) not in self._given:
            self._count[kind] = self._given[kind, what] = self._count.get(kind, 0) + 1
        return self._given[kind, what]

    def name(self, text: str, kind: str) -> str:
        """Replace a name, a piece at a time where it has a domain in it; those that every Windows has stay."""
        pieces = _SIGNS.split(text)
        for at in range(0, len(pieces), 2):
            of_domain = pieces[at + 1 : at + 2] == ["\\"] or pieces[max(at - 1, 0) : at] == ["@"]
            pieces[at] = self._name(pieces[at], "DOMAIN" if of_domain else kind)
        return "".join(pieces)

    def _name(self, text: str, kind: str) -> str:
        bare = text.strip()
        if bare.casefold() in KNOWN_NAMES or _OWN.fullmatch(bare) or not bare:
            return text if text.isascii() else bare
        if sshd := _SSHD.fullmatch(bare):
            return sshd[1] + self.number(sshd[2], "process")
        return self.text(text, kind=kind)

    def sid(self, text: str) -> str:
        """Replace a SID. Those that every Windows has stay, and so do the last numbers that every domain has."""
        if _KNOWN_SID.fullmatch(text):
            return text
        if found := _OF_A_DOMAIN.fullmatch(text):
            domain, rid = found[1], found[2]
            stem = f"S-1-5-21-1000000000-2000000000-{3_000_000_000 + self._place('authority', domain)}"
            if rid is None or int(rid) < SMALL:
                return stem if rid is None else f"{stem}-{int(rid)}"
            return f"{stem}-{SMALL + self._place(f'rid of {domain}', int(rid))}"
        authority, first, *others = text.upper().removeprefix("S-1-").split("-")
        place = self._place("sid", text.upper())
        return "-".join(["S-1", authority, first, *(str(1_000_000_000 + place) for _ in others)])

    def address(self, text: str) -> str | None:
        """Replace an address by one of the same sort: loopback and none stay, a private one stays private. None: it is none."""
        if text == ODD_LOOPBACK:
            return text
        bare, percent, _scope = text.partition("%")
        if len(bare) > LONGEST:
            return None
        try:
            address = ip_address(bare)
        except ValueError:
            return None
        if address.is_loopback or address.is_unspecified:
            return bare
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            return f"::ffff:{self._address(address.ipv4_mapped)}"
        return self._address(address) + (f"{percent}1" if percent else "")

    def _address(self, address: IPv4Address | IPv6Address) -> str:
        stem = next((stem for network, stem in _PRIVATE.items() if address in network), "")
        place = self._place(stem or f"IPv{address.version}", address)
        if isinstance(address, IPv6Address):
            return f"{stem or '2001:db8::'}{place:x}"
        high, low = divmod(place - 1, _IN_ONE)
        if not stem and high < len(_PUBLIC):
            return f"{_PUBLIC[high]}{low + 1}"
        return f"{stem or '198.18.'}{high % 256}.{low + 1}"

    def guid(self, text: str) -> str:
        """Replace a GUID; one of zeros stays."""
        bare = text.strip("{}")
        if not bare.strip("0-"):
            return text
        return text.replace(bare, f"{self._place('guid', bare.upper()):08X}-0000-4000-8000-000000000000")

    def number(self, text: str, kind: str, *, known: frozenset[int] = frozenset({0, 4})) -> str:
        """Replace a number, in its own notation, unless it is ``known``."""
        value = int(text, 0) if text[:2].lower() == "0x" else int(text)
        if value in known:
            return text
        stands = (
            1_000_000 + 4 * self._place(kind, value) if kind != "port" else 50_000 + self._place(kind, value)
        )
        return hex(stands) if text[:2].lower() == "0x" else str(stands)

    def text(self, text: str, *, kind: str = "WORD", keeps: Callable[[str], bool] = lambda _: False) -> str:
        """Replace every word of a text; ``keeps`` says which stay. What stands between them stays."""
        whole: list[str] = []
        at = 0
        for found in _ADDRESS.finditer(text):
            stands = self.address(found[0])
            if stands is not None:
                whole += [self._pieces(text[at : found.start()], kind, keeps), stands]
                at = found.end()
        return "".join([*whole, self._pieces(text[at:], kind, keeps)])

    def _pieces(self, text: str, kind: str, keeps: Callable[[str], bool]) -> str:
        def stands_for(found: re.Match[str]) -> str:
            piece = found[0]
            if found["sid"]:
                return self.sid(piece)
            if found["guid"]:
                return self.guid(piece)
            if keeps(piece) and piece.casefold() not in self._words:
                return piece
            if kind == "WORD" and _NUMBER.fullmatch(piece):
                return self.number(piece, "number")
            return self._word(piece, kind)

        return _PIECE.sub(stands_for, text)

    def _word(self, word: str, kind: str) -> str:
        known = word.casefold()
        if known not in self._words:
            self._count[kind] = self._count.get(kind, 0) + 1
            self._words[known] = f"{kind}{self._count[kind]}"
        return self._words[known]
