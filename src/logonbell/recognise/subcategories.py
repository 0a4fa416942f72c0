"""The names of what Windows can audit, as 4719 and 4912 number it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "9210": "Security State Change",
        "9211": "Security System Extension",
        "9212": "System Integrity",
        "9213": "IPsec Driver",
        "9214": "Other System Events",
        "9215": "Logon",
        "9216": "Logoff",
        "9217": "Account Lockout",
        "9218": "IPsec Main Mode",
        "9219": "IPsec Quick Mode",
        "921A": "IPsec Extended Mode",
        "921B": "Special Logon",
        "921C": "Other Logon/Logoff Events",
        "921D": "File System",
        "921E": "Registry",
        "921F": "Kernel Object",
        "9220": "SAM",
        "9221": "Certification Services",
        "9222": "Application Generated",
        "9223": "Handle Manipulation",
        "9224": "File Share",
        "9225": "Filtering Platform Packet Drop",
        "9226": "Filtering Platform Connection",
        "9227": "Other Object Access Events",
        "9228": "Sensitive Privilege Use",
        "9229": "Non Sensitive Privilege Use",
        "922A": "Other Privilege Use Events",
        "922B": "Process Creation",
        "922C": "Process Termination",
        "922D": "DPAPI Activity",
        "922E": "RPC Events",
        "922F": "Audit Policy Change",
        "9230": "Authentication Policy Change",
        "9231": "Authorization Policy Change",
        "9232": "MPSSVC Rule-Level Policy Change",
        "9233": "Filtering Platform Policy Change",
        "9234": "Other Policy Change Events",
        "9235": "User Account Management",
        "9236": "Computer Account Management",
        "9237": "Security Group Management",
        "9238": "Distribution Group Management",
        "9239": "Application Group Management",
        "923A": "Other Account Management Events",
        "923B": "Directory Service Access",
        "923C": "Directory Service Changes",
        "923D": "Directory Service Replication",
        "923E": "Detailed Directory Service Replication",
        "923F": "Credential Validation",
        "9240": "Kerberos Service Ticket Operations",
        "9241": "Other Account Logon Events",
        "9242": "Kerberos Authentication Service",
        "9243": "Network Policy Server",
        "9244": "Detailed File Share",
        "9245": "Removable Storage",
        "9246": "Central Policy Staging",
        "9247": "User / Device Claims",
        "9248": "Plug and Play Events",
        "9249": "Group Membership",
        "924A": "Token Right Adjusted Events",
    }
)
"""By the part of the GUID that differs: {0CCE....-69AE-11D9-BED3-505054503030} (Microsoft, [MS-GPAC] 2.2.1.4)."""


def name_of(guid: str) -> str:
    """Name a subcategory as ``auditpol`` does, in English; one that is not known by its GUID."""
    text = guid.strip("{} ").upper()
    known = _NAMES.get(text[4:8]) if text.startswith("0CCE") else None
    return known or text[:36]
