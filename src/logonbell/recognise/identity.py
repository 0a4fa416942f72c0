"""Who and where: Windows' accounts by SID, and addresses as logs write them."""

from __future__ import annotations

from logonbell.address import address_of
from logonbell.logon import User

YES = "%%1842"
"""Windows' message number for Yes (Microsoft, event 4624: VirtualAccount, ElevatedToken)."""
NO = "%%1843"

SYSTEM = "S-1-5-18"
LOCAL_SERVICE = "S-1-5-19"
NETWORK_SERVICE = "S-1-5-20"
ANONYMOUS = "S-1-5-7"
NOBODY = "S-1-0-0"

MACHINE_OWN = frozenset({SYSTEM, LOCAL_SERVICE, NETWORK_SERVICE, ANONYMOUS})
VIRTUAL = ("S-1-5-80-", "S-1-5-82-", "S-1-5-83-", "S-1-5-90-", "S-1-5-94-", "S-1-5-96-", "S-1-5-111-")
"""Services, IIS pools, virtual machines, DWM, WinRM's own, UMFD, sshd: accounts that no person holds."""

DOMAIN_ADMIN_RIDS = frozenset({"512", "518", "519"})
"""Domain Admins, Schema Admins, Enterprise Admins, whatever their names (Microsoft, well-known SIDs)."""


def is_nobody(sid: str) -> bool:
    """Tell whether ``sid`` is an account of the machine itself, which no person uses."""
    return sid in MACHINE_OWN or sid.startswith(VIRTUAL)


def is_domain_admin(groups: str, also: frozenset[str] = frozenset()) -> bool:
    """Tell whether a list of SIDs, as 4627 and 4964 write it, holds a domain-wide administrators' group.

    ``also`` holds further SIDs, or bare RIDs of the domain, that the operator calls domain admins.
    """
    for sid in groups.replace("%{", " ").replace("}", " ").split():
        rid = sid.rpartition("-")[2]
        if sid in also or (sid.startswith("S-1-5-21-") and (rid in DOMAIN_ADMIN_RIDS or rid in also)):
            return True
    return False


def user_of(name: str, domain: str, sid: str | None) -> User:
    """Make a user of what a log wrote; a dash or nothing stands for no domain."""
    return User(name, "" if domain in {"-", "."} else domain, sid or None)


def split_name(text: str) -> tuple[str, str]:
    r"""Split ``DOMAIN\name`` into name and domain; the domain is empty where there is none."""
    domain, slash, name = text.rpartition("\\")
    return (name, domain) if slash else (text, "")


def same_user(one: User | None, other: User | None) -> bool:
    """Tell whether two spellings can be the same account: by SID where both have one, else by name and domain.

    A domain may stand as its short or its DNS name, or be missing; a name may be a UPN.
    """
    if one is None or other is None:
        return False
    if one.sid and other.sid:
        return one.sid == other.sid
    return _bare(one.name) == _bare(other.name) and _same_domain(one.domain, other.domain)


def is_microsoft_account(user: User | None) -> bool:
    """Tell whether an account may be spelt in two ways: Security names it by its e-mail address, others locally."""
    return user is not None and ("@" in user.name or user.domain.casefold() == "microsoftaccount")


def _bare(name: str) -> str:
    return name.casefold().partition("@")[0]


def _same_domain(one: str, other: str) -> bool:
    a, b = one.casefold(), other.casefold()
    return not a or not b or a == b or a.partition(".")[0] == b or b.partition(".")[0] == a


def raw_address(text: str | None) -> str | None:
    """Give the text of an address, None where it is none (``-``, empty, ``LOCAL`` in whatever language, no text at all)."""
    return text if text is not None and address_of(text) is not None else None


def same_address(one: str | None, other: str | None) -> bool:
    """Tell whether two addresses can be the same: equal, at least one of them unknown, or both this host itself.

    Windows writes one loopback connection as 127.0.0.1 in one log and as a spelling of ::1 in another.
    """
    if one is None or other is None or one == other:
        return True
    a, b = address_of(one), address_of(other)
    if a is None or b is None or a == b or a.is_unspecified or b.is_unspecified:
        return True
    return a.is_loopback and b.is_loopback


def is_loopback(text: str | None) -> bool:
    """Tell whether an address is this host itself (127.0.0.0/8, ::1 in every spelling)."""
    address = address_of(text) if text else None
    return address is not None and address.is_loopback
