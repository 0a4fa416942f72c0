"""Who can come onto a made host."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """A user's account. An ``administrator`` of the host gets a split token, except RID 500."""

    name: str
    domain: str
    sid: str
    administrator: bool = False
    domain_admin: bool = False

    @property
    def authority(self) -> str:
        """The SID of the machine or domain that the account belongs to."""
        return self.sid.rpartition("-")[0]

    @property
    def full_name(self) -> str:
        r"""As sessions are named: ``DOMAIN\name``."""
        return f"{self.domain}\\{self.name}"

    @property
    def elevated(self) -> bool:
        """Whether a logon of this account has a token with all its rights."""
        return self.administrator or self.domain_admin

    @property
    def split(self) -> bool:
        """Whether UAC splits the token of an interactive logon in two, with a 4624 for each half."""
        return self.elevated and not self.sid.endswith("-500")


SYSTEM = Person("SYSTEM", "NT AUTHORITY", "S-1-5-18", administrator=True)
LOCAL_SERVICE = Person("LOCAL SERVICE", "NT AUTHORITY", "S-1-5-19", administrator=True)
NETWORK_SERVICE = Person("NETWORK SERVICE", "NT AUTHORITY", "S-1-5-20", administrator=True)
ANONYMOUS = Person("ANONYMOUS LOGON", "NT AUTHORITY", "S-1-5-7")

LOGON_IDS = {SYSTEM: "0x3e7", LOCAL_SERVICE: "0x3e5", NETWORK_SERVICE: "0x3e4"}
"""The logon ids that Windows gives these three on every machine."""
