"""Who may change a file or folder, read from its owner and access list as SDDL writes them.

Microsoft, "Security Descriptor String Format" and "ACE Strings" ([MS-DTYP] 2.5.1.1): ``O:BAD:PAI(A;OICI;FA;;;SY)``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

OURS = "O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
"""Owned by the administrators; they and SYSTEM may do everything, nobody else anything, whatever stands above."""

_RIGHTS: Mapping[str, int] = MappingProxyType(
    {
        "GA": 0x1000_0000,
        "GX": 0x2000_0000,
        "GW": 0x4000_0000,
        "GR": 0x8000_0000,
        "RC": 0x2_0000,
        "SD": 0x1_0000,
        "WD": 0x4_0000,
        "WO": 0x8_0000,
        "FA": 0x1F_01FF,
        "FR": 0x12_0089,
        "FW": 0x12_0116,
        "FX": 0x12_00A0,
        "CC": 0x1,
        "DC": 0x2,
        "LC": 0x4,
        "SW": 0x8,
        "RP": 0x10,
        "WP": 0x20,
        "DT": 0x40,
        "LO": 0x80,
        "CR": 0x100,
    }
)
_SEIZE = 0x1000_0000 | 0x4000_0000 | 0x1_0000 | 0x4_0000 | 0x8_0000
"""All, generic write, delete, change the access list, take ownership."""
_REPLACE = _SEIZE | 0x40
"""And delete what lies in a folder, whoever's it is: enough to put another folder into its place."""
_WRITE = _REPLACE | 0x2 | 0x4
"""And write into a file or add one, append or add a folder."""

_INSTALLER = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
_TRUSTED = re.compile(
    rf"SY|BA|LA|DA|EA|OW|S-1-3-4|S-1-5-18|S-1-5-32-544|{_INSTALLER}|S-1-5-21-[0-9-]+-(?:500|512|519)"
)
"""SYSTEM, administrators of the machine and of the domain, Windows' own installer; and the owner, who is asked about."""

_OWNER = re.compile(r"O:(S-[0-9-]+|[A-Z]{2})")
_LIST = re.compile(r"D:([A-Z_]*)")


class Entry(NamedTuple):
    """One line of an access list: its kind (``A`` allows), its flags (``IO``: only for what lies below), for whom what."""

    kind: str
    flags: str
    rights: int
    who: str

    @property
    def here(self) -> bool:
        """Whether it holds for the thing itself."""
        return "IO" not in re.findall("..", self.flags)


def entries(sddl: str) -> Iterator[Entry] | None:
    """Read the access list; None where there is none, which lets everybody do everything."""
    found = _LIST.search(sddl)
    if found is None or "NO_ACCESS_CONTROL" in found[1]:
        return None
    return _entries(sddl[found.end() :])


def _entries(text: str) -> Iterator[Entry]:
    """Read ``(kind;flags;rights;object;inherited object;who;...)`` up to what is none; a condition may hold brackets."""
    start = depth = 0
    for at, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            parts = text[start + 1 : at].split(";", 6)
            if len(parts) < 6:
                return
            yield Entry(parts[0], parts[1], _mask(parts[2]), parts[5])
            start = at + 1


def owner(sddl: str) -> str:
    """Give the owner, by SID or by SDDL's two letters; empty where it is not told."""
    found = _OWNER.match(sddl)
    return found[1] if found else ""


def is_trusted(who: str) -> bool:
    """Tell whether somebody is an administrator or Windows itself."""
    return _TRUSTED.fullmatch(who) is not None


def writers(sddl: str) -> list[str]:
    """Name all besides administrators and Windows who may change what it holds; its owner may always."""
    return _who(sddl, _WRITE)


def replacers(sddl: str) -> list[str]:
    """Name all besides those who may put something else into the place of a folder that lies in this one."""
    return _who(sddl, _REPLACE)


def is_ours(sddl: str) -> bool:
    """Tell whether it is set as ``OURS``, whatever else Windows notes of inheritance."""
    found = _LIST.search(sddl)
    read = entries(sddl)
    if found is None or read is None or "P" not in found[1].replace("AI", "").replace("AR", ""):
        return False
    wanted = {(one.kind, one.flags, one.rights, one.who) for one in entries(OURS) or ()}
    have = {(one.kind, one.flags, one.rights, _ALIASES.get(one.who, one.who)) for one in read}
    return is_trusted(owner(sddl)) and have == wanted


_ALIASES: Mapping[str, str] = MappingProxyType({"S-1-5-18": "SY", "S-1-5-32-544": "BA"})


def _who(sddl: str, rights: int) -> list[str]:
    read = entries(sddl)
    if read is None:
        return ["WD"]
    may = [] if is_trusted(owner(sddl)) else [owner(sddl) or "?"]
    may += [
        one.who
        for one in read
        if one.kind in {"A", "XA"} and one.here and one.rights & rights and not is_trusted(one.who)
    ]
    return list(dict.fromkeys(may))


def _mask(rights: str) -> int:
    if re.fullmatch(r"0[xX][0-9a-fA-F]+", rights):
        return int(rights, 16)
    if re.fullmatch(r"[0-9]+", rights):
        return int(rights, 8 if rights.startswith("0") else 10)
    mask = 0
    for two in re.findall("..", rights):
        mask |= _RIGHTS.get(two, 0)
    return mask
